/* SPDX-License-Identifier: MIT */
/* cross_lists.c -- each thread replaces blocks of its own slots and hands lists
 * of new blocks to the next thread, which frees them.
 *
 * Source:     M. Jansson, rpmalloc-benchmark (rptest of mimalloc-bench).
 * Differs:    the lists are outside the heap, CROSS_LISTS of them between two
 *             threads, taken in the order in which they were made, where the
 *             original links blocks into a stack without bound; a thread that
 *             has none left frees what it was given until it has.
 * Invariants: a slot's block is freed by its own thread, a listed one by the
 *             next; at the end of a pass a thread has freed all of both, so
 *             what it frees, and in which order, depends on no one's speed.
 * Costs:      one to three random numbers, a load, a store for each page and
 *             one to the last byte beside each block.
 * Threads:    up to CROSS_THREADS_MAX mutators, each with one thread of the
 *             workload's at a time, of CROSS_GENERATIONS; with one mutator the
 *             lists are its own. */
#include "common/arena.h"
#include "workloads/block.h"
#include "workloads/block_thread.h"

#include <stdatomic.h>
#include <time.h>

enum {
    CROSS_LOOPS,
    CROSS_SLOTS,
    CROSS_OPS,
    CROSS_EVERY,
    CROSS_SIZES,
    CROSS_MIN_BYTES,
    CROSS_MAX_BYTES,
};

static const struct hm_param cross_params[] = {
    {"loops", "of a pass, two passes in each of two lives", 4000, 40000, 1,
     1 << 28},
    {"slots", "per thread", 1000, 1000, 1, 1 << 20},
    {"ops", "blocks of a loop, 30 to 99 percent of them", 100, 100, 1, 1 << 16},
    {"every", "loops from one list to the next", 2, 2, 1, 1 << 28},
    {"sizes",
     "even|falling|steep: product of one, two (|a + b - 1|) or three draws", 1,
     1, 0, 2},
    {"min_bytes", "smallest block", 8, 8, 1, 1 << 20},
    {"max_bytes", "largest block (not below min_bytes)", 16000, 16000, 1,
     1 << 20},
    {0},
};

enum { CROSS_EVEN, CROSS_FALLING };

enum {
    CROSS_THREADS_MAX = 64,
    CROSS_GENERATIONS = 2,
    CROSS_PASSES = 2,
    CROSS_LISTS = 16,
};

static struct cross_thread {
    _Alignas(64) struct hm_block_run *run;
    struct cross_thread *before; /* whose lists it frees */
    unsigned char **slot;
    uint64_t free_at, free_stride, fill_at, fill_stride;
    unsigned char **listed;               /* CROSS_LISTS times `ops` */
    _Atomic uint64_t length[CROSS_LISTS]; /* 0: to be filled */
    uint64_t made, taken;                 /* lists */
    uint32_t checksum;                    /* of what came in lists */
    _Atomic uint64_t passes;              /* ended */
} cross_thread[CROSS_THREADS_MAX];

/* A 16-bit fraction of the span of sizes. */
static uint32_t cross_fraction(struct hm_rng *rng, uint64_t sizes)
{
    uint32_t even = hm_rng_next(rng) >> 16, a, b;

    if (sizes == CROSS_EVEN)
        return even;
    a = hm_rng_next(rng) >> 16;
    b = hm_rng_next(rng) >> 16;
    if (sizes != CROSS_FALLING)
        return (uint32_t)((uint64_t)even * a * b >> 32);
    a = a + b > UINT16_MAX ? a + b - UINT16_MAX : UINT16_MAX - a - b;
    return even * a >> 16;
}

static unsigned char *cross_alloc(struct hm_block_run *run, uint64_t tag)
{
    const uint64_t *value = run->base.value;
    uint64_t span = value[CROSS_MAX_BYTES] > value[CROSS_MIN_BYTES]
                        ? value[CROSS_MAX_BYTES] - value[CROSS_MIN_BYTES]
                        : 0;
    uint64_t bytes =
        value[CROSS_MIN_BYTES] +
        ((span + 1) * cross_fraction(&run->base.rng, value[CROSS_SIZES]) >> 16);
    unsigned char *block = hm_block_alloc(run, bytes);

    block[bytes - 1] = (unsigned char)tag;
    hm_block_touch(block, bytes, (unsigned char)tag);
    HM_BLOCK_KEEP(block);
    run->ops++;
    return block;
}

static void cross_free(struct hm_block_run *run, unsigned char **slot)
{
    if (*slot == NULL)
        return;
    hm_run_mix(&run->base, (*slot)[0]);
    hm_block_free(run, *slot);
    *slot = NULL;
    run->frees++;
}

/* Less than CROSS_LISTS lists take; to spin would be no work of a malloc. */
static void cross_pause(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

/* Frees the lists that have come in so far. */
static void cross_take_lists(struct cross_thread *thread)
{
    struct hm_block_run *run = thread->run;
    struct cross_thread *from = thread->before;

    for (;;) {
        uint64_t k = thread->taken % CROSS_LISTS;
        unsigned char **block = &from->listed[k * run->base.value[CROSS_OPS]];
        uint64_t n =
            atomic_load_explicit(&from->length[k], memory_order_acquire);

        if (n == 0)
            return;
        for (uint64_t i = 0; i < n; i++) {
            thread->checksum = hm_mix(thread->checksum, block[i][0]);
            hm_block_free(run, block[i]);
        }
        run->frees += n;
        run->remote_frees += from != thread ? n : 0;
        atomic_store_explicit(&from->length[k], 0, memory_order_release);
        thread->taken++;
    }
}

/* While all its lists are under way a thread goes on freeing what it is given,
 * so that threads that wait for each other come to an end. */
static void cross_make_list(struct cross_thread *thread, uint64_t n)
{
    uint64_t k = thread->made++ % CROSS_LISTS;
    unsigned char **block =
        &thread->listed[k * thread->run->base.value[CROSS_OPS]];

    while (atomic_load_explicit(&thread->length[k], memory_order_acquire) > 0) {
        cross_take_lists(thread);
        cross_pause();
    }
    for (uint64_t i = 0; i < n; i++)
        block[i] = cross_alloc(thread->run, i);
    atomic_store_explicit(&thread->length[k], n, memory_order_release);
}

static void cross_loop(struct cross_thread *thread, uint64_t i)
{
    struct hm_block_run *run = thread->run;
    const uint64_t *value = run->base.value;
    uint64_t slots = value[CROSS_SLOTS];
    uint64_t percent = 30 + hm_rng_below(&run->base.rng, 70);
    uint64_t n = value[CROSS_OPS] * percent / 100;

    n = n > 0 ? n : 1;
    for (uint64_t k = 0; k < n * 4 / 5; k++) {
        cross_free(run, &thread->slot[thread->free_at]);
        thread->free_at = (thread->free_at + thread->free_stride) % slots;
    }
    cross_take_lists(thread);
    for (uint64_t k = 0; k < n; k++) {
        cross_free(run, &thread->slot[thread->fill_at]);
        thread->slot[thread->fill_at] = cross_alloc(run, k);
        thread->fill_at = (thread->fill_at + thread->fill_stride) % slots;
    }
    if (i % value[CROSS_EVERY] == value[CROSS_EVERY] - 1) {
        cross_make_list(thread, n);
        n += n;
    }
    hm_meter_mark(&run->base.meter, n);
}

/* Frees all lists of this pass; the thread before may still be making some. */
static void cross_end_pass(struct cross_thread *thread)
{
    uint64_t passes = atomic_fetch_add(&thread->passes, 1) + 1;

    while (atomic_load(&thread->before->passes) < passes) {
        cross_take_lists(thread);
        cross_pause();
    }
    cross_take_lists(thread);
    for (uint64_t k = 0; k < thread->run->base.value[CROSS_SLOTS]; k++)
        cross_free(thread->run, &thread->slot[k]);
}

static void *cross_live(void *argument)
{
    struct cross_thread *thread = argument;

    for (int pass = 0; pass < CROSS_PASSES; pass++) {
        for (uint64_t i = 0; i < thread->run->base.value[CROSS_LOOPS]; i++)
            cross_loop(thread, i);
        cross_end_pass(thread);
    }
    return NULL;
}

/* The first number from `least` on that has no divisor in common with n, so
 * that steps of it visit all of n slots. */
static uint64_t cross_stride(uint64_t n, uint64_t least)
{
    for (;; least++) {
        uint64_t a = n, b = least;

        while (b != 0) {
            uint64_t rest = a % b;

            a = b;
            b = rest;
        }
        if (a == 1)
            return least;
    }
}

static uint64_t cross_listed_bytes(const struct hm_block_run *run)
{
    return CROSS_LISTS * run->base.value[CROSS_OPS] * sizeof(unsigned char *);
}

static void cross_setup(struct hm_block_run *run, unsigned threads)
{
    uint64_t slots = run->base.value[CROSS_SLOTS];

    for (unsigned t = 0; t < threads; t++) {
        struct cross_thread *thread = &cross_thread[t];

        *thread = (struct cross_thread){
            .before = &cross_thread[(t + threads - 1) % threads],
            .free_stride = cross_stride(slots, slots * 3 / 10 + 1),
            .fill_stride = cross_stride(slots, slots * 6 / 10 + 1),
        };
        thread->slot = hm_arena_alloc(slots * sizeof(*thread->slot));
        thread->listed = hm_arena_alloc(cross_listed_bytes(run));
    }
}

static void cross_run(struct hm_block_run *run)
{
    struct cross_thread *thread = &cross_thread[run->thread];

    thread->run = run;
    hm_meter_start(&run->base.meter);
    for (int i = 0; i < CROSS_GENERATIONS; i++)
        hm_block_thread_join(hm_block_thread_start(run, cross_live, thread));
    hm_run_mix(&run->base, thread->checksum);
}

static void cross_drop(struct hm_block_run *run)
{
    struct cross_thread *thread = &cross_thread[run->thread];

    hm_arena_release(thread->slot,
                     run->base.value[CROSS_SLOTS] * sizeof(*thread->slot));
    hm_arena_release(thread->listed, cross_listed_bytes(run));
}

const struct hm_block_workload hm_block_cross_lists = {
    .name = "cross_lists",
    .summary =
        "replaces own blocks, hands lists of new ones to the next thread",
    .source = "Jansson, rpmalloc-benchmark",
    .operation = "malloc and free",
    .params = cross_params,
    .max_threads = CROSS_THREADS_MAX,
    .setup = cross_setup,
    .run = cross_run,
    .drop = cross_drop,
};
