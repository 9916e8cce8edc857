/* SPDX-License-Identifier: MIT */
/* Order and lower bounds only: how fast a machine is proves nothing. */
#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_monotonic_time_never_steps_back(void **state)
{
    uint64_t before = hm_clock_now_ns();

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t now = hm_clock_now_ns();

        assert_true(now >= before);
        before = now;
    }
}

static void test_cpu_time_grows_with_work_only(void **state)
{
    uint64_t start = hm_clock_cpu_ns(), slept;

    (void)state;
    while (hm_clock_cpu_ns() - start < 2000000)
        ;
    start = hm_clock_cpu_ns();
    slept = hm_clock_now_ns();
    hm_clock_sleep_until(slept + 30000000);
    slept = hm_clock_now_ns() - slept;
    assert_true(hm_clock_cpu_ns() - start < slept);
}

static void test_sleep_lasts_until_the_deadline(void **state)
{
    uint64_t deadline = hm_clock_now_ns() + 5000000;

    (void)state;
    hm_clock_sleep_until(deadline);
    assert_true(hm_clock_now_ns() >= deadline);
}

static void test_sleep_until_the_past_returns(void **state)
{
    (void)state;
    hm_clock_sleep_until(0);
    hm_clock_sleep_until(hm_clock_now_ns() - 1);
}

/* Half of the 20 000 pairs cost at least the median. */
static void test_cost_of_the_clock_fits_in_the_time_it_took(void **state)
{
    uint64_t start = hm_clock_now_ns(), cost = hm_clock_cost_ns();

    (void)state;
    assert_true(cost * 10000 <= hm_clock_now_ns() - start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monotonic_time_never_steps_back),
        cmocka_unit_test(test_cpu_time_grows_with_work_only),
        cmocka_unit_test(test_sleep_lasts_until_the_deadline),
        cmocka_unit_test(test_sleep_until_the_past_returns),
        cmocka_unit_test(test_cost_of_the_clock_fits_in_the_time_it_took),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
