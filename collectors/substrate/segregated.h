/* SPDX-License-Identifier: MIT */
/* segregated.h -- small objects in blocks of cells of one size, found free by
 * the mark bits: a space for collectors that do not move.
 *
 * Free cells are never threaded or touched.  After marking, blocks without a
 * mark go back to the pool and those with a hole into the list of their class;
 * allocation takes hole by hole from them (lazy sweeping), then empty blocks.
 * Each mutator has a struct hm_holes of its own, the rest is shared.
 *
 * For marking in steps, while the program allocates, there is a second bitmap:
 * one still says what is free, the other is marked.  Holes opened meanwhile
 * are marked at once (black); hm_segregated_turn then exchanges the bitmaps,
 * and blocks are sorted bit by bit, or when allocation asks for them.
 *
 * Source:     lazy sweeping R. J. M. Hughes, SP&E 12, 1982; block-structured
 *             segregated fits with side mark bits H.-J. Boehm and M. Weiser,
 *             SP&E 18(9), 1988.
 * Invariants: a block has cells of one class from its first word on; a mark
 *             bit stands at the header of an object and nowhere else; holes
 *             lie between marked cells of used blocks, each opened once.
 * Costs:      a few instructions for each cell passed over; sorting counts
 *             the bitmap, 1/64 of the heap.
 * Threads:    none of its own: the owner serialises calls for one space. */
#ifndef HM_COLLECTORS_SUBSTRATE_SEGREGATED_H
#define HM_COLLECTORS_SUBSTRATE_SEGREGATED_H

#include "collectors/substrate/blocks.h"
#include "collectors/substrate/heap.h"
#include "collectors/substrate/holes.h"
#include "collectors/substrate/marker.h"

/* Where a class allocates; holes before `word` are used up. */
struct hm_segregated_cursor {
    uint32_t block; /* or HM_BLOCK_NONE */
    unsigned word, end;
};

struct hm_segregated {
    struct hm_heap *heap;
    struct hm_blocks blocks;
    struct hm_segregated_cursor cursor[HM_SIZE_CLASSES];
    uint32_t partial[HM_SIZE_CLASSES]; /* blocks with holes, not begun */
    size_t partial_words;              /* free cells of those blocks */
    /* With two bitmaps: */
    uint32_t sorted, sort_end; /* blocks between still have to be sorted */
    uint32_t epoch;            /* odd while marking; changes at both ends */
    size_t black_words;        /* of holes opened while marking */
};

/* A space charged to `heap`, which must be open and outlive it.  Returns 1; 0
 * when the system refuses the address space: close it then, too. */
int hm_segregated_open(struct hm_segregated *space, struct hm_heap *heap);
void hm_segregated_close(struct hm_segregated *space);

/* The same with a second bitmap. */
int hm_segregated_open_double(struct hm_segregated *space,
                              struct hm_heap *heap);

/* Closes all holes of a mutator. */
static inline void hm_holes_close(struct hm_holes *holes)
{
    *holes = (struct hm_holes){0};
}

/* Forgets cursors and lists: before marks are cleared.  No hole is open. */
void hm_segregated_reset(struct hm_segregated *space);

/* Opens the next hole of class c, or one cell of it when the hole is larger
 * than `max_words`.  Returns its words; 0 when the class has no more.  Time in
 * blocks that others have used is logged as a sweep. */
size_t hm_segregated_refill(struct hm_segregated *space, struct hm_hole *hole,
                            unsigned c, size_t max_words);

/* Marks all that is reachable; the space has been reset. */
void hm_segregated_mark(struct hm_segregated *space, struct hm_marker *marker);

/* Frees blocks without a mark and lists those with a hole, the lowest first.
 */
void hm_segregated_sort(struct hm_segregated *space);

/* Marking in steps begins, with the holes of one mutator. */
void hm_segregated_begin(struct hm_segregated *space,
                         const struct hm_holes *holes);

/* Marking has ended: closes the holes, exchanges the bitmaps.  All blocks wait
 * to be sorted. */
void hm_segregated_turn(struct hm_segregated *space, struct hm_holes *holes);

/* Sorts up to `max` blocks.  Returns 0 when none is left. */
int hm_segregated_sort_some(struct hm_segregated *space, uint32_t max);

static inline int hm_segregated_is_marking(const struct hm_segregated *space)
{
    return (space->epoch & 1) != 0;
}

/* Backed bytes that await allocation in cells and blocks, sorted ones. */
static inline size_t hm_segregated_free_bytes(const struct hm_segregated *space)
{
    return space->partial_words * HM_WORD_BYTES +
           (size_t)space->blocks.n_free * HM_BLOCK_BYTES;
}

/* Whether the marked word is in a hole that was opened since marking began:
 * there may be no object yet, and none needs to be scanned. */
int hm_segregated_is_black(const struct hm_segregated *space, size_t word);

/* Verify mode: writes over every cell that holds nothing. */
void hm_segregated_poison(struct hm_segregated *space);

/* Whether the cell or large object at `o`, any bit pattern, may be an object;
 * a struct hm_segregated as `arg`. */
int hm_segregated_is_object(const void *arg, hm_ref o);

/* NULL, or what is wrong with blocks, lists, marks or large objects. */
const char *hm_segregated_check(const struct hm_segregated *space);

#endif /* HM_COLLECTORS_SUBSTRATE_SEGREGATED_H */
