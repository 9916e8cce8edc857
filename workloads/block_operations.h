/* SPDX-License-Identifier: MIT */
/* block_operations.h -- the doors of block.h with a clock in each: how long
 * every single request took, by kind,
 * and how much more than it asked for it got.
 *
 * A pair of clock readings costs more than most requests, so that this is a
 * program of its own whose times of the window count for nothing.  A request's
 * time includes one reading of the clock.
 *
 * Threads: those that a workload starts share the histograms of their mutator,
 * of which only the buckets are counted. */
#ifndef HM_WORKLOADS_BLOCK_OPERATIONS_H
#define HM_WORKLOADS_BLOCK_OPERATIONS_H

#include "common/clock.h"
#include "common/hist.h"
#include "common/rng.h"
#include "workloads/block_run.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

enum { HM_BLOCK_WEIGHED = 64 }; /* one block of so many is, on average */

struct hm_block_took {
    struct hm_hist kind[HM_BLOCK_KINDS];
    uint64_t until_weighed;             /* blocks before the next that is */
    struct hm_rng rng;                  /* of whoever gets that one */
    uint64_t asked_bytes, usable_bytes; /* of those that were weighed */
};

/* At random: a workload's own period would meet a fixed distance, and then
 * blocks of some sizes only were weighed. */
static inline uint64_t hm_block_draw_distance(struct hm_block_took *took)
{
    return hm_rng_below(&took->rng, 2 * HM_BLOCK_WEIGHED - 1);
}

/* `took` is zeroed.  The workload draws from `seed` itself. */
static inline void hm_block_took_init(struct hm_block_took *took, uint32_t seed)
{
    hm_rng_seed(&took->rng, ~seed);
    took->until_weighed = hm_block_draw_distance(took);
}

/* What the malloc would let the program use of a block.  It may look at a line
 * of its own for that, which the next request then finds in the cache: few. */
static inline void hm_block_weigh(struct hm_block_run *run, void *block,
                                  size_t bytes)
{
    struct hm_block_took *took = run->took;

    if (took == NULL || block == NULL ||
        __atomic_fetch_sub(&took->until_weighed, 1, __ATOMIC_ACQUIRE) != 0)
        return;
    __atomic_store_n(&took->until_weighed, hm_block_draw_distance(took),
                     __ATOMIC_RELEASE);
    __atomic_fetch_add(&took->asked_bytes, bytes, __ATOMIC_RELAXED);
    __atomic_fetch_add(&took->usable_bytes, malloc_usable_size(block),
                       __ATOMIC_RELAXED);
}

static inline void hm_block_note(struct hm_block_run *run,
                                 enum hm_block_kind kind, uint64_t start_ns)
{
    uint64_t took_ns = hm_clock_now_ns() - start_ns;

    if (run->took == NULL)
        return;
    if (took_ns >> HM_HIST_MAX_BITS)
        took_ns = (UINT64_C(1) << HM_HIST_MAX_BITS) - 1;
    __atomic_fetch_add(&run->took->kind[kind].count[hm_hist_index(took_ns)], 1,
                       __ATOMIC_RELAXED);
}

static inline void *hm_block_alloc(struct hm_block_run *run, size_t bytes)
{
    uint64_t start_ns = hm_clock_now_ns();
    void *block = malloc(bytes);

    hm_block_note(run, HM_BLOCK_MALLOC, start_ns);
    hm_block_weigh(run, block, bytes);
    return hm_block_got(run, block, bytes);
}

static inline void *hm_block_alloc_zeroed(struct hm_block_run *run,
                                          size_t bytes)
{
    uint64_t start_ns = hm_clock_now_ns();
    void *block = calloc(1, bytes);

    hm_block_note(run, HM_BLOCK_CALLOC, start_ns);
    hm_block_weigh(run, block, bytes);
    return hm_block_got(run, block, bytes);
}

static inline void *hm_block_alloc_aligned(struct hm_block_run *run,
                                           size_t align, size_t bytes)
{
    uint64_t start_ns = hm_clock_now_ns();
    void *block;
    int error = posix_memalign(&block, align, bytes);

    hm_block_note(run, HM_BLOCK_ALIGNED, start_ns);
    block = error == 0 ? block : NULL;
    hm_block_weigh(run, block, bytes);
    return hm_block_got(run, block, bytes);
}

static inline void hm_block_free(struct hm_block_run *run, void *block)
{
    uint64_t start_ns;

    HM_BLOCK_KEEP(block);
    start_ns = hm_clock_now_ns();
    free(block);
    hm_block_note(run, HM_BLOCK_FREE, start_ns);
}

static inline void *hm_block_resize(struct hm_block_run *run, void *block,
                                    size_t bytes)
{
    uint64_t start_ns;

    HM_BLOCK_KEEP(block);
    start_ns = hm_clock_now_ns();
    block = realloc(block, bytes);
    hm_block_note(run, HM_BLOCK_REALLOC, start_ns);
    hm_block_weigh(run, block, bytes);
    return hm_block_got(run, block, bytes);
}

static inline void hm_block_lose(struct hm_block_run *run, void *block)
{
    (void)run;
    HM_BLOCK_KEEP(block);
}

#endif /* HM_WORKLOADS_BLOCK_OPERATIONS_H */
