/* SPDX-License-Identifier: MIT */
/* test_mmu.c -- MMU and BMU against cases worked out by hand and
 * against a search over every window. */
#include "harness/analysis/mmu.h"

#include "common/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NEAR 1e-9

static void assert_near(double got, double wanted)
{
    if (fabs(got - wanted) > NEAR)
        print_error("%.12g, not %.12g\n", got, wanted);
    assert_true(fabs(got - wanted) <= NEAR);
}

static void no_pause_leaves_everything(void **state)
{
    (void)state;
    assert_near(hm_mmu(NULL, 0, 100, 1), 1);
    assert_near(hm_mmu(NULL, 0, 100, 1000), 1);
}

static void one_pause_by_hand(void **state)
{
    const struct hm_span pause[] = {{40, 50}};

    (void)state;
    assert_near(hm_mmu(pause, 1, 100, 5), 0);
    assert_near(hm_mmu(pause, 1, 100, 10), 0);
    assert_near(hm_mmu(pause, 1, 100, 20), 0.5);
    assert_near(hm_mmu(pause, 1, 100, 40), 0.75);
    assert_near(hm_mmu(pause, 1, 100, 100), 0.9);
    assert_near(hm_mmu(pause, 1, 100, 1e6), 0.9);
}

static void utilisation_need_not_rise_but_its_bound_does(void **state)
{
    const struct hm_span pause[] = {{1.0, 1.2}, {1.3, 1.5}};
    const double window[] = {0.2, 0.3, 0.5, 1, 2};
    double mmu[5], bmu[5];

    (void)state;
    for (size_t i = 0; i < 5; i++)
        mmu[i] = hm_mmu(pause, 2, 10, window[i]);
    hm_bmu(mmu, 5, 0.96, bmu);
    assert_near(mmu[1], 1.0 / 3);
    assert_near(mmu[2], 0.2);
    assert_near(bmu[0], 0);
    assert_near(bmu[1], 0.2);
    assert_near(bmu[2], 0.2);
    assert_near(bmu[3], 0.6);
    assert_near(bmu[4], 0.8);
    hm_bmu(mmu, 5, 0.1, bmu);
    assert_near(bmu[4], 0.1);
}

static void overlapping_and_touching_pauses_count_once(void **state)
{
    struct hm_span pause[] = {{30, 40}, {10, 20}, {15, 25}, {25, 28}, {12, 13}};

    (void)state;
    assert_int_equal(hm_spans_join(pause, 5, 100), 2);
    assert_near(pause[0].start, 10);
    assert_near(pause[0].end, 28);
    assert_near(pause[1].start, 30);
    assert_near(hm_mmu(pause, 2, 100, 18), 0);
    assert_near(hm_mmu(pause, 2, 100, 30), 1 - 28.0 / 30);
}

static void pauses_at_the_edges_are_cut_and_their_windows_moved(void **state)
{
    struct hm_span pause[] = {{-5, 4}, {97, 120}, {200, 300}, {-9, -1}};

    (void)state;
    assert_int_equal(hm_spans_join(pause, 4, 100), 2);
    assert_near(pause[0].start, 0);
    assert_near(pause[1].end, 100);
    assert_near(hm_mmu(pause, 2, 100, 4), 0);
    assert_near(hm_mmu(pause, 2, 100, 8), 0.5);
    assert_near(hm_mmu(pause, 2, 100, 98), 1 - 5.0 / 98);
}

static void a_run_that_is_one_pause_leaves_nothing(void **state)
{
    struct hm_span pause[] = {{-1, 11}};

    (void)state;
    assert_int_equal(hm_spans_join(pause, 1, 10), 1);
    assert_near(hm_mmu(pause, 1, 10, 1), 0);
    assert_near(hm_mmu(pause, 1, 10, 10), 0);
    assert_near(hm_mmu(pause, 1, 10, 50), 0);
}

/* Paused time in [from, to], the slow way. */
static double paused(const struct hm_span *pause, size_t n, double from,
                     double to)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += fmax(0, fmin(pause[i].end, to) - fmax(pause[i].start, from));
    }
    return sum;
}

static void every_window_of_random_runs_agrees(void **state)
{
    enum { TOTAL = 400, RUNS = 200 };
    struct hm_rng rng;

    (void)state;
    hm_rng_seed(&rng, 7);
    for (int run = 0; run < RUNS; run++) {
        struct hm_span pause[12];
        size_t n = hm_rng_below(&rng, 13);
        int window = 1 + (int)hm_rng_below(&rng, TOTAL - 1);
        double worst = 0;

        for (size_t i = 0; i < n; i++) {
            pause[i].start = (double)hm_rng_below(&rng, TOTAL + 20) - 10;
            pause[i].end = pause[i].start + hm_rng_below(&rng, 40);
        }
        n = hm_spans_join(pause, n, TOTAL);
        for (int from = 0; from + window <= TOTAL; from++)
            worst = fmax(worst, paused(pause, n, from, from + window));
        assert_near(hm_mmu(pause, n, TOTAL, window), 1 - worst / window);
    }
}

static void the_grid_ascends_and_holds_the_usual_windows(void **state)
{
    static const double usual_ms[] = {1, 2, 5, 10, 20, 50, 100, 1000, 10000};

    (void)state;
    for (size_t i = 1; i < HM_WINDOWS; i++)
        assert_true(hm_window_ns(i) > hm_window_ns(i - 1));
    assert_near(hm_window_ns(0) / 1e5, 1);
    for (size_t u = 0; u < sizeof usual_ms / sizeof usual_ms[0]; u++) {
        int found = 0;

        for (size_t i = 0; i < HM_WINDOWS; i += HM_WINDOWS_PER_SHOWN)
            found |= fabs(hm_window_ns(i) / 1e6 / usual_ms[u] - 1) < NEAR;
        assert_true(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_pause_leaves_everything),
        cmocka_unit_test(one_pause_by_hand),
        cmocka_unit_test(utilisation_need_not_rise_but_its_bound_does),
        cmocka_unit_test(overlapping_and_touching_pauses_count_once),
        cmocka_unit_test(pauses_at_the_edges_are_cut_and_their_windows_moved),
        cmocka_unit_test(a_run_that_is_one_pause_leaves_nothing),
        cmocka_unit_test(every_window_of_random_runs_agrees),
        cmocka_unit_test(the_grid_ascends_and_holds_the_usual_windows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
