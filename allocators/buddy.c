/* SPDX-License-Identifier: MIT */
/* buddy.c -- binary buddies: every block is a power of two, and joins only the
 * one it was split from.
 *
 * Source:     K. C. Knowlton, "A fast storage allocator", CACM 8(10), 1965;
 *             D. E. Knuth, The Art of Computer Programming 1, 2.5, Algorithms
 *             R and S.
 * Differs:    the heap is not one block at first: it grows by buddies at its
 *             frontier, and shrinks there; orders are in a side table, one byte
 *             for each 32, so blocks carry no tag.
 * Invariants: blocks lie end to end from the base to the frontier, each 2^k x
 *             32 bytes at a multiple of its size; the table has the order of
 *             each at its first byte and 0 elsewhere; no two free buddies are
 *             of one order; each free block is in the list of its order; a bit
 *             says whether a list has one; the block at the frontier is in use.
 * Costs:      alloc and release O(log of the heap); up to half of a block is
 *             rounding, a quarter on average; 1/32 for the table.
 * Threads:    none; the shim holds a lock. */
#include "allocators/allocator.h"

#include "allocators/region.h"
#include "common/check.h"

enum {
    BUDDY_LEAST_LOG2 = 5,
    BUDDY_LEAST = 1 << BUDDY_LEAST_LOG2,
    BUDDY_ORDERS = 48,
    BUDDY_FREE = 0x80, /* in the table, beside order + 1 */
};

/* A free block. */
struct buddy_free {
    struct buddy_free *next, *prev; /* prev: NULL for the first */
};

struct hm_heap {
    struct hm_region table; /* begins with this struct, then the orders */
    struct hm_region space; /* from a multiple of every block's size on */
    uint8_t *order;         /* + 1, of the block that starts there */
    size_t frontier;        /* in units of 32 bytes, as all places here */
    size_t end;
    uint64_t map;
    struct buddy_free *list[BUDDY_ORDERS];
};

static unsigned char *buddy_address(const struct hm_heap *heap, size_t at)
{
    return heap->space.base + at * BUDDY_LEAST;
}

static size_t buddy_place(const struct hm_heap *heap, const void *block)
{
    return (size_t)((const unsigned char *)block - heap->space.base) /
           BUDDY_LEAST;
}

/* The order of the smallest block that holds `bytes`. */
static unsigned buddy_order_for(size_t bytes)
{
    return bytes <= BUDDY_LEAST
               ? 0
               : 64 - (unsigned)__builtin_clzll(bytes - 1) - BUDDY_LEAST_LOG2;
}

static unsigned buddy_order(const struct hm_heap *heap, size_t at)
{
    return (heap->order[at] & ~(unsigned)BUDDY_FREE) - 1;
}

static int buddy_is_free(const struct hm_heap *heap, size_t at, unsigned order)
{
    return heap->order[at] == (BUDDY_FREE | (order + 1));
}

/* --- Lists ---*/

static void buddy_insert(struct hm_heap *heap, size_t at, unsigned order)
{
    struct buddy_free *node = (void *)buddy_address(heap, at);

    heap->order[at] = (uint8_t)(BUDDY_FREE | (order + 1));
    node->prev = NULL;
    node->next = heap->list[order];
    if (node->next != NULL)
        node->next->prev = node;
    heap->list[order] = node;
    heap->map |= UINT64_C(1) << order;
}

static void buddy_remove(struct hm_heap *heap, size_t at, unsigned order)
{
    struct buddy_free *node = (void *)buddy_address(heap, at);

    heap->order[at] = 0;
    if (node->next != NULL)
        node->next->prev = node->prev;
    if (node->prev != NULL) {
        node->prev->next = node->next;
        return;
    }
    heap->list[order] = node->next;
    if (node->next == NULL)
        heap->map &= ~(UINT64_C(1) << order);
}

/* Frees the block at `at`, joined with its buddies.  Whether the result is at
 * the frontier. */
static int buddy_give(struct hm_heap *heap, size_t at, unsigned order)
{
    for (;;) {
        size_t size = (size_t)1 << order, other = at ^ size;

        if (other + size > heap->frontier || !buddy_is_free(heap, other, order))
            break;
        buddy_remove(heap, other, order);
        at &= ~size;
        order++;
    }
    buddy_insert(heap, at, order);
    return at + ((size_t)1 << order) == heap->frontier;
}

/* --- Life of the heap ---*/

static size_t buddy_power_below(size_t bytes)
{
    return (size_t)1 << (63 - __builtin_clzll(bytes));
}

static struct hm_heap *buddy_create(size_t limit_bytes)
{
    struct hm_region table, space;
    size_t orders = limit_bytes / (BUDDY_LEAST + 1);
    size_t table_bytes = sizeof(struct hm_heap) + orders + 4096;
    struct hm_heap *heap;

    if (limit_bytes < (size_t)4 * 4096) {
        errno = EINVAL;
        return NULL;
    }
    if (hm_region_init(&table, table_bytes) != 0)
        return NULL;
    if (hm_region_init_aligned(&space, limit_bytes - orders - 4096,
                               buddy_power_below(limit_bytes)) != 0) {
        hm_region_fini(&table);
        errno = ENOMEM;
        return NULL;
    }
    heap = (struct hm_heap *)(void *)table.base;
    heap->table = table;
    heap->space = space;
    heap->order = table.base + sizeof(*heap);
    heap->end = (size_t)(space.end - space.base) / BUDDY_LEAST;
    return heap;
}

static void buddy_destroy(struct hm_heap *heap)
{
    struct hm_region table = heap->table, space = heap->space;

    hm_region_fini(&space);
    hm_region_fini(&table);
}

/* --- alloc ---*/

/* Moves the frontier to the next multiple of 2^order, or by that much if it is
 * one: what it passes becomes free.  0: no room. */
static int buddy_extend(struct hm_heap *heap, unsigned order)
{
    size_t at = heap->frontier, end;
    unsigned low = at == 0 ? order : (unsigned)__builtin_ctzll(at);

    if (low < order)
        order = low;
    end = at + ((size_t)1 << order);
    if (end > heap->end || end < at ||
        !hm_region_reach(&heap->table, heap->order + end) ||
        !hm_region_touch(&heap->space, buddy_address(heap, end)))
        return 0;
    heap->frontier = end;
    (void)buddy_give(heap, at, order);
    return 1;
}

/* The block at the frontier is in use, or there is none. */
static void buddy_retreat(struct hm_heap *heap)
{
    unsigned order = 0;

    while (heap->frontier > 0 && order < BUDDY_ORDERS) {
        size_t size = (size_t)1 << order;

        if (size > heap->frontier) {
            break;
        } else if (heap->frontier % size == 0 &&
                   buddy_is_free(heap, heap->frontier - size, order)) {
            heap->frontier -= size;
            buddy_remove(heap, heap->frontier, order);
            order = 0;
        } else {
            order++;
        }
    }
    hm_region_trim(&heap->space, buddy_address(heap, heap->frontier));
}

static void *buddy_take(struct hm_heap *heap, unsigned order)
{
    unsigned from = (unsigned)__builtin_ctzll(heap->map >> order) + order;
    size_t at = buddy_place(heap, heap->list[from]);

    buddy_remove(heap, at, from);
    while (from > order) {
        from--;
        buddy_insert(heap, at + ((size_t)1 << from), from);
    }
    heap->order[at] = (uint8_t)(order + 1);
    return buddy_address(heap, at);
}

static void *buddy_alloc(struct hm_heap *heap, size_t bytes, size_t align)
{
    unsigned order;

    HM_ASSERT(bytes > 0);
    HM_ASSERT(align >= HM_ALLOC_ALIGN && (align & (align - 1)) == 0);
    if (bytes < align)
        bytes = align; /* a block is aligned to its size */
    if (bytes > heap->end * BUDDY_LEAST)
        return NULL;
    order = buddy_order_for(bytes);
    if (align > ((size_t)BUDDY_LEAST << order))
        return NULL;
    while (heap->map >> order == 0) {
        if (!buddy_extend(heap, order)) {
            buddy_retreat(heap);
            return NULL;
        }
    }
    return buddy_take(heap, order);
}

/* --- release and resize ---*/

#ifndef NDEBUG
static int buddy_is_block(const struct hm_heap *heap, const void *block)
{
    const unsigned char *start = block;
    size_t at = buddy_place(heap, block);

    return start >= heap->space.base && at < heap->frontier &&
           hm_region_gap(start, BUDDY_LEAST) == 0 && heap->order[at] != 0 &&
           (heap->order[at] & BUDDY_FREE) == 0;
}
#endif

static void buddy_release(struct hm_heap *heap, void *block)
{
    size_t at = buddy_place(heap, block);
    unsigned order;

    HM_ASSERT(buddy_is_block(heap, block));
    order = buddy_order(heap, at);
    heap->order[at] = 0;
    if (buddy_give(heap, at, order))
        buddy_retreat(heap);
}

static size_t buddy_usable(const struct hm_heap *heap, const void *block)
{
    return (size_t)BUDDY_LEAST << buddy_order(heap, buddy_place(heap, block));
}

/* Whether the block at `at` can become one of `order` with the free buddies
 * above it. */
static int buddy_can_grow(const struct hm_heap *heap, size_t at, unsigned order)
{
    for (unsigned k = buddy_order(heap, at); k < order; k++) {
        size_t size = (size_t)1 << k;

        if ((at & size) != 0 || at + 2 * size > heap->frontier ||
            !buddy_is_free(heap, at + size, k))
            return 0;
    }
    return 1;
}

static int buddy_resize(struct hm_heap *heap, void *block, size_t bytes)
{
    size_t at = buddy_place(heap, block);
    unsigned had, order;
    int is_at_frontier = 0;

    HM_ASSERT(buddy_is_block(heap, block));
    if (bytes > heap->end * BUDDY_LEAST)
        return 0;
    had = buddy_order(heap, at);
    order = buddy_order_for(bytes);
    if (order > had && !buddy_can_grow(heap, at, order))
        return 0;
    for (unsigned k = had; k < order; k++)
        buddy_remove(heap, at + ((size_t)1 << k), k);
    heap->order[at] = (uint8_t)(order + 1);
    for (unsigned k = had; k > order; k--)
        is_at_frontier |= buddy_give(heap, at + ((size_t)1 << (k - 1)), k - 1);
    if (is_at_frontier)
        buddy_retreat(heap);
    return 1;
}

/* --- check ---*/

static const char *buddy_check_free(const struct hm_heap *heap, size_t at,
                                    unsigned order)
{
    const struct buddy_free *node = (const void *)buddy_address(heap, at);
    size_t size = (size_t)1 << order, other = at ^ size;

    if (other + size <= heap->frontier && buddy_is_free(heap, other, order))
        return "no two free buddies are of one order";
    if (node->prev != NULL ? node->prev->next != node
                           : heap->list[order] != node)
        return "each free block is in the list of its order";
    if (at + size == heap->frontier)
        return "the block at the frontier is in use";
    return NULL;
}

static const char *buddy_check_lists(const struct hm_heap *heap, size_t n_free)
{
    for (unsigned k = 0; k < BUDDY_ORDERS; k++) {
        const struct buddy_free *node = heap->list[k];

        if ((node != NULL) != (int)(heap->map >> k & 1))
            return "a bit says whether a list has a block";
        for (; node != NULL; node = node->next) {
            if (n_free-- == 0)
                return "the lists hold nothing but the free blocks";
        }
    }
    return n_free == 0 ? NULL : "each free block is in a list";
}

static const char *buddy_check(const struct hm_heap *heap)
{
    size_t n_free = 0, size;

    for (size_t at = 0; at < heap->frontier; at += size) {
        unsigned order = buddy_order(heap, at);

        if (heap->order[at] == 0 || order >= BUDDY_ORDERS)
            return "the table has the order of each block";
        size = (size_t)1 << order;
        if (at % size != 0 || at + size > heap->frontier)
            return "blocks lie end to end at multiples of their size";
        for (size_t k = 1; k < size; k++) {
            if (heap->order[at + k] != 0)
                return "the table has 0 inside a block";
        }
        if ((heap->order[at] & BUDDY_FREE) != 0) {
            const char *broken = buddy_check_free(heap, at, order);

            if (broken != NULL)
                return broken;
            n_free++;
        }
    }
    return buddy_check_lists(heap, n_free);
}

extern const struct hm_allocator hm_allocator_buddy;
const struct hm_allocator hm_allocator_buddy = {
    .name = "buddy",
    .summary = "binary buddies: powers of two that join their other half",
    .source = "Knowlton, CACM 8(10), 1965; Knuth, TAOCP 1, 2.5",
    .create = buddy_create,
    .destroy = buddy_destroy,
    .alloc = buddy_alloc,
    .release = buddy_release,
    .usable = buddy_usable,
    .resize = buddy_resize,
    .check = buddy_check,
};
