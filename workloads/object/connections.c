/* SPDX-License-Identifier: MIT */
/* connections.c -- a server's open connections: each event parses a request
 * with its headers, replaces the connection's last one, and queues an answer,
 * which slow readers leave in the queue.
 *
 * Source:     the life of a connection in a server with keep-alive: 1 to 2 KB
 *             of headers, one connection in a hundred that reads slowly, a
 *             fifth of the connections with 90 % of the traffic.
 * Differs:    no sockets: what is read and written are payloads.  A slow
 *             reader takes one answer at every 16th request, or when more than
 *             64 wait.
 * Invariants: a connection holds its last request whole; one that is not slow
 *             has an empty queue after each event.
 * Costs:      about 35 allocations per event, 2.3 KB of them the answer; 4 KiB
 *             (`rbuf`) per connection that stay until it closes.
 * Threads:    one. */
#include "workloads/op_loop.h"
#include "workloads/payload.h"

enum { CONNECTIONS_CONNECTIONS, CONNECTIONS_EVENTS, CONNECTIONS_RBUF };

static const struct hm_param connections_params[] = {
    {"connections", "open at a time", 10000, 50000, 1, 1 << 21},
    {"events", "requests answered", 150000, 5000000, 1, UINT32_MAX},
    {"rbuf", "read buffer of a connection, bytes", 4096, 4096, 8, 1 << 20},
    {0},
};

/* Headers of a request and answers in a queue. */
enum { LINK_PAYLOAD, LINK_NEXT, LINK_REFS };

struct connections_header { /* the raw half */
    uint32_t key;
};

static const struct hm_layout connections_header_layout = {
    LINK_REFS, sizeof(struct connections_header), "header"};
static const struct hm_layout connections_answer_layout = {LINK_REFS, 0,
                                                           "answer"};

enum { REQUEST_URL, REQUEST_HEADERS, REQUEST_REFS };

struct connections_request { /* the raw half */
    uint32_t method;
};

static const struct hm_layout connections_request_layout = {
    REQUEST_REFS, sizeof(struct connections_request), "request"};

enum { CONN_RBUF, CONN_REQUEST, CONN_FIRST, CONN_LAST, CONN_REFS };

struct connections_conn { /* the raw half */
    uint32_t id, requests, queued, is_slow;
};

static const struct hm_layout connections_conn_layout = {
    CONN_REFS, sizeof(struct connections_conn), "connection"};

enum { ROOT_CONNECTIONS };

enum {
    CONNECTIONS_BATCH = 16,
    CONNECTIONS_SLOW = 100,    /* one of so many reads slowly */
    CONNECTIONS_PATIENCE = 16, /* requests that it waits for an answer */
    CONNECTIONS_QUEUE = 64,    /* answers that may wait */
    CONNECTIONS_CLOSE = 256,   /* one of so many events is the last */
};

static uint32_t connections_opened;

static struct connections_conn *connections_raw(hm_ref conn)
{
    return hm_raw(conn, CONN_REFS);
}

static hm_ref connections_conn(const struct hm_object_run *run, uint32_t k)
{
    return hm_load(run->mutator, run->root[ROOT_CONNECTIONS], k);
}

/* Opens the next connection, in place `k`. */
static void connections_open(struct hm_object_run *run, uint32_t k)
{
    struct hm_mutator *m = run->mutator;
    uint32_t id = connections_opened++;
    hm_ref conn = hm_new(m, &connections_conn_layout), rbuf;

    *connections_raw(conn) = (struct connections_conn){
        .id = id,
        .is_slow = hm_fin(id) % CONNECTIONS_SLOW == 0,
    };
    hm_store(m, run->root[ROOT_CONNECTIONS], k, conn);
    rbuf = hm_payload_new(m, run->base.value[CONNECTIONS_RBUF], id & 0x7FFFFF);
    hm_store(m, connections_conn(run, k), CONN_RBUF, rbuf);
}

/* Disposes of a list of headers or answers; NULL is none. */
static void connections_dispose_list(struct hm_mutator *m, hm_ref link)
{
    hm_ref next;

    for (; link != NULL; link = next) {
        next = hm_load(m, link, LINK_NEXT);
        hm_dispose(m, hm_load(m, link, LINK_PAYLOAD));
        hm_dispose(m, link);
    }
}

static void connections_dispose_request(struct hm_mutator *m, hm_ref request)
{
    if (request == NULL)
        return;
    connections_dispose_list(m, hm_load(m, request, REQUEST_HEADERS));
    hm_dispose(m, hm_load(m, request, REQUEST_URL));
    hm_dispose(m, request);
}

static void connections_dispose(struct hm_mutator *m, hm_ref conn)
{
    connections_dispose_list(m, hm_load(m, conn, CONN_FIRST));
    connections_dispose_request(m, hm_load(m, conn, CONN_REQUEST));
    hm_dispose(m, hm_load(m, conn, CONN_RBUF));
    hm_dispose(m, conn);
}

/* A payload of `least` bytes and up to `more` - 1 beyond. */
static hm_ref connections_payload(struct hm_object_run *run, uint32_t least,
                                  uint32_t more, uint32_t tag)
{
    uint32_t bytes = least + hm_rng_below(&run->base.rng, more);

    return hm_payload_new(run->mutator, bytes, tag);
}

/* The headers of a request, the last one first. */
static hm_ref connections_headers(struct hm_object_run *run)
{
    enum { LIST, VALUE, SLOTS };

    struct hm_mutator *m = run->mutator;
    uint32_t n = 8 + hm_rng_below(&run->base.rng, 16);
    hm_ref header;
    HM_FRAME(m, f, SLOTS);

    for (uint32_t j = 0; j < n; j++) {
        HM_SET(m, f, VALUE, connections_payload(run, 16, 48, j));
        header = hm_new(m, &connections_header_layout);
        *(struct connections_header *)hm_raw(header, LINK_REFS) =
            (struct connections_header){j};
        hm_init(m, header, LINK_PAYLOAD, HM_GET(f, VALUE));
        hm_init(m, header, LINK_NEXT, HM_GET(f, LIST));
        HM_SET(m, f, LIST, header);
    }
    HM_RETURN(m, f, LIST);
}

static hm_ref connections_request(struct hm_object_run *run, uint32_t method,
                                  uint64_t i)
{
    enum { HEADERS, URL, SLOTS };

    struct hm_mutator *m = run->mutator;
    hm_ref request;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, HEADERS, connections_headers(run));
    HM_SET(m, f, URL, connections_payload(run, 32, 96, (uint32_t)i & 0xFFFF));
    request = hm_new(m, &connections_request_layout);
    *(struct connections_request *)hm_raw(request, REQUEST_REFS) =
        (struct connections_request){method};
    hm_init(m, request, REQUEST_HEADERS, HM_GET(f, HEADERS));
    hm_init(m, request, REQUEST_URL, HM_GET(f, URL));
    HM_LEAVE(m, f);
    return request;
}

/* Mixes the sum of the tags of the headers. */
static void connections_read(struct hm_object_run *run, hm_ref request)
{
    struct hm_mutator *m = run->mutator;
    hm_ref header = hm_load(m, request, REQUEST_HEADERS);
    uint32_t sum = 0;

    for (; header != NULL; header = hm_load(m, header, LINK_NEXT))
        sum += hm_payload_tag(hm_load(m, header, LINK_PAYLOAD));
    hm_run_mix(&run->base, sum);
}

/* A request comes in and takes the place of the last one. */
static void connections_receive(struct hm_object_run *run, uint32_t k,
                                uint32_t method, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref request = connections_request(run, method, i);
    hm_ref conn = connections_conn(run, k);

    connections_raw(conn)->requests++;
    if (HM_GC_MANUAL)
        connections_dispose_request(m, hm_load(m, conn, CONN_REQUEST));
    hm_store(m, conn, CONN_REQUEST, request);
}

/* Puts an answer at the end of the queue. */
static void connections_answer(struct hm_object_run *run, uint32_t k,
                               uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref answer, conn, last;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0,
           connections_payload(run, 512, 3584, (uint32_t)i & 0x7FFFFF));
    answer = hm_new(m, &connections_answer_layout);
    hm_init(m, answer, LINK_PAYLOAD, HM_GET(f, 0));
    HM_LEAVE(m, f);
    conn = connections_conn(run, k);
    last = hm_load(m, conn, CONN_LAST);
    if (last == NULL) {
        hm_store(m, conn, CONN_FIRST, answer);
    } else {
        hm_store(m, last, LINK_NEXT, answer);
    }
    hm_store(m, conn, CONN_LAST, answer);
    connections_raw(conn)->queued++;
}

/* The other side takes the first answer, which there is. */
static void connections_take(struct hm_object_run *run, hm_ref conn)
{
    struct hm_mutator *m = run->mutator;
    hm_ref answer = hm_load(m, conn, CONN_FIRST);
    hm_ref payload = hm_load(m, answer, LINK_PAYLOAD);
    hm_ref next = hm_load(m, answer, LINK_NEXT);

    hm_store(m, conn, CONN_FIRST, next);
    if (next == NULL)
        hm_store(m, conn, CONN_LAST, NULL);
    connections_raw(conn)->queued--;
    hm_run_mix(&run->base, hm_payload_tag(payload));
    hm_dispose(m, payload);
    hm_dispose(m, answer);
}

static void connections_write(struct hm_object_run *run, hm_ref conn)
{
    const struct connections_conn *raw = connections_raw(conn);

    if (!raw->is_slow) {
        while (raw->queued > 0)
            connections_take(run, conn);
    } else if (raw->requests % CONNECTIONS_PATIENCE == 0 ||
               raw->queued > CONNECTIONS_QUEUE) {
        connections_take(run, conn);
    }
}

/* The other side hangs up, and another one calls. */
static void connections_reopen(struct hm_object_run *run, uint32_t k)
{
    struct hm_mutator *m = run->mutator;
    hm_ref old;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, connections_conn(run, k));
    connections_open(run, k);
    old = HM_GET(f, 0);
    HM_LEAVE(m, f);
    hm_run_mix(&run->base, connections_raw(old)->requests);
    if (HM_GC_MANUAL)
        connections_dispose(m, old);
}

static void connections_event(struct hm_object_run *run, uint64_t i)
{
    struct hm_rng *rng = &run->base.rng;
    uint32_t n = (uint32_t)run->base.value[CONNECTIONS_CONNECTIONS];
    uint32_t draw = hm_rng_next(rng);
    uint32_t k = hm_rng_below(rng, (draw & 7) != 0 ? n / 5 : n);

    connections_receive(run, k, draw & 3, i);
    connections_answer(run, k, i);
    connections_read(
        run, hm_load(run->mutator, connections_conn(run, k), CONN_REQUEST));
    connections_write(run, connections_conn(run, k));
    if (hm_rng_next(rng) % CONNECTIONS_CLOSE == 0)
        connections_reopen(run, k);
}

static void connections_run(struct hm_object_run *run)
{
    uint32_t n = (uint32_t)run->base.value[CONNECTIONS_CONNECTIONS];

    connections_opened = 0;
    run->root[ROOT_CONNECTIONS] = hm_new_refs(run->mutator, n);
    for (uint32_t k = 0; k < n; k++)
        connections_open(run, k);
    hm_op_loop(run, run->base.value[CONNECTIONS_EVENTS], CONNECTIONS_BATCH,
               connections_event);
    hm_run_mix(&run->base, connections_opened - n);
    hm_run_count(&run->base, "closed", connections_opened - n);
}

static void connections_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    uint64_t n = run->base.value[CONNECTIONS_CONNECTIONS];

    for (uint32_t k = 0; HM_GC_MANUAL && k < n; k++)
        connections_dispose(m, connections_conn(run, k));
    hm_dispose(m, run->root[ROOT_CONNECTIONS]);
    run->root[ROOT_CONNECTIONS] = NULL;
}

const struct hm_object_workload hm_object_connections = {
    .name = "connections",
    .summary = "open connections, a request and an answer per event",
    .source = "heapmark; workloads/README.md",
    .operation = "event",
    .params = connections_params,
    .leak = HM_LEAK_NOT_ONE,
    .has_arrivals = 1,
    .run = connections_run,
    .drop = connections_drop,
};
