/* SPDX-License-Identifier: MIT */
#include "harness/campaign/adaptive.h"

#include "harness/analysis/stats.h"
#include "harness/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void hm_adaptive_init(struct hm_pool *pool, struct hm_adaptive *adaptive,
                      const struct hm_plan *plan, unsigned max_blocks)
{
    size_t n = plan->n_cells * max_blocks;

    *adaptive = (struct hm_adaptive){plan, max_blocks, NULL};
    adaptive->log_wall = hm_pool_alloc(pool, n * sizeof(double));
    for (size_t i = 0; i < n; i++)
        adaptive->log_wall[i] = NAN;
}

void hm_adaptive_add(struct hm_adaptive *adaptive, size_t cell, unsigned block,
                     double wall_ns)
{
    adaptive->log_wall[cell * adaptive->max_blocks + block] = log(wall_ns);
}

int hm_adaptive_load(struct hm_pool *pool, struct hm_adaptive *adaptive,
                     const char *folder, const char **why)
{
    static const char *const names[] = {"cell", "block", "wall_ns"};
    const char *path = hm_pool_format(pool, "%s/runs.csv", folder);
    struct hm_csv csv;
    int index[3], more, error = hm_csv_open(&csv, path);

    if (error != 0) {
        *why = hm_pool_copy(pool, csv.error);
        return error;
    }
    error = hm_csv_columns(&csv, names, 3, index);
    while (error == 0 && (more = hm_csv_next(&csv)) != 0) {
        double cell, block, wall_ns;

        error = more < 0 ? more : 0;
        if (error != 0 || hm_csv_number(csv.field[index[0]], &cell) != 0 ||
            hm_csv_number(csv.field[index[1]], &block) != 0 ||
            hm_csv_number(csv.field[index[2]], &wall_ns) != 0)
            continue;
        if (cell >= 0 && cell < (double)adaptive->plan->n_cells && block >= 0 &&
            block < adaptive->max_blocks && wall_ns >= 1)
            hm_adaptive_add(adaptive, (size_t)cell, (unsigned)block, wall_ns);
    }
    if (error != 0)
        *why = hm_pool_copy(pool, csv.error);
    hm_csv_close(&csv);
    return error;
}

/* The cell that another is divided by: the same subject, the same heap if the
 * baseline has one. */
static const struct hm_plan_cell *adaptive_baseline(
    const struct hm_plan *plan, const struct hm_plan_cell *cell)
{
    for (size_t i = 0; i < plan->n_cells; i++) {
        const struct hm_plan_cell *other = &plan->cell[i];

        if (other->arm == HM_ARM_BASELINE && other->subject == cell->subject &&
            (other->heap_multiple <= 0 || cell->heap_multiple <= 0 ||
             fabs(other->heap_multiple - cell->heap_multiple) < 1e-9))
            return other;
    }
    return NULL;
}

/* Half-width of one cell against its baseline; 0 when there is none yet. */
static double adaptive_cell(const struct hm_adaptive *adaptive, size_t cell,
                            double *ratio)
{
    const struct hm_plan *plan = adaptive->plan;
    const struct hm_plan_cell *of = &plan->cell[cell];
    const struct hm_plan_cell *baseline = adaptive_baseline(plan, of);
    const double *own = adaptive->log_wall + cell * adaptive->max_blocks;
    struct hm_interval interval;
    const double *base;
    size_t n = 0;

    if (baseline == NULL || baseline == of)
        return 0;
    base = adaptive->log_wall +
           (size_t)(baseline - plan->cell) * adaptive->max_blocks;
    for (unsigned block = 0; block < adaptive->max_blocks; block++) {
        if (!isnan(own[block]) && !isnan(base[block]))
            ratio[n++] = own[block] - base[block];
    }
    if (n < HM_STATS_MIN_BLOCKS ||
        hm_stats_paired(ratio, n, HM_STATS_ALPHA, &interval) != 0)
        return 0;
    return hm_stats_half_width(&interval);
}

double hm_adaptive_half_width(const struct hm_adaptive *adaptive)
{
    double *ratio = calloc(adaptive->max_blocks, sizeof *ratio);
    double widest = 0;

    for (size_t i = 0; ratio != NULL && i < adaptive->plan->n_cells; i++)
        widest = fmax(widest, adaptive_cell(adaptive, i, ratio));
    free(ratio);
    return widest;
}

bool hm_adaptive_any(const struct hm_adaptive *adaptive)
{
    size_t n = adaptive->plan->n_cells * adaptive->max_blocks;

    for (size_t i = 0; i < n; i++) {
        if (!isnan(adaptive->log_wall[i]))
            return true;
    }
    return false;
}
