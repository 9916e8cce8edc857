/* SPDX-License-Identifier: MIT */
/* threadcache_page.h -- of threadcache.c: what a page is, the lists of a
 * thread's pages, and the frees of other threads. */
#ifndef HM_ALLOCATORS_THREADCACHE_PAGE_H
#define HM_ALLOCATORS_THREADCACHE_PAGE_H

#define HM_UNIT_LOG2 12 /* of units.h: 4 KiB */
#include "allocators/allocator.h"
#include "allocators/units.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    TC_EXACT = 8,          /* classes of 16 to 128 bytes, in steps of 16 */
    TC_CLASSES = 40,       /* then four to a doubling, up to 32 KiB */
    TC_LARGE = TC_CLASSES, /* a run of its own */
    TC_MOST_BYTES = 32 << 10,
    TC_TABLE_BYTES = 1024, /* current pages up to this size by a table */
    TC_TABLE_SIZES = TC_TABLE_BYTES / HM_ALLOC_ALIGN + 1,
    TC_SCAN = 8, /* full pages looked at before a new one is taken */
    TC_CARVE_BYTES = 4096,
    TC_RETURN_SHARE = 16,
    TC_OWN_PAGES = 2,
    TC_KEPT_BYTES = 64 << 10, /* most of a thread's pages without a block */
    TC_META_STEP = 64,
    TC_PAGE_UNITS = 4,  /* of a page once a thread has four of its class */
    TC_PAGE_BLOCKS = 4, /* or so many, if these are more */
    TC_PAGE_UNITS_MOST = TC_PAGE_BLOCKS * TC_MOST_BYTES / HM_UNIT_BYTES,
    TC_WASTE_SHARE = 8, /* the end of a page that is no block is at most that */
};

/* In `remote`: the offset of the first block / 16 + 1, how many there are. */
enum {
    TC_HEAD_BITS = 16,
    TC_COUNT_ONE = 1 << TC_HEAD_BITS,
    TC_COUNT_BITS = 14,
};

/* No thread, not even one that has allocated nothing yet, whose id is 0. */
#define TC_NOBODY UINT32_MAX

#define TC_HEAD_MASK  ((uint32_t)TC_COUNT_ONE - 1)
#define TC_COUNT_MASK ((((uint32_t)1 << TC_COUNT_BITS) - 1) << TC_HEAD_BITS)
#define TC_LEFT       ((uint32_t)1 << 30) /* its owner has ended */
#define TC_GONE       ((uint32_t)1 << 31) /* taken: no memory any more */
#define TC_TAKEN      (TC_LEFT | TC_GONE) /* on its way there */

struct tc_block {
    struct tc_block *next;
};

enum tc_list { TC_CURRENT, TC_PARTIAL, TC_FULL, TC_LISTS };

/* What alloc and release touch lies at odd multiples of 8: blocks begin at even
 * ones, so that a load of it is never taken for that of a block's `next` that
 * was just stored, when the addresses' lowest 12 bits are equal. */
struct tc_page {
    struct tc_thread *owner;
    struct tc_block *free;
    unsigned char *start;
    uint32_t used;     /* blocks in use or in `remote`, less `bias` */
    uint32_t owner_id; /* TC_NOBODY for a large block */

    union {
        struct {
            struct tc_page *next, *prev; /* in a ring of the owner's */
        };

        struct {
            size_t large_bytes;
            uint32_t large_first; /* unit */
        };
    };

    uint32_t block_bytes;
    uint16_t carved, reserved; /* blocks */
    uint16_t bias;             /* ... so that a `used` of 0 calls tc_quiet() */
    uint8_t class, list;
    _Atomic uint32_t remote; /* the only field of others */
#ifndef NDEBUG
    _Atomic uint64_t live[TC_PAGE_UNITS * HM_UNIT_BYTES / HM_ALLOC_ALIGN / 64];
#endif
};

struct tc_thread {
    struct tc_page *current[TC_CLASSES];        /* never NULL */
    struct tc_page *by_size[TC_TABLE_SIZES];    /* the same, by bytes / 16 */
    struct tc_page *list[TC_LISTS][TC_CLASSES]; /* rings; NULL: empty */
    uint32_t pages[TC_CLASSES]; /* how many it has, some of them gone */
    size_t kept_bytes;          /* of partial pages of which all is free */
    struct tc_thread *next;     /* of the heap's */
    const void *token;          /* of the thread that has it, NULL: nobody */
    uint32_t id;                /* never used twice, for any heap */
    /* Full pages of which others have freed a share; they count. */
    _Alignas(64) _Atomic uint32_t ready[TC_CLASSES];
};

struct hm_heap {
    struct hm_units units;
    struct hm_region meta; /* pages' and threads' descriptions */
    unsigned char *meta_next;
    struct tc_page *spare; /* descriptions not in use, by `next` */
    struct tc_thread *threads;
    struct hm_heap *next; /* of all heaps */
    uint32_t id;          /* never used twice */
    pthread_mutex_t lock; /* of all above but `id` */
};

/* What a thread without a page finds: it has no free block. */
static struct tc_page tc_nothing;

/* The thread's own, for the heap that it used last. */
static __thread struct {
    struct tc_thread *thread;
    uint32_t heap_id, thread_id;
} tc_mine __attribute__((tls_model("initial-exec")));

static struct {
    pthread_mutex_t lock;
    struct hm_heap *heaps;
    _Atomic uint32_t last_id;
    pthread_key_t key; /* its destructor runs when a thread ends */
} tc_all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- Sizes ----------------------------------------------------------------*/

static unsigned tc_class(size_t bytes)
{
    unsigned log2;

    if (bytes <= (size_t)TC_EXACT * HM_ALLOC_ALIGN)
        return bytes == 0 ? 0 : (unsigned)((bytes - 1) / HM_ALLOC_ALIGN);
    log2 = 63 - (unsigned)__builtin_clzll(bytes - 1);
    return TC_EXACT + (log2 - 7) * 4 +
           (unsigned)((bytes - 1) >> (log2 - 2) & 3);
}

static size_t tc_class_bytes(unsigned class)
{
    if (class < TC_EXACT)
        return (class + 1) * (size_t)HM_ALLOC_ALIGN;
    class -= TC_EXACT;
    return (size_t)(5 + class % 4) << (5 + class / 4);
}

/* Of the next page of a thread that has `pages` of the class: as many units as
 * these, so that what a thread rarely uses takes little. */
static size_t tc_page_units(size_t block_bytes, size_t pages)
{
    size_t least = (block_bytes + HM_UNIT_BYTES - 1) / HM_UNIT_BYTES;
    size_t most = TC_PAGE_BLOCKS * block_bytes / HM_UNIT_BYTES;
    size_t units = pages + 1;

    most = most > TC_PAGE_UNITS ? most : TC_PAGE_UNITS;
    units = units < most ? units : most;
    units = units > least ? units : least;
    while (units * HM_UNIT_BYTES % block_bytes * TC_WASTE_SHARE >
           units * HM_UNIT_BYTES)
        units++;
    return units;
}

/* --- Debug builds know which blocks are in use ----------------------------*/

#ifndef NDEBUG
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
    page->start = hm_units_address(&heap->units, first);
    for (size_t i = 1; i < units && i < TC_PAGE_UNITS_MOST; i++)
        heap->units.owner[first + i] = page;
    return page;
}

static uint32_t tc_page_first(const struct hm_heap *heap,
                              const struct tc_page *page)
{
    return page->class == TC_LARGE ? page->large_first
                                   : hm_units_index(&heap->units, page->start);
}

static void tc_page_spare(struct hm_heap *heap, struct tc_page *page)
{
    page->next = heap->spare;
    heap->spare = page;
}

static void tc_page_give_memory(struct hm_heap *heap, struct tc_page *page)
{
    uint32_t first = tc_page_first(heap, page);
    size_t units = heap->units.unit[first].units;

    for (size_t i = 1; i < units && i < TC_PAGE_UNITS_MOST; i++)
        heap->units.owner[first + i] = NULL;
    hm_units_give(&heap->units, first);
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

static size_t tc_page_bytes(const struct tc_page *page)
{
    return (size_t)page->reserved * page->block_bytes;
}

/* So many free blocks make a full page worth allocating from again. */
static uint32_t tc_page_share(const struct tc_page *page)
{
    return page->reserved / TC_RETURN_SHARE + 1u;
}

/* How far `used` is to be counted down before the owner has to look. */
static void tc_set_bias(struct tc_page *page, size_t bias)
{
    page->used += page->bias;
    HM_ASSERT(page->used > bias || bias == 0);
    page->used -= (uint32_t)bias;
    page->bias = (uint16_t)bias;
}

static void tc_set_current(struct tc_thread *thread, unsigned class,
                           struct tc_page *page)
{
    size_t at = tc_class_bytes(class) / HM_ALLOC_ALIGN;
    size_t n = class < TC_EXACT ? 1 : (size_t)2 << ((class - TC_EXACT) / 4);

    thread->current[class] = page;
    if (at >= TC_TABLE_SIZES)
        return;
    for (; n > 0; n--, at--)
        thread->by_size[at] = page;
    if (at == 0)
        thread->by_size[0] = page; /* 0 bytes are taken for 1 */
}

/* A page that blocks are taken from never calls: its count is one too high. */
static void tc_make_current(struct tc_thread *thread, struct tc_page *page)
{
    tc_set_bias(page, 0);
    page->used++;
    page->list = TC_CURRENT;
    tc_set_current(thread, page->class, page);
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

/* Whether the page counts in `ready` of its owner.  The count may come a moment
 * later, and be -1 until then. */
static int tc_is_ready(const struct tc_page *page, uint32_t remote)
{
    return (remote & TC_GONE) != 0 ||
           tc_remote_count(remote) >= tc_page_share(page);
}

static void tc_count_ready(struct tc_thread *owner, unsigned class, int change)
{
    (void)atomic_fetch_add_explicit(&owner->ready[class], (uint32_t)change,
                                    memory_order_relaxed);
}

/* What others freed joins the owner's list.  0 when that was all, and the page
 * is taken. */
static int tc_collect(struct tc_page *page)
{
    uint32_t remote = atomic_load_explicit(&page->remote, memory_order_relaxed);
    struct tc_block *head, **tail = &page->free;

    do {
        if ((remote & TC_GONE) != 0)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(
        &page->remote, &remote, 0, memory_order_acquire, memory_order_relaxed));
    tc_set_bias(page, 0);
    if (tc_is_ready(page, remote))
        tc_count_ready(page->owner, page->class, -1);
    head = tc_remote_head(page, remote);
    if (head == NULL)
        return 1;
    while (*tail != NULL)
        tail = &(*tail)->next; /* at most a share of a page */
    *tail = head;
    page->used -= tc_remote_count(remote);
    return 1;
}

/* The last block of all: the memory goes back.  The description waits for the
 * owner to find it. */
static void tc_page_taken(struct hm_heap *heap, struct tc_page *page)
{
    tc_lock(heap);
    tc_page_give_memory(heap, page);
    tc_unlock(heap);
    atomic_store_explicit(&page->remote, TC_GONE, memory_order_release);
}

/* A page of which all blocks are in its remote list is nobody's: its owner
 * finds no block to touch.  Whoever puts the last one there takes the page. */
static __attribute__((noinline)) void tc_release_remote(struct hm_heap *heap,
                                                        struct tc_page *page,
                                                        struct tc_block *block)
{
    uint32_t old = atomic_load_explicit(&page->remote, memory_order_acquire);
    uint32_t new, n, share = tc_page_share(page);
    struct tc_thread *owner = page->owner;
    unsigned class = page->class;
    int is_last;

    do {
        block->next = tc_remote_head(page, old);
        n = tc_remote_count(old) + 1;
        is_last = n == ((old & TC_LEFT) != 0 ? page->carved : page->reserved);
        new = is_last ? TC_TAKEN
                      : (old & TC_LEFT) | n << TC_HEAD_BITS |
                            tc_remote_place(page, block);
    } while (!atomic_compare_exchange_weak_explicit(
        &page->remote, &old, new, memory_order_acq_rel, memory_order_acquire));
    if (n == share || (is_last && n < share))
        tc_count_ready(owner, class, 1);
    if (is_last)
        tc_page_taken(heap, page);
}

#endif /* HM_ALLOCATORS_THREADCACHE_PAGE_H */
