/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"
#include "harness/analysis/summary_derived.h"

#include "harness/analysis/summary_rows.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEP_NAMES = 32, SWEEP_NAME_BYTES = 40 };

struct sweep {
    const struct hm_summary_view *view;
    FILE *out;
    const struct hm_summary_cell **order;     /* room for all cells */
    double *value;                            /* room for the runs of a cell */
    char name[SWEEP_NAMES][SWEEP_NAME_BYTES]; /* of what is varied */
    size_t n_names;
};

static int sweep_has(const struct sweep *sweep, const char *name)
{
    for (size_t i = 0; i < sweep->n_names; i++) {
        if (strcmp(sweep->name[i], name) == 0)
            return 1;
    }
    return 0;
}

/* Notes the parameters that two cells of a workload differ in. */
static void sweep_differ(struct sweep *sweep, const char *a, const char *b)
{
    for (; *a != '\0'; a += strcspn(a, ";"), a += *a == ';') {
        size_t bytes = strcspn(a, "=;");
        char name[SWEEP_NAME_BYTES];
        double x, y;

        if (bytes >= sizeof name || sweep->n_names == SWEEP_NAMES)
            continue;
        memcpy(name, a, bytes);
        name[bytes] = '\0';
        x = hm_summary_param(a, name);
        y = hm_summary_param(b, name);
        if ((x < y || x > y) && !sweep_has(sweep, name))
            memcpy(sweep->name[sweep->n_names++], name, bytes + 1);
    }
}

/* Cells are in the order of the plan: those of a workload are neighbours. */
static void sweep_find(struct sweep *sweep)
{
    const struct hm_summary_campaign *campaign = sweep->view->campaign;
    const struct hm_summary_cell *head = campaign->cell;

    for (size_t c = 0; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];

        if (strcmp(cell->key[HM_SUMMARY_KEY_workload],
                   head->key[HM_SUMMARY_KEY_workload]) != 0)
            head = cell;
        if (strcmp(cell->key[HM_SUMMARY_KEY_params],
                   head->key[HM_SUMMARY_KEY_params]) != 0) {
            sweep_differ(sweep, head->key[HM_SUMMARY_KEY_params],
                         cell->key[HM_SUMMARY_KEY_params]);
        }
    }
}

/* "churn/slots", with the other parameters that vary: "churn/slots;b=2". */
static void sweep_label(const struct sweep *sweep,
                        const struct hm_summary_cell *cell, const char *axis,
                        char *label)
{
    char params[HM_LABEL_BYTES];
    size_t n = (size_t)snprintf(params, sizeof params, "%s", axis);

    for (size_t i = 0; i < sweep->n_names && n < sizeof params; i++) {
        double value =
            hm_summary_param(cell->key[HM_SUMMARY_KEY_params], sweep->name[i]);

        if (strcmp(sweep->name[i], axis) != 0 && !isnan(value)) {
            n += (size_t)snprintf(params + n, sizeof params - n, ";%s=%.0f",
                                  sweep->name[i], value);
        }
    }
    hm_label_workload(label, cell->key[HM_SUMMARY_KEY_workload], params, 1,
                      sweep->view->labels.many_threads
                          ? cell->key[HM_SUMMARY_KEY_threads]
                          : "");
}

/* Wall time per operation; cost->n = 0 without any. */
static int sweep_time(const struct sweep *sweep,
                      const struct hm_summary_cell *cell,
                      struct hm_interval *cost)
{
    size_t n = 0;

    for (size_t i = 0; i < cell->n_ok; i++) {
        double ns = cell->ok[i].value[HM_SUMMARY_wall_ns] / cell->ok[i].ops;

        if (isfinite(ns) && ns > 0)
            sweep->value[n++] = ns;
    }
    return n > 0 ? hm_summary_median(sweep->value, n, cost) : 0;
}

static void sweep_put(const struct sweep *sweep, const char *metric,
                      const struct hm_summary_cell *cell,
                      struct hm_summary_axis axis,
                      const struct hm_interval *cost)
{
    char label[HM_LABEL_BYTES];

    sweep_label(sweep, cell, axis.param, label);
    (void)fprintf(sweep->out, "%s,%s,", metric, label);
    hm_summary_strategy_label(&sweep->view->labels, cell, label);
    (void)fprintf(sweep->out, "%s,%.0f", label, hm_summary_place(cell, axis));
    hm_summary_put_real(sweep->out, cost->estimate);
    hm_summary_put_real(sweep->out, cost->low);
    hm_summary_put_real(sweep->out, cost->high);
    (void)fprintf(sweep->out, ",%s,%zu\n",
                  hm_summary_status_name(hm_summary_worst_status(cell)),
                  cost->n);
}

/* A cell that failed has a row without a time; one whose instructions were
 * not counted has none of them. */
static int sweep_put_cell(const struct sweep *sweep,
                          const struct hm_summary_cell *cell,
                          struct hm_summary_axis axis)
{
    size_t number = (size_t)(cell - sweep->view->campaign->cell);
    const struct hm_interval *instructions =
        &sweep->view
             ->result[number * HM_SUMMARY_METRICS_END +
                      HM_SUMMARY_instructions_per_op]
             .value;
    struct hm_interval time = {NAN, NAN, NAN, 0};
    int error =
        hm_summary_is_complete(cell) ? sweep_time(sweep, cell, &time) : 0;

    if (error == 0)
        sweep_put(sweep, "ns_per_op", cell, axis, &time);
    if (error == 0 && instructions->n > 0)
        sweep_put(sweep, "instructions_per_op", cell, axis, instructions);
    return error;
}

/* Where 0 is measured the values are names, such as kinds of frames or a leak
 * and its twin, or there is no place for it on a logarithmic axis. */
static int sweep_put_axis(const struct sweep *sweep, const char *name)
{
    struct hm_summary_axis axis = {HM_SUMMARY_KEY_params, name};
    size_t n = hm_summary_curves(sweep->view->campaign, axis, sweep->order);
    size_t end;
    int error = 0;

    for (size_t begin = 0; begin < n; begin = end) {
        int varied = hm_summary_is_varied(sweep->order, n, begin, axis, &end) &&
                     hm_summary_place(sweep->order[begin], axis) > 0;

        for (size_t i = begin; i < end && varied && error == 0; i++)
            error = sweep_put_cell(sweep, sweep->order[i], axis);
    }
    return error;
}

int hm_summary_write_sweep(const struct hm_summary_view *view,
                           const char *folder)
{
    struct sweep sweep = {
        .view = view,
        .order = malloc(view->campaign->n_cells * sizeof(void *)),
        .value = malloc(hm_summary_most_runs(view->campaign) * sizeof(double)),
    };
    struct hm_replace_file file;
    int error = sweep.order == NULL || sweep.value == NULL
                    ? -ENOMEM
                    : hm_replace_begin(&file, folder, "sweep.csv");

    if (error == 0) {
        sweep.out = file.out;
        (void)fputs("metric,workload,strategy,value,cost,low,high,status,n\n",
                    file.out);
        sweep_find(&sweep);
        for (size_t i = 0; i < sweep.n_names && error == 0; i++)
            error = sweep_put_axis(&sweep, sweep.name[i]);
        error = hm_replace_end(&file, error);
    }
    free(sweep.order);
    free(sweep.value);
    return error;
}
