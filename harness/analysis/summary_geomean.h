/* SPDX-License-Identifier: MIT */
/* summary_geomean.h -- one ratio per strategy over many workloads.
 *
 * Per block the mean of the log ratios over the workloads, then the same
 * interval as for one workload.  Leak workloads are left out: their times
 * compare nothing.  It speaks for this set of workloads only. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_GEOMEAN_H
#define HM_HARNESS_ANALYSIS_SUMMARY_GEOMEAN_H

#include "harness/analysis/summary_result.h"

struct hm_summary_mean {
    struct hm_interval log_ratio; /* n = 0: nothing to compare */
    size_t workloads;             /* cells it is the mean of */
    double least, most;           /* ratios of single cells */
    enum hm_verdict verdict;
};

/* Fills mean[metric] for the strategy, arm, heap multiple and threads of
 * `like`, over the cells of these that were complete, as were their
 * baselines; `result` as hm_summary_compute made it.  `use`, if not NULL, has
 * one entry per cell of the campaign: only cells whose baseline's entry is not
 * 0 count.  Verdicts use the margin `delta[metric]`, or the default where
 * `delta` is NULL. Returns 0 or -ENOMEM. */
int hm_summary_geomean(const struct hm_summary_campaign *campaign,
                       const struct hm_summary_result *result,
                       const struct hm_summary_cell *like,
                       const unsigned char *use, const double *noise,
                       struct hm_summary_mean *mean);

/* Same strategy, arm, heap multiple and threads. */
int hm_summary_same_group(const struct hm_summary_cell *a,
                          const struct hm_summary_cell *b);

/* Whether `cell` is the first one of its strategy, arm, heap multiple and
 * threads: each group has one such cell. */
int hm_summary_is_group_head(const struct hm_summary_campaign *campaign,
                             const struct hm_summary_cell *cell);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_GEOMEAN_H */
