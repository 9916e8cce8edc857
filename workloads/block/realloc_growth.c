/* SPDX-License-Identifier: MIT */
/* realloc_growth.c -- buffers grow in turns from a few bytes to a MiB, as
 * strings and arrays do: is a block extended in place, remapped or copied?
 *
 * Source:     the doubling array of every textbook; factors 2 and 1.5 as in
 *             common libraries.
 * Differs:    every second buffer grows by 2, the others by 1.5; several grow
 *             at a time, so that the last one is not alone behind the heap's
 *             end.
 * Invariants: the first and the last byte before a realloc are there after it;
 *             every page of the new part is touched once.
 * Costs:      two loads for each realloc, a store for each new page.
 * Threads:    one. */
#include "workloads/block.h"

enum { GROWTH_ROUNDS, GROWTH_BUFFERS, GROWTH_LEAST_BYTES, GROWTH_MOST_BYTES };

static const struct hm_param growth_params[] = {
    {"rounds", "times that all buffers grow", 40, 400, 1, 1 << 24},
    {"buffers", "that grow in turns", 16, 16, 1, 256},
    {"least_bytes", "first size", 8, 8, 2, 1 << 20},
    {"most_bytes", "last size", 1 << 20, 1 << 20, 2, 1 << 30},
    {0},
};

enum { GROWTH_BUFFERS_MAX = 256 };

static struct {
    unsigned char *block;
    size_t bytes;
} growth[GROWTH_BUFFERS_MAX];

static size_t growth_next_bytes(uint64_t k, size_t most_bytes)
{
    size_t bytes = growth[k].bytes;
    size_t next_bytes = k % 2 == 0 ? 2 * bytes : bytes + bytes / 2;

    return next_bytes < most_bytes ? next_bytes : most_bytes;
}

/* The block has `bytes`, of which those from `from` on are new. */
static void growth_set(struct hm_block_run *run, uint64_t k,
                       unsigned char *block, size_t from, size_t bytes)
{
    hm_block_touch(block + from, bytes - from, (unsigned char)k);
    block[bytes - 1] = (unsigned char)run->ops;
    HM_BLOCK_KEEP(block);
    growth[k].block = block;
    growth[k].bytes = bytes;
}

static void growth_step(struct hm_block_run *run, uint64_t k, size_t most_bytes)
{
    size_t had = growth[k].bytes, bytes = growth_next_bytes(k, most_bytes);
    unsigned char *block = hm_block_resize(run, growth[k].block, bytes);

    hm_run_mix(&run->base, (uint32_t)block[0] << 8 | block[had - 1]);
    run->ops++;
    run->frees++;
    growth_set(run, k, block, had, bytes);
}

/* One step of every buffer that is not full; how many these are. */
static uint64_t growth_turn(struct hm_block_run *run)
{
    uint64_t n = run->base.value[GROWTH_BUFFERS], steps = 0;
    size_t most_bytes = run->base.value[GROWTH_MOST_BYTES];

    for (uint64_t k = 0; k < n; k++) {
        if (growth[k].bytes < most_bytes) {
            growth_step(run, k, most_bytes);
            steps++;
        }
    }
    return steps;
}

static void growth_round(struct hm_block_run *run)
{
    uint64_t n = run->base.value[GROWTH_BUFFERS], steps;
    size_t bytes = run->base.value[GROWTH_LEAST_BYTES];

    for (uint64_t k = 0; k < n; k++)
        growth_set(run, k, hm_block_alloc(run, bytes), 0, bytes);
    while ((steps = growth_turn(run)) > 0)
        hm_meter_mark(&run->base.meter, steps);
    for (uint64_t k = 0; k < n; k++)
        hm_block_free(run, growth[k].block);
    run->frees += n;
}

static void growth_run(struct hm_block_run *run)
{
    uint64_t rounds = run->base.value[GROWTH_ROUNDS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < rounds; i++)
        growth_round(run);
}

static void growth_drop(struct hm_block_run *run)
{
    (void)run; /* nothing is held */
}

const struct hm_block_workload hm_block_realloc_growth = {
    .name = "realloc_growth",
    .summary = "buffers grow in turns by 2 or 1.5, from 8 bytes to 1 MiB",
    .source = "doubling arrays",
    .operation = "realloc",
    .params = growth_params,
    .max_threads = 1,
    .run = growth_run,
    .drop = growth_drop,
};
