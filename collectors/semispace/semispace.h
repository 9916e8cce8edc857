/* SPDX-License-Identifier: MIT */
/* semispace.h -- the inlined half of the copying collector: allocation adds to
 * a pointer. */
#ifndef HM_COLLECTORS_SEMISPACE_H
#define HM_COLLECTORS_SEMISPACE_H

#include "collectors/substrate/bump.h"
#include "collectors/substrate/safepoint.h"

#define HM_GC_MANUAL     0
#define HM_GC_PRECISE    1
#define HM_GC_MOVING     1
#define HM_GC_THREADS    1
#define HM_GC_SAFEPOINTS 1
#define HM_GC_WEAK       2

struct hm_mutator {
    struct hm_thread thread;
    struct hm_bump bump;
    struct hm_gc *gc;
};

/* Opens another window, collects, or finds room for a large object. */
hm_ref hm_semispace_new_slow(struct hm_mutator *m, size_t words, size_t n_refs);

static inline hm_ref hm_semispace_new(struct hm_mutator *m, size_t words,
                                      size_t n_refs)
{
    hm_ref o = hm_bump_new(&m->bump, words, n_refs);

    return HM_LIKELY(o != NULL) ? o : hm_semispace_new_slow(m, words, n_refs);
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return hm_semispace_new(m, hm_object_words(type->n_refs, type->raw_bytes),
                            type->n_refs);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_semispace_new(m, hm_object_words(n, 0), n);
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_semispace_new(m, hm_object_words(0, bytes), 0);
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
    hm_safepoint_poll(m->thread.safepoint);
}

static inline struct hm_frame **hm_frames(struct hm_mutator *m)
{
    return &m->thread.frames;
}

#endif /* HM_COLLECTORS_SEMISPACE_H */
