/* SPDX-License-Identifier: MIT */
/* generational_heap.h -- what the parts of the generational collector share:
 * the nursery, the old space and the collections of each. */
#ifndef HM_COLLECTORS_GENERATIONAL_HEAP_H
#define HM_COLLECTORS_GENERATIONAL_HEAP_H

#include "collectors/substrate/bits.h"
#include "collectors/substrate/blocks.h"
#include "collectors/substrate/heap.h"
#include "collectors/substrate/mark_queue.h"
#include "collectors/substrate/slot_set.h"

enum {
    GENERATIONAL_SPACES = 4, /* of the nursery under verify; else two */
    GENERATIONAL_LISTS = 24, /* of free cells, by size */
    GENERATIONAL_BINS = 8,   /* of blocks to sweep, by how much lives there */
};

/* Old blocks: where the truth about their objects is (hm_block.class). */
enum {
    GENERATIONAL_SWEPT,  /* parsed from end to end: objects and free cells */
    GENERATIONAL_MARKED, /* what the last full collection marked lives */
};

/* Two semispaces, of which one is in use up to the mutator's free pointer. */
struct generational_nursery {
    struct hm_range range;
    char *space[GENERATIONAL_SPACES];
    unsigned n_spaces, current;
    size_t capacity_bytes;         /* of a space; two are charged */
    size_t floor_bytes, max_bytes; /* what it may shrink and grow to */
    uint64_t *age_mark;            /* objects below have survived once */
    uint64_t *opened;              /* free pointer after the last collection */
    size_t survived_bytes;         /* since the nursery grew */
    size_t aging_words;            /* survivors beyond these do not age */
};

/* Blocks with free cells in lists; promotion bumps through one cell. */
struct generational_old {
    struct hm_blocks blocks;
    struct hm_slot_set slots; /* those that hold young references */
    uint64_t *free, *limit;   /* the cell in use */
    uint64_t *list[GENERATIONAL_LISTS];
    uint32_t list_mask; /* bit c: list c is not empty */
    uint32_t unswept[GENERATIONAL_BINS];
    size_t bytes;       /* live at the last full collection, and since then */
    size_t limit_bytes; /* a full collection is due above, large included */
    int is_configured;  /* the first limit has been found */
};

struct hm_gc {
    struct hm_mutator mutator;
    struct hm_heap heap;
    struct generational_nursery nursery;
    struct generational_old old;
    struct hm_slot_set large_slots;
    unsigned growth_percent;
    int has_failed_promotion; /* in the last young collection */
    uint64_t minor_collections, verified_bytes;
    size_t young_marked_bytes;
    struct hm_mark_queue queue;
};

/* A free cell begins with a word that is no header and no forward address. */
static inline uint64_t generational_gap(size_t words)
{
    return (uint64_t)words << 32 | HM_HEADER_MARK;
}

static inline int generational_is_gap(uint64_t header)
{
    return (header & UINT32_MAX) == HM_HEADER_MARK;
}

/* Index of a word from the start of the old blocks; elsewhere, beyond them. */
static inline size_t generational_word(const struct hm_gc *gc, const void *p)
{
    uintptr_t start = (uintptr_t)gc->old.blocks.range.start;

    return ((uintptr_t)p - start) / HM_WORD_BYTES;
}

/* The first marked word of a block at or after `word`, at most its end. */
static inline unsigned generational_next_mark(const uint64_t *bits,
                                              unsigned word)
{
    return (unsigned)hm_bits_next(bits, word, HM_BLOCK_WORDS);
}

/* A pointer kept in a word of the heap: a link of a list. */
static inline uint64_t *generational_link(const uint64_t *word)
{
    uint64_t *next;

    memcpy(&next, word, HM_WORD_BYTES);
    return next;
}

static inline uint64_t *generational_space(const struct hm_gc *gc)
{
    return (void *)gc->nursery.space[gc->nursery.current];
}

static inline size_t generational_young_bytes(const struct hm_gc *gc)
{
    return (size_t)(gc->mutator.free - generational_space(gc)) * HM_WORD_BYTES;
}

static inline size_t generational_old_bytes(const struct hm_gc *gc)
{
    return gc->old.bytes + gc->heap.large.object_bytes;
}

/* Finds room when the cell in use is too short.  NULL: the budget has none. */
uint64_t *hm_generational_old_slow(struct hm_gc *gc, size_t words);

/* Room for an old object of at most HM_LARGE_WORDS, or NULL. */
static inline uint64_t *generational_old_new(struct hm_gc *gc, size_t words)
{
    uint64_t *start = gc->old.free;

    if (HM_UNLIKELY(words > (size_t)(gc->old.limit - start)))
        return hm_generational_old_slow(gc, words);
    gc->old.free = start + words;
    return start;
}

/* Forgets free cells and the blocks to sweep: before blocks are sorted. */
void hm_generational_old_reset(struct hm_gc *gc);

/* Sweeps the next block.  0: all are swept. */
int hm_generational_sweep_next(struct hm_gc *gc);

static inline void generational_sweep_all(struct hm_gc *gc)
{
    while (hm_generational_sweep_next(gc))
        continue;
}

/* Turns what is left of the cell in use into a gap, so that blocks can be
 * parsed. */
void hm_generational_old_seal(struct hm_gc *gc);

/* Opening, growing and shrinking the nursery.  Growing asks the budget. */
int hm_generational_nursery_open(struct hm_gc *gc);
void hm_generational_nursery_grow(struct hm_gc *gc);
void hm_generational_nursery_shrink(struct hm_gc *gc, size_t bytes);

/* A young collection: cannot fail. */
void hm_generational_minor(struct hm_gc *gc);

/* Marks from the roots, right after a young collection; sorts the blocks. */
void hm_generational_mark(struct hm_gc *gc);

/* Young collection and, when it is asked for or due, a full one. */
void hm_generational_collect(struct hm_gc *gc, int is_full);

/* As hm_gc_check; *bytes = what is reachable. */
const char *hm_generational_check(struct hm_gc *gc, uint64_t *bytes);

#endif /* HM_COLLECTORS_GENERATIONAL_HEAP_H */
