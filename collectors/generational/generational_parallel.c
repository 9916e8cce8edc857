/* SPDX-License-Identifier: MIT */
/* generational_parallel.c -- young collections by several threads.
 *
 * Each worker copies into windows of its own: of the nursery, of which it takes
 * the next few KiB, and of the old space, where it uses one free cell.  Who
 * exchanges the header of an object for PARALLEL_CLAIMED copies it, and then
 * leaves the address of the copy there.  Copies that hold references wait, in a
 * short ring, then in a deque where workers without work steal; what finds no
 * room there either waits in a list through the originals.
 *
 * Source:     C. Flood, D. Detlefs, N. Shavit, X. Zhang, JVM 2001 (windows,
 *             stealing, overflow through the originals); V8's parallel
 *             Scavenger (chunks of remembered slots as units of work).
 * Differs:    claims before it copies, where both let a loser undo its copy:
 *             so what is taken of to-space never exceeds what survives.
 * Invariants: a window of the nursery may leave a gap, which becomes an object
 *             without references.  All gaps together fit into what to-space has
 *             beyond what can still come: `spare_words` is at most that, less
 *             the windows in use.  Who cannot have a window of it takes exactly
 *             the words of the object, for which there is always room.  The
 *             mutator leaves 1/64 of the nursery for gaps.
 * Costs:      an atomic instruction for each object, one for each window, a
 *             lock for each cell of the old space.  The caller begins alone,
 *             without the first: short collections wake nobody. */
#include "collectors/generational/generational_parallel.h"

#include "collectors/generational/generational_worker.h"

enum {
    PARALLEL_CLAIMED = HM_HEADER_MARK, /* no header, and no address either */
    PARALLEL_DEQUE = 1024,
    PARALLEL_STEAL = 16,
    PARALLEL_REFILL = 32,
    PARALLEL_BATCH = 64, /* scanned between two looks at what others do */
    PARALLEL_CHUNK_OBJECTS = 16,   /* what visiting a chunk counts for */
    PARALLEL_ALONE_OBJECTS = 4096, /* about 0.1 ms */
    PARALLEL_WINDOW_WORDS = 512,
};

/* ---- one object ---- */

/* The copy is to be scanned. */
static inline void parallel_push(struct generational_worker *w,
                                 uint64_t *original, uint64_t *copy)
{
    if (HM_LIKELY(w->tail - w->head < GENERATIONAL_RING)) {
        w->ring[w->tail++ % GENERATIONAL_RING] = copy;
    } else if (!hm_work_deque_push(&w->deque, copy)) {
        original[1] = (uintptr_t)w->overflow;
        w->overflow = original;
    }
}

/* Copies an object that the worker has claimed. */
static inline __attribute__((always_inline)) hm_ref parallel_evacuate(
    struct generational_worker *w, uint64_t *original, uint64_t header)
{
    size_t words = hm_header_words(header);
    uint64_t *to = NULL;
    hm_ref copy;

    HM_ASSERT(hm_header_is_sound(header));
    if (original >= w->age_mark)
        to = generational_window_room(w, words, 0);
    if (to == NULL)
        to = generational_cell_room(w, original, words);
    if (to == NULL)
        to = generational_window_room(w, words, 1);
    *to = header;
    generational_copy_words(to + 1, original + 1, words - 1);
    copy = (hm_ref)(to + 1);
    if (generational_has_refs(to))
        parallel_push(w, original, to);
    __atomic_store_n(original, (uintptr_t)copy, __ATOMIC_RELEASE);
    return copy;
}

/* Another worker is copying it. */
static __attribute__((noinline)) uint64_t parallel_await(
    const uint64_t *original)
{
    unsigned step = 0;
    uint64_t header;

    while ((header = __atomic_load_n(original, __ATOMIC_ACQUIRE)) ==
           PARALLEL_CLAIMED)
        hm_workers_relax(&step);
    return header;
}

static inline __attribute__((always_inline)) void parallel_forward(
    struct generational_worker *w, hm_ref *slot)
{
    hm_ref o = *slot;
    uint64_t *original, header;

    if ((uintptr_t)o - w->from_first >= w->from_bytes)
        return;
    original = hm_header_of(o);
    header = __atomic_load_n(original, __ATOMIC_ACQUIRE);
    if (!hm_header_is_forward(header) &&
        (w->is_alone ||
         __atomic_compare_exchange_n(original, &header, PARALLEL_CLAIMED, 0,
                                     __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))) {
        *slot = parallel_evacuate(w, original, header);
        return;
    }
    if (HM_UNLIKELY(header == PARALLEL_CLAIMED))
        header = parallel_await(original);
    *slot = hm_header_forward(header);
}

/* A promoted object remembers its young references. */
static inline void parallel_scan(struct generational_worker *w, uint64_t *copy)
{
    const struct hm_mutator *m = &w->gc->mutator;
    hm_ref o = (hm_ref)(copy + 1), *slot = hm_slots_of(o);
    size_t n = hm_header_refs(*copy);

    for (size_t i = 0; i < n; i++)
        parallel_forward(w, &slot[i]);
    if (hm_generational_is_young(m, o))
        return;
    for (size_t i = 0; i < n; i++) {
        if (hm_generational_is_young(m, slot[i]))
            hm_slot_set_add_shared(&w->gc->old.slots, &slot[i]);
    }
}

/* ---- one worker ---- */

static inline int parallel_is_empty(const struct generational_worker *w)
{
    return w->head == w->tail;
}

/* Puts n copies into the ring, which has room. */
static void parallel_put(struct generational_worker *w, void *const *item,
                         size_t n)
{
    HM_ASSERT(parallel_is_empty(w) && n <= GENERATIONAL_RING);
    for (size_t i = 0; i < n; i++)
        w->ring[w->tail++ % GENERATIONAL_RING] = item[i];
}

/* Takes copies to scan from where others can have them, or from the list.
 * 0: there are none. */
static int parallel_refill(struct generational_worker *w)
{
    void *item[PARALLEL_REFILL];
    size_t n = hm_work_deque_take(&w->deque, item, PARALLEL_REFILL);

    while (n < PARALLEL_REFILL && w->overflow != NULL) {
        const uint64_t *original = w->overflow;
        uint64_t header = __atomic_load_n(original, __ATOMIC_RELAXED);

        w->overflow = generational_link(original + 1);
        item[n++] = hm_header_of(hm_header_forward(header));
    }
    parallel_put(w, item, n);
    return n > 0;
}

/* Lets others have half of the ring. */
static void parallel_share(struct generational_worker *w)
{
    unsigned half = (w->tail - w->head) / 2;

    while (half-- > 0 &&
           hm_work_deque_push(&w->deque, w->ring[w->head % GENERATIONAL_RING]))
        w->head++;
}

/* Scans what the worker has, until that is all or more than `most` were.
 * Returns how many. */
static size_t parallel_drain(struct generational_worker *w, size_t most)
{
    size_t done = 0;

    while (done <= most && (!parallel_is_empty(w) || parallel_refill(w))) {
        size_t end = done + PARALLEL_BATCH;

        for (; done < end && !parallel_is_empty(w); done++)
            parallel_scan(w, w->ring[w->head++ % GENERATIONAL_RING]);
        if (hm_work_team_is_wanting(&w->team->work, &w->deque))
            parallel_share(w);
    }
    return done;
}

static void parallel_root(void *w, hm_ref *slot)
{
    parallel_forward(w, slot);
}

static int parallel_remembered(void *arg, hm_ref *slot)
{
    struct generational_worker *w = arg;

    parallel_forward(w, slot);
    return hm_generational_is_young(&w->gc->mutator, *slot);
}

/* See minor_remembered_all. */
static int parallel_remembered_all(void *w, hm_ref *slot)
{
    parallel_forward(w, slot);
    return 1;
}

/* Visits another chunk of a set.  0: all are taken. */
static int parallel_visit(struct generational_worker *w,
                          struct hm_slot_set *set, uint32_t *chunks)
{
    uint32_t c = hm_slot_set_claim(set, chunks);

    if (c == HM_SLOT_CHUNK_NONE)
        return 0;
    if (generational_is_marking(w->gc)) {
        hm_slot_set_each_of(set, c, parallel_remembered_all, w);
    } else {
        hm_slot_set_each_of(set, c, parallel_remembered, w);
    }
    return 1;
}

static int parallel_visit_next(struct generational_worker *w)
{
    struct generational_team *team = w->team;

    return parallel_visit(w, &w->gc->old.slots, &team->old_chunks) ||
           parallel_visit(w, &w->gc->large_slots, &team->large_chunks);
}

static int parallel_find(struct generational_worker *w)
{
    void *item[PARALLEL_STEAL];
    size_t n =
        hm_work_team_find(&w->team->work, w->index, item, PARALLEL_STEAL);

    parallel_put(w, item, n);
    return n > 0;
}

static void parallel_work(void *arg, unsigned index)
{
    struct generational_team *team = arg;
    struct generational_worker *w = &team->worker[index];

    do {
        do {
            (void)parallel_drain(w, SIZE_MAX - 1);
        } while (parallel_visit_next(w));
    } while (parallel_find(w));
}

/* The caller begins.  Returns whether there is more to do than it likes to do
 * alone. */
static int parallel_begin_alone(struct generational_worker *w, size_t most)
{
    size_t done;

    hm_roots_each(&w->gc->heap.roots, parallel_root, w);
    done = parallel_drain(w, most);
    while (done <= most && parallel_visit_next(w)) {
        done += PARALLEL_CHUNK_OBJECTS;
        if (done <= most)
            done += parallel_drain(w, most - done);
    }
    return done > most;
}

/* ---- all workers ---- */

static void parallel_set_worker(struct generational_worker *w,
                                const struct generational_minor *minor)
{
    HM_ASSERT(parallel_is_empty(w) && w->overflow == NULL);
    w->gc = minor->gc;
    w->from_first = minor->from_first;
    w->from_bytes = minor->from_bytes;
    w->age_mark = minor->age_mark;
    w->free = w->limit = w->old_free = w->old_limit = NULL;
    w->refused_words = minor->refused_words;
    w->promoted_words = w->aged_words = w->gap_words = 0;
    w->window_words = w->unspared_words = 0;
}

static void parallel_begin(struct generational_team *team,
                           struct generational_minor *minor)
{
    struct hm_gc *gc = minor->gc;
    size_t capacity_words = gc->nursery.capacity_bytes / HM_WORD_BYTES;
    size_t from_words = minor->from_bytes / HM_WORD_BYTES;
    unsigned n = team->workers.n;

    team->minor = minor;
    team->window_words = (capacity_words >> gc->nursery.gap_shift) / n;
    if (team->window_words > PARALLEL_WINDOW_WORDS)
        team->window_words = PARALLEL_WINDOW_WORDS;
    team->crowded_words = (size_t)(minor->crowded - minor->free);
    team->old_chunks = hm_slot_set_detach(&gc->old.slots);
    team->large_chunks = hm_slot_set_detach(&gc->large_slots);
    atomic_store(&team->used_words, 0);
    atomic_store(&team->spare_words, (ptrdiff_t)(capacity_words - from_words));
    for (unsigned i = 0; i < n; i++)
        parallel_set_worker(&team->worker[i], minor);
    team->worker[0].is_alone = 1;
    team->worker[0].old_free = minor->old_free;
    team->worker[0].old_limit = minor->old_limit;
    hm_work_team_begin(&team->work, &team->worker[0].deque,
                       sizeof(team->worker[0]), 1);
}

/* A cell in use that the old space gets back. */
static void parallel_return_cell(struct generational_worker *w)
{
    if (w->old_free < w->old_limit) {
        hm_generational_old_return(w->gc, w->old_free,
                                   (size_t)(w->old_limit - w->old_free));
    }
}

static void parallel_end(struct generational_team *team,
                         struct generational_minor *minor)
{
    struct generational_worker *first = &team->worker[0];

    for (unsigned i = 0; i < team->workers.n; i++) {
        struct generational_worker *w = &team->worker[i];

        HM_ASSERT(parallel_is_empty(w) && w->overflow == NULL);
        hm_generational_window_retire(w);
        if (w != first)
            parallel_return_cell(w);
        minor->promoted_words += w->promoted_words;
        minor->aged_words += w->aged_words;
        minor->gap_words += w->gap_words;
    }
    HM_ASSERT(atomic_load(&team->spare_words) >= 0);
    minor->old_free = first->old_free;
    minor->old_limit = minor->gc->old.limit = first->old_limit;
    minor->free += atomic_load(&team->used_words);
    minor->scan = minor->free;
}

void hm_generational_team_evacuate(struct generational_minor *minor)
{
    struct generational_team *team = &minor->gc->team;

    parallel_begin(team, minor);
    if (parallel_begin_alone(&team->worker[0], team->alone_objects)) {
        team->worker[0].is_alone = 0;
        team->work.n = hm_workers_start(&team->workers);
        hm_workers_run(&team->workers, parallel_work, team);
    }
    parallel_end(team, minor);
}

/* ---- memory ---- */

static size_t parallel_range_bytes(unsigned n)
{
    return hm_round_up(n * (sizeof(struct generational_worker) +
                            PARALLEL_DEQUE * sizeof(struct hm_work_slot)),
                       HM_PAGE_BYTES);
}

size_t hm_generational_team_bytes(unsigned n)
{
    return n < 2 ? 0 : parallel_range_bytes(n) + hm_workers_bytes(n);
}

int hm_generational_team_open(struct generational_team *team, unsigned n)
{
    size_t bytes = parallel_range_bytes(n);
    struct hm_work_slot *slot;

    if (n < 2)
        return 1;
    if (!hm_range_open(&team->range, bytes) ||
        !hm_range_extend(&team->range, bytes))
        return 0;
    HM_CHECK(pthread_mutex_init(&team->old_lock, NULL) == 0);
    hm_workers_open(&team->workers, n);
    team->alone_objects = PARALLEL_ALONE_OBJECTS;
    team->worker = (void *)team->range.start;
    slot = (struct hm_work_slot *)(void *)(team->worker + n);
    for (unsigned i = 0; i < n; i++, slot += PARALLEL_DEQUE) {
        team->worker[i].team = team;
        team->worker[i].index = i;
        hm_work_deque_open(&team->worker[i].deque, slot, PARALLEL_DEQUE);
    }
    return 1;
}

void hm_generational_team_close(struct generational_team *team)
{
    hm_workers_close(&team->workers);
    if (team->worker != NULL)
        HM_CHECK(pthread_mutex_destroy(&team->old_lock) == 0);
    hm_range_close(&team->range);
    team->worker = NULL;
}
