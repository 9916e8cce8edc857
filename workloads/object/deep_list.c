/* SPDX-License-Identifier: MIT */
/* deep_list.c -- one very long list, walked and dropped whole, again and again.
 *
 * Source:     heapmark; the deep structure that defeats recursive marking and
 *             recursive release.
 * Differs:    the list grows while it is live, so whatever collects has to
 *             follow half-built ones; the next list is built where the last
 *             one dies, so the release of a whole list falls into the window.
 * Invariants: one list is reachable at a time; a walk meets `nodes` nodes in
 *             descending order.
 * Costs:      nodes * rounds allocations; a walk per round.
 * Threads:    one. */
#include "workloads/object.h"

#include <string.h>

enum { DEEP_LIST_NODES, DEEP_LIST_ROUNDS };

static const struct hm_param deep_list_params[] = {
    {"nodes", "length of the list", 1000000, 10000000, 1, 100000000},
    {"rounds", "lists built", 4, 4, 1, 1000000},
    {0},
};

enum { NODE_NEXT, NODE_REFS };

static const struct hm_layout deep_list_node = {NODE_REFS, 8, "node"};

enum { ROOT_LIST };

enum { DEEP_LIST_BATCH = 256 }; /* nodes per sample */

static void deep_list_push(struct hm_object_run *run, uint64_t i)
{
    hm_ref node = hm_new(run->mutator, &deep_list_node);

    hm_init(run->mutator, node, NODE_NEXT, run->root[ROOT_LIST]);
    memcpy(hm_raw(node, NODE_REFS), &i, sizeof(i));
    run->root[ROOT_LIST] = node;
}

static void deep_list_build(struct hm_object_run *run)
{
    uint64_t nodes = run->base.value[DEEP_LIST_NODES];

    for (uint64_t done = 0; done < nodes;) {
        uint64_t left = nodes - done;
        uint64_t batch = left < DEEP_LIST_BATCH ? left : DEEP_LIST_BATCH;

        for (uint64_t i = 0; i < batch; i++)
            deep_list_push(run, done + i);
        hm_meter_mark(&run->base.meter, batch);
        done += batch;
    }
}

/* Mixes the number of nodes and a hash of the order they come in. */
static void deep_list_walk(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    uint32_t n = 0, order = 0;
    hm_ref node = run->root[ROOT_LIST];

    for (; node != NULL; node = hm_load(m, node, NODE_NEXT)) {
        uint64_t i;

        memcpy(&i, hm_raw(node, NODE_REFS), sizeof(i));
        order = hm_mix(order, (uint32_t)i);
        n++;
    }
    hm_run_mix(&run->base, n);
    hm_run_mix(&run->base, order);
}

static void deep_list_drop(struct hm_object_run *run)
{
    hm_ref node = run->root[ROOT_LIST];

    run->root[ROOT_LIST] = NULL;
    while (HM_GC_MANUAL && node != NULL) {
        hm_ref next = hm_load(run->mutator, node, NODE_NEXT);

        hm_dispose(run->mutator, node);
        node = next;
    }
}

static void deep_list_run(struct hm_object_run *run)
{
    uint64_t rounds = run->base.value[DEEP_LIST_ROUNDS];

    hm_meter_start(&run->base.meter);
    for (uint64_t r = 0; r < rounds; r++) {
        deep_list_drop(run);
        deep_list_build(run);
        deep_list_walk(run);
    }
    hm_run_count(&run->base, "nodes",
                 rounds * run->base.value[DEEP_LIST_NODES]);
}

const struct hm_object_workload hm_object_deep_list = {
    .name = "deep_list",
    .summary = "one very long list, built, walked and dropped whole",
    .source = "heapmark; workloads/README.md",
    .operation = "node",
    .params = deep_list_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = deep_list_run,
    .drop = deep_list_drop,
};
