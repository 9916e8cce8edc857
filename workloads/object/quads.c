/* SPDX-License-Identifier: MIT */
/* quads.c -- small trees of four children each die young beside a large one
 * that is read in full again and again.
 *
 * Source:     A. Wingo, Whippet, benchmarks/quads.c.
 * Differs:    the garbage of a round is a share of the large tree (0.4: what
 *             the original allocates in a heap of three times the tree), not
 *             of the heap, so that the work is the same in every heap.
 * Invariants: a tree of depth d has (4^(d+1) - 1) / 3 nodes, children older
 *             than their parent; `nodes` is the sum over all trees built.
 * Costs:      `rounds` times that share in trees of depth 3, and `rounds` + 1
 *             walks over the large tree.
 * Threads:    one. */
#include "common/check.h"
#include "workloads/object.h"

enum { QUADS_DEPTH, QUADS_ROUNDS, QUADS_GARBAGE };

static const struct hm_param quads_params[] = {
    {"depth", "depth of the large tree", 9, 10, 3, 14},
    {"rounds", "walks over the large tree", 20, 20, 1, 100000},
    {"garbage", "garbage of a round, in thousandths of the large tree", 400,
     400, 1, 100000},
    {0},
};

enum { QUAD_REFS = 4 };

static const struct hm_layout quads_quad = {QUAD_REFS, 0, "quad"};

enum { ROOT_TREE };

enum { QUADS_YOUNG_DEPTH = 3 };

static uint64_t quads_nodes_of(unsigned depth)
{
    return ((UINT64_C(4) << 2 * depth) - 1) / 3;
}

/* Bottom-up: the parent is the youngest, so its stores need no barrier. */
static hm_ref quads_build(struct hm_mutator *m, unsigned depth)
{
    HM_FRAME(m, f, QUAD_REFS);
    hm_ref parent;

    for (unsigned i = 0; depth > 0 && i < QUAD_REFS; i++)
        HM_SET(m, f, i, quads_build(m, depth - 1));
    parent = hm_new(m, &quads_quad);
    for (unsigned i = 0; depth > 0 && i < QUAD_REFS; i++)
        hm_init(m, parent, i, HM_GET(f, i));
    HM_LEAVE(m, f);
    return parent;
}

/* Nodes of a tree that has children down to `depth` and none below. */
static uint32_t quads_validate(struct hm_mutator *m, hm_ref tree,
                               unsigned depth)
{
    uint32_t nodes = 1;

    for (unsigned i = 0; i < QUAD_REFS; i++) {
        hm_ref child = hm_load(m, tree, i);

        HM_CHECK((child == NULL) == (depth == 0));
        if (child != NULL)
            nodes += quads_validate(m, child, depth - 1);
    }
    return nodes;
}

static void quads_dispose(struct hm_mutator *m, hm_ref tree)
{
    for (unsigned i = 0; i < QUAD_REFS; i++) {
        hm_ref child = hm_load(m, tree, i);

        if (child != NULL)
            quads_dispose(m, child);
    }
    hm_dispose(m, tree);
}

/* A sample is one tree. */
static void quads_garbage(struct hm_object_run *run, uint64_t trees)
{
    struct hm_mutator *m = run->mutator;
    hm_ref tree;

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < trees; i++) {
        hm_region_enter(m);
        tree = quads_build(m, QUADS_YOUNG_DEPTH);
        (void)tree; /* garbage at once */
        if (HM_GC_MANUAL && !HM_GC_REGIONS)
            quads_dispose(m, tree);
        hm_region_leave(m);
        hm_meter_mark(&run->base.meter, 1);
    }
}

static void quads_run(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    unsigned depth = (unsigned)run->base.value[QUADS_DEPTH];
    uint64_t rounds = run->base.value[QUADS_ROUNDS];
    uint64_t nodes = quads_nodes_of(depth);
    uint64_t young = quads_nodes_of(QUADS_YOUNG_DEPTH);
    uint64_t trees = nodes * run->base.value[QUADS_GARBAGE] / 1000 / young;

    if (trees == 0)
        trees = 1;
    run->root[ROOT_TREE] = quads_build(m, depth);
    hm_run_mix(&run->base, quads_validate(m, run->root[ROOT_TREE], depth));
    for (uint64_t r = 0; r < rounds; r++) {
        quads_garbage(run, trees);
        hm_run_mix(&run->base, quads_validate(m, run->root[ROOT_TREE], depth));
    }
    hm_run_mix(&run->base, (uint32_t)trees);
    hm_run_count(&run->base, "nodes", nodes + rounds * trees * young);
}

static void quads_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        quads_dispose(run->mutator, run->root[ROOT_TREE]);
    run->root[ROOT_TREE] = NULL;
}

const struct hm_object_workload hm_object_quads = {
    .name = "quads",
    .summary = "small quad trees die beside a large one that is walked",
    .source = "Whippet, benchmarks/quads.c",
    .operation = "tree",
    .params = quads_params,
    .leak = HM_LEAK_NOT_ONE,
    .has_regions = 1,
    .run = quads_run,
    .drop = quads_drop,
};
