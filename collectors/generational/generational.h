/* SPDX-License-Identifier: MIT */
/* generational.h -- the inlined half of the generational collector: allocation
 * adds to a pointer, a store into an old object is noted where it matters: one
 * range of references that are young, or during marking all of them. */
#ifndef HM_COLLECTORS_GENERATIONAL_H
#define HM_COLLECTORS_GENERATIONAL_H

#include "collectors/substrate/object.h"

#define HM_GC_MANUAL  0
#define HM_GC_PRECISE 1
#define HM_GC_MOVING  1
#define HM_GC_THREADS 0
#define HM_GC_WEAK    2

struct hm_mutator {
    uint64_t *free, *limit; /* the window that allocation bumps through */
    uintptr_t young_first;  /* the lowest reference to a young object */
    size_t young_bytes;     /* the nursery's addresses, all its spaces */
    uintptr_t noted_first;  /* references whose store into an old object is */
    size_t noted_bytes;     /* noted: to young ones; during marking, to all */
    uint64_t *poll;         /* hm_poll collects from here on */
    struct hm_thread thread;
    struct hm_gc *gc;
};

/* Opens another window, collects, or finds room outside the nursery. */
hm_ref hm_generational_new_slow(struct hm_mutator *m, size_t words,
                                size_t n_refs);

/* Notes what has been stored into a slot of an old object: a young reference is
 * remembered; during marking, what an old one leads to is marked. */
void hm_generational_note(struct hm_mutator *m, hm_ref *slot);

/* A young collection between two requests, while little is alive. */
void hm_generational_poll_slow(struct hm_mutator *m);

static inline int hm_generational_is_young(const struct hm_mutator *m, hm_ref o)
{
    return (uintptr_t)o - m->young_first < m->young_bytes;
}

static inline hm_ref hm_generational_new(struct hm_mutator *m, size_t words,
                                         size_t n_refs)
{
    uint64_t *start = m->free;

    if (HM_UNLIKELY(words > HM_LARGE_WORDS ||
                    words > (size_t)(m->limit - start)))
        return hm_generational_new_slow(m, words, n_refs);
    m->free = start + words;
    return hm_object_init(start, words, n_refs);
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return hm_generational_new(
        m, hm_object_words(type->n_refs, type->raw_bytes), type->n_refs);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_generational_new(m, hm_object_words(n, 0), n);
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_generational_new(m, hm_object_words(0, bytes), 0);
}

static inline hm_ref hm_load(struct hm_mutator *m, hm_ref o, size_t i)
{
    (void)m;
    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    return hm_slots_of(o)[i];
}

static inline void hm_store(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    hm_ref *slot = &hm_slots_of(o)[i];

    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    *slot = v;
    if (!hm_generational_is_young(m, o) &&
        (uintptr_t)v - m->noted_first < m->noted_bytes)
        hm_generational_note(m, slot);
}

/* A large object is old from its birth: its first stores count, too. */
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
    if (HM_UNLIKELY(m->free >= m->poll))
        hm_generational_poll_slow(m);
}

static inline struct hm_frame **hm_frames(struct hm_mutator *m)
{
    return &m->thread.frames;
}

#endif /* HM_COLLECTORS_GENERATIONAL_H */
