/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"

#include "harness/analysis/summary_rows.h"
#include "harness/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double hm_summary_place(const struct hm_summary_cell *cell,
                        struct hm_summary_axis axis)
{
    double place;

    if (axis.param != NULL)
        return hm_summary_param(cell->key[axis.key], axis.param);
    return hm_csv_number(cell->key[axis.key], &place) == 0 ? place : NAN;
}

void hm_summary_put_real(FILE *out, double value)
{
    if (isfinite(value)) {
        (void)fprintf(out, ",%.6g", value);
    } else {
        (void)fputs(",NaN", out);
    }
}

/* Whether lists "a=1;b=2" say the same but for the value of `name`. */
static int curves_same_params(const char *a, const char *b, const char *name)
{
    size_t bytes = strlen(name);

    while (*a != '\0' && *b != '\0') {
        size_t a_bytes = strcspn(a, ";"), b_bytes = strcspn(b, ";");
        int named = strncmp(a, name, bytes) == 0 && a[bytes] == '=' &&
                    strncmp(b, name, bytes) == 0 && b[bytes] == '=';

        if (!named && (a_bytes != b_bytes || strncmp(a, b, a_bytes) != 0))
            return 0;
        a += a_bytes + (a[a_bytes] == ';');
        b += b_bytes + (b[b_bytes] == ';');
    }
    return *a == *b;
}

static int curves_same(const struct hm_summary_cell *a,
                       const struct hm_summary_cell *b, enum hm_summary_key key,
                       struct hm_summary_axis axis)
{
    if (key == axis.key) {
        return axis.param == NULL ||
               curves_same_params(a->key[key], b->key[key], axis.param);
    }
    return strcmp(a->key[key], b->key[key]) == 0;
}

int hm_summary_same_work(const struct hm_summary_cell *a,
                         const struct hm_summary_cell *b,
                         struct hm_summary_axis axis)
{
    return curves_same(a, b, HM_SUMMARY_KEY_workload, axis) &&
           curves_same(a, b, HM_SUMMARY_KEY_params, axis) &&
           curves_same(a, b, HM_SUMMARY_KEY_threads, axis);
}

static int curves_same_curve(const struct hm_summary_cell *a,
                             const struct hm_summary_cell *b,
                             struct hm_summary_axis axis)
{
    return hm_summary_same_work(a, b, axis) &&
           curves_same(a, b, HM_SUMMARY_KEY_strategy, axis) &&
           curves_same(a, b, HM_SUMMARY_KEY_heap_multiple, axis);
}

/* Whether place `a` comes behind `b`: NaN is the last. */
static int curves_is_behind(double a, double b)
{
    return isnan(a) ? !isnan(b) : a > b;
}

/* Puts a cell into a curve, of few cells, that is in order. */
static void curves_insert(const struct hm_summary_cell **curve, size_t n,
                          const struct hm_summary_cell *cell,
                          struct hm_summary_axis axis)
{
    double place = hm_summary_place(cell, axis);

    for (; n > 0; n--) {
        if (!curves_is_behind(hm_summary_place(curve[n - 1], axis), place))
            break;
        curve[n] = curve[n - 1];
    }
    curve[n] = cell;
}

/* Appends the cells from `head` on that belong to it and were not taken. */
static size_t curves_take(const struct hm_summary_campaign *campaign,
                          struct hm_summary_axis axis, size_t head,
                          unsigned char *taken,
                          const struct hm_summary_cell **order)
{
    size_t n = 0;

    for (size_t c = head; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];

        if (taken[c] || !curves_same_curve(cell, &campaign->cell[head], axis))
            continue;
        taken[c] = 1;
        curves_insert(order, n++, cell, axis);
    }
    return n;
}

size_t hm_summary_curves(const struct hm_summary_campaign *campaign,
                         struct hm_summary_axis axis,
                         const struct hm_summary_cell **order)
{
    unsigned char *taken = calloc(campaign->n_cells, 1);
    size_t n = 0;

    if (taken == NULL)
        return 0;
    for (size_t c = 0; c < campaign->n_cells; c++) {
        taken[c] = campaign->cell[c].arm == HM_SUMMARY_ARM_TWIN ||
                   campaign->cell[c].is_leak || campaign->cell[c].is_open;
    }
    for (size_t c = 0; c < campaign->n_cells; c++) {
        if (!taken[c])
            n += curves_take(campaign, axis, c, taken, order + n);
    }
    free(taken);
    return n;
}

int hm_summary_is_varied(const struct hm_summary_cell *const *order, size_t n,
                         size_t begin, struct hm_summary_axis axis, size_t *end)
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
