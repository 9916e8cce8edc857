/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_rows.h"

#include "harness/analysis/summary_facts.h"
#include "harness/csv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum rows_column {
    ROWS_METRIC = HM_SUMMARY_KEYS_END,
    ROWS_STATUS,
    ROWS_VERDICT,
    ROWS_NUMBERS, /* n, then six doubles */
    ROWS_COLUMNS = ROWS_NUMBERS + 7,
};

#define ROWS_NAME(column) #column,
static const char *const rows_names[ROWS_COLUMNS] = {
    HM_SUMMARY_KEYS(ROWS_NAME) "metric",
    "status",
    "verdict",
    "n",
    "median",
    "low",
    "high",
    "ratio",
    "ratio_low",
    "ratio_high"};

static const char *const rows_failure_names[] = {
    HM_SUMMARY_KEYS(ROWS_NAME) "reason"};
#undef ROWS_NAME

struct rows {
    struct hm_summary_rows *rows;
    size_t capacity;
    struct hm_csv csv;
    int column[ROWS_COLUMNS];
};

static const char *rows_text(const struct rows *reader, int column)
{
    return reader->csv.field[reader->column[column]];
}

static int rows_fail(const struct rows *reader, int column)
{
    (void)snprintf(reader->rows->error, sizeof reader->rows->error,
                   "%.160s:%lu: %s '%.40s' makes no sense", reader->csv.path,
                   reader->csv.line, rows_names[column],
                   rows_text(reader, column));
    return -EINVAL;
}

static int rows_is_of(const struct rows *reader,
                      const struct hm_summary_line *line)
{
    for (int k = 0; k < HM_SUMMARY_KEYS_END; k++) {
        /* A mean's parameters say what it is over, which can differ between
         * metrics; its line has those of the first. */
        if (k == HM_SUMMARY_KEY_params && hm_summary_line_is_mean(line))
            continue;
        if (strcmp(line->key[k], rows_text(reader, k)) != 0)
            return 0;
    }
    return 1;
}

static int rows_new_line(struct rows *reader)
{
    struct hm_summary_rows *rows = reader->rows;
    struct hm_summary_line *line;

    if (rows->n == reader->capacity) {
        size_t capacity = reader->capacity == 0 ? 64 : reader->capacity * 2;

        line = realloc(rows->line, capacity * sizeof *line);
        if (line == NULL)
            return -ENOMEM;
        rows->line = line;
        reader->capacity = capacity;
    }
    line = &rows->line[rows->n++];
    memset(line, 0, sizeof *line);
    for (int m = 0; m < HM_SUMMARY_METRICS_END; m++) {
        line->metric[m] = (struct hm_summary_row){.median = NAN,
                                                  .low = NAN,
                                                  .high = NAN,
                                                  .ratio = NAN,
                                                  .ratio_low = NAN,
                                                  .ratio_high = NAN};
    }
    for (int k = 0; k < HM_SUMMARY_KEYS_END; k++) {
        line->key[k] = strdup(rows_text(reader, k));
        if (line->key[k] == NULL)
            return -ENOMEM;
    }
    line->status = strdup(rows_text(reader, ROWS_STATUS));
    return line->status == NULL ? -ENOMEM : 0;
}

static int rows_metric(const struct rows *reader)
{
    const char *name = rows_text(reader, ROWS_METRIC);

    for (int m = 0; m < HM_SUMMARY_METRICS_END; m++) {
        if (strcmp(hm_summary_metric_name((enum hm_summary_metric)m), name) ==
            0)
            return m;
    }
    return rows_fail(reader, ROWS_METRIC);
}

/* The rows of a line follow each other in the file. */
static int rows_add(struct rows *reader)
{
    struct hm_summary_rows *rows = reader->rows;
    struct hm_summary_row *row;
    double number[7];
    int metric = rows_metric(reader);
    int error = metric < 0 ? metric : 0;

    for (int i = 0; i < 7 && error == 0; i++) {
        if (hm_csv_number(rows_text(reader, ROWS_NUMBERS + i), &number[i]) != 0)
            error = rows_fail(reader, ROWS_NUMBERS + i);
    }
    if (error == 0 &&
        (rows->n == 0 || !rows_is_of(reader, &rows->line[rows->n - 1])))
        error = rows_new_line(reader);
    if (error != 0)
        return error;
    row = &rows->line[rows->n - 1].metric[metric];
    *row = (struct hm_summary_row){
        .n = number[0] > 0 ? (size_t)number[0] : 0,
        .median = number[1],
        .low = number[2],
        .high = number[3],
        .ratio = number[4],
        .ratio_low = number[5],
        .ratio_high = number[6],
    };
    (void)snprintf(row->verdict, sizeof row->verdict, "%s",
                   rows_text(reader, ROWS_VERDICT));
    return 0;
}

static int rows_add_reason(struct rows *reader)
{
    struct hm_summary_rows *rows = reader->rows;

    for (size_t i = 0; i < rows->n; i++) {
        if (!rows_is_of(reader, &rows->line[i]))
            continue;
        free(rows->line[i].reason);
        rows->line[i].reason = strdup(rows_text(reader, HM_SUMMARY_KEYS_END));
        return rows->line[i].reason == NULL ? -ENOMEM : 0;
    }
    return 0;
}

static int rows_read(struct rows *reader, const char *path,
                     const char *const *names, size_t n,
                     int (*add)(struct rows *))
{
    int error = hm_csv_open(&reader->csv, path);
    int more = 0;

    if (error == 0) {
        error = hm_csv_columns(&reader->csv, names, n, reader->column);
        while (error == 0 && (more = hm_csv_next(&reader->csv)) > 0)
            error = add(reader);
        if (error == 0)
            error = more;
        hm_csv_close(&reader->csv);
    }
    if (error != 0 && reader->rows->error[0] == '\0') {
        (void)snprintf(reader->rows->error, sizeof reader->rows->error, "%s",
                       reader->csv.error);
    }
    return error;
}

int hm_summary_rows_read(struct hm_summary_rows *rows, const char *folder)
{
    struct rows reader = {.rows = rows};
    char path[4096];
    int error;

    memset(rows, 0, sizeof *rows);
    (void)snprintf(path, sizeof path, "%s/summary.csv", folder);
    error = rows_read(&reader, path, rows_names, ROWS_COLUMNS, rows_add);
    if (error != 0)
        return error;
    (void)snprintf(path, sizeof path, "%s/failures.csv", folder);
    error = rows_read(&reader, path, rows_failure_names,
                      HM_SUMMARY_KEYS_END + 1, rows_add_reason);
    return error != 0 ? error : hm_summary_facts_read(rows, folder);
}

void hm_summary_rows_free(struct hm_summary_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        for (int k = 0; k < HM_SUMMARY_KEYS_END; k++)
            free(rows->line[i].key[k]);
        free(rows->line[i].status);
        free(rows->line[i].reason);
    }
    free(rows->line);
    rows->line = NULL;
    rows->n = 0;
}

int hm_summary_line_is_mean(const struct hm_summary_line *line)
{
    return strcmp(line->key[HM_SUMMARY_KEY_workload], "geomean") == 0;
}

int hm_summary_line_is_arm(const struct hm_summary_line *line, const char *arm)
{
    return strcmp(line->key[HM_SUMMARY_KEY_arm], arm) == 0;
}

int hm_summary_line_is_ok(const struct hm_summary_line *line)
{
    return strcmp(line->status, "ok") == 0;
}

int hm_summary_line_is_leak(const struct hm_summary_line *line)
{
    return line->leak.expected[0] != '\0' ||
           hm_summary_is_leak(line->key[HM_SUMMARY_KEY_workload]);
}

enum hm_summary_metric hm_summary_line_lead(const struct hm_summary_line *line)
{
    return hm_summary_is_open(line->key[HM_SUMMARY_KEY_params])
               ? HM_SUMMARY_lat_p99_ns
               : HM_SUMMARY_wall_ns;
}

int hm_summary_line_is_timed(const struct hm_summary_line *line)
{
    return !hm_summary_line_is_mean(line) && !hm_summary_line_is_leak(line) &&
           !hm_summary_is_open(line->key[HM_SUMMARY_KEY_params]);
}

double hm_summary_shown(const struct hm_summary_line *line,
                        enum hm_summary_metric metric)
{
    const struct hm_summary_row *row = &line->metric[metric];
    double live_bytes =
        line->metric[HM_SUMMARY_rss_peak_bytes].median / row->median;

    if (row->n == 0 || !(row->median > 0) ||
        (metric == HM_SUMMARY_rss_over_live && live_bytes < 1048576))
        return NAN;
    return row->median;
}

int hm_summary_line_same_work(const struct hm_summary_line *a,
                              const struct hm_summary_line *b)
{
    static const enum hm_summary_key keys[] = {
        HM_SUMMARY_KEY_workload, HM_SUMMARY_KEY_params, HM_SUMMARY_KEY_threads};

    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        if (strcmp(a->key[keys[k]], b->key[keys[k]]) != 0)
            return 0;
    }
    return 1;
}

static double rows_rank(const struct hm_summary_line *line)
{
    const struct hm_summary_row *lead =
        &line->metric[hm_summary_line_lead(line)];

    if (hm_summary_line_is_arm(line, "baseline"))
        return 1;
    return lead->n > 0 && !isnan(lead->ratio) ? lead->ratio : INFINITY;
}

/* Means over more workloads first: a strategy that finished only the easy
 * ones must not lead the table. */
static double rows_workloads(const struct hm_summary_line *line)
{
    return hm_summary_line_is_mean(line)
               ? hm_summary_param(line->key[HM_SUMMARY_KEY_params], "workloads")
               : 0;
}

static int rows_compare(const void *left, const void *right)
{
    const struct hm_summary_line *a =
        *(const struct hm_summary_line *const *)left;
    const struct hm_summary_line *b =
        *(const struct hm_summary_line *const *)right;
    double wa = rows_workloads(a), wb = rows_workloads(b);
    double ra = rows_rank(a);
    double rb = rows_rank(b);

    if (wa < wb || wa > wb)
        return wa > wb ? -1 : 1;
    if (ra < rb || ra > rb)
        return ra < rb ? -1 : 1;
    return (a > b) - (a < b);
}

void hm_summary_lines_sort(const struct hm_summary_line *line, size_t n,
                           const struct hm_summary_line **order)
{
    for (size_t i = 0; i < n; i++)
        order[i] = &line[i];
    qsort(order, n, sizeof(void *), rows_compare);
}

size_t hm_summary_blocks(const struct hm_summary_rows *rows)
{
    size_t most = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const struct hm_summary_row *row =
            &rows->line[i].metric[HM_SUMMARY_wall_ns];

        if (!isnan(row->ratio) && row->n > most)
            most = row->n;
    }
    return most;
}

const struct hm_summary_line *hm_summary_noise(
    const struct hm_summary_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        if (hm_summary_line_is_mean(&rows->line[i]) &&
            hm_summary_line_is_arm(&rows->line[i], "twin") &&
            rows->line[i].metric[HM_SUMMARY_wall_ns].n > 0)
            return &rows->line[i];
    }
    return NULL;
}

size_t hm_summary_noise_range(const struct hm_summary_rows *rows,
                              const struct hm_summary_line **least,
                              const struct hm_summary_line **most)
{
    size_t n = 0;

    *least = *most = NULL;
    for (size_t i = 0; i < rows->n; i++) {
        const struct hm_summary_line *line = &rows->line[i];
        double ratio = line->metric[HM_SUMMARY_wall_ns].ratio;

        if (!hm_summary_line_is_arm(line, "twin") || isnan(ratio) ||
            !hm_summary_line_is_timed(line))
            continue;
        if (n == 0 || ratio < (*least)->metric[HM_SUMMARY_wall_ns].ratio)
            *least = line;
        if (n == 0 || ratio > (*most)->metric[HM_SUMMARY_wall_ns].ratio)
            *most = line;
        n++;
    }
    return n;
}

const char *hm_summary_baseline_id(const struct hm_summary_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        if (hm_summary_line_is_arm(&rows->line[i], "baseline"))
            return rows->line[i].key[HM_SUMMARY_KEY_strategy];
    }
    return "the baseline";
}

double hm_summary_param(const char *params, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = params; at != NULL; at = strchr(at, ';')) {
        if (*at == ';')
            at++;
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return strtod(at + length + 1, NULL);
    }
    return NAN;
}
