/* SPDX-License-Identifier: MIT */
/* record.h -- what a cell reports of one run (docs/protocol.md), read as it
 * arrives.
 *
 * Memory:  fixed, about 3 MiB, reused from run to run; what does not fit
 *          (pauses beyond 65 536, every second live point again and again) is
 *          thinned or only counted.
 * Refuses: lines that are no `name TAB value`, known names with a value that
 *          is no number, lines over 4 KiB, more buckets than a histogram has.
 *          Unknown names are skipped: a newer cell may know more. */
#ifndef HM_HARNESS_CAMPAIGN_RECORD_H
#define HM_HARNESS_CAMPAIGN_RECORD_H

#include "common/hist.h"
#include "common/pause_log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name): the lines that hold one number. */
#define HM_RECORD_NUMBERS(X) \
    X(ops)                   \
    X(wall_ns)               \
    X(cpu_ns)                \
    X(mutator_cpu_ns)        \
    X(user_ns)               \
    X(sys_ns)                \
    X(minflt)                \
    X(majflt)                \
    X(nvcsw)                 \
    X(nivcsw)                \
    X(rss_base_bytes)        \
    X(rss_peak_bytes)        \
    X(rss_end_bytes)         \
    X(rss_drained_bytes)     \
    X(remote_frees)          \
    X(frees)                 \
    X(lat_max_ns)            \
    X(lat_n)                 \
    X(pauses)                \
    X(pause_total_ns)        \
    X(pause_p50_ns)          \
    X(pause_p99_ns)          \
    X(pause_max_ns)          \
    X(collections)           \
    X(moved_bytes)           \
    X(heap_peak_bytes)       \
    X(gc_live_bytes)         \
    X(clock_cost_ns)         \
    X(live_peak_bytes)       \
    X(live_end_bytes)        \
    X(alloc_count)           \
    X(alloc_bytes)           \
    X(free_count)            \
    X(heap_1x_bytes)         \
    X(lost_count)            \
    X(lost_bytes)

enum hm_record_number {

#define HM_RECORD_ENUM(name) HM_RECORD_##name,
    HM_RECORD_NUMBERS(HM_RECORD_ENUM)
#undef HM_RECORD_ENUM
        HM_RECORD_NUMBERS_END
};

enum {
    HM_RECORD_LINE_MAX = 4096,
    HM_RECORD_COUNTERS_MAX = 16,
    HM_RECORD_CHECKPOINTS_MAX = 64,
    HM_RECORD_LIVE_MAX = 4096,
    HM_RECORD_WORD_MAX = 24,
    HM_RECORD_KIND_MAX = 8,
    HM_RECORD_OPERATIONS_MAX = 5 * HM_HIST_BUCKETS, /* of 5 kinds */
};

struct hm_record_bucket {
    uint64_t low_ns, high_ns, count;
    char kind[HM_RECORD_KIND_MAX]; /* of operation, or "metered";
                                    * "": a sample of any */
};

struct hm_record_pause {
    uint64_t start_ns, duration_ns;
    char kind[HM_RECORD_WORD_MAX];
};

/* Of what the cell cannot tell, UINT64_MAX. */
struct hm_record_checkpoint {
    uint64_t number, ops, rss_bytes, live_bytes, used_bytes;
};

struct hm_record_counter {
    char name[HM_RECORD_WORD_MAX * 2];
    uint64_t value;
};

struct hm_record_live {
    uint64_t ops, bytes;
};

struct hm_record {
    bool ended;      /* the line `end` was there */
    char error[160]; /* first line that is not as it should be; "" */
    char status[HM_RECORD_WORD_MAX];
    char reason[512];
    char malloc_path[512];
    char checksum[16];
    bool has[HM_RECORD_NUMBERS_END];
    uint64_t number[HM_RECORD_NUMBERS_END]; /* valid if has[] */
    bool has_window;
    uint64_t window_start_ns, window_end_ns;
    size_t n_counters, n_figures, n_buckets, n_pauses, n_checkpoints, n_live;
    size_t n_metered, n_operations;
    struct hm_record_counter counter[HM_RECORD_COUNTERS_MAX];
    struct hm_record_counter figure[HM_RECORD_COUNTERS_MAX];
    struct hm_record_bucket bucket[HM_HIST_BUCKETS]; /* ascending */
    struct hm_record_bucket metered[HM_HIST_BUCKETS];
    struct hm_record_bucket operation[HM_RECORD_OPERATIONS_MAX];
    struct hm_record_pause pause[HM_PAUSE_LOG_ENTRIES];
    struct hm_record_checkpoint checkpoint[HM_RECORD_CHECKPOINTS_MAX];
    struct hm_record_live live[HM_RECORD_LIVE_MAX];

    /* The rest is the reader's own. */
    unsigned long line;
    size_t used, live_seen, live_stride;
    char text[HM_RECORD_LINE_MAX];
};

/* An empty record, in memory from mmap; hm_record_destroy releases it. */
struct hm_record *hm_record_create(void);
void hm_record_destroy(struct hm_record *record);

/* Forgets all, for the next run. */
void hm_record_reset(struct hm_record *record);

/* Takes the next `bytes` of what the cell wrote, split anywhere. */
void hm_record_feed(struct hm_record *record, const char *data, size_t bytes);

/* Whether the record is whole; if not, record->error says what is wrong. */
bool hm_record_finish(struct hm_record *record);

/* Quantile q of a histogram of n buckets, 0 when it is empty: as
 * hm_hist_quantile_ns, where the largest value is known to be max_ns. */
uint64_t hm_record_quantile_ns(const struct hm_record_bucket *bucket, size_t n,
                               uint64_t max_ns, double q);

#endif /* HM_HARNESS_CAMPAIGN_RECORD_H */
