/* SPDX-License-Identifier: MIT */
/* larson.c -- a server: each thread replaces random blocks of its slots; after
 * a round its slots go to another thread, as to the successor of one that ends,
 * whose first frees are of the predecessor's blocks.
 *
 * Source:     P.-A. Larson and M. Krishnan, "Memory allocation for long-running
 *             server applications", ISMM 1998.
 * Differs:    fixed work instead of a time; slots move on to the next thread,
 *             in step, where the original starts a new thread on them; with a
 *             `swap` in thousand, the victim is exchanged with a block that
 *             some thread has put aside, which makes frees remote in any
 *             share; the shuffle of the start is left out.
 * Invariants: a slot belongs to one thread in a round; a block names the thread
 *             that allocated it in its first byte, from which the share of
 *             remote frees is counted.  A thread's checksum is of sizes, since
 *             whose block it frees depends on who came first.
 * Costs:      two random numbers and two stores beside each pair, two more and
 *             an atomic exchange for a swap; a barrier for each round.
 * Threads:    up to LARSON_THREADS_MAX. */
#include "common/arena.h"
#include "common/check.h"
#include "workloads/block.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    LARSON_ROUNDS,
    LARSON_OPS,
    LARSON_SLOTS,
    LARSON_MIN_BYTES,
    LARSON_MAX_BYTES,
    LARSON_SWAP,
};

static const struct hm_param larson_params[] = {
    {"rounds", "of each thread, after which its slots move on", 20, 100, 1,
     1 << 20},
    {"ops", "blocks replaced in a round, per thread", 100000, 500000, 1,
     1 << 30},
    {"slots", "blocks held per thread", 1000, 5000, 1, 1 << 20},
    {"min_bytes", "smallest block", 8, 8, 2, 1 << 20},
    {"max_bytes", "largest block, sizes are uniform (not below min_bytes)", 999,
     999, 2, 1 << 20},
    {"swap", "frees exchanged with another thread, in thousand", 0, 0, 0, 1000},
    {0},
};

enum { LARSON_THREADS_MAX = 128, LARSON_BATCH = 128 };

static struct {
    unsigned char **slot[LARSON_THREADS_MAX];
    pthread_barrier_t round;
    _Alignas(64) unsigned char *_Atomic aside[LARSON_THREADS_MAX];
} larson;

static void larson_setup(struct hm_block_run *run, unsigned threads)
{
    for (unsigned t = 0; t < threads; t++) {
        larson.slot[t] = hm_arena_alloc(run->base.value[LARSON_SLOTS] *
                                        sizeof(*larson.slot[t]));
        atomic_store(&larson.aside[t], NULL);
    }
    HM_CHECK(pthread_barrier_init(&larson.round, NULL, threads) == 0);
}

static void larson_free(struct hm_block_run *run, unsigned char *block)
{
    if (block == NULL)
        return;
    run->remote_frees += block[0] != (unsigned char)run->thread;
    hm_block_free(run, block);
    run->frees++;
}

static void larson_one(struct hm_block_run *run, unsigned char **slot)
{
    const uint64_t *value = run->base.value;
    uint64_t span = value[LARSON_MAX_BYTES] > value[LARSON_MIN_BYTES]
                        ? value[LARSON_MAX_BYTES] - value[LARSON_MIN_BYTES]
                        : 0;
    uint32_t bytes = (uint32_t)value[LARSON_MIN_BYTES] +
                     hm_rng_below(&run->base.rng, (uint32_t)span + 1);
    unsigned char *victim = *slot;

    if (value[LARSON_SWAP] > 0 &&
        hm_rng_below(&run->base.rng, 1000) < value[LARSON_SWAP]) {
        uint32_t other = hm_rng_below(&run->base.rng, run->threads);

        victim = atomic_exchange(&larson.aside[other], victim);
    }
    larson_free(run, victim);
    *slot = hm_block_alloc(run, bytes);
    (*slot)[0] = (unsigned char)run->thread;
    (*slot)[1] = 1;
    hm_run_mix(&run->base, bytes);
}

static void larson_round(struct hm_block_run *run, unsigned char **slots)
{
    uint32_t n_slots = (uint32_t)run->base.value[LARSON_SLOTS];
    uint64_t ops = run->base.value[LARSON_OPS];

    for (uint64_t i = 0; i < ops; i++) {
        larson_one(run, &slots[hm_rng_below(&run->base.rng, n_slots)]);
        if (i % LARSON_BATCH == LARSON_BATCH - 1)
            hm_meter_mark(&run->base.meter, LARSON_BATCH);
    }
    hm_meter_mark(&run->base.meter, ops % LARSON_BATCH);
}

static void larson_run(struct hm_block_run *run)
{
    uint64_t rounds = run->base.value[LARSON_ROUNDS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < rounds; i++) {
        larson_round(run, larson.slot[(run->thread + i) % run->threads]);
        if (run->threads > 1)
            (void)pthread_barrier_wait(&larson.round);
    }
    run->ops = rounds * run->base.value[LARSON_OPS];
}

static void larson_drop(struct hm_block_run *run)
{
    unsigned char **slots = larson.slot[run->thread];
    uint64_t n_slots = run->base.value[LARSON_SLOTS];
    uint64_t remote = run->remote_frees; /* the drop is not counted */

    for (uint64_t k = 0; k < n_slots; k++)
        larson_free(run, slots[k]);
    larson_free(run, atomic_exchange(&larson.aside[run->thread], NULL));
    run->remote_frees = remote;
    hm_arena_release(slots, n_slots * sizeof(*slots));
    if (run->thread == 0)
        HM_CHECK(pthread_barrier_destroy(&larson.round) == 0);
}

const struct hm_block_workload hm_block_larson = {
    .name = "larson",
    .summary = "a server whose blocks outlive the thread that made them",
    .source = "Larson and Krishnan, ISMM 1998",
    .operation = "free and malloc",
    .params = larson_params,
    .max_threads = LARSON_THREADS_MAX,
    .setup = larson_setup,
    .run = larson_run,
    .drop = larson_drop,
};
