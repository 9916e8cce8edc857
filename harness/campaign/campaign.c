/* SPDX-License-Identifier: MIT */
#include "harness/campaign/campaign.h"

#include "common/arena.h"
#include "common/os.h"
#include "harness/campaign/adaptive.h"
#include "harness/campaign/census_all.h"
#include "harness/campaign/environment.h"
#include "harness/campaign/extra.h"
#include "harness/campaign/inputs.h"
#include "harness/campaign/measure.h"
#include "harness/campaign/measure_rows.h"
#include "harness/campaign/progress.h"
#include "harness/campaign/request_files.h"
#include "harness/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct campaign {
    struct hm_pool *pool;
    const struct hm_campaign_request *request;
    const struct hm_plan *plan;
    const struct hm_suite *suite;
    struct hm_census *census;
    struct hm_rate *rate;
    struct hm_measure measure;
    struct hm_results results;
    struct hm_progress_line progress;
    struct hm_adaptive adaptive;
    unsigned max_blocks;
    uint64_t *expected_ns; /* per cell: its last run */
    size_t *order;         /* of the block under way */
    bool target_met;
    size_t missing[HM_EXTRAS_END];            /* cells where it told nothing */
    const char *missing_first[HM_EXTRAS_END]; /* which was first, and why */
};

static enum hm_campaign_end campaign_fail(const char *what, const char *why)
{
    hm_complain("%s: %s", what, why);
    return HM_CAMPAIGN_FAILED;
}

static enum hm_campaign_end campaign_interrupted(
    const struct campaign *campaign)
{
    hm_complain("interrupted after %llu runs; go on with %s run --resume %s",
                (unsigned long long)campaign->results.next_run,
                hm_pool_shell_word(campaign->pool, program_invocation_name),
                hm_pool_shell_word(campaign->pool, campaign->request->folder));
    return HM_CAMPAIGN_INTERRUPTED;
}

static void campaign_init(struct campaign *campaign)
{
    const struct hm_plan *plan = campaign->plan;
    struct hm_pool *pool = campaign->pool;
    const struct hm_suite *suite = campaign->suite;
    uint64_t cap_bytes = suite->memory_cap_bytes;

    campaign->max_blocks = suite->blocks;
    if (suite->ci > 0 && suite->max_blocks > suite->blocks)
        campaign->max_blocks = suite->max_blocks;
    campaign->census =
        hm_pool_alloc(pool, plan->n_subjects * sizeof *campaign->census);
    campaign->rate =
        hm_pool_alloc(pool, plan->n_subjects * sizeof *campaign->rate);
    campaign->expected_ns =
        hm_pool_alloc(pool, plan->n_cells * sizeof *campaign->expected_ns);
    campaign->order =
        hm_pool_alloc(pool, plan->n_cells * sizeof *campaign->order);
    hm_adaptive_init(pool, &campaign->adaptive, plan, campaign->max_blocks);
    campaign->measure = (struct hm_measure){
        .plan = plan,
        .census = campaign->census,
        .rate = campaign->rate,
        .input_dir = hm_inputs_path(pool, campaign->request->folder),
        .memory_cap_bytes = cap_bytes > 0 ? cap_bytes : hm_os_ram_bytes() / 2,
        .timeout_ns = suite->timeout_s * UINT64_C(1000000000),
        .record = hm_record_create(),
        .samples = hm_arena_reserve(sizeof(struct hm_samples)),
        .results = &campaign->results,
    };
    for (int e = 0; e < HM_EXTRAS_END; e++) {
        campaign->measure.tool[e] =
            suite->extra[e] ? hm_extra_tool(pool, (enum hm_extra)e) : NULL;
    }
}

static void campaign_fini(struct campaign *campaign)
{
    hm_record_destroy(campaign->measure.record);
    hm_arena_release(campaign->measure.samples, sizeof(struct hm_samples));
}

/* What must be there before the first row; the last one, runs.csv, says that
 * all is. */
static enum hm_campaign_end campaign_create(struct campaign *campaign)
{
    const struct hm_campaign_request *request = campaign->request;
    const char *path;
    int error =
        hm_request_files_write(campaign->pool, request->catalog, campaign->plan,
                               request->folder, request->command, &path);

    if (error != 0)
        return campaign_fail(path, hm_error_text(error));
    if (hm_results_create(&campaign->results, request->folder) != 0)
        return campaign_fail("cannot write", campaign->results.error);
    return HM_CAMPAIGN_DONE;
}

static enum hm_campaign_end campaign_open(struct campaign *campaign)
{
    const char *folder = campaign->request->folder;
    const char *why;
    int error = -ENOENT;

    if (campaign->request->resume)
        error = hm_results_resume(&campaign->results, folder);
    if (error == -ENOENT)
        return campaign_create(campaign);
    if (error != 0)
        return campaign_fail("cannot resume", campaign->results.error);
    if (hm_adaptive_load(campaign->pool, &campaign->adaptive, folder, &why) !=
        0)
        return campaign_fail("cannot resume", why);
    return HM_CAMPAIGN_DONE;
}

static enum hm_campaign_end campaign_census(struct campaign *campaign)
{
    struct hm_census_all all = {campaign->request->catalog, &campaign->measure,
                                campaign->request->folder, &campaign->progress};
    int error = hm_census_all_run(campaign->pool, &all, campaign->census);

    if (hm_interrupted)
        return campaign_interrupted(campaign);
    if (error != 0)
        return campaign_fail("cannot write the census", hm_error_text(error));
    return HM_CAMPAIGN_DONE;
}

static enum hm_campaign_end campaign_rates(struct campaign *campaign)
{
    int error = hm_rates_run(campaign->pool, &campaign->measure,
                             campaign->request->folder, &campaign->progress,
                             campaign->rate);

    if (hm_interrupted)
        return campaign_interrupted(campaign);
    if (error != 0)
        return campaign_fail("cannot get rates.csv", hm_error_text(error));
    return HM_CAMPAIGN_DONE;
}

/* Many cells have the same reason: one is told. */
static void campaign_note_missing(struct campaign *campaign, const char *name,
                                  const struct hm_measured *measured)
{
    for (int e = 0; e < HM_EXTRAS_END; e++) {
        if (measured->missing[e] == NULL || campaign->missing[e]++ > 0)
            continue;
        campaign->missing_first[e] = hm_pool_format(campaign->pool, "%s: %s",
                                                    name, measured->missing[e]);
    }
}

static void campaign_put_missing(const struct campaign *campaign)
{
    for (int e = 0; e < HM_EXTRAS_END; e++) {
        if (campaign->missing[e] > 0) {
            fprintf(campaign->request->progress,
                    "%s of %zu cell%s were not counted; %s\n",
                    hm_extra_what((enum hm_extra)e), campaign->missing[e],
                    campaign->missing[e] == 1 ? "" : "s",
                    campaign->missing_first[e]);
        }
    }
}

/* One run, from its number. */
static enum hm_campaign_end campaign_run(struct campaign *campaign,
                                         unsigned block, size_t position)
{
    struct hm_pool pool = {NULL};
    size_t cell = campaign->order[position];
    struct hm_run_key key = {campaign->results.next_run, block, position, cell};
    const char *name = hm_plan_cell_name(&pool, campaign->plan, cell);
    enum hm_campaign_end end = HM_CAMPAIGN_DONE;
    struct hm_measured measured;
    struct hm_row row;
    int error;

    hm_progress_begin(&campaign->progress, block, name);
    error = hm_measure_run(&pool, &campaign->measure, key,
                           campaign->expected_ns[cell], &row, &measured);
    if (error != 0) {
        end = campaign_fail("cannot start a run", hm_error_text(error));
    } else if (measured.interrupted) {
        end = HM_CAMPAIGN_INTERRUPTED;
    } else if (hm_results_commit(&campaign->results, &row) != 0) {
        end = campaign_fail("cannot write", campaign->results.error);
    } else {
        campaign->expected_ns[cell] = measured.elapsed_ns;
        campaign_note_missing(campaign, name, &measured);
        if (measured.wall_ns > 0) {
            hm_adaptive_add(&campaign->adaptive, cell, block,
                            (double)measured.wall_ns);
        }
        hm_progress_end(&campaign->progress, name, measured.outcome.status,
                        measured.outcome.reason, measured.elapsed_ns,
                        measured.extra_ns);
    }
    hm_pool_fini(&pool);
    return end;
}

static enum hm_campaign_end campaign_block(struct campaign *campaign,
                                           unsigned block)
{
    size_t n = campaign->plan->n_cells;
    enum hm_campaign_end end = HM_CAMPAIGN_DONE;

    hm_plan_order(campaign->plan, block, campaign->order);
    while (end == HM_CAMPAIGN_DONE &&
           campaign->results.next_run < (uint64_t)(block + 1) * n) {
        if (hm_interrupted)
            return HM_CAMPAIGN_INTERRUPTED;
        end = campaign_run(campaign, block, campaign->results.next_run % n);
    }
    if (end == HM_CAMPAIGN_DONE)
        hm_progress_block(&campaign->progress, block);
    return end;
}

/* Is a campaign of so many complete blocks at its end? */
static bool campaign_is_enough(struct campaign *campaign, unsigned blocks)
{
    const struct hm_suite *suite = campaign->suite;

    if (blocks < suite->blocks)
        return false;
    campaign->target_met =
        suite->ci > 0 &&
        hm_adaptive_half_width(&campaign->adaptive) <= suite->ci;
    return campaign->target_met || blocks >= campaign->max_blocks;
}

static enum hm_campaign_end campaign_blocks(struct campaign *campaign)
{
    size_t n = campaign->plan->n_cells;
    unsigned block = (unsigned)(campaign->results.next_run / n);
    enum hm_campaign_end end = HM_CAMPAIGN_DONE;

    while (end == HM_CAMPAIGN_DONE && !campaign_is_enough(campaign, block))
        end = campaign_block(campaign, block++);
    hm_progress_clear(&campaign->progress);
    if (end == HM_CAMPAIGN_INTERRUPTED)
        return campaign_interrupted(campaign);
    return end;
}

/* Removes the inputs and notes the end. */
static enum hm_campaign_end campaign_finish(struct campaign *campaign,
                                            bool anything)
{
    const char *folder = campaign->request->folder;
    const char *path = hm_pool_format(campaign->pool, "%s/meta.csv", folder);
    char now[32];
    FILE *meta;

    hm_inputs_remove(campaign->pool, campaign->measure.input_dir);
    if (hm_results_close(&campaign->results) != 0)
        return campaign_fail(folder, "cannot write the last rows");
    if (!anything)
        return HM_CAMPAIGN_DONE;
    meta = fopen(path, "ae");
    if (meta == NULL)
        return campaign_fail(path, hm_error_text(errno));
    hm_utc_now(now);
    hm_environment_line(meta, "finished_utc", now);
    if (campaign->suite->ci > 0) {
        hm_environment_line(meta, "ci_target_met",
                            campaign->target_met ? "1" : "0");
    }
    if (fclose(meta) != 0)
        return campaign_fail(path, hm_error_text(errno));
    return HM_CAMPAIGN_DONE;
}

static enum hm_campaign_end campaign_work(struct campaign *campaign)
{
    size_t n = campaign->plan->n_cells;
    uint64_t done = campaign->results.next_run;
    enum hm_campaign_end end = HM_CAMPAIGN_DONE;
    bool anything;
    int error;

    anything =
        done % n != 0 || !campaign_is_enough(campaign, (unsigned)(done / n));
    hm_progress_init(&campaign->progress, campaign->request->progress, done,
                     n * campaign->max_blocks, campaign->max_blocks);
    campaign->progress.brief = campaign->request->brief;
    error = hm_inputs_make(campaign->measure.input_dir);
    if (error != 0)
        return campaign_fail(campaign->measure.input_dir, hm_error_text(error));
    if (anything)
        end = campaign_census(campaign);
    if (anything && end == HM_CAMPAIGN_DONE)
        end = campaign_rates(campaign);
    if (end == HM_CAMPAIGN_DONE)
        end = campaign_blocks(campaign);
    if (end == HM_CAMPAIGN_DONE)
        end = campaign_finish(campaign, anything);
    return end;
}

enum hm_campaign_end hm_campaign_run(struct hm_pool *pool,
                                     const struct hm_campaign_request *request)
{
    struct campaign campaign = {.pool = pool,
                                .request = request,
                                .plan = request->plan,
                                .suite = request->plan->suite};
    enum hm_campaign_end end;

    campaign_init(&campaign);
    end = campaign_open(&campaign);
    if (end == HM_CAMPAIGN_DONE)
        end = campaign_work(&campaign);
    if (end == HM_CAMPAIGN_DONE && campaign.progress.failed > 0 &&
        !request->brief) {
        fprintf(request->progress,
                "%zu run%s failed; see status and reason in %s/runs.csv\n",
                campaign.progress.failed,
                campaign.progress.failed == 1 ? "" : "s", request->folder);
    }
    if (end == HM_CAMPAIGN_DONE)
        campaign_put_missing(&campaign);
    if (end == HM_CAMPAIGN_DONE && !hm_adaptive_any(&campaign.adaptive)) {
        hm_complain("not one run was ok");
        end = HM_CAMPAIGN_NONE_OK;
    }
    hm_results_close(&campaign.results);
    campaign_fini(&campaign);
    return end;
}
