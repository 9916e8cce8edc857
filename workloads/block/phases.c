/* SPDX-License-Identifier: MIT */
/* phases.c -- threads are born, allocate blocks of very different sizes,
 * exchange some of them through a shared table, free what they hold and die;
 * half of the table survives them: live blocks of dead threads, and blocks that
 * migrate.
 *
 * Source:     D. Leijen, mimalloc, test-stress (mstress of mimalloc-bench).
 * Differs:    the first thread's share is done by a new thread too, where the
 *             original's main thread does it, so that one thread shows the
 *             deaths; the tables, and whose a block is and how large, are
 *             outside the heap; an entry of the shared one has a lock, where
 *             the original exchanges a pointer; what it holds at the end is
 *             freed after the run.
 * Invariants: every word of a block is written, and compared before the block
 *             is freed, by whichever thread.  A thread's checksum is of what it
 *             allocated and of whether anything it freed was damaged, since
 *             whose blocks it frees depends on who came first.
 * Costs:      a write and a read of each word, three to six random numbers for
 *             a block; a thread and two barriers for an iteration; a scan of
 *             the table.
 * Threads:    up to PHASES_THREADS_MAX shares; share t is t modulo 8 + 1 times
 *             as large as the first. */
#include "common/arena.h"
#include "workloads/block.h"
#include "workloads/block_thread.h"

#include <sched.h>
#include <stdatomic.h>

enum { PHASES_SCALE, PHASES_ITERATIONS };

static const struct hm_param phases_params[] = {
    {"scale", "blocks of the smallest share, in hundreds; half as many stay",
     50, 50, 1, 10000},
    {"iterations", "times that the threads are born and die", 100, 1000, 1,
     1 << 20},
    {0},
};

enum {
    PHASES_THREADS_MAX = 64,
    PHASES_SHARES = 8,      /* sizes of shares */
    PHASES_TRANSFER = 1000, /* entries of the shared table */
    PHASES_EXPONENTS = 5,   /* most blocks have 2^0 to 2^4 words */
    PHASES_STAY_EXPONENTS = 7,
    PHASES_BATCH = 32,
};

struct phases_block {
    uint64_t *word;         /* NULL: no block; word i is number 2^32 + i */
    uint32_t words, number; /* of the thread that made it */
};

struct phases_thread {
    _Alignas(64) struct hm_block_run *run;
    struct phases_block *block;
    struct phases_block *stay; /* freed at the thread's death */
    uint64_t n, n_stay, most;
    uint64_t damage;
    uint32_t number; /* of the living thread, none twice */
};

static struct {
    struct phases_thread thread[PHASES_THREADS_MAX];
    pthread_barrier_t all;

    struct phases_entry {
        atomic_flag is_busy;
        struct phases_block block;
    } transfer[PHASES_TRANSFER];
} phases;

/* True in percent + 1 of 100 cases, as in the original. */
static int phases_chance(struct hm_block_run *run, uint32_t percent)
{
    return hm_rng_below(&run->base.rng, 100) <= percent;
}

static uint32_t phases_words(struct hm_block_run *run, uint32_t exponents)
{
    uint32_t words = UINT32_C(1) << hm_rng_below(&run->base.rng, exponents);

    if (!phases_chance(run, 1))
        return words;
    if (phases_chance(run, 1))
        return words * 10000;
    return phases_chance(run, 10) ? words * 1000 : words * 100;
}

static struct phases_block phases_alloc(struct phases_thread *thread,
                                        uint32_t exponents)
{
    struct hm_block_run *run = thread->run;
    struct phases_block block = {.words = phases_words(run, exponents),
                                 .number = thread->number};
    uint64_t first = (uint64_t)block.number << 32;

    block.word = hm_block_alloc(run, block.words * sizeof(*block.word));
    for (uint32_t i = 0; i < block.words; i++)
        block.word[i] = first + i;
    HM_BLOCK_KEEP(block.word);
    hm_run_mix(&run->base, (uint32_t)block.word[block.words - 1]);
    run->ops++;
    return block;
}

static void phases_free(struct phases_thread *thread,
                        struct phases_block *block)
{
    uint64_t first = (uint64_t)block->number << 32;

    if (block->word == NULL)
        return;
    for (uint32_t i = 0; i < block->words; i++)
        thread->damage |= block->word[i] ^ (first + i);
    thread->run->remote_frees += block->number != thread->number;
    hm_block_free(thread->run, block->word);
    thread->run->frees++;
    block->word = NULL;
}

static void phases_swap(struct phases_entry *entry, struct phases_block *block)
{
    struct phases_block old;

    while (atomic_flag_test_and_set_explicit(&entry->is_busy,
                                             memory_order_acquire))
        (void)sched_yield();
    old = entry->block;
    entry->block = *block;
    atomic_flag_clear_explicit(&entry->is_busy, memory_order_release);
    *block = old;
}

/* Two of three times frees a random block of those so far, if it is there; one
 * of four times swaps one with an entry of the table. */
static void phases_free_and_swap(struct phases_thread *thread)
{
    struct hm_rng *rng = &thread->run->base.rng;
    uint32_t n = (uint32_t)thread->n;

    if (phases_chance(thread->run, 66) && n > 0)
        phases_free(thread, &thread->block[hm_rng_below(rng, n)]);
    if (phases_chance(thread->run, 25) && n > 0) {
        struct phases_block *block = &thread->block[hm_rng_below(rng, n)];

        phases_swap(&phases.transfer[hm_rng_below(rng, PHASES_TRANSFER)],
                    block);
    }
}

static void phases_allocate_all(struct phases_thread *thread)
{
    uint64_t most = thread->most, total = most + most / 2;

    for (uint64_t i = 1; i <= total; i++) {
        if (thread->n_stay == most / 2 ||
            (phases_chance(thread->run, 50) && thread->n < most)) {
            thread->block[thread->n++] = phases_alloc(thread, PHASES_EXPONENTS);
        } else {
            thread->stay[thread->n_stay++] =
                phases_alloc(thread, PHASES_STAY_EXPONENTS);
        }
        phases_free_and_swap(thread);
        if (i % PHASES_BATCH == 0)
            hm_meter_mark(&thread->run->base.meter, PHASES_BATCH);
    }
    hm_meter_mark(&thread->run->base.meter, total % PHASES_BATCH);
}

/* The life of a thread. */
static void *phases_live(void *argument)
{
    struct phases_thread *thread = argument;

    phases_allocate_all(thread);
    while (thread->n_stay > 0)
        phases_free(thread, &thread->stay[--thread->n_stay]);
    while (thread->n > 0)
        phases_free(thread, &thread->block[--thread->n]);
    return NULL;
}

/* Frees each entry of the table in one of two cases. */
static void phases_halve_transfer(struct phases_thread *thread)
{
    for (unsigned k = 0; k < PHASES_TRANSFER; k++) {
        if (phases_chance(thread->run, 50))
            phases_free(thread, &phases.transfer[k].block);
    }
}

static void phases_setup(struct hm_block_run *run, unsigned threads)
{
    for (unsigned t = 0; t < threads; t++) {
        struct phases_thread *thread = &phases.thread[t];
        uint64_t most =
            100 * run->base.value[PHASES_SCALE] * (t % PHASES_SHARES + 1);

        *thread = (struct phases_thread){.most = most};
        thread->block = hm_arena_alloc(most * sizeof(*thread->block));
        thread->stay = hm_arena_alloc(most / 2 * sizeof(*thread->stay));
    }
    HM_CHECK(pthread_barrier_init(&phases.all, NULL, threads) == 0);
}

static void phases_run(struct hm_block_run *run)
{
    struct phases_thread *thread = &phases.thread[run->thread];

    thread->run = run;
    thread->number = run->thread;
    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < run->base.value[PHASES_ITERATIONS]; i++) {
        hm_block_thread_join(hm_block_thread_start(run, phases_live, thread));
        thread->number += run->threads;
        (void)pthread_barrier_wait(&phases.all);
        if (run->thread == 0)
            phases_halve_transfer(thread);
        (void)pthread_barrier_wait(&phases.all);
    }
}

static void phases_drop(struct hm_block_run *run)
{
    struct phases_thread *thread = &phases.thread[run->thread];
    uint64_t remote = run->remote_frees; /* the drop is not counted */

    if (run->thread == 0) {
        for (unsigned k = 0; k < PHASES_TRANSFER; k++)
            phases_free(thread, &phases.transfer[k].block);
        HM_CHECK(pthread_barrier_destroy(&phases.all) == 0);
    }
    run->remote_frees = remote;
    hm_run_mix(&run->base, thread->damage != 0);
    hm_arena_release(thread->block, thread->most * sizeof(*thread->block));
    hm_arena_release(thread->stay, thread->most / 2 * sizeof(*thread->stay));
}

const struct hm_block_workload hm_block_phases = {
    .name = "phases",
    .summary = "threads exchange blocks of all sizes and die, over and over",
    .source = "Leijen, mimalloc, test-stress",
    .operation = "malloc and free",
    .params = phases_params,
    .max_threads = PHASES_THREADS_MAX,
    .setup = phases_setup,
    .run = phases_run,
    .drop = phases_drop,
};
