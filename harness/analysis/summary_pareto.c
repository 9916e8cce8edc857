/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_derived.h"

#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Means over different workloads must not meet in one chart.  A strategy
 * takes part if at least two thirds of all workloads are left when the others
 * are restricted to what it completed too. */
enum { PARETO_SHARE_NUMERATOR = 2, PARETO_SHARE_DENOMINATOR = 3 };

struct pareto_point {
    const struct hm_summary_cell *head;
    unsigned char *did; /* by number of the baseline's cell */
    size_t n_did;
    struct hm_interval time, memory; /* of log ratios */
    size_t workloads, blocks;
    int front;
};

struct pareto {
    const struct hm_summary_view *view;
    struct pareto_point *point;
    size_t n;
    unsigned char *common;
    size_t n_works;
};

/* Marks the work that the point's strategy completed. */
static int pareto_mark(const struct pareto *pareto, struct pareto_point *point)
{
    const struct hm_summary_campaign *campaign = pareto->view->campaign;

    point->did = calloc(campaign->n_cells, 1);
    if (point->did == NULL)
        return -ENOMEM;
    for (size_t c = 0; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];
        const struct hm_summary_result *result =
            pareto->view->result + c * HM_SUMMARY_METRICS_END;
        size_t base = cell->baseline == NULL
                          ? 0
                          : (size_t)(cell->baseline - campaign->cell);

        if (cell->is_leak || cell->is_open ||
            result[HM_SUMMARY_wall_ns].log_ratio.n == 0 ||
            result[HM_SUMMARY_rss_peak_bytes].log_ratio.n == 0 ||
            !hm_summary_same_group(cell, point->head) || point->did[base])
            continue;
        point->did[base] = 1;
        point->n_did++;
    }
    return 0;
}

static int pareto_compare_did(const void *left, const void *right)
{
    const struct pareto_point *a = left;
    const struct pareto_point *b = right;

    if (a->n_did != b->n_did)
        return a->n_did > b->n_did ? -1 : 1;
    return (a->head > b->head) - (a->head < b->head);
}

static int pareto_compare_memory(const void *left, const void *right)
{
    const struct pareto_point *a = left;
    const struct pareto_point *b = right;

    return (a->memory.estimate > b->memory.estimate) -
           (a->memory.estimate < b->memory.estimate);
}

/* Whether enough work remains common to all when `point` joins. */
static int pareto_join(struct pareto *pareto, const struct pareto_point *point)
{
    size_t n_cells = pareto->view->campaign->n_cells;
    size_t left = 0;

    for (size_t c = 0; c < n_cells; c++)
        left += pareto->common[c] && point->did[c];
    if (left == 0 || left * PARETO_SHARE_DENOMINATOR <
                         pareto->n_works * PARETO_SHARE_NUMERATOR)
        return 0;
    for (size_t c = 0; c < n_cells; c++)
        pareto->common[c] = pareto->common[c] && point->did[c];
    return 1;
}

/* Those with the most work first: they decide what the others must have. */
static void pareto_choose(struct pareto *pareto)
{
    size_t kept = 0;

    qsort(pareto->point, pareto->n, sizeof *pareto->point, pareto_compare_did);
    for (size_t i = 0; i < pareto->n; i++) {
        if (pareto_join(pareto, &pareto->point[i])) {
            pareto->point[kept++] = pareto->point[i];
        } else {
            free(pareto->point[i].did);
        }
    }
    pareto->n = kept;
}

static int pareto_measure(const struct pareto *pareto,
                          struct pareto_point *point)
{
    struct hm_summary_mean mean[HM_SUMMARY_METRICS_END];
    const struct hm_summary_view *view = pareto->view;
    int error = hm_summary_geomean(view->campaign, view->result, point->head,
                                   pareto->common, NULL, mean);

    point->time = mean[HM_SUMMARY_wall_ns].log_ratio;
    point->memory = mean[HM_SUMMARY_rss_peak_bytes].log_ratio;
    point->workloads = mean[HM_SUMMARY_wall_ns].workloads;
    point->blocks = point->time.n;
    return error;
}

static int pareto_beats(const struct pareto_point *a,
                        const struct pareto_point *b)
{
    return a->time.estimate <= b->time.estimate &&
           a->memory.estimate <= b->memory.estimate &&
           (a->time.estimate < b->time.estimate ||
            a->memory.estimate < b->memory.estimate);
}

static void pareto_find_front(struct pareto *pareto)
{
    for (size_t i = 0; i < pareto->n; i++) {
        pareto->point[i].front = 1;
        for (size_t j = 0; j < pareto->n; j++) {
            if (pareto_beats(&pareto->point[j], &pareto->point[i]))
                pareto->point[i].front = 0;
        }
    }
}

/* The baseline is the point (1, 1); its own head has no ratio. */
static const struct hm_summary_cell *pareto_first_baseline(
    const struct hm_summary_campaign *campaign)
{
    for (size_t c = 0; c < campaign->n_cells; c++) {
        if (campaign->cell[c].arm == HM_SUMMARY_ARM_BASELINE)
            return &campaign->cell[c];
    }
    return NULL;
}

static int pareto_collect(struct pareto *pareto)
{
    const struct hm_summary_campaign *campaign = pareto->view->campaign;
    int error = 0;

    for (size_t c = 0; c < campaign->n_cells && error == 0; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];

        if (cell->arm == HM_SUMMARY_ARM_BASELINE) {
            if (cell->is_leak || cell->is_open)
                continue;
            pareto->common[c] = 1;
            pareto->n_works++;
        } else if (cell->arm == HM_SUMMARY_ARM_TEST &&
                   strcmp(cell->key[HM_SUMMARY_KEY_class], "reference") != 0 &&
                   hm_summary_is_group_head(campaign, cell)) {
            struct pareto_point *point = &pareto->point[pareto->n++];

            *point = (struct pareto_point){.head = cell};
            error = pareto_mark(pareto, point);
        }
    }
    if (error != 0)
        return error;
    pareto_choose(pareto);
    for (size_t i = 0; i < pareto->n && error == 0; i++)
        error = pareto_measure(pareto, &pareto->point[i]);
    return error;
}

static void pareto_add_baseline(struct pareto *pareto)
{
    const struct hm_summary_cell *head =
        pareto_first_baseline(pareto->view->campaign);
    struct pareto_point *point = &pareto->point[pareto->n];

    if (head == NULL || pareto->n == 0)
        return;
    *point = (struct pareto_point){.head = head,
                                   .workloads = pareto->point[0].workloads,
                                   .blocks = pareto->point[0].blocks};
    pareto->n++;
}

static void pareto_put(FILE *out, const struct pareto *pareto)
{
    char label[HM_LABEL_BYTES];

    for (size_t i = 0; i < pareto->n; i++) {
        const struct pareto_point *p = &pareto->point[i];

        hm_summary_strategy_label(&pareto->view->labels, p->head, label);
        (void)fprintf(out, "%s,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%d,%zu,%zu\n",
                      label, exp(p->time.estimate), exp(p->time.low),
                      exp(p->time.high), exp(p->memory.estimate),
                      exp(p->memory.low), exp(p->memory.high), p->front,
                      p->workloads, p->blocks);
    }
}

int hm_summary_write_pareto(const struct hm_summary_view *view,
                            const char *folder)
{
    struct pareto pareto = {.view = view};
    struct hm_replace_file file;
    size_t n_cells = view->campaign->n_cells;
    int error = hm_replace_begin(&file, folder, "pareto.csv");

    if (error != 0)
        return error;
    error = -ENOMEM;
    pareto.point = malloc((n_cells + 1) * sizeof *pareto.point);
    pareto.common = calloc(n_cells, 1);
    if (pareto.point != NULL && pareto.common != NULL)
        error = pareto_collect(&pareto);
    (void)fputs("strategy,time,time_low,time_high,memory,memory_low,"
                "memory_high,front,workloads,blocks\n",
                file.out);
    if (error == 0) {
        pareto_add_baseline(&pareto);
        pareto_find_front(&pareto);
        qsort(pareto.point, pareto.n, sizeof *pareto.point,
              pareto_compare_memory);
        pareto_put(file.out, &pareto);
    }
    for (size_t i = 0; i < pareto.n; i++)
        free(pareto.point[i].did);
    free(pareto.point);
    free(pareto.common);
    return hm_replace_end(&file, error);
}
