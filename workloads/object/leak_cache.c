/* SPDX-License-Identifier: MIT */
/* leak_cache.c -- a map that is filled and never emptied: memory that is
 * reachable and of no use, which no strategy can give back.
 *
 * Source:     the unbounded cache, the commonest leak of programs in languages
 *             with a collector.
 * Differs:    no key is ever asked for again, except once to read it back.
 *             The twin holds the latest 256 entries.
 * Invariants: every step's entry is in the chain of its key; the table has as
 *             many buckets as entries, or up to twice as many.
 * Costs:      two allocations per step; the table doubles now and then.
 * Threads:    one. */
#include "workloads/leak.h"

static const struct hm_param leak_cache_params[] = {
    HM_LEAK_PARAMS(300000, 3000000, 256), {0}};

enum { ENTRY_VALUE, ENTRY_CHAIN, ENTRY_REFS };

struct leak_cache_entry { /* the raw half */
    uint64_t key;
};

static const struct hm_layout leak_cache_entry_layout = {
    ENTRY_REFS, sizeof(struct leak_cache_entry), "entry"};

enum { ROOT_TABLE };

enum { LEAK_CACHE_FIRST_BUCKETS = 1024, LEAK_CACHE_BOUND = 256 };

static uint64_t leak_cache_buckets, leak_cache_entries;

static uint64_t leak_cache_key(hm_ref entry)
{
    return ((const struct leak_cache_entry *)hm_raw(entry, ENTRY_REFS))->key;
}

static uint64_t leak_cache_bucket(uint64_t key)
{
    return hm_fin((uint32_t)key) & (leak_cache_buckets - 1);
}

static void leak_cache_link(struct hm_mutator *m, hm_ref table, hm_ref entry)
{
    uint64_t bucket = leak_cache_bucket(leak_cache_key(entry));

    hm_store(m, entry, ENTRY_CHAIN, hm_load(m, table, bucket));
    hm_store(m, table, bucket, entry);
}

/* Moves all entries into a table of twice the size. */
static void leak_cache_grow(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref bigger = hm_new_refs(m, leak_cache_buckets * 2);
    hm_ref table = run->root[ROOT_TABLE];
    hm_ref entry, next;

    leak_cache_buckets *= 2;
    for (uint64_t k = 0; k < leak_cache_buckets / 2; k++) {
        for (entry = hm_load(m, table, k); entry != NULL; entry = next) {
            next = hm_load(m, entry, ENTRY_CHAIN);
            leak_cache_link(m, bigger, entry);
        }
    }
    run->root[ROOT_TABLE] = bigger;
    hm_dispose(m, table);
}

static void leak_cache_insert(struct hm_object_run *run, uint64_t key,
                              hm_ref value)
{
    struct hm_mutator *m = run->mutator;
    hm_ref entry;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, value);
    if (leak_cache_entries == leak_cache_buckets)
        leak_cache_grow(run);
    entry = hm_new(m, &leak_cache_entry_layout);
    *(struct leak_cache_entry *)hm_raw(entry, ENTRY_REFS) =
        (struct leak_cache_entry){key};
    hm_init(m, entry, ENTRY_VALUE, HM_GET(f, 0));
    leak_cache_link(m, run->root[ROOT_TABLE], entry);
    leak_cache_entries++;
    HM_LEAVE(m, f);
}

static hm_ref leak_cache_find(const struct hm_object_run *run, uint64_t key)
{
    struct hm_mutator *m = run->mutator;
    hm_ref entry = hm_load(m, run->root[ROOT_TABLE], leak_cache_bucket(key));

    while (leak_cache_key(entry) != key)
        entry = hm_load(m, entry, ENTRY_CHAIN);
    return hm_load(m, entry, ENTRY_VALUE);
}

/* Takes the entry of `key`, which is there, out of its chain. */
static void leak_cache_evict(struct hm_object_run *run, uint64_t key)
{
    struct hm_mutator *m = run->mutator;
    hm_ref at = run->root[ROOT_TABLE], entry;
    uint64_t field = leak_cache_bucket(key);

    entry = hm_load(m, at, field);
    while (leak_cache_key(entry) != key) {
        at = entry;
        field = ENTRY_CHAIN;
        entry = hm_load(m, at, field);
    }
    hm_store(m, at, field, hm_load(m, entry, ENTRY_CHAIN));
    leak_cache_entries--;
    if (HM_GC_MANUAL) {
        hm_dispose(m, hm_load(m, entry, ENTRY_VALUE));
        hm_dispose(m, entry);
    }
}

static void leak_cache_step(struct hm_object_run *run, uint64_t i)
{
    leak_cache_insert(run, i, hm_leak_payload(run, i));
    hm_leak_read(run, leak_cache_find(run, i));
    if (hm_leak_is_twin(run) && i >= LEAK_CACHE_BOUND)
        leak_cache_evict(run, i - LEAK_CACHE_BOUND);
}

static void leak_cache_run(struct hm_object_run *run)
{
    leak_cache_entries = 0;
    leak_cache_buckets = LEAK_CACHE_FIRST_BUCKETS;
    run->root[ROOT_TABLE] = hm_new_refs(run->mutator, leak_cache_buckets);
    hm_leak_loop(run, leak_cache_step);
    hm_run_count(&run->base, "entries", leak_cache_entries);
}

static void leak_cache_dispose_chain(struct hm_mutator *m, hm_ref entry)
{
    hm_ref next;

    for (; entry != NULL; entry = next) {
        next = hm_load(m, entry, ENTRY_CHAIN);
        hm_dispose(m, hm_load(m, entry, ENTRY_VALUE));
        hm_dispose(m, entry);
    }
}

static void leak_cache_dispose_table(struct hm_mutator *m, hm_ref table)
{
    for (uint64_t k = 0; k < leak_cache_buckets; k++)
        leak_cache_dispose_chain(m, hm_load(m, table, k));
    hm_dispose(m, table);
}

static void leak_cache_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        leak_cache_dispose_table(run->mutator, run->root[ROOT_TABLE]);
    run->root[ROOT_TABLE] = NULL;
}

const struct hm_object_workload hm_object_leak_cache = {
    .name = "leak_cache",
    .summary = "fills a map and never empties it: grows everywhere",
    .source = "heapmark; workloads/README.md",
    .operation = "step",
    .params = leak_cache_params,
    .leak = HM_LEAK_LOGICAL,
    .run = leak_cache_run,
    .drop = leak_cache_drop,
};
