/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_run.h"

#include "common/os.h"
#include "harness/cell/cell_trim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct hm_cell_run hm_cell_run;

int hm_cell_run_prepare(const struct hm_cell_args *args)
{
    struct hm_cell_record *record = &hm_cell_run.record;
    const char *why;

    hm_cell_run.args = args;
    hm_cell_run.progress = hm_window_progress(args->progress_fd);
    if (hm_cell_run.progress == NULL) {
        hm_cell_complain("progress_fd=%d: cannot be mapped: %s",
                         args->progress_fd, strerrordesc_np(errno));
        return -1;
    }
    hm_progress_phase(hm_cell_run.progress, HM_PHASE_SETUP);
    why = hm_cell_identity_check(args->malloc_path, record->malloc_path);
    if (why == NULL)
        return 0;
    hm_cell_run_refuse(HM_CELL_WRONG_ALLOCATOR, why);
    return 1;
}

void hm_cell_run_refuse(enum hm_cell_status status, const char *reason)
{
    hm_cell_run.record.status = status;
    hm_cell_run.record.reason = reason;
}

/* The totals of the window: the log and the collector go on counting when
 * everything is dropped afterwards. */
static void run_read_gc(struct hm_cell_record *record)
{
    struct hm_gc_stats before = record->gc;

    if (hm_cell_run.gc == NULL)
        return;
    hm_gc_stats_get(hm_cell_run.gc, &record->gc);
    record->gc.collections -= before.collections;
    record->gc.moved_bytes -= before.moved_bytes;
    record->pause = hm_cell_run.log->entry;
    record->n_pauses_listed = hm_cell_run.log->n_listed;
    record->pause_lengths = hm_cell_run.log->lengths;
    record->pause_total_ns = hm_cell_run.log->total_ns;
}

_Noreturn void hm_cell_run_exhausted(size_t bytes)
{
    static atomic_flag taken = ATOMIC_FLAG_INIT;
    static char reason[96];
    struct hm_cell_record *record = &hm_cell_run.record;
    uint64_t limit_bytes = hm_cell_run.args->heap_bytes;
    int n;

    while (atomic_flag_test_and_set(&taken))
        (void)pause(); /* another thread ends the process */
    n = snprintf(reason, sizeof(reason), "no room for %zu bytes", bytes);
    if (hm_cell_run.gc != NULL && limit_bytes != 0) {
        (void)snprintf(reason + n, sizeof(reason) - (size_t)n,
                       " within heap_bytes=%" PRIu64, limit_bytes);
    }
    hm_cell_run_refuse(HM_CELL_OOM, reason);
    if (hm_cell_run.progress->phase == HM_PHASE_RUN)
        run_read_gc(record);
    if (hm_cell_run.ops_done != NULL)
        record->ops = hm_cell_run.ops_done();
    record->rss_peak_bytes = hm_os_rss_peak_bytes();
    _exit(hm_cell_record_write(record, hm_cell_run.args->record_fd));
}

void hm_cell_run_open_window(void)
{
    struct hm_cell_record *record = &hm_cell_run.record;

    if (hm_cell_run.gc != NULL) {
        hm_gc_stats_get(hm_cell_run.gc, &record->gc);
        hm_pause_log_init(hm_cell_run.log);
    }
    record->rss_base_bytes = hm_os_rss_bytes(0);
    hm_progress_phase(hm_cell_run.progress, HM_PHASE_RUN);
    hm_window_begin(&record->window);
}

void hm_cell_run_close_window(void)
{
    struct hm_cell_record *record = &hm_cell_run.record;

    hm_window_end(&record->window);
    record->rss_end_bytes = hm_os_rss_bytes(0);
    record->rss_peak_bytes = hm_os_rss_peak_bytes();
    run_read_gc(record);
    record->ops = hm_cell_run.ops_done();
    hm_progress_phase(hm_cell_run.progress, HM_PHASE_DROP);
}

void hm_cell_run_init_thread(struct hm_run *run, struct hm_cell_meters *meters,
                             unsigned t)
{
    const struct hm_cell_args *args = hm_cell_run.args;

    hm_hist_init(&meters->latency);
    meters->watch.at_ops = UINT64_MAX;
    memcpy(run->value, args->value, sizeof(run->value));
    run->seed = args->seed ^ hm_fin(t);
    run->input_dir = args->input_dir;
    run->meter.progress = t == 0 ? hm_cell_run.progress : &meters->progress;
    run->meter.latency = &meters->latency;
    run->meter.watch = &meters->watch;
    hm_rng_seed(&run->rng, run->seed);
}

static void run_add_result(struct hm_cell_results *results,
                           const struct hm_counter *result)
{
    unsigned i = 0;

    while (i < results->n && strcmp(results->result[i].name, result->name) != 0)
        i++;
    if (i == HM_COUNTERS_MAX)
        return;
    if (i == results->n)
        results->result[results->n++] = (struct hm_counter){result->name, 0};
    results->result[i].value += result->value;
}

void hm_cell_run_add_counters(const struct hm_run *run)
{
    for (unsigned i = 0; i < run->n_counters; i++)
        run_add_result(&hm_cell_run.record.counters, &run->counter[i]);
    for (unsigned i = 0; i < run->n_figures; i++)
        run_add_result(&hm_cell_run.record.figures, &run->figure[i]);
}

void hm_cell_run_trim(struct hm_run *run)
{
    if (hm_cell_trim())
        hm_run_figure(run, "rss_trimmed_bytes", hm_os_rss_held_bytes());
}

int hm_cell_run_finish(void)
{
    hm_progress_phase(hm_cell_run.progress, HM_PHASE_END);
    return hm_cell_record_write(&hm_cell_run.record,
                                hm_cell_run.args->record_fd);
}
