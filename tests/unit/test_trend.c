/* SPDX-License-Identifier: MIT */
#include "harness/campaign/trend.h"

#include "common/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { EPOCHS = 120, SERIES = 200 };

static struct hm_rng rng;

/* From -1 to 1. */
static double noise(void)
{
    return (double)hm_rng_next(&rng) / 2147483648.0 - 1;
}

static double flat(double epoch)
{
    (void)epoch;
    return 1 + 0.03 * noise();
}

static double sawtooth(double epoch)
{
    return 1 + fmod(epoch * 1.37, 7) / 7;
}

static double leak(double epoch)
{
    return (1 + 0.01 * epoch) * (1 + 0.03 * noise());
}

static double leak_and_sawtooth(double epoch)
{
    return (1 + 0.01 * epoch) * sawtooth(epoch);
}

static double step_leak(double epoch)
{
    return 1 + 0.05 * floor(epoch / 8);
}

static double warm_up(double epoch)
{
    return 1 + 0.6 * (1 - exp(-epoch / 5)) + 0.01 * noise();
}

/* Most of its growth lies behind the first quarter, which is not looked at. */
static double late_warm_up(double epoch)
{
    return 1 + 2 * (1 - exp(-epoch / 25)) + 0.005 * noise();
}

/* In how many of 200 series of 120 epochs it sees that. */
static int seen(double (*of)(double epoch), const char *name)
{
    struct hm_trend_point point[EPOCHS];
    int n = 0;

    for (int s = 0; s < SERIES; s++) {
        for (int i = 0; i < EPOCHS; i++)
            point[i] = (struct hm_trend_point){i * 1000.0, 1e6 * of(i)};
        n += strcmp(hm_trend_name(point, EPOCHS), name) == 0;
    }
    return n;
}

static int seed(void **state)
{
    (void)state;
    hm_rng_seed(&rng, 12345);
    return 0;
}

static void noise_and_a_sawtooth_are_flat(void **state)
{
    (void)state;
    assert_int_equal(seen(flat, "flat"), SERIES);
    assert_int_equal(seen(sawtooth, "flat"), SERIES);
    assert_int_equal(seen(warm_up, "flat"), SERIES);
}

static void leaks_grow(void **state)
{
    (void)state;
    assert_in_range(seen(leak, "growing"), SERIES * 0.97, SERIES);
    assert_int_equal(seen(leak_and_sawtooth, "growing"), SERIES);
    assert_int_equal(seen(step_leak, "growing"), SERIES);
}

static void what_slows_down_settles(void **state)
{
    (void)state;
    assert_int_equal(seen(late_warm_up, "settling"), SERIES);
}

static void what_shrinks_is_flat(void **state)
{
    struct hm_trend_point point[EPOCHS];

    (void)state;
    for (int i = 0; i < EPOCHS; i++)
        point[i] = (struct hm_trend_point){i, 1e6 - i * 1000.0};
    assert_string_equal(hm_trend_name(point, EPOCHS), "flat");
}

static void few_points_have_no_trend(void **state)
{
    struct hm_trend_point point[HM_TREND_LEAST];

    (void)state;
    for (int i = 0; i < HM_TREND_LEAST; i++)
        point[i] = (struct hm_trend_point){i, 1e6 + i * 1e5};
    assert_string_equal(hm_trend_name(point, HM_TREND_LEAST), "growing");
    assert_string_equal(hm_trend_name(point, HM_TREND_LEAST - 1), "");
    assert_string_equal(hm_trend_name(point, 0), "");
}

/* Slopes 1, 1, ..., but for the pairs of one odd point. */
static void a_slope_has_an_interval(void **state)
{
    struct hm_trend_point point[8];
    struct hm_slope slope;

    (void)state;
    for (int i = 0; i < 8; i++)
        point[i] = (struct hm_trend_point){10.0 * i, 10.0 * i};
    slope = hm_trend_slope(point, 8);
    assert_true(slope.low == 1 && slope.estimate == 1 && slope.high == 1);
    point[7].bytes += 7000;
    slope = hm_trend_slope(point, 8);
    assert_true(slope.low == 1 && slope.estimate == 1 && slope.high > 100);
    assert_true(isnan(hm_trend_slope(point, 1).estimate));
    point[1].ops = point[0].ops;
    assert_true(isnan(hm_trend_slope(point, 2).estimate));
}

/* Of eight points the ends are the 7th least and greatest of 28 slopes: (28 -
 * 1.96 sqrt(8 7 21 / 18)) / 2 = 6.1. */
static void the_interval_is_made_of_order_statistics(void **state)
{
    static const double bytes[] = {3, 1, 4, 1, 5, 9, 2, 6};
    struct hm_trend_point point[8];
    double lower = 0, higher = 0;
    struct hm_slope slope;

    (void)state;
    for (int i = 0; i < 8; i++)
        point[i] = (struct hm_trend_point){i, bytes[i]};
    slope = hm_trend_slope(point, 8);
    for (int i = 0; i < 8; i++) {
        for (int k = i + 1; k < 8; k++) {
            double one = (bytes[k] - bytes[i]) / (k - i);

            lower += one < slope.low;
            higher += one > slope.high;
        }
    }
    assert_true(lower <= 6 && higher <= 6);
    assert_true(slope.low < slope.estimate && slope.estimate < slope.high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(noise_and_a_sawtooth_are_flat, seed),
        cmocka_unit_test_setup(leaks_grow, seed),
        cmocka_unit_test_setup(what_slows_down_settles, seed),
        cmocka_unit_test(what_shrinks_is_flat),
        cmocka_unit_test(few_points_have_no_trend),
        cmocka_unit_test(a_slope_has_an_interval),
        cmocka_unit_test(the_interval_is_made_of_order_statistics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
