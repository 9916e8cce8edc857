/* SPDX-License-Identifier: MIT */
/* cache.c -- an LRU cache with a byte budget: a chained hash table of entries
 * that also form a list, most recently used first.
 *
 * Source:     the GET:SET ratio and the value sizes of the ETC pool in
 *             B. Atikoglu et al., SIGMETRICS 2012; Zipf(1) keys.  With
 *             `sizes=1` those of J. Yang et al., OSDI 2020 (Twitter).
 * Differs:    sizes are 64 quantiles of the published fit; keys are 32-bit
 *             integers, so what varies is the value.  With `ttl` values also
 *             expire, by a hashed timing wheel (G. Varghese, A. Lauck, SOSP
 *             1987) whose tickets name the key: one that comes too late finds
 *             another value, or none.
 * Invariants: the sum of the sizes on the list is `used` <= budget after each
 *             request; an entry is on the list and in one chain, or in none.
 * Costs:      per request: a Zipf draw, a chain walk, six stores of references
 *             to move an entry to the front.
 * Threads:    one. */
#include "common/zipf.h"
#include "workloads/op_loop.h"
#include "workloads/payload.h"

enum {
    CACHE_KEYS,
    CACHE_BUDGET,
    CACHE_OPS,
    CACHE_SET,
    CACHE_ZIPF,
    CACHE_SIZES,
    CACHE_TTL,
};

static const struct hm_param cache_params[] = {
    {"keys", "different keys", 1 << 20, 1 << 22, 1, 1 << 26},
    {"budget", "bytes of values held", 64 << 20, 256 << 20, 1 << 12,
     UINT64_C(1) << 40},
    {"ops", "requests", 1500000, 60000000, 1, UINT32_MAX},
    {"set", "percentage of requests that store", 3, 3, 0, 100},
    {"zipf", "exponent of the keys' popularity, quarters", 4, 4, 2, 6},
    {"sizes", "of values: 0 Facebook's ETC, 1 Twitter's clusters", 0, 0, 0, 1},
    {"ttl", "requests that a value lives, at most (0: no limit)", 0, 0, 0,
     1 << 22},
    {0},
};

enum { ENTRY_VALUE, ENTRY_CHAIN, ENTRY_PREV, ENTRY_NEXT, ENTRY_REFS };

struct cache_entry { /* the raw half */
    uint32_t key, value_bytes;
};

static const struct hm_layout cache_entry_layout = {
    ENTRY_REFS, sizeof(struct cache_entry), "entry"};

/* Says when a value is due to go; it may be gone by then. */
enum { TICKET_NEXT, TICKET_REFS };

struct cache_ticket { /* the raw half */
    uint32_t key, tag;
};

static const struct hm_layout cache_ticket_layout = {
    TICKET_REFS, sizeof(struct cache_ticket), "ticket"};

/* Buckets; the sentinel of the list; tickets by the request they are due at,
 * modulo `ttl`. */
enum { ROOT_TABLE, ROOT_HEAD, ROOT_WHEEL };

enum { CACHE_BUCKETS = 1 << 17, CACHE_BATCH = 16 };

static struct cache_state {
    struct hm_zipf zipf;
    const uint16_t *size_bytes;
    uint64_t budget_bytes, used_bytes, ttl;
    uint32_t entries, hits, misses, evicted, expired;
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

static void cache_dispose(struct hm_mutator *m, hm_ref entry)
{
    if (HM_GC_MANUAL) {
        hm_dispose(m, hm_load(m, entry, ENTRY_VALUE));
        hm_dispose(m, entry);
    }
}

static void cache_remove(struct hm_object_run *run, hm_ref entry)
{
    cache_unlink(run->mutator, entry);
    cache_unchain(run, entry);
    cache.used_bytes -= cache_raw(entry)->value_bytes;
    cache.entries--;
    cache_dispose(run->mutator, entry);
}

/* The least recently used entry goes. */
static void cache_evict(struct hm_object_run *run)
{
    cache_remove(run, hm_load(run->mutator, run->root[ROOT_HEAD], ENTRY_PREV));
    cache.evicted++;
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

/* Of the value that request `i` stores; `ttl` is less than their number. */
static uint32_t cache_tag(uint64_t i)
{
    return (uint32_t)i & 0x7FFFFF;
}

/* The value that request `i` has stored will go 1 to `ttl` requests later. */
static void cache_schedule(struct hm_object_run *run, uint64_t i, uint32_t key)
{
    struct hm_mutator *m = run->mutator;
    uint32_t life = hm_fin(hm_fin(key ^ (uint32_t)i)) % (uint32_t)cache.ttl;
    uint64_t slot = (i + 1 + life) % cache.ttl;
    hm_ref ticket = hm_new(m, &cache_ticket_layout);
    hm_ref wheel = run->root[ROOT_WHEEL];

    *(struct cache_ticket *)hm_raw(ticket, TICKET_REFS) =
        (struct cache_ticket){key, cache_tag(i)};
    hm_init(m, ticket, TICKET_NEXT, hm_load(m, wheel, slot));
    hm_store(m, wheel, slot, ticket);
}

/* What is due at request `i` goes, unless it has been replaced or evicted. */
static void cache_expire(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref wheel = run->root[ROOT_WHEEL], next, entry;
    hm_ref ticket = hm_load(m, wheel, i % cache.ttl);

    hm_store(m, wheel, i % cache.ttl, NULL);
    for (; ticket != NULL; ticket = next) {
        const struct cache_ticket *raw = hm_raw(ticket, TICKET_REFS);

        next = hm_load(m, ticket, TICKET_NEXT);
        entry = cache_find(run, raw->key);
        if (entry != NULL &&
            hm_payload_tag(hm_load(m, entry, ENTRY_VALUE)) == raw->tag) {
            cache_remove(run, entry);
            cache.expired++;
        }
        hm_dispose(m, ticket);
    }
}

/* Stores a fresh value under `key`, whose entry is `found` or NULL. */
static void cache_put(struct hm_object_run *run, uint64_t i, uint32_t key,
                      hm_ref found)
{
    struct hm_mutator *m = run->mutator;
    uint32_t bytes = cache.size_bytes[hm_fin(key ^ (uint32_t)i) & 63];
    hm_ref value;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, found);
    value = hm_payload_new(m, bytes, cache_tag(i));
    if (HM_GET(f, 0) != NULL) {
        cache_replace(run, HM_GET(f, 0), value, bytes);
    } else {
        cache_insert(run, key, value, bytes);
    }
    HM_LEAVE(m, f);
    if (cache.ttl > 0)
        cache_schedule(run, i, key);
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
    hm_ref found;

    if (cache.ttl > 0)
        cache_expire(run, i);
    found = cache_find(run, key);
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
    if (cache.ttl > 0) {
        hm_run_mix(base, cache.expired);
        hm_run_count(base, "expired", cache.expired);
    }
}

static void cache_setup(struct hm_object_run *run)
{
    cache = (struct cache_state){
        .budget_bytes = run->base.value[CACHE_BUDGET],
        .ttl = run->base.value[CACHE_TTL],
        .size_bytes = run->base.value[CACHE_SIZES] == 0 ? hm_etc_size_bytes
                                                        : hm_twitter_size_bytes,
    };
    hm_zipf_init(&cache.zipf, run->base.value[CACHE_KEYS],
                 (unsigned)run->base.value[CACHE_ZIPF]);
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
    if (cache.ttl > 0)
        run->root[ROOT_WHEEL] = hm_new_refs(m, cache.ttl);
}

static void cache_run(struct hm_object_run *run)
{
    cache_open(run);
    hm_op_loop(run, run->base.value[CACHE_OPS], CACHE_BATCH, cache_request);
    cache_finish(&run->base);
}

static void cache_dispose_wheel(const struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref wheel = run->root[ROOT_WHEEL], ticket, next;

    for (uint64_t k = 0; k < cache.ttl; k++) {
        for (ticket = hm_load(m, wheel, k); ticket != NULL; ticket = next) {
            next = hm_load(m, ticket, TICKET_NEXT);
            hm_dispose(m, ticket);
        }
    }
    if (wheel != NULL)
        hm_dispose(m, wheel);
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
    cache_dispose_wheel(run);
}

static void cache_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        cache_dispose_all(run);
    run->root[ROOT_TABLE] = NULL;
    run->root[ROOT_HEAD] = NULL;
    run->root[ROOT_WHEEL] = NULL;
    hm_zipf_fini(&cache.zipf);
}

const struct hm_object_workload hm_object_cache = {
    .name = "cache",
    .summary = "LRU cache with a byte budget and skewed keys",
    .source = "Facebook ETC: Atikoglu et al., SIGMETRICS 2012",
    .operation = "request",
    .params = cache_params,
    .leak = HM_LEAK_NOT_ONE,
    .has_arrivals = 1,
    .setup = cache_setup,
    .run = cache_run,
    .drop = cache_drop,
};
