/* SPDX-License-Identifier: MIT */
#include "harness/campaign/census_all.h"

#include "harness/replace_file.h"
#include "harness/suggest.h"

#include <errno.h>

static bool all_is_needed(const struct hm_plan *plan, size_t subject)
{
    for (size_t i = 0; i < plan->n_cells; i++) {
        if (plan->cell[i].subject == subject &&
            plan->cell[i].unsupported == NULL)
            return true;
    }
    return false;
}

static void all_begin(const struct hm_census_all *all, size_t subject)
{
    const struct hm_plan *plan = all->measure->plan;

    if (all->progress->terminal) {
        fprintf(all->progress->out, "\r\033[Kcensus %zu/%zu  %s", subject + 1,
                plan->n_subjects, plan->subject[subject].workload->id);
    }
    (void)fflush(all->progress->out);
}

static void all_write(struct hm_pool *pool, const struct hm_census_all *all,
                      struct hm_census *census, FILE *census_csv,
                      FILE *live_csv)
{
    const struct hm_plan *plan = all->measure->plan;
    struct hm_launch launch = {
        .timeout_ns = 10 * all->measure->timeout_ns,
        .rss_cap_bytes = all->measure->memory_cap_bytes,
        .period_ns = HM_MEASURE_SLOW_PERIOD_NS,
        .record = all->measure->record,
        .samples = all->measure->samples,
    };
    struct hm_census_request request = {plan, all->catalog->census,
                                        all->measure->input_dir, &launch};

    hm_census_write_header(census_csv, live_csv);
    for (size_t i = 0; i < plan->n_subjects && !hm_interrupted; i++) {
        census[i].failed = "not made";
        if (plan->subject[i].closed != i) { /* of lower index */
            census[i] = census[plan->subject[i].closed];
            continue;
        }
        if (!all_is_needed(plan, i))
            continue;
        all_begin(all, i);
        hm_census_run(pool, &request, i, &census[i]);
        hm_census_write(plan, i, &census[i], census_csv, live_csv);
        if (census[i].failed == NULL || hm_interrupted)
            continue;
        hm_progress_clear(all->progress);
        hm_complain("census of %s: %s; its runs have no live bytes and no "
                    "heap limit",
                    plan->subject[i].workload->id, census[i].failed);
    }
}

int hm_census_all_run(struct hm_pool *pool, const struct hm_census_all *all,
                      struct hm_census *census)
{
    struct hm_replace_file census_csv, live_csv;
    int error = hm_replace_begin(&census_csv, all->folder, "census.csv");

    if (error != 0)
        return error;
    error = hm_replace_begin(&live_csv, all->folder, "live.csv");
    if (error == 0) {
        all_write(pool, all, census, census_csv.out, live_csv.out);
        error = hm_replace_end(&live_csv, hm_interrupted ? -EINTR : 0);
    }
    return hm_replace_end(&census_csv, error);
}
