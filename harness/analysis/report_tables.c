/* SPDX-License-Identifier: MIT */
#include "harness/analysis/report_tables.h"

#include "harness/analysis/figures.h"
#include "harness/analysis/report_html.h"
#include "harness/analysis/stats.h"
#include "harness/analysis/summary_facts.h"
#include "harness/analysis/summary_label.h"
#include "harness/csv.h"
#include "harness/human.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns of a workload's table up to those that a leak workload's verdict
 * stands in for. */
enum { TABLES_BEFORE_LATENCY = 5 };

size_t hm_report_group(const struct hm_summary_rows *rows, size_t begin)
{
    const struct hm_summary_line *head = &rows->line[begin];
    size_t end = begin + 1;

    while (end < rows->n &&
           (hm_summary_line_is_mean(head)
                ? hm_summary_line_is_mean(&rows->line[end])
                : hm_summary_line_same_work(head, &rows->line[end])))
        end++;
    return end - begin;
}

static void tables_head(FILE *out, const char *const *title)
{
    (void)fputs("<div class=\"wide\"><table><thead><tr>", out);
    for (; *title != NULL; title++)
        hm_html_format(out, "<th scope=\"col\">%s</th>", *title);
    (void)fputs("</tr></thead><tbody>\n", out);
}

static void tables_end(FILE *out)
{
    (void)fputs("</tbody></table></div>\n", out);
}

/* A reference strategy frees nothing or does nothing: it shows how far others
 * could get, and is no choice itself. */
static int tables_is_bound(const struct hm_summary_line *line)
{
    return strcmp(line->key[HM_SUMMARY_KEY_class], "reference") == 0;
}

static void tables_strategy(FILE *out, const struct hm_summary_line *line)
{
    char label[HM_LABEL_BYTES];

    hm_label_strategy(label, line->key[HM_SUMMARY_KEY_strategy],
                      line->key[HM_SUMMARY_KEY_heap_multiple]);
    (void)fputs(hm_summary_line_is_arm(line, "baseline") ? "<tr class=\"base\">"
                                                         : "<tr>",
                out);
    hm_html_format(out, "<td>%s%s</td>", label,
                   hm_summary_line_is_arm(line, "twin") ? " (twin)"
                   : tables_is_bound(line)              ? " (bound)"
                                                        : "");
}

static void tables_ratio(FILE *out, const struct hm_summary_row *row)
{
    char value[3][HM_HUMAN_BYTES];

    if (row->n == 0 || isnan(row->ratio)) {
        (void)fputs("<td>–</td>", out);
        return;
    }
    hm_human_ratio(value[0], row->ratio);
    hm_human_ratio(value[1], row->ratio_low);
    hm_human_ratio(value[2], row->ratio_high);
    hm_html_format(out,
                   row->n >= HM_STATS_MIN_BLOCKS
                       ? "<td><b>%s</b> [%s, %s]</td>"
                       : "<td><b>%s</b> (%s..%s)</td>",
                   value[0], value[1], value[2]);
}

static void tables_value(FILE *out, const struct hm_summary_line *line,
                         enum hm_summary_metric metric)
{
    char value[HM_HUMAN_BYTES];

    hm_human_value(value, hm_summary_shown(line, metric),
                   hm_summary_metric_unit(metric));
    hm_html_format(out, "<td>%s</td>", strcmp(value, "-") == 0 ? "–" : value);
}

static void tables_verdict(FILE *out, const char *verdict)
{
    const char *class = strcmp(verdict, "faster") == 0   ? "word good"
                        : strcmp(verdict, "slower") == 0 ? "word bad"
                                                         : "word";

    hm_html_format(out, "<td class=\"%s\">%s</td></tr>\n", class, verdict);
}

static void tables_work_line(FILE *out, const struct hm_summary_line *line,
                             int counted)
{
    static const enum hm_summary_metric metrics[] = {
        HM_SUMMARY_wall_ns,           HM_SUMMARY_cpu_ns,
        HM_SUMMARY_rss_peak_bytes,    HM_SUMMARY_rss_over_live,
        HM_SUMMARY_rss_drained_bytes, HM_SUMMARY_lat_p99_ns,
        HM_SUMMARY_lat_p999_ns,       HM_SUMMARY_pause_max_ns};

    char leak[HM_LEAK_BYTES];

    tables_strategy(out, line);
    if (!hm_summary_line_is_ok(line)) {
        hm_html_format(out,
                       "<td class=\"word bad\" colspan=\"%s\">%s</td></tr>\n",
                       counted ? "11" : "10", line->status);
        return;
    }
    if (hm_summary_line_is_arm(line, "baseline")) {
        (void)fputs("<td><b>1</b> (baseline)</td>", out);
    } else {
        tables_ratio(out, &line->metric[hm_summary_line_lead(line)]);
    }
    for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++) {
        if (m < TABLES_BEFORE_LATENCY || !hm_summary_line_is_leak(line))
            tables_value(out, line, metrics[m]);
    }
    if (hm_summary_line_is_leak(line)) {
        hm_summary_leak_text(leak, line);
        hm_html_format(out, "<td colspan=\"3\">%s</td>",
                       strcmp(leak, "-") == 0 ? "–" : leak);
    }
    if (counted)
        tables_value(out, line, HM_SUMMARY_instructions_per_op);
    tables_verdict(out, line->metric[hm_summary_line_lead(line)].verdict);
}

static void tables_figures_line(FILE *out, const struct hm_summary_line *line)
{
    const char *list = line->figures;
    char name[HM_FIGURE_BYTES], value[HM_HUMAN_BYTES];

    tables_strategy(out, line);
    while ((list = hm_figures_next(list, name)) != NULL) {
        hm_figures_format(value, line, name);
        hm_html_format(out, "<td>%s</td>", value);
    }
    (void)fputs("</tr>\n", out);
}

/* A column for each figure; nothing where the workload has none. */
static void tables_figures(FILE *out,
                           const struct hm_summary_line *const *order, size_t n)
{
    const char *list = hm_figures_of(order, n);
    char name[HM_FIGURE_BYTES];

    if (*list == '\0')
        return;
    (void)fputs("<div class=\"wide\"><table><thead><tr>"
                "<th scope=\"col\">strategy</th>",
                out);
    while ((list = hm_figures_next(list, name)) != NULL)
        hm_html_format(out, "<th scope=\"col\">%s</th>", name);
    (void)fputs("</tr></thead><tbody>\n", out);
    for (size_t i = 0; i < n; i++) {
        if (order[i]->figures[0] != '\0')
            tables_figures_line(out, order[i]);
    }
    tables_end(out);
}

void hm_report_work_table(FILE *out, const struct hm_summary_rows *rows,
                          size_t begin, size_t n)
{
    enum hm_summary_metric by = hm_summary_line_lead(&rows->line[begin]);
    int leak = hm_summary_line_is_leak(&rows->line[begin]);
    int counted = hm_summary_is_counted(rows);
    const char *const titles[] = {"strategy",
                                  by == HM_SUMMARY_wall_ns ? "time ratio"
                                                           : "p99 ratio",
                                  "time",
                                  "CPU time",
                                  "peak RSS",
                                  "RSS/live",
                                  "drained",
                                  leak ? "" : "p99",
                                  leak ? "" : "p99.9",
                                  leak ? "leak" : "max pause",
                                  counted ? "Ir/op" : "verdict",
                                  counted ? "verdict" : NULL,
                                  NULL};
    const struct hm_summary_line **order = malloc(n * sizeof(void *));

    if (order == NULL)
        return;
    hm_summary_lines_sort(&rows->line[begin], n, order);
    tables_head(out, titles);
    for (size_t i = 0; i < n; i++)
        tables_work_line(out, order[i], counted);
    tables_end(out);
    tables_figures(out, order, n);
    free(order);
}

static void tables_mean_line(FILE *out, const struct hm_summary_line *line)
{
    const char *params = line->key[HM_SUMMARY_KEY_params];
    char value[3][HM_HUMAN_BYTES];

    (void)snprintf(value[0], sizeof value[0], "%.0f",
                   hm_summary_param(params, "workloads"));
    hm_human_ratio(value[1], hm_summary_param(params, "min"));
    hm_human_ratio(value[2], hm_summary_param(params, "max"));
    tables_strategy(out, line);
    tables_ratio(out, &line->metric[HM_SUMMARY_wall_ns]);
    hm_html_format(out, "<td>%s to %s</td>", value[1], value[2]);
    tables_ratio(out, &line->metric[HM_SUMMARY_cpu_ns]);
    tables_ratio(out, &line->metric[HM_SUMMARY_rss_peak_bytes]);
    hm_html_format(out, "<td>%s</td>", value[0]);
    tables_verdict(out, line->metric[HM_SUMMARY_wall_ns].verdict);
}

void hm_report_mean_table(FILE *out, const struct hm_summary_rows *rows)
{
    static const char *const titles[] = {
        "strategy",    "time",      "single workloads", "CPU time",
        "peak memory", "workloads", "verdict",          NULL};
    const struct hm_summary_line **order =
        malloc((rows->n + 1) * sizeof(void *));

    if (order == NULL)
        return;
    hm_summary_lines_sort(rows->line, rows->n, order);
    tables_head(out, titles);
    for (size_t i = 0; i < rows->n; i++) {
        if (hm_summary_line_is_mean(order[i]) &&
            order[i]->metric[HM_SUMMARY_wall_ns].n > 0)
            tables_mean_line(out, order[i]);
    }
    tables_end(out);
    free(order);
}

static int tables_has_any(const struct hm_summary_line *line,
                          const enum hm_summary_metric *metric,
                          size_t n_metrics)
{
    for (size_t m = 0; m < n_metrics; m++) {
        if (line->metric[metric[m]].n > 0 && line->metric[metric[m]].median > 0)
            return !hm_summary_line_is_mean(line);
    }
    return 0;
}

static void tables_metric(FILE *out, const struct hm_summary_line *line,
                          enum hm_summary_metric metric)
{
    const struct hm_summary_row *row = &line->metric[metric];
    const char *unit = hm_summary_metric_unit(metric);
    char value[3][HM_HUMAN_BYTES];

    if (row->n == 0 || (metric == HM_SUMMARY_rss_over_live &&
                        isnan(hm_summary_shown(line, metric)))) {
        (void)fputs("<td>–</td>", out);
        return;
    }
    hm_human_value(value[0], row->median, unit);
    hm_human_value(value[1], row->low, unit);
    hm_human_value(value[2], row->high, unit);
    hm_html_format(out, "<td>%s <small>(%s to %s)</small></td>", value[0],
                   value[1], value[2]);
}

void hm_report_metric_table(FILE *out, const struct hm_summary_rows *rows,
                            size_t begin, size_t n,
                            const enum hm_summary_metric *metric,
                            size_t n_metrics)
{
    (void)fputs("<div class=\"wide\"><table><thead><tr>"
                "<th scope=\"col\">strategy</th>"
                "<th scope=\"col\" class=\"word\">workload</th>",
                out);
    for (size_t m = 0; m < n_metrics; m++) {
        hm_html_format(out, "<th scope=\"col\">%s</th>",
                       hm_summary_metric_name(metric[m]));
    }
    (void)fputs("</tr></thead><tbody>\n", out);
    for (size_t i = begin; i < begin + n; i++) {
        const struct hm_summary_line *line = &rows->line[i];

        if (!tables_has_any(line, metric, n_metrics))
            continue;
        tables_strategy(out, line);
        hm_html_format(out, "<td class=\"word\">%s</td>",
                       line->key[HM_SUMMARY_KEY_workload]);
        for (size_t m = 0; m < n_metrics; m++)
            tables_metric(out, line, metric[m]);
        (void)fputs("</tr>\n", out);
    }
    tables_end(out);
}

void hm_report_failure_table(FILE *out, const struct hm_summary_rows *rows)
{
    static const char *const titles[] = {"strategy", "workload", "status",
                                         "reason", NULL};
    size_t failed = 0;

    for (size_t i = 0; i < rows->n; i++)
        failed += !hm_summary_line_is_ok(&rows->line[i]);
    if (failed == 0) {
        (void)fputs("<p>Every cell of the plan completed.</p>\n", out);
        return;
    }
    tables_head(out, titles);
    for (size_t i = 0; i < rows->n; i++) {
        const struct hm_summary_line *line = &rows->line[i];

        if (hm_summary_line_is_ok(line))
            continue;
        tables_strategy(out, line);
        hm_html_format(out,
                       "<td class=\"word\">%s</td><td class=\"word bad\">%s"
                       "</td><td class=\"wrap\">%s</td></tr>\n",
                       line->key[HM_SUMMARY_KEY_workload], line->status,
                       line->reason != NULL ? line->reason : "");
    }
    tables_end(out);
}

/* "immix" of "strategy.immix.summary", in `id`; 0: it is another key. */
static int tables_strategy_id(const char *key, char id[HM_LABEL_BYTES])
{
    static const char before[] = "strategy.", behind[] = ".summary";
    size_t head = sizeof before - 1, tail = sizeof behind - 1;
    size_t bytes = strlen(key);

    if (bytes <= head + tail || strncmp(key, before, head) != 0 ||
        strcmp(key + bytes - tail, behind) != 0)
        return 0;
    (void)snprintf(id, HM_LABEL_BYTES, "%.*s", (int)(bytes - head - tail),
                   key + head);
    return 1;
}

void hm_report_strategies(FILE *out, const char *folder)
{
    char path[4096], id[HM_LABEL_BYTES];
    const char *open = "<h2 id=\"strategies\">Strategies</h2>\n<dl>\n";
    struct hm_csv csv;
    int any = 0;

    (void)snprintf(path, sizeof path, "%s/meta.csv", folder);
    if (hm_csv_open(&csv, path) != 0)
        return;
    while (csv.n == 2 && hm_csv_next(&csv) > 0) {
        if (!tables_strategy_id(csv.field[0], id))
            continue;
        (void)fputs(any ? "" : open, out);
        hm_html_format(out, "<dt>%s</dt><dd>%s</dd>\n", id, csv.field[1]);
        any = 1;
    }
    (void)fputs(any ? "</dl>\n" : "", out);
    hm_csv_close(&csv);
}
