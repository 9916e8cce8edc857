/* SPDX-License-Identifier: MIT */
/* threadcache_thread.h -- of threadcache.c, which includes it where it is
 * needed: who owns pages, and what becomes of them when it ends. */
#ifndef HM_ALLOCATORS_THREADCACHE_THREAD_H
#define HM_ALLOCATORS_THREADCACHE_THREAD_H

/* Makes the page's own free blocks remote ones.  1 when all of it is free: then
 * it is nobody's but the caller's. */
static int tc_hand_over(struct tc_page *page)
{
    struct tc_block *head = page->free, **tail = &head;
    uint64_t old = tc_remote(page), new;
    uint32_t n = 0, carved = tc_carved(old), count;

    if (head == NULL)
        return 0;
    for (; *tail != NULL; tail = &(*tail)->next)
        n++;
    page->free = NULL;
    page->used = carved;
    do {
        count = tc_remote_count(old) + n;
        new = tc_remote_word(carved, count, tc_remote_place(page, head));
        *tail = tc_remote_head(page, old);
    } while (count < carved && !tc_remote_change(page, &old, new));
    tc_count_ready(page->owner, page->class,
                   (count < carved && tc_is_ready(page, new)) -
                       tc_is_ready(page, old));
    return count == carved;
}

/* The owner ends: the page, in no list, waits for its successor or for whoever
 * frees the last block.  The lock is held. */
static void tc_abandon_page(struct hm_heap *heap, struct tc_thread *thread,
                            struct tc_page *page)
{
    tc_set_bias(page, 0);
    if (tc_hand_over(page)) {
        thread->pages[page->class]--;
        tc_page_give_memory(heap, page);
        tc_page_spare(heap, page);
        return;
    }
    tc_link(thread, page, TC_PARTIAL);
}

/* All pages of a list that have free blocks. */
static void tc_abandon_list(struct hm_heap *heap, struct tc_thread *thread,
                            unsigned class, enum tc_list list)
{
    struct tc_page *page = thread->list[list][class], *last, *next;

    if (page == NULL)
        return;
    for (last = page->prev; page != NULL; page = page == last ? NULL : next) {
        next = page->next;
        if (page->free == NULL)
            continue;
        tc_unlink(thread, page);
        tc_abandon_page(heap, thread, page);
    }
}

/* The thread ends.  The lock is held. */
static void tc_abandon(struct hm_heap *heap, struct tc_thread *thread)
{
    for (unsigned c = 0; c < TC_CLASSES; c++) {
        struct tc_page *page = thread->current[c];

        tc_abandon_list(heap, thread, c, TC_PARTIAL);
        tc_abandon_list(heap, thread, c, TC_FULL);
        if (page != &tc_nothing) {
            page->used--; /* see tc_make_current */
            tc_abandon_page(heap, thread, page);
        }
        tc_set_current(thread, c, &tc_nothing);
    }
    thread->kept_bytes = 0;
    thread->token = NULL;
}

static void tc_thread_ends(void *token)
{
    (void)pthread_mutex_lock(&tc_all.lock);
    for (struct hm_heap *heap = tc_all.heaps; heap != NULL; heap = heap->next) {
        tc_lock(heap);
        for (struct tc_thread *t = heap->threads; t != NULL; t = t->next) {
            if (t->token == token)
                tc_abandon(heap, t);
        }
        tc_unlock(heap);
    }
    (void)pthread_mutex_unlock(&tc_all.lock);
    tc_mine.heap_id = tc_mine.thread_id = 0;
}

/* The one with `token`; for NULL, one that nobody has.  The lock is held. */
static struct tc_thread *tc_thread_with(struct hm_heap *heap, const void *token)
{
    struct tc_thread *t = heap->threads;

    while (t != NULL && t->token != token)
        t = t->next;
    return t;
}

static struct tc_thread *tc_thread_new(struct hm_heap *heap)
{
    struct tc_thread *t = tc_meta(heap, sizeof(*t));

    if (t == NULL)
        return NULL;
    for (unsigned c = 0; c < TC_CLASSES; c++)
        tc_set_current(t, c, &tc_nothing);
    t->id = ++tc_all.last_id;
    t->next = heap->threads;
    heap->threads = t;
    return t;
}

/* The calling thread's part of the heap; NULL when there is no memory for it.
 */
static __attribute__((noinline)) struct tc_thread *tc_thread_slow(
    struct hm_heap *heap)
{
    const void *token = &tc_mine;
    struct tc_thread *t;

    tc_lock(heap);
    t = tc_thread_with(heap, token);
    if (t == NULL)
        t = tc_thread_with(heap, NULL);
    if (t == NULL)
        t = tc_thread_new(heap);
    if (t != NULL)
        t->token = token;
    tc_unlock(heap);
    if (t == NULL)
        return NULL;
    tc_mine.heap_id = heap->id;
    tc_mine.thread = t;
    tc_mine.thread_id = t->id;
    (void)pthread_setspecific(tc_all.key, token);
    return t;
}

static inline struct tc_thread *tc_thread_of(struct hm_heap *heap)
{
    return tc_mine.heap_id == heap->id ? tc_mine.thread : tc_thread_slow(heap);
}

#endif /* HM_ALLOCATORS_THREADCACHE_THREAD_H */
