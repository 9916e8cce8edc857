/* SPDX-License-Identifier: MIT */
/* ring_churn_foreign.c -- ring_churn, while producers allocate equal blocks
 * that the threads of the rings free in bursts: each takes an even share of
 * every producer's, so that neighbours in memory go to different threads.
 *
 * Source:     sh8bench of MicroQuill's SmartHeap, as mimalloc-bench runs it,
 *             from a description.
 * Differs:    design and numbers are our own (ring.h); each mutator thread has
 *             a producer of its own, a thread of the workload's, so that every
 *             foreign free is remote with one mutator too; they go in step, a
 *             burst at a time.
 * Invariants: a producer has two halves of a slice: it fills one while the
 *             other is freed; block i of a slice is freed by thread i modulo
 *             the number of threads, whoever is faster.
 * Costs:      as ring_churn; a store, a load for each foreign block; a barrier
 *             for each burst.
 * Threads:    up to FOREIGN_THREADS_MAX mutators and as many producers. */
#include "workloads/block_thread.h"
#include "workloads/ring.h"

enum {
    FOREIGN_BURSTS,
    FOREIGN_OPS,
    FOREIGN_BLOCKS,
    FOREIGN_BYTES,
    FOREIGN_SLOTS,
    FOREIGN_MIN_BYTES,
    FOREIGN_MAX_BYTES,
};

static const struct hm_param foreign_params[] = {
    {"bursts", "of frees of foreign blocks", 1000, 5000, 1, 1 << 24},
    {"ops", "blocks of the ring from burst to burst, per thread", 5000, 5000, 1,
     1 << 24},
    {"foreign", "blocks of each producer freed in a burst", 5000, 5000, 1,
     1 << 22},
    {"foreign_bytes", "size of these", 64, 64, 1, 1 << 20},
    {"slots", "of each thread's ring, a fifth of which survives a round", 10000,
     10000, HM_RING_SLOTS_MIN, HM_RING_SLOTS_MAX},
    {"min_bytes", "smallest block of a ring", 1, 1, 1, HM_RING_BYTES_MAX},
    {"max_bytes", "largest block of a ring (not below min_bytes)", 1000, 1000,
     1, HM_RING_BYTES_MAX},
    {0},
};

enum { FOREIGN_THREADS_MAX = 64 };

static struct foreign_thread {
    _Alignas(64) struct hm_ring ring;
    struct hm_block_run *run;
    unsigned char **slice; /* the producer's: two halves of `foreign` blocks */
    pthread_t producer;
} foreign_thread[FOREIGN_THREADS_MAX];

static pthread_barrier_t foreign_burst; /* all mutators, all producers */

static unsigned char **foreign_half(const struct foreign_thread *thread,
                                    uint64_t burst)
{
    return thread->slice + burst % 2 * thread->run->base.value[FOREIGN_BLOCKS];
}

static void *foreign_produce(void *argument)
{
    const struct foreign_thread *thread = argument;
    const uint64_t *value = thread->run->base.value;

    for (uint64_t burst = 0; burst < value[FOREIGN_BURSTS]; burst++) {
        unsigned char **block = foreign_half(thread, burst);

        for (uint64_t i = 0; i < value[FOREIGN_BLOCKS]; i++) {
            block[i] = hm_block_alloc(thread->run, value[FOREIGN_BYTES]);
            block[i][0] = (unsigned char)(burst + i);
            HM_BLOCK_KEEP(block[i]);
        }
        (void)pthread_barrier_wait(&foreign_burst);
    }
    return NULL;
}

static void foreign_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;

    for (unsigned t = 0; t < threads; t++) {
        struct foreign_thread *thread = &foreign_thread[t];

        hm_ring_open(&thread->ring, value[FOREIGN_SLOTS],
                     value[FOREIGN_MIN_BYTES], value[FOREIGN_MAX_BYTES]);
        thread->slice =
            hm_arena_alloc(2 * value[FOREIGN_BLOCKS] * sizeof(*thread->slice));
    }
    HM_CHECK(pthread_barrier_init(&foreign_burst, NULL, 2 * threads) == 0);
}

/* The thread's share of one half slice. */
static uint64_t foreign_free(struct hm_block_run *run, unsigned char **block)
{
    uint64_t n = run->base.value[FOREIGN_BLOCKS], freed = 0;

    for (uint64_t i = run->thread; i < n; i += run->threads) {
        hm_run_mix(&run->base, block[i][0]);
        hm_block_free(run, block[i]);
        freed++;
    }
    hm_meter_mark(&run->base.meter, freed);
    return freed;
}

static void foreign_free_shares(struct hm_block_run *run, uint64_t burst)
{
    for (unsigned t = 0; t < run->threads; t++) {
        unsigned from = (run->thread + t) % run->threads;
        uint64_t freed =
            foreign_free(run, foreign_half(&foreign_thread[from], burst));

        run->frees += freed;
        run->remote_frees += freed;
    }
}

static void foreign_run(struct hm_block_run *run)
{
    struct foreign_thread *thread = &foreign_thread[run->thread];
    const uint64_t *value = run->base.value;

    thread->run = run;
    thread->producer = hm_block_thread_start(run, foreign_produce, thread);
    hm_meter_start(&run->base.meter);
    for (uint64_t burst = 0; burst < value[FOREIGN_BURSTS]; burst++) {
        hm_ring_steps(run, &thread->ring, value[FOREIGN_OPS]);
        (void)pthread_barrier_wait(&foreign_burst);
        foreign_free_shares(run, burst);
    }
    hm_block_thread_join(thread->producer);
    run->ops =
        value[FOREIGN_BURSTS] * (value[FOREIGN_OPS] + value[FOREIGN_BLOCKS]);
}

static void foreign_drop(struct hm_block_run *run)
{
    struct foreign_thread *thread = &foreign_thread[run->thread];

    hm_ring_drop(run, &thread->ring);
    hm_arena_release(thread->slice, 2 * run->base.value[FOREIGN_BLOCKS] *
                                        sizeof(*thread->slice));
    if (run->thread == 0)
        HM_CHECK(pthread_barrier_destroy(&foreign_burst) == 0);
}

const struct hm_block_workload hm_block_ring_churn_foreign = {
    .name = "ring_churn_foreign",
    .summary = "as ring_churn, and frees other threads' blocks in bursts",
    .source = "after sh8bench of MicroQuill's SmartHeap",
    .operation = "malloc and free",
    .params = foreign_params,
    .max_threads = FOREIGN_THREADS_MAX,
    .setup = foreign_setup,
    .run = foreign_run,
    .drop = foreign_drop,
};
