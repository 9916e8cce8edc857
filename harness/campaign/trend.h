/* SPDX-License-Identifier: MIT */
/* trend.h -- does a series of memory sizes grow, and how fast?
 *
 * Source:  H. Theil 1950 and P. K. Sen 1968 (slope and its interval); H. B.
 * Mann 1945 and M. G. Kendall (test for a trend). Differs: the test looks at
 * the lower envelope of the series, for the sawtooth of a collector and the
 * fill of a cache are no trend, and asks for a growth that matters: the test
 * alone calls two of three plain warm-ups a trend. */
#ifndef HM_HARNESS_CAMPAIGN_TREND_H
#define HM_HARNESS_CAMPAIGN_TREND_H

#include <stddef.h>

/* What settles grows slower in its second half than this share of the slope of
 * its first. */
#define HM_TREND_SETTLED 0.5

enum { HM_TREND_MOST = 64, HM_TREND_LEAST = 36 };

struct hm_trend_point {
    double ops, bytes;
};

struct hm_slope {
    double estimate, low, high; /* bytes per operation; NaN: there is none */
};

/* Median of all pairwise slopes, which one odd point does not move, with its
 * 95 % interval.  n <= HM_TREND_MOST; no slope when no two points differ in
 * operations. */
struct hm_slope hm_trend_slope(const struct hm_trend_point *point, size_t n);

/* What a series of any length, in order, does without knowing what the program
 * needs:
 *
 *   flat      no trend, or less than 5 %
 *   settling  it grew, and in its second half less than half as fast
 *   growing   it grows
 *
 * "" for fewer than HM_TREND_LEAST points. */
const char *hm_trend_name(const struct hm_trend_point *point, size_t n);

#endif /* HM_HARNESS_CAMPAIGN_TREND_H */
