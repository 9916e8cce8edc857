/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"

#include "harness/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double hm_summary_heap(const struct hm_summary_cell *cell)
{
    double heap;

    return hm_csv_number(cell->key[HM_SUMMARY_KEY_heap_multiple], &heap) == 0
               ? heap
               : NAN;
}

void hm_summary_put_real(FILE *out, double value)
{
    if (isfinite(value)) {
        (void)fprintf(out, ",%.6g", value);
    } else {
        (void)fputs(",NaN", out);
    }
}

static int curves_same(const struct hm_summary_cell *a,
                       const struct hm_summary_cell *b, enum hm_summary_key key)
{
    return strcmp(a->key[key], b->key[key]) == 0;
}

int hm_summary_same_work(const struct hm_summary_cell *a,
                         const struct hm_summary_cell *b)
{
    return curves_same(a, b, HM_SUMMARY_KEY_workload) &&
           curves_same(a, b, HM_SUMMARY_KEY_params) &&
           curves_same(a, b, HM_SUMMARY_KEY_threads);
}

int hm_summary_same_curve(const struct hm_summary_cell *a,
                          const struct hm_summary_cell *b)
{
    return hm_summary_same_work(a, b) &&
           curves_same(a, b, HM_SUMMARY_KEY_strategy);
}

/* Order within a curve. */
static int curves_compare(const void *left, const void *right)
{
    double a = hm_summary_heap(*(const struct hm_summary_cell *const *)left);
    double b = hm_summary_heap(*(const struct hm_summary_cell *const *)right);

    if (isnan(a) || isnan(b))
        return (isnan(a) != 0) - (isnan(b) != 0);
    return (a > b) - (a < b);
}

/* Appends the cells from `head` on that belong to it and were not taken. */
static size_t curves_take(const struct hm_summary_campaign *campaign,
                          size_t head, unsigned char *taken,
                          const struct hm_summary_cell **order)
{
    size_t n = 0;

    for (size_t c = head; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];

        if (taken[c] || !hm_summary_same_curve(cell, &campaign->cell[head]))
            continue;
        taken[c] = 1;
        order[n++] = cell;
    }
    qsort(order, n, sizeof(void *), curves_compare);
    return n;
}

size_t hm_summary_curves(const struct hm_summary_campaign *campaign,
                         const struct hm_summary_cell **order)
{
    unsigned char *taken = calloc(campaign->n_cells, 1);
    size_t n = 0;

    if (taken == NULL)
        return 0;
    for (size_t c = 0; c < campaign->n_cells; c++) {
        taken[c] = campaign->cell[c].arm == HM_SUMMARY_ARM_TWIN ||
                   campaign->cell[c].is_leak;
    }
    for (size_t c = 0; c < campaign->n_cells; c++) {
        if (!taken[c])
            n += curves_take(campaign, c, taken, order + n);
    }
    free(taken);
    return n;
}
