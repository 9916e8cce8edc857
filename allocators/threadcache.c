/* SPDX-License-Identifier: MIT */
/* threadcache.c -- pages of blocks of one size, each owned by a thread that
 * allocates and frees in it without a lock; frees of other threads wait in the
 * page.
 *
 * Source:     E. D. Berger, K. S. McKinley, R. D. Blumofe and P. R. Wilson,
 *             "Hoard", ASPLOS 2000 (a block goes back where it came from: no
 *             false sharing, bounded blow-up); D. Leijen, B. Zorn and L. de
 *             Moura, "Mimalloc: free list sharding in action", APLAS 2019 (a
 *             free list and a list of remote frees for each page).
 * Differs:    pages are described outside of their memory, so that a page that
 *             its owner has left full can be taken away by the thread that
 *             frees its last block: memory does not wait for a thread that
 *             sleeps.  A full page comes back once an eighth of it is free,
 *             not with its first free block.
 * Invariants: of the blocks carved from a page each is in use, in its free list
 *             or in its remote list; `remote` holds the length and head of the
 *             latter, and whether the page was left; only the owner touches the
 *             rest.  A page is current, partial or full, and in that list of
 *             its owner; one that is left has no free block at that moment.
 *             A page that is gone has no memory.
 * Costs:      alloc and release some ten instructions for 0 to 32 KiB, a
 *             compare-and-swap for a remote free; a lock for a page and for
 *             each larger block.  Classes are a quarter of a doubling apart: a
 *             tenth of a block is rounding on average.  128 bytes a page of 16
 *             to 128 KiB, 3 KiB a thread.
 * Threads:    any number, at the same time; what an ended thread owned is the
 *             next new one's. */
#include "allocators/threadcache_page.h"

/* --- alloc ----------------------------------------------------------------*/

/* More blocks from the part of the page that was never used. */
static void tc_carve(struct tc_page *page)
{
    size_t n = TC_CARVE_BYTES / page->block_bytes + 1;
    unsigned char *at = page->start + (size_t)page->carved * page->block_bytes;
    struct tc_block **tail = &page->free;

    HM_ASSERT(page->free == NULL);
    if (n > (size_t)(page->reserved - page->carved))
        n = page->reserved - page->carved;
    page->carved = (uint16_t)(page->carved + n);
    for (; n > 0; n--, at += page->block_bytes) {
        *tail = (struct tc_block *)(void *)at;
        tail = &(*tail)->next;
    }
    *tail = NULL;
}

/* The current page has no block left: it is full, unless others have freed in
 * it.  1 when it was left. */
static int tc_leave(struct tc_thread *thread, struct tc_page *page)
{
    uint32_t none = 0;
    size_t share = page->reserved / TC_RETURN_SHARE + 1;

    if (page == &tc_nothing)
        return 1;
    page->used--; /* see tc_make_current */
    HM_ASSERT(page->used == page->carved);
    tc_set_bias(page, page->used - (share < page->used ? share : page->used));
    tc_link(thread, page, TC_FULL);
    if (atomic_compare_exchange_strong_explicit(&page->remote, &none, TC_LEFT,
                                                memory_order_release,
                                                memory_order_relaxed))
        return 1;
    tc_unlink(thread, page);
    tc_collect(page);
    tc_make_current(thread, page);
    return 0;
}

/* Looks at up to `most` of the full pages in turn for one in which others have
 * freed `least` blocks, or, for a `least` of 0, that has any; NULL if none. The
 * descriptions of those that are gone are put aside. */
static struct tc_page *tc_scan_full(struct hm_heap *heap,
                                    struct tc_thread *thread, unsigned class,
                                    size_t most, unsigned least)
{
    struct tc_page **head = &thread->list[TC_FULL][class], *page, *first = NULL;

    for (size_t i = 0; i < most && *head != NULL; i++) {
        uint32_t remote;

        page = *head;
        remote = atomic_load_explicit(&page->remote, memory_order_acquire);
        if (remote == TC_GONE) {
            tc_unlink(thread, page);
            tc_lock(heap);
            tc_page_spare(heap, page);
            tc_unlock(heap);
        } else if (least > 0
                       ? tc_remote_count(remote) >= least
                       : (remote & TC_COUNT_MASK) != 0 || page->free != NULL) {
            tc_unlink(thread, page);
            return page;
        } else if (page == first) {
            break; /* all seen */
        } else {
            first = first == NULL ? page : first;
            *head = page->next;
        }
    }
    return NULL;
}

/* A page that can be the current one, or NULL. */
static struct tc_page *tc_new_page(struct hm_heap *heap,
                                   struct tc_thread *thread, unsigned class)
{
    size_t block_bytes = tc_class_bytes(class);
    size_t units = tc_page_units(block_bytes);
    struct tc_page *page;

    tc_lock(heap);
    page = tc_page_take(heap, units);
    tc_unlock(heap);
    if (page == NULL)
        return NULL;
    page->class = (uint8_t) class;
    page->owner = thread;
    page->owner_id = thread->id;
    page->block_bytes = (uint32_t)block_bytes;
    page->reserved = (uint16_t)(units * HM_UNIT_BYTES / block_bytes);
    tc_carve(page);
    return page;
}

/* A page of the class with a free block, for the current one; NULL: memory is
 * short. */
static struct tc_page *tc_next_page(struct hm_heap *heap,
                                    struct tc_thread *thread, unsigned class)
{
    unsigned least =
        (unsigned)(tc_page_units(tc_class_bytes(class)) * HM_UNIT_BYTES /
                   tc_class_bytes(class) / TC_RETURN_SHARE);
    struct tc_page *page = thread->list[TC_PARTIAL][class];

    if (page != NULL) {
        tc_unlink(thread, page);
        return page;
    }
    page = tc_scan_full(heap, thread, class, TC_SCAN, least > 0 ? least : 1);
    if (page == NULL) {
        page = tc_new_page(heap, thread, class);
        if (page != NULL)
            return page;
        page = tc_scan_full(heap, thread, class, SIZE_MAX, 0);
    }
    if (page != NULL)
        tc_collect(page);
    return page;
}

/* Whether the current page has a block again. */
static int tc_refill(struct tc_thread *thread, struct tc_page *page)
{
    if (page == &tc_nothing)
        return 0;
    if (atomic_load_explicit(&page->remote, memory_order_relaxed) != 0) {
        tc_collect(page);
        return 1;
    }
    if (page->carved < page->reserved) {
        tc_carve(page);
        return 1;
    }
    return !tc_leave(thread, page);
}

static void *tc_refuse(void)
{
    errno = ENOMEM;
    return NULL;
}

static __attribute__((noinline)) void *tc_alloc_slow(struct hm_heap *heap,
                                                     struct tc_thread *thread,
                                                     unsigned class)
{
    struct tc_page *page;
    struct tc_block *block;

    page = thread->current[class];
    if (page->free == NULL && !tc_refill(thread, page)) {
        page = tc_next_page(heap, thread, class);
        if (page == NULL) {
            thread->current[class] = &tc_nothing;
            return tc_refuse();
        }
        tc_make_current(thread, page);
    }
    block = page->free;
    page->free = block->next;
    page->used++;
    return tc_taken(page, block);
}

/* A run of its own; `align` beyond that of a unit by a gap in front. */
static void *tc_alloc_large(struct hm_heap *heap, size_t bytes, size_t align)
{
    size_t gap_bytes = align > HM_UNIT_BYTES ? align - HM_UNIT_BYTES : 0;
    size_t units = (bytes + gap_bytes + HM_UNIT_BYTES - 1) / HM_UNIT_BYTES;
    struct tc_page *page;

    if (bytes > SIZE_MAX / 2 - align || units > heap->units.end)
        return tc_refuse();
    tc_lock(heap);
    page = tc_page_take(heap, units);
    if (page != NULL) {
        size_t gap = hm_region_gap(page->start, align);

        page->start += gap;
        page->class = TC_LARGE;
        page->owner_id = TC_NOBODY;
        page->block_bytes = UINT32_MAX;
        page->carved = page->reserved = 1;
        page->large_bytes = units * HM_UNIT_BYTES - gap;
        heap->units.owner[page->first + gap / HM_UNIT_BYTES] = page;
    }
    tc_unlock(heap);
    return page == NULL ? tc_refuse() : tc_taken(page, (void *)page->start);
}

static void tc_release_large(struct hm_heap *heap, struct tc_page *page)
{
    tc_lock(heap);
    heap->units.owner[hm_units_index(&heap->units, page->start)] = NULL;
    tc_page_give_memory(heap, page);
    tc_page_spare(heap, page);
    tc_unlock(heap);
}

/* --- Threads --------------------------------------------------------------*/

#include "allocators/threadcache_thread.h"

/* --- Life of the heap -----------------------------------------------------*/

static void tc_register(struct hm_heap *heap)
{
    (void)pthread_mutex_lock(&tc_all.lock);
    if (tc_all.last_id == 0) {
        HM_CHECK(pthread_key_create(&tc_all.key, tc_thread_ends) == 0);
        for (unsigned i = 1; i < sizeof(tc_class_table); i++) {
            tc_class_table[i] =
                (uint8_t)tc_class_slow(i * (size_t)HM_ALLOC_ALIGN);
        }
    }
    heap->id = ++tc_all.last_id;
    heap->next = tc_all.heaps;
    tc_all.heaps = heap;
    (void)pthread_mutex_unlock(&tc_all.lock);
}

static struct hm_heap *threadcache_create(size_t limit_bytes)
{
    struct hm_units units;
    struct hm_region meta;
    struct hm_heap *heap;
    size_t share = limit_bytes / 64;

    if (limit_bytes < 2 * (size_t)HM_UNIT_BYTES) {
        errno = EINVAL;
        return NULL;
    }
    if (hm_units_init(&units, limit_bytes - share) != 0)
        return NULL;
    if (hm_region_init(&meta, share + 4 * (size_t)HM_UNIT_BYTES) != 0) {
        hm_units_fini(&units);
        return NULL;
    }
    heap = (struct hm_heap *)(void *)meta.base;
    heap->units = units;
    heap->meta = meta;
    heap->meta_next = meta.base + (sizeof(*heap) + TC_META_STEP - 1) /
                                      TC_META_STEP * TC_META_STEP;
    (void)pthread_mutex_init(&heap->lock, NULL);
    tc_register(heap);
    return heap;
}

static void threadcache_destroy(struct hm_heap *heap)
{
    struct hm_units units = heap->units;
    struct hm_region meta = heap->meta;
    struct hm_heap **link = &tc_all.heaps;

    (void)pthread_mutex_lock(&tc_all.lock);
    while (*link != heap)
        link = &(*link)->next;
    *link = heap->next;
    (void)pthread_mutex_unlock(&tc_all.lock);
    (void)pthread_mutex_destroy(&heap->lock);
    hm_units_fini(&units);
    hm_region_fini(&meta);
}

/* --- The table's functions ------------------------------------------------*/

/* Small enough for a class whose blocks all lie at multiples of `align`; 0:
 * there is none. */
static size_t tc_aligned_bytes(size_t bytes, size_t align)
{
    if (bytes > TC_MOST_BYTES || align > HM_UNIT_BYTES)
        return 0;
    bytes = (bytes + align - 1) & -align;
    if (bytes <= TC_MOST_BYTES && tc_class_bytes(tc_class(bytes)) % align != 0)
        bytes = (size_t)1 << (64 - __builtin_clzll(bytes - 1));
    return bytes <= TC_MOST_BYTES ? bytes : 0;
}

static inline void *tc_alloc_of(struct hm_heap *heap, struct tc_thread *thread,
                                unsigned class)
{
    struct tc_page *page = thread->current[class];
    struct tc_block *block = page->free;

    if (__builtin_expect(block == NULL, 0))
        return tc_alloc_slow(heap, thread, class);
    page->free = block->next;
    page->used++;
    return tc_taken(page, block);
}

/* The first of a thread, or of a heap that is not the one it used last. */
static __attribute__((noinline)) void *tc_alloc_first(struct hm_heap *heap,
                                                      size_t bytes)
{
    struct tc_thread *thread = tc_thread_slow(heap);

    return thread == NULL ? tc_refuse()
                          : tc_alloc_of(heap, thread, tc_class(bytes));
}

static inline void *tc_alloc_small(struct hm_heap *heap, size_t bytes)
{
    if (__builtin_expect(tc_mine.heap_id != heap->id, 0))
        return tc_alloc_first(heap, bytes);
    return tc_alloc_of(heap, tc_mine.thread, tc_class(bytes));
}

/* Rare: a class whose blocks lie at multiples of `align`, or a run. */
static __attribute__((noinline)) void *tc_alloc_aligned(struct hm_heap *heap,
                                                        size_t bytes,
                                                        size_t align)
{
    size_t rounded = tc_aligned_bytes(bytes, align);

    return rounded == 0 ? tc_alloc_large(heap, bytes, align)
                        : tc_alloc_small(heap, rounded);
}

static inline void *threadcache_alloc(struct hm_heap *heap, size_t bytes,
                                      size_t align)
{
    HM_ASSERT(align >= HM_ALLOC_ALIGN && (align & (align - 1)) == 0);
    if (__builtin_expect(align > HM_ALLOC_ALIGN || bytes > TC_TABLE_BYTES, 0))
        return tc_alloc_aligned(heap, bytes, align);
    return tc_alloc_small(heap, bytes);
}

static inline struct tc_page *tc_page_of(const struct hm_heap *heap,
                                         const void *block)
{
    HM_ASSERT(tc_is_block(heap, block));
    return heap->units
        .owner[(size_t)((const unsigned char *)block - heap->units.space.base) /
               HM_UNIT_BYTES];
}

/* `used` was counted down to 0: a full page is worth allocating from, or a
 * partial one is empty. */
static __attribute__((noinline)) void tc_quiet(struct hm_heap *heap,
                                               struct tc_page *page)
{
    tc_unlink(page->owner, page);
    tc_collect(page);
    if (page->used == 0) {
        tc_page_give(heap, page);
    } else {
        tc_link(page->owner, page, TC_PARTIAL);
    }
}

static inline void threadcache_release(struct hm_heap *heap, void *payload)
{
    struct tc_page *page = tc_page_of(heap, payload);
    struct tc_block *block = payload;

    HM_ASSERT(tc_note(page, payload, 0)); /* released once */
    if (__builtin_expect(page->owner_id == tc_mine.thread_id, 1)) {
        block->next = page->free;
        page->free = block;
        if (__builtin_expect(--page->used == 0, 0))
            tc_quiet(heap, page);

    } else if (page->class == TC_LARGE) {
        tc_release_large(heap, page);
    } else {

        tc_release_remote(heap, page, block);
    }
}

static size_t threadcache_usable(const struct hm_heap *heap, const void *block)
{
    const struct tc_page *page = tc_page_of(heap, block);

    return page->class == TC_LARGE ? page->large_bytes : page->block_bytes;
}

static int tc_resize_large(struct hm_heap *heap, struct tc_page *page,
                           size_t bytes)
{
    size_t gap =
        (size_t)(page->start - hm_units_address(&heap->units, page->first));
    size_t units, done;

    if (bytes > heap->units.end * HM_UNIT_BYTES)
        return 0;
    units = (gap + bytes + HM_UNIT_BYTES - 1) / HM_UNIT_BYTES;
    tc_lock(heap);
    done = (size_t)hm_units_grow(&heap->units, page->first, units);
    if (done)
        page->large_bytes = units * HM_UNIT_BYTES - gap;
    tc_unlock(heap);
    return (int)done;
}

/* A block that would waste more than half moves. */
static int threadcache_resize(struct hm_heap *heap, void *block, size_t bytes)
{
    struct tc_page *page = tc_page_of(heap, block);
    size_t have = threadcache_usable(heap, block);

    if (bytes <= have)
        return bytes >= have / 2 || have <= (size_t)TC_EXACT * HM_ALLOC_ALIGN;
    return page->class == TC_LARGE && tc_resize_large(heap, page, bytes);
}

/* The heap is whole in the child: the lock is held while it is made. */
static void threadcache_freeze(struct hm_heap *heap)
{
    (void)pthread_mutex_lock(&tc_all.lock);
    tc_lock(heap);
}

/* In the child the other threads' pages are nobody's: they may have been in the
 * midst of a step. */
static void threadcache_thaw(struct hm_heap *heap, int is_child)
{
    for (struct tc_thread *t = heap->threads; is_child && t != NULL;
         t = t->next) {
        if (t->token != NULL && t->token != &tc_mine)
            t->token = t; /* no thread's */
    }
    tc_unlock(heap);
    (void)pthread_mutex_unlock(&tc_all.lock);
}

/* --- check ----------------------------------------------------------------*/

#include "allocators/threadcache_check.h"

extern const struct hm_allocator hm_allocator_threadcache;
const struct hm_allocator hm_allocator_threadcache = {
    .name = "threadcache",
    .summary =
        "pages of one size, each a thread's own, remote frees kept apart",
    .source = "Berger et al., ASPLOS 2000; Leijen et al., APLAS 2019",
    .caps = HM_ALLOC_THREADED,
    .create = threadcache_create,
    .destroy = threadcache_destroy,
    .alloc = threadcache_alloc,
    .release = threadcache_release,
    .usable = threadcache_usable,
    .resize = threadcache_resize,
    .check = threadcache_check,
    .freeze = threadcache_freeze,
    .thaw = threadcache_thaw,
};
