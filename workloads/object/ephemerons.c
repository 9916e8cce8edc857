/* SPDX-License-Identifier: MIT */
/* ephemerons.c -- a chain in which each value holds the next key: the worst
 * case for the fix-point of ephemerons.
 *
 * Source:     Whippet's ephemerons benchmark (A. Wingo); B. Hayes, OOPSLA 1997.
 * Differs:    all ephemerons are held by one array.
 * Invariants: with the first key alive every value is there after a full
 *             collection, without it none.
 * Costs:      per link an ephemeron, a key of 8 bytes and a box of one
 *             reference; rounds over all ephemerons take `length` squared steps
 *             in the worst order, an index by key as many as there are links.
 * Threads:    one. */
#include "workloads/op_loop.h"

#include <string.h>

enum { EPHEMERONS_LENGTH };

static const struct hm_param ephemerons_params[] = {
    {"length", "links of the chain", 300000, 3000000, 1, 1 << 26},
    {0},
};

enum { BOX_KEY, BOX_REFS };

static const struct hm_layout ephemerons_box = {BOX_REFS, 0, "box"};

/* The key of the next link is the last one made. */
enum { ROOT_LINKS, ROOT_FIRST_KEY, ROOT_LAST_KEY };

enum { EPHEMERONS_BATCH = 64 };

/* The number of a key is its link's. */
static hm_ref ephemerons_key(struct hm_mutator *m, uint64_t number)
{
    hm_ref key = hm_new_raw(m, sizeof(number));

    memcpy(hm_raw(key, 0), &number, sizeof(number));
    return key;
}

static void ephemerons_link(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;

    HM_FRAME(m, f, 2);

    HM_SET(m, f, 0, ephemerons_key(m, i + 1));
    HM_SET(m, f, 1, hm_new(m, &ephemerons_box));
    hm_store(m, HM_GET(f, 1), BOX_KEY, HM_GET(f, 0));
    HM_SET(m, f, 1,
           hm_ephemeron_new(m, run->root[ROOT_LAST_KEY], HM_GET(f, 1)));
    hm_store(m, run->root[ROOT_LINKS], i, HM_GET(f, 1));
    run->root[ROOT_LAST_KEY] = HM_GET(f, 0);
    HM_LEAVE(m, f);
}

static void ephemerons_open(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;

    run->root[ROOT_LINKS] = hm_new_refs(m, run->base.value[EPHEMERONS_LENGTH]);
    run->root[ROOT_FIRST_KEY] = ephemerons_key(m, 0);
    run->root[ROOT_LAST_KEY] = run->root[ROOT_FIRST_KEY];
}

/* Mixes the keys of the links that are alive; returns how many are. */
static uint64_t ephemerons_alive(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    uint64_t alive = 0, number;

    for (uint64_t i = 0; i < run->base.value[EPHEMERONS_LENGTH]; i++) {
        hm_ref link = hm_load(m, run->root[ROOT_LINKS], i);

        if (hm_ephemeron_value(m, link) == NULL)
            continue;
        memcpy(&number, hm_raw(hm_ephemeron_key(m, link), 0), sizeof(number));
        hm_run_mix(&run->base, (uint32_t)number);
        alive++;
    }
    hm_run_mix(&run->base, (uint32_t)alive);
    return alive;
}

/* By hand: with the first key goes its value, with that the next key. */
static void ephemerons_dispose(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref key = run->root[ROOT_FIRST_KEY];

    for (uint64_t i = 0; i < run->base.value[EPHEMERONS_LENGTH]; i++) {
        hm_ref link = hm_load(m, run->root[ROOT_LINKS], i);
        hm_ref box = hm_ephemeron_value(m, link);

        hm_weak_clear(m, link);
        hm_dispose(m, key);
        key = hm_load(m, box, BOX_KEY);
        hm_dispose(m, box);
    }
    hm_dispose(m, key);
}

static void ephemerons_run(struct hm_object_run *run)
{
    uint64_t alive, left;

    ephemerons_open(run);
    hm_op_loop(run, run->base.value[EPHEMERONS_LENGTH], EPHEMERONS_BATCH,
               ephemerons_link);
    run->root[ROOT_LAST_KEY] = NULL;
    hm_collect(run->mutator);
    alive = ephemerons_alive(run);
    if (HM_GC_MANUAL)
        ephemerons_dispose(run);
    run->root[ROOT_FIRST_KEY] = NULL;
    hm_collect(run->mutator);
    left = ephemerons_alive(run);
    hm_run_count(&run->base, "alive", alive);
    hm_run_count(&run->base, "left", left);
}

static void ephemerons_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;

    if (HM_GC_MANUAL) {
        for (uint64_t i = 0; i < run->base.value[EPHEMERONS_LENGTH]; i++)
            hm_dispose(m, hm_load(m, run->root[ROOT_LINKS], i));
        hm_dispose(m, run->root[ROOT_LINKS]);
    }
    run->root[ROOT_LINKS] = NULL;
}

const struct hm_object_workload hm_object_ephemerons = {
    .name = "ephemerons",
    .summary = "a chain of ephemerons, each value holding the next key",
    .source = "Whippet's ephemerons benchmark; B. Hayes, OOPSLA 1997",
    .operation = "link made",
    .params = ephemerons_params,
    .leak = HM_LEAK_NOT_ONE,
    .needs_weak = 2,
    .run = ephemerons_run,
    .drop = ephemerons_drop,
};
