/* SPDX-License-Identifier: MIT */
/* remote_reclaimer.c -- threads that keep a fixed number of blocks each and
 * replace random ones; what they replace goes through a bounded queue to one
 * thread that only frees, and never allocates.
 *
 * Source:     mimalloc, issue 1364 (steady at 437 MiB before a change of that
 *             malloc and at 1.8 GiB after it, with about 370 MiB alive).
 * Differs:    fixed work; one queue for all, of batches; a smaller live set by
 *             default, the with full size.
 * Invariants: `producers` * `blocks` blocks are alive at the end, and at most
 *             `batch` * (`batches` + `producers` + 1) more while it runs; each
 *             block that is replaced is freed by a thread that did not allocate
 *             it.
 * Costs:      a random number and two stores for a replacement, a lock for each
 *             batch.
 * Threads:    one that frees, and `producers` of the workload's own. */
#include "common/arena.h"
#include "workloads/block_reclaim.h"

enum {
    RECLAIMER_PRODUCERS,
    RECLAIMER_BLOCKS,
    RECLAIMER_BYTES,
    RECLAIMER_OPS,
    RECLAIMER_BATCH,
    RECLAIMER_BATCHES,
};

static const struct hm_param reclaimer_params[] = {
    {"producers", "threads that allocate", 16, 16, 1, HM_BLOCK_PRODUCERS_MAX},
    {"blocks", "held by each", 4096, 40960, 1, 1 << 21},
    {"bytes", "size of a block", 592, 592, 1, 1 << 20},
    {"ops", "blocks replaced, per producer", 60000, 1000000, 1,
     UINT64_C(1) << 40},
    {"batch", "blocks handed over at a time", 64, 64, 1, HM_BLOCK_BATCH_MAX},
    {"batches", "that wait at most, of all producers", 64, 64, 1, 1 << 16},
    {0},
};

static struct hm_block_reclaim reclaimer;
static unsigned char **reclaimer_held; /* `blocks` for each producer */

static unsigned char *reclaimer_new(struct hm_block_producer *producer,
                                    uint64_t i)
{
    size_t bytes = producer->run->base.value[RECLAIMER_BYTES];
    unsigned char *block = hm_block_alloc(producer->run, bytes);

    hm_block_touch(block, bytes, (unsigned char)(i + producer->number));
    return block;
}

static void reclaimer_produce(struct hm_block_producer *producer)
{
    const uint64_t *value = producer->run->base.value;
    unsigned char **held =
        &reclaimer_held[producer->number * value[RECLAIMER_BLOCKS]];

    for (uint64_t k = 0; k < value[RECLAIMER_BLOCKS]; k++)
        held[k] = reclaimer_new(producer, k);
    for (uint64_t i = 0; i < value[RECLAIMER_OPS]; i++) {
        uint32_t k =
            hm_rng_below(&producer->rng, (uint32_t)value[RECLAIMER_BLOCKS]);
        unsigned char *block = reclaimer_new(producer, i);

        hm_block_reclaim_give(producer, held[k], value[RECLAIMER_BYTES]);
        held[k] = block;
    }
}

static void reclaimer_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;

    (void)threads;
    reclaimer.producers = (unsigned)value[RECLAIMER_PRODUCERS];
    reclaimer.batch = (uint32_t)value[RECLAIMER_BATCH];
    reclaimer.produce = reclaimer_produce;
    reclaimer_held =
        hm_arena_alloc(value[RECLAIMER_PRODUCERS] * value[RECLAIMER_BLOCKS] *
                       sizeof(*reclaimer_held));
    hm_block_reclaim_init(&reclaimer, run, (uint32_t)value[RECLAIMER_BATCHES]);
}

static void reclaimer_run(struct hm_block_run *run)
{
    hm_block_reclaim_run(&reclaimer, run);
}

static void reclaimer_drop(struct hm_block_run *run)
{
    const uint64_t *value = run->base.value;
    uint64_t n = value[RECLAIMER_PRODUCERS] * value[RECLAIMER_BLOCKS];

    for (uint64_t k = 0; k < n; k++)
        hm_block_free(run, reclaimer_held[k]);
    run->frees += n;
    hm_arena_release(reclaimer_held, n * sizeof(*reclaimer_held));
}

const struct hm_block_workload hm_block_remote_reclaimer = {
    .name = "remote_reclaimer",
    .summary = "many threads replace blocks of their own, one frees them all",
    .source = "mimalloc, issue 1364",
    .operation = "malloc and remote free",
    .params = reclaimer_params,
    .max_threads = 1,
    .setup = reclaimer_setup,
    .run = reclaimer_run,
    .drop = reclaimer_drop,
};
