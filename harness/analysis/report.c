/* SPDX-License-Identifier: MIT */
#include "harness/analysis/report.h"

#include "harness/analysis/chart.h"
#include "harness/analysis/report_html.h"
#include "harness/analysis/report_style.h"
#include "harness/analysis/report_tables.h"
#include "harness/analysis/report_text.h"
#include "harness/analysis/summary_facts.h"
#include "harness/analysis/summary_label.h"
#include "harness/csv.h"
#include "harness/human.h"
#include "harness/program_folder.h"
#include "harness/replace_file.h"
#include "harness/suggest.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { REPORT_ROWS = 1000 };

struct report {
    struct hm_pool *pool;
    const char *folder;
    struct hm_summary_rows rows;
    struct hm_chart_files charts;
    const char *no_charts; /* why there are none, or NULL */
    FILE *out;
};

/* The value of a key in meta.csv; "" if it is not there. */
static const char *report_meta(const struct report *report, const char *key)
{
    const char *path =
        hm_pool_format(report->pool, "%s/meta.csv", report->folder);
    const char *value = "";
    struct hm_csv csv;

    if (hm_csv_open(&csv, path) != 0)
        return value;
    while (csv.n == 2 && hm_csv_next(&csv) > 0) {
        if (strcmp(csv.field[0], key) == 0)
            value = hm_pool_copy(report->pool, csv.field[1]);
    }
    hm_csv_close(&csv);
    return value;
}

/* One line of a script's head: the title, or more of the sentence. */
static void report_describe_line(const struct report *report, char *line,
                                 const char **title, const char **sentence)
{
    const char *dashes = strstr(line, " -- ");

    line[strcspn(line, "\n")] = '\0';
    if (dashes != NULL) {
        char *text = hm_pool_copy(report->pool, dashes + 4);

        text[0] = (char)(toupper)((unsigned char)text[0]);
        *title = text;
    } else if (strncmp(line, "#: ", 3) == 0) {
        *sentence = hm_pool_format(report->pool, "%s%s%s", *sentence,
                                   **sentence != '\0' ? " " : "", line + 3);
    }
}

/* What a chart's script says about itself: its first line behind "--", and
 * the lines that begin with "#:". */
static void report_describe(const struct report *report,
                            const struct hm_chart *chart, const char **title,
                            const char **sentence)
{
    const char *path =
        hm_pool_format(report->pool, "%s/%s.gp",
                       hm_program_folder(report->pool, "plot"), chart->id);
    FILE *file = fopen(path, "re");
    char line[256];

    *title = chart->id;
    *sentence = "";
    while (file != NULL && fgets(line, sizeof line, file) != NULL &&
           line[0] == '#')
        report_describe_line(report, line, title, sentence);
    if (file != NULL)
        (void)fclose(file);
}

/* The numbers behind a chart: its data where a person can read them, else the
 * figures of the summary that it is about. */
static void report_put_data(const struct report *report,
                            const struct hm_chart_file *file, size_t begin,
                            size_t n)
{
    const struct hm_chart *chart = file->chart;

    static const enum hm_summary_metric memory[] = {
        HM_SUMMARY_rss_peak_bytes, HM_SUMMARY_rss_mean_bytes,
        HM_SUMMARY_rss_drained_bytes, HM_SUMMARY_rss_over_live};

    static const enum hm_summary_metric latency[] = {
        HM_SUMMARY_lat_p50_ns, HM_SUMMARY_lat_p99_ns, HM_SUMMARY_lat_p999_ns};

    static const enum hm_summary_metric pauses[] = {HM_SUMMARY_pause_max_ns,
                                                    HM_SUMMARY_pause_total_ns};

    hm_html_format(report->out,
                   "<details><summary>The numbers (%s)</summary>\n",
                   chart->data);
    if (strcmp(chart->data, "timeline.csv") == 0) {
        hm_report_metric_table(report->out, &report->rows, begin, n, memory, 4);
    } else if (strcmp(chart->data, "latency.csv") == 0) {
        hm_report_metric_table(report->out, &report->rows, begin, n, latency,
                               3);
    } else if (strcmp(chart->data, "survival.csv") == 0 ||
               strcmp(chart->data, "pause_history.csv") == 0 ||
               strcmp(chart->data, "mmu.csv") == 0) {
        hm_report_metric_table(report->out, &report->rows, begin, n, pauses, 2);
    } else {
        (void)hm_html_csv(report->out, report->folder, chart->data,
                          chart->split, file->part, REPORT_ROWS);
    }
    (void)fputs("</details>\n", report->out);
}

static void report_put_chart(const struct report *report,
                             const struct hm_chart_file *file, size_t begin,
                             size_t n)
{
    size_t number = (size_t)(file - report->charts.file);
    const char *id = hm_pool_format(report->pool, "c%zu", number);
    const char *title;
    const char *sentence;

    report_describe(report, file->chart, &title, &sentence);
    if (file->part[0] != '\0')
        title = hm_pool_format(report->pool, "%s: %s", file->part, title);
    (void)fputs("<figure><div class=\"chart\">\n", report->out);
    if (hm_html_svg(report->out, file->path, id, title, sentence) != 0) {
        hm_html_format(report->out, "<p>%s could not be read.</p>\n",
                       file->path);
    }
    hm_html_format(report->out, "</div><figcaption>%s</figcaption>\n",
                   sentence);
    report_put_data(report, file, begin, n);
    (void)fputs("</figure>\n", report->out);
}

static void report_put_overview(const struct report *report)
{
    (void)fputs("<h2 id=\"charts\">Charts</h2>\n", report->out);
    if (report->no_charts != NULL)
        hm_html_format(report->out, "<p>%s</p>\n", report->no_charts);
    for (size_t i = 0; i < report->charts.n; i++) {
        const struct hm_chart_file *file = &report->charts.file[i];

        if (strcmp(file->chart->split, "workload") != 0)
            report_put_chart(report, file, 0, report->rows.n);
    }
}

/* Charts name a workload with as much of its key as the campaign needs. */
static int report_is_part(const char *part, const struct hm_summary_line *line)
{
    const char *workload = line->key[HM_SUMMARY_KEY_workload];
    const char *params = line->key[HM_SUMMARY_KEY_params];
    const char *threads = line->key[HM_SUMMARY_KEY_threads];

    for (int full = 0; full < 4; full++) {
        char label[HM_LABEL_BYTES];

        hm_label_workload(label, workload, params, full & 1,
                          full & 2 ? threads : "");
        if (strcmp(part, label) == 0)
            return 1;
    }
    return 0;
}

/* "a=1;b=2" as "a=1; b=2", which a browser can break. */
static const char *report_params(struct hm_pool *pool, const char *params)
{
    const char *text = "";
    const char *end;

    for (; (end = strchr(params, ';')) != NULL; params = end + 1) {
        text =
            hm_pool_format(pool, "%s%.*s; ", text, (int)(end - params), params);
    }
    return hm_pool_format(pool, "%s%s", text, params);
}

static void report_put_work(const struct report *report, size_t begin, size_t n)
{
    const struct hm_summary_line *head = &report->rows.line[begin];
    const char *summary =
        report_meta(report, hm_pool_format(report->pool, "workload.%s.summary",
                                           head->key[HM_SUMMARY_KEY_workload]));

    hm_html_format(report->out, "<h3>%s</h3>\n",
                   head->key[HM_SUMMARY_KEY_workload]);
    if (summary[0] != '\0')
        hm_html_format(report->out, "<p>%s</p>\n", summary);
    hm_html_format(
        report->out, "<p class=\"soft\">%s; %s %s</p>\n",
        report_params(report->pool, head->key[HM_SUMMARY_KEY_params]),
        head->key[HM_SUMMARY_KEY_threads],
        strcmp(head->key[HM_SUMMARY_KEY_threads], "1") == 0 ? "thread"
                                                            : "threads");
    hm_report_work_table(report->out, &report->rows, begin, n);
    for (size_t i = 0; i < report->charts.n; i++) {
        const struct hm_chart_file *file = &report->charts.file[i];

        if (file->part[0] != '\0' && report_is_part(file->part, head))
            report_put_chart(report, file, begin, n);
    }
}

static void report_put_works(const struct report *report)
{
    size_t n;

    (void)fputs("<h2 id=\"workloads\">Workloads</h2>\n<p>Best ratio first. "
                "Ratios are to the baseline within the same block, all other "
                "columns are medians of the runs: in noise the two need not "
                "agree. Lower is better in every column.</p>\n",
                report->out);
    for (size_t begin = 0; begin < report->rows.n; begin += n) {
        n = hm_report_group(&report->rows, begin);
        if (!hm_summary_line_is_mean(&report->rows.line[begin]))
            report_put_work(report, begin, n);
    }
    if (!hm_summary_has_means(&report->rows))
        return;
    (void)fputs("<h3 id=\"means\">All workloads: geometric means</h3>\n"
                "<p class=\"soft\">Over the workloads that each strategy "
                "completed: compare rows with the same number of workloads "
                "only. Leak workloads are in no mean: malloc leaks there by "
                "design, so their times compare nothing.</p>\n",
                report->out);
    hm_report_mean_table(report->out, &report->rows);
}

static void report_put_glossary(FILE *out)
{
    static const char *const words[][2] = {
        {"strategy", "a way to manage memory: an allocator with malloc and "
                     "free, or a garbage collector. “@3x” is a heap limit of 3 "
                     "times what the workload needs at least, with 8 bytes of "
                     "header for each object."},
        {"cell", "one workload with its parameters under one strategy, at one "
                 "heap size and number of threads."},
        {"baseline", "the strategy that all others are divided by."},
        {"bound", "a strategy that frees nothing or does nothing (nogc, null): "
                  "how far the others could get, and no choice itself."},
        {"time ratio", "the strategy's wall time divided by the baseline's in "
                       "the same block. 0.5 is half the time."},
        {"interval", "95 of 100 such intervals contain the true ratio "
                     "(Hodges–Lehmann estimate, exact Wilcoxon signed-rank "
                     "interval over blocks)."},
        {"verdict", "faster or slower: the interval excludes 1, and the "
                    "difference exceeds 2 % and the noise of this machine. "
                    "negligible: a difference, but one within 2 %. same: the "
                    "whole interval is within 2 % of 1. inconclusive: the "
                    "noise hides it; more blocks, or a quieter machine."},
        {"block", "every cell of the plan once, in random order, each in a "
                  "fresh process."},
        {"twin", "the baseline measured a second time in each block; what it "
                 "differs by is noise."},
        {"noise floor", "how far the twin strays from the baseline: a smaller "
                        "difference was not measured."},
        {"geometric mean", "the average of ratios: twice as fast on one "
                           "workload and half as fast on another make 1."},
        {"RSS", "resident set size, the memory that the process really "
                "occupies."},
        {"RSS/live", "peak RSS divided by the most bytes the program needed at "
                     "one time: the price of the strategy in memory."},
        {"drained", "RSS after the program has released everything."},
        {"p99, p99.9", "99 of 100, or 999 of 1000, operations took at most "
                       "this long."},
        {"Ir/op", "instructions per operation, counted once under valgrind "
                  "(run --icount)."},
        {"leak", "what a leak workload's memory does: none, it stays; logical, "
                 "it grows because the program holds on to it; lost, it grows "
                 "although nothing can be reached; false_retention, the same, "
                 "because numbers look like references; fragmentation, it "
                 "grows and none of these is the cause; settling, it grew, and "
                 "comes to a plateau. ! marks what was not "
                 "expected of this kind of strategy."},
        {"pause", "the program stands still while memory is managed; max "
                  "pause: the longest of a run, in the median run. A chart of "
                  "one run shows that of median time."},
        {"-", "not measured: a malloc has no pauses, and too few operations "
              "no percentile."},
    };

    (void)fputs("<h2 id=\"glossary\">Words</h2>\n<dl>\n", out);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hm_html_format(out, "<dt>%s</dt><dd>%s</dd>\n", words[i][0],
                       words[i][1]);
    }
    (void)fputs("</dl>\n", out);
}

static void report_put_head(const struct report *report)
{
    const char *suite = report_meta(report, "suite");
    const char *started = report_meta(report, "started_utc");
    const char *cpu = report_meta(report, "cpu_model");

    (void)fprintf(report->out,
                  "<!doctype html>\n<html lang=\"en\">\n<head>\n"
                  "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                  "content=\"width=device-width,initial-scale=1\">\n"
                  "<title>heapmark");
    hm_html_format(report->out, "%s%s</title>\n<style>\n",
                   suite[0] != '\0' ? ": " : "", suite);
    (void)fputs(report_style, report->out);
    hm_html_format(
        report->out,
        "</style>\n</head>\n<body>\n<h1>heapmark report%s%s</h1>\n"
        "<p class=\"soft\">%s%s%zu blocks; baseline %s%s%s%s%s</p>\n",
        suite[0] != '\0' ? ": suite " : "", suite,
        report_meta(report, "suite_summary"),
        report_meta(report, "suite_summary")[0] != '\0' ? "; " : "",
        hm_summary_blocks(&report->rows), hm_summary_baseline_id(&report->rows),
        cpu[0] != '\0' ? "; " : "", cpu, started[0] != '\0' ? "; started " : "",
        started);
    (void)fputs("<nav><a href=\"#findings\">Findings</a><a href=\"#charts\">"
                "Charts</a><a href=\"#workloads\">Workloads</a>",
                report->out);
    if (hm_summary_has_means(&report->rows))
        (void)fputs("<a href=\"#means\">Means</a>", report->out);
    (void)fputs("<a href=\"#failures\">Failures</a>"
                "<a href=\"#environment\">Environment</a><a href=\"#glossary\">"
                "Words</a></nav>\n<h2 id=\"findings\">Findings</h2>\n",
                report->out);
    (void)fputs("<ul class=\"findings\">\n", report->out);
    hm_report_findings(report->out, &report->rows);
    hm_report_nursery(report->out, report->folder);
    (void)fputs("</ul>\n", report->out);
}

static void report_put_page(const struct report *report)
{
    report_put_head(report);
    report_put_overview(report);
    report_put_works(report);
    hm_report_strategies(report->out, report->folder);
    (void)fputs("<h2 id=\"failures\">Failures</h2>\n", report->out);
    hm_report_failure_table(report->out, &report->rows);
    (void)fputs("<h2 id=\"environment\">Environment</h2>\n<details><summary>"
                "Machine, versions, seeds (meta.csv)</summary>\n",
                report->out);
    if (hm_html_csv(report->out, report->folder, "meta.csv", "", "",
                    REPORT_ROWS) != 0)
        (void)fputs("<p>The campaign has no meta.csv.</p>\n", report->out);
    (void)fputs("</details>\n", report->out);
    report_put_glossary(report->out);
    (void)fputs("</body>\n</html>\n", report->out);
}

static void report_draw(struct report *report)
{
    int error = hm_chart_draw(report->pool, report->folder, NULL, false,
                              &report->charts);

    if (error == -ENOENT && !hm_chart_has_gnuplot(report->pool)) {
        report->no_charts = "No charts: gnuplot was not installed when this "
                            "page was made. The tables have everything.";
    } else if (error != 0) {
        report->no_charts = "Some charts are missing: gnuplot failed. The "
                            "tables have everything.";
    }
}

int hm_report_write(struct hm_pool *pool, const char *folder)
{
    struct report report = {.pool = pool, .folder = folder};
    struct hm_replace_file file;
    int error = hm_summary_rows_read(&report.rows, folder);

    if (error == 0)
        error = hm_replace_begin(&file, folder, "report.html");
    if (error == 0) {
        report_draw(&report);
        report.out = file.out;
        report_put_page(&report);
        error = hm_replace_end(&file, 0);
    }
    if (error != 0) {
        hm_complain("report of %s: %s", folder,
                    report.rows.error[0] != '\0' ? report.rows.error
                                                 : hm_error_text(error));
    }
    hm_summary_rows_free(&report.rows);
    return error;
}
