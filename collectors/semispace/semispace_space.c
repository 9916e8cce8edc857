/* SPDX-License-Identifier: MIT */
/* semispace_space.c -- how the limit is split between the spaces and the large
 * objects. */
#include "collectors/semispace/semispace_heap.h"

size_t hm_semispace_half_bytes(const struct hm_gc *gc, size_t more_bytes)
{
    const struct hm_extents *extents = &gc->heap.large.extents;
    size_t limit = gc->heap.budget.limit_bytes;
    size_t pages = extents->used_pages + extents->table_pages;
    size_t taken = sizeof(*gc) + pages * HM_PAGE_BYTES + more_bytes +
                   hm_weak_held_bytes(&gc->heap.weak) +
                   hm_mutators_held_bytes(&gc->mutators);

    if (limit == 0)
        return gc->current->range.bytes - SEMISPACE_MARGIN_BYTES;
    if (taken >= limit)
        return 0;
    return hm_round_down((limit - taken) / 2, HM_PAGE_BYTES);
}

void hm_semispace_trim(struct hm_gc *gc, struct semispace_space *space,
                       size_t bytes)
{
    size_t keep = hm_round_up(bytes, HM_PAGE_BYTES);

    if (space->touched_bytes <= keep)
        return;
    hm_range_discard(&space->range, keep, space->touched_bytes - keep);
    hm_budget_give(&gc->heap.budget, space->touched_bytes - keep);
    space->touched_bytes = keep;
}

void hm_semispace_make_room(struct hm_gc *gc, size_t bytes, size_t half_bytes)
{
    if (hm_budget_has(&gc->heap.budget, bytes))
        return;
    hm_extents_release(&gc->heap.large.extents);
    for (unsigned i = 0; i < gc->n_spaces; i++) {
        if (&gc->space[i] != gc->current)
            hm_semispace_trim(gc, &gc->space[i], half_bytes);
    }
    if (half_bytes >= semispace_used_bytes(gc))
        hm_semispace_trim(gc, gc->current, half_bytes);
}

int hm_semispace_touch(struct hm_gc *gc, struct semispace_space *space,
                       size_t bytes)
{
    size_t end = hm_round_up(bytes, HM_PAGE_BYTES), more;

    if (end <= space->touched_bytes)
        return 1;
    more = end - space->touched_bytes;
    hm_semispace_make_room(gc, more, hm_semispace_half_bytes(gc, 0));
    if (!hm_budget_take(&gc->heap.budget, more))
        return 0;
    hm_range_back(&space->range, space->touched_bytes, more);
    space->touched_bytes = end;
    return 1;
}

int hm_semispace_extend(struct hm_gc *gc, size_t bytes)
{
    for (unsigned i = 0; i < gc->n_spaces; i++) {
        if (!hm_range_extend(&gc->space[i].range,
                             bytes + SEMISPACE_MARGIN_BYTES))
            return 0;
    }
    return 1;
}
