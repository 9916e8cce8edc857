/* SPDX-License-Identifier: MIT */
/* drain.c -- a heap is filled with small blocks, all are freed in random order,
 * and the program waits: does the memory come back?
 *
 * Source:     the shape of bionic's malloc_rss_benchmark.
 * Differs:    sizes are mixed and the heap is larger, where the original has 16
 *             MiB of one size; nothing is filled again; the resident set is
 *             read 0, 100, 1000 and 5000 ms after the last free, as far as
 *             `watch_ms` goes, after 1000 more pairs of malloc and free, and
 *             after a trim; pages given back by MADV_FREE, which the kernel
 *             has not needed yet, do not count.
 * Invariants: at the end of the window nothing is live; a block begins with its
 *             number, which goes into the checksum when it is freed.
 * Costs:      a random number for each request, 8 bytes outside the heap for
 *             each block.  Waiting is outside of the clock window.
 * Threads:    up to HM_DRAIN_THREADS_MAX, each with its own blocks; they stay
 *             alive, with their caches, while the first one looks. */
#include "workloads/block_drain.h"

enum { DRAIN_WATCH_MS = HM_DRAIN_OWN };

static const struct hm_param drain_params[] = {
    HM_DRAIN_PARAMS(128 << 20, 415 << 20),
    HM_WATCH_PARAM,
    {0},
};

static void drain_run(struct hm_block_run *run)
{
    hm_meter_start(&run->base.meter);
    hm_drain_fill(run);
    hm_drain_meet(run); /* full together */
    hm_drain_free(run, 0);
    hm_drain_end(run);
}

static void drain_drop(struct hm_block_run *run)
{
    if (run->thread == 0)
        hm_drain_watch(run, run->base.value[DRAIN_WATCH_MS]);
    hm_drain_close(run);
}

const struct hm_block_workload hm_block_drain = {
    .name = "drain",
    .summary = "fills a heap, frees all and waits: does memory come back?",
    .source = "after bionic, malloc_rss_benchmark",
    .operation = "malloc or free",
    .params = drain_params,
    .max_threads = HM_DRAIN_THREADS_MAX,
    .is_trimmed = 1,
    .setup = hm_drain_setup,
    .run = drain_run,
    .drop = drain_drop,
};
