/* SPDX-License-Identifier: MIT */
/* batch_free.c -- threads allocate blocks of four bytes to two megabytes, eight
 * of a size, and hand them in batches to one thread that frees them all.
 *
 * Source:     mimalloc, issue 1002; snmalloc, test lotsofthread.
 * Differs:    fixed work; the queue is bounded, so that what waits to be freed
 *             does not depend on how fast a malloc is.
 * Invariants: `batches` + `threads` + 1 batches are alive at most; the first
 *             byte of a block is all that is touched, so that less is resident
 *             than alive.
 * Costs:      a store for each block, a lock for each batch.
 * Threads:    one that frees, and `allocators` of the workload's own.
 *
 * The most bytes that waited in the queue is a figure of the run. */
#include "workloads/block_reclaim.h"

enum {
    BATCH_ALLOCATORS,
    BATCH_ROUNDS,
    BATCH_SIZES,
    BATCH_BLOCKS,
    BATCH_BATCHES,
};

static const struct hm_param batch_params[] = {
    {"allocators", "threads that allocate", 8, 8, 1, HM_BLOCK_PRODUCERS_MAX},
    {"rounds", "of eight blocks of a size, per allocator", 3000, 200000, 1,
     UINT64_C(1) << 40},
    {"sizes", "powers of two from four bytes on, in turn", 20, 20, 1, 24},
    {"batch", "blocks handed over at a time", 100, 100, 1, HM_BLOCK_BATCH_MAX},
    {"batches", "that wait at most, of all allocators", 16, 16, 1, 1 << 16},
    {0},
};

enum { BATCH_OF_A_SIZE = 8 };

static struct hm_block_reclaim batch_free;

static void batch_produce(struct hm_block_producer *producer)
{
    const uint64_t *value = producer->run->base.value;

    for (uint64_t i = 0; i < value[BATCH_ROUNDS]; i++) {
        size_t bytes = sizeof(int) << i % value[BATCH_SIZES];

        for (unsigned k = 0; k < BATCH_OF_A_SIZE; k++) {
            unsigned char *block = hm_block_alloc(producer->run, bytes);

            block[0] = (unsigned char)(i + k);
            hm_block_reclaim_give(producer, block, bytes);
        }
    }
}

static void batch_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;

    (void)threads;
    batch_free.producers = (unsigned)value[BATCH_ALLOCATORS];
    batch_free.batch = (uint32_t)value[BATCH_BLOCKS];
    batch_free.produce = batch_produce;
    hm_block_reclaim_init(&batch_free, run, (uint32_t)value[BATCH_BATCHES]);
}

static void batch_run(struct hm_block_run *run)
{
    hm_block_reclaim_run(&batch_free, run);
    hm_run_figure(&run->base, "queue_peak_bytes", batch_free.queue.peak_bytes);
}

static void batch_drop(struct hm_block_run *run)
{
    (void)run; /* nothing is held */
}

const struct hm_block_workload hm_block_batch_free = {
    .name = "batch_free",
    .summary = "batches of blocks of every size, all freed by one thread",
    .source = "mimalloc, issue 1002",
    .operation = "malloc and remote free",
    .params = batch_params,
    .max_threads = 1,
    .setup = batch_setup,
    .run = batch_run,
    .drop = batch_drop,
};
