/* SPDX-License-Identifier: MIT */
/* report_tables.h -- the tables of a report. */
#ifndef HM_HARNESS_ANALYSIS_REPORT_TABLES_H
#define HM_HARNESS_ANALYSIS_REPORT_TABLES_H

#include "harness/analysis/summary_rows.h"

#include <stdio.h>

/* Number of lines from line[begin] on that belong together: the same work, or
 * the means. */
size_t hm_report_group(const struct hm_summary_rows *rows, size_t begin);

/* The lines [begin, begin + n), best time first, with ratios and intervals. */
void hm_report_work_table(FILE *out, const struct hm_summary_rows *rows,
                          size_t begin, size_t n);

/* The geometric means; nothing if there are none. */
void hm_report_mean_table(FILE *out, const struct hm_summary_rows *rows);

/* Medians of some metrics with their intervals, for the n lines from begin on;
 * lines without any of them are left out. */
void hm_report_metric_table(FILE *out, const struct hm_summary_rows *rows,
                            size_t begin, size_t n,
                            const enum hm_summary_metric *metric,
                            size_t n_metrics);

/* What failed, and why. */
void hm_report_failure_table(FILE *out, const struct hm_summary_rows *rows);

/* A list of the strategies of the campaign and what each is, from meta.csv;
 * nothing where that does not tell. */
void hm_report_strategies(FILE *out, const char *folder);

#endif /* HM_HARNESS_ANALYSIS_REPORT_TABLES_H */
