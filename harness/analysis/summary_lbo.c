/* SPDX-License-Identifier: MIT */
/* summary_lbo.c -- lower-bound overhead: cost / the least distilled cost.
 *
 * Source:  Z. Cai, S. M. Blackburn, M. D. Bond, M. Maas, "Distilling the Real
 *          Cost of Production Garbage Collectors", ISPASS 2022.
 * Differs: printed as the ratio (1 + their normalised LBO).  Attributed to
 *          collection is, of the wall time of one mutator, that of its pauses
 *          (of several: nothing, see lbo_explicit_ns); of processor time
 *          what surely was not the mutators' own work (lbo_explicit_cpu_ns).
 *          Barriers, and collection inside of allocations that no pause
 *          tells of, are charged to nobody: the bound stays a lower one. */
#include "harness/analysis/summary_curves.h"
#include "harness/analysis/summary_derived.h"

#include "harness/csv.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The least distilled cost of a workload, and whose it is. */
struct lbo_bound {
    double cost_ns; /* NaN: there is none */
    const struct hm_summary_cell *cell;
};

struct lbo {
    const struct hm_summary_view *view;
    const struct hm_summary_cell **order;
    size_t n;
    struct lbo_bound *bound; /* by position in `order`: of its work */
    size_t works;            /* with a bound */
    double *value;           /* one per run */
    double *sum;             /* by block */
    uint32_t *count;
    size_t blocks;
};

/* The larger of two that both are at most what collection took:
 * - a thread that works in each pause, at the share that the run had a
 *   processor;
 * - all of the collector's own threads (parallel markers, concurrent marking
 *   and sweeping), and of the mutators' threads what they cannot have taken
 *   outside of pauses. */
static double lbo_explicit_cpu_ns(const struct hm_summary_cell *cell,
                                  const struct hm_summary_run *run,
                                  double pause_ns)
{
    double wall_ns = run->value[HM_SUMMARY_wall_ns];
    double cpu_ns = run->value[HM_SUMMARY_cpu_ns];
    double worked_ns = pause_ns * fmin(1, cpu_ns / wall_ns), threads;
    double mutator_ns = run->mutator_cpu_ns;

    if (isnan(mutator_ns) ||
        hm_csv_number(cell->key[HM_SUMMARY_KEY_threads], &threads) != 0)
        return worked_ns;
    return fmax(worked_ns,
                fmax(0, cpu_ns - mutator_ns) +
                    fmax(0, mutator_ns - (threads * wall_ns - pause_ns)));
}

static bool lbo_has_one_mutator(const struct hm_summary_cell *cell)
{
    return strcmp(cell->key[HM_SUMMARY_KEY_threads], "1") == 0;
}

/* Of wall time nothing where there are several mutators: a slice of lazy work
 * stops only one of them, which may be none that the others wait for. */
static double lbo_explicit_ns(const struct hm_summary_cell *cell,
                              const struct hm_summary_run *run,
                              enum hm_summary_metric metric)
{
    double pause_ns = run->value[HM_SUMMARY_pause_total_ns];

    if (isnan(pause_ns))
        pause_ns = 0;
    if (metric == HM_SUMMARY_cpu_ns)
        return lbo_explicit_cpu_ns(cell, run, pause_ns);
    return lbo_has_one_mutator(cell) ? pause_ns : 0;
}

/* The middle of cost less what is attributed, by the estimate that the ratios
 * use, so that a cell without pauses that is the bound has an overhead of 1;
 * NaN when there is none. */
static double lbo_distilled_ns(struct lbo *lbo,
                               const struct hm_summary_cell *cell,
                               enum hm_summary_metric metric)
{
    struct hm_interval middle;
    size_t n = 0;

    if (!hm_summary_is_complete(cell))
        return NAN;
    for (size_t r = 0; r < cell->n_ok; r++) {
        double cost_ns = cell->ok[r].value[metric] -
                         lbo_explicit_ns(cell, &cell->ok[r], metric);

        if (cost_ns > 0)
            lbo->value[n++] = log(cost_ns);
    }
    if (n < cell->n_ok || n == 0 ||
        hm_summary_interval(lbo->value, n, &middle) != 0)
        return NAN;
    return exp(middle.estimate);
}

/* The end of the work that begins at `begin`. */
static size_t lbo_work_end(const struct lbo *lbo, size_t begin)
{
    size_t end = begin + 1;

    while (end < lbo->n &&
           hm_summary_same_work(lbo->order[begin], lbo->order[end],
                                HM_SUMMARY_BY_HEAP))
        end++;
    return end;
}

/* Only of works that some collector completed: elsewhere nothing is
 * attributed, and the fastest malloc would be the bound of malloc. */
static struct lbo_bound lbo_find_bound(struct lbo *lbo, size_t begin,
                                       size_t end,
                                       enum hm_summary_metric metric)
{
    struct lbo_bound bound = {NAN, NULL};
    int collectors = 0;

    for (size_t i = begin; i < end; i++) {
        const struct hm_summary_cell *cell = lbo->order[i];
        double cost_ns = lbo_distilled_ns(lbo, cell, metric);

        if (isnan(cost_ns))
            continue;
        collectors += strcmp(cell->key[HM_SUMMARY_KEY_class], "collector") == 0;
        if (isnan(bound.cost_ns) || cost_ns < bound.cost_ns)
            bound = (struct lbo_bound){cost_ns, cell};
    }
    return collectors > 0 ? bound : (struct lbo_bound){NAN, NULL};
}

static void lbo_find_bounds(struct lbo *lbo, enum hm_summary_metric metric)
{
    size_t end;

    lbo->works = 0;
    for (size_t begin = 0; begin < lbo->n; begin = end) {
        end = lbo_work_end(lbo, begin);
        lbo->bound[begin] = lbo_find_bound(lbo, begin, end, metric);
        lbo->works += lbo->bound[begin].cell != NULL;
        for (size_t i = begin + 1; i < end; i++)
            lbo->bound[i] = lbo->bound[begin];
    }
}

static void lbo_put(FILE *out, const struct hm_interval *log_ratio)
{
    int measured = log_ratio->n > 0;

    hm_summary_put_real(out, measured ? exp(log_ratio->estimate) : NAN);
    hm_summary_put_real(out, measured ? exp(log_ratio->low) : NAN);
    hm_summary_put_real(out, measured ? exp(log_ratio->high) : NAN);
}

static int lbo_put_cell(FILE *out, struct lbo *lbo, size_t i,
                        enum hm_summary_metric metric)
{
    const struct hm_summary_cell *cell = lbo->order[i];
    struct hm_interval log_ratio = {.n = 0};
    char workload[HM_LABEL_BYTES], bound[HM_LABEL_BYTES];
    int error = 0;

    if (hm_summary_is_complete(cell)) {
        for (size_t r = 0; r < cell->n_ok; r++) {
            lbo->value[r] =
                log(cell->ok[r].value[metric] / lbo->bound[i].cost_ns);
        }
        error = hm_summary_interval(lbo->value, cell->n_ok, &log_ratio);
    }
    hm_summary_workload_label(&lbo->view->labels, cell, workload);
    hm_summary_strategy_label(&lbo->view->labels, lbo->bound[i].cell, bound);
    (void)fprintf(out, "%s,%s,%s", hm_summary_metric_name(metric), workload,
                  cell->key[HM_SUMMARY_KEY_strategy]);
    hm_summary_put_real(out, hm_summary_place(cell, HM_SUMMARY_BY_HEAP));
    lbo_put(out, &log_ratio);
    (void)fprintf(out, ",%s,%zu,%.0f,%s\n",
                  hm_summary_status_name(hm_summary_worst_status(cell)),
                  log_ratio.n, lbo->bound[i].cost_ns, bound);
    return error;
}

/* Sums the logarithms of a group over works, by block.  Returns the number of
 * works that it completed. */
static size_t lbo_add_group(struct lbo *lbo, const struct hm_summary_cell *like,
                            enum hm_summary_metric metric)
{
    size_t works = 0;

    memset(lbo->sum, 0, lbo->blocks * sizeof *lbo->sum);
    memset(lbo->count, 0, lbo->blocks * sizeof *lbo->count);
    for (size_t i = 0; i < lbo->n; i++) {
        const struct hm_summary_cell *cell = lbo->order[i];

        if (lbo->bound[i].cell == NULL || !hm_summary_is_complete(cell) ||
            !hm_summary_same_group(cell, like))
            continue;
        works++;
        for (size_t r = 0; r < cell->n_ok; r++) {
            lbo->sum[cell->ok[r].block] +=
                log(cell->ok[r].value[metric] / lbo->bound[i].cost_ns);
            lbo->count[cell->ok[r].block]++;
        }
    }
    return works;
}

/* A mean is given only where the strategy completed all works: the others
 * would be means of what is easy. */
static int lbo_put_mean(FILE *out, struct lbo *lbo,
                        const struct hm_summary_cell *like,
                        enum hm_summary_metric metric)
{
    size_t works = lbo_add_group(lbo, like, metric), n = 0;
    struct hm_interval log_ratio = {.n = 0};
    int error = 0;

    for (size_t b = 0; b < lbo->blocks && works == lbo->works; b++) {
        if (lbo->count[b] == works)
            lbo->value[n++] = lbo->sum[b] / (double)works;
    }
    if (n > 0)
        error = hm_summary_interval(lbo->value, n, &log_ratio);
    (void)fprintf(out, "%s,geomean,%s", hm_summary_metric_name(metric),
                  like->key[HM_SUMMARY_KEY_strategy]);
    hm_summary_put_real(out, hm_summary_place(like, HM_SUMMARY_BY_HEAP));
    lbo_put(out, &log_ratio);
    (void)fprintf(out, ",%s,%zu,NaN,\n", n > 0 ? "ok" : "none", n);
    return error;
}

static int lbo_is_group_head(const struct lbo *lbo, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (lbo->bound[k].cell != NULL &&
            hm_summary_same_group(lbo->order[k], lbo->order[i]))
            return 0;
    }
    return lbo->bound[i].cell != NULL;
}

/* The works, then their means in the order in which strategies first come. */
static int lbo_put_metric(FILE *out, struct lbo *lbo,
                          enum hm_summary_metric metric)
{
    int error = 0;

    lbo_find_bounds(lbo, metric);
    for (size_t i = 0; i < lbo->n && error == 0; i++) {
        if (lbo->bound[i].cell != NULL)
            error = lbo_put_cell(out, lbo, i, metric);
    }
    for (size_t i = 0; i < lbo->n && error == 0 && lbo->works > 1; i++) {
        if (lbo_is_group_head(lbo, i))
            error = lbo_put_mean(out, lbo, lbo->order[i], metric);
    }
    return error;
}

static int lbo_init(struct lbo *lbo, const struct hm_summary_view *view)
{
    const struct hm_summary_campaign *campaign = view->campaign;
    size_t runs = 1;

    *lbo = (struct lbo){.view = view, .blocks = 1};
    for (size_t c = 0; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];

        if (cell->n_ok > runs)
            runs = cell->n_ok;
        if (cell->n_ok > 0 && cell->ok[cell->n_ok - 1].block >= lbo->blocks)
            lbo->blocks = cell->ok[cell->n_ok - 1].block + (size_t)1;
    }
    runs = runs > lbo->blocks ? runs : lbo->blocks;
    lbo->order = malloc(campaign->n_cells * sizeof(void *));
    lbo->bound = malloc(campaign->n_cells * sizeof *lbo->bound);
    lbo->value = malloc(runs * sizeof *lbo->value);
    lbo->sum = malloc(lbo->blocks * sizeof *lbo->sum);
    lbo->count = malloc(lbo->blocks * sizeof *lbo->count);
    if (lbo->order == NULL || lbo->bound == NULL || lbo->value == NULL ||
        lbo->sum == NULL || lbo->count == NULL)
        return -ENOMEM;
    lbo->n = hm_summary_curves(campaign, HM_SUMMARY_BY_HEAP, lbo->order);
    return 0;
}

int hm_summary_write_lbo(const struct hm_summary_view *view, const char *folder)
{
    struct hm_replace_file file;
    struct lbo lbo;
    int error = lbo_init(&lbo, view);

    if (error == 0)
        error = hm_replace_begin(&file, folder, "lbo.csv");
    if (error == 0) {
        (void)fputs("metric,workload,strategy,heap_multiple,lbo,low,high,"
                    "status,n,bound_ns,bound\n",
                    file.out);
        error = lbo_put_metric(file.out, &lbo, HM_SUMMARY_wall_ns);
        if (error == 0)
            error = lbo_put_metric(file.out, &lbo, HM_SUMMARY_cpu_ns);
        error = hm_replace_end(&file, error);
    }
    free(lbo.order);
    free(lbo.bound);
    free(lbo.value);
    free(lbo.sum);
    free(lbo.count);
    return error;
}
