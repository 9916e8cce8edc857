/* SPDX-License-Identifier: MIT */
/* bdwgc_incremental.c -- libgc with its incremental and generational mode.
 *
 * Source:     H.-J. Boehm, A. J. Demers and S. Shenker, "Mostly Parallel
 *             Garbage Collection", PLDI 1991; libgc's gc.h.
 * Differs:    the mode is on before the heap exists and cannot be left.  Pages
 *             written to are found by page faults (mprotect), as for a program
 *             that does not tell libgc of its stores.  Increments run inside
 *             allocation, and in turns (GC_collect_a_little); they fire no
 *             event of libgc, so each call of its allocator is timed (two
 *             clock reads per block of 4 KiB), and each turn that marks: what
 *             takes 10 us or more is an `increment`, or `full` when a
 *             collection ended in it, lazy sweeping included.  The faults are
 *             in no pause; the latency of operations has both.
 * Invariants: as bdwgc: what the mutator's free lists hold when the world is
 *             stopped is dropped there, for it is not marked.
 * Costs:      as bdwgc, and a fault per page that is written to first after an
 *             increment protected it.
 * Threads:    one mutator, and `markers` of libgc's.  Increments fire no event,
 *             so of several mutators it could not be told which of them one has
 *             stopped, nor for how long. */
#include "collectors/bdwgc/bdwgc_heap.h"

static const struct hm_param bdwgc_incremental_params[] = {
    BDWGC_PARAMS,
    {"time_limit_ms",
     "libgc aims at pauses of that; 999999: generational, no increments", 10,
     10, 1, 999999},
    {0},
};

const struct hm_collector hm_collector_this = {
    .name = "bdwgc_incremental",
    .summary = "libgc, incremental and generational by page faults",
    .source = "Boehm, Demers and Shenker, PLDI 1991",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = bdwgc_incremental_params,
};
