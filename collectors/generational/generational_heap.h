/* SPDX-License-Identifier: MIT */
/* generational_heap.h -- what the parts of the generational collector share:
 * the nursery, the old space and the collections of each. */
#ifndef HM_COLLECTORS_GENERATIONAL_HEAP_H
#define HM_COLLECTORS_GENERATIONAL_HEAP_H

#include "collectors/generational/generational_parallel.h"
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

/* Where a cycle of incremental marking stands. */
enum generational_phase {
    GENERATIONAL_IDLE,
    GENERATIONAL_SWEEPING, /* finishes the last sweep, then waits to start */
    GENERATIONAL_MARKING,
};

/* How a collection treats what is old. */
enum generational_extent {
    GENERATIONAL_MINOR, /* only if it is due */
    GENERATIONAL_FULL,  /* a cycle under way is completed */
    GENERATIONAL_EXACT, /* marked from scratch, and compacted by what lives */
};

/* Two semispaces, of which one is in use up to the mutator's free pointer. */
struct generational_nursery {
    struct hm_range range;
    char *space[GENERATIONAL_SPACES];
    unsigned n_spaces, current;
    size_t capacity_bytes;         /* of a space; two are charged */
    size_t floor_bytes, max_bytes; /* what it may shrink and grow to */
    uint64_t *age_mark;            /* objects below have survived once */
    uint64_t collected_ns;         /* when the last collection ended */
    uint64_t *opened;              /* free pointer after the last collection */
    size_t survived_bytes;         /* since the nursery grew */
    size_t aging_words;            /* survivors beyond these do not age */
    int is_backed;      /* with memory, as far as the capacity goes */
    unsigned gap_shift; /* capacity >> this is left for gaps between windows */
};

/* Blocks with free cells in lists; promotion bumps through one cell. */
struct generational_old {
    struct hm_blocks blocks;
    struct hm_slot_set slots; /* those that hold young references */
    uint64_t *free, *limit;   /* the cell in use */
    uint64_t *list[GENERATIONAL_LISTS];
    uint32_t list_mask; /* bit c: list c is not empty */
    uint32_t unswept[GENERATIONAL_BINS];
    size_t bytes; /* live at the last full collection, and since then */
    size_t allocated_bytes; /* since then */
    size_t limit_bytes;     /* a full collection is due above, large included */
    int is_configured;      /* the first limit has been found */
};

/* Marking between young collections.  Young objects are no part of it: what
 * they refer to is found when it ends. */
struct generational_cycle {
    enum generational_phase phase;
    int is_enabled;
    size_t step_bytes, every_bytes; /* marked for so many allocated */
    uint64_t step_ns;               /* at most */
    size_t since_bytes;             /* allocated since the last step */
    size_t old_bytes;               /* of the old space at the last step */
    size_t work_bytes;              /* of the old space when marking began */
    size_t marked_bytes;            /* by increments, so far */
    size_t rest_bytes;              /* headroom after the last collection */
    size_t rescan;                  /* word where a rescan goes on */
    int is_rescanning;
    int is_drained;      /* by the last step: a young collection may end it */
    unsigned n_attempts; /* to end marking that found more to do */
    double survival;     /* promoted bytes to allocated ones, lately */
    uint64_t n_started, n_completed; /* those completed by increments */
};

/* Sparse blocks that the collection is to empty. */
struct generational_evacuation {
    unsigned
        policy; /* 0 never, 1 sparse blocks, 2 all that there is room for */
    struct hm_range range;
    uint64_t *candidate; /* a bit for each block */
    uint32_t n_candidates;
    int is_recording; /* slots that refer to candidates */
    struct hm_slot_set slots, large_slots;
    uint64_t *moved; /* originals of copies to be updated, linked through the
                      * word after the header */
};

struct hm_gc {
    struct hm_mutator mutator;
    struct hm_heap heap;
    struct generational_nursery nursery;
    struct generational_old old;
    struct hm_slot_set large_slots;
    int has_failed_promotion; /* in the last young collection */
    int is_ageing;            /* else the first survival promotes */
    int is_ageing_all;        /* all that there is room for, as in V8 */
    uint64_t minor_collections, verified_bytes;
    size_t young_marked_bytes;
    int is_noting; /* in a pause: the weak table is told what is marked */
    struct generational_cycle cycle;
    struct generational_evacuation evacuation;
    struct generational_team team;
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

/* Whether the block of an old object's header is a candidate. */
static inline int generational_is_candidate(const struct hm_gc *gc,
                                            const uint64_t *header)
{
    size_t b = generational_word(gc, header) / HM_BLOCK_WORDS;

    return b < gc->old.blocks.frontier &&
           hm_bits_get(gc->evacuation.candidate, b);
}

static inline int generational_is_marking(const struct hm_gc *gc)
{
    return gc->cycle.phase == GENERATIONAL_MARKING;
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

/* Frees block b if nothing in it is marked, and puts it into a bin if it has a
 * gap, by how much of it lives.  Returns the words that live. */
unsigned hm_generational_old_sort(struct hm_gc *gc, uint32_t b);

/* Whether nothing is left to sweep. */
int hm_generational_is_swept(const struct hm_gc *gc);

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

/* `words` from `start`, the rest of a cell in use, are free again. */
void hm_generational_old_return(struct hm_gc *gc, uint64_t *start,
                                size_t words);

/* Opening, growing and shrinking the nursery.  Growing asks the budget.
 * Backing waits for the first allocation: memory that was touched when the heap
 * opened would be the program's for nothing. */
int hm_generational_nursery_open(struct hm_gc *gc);
void hm_generational_nursery_back(struct hm_gc *gc);
void hm_generational_nursery_grow(struct hm_gc *gc);
void hm_generational_nursery_shrink(struct hm_gc *gc, size_t bytes);

/* A young collection: cannot fail. */
void hm_generational_minor(struct hm_gc *gc);

/* Marks from the roots, right after a young collection; or completes what a
 * cycle has begun.  Then sorts the blocks. */
void hm_generational_mark(struct hm_gc *gc, int is_exact);

/* After hm_generational_mark_rest: ephemerons, and who of the weak table has
 * died. */
void hm_generational_mark_weak(struct hm_gc *gc);

/* Begins marking with nothing marked. */
void hm_generational_mark_begin(struct hm_gc *gc);

/* Queues what the roots and the nursery refer to in the old space. */
void hm_generational_mark_sources(struct hm_gc *gc);

/* Increment: marks at least `words` unless all is done.  Returns how many. */
size_t hm_generational_mark_some(struct hm_gc *gc, size_t words);

/* Whether increments have nothing left to do. */
int hm_generational_is_marked(const struct hm_gc *gc);

/* `slot`, of an old object, holds an old reference: during marking, an object
 * that has been scanned may not hide one that will not be. */
void hm_generational_shade(struct hm_gc *gc, hm_ref *slot);

/* After a young collection during marking: what has been promoted is shaded
 * where a marked object refers to it. */
void hm_generational_shade_promoted(struct hm_gc *gc);

/* In a pause: marks all that is not marked, young objects in their header. */
void hm_generational_mark_rest(struct hm_gc *gc);

/* Gives up the marking under way. */
void hm_generational_mark_abandon(struct hm_gc *gc);

/* After a young collection of `used_bytes`, `promoted_bytes` of them: starts a
 * cycle if one is due.  Returns whether the cycle under way is to end now. */
int hm_generational_cycle_turn(struct hm_gc *gc, size_t used_bytes,
                               size_t promoted_bytes);

/* `bytes` have been allocated while a cycle is under way: does its share. */
void hm_generational_cycle_step(struct hm_gc *gc, size_t bytes);

/* All is marked and sorted: the next cycle may come. */
void hm_generational_cycle_end(struct hm_gc *gc);

/* Whether a cycle should start. */
int hm_generational_cycle_is_due(const struct hm_gc *gc);

/* Bytes that old objects may still take. */
size_t hm_generational_headroom(const struct hm_gc *gc);

/* Whether the old space has outgrown its limit. */
int hm_generational_is_over(const struct hm_gc *gc);

/* Returns 1; 0 when the system refuses address space. */
int hm_generational_evacuation_open(struct hm_gc *gc);
void hm_generational_evacuation_close(struct hm_gc *gc);

/* Chooses blocks to empty: before marking by what is in use, which then
 * records the slots that refer to them; or after it by what lives. */
void hm_generational_choose(struct hm_gc *gc, int is_marked);

/* Remembers `slot`, of an old object, if it refers to a candidate. */
void hm_generational_record(struct hm_gc *gc, hm_ref *slot);

/* Once all is marked: moves what lives in candidates as far as there is room,
 * and updates all references to it. */
void hm_generational_evacuate(struct hm_gc *gc);

/* Forgets candidates and slots. */
void hm_generational_evacuation_end(struct hm_gc *gc);

/* During marking: NULL, or where it is wrong. */
const char *hm_generational_check_marking(struct hm_gc *gc);

/* When marking has ended: everything reachable must be marked. */
const char *hm_generational_check_marked(struct hm_gc *gc);

/* Young collection and, when it is asked for or due, a full one. */
void hm_generational_collect(struct hm_gc *gc, enum generational_extent extent);

/* The same because `bytes` are needed. */
void hm_generational_collect_for(struct hm_gc *gc,
                                 enum generational_extent extent, size_t bytes);

/* Bytes that may be allocated before stress makes the next collection due. */
size_t hm_generational_left(const struct hm_gc *gc);

/* As hm_gc_check; *bytes = what is reachable. */
const char *hm_generational_check(struct hm_gc *gc, uint64_t *bytes);

#endif /* HM_COLLECTORS_GENERATIONAL_HEAP_H */
