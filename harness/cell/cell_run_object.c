/* SPDX-License-Identifier: MIT */
/* cell_run_object.c -- one run of an object workload. */
#include "collectors/collector.h"
#include "common/arena.h"
#include "common/check.h"
#include "common/os.h"
#include "harness/cell/cell_live.h"
#include "harness/cell/cell_run.h"
#include "workloads/object.h"

#include <string.h>

static struct hm_object_run object_run;
static hm_ref object_root[HM_ROOTS];

static uint64_t object_ops_done(void)
{
    return object_run.base.meter.ops;
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
    hm_gc_add_roots(hm_cell_run.gc, object_root, HM_ROOTS);
    object_run.mutator = hm_gc_attach(hm_cell_run.gc);
    HM_CHECK(object_run.mutator != NULL);
    return 0;
}

#ifdef HM_CENSUS
static uint64_t object_needed_bytes(void *ledger)
{
    return ((const struct hm_mutator *)ledger)->live_bytes;
}

static struct hm_live object_live;
static struct hm_live_watch object_live_watch;

static struct hm_meter_watch *object_watch(const struct hm_cell_args *args)
{
    (void)args;
    hm_live_begin(&object_live_watch, &object_live, object_needed_bytes,
                  object_run.mutator);
    return &object_live_watch.base;
}

static void object_end_watch(void)
{
    const struct hm_mutator *m = object_run.mutator;

    hm_live_end(&object_live_watch, object_ops_done());
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

/* A workload that keeps what it should have dropped has a bug. */
static const char *object_dropped(void)
{
    return object_run.mutator->heap_bytes == 0
               ? NULL
               : "drop left objects that were neither disposed nor lost";
}
#else
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
    struct hm_gc_stats stats;

    hm_gc_stats_get(hm_cell_run.gc, &stats);
    while (ops >= base->at_ops) {
        unsigned k = ++record->n_checkpoints;

        record->checkpoint[k - 1] =
            (struct hm_checkpoint){ops, hm_os_rss_bytes(0), stats.heap_bytes};
        base->at_ops = k == HM_CHECKPOINTS
                           ? UINT64_MAX
                           : watch->total_ops * (k + 1) / HM_CHECKPOINTS;
    }
}

/* The operations of a leak workload are its parameter `steps`. */
static uint64_t object_steps(const struct hm_cell_args *args)
{
    const struct hm_param *table = args->object->params;
    size_t i = 0;

    while (table[i].name != NULL && strcmp(table[i].name, "steps") != 0)
        i++;
    HM_CHECK(table[i].name != NULL);
    return args->value[i];
}

static struct hm_meter_watch *object_watch(const struct hm_cell_args *args)
{
    static struct object_checkpoints watch;

    watch.base.at_ops = UINT64_MAX;
    if (args->object->leak != HM_LEAK_NOT_ONE) {
        watch.total_ops = object_steps(args);
        watch.base.at_ops = watch.total_ops / HM_CHECKPOINTS;
        watch.base.reached = object_checkpoint;
    }
    return &watch.base;
}

static void object_end_watch(void)
{
}

static const char *object_dropped(void)
{
    return NULL;
}
#endif

static void object_prepare(const struct hm_cell_args *args)
{
    struct hm_run *run = &object_run.base;
    struct hm_hist *latency = hm_arena_alloc(sizeof(*latency));

    hm_hist_init(latency);
    hm_cell_run.record.latency = latency;
    hm_cell_run.ops_done = object_ops_done;
    memcpy(run->value, args->value, sizeof(run->value));
    run->seed = args->seed;
    run->input_dir = args->input_dir;
    run->meter.progress = hm_cell_run.progress;
    run->meter.latency = latency;
    hm_rng_seed(&run->rng, args->seed);
    object_run.root = object_root;
    if (args->object->setup != NULL)
        args->object->setup(&object_run);
    run->meter.watch = object_watch(args);
}

static void object_measure(const struct hm_object_workload *workload)
{
    hm_cell_run_open_window();
    workload->run(&object_run);
    hm_cell_run_close_window();
    object_end_watch();
    hm_cell_run.record.has_checksum = 1;
    hm_cell_run.record.checksum = hm_fin(object_run.base.checksum);
    hm_cell_run_add_counters(&object_run.base);
}

/* Releases everything; returns NULL or what is wrong with the heap. */
static const char *object_drop(const struct hm_cell_args *args)
{
    const char *wrong;

    args->object->drop(&object_run);
    hm_gc_collect(object_run.mutator);
    hm_cell_run.record.rss_drained_bytes = hm_os_rss_bytes(0);
    wrong = object_dropped();
    if (wrong == NULL && args->verify)
        wrong = hm_gc_check(hm_cell_run.gc);
    hm_gc_detach(object_run.mutator);
    hm_gc_close(hm_cell_run.gc);
    return wrong;
}

/* Why this strategy cannot run the workload; NULL when it can. */
static const char *object_obstacle(const struct hm_cell_args *args)
{
    if (args->threads > 1)
        return "object workloads run in one thread";
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
    object_measure(args->object);
    wrong = object_drop(args);
    if (wrong != NULL) {
        hm_cell_complain("%s: %s", args->object->name, wrong);
        return 1;
    }
    return hm_cell_run_finish();
}
