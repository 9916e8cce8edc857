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

/* The queue's ends, and next to them a number of the program's. */
enum { QUEUE_HEAD, QUEUE_TAIL, QUEUE_REFS };

struct false_retention_queue { /* the raw half */
    uintptr_t stale;
};

static const struct hm_layout false_retention_queue_layout = {
    QUEUE_REFS, sizeof(struct false_retention_queue), "queue"};

enum { STALE_NOWHERE, STALE_STATIC, STALE_STACK, STALE_OBJECT };

enum { ROOT_QUEUE };

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
    hm_ref queue = run->root[ROOT_QUEUE];
    hm_ref tail = hm_load(m, queue, QUEUE_TAIL);

    false_retention_raw(node)->number = number;
    hm_store(m, queue, QUEUE_TAIL, node);
    if (tail == NULL) {
        hm_store(m, queue, QUEUE_HEAD, node);
    } else {
        hm_store(m, tail, NODE_NEXT, node);
    }
}

static void false_retention_pop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref queue = run->root[ROOT_QUEUE];
    hm_ref node = hm_load(m, queue, QUEUE_HEAD);

    hm_store(m, queue, QUEUE_HEAD, hm_load(m, node, NODE_NEXT));
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

/* Leaves the address of the oldest node as `stale` says; returns what stays on
 * the caller's stack. */
static uintptr_t false_retention_forget(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref queue = run->root[ROOT_QUEUE];
    struct false_retention_queue *raw = hm_raw(queue, QUEUE_REFS);
    uintptr_t address = (uintptr_t)hm_load(m, queue, QUEUE_HEAD);
    uint64_t where = run->base.value[FALSE_RETENTION_STALE];

    false_retention_stale = where == STALE_STATIC ? address : 0;
    raw->stale = where == STALE_OBJECT ? address : 0;
    return where == STALE_STACK ? address : 0;
}

static void false_retention_run(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    volatile uintptr_t stale;

    run->root[ROOT_QUEUE] = hm_new(m, &false_retention_queue_layout);
    for (uint64_t k = 0; k < run->base.value[FALSE_RETENTION_LENGTH]; k++)
        false_retention_push(run, k);
    stale = false_retention_forget(run);
    hm_op_loop(run, run->base.value[FALSE_RETENTION_OPS], FALSE_RETENTION_BATCH,
               false_retention_step);
    (void)stale; /* held till here */
    hm_run_count(&run->base, "held", run->base.value[FALSE_RETENTION_LENGTH]);
}

static void false_retention_dispose(struct hm_mutator *m, hm_ref queue)
{
    hm_ref node = hm_load(m, queue, QUEUE_HEAD), next;

    for (; node != NULL; node = next) {
        next = hm_load(m, node, NODE_NEXT);
        hm_dispose(m, node);
    }
    hm_dispose(m, queue);
}

static void false_retention_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        false_retention_dispose(run->mutator, run->root[ROOT_QUEUE]);
    run->root[ROOT_QUEUE] = NULL;
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
