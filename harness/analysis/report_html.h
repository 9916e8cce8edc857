/* SPDX-License-Identifier: MIT */
/* report_html.h -- pieces of a page: escaped text, tables, inlined charts. */
#ifndef HM_HARNESS_ANALYSIS_REPORT_HTML_H
#define HM_HARNESS_ANALYSIS_REPORT_HTML_H

#include "harness/pool.h"

#include <stdio.h>

/* Writes `text` so that it means itself in HTML, attributes included. */
void hm_html_put(FILE *out, const char *text);

/* fprintf whose %s arguments are escaped; %s, %d, %zu and %% only: from another
 * directive on the format is written as it stands. */
void hm_html_format(FILE *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes FOLDER/NAME as a table, at most `most` rows of it, with a word about
 * the rest; with `only` other than "" the rows that have it in `column`.
 * Returns 0 or a negative errno; a file that cannot be read leaves nothing. */
int hm_html_csv(FILE *out, const char *folder, const char *name,
                const char *column, const char *only, size_t most);

/* Writes the SVG file that gnuplot drew as an element: no prolog, role=img
 * with this title and description, all ids prefixed with `id` so that several
 * charts share a page.  Returns 0 or a negative errno, then nothing has been
 * written. */
int hm_html_svg(FILE *out, const char *path, const char *id, const char *title,
                const char *description);

#endif /* HM_HARNESS_ANALYSIS_REPORT_HTML_H */
