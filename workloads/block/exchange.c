/* SPDX-License-Identifier: MIT */
/* exchange.c -- each thread puts a new block into a random one of many shared
 * slots and frees what was there, whoever allocated it.
 *
 * Source:     snmalloc, contention test.
 * Differs:    the slots are outside the heap; sizes are 16 to 1039 bytes as
 *             there; a block names its thread in its first byte, from which the
 *             share of remote frees is counted.
 * Invariants: a slot's block is freed once; after drop, frees equals requests.
 *             A thread's checksum is of what it allocated, since whose block it
 *             frees depends on who came first.
 * Costs:      two random numbers and an atomic exchange beside each pair.
 * Threads:    up to EXCHANGE_THREADS_MAX, on the same slots. */
#include "common/arena.h"
#include "workloads/block.h"

#include <stdatomic.h>

enum { EXCHANGE_OPS, EXCHANGE_SLOTS };

static const struct hm_param exchange_params[] = {
    {"ops", "blocks put, per thread", 1 << 20, 1 << 23, 1, UINT64_C(1) << 40},
    {"slots", "shared by all threads", 1 << 16, 1 << 18, 1, 1 << 21},
    {0},
};

enum {
    EXCHANGE_THREADS_MAX = 128,
    EXCHANGE_LEAST_BYTES = 16,
    EXCHANGE_SPAN_BYTES = 1024,
    EXCHANGE_BATCH = 64,
};

static unsigned char *_Atomic *exchange_slot;

static void exchange_setup(struct hm_block_run *run, unsigned threads)
{
    (void)threads;
    exchange_slot = hm_arena_alloc(run->base.value[EXCHANGE_SLOTS] *
                                   sizeof(*exchange_slot));
}

static void exchange_free(struct hm_block_run *run, unsigned char *block)
{
    if (block == NULL)
        return;
    run->remote_frees += block[0] != (unsigned char)run->thread;
    hm_block_free(run, block);
    run->frees++;
}

static void exchange_one(struct hm_block_run *run, uint32_t n_slots)
{
    uint32_t k = hm_rng_below(&run->base.rng, n_slots);
    uint32_t bytes = EXCHANGE_LEAST_BYTES +
                     hm_rng_below(&run->base.rng, EXCHANGE_SPAN_BYTES);
    unsigned char *block = hm_block_alloc(run, bytes);

    block[0] = (unsigned char)run->thread;
    hm_run_mix(&run->base, bytes);
    exchange_free(run, atomic_exchange_explicit(&exchange_slot[k], block,
                                                memory_order_acq_rel));
}

static void exchange_run(struct hm_block_run *run)
{
    uint64_t ops = run->base.value[EXCHANGE_OPS];
    uint32_t n_slots = (uint32_t)run->base.value[EXCHANGE_SLOTS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < ops; i++) {
        exchange_one(run, n_slots);
        if (i % EXCHANGE_BATCH == EXCHANGE_BATCH - 1)
            hm_meter_mark(&run->base.meter, EXCHANGE_BATCH);
    }
    hm_meter_mark(&run->base.meter, ops % EXCHANGE_BATCH);
    run->ops = ops;
}

/* The first thread empties the slots; remote or not, it is after the run. */
static void exchange_drop(struct hm_block_run *run)
{
    uint64_t n_slots = run->base.value[EXCHANGE_SLOTS];

    if (run->thread != 0)
        return;
    for (uint64_t k = 0; k < n_slots; k++) {
        unsigned char *block = atomic_exchange(&exchange_slot[k], NULL);

        if (block != NULL) {
            hm_block_free(run, block);
            run->frees++;
        }
    }
    hm_arena_release((void *)exchange_slot, n_slots * sizeof(*exchange_slot));
}

const struct hm_block_workload hm_block_exchange = {
    .name = "exchange",
    .summary = "puts blocks into shared slots, frees whatever was there",
    .source = "snmalloc, contention test",
    .operation = "malloc and free",
    .params = exchange_params,
    .max_threads = EXCHANGE_THREADS_MAX,
    .setup = exchange_setup,
    .run = exchange_run,
    .drop = exchange_drop,
};
