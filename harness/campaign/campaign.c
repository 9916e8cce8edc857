/* SPDX-License-Identifier: MIT */
#include "harness/campaign/campaign.h"

#include "common/arena.h"
#include "common/os.h"
#include "harness/campaign/adaptive.h"
#include "harness/campaign/environment.h"
#include "harness/campaign/measure.h"
#include "harness/campaign/measure_rows.h"
#include "harness/campaign/progress.h"
#include "harness/replace_file.h"
#include "harness/suggest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct campaign {
    struct hm_pool *pool;
    const struct hm_campaign_request *request;
    const struct hm_plan *plan;
    const struct hm_suite *suite;
    struct hm_census *census;
    struct hm_measure measure;
    struct hm_results results;
    struct hm_progress_line progress;
    struct hm_adaptive adaptive;
    unsigned max_blocks;
    uint64_t *expected_ns; /* per cell: its last run */
    size_t *order;         /* of the block under way */
    bool target_met;
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
    campaign->expected_ns =
        hm_pool_alloc(pool, plan->n_cells * sizeof *campaign->expected_ns);
    campaign->order =
        hm_pool_alloc(pool, plan->n_cells * sizeof *campaign->order);
    hm_adaptive_init(pool, &campaign->adaptive, plan, campaign->max_blocks);
    campaign->measure = (struct hm_measure){
        .plan = plan,
        .census = campaign->census,
        .input_dir =
            hm_pool_format(pool, "%s/inputs", campaign->request->folder),
        .memory_cap_bytes = cap_bytes > 0 ? cap_bytes : hm_os_ram_bytes() / 2,
        .timeout_ns = suite->timeout_s * UINT64_C(1000000000),
        .record = hm_record_create(),
        .samples = hm_arena_reserve(sizeof(struct hm_samples)),
        .results = &campaign->results,
    };
}

static void campaign_fini(struct campaign *campaign)
{
    hm_record_destroy(campaign->measure.record);
    hm_arena_release(campaign->measure.samples, sizeof(struct hm_samples));
}

static int campaign_write(struct campaign *campaign, const char *name)
{
    const struct hm_campaign_request *request = campaign->request;
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, request->folder, name);

    if (error != 0)
        return error;
    if (strcmp(name, "suite.ini") == 0) {
        hm_suite_write(campaign->suite, file.out);
    } else if (strcmp(name, "plan.csv") == 0) {
        hm_plan_write(campaign->plan, file.out);
    } else {
        hm_environment_write(campaign->pool, request->catalog, campaign->plan,
                             request->command, file.out);
    }
    return hm_replace_end(&file, 0);
}

/* What must be there before the first row; the last one, runs.csv, says that
 * all is. */
static enum hm_campaign_end campaign_create(struct campaign *campaign)
{
    static const char *const files[] = {"suite.ini", "plan.csv", "meta.csv"};
    const char *folder = campaign->request->folder;

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int error = campaign_write(campaign, files[i]);

        if (error != 0) {
            return campaign_fail(
                hm_pool_format(campaign->pool, "%s/%s", folder, files[i]),
                hm_error_text(error));
        }
    }
    if (hm_results_create(&campaign->results, folder) != 0)
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

static bool campaign_needs_census(const struct hm_plan *plan, size_t subject)
{
    for (size_t i = 0; i < plan->n_cells; i++) {
        if (plan->cell[i].subject == subject &&
            plan->cell[i].unsupported == NULL)
            return true;
    }
    return false;
}

/* All subjects, into `census_csv` and `live_csv`. */
static void campaign_census_all(struct campaign *campaign, FILE *census_csv,
                                FILE *live_csv)
{
    const struct hm_plan *plan = campaign->plan;
    struct hm_launch launch = {
        .timeout_ns = 10 * campaign->measure.timeout_ns,
        .rss_cap_bytes = campaign->measure.memory_cap_bytes,
        .period_ns = HM_MEASURE_SLOW_PERIOD_NS,
        .record = campaign->measure.record,
        .samples = campaign->measure.samples,
    };

    struct hm_census_request request = {plan,
                                        campaign->request->catalog->census,
                                        campaign->measure.input_dir, &launch};

    hm_census_write_header(census_csv, live_csv);
    for (size_t i = 0; i < plan->n_subjects && !hm_interrupted; i++) {
        struct hm_census *census = &campaign->census[i];

        census->failed = "not made";
        if (!campaign_needs_census(plan, i))
            continue;
        if (campaign->progress.terminal) {
            fprintf(campaign->progress.out, "\r\033[Kcensus %zu/%zu  %s", i + 1,
                    plan->n_subjects, plan->subject[i].workload->id);
        }
        (void)fflush(campaign->progress.out);
        hm_census_run(campaign->pool, &request, i, census);
        hm_census_write(plan, i, census, census_csv, live_csv);
        if (census->failed == NULL || hm_interrupted)
            continue;
        hm_progress_clear(&campaign->progress);
        hm_complain("census of %s: %s; its runs have no live bytes and no "
                    "heap limit",
                    plan->subject[i].workload->id, census->failed);
    }
}

/* A census is made anew by every driver, resumed or not: it is deterministic,
 * so that the files do not change. */
static enum hm_campaign_end campaign_census(struct campaign *campaign)
{
    const char *folder = campaign->request->folder;
    struct hm_replace_file census_csv, live_csv;
    int error = hm_replace_begin(&census_csv, folder, "census.csv");

    if (error != 0)
        return campaign_fail("cannot write census.csv", hm_error_text(error));
    error = hm_replace_begin(&live_csv, folder, "live.csv");
    if (error == 0) {
        campaign_census_all(campaign, census_csv.out, live_csv.out);
        error = hm_replace_end(&live_csv, hm_interrupted ? -EINTR : 0);
    }
    error = hm_replace_end(&census_csv, error);
    if (hm_interrupted)
        return campaign_interrupted(campaign);
    if (error != 0)
        return campaign_fail("cannot write the census", hm_error_text(error));
    return HM_CAMPAIGN_DONE;
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
        if (measured.wall_ns > 0) {
            hm_adaptive_add(&campaign->adaptive, cell, block,
                            (double)measured.wall_ns);
        }
        hm_progress_end(&campaign->progress, name, measured.outcome.status,
                        measured.outcome.reason, measured.elapsed_ns);
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

static int campaign_is_input(const struct dirent *entry)
{
    return entry->d_type == DT_REG;
}

static void campaign_remove_inputs(struct campaign *campaign)
{
    const char *folder = campaign->measure.input_dir;
    struct dirent **entry;
    int n = scandir(folder, &entry, campaign_is_input, NULL);

    for (int i = 0; i < n; i++) {
        (void)unlink(
            hm_pool_format(campaign->pool, "%s/%s", folder, entry[i]->d_name));
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    (void)rmdir(folder);
}

/* Removes the inputs and notes the end. */
static enum hm_campaign_end campaign_finish(struct campaign *campaign,
                                            bool anything)
{
    const char *folder = campaign->request->folder;
    const char *path = hm_pool_format(campaign->pool, "%s/meta.csv", folder);
    char now[32];
    FILE *meta;

    campaign_remove_inputs(campaign);
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

    anything =
        done % n != 0 || !campaign_is_enough(campaign, (unsigned)(done / n));
    hm_progress_init(&campaign->progress, campaign->request->progress, done,
                     n * campaign->max_blocks, campaign->max_blocks);
    if (mkdir(campaign->measure.input_dir, 0777) != 0 && errno != EEXIST)
        return campaign_fail(campaign->measure.input_dir, hm_error_text(errno));
    if (anything)
        end = campaign_census(campaign);
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
    if (end == HM_CAMPAIGN_DONE && campaign.progress.failed > 0) {
        fprintf(request->progress,
                "%zu run%s failed; see status and reason in %s/runs.csv\n",
                campaign.progress.failed,
                campaign.progress.failed == 1 ? "" : "s", request->folder);
    }
    if (end == HM_CAMPAIGN_DONE && !hm_adaptive_any(&campaign.adaptive)) {
        hm_complain("not one run was ok");
        end = HM_CAMPAIGN_NONE_OK;
    }
    hm_results_close(&campaign.results);
    campaign_fini(&campaign);
    return end;
}
