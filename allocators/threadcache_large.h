/* SPDX-License-Identifier: MIT */
/* threadcache_large.h -- of threadcache.c, which includes it where it is
 * needed: blocks that are a run of units each. */
#ifndef HM_ALLOCATORS_THREADCACHE_LARGE_H
#define HM_ALLOCATORS_THREADCACHE_LARGE_H

/* The description of a run that holds `bytes` from a multiple of `align` on, or
 * NULL.  Beyond the alignment of a unit there is a gap in front. */
static struct tc_page *tc_large_take(struct hm_heap *heap, size_t bytes,
                                     size_t align)
{
    size_t gap_bytes = align > HM_UNIT_BYTES ? align - HM_UNIT_BYTES : 0;
    size_t units = (bytes + gap_bytes + HM_UNIT_BYTES - 1) / HM_UNIT_BYTES;
    struct tc_page *page;

    tc_lock(heap);
    page = tc_page_take(heap, units);
    if (page != NULL) {
        size_t gap = hm_region_gap(page->start, align);

        page->large_first = hm_units_index(&heap->units, page->start);
        page->start += gap;
        page->class = TC_LARGE;
        page->owner_id = TC_NOBODY;
        page->grains = UINT16_MAX;
        page->reserved = 1;
        page->large_bytes = units * HM_UNIT_BYTES - gap;
        hm_units_set_owner(&heap->units,
                           hm_units_index(&heap->units, page->start), page);
    }
    tc_unlock(heap);
    return page;
}

static void *tc_alloc_large(struct hm_heap *heap, size_t bytes, size_t align)
{
    size_t most = heap->units.end * HM_UNIT_BYTES;
    struct tc_page *page;

    if (bytes > most || align > most)
        return tc_refuse();
    page = tc_large_take(heap, bytes, align);
    if (page == NULL && tc_mine.heap_id == heap->id &&
        tc_give_kept(heap, tc_mine.thread))
        page = tc_large_take(heap, bytes, align);
    if (page == NULL)
        return tc_refuse();
    HM_ASSERT(!tc_note(page, page->start, 1));
    return page->start;
}

static void tc_release_large(struct hm_heap *heap, struct tc_page *page)
{
    tc_lock(heap);
    hm_units_set_owner(&heap->units, hm_units_index(&heap->units, page->start),
                       NULL);
    tc_page_give_memory(heap, page);
    tc_page_spare(heap, page);
    tc_unlock(heap);
}

/* The end of the run that is not needed goes back. */
static void tc_shrink_large(struct hm_heap *heap, struct tc_page *page,
                            size_t units)
{
    struct hm_units *u = &heap->units;
    size_t had = u->unit[page->large_first].units;

    for (size_t i = units; i < had && i < TC_PAGE_UNITS_MOST; i++)
        hm_units_set_owner(u, page->large_first + i, NULL);
    hm_units_shrink(u, page->large_first, units);
}

/* Whether the block, which is larger than those of pages, has `bytes` now. */
static int tc_resize_large(struct hm_heap *heap, struct tc_page *page,
                           size_t bytes)
{
    size_t gap = (size_t)(page->start -
                          hm_units_address(&heap->units, page->large_first));
    size_t units;
    int done = 1;

    if (bytes > heap->units.end * HM_UNIT_BYTES)
        return 0;
    units = (gap + bytes + HM_UNIT_BYTES - 1) / HM_UNIT_BYTES;
    tc_lock(heap);
    if (bytes > page->large_bytes) {
        done = hm_units_grow(&heap->units, page->large_first, units);
    } else {
        tc_shrink_large(heap, page, units);
    }
    if (done)
        page->large_bytes = units * HM_UNIT_BYTES - gap;
    tc_unlock(heap);
    return done;
}

#endif /* HM_ALLOCATORS_THREADCACHE_LARGE_H */
