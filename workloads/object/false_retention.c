/* SPDX-License-Identifier: MIT */
/* false_retention.c -- a queue of constant length, and the address of one of
 * its early nodes left behind as a number: who takes numbers for references
 * keeps that node and with it every later one.
 *
 * Source:     H. Boehm, "Bounding space usage of conservative garbage
 *             collectors", POPL 2002.
 * Differs:    the doubly linked and the lazy list of the paper are left out.
 * Invariants: `length` nodes are alive, whatever a strategy retains; the number
 *             is never read as a reference, nor does any result depend on it.
 * Costs:      per operation one node of 16 bytes.  A conservative collector
 *             that scans the place of the number retains them all, and ends as
 *             `oom` where the heap has a limit; `stale=0` and `clear=1` are the
 *             controls.  Precise roots and objects retain nothing, nor does
 *             malloc; the static place shows only who scans static variables.
 * Threads:    one. */
#include "workloads/op_loop.h"

enum {
    FALSE_RETENTION_LENGTH,
    FALSE_RETENTION_OPS,
    FALSE_RETENTION_STALE,
    FALSE_RETENTION_CLEAR,
};

static const struct hm_param false_retention_params[] = {
    {"length", "nodes in the queue", 1000, 1000, 1, 1 << 26},
    {"ops", "nodes pushed and popped", 10000000, 100000000, 1,
     UINT64_C(1) << 40},
    {"stale", "where the address stays: 0 nowhere, 1 static, 2 stack, 3 object",
     2, 2, 0, 3},
    {"clear", "1: a node that leaves forgets the next one", 0, 0, 0, 1},
    {0},
};

enum { NODE_NEXT, NODE_REFS };

struct false_retention_node { /* the raw half */
    uint64_t number;
};

static const struct hm_layout false_retention_node_layout = {
    NODE_REFS, sizeof(struct false_retention_node), "node"};

/* A number of the program's, in an object that could have a reference as well:
 * who does not know which is which scans both. */
enum { RECORD_OTHER, RECORD_REFS };

struct false_retention_record { /* the raw half */
    uintptr_t stale;
};

static const struct hm_layout false_retention_record_layout = {
    RECORD_REFS, sizeof(struct false_retention_record), "record"};

enum { STALE_NOWHERE, STALE_STATIC, STALE_STACK, STALE_OBJECT };

enum { ROOT_HEAD, ROOT_TAIL, ROOT_RECORD };

enum { FALSE_RETENTION_BATCH = 256 };

/* Scanned by a conservative collector as any static variable is. */
static volatile uintptr_t false_retention_stale;

static struct false_retention_node *false_retention_raw(hm_ref node)
{
    return hm_raw(node, NODE_REFS);
}

static void false_retention_push(struct hm_object_run *run, uint64_t number)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node = hm_new(m, &false_retention_node_layout);

    false_retention_raw(node)->number = number;
    hm_store(m, run->root[ROOT_TAIL], NODE_NEXT, node);
    run->root[ROOT_TAIL] = node;
}

/* Takes the first node; at least another one follows. */
static void false_retention_pop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node = run->root[ROOT_HEAD];

    run->root[ROOT_HEAD] = hm_load(m, node, NODE_NEXT);
    hm_run_mix(&run->base, (uint32_t)false_retention_raw(node)->number);
    if (run->base.value[FALSE_RETENTION_CLEAR])
        hm_store(m, node, NODE_NEXT, NULL);
    hm_dispose(m, node);
}

static void false_retention_step(struct hm_object_run *run, uint64_t i)
{
    false_retention_push(run, run->base.value[FALSE_RETENTION_LENGTH] + i);
    false_retention_pop(run);
}

/* A queue of `length` nodes, numbered from 0, and the record. */
static void false_retention_open(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node;

    run->root[ROOT_RECORD] = hm_new(m, &false_retention_record_layout);
    node = hm_new(m, &false_retention_node_layout);
    false_retention_raw(node)->number = 0;
    run->root[ROOT_HEAD] = node;
    run->root[ROOT_TAIL] = node;
    for (uint64_t k = 1; k < run->base.value[FALSE_RETENTION_LENGTH]; k++)
        false_retention_push(run, k);
}

/* Leaves the address of the oldest node as `stale` says; returns what stays on
 * the caller's stack. */
static uintptr_t false_retention_forget(struct hm_object_run *run)
{
    struct false_retention_record *record =
        hm_raw(run->root[ROOT_RECORD], RECORD_REFS);
    uintptr_t address = (uintptr_t)run->root[ROOT_HEAD];
    uint64_t where = run->base.value[FALSE_RETENTION_STALE];

    false_retention_stale = where == STALE_STATIC ? address : 0;
    record->stale = where == STALE_OBJECT ? address : 0;
    return where == STALE_STACK ? address : 0;
}

static void false_retention_run(struct hm_object_run *run)
{
    volatile uintptr_t stale;

    false_retention_open(run);
    stale = false_retention_forget(run);
    hm_op_loop(run, run->base.value[FALSE_RETENTION_OPS], FALSE_RETENTION_BATCH,
               false_retention_step);
    (void)stale; /* held till here */
    hm_run_count(&run->base, "held", run->base.value[FALSE_RETENTION_LENGTH]);
}

static void false_retention_dispose(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node = run->root[ROOT_HEAD], next;

    for (; node != NULL; node = next) {
        next = hm_load(m, node, NODE_NEXT);
        hm_dispose(m, node);
    }
    hm_dispose(m, run->root[ROOT_RECORD]);
}

static void false_retention_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        false_retention_dispose(run);
    run->root[ROOT_HEAD] = NULL;
    run->root[ROOT_TAIL] = NULL;
    run->root[ROOT_RECORD] = NULL;
    false_retention_stale = 0;
}

const struct hm_object_workload hm_object_false_retention = {
    .name = "false_retention",
    .summary = "a queue and the stale address of an early node of it",
    .source = "H. Boehm, POPL 2002",
    .operation = "push and pop",
    .params = false_retention_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = false_retention_run,
    .drop = false_retention_drop,
};
