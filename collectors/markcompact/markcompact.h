/* SPDX-License-Identifier: MIT */
/* markcompact.h -- the inlined half of the compacting collector: allocation
 * adds to a pointer. */
#ifndef HM_COLLECTORS_MARKCOMPACT_H
#define HM_COLLECTORS_MARKCOMPACT_H

#include "collectors/substrate/bump.h"

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
hm_ref hm_markcompact_new_slow(struct hm_mutator *m, size_t words,
                               size_t n_refs);

static inline hm_ref hm_markcompact_new(struct hm_mutator *m, size_t words,
                                        size_t n_refs)
{
    hm_ref o = hm_bump_new(&m->bump, words, n_refs);

    return HM_LIKELY(o != NULL) ? o : hm_markcompact_new_slow(m, words, n_refs);
}

#define HM_NEW_WORDS hm_markcompact_new
#include "collectors/substrate/half.h"

#endif /* HM_COLLECTORS_MARKCOMPACT_H */
