/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/pacer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)
#define MS  UINT64_C(1000000)

static void is_near(double value, double expected, double tolerance)
{
    if (fabs(value - expected) > tolerance)
        fail_msg("%g is not %g", value, expected);
}

static struct hm_pacer pacer_of(size_t limit_bytes, enum hm_growth growth)
{
    struct hm_pacer pacer;
    const uint64_t param[HM_PACER_PARAMS] = {
        [HM_PACER_GROWTH] = growth,
        [HM_PACER_FACTOR] = 150,
        [HM_PACER_BALANCE] = 16 * MIB,
        [HM_PACER_LEAST] = MIB,
    };

    hm_pacer_open(&pacer, limit_bytes, 0);
    hm_pacer_set(&pacer, param, 0);
    return pacer;
}

/* A cycle of 100 ms of mutator, then a collection of 10 ms. */
static void cycle(struct hm_pacer *pacer, size_t allocated, size_t live)
{
    uint64_t start_ns = pacer->ended_ns + 100 * MS;
    const struct hm_pacer_cycle c = {.allocated_bytes = allocated,
                                     .live_bytes = live,
                                     .was_asked =
                                         hm_pacer_left(pacer, allocated) == 0,
                                     .start_ns = start_ns,
                                     .end_ns = start_ns + 10 * MS};

    hm_pacer_collected(pacer, &c);
}

static void a_trickle_of_free_memory_is_exhaustion(void **state)
{
    struct hm_pacer pacer;

    (void)state;
    hm_pacer_open(&pacer, 6400, 0);
    for (int i = 1; i < HM_PACER_STRIKES; i++)
        assert_true(hm_pacer_judge(&pacer, 99));
    assert_true(hm_pacer_judge(&pacer, 100)); /* 1/64: starts anew */
    for (int i = 1; i < HM_PACER_STRIKES; i++)
        assert_true(hm_pacer_judge(&pacer, 0));
    assert_false(hm_pacer_judge(&pacer, 0));
}

/* A heap that grows under a careful policy keeps most of what it allocates. */
static void what_a_policy_asked_for_is_no_exhaustion(void **state)
{
    struct hm_pacer pacer = pacer_of(64 * MIB, HM_GROWTH_FACTOR);

    (void)state;
    for (int i = 0; i < 3 * HM_PACER_STRIKES; i++) {
        cycle(&pacer, pacer.allowance_bytes, 8 * MIB);
        assert_true(hm_pacer_judge(&pacer, 0));
    }
    for (int i = 1; i < HM_PACER_STRIKES; i++) { /* the limit was reached */
        cycle(&pacer, pacer.allowance_bytes - 1, 8 * MIB);
        assert_true(hm_pacer_judge(&pacer, 0));
    }
    assert_false(hm_pacer_judge(&pacer, 0));
}

static void without_a_limit_the_heap_doubles(void **state)
{
    struct hm_pacer pacer;

    (void)state;
    hm_pacer_open(&pacer, 0, 0);
    assert_int_equal(hm_pacer_left(&pacer, 0), 16 << 20);
    assert_int_equal(hm_pacer_left(&pacer, 16 << 20), 0);
    hm_pacer_allow(&pacer, (size_t)100 << 20);
    assert_int_equal(hm_pacer_left(&pacer, 1), (100 << 20) - 1);
    for (int i = 0; i < 100; i++)
        assert_true(hm_pacer_judge(&pacer, 0));
}

static void a_fixed_heap_is_collected_at_its_limit(void **state)
{
    struct hm_pacer pacer = pacer_of(64 * MIB, HM_GROWTH_FIXED);

    (void)state;
    assert_true(hm_pacer_left(&pacer, GIB) > GIB);
    cycle(&pacer, 30 * MIB, 20 * MIB);
    assert_true(hm_pacer_left(&pacer, GIB) > GIB);
}

static void a_factor_counts_from_what_is_live(void **state)
{
    struct hm_pacer free_heap = pacer_of(0, HM_GROWTH_FACTOR);
    struct hm_pacer limited = pacer_of(64 * MIB, HM_GROWTH_FACTOR);

    (void)state;
    cycle(&free_heap, 30 * MIB, 20 * MIB);
    assert_int_equal(free_heap.allowance_bytes, 10 * MIB);
    cycle(&limited, 30 * MIB, 20 * MIB);
    assert_int_equal(limited.allowance_bytes, 10 * MIB);
    cycle(&limited, 30 * MIB, 1000); /* the least: what was chosen */
    assert_int_equal(limited.allowance_bytes, MIB);
}

static void no_policy_asks_for_less_than_a_64th_of_the_limit(void **state)
{
    (void)state;
    for (int g = HM_GROWTH_FACTOR; g <= HM_GROWTH_MEMBALANCER; g++) {
        struct hm_pacer pacer = pacer_of(GIB, (enum hm_growth)g);

        cycle(&pacer, 30 * MIB, 1000);
        assert_true(pacer.allowance_bytes >= GIB / HM_PACER_YIELD);
        cycle(&pacer, 30 * MIB, GIB - 1000);
        assert_true(pacer.allowance_bytes >= GIB / HM_PACER_YIELD);
    }
}

static void stress_is_above_every_policy(void **state)
{
    (void)state;
    for (int g = HM_GROWTH_FIXED; g <= HM_GROWTH_MEMBALANCER; g++) {
        struct hm_pacer pacer = pacer_of(64 * MIB, (enum hm_growth)g);

        pacer.stress_bytes = 100;
        cycle(&pacer, 30 * MIB, 20 * MIB);
        assert_int_equal(pacer.allowance_bytes, 100);
    }
}

static void v8_grows_less_for_a_mutator_that_is_slow(void **state)
{
    (void)state;
    is_near(hm_pacer_v8_factor(0, 4), 4, 0);
    is_near(hm_pacer_v8_factor(1, 4), 4, 0);
    is_near(hm_pacer_v8_factor(43.1, 4), 4, 0.01);
    is_near(hm_pacer_v8_factor(43.2, 4), 3.98, 0.01);
    is_near(hm_pacer_v8_factor(65, 4), 1.99, 0.005);
    is_near(hm_pacer_v8_factor(100, 4), 1.48, 0.005);
    is_near(hm_pacer_v8_factor(200, 4), 1.19, 0.005);
    is_near(hm_pacer_v8_factor(356, 4), 1.1, 0.001);
    is_near(hm_pacer_v8_factor(1e9, 4), 1.1, 0);
}

static void v8_grows_less_in_a_small_heap(void **state)
{
    (void)state;
    is_near(hm_pacer_v8_max_factor(0), 4, 0);
    is_near(hm_pacer_v8_max_factor(2 * GIB), 4, 0);
    is_near(hm_pacer_v8_max_factor(2 * GIB - 1), 2, 1e-6);
    is_near(hm_pacer_v8_max_factor(1152 * MIB), 1.65, 1e-6);
    is_near(hm_pacer_v8_max_factor(256 * MIB), 1.3, 0);
    is_near(hm_pacer_v8_max_factor(MIB), 1.3, 0);
}

static void v8_collects_at_most_half_way_to_the_limit(void **state)
{
    (void)state;
    assert_int_equal(hm_pacer_v8_limit(100 * MIB, 0, 0, 4), 400 * MIB);
    assert_int_equal(hm_pacer_v8_limit(100 * MIB, 16 * MIB, 0, 4), 416 * MIB);
    assert_int_equal(hm_pacer_v8_limit(100 * MIB, 16 * MIB, 300 * MIB, 4),
                     200 * MIB);
    /* at least 8 MiB more */
    assert_int_equal(hm_pacer_v8_limit(10 * MIB, 0, 0, 1.1), 18 * MIB);
    /* no overflow */
    assert_true(hm_pacer_v8_limit(SIZE_MAX / 4, 0, 0, 4) >= SIZE_MAX / 4);
}

static void v8_speeds_are_those_of_ten_events_within_bounds(void **state)
{
    struct hm_pacer pacer = pacer_of(0, HM_GROWTH_V8);

    (void)state;
    is_near(hm_pacer_v8_ratio(&pacer), 0, 0);
    cycle(&pacer, MIB, MIB); /* the same bytes, in a tenth of the time */
    is_near(hm_pacer_v8_ratio(&pacer), 10, 1e-9);
    for (int i = 0; i < HM_PACER_EVENTS; i++)
        cycle(&pacer, MIB, 2 * MIB);
    is_near(hm_pacer_v8_ratio(&pacer), 20, 1e-9);
    for (int i = 0; i < HM_PACER_EVENTS; i++)
        cycle(&pacer, 0, 10 * MIB); /* an idle mutator: 1 B/ms */
    is_near(hm_pacer_v8_ratio(&pacer), (double)MIB, 1);
}

static void v8_gives_an_idle_program_a_tight_heap(void **state)
{
    struct hm_pacer busy = pacer_of(0, HM_GROWTH_V8), idle = busy;

    (void)state;
    cycle(&busy, 100 * MIB, 100 * MIB);
    assert_int_equal(busy.allowance_bytes, 300 * MIB);
    cycle(&idle, 1000, 100 * MIB);
    is_near((double)idle.allowance_bytes, 10.0 * (double)MIB,
            (double)MIB / 1e3);
}

static void membalancer_takes_the_root(void **state)
{
    const size_t live = 64 * MIB, balance = 16 * MIB;

    (void)state;
    /* g = s: the geometric mean of what is live and of 1/c */
    assert_int_equal(hm_pacer_membalancer_extra(live, balance, 1, 1), 32 * MIB);
    assert_int_equal(hm_pacer_membalancer_extra(live, live, 1, 1), live);
    assert_int_equal(hm_pacer_membalancer_extra(live, balance, 4, 1), 64 * MIB);
    assert_int_equal(hm_pacer_membalancer_extra(live, balance, 1, 4), 16 * MIB);
    /* nothing measured: MMTk's 4096 pages */
    assert_int_equal(hm_pacer_membalancer_extra(live, 1, 0, 0), 32 * MIB);
    assert_int_equal(hm_pacer_membalancer_extra(0, balance, 1, 1), 0);
}

static void membalancer_smooths_what_it_measures(void **state)
{
    struct hm_pacer pacer = pacer_of(0, HM_GROWTH_MEMBALANCER);

    (void)state;
    cycle(&pacer, 100, 1000);
    is_near(pacer.smooth_allocated.bytes, 100, 0);
    is_near(pacer.smooth_collected.bytes, 1000, 0);
    cycle(&pacer, 200, 2000);
    is_near(pacer.smooth_allocated.bytes, 0.95 * 100 + 0.05 * 200, 1e-9);
    is_near(pacer.smooth_collected.bytes, 1500, 1e-9);
    is_near(pacer.smooth_allocated.ns, 100.0 * (double)MS, 1e-3);
    is_near(pacer.smooth_collected.ns, 10.0 * (double)MS, 1e-3);
    /* g/s = 1/10: 64 MiB live and 16 MiB of balance want 32 / sqrt(10) MiB */
    pacer = pacer_of(0, HM_GROWTH_MEMBALANCER);
    cycle(&pacer, 64 * MIB, 64 * MIB);
    is_near((double)pacer.allowance_bytes, 32.0 * (double)MIB / sqrt(10), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trickle_of_free_memory_is_exhaustion),
        cmocka_unit_test(what_a_policy_asked_for_is_no_exhaustion),
        cmocka_unit_test(without_a_limit_the_heap_doubles),
        cmocka_unit_test(a_fixed_heap_is_collected_at_its_limit),
        cmocka_unit_test(a_factor_counts_from_what_is_live),
        cmocka_unit_test(no_policy_asks_for_less_than_a_64th_of_the_limit),
        cmocka_unit_test(stress_is_above_every_policy),
        cmocka_unit_test(v8_grows_less_for_a_mutator_that_is_slow),
        cmocka_unit_test(v8_grows_less_in_a_small_heap),
        cmocka_unit_test(v8_collects_at_most_half_way_to_the_limit),
        cmocka_unit_test(v8_speeds_are_those_of_ten_events_within_bounds),
        cmocka_unit_test(v8_gives_an_idle_program_a_tight_heap),
        cmocka_unit_test(membalancer_takes_the_root),
        cmocka_unit_test(membalancer_smooths_what_it_measures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
