/* SPDX-License-Identifier: MIT */
/* block_census.h -- the doors of block.h with an exact ledger. */
#ifndef HM_WORKLOADS_BLOCK_CENSUS_H
#define HM_WORKLOADS_BLOCK_CENSUS_H

#include "common/check.h"
#include "workloads/block_run.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One for all threads; fields change atomically.  Requested bytes only: a
 * malloc needs no header of ours.  A block that is resized counts as freed and
 * allocated anew, without a moment in which both are needed. */
struct hm_block_ledger {
    _Atomic uint64_t live_bytes, peak_bytes;
    _Atomic uint64_t alloc_count, alloc_bytes, free_count;
    _Atomic uint64_t lost_count, lost_bytes;
};

/* Before each block; a multiple of 16 bytes, so that it stays aligned. */
struct hm_block_prefix {
    uint64_t bytes, guard;
    void *start; /* what malloc returned */
    void *unused;
};

#define HM_BLOCK_GUARD UINT64_C(0x48656170436E7375)

/* A block of `bytes` begins `lead_bytes` behind `start`. */
static inline void *hm_block_begin(struct hm_block_run *run, void *start,
                                   size_t lead_bytes, size_t bytes)
{
    struct hm_block_ledger *ledger = run->ledger;
    struct hm_block_prefix *p;
    uint64_t live, peak;

    if (start == NULL)
        run->exhausted(bytes);
    p = (struct hm_block_prefix *)(void *)((char *)start + lead_bytes) - 1;
    *p = (struct hm_block_prefix){bytes, HM_BLOCK_GUARD, start, NULL};
    ledger->alloc_count++;
    ledger->alloc_bytes += bytes;
    live = atomic_fetch_add(&ledger->live_bytes, bytes) + bytes;
    peak = atomic_load(&ledger->peak_bytes);
    while (live > peak &&
           !atomic_compare_exchange_weak(&ledger->peak_bytes, &peak, live))
        ;
    return p + 1;
}

/* The block is needed no more.  Returns what malloc returned. */
static inline void *hm_block_end(struct hm_block_run *run, void *block)
{
    struct hm_block_prefix *p = (struct hm_block_prefix *)block - 1;

    HM_CHECK(p->guard == HM_BLOCK_GUARD); /* exactly once */
    p->guard = 0;
    run->ledger->live_bytes -= p->bytes;
    return p->start;
}

static inline void *hm_block_alloc(struct hm_block_run *run, size_t bytes)
{
    const size_t lead_bytes = sizeof(struct hm_block_prefix);

    return hm_block_begin(run, malloc(lead_bytes + bytes), lead_bytes, bytes);
}

static inline void *hm_block_alloc_zeroed(struct hm_block_run *run,
                                          size_t bytes)
{
    return memset(hm_block_alloc(run, bytes), 0, bytes);
}

static inline void *hm_block_alloc_aligned(struct hm_block_run *run,
                                           size_t align, size_t bytes)
{
    size_t lead_bytes = sizeof(struct hm_block_prefix);
    void *start;

    if (lead_bytes < align)
        lead_bytes = align;
    if (posix_memalign(&start, align, lead_bytes + bytes) != 0)
        start = NULL;
    return hm_block_begin(run, start, lead_bytes, bytes);
}

static inline void hm_block_free(struct hm_block_run *run, void *block)
{
    if (block == NULL)
        return;
    run->ledger->free_count++;
    free(hm_block_end(run, block));
}

static inline void *hm_block_resize(struct hm_block_run *run, void *block,
                                    size_t bytes)
{
    const size_t lead_bytes = sizeof(struct hm_block_prefix);
    void *start = hm_block_end(run, block);

    run->ledger->free_count++;
    return hm_block_begin(run, realloc(start, lead_bytes + bytes), lead_bytes,
                          bytes);
}

static inline void hm_block_lose(struct hm_block_run *run, void *block)
{
    struct hm_block_prefix *p = (struct hm_block_prefix *)block - 1;

    run->ledger->lost_count++;
    run->ledger->lost_bytes += p->bytes;
    free(hm_block_end(run, block));
}

#endif /* HM_WORKLOADS_BLOCK_CENSUS_H */
