/* SPDX-License-Identifier: MIT */
/* summary_result.h -- what the runs of a campaign say: an interval for each
 * cell and metric, and its ratio to the baseline within blocks. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_RESULT_H
#define HM_HARNESS_ANALYSIS_SUMMARY_RESULT_H

#include "harness/analysis/stats.h"
#include "harness/analysis/summary_load.h"

struct hm_summary_result {
    struct hm_interval value;     /* median; n = 0: not measured */
    struct hm_interval log_ratio; /* n = 0: no ratio */
    enum hm_verdict verdict;
};

/* result[cell * HM_SUMMARY_METRICS_END + metric], zeroed by the caller.  With
 * fewer than HM_STATS_MIN_BLOCKS blocks an interval is the range of the values
 * and the verdict is NONE.  A cell with a failed run has no ratio: what
 * survived would flatter it.
 * A cell's baseline is the one with the same workload, parameters and threads,
 * at the same heap multiple if there is such a one.
 * Returns 0 or -ENOMEM. */
int hm_summary_compute(struct hm_summary_campaign *campaign,
                       struct hm_summary_result *result);

/* Logarithms of the ratios of `cell` to `base` for one metric, by block:
 * log_ratio[i] for block[i].  Both arrays have room for min(n_ok) values.
 * Blocks where either is missing or not positive are left out.  Returns the
 * number of values. */
size_t hm_summary_pair(const struct hm_summary_cell *cell,
                       const struct hm_summary_cell *base,
                       enum hm_summary_metric metric, double *log_ratio,
                       uint32_t *block);

/* The interval of n > 0 log ratios: Wilcoxon's, or the range if n is small.
 * Returns 0 or -ENOMEM. */
int hm_summary_interval(const double *log_ratio, size_t n,
                        struct hm_interval *out);

/* The median of n > 0 values with its interval, or the range if n is small.
 * Returns 0 or -ENOMEM. */
int hm_summary_median(const double *value, size_t n, struct hm_interval *out);

/* The most runs with numbers that a cell has; at least 1. */
size_t hm_summary_most_runs(const struct hm_summary_campaign *campaign);

static inline int hm_summary_is_complete(const struct hm_summary_cell *cell)
{
    return cell->n_ok == cell->runs;
}

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_RESULT_H */
