/* SPDX-License-Identifier: MIT */
/* pinned.c -- as drain, but a few random blocks survive: how much memory do
 * they pin?
 *
 * Source:     the shape of bionic's malloc_rss_benchmark, which keeps a tenth.
 * Differs:    survivors are any blocks, drawn at random, one in a hundred; the
 *             resident set is read as in drain, before they are freed.
 * Invariants: at the end of the window a `keep`-th part in thousand of the
 *             blocks is live, intact.
 * Costs:      as drain.
 * Threads:    as drain. */
#include "workloads/block_drain.h"

enum { PINNED_WATCH_MS = HM_DRAIN_OWN, PINNED_KEEP };

static const struct hm_param pinned_params[] = {
    HM_DRAIN_PARAMS(128 << 20, 415 << 20),
    HM_WATCH_PARAM,
    {"keep", "blocks that survive, in thousand", 10, 10, 0, 1000},
    {0},
};

static void pinned_run(struct hm_block_run *run)
{
    uint64_t keep = run->base.value[PINNED_KEEP];

    hm_meter_start(&run->base.meter);
    hm_drain_fill(run);
    hm_drain_meet(run); /* full together */
    hm_drain_free(run, hm_drain.part[run->thread].most * keep / 1000);
    hm_drain_end(run);
}

static void pinned_drop(struct hm_block_run *run)
{
    if (run->thread == 0)
        hm_drain_watch(run, run->base.value[PINNED_WATCH_MS]);
    hm_drain_close(run);
}

const struct hm_block_workload hm_block_pinned = {
    .name = "pinned",
    .summary = "frees all but one block in a hundred: what do these pin?",
    .source = "after bionic, malloc_rss_benchmark",
    .operation = "malloc or free",
    .params = pinned_params,
    .max_threads = HM_DRAIN_THREADS_MAX,
    .is_trimmed = 1,
    .setup = hm_drain_setup,
    .run = pinned_run,
    .drop = pinned_drop,
};
