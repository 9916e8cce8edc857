/* SPDX-License-Identifier: MIT */
/* threadcache_check.h -- of threadcache.c, which includes it where it is
 * needed: the walk over the heap that names a broken invariant. */
#ifndef HM_ALLOCATORS_THREADCACHE_CHECK_H
#define HM_ALLOCATORS_THREADCACHE_CHECK_H

/* Length of a list of blocks of the page, or more than it has. */
static size_t tc_length(const struct tc_page *page,
                        const struct tc_block *block)
{
    size_t n = 0;

    for (; block != NULL && n <= page->carved; block = block->next) {
        size_t offset = (size_t)((const unsigned char *)block - page->start);

        if ((const unsigned char *)block < page->start ||
            offset % page->block_bytes != 0 ||
            offset / page->block_bytes >= page->carved)
            return SIZE_MAX;
        n++;
    }
    return n;
}

static const char *tc_check_page(const struct hm_heap *heap,
                                 const struct tc_page *page, int is_current)
{
    uint32_t remote = page->remote;
    size_t n_free, n_remote,
        used = page->used + page->bias - (size_t)is_current;

    if ((remote & TC_GONE) != 0)
        return page->list == TC_FULL ? NULL : "a page that is gone was full";
    if (heap->units.owner[page->first] != page)
        return "the owner of a unit is its page";
    n_free = tc_length(page, page->free);
    n_remote = tc_length(page, tc_remote_head(page, remote));
    if (n_remote != tc_remote_count(remote))
        return "remote holds the length of the remote list";
    if (n_free > page->carved || n_free + used != page->carved)
        return "each block is in use, in the free list or in the remote list";
    if (page->list == TC_FULL && (remote & TC_LEFT) == 0)
        return "a full page was left";
    return NULL;
}

static const char *tc_check_list(const struct hm_heap *heap,
                                 const struct tc_thread *thread, unsigned class,
                                 enum tc_list list)
{
    const struct tc_page *head = thread->list[list][class], *page = head;
    const char *broken = NULL;

    if (head == NULL)
        return NULL;
    do {
        if (page->list != list || page->class != class ||
            page->owner != thread || page->next->prev != page)
            return "a page is in the list of its owner";
        broken = tc_check_page(heap, page, 0);
        page = page->next;
    } while (broken == NULL && page != head);
    return broken;
}

static const char *tc_check_thread(const struct hm_heap *heap,
                                   const struct tc_thread *thread)
{
    const char *broken = NULL;

    for (unsigned c = 0; broken == NULL && c < TC_CLASSES; c++) {
        const struct tc_page *page = thread->current[c];

        if (page != &tc_nothing)
            broken = tc_check_page(heap, page, 1);
        if (broken == NULL)
            broken = tc_check_list(heap, thread, c, TC_PARTIAL);
        if (broken == NULL)
            broken = tc_check_list(heap, thread, c, TC_FULL);
    }
    return broken;
}

/* For a heap that no thread is working in. */
static const char *threadcache_check(const struct hm_heap *heap)
{
    const char *broken = hm_units_check(&heap->units);

    for (const struct tc_thread *t = heap->threads; broken == NULL && t != NULL;
         t = t->next)
        broken = tc_check_thread(heap, t);
    return broken;
}

#endif /* HM_ALLOCATORS_THREADCACHE_CHECK_H */
