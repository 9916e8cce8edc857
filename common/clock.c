/* SPDX-License-Identifier: MIT */
#include "common/clock.h"

#include "common/hist.h"

#include <time.h>

enum { CLOCK_PAIRS = 20001 };

static uint64_t clock_read(clockid_t id)
{
    struct timespec ts;

    (void)clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t hm_clock_now_ns(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

uint64_t hm_clock_cpu_ns(void)
{
    return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t hm_clock_cost_ns(void)
{
    struct hm_hist delta; /* exact below 128 ns; sorting would call malloc */

    hm_hist_init(&delta);
    for (int i = 0; i < CLOCK_PAIRS; i++) {
        uint64_t start_ns = hm_clock_now_ns();

        hm_hist_add(&delta, hm_clock_now_ns() - start_ns);
    }
    return hm_hist_quantile_ns(&delta, 0.5);
}

void hm_clock_sleep_until(uint64_t deadline_ns)
{
    struct timespec ts = {
        .tv_sec = (time_t)(deadline_ns / 1000000000u),
        .tv_nsec = (long)(deadline_ns % 1000000000u),
    };

    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}
