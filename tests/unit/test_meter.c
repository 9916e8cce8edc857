/* SPDX-License-Identifier: MIT */
#include "common/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Notes when it was told, and asks to be told again `step` later. */
struct recorder {
    struct hm_meter_watch base;
    uint64_t step, told[8];
    unsigned n;
};

static struct hm_progress progress;
static struct hm_hist latency;
static struct recorder recorder;
static struct hm_meter meter;

static void recorder_reached(struct hm_meter_watch *base, uint64_t ops)
{
    struct recorder *r = (struct recorder *)(void *)base;

    r->told[r->n++] = ops;
    base->at_ops = ops + r->step;
}

static int reset(void **state)
{
    (void)state;
    progress = (struct hm_progress){0};
    hm_hist_init(&latency);
    recorder = (struct recorder){{UINT64_MAX, recorder_reached}, 0, {0}, 0};
    meter = (struct hm_meter){
        .progress = &progress, .latency = &latency, .watch = &recorder.base};
    return 0;
}

static void test_mark_counts_operations_and_samples(void **state)
{
    (void)state;
    hm_meter_start(&meter);
    hm_meter_mark(&meter, 64);
    hm_meter_start(&meter);
    hm_meter_mark(&meter, 3);
    assert_int_equal(meter.ops, 67);
    assert_int_equal(progress.ops, 67);
    assert_int_equal(latency.n, 2);
}

static void test_sample_lasts_from_start_to_mark(void **state)
{
    uint64_t before_ns = hm_clock_now_ns(), inner_ns, all_ns;

    (void)state;
    hm_meter_start(&meter);
    inner_ns = hm_clock_now_ns();
    hm_clock_sleep_until(inner_ns + 1000000);
    inner_ns = hm_clock_now_ns() - inner_ns;
    hm_meter_mark(&meter, 1);
    all_ns = hm_clock_now_ns() - before_ns;
    assert_in_range(latency.max_ns, inner_ns, all_ns);
}

static void test_mark_opens_the_next_sample(void **state)
{
    uint64_t start_ns;

    (void)state;
    hm_meter_start(&meter);
    start_ns = meter.start_ns;
    for (int i = 0; i < 1000; i++)
        hm_meter_mark(&meter, 1);
    assert_int_equal(latency.sum_ns, meter.start_ns - start_ns);
}

static void test_add_takes_a_sample_of_another_clock(void **state)
{
    (void)state;
    recorder.base.at_ops = 5;
    recorder.step = UINT64_MAX / 2;
    hm_meter_add(&meter, 3, 1000000);
    hm_meter_add(&meter, 3, 250000);
    assert_int_equal(meter.ops, 6);
    assert_int_equal(progress.ops, 6);
    assert_int_equal(latency.n, 2);
    assert_int_equal(latency.sum_ns, 1250000);
    assert_int_equal(latency.max_ns, 1000000);
    assert_int_equal(recorder.n, 1);
    assert_int_equal(recorder.told[0], 6);
}

static void test_watch_is_told_at_the_first_mark_that_reaches_it(void **state)
{
    (void)state;
    recorder.base.at_ops = 10;
    recorder.step = 5;
    hm_meter_start(&meter);
    for (int i = 0; i < 6; i++)
        hm_meter_mark(&meter, 4); /* 4 8 12 16 20 24 */
    assert_int_equal(recorder.n, 2);
    assert_int_equal(recorder.told[0], 12);
    assert_int_equal(recorder.told[1], 20);
}

static void test_watch_of_never_is_never_told(void **state)
{
    (void)state;
    hm_meter_start(&meter);
    hm_meter_mark(&meter, UINT64_C(1) << 60);
    assert_int_equal(recorder.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_mark_counts_operations_and_samples, reset),
        cmocka_unit_test_setup(test_sample_lasts_from_start_to_mark, reset),
        cmocka_unit_test_setup(test_mark_opens_the_next_sample, reset),
        cmocka_unit_test_setup(test_add_takes_a_sample_of_another_clock, reset),
        cmocka_unit_test_setup(
            test_watch_is_told_at_the_first_mark_that_reaches_it, reset),
        cmocka_unit_test_setup(test_watch_of_never_is_never_told, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
