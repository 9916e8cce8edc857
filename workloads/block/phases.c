/* SPDX-License-Identifier: MIT */
/* phases.c -- threads are born, allocate blocks of very different sizes,
 * exchange some of them through a shared table, free what they hold and die;
 * half of the table survives them: live blocks of dead threads, and blocks that
 * migrate.
 *
 * Source:     D. Leijen, mimalloc, test-stress (mstress of mimalloc-bench).
 * Differs:    the first thread's share is done by a new thread too, where the
 *             original's main thread does it, so that one thread shows the
 *             deaths; the tables of pointers are outside the heap; what the
 *             table holds at the end is freed after the run.
 * Invariants: every word of a block is written, and compared before the block
 *             is freed, by whichever thread.  A block names its thread, from
 *             which the share of remote frees is counted.  A thread's checksum
 *             is of what it allocated and of whether anything it freed was
 *             damaged, since whose blocks it frees depends on who came first.
 * Costs:      a write and a read of each word, three to six random numbers for
 *             a block; a thread and two barriers for an iteration; a scan of
 *             the table.
 * Threads:    up to PHASES_THREADS_MAX shares; share t is t modulo 8 + 1 times
 *             as large as the first. */
#include "common/arena.h"
#include "workloads/block.h"
#include "workloads/block_thread.h"

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

/* A block's first word: mark, number of words, number of the thread.  Word i
 * is the first one + i. */
#define PHASES_MARK (UINT64_C(0xB7) << 56)

enum { PHASES_WORDS_SHIFT = 32, PHASES_WORDS_MASK = (1 << 24) - 1 };

struct phases_thread {
    _Alignas(64) struct hm_block_run *run;
    uint64_t **block; /* a free place is NULL */
    uint64_t **stay;  /* freed at the thread's death */
    uint64_t n, n_stay, most;
    uint64_t damage;
    uint32_t number; /* of the living thread, none twice */
};

static struct {
    struct phases_thread thread[PHASES_THREADS_MAX];
    pthread_barrier_t all;
    uint64_t *_Atomic transfer[PHASES_TRANSFER];
} phases;

/* True in percent + 1 of 100 cases, as in the original. */
static int phases_chance(struct hm_block_run *run, uint32_t percent)
{
    return hm_rng_below(&run->base.rng, 100) <= percent;
}

static uint64_t phases_words(struct hm_block_run *run, uint32_t exponents)
{
    uint64_t words = UINT64_C(1) << hm_rng_below(&run->base.rng, exponents);

    if (!phases_chance(run, 1))
        return words;
    if (phases_chance(run, 1))
        return words * 10000;
    return phases_chance(run, 10) ? words * 1000 : words * 100;
}

static uint64_t *phases_alloc(struct phases_thread *thread, uint32_t exponents)
{
    struct hm_block_run *run = thread->run;
    uint64_t words = phases_words(run, exponents);
    uint64_t first = PHASES_MARK | words << PHASES_WORDS_SHIFT | thread->number;
    uint64_t *block = hm_block_alloc(run, words * sizeof(*block));

    for (uint64_t i = 0; i < words; i++)
        block[i] = first + i;
    HM_BLOCK_KEEP(block);
    hm_run_mix(&run->base, (uint32_t)(block[0] >> PHASES_WORDS_SHIFT));
    run->ops++;
    return block;
}

/* 0 when every word is as it was written. */
static uint64_t phases_damage(const uint64_t *block)
{
    uint64_t first = block[0], damage = 0;
    uint64_t words = first >> PHASES_WORDS_SHIFT & PHASES_WORDS_MASK;

    if ((first ^ PHASES_MARK) >> 56 != 0)
        return 1; /* nor is the number of words */
    for (uint64_t i = 1; i < words; i++)
        damage |= block[i] ^ (first + i);
    return damage;
}

static void phases_free(struct phases_thread *thread, uint64_t *block)
{
    if (block == NULL)
        return;
    thread->damage |= phases_damage(block);
    thread->run->remote_frees += (uint32_t)block[0] != thread->number;
    hm_block_free(thread->run, block);
    thread->run->frees++;
}

/* Two of three times frees a random block of those so far, if it is there; one
 * of four times swaps one with an entry of the table. */
static void phases_free_and_exchange(struct phases_thread *thread)
{
    struct hm_rng *rng = &thread->run->base.rng;

    if (phases_chance(thread->run, 66) && thread->n > 0) {
        uint64_t **place =
            &thread->block[hm_rng_below(rng, (uint32_t)thread->n)];

        phases_free(thread, *place);
        *place = NULL;
    }
    if (phases_chance(thread->run, 25) && thread->n > 0) {
        uint64_t **place =
            &thread->block[hm_rng_below(rng, (uint32_t)thread->n)];
        uint32_t k = hm_rng_below(rng, PHASES_TRANSFER);

        *place = atomic_exchange_explicit(&phases.transfer[k], *place,
                                          memory_order_acq_rel);
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
        phases_free_and_exchange(thread);
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
        phases_free(thread, thread->stay[--thread->n_stay]);
    while (thread->n > 0)
        phases_free(thread, thread->block[--thread->n]);
    return NULL;
}

/* Frees each entry of the table in one of two cases. */
static void phases_halve_transfer(struct phases_thread *thread)
{
    for (unsigned k = 0; k < PHASES_TRANSFER; k++) {
        if (phases_chance(thread->run, 50))
            phases_free(thread, atomic_exchange(&phases.transfer[k], NULL));
    }
}

static void phases_setup(struct hm_block_run *run, unsigned threads)
{
    for (unsigned t = 0; t < threads; t++) {
        struct phases_thread *thread = &phases.thread[t];
        uint64_t most =
            100 * run->base.value[PHASES_SCALE] * (t % PHASES_SHARES + 1);

        *thread = (struct phases_thread){.most = most};
        thread->block = hm_arena_alloc(most * sizeof(uint64_t *));
        thread->stay = hm_arena_alloc(most / 2 * sizeof(uint64_t *));
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
            phases_free(thread, atomic_exchange(&phases.transfer[k], NULL));
        HM_CHECK(pthread_barrier_destroy(&phases.all) == 0);
    }
    run->remote_frees = remote;
    hm_run_mix(&run->base, thread->damage != 0);
    hm_arena_release((void *)thread->block,
                     thread->most * sizeof(*thread->block));
    hm_arena_release((void *)thread->stay,
                     thread->most / 2 * sizeof(*thread->stay));
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
