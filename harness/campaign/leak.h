/* SPDX-License-Identifier: MIT */
/* leak.h -- does a strategy's memory grow, and is the program to blame?
 *
 * Slopes are bytes per operation over the checkpoints from the third on: the
 * first ones are warm-up.  What the task needs is no leak however it grows.
 * Beyond that,
 *
 *   none           resident memory grows by less than 5 % of what is allocated,
 *                  and what is known not to be reclaimed adds less than a
 *                  quarter to it
 *   logical        it grows, and what is not reclaimed grows at least half as
 *                  fast; of that at least half is what the program reaches: no
 *                  memory management could help
 *   lost           the same, but the program cannot reach it
 *   false_retention  lost to a strategy that guesses what is a reference,
 *                  where numbers look like references to garbage
 *   fragmentation  it grows by a quarter or more, and what is not reclaimed
 * does not; a smaller growth of this kind is none: caches and tables of a
 * runtime come to their size
 *   settling       one of the last four, but on its way to a plateau: from the
 *                  first half of the checkpoints to the second the slope of
 *                  the resident set halves, and so does that of what is not
 *                  reclaimed where it is the cause */
#ifndef HM_HARNESS_CAMPAIGN_LEAK_H
#define HM_HARNESS_CAMPAIGN_LEAK_H

#include "harness/campaign/trend.h"

#include <stddef.h>
#include <stdint.h>

enum { HM_LEAK_SKIPPED = 2, HM_LEAK_LEAST = 5, HM_LEAK_MOST = HM_TREND_MOST };

enum hm_leak_bytes {
    HM_LEAK_NEEDED,    /* by the task */
    HM_LEAK_REACHABLE, /* by the program: needed, and what it forgot to drop */
    HM_LEAK_LIVE,      /* not reclaimed; UINT64_MAX: not known */
    HM_LEAK_RSS,
    HM_LEAK_BYTES_END
};

struct hm_leak_point {
    uint64_t ops, bytes[HM_LEAK_BYTES_END];
};

/* Theil-Sen slope from the checkpoint HM_LEAK_SKIPPED on; NaN for fewer than
 * HM_LEAK_LEAST or no operations between them.  n <= HM_LEAK_MOST. */
struct hm_slope hm_leak_slope(const struct hm_leak_point *point, size_t n,
                              enum hm_leak_bytes which);

/* One of the words above; "" where there is no slope.  n <= HM_LEAK_MOST;
 * alloc_bytes_per_op is what the program requests.  The workload leaks as
 * `leak` says, and the strategy misses leaks of the kind `misses`. */
const char *hm_leak_verdict(const struct hm_leak_point *point, size_t n,
                            double alloc_bytes_per_op, const char *leak,
                            const char *misses);

/* The verdict that a strategy should get under a workload that leaks as `leak`
 * says; "" for workloads that are not about leaks:
 *
 *                     leak is   none  logical  lost  cycle  false
 *   allocator                   none  logical  lost  none   none
 *   collector                   none  logical  none  none   none
 *     that misses `leak`                             lost   false_retention
 *   reference (never frees)     lost  logical  lost  lost   lost */
const char *hm_leak_expected(const char *leak, const char *class_name,
                             const char *misses);

#endif /* HM_HARNESS_CAMPAIGN_LEAK_H */
