/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_derived.h"

#include "harness/analysis/summary_side.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More points than a panel has pixels help nobody. */
enum { TIMELINE_POINTS = 300, TIMELINE_COLUMNS = 4 };

#define TIMELINE_MIB 1048576.0

struct timeline_sample {
    double t_ns, rss_bytes, live_bytes;
};

/* The samples of the one run that stands for a cell. */
struct timeline_run {
    struct timeline_sample *sample;
    size_t n, capacity;
};

struct timeline {
    const struct hm_summary_view *view;
    struct timeline_run *run; /* by cell */
    struct hm_summary_side side;
};

static int timeline_keep(struct timeline_run *run,
                         const struct timeline_sample *sample)
{
    if (run->n == run->capacity) {
        size_t capacity = run->capacity == 0 ? 256 : run->capacity * 2;
        struct timeline_sample *larger =
            realloc(run->sample, capacity * sizeof *larger);

        if (larger == NULL)
            return -ENOMEM;
        run->sample = larger;
        run->capacity = capacity;
    }
    run->sample[run->n++] = *sample;
    return 0;
}

static int timeline_add(void *self)
{
    struct timeline *timeline = self;
    double number[TIMELINE_COLUMNS];
    const char *phase = hm_summary_side_text(&timeline->side, TIMELINE_COLUMNS);
    long cell;

    for (size_t i = 0; i < TIMELINE_COLUMNS; i++) {
        const char *text = hm_summary_side_text(&timeline->side, i);

        if (hm_csv_number(text, &number[i]) != 0) {
            return hm_summary_side_fail(&timeline->side,
                                        "a field is not a number");
        }
    }
    cell = hm_summary_shown_cell(timeline->view->campaign, number[0]);
    if (cell < 0 || strcmp(phase, "0") == 0 || strcmp(phase, "setup") == 0)
        return 0;
    return timeline_keep(
        &timeline->run[cell],
        &(struct timeline_sample){number[1], number[2], number[3]});
}

static void timeline_put_mib(FILE *out, double bytes)
{
    if (isnan(bytes)) {
        (void)fputs(",NaN", out);
    } else {
        (void)fprintf(out, ",%.6g", bytes / TIMELINE_MIB);
    }
}

/* Of each stretch of samples the one with the highest RSS: peaks survive. */
static void timeline_put(FILE *out, const struct timeline_run *run,
                         const char *labels)
{
    size_t points = run->n < TIMELINE_POINTS ? run->n : TIMELINE_POINTS;

    for (size_t p = 0; p < points; p++) {
        size_t begin = p * run->n / points;
        size_t end = (p + 1) * run->n / points;
        const struct timeline_sample *top = &run->sample[begin];

        for (size_t i = begin; i < end; i++) {
            if (run->sample[i].rss_bytes > top->rss_bytes)
                top = &run->sample[i];
        }
        (void)fprintf(out, "%s,%.6g", labels,
                      (top->t_ns - run->sample[0].t_ns) / 1e9);
        timeline_put_mib(out, top->rss_bytes);
        timeline_put_mib(out, top->live_bytes);
        (void)fputc('\n', out);
    }
    (void)fprintf(out, "%s,NaN,NaN,NaN\n", labels);
}

static int timeline_write(const struct timeline *timeline, const char *folder)
{
    const struct hm_summary_view *view = timeline->view;
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, "timeline.csv");

    if (error != 0)
        return error;
    (void)fputs("workload,strategy,t_s,rss_mib,live_mib\n", file.out);
    for (size_t c = 0; c < view->campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &view->campaign->cell[c];
        char workload[HM_LABEL_BYTES];
        char strategy[HM_LABEL_BYTES];
        char labels[2 * HM_LABEL_BYTES + 2];

        if (timeline->run[c].n == 0)
            continue;
        hm_summary_workload_label(&view->labels, cell, workload);
        hm_summary_strategy_label(&view->labels, cell, strategy);
        (void)snprintf(labels, sizeof labels, "%s,%s", workload, strategy);
        timeline_put(file.out, &timeline->run[c], labels);
    }
    return hm_replace_end(&file, 0);
}

int hm_summary_write_timeline(const struct hm_summary_view *view,
                              const char *folder)
{
    static const struct hm_summary_side_table table = {
        "samples.csv", {"run_id", "t_ns", "rss_bytes", "live_bytes", "phase"}};
    struct timeline timeline = {.view = view, .side.campaign = view->campaign};
    size_t n_cells = view->campaign->n_cells;
    int error;

    timeline.run = calloc(n_cells, sizeof *timeline.run);
    if (timeline.run == NULL)
        return -ENOMEM;
    error = hm_summary_side_read(&timeline.side, folder, &table, timeline_add,
                                 &timeline);
    if (error == 0)
        error = timeline_write(&timeline, folder);
    for (size_t c = 0; c < n_cells; c++)
        free(timeline.run[c].sample);
    free(timeline.run);
    return error;
}
