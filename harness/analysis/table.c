/* SPDX-License-Identifier: MIT */
#include "harness/analysis/table.h"

#include "harness/analysis/figures.h"
#include "harness/analysis/stats.h"
#include "harness/analysis/summary_facts.h"
#include "harness/analysis/summary_label.h"
#include "harness/analysis/summary_rows.h"
#include "harness/analysis/table_notes.h"
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
    int wide;    /* of the column of strategies */
    int counted; /* of that of instructions; 0: there is none */
};

/* Columns of a line: the least and most for strategies, what the others take
 * without and with verdicts, and the whole. */
enum {
    TABLE_STRATEGY = 16,
    TABLE_STRATEGY_MOST = 26,
    TABLE_RATIO = 18,
    TABLE_OTHERS = 70,
    TABLE_VERDICT = 14,
    TABLE_COUNT = 8, /* of instructions, where they were counted */
};

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

/* A label, cut to its column: what is left out, ~, stands in front of the
 * heap, which tells one line of a strategy from the other. */
static void table_strategy(const struct table *table, char *text,
                           const struct hm_summary_line *line)
{
    const char *heap;
    size_t kept;

    hm_table_label(text, line);
    if (strlen(text) <= (size_t)table->wide)
        return;
    heap = strrchr(text, '@');
    if (heap == NULL || strlen(heap) + 2 > (size_t)table->wide)
        heap = "";
    kept = (size_t)table->wide - strlen(heap) - 1;
    text[kept] = '~';
    memmove(text + kept + 1, heap, strlen(heap) + 1);
}

/* As wide as the longest name, as far as lines have room for it. */
static int table_wide(const struct hm_summary_rows *rows, int counted)
{
    int longest = TABLE_STRATEGY, most = HM_TABLE_LINE - TABLE_OTHERS;
    char label[HM_LABEL_BYTES];

    for (size_t i = 0; i < rows->n; i++) {
        hm_table_label(label, &rows->line[i]);
        longest = longest > (int)strlen(label) ? longest : (int)strlen(label);
    }
    if (hm_summary_blocks(rows) >= HM_STATS_MIN_BLOCKS)
        most -= TABLE_VERDICT;
    most -= counted;
    if (most > TABLE_STRATEGY_MOST)
        most = TABLE_STRATEGY_MOST;
    return longest < most ? longest : most;
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

    table_strategy(table, strategy, line);
    (void)fprintf(table->out, "  %-*s %s%.80s%s\n", table->wide, strategy,
                  table_paint(table, "failed"), line->status,
                  table_plain(table));
}

static void table_put_line(const struct table *table,
                           const struct hm_summary_line *line)
{
    enum hm_summary_metric by = hm_summary_line_lead(line);
    const struct hm_summary_row *lead = &line->metric[by];
    int is_baseline = hm_summary_line_is_arm(line, "baseline");
    char strategy[HM_LABEL_BYTES];
    char ratio[80] = "1 (baseline)";
    char cpu[HM_HUMAN_BYTES];
    char value[3][HM_HUMAN_BYTES];
    char count[HM_HUMAN_BYTES];
    char tail[2 * HM_HUMAN_BYTES + 2];
    const char *verdict = lead->verdict;

    table_strategy(table, strategy, line);
    if (!is_baseline)
        table_ratio(ratio, sizeof ratio, lead);
    if (!is_baseline && isnan(lead->ratio))
        (void)snprintf(ratio, sizeof ratio, "-");
    hm_human_ratio(cpu,
                   is_baseline ? 1 : line->metric[HM_SUMMARY_cpu_ns].ratio);
    table_value(value[0], line, by);
    table_value(value[1], line, HM_SUMMARY_rss_peak_bytes);
    table_value(value[2], line, HM_SUMMARY_rss_over_live);
    table_value(count, line, HM_SUMMARY_instructions_per_op);
    table_tail(tail, sizeof tail, line);
    (void)fprintf(table->out, "  %-*s %-*s %7s %5s%*s %8s %8s %s%s%s%s%s\n",
                  table->wide, strategy, TABLE_RATIO, ratio, value[0], cpu,
                  table->counted, table->counted ? count : "", value[1],
                  value[2], tail, verdict[0] != '\0' ? "  " : "",
                  table_paint(table, verdict), verdict, table_plain(table));
}

static void table_put_work(const struct table *table,
                           const struct hm_summary_line *const *order, size_t n)
{
    const struct hm_summary_line *head = order[0];
    const char *params = head->key[HM_SUMMARY_KEY_params];
    const char *threads = head->key[HM_SUMMARY_KEY_threads];
    int is_open = hm_summary_is_open(params);

    (void)fprintf(table->out, "%s%s%s  %.60s%s%s%s\n",
                  table_paint(table, "title"),
                  head->key[HM_SUMMARY_KEY_workload], table_plain(table),
                  params, strcmp(threads, "1") == 0 ? "" : "  threads=",
                  strcmp(threads, "1") == 0 ? "" : threads,
                  strlen(params) > 60 ? "..." : "");
    (void)fprintf(
        table->out, "  %-*s %-*s %7s %5s%*s %8s %8s %15s  %s\n", table->wide,
        "strategy", TABLE_RATIO, is_open ? "p99 ratio" : "time ratio",
        is_open ? "p99" : "time", "CPU x", table->counted,
        table->counted ? "Ir/op" : "", "peak RSS", "RSS/live",
        hm_summary_line_is_leak(head) ? "leak" : "  p99.9   pause", "verdict");
    for (size_t i = 0; i < n; i++) {
        if (hm_summary_line_is_ok(order[i])) {
            table_put_line(table, order[i]);
        } else {
            table_put_failed(table, order[i]);
        }
    }
    hm_figures_print(order, n, table->out);
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

    table_strategy(table, strategy, line);
    table_ratio(ratio, sizeof ratio, &line->metric[HM_SUMMARY_wall_ns]);
    hm_human_ratio(value[0], hm_summary_param(params, "min"));
    hm_human_ratio(value[1], hm_summary_param(params, "max"));
    hm_human_ratio(value[2], line->metric[HM_SUMMARY_cpu_ns].ratio);
    hm_human_ratio(value[3], line->metric[HM_SUMMARY_rss_peak_bytes].ratio);
    (void)snprintf(spread, sizeof spread, "%s..%s", value[0], value[1]);
    (void)fprintf(table->out, "  %-*s %-*s %13s %5s %8s %9.0f%s%s%s%s\n",
                  table->wide, strategy, TABLE_RATIO, ratio, spread, value[2],
                  value[3], hm_summary_param(params, "workloads"),
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
    (void)fprintf(table->out, "  %-*s %-*s %13s %5s %8s %9s  %s\n", table->wide,
                  "strategy", TABLE_RATIO, "time ratio", "by workload", "CPU x",
                  "RSS x", "workloads", "verdict");
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
        table.counted = hm_summary_is_counted(&rows) ? TABLE_COUNT : 0;
        table.wide = table_wide(&rows, table.counted);
        error = table_put_groups(&table);
    }
    if (error == 0) {
        hm_table_put_notes(&rows, folder, out);
    } else {
        hm_complain("table of %s: %s", folder,
                    rows.error[0] != '\0' ? rows.error : hm_error_text(error));
    }
    hm_summary_rows_free(&rows);
    return error;
}
