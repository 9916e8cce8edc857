/* SPDX-License-Identifier: MIT */
/* bump.c -- an arena: blocks come one after the other and leave all at once.
 *
 * Source:     region allocation as in D. R. Hanson, "Fast allocation and
 *             deallocation of memory based on object lifetimes", SP&E 20(1),
 *             1990.
 * Differs:    one region instead of a chain of them; each block has a tag of 8
 *             bytes with its size, which malloc_usable_size and realloc need;
 *             the block at the end grows in place.
 * Invariants: blocks lie end to end from the first payload to `next`, each a
 *             multiple of 16 bytes, and so do the gaps that alignment leaves;
 *             `next` is within the opened part of the region.
 * Costs:      alloc O(1); release does nothing at all; 8 bytes a block, and
 *             everything that was ever released.
 * Threads:    none; the shim holds a lock. */
#include "allocators/allocator.h"

#include "allocators/region.h"
#include "common/check.h"

enum {
    BUMP_TAG_BYTES = 8,
    BUMP_RELEASED = 1, /* in a tag, in debug builds: to see a second release */
    BUMP_GAP = 2,      /* in a tag: not a block */
};

struct hm_heap {
    struct hm_region region; /* begins with this struct */
    unsigned char *first;    /* payload of the first block */
    unsigned char *next;     /* payload of the next block; its tag before it */
};

/* A tag holds the bytes from this payload to that of the next block. */
static uint64_t *bump_tag(const unsigned char *payload)
{
    return (uint64_t *)(void *)(payload - BUMP_TAG_BYTES);
}

static size_t bump_span_bytes(const unsigned char *payload)
{
    return *bump_tag(payload) & ~(uint64_t)(HM_ALLOC_ALIGN - 1);
}

static size_t bump_span_for(size_t bytes)
{
    return (bytes + BUMP_TAG_BYTES + HM_ALLOC_ALIGN - 1) &
           ~(size_t)(HM_ALLOC_ALIGN - 1);
}

static struct hm_heap *bump_create(size_t limit_bytes)
{
    struct hm_region region;
    struct hm_heap *heap;

    if (hm_region_init(&region, limit_bytes) != 0)
        return NULL;
    heap = (struct hm_heap *)(void *)region.base;
    heap->region = region;
    heap->first = region.base + sizeof(*heap) + BUMP_TAG_BYTES;
    heap->first += hm_region_gap(heap->first, HM_ALLOC_ALIGN);
    heap->next = heap->first;
    return heap;
}

static void bump_destroy(struct hm_heap *heap)
{
    struct hm_region region = heap->region;

    hm_region_fini(&region);
}

static void *bump_alloc(struct hm_heap *heap, size_t bytes, size_t align)
{
    unsigned char *block = heap->next;
    size_t room = (size_t)(heap->region.end - (block - BUMP_TAG_BYTES));
    size_t gap = hm_region_gap(block, align), span;

    HM_ASSERT(bytes > 0);
    HM_ASSERT(align >= HM_ALLOC_ALIGN && (align & (align - 1)) == 0);
    if (gap > room || bytes > room - gap)
        return NULL;
    span = bump_span_for(bytes);
    block += gap;
    if (span > room - gap ||
        !hm_region_reach(&heap->region, block + span - BUMP_TAG_BYTES))
        return NULL;
    if (gap != 0)
        *bump_tag(heap->next) = gap | BUMP_GAP;
    *bump_tag(block) = span;
    heap->next = block + span;
    return block;
}

#ifndef NDEBUG
static int bump_is_block(const struct hm_heap *heap, const unsigned char *block)
{
    return block >= heap->first && block < heap->next &&
           hm_region_gap(block, HM_ALLOC_ALIGN) == 0 &&
           bump_span_bytes(block) != 0 && (*bump_tag(block) & BUMP_GAP) == 0 &&
           bump_span_bytes(block) <= (size_t)(heap->next - block);
}
#endif

static void bump_release(struct hm_heap *heap, void *block)
{
    (void)heap;
    (void)block;
#ifndef NDEBUG
    HM_ASSERT(bump_is_block(heap, block));
    HM_ASSERT((*bump_tag(block) & BUMP_RELEASED) == 0);
    *bump_tag(block) |= BUMP_RELEASED;
#endif
}

static size_t bump_usable(const struct hm_heap *heap, const void *block)
{
    (void)heap;
    return bump_span_bytes(block) - BUMP_TAG_BYTES;
}

static int bump_resize(struct hm_heap *heap, void *block, size_t bytes)
{
    unsigned char *at = block;
    size_t room = (size_t)(heap->region.end - at), span;

    if (bytes <= bump_usable(heap, block))
        return 1;
    if (at + bump_span_bytes(at) != heap->next || bytes > room)
        return 0;
    span = bump_span_for(bytes);
    if (span - BUMP_TAG_BYTES > room ||
        !hm_region_reach(&heap->region, at + span - BUMP_TAG_BYTES))
        return 0;
    *bump_tag(at) = span;
    heap->next = at + span;
    return 1;
}

static const char *bump_check(const struct hm_heap *heap)
{
    const unsigned char *at = heap->first;

    if (heap->next < heap->first ||
        heap->next - BUMP_TAG_BYTES > heap->region.open ||
        heap->region.open > heap->region.end)
        return "next is within the opened part of the region";
    while (at < heap->next) {
        size_t span = bump_span_bytes(at);

        if (span == 0 || span > (size_t)(heap->next - at))
            return "blocks lie end to end up to next";
        at += span;
    }
    return NULL;
}

extern const struct hm_allocator hm_allocator_bump;
const struct hm_allocator hm_allocator_bump = {
    .name = "bump",
    .summary = "arena that frees all at once: release does nothing",
    .source = "Hanson, SP&E 20(1), 1990",
    .caps = HM_ALLOC_NO_REUSE | HM_ALLOC_ZEROED,
    .create = bump_create,
    .destroy = bump_destroy,
    .alloc = bump_alloc,
    .release = bump_release,
    .usable = bump_usable,
    .resize = bump_resize,
    .check = bump_check,
};
