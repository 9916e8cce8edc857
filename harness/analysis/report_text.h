/* SPDX-License-Identifier: MIT */
/* report_text.h -- what the numbers say, in sentences. */
#ifndef HM_HARNESS_ANALYSIS_REPORT_TEXT_H
#define HM_HARNESS_ANALYSIS_REPORT_TEXT_H

#include "harness/analysis/summary_rows.h"

#include <stdio.h>

/* Writes the main findings as items of an HTML list: which strategies are
 * faster on the whole and at what price in memory, the largest differences
 * between allocators, pauses, failures, and how sure all this is. */
void hm_report_findings(FILE *out, const struct hm_summary_rows *rows);

/* Items of such a list: what the same nurseries cost different strategies, of
 * nursery.csv of the folder; nothing when it is not there or has no two. */
void hm_report_nursery(FILE *out, const char *folder);

#endif /* HM_HARNESS_ANALYSIS_REPORT_TEXT_H */
