/* SPDX-License-Identifier: MIT */
/* linux_scalability.c -- each thread allocates a block and frees it, over and
 * over: nothing but the fastest path, and whether threads share it.
 *
 * Source:     C. Lever and D. Boreham, "malloc() performance in a multithreaded
 *             Linux environment", USENIX 2000 and TR 00-5, test 1.
 * Differs:    the first byte is written and read back.
 * Invariants: one block per thread is live at most.
 * Costs:      a store and a load beside each pair.
 * Threads:    any number, nothing shared. */
#include "workloads/block.h"

enum { SCALE_OPS, SCALE_BYTES };

static const struct hm_param scale_params[] = {
    {"ops", "pairs of malloc and free, per thread", 10000000, 50000000, 1,
     UINT64_C(1) << 40},
    {"bytes", "size of each block", 512, 512, 1, 1 << 20},
    {0},
};

enum {
    SCALE_THREADS_MAX = 256,
    SCALE_BATCH = 512, /* pairs per sample */
};

static void scale_pair(struct hm_block_run *run, size_t bytes, uint64_t i)
{
    unsigned char *block = hm_block_alloc(run, bytes);

    block[0] = (unsigned char)i;
    HM_BLOCK_KEEP(block);
    hm_run_mix(&run->base, block[0]);
    hm_block_free(run, block);
}

static void scale_run(struct hm_block_run *run)
{
    uint64_t ops = run->base.value[SCALE_OPS];
    size_t bytes = run->base.value[SCALE_BYTES];

    hm_meter_start(&run->base.meter);
    for (uint64_t done = 0; done < ops;) {
        uint64_t batch = ops - done < SCALE_BATCH ? ops - done : SCALE_BATCH;

        for (uint64_t i = 0; i < batch; i++)
            scale_pair(run, bytes, i);
        hm_meter_mark(&run->base.meter, batch);
        done += batch;
    }
    run->ops = run->frees = ops;
}

static void scale_drop(struct hm_block_run *run)
{
    (void)run; /* nothing is held */
}

const struct hm_block_workload hm_block_linux_scalability = {
    .name = "linux_scalability",
    .summary = "allocates one block and frees it, over and over",
    .source = "Lever and Boreham, USENIX 2000",
    .operation = "malloc and free",
    .params = scale_params,
    .max_threads = SCALE_THREADS_MAX,
    .run = scale_run,
    .drop = scale_drop,
};
