/* SPDX-License-Identifier: MIT */
/* leak_timer.c -- each step sets a timer that is due in a far future: the heap
 * of timers holds its callback, and the callback what it has captured.
 *
 * Source:     time-outs of requests that end early and forget to clear them.
 * Differs:    the leaked timers are 10^9 steps away, and time is the number of
 *             the step.  The twin's are due within 1000 steps, and fire.
 * Invariants: no timer is due before its parent in the binary heap; after a
 *             step no timer is due.
 * Costs:      three allocations per step, a few stores of references where the
 *             new timer is due before others; the array doubles now and then.
 * Threads:    one. */
#include "workloads/grow_refs.h"
#include "workloads/leak.h"

static const struct hm_param leak_timer_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256), {0}};

enum { TIMER_CALLBACK, TIMER_REFS };

struct leak_timer_timer { /* the raw half */
    uint64_t due_step;
};

static const struct hm_layout leak_timer_timer_layout = {
    TIMER_REFS, sizeof(struct leak_timer_timer), "timer"};

enum { CALLBACK_PAYLOAD, CALLBACK_REFS };

struct leak_timer_callback { /* the raw half */
    uint64_t function;
};

static const struct hm_layout leak_timer_callback_layout = {
    CALLBACK_REFS, sizeof(struct leak_timer_callback), "callback"};

enum { ROOT_HEAP };

enum {
    LEAK_TIMER_FIRST_PLACES = 16,
    LEAK_TIMER_FUNCTION = 1,
    LEAK_TIMER_STEPS = 1000,
    LEAK_TIMER_FAR_STEPS = 1000000000,
};

static uint64_t leak_timer_places, leak_timer_n, leak_timer_fired;

static uint64_t leak_timer_due(hm_ref timer)
{
    return ((const struct leak_timer_timer *)hm_raw(timer, TIMER_REFS))
        ->due_step;
}

static hm_ref leak_timer_callback(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref callback;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, hm_leak_payload(run, i));
    callback = hm_new(m, &leak_timer_callback_layout);
    *(struct leak_timer_callback *)hm_raw(callback, CALLBACK_REFS) =
        (struct leak_timer_callback){LEAK_TIMER_FUNCTION};
    hm_init(m, callback, CALLBACK_PAYLOAD, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return callback;
}

static hm_ref leak_timer_new(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    uint64_t due = i + 1 + hm_rng_below(&run->base.rng, LEAK_TIMER_STEPS);
    hm_ref timer;
    HM_FRAME(m, f, 1);

    if (!hm_leak_is_twin(run))
        due += LEAK_TIMER_FAR_STEPS;
    HM_SET(m, f, 0, leak_timer_callback(run, i));
    timer = hm_new(m, &leak_timer_timer_layout);
    *(struct leak_timer_timer *)hm_raw(timer, TIMER_REFS) =
        (struct leak_timer_timer){due};
    hm_init(m, timer, TIMER_CALLBACK, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return timer;
}

/* Puts `timer` into place `k` or above, where its parent is not due later. */
static void leak_timer_rise(struct hm_mutator *m, hm_ref heap, uint64_t k,
                            hm_ref timer)
{
    hm_ref parent;

    for (; k > 0; k = (k - 1) / 2) {
        parent = hm_load(m, heap, (k - 1) / 2);
        if (leak_timer_due(parent) <= leak_timer_due(timer))
            break;
        hm_store(m, heap, k, parent);
    }
    hm_store(m, heap, k, timer);
}

/* Puts `timer` at the top or below, where no child is due earlier. */
static void leak_timer_sink(struct hm_mutator *m, hm_ref heap, hm_ref timer)
{
    uint64_t k = 0, child;

    while ((child = 2 * k + 1) < leak_timer_n) {
        if (child + 1 < leak_timer_n &&
            leak_timer_due(hm_load(m, heap, child + 1)) <
                leak_timer_due(hm_load(m, heap, child)))
            child++;
        if (leak_timer_due(timer) <= leak_timer_due(hm_load(m, heap, child)))
            break;
        hm_store(m, heap, k, hm_load(m, heap, child));
        k = child;
    }
    hm_store(m, heap, k, timer);
}

static void leak_timer_set(struct hm_object_run *run, hm_ref timer)
{
    struct hm_mutator *m = run->mutator;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, timer);
    if (leak_timer_n == leak_timer_places) {
        hm_grow_refs(run, ROOT_HEAP, leak_timer_places);
        leak_timer_places *= 2;
    }
    leak_timer_rise(m, run->root[ROOT_HEAP], leak_timer_n++, HM_GET(f, 0));
    HM_LEAVE(m, f);
}

static void leak_timer_dispose(struct hm_mutator *m, hm_ref timer)
{
    hm_ref callback = hm_load(m, timer, TIMER_CALLBACK);

    hm_dispose(m, hm_load(m, callback, CALLBACK_PAYLOAD));
    hm_dispose(m, callback);
    hm_dispose(m, timer);
}

/* Fires what is due at step `i`. */
static void leak_timer_fire(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref heap = run->root[ROOT_HEAP], timer, last;

    while (leak_timer_n > 0 && leak_timer_due(hm_load(m, heap, 0)) <= i) {
        timer = hm_load(m, heap, 0);
        last = hm_load(m, heap, --leak_timer_n);
        hm_store(m, heap, leak_timer_n, NULL);
        if (leak_timer_n > 0)
            leak_timer_sink(m, heap, last);
        leak_timer_fired++;
        if (HM_GC_MANUAL)
            leak_timer_dispose(m, timer);
    }
}

static void leak_timer_step(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref timer = leak_timer_new(run, i);
    hm_ref callback = hm_load(m, timer, TIMER_CALLBACK);

    hm_leak_read(run, hm_load(m, callback, CALLBACK_PAYLOAD));
    leak_timer_set(run, timer);
    leak_timer_fire(run, i);
}

static void leak_timer_run(struct hm_object_run *run)
{
    leak_timer_n = 0;
    leak_timer_fired = 0;
    leak_timer_places = LEAK_TIMER_FIRST_PLACES;
    run->root[ROOT_HEAP] = hm_new_refs(run->mutator, leak_timer_places);
    hm_leak_loop(run, leak_timer_step);
    hm_run_count(&run->base, "fired", leak_timer_fired);
    hm_run_count(&run->base, "pending", leak_timer_n);
}

static void leak_timer_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref heap = run->root[ROOT_HEAP];

    for (uint64_t k = 0; HM_GC_MANUAL && k < leak_timer_n; k++)
        leak_timer_dispose(m, hm_load(m, heap, k));
    hm_dispose(m, heap);
    run->root[ROOT_HEAP] = NULL;
}

const struct hm_object_workload hm_object_leak_timer = {
    .name = "leak_timer",
    .summary = "sets timers that are never due: grows everywhere",
    .source = "heapmark; workloads/README.md",
    .operation = "step",
    .params = leak_timer_params,
    .leak = HM_LEAK_LOGICAL,
    .run = leak_timer_run,
    .drop = leak_timer_drop,
};
