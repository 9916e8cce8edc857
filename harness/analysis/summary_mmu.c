/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_derived.h"

#include "harness/analysis/mmu.h"
#include "harness/analysis/summary_side.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Utilisations of the runs of a cell, by window; a run without a pause is 1
 * everywhere. */
struct mmu_cell {
    double *mmu, *bmu;     /* [window * n_ok + run] */
    unsigned char *is_set; /* by run */
};

/* The pauses of the run at hand: its rows stand together. */
struct mmu {
    const struct hm_summary_view *view;
    struct mmu_cell *cell;
    struct hm_summary_side side;
    double run_id; /* < 0: none yet */
    struct hm_span *span;
    size_t n, capacity;
    double *scratch; /* one utilisation per window, twice */
};

static int mmu_open_cell(struct mmu *mmu, uint32_t number)
{
    size_t n = mmu->view->campaign->cell[number].n_ok;
    struct mmu_cell *cell = &mmu->cell[number];

    if (cell->mmu != NULL)
        return 0;
    cell->mmu = malloc(n * HM_WINDOWS * sizeof(double));
    cell->bmu = malloc(n * HM_WINDOWS * sizeof(double));
    cell->is_set = calloc(n, 1);
    if (cell->mmu == NULL || cell->bmu == NULL || cell->is_set == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n * HM_WINDOWS; i++)
        cell->mmu[i] = cell->bmu[i] = 1;
    return 0;
}

static void mmu_put_run(struct mmu *mmu, uint32_t number, size_t run)
{
    const struct hm_summary_cell *of = &mmu->view->campaign->cell[number];
    double total = of->ok[run].value[HM_SUMMARY_wall_ns];
    struct mmu_cell *cell = &mmu->cell[number];
    size_t n = hm_spans_join(mmu->span, mmu->n, total);
    double *each = mmu->scratch, *bound = mmu->scratch + HM_WINDOWS;

    for (size_t w = 0; w < HM_WINDOWS; w++)
        each[w] = hm_mmu(mmu->span, n, total, hm_window_ns(w));
    hm_bmu(each, HM_WINDOWS, hm_mmu(mmu->span, n, total, total), bound);
    for (size_t w = 0; w < HM_WINDOWS; w++) {
        cell->mmu[w * of->n_ok + run] = each[w];
        cell->bmu[w * of->n_ok + run] = bound[w];
    }
    cell->is_set[run] = 1;
}

/* The run at hand has all its pauses. */
static int mmu_close_run(struct mmu *mmu)
{
    const struct hm_summary_campaign *campaign = mmu->view->campaign;
    uint32_t number = UINT32_MAX;
    size_t run = 0;
    int error;

    if (mmu->run_id < 0)
        return 0;
    if (mmu->run_id < (double)campaign->n_run_ids)
        number = campaign->cell_of_run[(size_t)mmu->run_id];
    if (number == UINT32_MAX) {
        return hm_summary_side_fail(&mmu->side,
                                    "this run_id is not in runs.csv");
    }
    while (run < campaign->cell[number].n_ok &&
           campaign->cell[number].ok[run].run_id != (uint32_t)mmu->run_id)
        run++;
    if (campaign->cell[number].arm == HM_SUMMARY_ARM_TWIN ||
        run == campaign->cell[number].n_ok)
        return 0;
    error = mmu_open_cell(mmu, number);
    if (error != 0)
        return error;
    if (mmu->cell[number].is_set[run]) {
        return hm_summary_side_fail(&mmu->side,
                                    "the rows of a run do not stand together");
    }
    mmu_put_run(mmu, number, run);
    return 0;
}

static int mmu_add(void *self)
{
    struct mmu *mmu = self;
    double number[3];
    int error = 0;

    for (size_t i = 0; i < 3; i++) {
        const char *text = hm_summary_side_text(&mmu->side, i);

        if (hm_csv_number(text, &number[i]) != 0 || isnan(number[i]) ||
            (i != 1 && number[i] < 0))
            return hm_summary_side_fail(&mmu->side, "a field is not a number");
    }
    if (number[0] < mmu->run_id || number[0] > mmu->run_id) {
        error = mmu_close_run(mmu);
        mmu->run_id = number[0];
        mmu->n = 0;
    }
    if (error == 0 && mmu->n == mmu->capacity) {
        size_t capacity = mmu->capacity == 0 ? 1024 : mmu->capacity * 2;
        struct hm_span *span = realloc(mmu->span, capacity * sizeof *mmu->span);

        if (span == NULL)
            return -ENOMEM;
        mmu->span = span;
        mmu->capacity = capacity;
    }
    if (error == 0) {
        mmu->span[mmu->n++] =
            (struct hm_span){number[1], number[1] + number[2]};
    }
    return error;
}

static int mmu_read(struct mmu *mmu, const char *folder)
{
    static const struct hm_summary_side_table table = {
        "pauses.csv", {"run_id", "start_ns", "duration_ns"}};
    int error = hm_summary_side_read(&mmu->side, folder, &table, mmu_add, mmu);

    return error != 0 ? error : mmu_close_run(mmu);
}

static int mmu_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* The worst and the middle of n runs; with an even number the lower of two. */
static void mmu_put_shares(FILE *out, double *share, size_t n)
{
    qsort(share, n, sizeof *share, mmu_compare);
    (void)fprintf(out, ",%.6g,%.6g", share[0], share[(n - 1) / 2]);
}

/* Up to the first window that no run is longer than. */
static void mmu_put_cell(FILE *out, const struct hm_summary_view *view,
                         const struct hm_summary_cell *of,
                         struct mmu_cell *cell)
{
    char workload[HM_LABEL_BYTES], strategy[HM_LABEL_BYTES];
    double longest = 0;

    hm_summary_workload_label(&view->labels, of, workload);
    hm_summary_strategy_label(&view->labels, of, strategy);
    for (size_t r = 0; r < of->n_ok; r++)
        longest = fmax(longest, of->ok[r].value[HM_SUMMARY_wall_ns]);
    for (size_t w = 0; w < HM_WINDOWS; w += HM_WINDOWS_PER_SHOWN) {
        (void)fprintf(out, "%s,%s,%.0f", workload, strategy, hm_window_ns(w));
        mmu_put_shares(out, cell->mmu + w * of->n_ok, of->n_ok);
        mmu_put_shares(out, cell->bmu + w * of->n_ok, of->n_ok);
        (void)fprintf(out, ",%zu\n", of->n_ok);
        if (hm_window_ns(w) >= longest)
            break;
    }
    (void)fprintf(out, "%s,%s,NaN,NaN,NaN,NaN,NaN,%zu\n", workload, strategy,
                  of->n_ok);
}

static int mmu_write(struct mmu *mmu, const char *folder)
{
    const struct hm_summary_campaign *campaign = mmu->view->campaign;
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, "mmu.csv");

    if (error != 0)
        return error;
    (void)fputs("workload,strategy,window_ns,mmu_worst,mmu_median,bmu_worst,"
                "bmu_median,runs\n",
                file.out);
    for (size_t c = 0; c < campaign->n_cells; c++) {
        if (mmu->cell[c].mmu != NULL) {
            mmu_put_cell(file.out, mmu->view, &campaign->cell[c],
                         &mmu->cell[c]);
        }
    }
    return hm_replace_end(&file, 0);
}

int hm_summary_write_mmu(const struct hm_summary_view *view, const char *folder)
{
    struct mmu mmu = {
        .view = view, .side.campaign = view->campaign, .run_id = -1};
    size_t n = view->campaign->n_cells;
    int error = -ENOMEM;

    mmu.cell = calloc(n, sizeof *mmu.cell);
    mmu.scratch = malloc((size_t)2 * HM_WINDOWS * sizeof *mmu.scratch);
    if (mmu.cell != NULL && mmu.scratch != NULL)
        error = mmu_read(&mmu, folder);
    if (error == 0)
        error = mmu_write(&mmu, folder);
    for (size_t c = 0; c < n && mmu.cell != NULL; c++) {
        free(mmu.cell[c].mmu);
        free(mmu.cell[c].bmu);
        free(mmu.cell[c].is_set);
    }
    free(mmu.cell);
    free(mmu.scratch);
    free(mmu.span);
    return error;
}
