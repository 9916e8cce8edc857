/* SPDX-License-Identifier: MIT */
#include "harness/campaign/minheap.h"

#include "common/arena.h"
#include "common/os.h"
#include "harness/campaign/bisect.h"
#include "harness/campaign/census_all.h"
#include "harness/campaign/inputs.h"
#include "harness/campaign/minheap_row.h"
#include "harness/campaign/request_files.h"
#include "harness/human.h"
#include "harness/replace_file.h"
#include "harness/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct minheap {
    struct hm_pool *pool;
    const struct hm_minheap_request *request;
    const struct hm_plan *plan;
    struct hm_census *census;
    struct hm_measure measure;
    struct hm_progress_line progress;
    struct hm_minheap *table;
};

/* One search. */
struct search {
    struct minheap *minheap;
    struct hm_pool pool; /* emptied after each search */
    size_t cell;
    struct hm_minheap_found found;
    uint64_t elapsed_ns;
    uint64_t too_small_bytes; /* largest that failed, and how it ended */
    struct hm_outcome too_small;
    bool interrupted;
    int error; /* no process could be started */
};

int hm_minheap_plan(struct hm_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_cells; i++) {
        if (plan->cell[i].strategy->heap_limit &&
            plan->cell[i].arm != HM_ARM_TWIN)
            plan->cell[n++] = plan->cell[i];
    }
    plan->n_cells = n;
    return n > 0 ? 0 : -EINVAL;
}

static void minheap_init(struct minheap *minheap)
{
    const struct hm_campaign_request *request = &minheap->request->campaign;
    const struct hm_suite *suite = minheap->plan->suite;
    struct hm_pool *pool = minheap->pool;

    minheap->census = hm_pool_alloc(pool, minheap->plan->n_subjects *
                                              sizeof *minheap->census);
    minheap->measure = (struct hm_measure){
        .plan = minheap->plan,
        .census = minheap->census,
        .input_dir = hm_inputs_path(pool, request->folder),
        .memory_cap_bytes = suite->memory_cap_bytes > 0
                                ? suite->memory_cap_bytes
                                : hm_os_ram_bytes() / 2,
        .timeout_ns = suite->timeout_s * UINT64_C(1000000000),
        .record = hm_record_create(),
        .samples = hm_arena_reserve(sizeof(struct hm_samples)),
    };
}

static void minheap_fini(struct minheap *minheap)
{
    hm_record_destroy(minheap->measure.record);
    hm_arena_release(minheap->measure.samples, sizeof(struct hm_samples));
}

static enum hm_campaign_end minheap_fail(const char *what, const char *why)
{
    hm_complain("%s: %s", what, why);
    return HM_CAMPAIGN_FAILED;
}

static bool search_is(const struct hm_outcome *outcome, const char *status)
{
    return strcmp(outcome->status, status) == 0;
}

static void search_announce(const struct search *search, uint64_t heap_bytes)
{
    struct hm_progress_line *progress = &search->minheap->progress;
    char size[HM_HUMAN_BYTES];
    struct hm_pool pool = {NULL};
    const char *name =
        hm_plan_cell_name(&pool, search->minheap->plan, search->cell);

    hm_human_size(size, (double)heap_bytes);
    hm_progress_begin(progress, 0, hm_pool_format(&pool, "%s: %s", name, size));
    hm_pool_fini(&pool);
}

/* After the first heap that fits a probe may take a multiple of its processor
 * time: near the minimum a collector can work for minutes and get nowhere.  Not
 * of its wall time: on a busy machine that says nothing about the heap. */
static void search_set_limit(struct search *search, uint64_t cpu_ns)
{
    uint64_t limit_ns = cpu_ns * search->minheap->request->slowdown;
    uint64_t least_ns = HM_MINHEAP_LEAST_LIMIT_S * UINT64_C(1000000000);
    uint64_t most_ns = search->minheap->measure.timeout_ns;

    if (limit_ns < least_ns)
        limit_ns = least_ns;
    search->found.timeout_ns = limit_ns < most_ns ? limit_ns : most_ns;
}

static enum hm_fit search_judge(struct search *search, uint64_t heap_bytes,
                                const struct hm_measured *measured)
{
    const struct hm_outcome *outcome = &measured->outcome;

    if (search_is(outcome, "ok")) {
        if (search->found.timeout_ns == 0)
            search_set_limit(search, measured->cpu_ns);
        return HM_FIT_YES;
    }
    if (search_is(outcome, "oom") || search_is(outcome, "timeout")) {
        if (heap_bytes > search->too_small_bytes) {
            search->too_small_bytes = heap_bytes;
            search->too_small = *outcome;
            search->found.too_small_status = outcome->status;
        }
        return HM_FIT_NO;
    }
    search->found.outcome = (struct hm_outcome){
        outcome->status,
        hm_pool_format(&search->pool, "at heap_bytes=%" PRIu64 ": %s",
                       heap_bytes, outcome->reason)};
    return HM_FIT_STOP;
}

static enum hm_fit search_probe(void *user, uint64_t heap_bytes)
{
    struct search *search = user;
    struct hm_measure measure = search->minheap->measure;
    struct hm_run_key key = {.run_id = search->found.bisected.probes,
                             .cell = search->cell};
    struct hm_measured measured;

    search_announce(search, heap_bytes);
    measure.cpu_limit_ns = search->found.timeout_ns;
    search->error =
        hm_measure_probe(&search->pool, &measure, key, heap_bytes, &measured);
    search->interrupted = search->error == 0 && measured.interrupted;
    if (search->error != 0 || search->interrupted)
        return HM_FIT_STOP;
    search->elapsed_ns += measured.elapsed_ns;
    return search_judge(search, heap_bytes, &measured);
}

/* Why there is nothing to search for; NULL: there is. */
static const char *search_obstacle(struct search *search)
{
    const struct hm_plan_cell *cell =
        &search->minheap->plan->cell[search->cell];
    const struct hm_census *census = &search->minheap->census[cell->subject];

    if (cell->unsupported != NULL)
        return cell->unsupported;
    if (census->failed != NULL) {
        return hm_pool_format(&search->pool, "no census to begin from: %s",
                              census->failed);
    }
    return NULL;
}

static uint64_t search_at_least(uint64_t bytes)
{
    return bytes > HM_MINHEAP_LEAST_BYTES ? bytes : HM_MINHEAP_LEAST_BYTES;
}

static void search_run(struct search *search)
{
    struct minheap *minheap = search->minheap;
    const struct hm_plan_cell *cell = &minheap->plan->cell[search->cell];
    uint64_t base_bytes = minheap->census[cell->subject].heap_1x_bytes;
    struct hm_bisect how = {
        .start_bytes = search_at_least(HM_MINHEAP_START * base_bytes),
        .likely_bytes = search_at_least(base_bytes),
        .least_bytes = HM_MINHEAP_LEAST_BYTES,
        .most_bytes = search_at_least(base_bytes) * HM_MINHEAP_MOST,
        .step_bytes = HM_MINHEAP_STEP_BYTES,
        .tolerance = HM_MINHEAP_TOLERANCE,
        .passes = minheap->request->passes,
        .probe = search_probe,
        .user = search,
    };

    if (how.most_bytes > minheap->measure.memory_cap_bytes)
        how.most_bytes = minheap->measure.memory_cap_bytes;
    search->found.most_bytes = how.most_bytes;
    hm_bisect(&how, &search->found.bisected);
    if (search->found.outcome.status[0] != '\0' || search->interrupted ||
        search->error != 0)
        return;
    search->found.outcome = (struct hm_outcome){"ok", ""};
    if (search->found.bisected.fits_bytes == 0) {
        search->found.outcome = (struct hm_outcome){
            search->too_small.status,
            hm_pool_format(&search->pool, "at heap_bytes=%" PRIu64 ": %s",
                           search->too_small_bytes, search->too_small.reason)};
    }
}

static int minheap_commit(struct minheap *minheap, const struct search *search)
{
    const char *folder = minheap->request->campaign.folder;
    const struct hm_plan_cell *cell = &minheap->plan->cell[search->cell];
    struct hm_minheap *table = minheap->table;
    struct hm_replace_file file;
    int error = hm_replace_begin(&file, folder, "minheap.csv");

    if (error != 0)
        return error;
    table->row =
        hm_pool_grow(minheap->pool, table->row, table->n, sizeof *table->row);
    hm_minheap_row_fill(minheap->pool, minheap->plan, cell,
                        &minheap->census[cell->subject], &search->found,
                        &table->row[table->n++]);
    hm_minheap_put(table, file.out);
    return hm_replace_end(&file, 0);
}

/* "splay x immix: 14.2 MiB, 1.34x live, 11 probes" */
static void minheap_tell(struct minheap *minheap, const struct search *search)
{
    const struct hm_plan_cell *cell = &minheap->plan->cell[search->cell];
    uint64_t live_bytes = minheap->census[cell->subject].live_peak_bytes;
    struct hm_pool pool = {NULL};
    const char *name = hm_plan_cell_name(&pool, minheap->plan, search->cell);
    char size[HM_HUMAN_BYTES], ratio[HM_HUMAN_BYTES];
    bool ok = search_is(&search->found.outcome, "ok");

    /* Block 0 makes failures known at once. */
    hm_progress_end(&minheap->progress, name, search->found.outcome.status,
                    search->found.outcome.reason, search->elapsed_ns, 0);
    if (ok && !minheap->progress.terminal) {
        hm_human_size(size, (double)search->found.bisected.fits_bytes);
        hm_human_ratio(ratio, (double)search->found.bisected.fits_bytes /
                                  (double)live_bytes);
        fprintf(minheap->progress.out, "%s: %s, %sx live, %u probes", name,
                size, ratio, search->found.bisected.probes);
        hm_progress_put_left(&minheap->progress);
        fputc('\n', minheap->progress.out);
        (void)fflush(minheap->progress.out);
    }
    hm_pool_fini(&pool);
}

static enum hm_campaign_end minheap_search(struct minheap *minheap, size_t cell)
{
    struct search search = {
        .minheap = minheap,
        .cell = cell,
        .found = {.outcome = {"", ""},
                  .too_small_status = "",
                  .passes = minheap->request->passes},
    };
    const char *obstacle = search_obstacle(&search);
    enum hm_campaign_end end = HM_CAMPAIGN_DONE;
    int error;

    if (obstacle != NULL) {
        search.found.outcome = (struct hm_outcome){"unsupported", obstacle};
    } else {
        search_run(&search);
    }
    if (search.error != 0) {
        end = minheap_fail("cannot start a run", hm_error_text(search.error));
    } else if (search.interrupted || hm_interrupted) {
        end = HM_CAMPAIGN_INTERRUPTED;
    } else {
        error = minheap_commit(minheap, &search);
        minheap_tell(minheap, &search);
        if (error != 0) {
            end =
                minheap_fail("cannot write minheap.csv", hm_error_text(error));
        }
    }
    hm_pool_fini(&search.pool);
    return end;
}

static enum hm_campaign_end minheap_open(struct minheap *minheap)
{
    const struct hm_campaign_request *request = &minheap->request->campaign;
    const char *path =
        hm_pool_format(minheap->pool, "%s/minheap.csv", request->folder);
    const char *why;
    int error;

    *minheap->table = (struct hm_minheap){NULL, 0};
    if (request->resume && access(path, F_OK) == 0) {
        if (hm_minheap_read(minheap->pool, minheap->table, path, &why) != 0)
            return minheap_fail("cannot resume", why);
    } else {
        error = hm_request_files_write(minheap->pool, request->catalog,
                                       minheap->plan, request->folder,
                                       request->command, &path);
        if (error != 0)
            return minheap_fail(path, hm_error_text(error));
    }
    error = hm_inputs_make(minheap->measure.input_dir);
    if (error != 0)
        return minheap_fail(minheap->measure.input_dir, hm_error_text(error));
    return HM_CAMPAIGN_DONE;
}

static size_t minheap_known(const struct minheap *minheap)
{
    size_t n = 0;

    for (size_t i = 0; i < minheap->plan->n_cells; i++) {
        n += hm_minheap_find(minheap->table, minheap->plan,
                             &minheap->plan->cell[i]) != NULL;
    }
    return n;
}

static enum hm_campaign_end minheap_work(struct minheap *minheap)
{
    const struct hm_plan *plan = minheap->plan;
    struct hm_census_all all = {
        minheap->request->campaign.catalog, &minheap->measure,
        minheap->request->campaign.folder, &minheap->progress};
    size_t known = minheap_known(minheap);
    enum hm_campaign_end end = HM_CAMPAIGN_DONE;
    int error = 0;

    hm_progress_init(&minheap->progress, minheap->request->campaign.progress,
                     known, plan->n_cells, 0);
    if (known < plan->n_cells)
        error = hm_census_all_run(minheap->pool, &all, minheap->census);
    if (error != 0 && !hm_interrupted)
        return minheap_fail("cannot write the census", hm_error_text(error));
    for (size_t i = 0; i < plan->n_cells && end == HM_CAMPAIGN_DONE; i++) {
        if (hm_interrupted) {
            end = HM_CAMPAIGN_INTERRUPTED;
        } else if (hm_minheap_find(minheap->table, plan, &plan->cell[i]) ==
                   NULL) {
            end = minheap_search(minheap, i);
        }
    }
    hm_progress_clear(&minheap->progress);
    return end;
}

enum hm_campaign_end hm_minheap_run(struct hm_pool *pool,
                                    const struct hm_minheap_request *request,
                                    struct hm_minheap *table)
{
    struct minheap minheap = {.pool = pool,
                              .request = request,
                              .plan = request->campaign.plan,
                              .table = table};
    enum hm_campaign_end end;

    minheap_init(&minheap);
    end = minheap_open(&minheap);
    if (end == HM_CAMPAIGN_DONE)
        end = minheap_work(&minheap);
    if (end == HM_CAMPAIGN_INTERRUPTED) {
        hm_complain("interrupted; go on with %s minheap --resume %s",
                    hm_pool_shell_word(pool, program_invocation_name),
                    hm_pool_shell_word(pool, request->campaign.folder));
    } else if (end == HM_CAMPAIGN_DONE) {
        hm_inputs_remove(pool, minheap.measure.input_dir);
    }
    minheap_fini(&minheap);
    return end;
}
