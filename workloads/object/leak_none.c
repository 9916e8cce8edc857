/* SPDX-License-Identifier: MIT */
/* leak_none.c -- makes a payload, reads it, releases it: the control.
 *
 * Source:     the well-behaved twin of the leak workloads.
 * Differs:    nothing is kept, so whatever grows is the strategy's own.
 * Invariants: at most one payload is alive.
 * Costs:      one allocation, one full write and one release per step.
 * Threads:    one. */
#include "workloads/leak.h"

static const struct hm_param leak_none_params[] = {
    HM_LEAK_SIZES(300000, 3000000, 256), {0}};

static void leak_none_step(struct hm_object_run *run, uint64_t i)
{
    hm_ref payload = hm_leak_payload(run, i);

    hm_leak_read(run, payload);
    hm_dispose(run->mutator, payload);
}

static void leak_none_run(struct hm_object_run *run)
{
    hm_leak_loop(run, leak_none_step);
}

static void leak_none_drop(struct hm_object_run *run)
{
    (void)run;
}

const struct hm_object_workload hm_object_leak_none = {
    .name = "leak_none",
    .summary = "allocates, reads, releases: memory must stay flat",
    .source = "heapmark; workloads/README.md",
    .operation = "step",
    .params = leak_none_params,
    .leak = HM_LEAK_NONE,
    .run = leak_none_run,
    .drop = leak_none_drop,
};
