/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct hm_live live;
static struct hm_live_watch watch;
static uint64_t ledger_bytes;

static uint64_t read_ledger(void *ledger)
{
    return *(const uint64_t *)ledger;
}

/* What a meter does at each mark; needed bytes are three times operations. */
static void run_to(uint64_t from_ops, uint64_t to_ops, uint64_t batch)
{
    for (uint64_t ops = from_ops; ops <= to_ops; ops += batch) {
        ledger_bytes = 3 * ops;
        if (ops >= watch.base.at_ops)
            watch.base.reached(&watch.base, ops);
    }
}

static int begin(void **state)
{
    (void)state;
    memset(&live, 0, sizeof(live));
    ledger_bytes = 0;
    hm_live_begin(&watch, &live, read_ledger, &ledger_bytes);
    return 0;
}

static void assert_curve_is_exact_and_rising(void)
{
    assert_int_equal(live.point[0].ops, 0);
    for (unsigned i = 0; i < live.n; i++) {
        assert_int_equal(live.point[i].bytes, 3 * live.point[i].ops);
        assert_true(i == 0 || live.point[i].ops > live.point[i - 1].ops);
    }
}

static void test_short_run_keeps_every_point(void **state)
{
    (void)state;
    run_to(1, 100, 1);
    hm_live_end(&watch, 100);
    assert_int_equal(live.n, 101);
    assert_int_equal(live.point[100].ops, 100);
    assert_curve_is_exact_and_rising();
}

static void test_long_run_stays_within_the_table_and_even(void **state)
{
    uint64_t widest = 0;

    (void)state;
    run_to(64, UINT64_C(64000000), 64);
    hm_live_end(&watch, UINT64_C(64000000));
    assert_in_range(live.n, HM_LIVE_POINTS / 2 - 1, HM_LIVE_POINTS);
    assert_curve_is_exact_and_rising();
    for (unsigned i = 1; i < live.n; i++) {
        uint64_t gap = live.point[i].ops - live.point[i - 1].ops;

        widest = gap > widest ? gap : widest;
    }
    assert_true(widest <= 3 * watch.stride_ops);
    assert_int_equal(live.point[live.n - 1].ops, UINT64_C(64000000));
}

static void test_end_adds_the_last_point_once(void **state)
{
    (void)state;
    hm_live_end(&watch, 0);
    assert_int_equal(live.n, 1);
    ledger_bytes = 21;
    hm_live_end(&watch, 7);
    assert_int_equal(live.n, 2);
    assert_int_equal(watch.base.at_ops, UINT64_MAX);
    assert_curve_is_exact_and_rising();
}

static void test_end_of_a_full_table_still_fits(void **state)
{
    (void)state;
    run_to(1, HM_LIVE_POINTS - 1, 1);
    assert_int_equal(live.n, HM_LIVE_POINTS);
    ledger_bytes = UINT64_C(3) * (HM_LIVE_POINTS + 5);
    hm_live_end(&watch, HM_LIVE_POINTS + 5);
    assert_in_range(live.n, HM_LIVE_POINTS / 4, HM_LIVE_POINTS);
    assert_curve_is_exact_and_rising();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_short_run_keeps_every_point, begin),
        cmocka_unit_test_setup(test_long_run_stays_within_the_table_and_even,
                               begin),
        cmocka_unit_test_setup(test_end_adds_the_last_point_once, begin),
        cmocka_unit_test_setup(test_end_of_a_full_table_still_fits, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
