/* SPDX-License-Identifier: MIT */
/* work_team.h -- workers that each have a deque, and take from the others' when
 * they have nothing left; the end is where all have nothing.
 *
 * Invariants: only who is not idle pushes, and nobody becomes idle with
 *             something in its deque: when all are idle, no work is left and
 *             none can appear.
 * Costs:      nothing while a worker has work. */
#ifndef HM_COLLECTORS_SUBSTRATE_WORK_TEAM_H
#define HM_COLLECTORS_SUBSTRATE_WORK_TEAM_H

#include "collectors/substrate/work_deque.h"

struct hm_work_team {
    struct hm_work_deque *first; /* worker 0's */
    size_t stride_bytes;         /* from one worker's deque to the next one's */
    unsigned n;                  /* workers that take part */
    _Alignas(HM_CACHE_LINE_BYTES) atomic_uint idle;
};

/* A team of n >= 1 before its work, nobody idle; the deques are the caller's.
 */
void hm_work_team_begin(struct hm_work_team *team, struct hm_work_deque *first,
                        size_t stride_bytes, unsigned n);

/* Worker `self`, of which nothing is left: waits until it has stolen something.
 * Up to `max` >= 1 items into item[]; returns their number, or 0 when all are
 * idle. */
size_t hm_work_team_find(struct hm_work_team *team, unsigned self, void **item,
                         size_t max);

static inline struct hm_work_deque *hm_work_team_deque(
    const struct hm_work_team *team, unsigned worker)
{
    return (void *)((char *)team->first + worker * team->stride_bytes);
}

/* Whether others wait for work that only this worker has. */
static inline int hm_work_team_is_wanting(struct hm_work_team *team,
                                          struct hm_work_deque *own)
{
    return atomic_load_explicit(&team->idle, memory_order_relaxed) > 0 &&
           hm_work_deque_count(own) == 0;
}

#endif /* HM_COLLECTORS_SUBSTRATE_WORK_TEAM_H */
