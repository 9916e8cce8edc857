/* SPDX-License-Identifier: MIT */
/* cycles.c -- rings of nodes, of which the latest stay for a while: garbage
 * that refers to itself.
 *
 * Source:     heapmark; the case that plain reference counting cannot see.
 * Differs:    a ring replaces a random one of `kept`, so lifetimes are mixed
 *             and young rings get older neighbours in memory.
 * Invariants: a ring is closed and has `length` nodes; at most `kept` are
 *             reachable.
 * Costs:      `nodes` allocations in rings; each ring is walked once when it
 *             is new and once when it is replaced.
 * Threads:    one. */
#include "workloads/object.h"

#include <string.h>

enum { CYCLES_NODES, CYCLES_LENGTH, CYCLES_KEPT };

static const struct hm_param cycles_params[] = {
    {"nodes", "nodes in all rings together, rounded up to whole rings", 4000000,
     40000000, 1, UINT64_C(1) << 32},
    {"length", "nodes of a ring", 100, 100, 1, 1000000},
    {"kept", "rings that are reachable at a time", 500, 500, 1, 1 << 20},
    {0},
};

enum { NODE_NEXT, NODE_REFS };

static const struct hm_layout cycles_node = {NODE_REFS, 8, "node"};

enum { ROOT_TABLE };

enum { CYCLES_BATCH_NODES = 256 }; /* nodes per sample, at least */

static hm_ref cycles_node_new(struct hm_mutator *m, uint64_t number)
{
    hm_ref node = hm_new(m, &cycles_node);

    memcpy(hm_raw(node, NODE_REFS), &number, sizeof(number));
    return node;
}

/* A ring with the numbers from `first` on. */
static hm_ref cycles_build(struct hm_mutator *m, uint64_t first,
                           uint64_t length)
{
    HM_FRAME(m, f, 2); /* the first node and the latest */
    hm_ref node;

    HM_SET(m, f, 0, cycles_node_new(m, first));
    HM_SET(m, f, 1, HM_GET(f, 0));
    for (uint64_t i = 1; i < length; i++) {
        node = cycles_node_new(m, first + i);
        hm_store(m, HM_GET(f, 1), NODE_NEXT, node);
        HM_SET(m, f, 1, node);
    }
    hm_store(m, HM_GET(f, 1), NODE_NEXT, HM_GET(f, 0));
    HM_RETURN(m, f, 0);
}

/* Mixes the sum of a ring's numbers, found by going once around. */
static void cycles_read(struct hm_object_run *run, hm_ref ring)
{
    hm_ref node = ring;
    uint32_t sum = 0;

    do {
        uint64_t number;

        memcpy(&number, hm_raw(node, NODE_REFS), sizeof(number));
        sum += (uint32_t)number;
        node = hm_load(run->mutator, node, NODE_NEXT);
    } while (node != ring);
    hm_run_mix(&run->base, sum);
}

static void cycles_dispose(struct hm_mutator *m, hm_ref ring)
{
    hm_ref node = ring;

    do {
        hm_ref next = hm_load(m, node, NODE_NEXT);

        hm_dispose(m, node);
        node = next;
    } while (node != ring);
}

/* Builds the ring that starts with number `first`; an older one goes. */
static void cycles_step(struct hm_object_run *run, uint64_t first)
{
    struct hm_mutator *m = run->mutator;
    uint32_t kept = (uint32_t)run->base.value[CYCLES_KEPT];
    uint32_t slot = hm_rng_below(&run->base.rng, kept);
    hm_ref ring = cycles_build(m, first, run->base.value[CYCLES_LENGTH]);
    hm_ref old = hm_load(m, run->root[ROOT_TABLE], slot);

    hm_store(m, run->root[ROOT_TABLE], slot, ring);
    cycles_read(run, ring);
    if (old != NULL) {
        cycles_read(run, old);
        if (HM_GC_MANUAL)
            cycles_dispose(m, old);
    }
}

static void cycles_run(struct hm_object_run *run)
{
    uint64_t nodes = run->base.value[CYCLES_NODES];
    uint64_t length = run->base.value[CYCLES_LENGTH];
    uint64_t rings = (nodes + length - 1) / length;
    uint64_t batch = 1 + CYCLES_BATCH_NODES / length;

    run->root[ROOT_TABLE] =
        hm_new_refs(run->mutator, run->base.value[CYCLES_KEPT]);
    hm_meter_start(&run->base.meter);
    for (uint64_t done = 0; done < rings;) {
        uint64_t n = rings - done < batch ? rings - done : batch;

        for (uint64_t i = 0; i < n; i++)
            cycles_step(run, (done + i) * length);
        hm_meter_mark(&run->base.meter, n);
        done += n;
    }
    hm_run_count(&run->base, "nodes", rings * length);
}

static void cycles_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_TABLE];

    for (uint64_t i = 0; HM_GC_MANUAL && i < run->base.value[CYCLES_KEPT];
         i++) {
        if (hm_load(m, table, i) != NULL)
            cycles_dispose(m, hm_load(m, table, i));
    }
    hm_dispose(m, table);
    run->root[ROOT_TABLE] = NULL;
}

const struct hm_object_workload hm_object_cycles = {
    .name = "cycles",
    .summary = "rings of nodes: garbage that refers to itself",
    .source = "heapmark; workloads/README.md",
    .operation = "ring",
    .params = cycles_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = cycles_run,
    .drop = cycles_drop,
};
