/* SPDX-License-Identifier: MIT */
/* binary_trees.c -- builds, counts and drops perfect binary trees while one
 * large tree stays alive.
 *
 * Source:     the Computer Language Benchmarks Game, binary-trees, after
 *             J. Ellis, P. Kovac and H. Boehm, GCBench.
 * Differs:    the depths advance by `step` (4; the game's is 2), the counts go
 *             into a checksum, the long-lived tree dies after the clock.
 * Invariants: a tree of depth d counts 2^(d+1) - 1 nodes; `nodes` is their sum
 *             over all trees that were counted.
 * Costs:      2^(depth - d + 4) trees of each depth d = 4, 4 + step, ...
 * Threads:    one. */
#include "common/check.h"
#include "workloads/object.h"

enum { BINARY_TREES_DEPTH, BINARY_TREES_STEP };

static const struct hm_param binary_trees_params[] = {
    {"depth", "depth of the deepest tree", 17, 20, 4, 26},
    {"step", "distance between the depths", 4, 4, 1, 22},
    {0},
};

enum { NODE_LEFT, NODE_RIGHT, NODE_REFS };

static const struct hm_layout binary_trees_node = {NODE_REFS, 0, "node"};

enum { ROOT_LONG_LIVED };

enum { BINARY_TREES_MIN_DEPTH = 4 };

/* Nodes of all trees counted so far, for the counter. */
static uint64_t binary_trees_nodes;

static hm_ref binary_trees_build(struct hm_mutator *m, unsigned depth);

/* A parent is older than its children: the stores need the barrier. */
static hm_ref binary_trees_parent(struct hm_mutator *m, unsigned depth)
{
    HM_FRAME(m, f, 1);
    hm_ref child;

    HM_SET(m, f, 0, hm_new(m, &binary_trees_node));
    child = binary_trees_build(m, depth - 1);
    hm_store(m, HM_GET(f, 0), NODE_LEFT, child);
    child = binary_trees_build(m, depth - 1);
    hm_store(m, HM_GET(f, 0), NODE_RIGHT, child);
    HM_RETURN(m, f, 0);
}

static hm_ref binary_trees_build(struct hm_mutator *m, unsigned depth)
{
    if (depth == 0) /* half of the nodes: no frame for them */
        return hm_new(m, &binary_trees_node);
    return binary_trees_parent(m, depth);
}

static uint32_t binary_trees_count(struct hm_mutator *m, hm_ref tree)
{
    hm_ref left = hm_load(m, tree, NODE_LEFT);

    if (left == NULL)
        return 1;
    return 1 + binary_trees_count(m, left) +
           binary_trees_count(m, hm_load(m, tree, NODE_RIGHT));
}

static void binary_trees_dispose(struct hm_mutator *m, hm_ref tree)
{
    hm_ref left = hm_load(m, tree, NODE_LEFT);

    if (left != NULL) {
        binary_trees_dispose(m, left);
        binary_trees_dispose(m, hm_load(m, tree, NODE_RIGHT));
    }
    hm_dispose(m, tree);
}

/* Builds, counts and drops one tree; returns its number of nodes. */
static uint32_t binary_trees_one(struct hm_mutator *m, unsigned depth)
{
    uint32_t nodes;
    hm_ref tree;

    hm_region_enter(m);
    tree = binary_trees_build(m, depth);
    nodes = binary_trees_count(m, tree);
    if (HM_GC_MANUAL && !HM_GC_REGIONS)
        binary_trees_dispose(m, tree);
    hm_region_leave(m);
    binary_trees_nodes += nodes;
    return nodes;
}

/* All trees of one depth, so many that every depth allocates about the same.
 * A sample is a tree, or as many small ones as have 2^9 nodes together; the
 * number of trees is a multiple of that. */
static void binary_trees_many(struct hm_object_run *run, unsigned depth,
                              unsigned max_depth)
{
    uint32_t trees = UINT32_C(1)
                     << (max_depth - depth + BINARY_TREES_MIN_DEPTH);
    uint32_t batch = depth < 8 ? UINT32_C(1) << (8 - depth) : 1;
    uint32_t sum = 0;

    hm_meter_start(&run->base.meter);
    for (uint32_t done = 0; done < trees; done += batch) {
        for (uint32_t i = 0; i < batch; i++)
            sum += binary_trees_one(run->mutator, depth);
        hm_meter_mark(&run->base.meter, batch);
    }
    hm_run_mix(&run->base, sum);
}

static void binary_trees_run(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    unsigned max_depth = (unsigned)run->base.value[BINARY_TREES_DEPTH];
    unsigned step = (unsigned)run->base.value[BINARY_TREES_STEP];
    uint32_t count;

    HM_ASSERT(max_depth < 28); /* or the trees of one depth overflow */
    binary_trees_nodes = 0;
    hm_meter_start(&run->base.meter);
    hm_run_mix(&run->base, binary_trees_one(m, max_depth + 1));
    hm_meter_mark(&run->base.meter, 0); /* a sample, but no operation */
    run->root[ROOT_LONG_LIVED] = binary_trees_build(m, max_depth);
    hm_meter_mark(&run->base.meter, 0);
    for (unsigned d = BINARY_TREES_MIN_DEPTH; d <= max_depth; d += step)
        binary_trees_many(run, d, max_depth);
    count = binary_trees_count(m, run->root[ROOT_LONG_LIVED]);
    hm_run_mix(&run->base, count);
    hm_run_count(&run->base, "nodes", binary_trees_nodes);
}

static void binary_trees_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        binary_trees_dispose(run->mutator, run->root[ROOT_LONG_LIVED]);
    run->root[ROOT_LONG_LIVED] = NULL;
}

const struct hm_object_workload hm_object_binary_trees = {
    .name = "binary_trees",
    .summary = "builds and drops perfect binary trees beside a large live one",
    .source = "Computer Language Benchmarks Game, binary-trees",
    .operation = "tree",
    .params = binary_trees_params,
    .leak = HM_LEAK_NOT_ONE,
    .has_regions = 1,
    .run = binary_trees_run,
    .drop = binary_trees_drop,
};
