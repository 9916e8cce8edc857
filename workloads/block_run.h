/* SPDX-License-Identifier: MIT */
/* block_run.h -- one thread's share of a run of a block workload. */
#ifndef HM_WORKLOADS_BLOCK_RUN_H
#define HM_WORKLOADS_BLOCK_RUN_H

#include "workloads/run.h"

#include <stddef.h>
#include <stdint.h>

struct hm_block_ledger; /* block_census.h */
struct hm_block_took;   /* block_operations.h */

/* The doors of block.h that take time. */
enum hm_block_kind {
    HM_BLOCK_MALLOC,
    HM_BLOCK_CALLOC,
    HM_BLOCK_ALIGNED,
    HM_BLOCK_REALLOC,
    HM_BLOCK_FREE,
    HM_BLOCK_KINDS,
};

struct hm_block_run {
    struct hm_run base; /* one per thread: own rng, meter and checksum */
    unsigned thread, threads;
    uint64_t ops;          /* requests made: out, by run */
    uint64_t remote_frees; /* blocks freed by a thread that did not allocate */
    uint64_t frees;        /* a block that was resized counts as one */
    int has_threads;       /* of the workload's own: set by block_thread.h */
    struct hm_block_ledger *ledger;  /* used by the census cell only */
    struct hm_block_took *took;      /* NULL: nothing is timed now */
    void (*exhausted)(size_t bytes); /* does not return */
};

/* Keeps the compiler from deleting a request whose result is not used. */
#define HM_BLOCK_KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

/* What a request returned. */
static inline void *hm_block_got(struct hm_block_run *run, void *block,
                                 size_t bytes)
{
    if (__builtin_expect(block == NULL, 0))
        run->exhausted(bytes);
    HM_BLOCK_KEEP(block);
    return block;
}

#endif /* HM_WORKLOADS_BLOCK_RUN_H */
