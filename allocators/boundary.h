/* SPDX-License-Identifier: MIT */
/* boundary.h -- boundary tags: the mechanism of every allocator here that
 * splits blocks and joins free neighbours.  What is left to its includer is the
 * policy: which free block is taken.
 *
 * The includer completes struct hm_heap, whose first member is a struct
 * hm_boundary named `space`, and defines the functions declared below it.
 *
 * Source:     D. E. Knuth, The Art of Computer Programming 1, 2.5, Algorithm C
 *             (boundary tags).
 * Differs:    the front of a free block is handed out, not its end; only a
 *             free block has a tag at its end, and a bit in the next block's
 *             tag says that it is there; what lies above the last block
 *             ("top") is in no list; memory above top goes back to the system
 *             once it is over 1 MiB and a quarter of what lies below.
 * Invariants: blocks lie end to end from `first` to `top`, each a multiple of
 *             16 bytes and at least 32; no two free blocks touch and none
 *             touches top; the tag at the end of a free block agrees with the
 *             one at its start, and the bit in the next one with both; nothing
 *             above what the region has touched was written.
 * Costs:      O(1) and what the policy costs; 8 bytes a block.
 * Threads:    none; the shim holds a lock. */
#ifndef HM_ALLOCATORS_BOUNDARY_H
#define HM_ALLOCATORS_BOUNDARY_H

#include "allocators/allocator.h"
#include "allocators/region.h"
#include "common/check.h"

enum {
    HM_BOUNDARY_TAG_BYTES = 8,
    HM_BOUNDARY_LEAST = 32, /* tag, 16 bytes of the policy's, tag at the end */
};

/* In the low bits of a tag, whose size is a multiple of 16. */
enum {
    HM_BOUNDARY_USED = 1,
    HM_BOUNDARY_BELOW_USED = 2,
    HM_BOUNDARY_BITS = HM_ALLOC_ALIGN - 1
};

/* Blocks are named by their payload throughout; the tag is in front of it. */
struct hm_boundary {
    struct hm_region region;
    unsigned char *first;
    unsigned char *top; /* payload of the next block from fresh memory */
};

/* What a check has seen so far. */
struct hm_boundary_walk {
    const unsigned char *last; /* free block, NULL before the first */
    size_t n_free;
};

/* --- The policy, of the includer ------------------------------------------*/

/* A heap with no block in it: `heap` is zero but for its `space`. */
static void hm_policy_open(struct hm_heap *heap);

/* `block` of `bytes`, whose tags are written, becomes free: its first 16 bytes
 * are the policy's until it is removed. */
static void hm_policy_insert(struct hm_heap *heap, unsigned char *block,
                             size_t bytes);
static void hm_policy_remove(struct hm_heap *heap, unsigned char *block,
                             size_t bytes);

/* A free block that holds `need` bytes at hm_boundary_gap(block, align) into
 * it, still inserted; NULL if there is none (a policy that bounds its search
 * may miss one).  `need` >= HM_BOUNDARY_LEAST. */
static unsigned char *hm_policy_find(struct hm_heap *heap, size_t need,
                                     size_t align);

/* Called with each free block in the order of addresses, then with NULL. */
static const char *hm_policy_check(const struct hm_heap *heap,
                                   const unsigned char *block,
                                   const struct hm_boundary_walk *walk);

static struct hm_boundary *hm_policy_space(const struct hm_heap *heap);

/* --- Tags -----------------------------------------------------------------*/

static inline uint64_t *hm_boundary_tag(const void *block)
{
    return (uint64_t *)(void *)((const unsigned char *)block -
                                HM_BOUNDARY_TAG_BYTES);
}

static inline size_t hm_boundary_bytes(const void *block)
{
    return *hm_boundary_tag(block) & ~(uint64_t)HM_BOUNDARY_BITS;
}

static inline unsigned char *hm_boundary_after(const void *block)
{
    return (unsigned char *)(void *)block + hm_boundary_bytes(block);
}

static inline int hm_boundary_is_used(const void *block)
{
    return (*hm_boundary_tag(block) & HM_BOUNDARY_USED) != 0;
}

static inline int hm_boundary_is_below_used(const void *block)
{
    return (*hm_boundary_tag(block) & HM_BOUNDARY_BELOW_USED) != 0;
}

/* The tag at the end of a free block, which is right below `block`. */
static inline uint64_t *hm_boundary_tag_below(const void *block)
{
    return hm_boundary_tag(block) - 1;
}

static inline size_t hm_boundary_bytes_for(size_t bytes)
{
    size_t sum = (bytes + HM_BOUNDARY_TAG_BYTES + HM_BOUNDARY_BITS) &
                 ~(size_t)HM_BOUNDARY_BITS;

    return sum < HM_BOUNDARY_LEAST ? HM_BOUNDARY_LEAST : sum;
}

/* A gap that `align` asks for in front of a block: 0, or enough for a free
 * block of its own. */
static inline size_t hm_boundary_gap(const void *block, size_t align)
{
    size_t gap = hm_region_gap(block, align);

    while (gap != 0 && gap < HM_BOUNDARY_LEAST)
        gap += align;
    return gap;
}

/* Enough for `need` bytes at `align` wherever the block lies. */
static inline size_t hm_boundary_enough(size_t need, size_t align)
{
    return align <= HM_ALLOC_ALIGN ? need : need + align + HM_BOUNDARY_LEAST;
}

/* --- Life of the heap -----------------------------------------------------*/

/* The heap's own struct of `heap_bytes` is at the start of its region. */
static struct hm_heap *hm_boundary_create(size_t limit_bytes, size_t heap_bytes)
{
    struct hm_boundary space;
    struct hm_heap *heap;

    if (hm_region_init(&space.region, limit_bytes) != 0)
        return NULL;
    space.first = space.region.base + heap_bytes + HM_BOUNDARY_TAG_BYTES;
    space.first += hm_region_gap(space.first, HM_ALLOC_ALIGN);
    space.top = space.first;
    if (space.first >= space.region.end ||
        !hm_region_touch(&space.region, space.first)) {
        hm_region_fini(&space.region);
        errno = EINVAL;
        return NULL;
    }
    heap = (struct hm_heap *)(void *)space.region.base;
    *hm_policy_space(heap) = space;
    hm_policy_open(heap);
    return heap;
}

static void hm_boundary_destroy(struct hm_heap *heap)
{
    struct hm_region region = hm_policy_space(heap)->region;

    hm_region_fini(&region);
}

/* Makes `block` a free one of `bytes` that the policy knows. */
static void hm_boundary_set_free(struct hm_heap *heap, unsigned char *block,
                                 size_t bytes)
{
    *hm_boundary_tag(block) = bytes | HM_BOUNDARY_BELOW_USED;
    *hm_boundary_tag_below(block + bytes) = bytes;
    *hm_boundary_tag(block + bytes) &= ~(uint64_t)HM_BOUNDARY_BELOW_USED;
    hm_policy_insert(heap, block, bytes);
}

/* --- alloc ----------------------------------------------------------------*/

/* Moves top to the end of `block`, `bytes` long; 0 when there is no room. */
static int hm_boundary_extend(struct hm_boundary *space, unsigned char *block,
                              size_t bytes)
{
    unsigned char *end = block + bytes - HM_BOUNDARY_TAG_BYTES;

    if (!hm_region_touch(&space->region, end))
        return 0;
    space->top = block + bytes;
    return 1;
}

static void *hm_boundary_take_top(struct hm_heap *heap, size_t bytes,
                                  size_t align)
{
    struct hm_boundary *space = hm_policy_space(heap);
    unsigned char *below = space->top;
    size_t room = (size_t)(space->region.end - (below - HM_BOUNDARY_TAG_BYTES));
    size_t gap = hm_boundary_gap(below, align);

    if (gap > room || bytes > room - gap ||
        !hm_boundary_extend(space, below + gap, bytes))
        return NULL;
    *hm_boundary_tag(below + gap) =
        bytes | HM_BOUNDARY_USED | HM_BOUNDARY_BELOW_USED;
    if (gap != 0)
        hm_boundary_set_free(heap, below, gap);
    return below + gap;
}

/* Hands out `bytes` at `gap` bytes into free `block`; what is left on either
 * side stays free. */
static void *hm_boundary_take(struct hm_heap *heap, unsigned char *block,
                              size_t gap, size_t bytes)
{
    size_t have = hm_boundary_bytes(block), rest = have - gap - bytes;
    unsigned char *taken = block + gap;

    HM_ASSERT(!hm_boundary_is_used(block) && gap + bytes <= have);
    hm_policy_remove(heap, block, have);
    if (rest < HM_BOUNDARY_LEAST) {
        bytes += rest;
        rest = 0;
    }
    *hm_boundary_tag(taken) = bytes | HM_BOUNDARY_USED | HM_BOUNDARY_BELOW_USED;
    if (rest != 0) {
        hm_boundary_set_free(heap, taken + bytes, rest);
    } else {
        *hm_boundary_tag(taken + bytes) |= HM_BOUNDARY_BELOW_USED;
    }
    if (gap != 0) /* last: a policy may walk from it over whole blocks */
        hm_boundary_set_free(heap, block, gap);
    return taken;
}

static void *hm_boundary_alloc(struct hm_heap *heap, size_t bytes, size_t align)
{
    const struct hm_region *region = &hm_policy_space(heap)->region;
    unsigned char *block;
    size_t need;

    HM_ASSERT(bytes > 0);
    HM_ASSERT(align >= HM_ALLOC_ALIGN && (align & (align - 1)) == 0);
    if (bytes > (size_t)(region->end - region->base) ||
        align > (size_t)(region->end - region->base))
        return NULL;
    need = hm_boundary_bytes_for(bytes);
    block = hm_policy_find(heap, need, align);
    if (block == NULL)
        return hm_boundary_take_top(heap, need, align);
    return hm_boundary_take(heap, block, hm_boundary_gap(block, align), need);
}

/* --- release --------------------------------------------------------------*/

#ifndef NDEBUG
static int hm_boundary_is_block(const struct hm_boundary *space,
                                const void *block)
{
    const unsigned char *at = block;

    return at >= space->first && at < space->top &&
           hm_region_gap(at, HM_ALLOC_ALIGN) == 0 && hm_boundary_is_used(at) &&
           hm_boundary_bytes(at) >= HM_BOUNDARY_LEAST &&
           hm_boundary_bytes(at) <= (size_t)(space->top - at) &&
           (hm_boundary_after(at) == space->top ||
            hm_boundary_is_below_used(hm_boundary_after(at)));
}
#endif

static void hm_boundary_release(struct hm_heap *heap, void *payload)
{
    struct hm_boundary *space = hm_policy_space(heap);
    unsigned char *block = payload, *above = hm_boundary_after(block);

    HM_ASSERT(hm_boundary_is_block(space, block));
    *hm_boundary_tag(block) &= ~(uint64_t)HM_BOUNDARY_USED; /* seen twice? */
    if (!hm_boundary_is_below_used(block)) {
        block -= *hm_boundary_tag_below(block);
        hm_policy_remove(heap, block, hm_boundary_bytes(block));
    }
    if (above == space->top) {
        space->top = block;
        hm_region_trim(&space->region, block);
        return;
    }
    if (!hm_boundary_is_used(above)) {
        size_t bytes = hm_boundary_bytes(above);

        hm_policy_remove(heap, above, bytes);
        above += bytes;
    }
    hm_boundary_set_free(heap, block, (size_t)(above - block));
}

static size_t hm_boundary_usable(const struct hm_heap *heap, const void *block)
{
    (void)heap;
    return hm_boundary_bytes(block) - HM_BOUNDARY_TAG_BYTES;
}

/* --- resize ---------------------------------------------------------------*/

/* Gives back what `block` has beyond `need`, when that makes a block. */
static void hm_boundary_shrink(struct hm_heap *heap, unsigned char *block,
                               size_t need)
{
    size_t rest = hm_boundary_bytes(block) - need;

    if (rest < HM_BOUNDARY_LEAST)
        return;
    *hm_boundary_tag(block) -= rest;
    *hm_boundary_tag(block + need) =
        rest | HM_BOUNDARY_USED | HM_BOUNDARY_BELOW_USED;
    hm_boundary_release(heap, block + need);
}

/* 0 when what lies above is in use, too small, or the end of the region. */
static int hm_boundary_grow(struct hm_heap *heap, unsigned char *block,
                            size_t need)
{
    struct hm_boundary *space = hm_policy_space(heap);
    unsigned char *above = hm_boundary_after(block);
    size_t more = need - hm_boundary_bytes(block);

    if (above == space->top) {
        if (need - HM_BOUNDARY_TAG_BYTES >
                (size_t)(space->region.end - block) ||
            !hm_boundary_extend(space, block, need))
            return 0;
        *hm_boundary_tag(block) += more;
        return 1;
    }
    if (hm_boundary_is_used(above) || hm_boundary_bytes(above) < more)
        return 0;
    (void)hm_boundary_take(heap, above, 0, more);
    *hm_boundary_tag(block) += hm_boundary_bytes(above);
    return 1;
}

static int hm_boundary_resize(struct hm_heap *heap, void *payload, size_t bytes)
{
    struct hm_boundary *space = hm_policy_space(heap);
    unsigned char *block = payload;
    size_t need;

    HM_ASSERT(hm_boundary_is_block(space, block));
    if (bytes > (size_t)(space->region.end - block))
        return 0;
    need = hm_boundary_bytes_for(bytes);
    if (need > hm_boundary_bytes(block))
        return hm_boundary_grow(heap, block, need);
    hm_boundary_shrink(heap, block, need);
    return 1;
}

/* --- check ----------------------------------------------------------------*/

static const char *hm_boundary_check_free(const unsigned char *top,
                                          const unsigned char *block)
{
    const unsigned char *above = hm_boundary_after(block);

    if (above == top)
        return "no free block touches top";
    if (!hm_boundary_is_below_used(block) || !hm_boundary_is_used(above))
        return "no two free blocks touch";
    if (*hm_boundary_tag_below(above) != hm_boundary_bytes(block))
        return "the tags of a free block agree";
    return NULL;
}

static const char *hm_boundary_check_ends(const struct hm_boundary *space)
{
    if (space->top < space->first ||
        space->top - HM_BOUNDARY_TAG_BYTES > space->region.open ||
        space->region.open > space->region.end)
        return "top is within the opened part of the region";
    if (space->top - HM_BOUNDARY_TAG_BYTES > space->region.touched)
        return "nothing above touched was written";
    return NULL;
}

static const char *hm_boundary_check_block(const struct hm_heap *heap,
                                           const unsigned char *block,
                                           struct hm_boundary_walk *walk)
{
    const unsigned char *top = hm_policy_space(heap)->top;
    const char *broken;

    if (hm_boundary_bytes(block) < HM_BOUNDARY_LEAST ||
        hm_boundary_bytes(block) > (size_t)(top - block))
        return "blocks lie end to end from first to top";
    if (hm_boundary_is_used(block))
        return NULL;
    broken = hm_boundary_check_free(top, block);
    if (broken == NULL)
        broken = hm_policy_check(heap, block, walk);
    walk->last = block;
    walk->n_free++;
    return broken;
}

static const char *hm_boundary_check(const struct hm_heap *heap)
{
    const struct hm_boundary *space = hm_policy_space(heap);
    struct hm_boundary_walk walk = {NULL, 0};
    const char *broken = hm_boundary_check_ends(space);
    int is_below_used = 1;

    for (const unsigned char *at = space->first;
         broken == NULL && at < space->top; at = hm_boundary_after(at)) {
        if (hm_boundary_is_below_used(at) != is_below_used)
            return "a block knows whether the one below is used";
        is_below_used = hm_boundary_is_used(at);
        broken = hm_boundary_check_block(heap, at, &walk);
    }
    return broken != NULL ? broken : hm_policy_check(heap, NULL, &walk);
}

#endif /* HM_ALLOCATORS_BOUNDARY_H */
