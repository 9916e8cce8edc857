/* SPDX-License-Identifier: MIT */
/* large_arrays.c -- arrays of numbers of 1 to 64 MiB, written in full, each of
 * which replaces one that is alive.
 *
 * Source:     heapmark; matrices and images, the large-object space.
 * Differs:    from `large_objects`: nothing grows, nothing is dropped at once,
 *             and all of the memory is used.
 * Invariants: every number of the array of operation i is i.
 * Costs:      per operation one array, written from end to end: memory
 *             bandwidth and, where memory comes fresh, page faults.
 * Threads:    one. */
#include "workloads/object.h"

enum { LARGE_ARRAYS_OPS, LARGE_ARRAYS_SLOTS, LARGE_ARRAYS_SMALLEST };

static const struct hm_param large_arrays_params[] = {
    {"ops", "arrays made", 300, 10000, 1, UINT32_MAX},
    {"slots", "arrays alive", 8, 16, 1, 1 << 16},
    {"smallest", "bytes of the smallest; the largest has 64 times as many",
     1 << 20, 1 << 20, 4096, 1 << 26},
    {0},
};

/* What comes before the numbers. */
enum { ARRAY_LENGTH, ARRAY_HEAD };

enum { ROOT_SLOTS };

enum { LARGE_ARRAYS_TOP_CLASS = 6, LARGE_ARRAYS_STRIDE = 512 };

/* Class c with probability 2^-(c + 1): each class carries the same bytes. */
static size_t large_arrays_bytes(struct hm_object_run *run)
{
    uint32_t draw = hm_rng_next(&run->base.rng);
    int class = __builtin_ctz(draw | 1u << LARGE_ARRAYS_TOP_CLASS);

    return (size_t)run->base.value[LARGE_ARRAYS_SMALLEST] << class;
}

static hm_ref large_arrays_new(struct hm_mutator *m, size_t bytes,
                               uint64_t number)
{
    size_t length = bytes / sizeof(uint64_t);
    hm_ref array = hm_new_raw(m, length * sizeof(uint64_t));
    uint64_t *at = hm_raw(array, 0);

    at[ARRAY_LENGTH] = length;
    for (size_t k = ARRAY_HEAD; k < length; k++)
        at[k] = number;
    return array;
}

/* The sum of one number per 4 KiB and the last one. */
static uint32_t large_arrays_sum(hm_ref array)
{
    const uint64_t *at = hm_raw(array, 0);
    size_t length = at[ARRAY_LENGTH];
    uint64_t sum = at[length - 1];

    for (size_t k = ARRAY_HEAD; k < length; k += LARGE_ARRAYS_STRIDE)
        sum += at[k];
    return (uint32_t)sum;
}

/* The old array goes first: a program that cannot hold both. */
static void large_arrays_replace(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    uint32_t slots = (uint32_t)run->base.value[LARGE_ARRAYS_SLOTS];
    size_t bytes = large_arrays_bytes(run);
    uint32_t k = hm_rng_below(&run->base.rng, slots);
    hm_ref old = hm_load(m, run->root[ROOT_SLOTS], k), array;

    if (old != NULL) {
        hm_run_mix(&run->base, large_arrays_sum(old));
        hm_store(m, run->root[ROOT_SLOTS], k, NULL);
        hm_dispose(m, old);
    }
    array = large_arrays_new(m, bytes, i);
    hm_store(m, run->root[ROOT_SLOTS], k, array);
}

static void large_arrays_run(struct hm_object_run *run)
{
    struct hm_meter *meter = &run->base.meter;
    struct hm_mutator *m = run->mutator;
    uint64_t slots = run->base.value[LARGE_ARRAYS_SLOTS], held = 0;
    hm_ref array;

    run->root[ROOT_SLOTS] = hm_new_refs(m, slots);
    hm_meter_start(meter);
    for (uint64_t i = 0; i < run->base.value[LARGE_ARRAYS_OPS]; i++) {
        large_arrays_replace(run, i);
        hm_meter_mark(meter, 1);
    }
    for (uint64_t k = 0; k < slots; k++) {
        array = hm_load(m, run->root[ROOT_SLOTS], k);
        if (array != NULL) {
            hm_run_mix(&run->base, large_arrays_sum(array));
            held++;
        }
    }
    hm_run_count(&run->base, "held", held);
}

static void large_arrays_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_SLOTS], array;
    uint64_t slots = HM_GC_MANUAL ? run->base.value[LARGE_ARRAYS_SLOTS] : 0;

    for (uint64_t k = 0; k < slots; k++) {
        array = hm_load(m, table, k);
        if (array != NULL)
            hm_dispose(m, array);
    }
    hm_dispose(m, table);
    run->root[ROOT_SLOTS] = NULL;
}

const struct hm_object_workload hm_object_large_arrays = {
    .name = "large_arrays",
    .summary = "arrays of 1 to 64 MiB, written in full, replace each other",
    .source = "heapmark; workloads/README.md",
    .operation = "array",
    .params = large_arrays_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = large_arrays_run,
    .drop = large_arrays_drop,
};
