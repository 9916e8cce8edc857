/* SPDX-License-Identifier: MIT */
/* false_integers.c -- lists are built and dropped beside a million random
 * integers: who scans the integers takes some of them for addresses and keeps
 * what is there.
 *
 * Source:     H. Boehm, "Bounding space usage of conservative garbage
 *             collectors", POPL 2002.
 * Differs:    the width of the integers is a parameter: those of 64 bits all
 *             but never fall into a 64-bit heap, those of 46 and 47 bits do.
 * Invariants: one list is alive at most, whatever a strategy retains.
 * Costs:      per operation a list of `length` nodes of 16 bytes.  What is
 *             retained depends on where the heap is: compare the largest of
 *             many runs, not their median, with `scanned=0`.  Nothing is with
 *             precise objects, or with malloc.
 * Threads:    one. */
#include "workloads/object.h"

enum {
    FALSE_INTEGERS_INTEGERS,
    FALSE_INTEGERS_BITS,
    FALSE_INTEGERS_SCANNED,
    FALSE_INTEGERS_LISTS,
    FALSE_INTEGERS_LENGTH,
};

static const struct hm_param false_integers_params[] = {
    {"integers", "random integers", 1000000, 1000000, 1, 1 << 28},
    {"bits", "of each integer", 64, 64, 1, 64},
    {"scanned", "1: next to a reference; 0: in an object without references", 1,
     1, 0, 1},
    {"lists", "lists built and dropped", 20000, 300000, 1, UINT32_MAX},
    {"length", "nodes of a list", 1000, 1000, 1, 1 << 20},
    {0},
};

enum { NODE_NEXT, NODE_REFS };

struct false_integers_node { /* the raw half */
    uint64_t number;
};

static const struct hm_layout false_integers_node_layout = {
    NODE_REFS, sizeof(struct false_integers_node), "node"};

enum { ROOT_INTEGERS, ROOT_LIST };

static struct hm_layout false_integers_layout; /* as many as asked for */

static struct false_integers_node *false_integers_raw(hm_ref node)
{
    return hm_raw(node, NODE_REFS);
}

/* References before the integers: none, or one that makes them be scanned. */
static size_t false_integers_refs(const struct hm_object_run *run)
{
    return run->base.value[FALSE_INTEGERS_SCANNED] ? 1 : 0;
}

static hm_ref false_integers_new(struct hm_object_run *run)
{
    uint64_t n = run->base.value[FALSE_INTEGERS_INTEGERS];

    if (!run->base.value[FALSE_INTEGERS_SCANNED])
        return hm_new_raw(run->mutator, n * sizeof(uint64_t));
    false_integers_layout =
        (struct hm_layout){1, (uint32_t)(n * sizeof(uint64_t)), "integers"};
    return hm_new(run->mutator, &false_integers_layout);
}

static void false_integers_draw(struct hm_object_run *run)
{
    uint64_t n = run->base.value[FALSE_INTEGERS_INTEGERS], high, low;
    uint64_t *integer;

    run->root[ROOT_INTEGERS] = false_integers_new(run);
    integer = hm_raw(run->root[ROOT_INTEGERS], false_integers_refs(run));
    for (uint64_t k = 0; k < n; k++) {
        high = hm_rng_next(&run->base.rng);
        low = hm_rng_next(&run->base.rng);
        integer[k] =
            (high << 32 | low) >> (64 - run->base.value[FALSE_INTEGERS_BITS]);
    }
}

/* The sum of the integers, high and low halves alike. */
static uint32_t false_integers_sum(const struct hm_object_run *run)
{
    const uint64_t *integer =
        hm_raw(run->root[ROOT_INTEGERS], false_integers_refs(run));
    uint64_t n = run->base.value[FALSE_INTEGERS_INTEGERS];
    uint32_t sum = 0;

    for (uint64_t k = 0; k < n; k++)
        sum += (uint32_t)(integer[k] >> 32) + (uint32_t)integer[k];
    return sum;
}

static void false_integers_build(struct hm_object_run *run, uint64_t number)
{
    struct hm_mutator *m = run->mutator;
    uint64_t length = run->base.value[FALSE_INTEGERS_LENGTH];
    hm_ref node;

    run->root[ROOT_LIST] = NULL;
    for (uint64_t k = 0; k < length; k++) {
        node = hm_new(m, &false_integers_node_layout);
        false_integers_raw(node)->number = number + k;
        hm_init(m, node, NODE_NEXT, run->root[ROOT_LIST]);
        run->root[ROOT_LIST] = node;
    }
}

/* Reads the list, and frees it where that is the program's work. */
static void false_integers_end(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node = run->root[ROOT_LIST], next;
    uint32_t sum = 0;

    for (; node != NULL; node = next) {
        next = hm_load(m, node, NODE_NEXT);
        sum += (uint32_t)false_integers_raw(node)->number;
        hm_dispose(m, node);
    }
    run->root[ROOT_LIST] = NULL;
    hm_run_mix(&run->base, sum);
}

static void false_integers_run(struct hm_object_run *run)
{
    struct hm_meter *meter = &run->base.meter;
    uint64_t lists = run->base.value[FALSE_INTEGERS_LISTS];

    false_integers_draw(run);
    hm_meter_start(meter);
    for (uint64_t i = 0; i < lists; i++) {
        hm_region_enter(run->mutator);
        false_integers_build(run, i);
        false_integers_end(run);
        hm_region_leave(run->mutator);
        hm_meter_mark(meter, 1);
    }
    hm_run_mix(&run->base, false_integers_sum(run));
    hm_run_count(&run->base, "nodes",
                 lists * run->base.value[FALSE_INTEGERS_LENGTH]);
}

static void false_integers_drop(struct hm_object_run *run)
{
    hm_dispose(run->mutator, run->root[ROOT_INTEGERS]);
    run->root[ROOT_INTEGERS] = NULL;
}

const struct hm_object_workload hm_object_false_integers = {
    .name = "false_integers",
    .summary = "lists come and go beside a million random integers",
    .source = "H. Boehm, POPL 2002",
    .operation = "list",
    .params = false_integers_params,
    .leak = HM_LEAK_NOT_ONE,
    .has_regions = 1,
    .run = false_integers_run,
    .drop = false_integers_drop,
};
