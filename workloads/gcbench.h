/* SPDX-License-Identifier: MIT */
/* gcbench.h -- the program of gcbench.c and mt_gcbench.c, compiled into each:
 * trees of all depths beside a long-lived tree and array. */
#ifndef HM_WORKLOADS_GCBENCH_H
#define HM_WORKLOADS_GCBENCH_H

#include "workloads/object.h"

enum { GCBENCH_DEPTH, GCBENCH_STRETCH }; /* parameters */

enum { NODE_LEFT, NODE_RIGHT, NODE_REFS };

struct gcbench_node { /* the raw half */
    int32_t height, tree;
};

static const struct hm_layout gcbench_node_layout = {
    NODE_REFS, sizeof(struct gcbench_node), "node"};

enum { ROOT_LONG_LIVED, ROOT_ARRAY };

enum {
    GCBENCH_ORIGINAL_DEPTH = 16,
    GCBENCH_MIN_DEPTH = 4,
    GCBENCH_PROBE = 1000, /* the element of the array that is read back */
};

static _Thread_local struct {
    int32_t tree; /* the one being built */
    uint64_t nodes;
} gcbench;

/* The workload's own: called before each node.  A GC point. */
static inline void gcbench_before_node(struct hm_mutator *m);

static const struct gcbench_node *gcbench_raw(hm_ref node)
{
    return hm_raw(node, NODE_REFS);
}

static hm_ref gcbench_node(struct hm_mutator *m, unsigned height)
{
    hm_ref node;

    gcbench_before_node(m);
    node = hm_new(m, &gcbench_node_layout);
    *(struct gcbench_node *)hm_raw(node, NODE_REFS) =
        (struct gcbench_node){(int32_t)height, gcbench.tree};
    return node;
}

/* Parents first: each store is into an object older than what it stores. */
static void gcbench_populate(struct hm_mutator *m, hm_ref node, unsigned height)
{
    hm_ref child;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, node);
    child = gcbench_node(m, height - 1);
    hm_store(m, HM_GET(f, 0), NODE_LEFT, child);
    child = gcbench_node(m, height - 1);
    hm_store(m, HM_GET(f, 0), NODE_RIGHT, child);
    if (height > 1) {
        gcbench_populate(m, hm_load(m, HM_GET(f, 0), NODE_LEFT), height - 1);
        gcbench_populate(m, hm_load(m, HM_GET(f, 0), NODE_RIGHT), height - 1);
    }
    HM_LEAVE(m, f);
}

static hm_ref gcbench_top_down(struct hm_mutator *m, unsigned height)
{
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, gcbench_node(m, height));
    gcbench_populate(m, HM_GET(f, 0), height);
    HM_RETURN(m, f, 0);
}

static hm_ref gcbench_bottom_up(struct hm_mutator *m, unsigned height);

/* Children first: every store initialises. */
static hm_ref gcbench_parent(struct hm_mutator *m, unsigned height)
{
    enum { LEFT, RIGHT, SLOTS };

    hm_ref node;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, LEFT, gcbench_bottom_up(m, height - 1));
    HM_SET(m, f, RIGHT, gcbench_bottom_up(m, height - 1));
    node = gcbench_node(m, height);
    hm_init(m, node, NODE_LEFT, HM_GET(f, LEFT));
    hm_init(m, node, NODE_RIGHT, HM_GET(f, RIGHT));
    HM_LEAVE(m, f);
    return node;
}

static hm_ref gcbench_bottom_up(struct hm_mutator *m, unsigned height)
{
    return height == 0 ? gcbench_node(m, 0) : gcbench_parent(m, height);
}

/* The numbers on the path that the bits of `turns` choose. */
static uint32_t gcbench_path(struct hm_mutator *m, hm_ref node, uint32_t turns)
{
    uint32_t sum = 0;

    for (; node != NULL; turns >>= 1) {
        sum += (uint32_t)(gcbench_raw(node)->height + gcbench_raw(node)->tree);
        node = hm_load(m, node, turns & 1 ? NODE_RIGHT : NODE_LEFT);
    }
    return sum;
}

/* Counts the nodes below and with `node`; adds their numbers to *sum. */
static uint32_t gcbench_count(struct hm_mutator *m, hm_ref node, uint32_t *sum)
{
    if (node == NULL)
        return 0;
    *sum += (uint32_t)(gcbench_raw(node)->height + gcbench_raw(node)->tree);
    return 1 + gcbench_count(m, hm_load(m, node, NODE_LEFT), sum) +
           gcbench_count(m, hm_load(m, node, NODE_RIGHT), sum);
}

static void gcbench_dispose(struct hm_mutator *m, hm_ref node)
{
    hm_ref left = hm_load(m, node, NODE_LEFT);

    if (left != NULL) {
        gcbench_dispose(m, left);
        gcbench_dispose(m, hm_load(m, node, NODE_RIGHT));
    }
    hm_dispose(m, node);
}

static uint64_t gcbench_nodes_of(unsigned depth)
{
    return (UINT64_C(2) << depth) - 1;
}

/* Builds, reads and drops one tree. */
static void gcbench_one(struct hm_object_run *run, unsigned depth,
                        hm_ref (*build)(struct hm_mutator *m, unsigned depth))
{
    struct hm_mutator *m = run->mutator;
    hm_ref tree;

    gcbench.tree++;
    gcbench.nodes += gcbench_nodes_of(depth);
    hm_region_enter(m);
    tree = build(m, depth);
    hm_run_mix(&run->base, gcbench_path(m, tree, (uint32_t)gcbench.tree));
    if (HM_GC_MANUAL && !HM_GC_REGIONS)
        gcbench_dispose(m, tree);
    hm_region_leave(m);
}

/* The trees of one depth; a sample has about 2^9 nodes, or one tree. */
static void gcbench_many(struct hm_object_run *run, unsigned depth,
                         hm_ref (*build)(struct hm_mutator *m, unsigned depth))
{
    unsigned stretch_depth = (unsigned)run->base.value[GCBENCH_DEPTH] + 2;
    uint64_t trees =
        2 * gcbench_nodes_of(stretch_depth) / gcbench_nodes_of(depth);
    uint64_t batch = depth < 8 ? UINT64_C(1) << (8 - depth) : 1;

    hm_meter_start(&run->base.meter);
    for (uint64_t done = 0, n; done < trees; done += n) {
        n = trees - done < batch ? trees - done : batch;
        for (uint64_t i = 0; i < n; i++)
            gcbench_one(run, depth, build);
        hm_meter_mark(&run->base.meter, n);
    }
}

static size_t gcbench_elements(const struct hm_object_run *run)
{
    size_t original = 500000;

    return (original << run->base.value[GCBENCH_DEPTH]) >>
           GCBENCH_ORIGINAL_DEPTH;
}

/* An array of which the first half is filled, with 1/i. */
static hm_ref gcbench_array(struct hm_mutator *m, size_t elements)
{
    hm_ref array = hm_new_raw(m, elements * sizeof(double));
    double *value = hm_raw(array, 0);

    value[0] = 1;
    for (size_t i = 1; i < elements / 2; i++)
        value[i] = 1.0 / (double)i;
    return array;
}

static void gcbench_finish(struct hm_object_run *run)
{
    size_t elements = gcbench_elements(run);
    size_t probe = elements / 4 > GCBENCH_PROBE ? GCBENCH_PROBE : elements / 4;
    const double *value = hm_raw(run->root[ROOT_ARRAY], 0);
    uint32_t sum = 0, count;

    count = gcbench_count(run->mutator, run->root[ROOT_LONG_LIVED], &sum);
    hm_run_mix(&run->base, sum);
    hm_run_mix(&run->base, count);
    /* Within the half that is filled, NOLINTNEXTLINE(clang-analyzer-*) */
    hm_run_mix(&run->base, (uint32_t)(1 / value[probe] + 0.5));
    hm_run_count(&run->base, "nodes", gcbench.nodes);
    hm_run_count(&run->base, "long_lived", count);
}

static void gcbench_run(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    unsigned depth = (unsigned)run->base.value[GCBENCH_DEPTH];

    gcbench.tree = 0;
    gcbench.nodes = gcbench_nodes_of(depth);
    if (run->base.value[GCBENCH_STRETCH])
        gcbench_one(run, depth + 2, gcbench_bottom_up);
    gcbench.tree = 0;
    run->root[ROOT_LONG_LIVED] = gcbench_top_down(m, depth);
    run->root[ROOT_ARRAY] = gcbench_array(m, gcbench_elements(run));
    for (unsigned d = GCBENCH_MIN_DEPTH; d <= depth; d += 2) {
        gcbench_many(run, d, gcbench_top_down);
        gcbench_many(run, d, gcbench_bottom_up);
    }
    gcbench_finish(run);
}

static void gcbench_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        gcbench_dispose(run->mutator, run->root[ROOT_LONG_LIVED]);
    hm_dispose(run->mutator, run->root[ROOT_ARRAY]);
    run->root[ROOT_LONG_LIVED] = NULL;
    run->root[ROOT_ARRAY] = NULL;
}

#endif /* HM_WORKLOADS_GCBENCH_H */
