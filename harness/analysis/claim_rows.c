/* SPDX-License-Identifier: MIT */
#include "harness/analysis/claims.h"

#include "harness/analysis/summary_rows.h"
#include "harness/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The columns of each metric. */
static const struct {
    const char *top, *less, *bottom;
} claim_columns[] = {

#define CLAIM_COLUMNS(name, top, less, bottom) {top, less, bottom},
    HM_CLAIM_METRICS(CLAIM_COLUMNS)
#undef CLAIM_COLUMNS
};

/* The text of a column; "" where an older table has no such column. */
static const char *claim_field(const struct hm_csv *csv, const char *name)
{
    int column = hm_csv_column(csv, name);

    return column >= 0 ? csv->field[column] : "";
}

/* Of a column, or else of the figures; NaN for what is empty or no number. */
static double claim_number(const struct hm_csv *csv, const char *name)
{
    double value;

    if (hm_csv_column(csv, name) < 0)
        return hm_summary_param(claim_field(csv, "figures"), name);
    return hm_csv_number(claim_field(csv, name), &value) == 0 ? value : NAN;
}

static double claim_value(const struct hm_csv *csv, enum hm_claim_metric metric)
{
    const char *less = claim_columns[metric].less;
    const char *bottom = claim_columns[metric].bottom;
    double value = claim_number(csv, claim_columns[metric].top);

    if (*less != '\0')
        value -= claim_number(csv, less);
    if (*bottom != '\0')
        value /= claim_number(csv, bottom);
    return value;
}

static void claim_add_row(struct hm_pool *pool, struct hm_claim_rows *rows,
                          const struct hm_csv *csv)
{
    struct hm_claim_row row = {
        .workload = hm_pool_copy(pool, claim_field(csv, "workload")),
        .strategy = hm_pool_copy(pool, claim_field(csv, "strategy")),
        .status = hm_pool_copy(pool, claim_field(csv, "status")),
        .reason = hm_pool_copy(pool, claim_field(csv, "reason")),
        .version = hm_pool_copy(pool, claim_field(csv, "version")),
        .threads = claim_number(csv, "threads"),
        .block = claim_number(csv, "block"),
    };

    for (int m = 0; m < HM_CLAIM_METRICS_END; m++)
        row.value[m] = claim_value(csv, (enum hm_claim_metric)m);
    rows->row = hm_pool_grow(pool, rows->row, rows->n, sizeof row);
    rows->row[rows->n++] = row;
}

/* The baseline's second run says nothing that the first one does not. */
static int claim_read_runs(struct hm_pool *pool, struct hm_claim_rows *rows,
                           const char *folder, const char **why)
{
    static const char *const needed[] = {"workload", "strategy", "status",
                                         "block", "arm"};
    int column[sizeof needed / sizeof needed[0]];
    struct hm_csv csv;
    int error = hm_csv_open(&csv, hm_pool_format(pool, "%s/runs.csv", folder));

    if (error != 0) {
        *why = hm_pool_copy(pool, csv.error);
        return error;
    }
    error =
        hm_csv_columns(&csv, needed, sizeof needed / sizeof needed[0], column);
    while (error == 0) {
        error = hm_csv_next(&csv);
        if (error <= 0)
            break;
        if (strcmp(claim_field(&csv, "arm"), "twin") != 0)
            claim_add_row(pool, rows, &csv);
        error = 0;
    }
    *why = hm_pool_copy(pool, csv.error);
    hm_csv_close(&csv);
    return error;
}

static unsigned claim_read_cpus(struct hm_pool *pool, const char *folder)
{
    unsigned cpus = 0;
    struct hm_csv csv;

    if (hm_csv_open(&csv, hm_pool_format(pool, "%s/meta.csv", folder)) != 0)
        return 0;
    while (csv.n == 2 && hm_csv_next(&csv) > 0) {
        if (strcmp(csv.field[0], "cpus_allowed") == 0)
            cpus = (unsigned)strtoul(csv.field[1], NULL, 10);
    }
    hm_csv_close(&csv);
    return cpus;
}

int hm_claim_rows_read(struct hm_pool *pool, struct hm_claim_rows *rows,
                       const char *folder, const char **why)
{
    *rows = (struct hm_claim_rows){.cpus = claim_read_cpus(pool, folder)};
    return claim_read_runs(pool, rows, folder, why);
}
