/* SPDX-License-Identifier: MIT */
/* semispace.c -- copying collection between two spaces.
 *
 * Source:     C. J. Cheney, CACM 13(11), 1970; large objects apart as in
 *             D. Ungar and F. Jackson, OOPSLA 1988.
 * Differs:    the limit is split anew at each large object: what large objects
 *             do not use is halved between the spaces.  The scan prefetches
 *             the objects that it will copy next.  Under verify four spaces
 *             take turns and all but the current one are inaccessible, so a
 *             stale reference faults.
 * Invariants: objects fill the current space without gaps up to the mutator's
 *             free pointer; every header is plain and unmarked outside a
 *             collection; references lead to objects of the current space or
 *             large ones; all spaces are usable to the same height, so a
 *             collection cannot fail; see hm_gc_check().
 * Costs:      a collection is proportional to what lives; twice the small
 *             objects' bytes are needed.
 * Threads:    one mutator. */
#include "collectors/collector.h"
#include "collectors/substrate/large.h"
#include "collectors/substrate/pacer.h"
#include "collectors/substrate/roots.h"
#include "collectors/substrate/verify.h"
#include "common/arena.h"
#include "common/clock.h"

enum {
    SEMISPACE_SPACES = 4, /* under verify; else two */
    SEMISPACE_WINDOW_BYTES = 1 << 20,
    SEMISPACE_MIN_HEAP_BYTES = 64 << 10,
    SEMISPACE_SCAN_CHUNK = 256, /* references of a large object at a time */
    SEMISPACE_AHEAD_WORDS = 32, /* prefetch distance of the scan */
    SEMISPACE_MARGIN_BYTES = HM_PAGE_BYTES, /* the scan reads ahead so far */
};

static const struct hm_param semispace_params[] = {{0}};

const struct hm_collector hm_collector_this = {
    .name = "semispace",
    .summary = "copying between two spaces, large objects apart",
    .source = "Cheney, CACM 13(11), 1970",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = semispace_params,
};

struct semispace_space {
    struct hm_range range;
    size_t touched_bytes; /* from its start; charged to the budget */
};

struct hm_gc {
    struct hm_mutator mutator;
    int is_attached;
    struct hm_gc_config config;
    struct hm_budget budget;
    struct hm_pacer pacer;
    struct hm_roots roots;
    struct hm_large large;
    struct semispace_space space[SEMISPACE_SPACES], *current;
    unsigned n_spaces;
    size_t since_small_bytes; /* used in the current space at the last
                               * collection: what follows is new */
    size_t since_large_bytes; /* large objects since then */
    uint64_t collections, moved_bytes, live_bytes;
};

static struct hm_gc semispace_gc;

static size_t semispace_used_bytes(const struct hm_gc *gc)
{
    return (size_t)((char *)gc->mutator.free - gc->current->range.start);
}

/* What one space may use while large objects hold `large_bytes` pages. */
static size_t semispace_half_bytes(const struct hm_gc *gc, size_t large_bytes)
{
    const struct hm_extents *extents = &gc->large.extents;
    size_t table_bytes = (size_t)extents->table_pages * HM_PAGE_BYTES;
    size_t taken = sizeof(*gc) + table_bytes + large_bytes;

    if (gc->budget.limit_bytes == 0)
        return gc->current->range.bytes - SEMISPACE_MARGIN_BYTES;
    if (taken >= gc->budget.limit_bytes)
        return 0;
    return hm_round_down((gc->budget.limit_bytes - taken) / 2, HM_PAGE_BYTES);
}

static size_t semispace_large_bytes(const struct hm_gc *gc)
{
    return gc->large.extents.used_pages * HM_PAGE_BYTES;
}

/* Gives back what `space` has touched above `bytes`. */
static void semispace_trim(struct hm_gc *gc, struct semispace_space *space,
                           size_t bytes)
{
    size_t keep = hm_round_up(bytes, HM_PAGE_BYTES);

    if (space->touched_bytes <= keep)
        return;
    hm_range_discard(&space->range, keep, space->touched_bytes - keep);
    hm_budget_give(&gc->budget, space->touched_bytes - keep);
    space->touched_bytes = keep;
}

/* Makes `bytes` fit into the budget, given that they fit once both spaces hold
 * no more than `half_bytes` and no freed run is kept. */
static void semispace_make_room(struct hm_gc *gc, size_t bytes,
                                size_t half_bytes)
{
    if (hm_budget_has(&gc->budget, bytes))
        return;
    hm_extents_release(&gc->large.extents);
    for (unsigned i = 0; i < gc->n_spaces; i++) {
        if (&gc->space[i] != gc->current)
            semispace_trim(gc, &gc->space[i], half_bytes);
    }
    if (half_bytes >= semispace_used_bytes(gc))
        semispace_trim(gc, gc->current, half_bytes);
}

/* Charges `space` for being touched up to `bytes`.  0: no budget. */
static int semispace_touch(struct hm_gc *gc, struct semispace_space *space,
                           size_t bytes)
{
    size_t more;

    bytes = hm_round_up(bytes, HM_PAGE_BYTES);
    if (bytes <= space->touched_bytes)
        return 1;
    more = bytes - space->touched_bytes;
    semispace_make_room(gc, more,
                        semispace_half_bytes(gc, semispace_large_bytes(gc)));
    if (!hm_budget_take(&gc->budget, more))
        return 0;
    space->touched_bytes = bytes;
    return 1;
}

static size_t semispace_since_bytes(const struct hm_gc *gc)
{
    return semispace_used_bytes(gc) - gc->since_small_bytes +
           gc->since_large_bytes;
}

/* Makes all spaces usable up to `bytes`. */
static int semispace_extend(struct hm_gc *gc, size_t bytes)
{
    for (unsigned i = 0; i < gc->n_spaces; i++) {
        if (!hm_range_extend(&gc->space[i].range,
                             bytes + SEMISPACE_MARGIN_BYTES))
            return 0;
    }
    return 1;
}

/* Gives the mutator at least `need_bytes` to bump through.  0: no room, or it
 * is time to collect. */
static int semispace_open_window(struct hm_gc *gc, size_t need_bytes)
{
    size_t half = semispace_half_bytes(gc, semispace_large_bytes(gc));
    size_t used = semispace_used_bytes(gc);
    size_t left = hm_pacer_left(&gc->pacer, semispace_since_bytes(gc));
    size_t room = half > used ? half - used : 0;
    size_t want = left < SEMISPACE_WINDOW_BYTES ? left : SEMISPACE_WINDOW_BYTES;

    if (want < need_bytes)
        want = need_bytes;
    if (want > room)
        want = room;
    if (left == 0 || want < need_bytes || !semispace_extend(gc, used + want) ||
        !semispace_touch(gc, gc->current, used + want))
        return 0;
    gc->mutator.limit = gc->mutator.free + want / HM_WORD_BYTES;
    HM_ASSERT(semispace_used_bytes(gc) + want <= half);
    return 1;
}

/* One collection in progress. */
struct semispace_copy {
    const char *from;
    size_t from_bytes;
    uint64_t *free; /* where the next copy goes */
    struct hm_large *large;
};

static inline void semispace_copy_words(uint64_t *to, const uint64_t *from,
                                        size_t words)
{
    if (words > 16) {
        memcpy(to, from, words * HM_WORD_BYTES);
        return;
    }
    for (size_t i = 0; i < words; i++)
        memcpy(to + i, from + i, HM_WORD_BYTES);
}

static inline void semispace_forward(struct semispace_copy *copy, hm_ref *slot)
{
    hm_ref o = *slot;
    uint64_t *header, *to = copy->free;
    size_t words;

    if ((uintptr_t)o - (uintptr_t)copy->from > copy->from_bytes) {
        if (o != NULL)
            hm_large_mark(copy->large, o);
        return;
    }
    header = hm_header_of(o);
    if (hm_header_is_forward(*header)) {
        *slot = hm_header_forward(*header);
        return;
    }
    HM_ASSERT(hm_header_is_sound(*header));
    words = hm_header_words(*header);
    semispace_copy_words(to, header, words);
    copy->free = to + words;
    *slot = (hm_ref)(to + 1);
    hm_header_set_forward(header, *slot);
}

static void semispace_root(void *copy, hm_ref *slot)
{
    semispace_forward(copy, slot);
}

/* Scans the copies from `scan` on.  What lies some words ahead is mostly a
 * reference; where it is not, prefetching it does no harm. */
static uint64_t *semispace_scan(struct semispace_copy *copy, uint64_t *scan)
{
    while (scan < copy->free) {
        size_t n = hm_header_refs(*scan);
        hm_ref *slot = hm_slots_of((hm_ref)(scan + 1));

        for (size_t i = 0; i < n; i++) {
            __builtin_prefetch(slot[i + SEMISPACE_AHEAD_WORDS]);
            semispace_forward(copy, &slot[i]);
        }
        scan += hm_header_words(*scan);
    }
    HM_ASSERT(scan == copy->free);
    return scan;
}

static void semispace_scan_all(struct semispace_copy *copy, uint64_t *scan)
{
    size_t n;
    hm_ref *slot;

    do {
        scan = semispace_scan(copy, scan);
        n = hm_large_scan(copy->large, SEMISPACE_SCAN_CHUNK, &slot);
        for (size_t i = 0; i < n; i++)
            semispace_forward(copy, &slot[i]);
    } while (n > 0);
}

static struct semispace_space *semispace_next(struct hm_gc *gc)
{
    unsigned i = (unsigned)(gc->current - gc->space) + 1;

    return &gc->space[i < gc->n_spaces ? i : 0];
}

/* Copies what the roots reach to `to`, which becomes the current space. */
static void semispace_evacuate(struct hm_gc *gc, struct semispace_space *to)
{
    struct semispace_space *from = gc->current;
    uint64_t *start = (void *)to->range.start;
    struct semispace_copy copy = {.from = from->range.start,
                                  .from_bytes = semispace_used_bytes(gc),
                                  .free = start,
                                  .large = &gc->large};

    HM_ASSERT(to != from && to->range.usable_bytes == from->range.usable_bytes);
    hm_roots_each(&gc->roots, gc->mutator.frames, semispace_root, &copy);
    semispace_scan_all(&copy, start);
    hm_large_sweep(&gc->large);
    gc->current = to;
    gc->mutator.free = gc->mutator.limit = copy.free;
}

/* Verify mode only: the space is written all over before it is used again, so
 * that raw bytes nobody has written do not read as zero. */
static void semispace_unlock(struct hm_gc *gc, struct semispace_space *to)
{
    size_t used = semispace_used_bytes(gc);

    hm_range_unlock(&to->range, 0, to->range.usable_bytes);
    hm_poison_fill((void *)to->range.start, used / HM_WORD_BYTES);
}

static void semispace_lock(struct hm_gc *gc, struct semispace_space *from)
{
    semispace_trim(gc, from, 0);
    hm_range_lock(&from->range, 0, from->range.usable_bytes);
}

static const char *semispace_check(struct hm_gc *gc, uint64_t *bytes);

static void semispace_verify(struct hm_gc *gc, int is_after)
{
    uint64_t bytes;
    const char *wrong = semispace_check(gc, &bytes);

    if (wrong == NULL && is_after && bytes != gc->live_bytes)
        wrong = "semispace: what was copied is not what is reachable";
    if (wrong != NULL)
        hm_check_failed(__FILE__, __LINE__, wrong);
}

static void semispace_account(struct hm_gc *gc)
{
    size_t copied = semispace_used_bytes(gc);

    HM_CHECK(semispace_touch(gc, gc->current, copied));
    gc->collections++;
    gc->moved_bytes += copied;
    gc->live_bytes = copied + gc->large.object_bytes;
    gc->since_small_bytes = copied;
    gc->since_large_bytes = 0;
    hm_pacer_allow(&gc->pacer, gc->live_bytes);
}

static void semispace_collect(struct hm_gc *gc)
{
    struct semispace_space *from = gc->current, *to = semispace_next(gc);
    size_t used = semispace_used_bytes(gc);
    uint64_t start_ns;

    if (gc->config.verify) {
        semispace_verify(gc, 0);
        semispace_unlock(gc, to);
    }
    start_ns = hm_clock_now_ns();
    if (used > to->touched_bytes)
        semispace_make_room(
            gc, hm_round_up(used, HM_PAGE_BYTES) - to->touched_bytes,
            semispace_half_bytes(gc, semispace_large_bytes(gc)));
    semispace_evacuate(gc, to);
    semispace_account(gc);
    hm_pause_log_add(gc->config.log, HM_PAUSE_full, start_ns,
                     hm_clock_now_ns());
    if (gc->config.verify) {
        semispace_lock(gc, from);
        semispace_verify(gc, 1);
    }
}

_Noreturn static void semispace_exhausted(struct hm_gc *gc, size_t bytes)
{
    gc->config.exhausted(bytes);
    hm_check_failed(__FILE__, __LINE__, "exhausted() does not return");
}

/* A collection because `bytes` are needed. */
static void semispace_collect_for(struct hm_gc *gc, size_t bytes)
{
    size_t before = semispace_used_bytes(gc) + semispace_large_bytes(gc);
    size_t after;

    semispace_collect(gc);
    after = semispace_used_bytes(gc) + semispace_large_bytes(gc);
    HM_ASSERT(after <= before);
    if (!hm_pacer_judge(&gc->pacer, before - after))
        semispace_exhausted(gc, bytes);
}

/* The pages of a large object come out of both halves.  NULL: no room, or it
 * is time to collect. */
static hm_ref semispace_try_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    size_t cost = hm_large_cost_bytes(words);
    size_t table = hm_round_up(cost / HM_PAGE_BYTES * sizeof(struct hm_page),
                               HM_PAGE_BYTES) +
                   HM_PAGE_BYTES;
    size_t half =
        semispace_half_bytes(gc, semispace_large_bytes(gc) + cost + table);

    if (hm_pacer_left(&gc->pacer, semispace_since_bytes(gc)) == 0 ||
        half < semispace_used_bytes(gc))
        return NULL;
    gc->mutator.limit = gc->mutator.free; /* the window may be trimmed */
    semispace_make_room(gc, cost + table, half);
    return hm_large_new(&gc->large, words, n_refs);
}

static hm_ref semispace_new_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    hm_ref o = NULL;

    if (hm_object_is_possible(words, n_refs))
        o = semispace_try_large(gc, words, n_refs);
    if (o == NULL) {
        semispace_collect_for(gc, words * HM_WORD_BYTES);
        if (hm_object_is_possible(words, n_refs))
            o = semispace_try_large(gc, words, n_refs);
    }
    if (o == NULL)
        semispace_exhausted(gc, words * HM_WORD_BYTES);
    gc->since_large_bytes += words * HM_WORD_BYTES;
    return o;
}

__attribute__((noinline)) hm_ref hm_semispace_new_slow(struct hm_mutator *m,
                                                       size_t words,
                                                       size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    size_t bytes = words * HM_WORD_BYTES;
    uint64_t *start;

    if (words > HM_LARGE_WORDS)
        return semispace_new_large(gc, words, n_refs);
    if (!semispace_open_window(gc, bytes)) {
        semispace_collect_for(gc, bytes);
        if (!semispace_open_window(gc, bytes))
            semispace_exhausted(gc, bytes);
    }
    start = m->free;
    m->free += words;
    HM_ASSERT(m->free <= m->limit);
    return hm_object_init(start, words, n_refs);
}

static int semispace_open_spaces(struct hm_gc *gc)
{
    size_t bytes =
        hm_range_reach(gc->budget.limit_bytes) / 2 + SEMISPACE_MARGIN_BYTES;

    gc->n_spaces = gc->config.verify ? SEMISPACE_SPACES : 2;
    for (unsigned i = 0; i < gc->n_spaces; i++) {
        if (!hm_range_open(&gc->space[i].range, bytes))
            return 0;
    }
    gc->current = &gc->space[0];
    gc->mutator.gc = gc;
    gc->mutator.free = gc->mutator.limit = (void *)gc->current->range.start;
    return 1;
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &semispace_gc;

    HM_CHECK(gc->current == NULL); /* one heap per process */
    if (config->heap_bytes != 0 &&
        config->heap_bytes < SEMISPACE_MIN_HEAP_BYTES) {
        *why = "heap_bytes is below 64K, the least that semispace can split";
        return NULL;
    }
    gc->config = *config;
    gc->budget.limit_bytes = config->heap_bytes;
    hm_pacer_open(&gc->pacer, config->heap_bytes, config->stress_bytes);
    if (!semispace_open_spaces(gc) ||
        !hm_large_open(&gc->large, &gc->budget, config->verify)) {
        hm_gc_close(gc);
        *why = "the system refuses the address space for the heap";
        return NULL;
    }
    HM_CHECK(hm_budget_take(&gc->budget, sizeof(*gc)));
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    hm_large_close(&gc->large);
    for (unsigned i = 0; i < gc->n_spaces; i++)
        hm_range_close(&gc->space[i].range);
    *gc = (struct hm_gc){0};
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    if (gc->is_attached)
        return NULL;
    gc->is_attached = 1;
    return &gc->mutator;
}

void hm_gc_detach(struct hm_mutator *m)
{
    HM_CHECK(m->gc->is_attached && m->frames == NULL);
    m->gc->is_attached = 0;
}

void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n)
{
    hm_roots_add(&gc->roots, slot, n);
}

void hm_gc_collect(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    semispace_collect(gc);
    hm_extents_release(&gc->large.extents);
    for (unsigned i = 0; i < gc->n_spaces; i++) {
        if (&gc->space[i] != gc->current)
            semispace_trim(gc, &gc->space[i], 0);
    }
    semispace_trim(gc, gc->current, semispace_used_bytes(gc));
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    *stats = (struct hm_gc_stats){
        .collections = gc->collections,
        .moved_bytes = gc->moved_bytes,
        .heap_bytes = gc->budget.held_bytes,
        .heap_peak_bytes = gc->budget.peak_bytes,
        .live_bytes = gc->live_bytes,
    };
}

/* Where objects start in the current space: a bit for each word. */
struct semispace_map {
    const struct hm_gc *gc;
    uint64_t *bits;
    size_t bytes;
};

static int semispace_is_object(const void *arg, hm_ref o)
{
    const struct semispace_map *map = arg;
    const char *start = map->gc->current->range.start;
    size_t word =
        ((uintptr_t)hm_header_of(o) - (uintptr_t)start) / HM_WORD_BYTES;

    if (word >= semispace_used_bytes(map->gc) / HM_WORD_BYTES)
        return hm_large_is_object(&map->gc->large, o);
    return map->bits[word / 64] >> word % 64 & 1;
}

/* Parses the current space from end to end. */
static const char *semispace_parse(const struct hm_gc *gc,
                                   struct semispace_map *map)
{
    const uint64_t *start = (void *)gc->current->range.start;
    size_t words = semispace_used_bytes(gc) / HM_WORD_BYTES, step;

    for (size_t w = 0; w < words; w += step) {
        if (!hm_header_is_sound(start[w]))
            return "semispace: a header is damaged";
        step = hm_header_words(start[w]);
        if (step > words - w || step > HM_LARGE_WORDS)
            return "semispace: an object is larger than its space";
        map->bits[w / 64] |= (uint64_t)1 << w % 64;
    }
    return NULL;
}

/* As hm_gc_check; *bytes = what is reachable. */
static const char *semispace_check(struct hm_gc *gc, uint64_t *bytes)
{
    struct semispace_map map = {.gc = gc,
                                .bytes = semispace_used_bytes(gc) / 64 + 8};
    struct hm_verify verify = {.roots = &gc->roots,
                               .frames = gc->mutator.frames,
                               .is_object = semispace_is_object,
                               .heap = &map};
    const char *wrong = hm_large_check(&gc->large);

    map.bits = hm_arena_reserve(map.bytes);
    if (wrong == NULL)
        wrong = semispace_parse(gc, &map);
    if (wrong == NULL)
        wrong = hm_verify_trace(&verify);
    hm_arena_release(map.bits, map.bytes);
    *bytes = verify.reachable_bytes;
    if (gc->mutator.limit < gc->mutator.free ||
        semispace_used_bytes(gc) > gc->current->touched_bytes)
        wrong = "semispace: the allocation window is outside the space";
    return wrong;
}

const char *hm_gc_check(struct hm_gc *gc)
{
    uint64_t bytes;

    return semispace_check(gc, &bytes);
}
