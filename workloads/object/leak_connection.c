/* SPDX-License-Identifier: MIT */
/* leak_connection.c -- a pool of connections to a database; the error path
 * forgets to give its connection back, and the next request opens another.
 *
 * Source:     the missing `finally`, or `goto fail`, of services.
 * Differs:    the connection is memory alone: a collector finds it again, and
 *             would leave a real one's socket open.  The twin gives it back.
 * Invariants: a connection owns its buffer; all that is not lost is idle in the
 *             pool after a step.
 * Costs:      a payload per step; a connection of 4 KiB for each error.
 * Threads:    one. */
#include "workloads/leak.h"

enum { LEAK_CONNECTION_ERRORS = HM_LEAK_OWN };

static const struct hm_param leak_connection_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256),
    {"errors", "percentage of steps that fail", 1, 1, 0, 100},
    {0},
};

enum { CONN_BUFFER, CONN_NEXT, CONN_REFS };

struct leak_connection_conn { /* the raw half */
    uint64_t requests;
};

static const struct hm_layout leak_connection_layout = {
    CONN_REFS, sizeof(struct leak_connection_conn), "connection"};

enum { ROOT_IDLE };

enum { LEAK_CONNECTION_BUFFER_BYTES = 4096 };

static uint64_t leak_connection_opened;

static struct leak_connection_conn *leak_connection_raw(hm_ref conn)
{
    return hm_raw(conn, CONN_REFS);
}

static hm_ref leak_connection_open(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    uint32_t tag = (uint32_t)leak_connection_opened++ & 0x7FFFFF;
    hm_ref conn;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, hm_payload_new(m, LEAK_CONNECTION_BUFFER_BYTES, tag));
    conn = hm_new(m, &leak_connection_layout);
    *leak_connection_raw(conn) = (struct leak_connection_conn){0};
    hm_init(m, conn, CONN_BUFFER, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return conn;
}

/* An idle connection, or a new one.  A GC point. */
static hm_ref leak_connection_take(struct hm_object_run *run)
{
    hm_ref conn = run->root[ROOT_IDLE];

    if (conn == NULL)
        return leak_connection_open(run);
    run->root[ROOT_IDLE] = hm_load(run->mutator, conn, CONN_NEXT);
    return conn;
}

static void leak_connection_give(struct hm_object_run *run, hm_ref conn)
{
    hm_store(run->mutator, conn, CONN_NEXT, run->root[ROOT_IDLE]);
    run->root[ROOT_IDLE] = conn;
}

/* The error path: nobody has it any more. */
static void leak_connection_lose(struct hm_object_run *run, hm_ref conn)
{
    struct hm_mutator *m = run->mutator;

    hm_lose(m, hm_load(m, conn, CONN_BUFFER));
    hm_lose(m, conn);
}

static void leak_connection_step(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    int failed = hm_rng_below(&run->base.rng, 100) <
                 run->base.value[LEAK_CONNECTION_ERRORS];
    hm_ref payload, conn;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, leak_connection_take(run));
    payload = hm_leak_payload(run, i);
    hm_leak_read(run, payload);
    hm_dispose(m, payload);
    conn = HM_GET(f, 0);
    HM_LEAVE(m, f);
    leak_connection_raw(conn)->requests++;
    if (failed && !hm_leak_is_twin(run)) {
        leak_connection_lose(run, conn);
    } else {
        leak_connection_give(run, conn);
    }
}

static void leak_connection_run(struct hm_object_run *run)
{
    leak_connection_opened = 0;
    hm_leak_loop(run, leak_connection_step);
    hm_run_count(&run->base, "opened", leak_connection_opened);
}

static void leak_connection_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref conn;

    while (HM_GC_MANUAL && run->root[ROOT_IDLE] != NULL) {
        conn = leak_connection_take(run);
        hm_dispose(m, hm_load(m, conn, CONN_BUFFER));
        hm_dispose(m, conn);
    }
    run->root[ROOT_IDLE] = NULL;
}

const struct hm_object_workload hm_object_leak_connection = {
    .name = "leak_connection",
    .summary = "errors lose a connection: grows unless it is collected",
    .source = "heapmark; workloads/README.md",
    .operation = "step",
    .params = leak_connection_params,
    .leak = HM_LEAK_LOST,
    .run = leak_connection_run,
    .drop = leak_connection_drop,
};
