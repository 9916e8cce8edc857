/* SPDX-License-Identifier: MIT */
/* mutators.h -- the mutators of a heap that takes several.
 *
 * The first lies in the collector's struct hm_gc, so a program with one thread
 * needs nothing more; each further one has pages of its own, charged to the
 * budget.  Every struct hm_mutator begins with its struct hm_thread. */
#ifndef HM_COLLECTORS_SUBSTRATE_MUTATORS_H
#define HM_COLLECTORS_SUBSTRATE_MUTATORS_H

#include "collectors/substrate/heap.h"

/* How many, and what each needs. */
struct hm_mutators {
    struct hm_thread *first; /* in struct hm_gc */
    size_t bytes;            /* sizeof(struct hm_mutator) */
    /* In the slow path: makes the budget have `bytes`, by a collection if need
     * be.  0: it cannot. */
    int (*make_room)(size_t bytes);
    int first_is_taken;
    unsigned n_more; /* attached besides the first */
};

/* Registers the calling thread: a zeroed mutator, or `first` as it was left.
 * NULL when the budget has no room. */
struct hm_thread *hm_mutators_attach(struct hm_mutators *mutators,
                                     struct hm_heap *heap);

/* The calling thread's, inside the slow path, which it leaves: `thread` has no
 * frame, and what it held of the spaces has been given up. */
void hm_mutators_detach(struct hm_mutators *mutators, struct hm_heap *heap,
                        struct hm_thread *thread);

/* Pages held besides the first mutator, charged to the budget. */
static inline size_t hm_mutators_held_bytes(const struct hm_mutators *mutators)
{
    return mutators->n_more * hm_round_up(mutators->bytes, HM_PAGE_BYTES);
}

#endif /* HM_COLLECTORS_SUBSTRATE_MUTATORS_H */
