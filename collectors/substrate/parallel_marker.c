/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/parallel_marker.h"

#include "collectors/substrate/bits.h"
#include "collectors/substrate/mark_queue.h"

enum {
    TEAM_RING = HM_MARK_RING,
    TEAM_BATCH = HM_MARK_REFILL, /* taken from the deque, or followed between
                                  * two looks at what others do */
    TEAM_SHARE = HM_MARK_RING < 64 ? 4 : 32, /* least in the ring for others to
                                              * get half */
    TEAM_STEAL = HM_MARK_RING < 64 ? 2 : 16,
    TEAM_DEQUE_LEAST = HM_MARK_RING / 8,
    TEAM_CLAIM = 8,             /* see team_claim_some */
    TEAM_CHUNK = HM_MARK_CHUNK, /* references of a large object */
    TEAM_ARRAY = 1, /* in an item: the header of a large object to scan */
};

_Static_assert((int)TEAM_STEAL <= (int)TEAM_BATCH &&
                   (int)TEAM_BATCH <= (int)TEAM_RING,
               "an empty ring takes a batch");

/* An item is the address of a header that a reference leads to, or one with
 * TEAM_ARRAY. */
struct hm_mark_worker {
    struct hm_work_deque deque;
    struct hm_parallel_marker *pm;
    unsigned index;
    unsigned head, tail; /* of the ring, modulo TEAM_RING */
    int has_dropped;
    uint64_t marked_words;
    char *ring[TEAM_RING];
};

/* ---- one worker ---- */

static inline void team_push(struct hm_mark_worker *w, char *item)
{
    if (HM_LIKELY(w->tail - w->head < TEAM_RING)) {
        w->ring[w->tail++ % TEAM_RING] = item;
    } else if (!hm_work_deque_push(&w->deque, item)) {
        w->has_dropped = 1;
    }
}

/* NULL when the ring is empty.  The slots of every other small object lie
 * in a second cache line. */
static inline char *team_pop(struct hm_mark_worker *w)
{
    const char *ahead;
    char *item;

    if (HM_UNLIKELY(w->head == w->tail))
        return NULL;
    item = w->ring[w->head++ % TEAM_RING];
    ahead = w->ring[(w->head + HM_MARK_AHEAD) % TEAM_RING];
    __builtin_prefetch(ahead);
    __builtin_prefetch(ahead + HM_CACHE_LINE_BYTES / 2);
    return item;
}

static inline void team_edges(struct hm_mark_worker *w, const hm_ref *slot,
                              size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (slot[i] != NULL)
            team_push(w, (char *)hm_header_of(slot[i]));
    }
}

/* Scans the next chunk of a large object that nobody has taken, having left
 * the rest to whoever is first. */
static void team_scan(struct hm_mark_worker *w, struct hm_large_object *object)
{
    size_t n = hm_header_refs(object->header);
    size_t start =
        __atomic_fetch_add(&object->scanned, TEAM_CHUNK, __ATOMIC_RELAXED);
    size_t left = start < n ? n - start : 0;

    if (left > TEAM_CHUNK &&
        !hm_work_deque_push(&w->deque, (char *)&object->header + TEAM_ARRAY))
        w->has_dropped = 1;
    team_edges(w, hm_slots_of(hm_large_ref(object)) + start,
               left < TEAM_CHUNK ? left : TEAM_CHUNK);
}

static void team_mark_large(struct hm_mark_worker *w, hm_ref o)
{
    struct hm_large_object *object = hm_large_of(o);

    HM_ASSERT(hm_large_has(w->pm->large, o));
    if (__atomic_load_n(&object->is_marked, __ATOMIC_RELAXED) ||
        __atomic_exchange_n(&object->is_marked, 1, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&object->scanned, 0, __ATOMIC_RELAXED);
    team_scan(w, object);
}

/* A reference, or an array's rest, that leads beyond the range. */
static void team_follow_large(struct hm_mark_worker *w, char *item)
{
    if ((uintptr_t)item & TEAM_ARRAY) {
        team_scan(w, hm_large_of((hm_ref)(item - TEAM_ARRAY + HM_WORD_BYTES)));
    } else {
        team_mark_large(w, (hm_ref)(item + HM_WORD_BYTES));
    }
}

static inline size_t team_word(const struct hm_parallel_marker *pm,
                               const char *item)
{
    return ((uintptr_t)item - (uintptr_t)pm->base) / HM_WORD_BYTES;
}

static inline uint64_t team_header(const char *item)
{
    return *(const uint64_t *)(const void *)item;
}

/* Pops up to TEAM_CLAIM items and marks what they lead to.  Returns their
 * number; *n of them, in claimed[], are small objects for this worker to
 * follow.  An atomic instruction waits for all loads before it: apart from
 * those of the objects, marking costs a third less. */
static inline __attribute__((always_inline)) unsigned team_claim_some(
    struct hm_mark_worker *w, char **claimed, unsigned *n,
    const int marks_whole)
{
    const struct hm_parallel_marker *pm = w->pm;
    unsigned popped = 0;

    for (*n = 0; popped < TEAM_CLAIM; popped++) {
        char *item = team_pop(w);
        size_t word = team_word(pm, item);

        if (item == NULL)
            break;
        if (HM_UNLIKELY(word >= pm->words)) {
            team_follow_large(w, item);
            continue;
        }
        claimed[*n] = item;
        *n += (unsigned)hm_bits_claim(
            pm->bits, word,
            marks_whole ? hm_header_words(team_header(item)) : 1);
    }
    return popped;
}

/* Queues the references of a small object; returns its words. */
static inline size_t team_follow(struct hm_mark_worker *w, char *item)
{
    const struct hm_parallel_marker *pm = w->pm;
    uint64_t header = team_header(item);
    size_t words = hm_header_words(header);

    HM_ASSERT(hm_header_is_sound(header));
    if (HM_UNLIKELY(words > pm->report_words))
        pm->report(pm->report_arg, team_word(pm, item), words);
    team_edges(w, (hm_ref *)(void *)(item + HM_WORD_BYTES),
               hm_header_refs(header));
    return words;
}

static inline __attribute__((always_inline)) unsigned team_follow_some_as(
    struct hm_mark_worker *w, const int marks_whole)
{
    char *claimed[TEAM_CLAIM];
    unsigned followed = 0, popped, n;
    uint64_t words = 0;

    do {
        popped = team_claim_some(w, claimed, &n, marks_whole);
        for (unsigned i = 0; i < n; i++)
            words += team_follow(w, claimed[i]);
        followed += popped;
    } while (popped == TEAM_CLAIM && followed < TEAM_BATCH);
    w->marked_words += words;
    return followed;
}

/* Follows some items of the ring, at most TEAM_BATCH; returns their number.
 */
static unsigned team_follow_some(struct hm_mark_worker *w)
{
    return w->pm->marks_whole ? team_follow_some_as(w, 1)
                              : team_follow_some_as(w, 0);
}

/* Lets others have half of the ring. */
static void team_share(struct hm_mark_worker *w)
{
    unsigned half = (w->tail - w->head) / 2;

    while (half-- > 0 &&
           hm_work_deque_push(&w->deque, w->ring[w->head % TEAM_RING]))
        w->head++;
}

static int team_refill(struct hm_mark_worker *w)
{
    void *item[TEAM_BATCH];
    size_t n = hm_work_deque_take(&w->deque, item, TEAM_BATCH);

    for (size_t i = 0; i < n; i++)
        w->ring[w->tail++ % TEAM_RING] = item[i];
    return n > 0;
}

/* Follows what the worker has, until that is all or `max` were followed. */
static void team_drain(struct hm_mark_worker *w, uint64_t max)
{
    uint64_t followed = 0;

    while (followed < max) {
        followed += team_follow_some(w);
        if (w->head == w->tail && !team_refill(w))
            return;
        if (w->tail - w->head >= TEAM_SHARE &&
            hm_work_team_is_wanting(&w->pm->team, &w->deque))
            team_share(w);
    }
}

/* ---- all workers ---- */

/* The worker has nothing left.  1: it has stolen something; 0: all are idle. */
static int team_find_work(struct hm_mark_worker *w)
{
    void *item[TEAM_STEAL];
    size_t n = hm_work_team_find(&w->pm->team, w->index, item, TEAM_STEAL);

    HM_ASSERT(w->head == w->tail);
    for (size_t i = 0; i < n; i++)
        w->ring[w->tail++ % TEAM_RING] = item[i];
    return n > 0;
}

static void team_work(void *arg, unsigned worker)
{
    struct hm_parallel_marker *pm = arg;

    do {
        team_drain(&pm->worker[worker], UINT64_MAX);
    } while (team_find_work(&pm->worker[worker]));
}

static void team_root(void *arg, hm_ref *slot)
{
    team_edges(arg, slot, 1);
}

int hm_parallel_marker_run(struct hm_parallel_marker *pm,
                           const struct hm_roots *roots, uint64_t *marked_words)
{
    struct hm_mark_worker *w = &pm->worker[0];
    int has_dropped = 0;

    HM_ASSERT(pm->worker != NULL && w->head == w->tail);
    hm_work_team_begin(&pm->team, &w->deque, sizeof(*w), 1);
    hm_roots_each(roots, team_root, w);
    team_drain(w, pm->alone_objects);
    if (w->head != w->tail) {
        pm->team.n = hm_workers_start(&pm->workers);
        hm_workers_run(&pm->workers, team_work, pm);
    }
    for (unsigned i = 0; i < pm->workers.n; i++) {
        w = &pm->worker[i];
        HM_ASSERT(w->head == w->tail && hm_work_deque_count(&w->deque) == 0);
        *marked_words += w->marked_words;
        has_dropped |= w->has_dropped;
        w->marked_words = 0;
        w->has_dropped = 0;
    }
    return !has_dropped;
}

/* ---- memory ---- */

/* Of one worker: all together are about what mark_queue.h gives a serial
 * one.
 */
static size_t team_deque_capacity(unsigned n, size_t heap_bytes)
{
    size_t entries =
        hm_mark_queue_bytes(heap_bytes) / sizeof(struct hm_work_slot) / n;
    size_t capacity = TEAM_DEQUE_LEAST;

    while (capacity * 2 <= entries && capacity * 2 <= HM_MARK_STACK_MOST)
        capacity *= 2;
    return capacity;
}

static size_t team_range_bytes(unsigned n, size_t heap_bytes)
{
    size_t deque_bytes =
        team_deque_capacity(n, heap_bytes) * sizeof(struct hm_work_slot);

    return hm_round_up(n * (sizeof(struct hm_mark_worker) + deque_bytes),
                       HM_PAGE_BYTES);
}

size_t hm_parallel_marker_bytes(unsigned n, size_t heap_bytes)
{
    return n < 2 ? 0 : team_range_bytes(n, heap_bytes) + hm_workers_bytes(n);
}

int hm_parallel_marker_open(struct hm_parallel_marker *pm, unsigned n,
                            size_t heap_bytes)
{
    size_t bytes = team_range_bytes(n, heap_bytes);
    size_t capacity = team_deque_capacity(n, heap_bytes);
    struct hm_work_slot *slot;

    *pm = (struct hm_parallel_marker){.alone_objects = HM_MARK_ALONE_OBJECTS,
                                      .report_words = SIZE_MAX};
    hm_workers_open(&pm->workers, n);
    if (n < 2)
        return 1;
    if (!hm_range_open(&pm->range, bytes) ||
        !hm_range_extend(&pm->range, bytes))
        return 0;
    pm->worker = (void *)pm->range.start;
    slot = (struct hm_work_slot *)(void *)(pm->worker + n);
    for (unsigned i = 0; i < n; i++, slot += capacity) {
        pm->worker[i].pm = pm;
        pm->worker[i].index = i;
        hm_work_deque_open(&pm->worker[i].deque, slot, capacity);
    }
    return 1;
}

void hm_parallel_marker_close(struct hm_parallel_marker *pm)
{
    hm_workers_close(&pm->workers);
    hm_range_close(&pm->range);
    pm->worker = NULL;
}
