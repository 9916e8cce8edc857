/* SPDX-License-Identifier: MIT */
/* table_figures.h -- below a workload's table: what it found out about each
 * strategy. */
#ifndef HM_HARNESS_ANALYSIS_TABLE_FIGURES_H
#define HM_HARNESS_ANALYSIS_TABLE_FIGURES_H

#include "harness/analysis/summary_rows.h"

#include <stdio.h>

/* Prints each figure with its value under all n >= 1 strategies, in their
 * order, less twins; nothing where there are no figures. */
void hm_table_put_figures(const struct hm_summary_line *const *order, size_t n,
                          FILE *out);

#endif /* HM_HARNESS_ANALYSIS_TABLE_FIGURES_H */
