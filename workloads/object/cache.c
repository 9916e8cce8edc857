/* SPDX-License-Identifier: MIT */
/* cache.c -- an LRU cache with a byte budget: a chained hash table of entries
 * that also form a list, most recently used first.
 *
 * Source:     the GET:SET ratio and the value sizes of the ETC pool in
 *             B. Atikoglu et al., SIGMETRICS 2012; Zipf(1) keys.
 * Differs:    sizes are 64 quantiles of the published fit; keys are 32-bit
 *             integers, so what varies is the value.
 * Invariants: the sum of the sizes on the list is `used` <= budget after each
 *             request; an entry is on the list and in one chain, or in none.
 * Costs:      per request: a Zipf draw, a chain walk, six stores of references
 *             to move an entry to the front.
 * Threads:    one. */
#include "common/zipf.h"
#include "workloads/object.h"
#include "workloads/payload.h"

enum { CACHE_KEYS, CACHE_BUDGET, CACHE_OPS, CACHE_SET };

static const struct hm_param cache_params[] = {
    {"keys", "different keys", 1 << 20, 1 << 22, 1, 1 << 26},
    {"budget", "bytes of values held", 64 << 20, 256 << 20, 1 << 12,
     UINT64_C(1) << 40},
    {"ops", "requests", 1500000, 60000000, 1, UINT32_MAX},
    {"set", "percentage of requests that store", 3, 3, 0, 100},
    {0},
};

enum { ENTRY_VALUE, ENTRY_CHAIN, ENTRY_PREV, ENTRY_NEXT, ENTRY_REFS };

struct cache_entry { /* the raw half */
    uint32_t key, value_bytes;
};

static const struct hm_layout cache_entry_layout = {
    ENTRY_REFS, sizeof(struct cache_entry), "entry"};

enum { ROOT_TABLE, ROOT_HEAD }; /* buckets; the sentinel of the list */

enum { CACHE_BUCKETS = 1 << 17, CACHE_BATCH = 16 };

static struct cache_state {
    struct hm_zipf zipf;
    uint64_t budget_bytes, used_bytes;
    uint32_t entries, hits, misses, evicted;
} cache;

static struct cache_entry *cache_raw(hm_ref entry)
{
    return hm_raw(entry, ENTRY_REFS);
}

static uint32_t cache_bucket(uint32_t key)
{
    return hm_fin(key) & (CACHE_BUCKETS - 1);
}

static void cache_unlink(struct hm_mutator *m, hm_ref entry)
{
    hm_ref prev = hm_load(m, entry, ENTRY_PREV);
    hm_ref next = hm_load(m, entry, ENTRY_NEXT);

    hm_store(m, prev, ENTRY_NEXT, next);
    hm_store(m, next, ENTRY_PREV, prev);
}

static void cache_push_front(struct hm_mutator *m, hm_ref head, hm_ref entry)
{
    hm_ref first = hm_load(m, head, ENTRY_NEXT);

    hm_store(m, entry, ENTRY_NEXT, first);
    hm_store(m, entry, ENTRY_PREV, head);
    hm_store(m, first, ENTRY_PREV, entry);
    hm_store(m, head, ENTRY_NEXT, entry);
}

static hm_ref cache_find(const struct hm_object_run *run, uint32_t key)
{
    struct hm_mutator *m = run->mutator;
    hm_ref entry = hm_load(m, run->root[ROOT_TABLE], cache_bucket(key));

    while (entry != NULL && cache_raw(entry)->key != key)
        entry = hm_load(m, entry, ENTRY_CHAIN);
    return entry;
}

/* Takes `entry` out of its bucket's chain. */
static void cache_unchain(const struct hm_object_run *run, hm_ref entry)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_TABLE];
    hm_ref rest = hm_load(m, entry, ENTRY_CHAIN);
    uint32_t bucket = cache_bucket(cache_raw(entry)->key);
    hm_ref at = hm_load(m, table, bucket), next;

    if (at == entry) {
        hm_store(m, table, bucket, rest);
        return;
    }
    while ((next = hm_load(m, at, ENTRY_CHAIN)) != entry)
        at = next;
    hm_store(m, at, ENTRY_CHAIN, rest);
}

/* Takes the least recently used entry off the list, which is not empty. */
static hm_ref cache_pop_back(struct hm_mutator *m, hm_ref head)
{
    hm_ref last = hm_load(m, head, ENTRY_PREV);
    hm_ref prev = hm_load(m, last, ENTRY_PREV);

    hm_store(m, prev, ENTRY_NEXT, head);
    hm_store(m, head, ENTRY_PREV, prev);
    return last;
}

static void cache_dispose(struct hm_mutator *m, hm_ref entry)
{
    if (HM_GC_MANUAL) {
        hm_dispose(m, hm_load(m, entry, ENTRY_VALUE));
        hm_dispose(m, entry);
    }
}

static void cache_evict(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref last = cache_pop_back(m, run->root[ROOT_HEAD]);

    cache_unchain(run, last);
    cache.used_bytes -= cache_raw(last)->value_bytes;
    cache.entries--;
    cache.evicted++;
    cache_dispose(m, last);
}

/* Gives `entry` another value; it stays in its chain and moves to the front. */
static void cache_replace(struct hm_object_run *run, hm_ref entry, hm_ref value,
                          uint32_t bytes)
{
    struct hm_mutator *m = run->mutator;

    cache.used_bytes += bytes;
    cache.used_bytes -= cache_raw(entry)->value_bytes;
    if (HM_GC_MANUAL)
        hm_dispose(m, hm_load(m, entry, ENTRY_VALUE));
    hm_store(m, entry, ENTRY_VALUE, value);
    cache_raw(entry)->value_bytes = bytes;
    cache_unlink(m, entry);
    cache_push_front(m, run->root[ROOT_HEAD], entry);
}

static void cache_insert(struct hm_object_run *run, uint32_t key, hm_ref value,
                         uint32_t bytes)
{
    struct hm_mutator *m = run->mutator;
    uint32_t bucket = cache_bucket(key);
    hm_ref entry, table;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, value);
    entry = hm_new(m, &cache_entry_layout);
    *cache_raw(entry) = (struct cache_entry){key, bytes};
    table = run->root[ROOT_TABLE];
    hm_init(m, entry, ENTRY_VALUE, HM_GET(f, 0));
    hm_init(m, entry, ENTRY_CHAIN, hm_load(m, table, bucket));
    hm_store(m, table, bucket, entry);
    cache_push_front(m, run->root[ROOT_HEAD], entry);
    cache.used_bytes += bytes;
    cache.entries++;
    HM_LEAVE(m, f);
}

/* Stores a fresh value under `key`, whose entry is `found` or NULL. */
static void cache_put(struct hm_object_run *run, uint64_t i, uint32_t key,
                      hm_ref found)
{
    struct hm_mutator *m = run->mutator;
    uint32_t bytes = hm_etc_size_bytes[hm_fin(key ^ (uint32_t)i) & 63];
    hm_ref value;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, found);
    value = hm_payload_new(m, bytes, (uint32_t)i & 0x7FFFFF);
    if (HM_GET(f, 0) != NULL) {
        cache_replace(run, HM_GET(f, 0), value, bytes);
    } else {
        cache_insert(run, key, value, bytes);
    }
    HM_LEAVE(m, f);
    while (cache.used_bytes > cache.budget_bytes)
        cache_evict(run);
}

static void cache_hit(struct hm_object_run *run, hm_ref entry)
{
    struct hm_mutator *m = run->mutator;

    cache.hits++;
    cache_unlink(m, entry);
    cache_push_front(m, run->root[ROOT_HEAD], entry);
    hm_run_mix(&run->base, hm_payload_tag(hm_load(m, entry, ENTRY_VALUE)));
}

static void cache_request(struct hm_object_run *run, uint64_t i)
{
    uint32_t key = hm_fin(hm_zipf_next(&cache.zipf, &run->base.rng));
    uint32_t percent = hm_rng_next(&run->base.rng) % 100;
    hm_ref found = cache_find(run, key);

    if (percent >= run->base.value[CACHE_SET]) {
        if (found != NULL) {
            cache_hit(run, found);
            return;
        }
        cache.misses++;
    }
    cache_put(run, i, key, found);
}

static void cache_finish(struct hm_run *base)
{
    hm_run_mix(base, cache.hits);
    hm_run_mix(base, cache.misses);
    hm_run_mix(base, cache.evicted);
    hm_run_mix(base, cache.entries);
    hm_run_count(base, "hit", cache.hits);
    hm_run_count(base, "miss", cache.misses);
    hm_run_count(base, "evicted", cache.evicted);
    hm_run_count(base, "live", cache.entries);
}

static void cache_setup(struct hm_object_run *run)
{
    cache = (struct cache_state){
        .budget_bytes = run->base.value[CACHE_BUDGET],
    };
    hm_zipf_init(&cache.zipf, run->base.value[CACHE_KEYS], 4);
}

static void cache_open(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref head;

    run->root[ROOT_TABLE] = hm_new_refs(m, CACHE_BUCKETS);
    run->root[ROOT_HEAD] = head = hm_new(m, &cache_entry_layout);
    *cache_raw(head) = (struct cache_entry){0, 0};
    hm_init(m, head, ENTRY_PREV, head);
    hm_init(m, head, ENTRY_NEXT, head);
}

static void cache_run(struct hm_object_run *run)
{
    struct hm_meter *meter = &run->base.meter;
    uint64_t ops = run->base.value[CACHE_OPS];

    cache_open(run);
    hm_meter_start(meter);
    for (uint64_t done = 0; done < ops;) {
        uint64_t batch = ops - done < CACHE_BATCH ? ops - done : CACHE_BATCH;

        for (uint64_t i = 0; i < batch; i++)
            cache_request(run, done + i);
        hm_meter_mark(meter, batch);
        done += batch;
    }
    cache_finish(&run->base);
}

static void cache_dispose_all(const struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref head = run->root[ROOT_HEAD];
    hm_ref entry = hm_load(m, head, ENTRY_NEXT), next;

    for (; entry != head; entry = next) {
        next = hm_load(m, entry, ENTRY_NEXT);
        cache_dispose(m, entry);
    }
    hm_dispose(m, head);
    hm_dispose(m, run->root[ROOT_TABLE]);
}

static void cache_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        cache_dispose_all(run);
    run->root[ROOT_TABLE] = NULL;
    run->root[ROOT_HEAD] = NULL;
    hm_zipf_fini(&cache.zipf);
}

const struct hm_object_workload hm_object_cache = {
    .name = "cache",
    .summary = "LRU cache with a byte budget and skewed keys",
    .source = "Facebook ETC: Atikoglu et al., SIGMETRICS 2012",
    .operation = "request",
    .params = cache_params,
    .leak = HM_LEAK_NOT_ONE,
    .setup = cache_setup,
    .run = cache_run,
    .drop = cache_drop,
};
