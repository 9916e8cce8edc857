/* SPDX-License-Identifier: MIT */
/* generational_minor.h -- a young collection in progress, for those that do
 * it: one thread, or several. */
#ifndef HM_COLLECTORS_GENERATIONAL_MINOR_H
#define HM_COLLECTORS_GENERATIONAL_MINOR_H

#include "collectors/generational/generational_heap.h"

/* One young collection in progress. */
struct generational_minor {
    struct hm_gc *gc;
    uintptr_t from_first; /* the lowest reference to from-space */
    size_t from_bytes;
    const uint64_t *age_mark;
    uint64_t *free;    /* where the next copy within the nursery goes */
    uint64_t *crowded; /* from here on, copies only if promotion fails */
    uint64_t *old_free, *old_limit; /* the old space's cell in use */
    uint64_t *promoted;   /* originals of promoted objects to be scanned, linked
                           * through the word after the header */
    size_t refused_words; /* what the old space has no room for */
    size_t promoted_words;
    size_t aged_words; /* of those, the ones below the age mark */
    uint64_t *scan;    /* the copies below have been scanned */
    size_t gap_words;  /* among the copies, of several threads */
};

static inline void generational_copy_words(uint64_t *to, const uint64_t *from,
                                           size_t words)
{
    if (words > 16) {
        memcpy(to, from, words * HM_WORD_BYTES);
        return;
    }
    for (; words >= 2; words -= 2, to += 2, from += 2)
        memcpy(to, from, (size_t)2 * HM_WORD_BYTES);
    if (words > 0)
        memcpy(to, from, HM_WORD_BYTES);
}

/* Whether the object has to be scanned; looking costs less for small ones. */
static inline int generational_has_refs(const uint64_t *header)
{
    size_t n = hm_header_refs(*header);
    hm_ref *slot = hm_slots_of((hm_ref)(header + 1));

    if (n > 8)
        return 1;
    while (n > 0 && slot[n - 1] == NULL)
        n--;
    return n > 0;
}

/* Evacuates what roots and remembered slots reach, by several threads; leaves
 * `minor` as one thread would that had just done it.  Needs a team. */
void hm_generational_team_evacuate(struct generational_minor *minor);

#endif /* HM_COLLECTORS_GENERATIONAL_MINOR_H */
