/* SPDX-License-Identifier: MIT */
/* splay.c -- a splay tree of which nodes with large values come and go: every
 * look-up rewrites references among old objects.
 *
 * Source:     splay.js of the V8 Octane benchmark; D. Sleator and R. Tarjan,
 *             JACM 1985, simplified top-down splaying.
 * Differs:    keys are 31-bit integers; a leaf of a value has a tag in place of
 *             a string; the value is made before the key is known to be new.
 *             The node that collects the two halves of a splay is an object,
 *             as in the original: young garbage at each step.
 * Invariants: keys are unique and in order; each of the 32 leaves of a value
 *             has its node's key as tag.
 * Costs:      95 objects per value and four or five splays per operation.
 * Threads:    one. */
#include "workloads/object.h"

enum { SPLAY_KEYS, SPLAY_OPS };

static const struct hm_param splay_params[] = {
    {"keys", "nodes in the tree", 8000, 32000, 1, 1 << 22},
    {"ops", "keys inserted, each for one removed", 40000, 2000000, 1,
     UINT32_MAX},
    {0},
};

enum { NODE_VALUE, NODE_LEFT, NODE_RIGHT, NODE_REFS };

struct splay_node { /* the raw half */
    uint64_t key;
};

static const struct hm_layout splay_node_layout = {
    NODE_REFS, sizeof(struct splay_node), "node"};

enum { INNER_LEFT, INNER_RIGHT, INNER_REFS };

static const struct hm_layout splay_inner_layout = {INNER_REFS, 0, "inner"};

enum { LEAF_ARRAY, LEAF_REFS };

struct splay_leaf { /* the raw half */
    uint64_t tag;
};

static const struct hm_layout splay_leaf_layout = {
    LEAF_REFS, sizeof(struct splay_leaf), "leaf"};

enum { ROOT_TREE };

enum { SPLAY_VALUE_DEPTH = 5, SPLAY_ARRAY = 10 };

static uint32_t splay_key(hm_ref node)
{
    return (uint32_t)((const struct splay_node *)hm_raw(node, NODE_REFS))->key;
}

static hm_ref splay_leaf(struct hm_mutator *m, uint32_t tag)
{
    hm_ref leaf, array = hm_new_raw(m, SPLAY_ARRAY * sizeof(int64_t));
    int64_t *number = hm_raw(array, 0);
    HM_FRAME(m, f, 1);

    for (int64_t i = 0; i < SPLAY_ARRAY; i++)
        number[i] = i;
    HM_SET(m, f, 0, array);
    leaf = hm_new(m, &splay_leaf_layout);
    ((struct splay_leaf *)hm_raw(leaf, LEAF_REFS))->tag = tag;
    hm_init(m, leaf, LEAF_ARRAY, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return leaf;
}

static hm_ref splay_value(struct hm_mutator *m, unsigned depth, uint32_t tag)
{
    hm_ref child;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, hm_new(m, &splay_inner_layout));
    for (unsigned side = INNER_LEFT; side <= INNER_RIGHT; side++) {
        child =
            depth == 1 ? splay_leaf(m, tag) : splay_value(m, depth - 1, tag);
        hm_store(m, HM_GET(f, 0), side, child);
    }
    HM_RETURN(m, f, 0);
}

static void splay_dispose_value(struct hm_mutator *m, hm_ref value,
                                unsigned depth)
{
    if (depth == 0) {
        hm_dispose(m, hm_load(m, value, LEAF_ARRAY));
    } else {
        splay_dispose_value(m, hm_load(m, value, INNER_LEFT), depth - 1);
        splay_dispose_value(m, hm_load(m, value, INNER_RIGHT), depth - 1);
    }
    hm_dispose(m, value);
}

static void splay_dispose(struct hm_mutator *m, hm_ref node)
{
    splay_dispose_value(m, hm_load(m, node, NODE_VALUE), SPLAY_VALUE_DEPTH);
    hm_dispose(m, node);
}

/* Leaves of `value` with the tag `tag`. */
static uint32_t splay_leaves(struct hm_mutator *m, hm_ref value, unsigned depth,
                             uint32_t tag)
{
    if (depth > 0) {
        return splay_leaves(m, hm_load(m, value, INNER_LEFT), depth - 1, tag) +
               splay_leaves(m, hm_load(m, value, INNER_RIGHT), depth - 1, tag);
    }
    return ((const struct splay_leaf *)hm_raw(value, LEAF_REFS))->tag == tag;
}

/* Puts node's child on `side` in node's place; returns it. */
static hm_ref splay_rotate(struct hm_mutator *m, hm_ref node, unsigned side)
{
    unsigned other = side == NODE_LEFT ? NODE_RIGHT : NODE_LEFT;
    hm_ref child = hm_load(m, node, side);

    hm_store(m, node, side, hm_load(m, child, other));
    hm_store(m, child, other, node);
    return child;
}

/* Splits the tree at `current` around `key` into the halves that hang from
 * `halves`; returns the node where the search ends.  No GC point. */
static hm_ref splay_split(struct hm_mutator *m, hm_ref current, hm_ref halves,
                          uint32_t key, hm_ref end[2])
{
    end[0] = end[1] = halves;
    while (key != splay_key(current)) {
        unsigned side = key < splay_key(current) ? NODE_LEFT : NODE_RIGHT;
        unsigned other = side == NODE_LEFT ? NODE_RIGHT : NODE_LEFT;
        hm_ref child = hm_load(m, current, side);

        if (child == NULL)
            break;
        if (key != splay_key(child) &&
            (key < splay_key(child)) == (side == NODE_LEFT)) {
            current = splay_rotate(m, current, side);
            if (hm_load(m, current, side) == NULL)
                break;
        }
        hm_store(m, end[other == NODE_RIGHT], side, current);
        end[other == NODE_RIGHT] = current;
        current = hm_load(m, current, side);
    }
    return current;
}

/* Brings the node of `key`, or the last one on the way to it, to the top of
 * the tree, which is not empty.  A GC point. */
static void splay_to_top(struct hm_object_run *run, uint32_t key)
{
    struct hm_mutator *m = run->mutator;
    hm_ref halves = hm_new(m, &splay_node_layout);
    hm_ref end[2]; /* of the half below the key; of the half above */
    hm_ref top = splay_split(m, run->root[ROOT_TREE], halves, key, end);

    hm_store(m, end[0], NODE_RIGHT, hm_load(m, top, NODE_LEFT));
    hm_store(m, end[1], NODE_LEFT, hm_load(m, top, NODE_RIGHT));
    hm_store(m, top, NODE_LEFT, hm_load(m, halves, NODE_RIGHT));
    hm_store(m, top, NODE_RIGHT, hm_load(m, halves, NODE_LEFT));
    run->root[ROOT_TREE] = top;
    hm_dispose(m, halves);
}

/* Makes a node of `key` the top, with the tree split around it below. */
static void splay_add_top(struct hm_object_run *run, uint32_t key, hm_ref value)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node, top;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, value);
    node = hm_new(m, &splay_node_layout);
    ((struct splay_node *)hm_raw(node, NODE_REFS))->key = key;
    hm_init(m, node, NODE_VALUE, HM_GET(f, 0));
    HM_LEAVE(m, f);
    top = run->root[ROOT_TREE];
    if (top != NULL) {
        unsigned near = key > splay_key(top) ? NODE_LEFT : NODE_RIGHT;
        unsigned far = near == NODE_LEFT ? NODE_RIGHT : NODE_LEFT;

        hm_init(m, node, near, top);
        hm_init(m, node, far, hm_load(m, top, far));
        hm_store(m, top, far, NULL);
    }
    run->root[ROOT_TREE] = node;
}

/* Returns 0, and forgets `value`, when there is a node of this key. */
static int splay_insert(struct hm_object_run *run, uint32_t key, hm_ref value)
{
    struct hm_mutator *m = run->mutator;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, value);
    if (run->root[ROOT_TREE] != NULL)
        splay_to_top(run, key);
    value = HM_GET(f, 0);
    HM_LEAVE(m, f);
    if (run->root[ROOT_TREE] != NULL &&
        splay_key(run->root[ROOT_TREE]) == key) {
        if (HM_GC_MANUAL)
            splay_dispose_value(m, value, SPLAY_VALUE_DEPTH);
        return 0;
    }
    splay_add_top(run, key, value);
    return 1;
}

static uint32_t splay_insert_new(struct hm_object_run *run)
{
    for (;;) {
        uint32_t key = hm_rng_next(&run->base.rng) >> 1;
        hm_ref value = splay_value(run->mutator, SPLAY_VALUE_DEPTH, key);

        if (splay_insert(run, key, value))
            return key;
    }
}

/* The greatest key below `key`, which is in the tree; else `key`. */
static uint32_t splay_key_before(struct hm_object_run *run, uint32_t key)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node, next;

    splay_to_top(run, key);
    node = hm_load(m, run->root[ROOT_TREE], NODE_LEFT);
    if (node == NULL)
        return key;
    while ((next = hm_load(m, node, NODE_RIGHT)) != NULL)
        node = next;
    return splay_key(node);
}

/* Removes the node of `key`, which is in the tree.  The half above the key is
 * held by the removed node while the half below is splayed. */
static uint32_t splay_remove(struct hm_object_run *run, uint32_t key)
{
    struct hm_mutator *m = run->mutator;
    hm_ref removed, left;
    HM_FRAME(m, f, 1);

    splay_to_top(run, key);
    removed = run->root[ROOT_TREE];
    HM_SET(m, f, 0, removed);
    left = hm_load(m, removed, NODE_LEFT);
    if (left == NULL) {
        run->root[ROOT_TREE] = hm_load(m, removed, NODE_RIGHT);
    } else {
        run->root[ROOT_TREE] = left;
        splay_to_top(run, key);
        hm_store(m, run->root[ROOT_TREE], NODE_RIGHT,
                 hm_load(m, HM_GET(f, 0), NODE_RIGHT));
    }
    removed = HM_GET(f, 0);
    HM_LEAVE(m, f);
    key = splay_key(removed);
    if (HM_GC_MANUAL)
        splay_dispose(m, removed);
    return key;
}

static void splay_modify(struct hm_object_run *run)
{
    uint32_t key = splay_insert_new(run);
    uint32_t before = splay_key_before(run, key);

    hm_run_mix(&run->base, splay_remove(run, before));
}

/* Makes the tree one path of right children; returns how many nodes are in
 * order, and adds to *leaves how many leaves are those of their node. */
static uint64_t splay_straighten(struct hm_object_run *run, uint64_t *leaves)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node = run->root[ROOT_TREE], last = NULL;
    uint64_t nodes = 0;

    for (; node != NULL; node = hm_load(m, node, NODE_RIGHT)) {
        while (hm_load(m, node, NODE_LEFT) != NULL)
            node = splay_rotate(m, node, NODE_LEFT);
        if (last == NULL) {
            run->root[ROOT_TREE] = node;
        } else {
            hm_store(m, last, NODE_RIGHT, node);
        }
        *leaves += splay_leaves(m, hm_load(m, node, NODE_VALUE),
                                SPLAY_VALUE_DEPTH, splay_key(node));
        nodes += last == NULL || splay_key(last) < splay_key(node);
        last = node;
    }
    return nodes;
}

static void splay_run(struct hm_object_run *run)
{
    struct hm_meter *meter = &run->base.meter;
    uint64_t leaves = 0;

    for (uint64_t i = 0; i < run->base.value[SPLAY_KEYS]; i++)
        (void)splay_insert_new(run);
    hm_meter_start(meter);
    for (uint64_t i = 0; i < run->base.value[SPLAY_OPS]; i++) {
        splay_modify(run);
        hm_meter_mark(meter, 1);
    }
    hm_run_count(&run->base, "keys", splay_straighten(run, &leaves));
    hm_run_count(&run->base, "leaves", leaves);
}

static void splay_dispose_path(struct hm_mutator *m, hm_ref node)
{
    hm_ref next;

    for (; node != NULL; node = next) {
        next = hm_load(m, node, NODE_RIGHT);
        splay_dispose(m, node);
    }
}

/* The tree is a path since the end of run. */
static void splay_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        splay_dispose_path(run->mutator, run->root[ROOT_TREE]);
    run->root[ROOT_TREE] = NULL;
}

const struct hm_object_workload hm_object_splay = {
    .name = "splay",
    .summary = "splay tree: nodes with large values come and go",
    .source = "V8 Octane, splay.js",
    .operation = "key inserted and one removed",
    .params = splay_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = splay_run,
    .drop = splay_drop,
};
