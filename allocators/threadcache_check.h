/* SPDX-License-Identifier: MIT */
/* threadcache_check.h -- of threadcache.c, which includes it where it is
 * needed: the walk over the heap that names a broken invariant. */
#ifndef HM_ALLOCATORS_THREADCACHE_CHECK_H
#define HM_ALLOCATORS_THREADCACHE_CHECK_H

/* Length of a list of blocks of the page, or more than it has. */
static size_t tc_length(const struct tc_page *page,
                        const struct tc_block *block)
{
    size_t n = 0, carved = tc_carved(page->remote);

    for (; block != NULL && n <= carved; block = block->next) {
        size_t offset = (size_t)((const unsigned char *)block - page->start);

        if ((const unsigned char *)block < page->start ||
            offset % tc_block_bytes(page) != 0 ||
            offset / tc_block_bytes(page) >= carved)
            return SIZE_MAX;
        n++;
    }
    return n;
}

static const char *tc_check_page(const struct hm_heap *heap,
                                 const struct tc_page *page, int is_current)
{
    uint64_t remote = page->remote;
    uint32_t carved = tc_carved(remote);
    size_t n_free, n_remote,
        used = page->used + page->bias - (size_t)is_current;

    if (remote == TC_GONE)
        return page->free != NULL ? "a page that is gone has no block" : NULL;
    if (heap->units.owner[tc_page_first(heap, page)] != page)
        return "the owner of a unit is its page";
    n_free = tc_length(page, page->free);
    n_remote = tc_length(page, tc_remote_head(page, remote));
    if (n_remote != tc_remote_count(remote))
        return "remote holds the length of the remote list";
    if (n_free > carved || n_free + used != carved)
        return "each block is in use, in the free list or in the remote list";
    if (n_remote == carved)
        return "a page of which others have freed all is gone";
    return NULL;
}

/* What a walk over a thread's pages finds. */
struct tc_counts {
    uint32_t pages, ready;
    size_t kept_bytes;
};

static const char *tc_check_list(const struct hm_heap *heap,
                                 const struct tc_thread *thread, unsigned class,
                                 enum tc_list list, struct tc_counts *counts)
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
        counts->pages++;
        counts->ready += (uint32_t)tc_is_ready(page, page->remote);
        if (list == TC_PARTIAL && page->used == 0)
            counts->kept_bytes += tc_page_bytes(page);
        page = page->next;
    } while (broken == NULL && page != head);
    return broken;
}

static const char *tc_check_class(const struct hm_heap *heap,
                                  const struct tc_thread *thread,
                                  unsigned class, size_t *kept_bytes)
{
    const struct tc_page *page = thread->current[class];
    struct tc_counts counts = {0};
    const char *broken = NULL;

    if (page != &tc_nothing) {
        counts.pages = 1;
        counts.ready = (uint32_t)tc_is_ready(page, page->remote);
        broken = tc_check_page(heap, page, 1);
    }
    if (broken == NULL)
        broken = tc_check_list(heap, thread, class, TC_PARTIAL, &counts);
    if (broken == NULL)
        broken = tc_check_list(heap, thread, class, TC_FULL, &counts);
    if (broken == NULL && (counts.pages != thread->pages[class] ||
                           counts.ready != thread->ready[class]))
        broken = "a thread's counts of pages agree";
    *kept_bytes += counts.kept_bytes;
    return broken;
}

static const char *tc_check_thread(const struct hm_heap *heap,
                                   const struct tc_thread *thread)
{
    const char *broken = NULL;
    size_t kept_bytes = 0;

    for (unsigned c = 0; broken == NULL && c < TC_CLASSES; c++)
        broken = tc_check_class(heap, thread, c, &kept_bytes);
    if (broken == NULL && kept_bytes != thread->kept_bytes)
        broken = "the pages that a thread keeps are counted";
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
