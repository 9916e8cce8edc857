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

/* Waits for the next of this thread's. */
static uint64_t schedule_await(struct hm_schedule *schedule)
{
    uint64_t arrival_ns = hm_schedule_arrival_ns(
        schedule, schedule->served * schedule->n_threads + schedule->t);
    uint64_t now_ns = hm_clock_now_ns();

    schedule->late_ns = now_ns > arrival_ns ? now_ns - arrival_ns : 0;
    if (now_ns < arrival_ns) {
        schedule->idle = schedule->served;
        schedule->wait(schedule, arrival_ns);
    }
    return arrival_ns;
}

uint64_t hm_schedule_begin(struct hm_schedule *schedule, uint64_t now_ns)
{
    schedule->start_ns = now_ns;
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
    return schedule->idle < schedule->served / 2;
}
