/* SPDX-License-Identifier: MIT */
/* leak_slow.c -- random blocks are replaced, and one in a thousand is forgotten
 * and not freed: a leak that takes days to be noticed.
 *
 * Source:     the leak workloads of objects, as a program that calls malloc.
 * Differs:    many steps beside a live set, for a pair of malloc and free is
 *             cheap; no verdict, for what is lost is 0.1 % of what is
 *             allocated, and the verdict's least is 5 %.  Compare the counter
 *             lost_bytes with the figure rss_growth_bytes.
 * Invariants: `slots` blocks are needed at any time; lost ones are never looked
 *             at again, and never freed.
 * Costs:      two random numbers, a load and a store for each step; the
 *             resident set is read twice in the window.
 * Threads:    one. */
#include "common/arena.h"
#include "common/os.h"
#include "workloads/block.h"

enum { SLOW_STEPS, SLOW_BYTES, SLOW_SLOTS, SLOW_LOST };

static const struct hm_param slow_params[] = {
    {"steps", "blocks replaced", 10000000, 100000000, 1, UINT64_C(1) << 40},
    {"bytes", "size of a block", 256, 256, 4, 1 << 20},
    {"slots", "blocks needed", 4096, 4096, 1, 1 << 21},
    {"lost", "blocks forgotten, in thousand", 1, 1, 0, 1000},
    {0},
};

enum { SLOW_BATCH = 128 }; /* steps per sample */

static struct {
    unsigned char **slot;
    uint64_t lost;
} slow;

static unsigned char *slow_block(struct hm_block_run *run, uint64_t i)
{
    unsigned char *block = hm_block_alloc(run, run->base.value[SLOW_BYTES]);

    *(uint32_t *)(void *)block = (uint32_t)i;
    HM_BLOCK_KEEP(block);
    return block;
}

static void slow_setup(struct hm_block_run *run, unsigned threads)
{
    (void)threads;
    slow.lost = 0;
    slow.slot =
        hm_arena_alloc(run->base.value[SLOW_SLOTS] * sizeof(*slow.slot));
}

static void slow_step(struct hm_block_run *run, uint64_t i)
{
    const uint64_t *value = run->base.value;
    uint32_t k = hm_rng_below(&run->base.rng, (uint32_t)value[SLOW_SLOTS]);

    hm_run_mix(&run->base, *(uint32_t *)(void *)slow.slot[k]);
    if (hm_rng_below(&run->base.rng, 1000) < value[SLOW_LOST]) {
        hm_block_lose(run, slow.slot[k]);
        slow.lost++;
    } else {
        hm_block_free(run, slow.slot[k]);
        run->frees++;
    }
    slow.slot[k] = slow_block(run, i);
}

static void slow_steps(struct hm_block_run *run)
{
    uint64_t steps = run->base.value[SLOW_STEPS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < steps; i++) {
        slow_step(run, i);
        if (i % SLOW_BATCH == SLOW_BATCH - 1)
            hm_meter_mark(&run->base.meter, SLOW_BATCH);
    }
    hm_meter_mark(&run->base.meter, steps % SLOW_BATCH);
    run->ops = steps;
}

static void slow_run(struct hm_block_run *run)
{
    const uint64_t *value = run->base.value;
    uint64_t start_bytes, end_bytes;

    for (uint64_t k = 0; k < value[SLOW_SLOTS]; k++)
        slow.slot[k] = slow_block(run, k);
    start_bytes = hm_os_rss_bytes(0);
    slow_steps(run);
    end_bytes = hm_os_rss_bytes(0);
    hm_run_figure(&run->base, "rss_growth_bytes",
                  end_bytes > start_bytes ? end_bytes - start_bytes : 0);
    hm_run_count(&run->base, "lost_bytes", slow.lost * value[SLOW_BYTES]);
}

static void slow_drop(struct hm_block_run *run)
{
    uint64_t n = run->base.value[SLOW_SLOTS];

    for (uint64_t k = 0; k < n; k++)
        hm_block_free(run, slow.slot[k]);
    run->frees += n;
    hm_arena_release(slow.slot, n * sizeof(*slow.slot));
}

const struct hm_block_workload hm_block_leak_slow = {
    .name = "leak_slow",
    .summary = "forgets one block in a thousand",
    .source = "a leak in a program that calls malloc",
    .operation = "free and malloc",
    .params = slow_params,
    .max_threads = 1,
    .setup = slow_setup,
    .run = slow_run,
    .drop = slow_drop,
};
