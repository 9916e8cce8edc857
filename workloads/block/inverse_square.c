/* SPDX-License-Identifier: MIT */
/* inverse_square.c -- a working set per thread, random blocks of which are
 * replaced; a size is as likely as the inverse of its square: many small blocks
 * and a few large ones.
 *
 * Source:     glibc's benchtests, bench-malloc-thread.
 * Differs:    fixed work instead of three seconds; the sizes are 1024 quantiles
 *             of the distribution, by IEEE-exact operations, instead of 8000
 *             random ones; only the first byte is written, not all of them.
 * Invariants: a thread frees only what it allocated.
 * Costs:      two random numbers, one load and one store beside each pair.
 * Threads:    any number, nothing shared. */
#include "common/arena.h"
#include "workloads/block.h"

enum { INVERSE_OPS, INVERSE_SLOTS, INVERSE_MIN_BYTES, INVERSE_MAX_BYTES };

static const struct hm_param inverse_params[] = {
    {"ops", "pairs of free and malloc, per thread", 4000000, 20000000, 1,
     UINT64_C(1) << 40},
    {"slots", "blocks held per thread", 1024, 1024, 1, 1 << 20},
    {"min_bytes", "smallest block", 4, 4, 1, 1 << 20},
    {"max_bytes", "largest block (not below min_bytes)", 32768, 32768, 1,
     1 << 24},
    {0},
};

enum {
    INVERSE_THREADS_MAX = 256,
    INVERSE_QUANTILES = 1024,
    INVERSE_QUANTILE_BITS = 10,
    INVERSE_BATCH = 128,
};

static uint32_t inverse_bytes[INVERSE_QUANTILES];
static unsigned char **inverse_slots[INVERSE_THREADS_MAX];

/* x = 1 / ((1/b - 1/a) u + 1/a) for u in the middles of equal intervals. */
static void inverse_fill_sizes(uint64_t min_bytes, uint64_t max_bytes)
{
    double low = (double)min_bytes, high = (double)max_bytes;

    if (high < low)
        high = low;
    for (unsigned k = 0; k < INVERSE_QUANTILES; k++) {
        double u = (2.0 * k + 1.0) / (2.0 * INVERSE_QUANTILES);

        inverse_bytes[k] =
            (uint32_t)(1.0 / ((1.0 / high - 1.0 / low) * u + 1.0 / low));
    }
}

static void inverse_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;

    inverse_fill_sizes(value[INVERSE_MIN_BYTES], value[INVERSE_MAX_BYTES]);
    for (unsigned t = 0; t < threads; t++) {
        inverse_slots[t] =
            hm_arena_alloc(value[INVERSE_SLOTS] * sizeof(*inverse_slots[t]));
    }
}

static void inverse_free(struct hm_block_run *run, unsigned char *block)
{
    if (block == NULL)
        return;
    hm_run_mix(&run->base, block[0]);
    hm_block_free(run, block);
    run->frees++;
}

static void inverse_pair(struct hm_block_run *run, unsigned char **slot)
{
    uint32_t k = hm_rng_next(&run->base.rng) >> (32 - INVERSE_QUANTILE_BITS);

    inverse_free(run, *slot);
    *slot = hm_block_alloc(run, inverse_bytes[k]);
    (*slot)[0] = (unsigned char)k;
}

static void inverse_run(struct hm_block_run *run)
{
    unsigned char **slots = inverse_slots[run->thread];
    uint32_t n_slots = (uint32_t)run->base.value[INVERSE_SLOTS];
    uint64_t ops = run->base.value[INVERSE_OPS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < ops; i++) {
        inverse_pair(run, &slots[hm_rng_below(&run->base.rng, n_slots)]);
        if (i % INVERSE_BATCH == INVERSE_BATCH - 1)
            hm_meter_mark(&run->base.meter, INVERSE_BATCH);
    }
    hm_meter_mark(&run->base.meter, ops % INVERSE_BATCH);
    run->ops = ops;
}

static void inverse_drop(struct hm_block_run *run)
{
    unsigned char **slots = inverse_slots[run->thread];
    uint64_t n_slots = run->base.value[INVERSE_SLOTS];

    for (uint64_t k = 0; k < n_slots; k++)
        inverse_free(run, slots[k]);
    hm_arena_release(slots, n_slots * sizeof(*slots));
}

const struct hm_block_workload hm_block_inverse_square = {
    .name = "inverse_square",
    .summary = "replaces random blocks, many small and a few large ones",
    .source = "glibc benchtests, bench-malloc-thread",
    .operation = "free and malloc",
    .params = inverse_params,
    .max_threads = INVERSE_THREADS_MAX,
    .setup = inverse_setup,
    .run = inverse_run,
    .drop = inverse_drop,
};
