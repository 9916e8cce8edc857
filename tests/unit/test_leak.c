/* SPDX-License-Identifier: MIT */
#include "harness/campaign/leak.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { POINTS = 10, OPS = 1000 };

/* Bytes per operation. */
struct slopes {
    double needed, reachable, live, rss; /* live < 0: not known */
};

/* Ten checkpoints, 1000 operations apart. */
static const char *verdict_at(struct slopes slope, uint64_t noise_bytes,
                              double alloc_bytes_per_op)
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
    return hm_leak_verdict(point, POINTS, alloc_bytes_per_op, "lost", "");
}

static const char *verdict_of(struct slopes slope, uint64_t noise_bytes)
{
    return verdict_at(slope, noise_bytes, 100);
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

/* Of 10 000 bytes that each operation allocates one in a hundred leaks: 700 kB
 * beyond 1 MiB. */
static void a_small_share_that_fills_memory_is_a_leak(void **state)
{
    (void)state;
    assert_string_equal(verdict_at((struct slopes){0, 0, 100, 100}, 0, 1e4),
                        "lost");
    assert_string_equal(verdict_at((struct slopes){0, 100, 100, 100}, 0, 1e4),
                        "logical");
    assert_string_equal(verdict_at((struct slopes){100, 100, 100, 100}, 0, 1e4),
                        "none");
}

static void a_small_share_is_none_where_memory_hardly_grows(void **state)
{
    (void)state;
    assert_string_equal(verdict_at((struct slopes){0, 0, 20, 20}, 0, 1e4),
                        "none");
}

/* A runtime that comes to its size; live < 0: who knows. */
static void a_small_share_that_nothing_live_explains_is_none(void **state)
{
    (void)state;
    assert_string_equal(verdict_at((struct slopes){0, 0, 0, 100}, 0, 1e4),
                        "none");
    assert_string_equal(verdict_at((struct slopes){0, 0, 40, 100}, 0, 1e4),
                        "none");
    assert_string_equal(verdict_at((struct slopes){0, 0, -1, 100}, 0, 1e4),
                        "none");
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
    assert_string_equal(hm_leak_verdict(point, POINTS, 100, "none", ""),
                        "none");
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
    assert_string_equal(hm_leak_verdict(point, POINTS, 100, "none", ""),
                        "none");
}

static void too_little_is_no_verdict(void **state)
{
    struct hm_leak_point point[HM_LEAK_LEAST] = {{0, {0}}};

    (void)state;
    assert_string_equal(
        hm_leak_verdict(point, HM_LEAK_LEAST - 1, 100, "lost", ""), "");
    assert_string_equal(hm_leak_verdict(point, HM_LEAK_LEAST, 100, "lost", ""),
                        "");
    assert_string_equal(hm_leak_verdict(point, 0, 100, "lost", ""), "");
    for (uint64_t i = 0; i < HM_LEAK_LEAST; i++)
        point[i].ops = i;
    assert_string_equal(hm_leak_verdict(point, HM_LEAK_LEAST, 0, "lost", ""),
                        "");
}

/* Live bytes after checkpoint i, of ten that see 100 bytes allocated by each
 * of 1000 operations. */
static double straight(double i)
{
    return 1e5 * i;
}

static double saturating(double i)
{
    return 4e5 * (1 - exp(-i / 2));
}

/* Timers with a horizon of five checkpoints. */
static double plateau(double i)
{
    return 1e5 * fmin(i, 5);
}

static double doubling_table(double i)
{
    return 6e4 * i + 4e4 * exp2(ceil(log2(i + 1)));
}

static double steps_of_three(double i)
{
    return 3e5 * floor(i / 3);
}

static double accelerating(double i)
{
    return 2e4 * i * i;
}

enum { SERIES = 2000 };

/* -1 ... 1 */
static double random_sign(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (double)(*state >> 33) / (double)(1U << 30) - 1;
}

/* Ten checkpoints of what grows in this shape, and a resident set that differs
 * from it by up to `noise` of its growth. */
static const char *verdict_of_shape(double (*live)(double), double noise,
                                    int is_told, uint64_t *state)
{
    struct hm_leak_point point[POINTS];

    for (uint64_t i = 0; i < POINTS; i++) {
        double bytes = live((double)i);
        double off = noise * live(POINTS - 1) * random_sign(state);

        point[i] = (struct hm_leak_point){
            (i + 1) * OPS,
            {[HM_LEAK_LIVE] = is_told ? (uint64_t)bytes : UINT64_MAX,
             [HM_LEAK_RSS] = (uint64_t)((1 << 20) + bytes + off)}};
    }
    return hm_leak_verdict(point, POINTS, 100, "lost", "");
}

/* Share of the series of this shape that get this verdict. */
static double share_of(const char *word, double (*live)(double), double noise,
                       int is_told)
{
    uint64_t state = 1;
    int n = 0;

    for (int i = 0; i < SERIES; i++)
        n += strcmp(verdict_of_shape(live, noise, is_told, &state), word) == 0;
    return (double)n / SERIES;
}

static void no_leak_settles(void **state)
{
    static double (*const leak[])(double) = {straight, doubling_table,
                                             steps_of_three, accelerating};

    (void)state;
    for (size_t i = 0; i < sizeof leak / sizeof leak[0]; i++) {
        for (int percent = 0; percent <= 25; percent += 5) {
            assert_float_equal(
                share_of("settling", leak[i], percent / 100.0, 1), 0, 0);
        }
    }
}

/* What is not reclaimed is not known: the resident set alone decides. */
static void a_noisy_resident_set_hardly_ever_settles(void **state)
{
    (void)state;
    assert_float_equal(share_of("settling", straight, 0.02, 0), 0, 0);
    assert_true(share_of("settling", straight, 0.05, 0) < 0.02);
}

static void what_comes_to_a_plateau_settles(void **state)
{
    (void)state;
    for (int is_told = 0; is_told < 2; is_told++) {
        assert_float_equal(share_of("settling", saturating, 0, is_told), 1, 0);
        assert_float_equal(share_of("settling", plateau, 0, is_told), 1, 0);
        assert_true(share_of("settling", plateau, 0.05, is_told) > 0.95);
    }
}

static void a_heap_that_comes_to_its_size_is_not_fragmented(void **state)
{
    struct hm_leak_point point[POINTS];

    (void)state;
    for (uint64_t i = 0; i < POINTS; i++) {
        point[i] = (struct hm_leak_point){
            (i + 1) * OPS,
            {[HM_LEAK_RSS] = (uint64_t)((1 << 20) + 8 * plateau((double)i))}};
    }
    assert_string_equal(hm_leak_verdict(point, POINTS, 100, "none", ""),
                        "settling");
}

/* Seven checkpoints are too few to see a plateau. */
static void few_checkpoints_never_settle(void **state)
{
    struct hm_leak_point point[POINTS];

    (void)state;
    for (uint64_t i = 0; i < POINTS; i++) {
        uint64_t bytes = (uint64_t)plateau((double)i + 1);

        point[i] = (struct hm_leak_point){
            (i + 1) * OPS,
            {[HM_LEAK_LIVE] = bytes, [HM_LEAK_RSS] = (1 << 20) + bytes}};
    }
    assert_string_equal(hm_leak_verdict(point, 7, 100, "lost", ""), "lost");
    assert_string_equal(hm_leak_verdict(point, 8, 100, "lost", ""), "settling");
}

/* Whoever guesses retains what numbers look like references to; who never
 * frees, and the twin, have lost it. */
static void what_looks_referenced_is_falsely_retained(void **state)
{
    static const struct {
        const char *leak, *misses, *verdict;
    } row[] = {{"false", "false", "false_retention"},
               {"false", "", "lost"},
               {"none", "false", "lost"},
               {"cycle", "cycle", "lost"},
               {"lost", "false", "lost"}};
    struct hm_leak_point point[POINTS];

    (void)state;
    for (uint64_t i = 0; i < POINTS; i++) {
        point[i] = (struct hm_leak_point){
            (i + 1) * OPS,
            {[HM_LEAK_LIVE] = i * 100000, [HM_LEAK_RSS] = i * 100000}};
    }
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        assert_string_equal(
            hm_leak_verdict(point, POINTS, 100, row[i].leak, row[i].misses),
            row[i].verdict);
    }
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
        {"collector",
         "false",
         {"none", "logical", "none", "none", "false_retention"}},
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
        cmocka_unit_test(a_small_share_that_fills_memory_is_a_leak),
        cmocka_unit_test(a_small_share_is_none_where_memory_hardly_grows),
        cmocka_unit_test(a_small_share_that_nothing_live_explains_is_none),
        cmocka_unit_test(one_odd_checkpoint_changes_nothing),
        cmocka_unit_test(warming_up_is_no_leak),
        cmocka_unit_test(too_little_is_no_verdict),
        cmocka_unit_test(no_leak_settles),
        cmocka_unit_test(a_noisy_resident_set_hardly_ever_settles),
        cmocka_unit_test(what_comes_to_a_plateau_settles),
        cmocka_unit_test(a_heap_that_comes_to_its_size_is_not_fragmented),
        cmocka_unit_test(few_checkpoints_never_settle),
        cmocka_unit_test(what_looks_referenced_is_falsely_retained),
        cmocka_unit_test(expectations_follow_the_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
