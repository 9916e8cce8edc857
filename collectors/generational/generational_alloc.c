/* SPDX-License-Identifier: MIT */
/* Where allocation turns when a window is used up; when to collect, and how
 * much of it. */
#include "collectors/generational/generational_heap.h"

/* Under stress, every so many collections one is full. */
enum { GENERATIONAL_STRESS_FULL = 4 };

/* The old space is not collected for less than this. */
#define GENERATIONAL_STEP_BYTES ((size_t)8 << 20)

/* Bytes that may be allocated before the next collection is due. */
static size_t alloc_left(const struct hm_gc *gc)
{
    size_t since = (size_t)(gc->mutator.free - gc->nursery.opened);

    if (gc->heap.config.stress_bytes == 0)
        return SIZE_MAX;
    return hm_pacer_left(&gc->heap.pacer,
                         gc->heap.since_bytes + since * HM_WORD_BYTES);
}

/* Gives the mutator at least `need_bytes` to bump through.  0: no room, or it
 * is time to collect. */
static int alloc_open_window(struct hm_gc *gc, size_t need_bytes)
{
    size_t left = alloc_left(gc);
    size_t room = gc->nursery.capacity_bytes - generational_young_bytes(gc);

    if (left == 0 || room < need_bytes)
        return 0;
    if (left < need_bytes)
        left = need_bytes;
    if (left > room)
        left = room;
    gc->mutator.limit = gc->mutator.free + left / HM_WORD_BYTES;
    gc->mutator.poll = gc->nursery.opened +
                       (gc->nursery.capacity_bytes / HM_WORD_BYTES -
                        (size_t)(gc->nursery.opened - generational_space(gc))) /
                           10 * 8;
    return 1;
}

/* The limit of the old space after a full collection. */
static void alloc_grow_limit(struct hm_gc *gc)
{
    size_t size = generational_old_bytes(gc);
    size_t more = size / 100 * gc->growth_percent;

    if (more < GENERATIONAL_STEP_BYTES)
        more = GENERATIONAL_STEP_BYTES;
    gc->old.is_configured = 1;
    if (gc->heap.config.heap_bytes == 0)
        gc->old.limit_bytes = size + more + gc->nursery.capacity_bytes;
}

/* Before the first full collection, the limit follows the share of young
 * objects that survive, `used_bytes` having been collected. */
static void alloc_configure_limit(struct hm_gc *gc, size_t used_bytes,
                                  size_t survived_bytes)
{
    size_t least = generational_old_bytes(gc) + GENERATIONAL_STEP_BYTES;
    double share =
        used_bytes > 0 ? (double)survived_bytes / (double)used_bytes : 1;
    size_t limit = (size_t)((double)gc->old.limit_bytes * share);

    if (gc->old.is_configured || gc->heap.config.heap_bytes != 0)
        return;
    if (limit < least)
        limit = least;
    gc->old.is_configured = limit >= gc->old.limit_bytes;
    if (limit < gc->old.limit_bytes)
        gc->old.limit_bytes = limit;
}

static void alloc_verify(struct hm_gc *gc, int is_after, int is_full)
{
    uint64_t bytes = 0;
    const char *wrong = hm_generational_check(gc, &bytes);

    if (wrong == NULL && is_after && bytes != gc->verified_bytes)
        wrong = "generational: a collection changed what is reachable";
    gc->verified_bytes = bytes;
    hm_heap_demand(&gc->heap, wrong, is_full ? bytes : gc->heap.live_bytes);
}

/* Returns memory of the nursery that a heap close to its limit needs. */
static void alloc_relieve(struct hm_gc *gc)
{
    size_t nursery = 2 * gc->nursery.capacity_bytes;
    size_t old = gc->old.bytes + gc->old.bytes / 16;
    size_t large = hm_heap_large_bytes(&gc->heap);
    size_t limit = gc->heap.budget.limit_bytes;

    if (limit != 0 && 2 * nursery + old + large > limit)
        hm_generational_nursery_shrink(gc, gc->nursery.floor_bytes);
}

static void alloc_full(struct hm_gc *gc, uint64_t start_ns)
{
    hm_generational_mark(gc);
    alloc_grow_limit(gc);
    alloc_relieve(gc);
    hm_heap_collected(&gc->heap, HM_PAUSE_full, start_ns,
                      gc->old.bytes + gc->young_marked_bytes);
}

void hm_generational_collect(struct hm_gc *gc, int is_full)
{
    size_t used = generational_young_bytes(gc);
    uint64_t moved = gc->heap.moved_bytes, start_ns;

    if (gc->heap.config.verify)
        alloc_verify(gc, 0, 0);
    start_ns = hm_clock_now_ns();
    hm_generational_minor(gc);
    alloc_configure_limit(gc, used, (size_t)(gc->heap.moved_bytes - moved));
    is_full |= gc->has_failed_promotion ||
               generational_old_bytes(gc) > gc->old.limit_bytes;
    if (is_full) {
        alloc_full(gc, start_ns);
    } else {
        hm_pause_log_add(gc->heap.config.log, HM_PAUSE_minor, start_ns,
                         hm_clock_now_ns());
    }
    if (!gc->heap.config.verify)
        return;
    if (is_full)
        generational_sweep_all(gc); /* and poison all gaps */
    alloc_verify(gc, 1, is_full);
}

/* A collection because `bytes` are needed. */
static void alloc_collect_for(struct hm_gc *gc, int is_full, size_t bytes)
{
    size_t before = generational_old_bytes(gc) + generational_young_bytes(gc);
    uint64_t full = gc->heap.collections;
    size_t after;

    hm_generational_collect(gc, is_full);
    after = generational_old_bytes(gc) + generational_young_bytes(gc);
    if (gc->heap.collections != full &&
        !hm_pacer_judge(&gc->heap.pacer, before > after ? before - after : 0))
        hm_heap_exhausted(&gc->heap, bytes);
}

static int alloc_is_stress_full(const struct hm_gc *gc)
{
    return gc->heap.config.stress_bytes != 0 &&
           gc->minor_collections % GENERATIONAL_STRESS_FULL == 0;
}

/* An object that is too large for the nursery, but not a large one.  NULL: no
 * room, or it is time to collect. */
static uint64_t *alloc_try_old(struct hm_gc *gc, size_t words)
{
    if (alloc_left(gc) == 0 || generational_old_bytes(gc) > gc->old.limit_bytes)
        return NULL;
    return generational_old_new(gc, words);
}

static hm_ref alloc_new_old(struct hm_gc *gc, size_t words, size_t n_refs)
{
    size_t bytes = words * HM_WORD_BYTES;
    uint64_t *start = alloc_try_old(gc, words);

    if (start == NULL) {
        alloc_collect_for(gc, 1, bytes);
        start = alloc_try_old(gc, words);
    }
    if (start == NULL)
        hm_heap_exhausted(&gc->heap, bytes);
    gc->old.bytes += bytes;
    gc->heap.since_bytes += bytes;
    return hm_object_init(start, words, n_refs);
}

/* NULL: no room, or it is time to collect. */
static hm_ref alloc_try_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    struct hm_large *large = &gc->heap.large;
    size_t end = (size_t)large->extents.frontier * HM_PAGE_BYTES;
    hm_ref o = NULL;

    if (!hm_object_is_possible(words, n_refs) || alloc_left(gc) == 0 ||
        generational_old_bytes(gc) > gc->old.limit_bytes)
        return NULL;
    end += hm_large_cost_bytes(words);
    if (end > large->extents.range.bytes)
        end = large->extents.range.bytes;
    if (hm_slot_set_cover(&gc->large_slots, end))
        o = hm_large_new(large, words, n_refs);
    if (o != NULL)
        return o;
    hm_extents_release(&large->extents);
    hm_blocks_release(&gc->old.blocks);
    if (hm_slot_set_cover(&gc->large_slots, end))
        o = hm_large_new(large, words, n_refs);
    return o;
}

static hm_ref alloc_new_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    hm_ref o = alloc_try_large(gc, words, n_refs);

    if (o == NULL) {
        alloc_collect_for(gc, 1, words * HM_WORD_BYTES);
        o = alloc_try_large(gc, words, n_refs);
    }
    if (o == NULL && hm_object_is_possible(words, n_refs)) {
        hm_generational_nursery_shrink(gc, gc->nursery.floor_bytes);
        o = alloc_try_large(gc, words, n_refs);
    }
    if (o == NULL)
        hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    gc->heap.since_bytes += words * HM_WORD_BYTES;
    return o;
}

__attribute__((noinline)) hm_ref hm_generational_new_slow(struct hm_mutator *m,
                                                          size_t words,
                                                          size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    size_t bytes = words * HM_WORD_BYTES;
    uint64_t *start;

    if (words > HM_LARGE_WORDS)
        return alloc_new_large(gc, words, n_refs);
    if (bytes > gc->nursery.floor_bytes / 4)
        return alloc_new_old(gc, words, n_refs);
    if (!alloc_open_window(gc, bytes)) {
        alloc_collect_for(gc, alloc_is_stress_full(gc), bytes);
        if (!alloc_open_window(gc, bytes))
            alloc_collect_for(gc, 1, bytes);
        if (m->limit == m->free && !alloc_open_window(gc, bytes))
            hm_heap_exhausted(&gc->heap, bytes);
    }
    start = m->free;
    m->free += words;
    HM_ASSERT(m->free <= m->limit);
    return hm_object_init(start, words, n_refs);
}

__attribute__((noinline)) void hm_generational_remember(struct hm_mutator *m,
                                                        hm_ref *slot)
{
    struct hm_gc *gc = m->gc;

    hm_slot_set_add(hm_range_has(&gc->old.blocks.range, slot)
                        ? &gc->old.slots
                        : &gc->large_slots,
                    slot);
}

/* V8 collects at a turn of the event loop once the nursery is 80 % full. */
__attribute__((noinline)) void hm_generational_poll_slow(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    if (m->limit == m->free) /* no window is open */
        return;
    alloc_collect_for(gc, 0, 0);
}
