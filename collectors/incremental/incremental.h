/* SPDX-License-Identifier: MIT */
/* incremental.h -- the inlined half of the collectors that mark a snapshot:
 * holes as in marksweep, and a barrier for what a store overwrites. */
#ifndef HM_COLLECTORS_INCREMENTAL_H
#define HM_COLLECTORS_INCREMENTAL_H

#include "collectors/substrate/holes.h"

#define HM_GC_MANUAL  0
#define HM_GC_PRECISE 1
#define HM_GC_MOVING  0
#define HM_GC_THREADS 0
#define HM_GC_WEAK    2

struct hm_mutator {
    struct hm_holes holes;
    struct hm_thread thread;
    struct hm_gc *gc;
    int is_marking; /* stores have to tell what they overwrite */
};

/* Does a step of the collection, and finds a hole or room for a large object,
 * if need be by finishing the collection. */
hm_ref hm_incremental_new_slow(struct hm_mutator *m, size_t words,
                               size_t n_refs);

/* `old` is about to be overwritten while the snapshot is marked. */
void hm_incremental_barrier(struct hm_mutator *m, hm_ref old);

/* Nothing else is due: a short slice of marking, if a snapshot is being marked
 * and the program's thread does that. */
void hm_incremental_poll_slow(struct hm_mutator *m);

static inline hm_ref hm_incremental_new(struct hm_mutator *m, size_t words,
                                        size_t n_refs)
{
    hm_ref o = hm_holes_new(&m->holes, words, n_refs);

    return HM_LIKELY(o != NULL) ? o : hm_incremental_new_slow(m, words, n_refs);
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return hm_incremental_new(m, hm_object_words(type->n_refs, type->raw_bytes),
                              type->n_refs);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_incremental_new(m, hm_object_words(n, 0), n);
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_incremental_new(m, hm_object_words(0, bytes), 0);
}

static inline hm_ref hm_load(struct hm_mutator *m, hm_ref o, size_t i)
{
    (void)m;
    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    return hm_slots_of(o)[i];
}

/* Released, so that a marker that reads the field beside the program sees the
 * object that it leads to; a plain move on x86. */
static inline void hm_store(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    hm_ref *slot = &hm_slots_of(o)[i];

    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    if (HM_UNLIKELY(m->is_marking))
        hm_incremental_barrier(m, *slot);
    __atomic_store_n(slot, v, __ATOMIC_RELEASE);
}

/* The object is new and, while a snapshot is marked, black: nobody reads it. */
static inline void hm_init(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    (void)m;
    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    hm_slots_of(o)[i] = v;
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
    if (HM_UNLIKELY(m->is_marking))
        hm_incremental_poll_slow(m);
}

static inline struct hm_frame **hm_frames(struct hm_mutator *m)
{
    return &m->thread.frames;
}

#endif /* HM_COLLECTORS_INCREMENTAL_H */
