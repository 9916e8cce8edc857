/* SPDX-License-Identifier: MIT */
/* markcompact.c -- sliding compaction of one space.
 *
 * Source:     R. A. Saunders, The LISP system for the Q-32, 1964 (sliding);
 *             H. Kermany and E. Petrank, The Compressor, PLDI 2006 (where an
 *             object goes is computed from a bitmap and a table of offsets).
 * Differs:    single-threaded, within one space: one pass in address order
 *             both updates an object's references and slides it.
 * Invariants: objects and the mutators' windows fill the space without gaps up
 *             to its top; every header is plain and unmarked outside a
 *             collection; the order of objects never changes; see
 *             hm_gc_check().
 * Costs:      marking is proportional to what lives, sliding too; bits and
 *             offsets are 3/128 of the space.  No copy reserve.
 * Threads:    any number of mutators, each with a window of its own; windows
 *             and large objects are given out under the heap's lock, a
 *             collection stops all; gc_threads mark. */
#include "collectors/markcompact/markcompact_heap.h"

enum { MARKCOMPACT_GC_THREADS = HM_PACER_PARAMS };

static const struct hm_param markcompact_params[] = {
    HM_PACER_ROWS, [MARKCOMPACT_GC_THREADS] = HM_WORKERS_ROW, {0}};

const struct hm_collector hm_collector_this = {
    .name = "markcompact",
    .summary = "sliding compaction in one space, large objects apart",
    .source = "Kermany and Petrank, PLDI 2006",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = markcompact_params,
};

static struct hm_gc markcompact_gc;

/* Gives back what the space has touched above its objects and windows. */
static void markcompact_trim(struct hm_gc *gc)
{
    size_t keep = hm_round_up(markcompact_used_bytes(gc), HM_PAGE_BYTES);

    if (gc->touched_bytes <= keep)
        return;
    hm_range_discard(&gc->space, keep, gc->touched_bytes - keep);
    if (gc->heap.config.verify)
        hm_range_lock(&gc->space, keep, gc->touched_bytes - keep);
    hm_budget_give(&gc->heap.budget, markcompact_cost_bytes(gc->touched_bytes) -
                                         markcompact_cost_bytes(keep));
    gc->touched_bytes = keep;
}

/* Makes the first `bytes` of the space usable and charges them. */
static int markcompact_touch(struct hm_gc *gc, size_t bytes)
{
    size_t end = hm_round_up(bytes, HM_PAGE_BYTES);

    if (end <= gc->touched_bytes)
        return 1;
    if (!hm_range_extend(&gc->space, end) ||
        !hm_range_extend(&gc->bits, end / MARKCOMPACT_BITS_SHARE) ||
        !hm_range_extend(&gc->offsets, end / MARKCOMPACT_OFFSETS_SHARE) ||
        !hm_budget_take(&gc->heap.budget,
                        markcompact_cost_bytes(end) -
                            markcompact_cost_bytes(gc->touched_bytes)))
        return 0;
    if (gc->heap.config.verify) {
        hm_range_unlock(&gc->space, gc->touched_bytes, end - gc->touched_bytes);
        hm_poison_fill((void *)(gc->space.start + gc->touched_bytes),
                       (end - gc->touched_bytes) / HM_WORD_BYTES);
    } else {
        hm_range_back(&gc->space, gc->touched_bytes, end - gc->touched_bytes);
    }
    gc->touched_bytes = end;
    return 1;
}

/* Gives the mutator at least `need_bytes` to bump through.  0: no room, or it
 * is time to collect. */
static int markcompact_open_window(struct hm_mutator *m, size_t need_bytes)
{
    struct hm_gc *gc = m->gc;
    size_t most =
        gc->heap.safepoint.is_shared ? HM_BUMP_SHARED_BYTES : HM_BUMP_BYTES;
    size_t used = markcompact_used_bytes(gc);
    size_t left = hm_pacer_left(&gc->heap.pacer, markcompact_since_bytes(gc));
    size_t want = left < most ? left : most;

    if (left == 0)
        return 0;
    if (want < need_bytes)
        want = need_bytes;
    while (!markcompact_touch(gc, used + want)) {
        if (want == need_bytes) {
            if (gc->heap.large.extents.backed_pages ==
                gc->heap.large.extents.used_pages)
                return 0;
            hm_extents_release(&gc->heap.large.extents);
        }
        want = want / 2 > need_bytes ? want / 2 : need_bytes;
    }
    hm_bump_close(&m->bump, &gc->top);
    if (gc->heap.config.verify &&
        !hm_poison_is_intact(gc->top, want / HM_WORD_BYTES))
        hm_check_failed(__FILE__, __LINE__, "free memory was written to");
    hm_bump_open(&m->bump, &gc->top, want / HM_WORD_BYTES);
    return 1;
}

/* A collection because `bytes` are needed. */
static void markcompact_collect_for(struct hm_gc *gc, size_t bytes)
{
    uint64_t before = gc->heap.live_bytes + markcompact_since_bytes(gc);

    hm_markcompact_collect(gc);
    HM_ASSERT(before >= gc->heap.live_bytes);
    if (!hm_pacer_judge(&gc->heap.pacer, before - gc->heap.live_bytes))
        hm_heap_exhausted(&gc->heap, bytes);
}

/* NULL: no room, or it is time to collect. */
static hm_ref markcompact_try_large(struct hm_gc *gc, size_t words,
                                    size_t n_refs)
{
    hm_ref o;

    if (!hm_object_is_possible(words, n_refs) ||
        hm_pacer_left(&gc->heap.pacer, markcompact_since_bytes(gc)) == 0)
        return NULL;
    o = hm_large_new(&gc->heap.large, words, n_refs);
    if (o == NULL) {
        hm_extents_release(&gc->heap.large.extents);
        markcompact_trim(gc);
        o = hm_large_new(&gc->heap.large, words, n_refs);
    }
    return o;
}

static hm_ref markcompact_new_large(struct hm_gc *gc, size_t words,
                                    size_t n_refs)
{
    hm_ref o = markcompact_try_large(gc, words, n_refs);

    if (o == NULL) {
        markcompact_collect_for(gc, words * HM_WORD_BYTES);
        o = markcompact_try_large(gc, words, n_refs);
    }
    if (o == NULL)
        hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    gc->heap.since_bytes += words * HM_WORD_BYTES;
    return o;
}

static hm_ref markcompact_new_small(struct hm_mutator *m, size_t words,
                                    size_t n_refs)
{
    size_t bytes = words * HM_WORD_BYTES;
    hm_ref o;

    if (!markcompact_open_window(m, bytes)) {
        markcompact_collect_for(m->gc, bytes);
        if (!markcompact_open_window(m, bytes))
            hm_heap_exhausted(&m->gc->heap, bytes);
    }
    o = hm_bump_new(&m->bump, words, n_refs);
    HM_ASSERT(o != NULL);
    return o;
}

__attribute__((noinline)) hm_ref hm_markcompact_new_slow(struct hm_mutator *m,
                                                         size_t words,
                                                         size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    hm_ref o;

    hm_safepoint_enter(&gc->heap.safepoint);
    hm_bump_return(&m->bump, &gc->top);
    o = words > HM_LARGE_WORDS ? markcompact_new_large(gc, words, n_refs)
                               : markcompact_new_small(m, words, n_refs);
    hm_safepoint_leave(&gc->heap.safepoint);
    return o;
}

static int markcompact_open_space(struct hm_gc *gc)
{
    size_t bytes = hm_range_reach(gc->heap.budget.limit_bytes);

    if (bytes > MARKCOMPACT_MAX_BYTES)
        bytes = MARKCOMPACT_MAX_BYTES;
    if (!hm_range_open(&gc->space, bytes) ||
        !hm_range_open(&gc->bits, bytes / MARKCOMPACT_BITS_SHARE + 1) ||
        !hm_range_open(&gc->offsets, bytes / MARKCOMPACT_OFFSETS_SHARE + 1))
        return 0;
    hm_range_prefer_huge(&gc->space, gc->heap.budget.limit_bytes);
    gc->top = (void *)gc->space.start;
    return 1;
}

/* 0: the budget has no room even after what is unused was given back. */
static int markcompact_spare(struct hm_gc *gc, size_t bytes)
{
    struct hm_heap *heap = &gc->heap;

    if (hm_budget_has(&heap->budget, bytes))
        return 1;
    hm_extents_release(&heap->large.extents);
    markcompact_trim(gc);
    return hm_budget_has(&heap->budget, bytes);
}

/* For another mutator. */
static int markcompact_make_room(size_t bytes)
{
    struct hm_gc *gc = &markcompact_gc;

    if (markcompact_spare(gc, bytes))
        return 1;
    hm_markcompact_collect(gc);
    return markcompact_spare(gc, bytes);
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &markcompact_gc;
    unsigned threads = (unsigned)config->param[MARKCOMPACT_GC_THREADS];
    size_t marker_bytes = hm_marker_bytes(config->heap_bytes, threads);

    if (!hm_heap_open(&gc->heap, config, sizeof(*gc) + marker_bytes, why) ||
        !markcompact_open_space(gc) ||
        !hm_marker_open(&gc->marker, config->heap_bytes, threads)) {
        hm_gc_close(gc);
        return NULL;
    }
    if (config->verify)
        gc->marker.parallel.alone_objects = 0;
    hm_heap_pace(&gc->heap);
    gc->mutators = (struct hm_mutators){.first = &gc->first.thread,
                                        .bytes = sizeof(gc->first),
                                        .make_room = markcompact_make_room};
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    hm_marker_close(&gc->marker);
    hm_range_close(&gc->offsets);
    hm_range_close(&gc->bits);
    hm_range_close(&gc->space);
    hm_heap_close(&gc->heap);
    *gc = (struct hm_gc){0};
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    struct hm_mutator *m =
        (struct hm_mutator *)hm_mutators_attach(&gc->mutators, &gc->heap);

    if (m != NULL)
        m->gc = gc;
    return m;
}

void hm_gc_detach(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    hm_safepoint_enter(&gc->heap.safepoint);
    hm_bump_close(&m->bump, &gc->top);
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
    hm_markcompact_collect(gc);
    hm_extents_release(&gc->heap.large.extents);
    markcompact_trim(gc);
    hm_safepoint_leave(&gc->heap.safepoint);
}

struct hm_heap *hm_gc_heap(struct hm_mutator *m)
{
    return &m->gc->heap;
}

int hm_gc_spare(struct hm_mutator *m, size_t bytes)
{
    hm_bump_return(&m->bump, &m->gc->top);
    return markcompact_spare(m->gc, bytes);
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    hm_heap_stats(&gc->heap, stats);
}

const char *hm_gc_check(struct hm_gc *gc)
{
    uint64_t bytes;

    return hm_markcompact_check(gc, &bytes);
}
