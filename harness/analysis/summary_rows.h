/* SPDX-License-Identifier: MIT */
/* summary_rows.h -- summary.csv and failures.csv read back, for the table and
 * the report. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_ROWS_H
#define HM_HARNESS_ANALYSIS_SUMMARY_ROWS_H

#include "harness/analysis/summary_load.h"

/* One row of summary.csv; numbers are NaN where the field is empty. */
struct hm_summary_row {
    size_t n;
    double median, low, high, ratio, ratio_low, ratio_high;
    char verdict[16];
};

enum {
    HM_LEAK_BYTES = HM_VERDICT_BYTES + 1, /* with a mark */
    HM_FIGURES_BYTES = 512,
};

/* A cell (or a geometric mean, workload `geomean`) with all its metrics. */
struct hm_summary_line {
    char *key[HM_SUMMARY_KEYS_END];
    char *status; /* "ok", or what failed: "oom 3/3" */
    char *reason; /* of the first failure; NULL unless it is known */
    struct hm_summary_row metric[HM_SUMMARY_METRICS_END]; /* n = 0: none */
    struct hm_summary_leak leak;
    /* "a=1;b=2", what the workload found in the first block; "" for none. */
    char figures[HM_FIGURES_BYTES];
};

/* planned = runs of the least number of blocks; 0 = not known.  floored = runs
 * whose heap multiple was less than the least heap, and became that. */
struct hm_summary_facts {
    size_t runs, noisy, floored, planned, blocks_least;
};

struct hm_summary_rows {
    struct hm_summary_line *line;
    size_t n;
    struct hm_summary_facts facts;
    char error[320];
};

/* Reads both files, and the facts of the campaign (summary_facts.h).
 *  Returns 0; else a negative errno and rows->error:
 * -ENOENT when there is no summary yet, -EILSEQ or -EINVAL for a table that
 * is not one.  Call hm_summary_rows_free in either case. */
int hm_summary_rows_read(struct hm_summary_rows *rows, const char *folder);
void hm_summary_rows_free(struct hm_summary_rows *rows);

/* Whether the line is a geometric mean over workloads. */
int hm_summary_line_is_mean(const struct hm_summary_line *line);

/* Whether it is the baseline's twin, or the baseline. */
int hm_summary_line_is_arm(const struct hm_summary_line *line, const char *arm);

/* Whether it belongs to a leak workload. */
int hm_summary_line_is_leak(const struct hm_summary_line *line);

/* The metric that its strategies are compared by: wall time, or in an open
 * loop, whose time is that of its schedule, the 99th percentile of the latency.
 */
enum hm_summary_metric hm_summary_line_lead(const struct hm_summary_line *line);

/* Whether its times compare strategies: not those of a mean, of a leak
 * workload, or of an open loop. */
int hm_summary_line_is_timed(const struct hm_summary_line *line);

/* The median of a metric where it means something, else NaN: no pause at all
 * is no measurement of a pause, and less than 1 MiB of live bytes says nothing
 * about the memory that a strategy adds. */
double hm_summary_shown(const struct hm_summary_line *line,
                        enum hm_summary_metric metric);

int hm_summary_line_is_ok(const struct hm_summary_line *line);

/* Workload, parameters and threads are the same. */
int hm_summary_line_same_work(const struct hm_summary_line *a,
                              const struct hm_summary_line *b);

/* Makes order[0..n) the lines from line[0] on in the order of their time
 * ratios; the baseline counts as 1, those without a ratio come last. */
void hm_summary_lines_sort(const struct hm_summary_line *line, size_t n,
                           const struct hm_summary_line **order);

/* The largest number of blocks behind any ratio of time; 0 if there is none. */
size_t hm_summary_blocks(const struct hm_summary_rows *rows);

/* The twin's geometric mean, or NULL. */
const struct hm_summary_line *hm_summary_noise(
    const struct hm_summary_rows *rows);

/* The twins with the least and the largest ratio of time among the workloads
 * that count in means.  Returns how many there are; below 2 both are useless.
 */
size_t hm_summary_noise_range(const struct hm_summary_rows *rows,
                              const struct hm_summary_line **least,
                              const struct hm_summary_line **most);

/* Id of the baseline, or "the baseline". */
const char *hm_summary_baseline_id(const struct hm_summary_rows *rows);

/* Value of "name=" in a list "a=1;b=2", or NaN. */
double hm_summary_param(const char *params, const char *name);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_ROWS_H */
