/* SPDX-License-Identifier: MIT */
/* half.h -- what the inlined halves of collectors with header words have in
 * common: mutator.h's functions over one allocator, without a read barrier.
 *
 * The collector's header includes this last.  Before, it completes struct
 * hm_mutator, with a member `thread`, and defines
 *   HM_NEW_WORDS(m, words, n_refs)   a new object, its references null
 *   HM_OWN_STORE                     where hm_store, its own, has a barrier
 */
#ifndef HM_COLLECTORS_SUBSTRATE_HALF_H
#define HM_COLLECTORS_SUBSTRATE_HALF_H

#include "collectors/substrate/object.h"
#include "collectors/substrate/safepoint.h"

#ifdef HM_NEW_WORDS /* only the self-containment check has none */
static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return HM_NEW_WORDS(m, hm_object_words(type->n_refs, type->raw_bytes),
                        type->n_refs);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return HM_NEW_WORDS(m, hm_object_words(n, 0), n);
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return HM_NEW_WORDS(m, hm_object_words(0, bytes), 0);
}

static inline hm_ref hm_load(struct hm_mutator *m, hm_ref o, size_t i)
{
    (void)m;
    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    return hm_slots_of(o)[i];
}

static inline void hm_init(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    (void)m;
    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    hm_slots_of(o)[i] = v;
}

#ifndef HM_OWN_STORE
static inline void hm_store(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    hm_init(m, o, i, v);
}
#endif

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
#ifdef HM_GC_SAFEPOINTS
    hm_safepoint_poll(m->thread.safepoint);
#else
    (void)m;
#endif
}

static inline struct hm_frame **hm_frames(struct hm_mutator *m)
{
    return &m->thread.frames;
}
#endif

#endif /* HM_COLLECTORS_SUBSTRATE_HALF_H */
