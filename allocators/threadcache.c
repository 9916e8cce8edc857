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
 * Differs:    pages are described outside of their memory, so that a page of
 *             which all blocks were freed by others can be taken away from its
 *             owner: memory does not wait for a thread that sleeps, unless one
 *             of the free blocks there is its own.  A thread's first page of a
 *             class has 4 KiB or little more, later ones up to 64 KiB.  A full
 *             page comes back once a share of it is free, not with its first
 *             free block.
 * Invariants: of the blocks carved from a page each is in use, in its free list
 *             or in its remote list; `remote` holds the length and head of the
 *             latter and how many were carved; only the owner touches the rest.
 *             A page of which all carved blocks are in the remote list is gone,
 *             and has no memory: its owner finds that out when it looks for a
 *             block.  A page is current, partial or full, and in that list of
 *             its owner.
 * Costs:      alloc and release some twenty instructions each for 0 to 1 KiB,
 *             thirty to 32 KiB, a compare-and-swap for a remote free; a lock
 *             for a page and for each larger block.  Classes are 16 bytes
 *             apart up to 256 bytes, then a quarter of a doubling.  64 bytes
 *             a page, 3 KiB a thread, 24 bytes for each 4 KiB.
 * Threads:    any number, at the same time; what an ended thread owned is the
 *             next new one's. */
#include "allocators/threadcache_page.h"
#include "allocators/threadcache_remote.h"

/* --- alloc ----------------------------------------------------------------*/

/* A partial page without a block goes back. */
static void tc_page_give(struct hm_heap *heap, struct tc_page *page)
{
    tc_unlink(page->owner, page);
    page->owner->pages[page->class]--;
    page->owner->kept_bytes -= tc_page_bytes(page);
    tc_lock(heap);
    tc_page_give_memory(heap, page);
    tc_page_spare(heap, page);
    tc_unlock(heap);
}

/* So many of its owner's frees make a full page worth allocating from again: a
 * share, and beyond that two pages' blocks in all pages of the class. */
static uint32_t tc_own_share(const struct tc_thread *thread,
                             const struct tc_page *page)
{
    return tc_page_share(page) +
           TC_OWN_PAGES * page->reserved /
               (thread->pages[page->class] + 4 * TC_OWN_PAGES);
}

/* Whether a page without a free block has one again. */
static int tc_fill(struct tc_page *page)
{
    uint64_t remote = tc_remote(page);

    if (tc_remote_count(remote) > 0 && tc_collect(page))
        return 1;
    return tc_carved(remote) < page->reserved && tc_carve(page, remote);
}

/* The page, in no list, has no block left. */
static void tc_leave(struct tc_thread *thread, struct tc_page *page)
{
    uint32_t share = tc_own_share(thread, page);

    HM_ASSERT(page->used == tc_carved(tc_remote(page)) ||
              tc_is_gone(tc_remote(page)));
    if (share < page->used)
        tc_set_bias(page, page->used - share);
    tc_link(thread, page, TC_FULL);
}

/* Looks at up to `most` of the full pages in turn for one in which others have
 * freed a share, or, when memory is short, that has any free block; NULL if
 * none.  The descriptions of those that are gone are put aside. */
static struct tc_page *tc_scan_full(struct hm_heap *heap,
                                    struct tc_thread *thread, unsigned class,
                                    size_t most, int is_short)
{
    struct tc_page **head = &thread->list[TC_FULL][class], *page, *first = NULL;

    if (!is_short &&
        atomic_load_explicit(&thread->ready[class], memory_order_relaxed) == 0)
        return NULL;
    for (size_t i = 0; i < most && *head != NULL; i++) {
        uint64_t remote;

        page = *head;
        remote = tc_remote(page);
        if (remote == TC_GONE) {
            first = page == first ? NULL : first;
            tc_count_ready(thread, class, -1);
            tc_unlink(thread, page);
            thread->pages[class]--;
            tc_lock(heap);
            tc_page_spare(heap, page);
            tc_unlock(heap);
        } else if ((tc_is_ready(page, remote) && tc_collect(page)) ||
                   (is_short && (tc_collect(page) || page->free != NULL))) {
            tc_set_bias(page, 0);
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
    uint32_t block_bytes = tc_class_bytes(class);
    uint32_t base = tc_base_units(block_bytes);
    uint32_t times = tc_page_times(block_bytes, base, thread->pages[class]);
    struct tc_page *page;

    tc_lock(heap);
    page = tc_page_take(heap, (size_t)times * base);
    if (page == NULL) {
        times = 1;
        page = tc_page_take(heap, base);
    }
    tc_unlock(heap);
    if (page == NULL)
        return NULL;
    thread->pages[class]++;
    page->class = (uint8_t) class;
    page->owner = thread;
    page->owner_id = thread->id;
    page->grains = (uint16_t)(block_bytes / HM_ALLOC_ALIGN);
    page->reserved = (uint16_t)(base * HM_UNIT_BYTES / block_bytes * times);
    (void)tc_carve(page, 0);
    return page;
}

/* Memory is short: the pages without a block go back.  Whether any was. */
static int tc_give_kept(struct hm_heap *heap, struct tc_thread *thread)
{
    size_t kept_bytes = thread->kept_bytes;

    for (unsigned c = 0; c < TC_CLASSES && thread->kept_bytes > 0; c++) {
        struct tc_page **head = &thread->list[TC_PARTIAL][c], *page;

        for (uint32_t i = thread->pages[c]; i > 0 && *head != NULL; i--) {
            page = *head;
            *head = page->next;
            if (page->used == 0)
                tc_page_give(heap, page);
        }
    }
    return kept_bytes > 0;
}

/* A partial page, or NULL.  One whose owner has ended may be full by now. */
static struct tc_page *tc_partial(struct tc_thread *thread, unsigned class)
{
    struct tc_page *page;

    while ((page = thread->list[TC_PARTIAL][class]) != NULL) {
        tc_unlink(thread, page);
        if (page->used == 0)
            thread->kept_bytes -= tc_page_bytes(page);
        if (page->free != NULL || tc_fill(page))
            return page;
        tc_leave(thread, page);
    }
    return NULL;
}

/* A page of the class with a free block, for the current one; NULL: memory is
 * short. */
static struct tc_page *tc_next_page(struct hm_heap *heap,
                                    struct tc_thread *thread, unsigned class)
{
    struct tc_page *page = tc_partial(thread, class);

    if (page == NULL)
        page = tc_scan_full(heap, thread, class, TC_SCAN, 0);
    if (page == NULL)
        page = tc_new_page(heap, thread, class);
    if (page == NULL && tc_give_kept(heap, thread))
        page = tc_new_page(heap, thread, class);
    if (page == NULL)
        page = tc_scan_full(heap, thread, class, SIZE_MAX, 1);
    return page;
}

/* Whether the current page has a block again. */
static int tc_refill(struct tc_thread *thread, struct tc_page *page)
{
    if (page == &tc_nothing)
        return 0;
    if (tc_fill(page))
        return 1;
    page->used--; /* see tc_make_current */
    tc_leave(thread, page);
    return 0;
}

static void *tc_refuse(void)
{
    errno = ENOMEM;
    return NULL;
}

static inline void *tc_take(struct tc_page *page)
{
    struct tc_block *block = page->free;

    page->free = block->next;
    page->used++;
    HM_ASSERT(!tc_note(page, block, 1));
    return block;
}

/* The current page of the class has no free block. */
static __attribute__((noinline)) void *tc_alloc_slow(struct hm_heap *heap,
                                                     struct tc_thread *thread,
                                                     size_t bytes)
{
    unsigned class = tc_class(bytes);
    struct tc_page *page = thread->current[class];

    if (!tc_refill(thread, page)) {
        page = tc_next_page(heap, thread, class);
        if (page == NULL) {
            tc_set_current(thread, class, &tc_nothing);
            return tc_refuse();
        }
        tc_make_current(thread, page);
    }
    return tc_take(page);
}

#include "allocators/threadcache_large.h"

/* --- Threads --------------------------------------------------------------*/

#include "allocators/threadcache_thread.h"

/* --- Life of the heap -----------------------------------------------------*/

static void tc_register(struct hm_heap *heap)
{
    (void)pthread_mutex_lock(&tc_all.lock);
    if (tc_all.last_id == 0)
        HM_CHECK(pthread_key_create(&tc_all.key, tc_thread_ends) == 0);
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
    pthread_mutexattr_t spins;
    size_t share = limit_bytes / 32;

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
    (void)pthread_mutexattr_init(&spins);
    (void)pthread_mutexattr_settype(&spins, PTHREAD_MUTEX_ADAPTIVE_NP);
    (void)pthread_mutex_init(&heap->lock, &spins);
    (void)pthread_mutexattr_destroy(&spins);
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

/* What is not in the table, or the first of a thread, or of a heap that is not
 * the one it used last. */
static __attribute__((noinline)) void *tc_alloc_rare(size_t bytes,
                                                     struct hm_heap *heap)
{
    struct tc_thread *thread;
    struct tc_page *page;

    if (bytes > TC_MOST_BYTES)
        return tc_alloc_large(heap, bytes, HM_ALLOC_ALIGN);
    thread = tc_thread_of(heap);
    if (thread == NULL)
        return tc_refuse();
    page = thread->current[tc_class(bytes)];
    return page->free == NULL ? tc_alloc_slow(heap, thread, bytes)
                              : tc_take(page);
}

/* A class whose blocks lie at multiples of `align`, or a run. */
static __attribute__((noinline)) void *tc_alloc_aligned(size_t bytes,
                                                        struct hm_heap *heap,
                                                        size_t align)
{
    size_t rounded = tc_aligned_bytes(bytes, align);

    return rounded == 0 ? tc_alloc_large(heap, bytes, align)
                        : tc_alloc_rare(rounded, heap);
}

static inline void *threadcache_alloc(struct hm_heap *heap, size_t bytes,
                                      size_t align)
{
    struct tc_page *page;

    HM_ASSERT(align >= HM_ALLOC_ALIGN && (align & (align - 1)) == 0);
    if (__builtin_expect(align > HM_ALLOC_ALIGN, 0))
        return tc_alloc_aligned(bytes, heap, align);
    if (__builtin_expect(bytes > TC_TABLE_BYTES || tc_mine.heap_id != heap->id,
                         0))
        return tc_alloc_rare(bytes, heap);
    page =
        tc_mine.thread->by_size[(bytes + HM_ALLOC_ALIGN - 1) / HM_ALLOC_ALIGN];
    if (__builtin_expect(page->free == NULL, 0))
        return tc_alloc_slow(heap, tc_mine.thread, bytes);
    return tc_take(page);
}

static inline struct tc_page *tc_page_of(const struct hm_heap *heap,
                                         const void *block)
{
    HM_ASSERT(tc_is_block(heap, block));
    return hm_units_owner(&heap->units, block);
}

/* Whether the page in its place would be larger. */
static int tc_is_outgrown(const struct tc_thread *thread,
                          const struct tc_page *page)
{
    uint32_t block_bytes = tc_block_bytes(page);
    uint32_t base = tc_base_units(block_bytes);
    uint32_t times =
        tc_page_times(block_bytes, base, thread->pages[page->class] - 1);

    return page->reserved < base * HM_UNIT_BYTES / block_bytes * times;
}

/* `used` was counted down to 0: a full page is worth allocating from, or a
 * partial one is empty. */
static __attribute__((noinline)) void tc_quiet(struct hm_heap *heap,
                                               struct tc_page *page)
{
    struct tc_thread *thread = page->owner;

    tc_unlink(thread, page);
    tc_set_bias(page, 0);
    if (tc_remote_count(tc_remote(page)) > 0)
        (void)tc_collect(page);
    tc_link(thread, page, TC_PARTIAL);
    if (page->used > 0)
        return;
    thread->kept_bytes += tc_page_bytes(page);
    if (thread->kept_bytes > TC_KEPT_BYTES || tc_is_outgrown(thread, page))
        tc_page_give(heap, page);
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

    return page->class == TC_LARGE ? page->large_bytes : tc_block_bytes(page);
}

/* A block that would waste more than half moves, or loses its end if it is a
 * large one and stays so. */
static int threadcache_resize(struct hm_heap *heap, void *block, size_t bytes)
{
    struct tc_page *page = tc_page_of(heap, block);
    size_t have = threadcache_usable(heap, block);

    if (page->class == TC_LARGE && bytes > TC_MOST_BYTES &&
        (bytes > have || bytes < have / 8 * 7))
        return tc_resize_large(heap, page, bytes);
    return bytes <= have &&
           (bytes >= have / 2 || have <= (size_t)TC_EXACT * HM_ALLOC_ALIGN);
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
