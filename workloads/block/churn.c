/* SPDX-License-Identifier: MIT */
/* churn.c -- each thread frees a random block of its own and allocates
 * another, over and over: the plain fast path of a malloc.
 *
 * Source:     the common core of Larson's, rpmalloc's and glibc's benchmarks,
 *             without their remote frees.
 * Differs:    sizes are log-uniform through a table of 1024 quantiles, which
 *             only IEEE-exact operations (sqrt, *, /) fill: the same sequence
 *             of requests on every machine.  Slots are outside the heap.
 * Invariants: a thread frees only what it allocated; after drop, frees equals
 *             requests; the first byte of a block is what was written there.
 * Costs:      two random numbers, one load and one store beside each pair.
 * Threads:    any number up to CHURN_THREADS_MAX, nothing shared. */
#include "common/arena.h"
#include "workloads/block.h"

#include <math.h>
#include <stdio.h>

enum { CHURN_OPS, CHURN_SLOTS, CHURN_MIN_BYTES, CHURN_MAX_BYTES };

static const struct hm_param churn_params[] = {
    {"ops", "pairs of free and malloc, per thread", 6000000, 20000000, 1,
     UINT64_C(1) << 40},
    {"slots", "blocks held per thread", 4096, 4096, 1, 1 << 21},
    {"min_bytes", "smallest block, bytes", 16, 16, 1, 1 << 20},
    {"max_bytes", "largest block, bytes (not below min_bytes)", 1024, 1024, 1,
     1 << 20},
    {0},
};

enum {
    CHURN_THREADS_MAX = 256,
    CHURN_QUANTILES = 1024,
    CHURN_QUANTILE_BITS = 10,
    CHURN_BATCH = 256, /* pairs per sample: >= 2 us with the fastest malloc */
};

static uint32_t churn_bytes[CHURN_QUANTILES];
static unsigned char **churn_slots[CHURN_THREADS_MAX];

/* ratio^((2 k + 1) / 2048): each set bit of the exponent multiplies by a root
 * of the ratio, and a root is so many square roots. */
static double churn_power(double ratio, unsigned k)
{
    unsigned exponent = 2 * k + 1;
    double power = 1;

    for (unsigned bit = CHURN_QUANTILE_BITS + 1; bit-- > 0;) {
        ratio = sqrt(ratio);
        if (exponent >> bit & 1)
            power = power * ratio;
    }
    return power;
}

/* The sizes in the middle of 1024 equally likely intervals. */
static void churn_fill_sizes(uint64_t min_bytes, uint64_t max_bytes)
{
    double low = (double)min_bytes, high = (double)max_bytes;

    for (unsigned k = 0; k < CHURN_QUANTILES; k++)
        churn_bytes[k] = (uint32_t)(low * churn_power(high / low, k));
}

static void churn_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;
    uint64_t min_bytes = value[CHURN_MIN_BYTES];
    uint64_t max_bytes = value[CHURN_MAX_BYTES];

    if (max_bytes < min_bytes) {
        fprintf(stderr,
                "churn: max_bytes=%llu is below min_bytes=%llu; raise it\n",
                (unsigned long long)max_bytes, (unsigned long long)min_bytes);
        exit(2); /* NOLINT(concurrency-mt-unsafe): one thread yet */
    }
    churn_fill_sizes(min_bytes, max_bytes);
    for (unsigned t = 0; t < threads; t++) {
        churn_slots[t] =
            hm_arena_alloc(value[CHURN_SLOTS] * sizeof(*churn_slots[t]));
    }
}

static void churn_pair(struct hm_block_run *run, unsigned char **slot)
{
    uint32_t quantile =
        hm_rng_next(&run->base.rng) >> (32 - CHURN_QUANTILE_BITS);
    unsigned char *block;

    if (*slot != NULL) {
        hm_run_mix(&run->base, (*slot)[0]);
        hm_block_free(run, *slot);
        run->frees++;
    }
    block = hm_block_alloc(run, churn_bytes[quantile]);
    block[0] = (unsigned char)quantile;
    HM_BLOCK_KEEP(block);
    *slot = block;
}

static void churn_run(struct hm_block_run *run)
{
    unsigned char **slots = churn_slots[run->thread];
    uint32_t n_slots = (uint32_t)run->base.value[CHURN_SLOTS];
    uint64_t ops = run->base.value[CHURN_OPS];

    hm_meter_start(&run->base.meter);
    for (uint64_t done = 0; done < ops;) {
        uint64_t batch = ops - done < CHURN_BATCH ? ops - done : CHURN_BATCH;

        for (uint64_t i = 0; i < batch; i++)
            churn_pair(run, &slots[hm_rng_below(&run->base.rng, n_slots)]);
        hm_meter_mark(&run->base.meter, batch);
        done += batch;
    }
    run->ops = ops;
}

static void churn_drop(struct hm_block_run *run)
{
    unsigned char **slots = churn_slots[run->thread];
    uint64_t n_slots = run->base.value[CHURN_SLOTS];

    for (uint64_t k = 0; k < n_slots; k++) {
        if (slots[k] != NULL) {
            hm_block_free(run, slots[k]);
            run->frees++;
        }
    }
    hm_arena_release(slots, n_slots * sizeof(*slots));
    churn_slots[run->thread] = NULL;
}

const struct hm_block_workload hm_block_churn = {
    .name = "churn",
    .summary = "frees a random own block and allocates another",
    .source = "common core of larson, rptest and bench-malloc-thread",
    .operation = "free and malloc",
    .params = churn_params,
    .max_threads = CHURN_THREADS_MAX,
    .setup = churn_setup,
    .run = churn_run,
    .drop = churn_drop,
};
