/* SPDX-License-Identifier: MIT */
#include "tests/conformance/workload_run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct hm_object_run run;
static hm_ref run_root[HM_ROOTS];
static struct hm_progress run_progress;
static struct hm_hist run_latency;
static struct hm_pause_log run_pauses;
static struct hm_meter_watch run_watch = {.at_ops = UINT64_MAX};
static struct hm_workload_result *run_result;

static void run_fail(const char *what)
{
    (void)snprintf(run_result->wrong, sizeof(run_result->wrong), "%s", what);
}

/* Must not return; the parent sees the reason in the shared result. */
static void run_exhausted(size_t bytes)
{
    (void)snprintf(run_result->wrong, sizeof(run_result->wrong),
                   "the heap is exhausted: %zu bytes refused", bytes);
    _exit(3);
}

static const struct hm_object_workload *run_find(const char *name)
{
    for (size_t i = 0; hm_objects[i] != NULL; i++) {
        if (strcmp(hm_objects[i]->name, name) == 0)
            return hm_objects[i];
    }
    return NULL;
}

static int run_set_params(const struct hm_param *table, const char *params)
{
    char words[256], *word, *rest = NULL;

    hm_params_defaults(table, 0, run.base.value);
    (void)snprintf(words, sizeof(words), "%s", params);
    word = strtok_r(words, " ", &rest);
    for (; word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (hm_params_set(table, word, run.base.value) != 0)
            return -1;
    }
    return 0;
}

static struct hm_gc *run_open(const struct hm_workload_case *one)
{
    static uint64_t param[HM_PARAMS_MAX];
    const struct hm_gc_config config = {
        .stress_bytes = one->stress_bytes,
        .verify = one->verify,
        .param = param,
        .log = &run_pauses,
        .exhausted = run_exhausted,
    };
    const char *why = "the heap does not open";
    struct hm_gc *gc;

    hm_params_defaults(hm_collector_this.params, 0, param);
    gc = hm_gc_open(&config, &why);
    if (gc == NULL) {
        run_fail(why);
        return NULL;
    }
    run.mutator = hm_gc_attach(gc);
    run.root = run_root;
    hm_gc_add_roots(gc, run_root, HM_ROOTS);
    return gc;
}

static void run_prepare(const struct hm_workload_case *one)
{
    run.base.seed = one->seed;
    run.base.input_dir = one->input_dir;
    hm_hist_init(&run_latency);
    run.base.meter = (struct hm_meter){
        .progress = &run_progress,
        .latency = &run_latency,
        .watch = &run_watch,
    };
    hm_rng_seed(&run.base.rng, one->seed);
}

static void run_report(struct hm_gc *gc)
{
    const char *wrong = hm_gc_check(gc);

    if (wrong != NULL)
        run_fail(wrong);
    run_result->checksum = hm_fin(run.base.checksum);
    run_result->ops = run.base.meter.ops;
    run_result->samples = run_latency.n;
    run_result->n_counters = run.base.n_counters;
    memcpy(run_result->counter, run.base.counter, sizeof(run.base.counter));
    hm_gc_stats_get(gc, &run_result->dropped);
    for (unsigned k = 0; k < HM_ROOTS; k++)
        run_result->rooted += run_root[k] != NULL;
#ifdef HM_CENSUS
    run_result->allocated = run.mutator->alloc_count;
    run_result->freed = run.mutator->free_count;
    run_result->lost = run.mutator->lost_count;
#endif
}

void hm_workload_run(const struct hm_workload_case *one,
                     struct hm_workload_result *result)
{
    const struct hm_object_workload *workload = run_find(one->workload);
    struct hm_gc *gc;

    run_result = result;
    *result = (struct hm_workload_result){0};
    if (workload == NULL || run_set_params(workload->params, one->params)) {
        run_fail("no such workload, or wrong parameters");
        return;
    }
    gc = run_open(one);
    if (gc == NULL)
        return;
    run_prepare(one);
    if (workload->setup != NULL)
        workload->setup(&run);
    workload->run(&run);
    hm_gc_stats_get(gc, &result->end);
    workload->drop(&run);
    hm_gc_collect(run.mutator);
    run_report(gc);
    hm_gc_detach(run.mutator);
    hm_gc_close(gc);
}
