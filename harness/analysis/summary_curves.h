/* SPDX-License-Identifier: MIT */
/* summary_curves.h -- the cells of a campaign as curves over heap multiples,
 * numbers of threads or values of a parameter. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_CURVES_H
#define HM_HARNESS_ANALYSIS_SUMMARY_CURVES_H

#include "harness/analysis/summary_label.h"

#include <stdio.h>

/* What a curve goes over: HM_SUMMARY_KEY_heap_multiple, _threads, or _params
 * with the name of one of them. */
struct hm_summary_axis {
    enum hm_summary_key key;
    const char *param; /* NULL but for _params */
};

#define HM_SUMMARY_BY_HEAP \
    ((struct hm_summary_axis){HM_SUMMARY_KEY_heap_multiple, NULL})
#define HM_SUMMARY_BY_THREADS \
    ((struct hm_summary_axis){HM_SUMMARY_KEY_threads, NULL})

/* Fills order[0 .. returned-1] with the cells but for twins and leak
 * workloads: by workload (parameters, threads) and strategy in the plan's
 * order, then by their place on the axis; those without one come last.
 * `order` has room for all cells. */
size_t hm_summary_curves(const struct hm_summary_campaign *campaign,
                         struct hm_summary_axis axis,
                         const struct hm_summary_cell **order);

/* Whether the cells are of the same workload, parameters and threads, but for
 * what is the axis. */
int hm_summary_same_work(const struct hm_summary_cell *a,
                         const struct hm_summary_cell *b,
                         struct hm_summary_axis axis);

/* Whether the work that begins at order[begin] ran at several places of the
 * axis, where it is supported; *end becomes where it ends. */
int hm_summary_is_varied(const struct hm_summary_cell *const *order, size_t n,
                         size_t begin, struct hm_summary_axis axis,
                         size_t *end);

/* The heap multiple, number of threads or value; NaN for a strategy without a
 * limit and a workload without the parameter. */
double hm_summary_place(const struct hm_summary_cell *cell,
                        struct hm_summary_axis axis);

/* Writes ",value", or ",NaN" where it is not finite. */
void hm_summary_put_real(FILE *out, double value);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_CURVES_H */
