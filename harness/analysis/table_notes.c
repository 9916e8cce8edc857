/* SPDX-License-Identifier: MIT */
#include "harness/analysis/table_notes.h"

#include "harness/analysis/stats.h"
#include "harness/analysis/summary_facts.h"
#include "harness/analysis/summary_label.h"

#include <string.h>

struct notes {
    FILE *out;
    const struct hm_summary_rows *rows;
    const char *folder;
};

void hm_table_label(char *text, const struct hm_summary_line *line)
{
    hm_label_strategy(text, line->key[HM_SUMMARY_KEY_strategy],
                      line->key[HM_SUMMARY_KEY_heap_multiple]);
    if (hm_summary_line_is_arm(line, "twin"))
        (void)strncat(text, " (twin)", HM_LABEL_BYTES - strlen(text) - 1);
}

/* Whether an earlier line says the same to a reader. */
static int notes_is_told(const struct hm_summary_rows *rows, size_t number,
                         const char *strategy)
{
    const struct hm_summary_line *line = &rows->line[number];
    char other[HM_LABEL_BYTES];

    for (size_t i = 0; i < number; i++) {
        if (strcmp(rows->line[i].status, line->status) != 0 ||
            strcmp(rows->line[i].key[HM_SUMMARY_KEY_workload],
                   line->key[HM_SUMMARY_KEY_workload]) != 0)
            continue;
        hm_table_label(other, &rows->line[i]);
        if (strcmp(other, strategy) == 0)
            return 1;
    }
    return 0;
}

static void notes_put_reasons(const struct notes *notes)
{
    for (size_t i = 0; i < notes->rows->n; i++) {
        const struct hm_summary_line *line = &notes->rows->line[i];
        const char *reason = line->reason != NULL ? line->reason : "";
        char strategy[HM_LABEL_BYTES], workload[HM_LABEL_BYTES], text[512];

        hm_table_label(strategy, line);
        if (hm_summary_line_is_ok(line) ||
            notes_is_told(notes->rows, i, strategy))
            continue;
        hm_label_workload(workload, line->key[HM_SUMMARY_KEY_workload],
                          line->key[HM_SUMMARY_KEY_params], 0, "");
        (void)snprintf(text, sizeof text, "failed: %s under %s: %s%s%s",
                       workload, strategy, line->status,
                       reason[0] != '\0' ? ": " : "", reason);
        if (strlen(text) > HM_TABLE_LINE)
            strcpy(text + HM_TABLE_LINE - 3, "...");
        (void)fprintf(notes->out, "%s\n", text);
    }
}

static void notes_put_leaks(const struct notes *notes)
{
    size_t wrong;
    size_t leaks = hm_summary_leaks(notes->rows, &wrong);

    if (leaks > 0 && wrong == 0) {
        (void)fprintf(notes->out, "leaks: all %zu verdicts as expected\n",
                      leaks);
    } else if (leaks > 0) {
        (void)fprintf(notes->out,
                      "leaks: %zu of %zu verdicts not as expected, marked !\n",
                      wrong, leaks);
    }
}

/* What stands between these numbers and a conclusion. */
static void notes_put_facts(const struct notes *notes)
{
    const struct hm_summary_facts *facts = &notes->rows->facts;

    if (facts->floored > 0) {
        (void)fprintf(notes->out,
                      "%zu runs had the least heap, 4 MiB, which is more than "
                      "their multiple (@2x, ...) says: their workload needs "
                      "little\n",
                      facts->floored);
    }
    if (hm_summary_is_noisy(notes->rows)) {
        (void)fprintf(notes->out,
                      "%zu of %zu runs were disturbed by other work on this "
                      "machine: measure again when it is idle\n",
                      facts->noisy, facts->runs);
    }
    if (hm_summary_is_partial(notes->rows)) {
        (void)fprintf(notes->out,
                      "%zu of %zu planned runs; go on with\n  heapmark run "
                      "--resume %s\n",
                      facts->runs, facts->planned, notes->folder);
    }
}

/* A mean over workloads hides that some were disturbed more than others. */
static void notes_put_noise_range(const struct notes *notes)
{
    const struct hm_summary_line *least, *most;

    if (hm_summary_noise_range(notes->rows, &least, &most) < 2)
        return;
    (void)fprintf(notes->out,
                  "  on single workloads from %.2f (%s) to %.2f (%s)\n",
                  least->metric[HM_SUMMARY_wall_ns].ratio,
                  least->key[HM_SUMMARY_KEY_workload],
                  most->metric[HM_SUMMARY_wall_ns].ratio,
                  most->key[HM_SUMMARY_KEY_workload]);
}

static void notes_put_noise(const struct notes *notes)
{
    const struct hm_summary_line *noise = hm_summary_noise(notes->rows);
    const struct hm_summary_row *row;

    if (noise == NULL)
        return;
    row = &noise->metric[HM_SUMMARY_wall_ns];
    (void)fprintf(notes->out,
                  "noise floor: %s against itself %.3f %s %.3f to %.3f\n",
                  hm_summary_baseline_id(notes->rows), row->ratio,
                  row->n >= HM_STATS_MIN_BLOCKS ? "with a 95 % interval of"
                                                : "with single blocks from",
                  row->ratio_low, row->ratio_high);
    notes_put_noise_range(notes);
}

static void notes_put_limits(const struct notes *notes)
{
    size_t blocks = hm_summary_blocks(notes->rows);

    if (blocks == 0) {
        (void)fputs("nothing to compare: no baseline completed any workload\n",
                    notes->out);
        return;
    }
    if (blocks < HM_STATS_MIN_BLOCKS) {
        (void)fprintf(notes->out,
                      "%zu block%s: (low..high) is the range that was seen; it "
                      "cannot tell a difference from noise.\n"
                      "Intervals and verdicts need 6 blocks, good ones 10: "
                      "heapmark run --blocks 10\n",
                      blocks, blocks == 1 ? "" : "s");
    } else {
        (void)fprintf(notes->out,
                      "%zu blocks: [low, high] is the 95 %% interval of the "
                      "ratio.\n",
                      blocks);
    }
    (void)fprintf(notes->out,
                  "Ratios (time ratio, CPU x, RSS x) below 1 are better: 0.5 = "
                  "half the time of %s.\n"
                  "twin: the baseline again; @3x: heap of 3 times the need, "
                  "headers of objects included;\n"
                  "p99.9: latency; pause: the longest of a run, in the median "
                  "run.\n",
                  hm_summary_baseline_id(notes->rows));
    if (hm_summary_is_counted(notes->rows)) {
        (void)fputs("Ir/op: instructions per operation, counted once under "
                    "valgrind.\n",
                    notes->out);
    }
}

void hm_table_put_notes(const struct hm_summary_rows *rows, const char *folder,
                        FILE *out)
{
    const struct notes notes = {out, rows, folder};

    notes_put_reasons(&notes);
    notes_put_leaks(&notes);
    notes_put_noise(&notes);
    notes_put_limits(&notes);
    notes_put_facts(&notes);
}
