/* SPDX-License-Identifier: MIT */
/* cell_record.h -- everything a run finds out, and how it is written. */
#ifndef HM_HARNESS_CELL_RECORD_H
#define HM_HARNESS_CELL_RECORD_H

#include "collectors/collector.h"
#include "harness/cell/cell.h"
#include "harness/cell/cell_window.h"
#include "workloads/run.h"

#include <limits.h>
#include <stdint.h>

enum hm_cell_status {
    HM_CELL_OK,
    HM_CELL_OOM,
    HM_CELL_WRONG_ALLOCATOR,
    HM_CELL_UNSUPPORTED,
    HM_CELL_SATURATED,
};

enum { HM_CHECKPOINTS = 10, HM_LIVE_POINTS = 2048 };

/* What is not known is HM_UNKNOWN_BYTES. */
struct hm_checkpoint {
    uint64_t ops, rss_bytes;
    uint64_t live_bytes; /* left by a full collection; held, in the census */
    uint64_t used_bytes; /* by its own account: what a malloc has given and not
                          * got back, what a collector holds; in the census
                          * held or lost: what free was not called for */
};

#define HM_UNKNOWN_BYTES UINT64_MAX

/* Needed bytes after so many operations; filled by the census cell only. */
struct hm_live {
    uint64_t peak_bytes, end_bytes; /* as requested */
    uint64_t heap_1x_bytes;         /* peak with a header for each object */
    uint64_t alloc_count, alloc_bytes, free_count, lost_count, lost_bytes;
    unsigned n;

    struct {
        uint64_t ops, bytes;
    } point[HM_LIVE_POINTS];
};

/* Of all threads, equal names together. */
struct hm_cell_results {
    unsigned n;
    struct hm_counter result[HM_COUNTERS_MAX];
};

struct hm_cell_record {
    enum hm_cell_status status;
    const char *reason; /* NULL when ok; without TAB or LF */
    char malloc_path[PATH_MAX];

    /* Known once the window has closed (status ok). */
    uint32_t checksum; /* finished */
    int has_checksum;
    struct hm_cell_results counters, figures;
    struct hm_window window;
    int has_other_threads; /* of the workload, whose cpu time is not known */
    uint64_t rss_end_bytes, rss_drained_bytes;
    int is_block;
    uint64_t remote_frees, frees;
    const struct hm_hist *latency;
    const struct hm_hist *metered; /* NULL: not asked for */
    const struct hm_hist *took;    /* per hm_block_kind; NULL: not timed */

    /* Known also when memory ran out. */
    uint64_t ops;
    uint64_t rss_base_bytes, rss_peak_bytes;

    /* Under a collector only. */
    int has_gc;
    const struct hm_pause *pause; /* of the window; NULL: no collector */
    uint64_t n_pauses_listed;
    uint64_t pause_total_ns;      /* short slices included */
    struct hm_hist pause_lengths; /* of all, listed or not */
    struct hm_gc_stats gc;

    unsigned n_checkpoints;
    struct hm_checkpoint checkpoint[HM_CHECKPOINTS];
    const struct hm_live *live; /* NULL but in the census cell */
};

/* Writes the whole record to `fd`.  Returns the exit status of the process: 0,
 * or 1 after a line on stderr when it could not be written. */
int hm_cell_record_write(const struct hm_cell_record *record, int fd);

#endif /* HM_HARNESS_CELL_RECORD_H */
