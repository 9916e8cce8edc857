/* SPDX-License-Identifier: MIT */
/* immix_heap.h -- what the parts of the mark-region collector share.
 *
 * A block has 256 lines of 16 words.  Its lines are described by four words of
 * bits, 1 for a line that may hold a live object; they are made from the mark
 * bits at the end of a collection and stay as they are until the next one, also
 * while allocation fills the holes between. */
#ifndef HM_COLLECTORS_IMMIX_HEAP_H
#define HM_COLLECTORS_IMMIX_HEAP_H

#include "collectors/substrate/blocks.h"
#include "collectors/substrate/mark_queue.h"
#include "collectors/substrate/mutators.h"
#include "collectors/substrate/parallel_marker.h"
#include "collectors/substrate/slot_set.h"

enum {
    IMMIX_LINE_WORDS = 16,
    IMMIX_LINES = HM_BLOCK_WORDS / IMMIX_LINE_WORDS,
    IMMIX_LINE_SETS = IMMIX_LINES / 64,
};

enum immix_param {
    IMMIX_EVACUATE = HM_PACER_PARAMS,
    IMMIX_HEADROOM,
    IMMIX_PARAMS, /* their number: those of sticky_immix begin here */
    IMMIX_GC_THREADS = IMMIX_PARAMS, /* of immix alone */
};

/* clang-format off */
#define IMMIX_ROWS                                                            \
    HM_PACER_ROWS,                                                            \
    [IMMIX_EVACUATE] = {"evacuate",                                           \
        "never|fragmented|always: blocks emptied by copying", 1, 1, 0, 2},    \
    [IMMIX_HEADROOM] = {"headroom",                                           \
        "room kept for copies, in thousandths of the limit", 25, 25, 0, 500}

/* clang-format on */

enum immix_evacuate { IMMIX_NEVER, IMMIX_FRAGMENTED, IMMIX_ALWAYS };

/* Of struct hm_block.  What is reached in a source block is copied out. */
enum immix_block_class { IMMIX_PLAIN, IMMIX_SOURCE };

struct immix_block {
    uint64_t line[IMMIX_LINE_SETS];
    uint64_t next[IMMIX_LINE_SETS]; /* set while marking, by larger objects */
    uint16_t marks;                 /* objects that the last collection found */
    uint16_t live;                  /* lines that are set */
    uint16_t medium;                /* lines known from `next` */
    uint16_t longest;               /* hole, in lines */
    uint16_t open;     /* free lines, while in the list of recyclable ones */
    uint16_t is_swept; /* 0: taken since the last collection */
    uint16_t is_begun; /* allocated into since then; of those that were swept */
};

/* sticky_immix: what lies between two full collections. */
struct immix_young {
    int is_running;              /* a young collection is */
    int is_full_due;             /* the next collection is a full one */
    unsigned in_a_row;           /* young collections since a full one */
    size_t nursery_bytes;        /* most allocation between collections */
    size_t yield_permille;       /* least room that one leaves */
    uint64_t full_bytes;         /* found, from which on a full one is due */
    uint64_t **log;              /* headers of old objects written to since */
    size_t logged, log_capacity; /* the last collection */
    struct hm_range log_range;
    struct hm_slot_set slots; /* ... and the slots of large ones */
};

struct hm_gc {
    struct hm_mutator first;
    struct hm_mutators mutators;
    struct hm_heap heap;
    struct hm_blocks blocks;
    struct hm_range info_range;
    struct immix_block *info; /* for each block */
    struct immix_cursor copy;
    uint32_t recyclable;   /* blocks with holes, not begun */
    uint32_t free_blocks;  /* backed */
    size_t info_bytes;     /* charged */
    uint64_t marked_bytes; /* in blocks, found by the last marking */
    uint64_t marks;        /* their number */
    uint64_t found_bytes;  /* small and large, by the last collection */
    uint64_t medium_bytes; /* of those with lines of their own */
    enum immix_evacuate evacuate;
    size_t headroom_permille;
    int may_evacuate; /* while marking: no copy has failed yet */
    struct immix_young young;
    struct hm_mark_queue queue;
    struct hm_parallel_marker parallel;
};

/* Blocks that could be taken from the budget or are free already. */
size_t hm_immix_room_blocks(const struct hm_gc *gc);

/* Room for an object of `words`; NULL when there is none without taking one of
 * the last `reserve_blocks`, or it is time to collect. */
uint64_t *hm_immix_find(struct hm_mutator *m, size_t words,
                        size_t reserve_blocks);

/* The cursors of `m`, or all, are nowhere afterwards.  What they leave of their
 * holes is found by the next collection. */
void hm_immix_leave_holes(struct hm_mutator *m);
void hm_immix_close_holes(struct hm_gc *gc);

/* Leads the cursor to a hole of at least `words`, in its block or another.
 * 0: there is none. */
int hm_immix_advance(struct hm_gc *gc, struct immix_cursor *cursor,
                     size_t words, size_t reserve_blocks);

/* A full collection.  `is_thorough`: evacuates as many fragmented blocks as
 * there is room for. */
void hm_immix_collect(struct hm_gc *gc, int is_thorough);

/* Marks, and copies, what the roots reach.  `is_evacuating`: some blocks are
 * sources. */
void hm_immix_mark(struct hm_gc *gc, int is_evacuating);

/* Marks what the roots reach, nothing being copied, by several threads.  0:
 * what roots and marked objects lead to is left, or all if there is one thread.
 */
int hm_immix_mark_together(struct hm_gc *gc);

/* Chooses the blocks that the coming collection empties; returns their number.
 */
uint32_t hm_immix_choose(struct hm_gc *gc, int is_thorough);

/* Makes the lines from the marks, frees blocks without a mark and lists those
 * with holes, the lowest first. */
void hm_immix_sweep(struct hm_gc *gc);

/* Verify mode: writes over all of the used blocks but the marked objects. */
void hm_immix_poison(struct hm_gc *gc);

/* As hm_gc_check; *bytes = what is reachable. */
const char *hm_immix_check(struct hm_gc *gc, uint64_t *bytes);

/* Under verify: aborts when the heap is wrong, or when a full collection did
 * not find exactly what is reachable. */
void hm_immix_verify(struct hm_gc *gc, int is_after_full);

/* Those of sticky_immix, called where HM_IMMIX_STICKY is set only.
 * Opening returns 1; 0 when the system refuses. */
int hm_immix_young_open(struct hm_gc *gc, size_t log_bytes);
void hm_immix_young_close(struct hm_gc *gc);

/* Returns 0, with nothing done, when a full collection is due. */
int hm_immix_collect_young(struct hm_gc *gc);

/* Before and after a full collection; after the opening, too. */
void hm_immix_young_forget(struct hm_gc *gc);
void hm_immix_young_restart(struct hm_gc *gc);

const char *hm_immix_young_check(const struct hm_gc *gc);

/* Index of a header's word in the blocks; beyond them for a large object. */
static inline size_t immix_word(const struct hm_gc *gc, const uint64_t *header)
{
    return ((uintptr_t)header - (uintptr_t)gc->blocks.range.start) /
           HM_WORD_BYTES;
}

/* Whether the last collections have marked the object, or this one has. */
static inline int immix_is_marked(const struct hm_gc *gc,
                                  const uint64_t *header)
{
    size_t word = immix_word(gc, header);

    if (word / HM_BLOCK_WORDS < gc->blocks.frontier)
        return hm_bits_get(gc->blocks.bits, word);
    return hm_large_of((hm_ref)(void *)(uint64_t *)(header + 1))->is_marked !=
           0;
}

/* A header without what sticky_immix notes there. */
static inline uint64_t immix_header(const uint64_t *header)
{
    return HM_IMMIX_STICKY ? *header & ~(uint64_t)HM_HEADER_MARK : *header;
}

/* The first line at or after `line` that is set, at most IMMIX_LINES. */
static inline size_t immix_next_live(const struct immix_block *info,
                                     size_t line)
{
    return hm_bits_next(info->line, line, IMMIX_LINES);
}

/* ... that is not set. */
static inline size_t immix_next_free(const struct immix_block *info,
                                     size_t line)
{
    size_t i = line / 64;
    uint64_t rest;

    if (line >= IMMIX_LINES)
        return IMMIX_LINES;
    rest = ~info->line[i] & ~(uint64_t)0 << line % 64;
    while (rest == 0) {
        if (++i == IMMIX_LINE_SETS)
            return IMMIX_LINES;
        rest = ~info->line[i];
    }
    return i * 64 + (unsigned)__builtin_ctzll(rest);
}

#endif /* HM_COLLECTORS_IMMIX_HEAP_H */
