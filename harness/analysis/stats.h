/* SPDX-License-Identifier: MIT */
/* stats.h -- intervals that hold on a noisy machine, and what may be said
 * about them.
 *
 * All ratios are handled as natural logarithms.  All functions are
 * deterministic and reentrant; arrays are never modified.  `alpha` is the
 * share of intervals that may miss (0.05 for 95 %).
 *
 * Source:  J. L. Hodges and E. L. Lehmann 1963; F. Wilcoxon 1945; H. B. Mann
 *          and D. R. Whitney 1947.
 * Differs: order indices come from the exact laws up to n = 200 (paired) and
 *          n m = 2500 (unpaired), from the normal law beyond. */
#ifndef HM_HARNESS_ANALYSIS_STATS_H
#define HM_HARNESS_ANALYSIS_STATS_H

#include <stddef.h>

/* Below this many blocks no finite 95 % interval exists: a range, no verdict */
enum { HM_STATS_MIN_BLOCKS = 6 };

#define HM_STATS_ALPHA 0.05
#define HM_STATS_DELTA 0.02 /* ratios nearer to 1 than this do not matter */

struct hm_interval {
    double estimate, low, high; /* low and high may be infinite */
    size_t n;                   /* samples it rests on */
};

enum hm_verdict {
    HM_VERDICT_NONE, /* too few samples to say anything */
    HM_VERDICT_FASTER,
    HM_VERDICT_SLOWER,
    HM_VERDICT_SAME,       /* the whole interval is within 2 % of 1 */
    HM_VERDICT_NEGLIGIBLE, /* differs from 1, by less than 2 % */
    HM_VERDICT_INCONCLUSIVE,
};

/* Order indices: the interval's ends are the k-th smallest and the k-th
 * largest of the n (n + 1) / 2 Walsh averages, the n m differences or the n
 * values.  0 when n is too small for `alpha`. */
size_t hm_stats_wilcoxon_k(size_t n, double alpha);
size_t hm_stats_median_k(size_t n, double alpha);

/* The same for two samples.  0 also when memory runs out (1.7 MB at most). */
size_t hm_stats_mann_whitney_k(size_t n, size_t m, double alpha);

/* Estimate and interval of the centre of `log_ratio`, one value per block:
 * median of the Walsh averages, Wilcoxon signed-rank interval.  The ends are
 * infinite when n is too small.  O(n log n) memory-free but for a copy.
 * Returns 0; -EINVAL for n = 0 or a value that is not finite, -ENOMEM. */
int hm_stats_paired(const double *log_ratio, size_t n, double alpha,
                    struct hm_interval *out);

/* Shift of log(b) over log(a) for samples without common blocks: median of
 * the differences, Mann-Whitney interval; out->n = min(n, m).  O(n m).
 * Returns as hm_stats_paired. */
int hm_stats_unpaired(const double *log_a, size_t n, const double *log_b,
                      size_t m, double alpha, struct hm_interval *out);

/* Median with the interval from order statistics; ends are infinite when n is
 * too small.  Returns as hm_stats_paired. */
int hm_stats_median(const double *value, size_t n, double alpha,
                    struct hm_interval *out);

/* As hm_stats_median, but with the smallest and the largest value as ends. */
int hm_stats_range(const double *value, size_t n, struct hm_interval *out);

/* Half the width of an interval of logarithms; infinite if an end is. */
double hm_stats_half_width(const struct hm_interval *log_ratio);

/* How far an interval of logarithms reaches from 0, where both sides are the
 * same: what a baseline shows against itself.  Infinite if an end is. */
double hm_stats_reach(const struct hm_interval *log_ratio);

/* What an interval of log ratios (lower is better) allows to say.  `noise` >= 0
 * is the reach that the baseline shows against itself: a difference must
 * exceed it, and HM_STATS_DELTA, to be called one; beyond HM_STATS_DELTA but
 * within the noise it is inconclusive, never negligible.  Equality is a
 * stronger claim: noise does not make things the same, so the whole interval
 * must lie within HM_STATS_DELTA.  NONE for fewer than HM_STATS_MIN_BLOCKS
 * samples or an infinite interval. */
enum hm_verdict hm_stats_verdict(const struct hm_interval *log_ratio,
                                 double noise);

/* "faster", "slower", "same", ...; "" for NONE. */
const char *hm_verdict_name(enum hm_verdict verdict);

#endif /* HM_HARNESS_ANALYSIS_STATS_H */
