/* SPDX-License-Identifier: MIT */
/* graph_mutation.c -- many graphs full of cycles: edges are moved at random,
 * and now and then a whole graph is dropped for a new one.
 *
 * Source:     heapmark; object databases and compilers' intermediate code.
 * Differs:    edges stay within a graph, so that a program that frees by hand
 *             knows what is dead without looking for it.
 * Invariants: each of the four edges of a node leads to a node of its graph;
 *             the index of a graph names each of its nodes once.
 * Costs:      per operation one store into an old object and a walk of `hops`
 *             random loads; per `renew` operations `nodes` + 1 objects, none
 *             of which counting references alone can free.
 * Threads:    one. */
#include "workloads/op_loop.h"

enum {
    GRAPH_MUTATION_GRAPHS,
    GRAPH_MUTATION_NODES,
    GRAPH_MUTATION_OPS,
    GRAPH_MUTATION_HOPS,
    GRAPH_MUTATION_RENEW,
};

static const struct hm_param graph_mutation_params[] = {
    {"graphs", "graphs alive", 2000, 20000, 1, 1 << 20},
    {"nodes", "nodes of a graph", 100, 100, 1, 1 << 20},
    {"ops", "edges moved", 800000, 20000000, 1, UINT32_MAX},
    {"hops", "nodes walked through after each", 8, 8, 0, 1 << 16},
    {"renew", "operations from one new graph to the next", 64, 64, 1, 1 << 30},
    {0},
};

enum { NODE_EDGES = 4, NODE_REFS = NODE_EDGES };

struct graph_mutation_node { /* the raw half */
    uint64_t id;
};

static const struct hm_layout graph_mutation_node_layout = {
    NODE_REFS, sizeof(struct graph_mutation_node), "node"};

enum { ROOT_GRAPHS }; /* a table of indexes, tables of nodes */

enum { GRAPH_MUTATION_BATCH = 16 };

static uint64_t graph_mutation_id; /* of the next node */

static uint32_t graph_mutation_read(hm_ref node)
{
    return (uint32_t)((const struct graph_mutation_node *)hm_raw(node,
                                                                 NODE_REFS))
        ->id;
}

static uint32_t graph_mutation_nodes(const struct hm_object_run *run)
{
    return (uint32_t)run->base.value[GRAPH_MUTATION_NODES];
}

static hm_ref graph_mutation_any(struct hm_object_run *run, hm_ref graph)
{
    uint32_t k = hm_rng_below(&run->base.rng, graph_mutation_nodes(run));

    return hm_load(run->mutator, graph, k);
}

/* Draws the four edges of `node`.  No GC point. */
static void graph_mutation_connect(struct hm_object_run *run, hm_ref graph,
                                   hm_ref node)
{
    for (unsigned e = 0; e < NODE_EDGES; e++)
        hm_store(run->mutator, node, e, graph_mutation_any(run, graph));
}

static hm_ref graph_mutation_new(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    uint32_t nodes = graph_mutation_nodes(run);
    hm_ref node;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, hm_new_refs(m, nodes));
    for (uint32_t k = 0; k < nodes; k++) {
        node = hm_new(m, &graph_mutation_node_layout);
        *(struct graph_mutation_node *)hm_raw(node, NODE_REFS) =
            (struct graph_mutation_node){graph_mutation_id++};
        hm_store(m, HM_GET(f, 0), k, node);
    }
    for (uint32_t k = 0; k < nodes; k++) {
        node = hm_load(m, HM_GET(f, 0), k);
        graph_mutation_connect(run, HM_GET(f, 0), node);
    }
    HM_RETURN(m, f, 0);
}

static void graph_mutation_dispose(struct hm_object_run *run, hm_ref graph)
{
    uint32_t nodes = graph_mutation_nodes(run);

    for (uint32_t k = 0; k < nodes; k++)
        hm_dispose(run->mutator, hm_load(run->mutator, graph, k));
    hm_dispose(run->mutator, graph);
}

/* Ids on a walk from `node` along random edges. */
static uint32_t graph_mutation_walk(struct hm_object_run *run, hm_ref node)
{
    uint32_t sum = graph_mutation_read(node);

    for (uint64_t k = 0; k < run->base.value[GRAPH_MUTATION_HOPS]; k++) {
        node = hm_load(run->mutator, node,
                       hm_rng_next(&run->base.rng) % NODE_EDGES);
        sum = hm_rotl32(sum, 1) + graph_mutation_read(node);
    }
    return sum;
}

/* A new graph takes the place of graph k. */
static void graph_mutation_renew(struct hm_object_run *run, uint32_t k)
{
    struct hm_mutator *m = run->mutator;
    hm_ref graph = graph_mutation_new(run);

    if (HM_GC_MANUAL)
        graph_mutation_dispose(run, hm_load(m, run->root[ROOT_GRAPHS], k));
    hm_store(m, run->root[ROOT_GRAPHS], k, graph);
}

static void graph_mutation_step(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    struct hm_rng *rng = &run->base.rng;
    uint32_t graphs = (uint32_t)run->base.value[GRAPH_MUTATION_GRAPHS];
    uint32_t k = hm_rng_below(rng, graphs);
    hm_ref graph, node;

    if (i % run->base.value[GRAPH_MUTATION_RENEW] == 0)
        graph_mutation_renew(run, k);
    graph = hm_load(m, run->root[ROOT_GRAPHS], k);
    node = graph_mutation_any(run, graph);
    k = hm_rng_next(rng) % NODE_EDGES;
    hm_store(m, node, k, graph_mutation_any(run, graph));
    hm_run_mix(&run->base, graph_mutation_walk(run, node));
}

static void graph_mutation_run(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    uint64_t graphs = run->base.value[GRAPH_MUTATION_GRAPHS];
    hm_ref graph;

    graph_mutation_id = 0;
    run->root[ROOT_GRAPHS] = hm_new_refs(m, graphs);
    for (uint64_t k = 0; k < graphs; k++) {
        graph = graph_mutation_new(run);
        hm_store(m, run->root[ROOT_GRAPHS], k, graph);
    }
    hm_op_loop(run, run->base.value[GRAPH_MUTATION_OPS], GRAPH_MUTATION_BATCH,
               graph_mutation_step);
    hm_run_count(&run->base, "nodes", graph_mutation_id);
}

static void graph_mutation_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_GRAPHS];
    uint64_t graphs = HM_GC_MANUAL ? run->base.value[GRAPH_MUTATION_GRAPHS] : 0;

    for (uint64_t k = 0; k < graphs; k++)
        graph_mutation_dispose(run, hm_load(m, table, k));
    hm_dispose(m, table);
    run->root[ROOT_GRAPHS] = NULL;
}

const struct hm_object_workload hm_object_graph_mutation = {
    .name = "graph_mutation",
    .summary = "graphs full of cycles: edges move, whole graphs come and go",
    .source = "heapmark; workloads/README.md",
    .operation = "edge moved",
    .params = graph_mutation_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = graph_mutation_run,
    .drop = graph_mutation_drop,
};
