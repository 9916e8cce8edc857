/* SPDX-License-Identifier: MIT */
/* finalizers.c -- a list of objects that are all watched, dropped at once: what
 * the finding of each dead object costs.
 *
 * Source:     Whippet's finalizers benchmark (A. Wingo): a list of pairs, each
 *             with a finalizer; none may run early, all must run.
 * Differs:    only a token survives, so nothing is resurrected and no order
 *             exists.  Who frees by hand meets its objects while it does.
 * Invariants: no token before the list is dropped; every token, each once, at
 *             most two full collections later.  A conservative collector may
 *             retain objects: it reports how many as a counter `retained` of
 *             its own, and its checksum does not depend on them.
 * Costs:      per object 24 bytes with its reference and one watch; three full
 *             collections.
 * Threads:    one. */
#include "workloads/op_loop.h"

enum { FINALIZERS_OBJECTS };

static const struct hm_param finalizers_params[] = {
    {"objects", "objects that are watched and dropped", 300000, 3000000, 1,
     1 << 28},
    {0},
};

enum { PAIR_NEXT, PAIR_REFS };

struct finalizers_pair { /* the raw half */
    uint64_t number;
};

static const struct hm_layout finalizers_pair_layout = {
    PAIR_REFS, sizeof(struct finalizers_pair), "pair"};

enum { ROOT_LIST };

enum { FINALIZERS_BATCH = 128 };

/* What has been told dead so far. */
static struct {
    uint64_t count, sum;
} finalizers_dead;

static struct finalizers_pair *finalizers_raw(hm_ref pair)
{
    return hm_raw(pair, PAIR_REFS);
}

static void finalizers_setup(struct hm_object_run *run)
{
    (void)run;
    finalizers_dead.count = finalizers_dead.sum = 0;
}

static void finalizers_make(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref pair = hm_new(m, &finalizers_pair_layout);

    finalizers_raw(pair)->number = i;
    hm_init(m, pair, PAIR_NEXT, run->root[ROOT_LIST]);
    run->root[ROOT_LIST] = pair;
    hm_watch(m, pair, i);
}

static void finalizers_note(uint64_t token)
{
    finalizers_dead.count++;
    finalizers_dead.sum += token;
}

static void finalizers_take(struct hm_object_run *run)
{
    uint64_t token;

    while (hm_next_dead(run->mutator, &token))
        finalizers_note(token);
}

/* Mixes every number, from the last to the first. */
static void finalizers_walk(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;

    for (hm_ref pair = run->root[ROOT_LIST]; pair != NULL;
         pair = hm_load(m, pair, PAIR_NEXT))
        hm_run_mix(&run->base, (uint32_t)finalizers_raw(pair)->number);
}

static void finalizers_dispose(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref pair = run->root[ROOT_LIST], next;

    for (; pair != NULL; pair = next) {
        next = hm_load(m, pair, PAIR_NEXT);
        finalizers_note(finalizers_raw(pair)->number);
        hm_dispose(m, pair);
    }
}

/* A conservative collector may keep objects that nothing refers to. */
enum { FINALIZERS_MAY_RETAIN = HM_GC_PRECISE + HM_GC_MANUAL == 0 };

/* Counts, and the tokens' sum where all have come. */
static void finalizers_report(struct hm_object_run *run)
{
    uint64_t n = run->base.value[FINALIZERS_OBJECTS];
    uint64_t dead = finalizers_dead.count, sum = finalizers_dead.sum;

    if (FINALIZERS_MAY_RETAIN && dead < n) {
        hm_run_mix(&run->base, (uint32_t)n);
        hm_run_mix(&run->base, (uint32_t)(n * (n - 1) / 2));
    } else {
        hm_run_mix(&run->base, (uint32_t)dead);
        hm_run_mix(&run->base, (uint32_t)sum);
    }
    hm_run_count(&run->base, "watched", n);
    if (FINALIZERS_MAY_RETAIN)
        hm_run_count(&run->base, "retained", n - dead);
}

static void finalizers_run(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;

    hm_op_loop(run, run->base.value[FINALIZERS_OBJECTS], FINALIZERS_BATCH,
               finalizers_make);
    hm_collect(m);
    finalizers_take(run);
    hm_run_mix(&run->base, (uint32_t)finalizers_dead.count); /* none yet */
    finalizers_walk(run);
    if (HM_GC_MANUAL)
        finalizers_dispose(run);
    run->root[ROOT_LIST] = NULL;
    for (int k = 0; k < 2; k++) {
        hm_collect(m);
        finalizers_take(run);
    }
    finalizers_report(run);
}

static void finalizers_drop(struct hm_object_run *run)
{
    run->root[ROOT_LIST] = NULL;
}

const struct hm_object_workload hm_object_finalizers = {
    .name = "finalizers",
    .summary = "a list of watched objects is dropped; each must be told dead",
    .source = "Whippet's finalizers benchmark",
    .operation = "object made and watched",
    .params = finalizers_params,
    .leak = HM_LEAK_NOT_ONE,
    .needs_weak = 1,
    .setup = finalizers_setup,
    .run = finalizers_run,
    .drop = finalizers_drop,
};
