/* SPDX-License-Identifier: MIT */
/* large_replace.c -- a few slots hold buffers of some MiB; a random one is
 * freed and allocated again, and written all over: the price of giving pages
 * back and getting them again.
 *
 * Source:     mimalloc-bench, malloc-large.
 * Differs:    sizes are uniform over whole KiB.
 * Invariants: every byte of a new buffer is written once.
 * Costs:      a memset of each buffer, the same for all.
 * Threads:    one. */
#include "workloads/block.h"

#include <string.h>

enum { LARGE_OPS, LARGE_SLOTS, LARGE_MIN_KIB, LARGE_MAX_KIB };

static const struct hm_param large_params[] = {
    {"ops", "buffers replaced", 200, 2000, 1, 1 << 30},
    {"slots", "buffers held", 20, 20, 1, 256},
    {"min_kib", "smallest buffer, KiB", 5120, 5120, 1, 1 << 20},
    {"max_kib", "largest buffer, KiB (not below min_kib)", 25600, 25600, 1,
     1 << 20},
    {0},
};

enum { LARGE_SLOTS_MAX = 256 };

static unsigned char *large_slot[LARGE_SLOTS_MAX];

static void large_one(struct hm_block_run *run, uint64_t i)
{
    const uint64_t *value = run->base.value;
    uint32_t k = hm_rng_below(&run->base.rng, (uint32_t)value[LARGE_SLOTS]);
    uint64_t span = value[LARGE_MAX_KIB] > value[LARGE_MIN_KIB]
                        ? value[LARGE_MAX_KIB] - value[LARGE_MIN_KIB]
                        : 0;
    size_t bytes = (value[LARGE_MIN_KIB] +
                    hm_rng_below(&run->base.rng, (uint32_t)span + 1))
                   << 10;

    if (large_slot[k] != NULL) {
        hm_run_mix(&run->base, large_slot[k][1023]);
        hm_block_free(run, large_slot[k]);
        run->frees++;
    }
    large_slot[k] = hm_block_alloc(run, bytes);
    memset(large_slot[k], (int)(i & 0x7f), bytes);
    HM_BLOCK_KEEP(large_slot[k]);
}

static void large_run(struct hm_block_run *run)
{
    uint64_t ops = run->base.value[LARGE_OPS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < ops; i++) {
        large_one(run, i);
        hm_meter_mark(&run->base.meter, 1);
    }
    run->ops = ops;
}

static void large_drop(struct hm_block_run *run)
{
    for (unsigned k = 0; k < LARGE_SLOTS_MAX; k++) {
        if (large_slot[k] == NULL)
            continue;
        hm_block_free(run, large_slot[k]);
        large_slot[k] = NULL;
        run->frees++;
    }
}

const struct hm_block_workload hm_block_large_replace = {
    .name = "large_replace",
    .summary = "replaces buffers of 5 to 25 MiB and writes them all over",
    .source = "mimalloc-bench, malloc-large",
    .operation = "buffer",
    .params = large_params,
    .max_threads = 1,
    .run = large_run,
    .drop = large_drop,
};
