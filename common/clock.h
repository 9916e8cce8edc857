/* SPDX-License-Identifier: MIT */
/* clock.h -- wall and processor time in nanoseconds.  Nothing here can fail on
 * a Linux that has CLOCK_MONOTONIC; all of it is safe in any thread. */
#ifndef HM_COMMON_CLOCK_H
#define HM_COMMON_CLOCK_H

#include <stdint.h>

/* Monotonic time since an arbitrary point that all processes share.
 * Costs about 25 ns (vDSO). */
uint64_t hm_clock_now_ns(void);

/* Processor time of the whole process, all threads.  A system call of about
 * 600 ns: use it at the borders of phases only. */
uint64_t hm_clock_cpu_ns(void);

/* What reading hm_clock_now_ns twice in a row costs: the median of many
 * pairs.  Takes about 1 ms. */
uint64_t hm_clock_cost_ns(void);

/* Sleeps until hm_clock_now_ns would return `deadline_ns`; returns at once
 * when that is past, and early when a signal arrives.  hm_os_sleep_exactly
 * (common/os.h) makes it as exact as it can be. */
void hm_clock_sleep_until(uint64_t deadline_ns);

#endif /* HM_COMMON_CLOCK_H */
