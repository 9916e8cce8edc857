/* SPDX-License-Identifier: MIT */
/* snapshot.h -- marks, in steps of any size, all that was reachable when the
 * marking began, while the program goes on.
 *
 * The program greys each reference that it overwrites, so nothing of the
 * snapshot can be lost, and what it allocates is marked from the start: so
 * roots are read once, and no object is looked at twice.
 *
 * Source:     T. Yuasa, Journal of Systems and Software 11(3), 1990.
 * Differs:    what the queue has no room for is dropped and found again by a
 *             walk over the marked objects, itself in steps.  That loses
 *             nothing: an edge that is dropped and then overwritten is greyed.
 * Invariants: a reference that was in a root or has been overwritten is marked
 *             when hm_snapshot_grey returns; a marked object outside black
 *             holes is scanned, queued with its edges, or found by the walk.
 * Threads:    one at a time owns the marking; others may meanwhile write
 *             fields (release) and open black holes, if `is_shared`. */
#ifndef HM_COLLECTORS_SUBSTRATE_SNAPSHOT_H
#define HM_COLLECTORS_SUBSTRATE_SNAPSHOT_H

#include "collectors/substrate/segregated.h"

struct hm_snapshot {
    struct hm_segregated *space;
    uint64_t *base, *bits;
    size_t words;         /* that the small objects' range may ever have */
    size_t end;           /* small objects of the snapshot lie below */
    int is_shared;        /* the program runs beside the marking */
    struct hm_weak *weak; /* inside hm_snapshot_weak: is told what is reached */
    /* What the marking writes is not in the cache line of what others read. */
    _Alignas(64) uint64_t marked_words; /* so far, of small objects, black
                                         * holes aside */
    uint64_t work;                      /* so far: see hm_snapshot_step */
    unsigned rescans;                   /* walks begun */
    size_t walk;                        /* next word of the walk under way */
    int is_walking;
    struct hm_mark_queue queue;
};

/* A queue of `stack_bytes`.  Returns 1; 0 when the system refuses. */
int hm_snapshot_open(struct hm_snapshot *snapshot, size_t stack_bytes);
void hm_snapshot_close(struct hm_snapshot *snapshot);

/* The space has two bitmaps and is in its marking epoch. */
void hm_snapshot_begin(struct hm_snapshot *snapshot,
                       struct hm_segregated *space);

/* Marks `o`, not NULL, and queues what it refers to. */
void hm_snapshot_grey(struct hm_snapshot *snapshot, hm_ref o);

/* Marks until `work` has been done: four for an object and one for each of its
 * references, about 3 ns each.  A step goes beyond it by at most one object or
 * 256 references of an array.  Returns 0 when nothing is left to mark. */
int hm_snapshot_step(struct hm_snapshot *snapshot, uint64_t work);

/* Nothing is left, and the program stands still: tells the table what is dead,
 * and marks what its ephemerons keep. */
void hm_snapshot_weak(struct hm_snapshot *snapshot, struct hm_weak *weak);

/* Whether the marking has reached `o`, any reference. */
int hm_snapshot_has(const struct hm_snapshot *snapshot, hm_ref o);

#endif /* HM_COLLECTORS_SUBSTRATE_SNAPSHOT_H */
