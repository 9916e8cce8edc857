/* SPDX-License-Identifier: MIT */
/* pool.c -- pools of blocks of one size, a power of two: the simplest thing
 * whose alloc and release take a fixed number of steps.
 *
 * Source:     B. Kenwright, "Fast efficient fixed-size memory pool: no loops
 *             and no overhead", Computation Tools 2012: a free list in the free
 *             blocks, and a count of those that were never used instead of a
 *             loop that links them.
 * Differs:    a pool for each unit of 16 KiB and as many for a size as are
 *             needed, where the original has one of a given size; those with a
 *             free block are linked.  Links are pointers, not numbers.  One
 *             empty pool of each size is kept, others go back at once.
 * Invariants: each block of a pool is in use, in its free list, or was never
 *             used; a pool that is neither full nor empty is in the list of its
 *             size, an empty one is its spare; every used unit is a pool or of
 *             a large block; those of units.h and runs.h.
 * Costs:      alloc and release O(1), without a search.  Up to half of a block
 *             is rounding, a quarter on average.  32 bytes a pool, beside the
 *             blocks: they fill it.
 * Threads:    none; the shim holds a lock. */
#include "allocators/allocator.h"

#include "allocators/runs.h"

enum {
    POOL_LEAST_LOG2 = 4,
    POOL_MOST_LOG2 = 13, /* half a unit; above, runs waste no more */
    POOL_SIZES = POOL_MOST_LOG2 + 1,
    POOL_MOST_BYTES = 1 << POOL_MOST_LOG2,
};

struct pool_block {
    struct pool_block *next;
};

struct pool_link {
    struct pool_link *next, *prev;
};

/* Of one unit. */
struct pool {
    struct pool_link link; /* first */
    struct pool_block *free;
    uint16_t used, carved; /* blocks; those from `carved` on: never used */
    uint16_t capacity;     /* 0: no pool */
    uint16_t log2;         /* of the block's size */
};

struct hm_heap {
    struct hm_units units;
    struct hm_region own; /* begins with this struct, then the pools */
    struct pool_link
        list[POOL_SIZES];           /* rings by log2: neither full nor empty */
    struct pool *spare[POOL_SIZES]; /* empty, or NULL */
    struct pool pool[];             /* of each unit */
};

static unsigned char *pool_start(const struct hm_heap *heap,
                                 const struct pool *pool)
{
    return hm_units_address(&heap->units, (uint32_t)(pool - heap->pool));
}

/* Whether a block that was ever in use begins so far from the pool's start. */
static int pool_is_place(const struct pool *pool, size_t offset)
{
    return offset % ((size_t)1 << pool->log2) == 0 &&
           offset >> pool->log2 < pool->carved;
}

#ifndef NDEBUG
static int pool_is_free(const struct pool *pool, const void *p)
{
    const struct pool_block *block = pool->free;

    while (block != NULL && block != p)
        block = block->next;
    return block != NULL;
}

/* Whether `p` is a block in use. */
static int pool_is_block(const struct hm_heap *heap, const void *p)
{
    uint32_t unit = hm_units_index(&heap->units, p);
    const struct pool *pool = &heap->pool[unit];
    size_t offset = (uintptr_t)p % HM_UNIT_BYTES;

    if (!hm_run_may_hold(&heap->units, p))
        return 0;
    if (heap->units.owner[unit] == heap)
        return offset == 0;
    return (const unsigned char *)(pool + 1) <= heap->own.open &&
           pool->capacity != 0 && pool_is_place(pool, offset) &&
           !pool_is_free(pool, p);
}
#endif

/* --- Pools ---*/

static struct pool *pool_of_link(const struct pool_link *link)
{
    return (struct pool *)(void *)link;
}

/* The last of its list: it gathers free blocks until its turn comes. */
static void pool_link(struct hm_heap *heap, struct pool *pool)
{
    struct pool_link *ring = &heap->list[pool->log2];

    pool->link.next = ring;
    pool->link.prev = ring->prev;
    ring->prev->next = &pool->link;
    ring->prev = &pool->link;
}

static void pool_unlink(struct pool *pool)
{
    pool->link.prev->next = pool->link.next;
    pool->link.next->prev = pool->link.prev;
}

static void pool_give(struct hm_heap *heap, struct pool *pool)
{
    HM_ASSERT(pool->used == 0);
    pool->capacity = 0;
    hm_units_give(&heap->units, (uint32_t)(pool - heap->pool));
}

/* Memory is short: gives the spare pools back.  0: there was none. */
static int pool_reap(struct hm_heap *heap)
{
    int n = 0;

    for (unsigned i = POOL_LEAST_LOG2; i < POOL_SIZES; i++) {
        if (heap->spare[i] != NULL) {
            pool_give(heap, heap->spare[i]);
            heap->spare[i] = NULL;
            n++;
        }
    }
    return n;
}

static __attribute__((noinline)) void pool_emptied(struct hm_heap *heap,
                                                   struct pool *pool)
{
    struct pool **spare = &heap->spare[pool->log2];

    pool_unlink(pool);
    if (*spare == NULL) {
        *spare = pool;
    } else {
        pool_give(heap, pool);
    }
}

/* What describes the run at `first`, which is given back when there is no
 * memory for it. */
static struct pool *pool_describe(struct hm_heap *heap, uint32_t first)
{
    struct pool *pool = &heap->pool[first];

    if (hm_region_reach(&heap->own, (unsigned char *)(pool + 1)))
        return pool;
    hm_units_give(&heap->units, first);
    return NULL;
}

static struct pool *pool_new(struct hm_heap *heap, unsigned log2)
{
    uint32_t first = hm_units_take(&heap->units, 1, NULL);
    struct pool *pool;

    if (first == HM_UNIT_NONE && pool_reap(heap))
        first = hm_units_take(&heap->units, 1, NULL);
    if (first == HM_UNIT_NONE)
        return NULL;
    pool = pool_describe(heap, first);
    if (pool != NULL) {
        memset(pool, 0, sizeof(*pool));
        pool->log2 = (uint16_t)log2;
        pool->capacity = (uint16_t)(HM_UNIT_BYTES >> log2);
    }
    return pool;
}

/* --- Life of the heap ---*/

static struct hm_heap *pool_create(size_t limit_bytes)
{
    struct hm_units units;
    struct hm_region own;
    struct hm_heap *heap;
    size_t pools_bytes = limit_bytes / HM_UNIT_BYTES * sizeof(struct pool);

    if (hm_runs_init(&units, &own, limit_bytes, sizeof(*heap), pools_bytes) !=
        0)
        return NULL;
    heap = (struct hm_heap *)(void *)own.base;
    heap->units = units;
    heap->own = own;
    for (unsigned i = 0; i < POOL_SIZES; i++)
        heap->list[i].next = heap->list[i].prev = &heap->list[i];
    return heap;
}

static void pool_destroy(struct hm_heap *heap)
{
    struct hm_units units = heap->units;
    struct hm_region own = heap->own;

    hm_units_fini(&units);
    hm_region_fini(&own);
}

/* --- alloc ---*/

static __attribute__((noinline)) void *pool_alloc_large(struct hm_heap *heap,
                                                        size_t bytes,
                                                        size_t align)
{
    void *block = hm_run_alloc(&heap->units, bytes, align, heap);

    if (block == NULL && pool_reap(heap))
        block = hm_run_alloc(&heap->units, bytes, align, heap);
    if (block == NULL ||
        pool_describe(heap, hm_units_index(&heap->units, block)) == NULL)
        return NULL;
    return block;
}

/* A block of a pool that is in its list. */
static inline void *pool_take(struct hm_heap *heap, struct pool *pool)
{
    struct pool_block *block = pool->free;

    if (HM_LIKELY(block != NULL)) {
        pool->free = block->next;
    } else {
        block = (void *)(pool_start(heap, pool) +
                         ((size_t)pool->carved++ << pool->log2));
    }
    if (HM_UNLIKELY(++pool->used == pool->capacity))
        pool_unlink(pool);
    return block;
}

/* No pool of the size is partly used: the spare one is, or a new one. */
static __attribute__((noinline)) void *pool_begin(struct hm_heap *heap,
                                                  unsigned log2)
{
    struct pool *pool = heap->spare[log2];

    heap->spare[log2] = NULL;
    if (pool == NULL)
        pool = pool_new(heap, log2);
    if (pool == NULL)
        return NULL;
    pool_link(heap, pool);
    return pool_take(heap, pool);
}

/* A block lies at a multiple of its size, as units do. */
static void *pool_alloc(struct hm_heap *heap, size_t bytes, size_t align)
{
    size_t need = bytes < align ? align : bytes;
    struct pool_link *ring;
    unsigned log2;

    HM_ASSERT(bytes > 0);
    HM_ASSERT(align >= HM_ALLOC_ALIGN && (align & (align - 1)) == 0);
    if (HM_UNLIKELY(need > POOL_MOST_BYTES))
        return pool_alloc_large(heap, bytes, align);
    log2 = (63 ^ (unsigned)__builtin_clzll(need - 1)) + 1;
    ring = &heap->list[log2];
    if (HM_UNLIKELY(ring->next == ring))
        return pool_begin(heap, log2);
    return pool_take(heap, pool_of_link(ring->next));
}

/* --- release and resize ---*/

static void pool_release(struct hm_heap *heap, void *payload)
{
    uint32_t unit = hm_units_index(&heap->units, payload);
    struct pool *pool = &heap->pool[unit];
    struct pool_block *block = payload;

    HM_ASSERT(pool_is_block(heap, payload));
    if (HM_UNLIKELY(pool->capacity == 0)) {
        hm_units_give(&heap->units, unit);
        return;
    }
    block->next = pool->free;
    pool->free = block;
    if (HM_UNLIKELY(pool->used == pool->capacity))
        pool_link(heap, pool);
    if (HM_UNLIKELY(--pool->used == 0))
        pool_emptied(heap, pool);
}

static size_t pool_usable(const struct hm_heap *heap, const void *payload)
{
    uint32_t unit = hm_units_index(&heap->units, payload);
    const struct pool *pool = &heap->pool[unit];

    HM_ASSERT(pool_is_block(heap, payload));
    return pool->capacity == 0 ? hm_run_bytes(&heap->units, unit)
                               : (size_t)1 << pool->log2;
}

/* A small block stays unless a quarter of it would do. */
static int pool_resize(struct hm_heap *heap, void *payload, size_t bytes)
{
    uint32_t unit = hm_units_index(&heap->units, payload);
    size_t have = pool_usable(heap, payload);

    if (heap->pool[unit].capacity == 0) {
        return bytes > POOL_MOST_BYTES &&
               hm_run_resize(&heap->units, unit, bytes);
    }
    return bytes <= have && bytes > have / 4;
}

/* --- check ---*/

/* Length of the free list, SIZE_MAX when it holds what it must not. */
static size_t pool_count_free(const struct hm_heap *heap,
                              const struct pool *pool)
{
    const unsigned char *start = pool_start(heap, pool);
    const struct pool_block *block = pool->free;
    size_t n = 0;

    for (; block != NULL; block = block->next) {
        size_t offset = (size_t)((const unsigned char *)block - start);

        if (!pool_is_place(pool, offset) || n++ == pool->carved)
            return SIZE_MAX;
    }
    return n;
}

static const char *pool_check_pool(const struct hm_heap *heap,
                                   const struct pool *pool)
{
    const struct hm_unit *unit = &heap->units.unit[pool - heap->pool];
    size_t n_free;

    if (unit->units != 1 || unit->state != HM_UNIT_USED ||
        pool->log2 < POOL_LEAST_LOG2 || pool->log2 > POOL_MOST_LOG2 ||
        pool->capacity != HM_UNIT_BYTES >> pool->log2)
        return "a pool is a unit, and its capacity what fits";
    n_free = pool_count_free(heap, pool);
    if (pool->carved > pool->capacity || n_free > pool->carved ||
        pool->used + n_free != pool->carved)
        return "each block is in use, in its pool's free list or never used";
    if (pool->used == 0 && heap->spare[pool->log2] != pool)
        return "an empty pool is a spare one";
    return NULL;
}

static const char *pool_check_lists(const struct hm_heap *heap, size_t n_listed)
{
    for (unsigned i = 0; i < POOL_SIZES; i++) {
        const struct pool_link *ring = &heap->list[i];
        const struct pool *pool;

        for (const struct pool_link *l = ring->next; l != ring; l = l->next) {
            pool = pool_of_link(l);
            if (l->next->prev != l || n_listed-- == 0 || pool->log2 != i ||
                pool->used == 0 || pool->used == pool->capacity)
                return "a list holds pools of its size neither full nor empty";
        }
        pool = heap->spare[i];
        if (pool != NULL && (pool->log2 != i || pool->used != 0))
            return "a spare pool is an empty one of its size";
    }
    return n_listed == 0 ? NULL : "a pool neither full nor empty is in a list";
}

static const char *pool_check(const struct hm_heap *heap)
{
    const struct hm_units *u = &heap->units;
    size_t n_listed = 0, n_pools = 0, large_units;
    const char *broken = hm_runs_check(u, heap, &large_units);

    for (size_t at = 0; broken == NULL && at < u->frontier; at++) {
        const struct pool *pool = &heap->pool[at];

        if ((const unsigned char *)(pool + 1) > heap->own.open)
            break; /* never one */
        if (pool->capacity == 0)
            continue;
        n_pools++;
        n_listed += pool->used > 0 && pool->used < pool->capacity;
        broken = pool_check_pool(heap, pool);
    }
    if (broken == NULL && n_pools + large_units != u->used_units)
        broken = "every used unit is a pool or of a large block";
    return broken == NULL ? pool_check_lists(heap, n_listed) : broken;
}

extern const struct hm_allocator hm_allocator_pool;
const struct hm_allocator hm_allocator_pool = {
    .name = "pool",
    .summary = "pools of 16 KiB, of blocks of one power of two each",
    .source = "Kenwright, Computation Tools 2012",
    .create = pool_create,
    .destroy = pool_destroy,
    .alloc = pool_alloc,
    .release = pool_release,
    .usable = pool_usable,
    .resize = pool_resize,
    .check = pool_check,
};
