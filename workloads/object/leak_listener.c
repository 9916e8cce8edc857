/* SPDX-License-Identifier: MIT */
/* leak_listener.c -- each request registers a listener and never takes it
 * back: the emitter holds the closure, and the closure what it has captured.
 *
 * Source:     the event emitter that warns of more than ten listeners; in
 *             browsers and servers alike the second commonest leak.
 * Differs:    no event is emitted but the one that reads the payload.  The twin
 *             takes the listener back at the end of the request.
 * Invariants: a closure refers to its context, that to the payload; the array
 *             holds the closures in the order of their steps.
 * Costs:      three allocations per step; the array doubles now and then.
 * Threads:    one. */
#include "workloads/grow_refs.h"
#include "workloads/leak.h"

static const struct hm_param leak_listener_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256), {0}};

enum { CLOSURE_CONTEXT, CLOSURE_REFS };

struct leak_listener_closure { /* the raw half */
    uint64_t function;
};

static const struct hm_layout leak_listener_closure_layout = {
    CLOSURE_REFS, sizeof(struct leak_listener_closure), "closure"};

enum { CONTEXT_PAYLOAD, CONTEXT_REFS };

static const struct hm_layout leak_listener_context_layout = {CONTEXT_REFS, 0,
                                                              "context"};

enum { ROOT_LISTENERS };

enum { LEAK_LISTENER_FIRST_PLACES = 16, LEAK_LISTENER_FUNCTION = 1 };

static uint64_t leak_listener_places, leak_listener_n;

static hm_ref leak_listener_context(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref context;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, hm_leak_payload(run, i));
    context = hm_new(m, &leak_listener_context_layout);
    hm_init(m, context, CONTEXT_PAYLOAD, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return context;
}

static hm_ref leak_listener_closure(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref closure;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, leak_listener_context(run, i));
    closure = hm_new(m, &leak_listener_closure_layout);
    *(struct leak_listener_closure *)hm_raw(closure, CLOSURE_REFS) =
        (struct leak_listener_closure){LEAK_LISTENER_FUNCTION};
    hm_init(m, closure, CLOSURE_CONTEXT, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return closure;
}

static void leak_listener_add(struct hm_object_run *run, hm_ref closure)
{
    struct hm_mutator *m = run->mutator;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, closure);
    if (leak_listener_n == leak_listener_places) {
        hm_grow_refs(run, ROOT_LISTENERS, leak_listener_places);
        leak_listener_places *= 2;
    }
    hm_store(m, run->root[ROOT_LISTENERS], leak_listener_n++, HM_GET(f, 0));
    HM_LEAVE(m, f);
}

static hm_ref leak_listener_last(const struct hm_object_run *run)
{
    return hm_load(run->mutator, run->root[ROOT_LISTENERS],
                   leak_listener_n - 1);
}

static void leak_listener_emit(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref context = hm_load(m, leak_listener_last(run), CLOSURE_CONTEXT);

    hm_leak_read(run, hm_load(m, context, CONTEXT_PAYLOAD));
}

/* The latest listener goes. */
static void leak_listener_remove(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref closure = leak_listener_last(run);
    hm_ref context = hm_load(m, closure, CLOSURE_CONTEXT);
    hm_ref payload = hm_load(m, context, CONTEXT_PAYLOAD);

    hm_store(m, run->root[ROOT_LISTENERS], --leak_listener_n, NULL);
    hm_dispose(m, payload);
    hm_dispose(m, context);
    hm_dispose(m, closure);
}

static void leak_listener_step(struct hm_object_run *run, uint64_t i)
{
    leak_listener_add(run, leak_listener_closure(run, i));
    leak_listener_emit(run);
    if (hm_leak_is_twin(run))
        leak_listener_remove(run);
}

static void leak_listener_run(struct hm_object_run *run)
{
    leak_listener_n = 0;
    leak_listener_places = LEAK_LISTENER_FIRST_PLACES;
    run->root[ROOT_LISTENERS] = hm_new_refs(run->mutator, leak_listener_places);
    hm_leak_loop(run, leak_listener_step);
    hm_run_count(&run->base, "listeners", leak_listener_n);
}

static void leak_listener_drop(struct hm_object_run *run)
{
    while (HM_GC_MANUAL && leak_listener_n > 0)
        leak_listener_remove(run);
    hm_dispose(run->mutator, run->root[ROOT_LISTENERS]);
    run->root[ROOT_LISTENERS] = NULL;
}

const struct hm_object_workload hm_object_leak_listener = {
    .name = "leak_listener",
    .summary = "registers listeners and keeps them: grows everywhere",
    .source = "heapmark; workloads/README.md",
    .operation = "step",
    .params = leak_listener_params,
    .leak = HM_LEAK_LOGICAL,
    .run = leak_listener_run,
    .drop = leak_listener_drop,
};
