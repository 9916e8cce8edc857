/* SPDX-License-Identifier: MIT */
#include "common/clock.h"
#include "common/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t waited_until_ns;
static unsigned waits;

/* Does not wait: what comes next must not depend on the time it took. */
static void note_wait(struct hm_schedule *schedule, uint64_t until_ns)
{
    (void)schedule;
    waited_until_ns = until_ns;
    waits++;
}

static struct hm_schedule make(uint64_t rate_per_s)
{
    waits = 0;
    return (struct hm_schedule){
        .rate_per_s = rate_per_s, .n_threads = 1, .wait = note_wait};
}

static void arrivals_do_not_drift(void **state)
{
    struct hm_schedule schedule = make(3);

    (void)state;
    schedule.start_ns = 1000;
    assert_int_equal(hm_schedule_arrival_ns(&schedule, 0), 1000);
    assert_int_equal(hm_schedule_arrival_ns(&schedule, 1), 333334333);
    assert_int_equal(hm_schedule_arrival_ns(&schedule, 2), 666667666);
    assert_int_equal(hm_schedule_arrival_ns(&schedule, 3), 1000001000);
    assert_int_equal(hm_schedule_arrival_ns(&schedule, 3000000),
                     UINT64_C(1000000000001000));
}

static void arrivals_do_not_overflow(void **state)
{
    struct hm_schedule schedule = make(HM_SCHEDULE_RATE_MAX);

    (void)state;
    assert_int_equal(
        hm_schedule_arrival_ns(&schedule, UINT64_C(5000000000000000001)),
        UINT64_C(5000000000000000001));
}

static void who_is_early_waits_for_the_arrival(void **state)
{
    struct hm_schedule schedule = make(10);
    uint64_t start_ns = hm_clock_now_ns() + UINT64_C(3600000000000);

    (void)state;
    assert_int_equal(hm_schedule_begin(&schedule, start_ns), start_ns);
    assert_int_equal(waited_until_ns, start_ns);
    assert_int_equal(hm_schedule_next(&schedule, 1), start_ns + 100000000);
    assert_int_equal(hm_schedule_next(&schedule, 2), start_ns + 300000000);
    assert_int_equal(waited_until_ns, start_ns + 300000000);
    assert_int_equal(waits, 3);
    assert_int_equal(schedule.late_ns, 0);
    assert_false(hm_schedule_is_saturated(&schedule));
}

static void who_is_late_starts_at_once_and_leaves_nothing_out(void **state)
{
    struct hm_schedule schedule = make(10);

    (void)state;
    assert_int_equal(hm_schedule_begin(&schedule, 1), 1); /* long ago */
    for (uint64_t i = 1; i <= 4; i++) {
        assert_int_equal(hm_schedule_next(&schedule, 1), 1 + i * 100000000);
    }
    assert_int_equal(waits, 0);
    assert_true(schedule.late_ns > 0);
}

static void threads_take_turns(void **state)
{
    struct hm_schedule first = make(10), second = make(10);

    (void)state;
    first.n_threads = second.n_threads = 2;
    second.t = 1;
    assert_int_equal(hm_schedule_begin(&first, 0), 0);
    assert_int_equal(hm_schedule_begin(&second, 0), 100000000);
    assert_int_equal(hm_schedule_next(&first, 1), 200000000);
    assert_int_equal(hm_schedule_next(&second, 1), 300000000);
}

static void a_queue_that_never_empties_is_saturated(void **state)
{
    struct hm_schedule schedule = make(HM_SCHEDULE_RATE_MAX);

    (void)state;
    (void)hm_schedule_begin(&schedule, 1);
    for (int i = 0; i < 100; i++)
        (void)hm_schedule_next(&schedule, 1);
    assert_true(hm_schedule_is_saturated(&schedule));
}

static void a_queue_that_emptied_in_the_second_half_is_not(void **state)
{
    struct hm_schedule schedule = make(1);

    (void)state;
    schedule.served = 100;
    schedule.idle = 50;
    assert_false(hm_schedule_is_saturated(&schedule));
    schedule.idle = 49;
    assert_true(hm_schedule_is_saturated(&schedule));
}

/* Light work, then more than can be served: idle until after the half, and
 * late at the end. */
static void a_queue_that_grows_from_the_half_on_is_saturated(void **state)
{
    struct hm_schedule schedule = make(10);

    (void)state;
    schedule.start_ns = 1000;
    schedule.served = 100; /* a schedule of 10 s */
    schedule.idle = 52;
    schedule.late_ns = 1000000000;
    assert_false(hm_schedule_is_saturated(&schedule));
    schedule.late_ns = 1330000000;
    assert_true(hm_schedule_is_saturated(&schedule));
    schedule.n_threads = 2; /* the same lateness on one of 20 s */
    assert_false(hm_schedule_is_saturated(&schedule));
    schedule.rate_per_s = 0;
    schedule.late_ns = UINT64_MAX;
    assert_false(hm_schedule_is_saturated(&schedule));
}

static void a_sample_of_an_open_loop_opens_at_the_arrival(void **state)
{
    static struct hm_progress progress;
    static struct hm_hist latency;
    struct hm_meter_watch never = {.at_ops = UINT64_MAX};
    struct hm_schedule schedule = make(HM_SCHEDULE_RATE_MAX);
    struct hm_meter meter = {.progress = &progress,
                             .latency = &latency,
                             .watch = &never,
                             .schedule = &schedule};
    uint64_t start_ns;

    (void)state;
    hm_hist_init(&latency);
    hm_meter_start(&meter);
    start_ns = meter.start_ns;
    assert_int_equal(start_ns, schedule.start_ns);
    hm_meter_mark(&meter, 16);
    assert_int_equal(meter.start_ns, start_ns + 16);
    hm_meter_mark(&meter, 4);
    assert_int_equal(meter.start_ns, start_ns + 20);
    assert_int_equal(latency.n, 2);
    assert_int_equal(schedule.served, 20);
}

static void a_closed_loop_has_a_turn_when_one_is_due(void **state)
{
    struct hm_schedule schedule = make(0);
    uint64_t before_ns = hm_clock_now_ns();

    (void)state;
    schedule.poll_ns = UINT64_C(3600000000000);
    assert_true(hm_schedule_begin(&schedule, before_ns) >= before_ns);
    assert_true(hm_schedule_next(&schedule, 1) >= before_ns);
    assert_int_equal(waits, 0);
    schedule.turn_ns = 1; /* long ago */
    assert_true(hm_schedule_next(&schedule, 1) >= waited_until_ns);
    assert_true(waited_until_ns >= before_ns);
    assert_true(schedule.turn_ns >= before_ns + schedule.poll_ns);
    assert_true(hm_schedule_next(&schedule, 1) >= before_ns);
    assert_int_equal(waits, 1);
    assert_false(hm_schedule_is_saturated(&schedule));
}

static void who_is_late_has_turns_only_where_they_are_asked_for(void **state)
{
    struct hm_schedule schedule = make(10);

    (void)state;
    schedule.poll_ns = 1;
    assert_int_equal(hm_schedule_begin(&schedule, 1), 1); /* long ago */
    assert_int_equal(hm_schedule_next(&schedule, 1), 100000001);
    assert_int_equal(waits, 2);
    assert_int_equal(waited_until_ns, 100000001);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrivals_do_not_drift),
        cmocka_unit_test(arrivals_do_not_overflow),
        cmocka_unit_test(who_is_early_waits_for_the_arrival),
        cmocka_unit_test(who_is_late_starts_at_once_and_leaves_nothing_out),
        cmocka_unit_test(a_closed_loop_has_a_turn_when_one_is_due),
        cmocka_unit_test(who_is_late_has_turns_only_where_they_are_asked_for),
        cmocka_unit_test(threads_take_turns),
        cmocka_unit_test(a_queue_that_never_empties_is_saturated),
        cmocka_unit_test(a_queue_that_emptied_in_the_second_half_is_not),
        cmocka_unit_test(a_queue_that_grows_from_the_half_on_is_saturated),
        cmocka_unit_test(a_sample_of_an_open_loop_opens_at_the_arrival),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
