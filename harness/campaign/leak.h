/* SPDX-License-Identifier: MIT */
/* leak.h -- does a strategy's memory grow, and is the program to blame?
 *
 * Slopes are bytes per operation over the checkpoints from the third on (the
 * first ones are warm-up), by Theil and Sen: the median of all pairwise
 * slopes, which one odd checkpoint does not move.
 *
 *   none     resident memory grows by less than 5 % of what is allocated
 *   logical  it grows, and what the program needs grows at least half as fast:
 *            no memory management could help
 *   lost     it grows although the program does not need it */
#ifndef HM_HARNESS_CAMPAIGN_LEAK_H
#define HM_HARNESS_CAMPAIGN_LEAK_H

#include <stddef.h>
#include <stdint.h>

enum { HM_LEAK_SKIPPED = 2, HM_LEAK_LEAST = 5, HM_LEAK_MOST = 64 };

struct hm_leak_point {
    uint64_t ops, rss_bytes, needed_bytes;
};

/* "none", "logical" or "lost"; "" for fewer than HM_LEAK_LEAST checkpoints or
 * no operations between them.  n <= HM_LEAK_MOST; alloc_bytes_per_op is what
 * the program requests. */
const char *hm_leak_verdict(const struct hm_leak_point *point, size_t n,
                            double alloc_bytes_per_op);

/* The verdict that a strategy should get under a workload that leaks as `leak`
 * says; "" for workloads that are not about leaks:
 *
 *                     leak is   none  logical  lost  cycle  false
 *   allocator                   none  logical  lost  none   none
 *   collector                   none  logical  none  none   none
 *     that misses `leak`                             lost   lost
 *   reference (never frees)     lost  logical  lost  lost   lost */
const char *hm_leak_expected(const char *leak, const char *class_name,
                             const char *misses);

#endif /* HM_HARNESS_CAMPAIGN_LEAK_H */
