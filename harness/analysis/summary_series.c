/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_derived.h"

#include "common/hist.h"
#include "harness/analysis/summary_side.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A quantile is shown only with this many samples beyond it. */
#define SERIES_BEYOND 10.0

/* A curve that falls by less than this is still level. */
#define SERIES_VISIBLE 0.95

enum { SERIES_STEPS_PER_NINE = 20 };

/* Words of hist.csv's column `operation`; the first: samples of any. */
static const char *const series_kinds[] = {
    "", "metered", "malloc", "calloc", "aligned", "realloc", "free",
};

enum {
    SERIES_METERED = 1, /* the last that is of samples */
    SERIES_KINDS = sizeof series_kinds / sizeof series_kinds[0]
};

/* What a row is about. */
struct series_line {
    const struct hm_summary_view *view;
    const struct hm_summary_cell *cell;
    const char *kind; /* "" or "metered" */
};

/* One histogram per cell and kind, allocated when its first sample comes. */
struct series {
    const struct hm_summary_view *view;
    struct hm_hist **hist; /* of a cell's SERIES_KINDS one behind the other */
    bool by_kind;          /* the kinds are read, and not the rest */
    bool tells_failed;     /* open loops without a curve have a row */
    struct hm_summary_side side;
};

/* The record's numbers.  Returns 0 or a negative errno. */
static int series_numbers(const struct series *series, size_t n, double *number)
{
    for (size_t i = 0; i < n; i++) {
        const char *text = hm_summary_side_text(&series->side, i);

        if (hm_csv_number(text, &number[i]) != 0 || !(number[i] >= 0)) {
            return hm_summary_side_fail(&series->side,
                                        "a field is not a number >= 0");
        }
    }
    return 0;
}

/* The histogram of the run's cell; NULL if it is not to be shown. */
static int series_find(struct series *series, double run_id, size_t kind,
                       struct hm_hist **hist)
{
    const struct hm_summary_campaign *campaign = series->view->campaign;
    struct hm_hist **place;
    uint32_t cell;

    *hist = NULL;
    if (run_id >= (double)campaign->n_run_ids) {
        return hm_summary_side_fail(&series->side,
                                    "this run_id is not in runs.csv");
    }
    cell = campaign->cell_of_run[(size_t)run_id];
    if (cell == UINT32_MAX) {
        return hm_summary_side_fail(&series->side,
                                    "this run_id is not in runs.csv");
    }
    if (campaign->cell[cell].arm == HM_SUMMARY_ARM_TWIN)
        return 0;
    place = &series->hist[(size_t)cell * SERIES_KINDS + kind];
    if (*place == NULL) {
        *place = malloc(sizeof **place);
        if (*place == NULL)
            return -ENOMEM;
        hm_hist_init(*place);
    }
    *hist = *place;
    return 0;
}

/* Older files have no such column. */
static int series_kind(const struct series *series, size_t *kind)
{
    int column = hm_csv_column(&series->side.csv, "operation");
    const char *word = column >= 0 ? series->side.csv.field[column] : "";

    for (*kind = 0; *kind < SERIES_KINDS; (*kind)++) {
        if (strcmp(word, series_kinds[*kind]) == 0)
            return 0;
    }
    return hm_summary_side_fail(&series->side, "this operation is unknown");
}

/* hist.csv: run_id, low_ns, high_ns, count. */
static int series_add_bucket(void *self)
{
    struct series *series = self;
    double number[4];
    struct hm_hist *hist;
    int error = series_numbers(series, 4, number);
    unsigned index;
    size_t kind;

    if (error == 0)
        error = series_kind(series, &kind);
    if (error != 0 || (kind > SERIES_METERED) != series->by_kind)
        return error;
    error = series_find(series, number[0], kind, &hist);
    if (error != 0 || hist == NULL)
        return error;
    if (number[2] >= ldexp(1, HM_HIST_MAX_BITS) || number[3] > UINT32_MAX)
        return hm_summary_side_fail(&series->side, "out of range");
    index = hm_hist_index((uint64_t)number[1]);
    hist->count[index] += (uint32_t)number[3];
    hist->n += (uint64_t)number[3];
    if ((uint64_t)number[2] > hist->max_ns)
        hist->max_ns = (uint64_t)number[2];
    return 0;
}

/* pauses.csv: run_id, duration_ns. */
static int series_add_pause(void *self)
{
    struct series *series = self;
    double number[2];
    struct hm_hist *hist;
    int error = series_numbers(series, 2, number);

    if (error == 0)
        error = series_find(series, number[0], 0, &hist);
    if (error == 0 && hist != NULL)
        hm_hist_add(hist, (uint64_t)number[1]);
    return error;
}

/* "requests,glibc", or "requests/metered,glibc". */
static void series_put_labels(FILE *out, const struct series_line *line)
{
    char label[HM_LABEL_BYTES];

    hm_summary_workload_label(&line->view->labels, line->cell, label);
    (void)fprintf(out, "%s%s%s,", label, line->kind[0] != '\0' ? "/" : "",
                  line->kind);
    hm_summary_strategy_label(&line->view->labels, line->cell, label);
    (void)fputs(label, out);
}

static void series_put_point(FILE *out, const struct series_line *line,
                             double x, double y)
{
    series_put_labels(out, line);
    if (isnan(x)) {
        (void)fputs(",NaN,NaN\n", out);
    } else {
        (void)fprintf(out, ",%.6g,%.6g\n", x, y);
    }
}

/* The quantiles at equal steps of -log10(1 - q), then the maximum. */
static void series_put_latency(FILE *out, const struct series_line *line,
                               const struct hm_hist *hist)
{
    double n = (double)hist->n;
    double below = 0;
    int step = 0;

    for (unsigned i = 0; i < HM_HIST_BUCKETS && n > SERIES_BEYOND; i++) {
        below += hist->count[i];
        for (;; step++) {
            double nines = step / (double)SERIES_STEPS_PER_NINE;
            double rank = ceil((1 - pow(10, -nines)) * n);

            if (rank > below || n - rank < SERIES_BEYOND)
                break;
            if (below > 0) {
                series_put_point(out, line, nines, (double)hm_hist_high_ns(i));
            }
        }
    }
    if (n > 1)
        series_put_point(out, line, log10(n), (double)hist->max_ns);
    series_put_point(out, line, NAN, NAN);
}

/* The share of pauses that lasted as long or longer: the corners of its steps,
 * so at each length the share with and the share without those.  Steps that
 * nobody could see are taken together. */
static void series_put_survival(FILE *out, const struct series_line *line,
                                const struct hm_hist *hist)
{
    double n = (double)hist->n;
    double left = n;
    double shown = 2 * n; /* what was left at the last corner */

    for (unsigned i = 0; i < HM_HIST_BUCKETS && left > 0; i++) {
        double length_ns = (double)hm_hist_low_ns(i);
        double less = left - hist->count[i];

        if (hist->count[i] == 0)
            continue;
        if (left < n && less > 0 && less > SERIES_VISIBLE * shown) {
            left = less;
            continue;
        }
        shown = less;
        series_put_point(out, line, length_ns, left / n);
        if (less > 0)
            series_put_point(out, line, length_ns, less / n);
        left = less;
    }
    series_put_point(out, line, NAN, NAN);
}

/* The percentiles of one kind of operation that enough samples lie beyond. */
static void series_put_operation(FILE *out, const struct series_line *line,
                                 const char *operation,
                                 const struct hm_hist *hist)
{
    static const struct {
        const char *name;
        double q;
    } percentile[] = {
        {"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

    const struct hm_summary_cell *cell = line->cell;
    double n = (double)hist->n;
    double clock_cost_ns = cell->n_ok > 0 ? cell->ok[0].clock_cost_ns : NAN;

    for (size_t i = 0; i < sizeof percentile / sizeof percentile[0]; i++) {
        if (n - ceil(percentile[i].q * n) < SERIES_BEYOND)
            continue;
        series_put_labels(out, line);
        (void)fprintf(out, ",%s,%s,%" PRIu64 ",%.0f,", operation,
                      percentile[i].name,
                      hm_hist_quantile_ns(hist, percentile[i].q), n);
        if (isnan(clock_cost_ns)) {
            (void)fputs("NaN\n", out);
        } else {
            (void)fprintf(out, "%.0f\n", clock_cost_ns);
        }
    }
}

/* An open loop that no run came through: its status in the place of a time. */
static void series_put_failed(FILE *out, const struct hm_summary_view *view)
{
    for (size_t c = 0; c < view->campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &view->campaign->cell[c];
        enum hm_summary_status status = hm_summary_worst_status(cell);

        if (!cell->is_open || cell->n_ok > 0 ||
            cell->arm == HM_SUMMARY_ARM_TWIN ||
            status == HM_SUMMARY_STATUS_unsupported)
            continue;
        series_put_labels(out, &(struct series_line){view, cell, ""});
        (void)fprintf(out, ",NaN,%s\n", hm_summary_status_name(status));
    }
}

typedef void series_put_fn(FILE *out, const struct series_line *line,
                           const struct hm_hist *hist);

static int series_write(struct series *series, const char *folder,
                        const char *name, const char *header,
                        series_put_fn *put)
{
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, name);

    if (error != 0)
        return error;
    (void)fputs(header, file.out);
    for (size_t i = 0; i < series->view->campaign->n_cells * SERIES_KINDS;
         i++) {
        size_t kind = i % SERIES_KINDS;
        struct series_line line = {
            series->view, &series->view->campaign->cell[i / SERIES_KINDS],
            kind <= SERIES_METERED ? series_kinds[kind] : ""};

        if (series->hist[i] == NULL)
            continue;
        if (kind <= SERIES_METERED) {
            put(file.out, &line, series->hist[i]);
        } else {
            series_put_operation(file.out, &line, series_kinds[kind],
                                 series->hist[i]);
        }
    }
    if (series->tells_failed)
        series_put_failed(file.out, series->view);
    return hm_replace_end(&file, 0);
}

static int series_init(struct series *series,
                       const struct hm_summary_view *view)
{
    memset(series, 0, sizeof *series);
    series->view = view;
    series->side.campaign = view->campaign;
    series->hist = calloc(view->campaign->n_cells * SERIES_KINDS,
                          sizeof(struct hm_hist *));
    return series->hist == NULL ? -ENOMEM : 0;
}

static void series_fini(struct series *series)
{
    size_t n = series->hist != NULL
                   ? series->view->campaign->n_cells * SERIES_KINDS
                   : 0;

    for (size_t i = 0; i < n; i++)
        free(series->hist[i]);
    free(series->hist);
}

static int series_write_hist(const struct hm_summary_view *view,
                             const char *folder, bool by_kind, const char *name,
                             const char *header)
{
    static const struct hm_summary_side_table table = {
        "hist.csv", {"run_id", "low_ns", "high_ns", "count"}};
    struct series series;
    int error = series_init(&series, view);

    series.by_kind = by_kind;
    series.tells_failed = !by_kind;
    if (error == 0) {
        error = hm_summary_side_read(&series.side, folder, &table,
                                     series_add_bucket, &series);
    }
    if (error == 0)
        error = series_write(&series, folder, name, header, series_put_latency);
    series_fini(&series);
    return error;
}

int hm_summary_write_latency(const struct hm_summary_view *view,
                             const char *folder)
{
    return series_write_hist(view, folder, false, "latency.csv",
                             "workload,strategy,nines,latency_ns\n");
}

int hm_summary_write_operations(const struct hm_summary_view *view,
                                const char *folder)
{
    return series_write_hist(
        view, folder, true, "operations.csv",
        "workload,strategy,operation,percentile,latency_ns,samples,"
        "clock_cost_ns\n");
}

int hm_summary_write_survival(const struct hm_summary_view *view,
                              const char *folder)
{
    static const struct hm_summary_side_table table = {
        "pauses.csv", {"run_id", "duration_ns"}};
    struct series series;
    int error = series_init(&series, view);

    if (error == 0) {
        error = hm_summary_side_read(&series.side, folder, &table,
                                     series_add_pause, &series);
    }
    if (error == 0) {
        error = series_write(&series, folder, "survival.csv",
                             "workload,strategy,pause_ns,share\n",
                             series_put_survival);
    }
    series_fini(&series);
    return error;
}
