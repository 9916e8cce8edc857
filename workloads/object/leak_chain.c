/* SPDX-License-Identifier: MIT */
/* leak_chain.c -- a long list is dropped at once, by releasing its first node
 * and no other: what follows is lost with it.
 *
 * Source:     `free(list)` instead of a walk: what leak checkers call
 *             indirectly lost; for a collector the drop of everything at once.
 * Differs:    all lists are equally long.  The twin walks the list.
 * Invariants: at most one list is reachable.
 * Costs:      two allocations per step; a walk of the list where the program
 *             frees by hand.
 * Threads:    one. */
#include "workloads/leak.h"
#include "workloads/leak_node.h"

enum { LEAK_CHAIN_LENGTH = HM_LEAK_OWN };

static const struct hm_param leak_chain_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256),
    {"length", "nodes of a list", 10000, 100000, 1, UINT64_C(1) << 32},
    {0},
};

enum { ROOT_LIST };

/* Ends each node and its payload by `end`: hm_dispose or hm_lose. */
static void leak_chain_walk(struct hm_mutator *m, hm_ref node,
                            void (*end)(struct hm_mutator *m, hm_ref o))
{
    hm_ref next;

    for (; node != NULL; node = next) {
        next = hm_load(m, node, NODE_NEXT);
        end(m, hm_load(m, node, NODE_PAYLOAD));
        end(m, node);
    }
}

/* Releases the first node; nobody has the others any more. */
static void leak_chain_lose(struct hm_mutator *m, hm_ref node)
{
    hm_ref payload = hm_load(m, node, NODE_PAYLOAD);
    hm_ref next = hm_load(m, node, NODE_NEXT);

    hm_dispose(m, node);
    hm_lose(m, payload);
    leak_chain_walk(m, next, hm_lose);
}

static void leak_chain_step(struct hm_object_run *run, uint64_t i)
{
    uint64_t length = run->base.value[LEAK_CHAIN_LENGTH];
    hm_ref payload = hm_leak_payload(run, i), node;

    hm_leak_read(run, payload);
    hm_leak_prepend(run, ROOT_LIST, payload);
    if (i % length != length - 1)
        return;
    node = run->root[ROOT_LIST];
    run->root[ROOT_LIST] = NULL;
    if (!HM_GC_MANUAL)
        return;
    if (hm_leak_is_twin(run)) {
        leak_chain_walk(run->mutator, node, hm_dispose);
    } else {
        leak_chain_lose(run->mutator, node);
    }
}

static void leak_chain_run(struct hm_object_run *run)
{
    hm_leak_loop(run, leak_chain_step);
}

static void leak_chain_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        leak_chain_walk(run->mutator, run->root[ROOT_LIST], hm_dispose);
    run->root[ROOT_LIST] = NULL;
}

const struct hm_object_workload hm_object_leak_chain = {
    .name = "leak_chain",
    .summary = "frees the first node of a list: grows unless it is collected",
    .source = "heapmark; workloads/README.md",
    .operation = "step",
    .params = leak_chain_params,
    .leak = HM_LEAK_LOST,
    .run = leak_chain_run,
    .drop = leak_chain_drop,
};
