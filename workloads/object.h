/* SPDX-License-Identifier: MIT */
/* object.h -- a deterministic program over a graph of objects, run by every
 * strategy through collectors/mutator.h.
 *
 * Life of a run: setup (tables outside the heap, input files; not timed), run
 * (the clock window), drop (everything still held is disposed and unrooted;
 * not timed, memory is read before and after).  All three run in one thread.
 * State between them lives in static variables of the workload's file and in
 * the global roots; nothing may come from malloc.
 *
 * With several threads each makes such a run of its own: mutator, roots, meter
 * and generator are its own, and static variables must be _Thread_local. */
#ifndef HM_WORKLOADS_OBJECT_H
#define HM_WORKLOADS_OBJECT_H

#include "collectors/mutator.h"
#include "workloads/run.h"

#include <stdint.h>

enum { HM_ROOTS = 8 };

/* How memory ought to grow, per class of strategy: the expected verdicts. */
enum hm_leak {
    HM_LEAK_NOT_ONE, /* no leak workload; no verdict */
    HM_LEAK_NONE,    /* must stay flat under every strategy */
    HM_LEAK_LOGICAL, /* reachable but unneeded: grows under every strategy */
    HM_LEAK_LOST,    /* unreachable: grows only where nothing collects */
    HM_LEAK_CYCLE,   /* in cycles, freed by hand: grows where only counted */
    HM_LEAK_FALSE,   /* numbers look like references to it, freed by hand:
                      * grows where references are guessed */
};

/* Whether this collector never finds what such a workload drops. */
static inline int hm_leak_is_missed(enum hm_leak leak)
{
#ifdef HM_GC_ACYCLIC
    if (leak == HM_LEAK_CYCLE)
        return 1;
#endif
#ifdef HM_GC_CONSERVATIVE
    if (leak == HM_LEAK_FALSE)
        return 1;
#endif
    (void)leak;
    return 0;
}

struct hm_object_run {
    struct hm_run base;
    struct hm_mutator *mutator;
    hm_ref *root; /* HM_ROOTS global roots of this run, NULL at first */
};

struct hm_object_workload {
    const char *name;    /* = file name = CSV value = command-line word */
    const char *summary; /* one line for `heapmark list` */
    const char *source;
    const char *operation;         /* what one operation is: "request" */
    const struct hm_param *params; /* NULL-ended table */
    enum hm_leak leak;
    unsigned max_threads; /* 0 is 1 */
    int has_arrivals;     /* open loops, turns: its marks are GC points */
    int has_regions; /* marks its phases (R6); else `arena` does not run it */
    int is_trimmed;  /* last of all; what is resident then is a figure */
    int needs_weak;  /* at least this HM_GC_WEAK, or a program that frees */
    void (*setup)(struct hm_object_run *run); /* may be NULL */
    void (*run)(struct hm_object_run *run);
    void (*drop)(struct hm_object_run *run);
};

/* Whether the strategy has what the workload needs. */
static inline int hm_object_is_supported(const struct hm_object_workload *w)
{
    return HM_GC_MANUAL || HM_GC_WEAK >= w->needs_weak;
}

extern const struct hm_object_workload *const hm_objects[]; /* NULL-ended */

#endif /* HM_WORKLOADS_OBJECT_H */
