/* SPDX-License-Identifier: MIT */
#include "harness/campaign/leak.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { POINTS = 10, OPS = 1000 };

/* Ten checkpoints, 1000 operations apart; 100 bytes allocated by each. */
static const char *verdict_of(double rss_slope, double reachable_slope,
                              double needed_slope, uint64_t noise_bytes)
{
    struct hm_leak_point point[POINTS];

    for (uint64_t i = 0; i < POINTS; i++) {
        double ops = OPS * (double)i;

        point[i] = (struct hm_leak_point){
            (i + 1) * OPS,
            {[HM_LEAK_NEEDED] = (uint64_t)(needed_slope * ops),
             [HM_LEAK_REACHABLE] = (uint64_t)(reachable_slope * ops),
             [HM_LEAK_RSS] = (1 << 20) + (uint64_t)(rss_slope * ops) +
                             (i % 2) * noise_bytes}};
    }
    return hm_leak_verdict(point, POINTS, 100);
}

/* A task that needs ever the same. */
static const char *verdict(double rss_slope, double reachable_slope,
                           uint64_t noise_bytes)
{
    return verdict_of(rss_slope, reachable_slope, 0, noise_bytes);
}

static void flat_memory_is_no_leak(void **state)
{
    (void)state;
    assert_string_equal(verdict(0, 0, 0), "none");
    assert_string_equal(verdict(4, 0, 0), "none"); /* below 5 % */
    assert_string_equal(verdict(0, 0, 500), "none");
}

static void growth_that_is_reachable_is_logical(void **state)
{
    (void)state;
    assert_string_equal(verdict(100, 100, 0), "logical");
    assert_string_equal(verdict(130, 100, 3000), "logical");
}

static void growth_that_is_not_reachable_is_lost(void **state)
{
    (void)state;
    assert_string_equal(verdict(100, 0, 0), "lost");
    assert_string_equal(verdict(100, 40, 0), "lost");
    assert_string_equal(verdict(6, 0, 100), "lost");
}

static void growth_that_the_task_needs_is_no_leak(void **state)
{
    (void)state;
    assert_string_equal(verdict_of(100, 100, 100, 0), "none");
    assert_string_equal(verdict_of(100, 100, 40, 0), "logical");
    assert_string_equal(verdict_of(100, 40, 40, 0), "lost");
}

static void one_odd_checkpoint_changes_nothing(void **state)
{
    struct hm_leak_point point[POINTS];

    (void)state;
    for (uint64_t i = 0; i < POINTS; i++)
        point[i] = (struct hm_leak_point){(i + 1) * OPS, {0, 0, 1 << 20}};
    point[5].bytes[HM_LEAK_RSS] *= 50;
    assert_string_equal(hm_leak_verdict(point, POINTS, 100), "none");
}

static void warming_up_is_no_leak(void **state)
{
    struct hm_leak_point point[POINTS];

    (void)state;
    for (uint64_t i = 0; i < POINTS; i++) {
        point[i] = (struct hm_leak_point){
            (i + 1) * OPS, {0, 0, i < HM_LEAK_SKIPPED ? 4096 : 1 << 20}};
    }
    assert_string_equal(hm_leak_verdict(point, POINTS, 100), "none");
}

static void too_little_is_no_verdict(void **state)
{
    struct hm_leak_point point[HM_LEAK_LEAST] = {{0, {0}}};

    (void)state;
    assert_string_equal(hm_leak_verdict(point, HM_LEAK_LEAST - 1, 100), "");
    assert_string_equal(hm_leak_verdict(point, HM_LEAK_LEAST, 100), "");
    assert_string_equal(hm_leak_verdict(point, 0, 100), "");
    for (uint64_t i = 0; i < HM_LEAK_LEAST; i++)
        point[i].ops = i;
    assert_string_equal(hm_leak_verdict(point, HM_LEAK_LEAST, 0), "");
}

/* The table of leak.h. */
static void expectations_follow_the_class(void **state)
{
    static const struct {
        const char *class_name, *misses, *expected[5];
    } row[] = {
        {"allocator", "", {"none", "logical", "lost", "none", "none"}},
        {"collector", "", {"none", "logical", "none", "none", "none"}},
        {"collector", "cycle", {"none", "logical", "none", "lost", "none"}},
        {"collector", "false", {"none", "logical", "none", "none", "lost"}},
        {"reference", "", {"lost", "logical", "lost", "lost", "lost"}},
    };

    static const char *const leak[] = {"none", "logical", "lost", "cycle",
                                       "false"};

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        for (size_t k = 0; k < 5; k++) {
            assert_string_equal(
                hm_leak_expected(leak[k], row[i].class_name, row[i].misses),
                row[i].expected[k]);
        }
        assert_string_equal(
            hm_leak_expected("-", row[i].class_name, row[i].misses), "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_memory_is_no_leak),
        cmocka_unit_test(growth_that_is_reachable_is_logical),
        cmocka_unit_test(growth_that_is_not_reachable_is_lost),
        cmocka_unit_test(growth_that_the_task_needs_is_no_leak),
        cmocka_unit_test(one_odd_checkpoint_changes_nothing),
        cmocka_unit_test(warming_up_is_no_leak),
        cmocka_unit_test(too_little_is_no_verdict),
        cmocka_unit_test(expectations_follow_the_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
