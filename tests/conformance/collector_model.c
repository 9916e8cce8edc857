/* SPDX-License-Identifier: MIT */
/* collector_model.c -- a seeded random program against a model of its heap.
 *
 * The model knows each object by number: sizes, the numbers its fields refer
 * to, the bytes it holds.  After collections both graphs are walked together:
 * shape, sharing and contents must agree, and what a precise collector found
 * live must be what the model reaches, to the byte. */
#include "collector_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MODEL_OBJECTS = 1 << 14,
    MODEL_REFS_MAX = 64, /* of an object that the program links */
    MODEL_SLOTS = 12,    /* root slots the program uses */
};

struct model_object {
    uint32_t n_refs, raw_bytes;
    uint32_t born; /* step */
    int is_used, is_seen;
    hm_ref ref; /* where it was seen in this walk */
    uint16_t field[MODEL_REFS_MAX];
};

static struct model {
    struct hm_rng rng;
    uint32_t seed, step;
    int has_cycles; /* else references lead from old to young only */
    uint16_t root[MODEL_SLOTS]; /* 0 = null */
    uint16_t queue[MODEL_OBJECTS];
    size_t n_queue;
    struct model_object object[MODEL_OBJECTS];
} model;

#define MODEL_CHECK(condition)                                       \
    do {                                                             \
        if (!(condition))                                            \
            fail_msg("seed %u, step %u: %s", model.seed, model.step, \
                     #condition);                                    \
    } while (0)

static unsigned char model_byte(uint16_t id, size_t i)
{
    return (unsigned char)(hm_fin((uint32_t)id) + i * 7);
}

static void model_fill(uint16_t id)
{
    const struct model_object *o = &model.object[id];
    unsigned char *raw = hm_raw(o->ref, o->n_refs);

    for (size_t i = 0; i < o->raw_bytes; i++)
        raw[i] = model_byte(id, i);
}

/* Notes that model object `id` was met at `ref`. */
static void model_meet(uint16_t id, hm_ref ref)
{
    struct model_object *o = &model.object[id];

    if (id == 0) {
        MODEL_CHECK(ref == NULL);
        return;
    }
    MODEL_CHECK(ref != NULL);
    if (o->is_seen) {
        MODEL_CHECK(o->ref == ref); /* sharing is kept */
        return;
    }
    o->is_seen = 1;
    o->ref = ref;
    model.queue[model.n_queue++] = id;
}

static void model_compare_object(uint16_t id)
{
    const struct model_object *o = &model.object[id];
    const unsigned char *raw = hm_raw(o->ref, o->n_refs);
    size_t bad = 0;

    for (size_t i = 0; i < o->raw_bytes; i++)
        bad += raw[i] != model_byte(id, i);
    MODEL_CHECK(bad == 0);
    for (uint32_t i = 0; i < o->n_refs; i++) {
        hm_ref ref = hm_load(heap.m, o->ref, i);

        model_meet(i < MODEL_REFS_MAX ? o->field[i] : 0, ref);
    }
}

/* Walks both graphs.  Returns the bytes that are reachable, headers too. */
static uint64_t model_compare(void)
{
    uint64_t bytes = 0;

    model.n_queue = 0;
    for (int i = 0; i < MODEL_OBJECTS; i++)
        model.object[i].is_seen = 0;
    for (int i = 0; i < MODEL_SLOTS; i++)
        model_meet(model.root[i], heap.root[i]);
    for (size_t i = 0; i < model.n_queue; i++) {
        const struct model_object *o = &model.object[model.queue[i]];

        model_compare_object(model.queue[i]);
        bytes +=
            8 + 8 * (uint64_t)o->n_refs + ((uint64_t)o->raw_bytes + 7) / 8 * 8;
    }
    for (int i = 0; i < MODEL_OBJECTS; i++)
        model.object[i].is_used = model.object[i].is_seen;
    return bytes;
}

static void model_collect(void)
{
    uint64_t bytes;

    heap_collect();
    bytes = model_compare();
    if (heap_is_precise() && !(heap_is_acyclic() && model.has_cycles))
        MODEL_CHECK(heap_stats().live_bytes == bytes);
    if (heap_is_precise())
        MODEL_CHECK(heap_stats().live_bytes >= bytes);
}

/* A free number, or 0 when the model is full of live objects. */
static uint16_t model_number(void)
{
    for (int tries = 0; tries < 64; tries++) {
        uint16_t id = (uint16_t)hm_rng_below(&model.rng, MODEL_OBJECTS);

        if (id != 0 && !model.object[id].is_used)
            return id;
    }
    return 0;
}

static uint32_t model_size(void)
{
    uint32_t kind = hm_rng_below(&model.rng, 100);

    if (kind < 10)
        return 0;
    if (kind < 70)
        return hm_rng_below(&model.rng, 64);
    if (kind < 90)
        return hm_rng_below(&model.rng, 1024);
    if (kind < 98)
        return 8100 + hm_rng_below(&model.rng, 200); /* around large */
    return hm_rng_below(&model.rng, 100000);
}

static uint32_t model_slot(void)
{
    return hm_rng_below(&model.rng, MODEL_SLOTS);
}

static void model_new(void)
{
    uint16_t id = model_number();
    struct model_object *o = &model.object[id];
    uint32_t slot = model_slot(), kind = hm_rng_below(&model.rng, 8);
    struct hm_layout type = {0};

    if (id == 0)
        return;
    memset(o, 0, sizeof(*o));
    if (kind < 5) {
        type.n_refs = hm_rng_below(&model.rng, 5);
        type.raw_bytes = model_size();
        o->ref = hm_new(heap.m, &type);
    } else if (kind < 7) {
        type.n_refs = 1 + hm_rng_below(&model.rng, MODEL_REFS_MAX);
        if (hm_rng_below(&model.rng, 20) == 0)
            type.n_refs = 1000 + hm_rng_below(&model.rng, 60);
        o->ref = hm_new_refs(heap.m, type.n_refs);
    } else {
        type.raw_bytes = model_size();
        o->ref = hm_new_raw(heap.m, type.raw_bytes);
    }
    o->n_refs = type.n_refs;
    o->raw_bytes = type.raw_bytes;
    o->is_used = 1;
    o->born = model.step;
    model_fill(id);
    model.root[slot] = id;
    heap.root[slot] = o->ref;
}

/* A field of the object in a slot that can be written, or -1. */
static int model_field(uint32_t slot)
{
    uint32_t n = model.object[model.root[slot]].n_refs;

    if (model.root[slot] == 0 || n == 0)
        return -1;
    return (int)hm_rng_below(&model.rng,
                             n < MODEL_REFS_MAX ? n : MODEL_REFS_MAX);
}

static void model_link(void)
{
    uint32_t to = model_slot(), from = model_slot();
    int field = model_field(to);

    if (field < 0)
        return;
    if (!model.has_cycles && model.root[from] != 0 &&
        model.object[model.root[to]].born >=
            model.object[model.root[from]].born)
        return;
    model.object[model.root[to]].field[field] = model.root[from];
    hm_store(heap.m, heap.root[to], (size_t)field, heap.root[from]);
}

static void model_load(void)
{
    uint32_t to = model_slot(), from = model_slot();
    int field = model_field(from);

    if (field < 0)
        return;
    model.root[to] = model.object[model.root[from]].field[field];
    heap.root[to] = hm_load(heap.m, heap.root[from], (size_t)field);
}

static void model_drop(void)
{
    uint32_t slot = model_slot();

    model.root[slot] = 0;
    heap.root[slot] = NULL;
}

/* Grows a fresh pointer-free object that nothing else refers to. */
static void model_grow(void)
{
    uint16_t id = model_number();
    struct model_object *o = &model.object[id];
    uint32_t slot = model_slot(), more = model_size();

    if (id == 0)
        return;
    memset(o, 0, sizeof(*o));
    o->raw_bytes = model_size();
    o->ref = hm_new_raw(heap.m, o->raw_bytes);
    o->is_used = 1;
    o->born = model.step;
    model_fill(id);
    model.root[slot] = id;
    heap.root[slot] = o->ref;
    hm_grow_raw(heap.m, &heap.root[slot], o->raw_bytes, o->raw_bytes + more);
    o->ref = heap.root[slot];
    o->raw_bytes += more;
    model_fill(id);
}

static void model_step(void)
{
    uint32_t kind = hm_rng_below(&model.rng, 100);

    if (kind < 45) {
        model_new();
    } else if (kind < 80) {
        model_link();
    } else if (kind < 90) {
        model_load();
    } else if (kind < 96) {
        model_drop();
    } else {
        model_grow();
    }
    hm_poll(heap.m);
}

static void model_run(struct heap_options options, uint32_t seed,
                      uint32_t steps, uint32_t compare_every)
{
    memset(&model, 0, sizeof(model));
    model.seed = seed;
    model.has_cycles = !heap_is_acyclic() || seed % 2 == 0;
    hm_rng_seed(&model.rng, seed);
    (void)printf("# HM_TEST_SEED=%u\n", seed); /* even if a check aborts it */
    (void)fflush(stdout);
    heap_open(options);
    for (model.step = 1; model.step <= steps; model.step++) {
        model_step();
        if (model.step % compare_every == 0)
            model_collect();
    }
    memset(model.root, 0, sizeof(model.root));
    memset(heap.root, 0, sizeof(heap.root));
    model_collect();
    heap_close();
}

/* All seeds of a test, or the one in the environment's HM_TEST_SEED. */
static void model_seeds(struct heap_options options, uint32_t n, uint32_t steps,
                        uint32_t compare_every)
{
    const char *only = getenv("HM_TEST_SEED"); /* NOLINT: one thread */

    if (only != NULL) {
        model_run(options, (uint32_t)strtoul(only, NULL, 10), steps,
                  compare_every);
        return;
    }
    for (uint32_t seed = 1; seed <= n; seed++)
        model_run(options, seed, steps, compare_every);
}

static void random_graph_agrees_with_the_model(void **state)
{
    (void)state;
    model_seeds((struct heap_options){.heap_bytes = 64 * MIB}, 6, 20000, 1000);
}

static void random_graph_agrees_without_a_limit(void **state)
{
    (void)state;
    model_seeds((struct heap_options){0}, 4, 20000, 2000);
}

static void random_graph_agrees_when_verified(void **state)
{
    (void)state;
    model_seeds((struct heap_options){.heap_bytes = 64 * MIB,
                                      .stress_bytes = 50000,
                                      .verify = 1},
                4, 2000, 500);
}

static void random_graph_agrees_under_a_collection_per_allocation(void **state)
{
    (void)state;
    model_seeds((struct heap_options){.heap_bytes = 64 * MIB,
                                      .stress_bytes = 1,
                                      .verify = 1},
                3, 400, 100);
}

int collector_model_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graph_agrees_with_the_model),
        cmocka_unit_test(random_graph_agrees_without_a_limit),
        cmocka_unit_test(random_graph_agrees_when_verified),
        cmocka_unit_test(random_graph_agrees_under_a_collection_per_allocation),
    };

    return HEAP_RUN_GROUP("model", tests);
}
