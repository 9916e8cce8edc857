/* SPDX-License-Identifier: MIT */
#include "harness/analysis/table.h"

#include "harness/analysis/stats.h"
#include "harness/analysis/summary_facts.h"
#include "harness/analysis/summary_label.h"
#include "harness/analysis/summary_rows.h"
#include "harness/human.h"
#include "harness/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct table {
    FILE *out;
    const struct hm_summary_rows *rows;
    int colour;
};

enum { TABLE_STRATEGY = 16, TABLE_RATIO = 18 };

/* ANSI colours; empty where the output takes none. */
static const char *table_paint(const struct table *table, const char *word)
{
    if (!table->colour)
        return "";
    if (strcmp(word, "faster") == 0)
        return "\033[32m";
    if (strcmp(word, "slower") == 0)
        return "\033[31m";
    if (strcmp(word, "title") == 0)
        return "\033[1m";
    return strcmp(word, "failed") == 0 ? "\033[33m" : "\033[2m";
}

static const char *table_plain(const struct table *table)
{
    return table->colour ? "\033[0m" : "";
}

/* With an interval "0.85 [0.84, 0.87]", with a range "0.85 (0.84..0.87)". */
static void table_ratio(char *text, size_t bytes,
                        const struct hm_summary_row *row)
{
    int is_interval = row->n >= HM_STATS_MIN_BLOCKS;
    char value[3][HM_HUMAN_BYTES];

    hm_human_ratio(value[0], row->ratio);
    hm_human_ratio(value[1], row->ratio_low);
    hm_human_ratio(value[2], row->ratio_high);
    (void)snprintf(text, bytes, is_interval ? "%s [%s, %s]" : "%s (%s..%s)",
                   value[0], value[1], value[2]);
}

/* "jemalloc", "semispace@3x", "glibc (twin)"; HM_LABEL_BYTES. */
static void table_label(char *text, const struct hm_summary_line *line)
{
    hm_label_strategy(text, line->key[HM_SUMMARY_KEY_strategy],
                      line->key[HM_SUMMARY_KEY_heap_multiple]);
    if (hm_summary_line_is_arm(line, "twin"))
        (void)strncat(text, " (twin)", HM_LABEL_BYTES - strlen(text) - 1);
}

/* The same, but what is too long for its column ends in ~. */
static void table_strategy(char *text, const struct hm_summary_line *line)
{
    table_label(text, line);
    if (strlen(text) > TABLE_STRATEGY) {
        text[TABLE_STRATEGY - 1] = '~';
        text[TABLE_STRATEGY] = '\0';
    }
}

static void table_value(char *text, const struct hm_summary_line *line,
                        enum hm_summary_metric metric)
{
    hm_human_value(text, hm_summary_shown(line, metric),
                   hm_summary_metric_unit(metric));
}

/* p99.9 and the longest pause, or the leak verdict: as wide as both. */
static void table_tail(char *text, size_t bytes,
                       const struct hm_summary_line *line)
{
    char value[2][HM_HUMAN_BYTES];
    char leak[HM_LEAK_BYTES];

    if (hm_summary_line_is_leak(line)) {
        hm_summary_leak_text(leak, line);
        (void)snprintf(text, bytes, "%15s", leak);
        return;
    }
    table_value(value[0], line, HM_SUMMARY_lat_p999_ns);
    table_value(value[1], line, HM_SUMMARY_pause_max_ns);
    (void)snprintf(text, bytes, "%7s %7s", value[0], value[1]);
}

static void table_put_failed(const struct table *table,
                             const struct hm_summary_line *line)
{
    char strategy[HM_LABEL_BYTES];

    table_strategy(strategy, line);
    (void)fprintf(table->out, "  %-*s %s%.80s%s\n", TABLE_STRATEGY, strategy,
                  table_paint(table, "failed"), line->status,
                  table_plain(table));
}

static void table_put_line(const struct table *table,
                           const struct hm_summary_line *line)
{
    const struct hm_summary_row *wall = &line->metric[HM_SUMMARY_wall_ns];
    int is_baseline = hm_summary_line_is_arm(line, "baseline");
    char strategy[HM_LABEL_BYTES];
    char ratio[80] = "1 (baseline)";
    char cpu[HM_HUMAN_BYTES];
    char value[3][HM_HUMAN_BYTES];
    char tail[2 * HM_HUMAN_BYTES + 2];
    const char *verdict = wall->verdict;

    table_strategy(strategy, line);
    if (!is_baseline)
        table_ratio(ratio, sizeof ratio, wall);
    if (!is_baseline && isnan(wall->ratio))
        (void)snprintf(ratio, sizeof ratio, "-");
    hm_human_ratio(cpu,
                   is_baseline ? 1 : line->metric[HM_SUMMARY_cpu_ns].ratio);
    table_value(value[0], line, HM_SUMMARY_wall_ns);
    table_value(value[1], line, HM_SUMMARY_rss_peak_bytes);
    table_value(value[2], line, HM_SUMMARY_rss_over_live);
    table_tail(tail, sizeof tail, line);
    (void)fprintf(table->out, "  %-*s %-*s %7s %5s %8s %8s %s%s%s%s%s\n",
                  TABLE_STRATEGY, strategy, TABLE_RATIO, ratio, value[0], cpu,
                  value[1], value[2], tail, verdict[0] != '\0' ? "  " : "",
                  table_paint(table, verdict), verdict, table_plain(table));
}

static void table_put_work(const struct table *table,
                           const struct hm_summary_line *const *order, size_t n)
{
    const struct hm_summary_line *head = order[0];
    const char *params = head->key[HM_SUMMARY_KEY_params];
    const char *threads = head->key[HM_SUMMARY_KEY_threads];

    (void)fprintf(table->out, "%s%s%s  %.60s%s%s%s\n",
                  table_paint(table, "title"),
                  head->key[HM_SUMMARY_KEY_workload], table_plain(table),
                  params, strcmp(threads, "1") == 0 ? "" : "  threads=",
                  strcmp(threads, "1") == 0 ? "" : threads,
                  strlen(params) > 60 ? "..." : "");
    (void)fprintf(table->out, "  %-*s %-*s %7s %5s %8s %8s %15s  %s\n",
                  TABLE_STRATEGY, "strategy", TABLE_RATIO, "time ratio", "time",
                  "CPU x", "peak RSS", "RSS/live",
                  hm_summary_line_is_leak(head) ? "leak" : "  p99.9   pause",
                  "verdict");
    for (size_t i = 0; i < n; i++) {
        if (hm_summary_line_is_ok(order[i])) {
            table_put_line(table, order[i]);
        } else {
            table_put_failed(table, order[i]);
        }
    }
    (void)fputc('\n', table->out);
}

static void table_put_mean(const struct table *table,
                           const struct hm_summary_line *line)
{
    const char *params = line->key[HM_SUMMARY_KEY_params];
    const char *verdict = line->metric[HM_SUMMARY_wall_ns].verdict;
    char strategy[HM_LABEL_BYTES];
    char ratio[80];
    char value[4][HM_HUMAN_BYTES];
    char spread[2 * HM_HUMAN_BYTES + 4];

    table_strategy(strategy, line);
    table_ratio(ratio, sizeof ratio, &line->metric[HM_SUMMARY_wall_ns]);
    hm_human_ratio(value[0], hm_summary_param(params, "min"));
    hm_human_ratio(value[1], hm_summary_param(params, "max"));
    hm_human_ratio(value[2], line->metric[HM_SUMMARY_cpu_ns].ratio);
    hm_human_ratio(value[3], line->metric[HM_SUMMARY_rss_peak_bytes].ratio);
    (void)snprintf(spread, sizeof spread, "%s..%s", value[0], value[1]);
    (void)fprintf(table->out, "  %-*s %-*s %13s %5s %8s %9.0f%s%s%s%s\n",
                  TABLE_STRATEGY, strategy, TABLE_RATIO, ratio, spread,
                  value[2], value[3], hm_summary_param(params, "workloads"),
                  verdict[0] != '\0' ? "  " : "", table_paint(table, verdict),
                  verdict, table_plain(table));
}

static void table_put_means(const struct table *table,
                            const struct hm_summary_line *const *order,
                            size_t n)
{
    (void)fprintf(table->out,
                  "%sgeometric means%s  ratios to %s, over the workloads that "
                  "each strategy completed\n",
                  table_paint(table, "title"), table_plain(table),
                  hm_summary_baseline_id(table->rows));
    (void)fprintf(table->out, "  %-*s %-*s %13s %5s %8s %9s  %s\n",
                  TABLE_STRATEGY, "strategy", TABLE_RATIO, "time ratio",
                  "by workload", "CPU x", "RSS x", "workloads", "verdict");
    for (size_t i = 0; i < n; i++) {
        if (order[i]->metric[HM_SUMMARY_wall_ns].n > 0)
            table_put_mean(table, order[i]);
    }
    if (hm_summary_has_leaks(table->rows)) {
        (void)fputs("  leak workloads are in no mean: malloc leaks there by "
                    "design, so their times compare nothing\n",
                    table->out);
    }
    (void)fputc('\n', table->out);
}

/* Consecutive lines with the same work (or the means) make one table. */
static int table_put_groups(const struct table *table)
{
    const struct hm_summary_rows *rows = table->rows;
    const struct hm_summary_line **order = malloc(rows->n * sizeof(void *));
    size_t end;

    if (order == NULL)
        return -ENOMEM;
    for (size_t begin = 0; begin < rows->n; begin = end) {
        const struct hm_summary_line *head = &rows->line[begin];
        int is_mean = hm_summary_line_is_mean(head);

        for (end = begin + 1; end < rows->n; end++) {
            if (is_mean ? !hm_summary_line_is_mean(&rows->line[end])
                        : !hm_summary_line_same_work(head, &rows->line[end]))
                break;
        }
        hm_summary_lines_sort(head, end - begin, order);
        if (is_mean) {
            if (hm_summary_has_means(rows))
                table_put_means(table, order, end - begin);
        } else {
            table_put_work(table, order, end - begin);
        }
    }
    free(order);
    return 0;
}

/* Whether an earlier line says the same to a reader. */
static int table_is_told(const struct hm_summary_rows *rows, size_t number,
                         const char *strategy)
{
    const struct hm_summary_line *line = &rows->line[number];
    char other[HM_LABEL_BYTES];

    for (size_t i = 0; i < number; i++) {
        if (strcmp(rows->line[i].status, line->status) != 0 ||
            strcmp(rows->line[i].key[HM_SUMMARY_KEY_workload],
                   line->key[HM_SUMMARY_KEY_workload]) != 0)
            continue;
        table_label(other, &rows->line[i]);
        if (strcmp(other, strategy) == 0)
            return 1;
    }
    return 0;
}

static void table_put_reasons(const struct table *table)
{
    for (size_t i = 0; i < table->rows->n; i++) {
        const struct hm_summary_line *line = &table->rows->line[i];
        const char *reason = line->reason != NULL ? line->reason : "";
        char strategy[HM_LABEL_BYTES];

        table_label(strategy, line);
        if (hm_summary_line_is_ok(line) ||
            table_is_told(table->rows, i, strategy))
            continue;
        (void)fprintf(table->out, "failed: %s under %s: %s%s%.60s\n",
                      line->key[HM_SUMMARY_KEY_workload], strategy,
                      line->status, reason[0] != '\0' ? ": " : "", reason);
    }
}

static void table_put_leaks(const struct table *table)
{
    size_t wrong;
    size_t leaks = hm_summary_leaks(table->rows, &wrong);

    if (leaks > 0 && wrong == 0) {
        (void)fprintf(table->out, "leaks: all %zu verdicts as expected\n",
                      leaks);
    } else if (leaks > 0) {
        (void)fprintf(table->out,
                      "leaks: %zu of %zu verdicts not as expected, marked !\n",
                      wrong, leaks);
    }
}

/* What stands between these numbers and a conclusion. */
static void table_put_facts(const struct table *table, const char *folder)
{
    const struct hm_summary_facts *facts = &table->rows->facts;

    if (hm_summary_is_noisy(table->rows)) {
        (void)fprintf(table->out,
                      "%zu of %zu runs were disturbed by other work on this "
                      "machine: measure again when it is idle\n",
                      facts->noisy, facts->runs);
    }
    if (hm_summary_is_partial(table->rows)) {
        (void)fprintf(table->out,
                      "%zu of %zu planned runs; go on with\n  heapmark run "
                      "--resume %s\n",
                      facts->runs, facts->planned, folder);
    }
}

static void table_put_noise(const struct table *table)
{
    const struct hm_summary_line *noise = hm_summary_noise(table->rows);
    const struct hm_summary_row *row;

    if (noise == NULL)
        return;
    row = &noise->metric[HM_SUMMARY_wall_ns];
    (void)fprintf(table->out,
                  "noise floor: %s against itself %.3f %s %.3f to %.3f\n",
                  hm_summary_baseline_id(table->rows), row->ratio,
                  row->n >= HM_STATS_MIN_BLOCKS ? "with a 95 % interval of"
                                                : "with single blocks from",
                  row->ratio_low, row->ratio_high);
}

static void table_put_limits(const struct table *table)
{
    size_t blocks = hm_summary_blocks(table->rows);

    if (blocks == 0) {
        (void)fputs("nothing to compare: no baseline completed any workload\n",
                    table->out);
        return;
    }
    if (blocks < HM_STATS_MIN_BLOCKS) {
        (void)fprintf(table->out,
                      "%zu block%s: (low..high) is the range that was seen; it "
                      "cannot tell a difference from noise.\n"
                      "Intervals and verdicts need 6 blocks, good ones 10: "
                      "heapmark run --blocks 10\n",
                      blocks, blocks == 1 ? "" : "s");
    } else {
        (void)fprintf(table->out,
                      "%zu blocks: [low, high] is the 95 %% interval of the "
                      "ratio.\n",
                      blocks);
    }
    (void)fprintf(table->out,
                  "Ratios (time ratio, CPU x, RSS x) below 1 are better: 0.5 = "
                  "half the time of %s.\n"
                  "twin: the baseline again; @3x: heap of 3 times the need; "
                  "p99.9: latency; pause: the longest.\n",
                  hm_summary_baseline_id(table->rows));
}

static int table_wants_colour(FILE *out)
{
    const char *no_color = secure_getenv("NO_COLOR");
    const char *term = secure_getenv("TERM");

    return isatty(fileno(out)) && (no_color == NULL || no_color[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

int hm_table_print(const char *folder, FILE *out)
{
    struct hm_summary_rows rows;
    struct table table = {.out = out, .rows = &rows};
    int error = hm_summary_rows_read(&rows, folder);

    if (error == 0) {
        table.colour = table_wants_colour(out);
        error = table_put_groups(&table);
    }
    if (error == 0) {
        table_put_reasons(&table);
        table_put_leaks(&table);
        table_put_noise(&table);
        table_put_limits(&table);
        table_put_facts(&table, folder);
    } else {
        hm_complain("table of %s: %s", folder,
                    rows.error[0] != '\0' ? rows.error : hm_error_text(error));
    }
    hm_summary_rows_free(&rows);
    return error;
}
