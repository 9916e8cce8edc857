/* SPDX-License-Identifier: MIT */
/* leak_thread.c -- threads come and go, and what each kept for itself stays
 * registered under its number.
 *
 * Source:     thread-local values of pools whose threads are replaced; in Java
 *             the ThreadLocal of an unloaded application.
 * Differs:    the threads take turns in one, four steps each: what leaks is the
 *             program's registry and not a malloc's cache.  The twin takes the
 *             entry out of the registry when its thread ends.
 * Invariants: the first local of the registry is that of the thread which runs;
 *             it owns the payloads of that thread's steps.
 * Costs:      a payload per step, a local of four references per four steps.
 * Threads:    one. */
#include "workloads/leak.h"

static const struct hm_param leak_thread_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256), {0}};

enum { LEAK_THREAD_STEPS = 4 };

enum { LOCAL_NEXT = LEAK_THREAD_STEPS, LOCAL_REFS };

struct leak_thread_local { /* the raw half */
    uint64_t thread;
};

static const struct hm_layout leak_thread_local_layout = {
    LOCAL_REFS, sizeof(struct leak_thread_local), "local"};

enum { ROOT_REGISTRY };

static uint64_t leak_thread_registered;

static void leak_thread_start(struct hm_object_run *run, uint64_t thread)
{
    struct hm_mutator *m = run->mutator;
    hm_ref local = hm_new(m, &leak_thread_local_layout);

    *(struct leak_thread_local *)hm_raw(local, LOCAL_REFS) =
        (struct leak_thread_local){thread};
    hm_init(m, local, LOCAL_NEXT, run->root[ROOT_REGISTRY]);
    run->root[ROOT_REGISTRY] = local;
    leak_thread_registered++;
}

/* Takes the first local out of the registry. */
static void leak_thread_forget(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref local = run->root[ROOT_REGISTRY], payload;

    run->root[ROOT_REGISTRY] = hm_load(m, local, LOCAL_NEXT);
    leak_thread_registered--;
    for (uint64_t k = 0; HM_GC_MANUAL && k < LEAK_THREAD_STEPS; k++) {
        payload = hm_load(m, local, k);
        if (payload != NULL)
            hm_dispose(m, payload);
    }
    hm_dispose(m, local);
}

static void leak_thread_step(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    uint64_t k = i % LEAK_THREAD_STEPS;
    hm_ref payload;

    if (k == 0)
        leak_thread_start(run, i / LEAK_THREAD_STEPS);
    payload = hm_leak_payload(run, i);
    hm_store(m, run->root[ROOT_REGISTRY], k, payload);
    hm_leak_read(run, payload);
    if (k == LEAK_THREAD_STEPS - 1 && hm_leak_is_twin(run))
        leak_thread_forget(run);
}

static void leak_thread_run(struct hm_object_run *run)
{
    leak_thread_registered = 0;
    hm_leak_loop(run, leak_thread_step);
    hm_run_count(&run->base, "registered", leak_thread_registered);
}

static void leak_thread_drop(struct hm_object_run *run)
{
    while (HM_GC_MANUAL && run->root[ROOT_REGISTRY] != NULL)
        leak_thread_forget(run);
    run->root[ROOT_REGISTRY] = NULL;
}

const struct hm_object_workload hm_object_leak_thread = {
    .name = "leak_thread",
    .summary = "locals of threads that have ended: grows everywhere",
    .source = "heapmark; workloads/README.md",
    .operation = "step",
    .params = leak_thread_params,
    .leak = HM_LEAK_LOGICAL,
    .run = leak_thread_run,
    .drop = leak_thread_drop,
};
