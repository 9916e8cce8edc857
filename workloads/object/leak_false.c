/* SPDX-License-Identifier: MIT */
/* leak_false.c -- lists that are dropped whole while the address of each stays
 * behind as a number: who takes numbers for references keeps the list.
 *
 * Source:     H. Boehm, "Bounding space usage of conservative garbage
 *             collectors", POPL 2002.
 * Differs:    the numbers are addresses and not alike by chance, so that what
 *             is retained is all of it; they lie in one object that also has a
 *             reference.  In the twin that object has none, and says so.
 * Invariants: at most one list is reachable; a number is never read.
 * Costs:      two allocations per step, and 8 bytes per 64 steps for the
 *             numbers.
 * Threads:    one. */
#include "workloads/leak.h"
#include "workloads/leak_node.h"

static const struct hm_param leak_false_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256), {0}};

enum { NUMBERS_REFS = 1 }; /* of the object that holds the numbers */

enum { ROOT_LIST, ROOT_NUMBERS };

enum { LEAK_FALSE_LENGTH = 64 }; /* nodes of a list */

static uintptr_t *leak_false_numbers(const struct hm_object_run *run)
{
    return hm_raw(run->root[ROOT_NUMBERS],
                  hm_leak_is_twin(run) ? 0 : NUMBERS_REFS);
}

static void leak_false_dispose(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node = run->root[ROOT_LIST], next;

    for (; HM_GC_MANUAL && node != NULL; node = next) {
        next = hm_load(m, node, NODE_NEXT);
        hm_dispose(m, hm_load(m, node, NODE_PAYLOAD));
        hm_dispose(m, node);
    }
    run->root[ROOT_LIST] = NULL;
}

static void leak_false_step(struct hm_object_run *run, uint64_t i)
{
    hm_ref payload = hm_leak_payload(run, i);

    hm_leak_read(run, payload);
    hm_leak_prepend(run, ROOT_LIST, payload);
    if (i % LEAK_FALSE_LENGTH != LEAK_FALSE_LENGTH - 1)
        return;
    leak_false_numbers(run)[i / LEAK_FALSE_LENGTH] =
        (uintptr_t)run->root[ROOT_LIST];
    leak_false_dispose(run);
}

static void leak_false_open(struct hm_object_run *run)
{
    uint64_t n = run->base.value[HM_LEAK_STEPS] / LEAK_FALSE_LENGTH + 1;
    size_t bytes = n * sizeof(uintptr_t);
    const struct hm_layout scanned = {NUMBERS_REFS, (uint32_t)bytes, "numbers"};

    run->root[ROOT_NUMBERS] = hm_leak_is_twin(run)
                                  ? hm_new_raw(run->mutator, bytes)
                                  : hm_new(run->mutator, &scanned);
    memset(leak_false_numbers(run), 0, bytes);
}

static void leak_false_run(struct hm_object_run *run)
{
    leak_false_open(run);
    hm_leak_loop(run, leak_false_step);
}

static void leak_false_drop(struct hm_object_run *run)
{
    leak_false_dispose(run);
    hm_dispose(run->mutator, run->root[ROOT_NUMBERS]);
    run->root[ROOT_NUMBERS] = NULL;
}

const struct hm_object_workload hm_object_leak_false = {
    .name = "leak_false",
    .summary = "numbers that look like addresses: grows if guessed",
    .source = "H. Boehm, POPL 2002",
    .operation = "step",
    .params = leak_false_params,
    .leak = HM_LEAK_FALSE,
    .run = leak_false_run,
    .drop = leak_false_drop,
};
