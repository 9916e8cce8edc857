/* SPDX-License-Identifier: MIT */
/* threadtest.c -- each thread allocates its share of the objects, then frees
 * them all, round after round.
 *
 * Source:     E. D. Berger et al., "Hoard", ASPLOS 2000, threadtest.
 * Differs:    the work between two requests, 0 in the original's defaults, is
 *             left out; pointers are outside the heap; a thread's share is
 *             objects / threads, at least one.
 * Invariants: a thread frees only what it allocated; the first byte of an
 *             object is what was written there.
 * Costs:      a store and a load beside each pair; 8 bytes a pointer.
 * Threads:    any number, nothing shared. */
#include "common/arena.h"
#include "workloads/block.h"

enum { THREADTEST_ROUNDS, THREADTEST_OBJECTS, THREADTEST_BYTES };

static const struct hm_param threadtest_params[] = {
    {"rounds", "times that all objects are made and freed", 100, 500, 1,
     1 << 30},
    {"objects", "of all threads together", 100000, 100000, 1, 1 << 26},
    {"bytes", "size of an object", 8, 8, 1, 1 << 20},
    {0},
};

enum { THREADTEST_THREADS_MAX = 256 };

static unsigned char **threadtest_object[THREADTEST_THREADS_MAX];

static uint64_t threadtest_share(const struct hm_block_run *run,
                                 unsigned threads)
{
    uint64_t share = run->base.value[THREADTEST_OBJECTS] / threads;

    return share > 0 ? share : 1;
}

static void threadtest_setup(struct hm_block_run *run, unsigned threads)
{
    uint64_t share = threadtest_share(run, threads);

    for (unsigned t = 0; t < threads; t++) {
        threadtest_object[t] =
            hm_arena_alloc(share * sizeof(*threadtest_object[t]));
    }
}

static void threadtest_round(struct hm_block_run *run, unsigned char **object,
                             uint64_t share)
{
    size_t bytes = run->base.value[THREADTEST_BYTES];

    for (uint64_t i = 0; i < share; i++) {
        object[i] = hm_block_alloc(run, bytes);
        object[i][0] = (unsigned char)i;
    }
    for (uint64_t i = 0; i < share; i++) {
        hm_run_mix(&run->base, object[i][0]);
        hm_block_free(run, object[i]);
    }
}

static void threadtest_run(struct hm_block_run *run)
{
    uint64_t share = threadtest_share(run, run->threads);
    uint64_t rounds = run->base.value[THREADTEST_ROUNDS];

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < rounds; i++) {
        threadtest_round(run, threadtest_object[run->thread], share);
        hm_meter_mark(&run->base.meter, share);
    }
    run->ops = run->frees = rounds * share;
}

static void threadtest_drop(struct hm_block_run *run)
{
    hm_arena_release(threadtest_object[run->thread],
                     threadtest_share(run, run->threads) *
                         sizeof(*threadtest_object[0]));
}

const struct hm_block_workload hm_block_threadtest = {
    .name = "threadtest",
    .summary = "allocates many small objects, then frees them all",
    .source = "Berger et al., Hoard, ASPLOS 2000",
    .operation = "malloc and free",
    .params = threadtest_params,
    .max_threads = THREADTEST_THREADS_MAX,
    .setup = threadtest_setup,
    .run = threadtest_run,
    .drop = threadtest_drop,
};
