/* SPDX-License-Identifier: MIT */
/* chart.h -- draws the charts of a campaign with gnuplot. */
#ifndef HM_HARNESS_ANALYSIS_CHART_H
#define HM_HARNESS_ANALYSIS_CHART_H

#include "harness/pool.h"

#include <stdbool.h>

/* A line of plot/CMakeLists.txt. */
struct hm_chart {
    const char *id;    /* the script is <id>.gp */
    const char *data;  /* file of the campaign's folder */
    const char *split; /* column: one chart per value; "" = one in all */
};

extern const struct hm_chart hm_charts[]; /* ended by id = NULL */

/* A chart as it was drawn. */
struct hm_chart_file {
    const struct hm_chart *chart;
    const char *part; /* value of the split column, or "" */
    const char *path;
};

struct hm_chart_files {
    struct hm_chart_file *file;
    size_t n;
};

/* The chart of that id, or NULL. */
const struct hm_chart *hm_chart_find(const char *id);

/* Whether gnuplot can be started. */
bool hm_chart_has_gnuplot(struct hm_pool *pool);

/* Draws `only` (NULL: all) into FOLDER/charts/<id>.svg, <id>-<part>.svg for
 * the parts of a split one, and with `png` the same as PNG.  The data must be
 * there: see hm_summary_write.  A chart whose data have no rows is left out,
 * with a line on stderr if it is `only`: many campaigns have no pauses.
 * Returns 0 and the SVG files; a negative errno after a line on stderr: no
 * gnuplot, no data, or what gnuplot complained of. */
int hm_chart_draw(struct hm_pool *pool, const char *folder,
                  const struct hm_chart *only, bool png,
                  struct hm_chart_files *files);

#endif /* HM_HARNESS_ANALYSIS_CHART_H */
