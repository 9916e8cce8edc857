/* SPDX-License-Identifier: MIT */
#include "harness/analysis/report_text.h"

#include "harness/analysis/report_html.h"
#include "harness/analysis/stats.h"
#include "harness/analysis/summary_facts.h"
#include "harness/analysis/summary_label.h"
#include "harness/human.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_LEADERS = 3 };

static int text_is_reference(const struct hm_summary_line *line)
{
    return strcmp(line->key[HM_SUMMARY_KEY_class], "reference") == 0;
}

static int text_is_class(const struct hm_summary_line *line, const char *class)
{
    return strcmp(line->key[HM_SUMMARY_KEY_class], class) == 0 &&
           hm_summary_line_is_arm(line, "test");
}

static const char *text_strategy(const struct hm_summary_line *line,
                                 char *label)
{
    hm_label_strategy(label, line->key[HM_SUMMARY_KEY_strategy],
                      line->key[HM_SUMMARY_KEY_heap_multiple]);
    return label;
}

/* "95 % interval 1.5 to 1.7", or what stands for it with few blocks. */
static void text_put_interval(FILE *out, const struct hm_summary_row *row,
                              int as_speed)
{
    char low[HM_HUMAN_BYTES];
    char high[HM_HUMAN_BYTES];

    hm_human_ratio(low, as_speed ? 1 / row->ratio_high : row->ratio_low);
    hm_human_ratio(high, as_speed ? 1 / row->ratio_low : row->ratio_high);
    hm_html_format(out,
                   row->n >= HM_STATS_MIN_BLOCKS
                       ? "95 %% interval %s to %s"
                       : "single blocks from %s to %s, seen, not proven",
                   low, high);
}

/* "1.6 times as fast as glibc", "1.4 times as slow as glibc", or close. */
static void text_put_speed(FILE *out, const struct hm_summary_row *row,
                           const char *baseline)
{
    char times[HM_HUMAN_BYTES];

    if (strcmp(row->verdict, "same") == 0 ||
        strcmp(row->verdict, "negligible") == 0 ||
        strcmp(row->verdict, "inconclusive") == 0) {
        hm_html_format(out, "%s %s (time ratio ",
                       strcmp(row->verdict, "inconclusive") == 0
                           ? "cannot be told from"
                           : "is as fast as",
                       baseline);
        text_put_interval(out, row, 0);
    } else if (row->ratio < 1) {
        hm_human_ratio(times, 1 / row->ratio);
        hm_html_format(out, "is %s times as fast as %s (", times, baseline);
        text_put_interval(out, row, 1);
    } else {
        hm_human_ratio(times, row->ratio);
        hm_html_format(out, "takes %s times as long as %s (", times, baseline);
        text_put_interval(out, row, 0);
    }
    (void)fputc(')', out);
}

static void text_put_mean(FILE *out, const struct hm_summary_line *line,
                          const char *baseline)
{
    const struct hm_summary_row *memory =
        &line->metric[HM_SUMMARY_rss_peak_bytes];
    char label[HM_LABEL_BYTES];
    char workloads[HM_HUMAN_BYTES];
    char text[HM_HUMAN_BYTES];

    (void)snprintf(
        workloads, sizeof workloads, "%.0f",
        hm_summary_param(line->key[HM_SUMMARY_KEY_params], "workloads"));
    hm_html_format(out, "<li>Over %s workloads <b>%s</b> ", workloads,
                   text_strategy(line, label));
    text_put_speed(out, &line->metric[HM_SUMMARY_wall_ns], baseline);
    if (memory->n > 0 && !isnan(memory->ratio)) {
        hm_human_ratio(text, memory->ratio);
        hm_html_format(out, " with %s times the peak memory", text);
    }
    (void)fputs(".</li>\n", out);
}

/* The best means of a class, of those that cover more than one workload. */
static void text_put_leaders(FILE *out, const struct hm_summary_rows *rows,
                             const char *class)
{
    const struct hm_summary_line **order =
        malloc((rows->n + 1) * sizeof(void *));
    int left = TEXT_LEADERS;

    if (order == NULL)
        return;
    hm_summary_lines_sort(rows->line, rows->n, order);
    for (size_t i = 0; i < rows->n && left > 0; i++) {
        const struct hm_summary_line *line = order[i];

        if (!hm_summary_line_is_mean(line) || !text_is_class(line, class) ||
            line->metric[HM_SUMMARY_wall_ns].n == 0 ||
            !(hm_summary_param(line->key[HM_SUMMARY_KEY_params], "workloads") >
              1))
            continue;
        text_put_mean(out, line, hm_summary_baseline_id(rows));
        left--;
    }
    free(order);
}

/* A difference that was proven, or one of so few blocks that nothing was. */
static int text_may_lead(const struct hm_summary_row *row)
{
    return row->n < HM_STATS_MIN_BLOCKS ||
           strcmp(row->verdict, "faster") == 0 ||
           strcmp(row->verdict, "slower") == 0;
}

/* Which line of a workload has the most extreme ratio of time: sign -1 for
 * the fastest, 1 for the slowest. */
static const struct hm_summary_line *text_extreme(
    const struct hm_summary_rows *rows, const char *class, int sign)
{
    const struct hm_summary_line *found = NULL;

    for (size_t i = 0; i < rows->n; i++) {
        const struct hm_summary_line *line = &rows->line[i];
        double ratio = line->metric[HM_SUMMARY_wall_ns].ratio;

        if (!hm_summary_line_is_timed(line) || !text_is_class(line, class) ||
            isnan(ratio) || sign * (ratio - 1) <= 0 ||
            !text_may_lead(&line->metric[HM_SUMMARY_wall_ns]))
            continue;
        if (found == NULL ||
            sign * (ratio - found->metric[HM_SUMMARY_wall_ns].ratio) > 0)
            found = line;
    }
    return found;
}

static void text_put_extreme(FILE *out, const struct hm_summary_rows *rows,
                             const char *class, int sign)
{
    const struct hm_summary_line *line = text_extreme(rows, class, sign);
    char label[HM_LABEL_BYTES];

    if (line == NULL)
        return;
    hm_html_format(out, "<li>Largest %s of any %s: <b>%s</b> ",
                   sign < 0 ? "gain" : "loss", class,
                   text_strategy(line, label));
    text_put_speed(out, &line->metric[HM_SUMMARY_wall_ns],
                   hm_summary_baseline_id(rows));
    hm_html_format(out, " on %s.</li>\n", line->key[HM_SUMMARY_KEY_workload]);
}

static void text_put_pauses(FILE *out, const struct hm_summary_rows *rows)
{
    const struct hm_summary_line *longest = NULL;
    char label[HM_LABEL_BYTES];
    char text[HM_HUMAN_BYTES];

    for (size_t i = 0; i < rows->n; i++) {
        const struct hm_summary_line *line = &rows->line[i];
        const struct hm_summary_row *pause =
            &line->metric[HM_SUMMARY_pause_max_ns];

        if (hm_summary_line_is_mean(line) || text_is_reference(line) ||
            pause->n == 0 || !(pause->median > 0))
            continue;
        if (longest == NULL ||
            pause->median > longest->metric[HM_SUMMARY_pause_max_ns].median)
            longest = line;
    }
    if (longest == NULL)
        return;
    hm_human_time(text, longest->metric[HM_SUMMARY_pause_max_ns].median);
    hm_html_format(out,
                   "<li>The longest pauses are those of <b>%s</b> on %s: %s "
                   "in the median run.</li>\n",
                   text_strategy(longest, label),
                   longest->key[HM_SUMMARY_KEY_workload], text);
}

static void text_put_failures(FILE *out, const struct hm_summary_rows *rows)
{
    size_t failed = 0;
    size_t cells = 0;

    for (size_t i = 0; i < rows->n; i++) {
        cells += !hm_summary_line_is_mean(&rows->line[i]);
        failed += !hm_summary_line_is_ok(&rows->line[i]);
    }
    if (hm_summary_is_partial(rows)) {
        hm_html_format(out,
                       "<li>Not complete: %zu of %zu planned runs. Go on with "
                       "<code>heapmark run --resume</code> and the folder of "
                       "this campaign.</li>\n",
                       rows->facts.runs, rows->facts.planned);
    }
    if (failed == 0 && !hm_summary_is_partial(rows)) {
        hm_html_format(out, "<li>All %zu cells completed.</li>\n", cells);
    } else if (failed > 0) {
        hm_html_format(out,
                       "<li>%zu of %zu cells <a href=\"#failures\">failed</a>; "
                       "they have no ratio and count in no mean.</li>\n",
                       failed, cells);
    }
}

/* A mean over workloads hides that some were disturbed more than others. */
static void text_put_noise(FILE *out, const struct hm_summary_rows *rows,
                           const struct hm_summary_row *noise)
{
    const struct hm_summary_line *least, *most;
    char text[160], range[160] = "";

    (void)snprintf(text, sizeof text, "%.3f (%.3f to %.3f)", noise->ratio,
                   noise->ratio_low, noise->ratio_high);
    if (hm_summary_noise_range(rows, &least, &most) > 1) {
        (void)snprintf(range, sizeof range,
                       " over all workloads, and at %.2f (%s) to %.2f (%s) on "
                       "single ones",
                       least->metric[HM_SUMMARY_wall_ns].ratio,
                       least->key[HM_SUMMARY_KEY_workload],
                       most->metric[HM_SUMMARY_wall_ns].ratio,
                       most->key[HM_SUMMARY_KEY_workload]);
    }
    hm_html_format(out,
                   "<li>Noise floor: %s measured against itself comes out at "
                   "%s%s. Nothing smaller than that means anything "
                   "here.</li>\n",
                   hm_summary_baseline_id(rows), text, range);
}

static void text_put_certainty(FILE *out, const struct hm_summary_rows *rows)
{
    const struct hm_summary_line *noise = hm_summary_noise(rows);
    size_t blocks = hm_summary_blocks(rows);

    if (blocks > 0 && blocks < HM_STATS_MIN_BLOCKS) {
        hm_html_format(
            out,
            "<li>%zu block%s: what is shown is a range, which cannot "
            "tell a difference from noise. Verdicts need 6 blocks, "
            "good ones 10.</li>\n",
            blocks, blocks == 1 ? "" : "s");
    }
    if (noise != NULL)
        text_put_noise(out, rows, &noise->metric[HM_SUMMARY_wall_ns]);
}

static void text_put_leaks(FILE *out, const struct hm_summary_rows *rows)
{
    size_t wrong;
    size_t leaks = hm_summary_leaks(rows, &wrong);
    const char *gap = "";

    if (leaks == 0)
        return;
    if (wrong == 0) {
        hm_html_format(out,
                       "<li>Every leak verdict was the expected one: %zu of "
                       "%zu.</li>\n",
                       leaks, leaks);
        return;
    }
    hm_html_format(
        out, "<li>%zu of %zu leak verdicts were not expected: ", wrong, leaks);
    for (size_t i = 0; i < rows->n; i++) {
        const struct hm_summary_line *line = &rows->line[i];
        char label[HM_LABEL_BYTES];

        if (line->leak.wrong == 0)
            continue;
        hm_html_format(out, "%s%s under %s: %s instead of %s", gap,
                       line->key[HM_SUMMARY_KEY_workload],
                       text_strategy(line, label), line->leak.verdict,
                       line->leak.expected);
        gap = "; ";
    }
    (void)fputs(".</li>\n", out);
}

static void text_put_disturbed(FILE *out, const struct hm_summary_rows *rows)
{
    if (!hm_summary_is_noisy(rows))
        return;
    hm_html_format(out,
                   "<li>%zu of %zu runs were disturbed by other work on this "
                   "machine: measure again when it is idle.</li>\n",
                   rows->facts.noisy, rows->facts.runs);
}

static void text_put_floored(FILE *out, const struct hm_summary_rows *rows)
{
    if (rows->facts.floored == 0)
        return;
    hm_html_format(out,
                   "<li>%zu runs had the least heap, 4 MiB, which is more than "
                   "their multiple says.</li>\n",
                   rows->facts.floored);
}

void hm_report_findings(FILE *out, const struct hm_summary_rows *rows)
{
    text_put_leaders(out, rows, "allocator");
    text_put_leaders(out, rows, "collector");
    text_put_extreme(out, rows, "allocator", -1);
    text_put_extreme(out, rows, "allocator", 1);
    text_put_extreme(out, rows, "collector", -1);
    text_put_extreme(out, rows, "collector", 1);
    text_put_pauses(out, rows);
    text_put_leaks(out, rows);
    text_put_failures(out, rows);
    text_put_certainty(out, rows);
    text_put_floored(out, rows);
    text_put_disturbed(out, rows);
}
