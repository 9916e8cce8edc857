/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_derived.h"

#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A strategy (at a heap multiple, with so many threads) and its means. */
struct ratios_group {
    const struct hm_summary_cell *head;
    struct hm_summary_mean mean[HM_SUMMARY_METRICS_END];
};

struct ratios {
    struct ratios_group *group; /* best time first, bounds last */
    size_t n;
};

static double ratios_time(const struct ratios_group *group)
{
    const struct hm_summary_mean *mean = &group->mean[HM_SUMMARY_wall_ns];

    return mean->log_ratio.n == 0 ? INFINITY : mean->log_ratio.estimate;
}

/* A bound is no contender. */
static int ratios_is_bound(const struct ratios_group *group)
{
    return strcmp(group->head->key[HM_SUMMARY_KEY_class], "reference") == 0;
}

static int ratios_compare(const void *left, const void *right)
{
    const struct ratios_group *a = left;
    const struct ratios_group *b = right;
    double ta = ratios_time(a);
    double tb = ratios_time(b);

    if (ratios_is_bound(a) != ratios_is_bound(b))
        return ratios_is_bound(a) - ratios_is_bound(b);
    if (ta < tb || ta > tb)
        return ta < tb ? -1 : 1;
    return (a->head > b->head) - (a->head < b->head);
}

/* All groups but the baseline's, with their means; freed by the caller. */
static int ratios_init(struct ratios *ratios,
                       const struct hm_summary_view *view)
{
    const struct hm_summary_campaign *campaign = view->campaign;
    int error = 0;

    ratios->n = 0;
    ratios->group = malloc(campaign->n_cells * sizeof *ratios->group);
    if (ratios->group == NULL)
        return -ENOMEM;
    for (size_t c = 0; c < campaign->n_cells && error == 0; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];
        struct ratios_group *group = &ratios->group[ratios->n];

        if (cell->arm == HM_SUMMARY_ARM_BASELINE ||
            !hm_summary_is_group_head(campaign, cell))
            continue;
        group->head = cell;
        error = hm_summary_geomean(campaign, view->result, cell, NULL,
                                   view->noise, group->mean);
        ratios->n++;
    }
    qsort(ratios->group, ratios->n, sizeof *ratios->group, ratios_compare);
    return error;
}

static void ratios_put_number(FILE *out, double value)
{
    if (isfinite(value)) {
        (void)fprintf(out, ",%.6g", value);
    } else {
        (void)fputs(",NaN", out);
    }
}

static void ratios_put(FILE *out, const struct hm_interval *log_ratio)
{
    int measured = log_ratio->n > 0;

    ratios_put_number(out, measured ? exp(log_ratio->estimate) : NAN);
    ratios_put_number(out, measured ? exp(log_ratio->low) : NAN);
    ratios_put_number(out, measured ? exp(log_ratio->high) : NAN);
}

static void ratios_strategy(const struct hm_summary_view *view,
                            const struct hm_summary_cell *cell, char *label)
{
    hm_summary_strategy_label(&view->labels, cell, label);
    if (cell->arm == HM_SUMMARY_ARM_TWIN)
        (void)strncat(label, "#twin", HM_LABEL_BYTES - strlen(label) - 1);
}

static const char *ratios_baseline(const struct hm_summary_cell *cell)
{
    return cell->baseline == NULL
               ? "none"
               : cell->baseline->key[HM_SUMMARY_KEY_strategy];
}

static void ratios_put_groups(FILE *out, const struct hm_summary_view *view,
                              const struct ratios *ratios,
                              enum hm_summary_metric metric)
{
    char strategy[HM_LABEL_BYTES];

    for (size_t g = 0; g < ratios->n; g++) {
        const struct ratios_group *group = &ratios->group[g];
        const struct hm_summary_mean *mean = &group->mean[metric];

        ratios_strategy(view, group->head, strategy);
        (void)fprintf(out, "%s,geomean,%s,%s", hm_summary_metric_name(metric),
                      strategy, ratios_baseline(group->head));
        ratios_put(out, &mean->log_ratio);
        (void)fprintf(out, ",%s,%zu\n", mean->log_ratio.n > 0 ? "ok" : "none",
                      mean->log_ratio.n);
    }
}

static void ratios_put_cells(FILE *out, const struct hm_summary_view *view,
                             enum hm_summary_metric metric)
{
    char workload[HM_LABEL_BYTES];
    char strategy[HM_LABEL_BYTES];

    for (size_t c = 0; c < view->campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &view->campaign->cell[c];
        const struct hm_summary_result *result =
            &view->result[c * HM_SUMMARY_METRICS_END + (size_t)metric];

        if (cell->arm == HM_SUMMARY_ARM_BASELINE || cell->is_open)
            continue;
        hm_summary_workload_label(&view->labels, cell, workload);
        ratios_strategy(view, cell, strategy);
        (void)fprintf(out, "%s,%s,%s,%s", hm_summary_metric_name(metric),
                      workload, strategy, ratios_baseline(cell));
        ratios_put(out, &result->log_ratio);
        (void)fprintf(out, ",%s,%zu\n",
                      hm_summary_status_name(hm_summary_worst_status(cell)),
                      result->log_ratio.n);
    }
}

int hm_summary_write_ratios(const struct hm_summary_view *view,
                            const char *folder)
{
    static const enum hm_summary_metric metrics[] = {HM_SUMMARY_wall_ns,
                                                     HM_SUMMARY_rss_peak_bytes};
    struct hm_replace_file file;
    struct ratios ratios;
    int error = hm_replace_begin(&file, folder, "ratios.csv");

    if (error != 0)
        return error;
    error = ratios_init(&ratios, view);
    (void)fputs("metric,workload,strategy,baseline,ratio,low,high,status,n\n",
                file.out);
    for (size_t m = 0; m < 2 && error == 0; m++) {
        ratios_put_groups(file.out, view, &ratios, metrics[m]);
        ratios_put_cells(file.out, view, metrics[m]);
    }
    free(ratios.group);
    return hm_replace_end(&file, error);
}
