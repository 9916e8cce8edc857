/* SPDX-License-Identifier: MIT */
/* segregated.c -- segregated fits: a list of free blocks for each class of
 * sizes, the first one that fits of the smallest class that has one.
 *
 * Source:     P. R. Wilson, M. S. Johnstone, M. Neely and D. Boles, "Dynamic
 *             storage allocation: a survey and critical review", IWMM 1995,
 *             3.6, segregated fits; D. Lea's malloc, 1996, for the spacing of
 *             the classes and the bitmap.
 * Differs:    the request's own class, whose blocks may be too small, is
 *             searched up to a bound; every block of a higher class fits.
 *             Lists are last in, first out.
 * Invariants: those of boundary.h; each free block is in the list of its class
 *             and nowhere else; bit n of the map says whether list n has one.
 * Costs:      alloc O(SEGREGATED_TRIES), release O(1); 8 bytes a block.
 * Threads:    none; the shim holds a lock. */
#include "allocators/boundary.h"

/* Each 16 bytes up to 512, then four to a doubling; the last has no end. */
enum {
    SEGREGATED_EXACT = 32,
    SEGREGATED_EXACT_LOG2 = 9,
    SEGREGATED_CLASSES = 128,
    SEGREGATED_TRIES = 16,
};

/* A free block's payload. */
struct segregated_free {
    struct segregated_free *next, *prev; /* prev: NULL for the first */
};

struct hm_heap {
    struct hm_boundary space;
    uint64_t map[SEGREGATED_CLASSES / 64];
    struct segregated_free *list[SEGREGATED_CLASSES];
};

static struct hm_boundary *hm_policy_space(const struct hm_heap *heap)
{
    return &((struct hm_heap *)heap)->space;
}

static unsigned segregated_class(size_t bytes)
{
    unsigned doublings, n;

    if (bytes < (size_t)1 << SEGREGATED_EXACT_LOG2)
        return (unsigned)(bytes / HM_ALLOC_ALIGN);
    doublings = 63 - (unsigned)__builtin_clzll(bytes);
    n = SEGREGATED_EXACT + (doublings - SEGREGATED_EXACT_LOG2) * 4 +
        (unsigned)(bytes >> (doublings - 2) & 3);
    return n < SEGREGATED_CLASSES ? n : SEGREGATED_CLASSES - 1;
}

static struct segregated_free *segregated_node(const unsigned char *block)
{
    return (struct segregated_free *)(void *)block;
}

static void hm_policy_open(struct hm_heap *heap)
{
    (void)heap; /* no block, no bit */
}

static void hm_policy_insert(struct hm_heap *heap, unsigned char *block,
                             size_t bytes)
{
    unsigned n = segregated_class(bytes);
    struct segregated_free *node = segregated_node(block);

    node->prev = NULL;
    node->next = heap->list[n];
    if (node->next != NULL)
        node->next->prev = node;
    heap->list[n] = node;
    heap->map[n / 64] |= UINT64_C(1) << (n % 64);
}

static void hm_policy_remove(struct hm_heap *heap, unsigned char *block,
                             size_t bytes)
{
    unsigned n = segregated_class(bytes);
    struct segregated_free *node = segregated_node(block);

    if (node->next != NULL)
        node->next->prev = node->prev;
    if (node->prev != NULL) {
        node->prev->next = node->next;
        return;
    }
    heap->list[n] = node->next;
    if (node->next == NULL)
        heap->map[n / 64] &= ~(UINT64_C(1) << (n % 64));
}

/* The first class from `n` on that has a block; SEGREGATED_CLASSES: none. */
static unsigned segregated_next(const struct hm_heap *heap, unsigned n)
{
    for (unsigned word = n / 64; word < SEGREGATED_CLASSES / 64; word++) {
        uint64_t bits = heap->map[word];

        if (word == n / 64)
            bits &= ~UINT64_C(0) << (n % 64);
        if (bits != 0)
            return word * 64 + (unsigned)__builtin_ctzll(bits);
    }
    return SEGREGATED_CLASSES;
}

/* The first in list `n` that holds `bytes`, of at most so many. */
static unsigned char *segregated_search(const struct hm_heap *heap, unsigned n,
                                        size_t bytes)
{
    struct segregated_free *node = heap->list[n];

    for (unsigned i = 0; node != NULL && i < SEGREGATED_TRIES; i++) {
        if (hm_boundary_bytes(node) >= bytes)
            return (unsigned char *)node;
        node = node->next;
    }
    return NULL;
}

static unsigned char *hm_policy_find(struct hm_heap *heap, size_t need,
                                     size_t align)
{
    size_t bytes = hm_boundary_enough(need, align);
    unsigned n = segregated_class(bytes);
    unsigned char *block = segregated_search(heap, n, bytes);

    if (block != NULL || n + 1 == SEGREGATED_CLASSES)
        return block;
    n = segregated_next(heap, n + 1);
    return n < SEGREGATED_CLASSES ? (unsigned char *)heap->list[n] : NULL;
}

static const char *segregated_check_lists(const struct hm_heap *heap,
                                          size_t n_free)
{
    for (unsigned n = 0; n < SEGREGATED_CLASSES; n++) {
        const struct segregated_free *node = heap->list[n];

        if ((node != NULL) != (int)(heap->map[n / 64] >> (n % 64) & 1))
            return "bit n of the map says whether list n has a block";
        for (; node != NULL; node = node->next) {
            if (n_free-- == 0)
                return "the lists hold nothing but the free blocks";
        }
    }
    return n_free == 0 ? NULL : "each free block is in a list";
}

static const char *hm_policy_check(const struct hm_heap *heap,
                                   const unsigned char *block,
                                   const struct hm_boundary_walk *walk)
{
    const struct segregated_free *node;

    if (block == NULL)
        return segregated_check_lists(heap, walk->n_free);
    node = segregated_node(block);
    if (node->prev != NULL
            ? node->prev->next != node
            : heap->list[segregated_class(hm_boundary_bytes(block))] != node)
        return "each free block is in the list of its class";
    return NULL;
}

static struct hm_heap *segregated_create(size_t limit_bytes)
{
    return hm_boundary_create(limit_bytes, sizeof(struct hm_heap));
}

extern const struct hm_allocator hm_allocator_segregated;
const struct hm_allocator hm_allocator_segregated = {
    .name = "segregated",
    .summary = "boundary tags, a list for each class of sizes",
    .source = "Wilson et al., IWMM 1995, segregated fits",
    .create = segregated_create,
    .destroy = hm_boundary_destroy,
    .alloc = hm_boundary_alloc,
    .release = hm_boundary_release,
    .usable = hm_boundary_usable,
    .resize = hm_boundary_resize,
    .check = hm_boundary_check,
};
