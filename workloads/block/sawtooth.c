/* SPDX-License-Identifier: MIT */
/* sawtooth.c -- a heap is filled with small blocks and emptied in random order,
 * again and again: does the peak grow?
 *
 * Source:     the shape of bionic's malloc_rss_benchmark, ten times.
 * Differs:    the sizes of each tooth are drawn anew, so a hole is seldom
 *             filled by what left it.
 * Invariants: nothing is live between two teeth, and the same number of blocks
 *             at each top.
 * Costs:      as drain, and two readings of the resident set in the window.
 * Threads:    as drain; all are at a top together. */
#include "workloads/block_drain.h"

enum { SAWTOOTH_TEETH = HM_DRAIN_OWN };

static const struct hm_param sawtooth_params[] = {
    HM_DRAIN_PARAMS(32 << 20, 415 << 20),
    {"teeth", "times that the heap is filled", 10, 10, 1, 1 << 20},
    {0},
};

/* The resident set of the first and the last top, at a moment when no thread
 * allocates or frees. */
static void sawtooth_look(struct hm_block_run *run, uint64_t tooth)
{
    hm_drain_meet(run);
    if (run->thread == 0 && tooth == 0) {
        hm_run_figure(&run->base, "rss_first_top_bytes", hm_os_rss_bytes(0));
    }
    if (run->thread == 0 && tooth == run->base.value[SAWTOOTH_TEETH] - 1)
        hm_run_figure(&run->base, "rss_last_top_bytes", hm_os_rss_bytes(0));
    hm_drain_meet(run);
}

static void sawtooth_run(struct hm_block_run *run)
{
    uint64_t teeth = run->base.value[SAWTOOTH_TEETH];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < teeth; i++) {
        hm_drain_fill(run);
        sawtooth_look(run, i);
        hm_drain_free(run, 0);
    }
    hm_drain_end(run);
}

const struct hm_block_workload hm_block_sawtooth = {
    .name = "sawtooth",
    .summary = "fills a heap and empties it ten times: does the peak grow?",
    .source = "after bionic, malloc_rss_benchmark",
    .operation = "malloc or free",
    .params = sawtooth_params,
    .max_threads = HM_DRAIN_THREADS_MAX,
    .setup = hm_drain_setup,
    .run = sawtooth_run,
    .drop = hm_drain_close,
};
