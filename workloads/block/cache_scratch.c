/* SPDX-License-Identifier: MIT */
/* cache_scratch.c -- the first thread allocates one small object for each; each
 * frees its own, then allocates, writes many times and frees, over and over:
 * slow where a malloc gives a thread the line back that it shared before
 * (passive false sharing).
 *
 * Source:     E. D. Berger et al., "Hoard", ASPLOS 2000, passive-false.
 * Differs:    work per thread does not depend on the number of threads, so that
 *             the ideal time is that of one; nothing can be elided, as
 *             compilers do with new and delete.
 * Invariants: the objects handed out are next to each other as far as the
 *             malloc puts them there.
 * Costs:      `writes` stores and loads of each byte beside each pair.
 * Threads:    any number; the first frees of all but one are remote. */
#include "workloads/block.h"

#include <sched.h>
#include <stdatomic.h>

enum { SCRATCH_OPS, SCRATCH_BYTES, SCRATCH_WRITES };

static const struct hm_param scratch_params[] = {
    {"ops", "objects, per thread", 4000, 20000, 1, UINT64_C(1) << 40},
    {"bytes", "size of an object", 8, 8, 1, 1 << 16},
    {"writes", "times that each byte is written", 5000, 5000, 1, 1 << 30},
    {0},
};

enum { SCRATCH_THREADS_MAX = 256, SCRATCH_BATCH = 16 };

static unsigned char *scratch_handed[SCRATCH_THREADS_MAX];
static atomic_int scratch_is_handed;

static void scratch_setup(struct hm_block_run *run, unsigned threads)
{
    (void)run;
    (void)threads;
    atomic_store(&scratch_is_handed, 0);
}

/* One object for each thread, one after the other; the others wait. */
static unsigned char *scratch_hand_out(struct hm_block_run *run)
{
    if (run->thread == 0) {
        for (unsigned t = 0; t < run->threads; t++) {
            scratch_handed[t] =
                hm_block_alloc(run, run->base.value[SCRATCH_BYTES]);
        }
        atomic_store_explicit(&scratch_is_handed, 1, memory_order_release);
    }
    while (!atomic_load_explicit(&scratch_is_handed, memory_order_acquire))
        (void)sched_yield();
    return scratch_handed[run->thread];
}

static void scratch_write(volatile unsigned char *block, uint64_t bytes,
                          uint64_t writes)
{
    for (uint64_t w = 0; w < writes; w++) {
        for (uint64_t i = 0; i < bytes; i++)
            block[i] = (unsigned char)(block[i] + 1);
    }
}

static void scratch_one(struct hm_block_run *run, uint64_t i)
{
    const uint64_t *value = run->base.value;
    unsigned char *block = hm_block_alloc(run, value[SCRATCH_BYTES]);

    for (uint64_t k = 0; k < value[SCRATCH_BYTES]; k++)
        block[k] = (unsigned char)i;
    scratch_write(block, value[SCRATCH_BYTES], value[SCRATCH_WRITES]);
    hm_run_mix(&run->base, block[0]);
    hm_block_free(run, block);
}

static void scratch_run(struct hm_block_run *run)
{
    uint64_t ops = run->base.value[SCRATCH_OPS];

    hm_meter_start(&run->base.meter);
    hm_block_free(run, scratch_hand_out(run));
    run->remote_frees = run->thread != 0;
    for (uint64_t i = 0; i < ops; i++) {
        scratch_one(run, i);
        if (i % SCRATCH_BATCH == SCRATCH_BATCH - 1)
            hm_meter_mark(&run->base.meter, SCRATCH_BATCH);
    }
    hm_meter_mark(&run->base.meter, ops % SCRATCH_BATCH);
    run->ops = ops;
    run->frees = ops + 1;
}

static void scratch_drop(struct hm_block_run *run)
{
    (void)run; /* nothing is held */
}

const struct hm_block_workload hm_block_cache_scratch = {
    .name = "cache_scratch",
    .summary = "as cache_thrash, after objects of one line: passive sharing",
    .source = "Berger et al., Hoard, ASPLOS 2000",
    .operation = "object",
    .params = scratch_params,
    .max_threads = SCRATCH_THREADS_MAX,
    .setup = scratch_setup,
    .run = scratch_run,
    .drop = scratch_drop,
};
