/* SPDX-License-Identifier: MIT */
/* tlsf.c -- two-level segregated fit: a good fit in a bounded number of steps,
 * for real time.
 *
 * Source:     M. Masmano, I. Ripoll, A. Crespo and J. Real, "TLSF: a new
 *             dynamic memory allocator for real-time systems", ECRTS 2004.
 * Differs:    memory comes from a region that grows, where the original is
 *             given a pool; blocks below 512 bytes have one list for each
 *             multiple of 16; the tags are those of boundary.h.
 * Invariants: those of boundary.h; each free block is in the list of its two
 *             indices and nowhere else; a bit of the maps says whether a list,
 *             or any list of a row, has one.
 * Costs:      O(1) for both, without a search: a request is rounded up to the
 *             next list, in which every block fits; so up to 1/16 of a block
 *             that would have done is passed over.  No operation takes four
 *             times the instructions of the median (conformance.tlsf_bound).
 *             8 bytes a block.  A system call for each MiB that the heap grows
 *             or gives back.
 * Threads:    none; the shim holds a lock. */
#include "allocators/boundary.h"

/* Row 0: blocks below 512 bytes, by 16; row r: [2^(8+r), 2^(9+r)) in 32 equal
 * parts. */
enum {
    TLSF_COLUMNS_LOG2 = 5,
    TLSF_COLUMNS = 1 << TLSF_COLUMNS_LOG2,
    TLSF_ROW_0_LOG2 = 9,
    TLSF_ROWS = 40,
};

/* A free block's payload. */
struct tlsf_free {
    struct tlsf_free *next, *prev; /* prev: NULL for the first */
};

struct hm_heap {
    struct hm_boundary space;
    uint64_t rows;               /* bit r: row r has a block */
    uint32_t columns[TLSF_ROWS]; /* bit c: list c of the row has one */
    struct tlsf_free *list[TLSF_ROWS][TLSF_COLUMNS];
};

struct tlsf_place {
    unsigned row, column;
};

static struct hm_boundary *hm_policy_space(const struct hm_heap *heap)
{
    return &((struct hm_heap *)heap)->space;
}

static unsigned tlsf_log2(size_t bytes)
{
    return 63 - (unsigned)__builtin_clzll(bytes);
}

static struct tlsf_place tlsf_place_of(size_t bytes)
{
    unsigned log2 = tlsf_log2(bytes);

    if (log2 < TLSF_ROW_0_LOG2)
        return (struct tlsf_place){0, (unsigned)(bytes / HM_ALLOC_ALIGN)};
    return (struct tlsf_place){log2 - TLSF_ROW_0_LOG2 + 1,
                               (unsigned)(bytes >> (log2 - TLSF_COLUMNS_LOG2)) &
                                   (TLSF_COLUMNS - 1)};
}

/* The list from which on every block holds `bytes`. */
static struct tlsf_place tlsf_place_above(size_t bytes)
{
    unsigned log2 = tlsf_log2(bytes);

    if (log2 >= TLSF_ROW_0_LOG2)
        bytes += ((size_t)1 << (log2 - TLSF_COLUMNS_LOG2)) - 1;
    return tlsf_place_of(bytes);
}

static struct tlsf_free *tlsf_node(const unsigned char *block)
{
    return (struct tlsf_free *)(void *)block;
}

static void hm_policy_open(struct hm_heap *heap)
{
    (void)heap; /* no block, no bit */
}

static void hm_policy_insert(struct hm_heap *heap, unsigned char *block,
                             size_t bytes)
{
    struct tlsf_place at = tlsf_place_of(bytes);
    struct tlsf_free **list = &heap->list[at.row][at.column];
    struct tlsf_free *node = tlsf_node(block);

    node->prev = NULL;
    node->next = *list;
    if (node->next != NULL)
        node->next->prev = node;
    *list = node;
    heap->columns[at.row] |= UINT32_C(1) << at.column;
    heap->rows |= UINT64_C(1) << at.row;
}

static void hm_policy_remove(struct hm_heap *heap, unsigned char *block,
                             size_t bytes)
{
    struct tlsf_place at = tlsf_place_of(bytes);
    struct tlsf_free *node = tlsf_node(block);

    if (node->next != NULL)
        node->next->prev = node->prev;
    if (node->prev != NULL) {
        node->prev->next = node->next;
        return;
    }
    heap->list[at.row][at.column] = node->next;
    if (node->next != NULL)
        return;
    heap->columns[at.row] &= ~(UINT32_C(1) << at.column);
    if (heap->columns[at.row] == 0)
        heap->rows &= ~(UINT64_C(1) << at.row);
}

static unsigned char *hm_policy_find(struct hm_heap *heap, size_t need,
                                     size_t align)
{
    struct tlsf_place at = tlsf_place_above(hm_boundary_enough(need, align));
    uint32_t columns;
    uint64_t rows;

    if (at.row >= TLSF_ROWS)
        return NULL;
    columns = heap->columns[at.row] & ~UINT32_C(0) << at.column;
    if (columns == 0) {
        rows = heap->rows & ~UINT64_C(1) << at.row;
        if (rows == 0)
            return NULL;
        at.row = (unsigned)__builtin_ctzll(rows);
        columns = heap->columns[at.row];
    }
    return (unsigned char *)heap->list[at.row][__builtin_ctz(columns)];
}

static const char *tlsf_check_row(const struct hm_heap *heap, unsigned row,
                                  size_t *n_free)
{
    if ((heap->columns[row] != 0) != (int)(heap->rows >> row & 1))
        return "a bit of the map says whether a row has a block";
    for (unsigned c = 0; c < TLSF_COLUMNS; c++) {
        const struct tlsf_free *node = heap->list[row][c];

        if ((node != NULL) != (int)(heap->columns[row] >> c & 1))
            return "a bit of the map says whether a list has a block";
        for (; node != NULL; node = node->next) {
            if ((*n_free)-- == 0)
                return "the lists hold nothing but the free blocks";
        }
    }
    return NULL;
}

static const char *tlsf_check_lists(const struct hm_heap *heap, size_t n_free)
{
    const char *broken = NULL;

    for (unsigned row = 0; broken == NULL && row < TLSF_ROWS; row++)
        broken = tlsf_check_row(heap, row, &n_free);
    if (broken != NULL)
        return broken;
    return n_free == 0 ? NULL : "each free block is in a list";
}

static const char *hm_policy_check(const struct hm_heap *heap,
                                   const unsigned char *block,
                                   const struct hm_boundary_walk *walk)
{
    const struct tlsf_free *node;
    struct tlsf_place at;

    if (block == NULL)
        return tlsf_check_lists(heap, walk->n_free);
    node = tlsf_node(block);
    at = tlsf_place_of(hm_boundary_bytes(block));
    if (node->prev != NULL ? node->prev->next != node
                           : heap->list[at.row][at.column] != node)
        return "each free block is in the list of its two indices";
    return NULL;
}

static struct hm_heap *tlsf_create(size_t limit_bytes)
{
    return hm_boundary_create(limit_bytes, sizeof(struct hm_heap));
}

extern const struct hm_allocator hm_allocator_tlsf;
const struct hm_allocator hm_allocator_tlsf = {
    .name = "tlsf",
    .summary = "two-level segregated fit: bounded steps, for real time",
    .source = "Masmano et al., ECRTS 2004",
    .create = tlsf_create,
    .destroy = hm_boundary_destroy,
    .alloc = hm_boundary_alloc,
    .release = hm_boundary_release,
    .usable = hm_boundary_usable,
    .resize = hm_boundary_resize,
    .check = hm_boundary_check,
};
