/* SPDX-License-Identifier: MIT */
/* thread_startup.c -- new threads wait at a gate, are let go together, and each
 * allocates one block and frees it: what the first request of a thread costs.
 *
 * Source:     snmalloc's test of start-up.
 * Differs:    many rounds of fresh threads, where the original makes one; times
 *             are in ns, the distribution of their latency is the sorted list;
 *             what the byte held is added up.
 * Invariants: a thread makes one request and ends; each sample is one thread's
 *             malloc and free and nothing else.
 * Costs:      the wall time is that of making and joining threads: look at
 *             latencies.  The C library's own requests for a thread go to the
 *             same malloc.
 * Threads:    one, and `starters` of its own in each round. */
#include "common/check.h"
#include "workloads/block.h"
#include "workloads/block_thread.h"

enum { STARTUP_ROUNDS, STARTUP_STARTERS, STARTUP_BYTES };

static const struct hm_param startup_params[] = {
    {"rounds", "times that threads are made", 300, 3000, 1, 1 << 24},
    {"starters", "threads that are let go together", 16, 16, 1, 1000},
    {"bytes", "size of the block", 1, 1, 1, 1 << 20},
    {0},
};

enum { STARTUP_STARTERS_MAX = 1000 };

static struct {
    struct hm_block_run *run;
    pthread_barrier_t gate;

    struct startup_starter {
        pthread_t thread;
        uint64_t took_ns;
        unsigned char written, read;
    } starter[STARTUP_STARTERS_MAX];
} startup;

static void *startup_main(void *argument)
{
    struct startup_starter *starter = argument;
    size_t bytes = startup.run->base.value[STARTUP_BYTES];
    unsigned char *block;
    uint64_t start_ns;

    (void)pthread_barrier_wait(&startup.gate);
    start_ns = hm_clock_now_ns();
    block = hm_block_alloc(startup.run, bytes);
    block[0] = starter->written;
    HM_BLOCK_KEEP(block);
    starter->read = block[0];
    hm_block_free(startup.run, block);
    starter->took_ns = hm_clock_now_ns() - start_ns;
    return NULL;
}

static void startup_setup(struct hm_block_run *run, unsigned threads)
{
    unsigned starters = (unsigned)run->base.value[STARTUP_STARTERS];

    (void)threads;
    startup.run = run;
    HM_CHECK(pthread_barrier_init(&startup.gate, NULL, starters) == 0);
}

static void startup_round(struct hm_block_run *run, uint64_t round)
{
    unsigned starters = (unsigned)run->base.value[STARTUP_STARTERS];

    for (unsigned i = 0; i < starters; i++) {
        struct startup_starter *starter = &startup.starter[i];

        starter->written = (unsigned char)(round + i);
        starter->thread = hm_block_thread_start(run, startup_main, starter);
    }
    for (unsigned i = 0; i < starters; i++) {
        struct startup_starter *starter = &startup.starter[i];

        hm_block_thread_join(starter->thread);
        hm_run_mix(&run->base, starter->read);
        hm_meter_add(&run->base.meter, 1, starter->took_ns);
    }
}

static void startup_run(struct hm_block_run *run)
{
    uint64_t rounds = run->base.value[STARTUP_ROUNDS];

    for (uint64_t i = 0; i < rounds; i++)
        startup_round(run, i);
    run->ops = run->frees = rounds * run->base.value[STARTUP_STARTERS];
}

static void startup_drop(struct hm_block_run *run)
{
    (void)run; /* nothing is held */
    HM_CHECK(pthread_barrier_destroy(&startup.gate) == 0);
}

const struct hm_block_workload hm_block_thread_startup = {
    .name = "thread_startup",
    .summary = "new threads, let go together, make their first request",
    .source = "snmalloc's test of start-up",
    .operation = "first malloc and free of a thread",
    .params = startup_params,
    .max_threads = 1,
    .setup = startup_setup,
    .run = startup_run,
    .drop = startup_drop,
};
