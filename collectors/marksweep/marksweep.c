/* SPDX-License-Identifier: MIT */
/* marksweep.c -- segregated fits, marked by a queue with prefetch.
 *
 * Source:     J. McCarthy, CACM 3(4), 1960; the space is that of
 *             substrate/segregated.h.
 * Differs:    free cells are never threaded or touched: a class bumps through
 *             the holes between marked cells, found in the bitmap.  Blocks
 *             without a mark go back to the pool when marking ends.
 * Invariants: those of the space; outside a collection a mark bit is set at
 *             the header of each object that the last one found, and nowhere
 *             else; see hm_gc_check().
 * Costs:      marking is proportional to what lives; the bitmap (1/64 of the
 *             heap) is cleared and counted at each collection; finding a hole
 *             is a few instructions for each cell passed over.  Internal
 *             waste is below 1/8 up to 2 KiB, below 1/4 above.
 * Threads:    any number of mutators, each with holes of its own; finding holes
 *             and large objects is under the heap's lock, a collection stops
 *             all; gc_threads mark. */
#include "collectors/marksweep/marksweep_heap.h"

enum { MARKSWEEP_GC_THREADS = HM_PACER_PARAMS };

static const struct hm_param marksweep_params[] = {
    HM_PACER_ROWS, [MARKSWEEP_GC_THREADS] = HM_WORKERS_ROW, {0}};

const struct hm_collector hm_collector_this = {
    .name = "marksweep",
    .summary = "segregated fits, mark bits aside, lazy sweep",
    .source = "McCarthy, CACM 3(4), 1960; Boehm and Weiser, SP&E 18(9), 1988",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = marksweep_params,
};

static struct hm_gc marksweep_gc;

/* 0: class c has no more cells, or it is time to collect. */
static int marksweep_refill(struct hm_mutator *m, unsigned c)
{
    struct hm_gc *gc = m->gc;
    size_t left = hm_pacer_left(&gc->heap.pacer, gc->heap.since_bytes), words;

    if (left == 0)
        return 0;
    if (gc->heap.config.stress_bytes != 0)
        left = 0; /* holes of other classes may stay open: count by the cell */
    words = hm_segregated_refill(&gc->space, &m->holes.of[c], c,
                                 left / HM_WORD_BYTES);
    gc->heap.since_bytes += words * HM_WORD_BYTES;
    return words != 0;
}

/* A collection because `bytes` are needed. */
static void marksweep_collect_for(struct hm_gc *gc, size_t bytes)
{
    uint64_t before = gc->heap.live_bytes + gc->heap.since_bytes;

    hm_marksweep_collect(gc);
    if (!hm_pacer_judge(&gc->heap.pacer, before > gc->heap.live_bytes
                                             ? before - gc->heap.live_bytes
                                             : 0))
        hm_heap_exhausted(&gc->heap, bytes);
}

/* NULL: no room, or it is time to collect. */
static hm_ref marksweep_try_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    hm_ref o;

    if (!hm_object_is_possible(words, n_refs) ||
        hm_pacer_left(&gc->heap.pacer, gc->heap.since_bytes) == 0)
        return NULL;
    o = hm_large_new(&gc->heap.large, words, n_refs);
    if (o == NULL) {
        hm_extents_release(&gc->heap.large.extents);
        hm_blocks_release(&gc->space.blocks);
        o = hm_large_new(&gc->heap.large, words, n_refs);
    }
    return o;
}

static hm_ref marksweep_new_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    hm_ref o = marksweep_try_large(gc, words, n_refs);

    if (o == NULL) {
        marksweep_collect_for(gc, words * HM_WORD_BYTES);
        o = marksweep_try_large(gc, words, n_refs);
    }
    if (o == NULL)
        hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    gc->heap.since_bytes += words * HM_WORD_BYTES;
    return o;
}

static hm_ref marksweep_new_small(struct hm_mutator *m, size_t words,
                                  size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    unsigned c = hm_size_class(words);

    HM_ASSERT(c < HM_SIZE_CLASSES && hm_size_class_words(c) >= words);
    if (!marksweep_refill(m, c)) {
        marksweep_collect_for(gc, words * HM_WORD_BYTES);
        if (!marksweep_refill(m, c))
            hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    }
    return hm_hole_new(&m->holes.of[c], c, words, n_refs);
}

__attribute__((noinline)) hm_ref hm_marksweep_new_slow(struct hm_mutator *m,
                                                       size_t words,
                                                       size_t n_refs)
{
    struct hm_safepoint *safepoint = &m->gc->heap.safepoint;
    hm_ref o;

    hm_safepoint_enter(safepoint);
    o = words > HM_LARGE_WORDS ? marksweep_new_large(m->gc, words, n_refs)
                               : marksweep_new_small(m, words, n_refs);
    hm_safepoint_leave(safepoint);
    return o;
}

/* For another mutator. */
static int marksweep_make_room(size_t bytes)
{
    struct hm_gc *gc = &marksweep_gc;

    if (hm_gc_spare(&gc->first, bytes))
        return 1;
    hm_marksweep_collect(gc);
    return hm_gc_spare(&gc->first, bytes);
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &marksweep_gc;
    unsigned threads = (unsigned)config->param[MARKSWEEP_GC_THREADS];
    size_t marker_bytes = hm_marker_bytes(config->heap_bytes, threads);

    if (!hm_heap_open(&gc->heap, config, sizeof(*gc) + marker_bytes, why) ||
        !hm_segregated_open(&gc->space, &gc->heap) ||
        !hm_marker_open(&gc->marker, config->heap_bytes, threads)) {
        hm_gc_close(gc);
        return NULL;
    }
    if (config->verify)
        gc->marker.parallel.alone_objects = 0;
    hm_heap_pace(&gc->heap);
    gc->mutators = (struct hm_mutators){.first = &gc->first.thread,
                                        .bytes = sizeof(gc->first),
                                        .make_room = marksweep_make_room};
    gc->first.gc = gc;
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    hm_marker_close(&gc->marker);
    hm_segregated_close(&gc->space);
    hm_heap_close(&gc->heap);
    *gc = (struct hm_gc){0};
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    struct hm_thread *thread = hm_mutators_attach(&gc->mutators, &gc->heap);
    struct hm_mutator *m = (struct hm_mutator *)thread;

    if (m != NULL)
        m->gc = gc;
    return m;
}

void hm_gc_detach(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    hm_safepoint_enter(&gc->heap.safepoint);
    hm_holes_close(&m->holes);
    hm_mutators_detach(&gc->mutators, &gc->heap, &m->thread);
}

void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n)
{
    hm_roots_add(&gc->heap.roots, slot, n);
}

void hm_gc_collect(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    hm_safepoint_enter(&gc->heap.safepoint);
    hm_marksweep_collect(gc);
    hm_extents_release(&gc->heap.large.extents);
    hm_blocks_release(&gc->space.blocks);
    hm_safepoint_leave(&gc->heap.safepoint);
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

const char *hm_gc_check(struct hm_gc *gc)
{
    uint64_t bytes;

    return hm_marksweep_check(gc, &bytes);
}
