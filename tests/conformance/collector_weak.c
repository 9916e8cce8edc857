/* SPDX-License-Identifier: MIT */
/* collector_weak.c -- weak references, ephemerons and watched objects: a seeded
 * random program against a model, and extreme shapes.
 *
 * After a full collection a target is gone exactly if the model does not reach
 * it, a token has been given out exactly if its object is gone, and the live
 * bytes agree to the byte.  In between, what the model reaches must be there.
 */
#include "collector_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WEAK_OBJECTS = 2048,
    WEAK_TOKENS = 1 << 14,
    WEAK_SLOTS = 10,
    WEAK_FIELDS = 3,
    WEAK_EDGES = WEAK_FIELDS, /* a holder uses the first two: target, value */
};

enum weak_kind { NODE, REFERENCE, EPHEMERON };

static const struct hm_layout weak_node = {WEAK_FIELDS, 8, "node"};

struct weak_object {
    enum weak_kind kind;
    int is_used, is_seen;
    hm_ref ref;
    uint16_t edge[WEAK_EDGES];
};

enum weak_state { UNUSED, WATCHED, DELIVERED, LOST }; /* LOST: some time */

static struct weak_model {
    struct hm_rng rng;
    uint32_t seed, step, n_tokens;
    size_t garbage_bytes; /* allocated at each step, so that heaps fill up */
    uint16_t root[WEAK_SLOTS];
    uint16_t queue[WEAK_OBJECTS];
    size_t n_queue;
    struct weak_object object[WEAK_OBJECTS];

    struct {
        enum weak_state state;
        uint16_t object;
    } token[WEAK_TOKENS];
} model;

#define WEAK_CHECK(condition)                                        \
    do {                                                             \
        if (!(condition))                                            \
            fail_msg("seed %u, step %u: %s", model.seed, model.step, \
                     #condition);                                    \
    } while (0)

static void weak_reach(uint16_t id)
{
    if (id == 0 || model.object[id].is_seen)
        return;
    model.object[id].is_seen = 1;
    model.queue[model.n_queue++] = id;
}

static void weak_reach_all(size_t *next)
{
    for (; *next < model.n_queue; ++*next) {
        const struct weak_object *o = &model.object[model.queue[*next]];

        for (int i = 0; i < WEAK_FIELDS && o->kind == NODE; i++)
            weak_reach(o->edge[i]);
    }
}

/* Marks in the model what is reachable now. */
static void weak_trace(void)
{
    size_t next = 0, before;

    model.n_queue = 0;
    for (int i = 0; i < WEAK_OBJECTS; i++)
        model.object[i].is_seen = 0;
    for (int i = 0; i < WEAK_SLOTS; i++)
        weak_reach(model.root[i]);
    do {
        weak_reach_all(&next);
        before = model.n_queue;
        for (size_t i = 0; i < before; i++) {
            const struct weak_object *o = &model.object[model.queue[i]];

            if (o->kind == EPHEMERON && model.object[o->edge[0]].is_seen)
                weak_reach(o->edge[1]);
        }
    } while (model.n_queue != before);
}

static int weak_is_reachable(uint16_t id)
{
    weak_trace();
    return model.object[id].is_seen;
}

static uint64_t weak_id(hm_ref node)
{
    uint64_t id;

    memcpy(&id, hm_raw(node, WEAK_FIELDS), sizeof(id));
    return id;
}

/* `ref` is where model object `id` ought to be, or NULL for 0. */
static void weak_meet(uint16_t id, hm_ref ref)
{
    struct weak_object *o = &model.object[id];

    if (id == 0) {
        WEAK_CHECK(ref == NULL);
        return;
    }
    WEAK_CHECK(ref != NULL);
    WEAK_CHECK(o->ref == NULL || o->ref == ref);
    o->ref = ref;
    WEAK_CHECK(o->kind != NODE || weak_id(ref) == id);
}

/* The words of a holder: NULL exactly for what is dead, as far as the
 * collector knows exactly. */
static void weak_meet_holder(struct weak_object *o)
{
    int is_key_live = model.object[o->edge[0]].is_seen;
    hm_ref key = o->kind == EPHEMERON ? hm_ephemeron_key(heap.m, o->ref)
                                      : hm_weak_get(heap.m, o->ref);
    hm_ref value =
        o->kind == EPHEMERON ? hm_ephemeron_value(heap.m, o->ref) : NULL;

    if (is_key_live) {
        weak_meet(o->edge[0], key);
        if (o->kind == EPHEMERON)
            weak_meet(o->edge[1], value);
        return;
    }
    if (heap_is_precise())
        WEAK_CHECK(key == NULL && value == NULL);
    if (o->edge[0] != 0 && key == NULL)
        o->edge[0] = 0;
}

/* Follows the heap in the order in which the model was traced: who reaches an
 * object comes before it, but for values, whose holder and key do. */
static uint64_t weak_compare(void)
{
    uint64_t bytes = 0;

    weak_trace();
    for (int i = 0; i < WEAK_OBJECTS; i++)
        model.object[i].ref = NULL;
    for (int i = 0; i < WEAK_SLOTS; i++)
        weak_meet(model.root[i], heap.root[i]);
    for (size_t i = 0; i < model.n_queue; i++) {
        struct weak_object *o = &model.object[model.queue[i]];

        WEAK_CHECK(o->ref != NULL);
        for (size_t j = 0; j < WEAK_FIELDS && o->kind == NODE; j++)
            weak_meet(o->edge[j], hm_load(heap.m, o->ref, j));
        if (o->kind != NODE)
            weak_meet_holder(o);
        bytes += o->kind == NODE ? 40 : o->kind == REFERENCE ? 16 : 24;
    }
    return bytes;
}

/* Takes the tokens; their objects must be unreachable. */
static void weak_take_tokens(void)
{
    uint64_t token;

    weak_trace();
    while (hm_next_dead(heap.m, &token)) {
        WEAK_CHECK(token < model.n_tokens);
        WEAK_CHECK(model.token[token].state == LOST ||
                   (model.token[token].state == WATCHED &&
                    !model.object[model.token[token].object].is_seen));
        model.token[token].state = DELIVERED;
    }
}

/* After the comparison every dead object has been delivered. */
static void weak_check_tokens(void)
{
    for (uint32_t i = 0; i < model.n_tokens; i++) {
        if (model.token[i].state != WATCHED ||
            model.object[model.token[i].object].is_seen)
            continue;
        WEAK_CHECK(!heap_is_precise());
        model.token[i].state = LOST;
    }
}

static void weak_collect(void)
{
    uint64_t bytes;

    heap_collect();
    bytes = weak_compare();
    if (heap_is_precise())
        WEAK_CHECK(heap_stats().live_bytes == bytes);
    weak_take_tokens();
    weak_check_tokens();
    for (int i = 0; i < WEAK_OBJECTS; i++) {
        model.object[i].is_used =
            model.object[i].is_seen ||
            (!heap_is_precise() && model.object[i].is_used);
    }
}

static uint32_t weak_slot(void)
{
    return hm_rng_below(&model.rng, WEAK_SLOTS);
}

/* A slot whose object is of this kind, or -1. */
static int weak_slot_of(enum weak_kind kind)
{
    uint32_t slot = weak_slot();

    return model.root[slot] != 0 && model.object[model.root[slot]].kind == kind
               ? (int)slot
               : -1;
}

/* A free number, 0 when there is none at hand. */
static uint16_t weak_number(enum weak_kind kind)
{
    for (int tries = 0; tries < 64; tries++) {
        uint16_t id = (uint16_t)hm_rng_below(&model.rng, WEAK_OBJECTS);

        if (id == 0 || model.object[id].is_used)
            continue;
        model.object[id] = (struct weak_object){.kind = kind, .is_used = 1};
        return id;
    }
    return 0;
}

static void weak_put(uint16_t id, hm_ref ref)
{
    uint32_t slot = weak_slot();

    model.root[slot] = id;
    heap.root[slot] = ref;
}

static void weak_step_node(void)
{
    uint16_t id = weak_number(NODE);
    uint64_t raw = id;
    hm_ref node;

    if (id == 0)
        return;
    node = hm_new(heap.m, &weak_node);
    memcpy(hm_raw(node, WEAK_FIELDS), &raw, sizeof(raw));
    weak_put(id, node);
}

static void weak_step_holder(enum weak_kind kind)
{
    uint32_t key = weak_slot(), value = weak_slot();
    uint16_t id;

    if (model.root[key] == 0)
        return;
    id = weak_number(kind);
    if (id == 0)
        return;
    model.object[id].edge[0] = model.root[key];
    if (kind == EPHEMERON) {
        model.object[id].edge[1] = model.root[value];
        weak_put(id,
                 hm_ephemeron_new(heap.m, heap.root[key], heap.root[value]));
    } else {
        weak_put(id, hm_weak_new(heap.m, heap.root[key]));
    }
}

static void weak_step_link(void)
{
    int to = weak_slot_of(NODE);
    uint32_t from = weak_slot(), field = hm_rng_below(&model.rng, WEAK_FIELDS);

    if (to < 0)
        return;
    model.object[model.root[to]].edge[field] = model.root[from];
    hm_store(heap.m, heap.root[to], field, heap.root[from]);
}

/* What a holder still gives out becomes a root, reachable or not before. */
static void weak_step_get(enum weak_kind kind)
{
    int slot = weak_slot_of(kind);
    const struct weak_object *o;
    hm_ref got;
    uint16_t id;

    if (slot < 0)
        return;
    o = &model.object[model.root[slot]];
    got = kind == EPHEMERON ? hm_ephemeron_value(heap.m, heap.root[slot])
                            : hm_weak_get(heap.m, heap.root[slot]);
    id = o->edge[kind == EPHEMERON];
    if (got == NULL) {
        WEAK_CHECK(id == 0 || !weak_is_reachable(o->edge[0]));
        return;
    }
    WEAK_CHECK(id != 0);
    WEAK_CHECK(model.object[id].kind != NODE || weak_id(got) == id);
    weak_put(id, got);
}

static void weak_step_watch(void)
{
    uint32_t slot = weak_slot();

    if (model.root[slot] == 0 || model.n_tokens == WEAK_TOKENS)
        return;
    model.token[model.n_tokens].state = WATCHED;
    model.token[model.n_tokens].object = model.root[slot];
    hm_watch(heap.m, heap.root[slot], model.n_tokens++);
}

static void weak_step_drop(void)
{
    weak_put(0, NULL);
}

static void weak_step_load(void)
{
    int from = weak_slot_of(NODE);
    uint32_t field = hm_rng_below(&model.rng, WEAK_FIELDS);

    if (from >= 0) {
        weak_put(model.object[model.root[from]].edge[field],
                 hm_load(heap.m, heap.root[from], field));
    }
}

static void weak_step(void)
{
    uint32_t kind = hm_rng_below(&model.rng, 100);

    if (kind < 25) {
        weak_step_node();
    } else if (kind < 50) {
        weak_step_link();
    } else if (kind < 60) {
        weak_step_load();
    } else if (kind < 70) {
        weak_step_drop();
    } else if (kind < 76) {
        weak_step_holder(REFERENCE);
    } else if (kind < 82) {
        weak_step_get(REFERENCE);
    } else if (kind < 90) {
        weak_step_holder(HM_GC_WEAK >= 2 ? EPHEMERON : REFERENCE);
    } else if (kind < 94) {
        weak_step_get(HM_GC_WEAK >= 2 ? EPHEMERON : REFERENCE);
    } else if (kind < 99) {
        weak_step_watch();
    } else {
        weak_take_tokens();
    }
    if (model.garbage_bytes != 0)
        (void)hm_new_raw(heap.m, model.garbage_bytes);
    hm_poll(heap.m);
}

static void weak_run(struct heap_options options, uint32_t seed, uint32_t steps,
                     uint32_t compare_every)
{
    memset(&model, 0, sizeof(model));
    model.seed = seed;
    model.garbage_bytes = options.heap_bytes <= MIB ? 1000 : 0;
    hm_rng_seed(&model.rng, seed);
    (void)printf("# HM_TEST_SEED=%u\n", seed); /* even if a check aborts it */
    (void)fflush(stdout);
    heap_open(options);
    for (model.step = 1; model.step <= steps; model.step++) {
        weak_step();
        if (model.step % compare_every == 0)
            weak_collect();
    }
    memset(model.root, 0, sizeof(model.root));
    memset(heap.root, 0, sizeof(heap.root));
    weak_collect();
    heap_close();
}

static void weak_seeds(struct heap_options options, uint32_t n, uint32_t steps,
                       uint32_t compare_every)
{
    const char *only = getenv("HM_TEST_SEED"); /* NOLINT: one thread */

    if (only != NULL) {
        weak_run(options, (uint32_t)strtoul(only, NULL, 10), steps,
                 compare_every);
        return;
    }
    if (!heap_is_precise())
        n = 1; /* the next heap would be told of this one's dead */
    for (uint32_t seed = 1; seed <= n; seed++)
        weak_run(options, seed, steps, compare_every);
}

static void weak_program_agrees_with_the_model(void **state)
{
    (void)state;
    weak_seeds((struct heap_options){.heap_bytes = 16 * MIB}, 6, 20000, 700);
}

static void weak_program_agrees_when_collected_often(void **state)
{
    (void)state;
    weak_seeds((struct heap_options){.heap_bytes = 16 * MIB,
                                     .stress_bytes = 3000,
                                     .verify = 1},
               4, 4000, 500);
}

static void weak_program_agrees_under_a_collection_per_allocation(void **state)
{
    (void)state;
    weak_seeds((struct heap_options){.heap_bytes = 16 * MIB,
                                     .stress_bytes = 1,
                                     .verify = 1},
               4, 1500, 200);
}

/* Collections begin and end between any two steps. */
static void weak_program_agrees_in_a_small_heap(void **state)
{
    (void)state;
    weak_seeds((struct heap_options){.heap_bytes = MIB}, 4, 20000, 5000);
    weak_seeds((struct heap_options){.heap_bytes = MIB, .verify = 1}, 2, 5000,
               2500);
}

int collector_weak_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weak_program_agrees_with_the_model),
        cmocka_unit_test(weak_program_agrees_when_collected_often),
        cmocka_unit_test(weak_program_agrees_under_a_collection_per_allocation),
        cmocka_unit_test(weak_program_agrees_in_a_small_heap),
    };

    return HM_GC_WEAK > 0 ? HEAP_RUN_GROUP("weak", tests) : 0;
}
