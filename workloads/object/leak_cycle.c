/* SPDX-License-Identifier: MIT */
/* leak_cycle.c -- two objects that refer to each other, and a payload, all of
 * it dropped: garbage that plain reference counting never finds.
 *
 * Source:     parent and child, or element and handler, with a reference each
 *             way; J. H. McBeth, CACM 6(9), 1963.
 * Differs:    the pair is dropped in the step that makes it.  The twin cuts one
 *             of the references first.
 * Invariants: after a step nothing of it is reachable.
 * Costs:      three allocations per step.
 * Threads:    one. */
#include "workloads/leak.h"

static const struct hm_param leak_cycle_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256), {0}};

enum { NODE_OTHER, NODE_PAYLOAD, NODE_REFS };

static const struct hm_layout leak_cycle_node_layout = {NODE_REFS, 0, "node"};

/* A node with the payload of step `i`, and another one; each refers to the
 * other.  Returns the first. */
static hm_ref leak_cycle_pair(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, hm_leak_payload(run, i));
    node = hm_new(m, &leak_cycle_node_layout);
    hm_init(m, node, NODE_PAYLOAD, HM_GET(f, 0));
    HM_SET(m, f, 0, node);
    node = hm_new(m, &leak_cycle_node_layout);
    hm_init(m, node, NODE_OTHER, HM_GET(f, 0));
    hm_store(m, HM_GET(f, 0), NODE_OTHER, node);
    HM_RETURN(m, f, 0);
}

static void leak_cycle_step(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node = leak_cycle_pair(run, i);
    hm_ref other = hm_load(m, node, NODE_OTHER);
    hm_ref payload = hm_load(m, node, NODE_PAYLOAD);

    hm_leak_read(run, payload);
    if (hm_leak_is_twin(run))
        hm_store(m, other, NODE_OTHER, NULL);
    hm_dispose(m, payload);
    hm_dispose(m, node);
    hm_dispose(m, other);
}

static void leak_cycle_run(struct hm_object_run *run)
{
    hm_leak_loop(run, leak_cycle_step);
}

static void leak_cycle_drop(struct hm_object_run *run)
{
    (void)run;
}

const struct hm_object_workload hm_object_leak_cycle = {
    .name = "leak_cycle",
    .summary = "drops pairs that refer to each other: grows if counted",
    .source = "J. H. McBeth, CACM 6(9), 1963",
    .operation = "step",
    .params = leak_cycle_params,
    .leak = HM_LEAK_CYCLE,
    .run = leak_cycle_run,
    .drop = leak_cycle_drop,
};
