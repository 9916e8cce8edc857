/* SPDX-License-Identifier: MIT */
/* large_small_frag.c -- a large buffer comes and goes, and each time a small
 * block stays: if it lies in the buffer's place, the next buffer needs another
 * one.
 *
 * Source:     tcmalloc's tests of fragmentation by large and small blocks.
 * Differs:    every page of the buffer is touched; numbers are parameters.
 * Invariants: one buffer is live at most, and a small block for each round so
 *             far; the resident set should not exceed the start by three
 *             buffers (rss_peak_bytes - rss_base_bytes).
 * Costs:      a store for each page of the buffer.
 * Threads:    one. */
#include "common/arena.h"
#include "workloads/block.h"

enum { FRAG_ROUNDS, FRAG_LARGE_BYTES, FRAG_SMALL_BYTES };

static const struct hm_param frag_params[] = {
    {"rounds", "buffers, and blocks that stay", 25, 100, 1, 1 << 24},
    {"large_bytes", "size of a buffer", 32 << 20, 32 << 20, 1, 1 << 30},
    {"small_bytes", "size of a block that stays", 1000, 1000, 1, 1 << 20},
    {0},
};

static unsigned char **frag_small;

static void frag_setup(struct hm_block_run *run, unsigned threads)
{
    (void)threads;
    frag_small =
        hm_arena_alloc(run->base.value[FRAG_ROUNDS] * sizeof(*frag_small));
}

/* The small block is allocated while the buffer's place is free. */
static void frag_round(struct hm_block_run *run, uint64_t i)
{
    size_t bytes = run->base.value[FRAG_LARGE_BYTES];
    unsigned char *large = hm_block_alloc(run, bytes);

    hm_block_touch(large, bytes, (unsigned char)i);
    HM_BLOCK_KEEP(large);
    hm_run_mix(&run->base, large[0]);
    hm_block_free(run, large);
    run->frees++;
    frag_small[i] = hm_block_alloc(run, run->base.value[FRAG_SMALL_BYTES]);
    frag_small[i][0] = (unsigned char)i;
}

static void frag_run(struct hm_block_run *run)
{
    uint64_t rounds = run->base.value[FRAG_ROUNDS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < rounds; i++) {
        frag_round(run, i);
        hm_meter_mark(&run->base.meter, 1);
    }
    run->ops = rounds;
}

static void frag_drop(struct hm_block_run *run)
{
    uint64_t rounds = run->base.value[FRAG_ROUNDS];

    for (uint64_t i = 0; i < rounds; i++) {
        hm_run_mix(&run->base, frag_small[i][0]);
        hm_block_free(run, frag_small[i]);
    }
    run->frees += rounds;
    hm_arena_release(frag_small, rounds * sizeof(*frag_small));
}

const struct hm_block_workload hm_block_large_small_frag = {
    .name = "large_small_frag",
    .summary = "a small block stays wherever a large buffer has been",
    .source = "tcmalloc's tests",
    .operation = "buffer",
    .params = frag_params,
    .max_threads = 1,
    .setup = frag_setup,
    .run = frag_run,
    .drop = frag_drop,
};
