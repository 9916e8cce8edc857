/* SPDX-License-Identifier: MIT */
#include "harness/analysis/tour_rows.h"

#include "harness/analysis/stats.h"
#include "harness/csv.h"

#include <math.h>
#include <string.h>

static char **tour_copy_fields(struct hm_pool *pool, char *const *field,
                               size_t n)
{
    char **copy = hm_pool_alloc(pool, n * sizeof *copy);

    for (size_t i = 0; i < n; i++)
        copy[i] = hm_pool_copy(pool, field[i]);
    return copy;
}

int hm_tour_rows_read(struct hm_pool *pool, struct hm_tour_rows *rows,
                      const char *folder, const char **why)
{
    struct hm_csv csv;
    int error = hm_csv_open(&csv, hm_pool_format(pool, "%s/runs.csv", folder));

    *rows = (struct hm_tour_rows){.n = 0};
    if (error != 0) {
        *why = hm_pool_copy(pool, csv.error);
        return error;
    }
    rows->n_columns = csv.n;
    rows->name = tour_copy_fields(pool, csv.name, csv.n);
    while ((error = hm_csv_next(&csv)) > 0) {
        rows->row = hm_pool_grow(pool, rows->row, rows->n, sizeof *rows->row);
        rows->row[rows->n++] = tour_copy_fields(pool, csv.field, csv.n);
        if (strcmp(hm_tour_field(rows, rows->n - 1, "arm"), "twin") == 0)
            rows->n--;
    }
    *why = hm_pool_copy(pool, csv.error);
    hm_csv_close(&csv);
    return error;
}

const char *hm_tour_field(const struct hm_tour_rows *rows, size_t row,
                          const char *column)
{
    for (size_t i = 0; i < rows->n_columns; i++) {
        if (strcmp(rows->name[i], column) == 0)
            return rows->row[row][i];
    }
    return "";
}

/* Is "variant=3" one of "depth=20;variant=3"? */
static bool tour_has_param(const char *params, const char *param)
{
    size_t bytes = strlen(param);

    for (const char *at = params; at != NULL; at = strchr(at, ';')) {
        at += *at == ';';
        if (strncmp(at, param, bytes) == 0 &&
            (at[bytes] == ';' || at[bytes] == '\0'))
            return true;
    }
    return false;
}

bool hm_tour_is_of(const struct hm_tour_rows *rows, size_t row,
                   const struct hm_tour_cell *cell)
{
    return strcmp(hm_tour_field(rows, row, "workload"), cell->workload) == 0 &&
           strcmp(hm_tour_field(rows, row, "strategy"), cell->strategy) == 0 &&
           (cell->param == NULL ||
            tour_has_param(hm_tour_field(rows, row, "params"), cell->param));
}

static bool tour_is_ok(const struct hm_tour_rows *rows, size_t row)
{
    return strcmp(hm_tour_field(rows, row, "status"), "ok") == 0;
}

double hm_tour_median(const struct hm_tour_rows *rows,
                      const struct hm_tour_cell *cell, const char *column)
{
    struct hm_pool pool = {NULL};
    double *value = hm_pool_alloc(&pool, (rows->n + 1) * sizeof *value);
    struct hm_interval range = {.estimate = NAN};
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++) {
        if (hm_tour_is_of(rows, i, cell) && tour_is_ok(rows, i) &&
            hm_csv_number(hm_tour_field(rows, i, column), &value[n]) == 0 &&
            isfinite(value[n]))
            n++;
    }
    if (n > 0 && hm_stats_range(value, n, &range) != 0)
        range.estimate = NAN;
    hm_pool_fini(&pool);
    return range.estimate;
}

size_t hm_tour_failed(const struct hm_tour_rows *rows,
                      const struct hm_tour_cell *cell)
{
    size_t i = 0;

    while (i < rows->n &&
           (!hm_tour_is_of(rows, i, cell) || tour_is_ok(rows, i)))
        i++;
    return i;
}

bool hm_tour_is_off(const struct hm_tour_rows *rows, size_t row)
{
    return strcmp(hm_tour_field(rows, row, "status"), "unsupported") == 0 &&
           strstr(hm_tour_field(rows, row, "reason"), " is off: ") != NULL;
}
