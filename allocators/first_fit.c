/* SPDX-License-Identifier: MIT */
/* first_fit.c -- the lowest free block that is large enough.
 *
 * Source:     D. E. Knuth, The Art of Computer Programming 1, 2.5: Algorithm A
 *             (first fit) and boundary tags (Algorithm C), with the list kept
 *             by address as in Algorithm B; P. R. Wilson et al., "Dynamic
 *             storage allocation: a survey", IWMM 1995, 3.5.
 * Differs:    the front of a free block is handed out, not its end; only a
 *             free block has a tag at its end, and a bit in the next block's
 *             tag says that it is there; what lies above the last block
 *             ("top") is in no list; memory above top goes back to the system
 *             once it is over 1 MiB and a quarter of what lies below; the
 *             search for a size starts at its "floor", below which every free
 *             block is known to be too small: same choice, shorter walk.
 * Invariants: blocks lie end to end from `first` to `top`, each a multiple of
 *             16 bytes and at least 32; no two free blocks touch and none
 *             touches top; the list holds every free block in the order of
 *             addresses; the tag at the end of a free block agrees with the one
 *             at its start, and the bit in the next one with both; nothing
 *             above `touched` was written since it was opened or given back;
 *             floors are in the list or its head and ascend, and no free block
 *             large enough for a class lies below that class's floor.
 * Costs:      alloc O(free blocks between its floor and the one taken), up to
 *             all of them, the price of the policy; release O(1) beside a free
 *             block, else O(the smaller of blocks up to the next free one and
 *             free blocks from the place of the last insertion); 8 bytes a
 *             block.
 * Threads:    none; the shim holds a lock. */
#include "allocators/allocator.h"

#include "allocators/region.h"
#include "common/check.h"

enum {
    FIRST_FIT_TAG_BYTES = 8,
    FIRST_FIT_BLOCK_MIN = 32, /* tag, two links, tag at the end */
    FIRST_FIT_TRIM_BYTES = 1 << 20,
    FIRST_FIT_TRIM_SHARE = 4,
};

/* In the low bits of a tag, whose size is a multiple of 16. */
enum {
    FIRST_FIT_USED = 1,
    FIRST_FIT_BELOW_USED = 2,
    FIRST_FIT_BITS = HM_ALLOC_ALIGN - 1
};

/* Classes of size: each 16 bytes up to 256, then half a doubling each, to the
 * last, which has no upper end. */
enum { FIRST_FIT_EXACT = 14, FIRST_FIT_CLASSES = 26 };

/* A free block's payload.  Blocks are named by their payload throughout; the
 * tag is in front of it. */
struct first_fit_free {
    struct first_fit_free *next, *prev;
};

struct hm_heap {
    struct hm_region region;       /* begins with this struct */
    struct first_fit_free list;    /* head of a ring, by address */
    struct first_fit_free *cursor; /* last insertion, or &list */
    struct first_fit_free *floor[FIRST_FIT_CLASSES]; /* &list: none above */
    unsigned char *first;
    unsigned char *top;     /* payload of the next block from fresh memory */
    unsigned char *touched; /* pages from here on are not resident */
};

static uint64_t *first_fit_tag(const void *block)
{
    return (uint64_t *)(void *)((const unsigned char *)block -
                                FIRST_FIT_TAG_BYTES);
}

static size_t first_fit_bytes(const void *block)
{
    return *first_fit_tag(block) & ~(uint64_t)FIRST_FIT_BITS;
}

static unsigned char *first_fit_after(const void *block)
{
    return (unsigned char *)(void *)block + first_fit_bytes(block);
}

/* The tag at the end of a free block, which is right below `block`. */
static uint64_t *first_fit_tag_below(const void *block)
{
    return first_fit_tag(block) - 1;
}

static struct first_fit_free *first_fit_node(void *block)
{
    return block;
}

static size_t first_fit_bytes_for(size_t bytes)
{
    size_t sum = (bytes + FIRST_FIT_TAG_BYTES + FIRST_FIT_BITS) &
                 ~(size_t)FIRST_FIT_BITS;

    return sum < FIRST_FIT_BLOCK_MIN ? FIRST_FIT_BLOCK_MIN : sum;
}

/* --- Floors --- */

/* The class that a size is of: blocks of it or a higher one may be of use. */
static unsigned first_fit_class(size_t bytes)
{
    unsigned doublings, n;

    if (bytes < 256)
        return (unsigned)(bytes / HM_ALLOC_ALIGN) - 2;
    doublings = 63 - (unsigned)__builtin_clzll(bytes);
    n = FIRST_FIT_EXACT + (doublings - 8) * 2 +
        (unsigned)(bytes >> (doublings - 1) & 1);
    return n < FIRST_FIT_CLASSES ? n : FIRST_FIT_CLASSES - 1;
}

/* The smallest size of a class. */
static size_t first_fit_class_least(unsigned n)
{
    if (n < FIRST_FIT_EXACT)
        return (n + 2) * (size_t)HM_ALLOC_ALIGN;
    n -= FIRST_FIT_EXACT;
    return (size_t)(2 + n % 2) << (7 + n / 2);
}

/* A free block of `bytes` is now at `node`. */
static void first_fit_floor_lower(struct hm_heap *heap,
                                  struct first_fit_free *node, size_t bytes)
{
    struct first_fit_free **floor = heap->floor, *head = &heap->list;

    for (unsigned i = first_fit_class(bytes) + 1; i-- > 0; floor[i] = node) {
        if (floor[i] != head && floor[i] <= node)
            return;
    }
}

/* Nothing below `node`, which may be the head, is of class `n` or above. */
static void first_fit_floor_raise(struct hm_heap *heap, unsigned n,
                                  struct first_fit_free *node)
{
    struct first_fit_free **floor = heap->floor, *head = &heap->list;

    for (; n < FIRST_FIT_CLASSES; floor[n++] = node) {
        if (floor[n] == head || (node != head && floor[n] >= node))
            return;
    }
}

/* `old` leaves the list; `node` is what the list has in its place. */
static void first_fit_floor_move(struct hm_heap *heap,
                                 struct first_fit_free *old,
                                 struct first_fit_free *node)
{
    for (unsigned i = 0; i < FIRST_FIT_CLASSES; i++) {
        if (heap->floor[i] == old)
            heap->floor[i] = node;
    }
}

/* --- The list of free blocks --- */

static void first_fit_link(struct hm_heap *heap, struct first_fit_free *node,
                           struct first_fit_free *before)
{
    node->next = before;
    node->prev = before->prev;
    before->prev->next = node;
    before->prev = node;
    heap->cursor = node;
}

static void first_fit_unlink(struct hm_heap *heap, struct first_fit_free *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    if (heap->cursor == node)
        heap->cursor = node->prev;
    first_fit_floor_move(heap, node, node->next);
}

static void first_fit_replace(struct hm_heap *heap, struct first_fit_free *old,
                              struct first_fit_free *node)
{
    *node = *old;
    node->prev->next = node;
    node->next->prev = node;
    if (heap->cursor == old)
        heap->cursor = node;
    first_fit_floor_move(heap, old, node);
}

/* The first free block above `block`, or the head.  Two searches take turns:
 * over the blocks from here up, and over the list from the cursor; either may
 * be the short one. */
static struct first_fit_free *first_fit_place(struct hm_heap *heap,
                                              unsigned char *block)
{
    struct first_fit_free *head = &heap->list, *node = heap->cursor;
    unsigned char *at = first_fit_after(block);
    int up = node != head && (unsigned char *)node < block;

    for (;; at = first_fit_after(at)) {
        if (at == heap->top)
            return head;
        if ((*first_fit_tag(at) & FIRST_FIT_USED) == 0)
            return first_fit_node(at);
        if (up) {
            node = node->next;
            if (node == head || (unsigned char *)node > block)
                return node;
        } else {
            node = node->prev;
            if (node == head || (unsigned char *)node < block)
                return node->next;
        }
    }
}

/* Makes `block`, which is in the list, a free one of `bytes`. */
static void first_fit_mark_free(struct hm_heap *heap, unsigned char *block,
                                size_t bytes)
{
    *first_fit_tag(block) = bytes | FIRST_FIT_BELOW_USED;
    *first_fit_tag_below(block + bytes) = bytes;
    *first_fit_tag(block + bytes) &= ~(uint64_t)FIRST_FIT_BELOW_USED;
    first_fit_floor_lower(heap, first_fit_node(block), bytes);
}

/* --- Life of the heap --- */

static struct hm_heap *first_fit_create(size_t limit_bytes)
{
    struct hm_region region;
    struct hm_heap *heap;

    if (hm_region_init(&region, limit_bytes) != 0)
        return NULL;
    heap = (struct hm_heap *)(void *)region.base;
    heap->region = region;
    heap->list.next = heap->list.prev = heap->cursor = &heap->list;
    for (unsigned i = 0; i < FIRST_FIT_CLASSES; i++)
        heap->floor[i] = &heap->list;
    heap->first = region.base + sizeof(*heap) + FIRST_FIT_TAG_BYTES;
    heap->first += hm_region_gap(heap->first, HM_ALLOC_ALIGN);
    heap->top = heap->first;
    heap->touched = region.open;
    return heap;
}

static void first_fit_destroy(struct hm_heap *heap)
{
    struct hm_region region = heap->region;

    hm_region_fini(&region);
}

static unsigned char *first_fit_page_up(const struct hm_heap *heap,
                                        unsigned char *at)
{
    return at + hm_region_gap(at, heap->region.page_bytes);
}

/* Gives the pages above top back once they are many; a heap that breathes by
 * less than a quarter keeps them. */
static void first_fit_trim(struct hm_heap *heap)
{
    unsigned char *keep = first_fit_page_up(heap, heap->top);
    size_t idle, below = (size_t)(heap->top - heap->first);

    if (keep >= heap->touched)
        return;
    idle = (size_t)(heap->touched - keep);
    if (idle < FIRST_FIT_TRIM_BYTES || idle < below / FIRST_FIT_TRIM_SHARE)
        return;
    if (madvise(keep, idle, MADV_DONTNEED) == 0)
        heap->touched = keep;
}

/* --- alloc --- */

/* Moves top to the end of `block`, `bytes` long; 0 when there is no room. */
static int first_fit_extend(struct hm_heap *heap, unsigned char *block,
                            size_t bytes)
{
    unsigned char *end = block + bytes - FIRST_FIT_TAG_BYTES;

    if (!hm_region_reach(&heap->region, end))
        return 0;
    heap->top = block + bytes;
    if (end > heap->touched)
        heap->touched = first_fit_page_up(heap, end);
    return 1;
}

/* A gap that `align` asks for in front of a block: 0, or enough for a free
 * block of its own. */
static size_t first_fit_gap(const void *block, size_t align)
{
    size_t gap = hm_region_gap(block, align);

    while (gap != 0 && gap < FIRST_FIT_BLOCK_MIN)
        gap += align;
    return gap;
}

static void *first_fit_take_top(struct hm_heap *heap, size_t bytes,
                                size_t align)
{
    unsigned char *below = heap->top;
    size_t room = (size_t)(heap->region.end - (below - FIRST_FIT_TAG_BYTES));
    size_t gap = first_fit_gap(below, align);

    if (gap > room || bytes > room - gap ||
        !first_fit_extend(heap, below + gap, bytes))
        return NULL;
    *first_fit_tag(below + gap) = bytes | FIRST_FIT_USED | FIRST_FIT_BELOW_USED;
    if (gap != 0) {
        first_fit_link(heap, first_fit_node(below), &heap->list);
        first_fit_mark_free(heap, below, gap);
    }
    return below + gap;
}

/* Hands out `bytes` at `gap` bytes into `node`; what is left on either side
 * stays free. */
static void *first_fit_take(struct hm_heap *heap, struct first_fit_free *node,
                            size_t gap, size_t bytes)
{
    unsigned char *block = (unsigned char *)node + gap;
    size_t have = first_fit_bytes(node) - gap, rest = have - bytes;

    if (rest < FIRST_FIT_BLOCK_MIN) {
        bytes = have;
        rest = 0;
    }
    *first_fit_tag(block) = bytes | FIRST_FIT_USED | FIRST_FIT_BELOW_USED;
    if (rest != 0) {
        unsigned char *tail = block + bytes;

        if (gap == 0) {
            first_fit_replace(heap, node, first_fit_node(tail));
        } else {
            first_fit_link(heap, first_fit_node(tail), node->next);
        }
        first_fit_mark_free(heap, tail, rest);
    } else {
        *first_fit_tag(block + bytes) |= FIRST_FIT_BELOW_USED;
        if (gap == 0)
            first_fit_unlink(heap, node);
    }
    if (gap != 0)
        first_fit_mark_free(heap, (unsigned char *)node, gap);
    return block;
}

/* The first free block that holds `need` bytes at `align`, at `*gap` into it;
 * NULL if none does. */
static struct first_fit_free *first_fit_search(struct hm_heap *heap,
                                               size_t need, size_t align,
                                               size_t *gap)
{
    unsigned n = first_fit_class(need);
    size_t least = first_fit_class_least(n);
    struct first_fit_free *head = &heap->list, *node = heap->floor[n];

    while (node != head && first_fit_bytes(node) < least)
        node = node->next;
    first_fit_floor_raise(heap, n, node);
    for (; node != head; node = node->next) {
        if (first_fit_bytes(node) < need)
            continue;
        *gap = first_fit_gap(node, align);
        if (*gap <= first_fit_bytes(node) - need)
            return node;
    }
    return NULL;
}

static void *first_fit_alloc(struct hm_heap *heap, size_t bytes, size_t align)
{
    struct first_fit_free *node;
    size_t need, gap = 0;

    HM_ASSERT(bytes > 0);
    HM_ASSERT(align >= HM_ALLOC_ALIGN && (align & (align - 1)) == 0);
    if (bytes > (size_t)(heap->region.end - heap->region.base))
        return NULL;
    need = first_fit_bytes_for(bytes);
    node = first_fit_search(heap, need, align, &gap);
    if (node == NULL)
        return first_fit_take_top(heap, need, align);
    return first_fit_take(heap, node, gap, need);
}

/* --- release --- */

#ifndef NDEBUG
static int first_fit_is_used_block(const struct hm_heap *heap,
                                   const void *block)
{
    const unsigned char *at = block;

    return at >= heap->first && at < heap->top &&
           hm_region_gap(at, HM_ALLOC_ALIGN) == 0 &&
           (*first_fit_tag(at) & FIRST_FIT_USED) != 0 &&
           first_fit_bytes(at) >= FIRST_FIT_BLOCK_MIN &&
           first_fit_bytes(at) <= (size_t)(heap->top - at) &&
           (first_fit_after(at) == heap->top ||
            (*first_fit_tag(first_fit_after(at)) & FIRST_FIT_BELOW_USED) != 0);
}
#endif

/* The free block below is at the end of the list. */
static void first_fit_release_to_top(struct hm_heap *heap, unsigned char *block)
{
    if ((*first_fit_tag(block) & FIRST_FIT_BELOW_USED) == 0) {
        block -= *first_fit_tag_below(block);
        first_fit_unlink(heap, first_fit_node(block));
    }
    heap->top = block;
    first_fit_trim(heap);
}

static void first_fit_release(struct hm_heap *heap, void *payload)
{
    unsigned char *block = payload, *above;
    size_t bytes = first_fit_bytes(block);

    HM_ASSERT(first_fit_is_used_block(heap, block));
    *first_fit_tag(block) &=
        ~(uint64_t)FIRST_FIT_USED; /* a second release is seen */
    above = block + bytes;
    if (above == heap->top) {
        first_fit_release_to_top(heap, block);
        return;
    }
    if ((*first_fit_tag(block) & FIRST_FIT_BELOW_USED) == 0) {
        block -= *first_fit_tag_below(block);
        bytes += first_fit_bytes(block);
        if ((*first_fit_tag(above) & FIRST_FIT_USED) == 0) {
            bytes += first_fit_bytes(above);
            first_fit_unlink(heap, first_fit_node(above));
        }
    } else if ((*first_fit_tag(above) & FIRST_FIT_USED) == 0) {
        bytes += first_fit_bytes(above);
        first_fit_replace(heap, first_fit_node(above), first_fit_node(block));
    } else {
        first_fit_link(heap, first_fit_node(block),
                       first_fit_place(heap, block));
    }
    first_fit_mark_free(heap, block, bytes);
}

static size_t first_fit_usable(const struct hm_heap *heap, const void *block)
{
    (void)heap;
    return first_fit_bytes(block) - FIRST_FIT_TAG_BYTES;
}

/* --- resize --- */

/* Gives back what `block` has beyond `need`, when that makes a block. */
static void first_fit_shrink(struct hm_heap *heap, unsigned char *block,
                             size_t need)
{
    size_t rest = first_fit_bytes(block) - need;

    if (rest < FIRST_FIT_BLOCK_MIN)
        return;
    *first_fit_tag(block) -= rest;
    *first_fit_tag(block + need) = rest | FIRST_FIT_USED | FIRST_FIT_BELOW_USED;
    first_fit_release(heap, block + need);
}

static int first_fit_resize(struct hm_heap *heap, void *payload, size_t bytes)
{
    unsigned char *block = payload, *above = first_fit_after(block);
    size_t have = first_fit_bytes(block), need;

    HM_ASSERT(first_fit_is_used_block(heap, block));
    if (bytes > (size_t)(heap->region.end - block))
        return 0;
    need = first_fit_bytes_for(bytes);
    if (need <= have) {
        first_fit_shrink(heap, block, need);
        return 1;
    }
    if (above == heap->top) {
        if (need - FIRST_FIT_TAG_BYTES > (size_t)(heap->region.end - block) ||
            !first_fit_extend(heap, block, need))
            return 0;
        *first_fit_tag(block) += need - have;
        return 1;
    }
    if ((*first_fit_tag(above) & FIRST_FIT_USED) != 0 ||
        first_fit_bytes(above) < need - have)
        return 0;
    (void)first_fit_take(heap, first_fit_node(above), 0, need - have);
    *first_fit_tag(block) += first_fit_bytes(above);
    return 1;
}

/* --- check --- */

static const char *first_fit_check_around(const struct hm_heap *heap,
                                          const unsigned char *block)
{
    const unsigned char *above = first_fit_after(block);

    if (above == heap->top)
        return "no free block touches top";
    if ((*first_fit_tag(block) & FIRST_FIT_BELOW_USED) == 0 ||
        (*first_fit_tag(above) & FIRST_FIT_USED) == 0)
        return "no two free blocks touch";
    if (*first_fit_tag_below(above) != first_fit_bytes(block))
        return "the tags of a free block agree";
    return NULL;
}

static const char *first_fit_check_ends(const struct hm_heap *heap)
{
    if (heap->top < heap->first ||
        heap->top - FIRST_FIT_TAG_BYTES > heap->region.open ||
        heap->region.open > heap->region.end)
        return "top is within the opened part of the region";
    if (heap->top - FIRST_FIT_TAG_BYTES > heap->touched)
        return "nothing above touched was written";
    return NULL;
}

/* What a walk over all blocks has seen so far. */
struct first_fit_walk {
    const struct first_fit_free *node; /* the last free block, or the head */
    unsigned floors;                   /* how many lie at or below it */
    int cursor_seen;
};

static const char *first_fit_check_free(const struct hm_heap *heap,
                                        const unsigned char *block,
                                        struct first_fit_walk *walk)
{
    const struct first_fit_free *node = (const void *)block;

    if (walk->node->next != node || node->prev != walk->node)
        return "the list holds every free block by address";
    walk->node = node;
    walk->cursor_seen |= heap->cursor == node;
    while (walk->floors < FIRST_FIT_CLASSES &&
           heap->floor[walk->floors] == node)
        walk->floors++;
    if (walk->floors <= first_fit_class(first_fit_bytes(block)))
        return "no free block lies below its floor";
    return first_fit_check_around(heap, block);
}

static const char *first_fit_check_list_end(const struct hm_heap *heap,
                                            const struct first_fit_walk *walk)
{
    if (walk->node->next != &heap->list || heap->list.prev != walk->node)
        return "the list holds nothing but the free blocks";
    for (unsigned i = walk->floors; i < FIRST_FIT_CLASSES; i++) {
        if (heap->floor[i] != &heap->list)
            return "floors are in the list and ascend";
    }
    return walk->cursor_seen ? NULL : "the cursor is in the list";
}

static const char *first_fit_check(const struct hm_heap *heap)
{
    struct first_fit_walk walk = {&heap->list, 0, heap->cursor == &heap->list};
    const unsigned char *at = heap->first;
    const char *broken = first_fit_check_ends(heap);
    int below_used = 1;

    for (; broken == NULL && at < heap->top; at = first_fit_after(at)) {
        int used = (*first_fit_tag(at) & FIRST_FIT_USED) != 0;

        if (first_fit_bytes(at) < FIRST_FIT_BLOCK_MIN ||
            first_fit_bytes(at) > (size_t)(heap->top - at))
            return "blocks lie end to end from first to top";
        if (((*first_fit_tag(at) & FIRST_FIT_BELOW_USED) != 0) != below_used)
            return "a block knows whether the one below is used";
        if (!used)
            broken = first_fit_check_free(heap, at, &walk);
        below_used = used;
    }
    return broken != NULL ? broken : first_fit_check_list_end(heap, &walk);
}

extern const struct hm_allocator hm_allocator_first_fit;
const struct hm_allocator hm_allocator_first_fit = {
    .name = "first_fit",
    .summary = "boundary tags, free list by address, lowest block that fits",
    .source = "Knuth, TAOCP 1, 2.5",
    .create = first_fit_create,
    .destroy = first_fit_destroy,
    .alloc = first_fit_alloc,
    .release = first_fit_release,
    .usable = first_fit_usable,
    .resize = first_fit_resize,
    .check = first_fit_check,
};
