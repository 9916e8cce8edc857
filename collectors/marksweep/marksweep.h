/* SPDX-License-Identifier: MIT */
/* marksweep.h -- the inlined half of the mark-sweep collector: each size class
 * bumps through the holes that the last collection left. */
#ifndef HM_COLLECTORS_MARKSWEEP_H
#define HM_COLLECTORS_MARKSWEEP_H

#include "collectors/substrate/object.h"

#define HM_GC_MANUAL  0
#define HM_GC_PRECISE 1
#define HM_GC_MOVING  0
#define HM_GC_THREADS 0

enum {
    HM_MARKSWEEP_EXACT = 16,    /* up to so many words: a class for each size */
    HM_MARKSWEEP_EIGHTHS = 256, /* up to here: eight classes to a doubling */
    HM_MARKSWEEP_CLASSES = 60,  /* above: 15, 14, ... 4 cells to a block */
};

/* A hole, or what is left of it; a multiple of the class's cell. */
struct hm_marksweep_hole {
    uint64_t *free, *limit;
};

struct hm_mutator {
    struct hm_marksweep_hole hole[HM_MARKSWEEP_CLASSES];
    struct hm_frame *frames;
    struct hm_gc *gc;
};

/* The class of an object of 1..HM_LARGE_WORDS words. */
static inline unsigned hm_marksweep_class(size_t words)
{
    unsigned n = (unsigned)words - 1, log2;

    if (words <= HM_MARKSWEEP_EXACT)
        return n;
    if (words > HM_MARKSWEEP_EIGHTHS)
        return 48 + (15 - 4096 / (unsigned)words);
    log2 = 31 - (unsigned)__builtin_clz(n);
    return 16 + (log2 - 4) * 8 + (n >> (log2 - 3)) - 8;
}

/* Words of a cell of class c. */
static inline unsigned hm_marksweep_cell(unsigned c)
{
    if (c < 16)
        return c + 1;
    if (c >= 48)
        return 4096 / (15 - (c - 48));
    return ((c - 16) % 8 + 9) << ((c - 16) / 8 + 1);
}

/* Finds the next hole, collects, or finds room for a large object. */
hm_ref hm_marksweep_new_slow(struct hm_mutator *m, size_t words, size_t n_refs);

static inline hm_ref hm_marksweep_new(struct hm_mutator *m, size_t words,
                                      size_t n_refs)
{
    struct hm_marksweep_hole *hole;
    unsigned c;
    uint64_t *start;

    if (HM_UNLIKELY(words > HM_LARGE_WORDS))
        return hm_marksweep_new_slow(m, words, n_refs);
    c = hm_marksweep_class(words);
    hole = &m->hole[c];
    start = hole->free;
    if (HM_UNLIKELY(start == hole->limit))
        return hm_marksweep_new_slow(m, words, n_refs);
    hole->free = start + hm_marksweep_cell(c);
    hm_prefetch_ahead(start);
    return hm_object_init(start, words, n_refs);
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return hm_marksweep_new(m, hm_object_words(type->n_refs, type->raw_bytes),
                            type->n_refs);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_marksweep_new(m, hm_object_words(n, 0), n);
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_marksweep_new(m, hm_object_words(0, bytes), 0);
}

static inline hm_ref hm_load(struct hm_mutator *m, hm_ref o, size_t i)
{
    (void)m;
    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    return hm_slots_of(o)[i];
}

static inline void hm_store(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    (void)m;
    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    hm_slots_of(o)[i] = v;
}

static inline void hm_init(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    hm_store(m, o, i, v);
}

static inline void *hm_raw(hm_ref o, size_t n_refs)
{
    return hm_slots_of(o) + n_refs;
}

static inline void hm_dispose(struct hm_mutator *m, hm_ref o)
{
    (void)m;
    (void)o;
}

static inline void hm_poll(struct hm_mutator *m)
{
    (void)m;
}

static inline struct hm_frame **hm_frames(struct hm_mutator *m)
{
    return &m->frames;
}

#endif /* HM_COLLECTORS_MARKSWEEP_H */
