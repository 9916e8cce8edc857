/* SPDX-License-Identifier: MIT */
/* leak_lost.c -- overwrites the only pointer to each payload without
 * releasing it: the classic leak of a language with free.
 *
 * Source:     the commonest finding of leak checkers, "definitely lost".
 * Differs:    every single payload is lost, so that the slope is exact; the
 *             twin releases it.
 * Invariants: exactly one payload is reachable; under a collector exactly
 *             that one survives.
 * Costs:      one allocation and one full write per step.
 * Threads:    one. */
#include "workloads/leak.h"

static const struct hm_param leak_lost_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256), {0}};

enum { ROOT_CURRENT };

static void leak_lost_step(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref payload = hm_leak_payload(run, i);
    hm_ref last = run->root[ROOT_CURRENT];

    hm_leak_read(run, payload);
    run->root[ROOT_CURRENT] = payload;
    if (last == NULL)
        return;
    if (hm_leak_is_twin(run)) {
        hm_dispose(m, last);
    } else {
        hm_lose(m, last);
    }
}

static void leak_lost_run(struct hm_object_run *run)
{
    hm_leak_loop(run, leak_lost_step);
}

static void leak_lost_drop(struct hm_object_run *run)
{
    hm_ref last = run->root[ROOT_CURRENT];

    run->root[ROOT_CURRENT] = NULL;
    hm_dispose(run->mutator, last);
}

const struct hm_object_workload hm_object_leak_lost = {
    .name = "leak_lost",
    .summary = "overwrites the only pointer: grows unless it is collected",
    .source = "heapmark; workloads/README.md",
    .operation = "step",
    .params = leak_lost_params,
    .leak = HM_LEAK_LOST,
    .run = leak_lost_run,
    .drop = leak_lost_drop,
};
