/* SPDX-License-Identifier: MIT */
/* ring_churn.c -- a ring of slots is filled with many small and few large
 * blocks, then freed but for a moving window, in both orders, over and over: by
 * far more frees in a row than a thread's cache holds.
 *
 * Source:     sh6bench of MicroQuill's SmartHeap, as mimalloc-bench runs it,
 *             from a description.
 * Differs:    design and numbers are our own (ring.h): fixed work, a cycle of
 *             sizes from 1 to 1000 bytes, one window in place of saved chunks.
 * Invariants: a thread frees only what it allocated; a round leaves a fifth of
 *             the blocks alive; the first byte of a block is what was written
 *             there.
 * Costs:      two stores and a load beside each pair.
 * Threads:    any number up to RING_CHURN_THREADS_MAX, nothing shared. */
#include "workloads/ring.h"

enum {
    RING_CHURN_OPS,
    RING_CHURN_SLOTS,
    RING_CHURN_MIN_BYTES,
    RING_CHURN_MAX_BYTES,
};

static const struct hm_param ring_churn_params[] = {
    {"ops", "blocks, per thread", 10000000, 50000000, 1, UINT64_C(1) << 40},
    {"slots", "of each thread's ring, a fifth of which survives a round", 10000,
     10000, HM_RING_SLOTS_MIN, HM_RING_SLOTS_MAX},
    {"min_bytes", "smallest block", 1, 1, 1, HM_RING_BYTES_MAX},
    {"max_bytes", "largest block (not below min_bytes)", 1000, 1000, 1,
     HM_RING_BYTES_MAX},
    {0},
};

enum { RING_CHURN_THREADS_MAX = 128 };

static struct {
    _Alignas(64) struct hm_ring ring;
} ring_churn[RING_CHURN_THREADS_MAX];

static void ring_churn_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;

    for (unsigned t = 0; t < threads; t++) {
        hm_ring_open(&ring_churn[t].ring, value[RING_CHURN_SLOTS],
                     value[RING_CHURN_MIN_BYTES], value[RING_CHURN_MAX_BYTES]);
    }
}

static void ring_churn_run(struct hm_block_run *run)
{
    uint64_t ops = run->base.value[RING_CHURN_OPS];

    hm_meter_start(&run->base.meter);
    hm_ring_steps(run, &ring_churn[run->thread].ring, ops);
    run->ops = ops;
}

static void ring_churn_drop(struct hm_block_run *run)
{
    hm_ring_drop(run, &ring_churn[run->thread].ring);
}

const struct hm_block_workload hm_block_ring_churn = {
    .name = "ring_churn",
    .summary = "fills a ring of slots, frees all but a window, in both orders",
    .source = "after sh6bench of MicroQuill's SmartHeap",
    .operation = "malloc and free",
    .params = ring_churn_params,
    .max_threads = RING_CHURN_THREADS_MAX,
    .setup = ring_churn_setup,
    .run = ring_churn_run,
    .drop = ring_churn_drop,
};
