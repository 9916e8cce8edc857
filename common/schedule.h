/* SPDX-License-Identifier: MIT */
/* schedule.h -- what happens between two samples: nothing yet, until the next
 * operation arrives, or a turn for whoever has work that is nobody's latency.
 *
 * In an open loop operations arrive at a constant rate, whether those before
 * have been served or not.  Where a sample has several operations they come
 * together, when the first of them is due.
 *
 * Latency counts from the arrival, so what waits behind a pause has the pause
 * in its latency (no coordinated omission).  A worker that is late starts the
 * next operation at once and leaves none out.
 *
 * In a closed loop the next operation is there when the last one is done; it
 * then only waits for turns.  These come, in either loop, when poll_ns have
 * passed since the last one; an open loop also has one whenever it waits.
 *
 * With several threads each serves every n_threads-th arrival.
 *
 * Threads: one schedule per thread. */
#ifndef HM_COMMON_SCHEDULE_H
#define HM_COMMON_SCHEDULE_H

#include <stdint.h>

enum { HM_SCHEDULE_RATE_MAX = 1000000000 };

/* The last part of a wait is spun: sleeping is not as exact. */
enum { HM_SCHEDULE_SPIN_NS = 50000 };

/* Who is later at the end than this part of the schedule is saturated. */
enum { HM_SCHEDULE_LATE_PART = 10 };

struct hm_schedule {
    uint64_t rate_per_s;   /* of all threads, to HM_SCHEDULE_RATE_MAX; 0: a
                            * closed loop */
    uint64_t poll_ns;      /* 0: no turns but those of a wait */
    unsigned n_threads, t; /* t: this one */
    uint64_t served;       /* operations, of this thread */
    uint64_t idle;         /* `served` when it last had to wait */
    uint64_t start_ns;
    uint64_t turn_ns; /* when the next turn is due */
    uint64_t late_ns; /* behind the latest arrival, at its start */

    /* A turn; returns when the clock has reached `until_ns`. */
    void (*wait)(struct hm_schedule *schedule, uint64_t until_ns);
};

/* When the operation of that number, from 0 over all threads, arrives. */
uint64_t hm_schedule_arrival_ns(const struct hm_schedule *schedule,
                                uint64_t number);

/* The schedule begins now; returns the thread's first arrival, after it; in a
 * closed loop that is now. */
uint64_t hm_schedule_begin(struct hm_schedule *schedule, uint64_t now_ns);

/* `ops` have been served: waits for the next arrival and returns it; it is in
 * the past if the thread is late.  In a closed loop it is now, after a turn if
 * one was due. */
uint64_t hm_schedule_next(struct hm_schedule *schedule, uint64_t ops);

/* Whether the queue was never empty in the second half of what has been
 * served, or is longer at the end than a tenth of the schedule: it grew as long
 * as anybody looked, though it may have begun to late.  A closed loop has
 * none. */
int hm_schedule_is_saturated(const struct hm_schedule *schedule);

#endif /* HM_COMMON_SCHEDULE_H */
