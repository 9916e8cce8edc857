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
 * malloc needs no header of ours. */
struct hm_block_ledger {
    _Atomic uint64_t live_bytes, peak_bytes;
    _Atomic uint64_t alloc_count, alloc_bytes, free_count;
};

struct hm_block_prefix {
    uint64_t bytes, guard;
};

#define HM_BLOCK_GUARD UINT64_C(0x48656170436E7375)

static inline void *hm_block_alloc(struct hm_block_run *run, size_t bytes)
{
    struct hm_block_ledger *ledger = run->ledger;
    struct hm_block_prefix *p = malloc(sizeof(*p) + bytes);
    uint64_t live, peak;

    if (p == NULL)
        run->exhausted(bytes);
    p->bytes = bytes;
    p->guard = HM_BLOCK_GUARD;
    ledger->alloc_count++;
    ledger->alloc_bytes += bytes;
    live = atomic_fetch_add(&ledger->live_bytes, bytes) + bytes;
    peak = atomic_load(&ledger->peak_bytes);
    while (live > peak &&
           !atomic_compare_exchange_weak(&ledger->peak_bytes, &peak, live))
        ;
    return p + 1;
}

static inline void *hm_block_alloc_zeroed(struct hm_block_run *run,
                                          size_t bytes)
{
    return memset(hm_block_alloc(run, bytes), 0, bytes);
}

static inline void hm_block_free(struct hm_block_run *run, void *block)
{
    struct hm_block_prefix *p;

    if (block == NULL)
        return;
    p = (struct hm_block_prefix *)block - 1;
    HM_CHECK(p->guard == HM_BLOCK_GUARD); /* freed exactly once */
    p->guard = 0;
    run->ledger->free_count++;
    run->ledger->live_bytes -= p->bytes;
    free(p);
}

#endif /* HM_WORKLOADS_BLOCK_CENSUS_H */
