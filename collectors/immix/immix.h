/* SPDX-License-Identifier: MIT */
/* immix.h -- the inlined half of the mark-region collector: allocation bumps
 * through a hole, a run of free lines of one block. */
#ifndef HM_COLLECTORS_IMMIX_H
#define HM_COLLECTORS_IMMIX_H

#include "collectors/substrate/bump.h"

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
    struct hm_bump hole; /* what of it may be used now */
    uint64_t *end;       /* of all of it */
    uint32_t block;      /* or HM_BLOCK_NONE */
    int is_overflow;     /* for objects of more than a line */
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
    hm_ref o = hm_bump_new(&m->main.hole, words, n_refs);

    return HM_LIKELY(o != NULL) ? o : hm_immix_new_slow(m, words, n_refs);
}

#define HM_NEW_WORDS hm_immix_new
#if HM_IMMIX_STICKY
#define HM_OWN_STORE 1
#endif
#include "collectors/substrate/half.h"

#if HM_IMMIX_STICKY
/* Remembers an old object, field i of which is about to be written to; of a
 * large one the field only. */
void hm_immix_remember(struct hm_mutator *m, hm_ref o, size_t i);

static inline void hm_store(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    if (HM_UNLIKELY((*hm_header_of(o) & HM_HEADER_MARK) != 0))
        hm_immix_remember(m, o, i);
    hm_init(m, o, i, v);
}
#endif

#endif /* HM_COLLECTORS_IMMIX_H */
