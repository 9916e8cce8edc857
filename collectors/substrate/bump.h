/* SPDX-License-Identifier: MIT */
/* bump.h -- what a mutator has of a space that is filled from its start: a
 * window through which allocation bumps; or of another space, a hole.  Inlined
 * into the workloads.
 *
 * Invariants: windows do not overlap and end at or below the space's top; what
 *             lies below it and in no window is objects without gaps.
 * Costs:      that of a lone mutator ends at the top and is lengthened in
 *             place; of several, each loses on average half of an object of
 *             its own with each window, which becomes a dead one. */
#ifndef HM_COLLECTORS_SUBSTRATE_BUMP_H
#define HM_COLLECTORS_SUBSTRATE_BUMP_H

#include "collectors/substrate/object.h"

struct hm_bump {
    uint64_t *free, *limit; /* both NULL: closed */
};

/* Least bytes asked of the space at a time, where there is room. */
enum { HM_BUMP_BYTES = 1 << 20, HM_BUMP_SHARED_BYTES = 1 << 15 };

/* A new object, or NULL when it is large or the window is too short: that is
 * for the collector's slow path. */
static inline hm_ref hm_bump_new(struct hm_bump *bump, size_t words,
                                 size_t n_refs)
{
    uint64_t *start = bump->free;

    if (HM_UNLIKELY(words > HM_LARGE_WORDS ||
                    (uintptr_t)start + words * HM_WORD_BYTES >
                        (uintptr_t)bump->limit))
        return NULL;
    bump->free = start + words;
    hm_prefetch_ahead(start);
    return hm_object_init(start, words, n_refs);
}

/* Lowers *top to what is used if the window is the last one below it. */
static inline void hm_bump_return(struct hm_bump *bump, uint64_t **top)
{
    if (bump->limit == *top)
        *top = bump->limit = bump->free;
}

/* The same; where others lie above, the rest becomes dead objects. */
static inline void hm_bump_close(struct hm_bump *bump, uint64_t **top)
{
    hm_bump_return(bump, top);
    while (bump->free < bump->limit) {
        size_t words = (size_t)(bump->limit - bump->free);

        if (words > HM_LARGE_WORDS)
            words = HM_LARGE_WORDS;
        (void)hm_object_init(bump->free, words, 0);
        bump->free += words;
    }
    bump->free = bump->limit = NULL;
}

/* A closed window gets the next `words` above the top. */
static inline void hm_bump_open(struct hm_bump *bump, uint64_t **top,
                                size_t words)
{
    bump->free = *top;
    bump->limit = *top += words;
}

#endif /* HM_COLLECTORS_SUBSTRATE_BUMP_H */
