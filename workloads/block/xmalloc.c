/* SPDX-License-Identifier: MIT */
/* xmalloc.c -- producers allocate batches, consumers free them: every free is
 * of another thread's block.
 *
 * Source:     C. Lever and D. Boreham, USENIX 2000, in batches as by B. C.
 *             Kuszmaul, "SuperMalloc", ISMM 2015.
 * Differs:    fixed work; each mutator thread is a producer with one consumer
 *             of its own, a thread of the workload's; the list of a batch is
 *             outside the heap, its blocks are counted one by one.
 * Invariants: at most `batches` are under way for a producer; after drop every
 *             block has been freed by its consumer.
 * Costs:      a store and a load for each block; a semaphore for each batch.
 * Threads:    up to XMALLOC_THREADS_MAX producers and as many consumers. */
#include "common/arena.h"
#include "workloads/block.h"
#include "workloads/block_thread.h"

#include <semaphore.h>

enum { XMALLOC_OPS, XMALLOC_BYTES, XMALLOC_BATCH, XMALLOC_BATCHES };

static const struct hm_param xmalloc_params[] = {
    {"ops", "blocks, per producer", 4000000, 20000000, 1, UINT64_C(1) << 40},
    {"bytes", "size of each block", 64, 64, 1, 1 << 20},
    {"batch", "blocks handed over at a time", 4096, 4096, 1, 1 << 20},
    {"batches", "most under way for a producer", 16, 100, 1, 1000},
    {0},
};

enum { XMALLOC_THREADS_MAX = 64 };

/* A ring of batches: the producer fills the next, the consumer empties it. */
static struct xmalloc_pair {
    unsigned char **block; /* batches * batch */
    struct hm_block_run *run;
    uint64_t frees;
    sem_t full, empty;
    pthread_t consumer;
} xmalloc_pair[XMALLOC_THREADS_MAX];

static void xmalloc_wait(sem_t *sem)
{
    while (sem_wait(sem) != 0)
        ; /* a signal */
}

static void xmalloc_empty(struct xmalloc_pair *pair, unsigned char **block,
                          uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        HM_BLOCK_KEEP(block[i]);
        hm_block_free(pair->run, block[i]);
    }
    pair->frees += n;
}

static uint64_t xmalloc_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void *xmalloc_consume(void *argument)
{
    struct xmalloc_pair *pair = argument;
    const uint64_t *value = pair->run->base.value;
    uint64_t left = value[XMALLOC_OPS], k = 0;

    while (left > 0) {
        uint64_t n = xmalloc_least(left, value[XMALLOC_BATCH]);

        xmalloc_wait(&pair->full);
        xmalloc_empty(pair, &pair->block[k * value[XMALLOC_BATCH]], n);
        HM_CHECK(sem_post(&pair->empty) == 0);
        k = k + 1 < value[XMALLOC_BATCHES] ? k + 1 : 0;
        left -= n;
    }
    return NULL;
}

static void xmalloc_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;

    for (unsigned t = 0; t < threads; t++) {
        struct xmalloc_pair *pair = &xmalloc_pair[t];

        *pair = (struct xmalloc_pair){0};
        pair->block =
            hm_arena_alloc(value[XMALLOC_BATCHES] * value[XMALLOC_BATCH] *
                           sizeof(*pair->block));
        HM_CHECK(sem_init(&pair->full, 0, 0) == 0);
        HM_CHECK(sem_init(&pair->empty, 0, (unsigned)value[XMALLOC_BATCHES]) ==
                 0);
    }
}

static void xmalloc_fill(struct hm_block_run *run, unsigned char **block,
                         uint64_t n)
{
    size_t bytes = run->base.value[XMALLOC_BYTES];

    for (uint64_t i = 0; i < n; i++) {
        block[i] = hm_block_alloc(run, bytes);
        block[i][0] = (unsigned char)i;
        hm_run_mix(&run->base, block[i][0]);
    }
}

static void xmalloc_run(struct hm_block_run *run)
{
    struct xmalloc_pair *pair = &xmalloc_pair[run->thread];
    const uint64_t *value = run->base.value;
    uint64_t left = value[XMALLOC_OPS], k = 0;

    pair->run = run;
    pair->consumer = hm_block_thread_start(run, xmalloc_consume, pair);
    hm_meter_start(&run->base.meter);
    while (left > 0) {
        uint64_t n = xmalloc_least(left, value[XMALLOC_BATCH]);

        xmalloc_wait(&pair->empty);
        xmalloc_fill(run, &pair->block[k * value[XMALLOC_BATCH]], n);
        HM_CHECK(sem_post(&pair->full) == 0);
        k = k + 1 < value[XMALLOC_BATCHES] ? k + 1 : 0;
        hm_meter_mark(&run->base.meter, n);
        left -= n;
    }
    hm_block_thread_join(pair->consumer);
    run->ops = value[XMALLOC_OPS];
    run->frees = run->remote_frees = pair->frees;
}

static void xmalloc_drop(struct hm_block_run *run)
{
    struct xmalloc_pair *pair = &xmalloc_pair[run->thread];
    const uint64_t *value = run->base.value;

    HM_CHECK(sem_destroy(&pair->full) == 0);
    HM_CHECK(sem_destroy(&pair->empty) == 0);
    hm_arena_release(pair->block, value[XMALLOC_BATCHES] *
                                      value[XMALLOC_BATCH] *
                                      sizeof(*pair->block));
}

const struct hm_block_workload hm_block_xmalloc = {
    .name = "xmalloc",
    .summary = "one thread allocates, another frees: all frees are remote",
    .source = "Lever and Boreham 2000; Kuszmaul, ISMM 2015",
    .operation = "malloc and remote free",
    .params = xmalloc_params,
    .max_threads = XMALLOC_THREADS_MAX,
    .setup = xmalloc_setup,
    .run = xmalloc_run,
    .drop = xmalloc_drop,
};
