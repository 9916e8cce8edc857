/* SPDX-License-Identifier: MIT */
/* table_notes.h -- what stands below the tables: failures, leaks, noise, and
 * what the numbers can and cannot tell. */
#ifndef HM_HARNESS_ANALYSIS_TABLE_NOTES_H
#define HM_HARNESS_ANALYSIS_TABLE_NOTES_H

#include "harness/analysis/summary_rows.h"

#include <stdio.h>

enum { HM_TABLE_LINE = 100 }; /* columns: no line is longer */

/* "jemalloc", "semispace@3x", "glibc (twin)"; `text` has HM_LABEL_BYTES. */
void hm_table_label(char *text, const struct hm_summary_line *line);

/* Prints them; `folder` is the campaign's, for the command that goes on. */
void hm_table_put_notes(const struct hm_summary_rows *rows, const char *folder,
                        FILE *out);

#endif /* HM_HARNESS_ANALYSIS_TABLE_NOTES_H */
