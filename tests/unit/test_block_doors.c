/* SPDX-License-Identifier: MIT */
/* The doors of block workloads, built as for the cells: malloc itself, the
 * census (HM_CENSUS), requests that cost nothing (HM_BLOCK_NULL), and a clock
 * in each (HM_BLOCK_OPERATIONS). */
#include "workloads/block.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef HM_BLOCK_NULL
unsigned char hm_block_null_memory[HM_BLOCK_NULL_BYTES];
#endif

static jmp_buf refused;
static size_t refused_bytes;

/* Must not return. */
static void exhausted(size_t bytes)
{
    refused_bytes = bytes;
    longjmp(refused, 1); /* NOLINT(cert-err52-cpp): back to the test */
}

static struct hm_block_run run = {.threads = 1, .exhausted = exhausted};

enum { NEW_DOORS = 3, DOORS };

/* What could not be resized is still there: in sight of leak checkers. */
static void *volatile resized, *volatile kept;

/* Asks for `bytes` through each of them. */
static void *request(unsigned door, size_t bytes)
{
    switch (door) {
    case 0:
        return hm_block_alloc(&run, bytes);
    case 1:
        return hm_block_alloc_zeroed(&run, bytes);
    case 2:
        return hm_block_alloc_aligned(&run, 64, bytes);
    default:
        resized = hm_block_alloc(&run, 1);
        return hm_block_resize(&run, resized, bytes);
    }
}

static int is_refused(unsigned door, size_t bytes)
{
    if (setjmp(refused) != 0) {
        kept = resized;
        return 1;
    }
    (void)request(door, bytes);
    return 0;
}

static void test_what_cannot_be_had_ends_the_run(void **state)
{
    const size_t bytes = PTRDIFF_MAX - 4096;

    (void)state;
    for (unsigned door = 0; door < DOORS; door++) {
        refused_bytes = 0;
        assert_true(is_refused(door, bytes));
        assert_int_equal(refused_bytes, bytes);
    }
}

static void test_blocks_can_be_written_to_their_end(void **state)
{
    (void)state;
    for (unsigned door = 0; door < NEW_DOORS; door++) {
        for (size_t bytes = 1; bytes < 100000; bytes = 3 * bytes + 1) {
            unsigned char *block = request(door, bytes);

            memset(block, 0xA5, bytes);
            HM_BLOCK_KEEP(block);
            assert_int_equal(block[bytes - 1], 0xA5);
            hm_block_free(&run, block);
        }
    }
}

#ifndef HM_BLOCK_NULL
static void test_a_resized_block_keeps_what_it_held(void **state)
{
    unsigned char *block = hm_block_alloc(&run, 100);

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        block[i] = (unsigned char)i;
    block = hm_block_resize(&run, block, 100000);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(block[i], i);
    block = hm_block_resize(&run, block, 10);
    assert_int_equal(block[9], 9);
    hm_block_free(&run, block);
}

static void test_a_zeroed_block_is_zero_where_another_was(void **state)
{
    (void)state;
    for (size_t bytes = 8; bytes < 100000; bytes *= 5) {
        unsigned char *block = hm_block_alloc(&run, bytes);

        memset(block, 0xFF, bytes);
        hm_block_free(&run, block);
        block = hm_block_alloc_zeroed(&run, bytes);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(block[i], 0);
        hm_block_free(&run, block);
    }
}

static void test_an_aligned_block_lies_where_it_should(void **state)
{
    (void)state;
    for (size_t align = sizeof(void *); align <= 1 << 20; align *= 2) {
        void *small = hm_block_alloc_aligned(&run, align, 1);
        void *large = hm_block_alloc_aligned(&run, align, 3 * align);

        assert_int_equal((uintptr_t)small % align, 0);
        assert_int_equal((uintptr_t)large % align, 0);
        hm_block_free(&run, small);
        hm_block_free(&run, large);
    }
}
#endif

#ifdef HM_CENSUS
static struct hm_block_ledger ledger;

static int open_ledger(void **state)
{
    (void)state;
    ledger = (struct hm_block_ledger){0};
    run.ledger = &ledger;
    return 0;
}

static void test_the_ledger_counts_what_is_asked_for(void **state)
{
    void *a = hm_block_alloc(&run, 100);
    void *b = hm_block_alloc_zeroed(&run, 10);
    void *c = hm_block_alloc_aligned(&run, 4096, 1000);

    (void)state;
    assert_int_equal(ledger.live_bytes, 1110);
    hm_block_free(&run, b);
    assert_int_equal(ledger.live_bytes, 1100);
    hm_block_free(&run, a);
    hm_block_free(&run, c);
    assert_int_equal(ledger.live_bytes, 0);
    assert_int_equal(ledger.peak_bytes, 1110);
    assert_int_equal(ledger.alloc_count, 3);
    assert_int_equal(ledger.alloc_bytes, 1110);
    assert_int_equal(ledger.free_count, 3);
    assert_int_equal(ledger.lost_count, 0);
}

/* The program never needs both. */
static void test_a_resized_block_is_needed_once(void **state)
{
    void *block = hm_block_alloc(&run, 1000);

    (void)state;
    block = hm_block_resize(&run, block, 1500);
    assert_int_equal(ledger.live_bytes, 1500);
    assert_int_equal(ledger.peak_bytes, 1500);
    block = hm_block_resize(&run, block, 20);
    assert_int_equal(ledger.live_bytes, 20);
    assert_int_equal(ledger.peak_bytes, 1500);
    hm_block_free(&run, block);
    assert_int_equal(ledger.alloc_count, 3);
    assert_int_equal(ledger.free_count, 3);
    assert_int_equal(ledger.alloc_bytes, 2520);
}

static void test_a_lost_block_is_not_needed_and_not_freed(void **state)
{
    (void)state;
    hm_block_lose(&run, hm_block_alloc(&run, 256));
    assert_int_equal(ledger.live_bytes, 0);
    assert_int_equal(ledger.alloc_count, 1);
    assert_int_equal(ledger.free_count, 0);
    assert_int_equal(ledger.lost_count, 1);
    assert_int_equal(ledger.lost_bytes, 256);
}

/* The prefix of a block in a pool of our own, so that no allocator and no
 * sanitizer is asked first. */
static void test_a_block_is_freed_once(void **state)
{
    pid_t child = fork();
    int status = 0;

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        static _Alignas(16) unsigned char pool[256];
        void *block = hm_block_begin(&run, pool, 64, 100);

        (void)close(STDERR_FILENO);
        (void)hm_block_end(&run, block);
        (void)hm_block_end(&run, block);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define TEST(name) cmocka_unit_test_setup(name, open_ledger)
#elif defined(HM_BLOCK_OPERATIONS)
static struct hm_block_took took;

static int ask_for_times(void **state)
{
    (void)state;
    took = (struct hm_block_took){0};
    hm_block_took_init(&took, 12345);
    run.took = &took;
    return 0;
}

static int ask_for_none(void **state)
{
    (void)state;
    run.took = NULL;
    return 0;
}

/* How many requests were timed since the last look, by kind. */
static void expect_timed(const unsigned expected[HM_BLOCK_KINDS])
{
    for (unsigned kind = 0; kind < HM_BLOCK_KINDS; kind++) {
        unsigned n = 0;

        for (unsigned i = 0; i < HM_HIST_BUCKETS; i++)
            n += took.kind[kind].count[i];
        assert_int_equal(n, expected[kind]);
    }
    memset(took.kind, 0, sizeof took.kind);
}

#define EXPECT_TIMED(...) \
    expect_timed((const unsigned[HM_BLOCK_KINDS]){__VA_ARGS__})

static void test_each_door_counts_as_its_own_kind(void **state)
{
    void *a, *b, *c;

    (void)state;
    a = hm_block_alloc(&run, 100);
    EXPECT_TIMED([HM_BLOCK_MALLOC] = 1);
    b = hm_block_alloc_zeroed(&run, 100);
    EXPECT_TIMED([HM_BLOCK_CALLOC] = 1);
    c = hm_block_alloc_aligned(&run, 64, 100);
    EXPECT_TIMED([HM_BLOCK_ALIGNED] = 1);
    a = hm_block_resize(&run, a, 1000);
    EXPECT_TIMED([HM_BLOCK_REALLOC] = 1);
    hm_block_free(&run, a);
    EXPECT_TIMED([HM_BLOCK_FREE] = 1);
    hm_block_free(&run, b);
    hm_block_free(&run, c);
    EXPECT_TIMED([HM_BLOCK_FREE] = 2);
}

static void test_what_is_not_asked_for_is_not_timed(void **state)
{
    const struct hm_block_took before = took;

    (void)state;
    run.took = NULL;
    for (unsigned door = 0; door < DOORS; door++)
        hm_block_free(&run, request(door, 10));
    assert_memory_equal(&took, &before, sizeof took);
}

/* One block in 64 is large: all or none of those at a fixed distance. */
static void test_a_period_of_sizes_does_not_choose_what_is_weighed(void **state)
{
    enum { ROUNDS = 2000, SMALL = 100, LARGE = 6400 };

    const uint64_t mean = (LARGE + 63 * SMALL) / 64;

    (void)state;
    for (unsigned i = 0; i < 64 * ROUNDS; i++)
        hm_block_free(&run, hm_block_alloc(&run, i % 64 == 0 ? LARGE : SMALL));
    assert_in_range(took.asked_bytes, ROUNDS * mean * 8 / 10,
                    ROUNDS * mean * 12 / 10);
    assert_true(took.usable_bytes >= took.asked_bytes);
}

/* Of a single byte each, by any door. */
static void test_one_block_in_64_is_weighed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64000; i++)
        hm_block_free(&run, request(i % NEW_DOORS, 1));
    assert_in_range(took.asked_bytes, 900, 1100);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, ask_for_times, ask_for_none)
#else
#define TEST(name) cmocka_unit_test(name)
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_cannot_be_had_ends_the_run),
        TEST(test_blocks_can_be_written_to_their_end),
#ifndef HM_BLOCK_NULL
        TEST(test_a_resized_block_keeps_what_it_held),
        TEST(test_a_zeroed_block_is_zero_where_another_was),
        TEST(test_an_aligned_block_lies_where_it_should),
#endif
#ifdef HM_CENSUS
        TEST(test_the_ledger_counts_what_is_asked_for),
        TEST(test_a_resized_block_is_needed_once),
        TEST(test_a_lost_block_is_not_needed_and_not_freed),
        TEST(test_a_block_is_freed_once),
#endif
#ifdef HM_BLOCK_OPERATIONS
        TEST(test_each_door_counts_as_its_own_kind),
        TEST(test_what_is_not_asked_for_is_not_timed),
        TEST(test_a_period_of_sizes_does_not_choose_what_is_weighed),
        TEST(test_one_block_in_64_is_weighed),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
