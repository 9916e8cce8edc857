/* SPDX-License-Identifier: MIT */
/* buffer_churn.c -- a table of buffers of mixed sizes, each replaced many
 * times; then all are dropped and the program goes on with little to do: does
 * the memory come back?
 *
 * Source:     reports from services on Node.js whose resident set stays high
 *             after a burst while their heap is small: nodejs/node#56641.
 * Differs:    no burst of clients: the table is full from the start to the end
 *             of the window.  What is watched is not a program at rest: it
 *             serves 16 small buffers every 10 ms, as health checks would, for
 *             a malloc that gives memory back does so when it is called.
 * Invariants: a payload is read when it is replaced; nothing is held when the
 *             watch begins, and a collector has collected.
 * Costs:      one payload per operation, of 64 bytes to `max_bytes`, sizes
 *             uniform; the watch is outside of the clock window.
 * Threads:    one. */
#include "workloads/op_loop.h"
#include "workloads/payload.h"
#include "workloads/watch_rss.h"

enum {
    BUFFER_CHURN_BUFFERS,
    BUFFER_CHURN_OPS,
    BUFFER_CHURN_MAX_BYTES,
    BUFFER_CHURN_WATCH_MS,
};

static const struct hm_param buffer_churn_params[] = {
    {"buffers", "held at a time", 20000, 50000, 1, 1 << 20},
    {"ops", "buffers replaced", 180000, 2000000, 1, UINT32_MAX},
    {"max_bytes", "largest buffer", 16384, 16384, 64, 1 << 20},
    HM_WATCH_PARAM,
    {0},
};

enum { ROOT_BUFFERS };

enum {
    BUFFER_CHURN_BATCH = 16,
    BUFFER_CHURN_LEAST_BYTES = 64,
    BUFFER_CHURN_SERVED = 16, /* buffers of each call while it is watched */
    BUFFER_CHURN_SERVED_MAX_BYTES = 1024,
};

static hm_ref buffer_churn_new(struct hm_object_run *run, uint64_t max_bytes,
                               uint32_t tag)
{
    uint32_t range = (uint32_t)max_bytes - BUFFER_CHURN_LEAST_BYTES + 1;

    return hm_payload_new(
        run->mutator,
        BUFFER_CHURN_LEAST_BYTES + hm_rng_below(&run->base.rng, range), tag);
}

static void buffer_churn_replace(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    uint32_t k = hm_rng_below(&run->base.rng,
                              (uint32_t)run->base.value[BUFFER_CHURN_BUFFERS]);
    hm_ref fresh = buffer_churn_new(
        run, run->base.value[BUFFER_CHURN_MAX_BYTES], (uint32_t)i & 0x7FFFFF);
    hm_ref table = run->root[ROOT_BUFFERS], old = hm_load(m, table, k);

    hm_store(m, table, k, fresh);
    if (old == NULL)
        return;
    hm_run_mix(&run->base, hm_payload_tag(old));
    hm_dispose(m, old);
}

static void buffer_churn_run(struct hm_object_run *run)
{
    run->root[ROOT_BUFFERS] =
        hm_new_refs(run->mutator, run->base.value[BUFFER_CHURN_BUFFERS]);
    hm_op_loop(run, run->base.value[BUFFER_CHURN_OPS], BUFFER_CHURN_BATCH,
               buffer_churn_replace);
}

static void buffer_churn_serve(void *arg)
{
    struct hm_object_run *run = arg;

    for (uint32_t i = 0; i < BUFFER_CHURN_SERVED; i++) {
        hm_dispose(run->mutator,
                   buffer_churn_new(run, BUFFER_CHURN_SERVED_MAX_BYTES, i));
    }
}

static void buffer_churn_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_BUFFERS];

    for (uint64_t k = 0;
         HM_GC_MANUAL && k < run->base.value[BUFFER_CHURN_BUFFERS]; k++) {
        if (hm_load(m, table, k) != NULL)
            hm_dispose(m, hm_load(m, table, k));
    }
    hm_dispose(m, table);
    run->root[ROOT_BUFFERS] = NULL;
    hm_collect(m);
    hm_watch_rss(&run->base, run->base.value[BUFFER_CHURN_WATCH_MS],
                 buffer_churn_serve, run);
}

const struct hm_object_workload hm_object_buffer_churn = {
    .name = "buffer_churn",
    .summary = "mixed buffers replaced, then dropped: does memory come back?",
    .source = "nodejs/node#56641",
    .operation = "buffer",
    .params = buffer_churn_params,
    .leak = HM_LEAK_NOT_ONE,
    .is_trimmed = 1,
    .run = buffer_churn_run,
    .drop = buffer_churn_drop,
};
