/* SPDX-License-Identifier: MIT */
/* immix.h -- the inlined half of the mark-region collector: allocation bumps
 * through a hole, a run of free lines of one block. */
#ifndef HM_COLLECTORS_IMMIX_H
#define HM_COLLECTORS_IMMIX_H

#include "collectors/substrate/object.h"
#include "collectors/substrate/safepoint.h"

#ifndef HM_IMMIX_STICKY
#define HM_IMMIX_STICKY 0 /* sticky_immix sets it: mark bits stay */
#endif

#define HM_GC_MANUAL  0
#define HM_GC_PRECISE 1
#define HM_GC_MOVING  1
#define HM_GC_WEAK    2

#if HM_IMMIX_STICKY /* one log, and bits in headers that stores change */
#define HM_GC_THREADS 0
#else
#define HM_GC_THREADS    1
#define HM_GC_SAFEPOINTS 1
#endif

/* Where something allocates: a hole of a block, lines before `line` are used
 * up or passed over. */
struct immix_cursor {
    uint64_t *free, *limit; /* may be used now */
    uint64_t *end;          /* of the hole */
    uint32_t block;         /* or HM_BLOCK_NONE */
    int is_overflow;        /* for objects of more than a line */
    size_t line;
};

struct hm_mutator {
    struct hm_thread thread;
    struct immix_cursor main, overflow;
    struct hm_gc *gc;
};

/* Finds another hole, collects, or finds room for a larger object. */
hm_ref hm_immix_new_slow(struct hm_mutator *m, size_t words, size_t n_refs);

static inline hm_ref hm_immix_new(struct hm_mutator *m, size_t words,
                                  size_t n_refs)
{
    uint64_t *start = m->main.free;

    if (HM_UNLIKELY(words > HM_LARGE_WORDS ||
                    (uintptr_t)start + words * HM_WORD_BYTES >
                        (uintptr_t)m->main.limit))
        return hm_immix_new_slow(m, words, n_refs);
    m->main.free = start + words;
    hm_prefetch_ahead(start);
    return hm_object_init(start, words, n_refs);
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return hm_immix_new(m, hm_object_words(type->n_refs, type->raw_bytes),
                        type->n_refs);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_immix_new(m, hm_object_words(n, 0), n);
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_immix_new(m, hm_object_words(0, bytes), 0);
}

static inline hm_ref hm_load(struct hm_mutator *m, hm_ref o, size_t i)
{
    (void)m;
    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    return hm_slots_of(o)[i];
}

/* sticky_immix: remembers an old object, field i of which is about to be
 * written to; of a large one the field only. */
void hm_immix_remember(struct hm_mutator *m, hm_ref o, size_t i);

static inline void hm_init(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    (void)m;
    HM_ASSERT(i < hm_header_refs(*hm_header_of(o)));
    hm_slots_of(o)[i] = v;
}

static inline void hm_store(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    if (HM_IMMIX_STICKY &&
        HM_UNLIKELY((*hm_header_of(o) & HM_HEADER_MARK) != 0))
        hm_immix_remember(m, o, i);
    hm_init(m, o, i, v);
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
    if (HM_GC_THREADS)
        hm_safepoint_poll(m->thread.safepoint);
}

static inline struct hm_frame **hm_frames(struct hm_mutator *m)
{
    return &m->thread.frames;
}

#endif /* HM_COLLECTORS_IMMIX_H */
