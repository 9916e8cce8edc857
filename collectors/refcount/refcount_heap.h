/* SPDX-License-Identifier: MIT */
/* refcount_heap.h -- what the parts of the counting collectors share. */
#ifndef HM_COLLECTORS_REFCOUNT_HEAP_H
#define HM_COLLECTORS_REFCOUNT_HEAP_H

#include "collectors/substrate/blocks.h"
#include "collectors/substrate/heap.h"

/* Parameters of both collectors, in this order; a collector's own follow. */
enum { REFCOUNT_INTERVAL, REFCOUNT_SLICE, REFCOUNT_TABLE, REFCOUNT_OWN };

#define REFCOUNT_ROWS                                                          \
    {"interval", "bytes allocated between two reconciliations",                \
     32768,      32768,                                                        \
     1024,       1 << 30},                                                     \
        {"slice", "references discounted and cells freed in a pause",          \
         8192,    8192,                                                        \
         1,       1 << 30},                                                    \
    {                                                                          \
        "table", "entries of the zero count table, at most", 1 << 30, 1 << 30, \
            1, 1 << 30                                                         \
    }

enum {
    REFCOUNT_RUNS = 256,            /* of new objects, before a pause */
    REFCOUNT_TABLE_BYTES = 4 << 12, /* by which the table grows */
};

/* Where a class allocates.  The bits of cells before `word` are up to date;
 * those of the open hole are set, whether it is used up or not. */
struct refcount_class {
    uint32_t block; /* or HM_BLOCK_NONE */
    unsigned word, end;
    unsigned cell;     /* words */
    unsigned list_at;  /* with so many cells in use a block is listed */
    uint32_t partial;  /* listed blocks, both ways linked */
    uint64_t *scanned; /* of the open hole: objects before it are not new */
};

/* New objects in what was a hole. */
struct refcount_run {
    uint64_t *start, *limit;
    unsigned cell;
};

struct hm_gc {
    struct hm_mutator mutator;
    struct hm_heap heap;
    struct hm_blocks blocks;
    struct hm_range zero_range;
    size_t param[REFCOUNT_OWN];
    struct refcount_class class[HM_SIZE_CLASSES];
    struct refcount_run run[REFCOUNT_RUNS];
    unsigned n_runs;
    size_t due_bytes;      /* between this reconciliation and the next */
    size_t kept;           /* entries of the table that this round keeps */
    int has_unseen;        /* entries that this round has not come to */
    uint64_t *dying;       /* list */
    uint64_t *current;     /* dying, not all fields discounted */
    size_t left;           /* fields of it that still are counted */
    uint64_t object_bytes; /* of live objects that are not new */
};

/* One bounded pause: new objects, part of the table, a slice of the dying. */
void hm_refcount_reconcile(struct hm_gc *gc);

/* Reconciles everything and finishes all that is dying; no entry in the log. */
void hm_refcount_settle(struct hm_gc *gc);

/* Whether a pause could free something. */
int hm_refcount_has_pending(const struct hm_gc *gc);

/* Sets or clears the flag ROOTED of what roots refer to.  Returns their
 * number of slots. */
size_t hm_refcount_flag_roots(struct hm_gc *gc, int on);

/* Frees the cell or the pages of an object without looking into it. */
void hm_refcount_release(struct hm_gc *gc, uint64_t *header);

/* Lists block b, or gives it back, if it is time to. */
void hm_refcount_settle_block(struct hm_gc *gc, uint32_t b);

/* Index of a word from the start of the blocks; a large object's is beyond. */
static inline size_t refcount_word(const struct hm_gc *gc, const uint64_t *word)
{
    return ((uintptr_t)word - (uintptr_t)gc->blocks.range.start) /
           HM_WORD_BYTES;
}

/* Returns free runs and blocks to the system. */
void hm_refcount_give_back(struct hm_gc *gc);

static inline size_t refcount_words(uint64_t *header)
{
    if (*header & HM_REFCOUNT_LARGE)
        return hm_refcount_large_of(header)->words;
    return *header >> HM_REFCOUNT_WORDS_SHIFT & HM_REFCOUNT_FIELD;
}

/* Calls visit(gc, header) for every object, live or dying; it may release the
 * one it is called with. */
void hm_refcount_each(struct hm_gc *gc,
                      void (*visit)(struct hm_gc *gc, uint64_t *header));

/* NULL, or what is wrong; *bytes = what is reachable. */
const char *hm_refcount_check(struct hm_gc *gc, uint64_t *bytes);

/* Aborts when something is wrong.  Verify mode only. */
void hm_refcount_demand(struct hm_gc *gc);

/* A field of an object that dies referred to `o`, not NULL.  Roots must be
 * flagged. */
void hm_refcount_discount(struct hm_gc *gc, hm_ref o);

/* What differs between the collectors.  Opening takes what finding needs; 0:
 * there is no room. */
int hm_refcount_cycles_open(struct hm_gc *gc);
void hm_refcount_cycles_close(void);

/* Part of a pause, with roots flagged and nothing new: looks for dead cycles
 * in bounded work, if it is time to.  Logs itself. */
void hm_refcount_cycles_step(struct hm_gc *gc);

/* How much may be allocated before the next step; at most `due_bytes`. */
size_t hm_refcount_cycles_hurry(const struct hm_gc *gc, size_t due_bytes);

/* Whether the bounded steps leave too much, and all has to be looked at. */
int hm_refcount_cycles_is_due(const struct hm_gc *gc);

/* Frees all dead cycles, in one pause without entry in the log; nothing may be
 * new. */
void hm_refcount_cycles_find(struct hm_gc *gc);

#endif /* HM_COLLECTORS_REFCOUNT_HEAP_H */
