/* SPDX-License-Identifier: MIT */
/* lru_old_young.c -- an LRU list of a fixed number of entries, full from the
 * start: every access links old entries anew, every miss and every update
 * stores a young value into an old structure.
 *
 * Source:     heapmark; the case that generational collectors are worst at.
 * Differs:    from `cache`: a number of entries and not of bytes, values of
 *             64 to 1024 bytes, an entry that moves between the generations.
 * Invariants: there are `capacity` entries; each is on the list and in one
 *             chain; at first those of the likeliest keys, in order.
 * Costs:      per access a Zipf draw, a chain walk, six stores of references;
 *             per update one allocation, per miss two and an eviction.
 * Threads:    one. */
#include "common/zipf.h"
#include "workloads/op_loop.h"
#include "workloads/payload.h"

#include <math.h>

enum {
    LRU_OLD_YOUNG_CAPACITY,
    LRU_OLD_YOUNG_KEYS,
    LRU_OLD_YOUNG_OPS,
    LRU_OLD_YOUNG_UPDATE,
};

static const struct hm_param lru_old_young_params[] = {
    {"capacity", "entries held", 100000, 1000000, 1, 1 << 26},
    {"keys", "different keys; at least the capacity is used", 1000000, 10000000,
     1, 1 << 27},
    {"ops", "accesses", 800000, 20000000, 1, UINT32_MAX},
    {"update", "percentage of accesses that store a fresh value", 10, 10, 0,
     100},
    {0},
};

enum { ENTRY_PREV, ENTRY_NEXT, ENTRY_CHAIN, ENTRY_VALUE, ENTRY_REFS };

struct lru_old_young_entry { /* the raw half */
    uint64_t key, id;
};

static const struct hm_layout lru_old_young_entry_layout = {
    ENTRY_REFS, sizeof(struct lru_old_young_entry), "entry"};

enum { ROOT_TABLE, ROOT_HEAD }; /* buckets; the sentinel of the list */

enum { LRU_OLD_YOUNG_SIZES = 64, LRU_OLD_YOUNG_BATCH = 16 };

static struct lru_old_young_state {
    struct hm_zipf zipf;
    uint32_t bytes[LRU_OLD_YOUNG_SIZES];
    uint64_t buckets, id; /* buckets: a power of two; id of the next entry */
    uint32_t hits, misses, updates;
} lru_old_young;

static struct lru_old_young_entry *lru_old_young_raw(hm_ref entry)
{
    return hm_raw(entry, ENTRY_REFS);
}

static uint64_t lru_old_young_bucket(uint32_t key)
{
    return hm_fin(key) & (lru_old_young.buckets - 1);
}

static void lru_old_young_unlink(struct hm_mutator *m, hm_ref entry)
{
    hm_ref prev = hm_load(m, entry, ENTRY_PREV);
    hm_ref next = hm_load(m, entry, ENTRY_NEXT);

    hm_store(m, prev, ENTRY_NEXT, next);
    hm_store(m, next, ENTRY_PREV, prev);
}

static void lru_old_young_push_front(struct hm_object_run *run, hm_ref entry)
{
    struct hm_mutator *m = run->mutator;
    hm_ref head = run->root[ROOT_HEAD];
    hm_ref first = hm_load(m, head, ENTRY_NEXT);

    hm_store(m, entry, ENTRY_NEXT, first);
    hm_store(m, entry, ENTRY_PREV, head);
    hm_store(m, first, ENTRY_PREV, entry);
    hm_store(m, head, ENTRY_NEXT, entry);
}

static hm_ref lru_old_young_find(struct hm_object_run *run, uint32_t key)
{
    struct hm_mutator *m = run->mutator;
    hm_ref entry = hm_load(m, run->root[ROOT_TABLE], lru_old_young_bucket(key));

    while (entry != NULL && lru_old_young_raw(entry)->key != key)
        entry = hm_load(m, entry, ENTRY_CHAIN);
    return entry;
}

/* A value of the size that `hashed` chooses, with the tag i.  A GC point. */
static hm_ref lru_old_young_value(struct hm_object_run *run, uint32_t hashed,
                                  uint64_t i)
{
    uint32_t k = hm_fin(hashed) & (LRU_OLD_YOUNG_SIZES - 1);

    return hm_payload_new(run->mutator, lru_old_young.bytes[k],
                          (uint32_t)i & 0x7FFFFF);
}

static void lru_old_young_insert(struct hm_object_run *run, uint32_t key,
                                 hm_ref value)
{
    struct hm_mutator *m = run->mutator;
    uint64_t bucket = lru_old_young_bucket(key);
    hm_ref entry;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, value);
    entry = hm_new(m, &lru_old_young_entry_layout);
    *lru_old_young_raw(entry) =
        (struct lru_old_young_entry){key, lru_old_young.id++};
    hm_init(m, entry, ENTRY_VALUE, HM_GET(f, 0));
    hm_init(m, entry, ENTRY_CHAIN, hm_load(m, run->root[ROOT_TABLE], bucket));
    HM_LEAVE(m, f);
    hm_store(m, run->root[ROOT_TABLE], bucket, entry);
    lru_old_young_push_front(run, entry);
}

static void lru_old_young_unchain(struct hm_object_run *run, hm_ref entry)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_TABLE];
    hm_ref rest = hm_load(m, entry, ENTRY_CHAIN);
    uint64_t bucket =
        lru_old_young_bucket((uint32_t)lru_old_young_raw(entry)->key);
    hm_ref at = hm_load(m, table, bucket), next;

    if (at == entry) {
        hm_store(m, table, bucket, rest);
        return;
    }
    while ((next = hm_load(m, at, ENTRY_CHAIN)) != entry)
        at = next;
    hm_store(m, at, ENTRY_CHAIN, rest);
}

static void lru_old_young_dispose(struct hm_mutator *m, hm_ref entry)
{
    hm_dispose(m, hm_load(m, entry, ENTRY_VALUE));
    hm_dispose(m, entry);
}

/* Takes the last entry off the list and mixes which one it was. */
static void lru_old_young_evict(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref last = hm_load(m, run->root[ROOT_HEAD], ENTRY_PREV);

    lru_old_young_unlink(m, last);
    lru_old_young_unchain(run, last);
    hm_run_mix(&run->base, (uint32_t)lru_old_young_raw(last)->id);
    if (HM_GC_MANUAL)
        lru_old_young_dispose(m, last);
}

static void lru_old_young_miss(struct hm_object_run *run, uint32_t key,
                               uint64_t i)
{
    lru_old_young.misses++;
    lru_old_young_insert(run, key,
                         lru_old_young_value(run, key ^ (uint32_t)i, i));
    lru_old_young_evict(run);
}

/* Gives an entry that is there a young value. */
static void lru_old_young_update(struct hm_object_run *run, hm_ref entry,
                                 uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    uint32_t key = (uint32_t)lru_old_young_raw(entry)->key;
    hm_ref value, old;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, entry);
    value = lru_old_young_value(run, key ^ (uint32_t)i, i);
    entry = HM_GET(f, 0);
    HM_LEAVE(m, f);
    old = hm_load(m, entry, ENTRY_VALUE);
    hm_store(m, entry, ENTRY_VALUE, value);
    hm_dispose(m, old);
    lru_old_young.updates++;
}

static void lru_old_young_access(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    uint32_t key = hm_zipf_next(&lru_old_young.zipf, &run->base.rng);
    uint32_t percent = hm_rng_next(&run->base.rng) % 100;
    hm_ref entry = lru_old_young_find(run, key);

    if (entry == NULL) {
        lru_old_young_miss(run, key, i);
        return;
    }
    lru_old_young.hits++;
    lru_old_young_unlink(m, entry);
    lru_old_young_push_front(run, entry);
    hm_run_mix(&run->base, hm_payload_tag(hm_load(m, entry, ENTRY_VALUE)));
    if (percent < run->base.value[LRU_OLD_YOUNG_UPDATE])
        lru_old_young_update(run, entry, i);
}

/* 64 to 1024 bytes, log-uniform: the middles of 64 steps of a factor of
 * 2^(1/16), from square roots and products only, equal in every language. */
static void lru_old_young_make_sizes(void)
{
    double half_step = sqrt(sqrt(sqrt(sqrt(sqrt(2.0)))));
    double step = half_step * half_step, bytes = 64 * half_step;

    for (unsigned k = 0; k < LRU_OLD_YOUNG_SIZES; k++) {
        lru_old_young.bytes[k] = (uint32_t)bytes;
        bytes *= step;
    }
}

static void lru_old_young_setup(struct hm_object_run *run)
{
    uint64_t capacity = run->base.value[LRU_OLD_YOUNG_CAPACITY];
    uint64_t keys = run->base.value[LRU_OLD_YOUNG_KEYS];

    lru_old_young = (struct lru_old_young_state){.buckets = 1};
    while (lru_old_young.buckets < capacity)
        lru_old_young.buckets *= 2;
    lru_old_young_make_sizes();
    hm_zipf_init(&lru_old_young.zipf, keys < capacity ? capacity : keys, 4);
}

/* The likeliest keys, the likeliest of all at the front. */
static void lru_old_young_fill(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref head;

    run->root[ROOT_TABLE] = hm_new_refs(m, lru_old_young.buckets);
    run->root[ROOT_HEAD] = head = hm_new(m, &lru_old_young_entry_layout);
    *lru_old_young_raw(head) = (struct lru_old_young_entry){0, 0};
    hm_init(m, head, ENTRY_PREV, head);
    hm_init(m, head, ENTRY_NEXT, head);
    for (uint64_t k = run->base.value[LRU_OLD_YOUNG_CAPACITY]; k-- > 0;) {
        lru_old_young_insert(run, (uint32_t)k,
                             lru_old_young_value(run, (uint32_t)k, k));
    }
}

static void lru_old_young_run(struct hm_object_run *run)
{
    lru_old_young_fill(run);
    hm_op_loop(run, run->base.value[LRU_OLD_YOUNG_OPS], LRU_OLD_YOUNG_BATCH,
               lru_old_young_access);
    hm_run_count(&run->base, "hit", lru_old_young.hits);
    hm_run_count(&run->base, "miss", lru_old_young.misses);
    hm_run_count(&run->base, "update", lru_old_young.updates);
}

static void lru_old_young_dispose_all(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref head = run->root[ROOT_HEAD];
    hm_ref entry = hm_load(m, head, ENTRY_NEXT), next;

    for (; entry != head; entry = next) {
        next = hm_load(m, entry, ENTRY_NEXT);
        lru_old_young_dispose(m, entry);
    }
    hm_dispose(m, head);
    hm_dispose(m, run->root[ROOT_TABLE]);
}

static void lru_old_young_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        lru_old_young_dispose_all(run);
    run->root[ROOT_TABLE] = NULL;
    run->root[ROOT_HEAD] = NULL;
    hm_zipf_fini(&lru_old_young.zipf);
}

const struct hm_object_workload hm_object_lru_old_young = {
    .name = "lru_old_young",
    .summary = "full LRU list: old entries relinked, young values stored",
    .source = "heapmark; workloads/README.md",
    .operation = "access",
    .params = lru_old_young_params,
    .leak = HM_LEAK_NOT_ONE,
    .setup = lru_old_young_setup,
    .run = lru_old_young_run,
    .drop = lru_old_young_drop,
};
