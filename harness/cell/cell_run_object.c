/* SPDX-License-Identifier: MIT */
/* cell_run_object.c -- one run of an object workload, in one or more threads,
 * each of which makes a run of its own over its part of the heap. */
#include "collectors/collector.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/os.h"
#include "harness/cell/cell_live.h"
#include "harness/cell/cell_run.h"
#include "harness/cell/cell_threads.h"
#include "harness/cell/cell_trim.h"
#include "harness/cell/cell_used.h"
#include "workloads/object.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct object_thread {
    _Alignas(HM_CELL_LINE_BYTES) struct hm_object_run run;
    struct hm_schedule schedule; /* of an open loop, or of turns */
    struct hm_metered *metered;  /* of a closed one that could be open */
    struct hm_cell_meters meters;
};

static struct object_thread *object_threads;
static unsigned object_n_threads;
static const struct hm_object_workload *object_workload;

static uint64_t object_ops_done(void)
{
    uint64_t ops = 0;

    for (unsigned t = 0; t < object_n_threads; t++) {
        ops += __atomic_load_n(&object_threads[t].run.base.meter.ops,
                               __ATOMIC_RELAXED);
    }
    return ops;
}

static int object_open_gc(const struct hm_cell_args *args)
{
    struct hm_gc_config config = {
        .heap_bytes = args->heap_bytes,
        .stress_bytes = args->stress_bytes,
        .verify = args->verify,
        .param = args->option,
        .exhausted = hm_cell_run_exhausted,
    };
    const char *why = "the heap cannot be opened";

    /* Backed as it fills: a fault per 170 pauses, and no megabyte more of
     * resident memory for those that never pause. */
    hm_cell_run.log = hm_arena_reserve(sizeof(*hm_cell_run.log));
    config.log = hm_cell_run.log;
    hm_cell_run.gc = hm_gc_open(&config, &why);
    if (hm_cell_run.gc == NULL) {
        hm_cell_run_refuse(HM_CELL_OOM, why);
        return -1;
    }
    hm_cell_run.record.has_gc = hm_collector_this.class != HM_CLASS_ALLOCATOR;
    return 0;
}

/* A parameter that every leak workload has. */
static uint64_t object_param(const struct hm_cell_args *args, const char *name)
{
    const struct hm_param *table = args->object->params;
    size_t i = 0;

    while (table[i].name != NULL && strcmp(table[i].name, name) != 0)
        i++;
    HM_CHECK(table[i].name != NULL);
    return args->value[i];
}

#ifdef HM_CENSUS
static struct hm_checkpoint object_look(uint64_t ops)
{
    const struct hm_mutator *m = object_threads[0].run.mutator;

    return (struct hm_checkpoint){ops, HM_UNKNOWN_BYTES, m->live_bytes,
                                  m->live_bytes + m->lost_bytes};
}
#else
/* Resident as the strategy left it; then a full collection, so that what is
 * live thereafter is what the strategy cannot tell from what is needed. */
static struct hm_checkpoint object_look(uint64_t ops)
{
    struct hm_checkpoint at = {ops, hm_os_rss_bytes(0), HM_UNKNOWN_BYTES,
                               HM_UNKNOWN_BYTES};
    struct hm_gc_stats stats;

    if (hm_cell_run.record.has_gc) {
        hm_gc_collect(object_threads[0].run.mutator);
        hm_gc_stats_get(hm_cell_run.gc, &stats);
        at.live_bytes = stats.live_bytes;
        at.used_bytes = stats.heap_bytes;
    } else {
        at.used_bytes = hm_cell_used_bytes();
    }
    return at;
}
#endif

/* Memory at ten equal steps of a leak workload. */
struct object_checkpoints {
    struct hm_meter_watch base; /* first: the meter knows only this */
    uint64_t total_ops;
};

/* A mark may reach several tenths at once: each gets its entry. */
static void object_checkpoint(struct hm_meter_watch *base, uint64_t ops)
{
    const struct object_checkpoints *watch = (const void *)base;
    struct hm_cell_record *record = &hm_cell_run.record;
    struct hm_checkpoint at = object_look(ops);

    while (ops >= base->at_ops) {
        unsigned k = ++record->n_checkpoints;

        record->checkpoint[k - 1] = at;
        base->at_ops = k == HM_CHECKPOINTS
                           ? UINT64_MAX
                           : watch->total_ops * (k + 1) / HM_CHECKPOINTS;
    }
}

static struct hm_meter_watch *object_checkpoints_watch(
    const struct hm_cell_args *args)
{
    static struct object_checkpoints watch;

    watch.base.at_ops = UINT64_MAX;
    if (args->object->leak != HM_LEAK_NOT_ONE) {
        watch.total_ops = object_param(args, "steps");
        watch.base.at_ops = watch.total_ops / HM_CHECKPOINTS;
        watch.base.reached = object_checkpoint;
        hm_cell_used_find();
    }
    return &watch.base;
}

#ifdef HM_CENSUS
static uint64_t object_needed_bytes(void *ledger)
{
    struct hm_mutator *m = ledger;
    uint64_t bytes;

    hm_census_lock(m);
    bytes = m->live_bytes;
    hm_census_unlock(m);
    return bytes;
}

static struct hm_live object_live;

/* The ledger keeps a curve besides. */
static struct {
    struct hm_meter_watch base; /* first: the meter knows only this */
    struct hm_live_watch live;
    struct hm_meter_watch *checkpoints;
} object_both;

static void object_set_next(void)
{
    uint64_t live_ops = object_both.live.base.at_ops;
    uint64_t checkpoint_ops = object_both.checkpoints->at_ops;

    object_both.base.at_ops =
        live_ops < checkpoint_ops ? live_ops : checkpoint_ops;
}

static void object_reached(struct hm_meter_watch *base, uint64_t ops)
{
    struct hm_meter_watch *live = &object_both.live.base;
    struct hm_meter_watch *checkpoints = object_both.checkpoints;

    (void)base;
    if (ops >= live->at_ops)
        live->reached(live, ops);
    if (ops >= checkpoints->at_ops)
        checkpoints->reached(checkpoints, ops);
    object_set_next();
}

/* The first thread's operations are the time axis, as for the driver. */
static struct hm_meter_watch *object_watch(const struct hm_cell_args *args)
{
    hm_live_begin(&object_both.live, &object_live, object_needed_bytes,
                  object_threads[0].run.mutator);
    object_both.checkpoints = object_checkpoints_watch(args);
    object_both.base.reached = object_reached;
    object_set_next();
    return &object_both.base;
}

static void object_end_watch(void)
{
    const struct hm_mutator *m = object_threads[0].run.mutator;

    hm_live_end(&object_both.live, object_threads[0].run.base.meter.ops);
    object_live.peak_bytes = m->peak_bytes;
    object_live.end_bytes = m->live_bytes;
    object_live.heap_1x_bytes = m->heap_1x_bytes;
    object_live.alloc_count = m->alloc_count;
    object_live.alloc_bytes = m->alloc_bytes;
    object_live.free_count = m->free_count;
    object_live.lost_count = m->lost_count;
    object_live.lost_bytes = m->lost_bytes;
    hm_cell_run.record.live = &object_live;
}

static void object_settle(const struct hm_cell_args *args)
{
    (void)args;
}

/* A workload that keeps what it should have dropped has a bug. */
static const char *object_dropped(void)
{
    return object_threads[0].run.mutator->heap_bytes == 0
               ? NULL
               : "drop left objects that were neither disposed nor lost";
}
#else
static struct hm_meter_watch *object_watch(const struct hm_cell_args *args)
{
    return object_checkpoints_watch(args);
}

static void object_end_watch(void)
{
}

/* What a leak workload leaves behind: nobody may say that it only waits to be
 * given back. */
static void object_settle(const struct hm_cell_args *args)
{
    if (args->object->leak == HM_LEAK_NOT_ONE)
        return;
    (void)hm_cell_trim();
    hm_clock_sleep_until(hm_clock_now_ns() +
                         object_param(args, "settle_ms") * 1000000);
}

static const char *object_dropped(void)
{
    return NULL;
}
#endif

/* A turn, or nothing has arrived: the time of a strategy that works between
 * operations, or beside them and only needs to be let. */
static void object_wait(struct hm_schedule *schedule, uint64_t until_ns)
{
    struct hm_mutator *m = object_threads[schedule->t].run.mutator;

    hm_poll(m);
    if (hm_clock_now_ns() + HM_SCHEDULE_SPIN_NS < until_ns) {
        hm_block_enter(m);
        hm_clock_sleep_until(until_ns - HM_SCHEDULE_SPIN_NS);
        hm_block_leave(m);
    }
    while (hm_clock_now_ns() < until_ns)
        hm_poll(m);
}

/* The second view of the latency of a closed loop that could be open. */
static void object_meter(const struct hm_cell_args *args, unsigned t)
{
    struct object_thread *thread = &object_threads[t];

    if (args->rate_per_s > 0 || !args->object->has_arrivals)
        return;
    thread->metered = hm_arena_reserve(sizeof(*thread->metered));
    hm_metered_init(thread->metered);
    thread->run.base.meter.metered = thread->metered;
}

static void object_schedule(const struct hm_cell_args *args, unsigned t)
{
    struct object_thread *thread = &object_threads[t];

    if (args->rate_per_s == 0 && args->poll_us == 0)
        return;
    thread->schedule = (struct hm_schedule){
        .rate_per_s = args->rate_per_s,
        .poll_ns = args->poll_us * 1000,
        .n_threads = args->threads,
        .t = t,
        .wait = object_wait,
    };
    thread->run.base.meter.schedule = &thread->schedule;
}

/* A queue that still grew at the end has no latency to speak of: it would be
 * another one had the run been longer. */
static void object_judge_queue(void)
{
    static char reason[160];

    for (unsigned t = 0; t < object_n_threads; t++) {
        const struct hm_schedule *schedule =
            object_threads[t].run.base.meter.schedule;

        if (schedule == NULL || !hm_schedule_is_saturated(schedule))
            continue;
        (void)snprintf(reason, sizeof(reason),
                       "more arrived than it could serve: no wait after "
                       "%" PRIu64 " of %" PRIu64 " arrivals; %" PRIu64
                       " us late at the end",
                       schedule->idle, schedule->served,
                       schedule->late_ns / 1000);
        hm_cell_run_refuse(HM_CELL_SATURATED, reason);
        return;
    }
}

static void object_prepare(const struct hm_cell_args *args)
{
    size_t n_roots = (size_t)args->threads * HM_ROOTS;
    hm_ref *root = hm_arena_alloc(n_roots * sizeof(hm_ref));

    object_workload = args->object;
    object_n_threads = args->threads;
    object_threads = hm_arena_alloc(args->threads * sizeof(object_threads[0]));
    for (unsigned t = 0; t < args->threads; t++) {
        hm_cell_run_init_thread(&object_threads[t].run.base,
                                &object_threads[t].meters, t);
        object_threads[t].run.root = root + (size_t)t * HM_ROOTS;
        object_meter(args, t);
        object_schedule(args, t);
    }
    if (args->rate_per_s > 0)
        hm_os_sleep_exactly();
    hm_gc_add_roots(hm_cell_run.gc, root, n_roots);
    hm_cell_run.ops_done = object_ops_done;
    hm_cell_run.record.latency = &object_threads[0].meters.latency;
}

/* All threads wait here for each other; a collection waits for none. */
static void object_meet(struct hm_object_run *run)
{
    if (object_n_threads == 1)
        return;
    hm_block_enter(run->mutator);
    hm_cell_threads_meet();
    hm_block_leave(run->mutator);
}

static void object_setup(struct hm_object_run *run)
{
    run->mutator = hm_gc_attach(hm_cell_run.gc);
    if (run->mutator == NULL)
        hm_cell_run_exhausted(sizeof(*run->mutator));
    if (object_workload->setup != NULL)
        object_workload->setup(run);
}

static void object_thread_main(unsigned t)
{
    struct hm_object_run *run = &object_threads[t].run;

    object_setup(run);
    object_meet(run); /* all are ready: the first opens the window */
    object_meet(run);
    object_workload->run(run);
    object_meet(run); /* all are done: it closes the window */
    object_meet(run);
    object_workload->drop(run);
    hm_gc_detach(run->mutator);
    hm_cell_threads_meet();
}

/* The part of the first thread, which also tells the time. */
static void object_measure(const struct hm_cell_args *args)
{
    struct hm_object_run *run = &object_threads[0].run;

    object_setup(run);
    object_meet(run);
    run->base.meter.watch = object_watch(args);
    hm_cell_run_open_window();
    object_meet(run);
    object_workload->run(run);
    object_meet(run);
    hm_cell_run_close_window();
    object_end_watch();
    object_meet(run);
    object_workload->drop(run);
    object_meet(run);
}

/* The second view of a closed loop, of all threads. */
static void object_merge_metered(struct hm_cell_record *record)
{
    struct hm_metered *first = object_threads[0].metered;

    if (first == NULL)
        return;
    for (unsigned t = 0; t < object_n_threads; t++) {
        hm_metered_end(object_threads[t].metered);
        if (t > 0)
            hm_hist_merge(&first->latency, &object_threads[t].metered->latency);
    }
    record->metered = &first->latency;
}

/* What every thread found, as one run: the checksum is the sum of theirs. */
static void object_merge(struct hm_cell_record *record)
{
    uint32_t checksum = 0;

    for (unsigned t = 0; t < object_n_threads; t++) {
        const struct object_thread *thread = &object_threads[t];

        checksum += thread->run.base.checksum;
        hm_cell_run_add_counters(&thread->run.base);
        if (t > 0) {
            hm_hist_merge(&object_threads[0].meters.latency,
                          &thread->meters.latency);
        }
    }
    record->has_checksum = 1;
    record->checksum = hm_fin(checksum);
    object_merge_metered(record);
}

/* After everything was dropped; returns NULL or what is wrong with the heap. */
static const char *object_close(const struct hm_cell_args *args)
{
    struct hm_mutator *m = object_threads[0].run.mutator;
    const char *wrong;

    hm_gc_collect(m);
    object_settle(args);
    hm_cell_run.record.rss_drained_bytes = hm_os_rss_bytes(0);
    if (args->object->is_trimmed)
        hm_cell_run_trim(&object_threads[0].run.base);
    wrong = object_dropped();
    if (wrong == NULL && args->verify)
        wrong = hm_gc_check(hm_cell_run.gc);
    hm_gc_detach(m);
    hm_gc_close(hm_cell_run.gc);
    return wrong;
}

/* Why this strategy cannot run the workload; NULL when it can. */
static const char *object_obstacle(const struct hm_cell_args *args)
{
    if (args->threads > 1 && args->object->max_threads <= 1)
        return "the workload runs in one thread";
    if (args->threads > 1 && args->threads > args->object->max_threads)
        return "more threads than the workload has work for";
    if (args->threads > 1 && !HM_GC_THREADS)
        return "the strategy takes one mutator";
    if (!hm_object_is_supported(args->object)) {
        return args->object->needs_weak > 1 ? "the strategy has no ephemerons"
                                            : "the strategy has no weak "
                                              "references";
    }
    if (HM_GC_REGIONS && !args->object->has_regions)
        return "no phase of the workload ends with all it allocated dead";
    return NULL;
}

int hm_cell_run_object(const struct hm_cell_args *args)
{
    int refused = hm_cell_run_prepare(args);
    const char *wrong;

    if (refused < 0)
        return HM_CELL_EXIT_USAGE;
    wrong = object_obstacle(args);
    if (!refused && wrong != NULL) {
        hm_cell_run_refuse(HM_CELL_UNSUPPORTED, wrong);
        refused = 1;
    }
    if (refused || object_open_gc(args) != 0)
        return hm_cell_run_finish();
    object_prepare(args);
    hm_cell_threads_start(object_n_threads, object_thread_main);
    object_measure(args);
    hm_cell_threads_join();
    wrong = object_close(args);
    object_merge(&hm_cell_run.record);
    object_judge_queue();
    if (wrong != NULL) {
        hm_cell_complain("%s: %s", args->object->name, wrong);
        return 1;
    }
    return hm_cell_run_finish();
}
