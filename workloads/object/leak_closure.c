/* SPDX-License-Identifier: MIT */
/* leak_closure.c -- two closures made in one scope share one context: the one
 * that stays needs a number, and keeps alive what only the other one uses.
 *
 * Source:     D. Glasser, "An interesting kind of JavaScript memory leak",
 *             2013: engines make one context per scope, and each object keeps
 *             the one before it through a closure that never runs.
 * Differs:    the context is an object as engines make it.  In the twin each
 *             closure has a context with its own variables and no others.
 * Invariants: a thing owns its payload, its method and the method's context;
 *             a shared context also refers to the thing before.
 * Costs:      five small allocations per step beside the payload, six in the
 *             twin.
 * Threads:    one. */
#include "workloads/leak.h"

static const struct hm_param leak_closure_params[] = {
    HM_LEAK_PARAMS(100000, 1000000, 1024), {0}};

enum { THING_PAYLOAD, THING_METHOD, THING_REFS };

static const struct hm_layout leak_closure_thing_layout = {THING_REFS, 0,
                                                           "thing"};

enum { CLOSURE_CONTEXT, CLOSURE_REFS };

struct leak_closure_closure { /* the raw half */
    uint64_t function;
};

static const struct hm_layout leak_closure_closure_layout = {
    CLOSURE_REFS, sizeof(struct leak_closure_closure), "closure"};

enum { CONTEXT_PREVIOUS, CONTEXT_REFS };

struct leak_closure_context { /* the raw half */
    uint64_t number;
};

static const struct hm_layout leak_closure_context_layout = {
    CONTEXT_REFS, sizeof(struct leak_closure_context), "context"};

enum { ROOT_THING };

enum { LEAK_CLOSURE_METHOD = 1, LEAK_CLOSURE_UNUSED = 2 };

/* A context with these variables; `previous` may be NULL. */
static hm_ref leak_closure_context(struct hm_mutator *m, hm_ref previous,
                                   uint64_t number)
{
    hm_ref context;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, previous);
    context = hm_new(m, &leak_closure_context_layout);
    *(struct leak_closure_context *)hm_raw(context, CONTEXT_REFS) =
        (struct leak_closure_context){number};
    hm_init(m, context, CONTEXT_PREVIOUS, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return context;
}

static hm_ref leak_closure_closure(struct hm_mutator *m, hm_ref context,
                                   uint64_t function)
{
    hm_ref closure;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, context);
    closure = hm_new(m, &leak_closure_closure_layout);
    *(struct leak_closure_closure *)hm_raw(closure, CLOSURE_REFS) =
        (struct leak_closure_closure){function};
    hm_init(m, closure, CLOSURE_CONTEXT, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return closure;
}

/* The scope: makes both closures, and returns the one that stays. */
static hm_ref leak_closure_method(struct hm_object_run *run, uint64_t i)
{
    enum { SHARED, OWN, SLOTS };

    struct hm_mutator *m = run->mutator;
    hm_ref unused, method;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, SHARED, leak_closure_context(m, run->root[ROOT_THING], i));
    HM_SET(m, f, OWN,
           hm_leak_is_twin(run) ? leak_closure_context(m, NULL, i)
                                : HM_GET(f, SHARED));
    unused = leak_closure_closure(m, HM_GET(f, SHARED), LEAK_CLOSURE_UNUSED);
    hm_dispose(m, unused);
    if (hm_leak_is_twin(run))
        hm_dispose(m, HM_GET(f, SHARED));
    method = leak_closure_closure(m, HM_GET(f, OWN), LEAK_CLOSURE_METHOD);
    HM_LEAVE(m, f);
    return method;
}

static hm_ref leak_closure_thing(struct hm_object_run *run, uint64_t i)
{
    enum { PAYLOAD, METHOD, SLOTS };

    struct hm_mutator *m = run->mutator;
    hm_ref thing;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, PAYLOAD, hm_leak_payload(run, i));
    HM_SET(m, f, METHOD, leak_closure_method(run, i));
    thing = hm_new(m, &leak_closure_thing_layout);
    hm_init(m, thing, THING_PAYLOAD, HM_GET(f, PAYLOAD));
    hm_init(m, thing, THING_METHOD, HM_GET(f, METHOD));
    HM_LEAVE(m, f);
    return thing;
}

/* Releases a thing; returns the one that its context refers to. */
static hm_ref leak_closure_dispose(struct hm_mutator *m, hm_ref thing)
{
    hm_ref method = hm_load(m, thing, THING_METHOD);
    hm_ref context = hm_load(m, method, CLOSURE_CONTEXT);
    hm_ref previous = hm_load(m, context, CONTEXT_PREVIOUS);

    hm_dispose(m, hm_load(m, thing, THING_PAYLOAD));
    hm_dispose(m, context);
    hm_dispose(m, method);
    hm_dispose(m, thing);
    return previous;
}

static void leak_closure_step(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref thing = leak_closure_thing(run, i);
    hm_ref last = run->root[ROOT_THING];

    run->root[ROOT_THING] = thing;
    hm_leak_read(run, hm_load(m, thing, THING_PAYLOAD));
    if (HM_GC_MANUAL && hm_leak_is_twin(run) && last != NULL)
        (void)leak_closure_dispose(m, last);
}

static void leak_closure_run(struct hm_object_run *run)
{
    hm_leak_loop(run, leak_closure_step);
}

static void leak_closure_drop(struct hm_object_run *run)
{
    hm_ref thing = run->root[ROOT_THING];

    while (HM_GC_MANUAL && thing != NULL)
        thing = leak_closure_dispose(run->mutator, thing);
    run->root[ROOT_THING] = NULL;
}

const struct hm_object_workload hm_object_leak_closure = {
    .name = "leak_closure",
    .summary = "closures that share a context keep what one of them uses",
    .source = "D. Glasser, An interesting kind of JavaScript memory leak, 2013",
    .operation = "step",
    .params = leak_closure_params,
    .leak = HM_LEAK_LOGICAL,
    .run = leak_closure_run,
    .drop = leak_closure_drop,
};
