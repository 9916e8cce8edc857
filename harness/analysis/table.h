/* SPDX-License-Identifier: MIT */
/* table.h -- the results of a campaign as text, at most 100 columns wide. */
#ifndef HM_HARNESS_ANALYSIS_TABLE_H
#define HM_HARNESS_ANALYSIS_TABLE_H

#include <stdio.h>

/* Prints summary.csv of `folder` (see summary.h): a table per workload, best
 * time first, then geometric means, failures, noise floor and what the
 * campaign cannot tell.  In colour if `out` is a terminal and the environment
 * has no NO_COLOR.  Returns 0; else a negative errno after one line on stderr,
 * and nothing on `out`. */
int hm_table_print(const char *folder, FILE *out);

#endif /* HM_HARNESS_ANALYSIS_TABLE_H */
