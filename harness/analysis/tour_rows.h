/* SPDX-License-Identifier: MIT */
/* tour_rows.h -- the rows of a small campaign, and medians over its blocks. */
#ifndef HM_HARNESS_ANALYSIS_TOUR_ROWS_H
#define HM_HARNESS_ANALYSIS_TOUR_ROWS_H

#include "harness/pool.h"

#include <stdbool.h>
#include <stddef.h>

struct hm_tour_rows {
    char **name; /* of the columns */
    char ***row; /* row[i][column], less the twins' */
    size_t n_columns, n;
};

/* Whose rows: of all parameters if `param` ("variant=3") is NULL. */
struct hm_tour_cell {
    const char *workload, *strategy, *param;
};

/* Reads runs.csv of a campaign.  Returns 0, or a negative errno and why. */
int hm_tour_rows_read(struct hm_pool *pool, struct hm_tour_rows *rows,
                      const char *folder, const char **why);

/* The text of a column; "" if there is no such column. */
const char *hm_tour_field(const struct hm_tour_rows *rows, size_t row,
                          const char *column);

/* Is it a row of that cell? */
bool hm_tour_is_of(const struct hm_tour_rows *rows, size_t row,
                   const struct hm_tour_cell *cell);

/* The median of a column over the cell's runs that were ok; NaN if there is
 * none, or no number in it. */
double hm_tour_median(const struct hm_tour_rows *rows,
                      const struct hm_tour_cell *cell, const char *column);

/* The first row of the cell that was not ok, or rows->n. */
size_t hm_tour_failed(const struct hm_tour_rows *rows,
                      const struct hm_tour_cell *cell);

/* Is the row's strategy not on this machine at all? */
bool hm_tour_is_off(const struct hm_tour_rows *rows, size_t row);

#endif /* HM_HARNESS_ANALYSIS_TOUR_ROWS_H */
