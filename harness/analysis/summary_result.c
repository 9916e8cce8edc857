/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_result.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Room for one value per block. */
struct result_scratch {
    double *value;
    uint32_t *block;
};

static int result_same_key(const struct hm_summary_cell *a,
                           const struct hm_summary_cell *b,
                           enum hm_summary_key key)
{
    return strcmp(a->key[key], b->key[key]) == 0;
}

/* Order by workload, parameters and threads. */
static int result_compare_work(const void *left, const void *right)
{
    static const enum hm_summary_key keys[] = {
        HM_SUMMARY_KEY_workload, HM_SUMMARY_KEY_params, HM_SUMMARY_KEY_threads};
    const struct hm_summary_cell *a = *(struct hm_summary_cell *const *)left;
    const struct hm_summary_cell *b = *(struct hm_summary_cell *const *)right;

    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        int order = strcmp(a->key[keys[k]], b->key[keys[k]]);

        if (order != 0)
            return order;
    }
    return (a > b) - (a < b);
}

/* Makes `reference` the baseline or twin of the n cells of its work. */
static void result_link(struct hm_summary_cell *const *cell, size_t n,
                        const struct hm_summary_cell *reference)
{
    for (size_t c = 0; c < n; c++) {
        const struct hm_summary_cell **link =
            reference->arm == HM_SUMMARY_ARM_TWIN ? &cell[c]->twin
                                                  : &cell[c]->baseline;

        if (cell[c]->arm == HM_SUMMARY_ARM_BASELINE)
            continue;
        if (*link == NULL ||
            result_same_key(cell[c], reference, HM_SUMMARY_KEY_heap_multiple))
            *link = reference;
    }
}

static int result_is_same_work(struct hm_summary_cell *const *cell, size_t a,
                               size_t b)
{
    return result_same_key(cell[a], cell[b], HM_SUMMARY_KEY_workload) &&
           result_same_key(cell[a], cell[b], HM_SUMMARY_KEY_params) &&
           result_same_key(cell[a], cell[b], HM_SUMMARY_KEY_threads);
}

/* Gives every cell its baseline and its twin. */
static int result_link_all(struct hm_summary_campaign *campaign)
{
    size_t n = campaign->n_cells;
    struct hm_summary_cell **order = malloc(n * sizeof(void *));
    size_t end;

    if (order == NULL)
        return -ENOMEM;
    for (size_t c = 0; c < n; c++)
        order[c] = &campaign->cell[c];
    qsort(order, n, sizeof(void *), result_compare_work);
    for (size_t begin = 0; begin < n; begin = end) {
        for (end = begin + 1; end < n; end++) {
            if (!result_is_same_work(order, begin, end))
                break;
        }
        for (size_t c = begin; c < end; c++) {
            if (order[c]->arm != HM_SUMMARY_ARM_TEST)
                result_link(order + begin, end - begin, order[c]);
        }
    }
    free(order);
    return 0;
}

size_t hm_summary_pair(const struct hm_summary_cell *cell,
                       const struct hm_summary_cell *base,
                       enum hm_summary_metric metric, double *log_ratio,
                       uint32_t *block)
{
    size_t n = 0;
    size_t b = 0;

    for (size_t i = 0; i < cell->n_ok; i++) {
        const struct hm_summary_run *run = &cell->ok[i];
        double value = run->value[metric];

        while (b < base->n_ok && base->ok[b].block < run->block)
            b++;
        if (b == base->n_ok)
            break;
        if (base->ok[b].block != run->block || !(value > 0) ||
            !(base->ok[b].value[metric] > 0))
            continue;
        block[n] = run->block;
        log_ratio[n++] = log(value / base->ok[b].value[metric]);
    }
    return n;
}

int hm_summary_interval(const double *log_ratio, size_t n,
                        struct hm_interval *out)
{
    struct hm_interval range;
    int error = hm_stats_paired(log_ratio, n, HM_STATS_ALPHA, out);

    if (error != 0 || n >= HM_STATS_MIN_BLOCKS)
        return error;
    error = hm_stats_range(log_ratio, n, &range);
    out->low = range.low;
    out->high = range.high;
    return error;
}

size_t hm_summary_most_runs(const struct hm_summary_campaign *campaign)
{
    size_t most = 1;

    for (size_t c = 0; c < campaign->n_cells; c++) {
        if (campaign->cell[c].n_ok > most)
            most = campaign->cell[c].n_ok;
    }
    return most;
}

int hm_summary_median(const double *value, size_t n, struct hm_interval *out)
{
    if (n < HM_STATS_MIN_BLOCKS)
        return hm_stats_range(value, n, out);
    return hm_stats_median(value, n, HM_STATS_ALPHA, out);
}

static int result_value(const struct hm_summary_cell *cell,
                        enum hm_summary_metric metric,
                        struct result_scratch *scratch, struct hm_interval *out)
{
    size_t n = 0;

    for (size_t i = 0; i < cell->n_ok; i++) {
        if (!isnan(cell->ok[i].value[metric]))
            scratch->value[n++] = cell->ok[i].value[metric];
    }
    return n == 0 ? 0 : hm_summary_median(scratch->value, n, out);
}

static int result_cell(const struct hm_summary_cell *cell,
                       struct result_scratch *scratch,
                       struct hm_summary_result *result)
{
    const struct hm_summary_cell *base = cell->baseline;
    int compare = base != NULL && hm_summary_is_complete(cell) &&
                  hm_summary_is_complete(base);
    int error = 0;

    for (int m = 0; m < HM_SUMMARY_METRICS_END && error == 0; m++) {
        size_t n;

        error = result_value(cell, (enum hm_summary_metric)m, scratch,
                             &result[m].value);
        if (error != 0 || !compare)
            continue;
        n = hm_summary_pair(cell, base, (enum hm_summary_metric)m,
                            scratch->value, scratch->block);
        if (n > 0) {
            error =
                hm_summary_interval(scratch->value, n, &result[m].log_ratio);
        }
    }
    return error;
}

/* A difference that the baseline shows against itself means nothing. */
static void result_judge(const struct hm_summary_result *twin,
                         struct hm_summary_result *result)
{
    for (int m = 0; m < HM_SUMMARY_METRICS_END; m++) {
        double noise = 0;

        if (twin[m].log_ratio.n >= HM_STATS_MIN_BLOCKS)
            noise = hm_stats_reach(&twin[m].log_ratio);
        result[m].verdict = hm_stats_verdict(&result[m].log_ratio, noise);
    }
}

static int result_cells(const struct hm_summary_campaign *campaign,
                        struct result_scratch *scratch,
                        struct hm_summary_result *result)
{
    static const struct hm_summary_result none[HM_SUMMARY_METRICS_END];
    int error = 0;

    for (size_t c = 0; c < campaign->n_cells && error == 0; c++) {
        error = result_cell(&campaign->cell[c], scratch,
                            result + c * HM_SUMMARY_METRICS_END);
    }
    for (size_t c = 0; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *twin = campaign->cell[c].twin;
        const struct hm_summary_result *noise = none;

        /* The twin itself is judged as if there were no noise. */
        if (twin != NULL && twin != &campaign->cell[c]) {
            noise = result +
                    (size_t)(twin - campaign->cell) * HM_SUMMARY_METRICS_END;
        }
        result_judge(noise, result + c * HM_SUMMARY_METRICS_END);
    }
    return error;
}

int hm_summary_compute(struct hm_summary_campaign *campaign,
                       struct hm_summary_result *result)
{
    struct result_scratch scratch;
    size_t most = hm_summary_most_runs(campaign);
    int error = result_link_all(campaign);

    if (error != 0)
        return error;
    scratch.value = malloc(most * sizeof *scratch.value);
    scratch.block = malloc(most * sizeof *scratch.block);
    error = scratch.value != NULL && scratch.block != NULL ? 0 : -ENOMEM;
    if (error == 0)
        error = result_cells(campaign, &scratch, result);
    free(scratch.value);
    free(scratch.block);
    return error;
}
