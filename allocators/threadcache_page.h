/* SPDX-License-Identifier: MIT */
/* threadcache_page.h -- of threadcache.c: what a page is, and the lists of a
 * thread's pages. */
#ifndef HM_ALLOCATORS_THREADCACHE_PAGE_H
#define HM_ALLOCATORS_THREADCACHE_PAGE_H

#define HM_UNIT_LOG2 12 /* of units.h: 4 KiB */
#include "allocators/allocator.h"
#include "allocators/units.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    TC_EXACT_LOG2 = 8, /* classes of 16 to 256 bytes, in steps of 16; */
    TC_EXACT = (1 << TC_EXACT_LOG2) / HM_ALLOC_ALIGN,
    TC_MOST_LOG2 = 15, /* then four to a doubling, up to 32 KiB */
    TC_CLASSES = TC_EXACT + 4 * (TC_MOST_LOG2 - TC_EXACT_LOG2),
    TC_LARGE = TC_CLASSES, /* a run of its own */
    TC_MOST_BYTES = 1 << TC_MOST_LOG2,
    TC_TABLE_BYTES = 1024, /* current pages up to this size by a table */
    TC_TABLE_SIZES = TC_TABLE_BYTES / HM_ALLOC_ALIGN + 1,
    TC_SCAN = 8, /* full pages looked at before a new one is taken */
    TC_CARVE_BYTES = 4096,
    TC_RETURN_SHARE = 16,    /* see tc_page_share */
    TC_OWN_PAGES = 2,        /* see tc_own_share */
    TC_KEPT_BYTES = 1 << 20, /* most of a thread's pages without a block */
    TC_META_STEP = 64,
    TC_PAGE_UNITS = 16, /* most of a page */
    TC_PAGE_BLOCKS = 4, /* or so many, if these are more */
    TC_PAGE_UNITS_MOST = TC_PAGE_BLOCKS * TC_MOST_BYTES / HM_UNIT_BYTES,
    TC_WASTE_SHARE = 32, /* so much of a page at most is no block */
};

/* No thread, not even one that has allocated nothing yet, whose id is 0. */
#define TC_NOBODY UINT32_MAX

struct tc_block {
    struct tc_block *next;
};

enum tc_list { TC_CURRENT, TC_PARTIAL, TC_FULL, TC_LISTS };

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

    uint16_t grains;   /* of 16 bytes, in a block */
    uint16_t reserved; /* blocks that it has room for */
    uint16_t bias;     /* ... so that a `used` of 0 calls tc_quiet() */
    uint8_t class, list;
    _Atomic uint64_t remote; /* see threadcache_remote.h */
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
    return TC_EXACT + (log2 - TC_EXACT_LOG2) * 4 +
           (unsigned)((bytes - 1) >> (log2 - 2) & 3);
}

static uint32_t tc_class_bytes(unsigned class)
{
    if (class < TC_EXACT)
        return (class + 1) * HM_ALLOC_ALIGN;
    class -= TC_EXACT;
    return (5 + class % 4) << (TC_EXACT_LOG2 - 2 + class / 4);
}

/* The fewest units with little waste at their end.  All pages are multiples of
 * these and have as many times the blocks, so that a heap of pages of any sizes
 * holds the same. */
static uint32_t tc_base_units(uint32_t block_bytes)
{
    uint32_t units = (block_bytes + HM_UNIT_BYTES - 1) / HM_UNIT_BYTES;

    while (units * HM_UNIT_BYTES % block_bytes * TC_WASTE_SHARE >
           units * HM_UNIT_BYTES)
        units++;
    return units;
}

/* How many times the least the next page of a thread is that has `pages` of the
 * class: more for each of these, so that what is rarely used takes little. */
static uint32_t tc_page_times(uint32_t block_bytes, uint32_t base_units,
                              uint32_t pages)
{
    uint32_t most = TC_PAGE_BLOCKS * block_bytes / HM_UNIT_BYTES;
    uint32_t units = 2 * pages + 1;

    most = most > TC_PAGE_UNITS ? most : TC_PAGE_UNITS;
    units = units < most ? units : most;
    return units > base_units ? units / base_units : 1;
}

static inline uint32_t tc_block_bytes(const struct tc_page *page)
{
    return (uint32_t)page->grains * HM_ALLOC_ALIGN;
}

/* --- Debug builds know which blocks are in use ----------------------------*/

#ifndef NDEBUG
static size_t tc_number(const struct tc_page *page, const void *block)
{
    return (size_t)((const unsigned char *)block - page->start) /
           tc_block_bytes(page);
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
           (size_t)(at - page->start) % tc_block_bytes(page) == 0 &&
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
        hm_units_set_owner(&heap->units, first + i, page);
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
        hm_units_set_owner(&heap->units, first + i, NULL);
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
    return (size_t)page->reserved * tc_block_bytes(page);
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
    size_t n =
        class < TC_EXACT ? 1 : (size_t)TC_EXACT / 4 << ((class - TC_EXACT) / 4);

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

#endif /* HM_ALLOCATORS_THREADCACHE_PAGE_H */
