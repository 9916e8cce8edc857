/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int order_compare_runs(const void *left, const void *right)
{
    const struct hm_summary_run *a = left;
    const struct hm_summary_run *b = right;

    return (a->block > b->block) - (a->block < b->block);
}

/* The run of median wall time, the lower of two: what is drawn of one run
 * should be of a usual one. */
static size_t order_usual(const struct hm_summary_run *run, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double wall_ns = run[i].value[HM_SUMMARY_wall_ns];
        size_t faster = 0;

        for (size_t k = 0; k < n; k++) {
            double other_ns = run[k].value[HM_SUMMARY_wall_ns];

            faster += other_ns < wall_ns || (k < i && other_ns == wall_ns);
        }
        if (faster == (n - 1) / 2)
            return i;
    }
    return 0;
}

/* Order by block; a block that came twice would count double. */
static int order_runs(struct hm_summary_campaign *campaign, const char *path)
{
    for (size_t c = 0; c < campaign->n_cells; c++) {
        struct hm_summary_cell *cell = &campaign->cell[c];

        if (cell->n_ok == 0)
            continue;
        qsort(cell->ok, cell->n_ok, sizeof *cell->ok, order_compare_runs);
        cell->shown = order_usual(cell->ok, cell->n_ok);
        for (size_t i = 1; i < cell->n_ok; i++) {
            if (cell->ok[i].block == cell->ok[i - 1].block) {
                (void)snprintf(campaign->error, sizeof campaign->error,
                               "%.99s: runs %u and %u are both block %u of "
                               "%.60s under %.60s: remove one",
                               path, cell->ok[i - 1].run_id, cell->ok[i].run_id,
                               cell->ok[i].block,
                               cell->key[HM_SUMMARY_KEY_workload],
                               cell->key[HM_SUMMARY_KEY_strategy]);
                return -EINVAL;
            }
        }
    }
    return 0;
}

static int order_compare_cells(const void *left, const void *right)
{
    const struct hm_summary_cell *a =
        *(const struct hm_summary_cell *const *)left;
    const struct hm_summary_cell *b =
        *(const struct hm_summary_cell *const *)right;

    if (a->plan_row != b->plan_row)
        return a->plan_row < b->plan_row ? -1 : 1;
    return (a > b) - (a < b);
}

/* Puts the cells into the plan's order, and the numbers of the runs' cells. */
static int order_cells(struct hm_summary_campaign *campaign)
{
    size_t n = campaign->n_cells;
    struct hm_summary_cell **order = malloc(n * sizeof(void *));
    struct hm_summary_cell *sorted = malloc(n * sizeof *sorted);
    uint32_t *rank = malloc(n * sizeof *rank);
    int error = order != NULL && sorted != NULL && rank != NULL ? 0 : -ENOMEM;

    if (error == 0) {
        for (size_t c = 0; c < n; c++)
            order[c] = &campaign->cell[c];
        qsort(order, n, sizeof(void *), order_compare_cells);
        for (size_t c = 0; c < n; c++) {
            sorted[c] = *order[c];
            rank[order[c] - campaign->cell] = (uint32_t)c;
        }
        memcpy(campaign->cell, sorted, n * sizeof *sorted);
        for (size_t r = 0; r < campaign->n_run_ids; r++) {
            if (campaign->cell_of_run[r] != UINT32_MAX)
                campaign->cell_of_run[r] = rank[campaign->cell_of_run[r]];
        }
    }
    free(order);
    free(sorted);
    free(rank);
    return error;
}

int hm_summary_order(struct hm_summary_campaign *campaign, const char *path)
{
    int error = order_runs(campaign, path);

    return error != 0 ? error : order_cells(campaign);
}
