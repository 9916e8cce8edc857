/* SPDX-License-Identifier: MIT */
/* cache_thrash.c -- each thread allocates a small object, writes it many times
 * and frees it: slow where two threads' objects share a cache line (active
 * false sharing).
 *
 * Source:     E. D. Berger et al., "Hoard", ASPLOS 2000, active-false.
 * Differs:    work per thread does not depend on the number of threads, so that
 *             the ideal time is that of one.
 * Invariants: a thread frees only what it allocated.
 * Costs:      `writes` stores and loads of each byte beside each pair.
 * Threads:    any number, nothing shared but, perhaps, lines. */
#include "workloads/block.h"

enum { THRASH_OPS, THRASH_BYTES, THRASH_WRITES };

static const struct hm_param thrash_params[] = {
    {"ops", "objects, per thread", 4000, 20000, 1, UINT64_C(1) << 40},
    {"bytes", "size of an object", 8, 8, 1, 1 << 16},
    {"writes", "times that each byte is written", 5000, 5000, 1, 1 << 30},
    {0},
};

enum { THRASH_THREADS_MAX = 256, THRASH_BATCH = 16 };

static void thrash_write(volatile unsigned char *block, uint64_t bytes,
                         uint64_t writes)
{
    for (uint64_t w = 0; w < writes; w++) {
        for (uint64_t i = 0; i < bytes; i++)
            block[i] = (unsigned char)(block[i] + 1);
    }
}

static void thrash_one(struct hm_block_run *run, uint64_t i)
{
    const uint64_t *value = run->base.value;
    unsigned char *block = hm_block_alloc(run, value[THRASH_BYTES]);

    for (uint64_t k = 0; k < value[THRASH_BYTES]; k++)
        block[k] = (unsigned char)i;
    thrash_write(block, value[THRASH_BYTES], value[THRASH_WRITES]);
    hm_run_mix(&run->base, block[0]);
    hm_block_free(run, block);
}

static void thrash_run(struct hm_block_run *run)
{
    uint64_t ops = run->base.value[THRASH_OPS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < ops; i++) {
        thrash_one(run, i);
        if (i % THRASH_BATCH == THRASH_BATCH - 1)
            hm_meter_mark(&run->base.meter, THRASH_BATCH);
    }
    hm_meter_mark(&run->base.meter, ops % THRASH_BATCH);
    run->ops = run->frees = ops;
}

static void thrash_drop(struct hm_block_run *run)
{
    (void)run; /* nothing is held */
}

const struct hm_block_workload hm_block_cache_thrash = {
    .name = "cache_thrash",
    .summary = "writes small objects many times: active false sharing",
    .source = "Berger et al., Hoard, ASPLOS 2000",
    .operation = "object",
    .params = thrash_params,
    .max_threads = THRASH_THREADS_MAX,
    .run = thrash_run,
    .drop = thrash_drop,
};
