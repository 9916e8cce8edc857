/* SPDX-License-Identifier: MIT */
#include "common/schedule.h"

#include "common/clock.h"

uint64_t hm_schedule_arrival_ns(const struct hm_schedule *schedule,
                                uint64_t number)
{
    const uint64_t second_ns = 1000000000, rate = schedule->rate_per_s;

    return schedule->start_ns + number / rate * second_ns +
           number % rate * second_ns / rate;
}

static void schedule_turn(struct hm_schedule *schedule, uint64_t until_ns)
{
    schedule->wait(schedule, until_ns);
    if (schedule->poll_ns != 0)
        schedule->turn_ns = hm_clock_now_ns() + schedule->poll_ns;
}

static uint64_t schedule_closed(struct hm_schedule *schedule)
{
    uint64_t now_ns = hm_clock_now_ns();

    if (now_ns < schedule->turn_ns)
        return now_ns;
    schedule_turn(schedule, now_ns);
    return hm_clock_now_ns();
}

/* The next of this thread's. */
static uint64_t schedule_due_ns(const struct hm_schedule *schedule)
{
    return hm_schedule_arrival_ns(
        schedule, schedule->served * schedule->n_threads + schedule->t);
}

/* Waits for it. */
static uint64_t schedule_await(struct hm_schedule *schedule)
{
    uint64_t arrival_ns, now_ns;

    if (schedule->rate_per_s == 0)
        return schedule_closed(schedule);
    arrival_ns = schedule_due_ns(schedule);
    now_ns = hm_clock_now_ns();
    schedule->late_ns = now_ns > arrival_ns ? now_ns - arrival_ns : 0;
    if (now_ns < arrival_ns)
        schedule->idle = schedule->served;
    if (now_ns < arrival_ns || now_ns >= schedule->turn_ns)
        schedule_turn(schedule, arrival_ns);
    return arrival_ns;
}

uint64_t hm_schedule_begin(struct hm_schedule *schedule, uint64_t now_ns)
{
    schedule->start_ns = now_ns;
    schedule->turn_ns =
        schedule->poll_ns != 0 ? now_ns + schedule->poll_ns : UINT64_MAX;
    schedule->served = schedule->idle = 0;
    return schedule_await(schedule);
}

uint64_t hm_schedule_next(struct hm_schedule *schedule, uint64_t ops)
{
    schedule->served += ops;
    return schedule_await(schedule);
}

int hm_schedule_is_saturated(const struct hm_schedule *schedule)
{
    uint64_t length_ns;

    if (schedule->rate_per_s == 0)
        return 0;
    length_ns = schedule_due_ns(schedule) - schedule->start_ns;
    return schedule->idle < schedule->served / 2 ||
           schedule->late_ns > length_ns / HM_SCHEDULE_LATE_PART;
}
