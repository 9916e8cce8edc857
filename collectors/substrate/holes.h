/* SPDX-License-Identifier: MIT */
/* holes.h -- what a mutator has of a segregated space: one hole for each size
 * class, through which allocation bumps.  Inlined into the workloads. */
#ifndef HM_COLLECTORS_SUBSTRATE_HOLES_H
#define HM_COLLECTORS_SUBSTRATE_HOLES_H

#include "collectors/substrate/object.h"
#include "collectors/substrate/size_class.h"

/* A hole, or what is left of it; a multiple of the class's cell. */
struct hm_hole {
    uint64_t *free, *limit;
};

struct hm_holes {
    struct hm_hole of[HM_SIZE_CLASSES];
};

/* A new object of class c in a hole that is not used up. */
static inline hm_ref hm_hole_new(struct hm_hole *hole, unsigned c, size_t words,
                                 size_t n_refs)
{
    uint64_t *start = hole->free;

    hole->free = start + hm_size_class_words(c);
    return hm_object_init(start, words, n_refs);
}

/* A new object, or NULL when it is large or its hole is used up: that is for
 * the collector's slow path. */
static inline hm_ref hm_holes_new(struct hm_holes *holes, size_t words,
                                  size_t n_refs)
{
    struct hm_hole *hole;
    unsigned c;

    if (HM_UNLIKELY(words > HM_LARGE_WORDS))
        return NULL;
    c = hm_size_class(words);
    hole = &holes->of[c];
    if (HM_UNLIKELY(hole->free == hole->limit))
        return NULL;
    hm_prefetch_ahead(hole->free);
    return hm_hole_new(hole, c, words, n_refs);
}

#endif /* HM_COLLECTORS_SUBSTRATE_HOLES_H */
