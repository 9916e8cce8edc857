/* SPDX-License-Identifier: MIT */
/* parallel_marker.h -- marks as marker.h does, by several threads.
 *
 * Each worker follows references through a ring of its own, with prefetch; what
 * does not fit there goes to its deque, where workers without work steal.  A
 * worker that sees others idle and nothing in its deque puts half of its ring
 * there.  Marking ends when all are idle.  Large objects are scanned in
 * chunks that any worker may take.
 *
 * Source:     work stealing as in work_team.h; the ring as in mark_queue.h.
 * Invariants: a mark bit is set with an atomic or, and who set it follows the
 *             object; an idle worker has nothing in its ring and deque.
 * Costs:      an atomic instruction for each object.  The caller marks the
 *             first objects alone: small heaps wake nobody. */
#ifndef HM_COLLECTORS_SUBSTRATE_PARALLEL_MARKER_H
#define HM_COLLECTORS_SUBSTRATE_PARALLEL_MARKER_H

#include "collectors/substrate/large.h"
#include "collectors/substrate/range.h"
#include "collectors/substrate/roots.h"
#include "collectors/substrate/work_team.h"
#include "collectors/substrate/workers.h"

/* About 0.1 ms of marking. */
enum { HM_MARK_ALONE_OBJECTS = 8192 };

struct hm_mark_worker; /* ring, deque, counts */

struct hm_parallel_marker {
    /* Where to mark, see struct hm_marker; all of it set before each run. */
    uint64_t *base, *bits;
    size_t words;
    int marks_whole;
    struct hm_large *large;
    /* Called by any worker for each marked object of more than report_words;
     * `word` counts from `base`.  None until report_words is set. */
    void (*report)(void *arg, size_t word, size_t words);
    void *report_arg;
    size_t report_words;

    unsigned alone_objects; /* that the caller follows before it wakes others */
    struct hm_workers workers;
    struct hm_range range; /* of worker[] and their deques */
    struct hm_mark_worker *worker;
    struct hm_work_team team;
};

/* All that a marker of n workers takes, stacks included, for a heap of so many
 * bytes, 0 for one without limit.  0 for n = 1. */
size_t hm_parallel_marker_bytes(unsigned n, size_t heap_bytes);

/* n >= 1; with 1 it is not needed and must not run.  Returns 1; 0 when the
 * system refuses. */
int hm_parallel_marker_open(struct hm_parallel_marker *pm, unsigned n,
                            size_t heap_bytes);

/* Nothing for one of all zeros. */
void hm_parallel_marker_close(struct hm_parallel_marker *pm);

/* Marks what the roots reach, all bits being clear; adds the words of small
 * objects to *marked_words.  Returns 1; 0 when references were dropped because
 * a deque was full: those left to be followed are in roots or in marked
 * objects, large ones too. */
int hm_parallel_marker_run(struct hm_parallel_marker *pm,
                           const struct hm_roots *roots,
                           uint64_t *marked_words);

#endif /* HM_COLLECTORS_SUBSTRATE_PARALLEL_MARKER_H */
