/* SPDX-License-Identifier: MIT */
/* summary_curves.h -- the cells of a campaign as curves over heap multiples. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_CURVES_H
#define HM_HARNESS_ANALYSIS_SUMMARY_CURVES_H

#include "harness/analysis/summary_label.h"

#include <stdio.h>

/* Fills order[0 .. returned-1] with the cells but for twins and leak
 * workloads: by workload (parameters, threads) and strategy in the plan's
 * order, then by heap multiple; those without one come last.  `order` has room
 * for all cells. */
size_t hm_summary_curves(const struct hm_summary_campaign *campaign,
                         const struct hm_summary_cell **order);

/* Whether the cells are of the same workload, parameters and threads. */
int hm_summary_same_work(const struct hm_summary_cell *a,
                         const struct hm_summary_cell *b);

/* ... and of the same strategy: points of one curve. */
int hm_summary_same_curve(const struct hm_summary_cell *a,
                          const struct hm_summary_cell *b);

/* The heap multiple, or NaN for a strategy without a limit. */
double hm_summary_heap(const struct hm_summary_cell *cell);

/* Writes ",value", or ",NaN" where it is not finite. */
void hm_summary_put_real(FILE *out, double value);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_CURVES_H */
