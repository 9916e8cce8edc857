/* SPDX-License-Identifier: MIT */
#include "harness/campaign/measure.h"

#include "common/clock.h"
#include "harness/campaign/extra.h"
#include "harness/campaign/measure_rows.h"
#include "harness/campaign/warm.h"
#include "harness/capture.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t hm_measure_heap_base_bytes(const struct hm_subject *subject,
                                    const struct hm_census *census)
{
    if (subject->minheap_bytes > 0)
        return subject->minheap_bytes;
    return census->failed == NULL ? census->heap_1x_bytes : 0;
}

uint64_t hm_measure_heap_bytes(const struct hm_subject *subject,
                               const struct hm_plan_cell *cell,
                               const struct hm_census *census)
{
    uint64_t base_bytes = hm_measure_heap_base_bytes(subject, census);
    uint64_t heap_bytes;

    if (cell->heap_multiple <= 0 || base_bytes == 0)
        return 0;
    heap_bytes = (uint64_t)ceil(cell->heap_multiple * (double)base_bytes);
    return heap_bytes > HM_MEASURE_LEAST_HEAP_BYTES ||
                   subject->minheap_bytes > 0
               ? heap_bytes
               : HM_MEASURE_LEAST_HEAP_BYTES;
}

bool hm_measure_is_noisy(const struct hm_record *record, unsigned threads,
                         uint64_t steal_ticks, uint64_t elapsed_ns)
{
    double cpu_s = (double)record->number[HM_RECORD_cpu_ns] / 1e9;
    double wall_s = (double)record->number[HM_RECORD_wall_ns] / 1e9;
    double ticks = (double)elapsed_ns / 1e9 * (double)sysconf(_SC_CLK_TCK) *
                   (double)sysconf(_SC_NPROCESSORS_ONLN);

    if (record->has[HM_RECORD_nivcsw] &&
        (double)record->number[HM_RECORD_nivcsw] >
            HM_MEASURE_NOISY_NIVCSW * cpu_s)
        return true;
    if ((double)steal_ticks > ticks / 100)
        return true;
    return threads == 1 && record->has[HM_RECORD_cpu_ns] &&
           record->number[HM_RECORD_nvcsw] == 0 && wall_s > 1.05 * cpu_s;
}

static void measure_torture(struct hm_pool *pool, const struct hm_suite *suite,
                            struct hm_words *argv)
{
    if (suite->stress_bytes > 0) {
        hm_words_add(
            pool, argv,
            hm_pool_format(pool, "stress_bytes=%" PRIu64, suite->stress_bytes));
    }
    if (suite->verify)
        hm_words_add(pool, argv, "verify=1");
}

uint64_t hm_measure_rate_per_s(const struct hm_measure *measure, size_t subject)
{
    const struct hm_subject *of = &measure->plan->subject[subject];

    return of->load_percent > 0
               ? hm_rate_at(&measure->rate[subject], of->load_percent)
               : 0;
}

static void measure_open_loop(struct hm_pool *pool,
                              const struct hm_measure *measure, size_t subject,
                              struct hm_words *argv)
{
    uint64_t rate_per_s = hm_measure_rate_per_s(measure, subject);

    if (rate_per_s > 0) {
        hm_words_add(pool, argv,
                     hm_pool_format(pool, "rate_per_s=%" PRIu64, rate_per_s));
    }
}

static void measure_turns(struct hm_pool *pool, const struct hm_plan *plan,
                          const struct hm_plan_cell *cell,
                          struct hm_words *argv)
{
    uint64_t poll_us = hm_plan_poll_us(plan, cell);

    if (poll_us > 0) {
        hm_words_add(pool, argv,
                     hm_pool_format(pool, "poll_us=%" PRIu64, poll_us));
    }
}

static const char *const *measure_argv(struct hm_pool *pool,
                                       const struct hm_measure *measure,
                                       const struct hm_plan_cell *cell,
                                       uint64_t heap_bytes)
{
    const struct hm_plan *plan = measure->plan;
    const struct hm_subject *subject = &plan->subject[cell->subject];
    const struct hm_strategy *strategy = cell->strategy;
    struct hm_words argv = {NULL, 0};

    hm_words_add(pool, &argv, strategy->program->path);
    hm_words_add(pool, &argv, "run");
    hm_words_add(pool, &argv, subject->workload->id);
    hm_words_add(pool, &argv,
                 hm_pool_format(pool, "strategy=%s", strategy->cell_id));
    for (size_t i = 0; i < subject->arguments.n; i++)
        hm_words_add(pool, &argv, subject->arguments.word[i]);
    for (size_t i = 0; cell->variant != NULL && i < cell->variant->option.n;
         i++) {
        hm_words_add(
            pool, &argv,
            hm_pool_format(pool, "option.%s", cell->variant->option.word[i]));
    }
    hm_words_add(pool, &argv,
                 hm_pool_format(pool, "seed=%" PRIu32, plan->suite->seed));
    hm_words_add(pool, &argv, plan->suite->full ? "size=full" : "size=quick");
    hm_words_add(pool, &argv,
                 hm_pool_format(pool, "threads=%u", subject->threads));
    if (heap_bytes > 0) {
        hm_words_add(pool, &argv,
                     hm_pool_format(pool, "heap_bytes=%" PRIu64, heap_bytes));
    }
    measure_open_loop(pool, measure, cell->subject, &argv);
    measure_turns(pool, plan, cell, &argv);
    if (hm_strategy_collects(strategy))
        measure_torture(pool, plan->suite, &argv);
    if (*strategy->malloc_path != '\0') {
        hm_words_add(pool, &argv,
                     hm_pool_format(pool, "malloc=%s", strategy->malloc_path));
    }
    hm_words_add(pool, &argv,
                 hm_pool_format(pool, "input_dir=%s", measure->input_dir));
    hm_words_add(pool, &argv,
                 hm_pool_format(pool, "record_fd=%d", HM_LAUNCH_RECORD_FD));
    hm_words_add(pool, &argv,
                 hm_pool_format(pool, "progress_fd=%d", HM_LAUNCH_PROGRESS_FD));
    argv.word = hm_pool_grow(pool, argv.word, argv.n, sizeof *argv.word);
    argv.word[argv.n] = NULL;
    return (const char *const *)argv.word;
}

static const char *const *measure_env(struct hm_pool *pool,
                                      const struct hm_plan_cell *cell,
                                      unsigned padding_bytes)
{
    const struct hm_variant *variant = cell->variant;
    size_t n_env = variant != NULL ? variant->env.n : 0, n = 0;
    const char **extra = hm_pool_alloc(pool, (n_env + 3) * sizeof *extra);
    char *padding = hm_pool_alloc(pool, padding_bytes + 1);

    memset(padding, 'x', padding_bytes);
    for (size_t i = 0; i < n_env; i++)
        extra[n++] = variant->env.word[i];
    if (*cell->strategy->preload != '\0') {
        extra[n++] =
            hm_pool_format(pool, "LD_PRELOAD=%s", cell->strategy->preload);
    }
    extra[n++] = hm_pool_format(pool, "HEAPMARK_PADDING=%s", padding);
    return hm_clean_environment(pool, extra);
}

/* Our own mallocs budget for themselves; collectors reserve more than they
 * use, which RLIMIT_DATA would count. */
static bool measure_limits_data(const struct hm_strategy *strategy)
{
    return strcmp(strategy->class_name, "allocator") == 0 &&
           strcmp(strategy->package, "heapmark") != 0;
}

/* Why a cell is not even started; NULL: it is. */
static const char *measure_obstacle(struct hm_pool *pool,
                                    const struct hm_measure *measure,
                                    const struct hm_plan_cell *cell)
{
    const struct hm_census *census = &measure->census[cell->subject];

    if (cell->unsupported != NULL)
        return cell->unsupported;
    if (cell->heap_multiple > 0 && census->failed != NULL &&
        measure->plan->subject[cell->subject].minheap_bytes == 0) {
        return hm_pool_format(pool, "no census to size the heap by: %s",
                              census->failed);
    }
    if (measure->plan->subject[cell->subject].load_percent > 0 &&
        measure->rate[cell->subject].failed != NULL) {
        return hm_pool_format(pool, "no rate to take a share of: %s",
                              measure->rate[cell->subject].failed);
    }
    return NULL;
}

static void measure_warm(const struct hm_measure *measure,
                         const struct hm_census *census, uint64_t heap_bytes)
{
    uint64_t free_bytes =
        (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    hm_warm(hm_warm_bytes(heap_bytes, census->live_peak_bytes,
                          measure->memory_cap_bytes, free_bytes));
}

static struct hm_launch measure_launch(struct hm_pool *pool,
                                       const struct hm_measure *measure,
                                       struct hm_run_key key,
                                       uint64_t heap_bytes, bool fast)
{
    const struct hm_plan_cell *cell = &measure->plan->cell[key.cell];

    return (struct hm_launch){
        .argv = measure_argv(pool, measure, cell, heap_bytes),
        .env = measure_env(pool, cell,
                           hm_plan_padding_bytes(measure->plan, key.run_id)),
        .timeout_ns = measure->timeout_ns,
        .cpu_limit_ns = measure->cpu_limit_ns,
        .rss_cap_bytes = measure->memory_cap_bytes,
        .data_cap_bytes =
            measure_limits_data(cell->strategy) ? measure->memory_cap_bytes : 0,
        .period_ns =
            fast ? HM_MEASURE_FAST_PERIOD_NS : HM_MEASURE_SLOW_PERIOD_NS,
        .record = measure->record,
        .samples = measure->samples,
    };
}

int hm_measure_probe(struct hm_pool *pool, const struct hm_measure *measure,
                     struct hm_run_key key, uint64_t heap_bytes,
                     struct hm_measured *measured)
{
    const struct hm_plan_cell *cell = &measure->plan->cell[key.cell];
    struct hm_launch launch =
        measure_launch(pool, measure, key, heap_bytes, false);
    struct hm_launched launched;
    int error = hm_launch_run(&launch, &launched);

    if (error != 0)
        return error;
    *measured = (struct hm_measured){
        .interrupted = launched.end == HM_END_INTERRUPTED,
        .elapsed_ns = launched.elapsed_ns,
        .cpu_ns = launched.cpu_ns,
        .outcome =
            hm_outcome_of(pool, &launched, measure->record,
                          &measure->census[cell->subject], cell->strategy),
    };
    return 0;
}

int hm_measure_run(struct hm_pool *pool, const struct hm_measure *measure,
                   struct hm_run_key key, uint64_t expected_ns,
                   struct hm_row *row, struct hm_measured *measured)
{
    const struct hm_plan_cell *cell = &measure->plan->cell[key.cell];
    const struct hm_subject *subject = &measure->plan->subject[cell->subject];
    const struct hm_census *census = &measure->census[cell->subject];
    const char *obstacle = measure_obstacle(pool, measure, cell);
    uint64_t heap_bytes = hm_measure_heap_bytes(subject, cell, census);
    uint64_t start_ns = hm_clock_now_ns();
    struct hm_machine before, after;
    struct hm_launch launch;
    struct hm_launched launched;
    int error;

    *measured = (struct hm_measured){.interrupted = false};
    hm_row_init(row);
    if (obstacle == NULL)
        measure_warm(measure, census, heap_bytes);
    before = hm_machine_now();
    hm_measure_fill_key(row, measure, key, &before);
    if (obstacle != NULL) {
        measured->outcome = (struct hm_outcome){"unsupported", obstacle};
        hm_measure_fill_outcome(row, &measured->outcome);
        return 0;
    }
    launch = measure_launch(pool, measure, key, heap_bytes,
                            expected_ns < 1000000000);
    error = hm_launch_run(&launch, &launched);
    if (error != 0)
        return error;
    after = hm_machine_now();
    measured->elapsed_ns = hm_clock_now_ns() - start_ns;
    measured->interrupted = launched.end == HM_END_INTERRUPTED;
    if (measured->interrupted)
        return 0;
    measured->outcome =
        hm_outcome_of(pool, &launched, measure->record, census, cell->strategy);
    hm_measure_fill_outcome(row, &measured->outcome);
    hm_row_set_uint(row, HM_COLUMN_steal_ticks,
                    after.steal_ticks - before.steal_ticks);
    if (measure->record->malloc_path[0] != '\0') {
        hm_row_set(row, HM_COLUMN_malloc_path,
                   hm_catalog_public_path(cell->strategy,
                                          measure->record->malloc_path));
    }
    hm_measure_write_samples(measure, key,
                             measure->results->side[HM_SIDE_SAMPLES]);
    if (strcmp(measured->outcome.status, "ok") != 0)
        return 0;
    measured->wall_ns = measure->record->number[HM_RECORD_wall_ns];
    hm_row_set_uint(row, HM_COLUMN_noisy,
                    hm_measure_is_noisy(measure->record, subject->threads,
                                        after.steal_ticks - before.steal_ticks,
                                        launched.elapsed_ns));
    hm_measure_fill_record(row, measure, key);
    hm_measure_write_sides(measure, key);
    /* Waiting is no work: of an open loop nothing is counted. */
    if (key.block > 0 || subject->load_percent > 0)
        return 0;
    launch.period_ns = HM_MEASURE_SLOW_PERIOD_NS;
    return hm_extra_run(pool, measure, key, &launch, row, measured);
}
