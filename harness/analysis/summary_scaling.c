/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"
#include "harness/analysis/summary_derived.h"

#include "harness/csv.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double scaling_rate(const struct hm_summary_run *run)
{
    return run->ops / run->value[HM_SUMMARY_wall_ns];
}

/* The baseline at the fewest threads, which all cells order[begin .. end-1] of
 * a work are divided by; NULL if there is none that completed and counted its
 * operations. */
static const struct hm_summary_cell *scaling_unit(
    const struct hm_summary_cell *const *order, size_t begin, size_t end)
{
    const struct hm_summary_cell *unit = NULL;

    for (size_t i = begin; i < end; i++) {
        const struct hm_summary_cell *cell = order[i];

        if (cell->arm == HM_SUMMARY_ARM_BASELINE && cell->n_ok > 0 &&
            hm_summary_is_complete(cell) && scaling_rate(cell->ok) > 0 &&
            (unit == NULL || hm_summary_place(cell, HM_SUMMARY_BY_THREADS) <
                                 hm_summary_place(unit, HM_SUMMARY_BY_THREADS)))
            unit = cell;
    }
    return unit;
}

/* log_ratio[] becomes one value for each block that both have a rate in.
 * Returns their number. */
static size_t scaling_pair(const struct hm_summary_cell *cell,
                           const struct hm_summary_cell *unit,
                           double *log_ratio)
{
    size_t n = 0, u = 0;

    for (size_t i = 0; i < cell->n_ok; i++) {
        double ratio;

        while (u < unit->n_ok && unit->ok[u].block < cell->ok[i].block)
            u++;
        if (u == unit->n_ok)
            break;
        ratio = scaling_rate(&cell->ok[i]) / scaling_rate(&unit->ok[u]);
        if (unit->ok[u].block == cell->ok[i].block && ratio > 0 &&
            isfinite(ratio))
            log_ratio[n++] = log(ratio);
    }
    return n;
}

static int scaling_put(FILE *out, const struct hm_summary_view *view,
                       const struct hm_summary_cell *cell,
                       const struct hm_summary_cell *unit, double *log_ratio)
{
    struct hm_interval rate = {NAN, NAN, NAN, 0};
    size_t n =
        hm_summary_is_complete(cell) ? scaling_pair(cell, unit, log_ratio) : 0;
    int error = n > 0 ? hm_summary_interval(log_ratio, n, &rate) : 0;
    struct hm_summary_labels labels = view->labels;
    char label[HM_LABEL_BYTES];

    labels.many_threads = 0; /* they are the axis */
    hm_summary_workload_label(&labels, cell, label);
    (void)fprintf(out, "%s,", label);
    hm_summary_strategy_label(&labels, cell, label);
    (void)fprintf(out, "%s,%s", label, cell->key[HM_SUMMARY_KEY_threads]);
    hm_summary_put_real(out, exp(rate.estimate));
    hm_summary_put_real(out, exp(rate.low));
    hm_summary_put_real(out, exp(rate.high));
    (void)fprintf(out, ",%s,%zu,",
                  hm_summary_status_name(hm_summary_worst_status(cell)), n);
    hm_csv_put(out, unit->key[HM_SUMMARY_KEY_strategy]);
    (void)fprintf(out, ",%s\n", unit->key[HM_SUMMARY_KEY_threads]);
    return error;
}

static int scaling_put_all(FILE *out, const struct hm_summary_view *view,
                           const struct hm_summary_cell **order,
                           double *log_ratio)
{
    size_t n = hm_summary_curves(view->campaign, HM_SUMMARY_BY_THREADS, order);
    size_t end;
    int error = 0;

    (void)fputs("workload,strategy,threads,throughput,low,high,status,n,"
                "baseline,baseline_threads\n",
                out);
    for (size_t begin = 0; begin < n; begin = end) {
        const struct hm_summary_cell *unit = NULL;

        if (hm_summary_is_varied(order, n, begin, HM_SUMMARY_BY_THREADS, &end))
            unit = scaling_unit(order, begin, end);
        for (size_t i = begin; i < end && unit != NULL && error == 0; i++)
            error = scaling_put(out, view, order[i], unit, log_ratio);
    }
    return error;
}

int hm_summary_write_scaling(const struct hm_summary_view *view,
                             const char *folder)
{
    const struct hm_summary_cell **order =
        malloc(view->campaign->n_cells * sizeof(void *));
    double *log_ratio =
        malloc(hm_summary_most_runs(view->campaign) * sizeof *log_ratio);
    struct hm_replace_file file;
    int error = order == NULL || log_ratio == NULL
                    ? -ENOMEM
                    : hm_replace_begin(&file, folder, "scaling.csv");

    if (error == 0) {
        error = hm_replace_end(
            &file, scaling_put_all(file.out, view, order, log_ratio));
    }
    free(order);
    free(log_ratio);
    return error;
}
