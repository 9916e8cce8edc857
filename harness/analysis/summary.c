/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary.h"

#include "harness/analysis/summary_derived.h"
#include "harness/csv.h"
#include "harness/replace_file.h"
#include "harness/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Half-width of an interval that a campaign aims at. */
#define SUMMARY_CI_TARGET 0.02

static void summary_put_number(FILE *out, double value, int is_ratio)
{
    (void)fputc(',', out);
    if (isfinite(value))
        (void)fprintf(out, is_ratio ? "%.6g" : "%.0f", value);
}

static void summary_put_keys(FILE *out, const struct hm_summary_cell *cell)
{
    for (int k = 0; k < HM_SUMMARY_KEYS_END; k++) {
        if (k > 0)
            (void)fputc(',', out);
        hm_csv_put(out, cell->key[k]);
    }
}

/* For metrics that are no times, faster and slower are the wrong words. */
static const char *summary_verdict(enum hm_verdict verdict,
                                   enum hm_summary_metric metric)
{
    int is_time = strcmp(hm_summary_metric_unit(metric), "ns") == 0;

    if (!is_time && verdict == HM_VERDICT_FASTER)
        return "less";
    if (!is_time && verdict == HM_VERDICT_SLOWER)
        return "more";
    return hm_verdict_name(verdict);
}

static void summary_put_ratio(FILE *out, const struct hm_interval *log_ratio,
                              enum hm_verdict verdict,
                              enum hm_summary_metric metric)
{
    if (log_ratio->n == 0) {
        (void)fputs(",,,,,\n", out);
        return;
    }
    summary_put_number(out, exp(log_ratio->estimate), 1);
    summary_put_number(out, exp(log_ratio->low), 1);
    summary_put_number(out, exp(log_ratio->high), 1);
    (void)fprintf(out, ",%s,", summary_verdict(verdict, metric));
    if (log_ratio->n >= HM_STATS_MIN_BLOCKS) {
        (void)fprintf(out, "%d",
                      hm_stats_half_width(log_ratio) <= SUMMARY_CI_TARGET);
    }
    (void)fputc('\n', out);
}

/* "ok", or the ways in which runs failed: "oom 3/3", "crash 1/10 oom 2/10". */
static void summary_put_status(FILE *out, const struct hm_summary_cell *cell)
{
    const char *gap = "";

    if (hm_summary_is_complete(cell)) {
        (void)fputs("ok", out);
        return;
    }
    for (int s = HM_SUMMARY_STATUS_ok + 1; s < HM_SUMMARY_STATUSES_END; s++) {
        if (cell->status[s] == 0)
            continue;
        (void)fprintf(out, "%s%s %u/%u", gap,
                      hm_summary_status_name((enum hm_summary_status)s),
                      cell->status[s], cell->runs);
        gap = " ";
    }
}

static void summary_put_result(FILE *out, const struct hm_summary_cell *cell,
                               enum hm_summary_metric metric,
                               const struct hm_summary_result *result)
{
    const char *unit = hm_summary_metric_unit(metric);
    int is_whole = strcmp(unit, "ns") == 0 || strcmp(unit, "bytes") == 0;
    const struct hm_interval *value = &result->value;

    summary_put_keys(out, cell);
    (void)fprintf(out, ",%s,%s,lower,%zu,", hm_summary_metric_name(metric),
                  unit, value->n);
    summary_put_status(out, cell);
    summary_put_number(out, value->n > 0 ? value->estimate : NAN, !is_whole);
    summary_put_number(out, value->n > 0 ? value->low : NAN, !is_whole);
    summary_put_number(out, value->n > 0 ? value->high : NAN, !is_whole);
    summary_put_ratio(out, &result->log_ratio, result->verdict, metric);
}

static void summary_put_cells(FILE *out, const struct hm_summary_view *view)
{
    for (size_t c = 0; c < view->campaign->n_cells; c++) {
        for (int m = 0; m < HM_SUMMARY_METRICS_END; m++) {
            const struct hm_summary_result *result =
                &view->result[c * HM_SUMMARY_METRICS_END + (size_t)m];

            /* A cell without any number still has its row: it failed. */
            if (result->value.n > 0 || m == HM_SUMMARY_wall_ns) {
                summary_put_result(out, &view->campaign->cell[c],
                                   (enum hm_summary_metric)m, result);
            }
        }
    }
}

static void summary_put_mean(FILE *out, const struct hm_summary_cell *like,
                             const struct hm_summary_mean *mean)
{
    for (int m = 0; m < HM_SUMMARY_METRICS_END; m++) {
        if (mean[m].log_ratio.n == 0)
            continue;
        (void)fprintf(out, "geomean,workloads=%zu;min=%.6g;max=%.6g,",
                      mean[m].workloads, mean[m].least, mean[m].most);
        (void)fprintf(out, "%s,%s,", like->key[HM_SUMMARY_KEY_heap_multiple],
                      like->key[HM_SUMMARY_KEY_threads]);
        hm_csv_put(out, like->key[HM_SUMMARY_KEY_strategy]);
        (void)fprintf(out, ",%s,%s,%s,%s,lower,%zu,ok,,,",
                      like->key[HM_SUMMARY_KEY_class],
                      like->key[HM_SUMMARY_KEY_arm],
                      hm_summary_metric_name((enum hm_summary_metric)m),
                      hm_summary_metric_unit((enum hm_summary_metric)m),
                      mean[m].log_ratio.n);
        summary_put_ratio(out, &mean[m].log_ratio, mean[m].verdict,
                          (enum hm_summary_metric)m);
    }
}

static int summary_put_means(FILE *out, const struct hm_summary_view *view)
{
    struct hm_summary_mean mean[HM_SUMMARY_METRICS_END];
    int error = 0;

    for (size_t c = 0; c < view->campaign->n_cells && error == 0; c++) {
        const struct hm_summary_cell *cell = &view->campaign->cell[c];

        if (cell->arm == HM_SUMMARY_ARM_BASELINE ||
            !hm_summary_is_group_head(view->campaign, cell))
            continue;
        error = hm_summary_geomean(view->campaign, view->result, cell, NULL,
                                   view->noise, mean);
        if (error == 0)
            summary_put_mean(out, cell, mean);
    }
    return error;
}

static int summary_write_table(const struct hm_summary_view *view,
                               const char *folder)
{
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, "summary.csv");

    if (error != 0)
        return error;
    (void)fputs("workload,params,heap_multiple,threads,strategy,class,arm,"
                "metric,unit,better,n,status,median,low,high,ratio,ratio_low,"
                "ratio_high,verdict,ci_target_met\n",
                file.out);
    summary_put_cells(file.out, view);
    return hm_replace_end(&file, summary_put_means(file.out, view));
}

static int summary_write_failures(const struct hm_summary_view *view,
                                  const char *folder)
{
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, "failures.csv");

    if (error != 0)
        return error;
    (void)fputs("workload,params,heap_multiple,threads,strategy,class,arm,"
                "status,reason\n",
                file.out);
    for (size_t c = 0; c < view->campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &view->campaign->cell[c];

        if (hm_summary_is_complete(cell))
            continue;
        summary_put_keys(file.out, cell);
        (void)fputc(',', file.out);
        summary_put_status(file.out, cell);
        (void)fputc(',', file.out);
        hm_csv_put(file.out, cell->reason != NULL ? cell->reason : "");
        (void)fputc('\n', file.out);
    }
    return hm_replace_end(&file, 0);
}

/* What the geometric means of the twin show against the baseline's. */
static int summary_set_noise(struct hm_summary_view *view)
{
    struct hm_summary_mean mean[HM_SUMMARY_METRICS_END];
    const struct hm_summary_campaign *campaign = view->campaign;

    for (int m = 0; m < HM_SUMMARY_METRICS_END; m++)
        view->noise[m] = 0;
    for (size_t c = 0; c < campaign->n_cells; c++) {
        int error;

        if (campaign->cell[c].arm != HM_SUMMARY_ARM_TWIN)
            continue;
        error = hm_summary_geomean(campaign, view->result, &campaign->cell[c],
                                   NULL, NULL, mean);
        if (error != 0)
            return error;
        for (int m = 0; m < HM_SUMMARY_METRICS_END; m++) {
            if (mean[m].log_ratio.n >= HM_STATS_MIN_BLOCKS)
                view->noise[m] = hm_stats_reach(&mean[m].log_ratio);
        }
        break;
    }
    return 0;
}

static int summary_write_files(const struct hm_summary_view *view,
                               const char *folder)
{
    static int (*const write[])(const struct hm_summary_view *,
                                const char *) = {
        summary_write_table,
        summary_write_failures,
        hm_summary_write_ratios,
        hm_summary_write_pareto,
        hm_summary_write_latency,
        hm_summary_write_survival,
        hm_summary_write_timeline,
        hm_summary_write_pauses,
        hm_summary_write_mmu,
        hm_summary_write_lbo,
        hm_summary_write_time_heap,
        hm_summary_write_scaling,
        hm_summary_write_drain,
        hm_summary_write_sharing,
        hm_summary_write_operations,
        hm_summary_write_sweep,
        hm_summary_write_nursery,
        hm_summary_write_stack_heap,
        hm_summary_write_leak_components,
        hm_summary_write_leak_slopes,
    };
    int error = 0;

    for (size_t i = 0; i < sizeof write / sizeof write[0] && error == 0; i++)
        error = write[i](view, folder);
    return error;
}

int hm_summary_write(const char *folder)
{
    struct hm_summary_campaign campaign;
    struct hm_summary_view view = {.campaign = &campaign};
    struct hm_summary_result *result = NULL;
    int error = hm_summary_load(&campaign, folder);

    if (error == 0) {
        result =
            calloc(campaign.n_cells * HM_SUMMARY_METRICS_END, sizeof *result);
        error =
            result == NULL ? -ENOMEM : hm_summary_compute(&campaign, result);
    }
    if (error == 0) {
        view.result = result;
        hm_summary_labels_init(&view.labels, &campaign);
        error = summary_set_noise(&view);
    }
    if (error == 0)
        error = summary_write_files(&view, folder);
    if (error != 0) {
        hm_complain("summary of %s: %s", folder,
                    campaign.error[0] != '\0' ? campaign.error
                                              : hm_error_text(error));
    }
    free(result);
    hm_summary_unload(&campaign);
    return error;
}
