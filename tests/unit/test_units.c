/* SPDX-License-Identifier: MIT */
/* What goes back to the system, and what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>

#include <cmocka.h>

static int system_refuses; /* as it does of what mlockall(2) locked */

static int madvise_or_refuse(void *address, size_t bytes, int advice)
{
    return system_refuses ? -1 : madvise(address, bytes, advice);
}

/* NOLINTNEXTLINE(readability-identifier-naming): a function of the system. */
#define madvise madvise_or_refuse
#include "allocators/units.h"
#undef madvise

enum { LIMIT_BYTES = 64 << 20, MOST = (40 << 20) / HM_UNIT_BYTES };

static struct hm_units units;
static uint32_t taken[MOST];

static int setup(void **state)
{
    (void)state;
    system_refuses = 0;
    return hm_units_init(&units, LIMIT_BYTES);
}

static int teardown(void **state)
{
    (void)state;
    hm_units_fini(&units);
    return 0;
}

/* How many of the units from `first` on have memory in which something was
 * written. */
static size_t resident_units(uint32_t first, size_t n_units)
{
    static unsigned char in_core[LIMIT_BYTES >> 12];
    size_t bytes = n_units * HM_UNIT_BYTES, n = 0;

    assert_int_equal(mincore(hm_units_address(&units, first), bytes, in_core),
                     0);
    for (size_t i = 0; i < bytes >> 12; i++)
        n += in_core[i] & 1;
    return n * 4096 / HM_UNIT_BYTES;
}

/* `n` units, one by one, and gives them all back. */
static void breathe(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        taken[i] = hm_units_take(&units, 1, taken);
        assert_int_not_equal(taken[i], HM_UNIT_NONE);
        memset(hm_units_address(&units, taken[i]), 1, HM_UNIT_BYTES);
    }
    for (size_t i = 0; i < n; i++)
        hm_units_give(&units, taken[i]);
    assert_null(hm_units_check(&units));
}

static void test_what_is_drained_goes_back(void **state)
{
    (void)state;
    breathe(MOST);
    assert_int_equal(units.used_units, 0);
    assert_true(units.dirty_units <= HM_UNITS_KEPT);
    assert_false(units.is_lazy);
    assert_true(resident_units(0, units.frontier) <= HM_UNITS_KEPT);
}

/* The first time is no mistake; that the second comes soon enough is not sure
 * on a busy machine. */
static void learn_to_be_lazy(void)
{
    for (int i = 0; i < 1000 && !units.is_lazy; i++)
        breathe(MOST);
    assert_true(units.is_lazy);
}

static void test_what_is_needed_again_at_once_goes_back_lazily(void **state)
{
    (void)state;
    learn_to_be_lazy();
    breathe(MOST);
    assert_true(units.dirty_units <= HM_UNITS_KEPT_LAZY);
    assert_true(resident_units(0, units.frontier) > MOST / 2);
    breathe(MOST); /* takes and writes lazy ones */
}

static void test_a_run_grows_over_what_is_free_behind_it(void **state)
{
    uint32_t first, second;

    (void)state;
    breathe(3);
    first = hm_units_take(&units, 1, taken);
    assert_true(hm_units_grow(&units, first, 2));
    second = hm_units_take(&units, 1, taken);
    assert_int_equal(second, first + 2);
    assert_false(hm_units_grow(&units, first, 3));
    hm_units_give(&units, second);
    hm_units_give(&units, first);
    assert_null(hm_units_check(&units));
}

static void test_a_run_grows_past_the_frontier(void **state)
{
    size_t n = 3 * (size_t)HM_UNITS_AHEAD;
    uint32_t first, other;

    (void)state;
    first = hm_units_take(&units, 1, taken);
    assert_true(hm_units_grow(&units, first, n));
    assert_true(units.frontier >= first + n);
    assert_null(hm_units_check(&units));
    assert_true(hm_units_grow(&units, first, 2 * n + 1));
    assert_null(hm_units_check(&units));
    assert_false(hm_units_grow(&units, first, units.end + 1));
    other = hm_units_take(&units, 1, taken);
    assert_false(hm_units_grow(&units, first, 3 * n));
    hm_units_give(&units, other);
    hm_units_give(&units, first);
    assert_int_equal(units.used_units, 0);
    assert_null(hm_units_check(&units));
}

static void test_after_a_while_it_goes_back_again(void **state)
{
    uint32_t first;

    (void)state;
    learn_to_be_lazy();
    units.since_ns -= 3 * (uint64_t)HM_UNITS_SOON_NS;
    breathe(MOST);
    assert_false(units.is_lazy);
    assert_true(resident_units(0, units.frontier) <= HM_UNITS_KEPT);
    first = hm_units_take(&units, MOST, taken);
    assert_int_not_equal(first, HM_UNIT_NONE);
    units.since_ns -= 3 * (uint64_t)HM_UNITS_SOON_NS;
    hm_units_give(&units, first);
    assert_false(units.is_lazy);
    assert_true(resident_units(first, MOST) <= HM_UNITS_KEPT);
    assert_null(hm_units_check(&units));
}

static void test_memory_that_is_new_was_not_needed_again(void **state)
{
    uint32_t first;

    (void)state;
    breathe(MOST);
    first = hm_units_take(&units, MOST + 1, taken); /* past the frontier */
    assert_int_not_equal(first, HM_UNIT_NONE);
    hm_units_give(&units, first);
    assert_true(units.needed_units <= MOST);
    assert_null(hm_units_check(&units));
}

/* Two halves, one dirty and one clean, and units that were never used. */
static void test_the_last_units_are_found_wherever_they_are(void **state)
{
    size_t half = units.end / 2 - 50;
    uint32_t low = hm_units_take(&units, half, taken);
    uint32_t high = hm_units_take(&units, half, taken), all;

    (void)state;
    assert_int_not_equal(high, HM_UNIT_NONE);
    hm_units_give(&units, high);
    all = hm_units_take(&units, units.end - half, taken);
    assert_int_equal(all, low + half);
    assert_null(hm_units_check(&units));
}

/* The first half is dirty and clean when the system begins to refuse. */
static void test_what_the_system_refuses_is_one_run_with_what_it_took(
    void **state)
{
    size_t half = units.end / 2 - 50;
    uint32_t low = hm_units_take(&units, half, taken);
    uint32_t high = hm_units_take(&units, half, taken);

    (void)state;
    hm_units_give(&units, low);
    assert_true(units.dirty_units > 0 && units.dirty_units < half);
    system_refuses = 1;
    hm_units_give(&units, high);
    assert_null(hm_units_check(&units));
    assert_int_equal(hm_units_take(&units, 2 * half, taken), low);
    assert_null(hm_units_check(&units));
    system_refuses = 0;
    hm_units_give(&units, low);
    assert_true(units.dirty_units <= HM_UNITS_KEPT);
    assert_null(hm_units_check(&units));
}

static void test_one_give_makes_few_system_calls(void **state)
{
    enum { RUNS = 4 * HM_UNITS_PURGES };

    static uint32_t large[2 * RUNS];
    size_t n = MOST / RUNS / 2, clean = 0;

    (void)state;
    for (size_t i = 0; i < (size_t)2 * RUNS; i++)
        large[i] = hm_units_take(&units, n, taken);
    units.used_units += 8 * (size_t)MOST; /* as if: nothing is too much */
    for (size_t i = 0; i < 2 * RUNS - 2; i += 2)
        hm_units_give(&units, large[i]);
    units.used_units -= 8 * (size_t)MOST;
    hm_units_give(&units, large[2 * RUNS - 2]);
    for (size_t at = 0; at < units.frontier; at += units.unit[at].units)
        clean += units.unit[at].state == HM_UNIT_CLEAN;
    assert_true(clean > 0 && clean <= HM_UNITS_PURGES);
    assert_null(hm_units_check(&units));
}

static void test_a_run_loses_its_end(void **state)
{
    uint32_t first = hm_units_take(&units, 10, taken);

    (void)state;
    hm_units_shrink(&units, first, 4);
    assert_int_equal(units.used_units, 4);
    assert_int_equal(hm_units_take(&units, 6, taken), first + 4);
    assert_null(hm_units_check(&units));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_drained_goes_back),
        TEST(test_what_is_needed_again_at_once_goes_back_lazily),
        TEST(test_a_run_grows_over_what_is_free_behind_it),
        TEST(test_a_run_grows_past_the_frontier),
        TEST(test_after_a_while_it_goes_back_again),
        TEST(test_memory_that_is_new_was_not_needed_again),
        TEST(test_the_last_units_are_found_wherever_they_are),
        TEST(test_what_the_system_refuses_is_one_run_with_what_it_took),
        TEST(test_one_give_makes_few_system_calls),
        TEST(test_a_run_loses_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
