/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"
#include "harness/analysis/summary_derived.h"

#include "harness/csv.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define LEAKS_MIB 1048576.0

/* What leaks.csv has of a checkpoint, each kind within the next. */
enum leaks_column {
    LEAKS_OPS,
    LEAKS_NEEDED,
    LEAKS_REACHABLE,
    LEAKS_LIVE,
    LEAKS_USED,
    LEAKS_RSS,
    LEAKS_NUMBERS,
    LEAKS_RUN_ID = LEAKS_NUMBERS,
    LEAKS_COLUMNS
};

static const char *const leaks_names[LEAKS_COLUMNS] = {
    "ops",        "needed_bytes", "reachable_bytes", "live_bytes",
    "used_bytes", "rss_bytes",    "run_id"};

enum { LEAKS_CHECKPOINTS = 10 };

/* The checkpoints of the one run that stands for a cell. */
struct leaks_run {
    double number[LEAKS_CHECKPOINTS][LEAKS_NUMBERS];
    size_t n;
};

struct leaks {
    const struct hm_summary_view *view;
    struct leaks_run *run; /* by cell */
    struct hm_csv csv;
    int column[LEAKS_COLUMNS];
};

static int leaks_add(struct leaks *leaks)
{
    double number[LEAKS_COLUMNS];
    struct leaks_run *run;
    long cell;

    for (int i = 0; i < LEAKS_COLUMNS; i++) {
        if (hm_csv_number(leaks->csv.field[leaks->column[i]], &number[i])) {
            (void)snprintf(leaks->view->campaign->error,
                           sizeof leaks->view->campaign->error,
                           "%.120s:%lu: %s is not a number", leaks->csv.path,
                           leaks->csv.line, leaks_names[i]);
            return -EINVAL;
        }
    }
    cell = hm_summary_shown_cell(leaks->view->campaign, number[LEAKS_RUN_ID]);
    if (cell < 0 || leaks->run[cell].n == LEAKS_CHECKPOINTS)
        return 0;
    run = &leaks->run[cell];
    for (int i = 0; i < LEAKS_NUMBERS; i++)
        run->number[run->n][i] = number[i];
    run->n++;
    return 0;
}

/* A table of an older version, which has not got all columns, has nothing to
 * show. */
static int leaks_read_rows(struct leaks *leaks)
{
    int error = 0, more = 0;

    for (int i = 0; i < LEAKS_COLUMNS; i++) {
        leaks->column[i] = hm_csv_column(&leaks->csv, leaks_names[i]);
        if (leaks->column[i] < 0)
            return 0;
    }
    while (error == 0 && (more = hm_csv_next(&leaks->csv)) > 0)
        error = leaks_add(leaks);
    return error != 0 ? error : more;
}

static int leaks_read(struct leaks *leaks, const char *folder)
{
    char path[4096];
    int error;

    (void)snprintf(path, sizeof path, "%s/leaks.csv", folder);
    error = hm_csv_open(&leaks->csv, path);
    if (error == -ENOENT)
        return 0;
    if (error == 0) {
        error = leaks_read_rows(leaks);
        hm_csv_close(&leaks->csv);
    }
    if (error != 0 && leaks->view->campaign->error[0] == '\0') {
        (void)snprintf(leaks->view->campaign->error,
                       sizeof leaks->view->campaign->error, "%s",
                       leaks->csv.error);
    }
    return error;
}

static void leaks_put_labels(FILE *out, const struct hm_summary_view *view,
                             const struct hm_summary_cell *cell)
{
    char label[HM_LABEL_BYTES];

    hm_summary_workload_label(&view->labels, cell, label);
    (void)fprintf(out, "%s,", label);
    hm_summary_strategy_label(&view->labels, cell, label);
    (void)fprintf(out, "%s", label);
}

static int leaks_write_components(const struct leaks *leaks, const char *folder)
{
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, "leak_components.csv");

    if (error != 0)
        return error;
    (void)fputs("workload,strategy,ops,needed_mib,reachable_mib,live_mib,"
                "used_mib,rss_mib,verdict\n",
                file.out);
    for (size_t c = 0; c < leaks->view->campaign->n_cells; c++) {
        const struct leaks_run *run = &leaks->run[c];

        for (size_t i = 0; i < run->n; i++) {
            leaks_put_labels(file.out, leaks->view,
                             &leaks->view->campaign->cell[c]);
            (void)fprintf(file.out, ",%.0f", run->number[i][LEAKS_OPS]);
            for (int k = LEAKS_NEEDED; k < LEAKS_NUMBERS; k++)
                hm_summary_put_real(file.out, run->number[i][k] / LEAKS_MIB);
            (void)fprintf(file.out, ",%s\n",
                          leaks->view->campaign->cell[c].leak.verdict);
        }
    }
    return hm_replace_end(&file, 0);
}

int hm_summary_write_leak_components(const struct hm_summary_view *view,
                                     const char *folder)
{
    struct leaks leaks = {.view = view};
    int error;

    leaks.run = calloc(view->campaign->n_cells, sizeof *leaks.run);
    if (leaks.run == NULL)
        return -ENOMEM;
    error = leaks_read(&leaks, folder);
    if (error == 0)
        error = leaks_write_components(&leaks, folder);
    free(leaks.run);
    return error;
}

/* Slopes of a cell's runs, or their share of what each operation allocates. */
static size_t leaks_slopes(const struct hm_summary_cell *cell, int is_share,
                           double *value)
{
    size_t n = 0;

    for (size_t i = 0; i < cell->n_ok; i++) {
        const struct hm_summary_run *run = &cell->ok[i];
        double one = run->leak_slope;

        if (is_share)
            one *= run->ops / run->alloc_bytes;
        if (isfinite(one))
            value[n++] = one;
    }
    return n;
}

static int leaks_put_slope(FILE *out, const struct hm_summary_view *view,
                           const struct hm_summary_cell *cell, double *value)
{
    struct hm_interval slope = {NAN, NAN, NAN, 0}, share = slope;
    size_t n = leaks_slopes(cell, 0, value);
    int error = n > 0 ? hm_summary_median(value, n, &slope) : 0;

    n = leaks_slopes(cell, 1, value);
    if (error == 0 && n > 0)
        error = hm_summary_median(value, n, &share);
    leaks_put_labels(out, view, cell);
    hm_summary_put_real(out, slope.estimate);
    hm_summary_put_real(out, slope.low);
    hm_summary_put_real(out, slope.high);
    hm_summary_put_real(out, share.estimate);
    (void)fprintf(out, ",%s,%s,%u,%s,%zu\n", cell->leak.verdict,
                  cell->leak.expected, cell->leak.wrong,
                  hm_summary_status_name(hm_summary_worst_status(cell)),
                  slope.n);
    return error;
}

/* Only then is there something to show: older tables have verdicts alone. */
static int leaks_is_slope_known(const struct hm_summary_campaign *campaign)
{
    for (size_t c = 0; c < campaign->n_cells; c++) {
        for (size_t i = 0; i < campaign->cell[c].n_ok; i++) {
            if (isfinite(campaign->cell[c].ok[i].leak_slope))
                return 1;
        }
    }
    return 0;
}

static int leaks_put_slopes(FILE *out, const struct hm_summary_view *view)
{
    const struct hm_summary_campaign *campaign = view->campaign;
    double *value = malloc(hm_summary_most_runs(campaign) * sizeof *value);
    int error = 0;

    if (value == NULL)
        return -ENOMEM;
    for (size_t c = 0; c < campaign->n_cells && error == 0; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];

        if (cell->is_leak && cell->arm != HM_SUMMARY_ARM_TWIN &&
            (cell->leak.expected[0] != '\0' || cell->n_ok == 0))
            error = leaks_put_slope(out, view, cell, value);
    }
    free(value);
    return error;
}

int hm_summary_write_leak_slopes(const struct hm_summary_view *view,
                                 const char *folder)
{
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, "leak_slopes.csv");

    if (error != 0)
        return error;
    (void)fputs("workload,strategy,bytes_per_op,low,high,share,verdict,"
                "expected,unexpected,status,n\n",
                file.out);
    if (leaks_is_slope_known(view->campaign))
        error = leaks_put_slopes(file.out, view);
    return hm_replace_end(&file, error);
}
