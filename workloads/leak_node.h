/* SPDX-License-Identifier: MIT */
/* leak_node.h -- the node of the leak workloads that keep their payloads in a
 * list. */
#ifndef HM_WORKLOADS_LEAK_NODE_H
#define HM_WORKLOADS_LEAK_NODE_H

#include "workloads/object.h"

enum { NODE_NEXT, NODE_PAYLOAD, NODE_REFS };

static const struct hm_layout hm_leak_node_layout = {NODE_REFS, 0, "node"};

/* A node that has `payload` and no successor.  A GC point. */
static inline hm_ref hm_leak_node(struct hm_object_run *run, hm_ref payload)
{
    struct hm_mutator *m = run->mutator;
    hm_ref node;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, payload);
    node = hm_new(m, &hm_leak_node_layout);
    hm_init(m, node, NODE_PAYLOAD, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return node;
}

/* Puts `payload` in front of the list that begins at root `root`.  A GC
 * point. */
static inline void hm_leak_prepend(struct hm_object_run *run, unsigned root,
                                   hm_ref payload)
{
    hm_ref node = hm_leak_node(run, payload);

    hm_init(run->mutator, node, NODE_NEXT, run->root[root]);
    run->root[root] = node;
}

#endif /* HM_WORKLOADS_LEAK_NODE_H */
