/* SPDX-License-Identifier: MIT */
/* runs.h -- large blocks, each a run of units of its own, for allocators that
 * carve the smaller ones out of units; and how the heap of such a one begins.
 *
 * A run's length is in the table of units and its block starts where it does:
 * there is no description.  `owner` marks the runs that are blocks.
 *
 * Invariants: the owner of a block's first unit is `owner`, of its others NULL.
 * Costs:      those of units.h.  An alignment beyond a unit takes a longer run
 *             and gives back what lies before and behind.
 * Threads:    none; the owner's lock. */
#ifndef HM_ALLOCATORS_RUNS_H
#define HM_ALLOCATORS_RUNS_H

#include "allocators/units.h"

/* Units for `limit_bytes` less what the owner needs for itself, which is `own`:
 * `head_bytes` that are zeroed and open, `table_bytes` to be opened behind.
 * 0, or -1 and errno: EINVAL (too small a limit), ENOMEM. */
static inline int hm_runs_init(struct hm_units *u, struct hm_region *own,
                               size_t limit_bytes, size_t head_bytes,
                               size_t table_bytes)
{
    size_t own_bytes = head_bytes + table_bytes;

    if (limit_bytes <= own_bytes) {
        errno = EINVAL;
        return -1;
    }
    if (hm_units_init(u, limit_bytes - own_bytes) != 0)
        return -1;
    if (hm_region_init(own, own_bytes + u->space.page_bytes) != 0) {
        hm_units_fini(u);
        return -1;
    }
    if (!hm_region_reach(own, own->base + head_bytes)) {
        hm_region_fini(own);
        hm_units_fini(u);
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

static inline size_t hm_run_units(size_t bytes)
{
    return (bytes + HM_UNIT_BYTES - 1) / HM_UNIT_BYTES;
}

/* NULL when there is no such run. */
static inline void *hm_run_alloc(struct hm_units *u, size_t bytes, size_t align,
                                 void *owner)
{
    size_t more = align > HM_UNIT_BYTES ? align / HM_UNIT_BYTES - 1 : 0, gap;
    uint32_t first;

    if (bytes > u->end * HM_UNIT_BYTES || more > u->end)
        return NULL;
    first = hm_units_take(u, hm_run_units(bytes) + more, owner);
    if (first == HM_UNIT_NONE)
        return NULL;
    gap = hm_region_gap(hm_units_address(u, first), align) / HM_UNIT_BYTES;
    if (gap > 0) {
        hm_units_split(u, first, gap);
        hm_units_give(u, first);
        first += (uint32_t)gap;
        hm_units_set_owner(u, first, owner);
    }
    hm_units_shrink(u, first, hm_run_units(bytes));
    return hm_units_address(u, first);
}

static inline size_t hm_run_bytes(const struct hm_units *u, uint32_t first)
{
    return (size_t)u->unit[first].units * HM_UNIT_BYTES;
}

/* Makes the block at `first` hold `bytes` where it is: 1, or 0 when what lies
 * above is in use. */
static inline int hm_run_resize(struct hm_units *u, uint32_t first,
                                size_t bytes)
{
    size_t n;

    if (bytes > u->end * HM_UNIT_BYTES)
        return 0;
    n = hm_run_units(bytes);
    if (n > u->unit[first].units)
        return hm_units_grow(u, first, n);
    hm_units_shrink(u, first, n);
    return 1;
}

/* Whether `p` lies in a unit that was ever used. */
static inline int hm_run_may_hold(const struct hm_units *u, const void *p)
{
    const unsigned char *at = p;

    return at >= u->space.base && at < u->space.end &&
           hm_units_index(u, at) < u->frontier;
}

/* hm_units_check, and that units which are free or in a block of `owner` have
 * no owner but for the block's first; counts those in blocks. */
static inline const char *hm_runs_check(const struct hm_units *u,
                                        const void *owner, size_t *n)
{
    const char *broken = hm_units_check(u);
    size_t units;

    *n = 0;
    for (size_t at = 0; broken == NULL && at < u->frontier; at += units) {
        size_t i = u->owner[at] == owner;

        units = u->unit[at].units;
        if (!hm_units_is_free(u, (uint32_t)at) && i == 0)
            continue;
        *n += i * units;
        while (i < units && u->owner[at + i] == NULL)
            i++;
        if (i < units)
            return "runs: only a block's first unit has an owner";
    }
    return broken;
}

#endif /* HM_ALLOCATORS_RUNS_H */
