/* SPDX-License-Identifier: MIT */
/* wide_array.c -- one array of a million references to leaves; between two
 * stores into it some leaves are made and dropped.
 *
 * Source:     heapmark; mark stacks that overflow, arrays that one of several
 *             markers gets alone, and remembered sets that keep an object
 *             where they should keep a slot or a card.
 * Differs:    a store comes after some young garbage, not once per collection,
 *             which a program cannot see.
 * Invariants: every reference of the array is set once it is filled; a leaf
 *             holds the number of the operation that stored it.
 * Costs:      per operation `garbage` + 1 leaves and one store into an old
 *             array of 8 MB.
 * Threads:    one. */
#include "workloads/op_loop.h"

enum { WIDE_ARRAY_REFS, WIDE_ARRAY_OPS, WIDE_ARRAY_GARBAGE };

static const struct hm_param wide_array_params[] = {
    {"refs", "length of the array", 1000000, 1000000, 1, 1 << 21},
    {"ops", "stores into it", 300000, 10000000, 1, UINT32_MAX},
    {"garbage", "leaves dropped at once per store", 15, 15, 0, 1 << 20},
    {0},
};

struct wide_array_leaf { /* all of it is raw */
    uint64_t number, spare;
};

enum { ROOT_ARRAY };

enum { WIDE_ARRAY_BATCH = 16 };

static hm_ref wide_array_leaf(struct hm_mutator *m, uint64_t number)
{
    hm_ref leaf = hm_new_raw(m, sizeof(struct wide_array_leaf));

    *(struct wide_array_leaf *)hm_raw(leaf, 0) =
        (struct wide_array_leaf){number, ~number};
    return leaf;
}

static uint32_t wide_array_number(hm_ref leaf)
{
    return (uint32_t)((const struct wide_array_leaf *)hm_raw(leaf, 0))->number;
}

static void wide_array_store(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    uint32_t length = (uint32_t)run->base.value[WIDE_ARRAY_REFS];
    uint32_t place = hm_rng_below(&run->base.rng, length), sum = 0;
    hm_ref leaf, old, array;

    for (uint64_t k = 0; k < run->base.value[WIDE_ARRAY_GARBAGE]; k++) {
        leaf = wide_array_leaf(m, i + k);
        sum += wide_array_number(leaf);
        hm_dispose(m, leaf);
    }
    leaf = wide_array_leaf(m, i);
    array = run->root[ROOT_ARRAY];
    old = hm_load(m, array, place);
    hm_run_mix(&run->base, sum ^ wide_array_number(old));
    hm_store(m, array, place, leaf);
    hm_dispose(m, old);
}

static void wide_array_run(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    uint64_t length = run->base.value[WIDE_ARRAY_REFS];
    uint32_t sum = 0;
    hm_ref leaf;

    run->root[ROOT_ARRAY] = hm_new_refs(m, length);
    for (uint64_t k = 0; k < length; k++) {
        leaf = wide_array_leaf(m, k);
        hm_store(m, run->root[ROOT_ARRAY], k, leaf);
    }
    hm_op_loop(run, run->base.value[WIDE_ARRAY_OPS], WIDE_ARRAY_BATCH,
               wide_array_store);
    for (uint64_t k = 0; k < length; k++)
        sum += wide_array_number(hm_load(m, run->root[ROOT_ARRAY], k));
    hm_run_mix(&run->base, sum);
    hm_run_count(&run->base, "leaves", length);
}

static void wide_array_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref array = run->root[ROOT_ARRAY];
    uint64_t length = HM_GC_MANUAL ? run->base.value[WIDE_ARRAY_REFS] : 0;

    for (uint64_t k = 0; k < length; k++)
        hm_dispose(m, hm_load(m, array, k));
    hm_dispose(m, array);
    run->root[ROOT_ARRAY] = NULL;
}

const struct hm_object_workload hm_object_wide_array = {
    .name = "wide_array",
    .summary = "one array of a million references, rarely stored into",
    .source = "heapmark; workloads/README.md",
    .operation = "store",
    .params = wide_array_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = wide_array_run,
    .drop = wide_array_drop,
};
