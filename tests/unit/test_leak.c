/* SPDX-License-Identifier: MIT */
#include "harness/campaign/leak.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { POINTS = 10, OPS = 1000 };

/* Bytes per operation. */
struct slopes {
    double needed, reachable, live, rss; /* live < 0: not known */
};

/* Ten checkpoints, 1000 operations apart; 100 bytes allocated by each. */
static const char *verdict_of(struct slopes slope, uint64_t noise_bytes)
{
    struct hm_leak_point point[POINTS];

    for (uint64_t i = 0; i < POINTS; i++) {
        double ops = OPS * (double)i;

        point[i] = (struct hm_leak_point){
            (i + 1) * OPS,
            {[HM_LEAK_NEEDED] = (uint64_t)(slope.needed * ops),
             [HM_LEAK_REACHABLE] = (uint64_t)(slope.reachable * ops),
             [HM_LEAK_LIVE] =
                 slope.live < 0 ? UINT64_MAX : (uint64_t)(slope.live * ops),
             [HM_LEAK_RSS] = (1 << 20) + (uint64_t)(slope.rss * ops) +
                             (i % 2) * noise_bytes}};
    }
    return hm_leak_verdict(point, POINTS, 100);
}

/* A task that needs ever the same, under a strategy that does not tell what it
 * has not reclaimed. */
static const char *verdict(double rss_slope, double reachable_slope,
                           uint64_t noise_bytes)
{
    return verdict_of((struct slopes){0, reachable_slope, -1, rss_slope},
                      noise_bytes);
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
    assert_string_equal(verdict_of((struct slopes){100, 100, -1, 100}, 0),
                        "none");
    assert_string_equal(verdict_of((struct slopes){40, 100, 100, 100}, 0),
                        "logical");
    assert_string_equal(verdict_of((struct slopes){40, 40, 100, 100}, 0),
                        "lost");
}

/* Headers and free room belong to what leaks, not to the strategy's account. */
static void what_is_not_reclaimed_decides_whose_growth_it_is(void **state)
{
    (void)state;
    assert_string_equal(verdict_of((struct slopes){0, 100, 170, 200}, 0),
                        "logical");
    assert_string_equal(verdict_of((struct slopes){0, 0, 100, 190}, 0), "lost");
}

/* 1 MiB, and 200 kB more in seven steps, is a fifth; 400 kB are two. */
static void growth_that_nothing_live_explains_is_fragmentation(void **state)
{
    (void)state;
    assert_string_equal(verdict_of((struct slopes){0, 0, 0, 200 / 7.0}, 0),
                        "none");
    assert_string_equal(verdict_of((struct slopes){0, 0, 0, 400 / 7.0}, 0),
                        "fragmentation");
    assert_string_equal(verdict_of((struct slopes){0, 0, 3, 400 / 7.0}, 0),
                        "fragmentation");
}

static void one_odd_checkpoint_changes_nothing(void **state)
{
    struct hm_leak_point point[POINTS];

    (void)state;
    for (uint64_t i = 0; i < POINTS; i++) {
        point[i] =
            (struct hm_leak_point){(i + 1) * OPS, {0, 0, UINT64_MAX, 1 << 20}};
    }
    point[5].bytes[HM_LEAK_RSS] *= 50;
    assert_string_equal(hm_leak_verdict(point, POINTS, 100), "none");
}

static void warming_up_is_no_leak(void **state)
{
    struct hm_leak_point point[POINTS];

    (void)state;
    for (uint64_t i = 0; i < POINTS; i++) {
        point[i] = (struct hm_leak_point){
            (i + 1) * OPS,
            {0, 0, UINT64_MAX, i < HM_LEAK_SKIPPED ? 4096 : 1 << 20}};
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
        cmocka_unit_test(what_is_not_reclaimed_decides_whose_growth_it_is),
        cmocka_unit_test(growth_that_nothing_live_explains_is_fragmentation),
        cmocka_unit_test(one_odd_checkpoint_changes_nothing),
        cmocka_unit_test(warming_up_is_no_leak),
        cmocka_unit_test(too_little_is_no_verdict),
        cmocka_unit_test(expectations_follow_the_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
