/* SPDX-License-Identifier: MIT */
/* collector.h -- what a collector provides besides its inlined half.
 *
 * A collector is a folder <id>/ with <id>.h (inlined into the workloads, see
 * mutator.h) and <id>.c, which defines the functions below and
 * `const struct hm_collector hm_collector_this`.  One heap per process.
 * Nothing under collectors/ prints: pauses go to the log, everything else to
 * hm_gc_stats. */
#ifndef HM_COLLECTORS_COLLECTOR_H
#define HM_COLLECTORS_COLLECTOR_H

#include "collectors/mutator.h"
#include "common/params.h"
#include "common/pause_log.h"

#include <stddef.h>
#include <stdint.h>

enum hm_strategy_class {
    HM_CLASS_ALLOCATOR, /* explicit free */
    HM_CLASS_COLLECTOR, /* finds garbage itself */
    HM_CLASS_REFERENCE, /* prices the harness or bounds the charts */
};

struct hm_collector {
    const char *name; /* = folder = CSV value = command-line word */
    const char *summary;
    const char *source;
    enum hm_strategy_class class;
    int has_heap_limit; /* 0: heap_bytes is ignored, the column stays empty */
    int has_no_tracing; /* 1: counts references or frees regions; its smallest
                         * heap is no part of a workload's common one */
    const struct hm_param *params; /* own parameters, NULL-ended table */
};

extern const struct hm_collector hm_collector_this;

struct hm_gc_config {
    /* Everything the strategy may take from the system: space, copy reserve
     * and side metadata.  0 = no limit.  Multiples of nothing: any number. */
    size_t heap_bytes;
    size_t stress_bytes;   /* collect every so many bytes; 0 = as usual */
    int verify;            /* check the heap around each collection, poison what
                            * dies, take access from what was left: slow */
    const uint64_t *param; /* values of hm_collector_this.params */
    struct hm_pause_log *log; /* never NULL; outlives the heap */
    /* Called when `bytes` more cannot be had even after a full collection.
     * Must not return (R5). */
    void (*exhausted)(size_t bytes);
};

struct hm_gc_stats {
    uint64_t collections;
    uint64_t moved_bytes;     /* copied or slid, all collections */
    uint64_t heap_bytes;      /* held from the system now */
    uint64_t heap_peak_bytes; /* ... at most, metadata included */
    uint64_t live_bytes;      /* found live by the last full collection; where
                               * mark bits stay, by the last one: old garbage
                               * counts, too */
};

/* Opens the heap.  NULL when `heap_bytes` cannot hold even an empty heap or
 * the system refuses; then *why is a constant sentence with the reason. */
struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why);
void hm_gc_close(struct hm_gc *gc);

/* The calling thread's mutator; NULL when the strategy takes no more threads.
 * Detach from the same thread, with no frame registered. */
struct hm_mutator *hm_gc_attach(struct hm_gc *gc);
void hm_gc_detach(struct hm_mutator *m);

/* slot[0..n) are roots until the heap is closed.  At most 4 calls. */
void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n);

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats);

/* Walks the heap and checks every invariant that the collector's head names.
 * Returns NULL, or what is wrong.  Tests only. */
const char *hm_gc_check(struct hm_gc *gc);

#endif /* HM_COLLECTORS_COLLECTOR_H */
