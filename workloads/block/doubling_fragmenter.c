/* SPDX-License-Identifier: MIT */
/* doubling_fragmenter.c -- pairs of blocks are allocated, one of each pair is
 * freed, and the next pairs are twice as large: no allocator that does not move
 * blocks can use the holes again.
 *
 * Source:     J. M. Robson, "Worst case fragmentation of first fit and best fit
 *             storage allocation strategies", Computer Journal 20(3), 1977; the
 *             program as in Mesh's fragmenter.
 * Differs:    pointers are outside the heap; blocks are touched on every page.
 * Invariants: live bytes never exceed the budget, and are its half after each
 *             step.
 * Costs:      8 bytes outside the heap for each block; O(blocks).
 * Threads:    one. */
#include "common/arena.h"
#include "workloads/block.h"

enum { DOUBLING_BUDGET, DOUBLING_FIRST };

static const struct hm_param doubling_params[] = {
    {"budget", "most live bytes", 128 << 20, 512 << 20, 1 << 16,
     UINT64_C(1) << 40},
    {"first_bytes", "size of the smallest blocks", 512, 512, 16, 1 << 20},
    {0},
};

enum { DOUBLING_PAGE_BYTES = 4096 };

static struct {
    unsigned char **kept;
    uint64_t n, most;
} doubling;

static void doubling_setup(struct hm_block_run *run, unsigned threads)
{
    (void)threads;
    doubling.n = 0;
    doubling.most =
        run->base.value[DOUBLING_BUDGET] / run->base.value[DOUBLING_FIRST];
    doubling.kept = hm_arena_alloc(doubling.most * sizeof(*doubling.kept));
}

static unsigned char *doubling_block(struct hm_block_run *run, size_t bytes)
{
    unsigned char *block = hm_block_alloc(run, bytes);

    for (size_t at = 0; at < bytes; at += DOUBLING_PAGE_BYTES)
        block[at] = (unsigned char)doubling.n;
    run->ops++;
    return block;
}

/* Pairs of `bytes` until `left_bytes` are used, then every second one goes.
 * Returns the bytes that stay. */
static uint64_t doubling_step(struct hm_block_run *run, size_t bytes,
                              uint64_t left_bytes)
{
    uint64_t first = doubling.n, last, pairs = left_bytes / 2 / bytes;

    for (uint64_t i = 0; i < 2 * pairs; i++)
        doubling.kept[doubling.n++] = doubling_block(run, bytes);
    last = doubling.n;
    doubling.n = first;
    for (uint64_t i = first; i < last; i += 2) {
        hm_run_mix(&run->base, doubling.kept[i][0]);
        hm_block_free(run, doubling.kept[i]);
        doubling.kept[doubling.n++] = doubling.kept[i + 1];
    }
    run->frees += pairs;
    hm_meter_mark(&run->base.meter, 2 * pairs);
    return pairs * bytes;
}

static void doubling_run(struct hm_block_run *run)
{
    uint64_t left = run->base.value[DOUBLING_BUDGET];
    size_t bytes = run->base.value[DOUBLING_FIRST];

    hm_meter_start(&run->base.meter);
    for (; left >= 2 * bytes && doubling.n + left / bytes <= doubling.most;
         bytes *= 2)
        left -= doubling_step(run, bytes, left);
}

static void doubling_drop(struct hm_block_run *run)
{
    while (doubling.n > 0) {
        hm_block_free(run, doubling.kept[--doubling.n]);
        run->frees++;
    }
    hm_arena_release(doubling.kept, doubling.most * sizeof(*doubling.kept));
}

const struct hm_block_workload hm_block_doubling_fragmenter = {
    .name = "doubling_fragmenter",
    .summary = "sizes double and every second block stays: a bound of theory",
    .source = "Robson, Computer Journal 20(3), 1977",
    .operation = "malloc",
    .params = doubling_params,
    .max_threads = 1,
    .setup = doubling_setup,
    .run = doubling_run,
    .drop = doubling_drop,
};
