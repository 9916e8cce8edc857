/* SPDX-License-Identifier: MIT */
/* allocator_threads.c NAME -- an allocator whose hooks may be called at the
 * same time: blocks wander between threads, and threads end while others hold
 * what they allocated. */
#include "allocators/allocator.h"

#include "common/rng.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    THREADS = 4,
    GENERATIONS = 5,
    SHARED = 256,
    STEPS = 6000,
    HANDED_ON = 200000,
    SLEEPERS_BLOCKS = 32,
    TURNOVER = 400,
    LIMIT_BYTES = 256 << 20,
};

static const struct hm_allocator *subject;
static struct hm_heap *heap;
static uint32_t *_Atomic shared[SHARED];

/* Its length in words first, then its address in each. */
static uint32_t *make(struct hm_rng *rng)
{
    uint32_t words = 4 + hm_rng_below(rng, 1u << (2 + hm_rng_below(rng, 14)));
    uint32_t *block = subject->alloc(heap, words * sizeof(*block), 16);

    if (block == NULL)
        return NULL;
    block[0] = words;
    for (uint32_t i = 1; i < words; i += 1 + i / 8)
        block[i] = (uint32_t)(uintptr_t)block + i;
    return block;
}

/* Not an assertion of cmocka's: those jump, and this is no thread of its. */
static void drop(uint32_t *block)
{
    if (block == NULL)
        return;
    for (uint32_t i = 1; i < block[0]; i += 1 + i / 8) {
        if (block[i] != (uint32_t)(uintptr_t)block + i) {
            fprintf(stderr, "a block does not hold what was written\n");
            abort();
        }
    }
    subject->release(heap, block);
}

static void *wander(void *argument)
{
    const uint32_t *seed = argument;
    struct hm_rng rng;

    hm_rng_seed(&rng, *seed);
    for (int i = 0; i < STEPS; i++) {
        uint32_t *block = make(&rng);

        if (hm_rng_below(&rng, 4) == 0) {
            drop(block);
        } else {
            drop(atomic_exchange(&shared[hm_rng_below(&rng, SHARED)], block));
        }
    }
    return NULL;
}

static void run_generation(uint32_t generation)
{
    pthread_t thread[THREADS];
    uint32_t seed[THREADS];

    for (uint32_t t = 0; t < THREADS; t++) {
        seed[t] = generation * THREADS + t + 1;
        assert_int_equal(pthread_create(&thread[t], NULL, wander, &seed[t]), 0);
    }
    for (unsigned t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(thread[t], NULL), 0);
}

static void blocks_wander_between_threads_that_come_and_go(void **state)
{
    (void)state;
    heap = subject->create(LIMIT_BYTES);
    assert_non_null(heap);
    for (unsigned g = 0; g < GENERATIONS; g++) {
        run_generation(g);
        assert_null(subject->check(heap));
    }
    for (unsigned i = 0; i < SHARED; i++)
        drop(atomic_exchange(&shared[i], NULL));
    assert_null(subject->check(heap));
    subject->destroy(heap);
}

/* One gives, the other frees; neither ever frees its own. */
static void *free_all(void *blocks)
{
    uint32_t **block = blocks;

    for (int i = 0; i < STEPS; i++)
        drop(block[i]);
    return NULL;
}

static void memory_freed_by_others_is_not_lost(void **state)
{
    static uint32_t *block[STEPS];
    struct hm_rng rng;
    pthread_t thread;

    (void)state;
    heap = subject->create((size_t)128
                           << 20); /* a third of what all rounds take */
    assert_non_null(heap);
    hm_rng_seed(&rng, 7);
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < STEPS; i++) {
            block[i] = make(&rng);
            assert_non_null(block[i]);
        }
        assert_int_equal(pthread_create(&thread, NULL, free_all, block), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_null(subject->check(heap));
    }
    subject->destroy(heap);
}

/* Empties the slots in turn. */
static void *free_what_comes(void *argument)
{
    (void)argument;
    for (int i = 0; i < HANDED_ON; i++) {
        uint32_t *block;

        while ((block = atomic_exchange(&shared[i % SHARED], NULL)) == NULL)
            (void)sched_yield();
        drop(block);
    }
    return NULL;
}

/* The other frees the last block of a page while its owner looks for pages in
 * which others have freed. */
static void one_allocates_while_another_frees_all_of_it(void **state)
{
    pthread_t thread;

    (void)state;
    heap = subject->create(LIMIT_BYTES);
    assert_non_null(heap);
    assert_int_equal(pthread_create(&thread, NULL, free_what_comes, NULL), 0);
    for (int i = 0; i < HANDED_ON; i++) {
        uint32_t *block = subject->alloc(heap, 1024, 16);

        assert_non_null(block);
        block[0] = 1;
        while (atomic_load(&shared[i % SHARED]) != NULL)
            (void)sched_yield();
        atomic_store(&shared[i % SHARED], block);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_null(subject->check(heap));
    subject->destroy(heap);
}

/* Leaves a few blocks behind; the lowest and the highest of all. */
static void *allocate_and_end(void *ends)
{
    uintptr_t *end = ends;

    for (int i = 0; i < 5; i++) {
        uintptr_t at = (uintptr_t)subject->alloc(heap, 128, 16);

        end[0] = at < end[0] ? at : end[0];
        end[1] = at > end[1] ? at : end[1];
    }
    return NULL;
}

static void what_an_ended_thread_left_is_used_by_the_next(void **state)
{
    uintptr_t end[2] = {UINTPTR_MAX, 0};

    (void)state;
    heap = subject->create(LIMIT_BYTES);
    assert_non_null(heap);
    for (int i = 0; i < TURNOVER; i++) {
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, allocate_and_end, end),
                         0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_null(subject->check(heap));
    assert_true(end[0] != 0 && end[1] - end[0] < (size_t)TURNOVER * 10 * 128);
    subject->destroy(heap);
}

static pthread_barrier_t step;

/* One block of each size, then it sleeps. */
static void *allocate_and_sleep(void *blocks)
{
    void **block = blocks;

    for (size_t i = 0; i < SLEEPERS_BLOCKS; i++)
        block[i] = subject->alloc(heap, (i + 1) << 10, 16);
    (void)pthread_barrier_wait(&step);
    (void)pthread_barrier_wait(&step);
    return NULL;
}

static void memory_does_not_wait_for_a_thread_that_sleeps(void **state)
{
    void *block[SLEEPERS_BLOCKS], *large;
    pthread_t thread;

    (void)state;
    heap = subject->create((size_t)1 << 20);
    assert_non_null(heap);
    assert_int_equal(pthread_barrier_init(&step, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, allocate_and_sleep, block),
                     0);
    (void)pthread_barrier_wait(&step);
    for (size_t i = 0; i < SLEEPERS_BLOCKS; i++) {
        assert_non_null(block[i]);
        subject->release(heap, block[i]);
    }
    large = subject->alloc(heap, (size_t)15 << 16, 16); /* 15 of 16 parts */
    assert_non_null(large);
    subject->release(heap, large);
    (void)pthread_barrier_wait(&step);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_null(subject->check(heap));
    (void)pthread_barrier_destroy(&step);
    subject->destroy(heap);
}

static void a_refusal_sets_errno_and_a_release_keeps_it(void **state)
{
    void *block;

    (void)state;
    heap = subject->create((size_t)1 << 20);
    errno = 0;
    assert_null(subject->alloc(heap, (size_t)2 << 20, 16));
    assert_int_equal(errno, ENOMEM);
    block = subject->alloc(heap, 0, 16);
    assert_non_null(block);
    errno = 42;
    subject->release(heap, block);
    assert_int_equal(errno, 42);
    subject->destroy(heap);
}

static void a_large_block_that_shrinks_makes_room(void **state)
{
    enum { MIB = 1 << 20 };

    unsigned char *block, *other;

    (void)state;
    heap = subject->create((size_t)128 * MIB);
    block = subject->alloc(heap, (size_t)100 * MIB, HM_ALLOC_ALIGN);
    assert_non_null(block);
    block[0] = block[40 * MIB - 1] = 7;
    assert_null(subject->alloc(heap, (size_t)60 * MIB, HM_ALLOC_ALIGN));
    assert_int_equal(subject->resize(heap, block, (size_t)40 * MIB), 1);
    assert_true(subject->usable(heap, block) < (size_t)41 * MIB);
    other = subject->alloc(heap, (size_t)60 * MIB, HM_ALLOC_ALIGN);
    assert_non_null(other);
    assert_null(subject->check(heap));
    assert_int_equal(block[0] + block[40 * MIB - 1], 14);
    subject->release(heap, other);
    subject->release(heap, block);
    assert_null(subject->check(heap));
    subject->destroy(heap);
}

static const struct hm_allocator *find(const char *name)
{
    for (const struct hm_allocator *const *a = hm_allocators; *a; a++) {
        if (strcmp((*a)->name, name) == 0)
            return *a;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_wander_between_threads_that_come_and_go),
        cmocka_unit_test(memory_freed_by_others_is_not_lost),
        cmocka_unit_test(one_allocates_while_another_frees_all_of_it),
        cmocka_unit_test(what_an_ended_thread_left_is_used_by_the_next),
        cmocka_unit_test(memory_does_not_wait_for_a_thread_that_sleeps),
        cmocka_unit_test(a_refusal_sets_errno_and_a_release_keeps_it),
        cmocka_unit_test(a_large_block_that_shrinks_makes_room),
    };

    subject = argc == 2 ? find(argv[1]) : NULL;
    if (subject == NULL || (subject->caps & HM_ALLOC_THREADED) == 0) {
        fprintf(stderr, "usage: %s ALLOCATOR, one with threads\n", argv[0]);
        return 2;
    }
    return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}
