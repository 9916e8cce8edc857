/* SPDX-License-Identifier: MIT */
/* incremental.c -- mark-sweep whose marking is cut into slices.
 *
 * Source:     T. Yuasa, Journal of Systems and Software 11(3), 1990: a barrier
 *             that keeps the snapshot at the beginning; the space is that of
 *             substrate/segregated.h.
 * Differs:    allocation needs no test for black: a hole is marked as a whole
 *             when it is opened.  The start of marking is paced by measured
 *             rates.  Clearing of marks, sorting of blocks and the sweep of
 *             large objects are done in pieces, too.
 * Invariants: those of the space and of the snapshot; while marking, all that
 *             was reachable at its beginning will be marked, and all that was
 *             allocated since is; see hm_gc_check().
 * Costs:      a store tests one flag; while marking it marks what it
 *             overwrites.  One short pause reads the roots, then slices of at
 *             most slice_us come with allocation; what only ephemerons keep
 *             is marked in the last one.  What dies while marking goes on is
 *             found by the next collection.  If the heap is full before that,
 *             the rest is one `full` pause.  Two bitmaps take 1/32 of the heap.
 * Threads:    one mutator. */
#include "collectors/incremental/incremental_heap.h"

/* About 50 us: whoever arrives meanwhile waits no longer. */
enum { INCREMENTAL_POLL_WORK = 1 << 14 };

static const struct hm_param incremental_params[] = {INCREMENTAL_ROWS, {0}};

const struct hm_collector hm_collector_this = {
    .name = "incremental",
    .summary = "mark-sweep, marking a snapshot in short slices",
    .source = "Yuasa, Journal of Systems and Software 11(3), 1990",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = incremental_params,
};

int hm_incremental_marker_open(struct hm_gc *gc, const char **why)
{
    (void)gc;
    (void)why;
    return 1;
}

void hm_incremental_marker_close(struct hm_gc *gc)
{
    (void)gc;
}

void hm_incremental_marker_start(struct hm_gc *gc)
{
    (void)gc;
}

int hm_incremental_marker_step(struct hm_gc *gc, uint64_t work)
{
    return hm_incremental_slice(gc, work != 0 ? work : hm_incremental_goal(gc));
}

void hm_incremental_marker_stop(struct hm_gc *gc)
{
    (void)gc;
}

__attribute__((noinline)) void hm_incremental_poll_slow(struct hm_mutator *m)
{
    uint64_t single = m->gc->heap.config.param[INCREMENTAL_SLICE_WORK];

    hm_incremental_step(m->gc, single != 0 ? single : INCREMENTAL_POLL_WORK);
}

__attribute__((noinline)) void hm_incremental_barrier(struct hm_mutator *m,
                                                      hm_ref old)
{
    if (old != NULL)
        hm_snapshot_grey(&m->gc->snapshot, old);
}
