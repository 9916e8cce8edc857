/* SPDX-License-Identifier: MIT */
/* concurrent_log.h -- what stores overwrite while a snapshot is marked, on its
 * way from the program to the marker: a ring of fixed size.
 *
 * Source:     the queue with one writer and one reader, L. Lamport, ACM TOPLAS
 *             5(2), 1983; logs of overwritten references as in D. Detlefs, C.
 *             Flood, S. Heller and T. Printezis, ISMM 2004.
 * Differs:    one ring that is read while it fills, no buffers to hand over.
 * Invariants: taken <= added <= taken + HM_CONCURRENT_LOG; an entry between
 *             them is the reader's, the others are the writer's.
 * Costs:      a few instructions for each entry; never waits: a full ring
 *             refuses.
 * Threads:    one adds and one takes, at once. */
#ifndef HM_COLLECTORS_CONCURRENT_LOG_H
#define HM_COLLECTORS_CONCURRENT_LOG_H

#include "collectors/reference.h"

#include <stdatomic.h>

/* More than a program stores while the marker does one quantum. */
enum { HM_CONCURRENT_LOG = 2048 };

/* Each side writes to a cache line of its own. */
struct hm_concurrent_log {
    _Alignas(64) atomic_size_t taken;
    _Alignas(64) atomic_size_t added;
    size_t taken_before; /* the writer's last look at `taken` */
    uint64_t refusals;   /* the writer's */
    _Alignas(64) hm_ref entry[HM_CONCURRENT_LOG];
};

/* 0: the ring is full. */
static inline int hm_concurrent_log_add(struct hm_concurrent_log *log, hm_ref o)
{
    size_t added = atomic_load_explicit(&log->added, memory_order_relaxed);

    if (added - log->taken_before == HM_CONCURRENT_LOG) {
        log->taken_before =
            atomic_load_explicit(&log->taken, memory_order_acquire);
        if (added - log->taken_before == HM_CONCURRENT_LOG)
            return 0;
    }
    log->entry[added % HM_CONCURRENT_LOG] = o;
    atomic_store_explicit(&log->added, added + 1, memory_order_release);
    return 1;
}

/* Takes what is there now: visit(arg, entry) for each. */
static inline void hm_concurrent_log_take(struct hm_concurrent_log *log,
                                          void (*visit)(void *arg, hm_ref o),
                                          void *arg)
{
    size_t taken = atomic_load_explicit(&log->taken, memory_order_relaxed);
    size_t added = atomic_load_explicit(&log->added, memory_order_acquire);

    for (; taken != added; taken++)
        visit(arg, log->entry[taken % HM_CONCURRENT_LOG]);
    atomic_store_explicit(&log->taken, taken, memory_order_release);
}

/* The reader's view: more may be added at any time. */
static inline int hm_concurrent_log_is_empty(
    const struct hm_concurrent_log *log)
{
    return atomic_load_explicit(&log->taken, memory_order_relaxed) ==
           atomic_load_explicit(&log->added, memory_order_relaxed);
}

/* The open heap's.  Tests only. */
const struct hm_concurrent_log *hm_concurrent_log_get(void);

#endif /* HM_COLLECTORS_CONCURRENT_LOG_H */
