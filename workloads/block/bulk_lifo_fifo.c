/* SPDX-License-Identifier: MIT */
/* bulk_lifo_fifo.c -- a number of blocks is allocated, then freed in the same
 * order or the reverse one, in turn.
 *
 * Source:     glibc's benchtests, bench-malloc-simple.
 * Differs:    both orders in one run; the first byte is written and read back.
 * Invariants: a thread frees only what it allocated; after each round nothing
 *             is live.
 * Costs:      a store and a load beside each pair.
 * Threads:    any number, nothing shared. */
#include "common/arena.h"
#include "workloads/block.h"

enum { BULK_OPS, BULK_BLOCKS, BULK_BYTES };

static const struct hm_param bulk_params[] = {
    {"ops", "pairs of malloc and free, per thread", 5000000, 20000000, 1,
     UINT64_C(1) << 40},
    {"blocks", "held at a time", 400, 1600, 1, 1 << 24},
    {"bytes", "size of each block", 128, 128, 1, 1 << 20},
    {0},
};

enum { BULK_THREADS_MAX = 256 };

static unsigned char **bulk_block[BULK_THREADS_MAX];

static void bulk_setup(struct hm_block_run *run, unsigned threads)
{
    for (unsigned t = 0; t < threads; t++) {
        bulk_block[t] = hm_arena_alloc(run->base.value[BULK_BLOCKS] *
                                       sizeof(*bulk_block[t]));
    }
}

static void bulk_free(struct hm_block_run *run, unsigned char *block)
{
    hm_run_mix(&run->base, block[0]);
    hm_block_free(run, block);
}

static void bulk_round(struct hm_block_run *run, uint64_t n, int is_lifo)
{
    unsigned char **block = bulk_block[run->thread];
    size_t bytes = run->base.value[BULK_BYTES];

    for (uint64_t i = 0; i < n; i++) {
        block[i] = hm_block_alloc(run, bytes);
        block[i][0] = (unsigned char)i;
    }
    for (uint64_t i = 0; i < n; i++)
        bulk_free(run, block[is_lifo ? n - 1 - i : i]);
}

static void bulk_run(struct hm_block_run *run)
{
    uint64_t ops = run->base.value[BULK_OPS];
    uint64_t blocks = run->base.value[BULK_BLOCKS];

    hm_meter_start(&run->base.meter);
    for (uint64_t done = 0, round = 0; done < ops; round++) {
        uint64_t n = ops - done < blocks ? ops - done : blocks;

        bulk_round(run, n, (int)(round & 1));
        hm_meter_mark(&run->base.meter, n);
        done += n;
    }
    run->ops = run->frees = ops;
}

static void bulk_drop(struct hm_block_run *run)
{
    hm_arena_release(bulk_block[run->thread],
                     run->base.value[BULK_BLOCKS] * sizeof(*bulk_block[0]));
}

const struct hm_block_workload hm_block_bulk_lifo_fifo = {
    .name = "bulk_lifo_fifo",
    .summary = "allocates a few hundred blocks, frees them in either order",
    .source = "glibc benchtests, bench-malloc-simple",
    .operation = "malloc and free",
    .params = bulk_params,
    .max_threads = BULK_THREADS_MAX,
    .setup = bulk_setup,
    .run = bulk_run,
    .drop = bulk_drop,
};
