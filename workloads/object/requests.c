/* SPDX-License-Identifier: MIT */
/* requests.c -- a server that parses each request into a JSON-like tree, walks
 * it, and keeps it as the state of a random session.
 *
 * Source:     the life of a request in a JSON API: parse, read, keep or drop.
 * Differs:    the tree is drawn at random, not parsed: kinds, fan-out (1..6)
 *             and depth (at most 5 below the root) from the seeded generator.
 * Invariants: a request has at least BUDGET nodes below its root, and a
 *             session owns the chain of its last request's children.
 * Costs:      about 200 nodes and 60 strings per request, most of them dead
 *             again when their session gets its next request.
 * Threads:    up to 64, each with requests and sessions of its own. */
#include "workloads/object.h"
#include "workloads/payload.h"

enum { REQUESTS_REQUESTS, REQUESTS_SESSIONS };

static const struct hm_param requests_params[] = {
    {"requests", "requests served", 20000, 600000, 1, UINT64_C(1) << 40},
    {"sessions", "sessions that keep their last request", 2000, 20000, 1,
     1 << 21},
    {0},
};

enum { NODE_STRING, NODE_FIRST, NODE_NEXT, NODE_REFS };

struct requests_node { /* the raw half */
    uint32_t kind, number, key;
};

enum { KIND_OBJECT, KIND_NUMBER, KIND_STRING, KIND_ARRAY, KINDS };

static const struct hm_layout requests_node_layout = {
    NODE_REFS, sizeof(struct requests_node), "node"};

enum { ROOT_SESSIONS };

enum { REQUESTS_DEPTH = 5, REQUESTS_BUDGET = 200 };

static struct requests_node *requests_raw(hm_ref node)
{
    return hm_raw(node, NODE_REFS);
}

static hm_ref requests_new_node(struct hm_mutator *m, uint32_t kind)
{
    hm_ref node = hm_new(m, &requests_node_layout);

    *requests_raw(node) = (struct requests_node){.kind = kind};
    return node;
}

static hm_ref requests_build(struct hm_object_run *run, unsigned depth,
                             int *budget);

static hm_ref requests_number(struct hm_object_run *run)
{
    hm_ref node = requests_new_node(run->mutator, KIND_NUMBER);

    requests_raw(node)->number = hm_rng_next(&run->base.rng) & 0xFFFFFF;
    return node;
}

static hm_ref requests_string(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    uint32_t bytes, tag;
    hm_ref string;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, requests_new_node(m, KIND_STRING));
    bytes = 8 + hm_rng_below(&run->base.rng, 56);
    tag = hm_rng_next(&run->base.rng) & 0xFFFF;
    string = hm_payload_new(m, bytes, tag);
    hm_store(m, HM_GET(f, 0), NODE_STRING, string);
    HM_RETURN(m, f, 0);
}

/* Hangs `child` behind `last`, or below `parent` when it is the first. */
static void requests_append(struct hm_mutator *m, hm_ref parent, hm_ref last,
                            hm_ref child)
{
    if (last == NULL) {
        hm_store(m, parent, NODE_FIRST, child);
    } else {
        hm_store(m, last, NODE_NEXT, child);
    }
}

/* An object or array: up to six children while the budget lasts. */
static hm_ref requests_inner(struct hm_object_run *run, uint32_t kind,
                             unsigned depth, int *budget)
{
    enum { PARENT, LAST, SLOTS };

    struct hm_mutator *m = run->mutator;
    uint32_t children;
    hm_ref child;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, PARENT, requests_new_node(m, kind));
    children = 1 + hm_rng_below(&run->base.rng, 6);
    for (uint32_t i = 0; i<children && * budget> 0; i++) {
        child = requests_build(run, depth - 1, budget);
        requests_raw(child)->key = i;
        requests_append(m, HM_GET(f, PARENT), HM_GET(f, LAST), child);
        HM_SET(m, f, LAST, child);
    }
    HM_RETURN(m, f, PARENT);
}

static hm_ref requests_build(struct hm_object_run *run, unsigned depth,
                             int *budget)
{
    uint32_t kind = depth == 0 ? KIND_NUMBER + hm_rng_below(&run->base.rng, 2)
                               : hm_rng_below(&run->base.rng, KINDS);

    --*budget;
    if (kind == KIND_NUMBER)
        return requests_number(run);
    if (kind == KIND_STRING)
        return requests_string(run);
    return requests_inner(run, kind, depth, budget);
}

static hm_ref requests_receive(struct hm_object_run *run)
{
    enum { PARENT, LAST, SLOTS };

    struct hm_mutator *m = run->mutator;
    int budget = REQUESTS_BUDGET;
    hm_ref child;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, PARENT, requests_new_node(m, KIND_OBJECT));
    while (budget > 0) {
        child = requests_build(run, REQUESTS_DEPTH, &budget);
        requests_append(m, HM_GET(f, PARENT), HM_GET(f, LAST), child);
        HM_SET(m, f, LAST, child);
    }
    HM_RETURN(m, f, PARENT);
}

/* Checksum of a tree; adds its nodes to *nodes.  At most 6 calls deep. */
static uint32_t requests_walk(struct hm_mutator *m, hm_ref node,
                              uint32_t *nodes)
{
    uint32_t kind = requests_raw(node)->kind, sum = kind;
    hm_ref child;

    ++*nodes;
    if (kind == KIND_NUMBER) {
        sum += requests_raw(node)->number;
    } else if (kind == KIND_STRING) {
        sum += hm_payload_tag(hm_load(m, node, NODE_STRING));
    }
    child = hm_load(m, node, NODE_FIRST);
    for (; child != NULL; child = hm_load(m, child, NODE_NEXT))
        sum = hm_mix(sum, requests_walk(m, child, nodes));
    return sum;
}

/* Releases `node`, what is below it, and its later siblings; NULL is none. */
static void requests_dispose(struct hm_mutator *m, hm_ref node)
{
    hm_ref next, string;

    for (; node != NULL; node = next) {
        next = hm_load(m, node, NODE_NEXT);
        requests_dispose(m, hm_load(m, node, NODE_FIRST));
        string = hm_load(m, node, NODE_STRING);
        if (string != NULL)
            hm_dispose(m, string);
        hm_dispose(m, node);
    }
}

/* The session forgets its last request and keeps this one's children. */
static void requests_keep(struct hm_object_run *run, uint32_t session,
                          hm_ref request)
{
    struct hm_mutator *m = run->mutator;
    hm_ref sessions = run->root[ROOT_SESSIONS];

    if (HM_GC_MANUAL)
        requests_dispose(m, hm_load(m, sessions, session));
    hm_store(m, sessions, session, hm_load(m, request, NODE_FIRST));
    hm_dispose(m, request);
}

static void requests_serve(struct hm_object_run *run)
{
    uint32_t sessions = (uint32_t)run->base.value[REQUESTS_SESSIONS];
    hm_ref request = requests_receive(run);
    uint32_t nodes = 0;

    hm_run_mix(&run->base, requests_walk(run->mutator, request, &nodes));
    hm_run_mix(&run->base, nodes);
    requests_keep(run, hm_rng_below(&run->base.rng, sessions), request);
}

static void requests_run(struct hm_object_run *run)
{
    uint64_t requests = run->base.value[REQUESTS_REQUESTS];

    run->root[ROOT_SESSIONS] =
        hm_new_refs(run->mutator, run->base.value[REQUESTS_SESSIONS]);
    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < requests; i++) {
        requests_serve(run);
        hm_meter_mark(&run->base.meter, 1);
    }
}

static void requests_dispose_all(const struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref sessions = run->root[ROOT_SESSIONS];

    for (uint64_t k = 0; k < run->base.value[REQUESTS_SESSIONS]; k++)
        requests_dispose(m, hm_load(m, sessions, k));
    hm_dispose(m, sessions);
}

static void requests_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        requests_dispose_all(run);
    run->root[ROOT_SESSIONS] = NULL;
}

const struct hm_object_workload hm_object_requests = {
    .name = "requests",
    .summary = "JSON-like tree per request, the last one kept per session",
    .source = "heapmark; workloads/README.md",
    .operation = "request",
    .params = requests_params,
    .leak = HM_LEAK_NOT_ONE,
    .has_arrivals = 1,
    .max_threads = 64,
    .run = requests_run,
    .drop = requests_drop,
};
