/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_derived.h"

#include "common/pause_log.h"
#include "harness/analysis/summary_side.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More stretches than a panel has pixels help nobody.  The last kind is for
 * words that another runtime may have. */
enum {
    PAUSES_STRETCHES = 240,
    PAUSES_KINDS = HM_PAUSE_KINDS_END + 1,
    PAUSES_NUMBERS = 3
};

/* The pauses of a kind that began within a stretch of the window. */
struct pauses_stretch {
    double start_ns, longest_ns; /* the longest of them */
    double total_ns;
    uint32_t n;
};

/* Of the one run that stands for a cell. */
struct pauses {
    const struct hm_summary_view *view;
    struct pauses_stretch **kind; /* [cell * PAUSES_KINDS + kind]; NULL: none */
    struct hm_summary_side side;
};

static const char *pauses_kind_name(size_t kind)
{
    return kind < HM_PAUSE_KINDS_END
               ? hm_pause_kind_name((enum hm_pause_kind)kind)
               : "other";
}

static size_t pauses_kind(const char *word)
{
    size_t kind = 0;

    while (kind < HM_PAUSE_KINDS_END &&
           strcmp(word, pauses_kind_name(kind)) != 0)
        kind++;
    return kind;
}

static double pauses_window_ns(const struct pauses *pauses, size_t cell)
{
    const struct hm_summary_cell *of = &pauses->view->campaign->cell[cell];

    return of->ok[of->shown].value[HM_SUMMARY_wall_ns];
}

/* The longest of a stretch stands for all of it: maxima survive.  What began
 * outside of the window is drawn at its edge. */
static int pauses_keep(const struct pauses *pauses, size_t cell, size_t kind,
                       double start_ns, double duration_ns)
{
    struct pauses_stretch **all = &pauses->kind[cell * PAUSES_KINDS + kind];
    double window_ns = pauses_window_ns(pauses, cell);
    double at_ns = fmin(fmax(start_ns, 0), window_ns);
    struct pauses_stretch *stretch;

    if (*all == NULL)
        *all = calloc(PAUSES_STRETCHES, sizeof **all);
    if (*all == NULL)
        return -ENOMEM;
    stretch = *all + (at_ns < window_ns
                          ? (size_t)(at_ns / window_ns * PAUSES_STRETCHES)
                          : PAUSES_STRETCHES - 1);
    if (stretch->n == 0 || duration_ns > stretch->longest_ns) {
        stretch->start_ns = at_ns;
        stretch->longest_ns = duration_ns;
    }
    stretch->total_ns += duration_ns;
    stretch->n++;
    return 0;
}

static int pauses_add(void *self)
{
    const struct pauses *pauses = self;
    double number[PAUSES_NUMBERS]; /* run_id, start_ns, duration_ns */
    long cell;

    for (size_t i = 0; i < PAUSES_NUMBERS; i++) {
        const char *text = hm_summary_side_text(&pauses->side, i);

        if (hm_csv_number(text, &number[i]) != 0 || isnan(number[i]) ||
            (i != 1 && number[i] < 0)) {
            return hm_summary_side_fail(&pauses->side,
                                        "a field is not a number");
        }
    }
    cell = hm_summary_shown_cell(pauses->view->campaign, number[0]);
    if (cell < 0)
        return 0;
    return pauses_keep(
        pauses, (size_t)cell,
        pauses_kind(hm_summary_side_text(&pauses->side, PAUSES_NUMBERS)),
        number[1], number[2]);
}

/* The rows of a kind; returns the sum of its pauses. */
static double pauses_put_kind(FILE *out, const char *labels, const char *kind,
                              const struct pauses_stretch *stretch)
{
    double total_ns = 0;

    for (size_t i = 0; i < PAUSES_STRETCHES; i++) {
        if (stretch[i].n == 0)
            continue;
        (void)fprintf(out, "%s,%s,%.6g,%.6g,%u,%.6g\n", labels, kind,
                      stretch[i].start_ns / 1e9, stretch[i].longest_ns / 1e6,
                      stretch[i].n, stretch[i].total_ns / 1e6);
        total_ns += stretch[i].total_ns;
    }
    return total_ns;
}

static void pauses_put(FILE *out, const struct pauses *pauses, size_t number)
{
    const struct hm_summary_view *view = pauses->view;
    const struct hm_summary_cell *cell = &view->campaign->cell[number];
    char workload[HM_LABEL_BYTES], strategy[HM_LABEL_BYTES];
    char labels[2 * HM_LABEL_BYTES + 2];
    double listed_ns = 0;
    size_t kinds = 0;

    hm_summary_workload_label(&view->labels, cell, workload);
    hm_summary_strategy_label(&view->labels, cell, strategy);
    (void)snprintf(labels, sizeof labels, "%s,%s", workload, strategy);
    for (size_t k = 0; k < PAUSES_KINDS; k++) {
        const struct pauses_stretch *stretch =
            pauses->kind[number * PAUSES_KINDS + k];

        if (stretch == NULL)
            continue;
        kinds++;
        listed_ns += pauses_put_kind(out, labels, pauses_kind_name(k), stretch);
    }
    if (kinds > 0) {
        double all_ns = cell->ok[cell->shown].value[HM_SUMMARY_pause_total_ns];

        /* fmax takes the other of a total that is not known. */
        (void)fprintf(out, "%s,unlisted,%.6g,NaN,0,%.6g\n", labels,
                      pauses_window_ns(pauses, number) / 1e9,
                      fmax(all_ns - listed_ns, 0) / 1e6);
    }
}

static int pauses_write(const struct pauses *pauses, const char *folder)
{
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, "pause_history.csv");

    if (error != 0)
        return error;
    (void)fputs("workload,strategy,kind,t_s,pause_ms,pauses,total_ms\n",
                file.out);
    for (size_t c = 0; c < pauses->view->campaign->n_cells; c++)
        pauses_put(file.out, pauses, c);
    return hm_replace_end(&file, 0);
}

int hm_summary_write_pauses(const struct hm_summary_view *view,
                            const char *folder)
{
    static const struct hm_summary_side_table table = {
        "pauses.csv", {"run_id", "start_ns", "duration_ns", "kind"}};
    struct pauses pauses = {.view = view, .side.campaign = view->campaign};
    size_t n = view->campaign->n_cells * PAUSES_KINDS;
    int error;

    pauses.kind = calloc(n, sizeof(struct pauses_stretch *));
    if (pauses.kind == NULL)
        return -ENOMEM;
    error =
        hm_summary_side_read(&pauses.side, folder, &table, pauses_add, &pauses);
    if (error == 0)
        error = pauses_write(&pauses, folder);
    for (size_t i = 0; i < n; i++)
        free(pauses.kind[i]);
    free(pauses.kind);
    return error;
}
