/* SPDX-License-Identifier: MIT */
/* mt_gcbench.c -- gcbench in several threads, each with trees of its own, and
 * a dead object of random size before each node.
 *
 * Source:     J. Ellis, P. Kovac and H. Boehm, GCBench; threads and holes as
 *             in the benchmarks of A. Wingo's Whippet.
 * Differs:    a hole is pointer-free: a length, then as many words.  Its length
 *             is geometric, 0.15 to stop at each word, drawn from a table of
 *             256 quantiles.  By hand it is freed at once.
 * Invariants: those of gcbench, in each thread; no stretch tree.
 * Costs:      as gcbench per thread, and as many holes as nodes, of 53 bytes
 *             on average.
 * Threads:    up to 64, who share nothing but the heap. */
#include "workloads/gcbench.h"

static const struct hm_param mt_gcbench_params[] = {
    {"depth", "depth of the long-lived tree and of the largest other one", 16,
     16, 4, 22},
    {0},
};

enum { HOLE_SIZES = 256 };

static _Thread_local struct {
    struct hm_rng *rng;
    uint64_t words; /* of all holes */
    uint8_t hole_words[HOLE_SIZES];
} mt_gcbench;

static inline void gcbench_before_node(struct hm_mutator *m)
{
    uint64_t words =
        mt_gcbench.hole_words[hm_rng_next(mt_gcbench.rng) % HOLE_SIZES];
    hm_ref hole = hm_new_raw(m, (1 + words) * sizeof(words));

    *(uint64_t *)hm_raw(hole, 0) = words;
    mt_gcbench.words += words;
    hm_dispose(m, hole);
}

/* Length n has the probability 0.15 * 0.85^n: entry i is the least whose sum
 * with all shorter ones reaches (i + 1/2) / 256. */
static void mt_gcbench_setup(struct hm_object_run *run)
{
    double longer = 0.85; /* 0.85^(n + 1) */
    uint8_t n = 0;

    for (unsigned i = 0; i < HOLE_SIZES; i++) {
        for (; 1 - longer < (i + 0.5) / HOLE_SIZES; n++)
            longer *= 0.85;
        mt_gcbench.hole_words[i] = n;
    }
    mt_gcbench.rng = &run->base.rng;
    mt_gcbench.words = 0;
}

static void mt_gcbench_run(struct hm_object_run *run)
{
    run->base.value[GCBENCH_STRETCH] = 0; /* no parameter here */
    gcbench_run(run);
    hm_run_mix(&run->base, (uint32_t)mt_gcbench.words);
    hm_run_count(&run->base, "hole_words", mt_gcbench.words);
}

const struct hm_object_workload hm_object_mt_gcbench = {
    .name = "mt_gcbench",
    .summary = "gcbench per thread, with a dead object before each node",
    .source = "Whippet's mt-gcbench, after Ellis, Kovac and Boehm",
    .operation = "tree",
    .params = mt_gcbench_params,
    .leak = HM_LEAK_NOT_ONE,
    .max_threads = 64,
    .has_regions = 1,
    .setup = mt_gcbench_setup,
    .run = mt_gcbench_run,
    .drop = gcbench_drop,
};
