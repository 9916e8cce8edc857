/* SPDX-License-Identifier: MIT */
/* What goes back to the system, and what is kept. */
#include "allocators/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { LIMIT_BYTES = 64 << 20, MOST = (12 << 20) / HM_UNIT_BYTES };

static struct hm_units units;
static uint32_t taken[MOST];

static int setup(void **state)
{
    (void)state;
    return hm_units_init(&units, LIMIT_BYTES);
}

static int teardown(void **state)
{
    (void)state;
    hm_units_fini(&units);
    return 0;
}

/* `n` units, one by one, and gives them all back. */
static void breathe(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        taken[i] = hm_units_take(&units, 1, taken);
        assert_int_not_equal(taken[i], HM_UNIT_NONE);
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
    assert_int_equal(units.kept_units, HM_UNITS_KEPT);
}

/* The first time is no mistake; that the second comes soon enough is not sure
 * on a busy machine. */
static void learn_to_keep(void)
{
    for (int i = 0; i < 1000 && units.kept_units < MOST; i++)
        breathe(MOST);
    assert_true(units.kept_units >= MOST);
}

static void test_what_is_needed_again_at_once_is_kept(void **state)
{
    size_t before;

    (void)state;
    learn_to_keep();
    breathe(MOST);
    before = units.backed_units;
    breathe(MOST);
    assert_int_equal(units.backed_units, before);
    assert_true(units.kept_units <= HM_UNITS_KEPT_MOST);
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

static void test_later_it_goes_back_again(void **state)
{
    uint32_t first;

    (void)state;
    learn_to_keep();
    units.purged_ns -= 2 * (uint64_t)HM_UNITS_SOON_NS;
    first = hm_units_take(&units, HM_UNITS_KEPT_MOST + 1, taken);
    assert_int_not_equal(first, HM_UNIT_NONE);
    hm_units_give(&units, first);
    assert_int_equal(units.kept_units, HM_UNITS_KEPT);
    assert_true(units.dirty_units <= HM_UNITS_KEPT);
    assert_null(hm_units_check(&units));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_drained_goes_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_what_is_needed_again_at_once_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_run_grows_over_what_is_free_behind_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_later_it_goes_back_again, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
