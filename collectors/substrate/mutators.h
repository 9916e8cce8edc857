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
    int first_is_taken;
};

/* Registers the calling thread: a zeroed mutator, or `first` as it was left.
 * NULL when the budget has no room.  `share`, unless NULL, is called when the
 * second one comes, with the first one stopped. */
struct hm_thread *hm_mutators_attach(struct hm_mutators *mutators,
                                     struct hm_heap *heap,
                                     void (*share)(struct hm_heap *heap));

/* The calling thread's, inside the slow path, which it leaves: `thread` has no
 * frame, and what it held of the spaces has been given up. */
void hm_mutators_detach(struct hm_mutators *mutators, struct hm_heap *heap,
                        struct hm_thread *thread);

#endif /* HM_COLLECTORS_SUBSTRATE_MUTATORS_H */
