/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"

#include "harness/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double hm_summary_place(const struct hm_summary_cell *cell,
                        enum hm_summary_key axis)
{
    double place;

    return hm_csv_number(cell->key[axis], &place) == 0 ? place : NAN;
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
                       const struct hm_summary_cell *b, enum hm_summary_key key,
                       enum hm_summary_key axis)
{
    return key == axis || strcmp(a->key[key], b->key[key]) == 0;
}

int hm_summary_same_work(const struct hm_summary_cell *a,
                         const struct hm_summary_cell *b,
                         enum hm_summary_key axis)
{
    return curves_same(a, b, HM_SUMMARY_KEY_workload, axis) &&
           curves_same(a, b, HM_SUMMARY_KEY_params, axis) &&
           curves_same(a, b, HM_SUMMARY_KEY_threads, axis);
}

static int curves_same_curve(const struct hm_summary_cell *a,
                             const struct hm_summary_cell *b,
                             enum hm_summary_key axis)
{
    return hm_summary_same_work(a, b, axis) &&
           curves_same(a, b, HM_SUMMARY_KEY_strategy, axis) &&
           curves_same(a, b, HM_SUMMARY_KEY_heap_multiple, axis);
}

static int curves_compare_places(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) != 0) - (isnan(b) != 0);
    return (a > b) - (a < b);
}

/* Order within a curve, whose cells differ in one of these alone. */
static int curves_compare(const void *left, const void *right)
{
    static const enum hm_summary_key keys[] = {HM_SUMMARY_KEY_heap_multiple,
                                               HM_SUMMARY_KEY_threads};
    const struct hm_summary_cell *a =
        *(const struct hm_summary_cell *const *)left;
    const struct hm_summary_cell *b =
        *(const struct hm_summary_cell *const *)right;
    int order = 0;

    for (size_t k = 0; k < sizeof keys / sizeof keys[0] && order == 0; k++) {
        order = curves_compare_places(hm_summary_place(a, keys[k]),
                                      hm_summary_place(b, keys[k]));
    }
    return order;
}

/* Appends the cells from `head` on that belong to it and were not taken. */
static size_t curves_take(const struct hm_summary_campaign *campaign,
                          enum hm_summary_key axis, size_t head,
                          unsigned char *taken,
                          const struct hm_summary_cell **order)
{
    size_t n = 0;

    for (size_t c = head; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];

        if (taken[c] || !curves_same_curve(cell, &campaign->cell[head], axis))
            continue;
        taken[c] = 1;
        order[n++] = cell;
    }
    qsort(order, n, sizeof(void *), curves_compare);
    return n;
}

size_t hm_summary_curves(const struct hm_summary_campaign *campaign,
                         enum hm_summary_key axis,
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
            n += curves_take(campaign, axis, c, taken, order + n);
    }
    free(taken);
    return n;
}

int hm_summary_is_varied(const struct hm_summary_cell *const *order, size_t n,
                         size_t begin, enum hm_summary_key axis, size_t *end)
{
    double first = NAN;
    int varied = 0;

    for (*end = begin;
         *end < n && hm_summary_same_work(order[begin], order[*end], axis);
         (*end)++) {
        const struct hm_summary_cell *cell = order[*end];
        double place = hm_summary_place(cell, axis);

        if (cell->status[HM_SUMMARY_STATUS_unsupported] == cell->runs)
            continue;
        if (isnan(first))
            first = place;
        varied |= place > first || place < first;
    }
    return varied;
}
