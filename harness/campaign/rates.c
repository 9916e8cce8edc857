/* SPDX-License-Identifier: MIT */
#include "harness/campaign/rates.h"

#include "common/schedule.h"
#include "harness/campaign/measure.h"
#include "harness/campaign/progress.h"
#include "harness/csv.h"
#include "harness/replace_file.h"
#include "harness/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

uint64_t hm_rate_at(const struct hm_rate *rate, unsigned load_percent)
{
    double per_s = (double)rate->per_s * load_percent / 100;

    if (per_s >= HM_SCHEDULE_RATE_MAX)
        return HM_SCHEDULE_RATE_MAX;
    return per_s > 1 ? (uint64_t)per_s : 1;
}

/* The next subject from `from` on whose closed loop gives a rate: the last one
 * is followed by n_subjects. */
static size_t rates_next(const struct hm_plan *plan, size_t from)
{
    for (size_t i = from; i < plan->n_subjects; i++) {
        if (i + 1 < plan->n_subjects && plan->subject[i].load_percent == 0 &&
            plan->subject[i + 1].load_percent > 0)
            return i;
    }
    return plan->n_subjects;
}

/* The baseline in the closed loop; there always is one. */
static size_t rates_cell(const struct hm_plan *plan, size_t closed)
{
    size_t cell = 0;

    while (plan->cell[cell].subject != closed ||
           plan->cell[cell].arm != HM_ARM_BASELINE)
        cell++;
    return cell;
}

static void rates_take(struct hm_pool *pool, const struct hm_record *record,
                       const struct hm_outcome *outcome, struct hm_rate *rate)
{
    uint64_t ops = record->number[HM_RECORD_ops];
    uint64_t wall_ns = record->number[HM_RECORD_wall_ns];
    double per_s;

    if (strcmp(outcome->status, "ok") != 0) {
        rate->failed = hm_pool_format(
            pool, "the baseline's closed loop ended %s%s%s", outcome->status,
            *outcome->reason != '\0' ? ": " : "", outcome->reason);
        return;
    }
    if (!record->has[HM_RECORD_ops] || ops == 0 || wall_ns == 0) {
        rate->failed = "the baseline's closed loop did nothing";
        return;
    }
    per_s = (double)ops * 1e9 / (double)wall_ns;
    if (per_s > (double)rate->per_s)
        rate->per_s = (uint64_t)per_s;
}

static int rates_measure(struct hm_pool *pool, const struct hm_measure *measure,
                         size_t closed, struct hm_rate *rate)
{
    const struct hm_plan *plan = measure->plan;
    struct hm_run_key key = {.cell = rates_cell(plan, closed)};
    const struct hm_plan_cell *cell = &plan->cell[key.cell];
    uint64_t heap_bytes = hm_measure_heap_bytes(&plan->subject[closed], cell,
                                                &measure->census[closed]);
    int error = 0;

    *rate = (struct hm_rate){.failed = cell->unsupported};
    for (int i = 0; i < HM_RATES_RUNS && error == 0 && rate->failed == NULL;
         i++) {
        struct hm_measured measured;

        error = hm_measure_probe(pool, measure, key, heap_bytes, &measured);
        if (error == 0 && measured.interrupted)
            error = -EINTR;
        if (error == 0)
            rates_take(pool, measure->record, &measured.outcome, rate);
    }
    return error;
}

/* All open loops of one closed one have its rate. */
static void rates_share(const struct hm_plan *plan, size_t closed,
                        struct hm_rate *rate)
{
    for (size_t i = closed + 1; i < plan->n_subjects; i++) {
        if (plan->subject[i].closed == closed)
            rate[i] = rate[closed];
    }
}

static void rates_put(const struct hm_plan *plan, size_t closed,
                      const struct hm_rate *rate, FILE *out)
{
    const struct hm_subject *of = &plan->subject[closed];

    fprintf(out, "%s,%s,%u,%s,", of->workload->id, of->params, of->threads,
            plan->cell[rates_cell(plan, closed)].id);
    hm_csv_put(out, rate->failed != NULL ? rate->failed : "ok");
    if (rate->failed == NULL) {
        fprintf(out, ",%" PRIu64 "\n", rate->per_s);
    } else {
        (void)fputs(",\n", out);
    }
}

static int rates_make(struct hm_pool *pool, const struct hm_measure *measure,
                      const char *folder, struct hm_progress_line *progress,
                      struct hm_rate *rate)
{
    const struct hm_plan *plan = measure->plan;
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, "rates.csv");

    if (error != 0)
        return error;
    (void)fputs("workload,params,threads,strategy,status,rate_per_s\n",
                file.out);
    for (size_t i = rates_next(plan, 0); i < plan->n_subjects && error == 0;
         i = rates_next(plan, i + 1)) {
        if (progress->terminal) {
            fprintf(progress->out, "\r\033[Kmost per second of %s",
                    plan->subject[i].workload->id);
            (void)fflush(progress->out);
        }
        error = rates_measure(pool, measure, i, &rate[i]);
        if (error != 0)
            break;
        rates_share(plan, i, rate);
        rates_put(plan, i, &rate[i], file.out);
        if (rate[i].failed == NULL)
            continue;
        hm_progress_clear(progress);
        hm_complain("rates of %s: %s; it has no open loop",
                    plan->subject[i].workload->id, rate[i].failed);
    }
    return hm_replace_end(&file, error);
}

/* A row of rates.csv, in the order of the plan, whose it is by resuming. */
static int rates_read_row(struct hm_pool *pool, const struct hm_csv *csv,
                          const int *column, struct hm_rate *rate)
{
    const char *status = csv->field[column[0]];

    *rate = (struct hm_rate){
        .failed = strcmp(status, "ok") == 0 ? NULL : hm_pool_copy(pool, status),
        .per_s = strtoull(csv->field[column[1]], NULL, 10),
    };
    return rate->failed == NULL && rate->per_s == 0 ? -EILSEQ : 0;
}

static int rates_read(struct hm_pool *pool, const struct hm_plan *plan,
                      struct hm_csv *csv, struct hm_rate *rate)
{
    static const char *const names[] = {"status", "rate_per_s"};
    int column[2];
    int error = hm_csv_columns(csv, names, 2, column);

    for (size_t i = rates_next(plan, 0); i < plan->n_subjects && error == 0;
         i = rates_next(plan, i + 1)) {
        error = hm_csv_next(csv) == 1 ? 0 : -EILSEQ;
        if (error == 0)
            error = rates_read_row(pool, csv, column, &rate[i]);
        if (error == 0)
            rates_share(plan, i, rate);
    }
    return error;
}

int hm_rates_run(struct hm_pool *pool, const struct hm_measure *measure,
                 const char *folder, struct hm_progress_line *progress,
                 struct hm_rate *rate)
{
    struct hm_csv csv;
    int error;

    if (rates_next(measure->plan, 0) == measure->plan->n_subjects)
        return 0;
    error = hm_csv_open(&csv, hm_pool_format(pool, "%s/rates.csv", folder));
    if (error == -ENOENT)
        return rates_make(pool, measure, folder, progress, rate);
    if (error != 0)
        return error;
    error = rates_read(pool, measure->plan, &csv, rate);
    hm_csv_close(&csv);
    return error;
}
