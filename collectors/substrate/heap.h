/* SPDX-License-Identifier: MIT */
/* heap.h -- what the heaps of all our collectors have in common: limit,
 * pacing, roots, large objects, counters.  A collector's struct hm_gc holds
 * one and adds its own spaces. */
#ifndef HM_COLLECTORS_SUBSTRATE_HEAP_H
#define HM_COLLECTORS_SUBSTRATE_HEAP_H

#include "collectors/collector.h"
#include "collectors/substrate/large.h"
#include "collectors/substrate/pacer.h"
#include "collectors/substrate/roots.h"
#include "collectors/substrate/safepoint.h"
#include "collectors/substrate/verify.h"
#include "collectors/substrate/weak.h"
#include "common/clock.h"

/* What an empty heap needs: a first window, tables, a mark queue. */
#define HM_HEAP_MIN_BYTES ((size_t)256 << 10)

struct hm_heap {
    struct hm_gc_config config;
    struct hm_budget budget;
    struct hm_pacer pacer;
    struct hm_roots roots;
    struct hm_safepoint safepoint;
    struct hm_large large;
    struct hm_weak weak;
    int is_open;
    size_t since_bytes;    /* allocated since the last collection, less what the
                            * collector counts for itself */
    size_t survived_bytes; /* collections of the young since the last full one;
                            * 0 where there is no other */
    uint64_t between_ns;   /* increments of the collector since then */
    uint64_t collections, moved_bytes, live_bytes;
};

/* `fixed_bytes` of tables are charged at once.  Returns 1; 0 with a reason. */
static inline int hm_heap_open(struct hm_heap *heap,
                               const struct hm_gc_config *config,
                               size_t fixed_bytes, const char **why)
{
    HM_CHECK(!heap->is_open); /* one heap per process */
    *heap = (struct hm_heap){.config = *config, .is_open = 1};
    hm_safepoint_open(&heap->safepoint);
    heap->budget.limit_bytes = config->heap_bytes;
    hm_pacer_open(&heap->pacer, config->heap_bytes, config->stress_bytes);
    hm_weak_open(&heap->weak, &heap->budget);
    *why = "heap_bytes is below 256K, what an empty heap needs";
    if (config->heap_bytes != 0 && config->heap_bytes < HM_HEAP_MIN_BYTES)
        return 0;
    if (!hm_budget_take(&heap->budget, fixed_bytes))
        return 0;
    *why = "the system refuses the address space for the heap";
    return hm_large_open(&heap->large, &heap->budget, config->verify);
}

/* For a collector whose parameters begin with HM_PACER_ROWS. */
static inline void hm_heap_pace(struct hm_heap *heap)
{
    hm_pacer_set(&heap->pacer, heap->config.param, hm_clock_now_ns());
}

static inline void hm_heap_close(struct hm_heap *heap)
{
    hm_large_close(&heap->large);
    hm_weak_close(&heap->weak);
    if (heap->is_open)
        hm_safepoint_close(&heap->safepoint);
    *heap = (struct hm_heap){0};
}

/* Registers the only mutator.  Returns 1; 0 when there is one already. */
static inline int hm_heap_attach(struct hm_heap *heap, struct hm_thread *thread)
{
    if (heap->roots.threads != NULL)
        return 0;
    hm_roots_attach(&heap->roots, thread);
    return 1;
}

static inline void hm_heap_detach(struct hm_heap *heap,
                                  struct hm_thread *thread)
{
    hm_roots_detach(&heap->roots, thread);
}

/* What a collector with weak_new.c defines: its heap; and, called in the slow
 * path, whether the budget has `bytes` without a collection, after giving back
 * what is unused. */
struct hm_heap *hm_gc_heap(struct hm_mutator *m);
int hm_gc_spare(struct hm_mutator *m, size_t bytes);

_Noreturn static inline void hm_heap_exhausted(struct hm_heap *heap,
                                               size_t bytes)
{
    hm_safepoint_leave(&heap->safepoint);
    heap->config.exhausted(bytes);
    hm_check_failed(__FILE__, __LINE__, "exhausted() does not return");
}

static inline size_t hm_heap_large_bytes(const struct hm_heap *heap)
{
    return heap->large.extents.used_pages * HM_PAGE_BYTES;
}

/* Stops all other mutators.  Returns when that was asked for: the start of a
 * pause; hm_safepoint_resume ends it. */
static inline uint64_t hm_heap_stop(struct hm_heap *heap)
{
    uint64_t start_ns = hm_clock_now_ns();

    hm_safepoint_stop(&heap->safepoint);
    return start_ns;
}

/* The end of a collection that took from `start_ns` to `end_ns`, or as long in
 * slices, and found `live_bytes`.  since_bytes is all that was allocated since
 * the last one. */
static inline void hm_heap_counted(struct hm_heap *heap, uint64_t start_ns,
                                   uint64_t end_ns, uint64_t live_bytes)
{
    struct hm_pacer_cycle cycle = {
        .allocated_bytes = heap->since_bytes + heap->survived_bytes,
        .was_asked = hm_pacer_left(&heap->pacer, heap->since_bytes) == 0,
        .start_ns = start_ns - heap->between_ns,
        .end_ns = end_ns};

    heap->collections++;
    heap->live_bytes = live_bytes;
    heap->since_bytes = heap->survived_bytes = 0;
    heap->between_ns = 0;
    cycle.live_bytes = heap->live_bytes;
    hm_pacer_collected(&heap->pacer, &cycle);
}

/* The same for a collection that was one pause and found `live_small_bytes` of
 * small objects; large ones have been swept. */
static inline void hm_heap_collected(struct hm_heap *heap,
                                     enum hm_pause_kind kind, uint64_t start_ns,
                                     uint64_t live_small_bytes)
{
    uint64_t end_ns = hm_clock_now_ns();

    hm_heap_counted(heap, start_ns, end_ns,
                    live_small_bytes + heap->large.object_bytes);
    hm_pause_log_add(heap->config.log, kind, start_ns, end_ns);
}

/* Under verify: aborts unless `wrong` is NULL, and unless the collection found
 * what the independent trace reached. */
static inline void hm_heap_demand(const struct hm_heap *heap, const char *wrong,
                                  uint64_t reached_bytes)
{
    if (wrong == NULL && reached_bytes != heap->live_bytes)
        wrong = "the collection did not find exactly what is reachable";
    if (wrong != NULL)
        hm_check_failed(__FILE__, __LINE__, wrong);
}

static inline void hm_heap_stats(const struct hm_heap *heap,
                                 struct hm_gc_stats *stats)
{
    *stats = (struct hm_gc_stats){
        .collections = heap->collections,
        .moved_bytes = heap->moved_bytes,
        .heap_bytes = heap->budget.held_bytes,
        .heap_peak_bytes = heap->budget.peak_bytes,
        .live_bytes = heap->live_bytes,
    };
}

#endif /* HM_COLLECTORS_SUBSTRATE_HEAP_H */
