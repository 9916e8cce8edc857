/* SPDX-License-Identifier: MIT */
/* report.h -- a campaign as one self-contained page. */
#ifndef HM_HARNESS_ANALYSIS_REPORT_H
#define HM_HARNESS_ANALYSIS_REPORT_H

#include "harness/pool.h"

/* Writes FOLDER/report.html from summary.csv and the chart data (see
 * hm_summary_write), drawing the charts on the way.  Without gnuplot, or where
 * a chart fails, the page has its tables only and says so.
 * Returns 0; else a negative errno after a line on stderr. */
int hm_report_write(struct hm_pool *pool, const char *folder);

#endif /* HM_HARNESS_ANALYSIS_REPORT_H */
