/* SPDX-License-Identifier: MIT */
/* incremental_new.c -- opening the heap, and allocation's slow path. */
#include "collectors/incremental/incremental_heap.h"

static struct hm_gc incremental_gc;

/* Makes room because `bytes` are needed: ends what is under way, and if there
 * was nothing, or it yielded too little, collects all.  *is_last: nothing more
 * can be done next time. */
static void incremental_make_room(struct hm_gc *gc, size_t bytes, int *is_last)
{
    uint64_t before = gc->heap.live_bytes + gc->heap.since_bytes;

    if (*is_last)
        hm_heap_exhausted(&gc->heap, bytes);
    if (gc->phase != INCREMENTAL_IDLE && gc->heap.config.stress_bytes == 0) {
        int is_marking = gc->phase == INCREMENTAL_MARKING;

        hm_incremental_complete(gc);
        if (!is_marking ||
            gc->heap.live_bytes + gc->heap.config.heap_bytes / HM_PACER_YIELD <
                before)
            return;
    }
    hm_incremental_full(gc);
    *is_last = 1;
    if (!hm_pacer_judge(&gc->heap.pacer, before > gc->heap.live_bytes
                                             ? before - gc->heap.live_bytes
                                             : 0))
        hm_heap_exhausted(&gc->heap, bytes);
}

/* Under stress each so many bytes call for a full collection. */
static int incremental_is_stressed(const struct hm_gc *gc)
{
    return gc->heap.config.stress_bytes != 0 &&
           hm_pacer_left(&gc->heap.pacer, gc->heap.since_bytes) == 0;
}

static void incremental_allocated(struct hm_gc *gc, size_t words)
{
    gc->heap.since_bytes += words * HM_WORD_BYTES;
    gc->step_bytes += words * HM_WORD_BYTES;
}

/* 0: class c has no more cells, or it is time to collect. */
static int incremental_refill(struct hm_gc *gc, unsigned c)
{
    /* Other holes may stay open: count by the cell where that matters. */
    int is_single = gc->heap.config.stress_bytes != 0 || gc->stride_bytes == 0;
    size_t words;

    if (incremental_is_stressed(gc))
        return 0;
    words = hm_segregated_refill(&gc->space, &gc->mutator.holes.of[c], c,
                                 is_single ? 0 : SIZE_MAX);
    incremental_allocated(gc, words);
    return words != 0;
}

/* NULL: no room, or it is time to collect. */
static hm_ref incremental_try_large(struct hm_gc *gc, size_t words,
                                    size_t n_refs)
{
    hm_ref o;

    if (!hm_object_is_possible(words, n_refs) || incremental_is_stressed(gc))
        return NULL;
    o = hm_large_new(&gc->heap.large, words, n_refs);
    if (o == NULL) {
        hm_extents_release(&gc->heap.large.extents);
        hm_blocks_release(&gc->space.blocks);
        o = hm_large_new(&gc->heap.large, words, n_refs);
    }
    if (o != NULL && gc->phase == INCREMENTAL_MARKING) {
        hm_large_of(o)->is_marked = 1;
        gc->black_large_bytes += words * HM_WORD_BYTES;
    }
    return o;
}

static hm_ref incremental_new_large(struct hm_gc *gc, size_t words,
                                    size_t n_refs)
{
    int is_last = 0;
    hm_ref o;

    while ((o = incremental_try_large(gc, words, n_refs)) == NULL)
        incremental_make_room(gc, words * HM_WORD_BYTES, &is_last);
    incremental_allocated(gc, words);
    return o;
}

__attribute__((noinline)) hm_ref hm_incremental_new_slow(struct hm_mutator *m,
                                                         size_t words,
                                                         size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    int is_last = 0;
    unsigned c;

    if (gc->step_bytes >= gc->stride_bytes)
        hm_incremental_step(gc, 0);
    if (words > HM_LARGE_WORDS)
        return incremental_new_large(gc, words, n_refs);
    c = hm_size_class(words);
    while (!incremental_refill(gc, c))
        incremental_make_room(gc, words * HM_WORD_BYTES, &is_last);
    return hm_hole_new(&m->holes.of[c], c, words, n_refs);
}

/* What only a weak reference leads to need not be in the snapshot. */
static void incremental_got(struct hm_mutator *m, hm_ref target)
{
    if (m->is_marking)
        hm_incremental_barrier(m, target);
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &incremental_gc;
    size_t stack_bytes = hm_mark_queue_bytes(config->heap_bytes);

    if (!hm_heap_open(&gc->heap, config, sizeof(*gc) + stack_bytes, why) ||
        !hm_segregated_open_double(&gc->space, &gc->heap) ||
        !hm_snapshot_open(&gc->snapshot, stack_bytes) ||
        !hm_incremental_marker_open(gc, why)) {
        hm_gc_close(gc);
        return NULL;
    }
    hm_heap_pace(&gc->heap);
    hm_incremental_pace_open(gc);
    gc->heap.weak.on_get = incremental_got;
    gc->mutator.gc = gc;
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    hm_incremental_marker_close(gc);
    hm_snapshot_close(&gc->snapshot);
    hm_segregated_close(&gc->space);
    hm_heap_close(&gc->heap);
    *gc = (struct hm_gc){0};
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    return hm_heap_attach(&gc->heap, &gc->mutator.thread) ? &gc->mutator : NULL;
}

void hm_gc_detach(struct hm_mutator *m)
{
    hm_heap_detach(&m->gc->heap, &m->thread);
}

/* A snapshot under way does not need them: what a new root refers to was
 * reachable before, or is black. */
void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n)
{
    hm_roots_add(&gc->heap.roots, slot, n);
}

void hm_gc_collect(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    hm_incremental_full(gc);
    hm_extents_release(&gc->heap.large.extents);
    hm_blocks_release(&gc->space.blocks);
}

struct hm_heap *hm_gc_heap(struct hm_mutator *m)
{
    return &m->gc->heap;
}

int hm_gc_spare(struct hm_mutator *m, size_t bytes)
{
    struct hm_heap *heap = &m->gc->heap;

    if (hm_budget_has(&heap->budget, bytes))
        return 1;
    hm_extents_release(&heap->large.extents);
    hm_blocks_release(&m->gc->space.blocks);
    return hm_budget_has(&heap->budget, bytes);
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    hm_heap_stats(&gc->heap, stats);
}

/* Ends a collection that is under way: half of it cannot be checked. */
const char *hm_gc_check(struct hm_gc *gc)
{
    uint64_t bytes;

    if (gc->phase != INCREMENTAL_IDLE)
        hm_incremental_complete(gc);
    return hm_incremental_check(gc, &bytes);
}
