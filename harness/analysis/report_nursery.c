/* SPDX-License-Identifier: MIT */
#include "harness/analysis/report_text.h"

#include "harness/analysis/report_html.h"
#include "harness/csv.h"
#include "harness/human.h"
#include "harness/pool.h"

#include <math.h>
#include <string.h>

/* Metrics of nursery.csv, in the order of the sentence. */
static const struct {
    const char *name, *words;
} nursery_metrics[] = {
    {"cpu_ms", "of its processor time"},
    {"collections", "of its collections"},
    {"pause_max_ms", "of its longest pause"},
    {"rss_peak_mib", "of its peak memory"},
};

enum { NURSERY_METRICS = sizeof nursery_metrics / sizeof nursery_metrics[0] };

/* A row of the file: `place` is what two strategies have in common. */
struct nursery_row {
    int metric;
    const char *place, *strategy;
    double value;
};

struct nursery_rows {
    struct hm_pool pool;
    struct nursery_row *row;
    size_t n;
    struct hm_words strategies;
};

/* Ratios of two strategies where both completed. */
struct nursery_ratio {
    double low, high, sum_log;
    size_t n;
};

static int nursery_metric(const char *name)
{
    for (int m = 0; m < NURSERY_METRICS; m++) {
        if (strcmp(nursery_metrics[m].name, name) == 0)
            return m;
    }
    return -1;
}

/* metric,workload,strategy,nursery_mib,value,...: the heap is a part of the
 * strategy's name there, "node@4x". */
static void nursery_add(struct nursery_rows *rows, char *const *field)
{
    struct hm_pool *pool = &rows->pool;
    size_t id_bytes = strcspn(field[2], "@");
    struct nursery_row row = {
        .metric = nursery_metric(field[0]),
        .place = hm_pool_format(pool, "%s %s %s", field[1], field[2] + id_bytes,
                                field[3]),
        .strategy = hm_pool_copy_n(pool, field[2], id_bytes)};

    if (row.metric < 0 || hm_csv_number(field[4], &row.value) != 0 ||
        !(row.value > 0))
        return;
    rows->row = hm_pool_grow(pool, rows->row, rows->n, sizeof row);
    rows->row[rows->n++] = row;
    if (!hm_words_has(&rows->strategies, row.strategy))
        hm_words_add(pool, &rows->strategies, row.strategy);
}

static void nursery_read(struct nursery_rows *rows, const char *folder)
{
    static const char *const names[] = {"metric", "workload", "strategy",
                                        "nursery_mib", "value"};
    const char *path = hm_pool_format(&rows->pool, "%s/nursery.csv", folder);
    struct hm_csv csv;
    int column[5];
    char *field[5];

    if (hm_csv_open(&csv, path) != 0)
        return;
    if (hm_csv_columns(&csv, names, 5, column) == 0) {
        while (hm_csv_next(&csv) > 0) {
            for (int i = 0; i < 5; i++)
                field[i] = csv.field[column[i]];
            nursery_add(rows, field);
        }
    }
    hm_csv_close(&csv);
}

static struct nursery_ratio nursery_compare(const struct nursery_rows *rows,
                                            const char *strategy,
                                            const char *unit, int metric)
{
    struct nursery_ratio found = {INFINITY, 0, 0, 0};

    for (size_t i = 0; i < rows->n; i++) {
        const struct nursery_row *a = &rows->row[i];

        if (a->metric != metric || strcmp(a->strategy, strategy) != 0)
            continue;
        for (size_t k = 0; k < rows->n; k++) {
            const struct nursery_row *b = &rows->row[k];

            if (b->metric != metric || strcmp(b->strategy, unit) != 0 ||
                strcmp(a->place, b->place) != 0)
                continue;
            found.low = fmin(found.low, a->value / b->value);
            found.high = fmax(found.high, a->value / b->value);
            found.sum_log += log(a->value / b->value);
            found.n++;
        }
    }
    return found;
}

/* Others are compared with the one that takes the most processor time. */
static const char *nursery_unit(const struct nursery_rows *rows)
{
    const char *unit = rows->strategies.word[0];

    for (size_t i = 1; i < rows->strategies.n; i++) {
        const char *other = rows->strategies.word[i];

        if (nursery_compare(rows, other, unit, 0).sum_log > 0)
            unit = other;
    }
    return unit;
}

static void nursery_put(FILE *out, const struct nursery_rows *rows,
                        const char *strategy, const char *unit)
{
    const char *gap = "took";
    size_t n = nursery_compare(rows, strategy, unit, 0).n;

    if (n == 0)
        return;
    hm_html_format(out,
                   "<li>In nurseries as large as those of %s, and at the same "
                   "limit, <b>%s</b> ",
                   unit, strategy);
    for (int m = 0; m < NURSERY_METRICS; m++) {
        struct nursery_ratio ratio = nursery_compare(rows, strategy, unit, m);
        char mean[HM_HUMAN_BYTES], low[HM_HUMAN_BYTES], high[HM_HUMAN_BYTES];

        if (ratio.n == 0)
            continue;
        hm_human_ratio(mean, exp(ratio.sum_log / (double)ratio.n));
        hm_human_ratio(low, ratio.low);
        hm_human_ratio(high, ratio.high);
        hm_html_format(out, "%s %s (%s to %s) %s", gap, mean, low, high,
                       nursery_metrics[m].words);
        gap = ",";
    }
    hm_html_format(out, "; geometric means and ranges of %zu pairs.</li>\n", n);
}

void hm_report_nursery(FILE *out, const char *folder)
{
    struct nursery_rows rows = {.n = 0};

    nursery_read(&rows, folder);
    if (rows.strategies.n > 1) {
        const char *unit = nursery_unit(&rows);

        for (size_t i = 0; i < rows.strategies.n; i++) {
            if (strcmp(rows.strategies.word[i], unit) != 0)
                nursery_put(out, &rows, rows.strategies.word[i], unit);
        }
    }
    hm_pool_fini(&rows.pool);
}
