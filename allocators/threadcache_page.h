/* SPDX-License-Identifier: MIT */
/* threadcache_page.h -- of threadcache.c: what a page is, the lists of a
 * thread's pages, and the frees of other threads. */
#ifndef HM_ALLOCATORS_THREADCACHE_PAGE_H
#define HM_ALLOCATORS_THREADCACHE_PAGE_H

#include "allocators/allocator.h"
#include "allocators/units.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    TC_EXACT = 8,          /* classes of 16 to 128 bytes, in steps of 16 */
    TC_CLASSES = 40,       /* then four to a doubling, up to 32 KiB */
    TC_LARGE = TC_CLASSES, /* a run of its own */
    TC_MOST_BYTES = 32 << 10,
    TC_TABLE_BYTES = 1024, /* classes up to this size by a table */
    TC_SCAN = 8,           /* full pages looked at before a new one is taken */
    TC_CARVE_BYTES = 4096,
    TC_RETURN_SHARE = 16,
    TC_META_STEP = 128,
};

/* In `remote`: the offset of the first block / 16 + 1, how many there are. */
enum {
    TC_HEAD_BITS = 16,
    TC_COUNT_ONE = 1 << TC_HEAD_BITS,
    TC_COUNT_BITS = 14,
};

/* No thread, not even one that has allocated nothing yet, whose id is 0. */
#define TC_NOBODY UINT64_MAX

#define TC_HEAD_MASK  ((uint32_t)TC_COUNT_ONE - 1)
#define TC_COUNT_MASK ((((uint32_t)1 << TC_COUNT_BITS) - 1) << TC_HEAD_BITS)
#define TC_LEFT       ((uint32_t)1 << 30) /* full; whoever empties it takes it */
#define TC_GONE       ((uint32_t)1 << 31) /* taken: no memory any more */
#define TC_TAKEN      (TC_LEFT | TC_GONE) /* on its way there */

struct tc_block {
    struct tc_block *next;
};

enum tc_list { TC_CURRENT, TC_PARTIAL, TC_FULL, TC_LISTS };

struct tc_page {
    struct tc_block *free;
    uint32_t used; /* blocks in use or in `remote`, less `bias` */
    uint16_t bias; /* ... so that 0 calls for hm_tc_quiet() */
    uint8_t class, list;
    uint64_t owner_id; /* TC_NOBODY for a large block */
    struct tc_thread *owner;
    unsigned char *start;
    uint32_t block_bytes;
    uint16_t carved, reserved;   /* blocks */
    uint32_t first;              /* unit */
    struct tc_page *next, *prev; /* in a ring of the owner's */
    size_t large_bytes;
    _Alignas(64) _Atomic uint32_t remote; /* the only field of others */
#ifndef NDEBUG
    _Atomic uint64_t live[HM_UNIT_BYTES / HM_ALLOC_ALIGN / 64];
#endif
};

struct tc_thread {
    struct tc_page *current[TC_CLASSES];        /* never NULL */
    struct tc_page *list[TC_LISTS][TC_CLASSES]; /* rings; NULL: empty */
    struct tc_thread *next;                     /* of the heap's */
    const void *token; /* of the thread that has it, NULL: nobody */
    uint64_t id;       /* never used twice, for any heap */
};

struct hm_heap {
    struct hm_units units;
    struct hm_region meta; /* pages' and threads' descriptions */
    unsigned char *meta_next;
    struct tc_page *spare; /* descriptions not in use, by `next` */
    struct tc_thread *threads;
    struct hm_heap *next; /* of all heaps */
    uint64_t id;          /* never used twice */
    pthread_mutex_t lock; /* of all above but `id` */
};

/* What a thread without a page finds: it has no free block. */
static struct tc_page tc_nothing;

static uint8_t tc_class_table[TC_TABLE_BYTES / HM_ALLOC_ALIGN + 1];

/* The thread's own, for the heap that it used last. */
static __thread struct {
    uint64_t heap_id, thread_id;
    struct tc_thread *thread;
} tc_mine __attribute__((tls_model("initial-exec")));

static struct {
    pthread_mutex_t lock;
    struct hm_heap *heaps;
    _Atomic uint64_t last_id;
    pthread_key_t key; /* its destructor runs when a thread ends */
} tc_all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- Sizes ----------------------------------------------------------------*/

static unsigned tc_class_slow(size_t bytes)
{
    unsigned log2;

    if (bytes <= (size_t)TC_EXACT * HM_ALLOC_ALIGN)
        return (unsigned)((bytes + HM_ALLOC_ALIGN - 1) / HM_ALLOC_ALIGN) - 1;
    log2 = 63 - (unsigned)__builtin_clzll(bytes - 1);
    return TC_EXACT + (log2 - 7) * 4 +
           (unsigned)((bytes - 1) >> (log2 - 2) & 3);
}

static inline unsigned tc_class(size_t bytes)
{
    if (bytes <= TC_TABLE_BYTES) {
        return tc_class_table[(bytes + HM_ALLOC_ALIGN - 1) / HM_ALLOC_ALIGN];
    }
    return tc_class_slow(bytes);
}

static size_t tc_class_bytes(unsigned class)
{
    if (class < TC_EXACT)
        return (class + 1) * (size_t)HM_ALLOC_ALIGN;
    class -= TC_EXACT;
    return (size_t)(5 + class % 4) << (5 + class / 4);
}

static size_t tc_page_units(size_t block_bytes)
{
    if (block_bytes <= 1024)
        return 1;
    return block_bytes <= 4096 ? 2 : 8;
}

/* --- Debug builds know which blocks are in use ----------------------------*/

#ifndef NDEBUG
/* Blocks of a page have at most so many numbers: by 16 bytes in one unit, by
 * their size in larger ones. */
static size_t tc_number(const struct tc_page *page, const void *block)
{
    return (size_t)((const unsigned char *)block - page->start) /
           page->block_bytes;
}

/* Sets or clears the block's bit; whether it was set. */
static int tc_note(struct tc_page *page, const void *block, int is_used)
{
    size_t n = tc_number(page, block);
    uint64_t bit = UINT64_C(1) << (n % 64);
    uint64_t old = is_used ? atomic_fetch_or(&page->live[n / 64], bit)
                           : atomic_fetch_and(&page->live[n / 64], ~bit);

    return (old & bit) != 0;
}

static int tc_is_block(const struct hm_heap *heap, const void *block)
{
    const struct hm_units *u = &heap->units;
    const unsigned char *at = block;
    const struct tc_page *page;

    if (at < u->space.base || at >= u->space.end ||
        hm_units_index(u, at) >= u->frontier)
        return 0;
    page = u->owner[hm_units_index(u, at)];
    return page != NULL && at >= page->start &&
           (size_t)(at - page->start) % page->block_bytes == 0 &&
           tc_number(page, block) < page->reserved;
}
#endif

static inline void *tc_taken(struct tc_page *page, struct tc_block *block)
{
    (void)page;
    HM_ASSERT(!tc_note(page, block, 1));
    return block;
}

/* --- Descriptions, under the lock -----------------------------------------*/

static void *tc_meta(struct hm_heap *heap, size_t bytes)
{
    unsigned char *at = heap->meta_next;

    bytes = (bytes + TC_META_STEP - 1) / TC_META_STEP * TC_META_STEP;
    if (bytes > (size_t)(heap->meta.end - at) ||
        !hm_region_reach(&heap->meta, at + bytes))
        return NULL;
    heap->meta_next = at + bytes;
    return at;
}

/* A page of `units` without blocks, or NULL.  The lock is held. */
static struct tc_page *tc_page_take(struct hm_heap *heap, size_t units)
{
    struct tc_page *page = heap->spare;
    uint32_t first;

    if (page == NULL) {
        page = tc_meta(heap, sizeof(*page));
        if (page == NULL)
            return NULL;
        page->next = NULL;
    }
    heap->spare = page->next;
    first = hm_units_take(&heap->units, units, page);
    if (first == HM_UNIT_NONE) {
        page->next = heap->spare;
        heap->spare = page;
        return NULL;
    }
    memset(page, 0, sizeof(*page));
    page->first = first;
    page->start = hm_units_address(&heap->units, first);
    for (size_t i = 1; i < units && i < tc_page_units(TC_MOST_BYTES); i++)
        heap->units.owner[first + i] = page;
    return page;
}

static void tc_page_spare(struct hm_heap *heap, struct tc_page *page)
{
    page->next = heap->spare;
    heap->spare = page;
}

static void tc_page_give_memory(struct hm_heap *heap, struct tc_page *page)
{
    size_t units = heap->units.unit[page->first].units;

    for (size_t i = 1; i < units && i < tc_page_units(TC_MOST_BYTES); i++)
        heap->units.owner[page->first + i] = NULL;
    hm_units_give(&heap->units, page->first);
}

static void tc_lock(struct hm_heap *heap)
{
    (void)pthread_mutex_lock(&heap->lock);
}

static void tc_unlock(struct hm_heap *heap)
{
    (void)pthread_mutex_unlock(&heap->lock);
}

/* --- Lists of a thread's pages --------------------------------------------*/

/* Last of its ring. */
static void tc_link(struct tc_thread *thread, struct tc_page *page,
                    enum tc_list list)
{
    struct tc_page **head = &thread->list[list][page->class];

    page->list = (uint8_t)list;
    if (*head == NULL) {
        *head = page->next = page->prev = page;
        return;
    }
    page->next = *head;
    page->prev = (*head)->prev;
    page->prev->next = page->next->prev = page;
}

static void tc_unlink(struct tc_thread *thread, struct tc_page *page)
{
    struct tc_page **head = &thread->list[page->list][page->class];

    if (page->next == page) {
        *head = NULL;
        return;
    }
    page->prev->next = page->next;
    page->next->prev = page->prev;
    if (*head == page)
        *head = page->next;
}

/* How far `used` is to be counted down before the owner has to look. */
static void tc_set_bias(struct tc_page *page, size_t bias)
{
    page->used += page->bias;
    HM_ASSERT(page->used > bias || bias == 0);
    page->used -= (uint32_t)bias;
    page->bias = (uint16_t)bias;
}

/* A page that blocks are taken from never calls: its count is one too high. */
static void tc_make_current(struct tc_thread *thread, struct tc_page *page)
{
    tc_set_bias(page, 0);
    page->used++;
    page->list = TC_CURRENT;
    thread->current[page->class] = page;
}

/* --- Remote frees ---------------------------------------------------------*/

static struct tc_block *tc_remote_head(const struct tc_page *page,
                                       uint32_t remote)
{
    uint32_t head = remote & TC_HEAD_MASK;

    if (head == 0)
        return NULL;
    return (struct tc_block *)(void *)(page->start +
                                       (size_t)(head - 1) * HM_ALLOC_ALIGN);
}

static uint32_t tc_remote_place(const struct tc_page *page,
                                const struct tc_block *block)
{
    size_t offset = (size_t)((const unsigned char *)block - page->start);

    return (uint32_t)(offset / HM_ALLOC_ALIGN) + 1;
}

static uint32_t tc_remote_count(uint32_t remote)
{
    return (remote & TC_COUNT_MASK) >> TC_HEAD_BITS;
}

/* What others freed joins the owner's list; the page is not left any more. */
static void tc_collect(struct tc_page *page)
{
    uint32_t remote =
        atomic_exchange_explicit(&page->remote, 0, memory_order_acquire);
    struct tc_block *head = tc_remote_head(page, remote), **tail = &page->free;

    HM_ASSERT((remote & TC_GONE) == 0);
    tc_set_bias(page, 0);
    if (head == NULL)
        return;
    while (*tail != NULL)
        tail = &(*tail)->next; /* at most an eighth of a page */
    *tail = head;
    page->used -= tc_remote_count(remote);
}

/* Whoever frees the last block of a page that was left takes its memory. */
static __attribute__((noinline)) void tc_release_remote(struct hm_heap *heap,
                                                        struct tc_page *page,
                                                        struct tc_block *block)
{
    uint32_t old = atomic_load_explicit(&page->remote, memory_order_relaxed);
    uint32_t new;
    int is_last;

    do {
        block->next = tc_remote_head(page, old);
        new = (old & ~TC_HEAD_MASK) + (uint32_t)TC_COUNT_ONE;
        new |= tc_remote_place(page, block);
        is_last = (old & TC_LEFT) != 0 && tc_remote_count(new) == page->carved;
        if (is_last)
            new = TC_TAKEN;
    } while (!atomic_compare_exchange_weak_explicit(
        &page->remote, &old, new, memory_order_acq_rel, memory_order_relaxed));
    if (is_last) {
        tc_lock(heap);
        tc_page_give_memory(heap, page);
        tc_unlock(heap);
        atomic_store_explicit(&page->remote, TC_GONE, memory_order_release);
    }
}

#endif /* HM_ALLOCATORS_THREADCACHE_PAGE_H */
