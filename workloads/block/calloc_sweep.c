/* SPDX-License-Identifier: MIT */
/* calloc_sweep.c -- zeroed blocks of every size from 16 bytes to a MiB: who
 * writes zeros, and who knows that the system has?
 *
 * Source:     a sweep, as in the C library's own benchmarks of malloc.
 * Differs:    calloc; sizes are powers of two and the halves between; what is
 *             freed was written to, so that zeros are never there by chance.
 * Invariants: the first and the last byte and one of each page are 0 at first:
 *             what they were goes into the checksum; at most CALLOC_HELD blocks
 *             are live.
 * Costs:      a load and a store for each page: on memory fresh from the system
 *             a second fault.
 * Threads:    one. */
#include "workloads/block.h"

enum { CALLOC_ROUNDS, CALLOC_BYTES, CALLOC_LEAST_BYTES, CALLOC_MOST_BYTES };

static const struct hm_param calloc_params[] = {
    {"rounds", "sweeps over the sizes", 4, 40, 1, 1 << 24},
    {"bytes", "allocated of each size, about", 4 << 20, 4 << 20, 1,
     UINT64_C(1) << 40},
    {"least_bytes", "first size", 16, 16, 2, 1 << 20},
    {"most_bytes", "last size", 1 << 20, 1 << 20, 2, 1 << 30},
    {0},
};

enum { CALLOC_HELD = 16 };

static unsigned char *calloc_held[CALLOC_HELD];

static void calloc_release(struct hm_block_run *run, uint64_t k)
{
    if (calloc_held[k] == NULL)
        return;
    hm_block_free(run, calloc_held[k]);
    calloc_held[k] = NULL;
    run->frees++;
}

/* What was there instead of zeros, in the places that are looked at. */
static unsigned calloc_soil(unsigned char *block, size_t bytes)
{
    unsigned found = block[bytes - 1];

    block[bytes - 1] = 0xFF;
    for (size_t at = 0; at < bytes - 1; at += HM_BLOCK_PAGE_BYTES) {
        found |= block[at];
        block[at] = 0xFF;
    }
    HM_BLOCK_KEEP(block);
    return found;
}

/* Blocks of one size, in a ring. */
static void calloc_size(struct hm_block_run *run, size_t bytes)
{
    uint64_t turns = run->base.value[CALLOC_BYTES] / bytes / CALLOC_HELD + 2;
    uint64_t n = turns * CALLOC_HELD;

    for (uint64_t i = 0; i < n; i++) {
        uint64_t k = i % CALLOC_HELD;

        calloc_release(run, k);
        calloc_held[k] = hm_block_alloc_zeroed(run, bytes);
        hm_run_mix(&run->base, (uint32_t)i ^ calloc_soil(calloc_held[k], bytes)
                                                 << 24);
        if (k == CALLOC_HELD - 1)
            hm_meter_mark(&run->base.meter, CALLOC_HELD);
    }
    run->ops += n;
}

static void calloc_sweep(struct hm_block_run *run)
{
    size_t most_bytes = run->base.value[CALLOC_MOST_BYTES];

    for (size_t bytes = run->base.value[CALLOC_LEAST_BYTES];
         bytes <= most_bytes; bytes *= 2) {
        calloc_size(run, bytes);
        if (bytes + bytes / 2 <= most_bytes)
            calloc_size(run, bytes + bytes / 2);
    }
}

static void calloc_run(struct hm_block_run *run)
{
    uint64_t rounds = run->base.value[CALLOC_ROUNDS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < rounds; i++)
        calloc_sweep(run);
}

static void calloc_drop(struct hm_block_run *run)
{
    for (unsigned k = 0; k < CALLOC_HELD; k++)
        calloc_release(run, k);
}

const struct hm_block_workload hm_block_calloc_sweep = {
    .name = "calloc_sweep",
    .summary = "zeroed blocks of every size from 16 bytes to 1 MiB",
    .source = "a sweep over sizes",
    .operation = "calloc and free",
    .params = calloc_params,
    .max_threads = 1,
    .run = calloc_run,
    .drop = calloc_drop,
};
