/* SPDX-License-Identifier: MIT */
/* refcount.h -- the inlined half of both reference counting collectors: each
 * size class bumps through holes; stores into objects count, roots do not.
 *
 * The header word of an object that lives:
 *
 *   63..31  references from fields of objects
 *   30..20  size in words, this one included    } 0 for a large object:
 *   19..9   number of references                } see hm_refcount_large
 *   8..0    flags
 *
 * The count has room for the references of 64 GiB of fields. */
#ifndef HM_COLLECTORS_REFCOUNT_H
#define HM_COLLECTORS_REFCOUNT_H

#include "collectors/substrate/object.h"
#include "collectors/substrate/size_class.h"

#define HM_GC_MANUAL  0
#define HM_GC_PRECISE 1
#define HM_GC_MOVING  0
#define HM_GC_THREADS 0

#ifndef HM_REFCOUNT_CYCLES /* 1: flag what a dead cycle may be found from */
#define HM_REFCOUNT_CYCLES 0
#define HM_GC_ACYCLIC      1
#endif

enum {
    HM_REFCOUNT_LIVE = 1,     /* else dying, or no object */
    HM_REFCOUNT_DYING = 2,    /* waits for its fields to be discounted */
    HM_REFCOUNT_TABLE = 4,    /* to be reconciled: new, or count was 0 */
    HM_REFCOUNT_ROOTED = 8,   /* a root refers to it; during pauses only */
    HM_REFCOUNT_LARGE = 16,   /* has a run of pages of its own */
    HM_REFCOUNT_LATE = 32,    /* suspect: waits for a wider trial */
    HM_REFCOUNT_PURPLE = 64,  /* suspect: lost a reference that was not the
                               * last, or gained the first by a store */
    HM_REFCOUNT_GRAY = 128,   /* trial deletion: its fields are discounted */
    HM_REFCOUNT_QUEUED = 256, /* trial of everything: to be followed */
    HM_REFCOUNT_BLACK = 256,  /* bounded trial: was gray, and lives */
    HM_REFCOUNT_REFS_SHIFT = 9,
    HM_REFCOUNT_WORDS_SHIFT = 20,
    HM_REFCOUNT_FIELD = 2047,
};

#define HM_REFCOUNT_ONE ((uint64_t)1 << 31)

/* The flag of what lost a reference that was not the last; the one of the
 * late is beside it. */
#define HM_REFCOUNT_SUSPECT ((uint64_t)HM_REFCOUNT_CYCLES * HM_REFCOUNT_PURPLE)

/* Makes a header that of a suspect. */
#define HM_REFCOUNT_SUSPECTED(h) \
    (((h) | HM_REFCOUNT_SUSPECT) & ~(HM_REFCOUNT_SUSPECT >> 1))

#define HM_REFCOUNT_ANY_REFS \
    ((uint64_t)HM_REFCOUNT_FIELD << HM_REFCOUNT_REFS_SHIFT | HM_REFCOUNT_LARGE)

_Static_assert((int)HM_LARGE_WORDS <= (int)HM_REFCOUNT_FIELD, "fits");

/* Before the payload of a large object, which so starts a cache line. */
struct hm_refcount_large {
    uint64_t words, n_refs;
    uint64_t reserved[5];
    uint64_t header;
};

/* The zero count table grows while the budget lets it; that something did not
 * fit is noted, and it has to be looked for by its flag. */
struct hm_refcount_table {
    uint64_t **start, **top, **end;
    int has_dropped;
};

/* A hole, or what is left of it; a multiple of the class's cell. */
struct hm_refcount_hole {
    uint64_t *free, *limit;
};

struct hm_mutator {
    struct hm_refcount_hole hole[HM_SIZE_CLASSES];
    struct hm_refcount_table zero; /* all with flag TABLE but new ones */
    uint64_t **poll_at;            /* of `zero`: worth a pause */
    struct hm_thread thread;
    struct hm_gc *gc;
};

/* Reconciles or finds the next hole, or room for a large object. */
hm_ref hm_refcount_new_slow(struct hm_mutator *m, size_t words, size_t n_refs);

/* Adds to the table, which is full.  No GC point. */
void hm_refcount_note_slow(struct hm_mutator *m, uint64_t *header);

/* Reconciles. */
void hm_refcount_poll(struct hm_mutator *m);

/* Adds to the table; the flag is the caller's. */
static inline void hm_refcount_note(struct hm_mutator *m, uint64_t *header)
{
    if (HM_LIKELY(m->zero.top < m->zero.end)) {
        *m->zero.top++ = header;
    } else {
        hm_refcount_note_slow(m, header);
    }
}

static inline struct hm_refcount_large *hm_refcount_large_of(uint64_t *header)
{
    return (struct hm_refcount_large *)(void *)(header + 1) - 1;
}

static inline size_t hm_refcount_refs(uint64_t *header)
{
    if (HM_UNLIKELY(*header & HM_REFCOUNT_LARGE))
        return hm_refcount_large_of(header)->n_refs;
    return *header >> HM_REFCOUNT_REFS_SHIFT & HM_REFCOUNT_FIELD;
}

/* Makes a new object of a cell. */
static inline hm_ref hm_refcount_init(uint64_t *start, size_t words,
                                      size_t n_refs)
{
    hm_ref o = (hm_ref)(start + 1);

    HM_ASSERT(words > n_refs && words <= HM_LARGE_WORDS);
    *start = (uint64_t)words << HM_REFCOUNT_WORDS_SHIFT |
             (uint64_t)n_refs << HM_REFCOUNT_REFS_SHIFT | HM_REFCOUNT_TABLE |
             HM_REFCOUNT_LIVE;
    for (size_t i = 0; i < n_refs; i++)
        hm_slots_of(o)[i] = NULL;
    return o;
}

static inline hm_ref hm_refcount_new(struct hm_mutator *m, size_t words,
                                     size_t n_refs)
{
    struct hm_refcount_hole *hole;
    unsigned c;
    uint64_t *start;

    if (HM_UNLIKELY(words > HM_LARGE_WORDS))
        return hm_refcount_new_slow(m, words, n_refs);
    c = hm_size_class(words);
    hole = &m->hole[c];
    start = hole->free;
    if (HM_UNLIKELY(start == hole->limit))
        return hm_refcount_new_slow(m, words, n_refs);
    hole->free = start + hm_size_class_words(c);
    hm_prefetch_ahead(start);
    return hm_refcount_init(start, words, n_refs);
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return hm_refcount_new(m, hm_object_words(type->n_refs, type->raw_bytes),
                           type->n_refs);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_refcount_new(m, hm_object_words(n, 0), n);
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_refcount_new(m, hm_object_words(0, bytes), 0);
}

static inline hm_ref hm_load(struct hm_mutator *m, hm_ref o, size_t i)
{
    (void)m;
    HM_ASSERT(i < hm_refcount_refs(hm_header_of(o)));
    return hm_slots_of(o)[i];
}

static inline void hm_refcount_up(hm_ref o)
{
    uint64_t h = *hm_header_of(o) + HM_REFCOUNT_ONE;

    HM_ASSERT(h >= HM_REFCOUNT_ONE && (h & HM_REFCOUNT_LIVE));
    *hm_header_of(o) = h;
}

/* The same, where the reference may close a cycle: one through an object that
 * had no count, and so still is in the table, would have no suspect. */
static inline void hm_refcount_up_closing(hm_ref o)
{
    uint64_t h = *hm_header_of(o) + HM_REFCOUNT_ONE;

    HM_ASSERT(h >= HM_REFCOUNT_ONE && (h & HM_REFCOUNT_LIVE));
    if (HM_REFCOUNT_CYCLES)
        h |= (h & HM_REFCOUNT_TABLE) * (HM_REFCOUNT_PURPLE / HM_REFCOUNT_TABLE);
    *hm_header_of(o) = h;
}

static inline void hm_refcount_down(struct hm_mutator *m, hm_ref o)
{
    uint64_t *header = hm_header_of(o), h = *header;

    HM_ASSERT(h >= HM_REFCOUNT_ONE && (h & HM_REFCOUNT_LIVE));
    h -= HM_REFCOUNT_ONE;
    if (h < HM_REFCOUNT_ONE) {
        *header = h | HM_REFCOUNT_TABLE;
        if ((h & HM_REFCOUNT_TABLE) == 0)
            hm_refcount_note(m, header);
    } else {
        *header = HM_REFCOUNT_SUSPECTED(h);
    }
}

static inline void hm_init(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    (void)m;
    HM_ASSERT(i < hm_refcount_refs(hm_header_of(o)));
    HM_ASSERT(hm_slots_of(o)[i] == NULL);
    if (HM_REFCOUNT_CYCLES && v == o) {
        hm_refcount_up_closing(v);
    } else if (v != NULL) {
        hm_refcount_up(v); /* is older than o: that closes no cycle */
    }
    hm_slots_of(o)[i] = v;
}

static inline void hm_store(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    hm_ref old;

    HM_ASSERT(i < hm_refcount_refs(hm_header_of(o)));
    old = hm_slots_of(o)[i];
    if (v != NULL)
        hm_refcount_up_closing(v);
    hm_slots_of(o)[i] = v;
    if (old != NULL)
        hm_refcount_down(m, old);
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
    if (HM_UNLIKELY(m->zero.top >= m->poll_at))
        hm_refcount_poll(m);
}

static inline struct hm_frame **hm_frames(struct hm_mutator *m)
{
    return &m->thread.frames;
}

#endif /* HM_COLLECTORS_REFCOUNT_H */
