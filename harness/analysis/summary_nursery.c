/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"
#include "harness/analysis/summary_derived.h"

#include "common/params.h"
#include "harness/csv.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NURSERY_SETTING "option.nursery_max="

enum { NURSERY_SIZE_BYTES = 24 };

/* What plan.csv says of a cell; "" where it has not been given a nursery. */
struct nursery_size {
    char text[NURSERY_SIZE_BYTES]; /* as in the suite: "16M" */
};

/* A cell that has; `curve` is the number of the first such cell that is on the
 * same one. */
struct nursery_point {
    const struct hm_summary_cell *cell;
    uint64_t bytes;
    size_t curve;
    char workload[HM_LABEL_BYTES], strategy[HM_LABEL_BYTES];
};

struct nursery {
    const struct hm_summary_view *view;
    struct nursery_size *size; /* by row of the plan */
    size_t n_sizes;
    struct nursery_point *point;
    size_t n_points;
    double *value; /* room for the runs of a cell */
    FILE *out;
};

/* A chart: what it shows of a run. */
struct nursery_metric {
    const char *name;
    double (*of)(const struct hm_summary_run *run);
};

static double nursery_throughput(const struct hm_summary_run *run)
{
    return run->ops / run->value[HM_SUMMARY_wall_ns] * 1e9;
}

static double nursery_cpu_ms(const struct hm_summary_run *run)
{
    return run->value[HM_SUMMARY_cpu_ns] / 1e6;
}

static double nursery_pause_ms(const struct hm_summary_run *run)
{
    return run->value[HM_SUMMARY_pause_max_ns] / 1e6;
}

static double nursery_rss_mib(const struct hm_summary_run *run)
{
    return run->value[HM_SUMMARY_rss_peak_bytes] / 1048576;
}

static double nursery_collections(const struct hm_summary_run *run)
{
    return run->collections;
}

static const struct nursery_metric nursery_metrics[] = {
    {"ops_per_s", nursery_throughput},    {"cpu_ms", nursery_cpu_ms},
    {"pause_max_ms", nursery_pause_ms},   {"rss_peak_mib", nursery_rss_mib},
    {"collections", nursery_collections},
};

/* The value of the setting, if the list "a=1;b=2;" has it. */
static void nursery_note(struct nursery_size *size, const char *settings)
{
    const size_t name_bytes = strlen(NURSERY_SETTING);

    size->text[0] = '\0';
    for (const char *at = settings; *at != '\0';
         at += strcspn(at, ";"), at += *at == ';') {
        size_t bytes = strcspn(at, ";");

        if (strncmp(at, NURSERY_SETTING, name_bytes) != 0 ||
            bytes - name_bytes >= sizeof size->text)
            continue;
        memcpy(size->text, at + name_bytes, bytes - name_bytes);
        size->text[bytes - name_bytes] = '\0';
    }
}

static int nursery_read_rows(struct nursery *nursery, struct hm_csv *csv)
{
    int column = hm_csv_column(csv, "settings");
    int more;

    if (column < 0)
        return 0;
    while ((more = hm_csv_next(csv)) > 0) {
        struct nursery_size *larger = realloc(
            nursery->size, (nursery->n_sizes + 1) * sizeof *nursery->size);

        if (larger == NULL)
            return -ENOMEM;
        nursery->size = larger;
        nursery_note(&larger[nursery->n_sizes++], csv->field[column]);
    }
    return more;
}

/* Row i of the plan is cell i.  A campaign without a plan has no nurseries. */
static int nursery_read_plan(struct nursery *nursery, const char *folder)
{
    struct hm_summary_campaign *campaign = nursery->view->campaign;
    struct hm_csv csv;
    char path[4096];
    int error;

    (void)snprintf(path, sizeof path, "%s/plan.csv", folder);
    error = hm_csv_open(&csv, path);
    if (error == -ENOENT)
        return 0;
    if (error == 0) {
        error = nursery_read_rows(nursery, &csv);
        hm_csv_close(&csv);
    }
    if (error != 0) {
        (void)snprintf(campaign->error, sizeof campaign->error, "%s",
                       csv.error);
    }
    return error;
}

/* "" for a cell without a nursery of its own. */
static const char *nursery_text(const struct nursery *nursery,
                                const struct hm_summary_cell *cell)
{
    return cell->plan_row < nursery->n_sizes
               ? nursery->size[cell->plan_row].text
               : "";
}

/* The curve that a cell is on: `node_1gc_16M` with 16M is a point of
 * `node_1gc`. */
static void nursery_label(const struct nursery *nursery,
                          const struct hm_summary_cell *cell, char *label)
{
    const char *id = cell->key[HM_SUMMARY_KEY_strategy];
    const char *size = nursery_text(nursery, cell);
    size_t bytes = strlen(id), tail = strlen(size) + 1;
    char curve[HM_LABEL_BYTES];

    if (bytes > tail && id[bytes - tail] == '_' &&
        strcmp(id + bytes - tail + 1, size) == 0)
        bytes -= tail;
    (void)snprintf(curve, sizeof curve, "%.*s", (int)bytes, id);
    hm_label_strategy(label, curve,
                      nursery->view->labels.many_heaps
                          ? cell->key[HM_SUMMARY_KEY_heap_multiple]
                          : "");
}

static int nursery_same_curve(const struct nursery_point *a,
                              const struct nursery_point *b)
{
    return strcmp(a->workload, b->workload) == 0 &&
           strcmp(a->strategy, b->strategy) == 0;
}

static void nursery_add(struct nursery *nursery,
                        const struct hm_summary_cell *cell, uint64_t bytes)
{
    struct nursery_point *point = &nursery->point[nursery->n_points];

    point->cell = cell;
    point->bytes = bytes;
    hm_summary_workload_label(&nursery->view->labels, cell, point->workload);
    nursery_label(nursery, cell, point->strategy);
    while (!nursery_same_curve(&nursery->point[point->curve], point))
        point->curve++;
    nursery->n_points++;
}

/* A line is drawn through rows that follow each other. */
static int nursery_compare(const void *left, const void *right)
{
    const struct nursery_point *a = left, *b = right;

    if (a->curve != b->curve)
        return a->curve < b->curve ? -1 : 1;
    return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static int nursery_collect(struct nursery *nursery)
{
    const struct hm_summary_campaign *campaign = nursery->view->campaign;

    nursery->point = calloc(campaign->n_cells, sizeof *nursery->point);
    if (nursery->point == NULL)
        return -ENOMEM;
    for (size_t c = 0; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];
        uint64_t bytes;

        if (cell->arm != HM_SUMMARY_ARM_TWIN &&
            hm_params_number(nursery_text(nursery, cell), &bytes) == 0 &&
            bytes > 0)
            nursery_add(nursery, cell, bytes);
    }
    qsort(nursery->point, nursery->n_points, sizeof *nursery->point,
          nursery_compare);
    return 0;
}

/* found->n = 0 where no run has the metric. */
static int nursery_find(const struct nursery *nursery,
                        const struct hm_summary_cell *cell,
                        const struct nursery_metric *metric,
                        struct hm_interval *found)
{
    size_t n = 0;

    for (size_t i = 0; i < cell->n_ok && hm_summary_is_complete(cell); i++) {
        double value = metric->of(&cell->ok[i]);

        if (isfinite(value))
            nursery->value[n++] = value;
    }
    return n > 0 ? hm_summary_median(nursery->value, n, found) : 0;
}

static int nursery_put(const struct nursery *nursery,
                       const struct nursery_point *point,
                       const struct nursery_metric *metric)
{
    struct hm_interval found = {NAN, NAN, NAN, 0};
    int error = nursery_find(nursery, point->cell, metric, &found);

    (void)fprintf(nursery->out, "%s,%s,%s,%g", metric->name, point->workload,
                  point->strategy, (double)point->bytes / 1048576);
    hm_summary_put_real(nursery->out, found.estimate);
    hm_summary_put_real(nursery->out, found.low);
    hm_summary_put_real(nursery->out, found.high);
    (void)fprintf(nursery->out, ",%s,%zu\n",
                  hm_summary_status_name(hm_summary_worst_status(point->cell)),
                  found.n);
    return error;
}

static int nursery_put_all(const struct nursery *nursery)
{
    const size_t n = sizeof nursery_metrics / sizeof nursery_metrics[0];
    int error = 0;

    (void)fputs("metric,workload,strategy,nursery_mib,value,low,high,status,"
                "n\n",
                nursery->out);
    for (size_t m = 0; m < n; m++) {
        for (size_t i = 0; i < nursery->n_points && error == 0; i++) {
            error =
                nursery_put(nursery, &nursery->point[i], &nursery_metrics[m]);
        }
    }
    return error;
}

int hm_summary_write_nursery(const struct hm_summary_view *view,
                             const char *folder)
{
    struct nursery nursery = {
        .view = view,
        .value = malloc(hm_summary_most_runs(view->campaign) * sizeof(double))};
    struct hm_replace_file file;
    int error =
        nursery.value == NULL ? -ENOMEM : nursery_read_plan(&nursery, folder);

    if (error == 0)
        error = nursery_collect(&nursery);
    if (error == 0)
        error = hm_replace_begin(&file, folder, "nursery.csv");
    if (error == 0) {
        nursery.out = file.out;
        error = hm_replace_end(&file, nursery_put_all(&nursery));
    }
    free(nursery.size);
    free(nursery.point);
    free(nursery.value);
    return error;
}
