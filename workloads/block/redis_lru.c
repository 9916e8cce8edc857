/* SPDX-License-Identifier: MIT */
/* redis_lru.c -- a cache with a cap evicts the oldest of a few random entries;
 * then its values double in size: what does not fit the holes left behind is
 * fragmentation.
 *
 * Source:     B. Powers, D. Tench, E. D. Berger and A. McGregor, "Mesh", PLDI
 *             2019, 6.2.2, the Redis experiment.
 * Differs:    only the values' requests, in one thread, without Redis; values
 *             are touched on every page and at both ends.
 * Invariants: live bytes never exceed the cap; each value begins with the
 *             number of its insertion.
 * Costs:      five random numbers for an eviction; 16 bytes outside the heap
 *             for each entry.
 * Threads:    one. */
#include "common/arena.h"
#include "workloads/block.h"

enum {
    LRU_CAP,
    LRU_FIRST_BYTES,
    LRU_FIRST,
    LRU_SECOND_BYTES,
    LRU_SECOND,
};

static const struct hm_param lru_params[] = {
    {"cap", "most bytes of values", 100000000, 100000000, 4096,
     UINT64_C(1) << 40},
    {"first_bytes", "size of the values at first", 240, 240, 16, 1 << 20},
    {"first", "insertions of these", 700000, 700000, 1, 1 << 28},
    {"second_bytes", "size of the values then", 492, 492, 16, 1 << 20},
    {"second", "insertions of these", 170000, 170000, 1, 1 << 28},
    {0},
};

enum { LRU_SAMPLE = 5, LRU_BATCH = 32, LRU_PAGE_BYTES = 4096 };

struct lru_entry {
    unsigned char *value;
    uint32_t number, bytes;
};

static struct {
    struct lru_entry *entry; /* dense: an eviction moves the last one */
    uint32_t n, number;
    uint64_t most, used_bytes;
} lru;

static void lru_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;
    uint64_t least = value[LRU_FIRST_BYTES] < value[LRU_SECOND_BYTES]
                         ? value[LRU_FIRST_BYTES]
                         : value[LRU_SECOND_BYTES];

    (void)threads;
    lru.n = lru.number = 0;
    lru.used_bytes = 0;
    lru.most = value[LRU_CAP] / least + 1;
    lru.entry = hm_arena_alloc(lru.most * sizeof(*lru.entry));
}

static void lru_evict(struct hm_block_run *run)
{
    uint32_t oldest = UINT32_MAX, at = 0;

    for (int i = 0; i < LRU_SAMPLE; i++) {
        uint32_t k =
            (uint32_t)((uint64_t)hm_rng_next(&run->base.rng) * lru.n >> 32);

        if (lru.entry[k].number < oldest) {
            oldest = lru.entry[k].number;
            at = k;
        }
    }
    hm_run_mix(&run->base, *(uint32_t *)(void *)lru.entry[at].value);
    lru.used_bytes -= lru.entry[at].bytes;
    hm_block_free(run, lru.entry[at].value);
    run->frees++;
    lru.entry[at] = lru.entry[--lru.n];
}

static void lru_insert(struct hm_block_run *run, uint32_t bytes)
{
    unsigned char *value;

    while (lru.used_bytes + bytes > run->base.value[LRU_CAP])
        lru_evict(run);
    value = hm_block_alloc(run, bytes);
    *(uint32_t *)(void *)value = ++lru.number;
    for (uint32_t at = LRU_PAGE_BYTES; at < bytes; at += LRU_PAGE_BYTES)
        value[at] = 1;
    value[bytes - 1] = 1;
    lru.used_bytes += bytes;
    lru.entry[lru.n++] = (struct lru_entry){value, lru.number, bytes};
}

static void lru_phase(struct hm_block_run *run, uint64_t bytes, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        lru_insert(run, (uint32_t)bytes);
        if (i % LRU_BATCH == LRU_BATCH - 1)
            hm_meter_mark(&run->base.meter, LRU_BATCH);
    }
    hm_meter_mark(&run->base.meter, n % LRU_BATCH);
}

static void lru_run(struct hm_block_run *run)
{
    const uint64_t *value = run->base.value;

    hm_meter_start(&run->base.meter);
    lru_phase(run, value[LRU_FIRST_BYTES], value[LRU_FIRST]);
    lru_phase(run, value[LRU_SECOND_BYTES], value[LRU_SECOND]);
    run->ops = value[LRU_FIRST] + value[LRU_SECOND];
}

static void lru_drop(struct hm_block_run *run)
{
    while (lru.n > 0) {
        hm_block_free(run, lru.entry[--lru.n].value);
        run->frees++;
    }
    hm_arena_release(lru.entry, lru.most * sizeof(*lru.entry));
}

const struct hm_block_workload hm_block_redis_lru = {
    .name = "redis_lru",
    .summary = "a capped cache whose values double in size: fragmentation",
    .source = "Powers et al., Mesh, PLDI 2019",
    .operation = "insertion",
    .params = lru_params,
    .max_threads = 1,
    .setup = lru_setup,
    .run = lru_run,
    .drop = lru_drop,
};
