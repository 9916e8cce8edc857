/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/work_team.h"

#include "collectors/substrate/workers.h"

void hm_work_team_begin(struct hm_work_team *team, struct hm_work_deque *first,
                        size_t stride_bytes, unsigned n)
{
    HM_ASSERT(n >= 1 && stride_bytes >= sizeof(struct hm_work_deque));
    team->first = first;
    team->stride_bytes = stride_bytes;
    team->n = n;
    atomic_store(&team->idle, 0);
}

/* Up to half of what `victim` has. */
static size_t team_steal_from(struct hm_work_deque *victim, void **item,
                              size_t max)
{
    size_t most = hm_work_deque_count(victim) / 2 + 1, n = 0;

    while (n < max && n < most &&
           (item[n] = hm_work_deque_steal(victim)) != NULL)
        n++;
    return n;
}

/* One round over the others.  A worker is not idle while it tries. */
static size_t team_steal(struct hm_work_team *team, unsigned self, void **item,
                         size_t max)
{
    for (unsigned i = 1; i < team->n; i++) {
        struct hm_work_deque *victim =
            hm_work_team_deque(team, (self + i) % team->n);
        size_t n;

        if (hm_work_deque_count(victim) == 0)
            continue;
        atomic_fetch_sub(&team->idle, 1);
        n = team_steal_from(victim, item, max);
        if (n > 0)
            return n;
        atomic_fetch_add(&team->idle, 1);
    }
    return 0;
}

size_t hm_work_team_find(struct hm_work_team *team, unsigned self, void **item,
                         size_t max)
{
    unsigned step = 0;

    HM_ASSERT(hm_work_deque_count(hm_work_team_deque(team, self)) == 0);
    atomic_fetch_add(&team->idle, 1);
    while (atomic_load(&team->idle) < team->n) {
        size_t n = team_steal(team, self, item, max);

        if (n > 0)
            return n;
        hm_workers_relax(&step);
    }
    return 0;
}
