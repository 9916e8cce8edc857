/* SPDX-License-Identifier: MIT */
/* marksweep.h -- the inlined half of the mark-sweep collector: each size class
 * bumps through the holes that the last collection left. */
#ifndef HM_COLLECTORS_MARKSWEEP_H
#define HM_COLLECTORS_MARKSWEEP_H

#include "collectors/substrate/holes.h"

#define HM_GC_MANUAL     0
#define HM_GC_PRECISE    1
#define HM_GC_MOVING     0
#define HM_GC_THREADS    1
#define HM_GC_SAFEPOINTS 1
#define HM_GC_WEAK       2

struct hm_mutator {
    struct hm_thread thread;
    struct hm_holes holes;
    struct hm_gc *gc;
};

/* Finds the next hole, collects, or finds room for a large object. */
hm_ref hm_marksweep_new_slow(struct hm_mutator *m, size_t words, size_t n_refs);

static inline hm_ref hm_marksweep_new(struct hm_mutator *m, size_t words,
                                      size_t n_refs)
{
    hm_ref o = hm_holes_new(&m->holes, words, n_refs);

    return HM_LIKELY(o != NULL) ? o : hm_marksweep_new_slow(m, words, n_refs);
}

#define HM_NEW_WORDS hm_marksweep_new
#include "collectors/substrate/half.h"

#endif /* HM_COLLECTORS_MARKSWEEP_H */
