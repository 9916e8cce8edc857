/* SPDX-License-Identifier: MIT */
/* first_fit.c -- the lowest free block that is large enough.
 *
 * Source:     D. E. Knuth, The Art of Computer Programming 1, 2.5: Algorithm A
 *             (first fit), with the list kept by address as in Algorithm B;
 *             P. R. Wilson et al., "Dynamic storage allocation: a survey", IWMM
 *             1995, 3.5.
 * Differs:    the search for a size starts at its "floor", below which every
 *             free block is known to be too small: same choice, shorter walk;
 *             a block's place in the list is looked for from the last
 *             insertion.
 * Invariants: those of boundary.h; the list holds every free block in the order
 *             of addresses; floors are in the list or its head and ascend, and
 *             no free block large enough for a class lies below that class's
 *             floor.
 * Costs:      alloc O(free blocks between its floor and the one taken), up to
 *             all of them, the price of the policy; release O(1) beside a free
 *             block, else O(the smaller of blocks up to the next free one and
 *             free blocks from the place of the last insertion); 8 bytes a
 *             block.
 * Threads:    none; the shim holds a lock. */
#include "allocators/boundary.h"

/* Classes of size: each 16 bytes up to 256, then half a doubling each, to the
 * last, which has no upper end. */
enum { FIRST_FIT_EXACT = 14, FIRST_FIT_CLASSES = 26 };

/* A free block's payload. */
struct first_fit_free {
    struct first_fit_free *next, *prev;
};

struct hm_heap {
    struct hm_boundary space;
    struct first_fit_free list;    /* head of a ring, by address */
    struct first_fit_free *cursor; /* last insertion, or &list */
    struct first_fit_free *floor[FIRST_FIT_CLASSES]; /* &list: none above */
};

static struct hm_boundary *hm_policy_space(const struct hm_heap *heap)
{
    return &((struct hm_heap *)heap)->space;
}

static struct first_fit_free *first_fit_node(const unsigned char *block)
{
    return (struct first_fit_free *)(void *)block;
}

static void hm_policy_open(struct hm_heap *heap)
{
    heap->list.next = heap->list.prev = heap->cursor = &heap->list;
    for (unsigned i = 0; i < FIRST_FIT_CLASSES; i++)
        heap->floor[i] = &heap->list;
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

/* The first free block above `block`, or the head.  Two searches take turns:
 * over the blocks from here up, and over the list from the cursor; either may
 * be the short one. */
static struct first_fit_free *first_fit_place(struct hm_heap *heap,
                                              unsigned char *block)
{
    struct first_fit_free *head = &heap->list, *node = heap->cursor;
    unsigned char *at = hm_boundary_after(block);
    int up = node == head || (unsigned char *)node < block;

    for (;; at = hm_boundary_after(at)) {
        if (at == heap->space.top)
            return head;
        if (!hm_boundary_is_used(at))
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

static void hm_policy_insert(struct hm_heap *heap, unsigned char *block,
                             size_t bytes)
{
    struct first_fit_free *node = first_fit_node(block);
    struct first_fit_free *before = first_fit_place(heap, block);

    node->next = before;
    node->prev = before->prev;
    before->prev->next = node;
    before->prev = node;
    heap->cursor = node;
    first_fit_floor_lower(heap, node, bytes);
}

static void hm_policy_remove(struct hm_heap *heap, unsigned char *block,
                             size_t bytes)
{
    struct first_fit_free *node = first_fit_node(block);

    (void)bytes;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    if (heap->cursor == node)
        heap->cursor = node->prev;
    first_fit_floor_move(heap, node, node->next);
}

static unsigned char *hm_policy_find(struct hm_heap *heap, size_t need,
                                     size_t align)
{
    unsigned n = first_fit_class(need);
    size_t least = first_fit_class_least(n);
    struct first_fit_free *head = &heap->list, *node = heap->floor[n];

    while (node != head && hm_boundary_bytes(node) < least)
        node = node->next;
    first_fit_floor_raise(heap, n, node);
    for (; node != head; node = node->next) {
        if (hm_boundary_bytes(node) >= need &&
            hm_boundary_gap(node, align) <= hm_boundary_bytes(node) - need)
            return (unsigned char *)node;
    }
    return NULL;
}

/* --- check --- */

static const char *first_fit_check_floors(const struct hm_heap *heap)
{
    const struct first_fit_free *head = &heap->list, *node = head->next;
    unsigned n = 0;

    for (; node != head; node = node->next) {
        while (n < FIRST_FIT_CLASSES && heap->floor[n] == node)
            n++;
        if (n <= first_fit_class(hm_boundary_bytes(node)))
            return "no free block lies below its floor";
    }
    for (; n < FIRST_FIT_CLASSES; n++) {
        if (heap->floor[n] != head)
            return "floors are in the list and ascend";
    }
    return NULL;
}

static const char *first_fit_check_end(const struct hm_heap *heap,
                                       const struct first_fit_free *last)
{
    const struct first_fit_free *head = &heap->list, *node = heap->cursor;

    if (last->next != head || head->prev != last)
        return "the list holds nothing but the free blocks";
    while (node != head && node != last)
        node = node->next;
    if (node == head && heap->cursor != head)
        return "the cursor is in the list";
    return first_fit_check_floors(heap);
}

static const char *hm_policy_check(const struct hm_heap *heap,
                                   const unsigned char *block,
                                   const struct hm_boundary_walk *walk)
{
    const struct first_fit_free *last =
        walk->last == NULL ? &heap->list : first_fit_node(walk->last);
    const struct first_fit_free *node = first_fit_node(block);

    if (block == NULL)
        return first_fit_check_end(heap, last);
    if (last->next != node || node->prev != last)
        return "the list holds every free block by address";
    return NULL;
}

static struct hm_heap *first_fit_create(size_t limit_bytes)
{
    return hm_boundary_create(limit_bytes, sizeof(struct hm_heap));
}

extern const struct hm_allocator hm_allocator_first_fit;
const struct hm_allocator hm_allocator_first_fit = {
    .name = "first_fit",
    .summary = "boundary tags, free list by address, lowest block that fits",
    .source = "Knuth, TAOCP 1, 2.5",
    .create = first_fit_create,
    .destroy = hm_boundary_destroy,
    .alloc = hm_boundary_alloc,
    .release = hm_boundary_release,
    .usable = hm_boundary_usable,
    .resize = hm_boundary_resize,
    .check = hm_boundary_check,
};
