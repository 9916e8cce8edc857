/* SPDX-License-Identifier: MIT */
/* safepoint.h -- stopping every mutator of a heap where its roots are known.
 *
 * Stops are cooperative: a thread that wants the world still raises a flag and
 * waits until each other one is at a safepoint (the slow path of an
 * allocation, hm_poll, a blocking section).  One lock orders all slow paths;
 * with a single mutator, which shares nothing, it is never taken: the second
 * to attach stops the first and only then declares the heap shared.
 *
 * Invariants: `running` counts attached mutators that are neither parked nor
 *             blocked; while the world is stopped, only the stopper runs.
 * Costs:      a load and a branch on each slow path of a lone mutator, an
 *             uncontended lock otherwise.
 * Source:     cooperative safepoints of O. Agesen, 1998 (polling). */
#ifndef HM_COLLECTORS_SUBSTRATE_SAFEPOINT_H
#define HM_COLLECTORS_SUBSTRATE_SAFEPOINT_H

#include "common/check.h"

#include <pthread.h>
#include <stdatomic.h>

struct hm_safepoint {
    pthread_mutex_t lock;
    pthread_cond_t parked, resumed;
    atomic_int stop; /* raised: park at the next safepoint */
    int is_shared;   /* slow paths take the lock; changes in a stop only */
    unsigned running;
};

void hm_safepoint_open(struct hm_safepoint *sp);
void hm_safepoint_close(struct hm_safepoint *sp);

/* A thread becomes a mutator.  Until hm_safepoint_joined the caller is alone in
 * the slow path and, unless the heap was shared before, the world is stopped.
 * `is_shared`: there are two mutators from now on. */
void hm_safepoint_join(struct hm_safepoint *sp);
void hm_safepoint_joined(struct hm_safepoint *sp, int is_shared);

/* A mutator that has entered goes; leaves, too. */
void hm_safepoint_quit(struct hm_safepoint *sp);

/* For hm_safepoint_enter and _leave only. */
void hm_safepoint_enter_slow(struct hm_safepoint *sp);
void hm_safepoint_leave_slow(struct hm_safepoint *sp);

/* A mutator begins a slow path; waits while others have the world stopped, so
 * it is a GC point. */
static inline void hm_safepoint_enter(struct hm_safepoint *sp)
{
    if (HM_UNLIKELY(sp->is_shared ||
                    atomic_load_explicit(&sp->stop, memory_order_relaxed)))
        hm_safepoint_enter_slow(sp);
}

static inline void hm_safepoint_leave(struct hm_safepoint *sp)
{
    if (HM_UNLIKELY(sp->is_shared))
        hm_safepoint_leave_slow(sp);
}

/* At a GC point that allocates nothing. */
static inline void hm_safepoint_poll(struct hm_safepoint *sp)
{
    if (HM_UNLIKELY(atomic_load_explicit(&sp->stop, memory_order_relaxed))) {
        hm_safepoint_enter_slow(sp);
        hm_safepoint_leave(sp);
    }
}

/* Inside a slow path: returns once no other mutator runs. */
void hm_safepoint_stop(struct hm_safepoint *sp);
void hm_safepoint_resume(struct hm_safepoint *sp);

/* The mutator touches no object until it comes back, and nobody waits for it;
 * coming back is a GC point. */
void hm_safepoint_block(struct hm_safepoint *sp);
void hm_safepoint_unblock(struct hm_safepoint *sp);

#endif /* HM_COLLECTORS_SUBSTRATE_SAFEPOINT_H */
