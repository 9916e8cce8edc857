/* SPDX-License-Identifier: MIT */
/* generational_worker.h -- one thread of a young collection, and where it finds
 * room for its copies. */
#ifndef HM_COLLECTORS_GENERATIONAL_WORKER_H
#define HM_COLLECTORS_GENERATIONAL_WORKER_H

#include "collectors/generational/generational_minor.h"

enum { GENERATIONAL_RING = 64 };

struct generational_worker {
    struct hm_work_deque deque;
    struct generational_team *team;
    struct hm_gc *gc;
    unsigned index;
    unsigned head, tail; /* of the ring, modulo GENERATIONAL_RING */
    int is_alone;        /* no other worker has begun */
    uintptr_t from_first;
    size_t from_bytes;
    const uint64_t *age_mark;
    uint64_t *free, *limit;         /* window of the nursery */
    uint64_t *old_free, *old_limit; /* cell of the old space */
    uint64_t *overflow;   /* originals whose copies are to be scanned, linked
                           * through the word after the header */
    size_t window_words;  /* of the window when it was taken */
    size_t refused_words; /* as in generational_minor, the other counts too */
    size_t promoted_words, aged_words, gap_words;
    size_t unspared_words; /* promoted, but not yet in spare_words */
    uint64_t *ring[GENERATIONAL_RING]; /* copies to be scanned */
};

/* What is left of the window becomes a gap; what was not left is spared. */
void hm_generational_window_retire(struct generational_worker *w);

/* Room in another window or none.  `is_last`: there is no other room, so there
 * is some here.  Else NULL when enough is to age. */
uint64_t *hm_generational_window_slow(struct generational_worker *w,
                                      size_t words, int is_last);

/* Room in another cell of the old space, or NULL. */
uint64_t *hm_generational_cell_slow(struct generational_worker *w,
                                    size_t words);

static inline uint64_t *generational_window_room(struct generational_worker *w,
                                                 size_t words, int is_last)
{
    uint64_t *to = w->free;

    if (HM_UNLIKELY(words > (size_t)(w->limit - to)))
        return hm_generational_window_slow(w, words, is_last);
    w->free = to + words;
    return to;
}

static inline uint64_t *generational_cell_room(struct generational_worker *w,
                                               const uint64_t *header,
                                               size_t words)
{
    uint64_t *to = w->old_free;

    if (HM_LIKELY(words <= (size_t)(w->old_limit - to))) {
        w->old_free = to + words;
    } else {
        to = hm_generational_cell_slow(w, words);
        if (to == NULL)
            return NULL;
    }
    w->promoted_words += words;
    w->unspared_words += words;
    w->aged_words += header < w->age_mark ? words : 0;
    return to;
}

#endif /* HM_COLLECTORS_GENERATIONAL_WORKER_H */
