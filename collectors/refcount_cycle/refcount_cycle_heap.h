/* SPDX-License-Identifier: MIT */
/* refcount_cycle_heap.h -- what the two ways to delete on trial share. */
#ifndef HM_COLLECTORS_REFCOUNT_CYCLE_HEAP_H
#define HM_COLLECTORS_REFCOUNT_CYCLE_HEAP_H

#include "collectors/refcount/refcount_heap.h"
#include "collectors/substrate/mark_queue.h"

enum { REFCOUNT_CYCLE_WORK = REFCOUNT_OWN, REFCOUNT_CYCLE_WIDEN };

/* A round visits the suspects in the order of their addresses, some in each
 * step.  One of level 0 visits those that are not late; one of level n > 0
 * visits the late, with trials 2^n times as wide. */
struct refcount_cycle_round {
    int is_open;
    unsigned level;
    uint32_t block, page; /* where it goes on: block, word of it; then page */
    size_t word;
    size_t work;          /* of the step in progress */
    size_t cut;           /* trials that were not wide enough */
    uint64_t begin_bytes; /* live objects */
    uint64_t freed_bytes;
};

struct refcount_cycle {
    struct hm_mark_queue queue; /* its stack also lists a trial's objects */
    size_t widest;              /* trial: its objects fit there twice */
    struct refcount_cycle_round round;
    unsigned next_level;  /* of the next round for late suspects */
    int has_late;         /* the last round for them, or before, cut trials */
    uint64_t base_bytes;  /* of live objects, when a round last ended */
    uint64_t due_bytes;   /* ... at which the next one begins */
    uint64_t end_bytes;   /* ... at which it should have ended */
    uint64_t whole_bytes; /* ... at which the late make everything due */
    unsigned pauses;      /* under stress */
};

extern struct refcount_cycle hm_refcount_cycle;

/* Deletes on trial what the suspect refers to, with at most so many references
 * followed and objects looked at; adds to the round's work, cut and freed
 * bytes.  Roots must be flagged. */
void hm_refcount_cycle_try(struct hm_gc *gc, uint64_t *header, size_t width);

/* Deletes on trial what all suspects refer to. */
void hm_refcount_cycle_whole(struct hm_gc *gc);

#endif /* HM_COLLECTORS_REFCOUNT_CYCLE_HEAP_H */
