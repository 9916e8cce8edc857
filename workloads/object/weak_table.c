/* SPDX-License-Identifier: MIT */
/* weak_table.c -- a hash table that does not keep its keys alive, while keys
 * die and new ones come: the cost of weak references per collection.
 *
 * Source:     heapmark; the weak hash tables of language run-times.
 * Differs:    a dead key's entry is found by its token, or by sweeping a bucket
 *             of the table at each operation.  Who frees by hand removes the
 *             entry with its key.
 * Invariants: each of the `entries` keys that are held is in the table; after
 *             a full collection and a clean-up nothing else is.  A conservative
 *             collector may retain keys: it reports how many entries are left
 *             too many as a counter `retained` of its own, and its checksum
 *             does not depend on them.
 * Costs:      per key 8 bytes, an entry of 32 and a weak reference, with
 *             clean=tokens a watch as well.
 * Threads:    one. */
#include "workloads/op_loop.h"

#include <string.h>

enum {
    WEAK_TABLE_ENTRIES,
    WEAK_TABLE_OPS,
    WEAK_TABLE_RATE,
    WEAK_TABLE_CLEAN,
};

static const struct hm_param weak_table_params[] = {
    {"entries", "keys that are held, entries of the table", 100000, 1000000, 1,
     1 << 21},
    {"ops", "operations", 2000000, 20000000, 1, UINT64_C(1) << 31},
    {"rate", "of 1000 operations, how many replace a key", 200, 200, 0, 1000},
    {"clean", "dead entries: 0 by the tokens of keys, 1 by a sweep", 0, 0, 0,
     1},
    {0},
};

enum { ENTRY_NEXT, ENTRY_WEAK, ENTRY_REFS };

struct weak_table_entry { /* the raw half */
    uint64_t id;
    uint64_t value;
};

static const struct hm_layout weak_table_entry_layout = {
    ENTRY_REFS, sizeof(struct weak_table_entry), "entry"};

enum { ROOT_KEYS, ROOT_TABLE };

enum {
    WEAK_TABLE_BATCH = 64, /* also: operations between two looks for tokens */
};

static struct {
    uint64_t buckets; /* a power of two, at least `entries` */
    uint64_t count;   /* entries in the table, dead ones too */
} weak_table;

static struct weak_table_entry *weak_table_raw(hm_ref entry)
{
    return hm_raw(entry, ENTRY_REFS);
}

static uint64_t weak_table_bucket(uint64_t id)
{
    return hm_fin((uint32_t)id) & (weak_table.buckets - 1);
}

static uint64_t weak_table_id(hm_ref key)
{
    uint64_t id;

    memcpy(&id, hm_raw(key, 0), sizeof(id));
    return id;
}

/* Unlinks the entry after `before`, or the first one of the bucket. */
static void weak_table_unlink(struct hm_object_run *run, uint64_t bucket,
                              hm_ref before, hm_ref entry)
{
    struct hm_mutator *m = run->mutator;
    hm_ref next = hm_load(m, entry, ENTRY_NEXT);

    if (before == NULL) {
        hm_store(m, run->root[ROOT_TABLE], bucket, next);
    } else {
        hm_store(m, before, ENTRY_NEXT, next);
    }
    weak_table.count--;
    if (HM_GC_MANUAL) {
        hm_dispose(m, hm_load(m, entry, ENTRY_WEAK));
        hm_dispose(m, entry);
    }
}

/* Removes the entry of key `id`, if there is one. */
static void weak_table_remove(struct hm_object_run *run, uint64_t id)
{
    struct hm_mutator *m = run->mutator;
    uint64_t bucket = weak_table_bucket(id);
    hm_ref before = NULL;
    hm_ref entry = hm_load(m, run->root[ROOT_TABLE], bucket);

    while (entry != NULL && weak_table_raw(entry)->id != id) {
        before = entry;
        entry = hm_load(m, entry, ENTRY_NEXT);
    }
    if (entry != NULL)
        weak_table_unlink(run, bucket, before, entry);
}

/* Removes the entries of a bucket whose keys are dead. */
static void weak_table_sweep(struct hm_object_run *run, uint64_t bucket)
{
    struct hm_mutator *m = run->mutator;
    hm_ref before = NULL, next;
    hm_ref entry = hm_load(m, run->root[ROOT_TABLE], bucket);

    for (; entry != NULL; entry = next) {
        next = hm_load(m, entry, ENTRY_NEXT);
        if (hm_weak_get(m, hm_load(m, entry, ENTRY_WEAK)) == NULL) {
            weak_table_unlink(run, bucket, before, entry);
        } else {
            before = entry;
        }
    }
}

static void weak_table_take_tokens(struct hm_object_run *run)
{
    uint64_t id;

    while (hm_next_dead(run->mutator, &id))
        weak_table_remove(run, id);
}

/* A new key in `slot` of the keys, with its entry. */
static void weak_table_add(struct hm_object_run *run, uint64_t slot,
                           uint64_t id)
{
    struct hm_mutator *m = run->mutator;
    uint64_t bucket = weak_table_bucket(id);
    hm_ref o;

    HM_FRAME(m, f, 2);

    o = hm_new_raw(m, sizeof(id));
    memcpy(hm_raw(o, 0), &id, sizeof(id));
    HM_SET(m, f, 0, o);
    hm_store(m, run->root[ROOT_KEYS], slot, o);
    o = hm_new(m, &weak_table_entry_layout);
    weak_table_raw(o)->id = id;
    weak_table_raw(o)->value = hm_fin((uint32_t)id);
    hm_init(m, o, ENTRY_NEXT, hm_load(m, run->root[ROOT_TABLE], bucket));
    hm_store(m, run->root[ROOT_TABLE], bucket, o);
    HM_SET(m, f, 1, o);
    o = hm_weak_new(m, HM_GET(f, 0));
    hm_store(m, HM_GET(f, 1), ENTRY_WEAK, o);
    if (run->base.value[WEAK_TABLE_CLEAN] == 0)
        hm_watch(m, HM_GET(f, 0), id);
    weak_table.count++;
    HM_LEAVE(m, f);
}

/* Forgets the key in `slot`; by hand, its entry goes first. */
static void weak_table_forget(struct hm_object_run *run, uint64_t slot)
{
    struct hm_mutator *m = run->mutator;
    hm_ref key = hm_load(m, run->root[ROOT_KEYS], slot);

    if (HM_GC_MANUAL) {
        weak_table_remove(run, weak_table_id(key));
        hm_dispose(m, key);
    }
}

/* Mixes the value of the key in `slot`; returns whether its entry leads back
 * to it. */
static int weak_table_find(struct hm_object_run *run, uint64_t slot)
{
    struct hm_mutator *m = run->mutator;
    hm_ref key = hm_load(m, run->root[ROOT_KEYS], slot);
    uint64_t id = weak_table_id(key);
    hm_ref entry = hm_load(m, run->root[ROOT_TABLE], weak_table_bucket(id));

    while (entry != NULL && weak_table_raw(entry)->id != id)
        entry = hm_load(m, entry, ENTRY_NEXT);
    if (entry == NULL)
        return 0;
    hm_run_mix(&run->base, (uint32_t)weak_table_raw(entry)->value);
    return hm_weak_get(m, hm_load(m, entry, ENTRY_WEAK)) == key;
}

static void weak_table_step(struct hm_object_run *run, uint64_t i)
{
    uint64_t n = run->base.value[WEAK_TABLE_ENTRIES];
    uint64_t slot = hm_rng_below(&run->base.rng, (uint32_t)n);

    if (hm_rng_below(&run->base.rng, 1000) < run->base.value[WEAK_TABLE_RATE]) {
        weak_table_forget(run, slot);
        weak_table_add(run, slot, n + i);
    } else if (!weak_table_find(run, slot)) {
        hm_run_mix(&run->base, 0); /* a key that is held has been lost */
    }
    if (HM_GC_MANUAL)
        return;
    if (run->base.value[WEAK_TABLE_CLEAN] == 1) {
        weak_table_sweep(run, i & (weak_table.buckets - 1));
    } else if (i % WEAK_TABLE_BATCH == 0) {
        weak_table_take_tokens(run);
    }
}

static void weak_table_setup(struct hm_object_run *run)
{
    weak_table.buckets = 1;
    weak_table.count = 0;
    while (weak_table.buckets < run->base.value[WEAK_TABLE_ENTRIES])
        weak_table.buckets *= 2;
}

static void weak_table_open(struct hm_object_run *run)
{
    uint64_t n = run->base.value[WEAK_TABLE_ENTRIES];

    run->root[ROOT_KEYS] = hm_new_refs(run->mutator, n);
    run->root[ROOT_TABLE] = hm_new_refs(run->mutator, weak_table.buckets);
    for (uint64_t i = 0; i < n; i++)
        weak_table_add(run, i, i);
}

/* The last clean-up: nothing dead may be left. */
static void weak_table_settle(struct hm_object_run *run)
{
    hm_collect(run->mutator);
    if (HM_GC_MANUAL)
        return;
    if (run->base.value[WEAK_TABLE_CLEAN] == 0)
        weak_table_take_tokens(run);
    for (uint64_t b = 0;
         b < weak_table.buckets && run->base.value[WEAK_TABLE_CLEAN] == 1; b++)
        weak_table_sweep(run, b);
}

static void weak_table_run(struct hm_object_run *run)
{
    uint64_t n = run->base.value[WEAK_TABLE_ENTRIES], held = 0;
    int is_exact = HM_GC_PRECISE || HM_GC_MANUAL;

    weak_table_open(run);
    hm_op_loop(run, run->base.value[WEAK_TABLE_OPS], WEAK_TABLE_BATCH,
               weak_table_step);
    weak_table_settle(run);
    for (uint64_t slot = 0; slot < n; slot++)
        held += (uint64_t)weak_table_find(run, slot);
    hm_run_mix(&run->base, (uint32_t)(is_exact ? weak_table.count : n));
    hm_run_count(&run->base, "held", held);
    if (!is_exact)
        hm_run_count(&run->base, "retained", weak_table.count - n);
}

static void weak_table_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;

    if (HM_GC_MANUAL) {
        for (uint64_t i = 0; i < run->base.value[WEAK_TABLE_ENTRIES]; i++)
            weak_table_forget(run, i);
        hm_dispose(m, run->root[ROOT_TABLE]);
        hm_dispose(m, run->root[ROOT_KEYS]);
    }
    run->root[ROOT_TABLE] = run->root[ROOT_KEYS] = NULL;
}

const struct hm_object_workload hm_object_weak_table = {
    .name = "weak_table",
    .summary = "a hash table with weak keys, which die and are replaced",
    .source = "heapmark",
    .operation = "look-up, or a key replaced",
    .params = weak_table_params,
    .leak = HM_LEAK_NOT_ONE,
    .needs_weak = 1,
    .setup = weak_table_setup,
    .run = weak_table_run,
    .drop = weak_table_drop,
};
