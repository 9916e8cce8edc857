/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"
#include "harness/analysis/summary_derived.h"

#include "harness/analysis/summary_rows.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A figure that workloads find, and what it is in the chart's data. */
struct figures_name {
    const char *figure, *label;
};

/* One file of such data: a row for each cell and name. */
struct figures_file {
    const char *name, *header;
    double unit; /* figures are divided by it */
    const struct figures_name *names;
    size_t n_names;
};

struct figures {
    const struct hm_summary_view *view;
    const struct figures_file *file;
    double *value; /* room for one per run of a cell */
    FILE *out;
};

static size_t figures_values(const struct hm_summary_cell *cell,
                             const char *figure, double *value)
{
    size_t n = 0;

    for (size_t i = 0; i < cell->n_ok; i++) {
        const char *list = cell->ok[i].figures;
        double found = list != NULL ? hm_summary_param(list, figure) : NAN;

        if (isfinite(found))
            value[n++] = found;
    }
    return n;
}

static int figures_put(const struct figures *figures,
                       const struct hm_summary_cell *cell,
                       const struct figures_name *name)
{
    struct hm_interval found = {NAN, NAN, NAN, 0};
    double unit = figures->file->unit;
    size_t n = hm_summary_is_complete(cell)
                   ? figures_values(cell, name->figure, figures->value)
                   : 0;
    int error = n > 0 ? hm_summary_median(figures->value, n, &found) : 0;
    char label[HM_LABEL_BYTES];

    hm_summary_workload_label(&figures->view->labels, cell, label);
    (void)fprintf(figures->out, "%s,", label);
    hm_summary_strategy_label(&figures->view->labels, cell, label);
    (void)fprintf(figures->out, "%s,%s", label, name->label);
    hm_summary_put_real(figures->out, found.estimate / unit);
    hm_summary_put_real(figures->out, found.low / unit);
    hm_summary_put_real(figures->out, found.high / unit);
    (void)fprintf(figures->out, ",%s,%zu\n",
                  hm_summary_status_name(hm_summary_worst_status(cell)), n);
    return error;
}

/* The cells begin .. end-1 are of one work: a figure that one of them has is
 * asked of all, so that those that failed have their rows. */
static int figures_put_work(const struct figures *figures, size_t begin,
                            size_t end)
{
    const struct hm_summary_cell *cell = figures->view->campaign->cell;
    int error = 0;

    for (size_t c = begin; c < end && error == 0; c++) {
        for (size_t f = 0; f < figures->file->n_names && error == 0; f++) {
            const struct figures_name *name = &figures->file->names[f];
            size_t any = begin;

            while (any < end && figures_values(&cell[any], name->figure,
                                               figures->value) == 0)
                any++;
            if (any < end && cell[c].arm != HM_SUMMARY_ARM_TWIN)
                error = figures_put(figures, &cell[c], name);
        }
    }
    return error;
}

static int figures_put_all(const struct figures *figures)
{
    const struct hm_summary_campaign *campaign = figures->view->campaign;
    size_t end;
    int error = 0;

    (void)fputs(figures->file->header, figures->out);
    for (size_t begin = 0; begin < campaign->n_cells && error == 0;
         begin = end) {
        end = begin + 1;
        while (end < campaign->n_cells &&
               hm_summary_same_work(&campaign->cell[begin],
                                    &campaign->cell[end], HM_SUMMARY_BY_HEAP))
            end++;
        error = figures_put_work(figures, begin, end);
    }
    return error;
}

static int figures_write(const struct hm_summary_view *view, const char *folder,
                         const struct figures_file *what)
{
    struct hm_replace_file file;
    struct figures figures = {.view = view, .file = what};
    int error = hm_replace_begin(&file, folder, what->name);

    if (error != 0)
        return error;
    figures.out = file.out;
    figures.value =
        malloc(hm_summary_most_runs(view->campaign) * sizeof *figures.value);
    error = figures.value == NULL ? -ENOMEM : figures_put_all(&figures);
    free(figures.value);
    return hm_replace_end(&file, error);
}

int hm_summary_write_drain(const struct hm_summary_view *view,
                           const char *folder)
{
    static const struct figures_name names[] = {
        {"rss_0ms_bytes", "0s"},       {"rss_100ms_bytes", "0.1s"},
        {"rss_1000ms_bytes", "1s"},    {"rss_5000ms_bytes", "5s"},
        {"rss_10000ms_bytes", "10s"},  {"rss_1000ops_bytes", "1000ops"},
        {"rss_trimmed_bytes", "trim"},
    };

    return figures_write(
        view, folder,
        &(struct figures_file){
            "drain.csv", "workload,strategy,after,rss_mib,low,high,status,n\n",
            1048576, names, sizeof names / sizeof names[0]});
}

int hm_summary_write_sharing(const struct hm_summary_view *view,
                             const char *folder)
{
    static const struct figures_name names[] = {
        {"active_percent", "active"},
        {"passive_percent", "passive"},
    };

    return figures_write(
        view, folder,
        &(struct figures_file){
            "sharing.csv", "workload,strategy,round,share,low,high,status,n\n",
            100, names, sizeof names / sizeof names[0]});
}
