/* SPDX-License-Identifier: MIT */
/* gcbench.c -- short-lived perfect trees of depths 4, 6, ... beside a
 * long-lived tree and a long-lived array of numbers; each depth allocates the
 * same, once parents first and once children first.
 *
 * Source:     J. Ellis, P. Kovac and H. Boehm, GCBench.
 * Differs:    one number scales all of it (16 is the original); the stretch
 *             tree is an option; the array's element 0 is 1, not 1/0; a node's
 *             numbers are its height and its tree, and one path of each tree
 *             is read back.
 * Invariants: a tree of depth d has 2^(d+1) - 1 nodes; on every path from its
 *             root the heights are d, d - 1, ... 0.
 * Costs:      about 2^(depth + 4) nodes per depth, of which there are seven at
 *             depth 16: 15.3 million with the stretch tree, which sets the
 *             least heap.
 * Threads:    one. */
#include "workloads/gcbench.h"

static const struct hm_param gcbench_params[] = {
    {"depth", "depth of the long-lived tree and of the largest other one", 16,
     20, 4, 22},
    {"stretch", "1: first build and drop a tree two levels deeper", 1, 1, 0, 1},
    {0},
};

static inline void gcbench_before_node(struct hm_mutator *m)
{
    (void)m;
}

const struct hm_object_workload hm_object_gcbench = {
    .name = "gcbench",
    .summary = "short-lived trees of every size beside a tree and an array",
    .source = "Ellis, Kovac and Boehm, GCBench",
    .operation = "tree",
    .params = gcbench_params,
    .leak = HM_LEAK_NOT_ONE,
    .has_regions = 1,
    .run = gcbench_run,
    .drop = gcbench_drop,
};
