/* SPDX-License-Identifier: MIT */
/* figures.h -- what workloads found out about strategies, as text.  All lines
 * of the same work have the same figures, or none. */
#ifndef HM_HARNESS_ANALYSIS_FIGURES_H
#define HM_HARNESS_ANALYSIS_FIGURES_H

#include "harness/analysis/summary_rows.h"
#include "harness/human.h"

#include <stdio.h>

enum { HM_FIGURE_BYTES = 64 }; /* a name and the end */

/* The figures "a=1;b=2" of the first of n lines that has any; "" for none. */
const char *hm_figures_of(const struct hm_summary_line *const *line, size_t n);

/* Copies the first name of such a list, and returns the rest of the list, or
 * NULL when there is no name left. */
const char *hm_figures_next(const char *list, char name[HM_FIGURE_BYTES]);

/* The line's value of a figure, "-" where it has none: a size if the name ends
 * in _bytes, else a whole number. */
void hm_figures_format(char text[HM_HUMAN_BYTES],
                       const struct hm_summary_line *line, const char *name);

/* Prints each figure with its value under all n >= 1 strategies, in their
 * order, less twins; nothing where there are no figures. */
void hm_figures_print(const struct hm_summary_line *const *order, size_t n,
                      FILE *out);

#endif /* HM_HARNESS_ANALYSIS_FIGURES_H */
