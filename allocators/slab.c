/* SPDX-License-Identifier: MIT */
/* slab.c -- a cache for each size: slabs of blocks of that size, each begun at
 * another colour; a slab that becomes empty is kept for a while, then reaped.
 *
 * Source:     J. Bonwick, "The slab allocator: an object-caching kernel memory
 *             allocator", USENIX Summer 1994.
 * Differs:    malloc has no constructors: what is cached are slabs, not the
 *             state of their objects.  A slab's description lies behind its
 *             blocks at every size, so that colours spread it too and powers of
 *             two have some; the slab of a block is looked up by its unit, not
 *             hashed.  Blocks are linked when they are first freed, not when
 *             their slab is made.  Empty slabs are reaped down to an eighth of
 *             those in use at once, not after 15 seconds, and all of them when
 *             memory is short.
 * Invariants: each block of a slab is in use, in its free list, or was never
 *             used; a slab is partial, full or empty and in that list of its
 *             cache; it begins at a colour of the cache, and is the owner of
 *             each of its units; empty slabs are few; every used unit is a
 *             slab's or a large block's; those of units.h and runs.h.
 * Costs:      alloc and release O(1), without a search.  At most an eighth of a
 *             slab is no block; classes are a quarter of a doubling apart: a
 *             tenth of a block is rounding on average.  48 bytes a slab.
 * Threads:    none; the shim holds a lock. */
#include "allocators/allocator.h"

#include "allocators/runs.h"

enum {
    SLAB_LINE = 64,    /* colours are so far apart */
    SLAB_SHARE = 8,    /* of a slab that may be waste, of slabs kept empty */
    SLAB_CLASSES = 39, /* see slab_next_bytes */
    SLAB_MOST_BYTES = 28 << 10, /* above, whole units waste less */
};

enum slab_list { SLAB_PARTIAL, SLAB_FULL, SLAB_EMPTY, SLAB_LISTS };

struct slab_block {
    struct slab_block *next;
};

struct slab_link {
    struct slab_link *next, *prev;
};

struct slab {
    struct slab_link link; /* first */
    struct slab_cache *cache;
    struct slab_block *free;
    unsigned char *fresh; /* from here on blocks were never used */
    uint32_t first;       /* unit */
    uint16_t used, capacity;
};

struct slab_cache {
    struct slab_link list[SLAB_LISTS]; /* rings; oldest first */
    size_t n_empty, n_slabs;
    uint32_t block_bytes, capacity, units;
    uint32_t colour, colour_most; /* of the next slab; bytes */
};

struct hm_heap {
    struct hm_units units;
    struct hm_region own; /* begins with this struct */
    /* Two of each class: the second has no colours, its blocks lie at multiples
     * of any power of two that divides their size. */
    struct slab_cache cache[2 * SLAB_CLASSES];
    uint8_t class_of[SLAB_MOST_BYTES / HM_ALLOC_ALIGN + 1];
};

/* --- Lists ---*/

static struct slab *slab_of_link(const struct slab_link *link)
{
    return (struct slab *)(void *)link;
}

static void slab_unlink(struct slab *slab)
{
    slab->link.prev->next = slab->link.next;
    slab->link.next->prev = slab->link.prev;
}

/* The newest of its list. */
static void slab_link(struct slab *slab, enum slab_list list)
{
    struct slab_link *ring = &slab->cache->list[list];

    slab->link.next = ring;
    slab->link.prev = ring->prev;
    ring->prev->next = &slab->link;
    ring->prev = &slab->link;
}

static void slab_move(struct slab *slab, enum slab_list list)
{
    slab_unlink(slab);
    slab_link(slab, list);
}

/* --- Blocks ---*/

static unsigned char *slab_start(const struct slab *slab)
{
    return (unsigned char *)slab -
           (size_t)slab->capacity * slab->cache->block_bytes;
}

/* Whether `p` is where a block begins that was ever in use. */
static int slab_is_place(const struct slab *slab, const void *p)
{
    const unsigned char *at = p, *start = slab_start(slab);

    return at >= start && at < slab->fresh &&
           (size_t)(at - start) % slab->cache->block_bytes == 0;
}

#ifndef NDEBUG
static int slab_is_free(const struct slab *slab, const void *p)
{
    const struct slab_block *block = slab->free;

    while (block != NULL && block != p)
        block = block->next;
    return block != NULL;
}

/* Whether `p` is a block in use. */
static int slab_is_block(const struct hm_heap *heap, const void *p)
{
    uint32_t unit = hm_units_index(&heap->units, p);
    const void *owner;

    if (!hm_run_may_hold(&heap->units, p))
        return 0;
    owner = heap->units.owner[unit];
    if (owner == heap)
        return p == hm_units_address(&heap->units, unit);
    return owner != NULL && slab_is_place(owner, p) && !slab_is_free(owner, p);
}
#endif

/* --- Life of a slab ---*/

/* An empty slab goes back to the units. */
static void slab_give(struct hm_heap *heap, struct slab *slab)
{
    struct slab_cache *cache = slab->cache;
    uint32_t first = slab->first;

    HM_ASSERT(slab->used == 0);
    slab_unlink(slab);
    cache->n_empty--;
    cache->n_slabs--;
    for (uint32_t i = 0; i < cache->units; i++)
        hm_units_set_owner(&heap->units, first + i, NULL);
    hm_units_give(&heap->units, first);
}

/* Gives the oldest empty slabs back until `keep` are left. */
static void slab_reap_cache(struct hm_heap *heap, struct slab_cache *cache,
                            size_t keep)
{
    while (cache->n_empty > keep)
        slab_give(heap, slab_of_link(cache->list[SLAB_EMPTY].next));
}

/* Memory is short: gives every empty slab back.  0: there was none. */
static int slab_reap(struct hm_heap *heap)
{
    size_t used_units = heap->units.used_units;

    for (size_t i = 0; i < 2 * (size_t)SLAB_CLASSES; i++)
        slab_reap_cache(heap, &heap->cache[i], 0);
    return heap->units.used_units < used_units;
}

static size_t slab_keep(const struct slab_cache *cache)
{
    return 1 + (cache->n_slabs - cache->n_empty) / SLAB_SHARE;
}

static __attribute__((noinline)) void slab_emptied(struct hm_heap *heap,
                                                   struct slab *slab)
{
    struct slab_cache *cache = slab->cache;

    slab_move(slab, SLAB_EMPTY);
    cache->n_empty++;
    slab_reap_cache(heap, cache, slab_keep(cache));
}

/* A partial slab without a block in use, or NULL. */
static struct slab *slab_new(struct hm_heap *heap, struct slab_cache *cache)
{
    uint32_t first = hm_units_take(&heap->units, cache->units, NULL);
    unsigned char *start;
    struct slab *slab;

    if (first == HM_UNIT_NONE)
        return NULL;
    start = hm_units_address(&heap->units, first) + cache->colour;
    cache->colour =
        cache->colour == cache->colour_most ? 0 : cache->colour + SLAB_LINE;
    slab = (void *)(start + (size_t)cache->capacity * cache->block_bytes);
    memset(slab, 0, sizeof(*slab));
    slab->cache = cache;
    slab->fresh = start;
    slab->first = first;
    slab->capacity = (uint16_t)cache->capacity;
    for (uint32_t i = 0; i < cache->units; i++)
        hm_units_set_owner(&heap->units, first + i, slab);
    slab_link(slab, SLAB_PARTIAL);
    cache->n_slabs++;
    return slab;
}

/* --- Life of the heap ---*/

/* The size of the class above: each 16 bytes up to 128, then four to a
 * doubling. */
static size_t slab_next_bytes(size_t bytes)
{
    size_t step = (size_t)1 << (63 - __builtin_clzll(bytes)) >> 2;

    return bytes + (step < HM_ALLOC_ALIGN ? (size_t)HM_ALLOC_ALIGN : step);
}

/* A slab has the fewest units of which at most an eighth is no block; a power
 * of two, for these fit each other's places. */
static void slab_cache_init(struct slab_cache *cache, size_t block_bytes,
                            int has_colours)
{
    size_t bytes = HM_UNIT_BYTES / 2, capacity, waste;

    do {
        bytes *= 2;
        capacity = (bytes - sizeof(struct slab)) / block_bytes;
        waste = bytes - capacity * block_bytes;
    } while (waste > bytes / SLAB_SHARE);
    for (unsigned i = 0; i < SLAB_LISTS; i++)
        cache->list[i].next = cache->list[i].prev = &cache->list[i];
    cache->block_bytes = (uint32_t)block_bytes;
    cache->capacity = (uint32_t)capacity;
    cache->units = (uint32_t)(bytes / HM_UNIT_BYTES);
    if (has_colours) {
        cache->colour_most =
            (uint32_t)(waste - sizeof(struct slab)) / SLAB_LINE * SLAB_LINE;
    }
}

static void slab_init_classes(struct hm_heap *heap)
{
    size_t bytes = HM_ALLOC_ALIGN, n = 0;

    for (unsigned class = 0; class < SLAB_CLASSES; class ++) {
        slab_cache_init(&heap->cache[class], bytes, 1);
        slab_cache_init(&heap->cache[SLAB_CLASSES + class], bytes, 0);
        for (; n <= bytes / HM_ALLOC_ALIGN; n++)
            heap->class_of[n] = (uint8_t) class;
        bytes = slab_next_bytes(bytes);
    }
    HM_ASSERT(n == sizeof(heap->class_of));
}

static struct hm_heap *slab_create(size_t limit_bytes)
{
    struct hm_units units;
    struct hm_region own;
    struct hm_heap *heap;

    if (hm_runs_init(&units, &own, limit_bytes, sizeof(*heap), 0) != 0)
        return NULL;
    heap = (struct hm_heap *)(void *)own.base;
    heap->units = units;
    heap->own = own;
    slab_init_classes(heap);
    return heap;
}

static void slab_destroy(struct hm_heap *heap)
{
    struct hm_units units = heap->units;
    struct hm_region own = heap->own;

    hm_units_fini(&units);
    hm_region_fini(&own);
}

/* --- alloc ---*/

static inline struct slab_cache *slab_cache_for(struct hm_heap *heap,
                                                size_t bytes)
{
    return &heap->cache[heap->class_of[(bytes + HM_ALLOC_ALIGN - 1) /
                                       HM_ALLOC_ALIGN]];
}

/* A block of a partial slab. */
static inline void *slab_take(struct slab *slab)
{
    struct slab_block *block = slab->free;

    if (HM_LIKELY(block != NULL)) {
        slab->free = block->next;
    } else {
        block = (struct slab_block *)(void *)slab->fresh;
        slab->fresh += slab->cache->block_bytes;
    }
    if (HM_UNLIKELY(++slab->used == slab->capacity))
        slab_move(slab, SLAB_FULL);
    return block;
}

/* No slab of the cache is partial: the youngest empty one is, or a new one. */
static __attribute__((noinline)) void *slab_begin(struct hm_heap *heap,
                                                  struct slab_cache *cache)
{
    struct slab *slab = slab_of_link(cache->list[SLAB_EMPTY].prev);

    if (cache->n_empty > 0) {
        cache->n_empty--;
        slab_move(slab, SLAB_PARTIAL);
    } else {
        slab = slab_new(heap, cache);
        if (slab == NULL && slab_reap(heap))
            slab = slab_new(heap, cache);
    }
    return slab == NULL ? NULL : slab_take(slab);
}

static inline void *slab_alloc_from(struct hm_heap *heap,
                                    struct slab_cache *cache)
{
    struct slab_link *first = cache->list[SLAB_PARTIAL].next;

    if (HM_UNLIKELY(first == &cache->list[SLAB_PARTIAL]))
        return slab_begin(heap, cache);
    return slab_take(slab_of_link(first));
}

static void *slab_alloc_large(struct hm_heap *heap, size_t bytes, size_t align)
{
    void *block = hm_run_alloc(&heap->units, bytes, align, heap);

    if (block == NULL && slab_reap(heap))
        block = hm_run_alloc(&heap->units, bytes, align, heap);
    return block;
}

/* A multiple of `align` is of a class whose size is one too. */
static __attribute__((noinline)) void *slab_alloc_rare(struct hm_heap *heap,
                                                       size_t bytes,
                                                       size_t align)
{
    size_t need = (bytes + align - 1) & -align;
    struct slab_cache *cache;

    if (bytes > SLAB_MOST_BYTES || align > HM_UNIT_BYTES ||
        need > SLAB_MOST_BYTES)
        return slab_alloc_large(heap, bytes, align);
    cache = slab_cache_for(heap, need);
    HM_ASSERT(cache->block_bytes % align == 0);
    return slab_alloc_from(heap,
                           align > SLAB_LINE ? cache + SLAB_CLASSES : cache);
}

static void *slab_alloc(struct hm_heap *heap, size_t bytes, size_t align)
{
    HM_ASSERT(bytes > 0);
    HM_ASSERT(align >= HM_ALLOC_ALIGN && (align & (align - 1)) == 0);
    if (HM_UNLIKELY(align > HM_ALLOC_ALIGN || bytes > SLAB_MOST_BYTES))
        return slab_alloc_rare(heap, bytes, align);
    return slab_alloc_from(heap, slab_cache_for(heap, bytes));
}

/* --- release and resize ---*/

static void slab_release(struct hm_heap *heap, void *payload)
{
    uint32_t unit = hm_units_index(&heap->units, payload);
    struct slab_block *block = payload;
    struct slab *slab;
    void *owner;

    HM_ASSERT(slab_is_block(heap, payload));
    owner = heap->units.owner[unit];
    if (HM_UNLIKELY(owner == heap)) {
        hm_units_give(&heap->units, unit);
        return;
    }
    slab = owner;
    block->next = slab->free;
    slab->free = block;
    if (HM_UNLIKELY(slab->used == slab->capacity))
        slab_move(slab, SLAB_PARTIAL);
    if (HM_UNLIKELY(--slab->used == 0))
        slab_emptied(heap, slab);
}

static size_t slab_usable(const struct hm_heap *heap, const void *payload)
{
    uint32_t unit = hm_units_index(&heap->units, payload);
    const void *owner;

    HM_ASSERT(slab_is_block(heap, payload));
    owner = heap->units.owner[unit];
    if (owner == heap)
        return hm_run_bytes(&heap->units, unit);
    return ((const struct slab *)owner)->cache->block_bytes;
}

/* A small block stays unless it would waste more than half. */
static int slab_resize(struct hm_heap *heap, void *payload, size_t bytes)
{
    uint32_t unit = hm_units_index(&heap->units, payload);
    size_t have = slab_usable(heap, payload);

    if (heap->units.owner[unit] == heap) {
        return bytes > SLAB_MOST_BYTES &&
               hm_run_resize(&heap->units, unit, bytes);
    }
    return bytes <= have && (bytes >= have / 2 || have / 2 <= SLAB_LINE);
}

/* --- check ---*/

/* Length of the free list, SIZE_MAX when it holds what it must not. */
static size_t slab_count_free(const struct slab *slab)
{
    const struct slab_block *block = slab->free;
    size_t n = 0;

    for (; block != NULL; block = block->next) {
        if (!slab_is_place(slab, block) || n++ == slab->capacity)
            return SIZE_MAX;
    }
    return n;
}

static enum slab_list slab_list_for(const struct slab *slab)
{
    if (slab->used == 0)
        return SLAB_EMPTY;
    return slab->used == slab->capacity ? SLAB_FULL : SLAB_PARTIAL;
}

static const char *slab_check_slab(const struct hm_heap *heap,
                                   const struct slab *slab)
{
    const struct slab_cache *cache = slab->cache;
    const unsigned char *start = slab_start(slab);
    size_t colour =
        (size_t)(start - hm_units_address(&heap->units, slab->first));
    size_t carved = (size_t)(slab->fresh - start) / cache->block_bytes;
    size_t n_free = slab_count_free(slab);

    if (colour > cache->colour_most || colour % SLAB_LINE != 0)
        return "a slab begins at a colour of its cache";
    for (uint32_t i = 0; i < cache->units; i++) {
        if (heap->units.owner[slab->first + i] != slab)
            return "a slab is the owner of each of its units";
    }
    if (carved > cache->capacity || n_free > carved ||
        slab->used + n_free != carved)
        return "each block is in use, in its slab's free list or fresh";
    return NULL;
}

static const char *slab_check_list(const struct hm_heap *heap,
                                   const struct slab_cache *cache,
                                   enum slab_list list, size_t *n_slabs)
{
    const struct slab_link *ring = &cache->list[list];
    const char *broken = NULL;

    for (const struct slab_link *link = ring->next;
         broken == NULL && link != ring; link = link->next) {
        const struct slab *slab = slab_of_link(link);

        if (++*n_slabs > cache->n_slabs || link->next->prev != link ||
            slab->cache != cache || slab_list_for(slab) != list)
            return "a slab is in the list of its cache that its blocks ask for";
        broken = slab_check_slab(heap, slab);
    }
    return broken;
}

static const char *slab_check_cache(const struct hm_heap *heap,
                                    const struct slab_cache *cache)
{
    const char *broken = NULL;
    size_t n[SLAB_LISTS] = {0};

    for (unsigned i = 0; broken == NULL && i < SLAB_LISTS; i++)
        broken = slab_check_list(heap, cache, (enum slab_list)i, &n[i]);
    if (broken != NULL)
        return broken;
    if (n[SLAB_EMPTY] != cache->n_empty ||
        n[SLAB_PARTIAL] + n[SLAB_FULL] + n[SLAB_EMPTY] != cache->n_slabs)
        return "a cache counts its slabs";
    if (cache->n_empty > slab_keep(cache))
        return "empty slabs are few";
    return NULL;
}

static const char *slab_check(const struct hm_heap *heap)
{
    size_t units;
    const char *broken = hm_runs_check(&heap->units, heap, &units);

    for (size_t i = 0; broken == NULL && i < 2 * (size_t)SLAB_CLASSES; i++) {
        broken = slab_check_cache(heap, &heap->cache[i]);
        units += heap->cache[i].n_slabs * heap->cache[i].units;
    }
    if (broken == NULL && units != heap->units.used_units)
        broken = "every used unit is a slab's or a large block's";
    return broken;
}

extern const struct hm_allocator hm_allocator_slab;
const struct hm_allocator hm_allocator_slab = {
    .name = "slab",
    .summary = "slabs of one size, coloured, kept when empty and reaped",
    .source = "Bonwick, USENIX Summer 1994",
    .create = slab_create,
    .destroy = slab_destroy,
    .alloc = slab_alloc,
    .release = slab_release,
    .usable = slab_usable,
    .resize = slab_resize,
    .check = slab_check,
};
