/* SPDX-License-Identifier: MIT */
/* gcold.c -- many old trees of one shape: each step makes young garbage,
 * replaces some subtrees by new ones, and swaps subtrees among old trees.
 *
 * Source:     D. Detlefs, GCOld, 2000; W. Clinger, 1.0.
 * Differs:    sfc32 draws; a subtree to be replaced is on a random path; the
 *             sizes of step and tree are parameters (1 MB and height 14 in the
 *             original); what is replaced or swapped is read.
 * Invariants: every tree is perfect and has 2^height - 1 nodes at all times.
 * Costs:      a node is 40 bytes with a header; a step makes `step_bytes` of
 *             arrays of 100 words and 1/ratio of that in nodes.
 * Threads:    one. */
#include "common/check.h"
#include "workloads/object.h"
#include "workloads/payload.h"

enum {
    GCOLD_SIZE,
    GCOLD_WORK,
    GCOLD_RATIO,
    GCOLD_MUTATIONS,
    GCOLD_STEPS,
    GCOLD_HEIGHT,
    GCOLD_STEP_BYTES,
};

static const struct hm_param gcold_params[] = {
    {"size", "bytes of all trees", 100 << 20, 100 << 20, 40, UINT64_C(1) << 36},
    {"work", "tenths of an addition per byte of a step", 0, 0, 0, 1000000},
    {"ratio", "bytes of young garbage per byte of new subtrees", 20, 20, 1,
     1 << 20},
    {"mutations", "references stored by the swaps of a step", 10, 10, 0,
     1 << 26},
    {"steps", "steps", 400, 20000, 1, UINT32_MAX},
    {"height", "height of a tree; 1: one node", 14, 14, 1, 20},
    {"step_bytes", "young garbage per step, bytes", 1000000, 1000000, 1,
     1 << 30},
    {0},
};

enum { NODE_LEFT, NODE_RIGHT, NODE_REFS };

struct gcold_node { /* the raw half */
    uint64_t number, spare;
};

static const struct hm_layout gcold_node_layout = {
    NODE_REFS, sizeof(struct gcold_node), "node"};

/* Where a subtree hangs: the table of trees or a node, and which slot. */
struct gcold_place {
    hm_ref holder;
    size_t slot;
};

enum { ROOT_TREES };

enum { GCOLD_NODE_BYTES = 40, GCOLD_GARBAGE_BYTES = 800 };

static struct {
    uint32_t trees, next; /* next: the tree that is changed next */
    uint64_t number;      /* of the next node */
} gcold;

static uint64_t gcold_bytes(unsigned height)
{
    return ((UINT64_C(1) << height) - 1) * GCOLD_NODE_BYTES;
}

static uint32_t gcold_number(hm_ref node)
{
    return (uint32_t)((const struct gcold_node *)hm_raw(node, NODE_REFS))
        ->number;
}

static hm_ref gcold_new(struct hm_mutator *m, unsigned height)
{
    enum { LEFT, RIGHT, SLOTS };

    hm_ref node;
    HM_FRAME(m, f, SLOTS);

    if (height > 1) {
        HM_SET(m, f, LEFT, gcold_new(m, height - 1));
        HM_SET(m, f, RIGHT, gcold_new(m, height - 1));
    }
    node = hm_new(m, &gcold_node_layout);
    *(struct gcold_node *)hm_raw(node, NODE_REFS) =
        (struct gcold_node){gcold.number++, 0};
    hm_init(m, node, NODE_LEFT, HM_GET(f, LEFT));
    hm_init(m, node, NODE_RIGHT, HM_GET(f, RIGHT));
    HM_LEAVE(m, f);
    return node;
}

static void gcold_dispose(struct hm_mutator *m, hm_ref node)
{
    hm_ref left = hm_load(m, node, NODE_LEFT);

    if (left != NULL) {
        gcold_dispose(m, left);
        gcold_dispose(m, hm_load(m, node, NODE_RIGHT));
    }
    hm_dispose(m, node);
}

/* The place at `depth` below the table, on a random path into `tree`. */
static struct gcold_place gcold_find(struct hm_object_run *run, uint32_t tree,
                                     unsigned depth)
{
    struct gcold_place place = {run->root[ROOT_TREES], tree};
    uint32_t turns = hm_rng_next(&run->base.rng);

    HM_ASSERT(place.holder != NULL);
    for (; depth > 0; depth--, turns >>= 1) {
        place.holder = hm_load(run->mutator, place.holder, place.slot);
        place.slot = turns & 1;
    }
    HM_ASSERT(place.holder != NULL); /* trees are perfect */
    return place;
}

static void gcold_young(struct hm_object_run *run)
{
    uint64_t n = run->base.value[GCOLD_STEP_BYTES] / GCOLD_GARBAGE_BYTES;
    uint32_t sum = 0;
    hm_ref garbage;

    for (uint64_t k = 0; k < n; k++) {
        garbage = hm_payload_new(run->mutator, GCOLD_GARBAGE_BYTES,
                                 (uint32_t)k & 0x7FFFFF);
        sum += hm_payload_tag(garbage);
        hm_dispose(run->mutator, garbage);
    }
    hm_run_mix(&run->base, sum);
}

/* Additions that no compiler can shorten. */
static void gcold_work(struct hm_object_run *run)
{
    uint64_t n =
        run->base.value[GCOLD_STEP_BYTES] * run->base.value[GCOLD_WORK] / 10;
    uint32_t sum = 0;

    for (uint64_t k = 0; k < n; k++)
        sum += (uint32_t)k ^ sum >> 1;
    hm_run_mix(&run->base, sum);
}

/* A new subtree takes the place of one of its height, in the tree whose turn
 * it is. */
static void gcold_replace(struct hm_object_run *run, unsigned height)
{
    struct hm_mutator *m = run->mutator;
    unsigned depth = (unsigned)run->base.value[GCOLD_HEIGHT] - height;
    hm_ref fresh = gcold_new(m, height), old;
    struct gcold_place place = gcold_find(run, gcold.next, depth);

    old = hm_load(m, place.holder, place.slot);
    hm_run_mix(&run->base, gcold_number(old));
    hm_store(m, place.holder, place.slot, fresh);
    if (HM_GC_MANUAL)
        gcold_dispose(m, old);
    gcold.next = (gcold.next + 1) % gcold.trees;
}

/* Whole trees as long as they fit, then the largest subtrees that do. */
static void gcold_old(struct hm_object_run *run)
{
    uint64_t bytes =
        run->base.value[GCOLD_STEP_BYTES] / run->base.value[GCOLD_RATIO];
    unsigned height = (unsigned)run->base.value[GCOLD_HEIGHT];

    for (; height > 0; height--) {
        for (; bytes >= gcold_bytes(height); bytes -= gcold_bytes(height))
            gcold_replace(run, height);
    }
}

static void gcold_swap(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    struct hm_rng *rng = &run->base.rng;
    unsigned depth = hm_rng_below(rng, (uint32_t)run->base.value[GCOLD_HEIGHT]);
    uint32_t tree = hm_rng_below(rng, gcold.trees);
    struct gcold_place a = gcold_find(run, tree, depth), b;
    hm_ref at_a, at_b;

    tree = hm_rng_below(rng, gcold.trees);
    b = gcold_find(run, tree, depth);
    at_a = hm_load(m, a.holder, a.slot);
    at_b = hm_load(m, b.holder, b.slot);
    hm_run_mix(&run->base, gcold_number(at_a) ^ gcold_number(at_b));
    hm_store(m, a.holder, a.slot, at_b);
    hm_store(m, b.holder, b.slot, at_a);
}

static void gcold_step(struct hm_object_run *run)
{
    gcold_young(run);
    gcold_work(run);
    gcold_old(run);
    for (uint64_t k = 0; k < run->base.value[GCOLD_MUTATIONS] / 2; k++)
        gcold_swap(run);
}

static void gcold_build(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    unsigned height = (unsigned)run->base.value[GCOLD_HEIGHT];
    uint64_t trees = run->base.value[GCOLD_SIZE] / gcold_bytes(height);
    hm_ref tree;

    gcold.trees = trees == 0 ? 1 : (uint32_t)trees;
    gcold.next = 0;
    gcold.number = 0;
    run->root[ROOT_TREES] = hm_new_refs(m, gcold.trees);
    for (uint32_t k = 0; k < gcold.trees; k++) {
        tree = gcold_new(m, height);
        hm_store(m, run->root[ROOT_TREES], k, tree);
    }
}

static uint64_t gcold_count(struct hm_mutator *m, hm_ref node, uint32_t *sum)
{
    if (node == NULL)
        return 0;
    *sum += gcold_number(node);
    return 1 + gcold_count(m, hm_load(m, node, NODE_LEFT), sum) +
           gcold_count(m, hm_load(m, node, NODE_RIGHT), sum);
}

static void gcold_finish(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    uint64_t nodes = 0;
    uint32_t sum = 0;

    for (uint32_t k = 0; k < gcold.trees; k++)
        nodes += gcold_count(m, hm_load(m, run->root[ROOT_TREES], k), &sum);
    hm_run_mix(&run->base, sum);
    hm_run_count(&run->base, "live", nodes);
    hm_run_count(&run->base, "nodes", gcold.number);
}

static void gcold_run(struct hm_object_run *run)
{
    struct hm_meter *meter = &run->base.meter;

    gcold_build(run);
    hm_meter_start(meter);
    for (uint64_t i = 0; i < run->base.value[GCOLD_STEPS]; i++) {
        gcold_step(run);
        hm_meter_mark(meter, 1);
    }
    gcold_finish(run);
}

static void gcold_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_TREES];
    uint32_t trees = HM_GC_MANUAL ? gcold.trees : 0;

    for (uint32_t k = 0; k < trees; k++)
        gcold_dispose(m, hm_load(m, table, k));
    hm_dispose(m, table);
    run->root[ROOT_TREES] = NULL;
}

const struct hm_object_workload hm_object_gcold = {
    .name = "gcold",
    .summary = "old trees whose subtrees are replaced and swapped",
    .source = "D. Detlefs 2000, GCOld; W. Clinger 1.0",
    .operation = "step",
    .params = gcold_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = gcold_run,
    .drop = gcold_drop,
};
