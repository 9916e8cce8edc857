/* SPDX-License-Identifier: MIT */
/* tcache_ring.c -- a few slots are filled and freed in turn: a block comes back
 * after a handful of others, from whatever cache a thread has.
 *
 * Source:     glibc's benchtests, bench-malloc-tcache.
 * Differs:    fixed work instead of three seconds; the slots are a parameter;
 *             the first byte is written and read back.
 * Invariants: a thread frees only what it allocated, the oldest first.
 * Costs:      a store and a load beside each pair.
 * Threads:    any number, nothing shared. */
#include "workloads/block.h"

enum { TCACHE_OPS, TCACHE_SLOTS, TCACHE_BYTES };

static const struct hm_param tcache_params[] = {
    {"ops", "pairs of malloc and free, per thread", 10000000, 50000000, 1,
     UINT64_C(1) << 40},
    {"slots", "blocks held", 4, 4, 1, 64},
    {"bytes", "size of each block", 64, 64, 1, 1 << 20},
    {0},
};

enum { TCACHE_THREADS_MAX = 256, TCACHE_SLOTS_MAX = 64, TCACHE_BATCH = 512 };

static struct tcache_ring {
    _Alignas(64) unsigned char *slot[TCACHE_SLOTS_MAX];
} tcache_ring[TCACHE_THREADS_MAX];

static void tcache_free(struct hm_block_run *run, unsigned char **slot)
{
    if (*slot == NULL)
        return;
    hm_run_mix(&run->base, (*slot)[0]);
    hm_block_free(run, *slot);
    *slot = NULL;
    run->frees++;
}

static void tcache_run(struct hm_block_run *run)
{
    unsigned char **slot = tcache_ring[run->thread].slot;
    uint64_t ops = run->base.value[TCACHE_OPS];
    uint64_t n_slots = run->base.value[TCACHE_SLOTS], k = 0;
    size_t bytes = run->base.value[TCACHE_BYTES];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < ops; i++) {
        tcache_free(run, &slot[k]);
        slot[k] = hm_block_alloc(run, bytes);
        slot[k][0] = (unsigned char)i;
        k = k + 1 < n_slots ? k + 1 : 0;
        if (i % TCACHE_BATCH == TCACHE_BATCH - 1)
            hm_meter_mark(&run->base.meter, TCACHE_BATCH);
    }
    hm_meter_mark(&run->base.meter, ops % TCACHE_BATCH);
    run->ops = ops;
}

static void tcache_drop(struct hm_block_run *run)
{
    for (unsigned k = 0; k < TCACHE_SLOTS_MAX; k++)
        tcache_free(run, &tcache_ring[run->thread].slot[k]);
}

const struct hm_block_workload hm_block_tcache_ring = {
    .name = "tcache_ring",
    .summary = "fills and frees a few slots in turn",
    .source = "glibc benchtests, bench-malloc-tcache",
    .operation = "free and malloc",
    .params = tcache_params,
    .max_threads = TCACHE_THREADS_MAX,
    .run = tcache_run,
    .drop = tcache_drop,
};
