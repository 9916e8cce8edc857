/* SPDX-License-Identifier: MIT */
/* threadcache_remote.h -- of threadcache.c: the frees of other threads.
 *
 * A page's `remote` is one word: where the list of the blocks begins that
 * others have freed, how many these are, and how many blocks were carved in
 * all.  When the latter two are equal the page is nobody's: its owner has no
 * block in it, and before it carves more it has to change the word.  So whoever
 * makes them equal takes the page, in the same step. */
#ifndef HM_ALLOCATORS_THREADCACHE_REMOTE_H
#define HM_ALLOCATORS_THREADCACHE_REMOTE_H

#include "allocators/threadcache_page.h"

enum { TC_COUNT_SHIFT = 16, TC_CARVED_SHIFT = 32 };

#define TC_TAKEN ((uint64_t)1 << 62) /* its memory is being given back */
#define TC_GONE \
    ((uint64_t)1 << 63) /* ... and was; nobody but its owner knows */

/* The offset of the first block / 16 + 1, or 0. */
static uint64_t tc_remote_place(const struct tc_page *page,
                                const struct tc_block *block)
{
    size_t offset = (size_t)((const unsigned char *)block - page->start);

    return offset / HM_ALLOC_ALIGN + 1;
}

static struct tc_block *tc_remote_head(const struct tc_page *page,
                                       uint64_t remote)
{
    uint16_t place = (uint16_t)remote;

    if (place == 0)
        return NULL;
    return (struct tc_block *)(void *)(page->start +
                                       (place - 1u) * (size_t)HM_ALLOC_ALIGN);
}

static uint32_t tc_remote_count(uint64_t remote)
{
    return (uint16_t)(remote >> TC_COUNT_SHIFT);
}

static uint32_t tc_carved(uint64_t remote)
{
    return (uint16_t)(remote >> TC_CARVED_SHIFT);
}

static uint64_t tc_remote_word(uint32_t carved, uint32_t count, uint64_t place)
{
    return (uint64_t)carved << TC_CARVED_SHIFT |
           (uint64_t)count << TC_COUNT_SHIFT | place;
}

static int tc_is_gone(uint64_t remote)
{
    return (remote & (TC_TAKEN | TC_GONE)) != 0;
}

static uint64_t tc_remote(const struct tc_page *page)
{
    return atomic_load_explicit(&page->remote, memory_order_acquire);
}

/* When the word is `*old`; else *old is what it is. */
static int tc_remote_change(
    struct tc_page *page,
    uint64_t *old, /* NOLINT(readability-non-const-parameter): written */
    uint64_t new)
{
    return atomic_compare_exchange_weak_explicit(
        &page->remote, old, new, memory_order_acq_rel, memory_order_acquire);
}

/* Whether the page counts in `ready` of its owner.  The count may come a moment
 * later, and be -1 until then. */
static int tc_is_ready(const struct tc_page *page, uint64_t remote)
{
    return tc_is_gone(remote) || tc_remote_count(remote) >= tc_page_share(page);
}

static void tc_count_ready(struct tc_thread *owner, unsigned class, int change)
{
    (void)atomic_fetch_add_explicit(&owner->ready[class], (uint32_t)change,
                                    memory_order_relaxed);
}

/* --- The owner's side -----------------------------------------------------*/

/* What others freed joins the owner's list.  0 when there was nothing, or the
 * page is gone. */
static int tc_collect(struct tc_page *page)
{
    uint64_t remote = tc_remote(page);
    struct tc_block **tail = &page->free;

    do {
        if (tc_is_gone(remote) || tc_remote_count(remote) == 0)
            return 0;
    } while (!tc_remote_change(page, &remote,
                               tc_remote_word(tc_carved(remote), 0, 0)));
    tc_set_bias(page, 0);
    if (tc_is_ready(page, remote))
        tc_count_ready(page->owner, page->class, -1);
    while (*tail != NULL)
        tail = &(*tail)->next; /* at most a share of a page */
    *tail = tc_remote_head(page, remote);
    page->used -= tc_remote_count(remote);
    return 1;
}

/* More blocks from the part of the page that was never used.  0 when the page
 * is gone. */
static int tc_carve(struct tc_page *page, uint64_t remote)
{
    size_t block_bytes = tc_block_bytes(page);
    size_t n = TC_CARVE_BYTES / block_bytes;
    size_t carved = tc_carved(remote), left = page->reserved - carved;
    unsigned char *at = page->start + carved * block_bytes;

    n = block_bytes < 1024 ? n : 1;
    n = n < left ? n : left;
    do {
        if (tc_is_gone(remote))
            return 0;
    } while (!tc_remote_change(page, &remote,
                               remote + ((uint64_t)n << TC_CARVED_SHIFT)));
    HM_ASSERT(page->free == NULL);
    page->free = (struct tc_block *)(void *)at;
    for (; n > 1; n--, at += block_bytes) {
        ((struct tc_block *)(void *)at)->next =
            (struct tc_block *)(void *)(at + block_bytes);
    }
    ((struct tc_block *)(void *)at)->next = NULL;
    return 1;
}

/* --- The others' side -----------------------------------------------------*/

/* The memory goes back.  The description waits for the owner to find it. */
static void tc_page_taken(struct hm_heap *heap, struct tc_page *page)
{
    tc_lock(heap);
    tc_page_give_memory(heap, page);
    tc_unlock(heap);
    atomic_store_explicit(&page->remote, TC_GONE, memory_order_release);
}

static __attribute__((noinline)) void tc_release_remote(struct hm_heap *heap,
                                                        struct tc_page *page,
                                                        struct tc_block *block)
{
    uint64_t old = tc_remote(page), place = tc_remote_place(page, block), new;
    uint32_t n, share = tc_page_share(page);
    struct tc_thread *owner = page->owner;
    unsigned class = page->class;
    int is_last;

    do {
        block->next = tc_remote_head(page, old);
        n = tc_remote_count(old) + 1;
        is_last = n == tc_carved(old);
        new = is_last ? TC_TAKEN : tc_remote_word(tc_carved(old), n, place);
    } while (!tc_remote_change(page, &old, new));
    if (n == share || (is_last && n < share))
        tc_count_ready(owner, class, 1);
    if (is_last)
        tc_page_taken(heap, page);
}

#endif /* HM_ALLOCATORS_THREADCACHE_REMOTE_H */
