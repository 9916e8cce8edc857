/* SPDX-License-Identifier: MIT */
/* leak_window.c -- a queue of constant length, and one address of an early
 * node left behind on the stack: who takes it for a reference keeps every node
 * that comes after it.
 *
 * Source:     H. Boehm, "Bounding space usage of conservative garbage
 *             collectors", POPL 2002.
 * Differs:    false_retention measures times and places; here nodes carry
 *             payloads, and the question is what grows.  In the twin a node
 *             that leaves the queue forgets the next one.
 * Invariants: at most `window` nodes are in the queue after a step; the
 *             address is never read as a reference.
 * Costs:      two allocations per step.
 * Threads:    one. */
#include "workloads/leak.h"
#include "workloads/leak_node.h"

enum { LEAK_WINDOW_WINDOW = HM_LEAK_OWN };

static const struct hm_param leak_window_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256),
    {"window", "nodes in the queue", 1000, 1000, 1, 1 << 20},
    {0},
};

enum { ROOT_HEAD, ROOT_TAIL };

static void leak_window_push(struct hm_object_run *run, hm_ref payload)
{
    hm_ref node = hm_leak_node(run, payload);

    if (run->root[ROOT_TAIL] == NULL) {
        run->root[ROOT_HEAD] = node;
    } else {
        hm_store(run->mutator, run->root[ROOT_TAIL], NODE_NEXT, node);
    }
    run->root[ROOT_TAIL] = node;
}

/* The oldest node goes; there is one. */
static void leak_window_pop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node = run->root[ROOT_HEAD];
    hm_ref payload = hm_load(m, node, NODE_PAYLOAD);

    run->root[ROOT_HEAD] = hm_load(m, node, NODE_NEXT);
    if (run->root[ROOT_HEAD] == NULL)
        run->root[ROOT_TAIL] = NULL;
    if (hm_leak_is_twin(run))
        hm_store(m, node, NODE_NEXT, NULL);
    hm_dispose(m, payload);
    hm_dispose(m, node);
}

static void leak_window_step(struct hm_object_run *run, uint64_t i)
{
    hm_ref payload = hm_leak_payload(run, i);

    hm_leak_read(run, payload);
    leak_window_push(run, payload);
    if (i + 1 >= run->base.value[LEAK_WINDOW_WINDOW])
        leak_window_pop(run);
}

/* The first node is made before the loop, so that its address can stay on the
 * stack of this function throughout. */
static void leak_window_run(struct hm_object_run *run)
{
    volatile uintptr_t stale;

    leak_window_push(run, hm_leak_payload(run, 0));
    stale = (uintptr_t)run->root[ROOT_HEAD];
    hm_leak_loop(run, leak_window_step);
    (void)stale; /* held till here */
}

static void leak_window_drop(struct hm_object_run *run)
{
    while (HM_GC_MANUAL && run->root[ROOT_HEAD] != NULL)
        leak_window_pop(run);
    run->root[ROOT_HEAD] = NULL;
    run->root[ROOT_TAIL] = NULL;
}

const struct hm_object_workload hm_object_leak_window = {
    .name = "leak_window",
    .summary = "a queue and one stale address: grows if guessed",
    .source = "H. Boehm, POPL 2002",
    .operation = "step",
    .params = leak_window_params,
    .leak = HM_LEAK_FALSE,
    .run = leak_window_run,
    .drop = leak_window_drop,
};
