/* SPDX-License-Identifier: MIT */
/* incremental_heap.h -- what the parts of the collectors that mark a snapshot
 * share.  incremental.c marks in slices of the program's time, concurrent.c in
 * a thread; the rest is common. */
#ifndef HM_COLLECTORS_INCREMENTAL_HEAP_H
#define HM_COLLECTORS_INCREMENTAL_HEAP_H

#include "collectors/substrate/snapshot.h"

/* A collection goes round these. */
enum incremental_phase {
    INCREMENTAL_IDLE,
    INCREMENTAL_MARKING,
    INCREMENTAL_SORTING, /* blocks and large objects, in pieces */
};

/* When to begin, and how fast to mark.  Rates are smoothed. */
struct incremental_pace {
    double alloc_rate; /* bytes allocated per ns */
    double mark_rate;  /* work per ns, see hm_snapshot_step */
    double margin;     /* times what marking is expected to need */
    uint64_t work;     /* of the last marking; 0 = none yet */
    size_t free_bytes; /* after the last collection */
};

/* Parameters after those of the pacer. */
enum {
    INCREMENTAL_SLICE_US = HM_PACER_PARAMS,
    INCREMENTAL_SLICE_WORK,
};

/* clang-format off */
#define INCREMENTAL_ROWS                                                      \
    HM_PACER_ROWS,                                                            \
    [INCREMENTAL_SLICE_US] = {"slice_us",                                     \
        "longest slice of marking by the program, in microseconds",           \
        500, 500, 10, 100000},                                                \
    [INCREMENTAL_SLICE_WORK] = {"slice_work",                                 \
        "tests: always collect, by so much work at each cell; 0 = by time",   \
        0, 0, 0, 1 << 20}

/* clang-format on */

struct hm_gc {
    struct hm_mutator mutator;
    struct hm_heap heap;
    struct hm_segregated space;
    struct hm_snapshot snapshot;
    enum incremental_phase phase;
    struct incremental_pace pace;
    size_t step_bytes;   /* allocated since the last step */
    size_t stride_bytes; /* ... at which the next one is due */
    size_t black_large_bytes;
    uint64_t begin_ns;   /* of this marking */
    uint64_t ended_ns;   /* of the last one; at first of the opening */
    uint64_t marking_ns; /* spent on this marking; its owner's */
};

/* --- of incremental.c and concurrent.c each -------------------------------*/

/* Returns 1; 0 with a reason. */
int hm_incremental_marker_open(struct hm_gc *gc, const char **why);
void hm_incremental_marker_close(struct hm_gc *gc);

/* The snapshot has been taken: marking may begin. */
void hm_incremental_marker_start(struct hm_gc *gc);

/* A step is due, about so much work; 0: as hm_incremental_goal says, which only
 * the owner of the marking may ask.  Returns 0 when nothing is left to mark;
 * then the caller owns the marking. */
int hm_incremental_marker_step(struct hm_gc *gc, uint64_t work);

/* The caller owns the marking from now on, all that was greyed included. */
void hm_incremental_marker_stop(struct hm_gc *gc);

/* --- incremental_cycle.c --------------------------------------------------*/

/* Brings the collection forward, by about so much marking (0: as the pace
 * asks), or begins one if it is time. */
void hm_incremental_step(struct hm_gc *gc, uint64_t work);

/* Ends what is under way, in one pause; IDLE when it returns. */
void hm_incremental_complete(struct hm_gc *gc);

/* A collection of all that is unreachable now, in one pause. */
void hm_incremental_full(struct hm_gc *gc);

/* Marks for at most slice_us, or about `work`; 0: nothing is left. */
int hm_incremental_slice(struct hm_gc *gc, uint64_t work);

/* --- incremental_pace.c ---------------------------------------------------*/

void hm_incremental_pace_open(struct hm_gc *gc);

/* Bytes that may be allocated before the heap is full or too large. */
size_t hm_incremental_free_bytes(const struct hm_gc *gc);

/* Whether marking has to begin now to be done in time. */
int hm_incremental_is_due(struct hm_gc *gc);

/* Whether the heap has outgrown a soft limit so far, 1/8, that marking has to
 * end at once. */
int hm_incremental_is_overdue(const struct hm_gc *gc);

/* Work that the allocation since the last step calls for. */
uint64_t hm_incremental_goal(const struct hm_gc *gc);

/* Marking has ended; `is_late`: the heap was full before. */
void hm_incremental_pace_marked(struct hm_gc *gc, int is_late);

/* --- incremental_check.c --------------------------------------------------*/

/* As hm_gc_check; *bytes = what is reachable. */
const char *hm_incremental_check(struct hm_gc *gc, uint64_t *bytes);

/* All that is reachable has been marked: a missing barrier shows here. */
const char *hm_incremental_check_marked(struct hm_gc *gc);

#endif /* HM_COLLECTORS_INCREMENTAL_HEAP_H */
