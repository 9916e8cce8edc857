/* SPDX-License-Identifier: MIT */
/* Where allocation turns when a window is used up; when to collect, and how
 * much of it. */
#include "collectors/generational/generational_heap.h"

/* Under stress, every so many collections one is full. */
enum { GENERATIONAL_STRESS_FULL = 4 };

/* V8 takes a step for 64 KiB of young objects or 256 KiB of old ones. */
enum { GENERATIONAL_OLD_PART = 4 };

/* During a cycle the window ends where the next step is due.  Takes the step
 * for what is handed out now. */
static size_t alloc_cut_window(struct hm_gc *gc, size_t bytes,
                               size_t need_bytes)
{
    size_t every = hm_round_up(gc->cycle.every_bytes, HM_WORD_BYTES);

    if (bytes > every)
        bytes = every > need_bytes ? every : need_bytes;
    hm_generational_cycle_step(gc, bytes);
    return bytes;
}

/* Whether a cycle only waits for a young collection to end it. */
static int alloc_is_marked(const struct hm_gc *gc)
{
    return generational_is_marking(gc) && hm_generational_is_marked(gc);
}

/* What the mutator may still fill of the nursery. */
static size_t alloc_room(const struct hm_gc *gc)
{
    size_t capacity = gc->nursery.capacity_bytes;
    size_t end = capacity - (capacity >> gc->nursery.gap_shift);
    size_t used = generational_young_bytes(gc);

    return end > used ? end - used : 0;
}

/* Gives the mutator at least `need_bytes` to bump through.  0: no room, or it
 * is time to collect. */
static int alloc_open_window(struct hm_gc *gc, size_t need_bytes)
{
    size_t left = hm_generational_left(gc), room = alloc_room(gc);

    if (left == 0 || room < need_bytes || alloc_is_marked(gc))
        return 0;
    if (HM_UNLIKELY(!gc->nursery.is_backed))
        hm_generational_nursery_back(gc);
    if (left < need_bytes)
        left = need_bytes;
    if (left > room)
        left = room;
    if (gc->cycle.phase != GENERATIONAL_IDLE)
        left = alloc_cut_window(gc, left, need_bytes);
    gc->mutator.limit = gc->mutator.free + left / HM_WORD_BYTES;
    gc->mutator.poll = gc->nursery.opened +
                       (gc->nursery.capacity_bytes / HM_WORD_BYTES -
                        (size_t)(gc->nursery.opened - generational_space(gc))) /
                           10 * 8;
    return 1;
}

static enum generational_extent alloc_extent(const struct hm_gc *gc)
{
    return gc->heap.config.stress_bytes != 0 &&
                   gc->minor_collections % GENERATIONAL_STRESS_FULL == 0
               ? GENERATIONAL_FULL
               : GENERATIONAL_MINOR;
}

/* The last resort before the heap counts as exhausted: nothing dead is kept,
 * and what lives is moved together. */
static void alloc_last_resort(struct hm_gc *gc)
{
    hm_generational_collect(gc, GENERATIONAL_EXACT);
    hm_generational_nursery_shrink(gc, gc->nursery.floor_bytes);
}

/* Allocation of old objects keeps cycles going, as young collections would. */
static void alloc_turn(struct hm_gc *gc, size_t bytes)
{
    if (gc->cycle.phase != GENERATIONAL_IDLE)
        hm_generational_cycle_step(gc, bytes / GENERATIONAL_OLD_PART);
    if (hm_generational_cycle_is_due(gc) ||
        (gc->cycle.phase == GENERATIONAL_SWEEPING &&
         hm_generational_is_swept(gc)) ||
        alloc_is_marked(gc))
        hm_generational_collect_for(gc, GENERATIONAL_MINOR, bytes);
}

/* An object that is too large for the nursery, but not a large one.  NULL: no
 * room, or it is time to collect. */
static uint64_t *alloc_try_old(struct hm_gc *gc, size_t words)
{
    if (hm_generational_left(gc) == 0 || hm_generational_is_over(gc))
        return NULL;
    return generational_old_new(gc, words);
}

static hm_ref alloc_new_old(struct hm_gc *gc, size_t words, size_t n_refs)
{
    size_t bytes = words * HM_WORD_BYTES;
    uint64_t *start;

    alloc_turn(gc, bytes);
    start = alloc_try_old(gc, words);
    if (start == NULL) {
        hm_generational_collect_for(gc, GENERATIONAL_FULL, bytes);
        start = alloc_try_old(gc, words);
    }
    if (start == NULL) {
        alloc_last_resort(gc);
        start = alloc_try_old(gc, words);
    }
    if (start == NULL)
        hm_heap_exhausted(&gc->heap, bytes);
    gc->old.bytes += bytes;
    gc->old.allocated_bytes += bytes;
    gc->heap.since_bytes += bytes;
    return hm_object_init(start, words, n_refs);
}

/* NULL: no room, or it is time to collect. */
static hm_ref alloc_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    struct hm_large *large = &gc->heap.large;
    size_t end = (size_t)large->extents.frontier * HM_PAGE_BYTES +
                 hm_large_cost_bytes(words);

    if (end > large->extents.range.bytes)
        end = large->extents.range.bytes;
    if (!hm_slot_set_cover(&gc->large_slots, end) ||
        (gc->evacuation.is_recording &&
         !hm_slot_set_cover(&gc->evacuation.large_slots, end)))
        return NULL;
    return hm_large_new(large, words, n_refs);
}

static hm_ref alloc_try_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    hm_ref o;

    if (!hm_object_is_possible(words, n_refs) ||
        hm_generational_left(gc) == 0 || hm_generational_is_over(gc))
        return NULL;
    o = alloc_large(gc, words, n_refs);
    if (o != NULL)
        return o;
    hm_extents_release(&gc->heap.large.extents);
    hm_blocks_release(&gc->old.blocks);
    return alloc_large(gc, words, n_refs);
}

/* An array that is born during marking is not scanned again: what is stored
 * into it is shaded.  Without references, it may die before marking ends. */
static void alloc_born_large(struct hm_gc *gc, hm_ref o, size_t n_refs)
{
    struct hm_large_object *object = hm_large_of(o);

    if (!generational_is_marking(gc) || n_refs == 0)
        return;
    object->is_marked = 1;
    object->scanned = n_refs;
}

static hm_ref alloc_new_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    size_t bytes = words * HM_WORD_BYTES;
    hm_ref o;

    alloc_turn(gc, bytes);
    o = alloc_try_large(gc, words, n_refs);
    if (o == NULL) {
        hm_generational_collect_for(gc, GENERATIONAL_FULL, bytes);
        o = alloc_try_large(gc, words, n_refs);
    }
    if (o == NULL && hm_object_is_possible(words, n_refs)) {
        alloc_last_resort(gc);
        o = alloc_try_large(gc, words, n_refs);
    }
    if (o == NULL)
        hm_heap_exhausted(&gc->heap, bytes);
    alloc_born_large(gc, o, n_refs);
    gc->old.allocated_bytes += bytes;
    gc->heap.since_bytes += bytes;
    return o;
}

/* What lives fills the nursery.  It has aged now, and the next collection
 * promotes it; but if promotion has failed, there is room for it only once a
 * full collection is over, for the young one after that. */
static void alloc_empty_nursery(struct hm_gc *gc, size_t bytes)
{
    if (!gc->has_failed_promotion) {
        hm_generational_collect(gc, GENERATIONAL_MINOR);
        if (alloc_room(gc) >= bytes)
            return;
    }
    hm_generational_collect_for(gc, GENERATIONAL_FULL, bytes);
    if (alloc_room(gc) < bytes)
        hm_generational_collect(gc, GENERATIONAL_MINOR);
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
        hm_generational_collect_for(gc, alloc_extent(gc), bytes);
        if (!alloc_open_window(gc, bytes))
            alloc_empty_nursery(gc, bytes);
        if (m->limit == m->free && !alloc_open_window(gc, bytes))
            hm_heap_exhausted(&gc->heap, bytes);
    }
    start = m->free;
    m->free += words;
    HM_ASSERT(m->free <= m->limit);
    return hm_object_init(start, words, n_refs);
}

__attribute__((noinline)) void hm_generational_note(struct hm_mutator *m,
                                                    hm_ref *slot)
{
    struct hm_gc *gc = m->gc;

    if (!hm_generational_is_young(m, *slot)) {
        hm_generational_shade(gc, slot);
        return;
    }
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
    hm_generational_collect_for(gc, GENERATIONAL_MINOR, 0);
}
