/* SPDX-License-Identifier: MIT */
/* summary_facts.h -- what a reader must know about a campaign besides its
 * ratios: how far it got, how disturbed it was, what its workloads say. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_FACTS_H
#define HM_HARNESS_ANALYSIS_SUMMARY_FACTS_H

#include "harness/analysis/summary_rows.h"

/* Fills rows->facts and the leaks and figures of the lines from runs.csv,
 * plan.csv and meta.csv of the folder.  What is not there is not told.  Returns
 * 0, or a negative errno and rows->error for a table that is not one. */
int hm_summary_facts_read(struct hm_summary_rows *rows, const char *folder);

/* Whether a plan is known and some of its runs are missing. */
int hm_summary_is_partial(const struct hm_summary_rows *rows);

/* Whether over a tenth of the runs were disturbed. */
int hm_summary_is_noisy(const struct hm_summary_rows *rows);

/* "lost", "none!" where it should have been another; "-" without a verdict.
 * `text` has HM_LEAK_BYTES. */
void hm_summary_leak_text(char *text, const struct hm_summary_line *line);

/* Lines with a leak verdict, twins aside; *wrong becomes the number of those
 * with a run whose verdict was not the expected one. */
size_t hm_summary_leaks(const struct hm_summary_rows *rows, size_t *wrong);

/* Whether any line is of a leak workload. */
int hm_summary_has_leaks(const struct hm_summary_rows *rows);

/* Whether instructions were counted (run --icount). */
int hm_summary_is_counted(const struct hm_summary_rows *rows);

/* Whether any mean is over more than one workload. */
int hm_summary_has_means(const struct hm_summary_rows *rows);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_FACTS_H */
