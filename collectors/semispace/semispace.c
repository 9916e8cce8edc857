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
 * Invariants: objects and the mutators' windows fill the current space without
 *             gaps up to its top; every header is plain and unmarked outside a
 *             collection; references lead to objects of the current space or
 *             large ones; all spaces are usable to the same height, so a
 *             collection cannot fail; see hm_gc_check().
 * Costs:      a collection is proportional to what lives; twice the small
 *             objects' bytes are needed.
 * Threads:    any number of mutators, each with a window of its own; windows
 *             and large objects are given out under the heap's lock, a
 *             collection stops all. */
#include "collectors/semispace/semispace_heap.h"

static const struct hm_param semispace_params[] = {HM_PACER_ROWS, {0}};

const struct hm_collector hm_collector_this = {
    .name = "semispace",
    .summary = "copying between two spaces, large objects apart",
    .source = "Cheney, CACM 13(11), 1970",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = semispace_params,
};

static struct hm_gc semispace_gc;

/* Gives the mutator at least `need_bytes` to bump through.  0: no room, or it
 * is time to collect. */
static int semispace_open_window(struct hm_mutator *m, size_t need_bytes)
{
    struct hm_gc *gc = m->gc;
    size_t most =
        gc->heap.safepoint.is_shared ? HM_BUMP_SHARED_BYTES : HM_BUMP_BYTES;
    size_t half = hm_semispace_half_bytes(gc, 0);
    size_t used = semispace_used_bytes(gc);
    size_t left = hm_pacer_left(&gc->heap.pacer, semispace_since_bytes(gc));
    size_t room = half > used ? half - used : 0;
    size_t want = left < most ? left : most;

    if (want < need_bytes)
        want = need_bytes;
    if (want > room)
        want = room;
    if (left == 0 || want < need_bytes ||
        !hm_semispace_extend(gc, used + want) ||
        !hm_semispace_touch(gc, gc->current, used + want))
        return 0;
    hm_bump_close(&m->bump, &gc->top);
    hm_bump_open(&m->bump, &gc->top, want / HM_WORD_BYTES);
    HM_ASSERT(semispace_used_bytes(gc) <= half);
    return 1;
}

/* A collection because `bytes` are needed. */
static void semispace_collect_for(struct hm_gc *gc, size_t bytes)
{
    uint64_t before = gc->heap.live_bytes + semispace_since_bytes(gc);

    hm_semispace_collect(gc);
    HM_ASSERT(before >= gc->heap.live_bytes);
    if (!hm_pacer_judge(&gc->heap.pacer, before - gc->heap.live_bytes))
        hm_heap_exhausted(&gc->heap, bytes);
}

/* The pages of a large object come out of both halves.  NULL: no room, or it
 * is time to collect. */
static hm_ref semispace_try_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    size_t cost, half;

    if (!hm_object_is_possible(words, n_refs) ||
        hm_pacer_left(&gc->heap.pacer, semispace_since_bytes(gc)) == 0)
        return NULL;
    cost = hm_large_cost_bytes(words);
    cost += hm_extents_table_bytes(cost);
    half = hm_semispace_half_bytes(gc, cost);
    if (half < semispace_used_bytes(gc))
        return NULL;
    hm_semispace_make_room(gc, cost, half);
    return hm_large_new(&gc->heap.large, words, n_refs);
}

static hm_ref semispace_new_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    hm_ref o = semispace_try_large(gc, words, n_refs);

    if (o == NULL) {
        semispace_collect_for(gc, words * HM_WORD_BYTES);
        o = semispace_try_large(gc, words, n_refs);
    }
    if (o == NULL)
        hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    gc->heap.since_bytes += words * HM_WORD_BYTES;
    return o;
}

static hm_ref semispace_new_small(struct hm_mutator *m, size_t words,
                                  size_t n_refs)
{
    size_t bytes = words * HM_WORD_BYTES;
    hm_ref o;

    if (!semispace_open_window(m, bytes)) {
        semispace_collect_for(m->gc, bytes);
        if (!semispace_open_window(m, bytes))
            hm_heap_exhausted(&m->gc->heap, bytes);
    }
    o = hm_bump_new(&m->bump, words, n_refs);
    HM_ASSERT(o != NULL);
    return o;
}

__attribute__((noinline)) hm_ref hm_semispace_new_slow(struct hm_mutator *m,
                                                       size_t words,
                                                       size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    hm_ref o;

    hm_safepoint_enter(&gc->heap.safepoint);
    hm_bump_return(&m->bump, &gc->top);
    o = words > HM_LARGE_WORDS ? semispace_new_large(gc, words, n_refs)
                               : semispace_new_small(m, words, n_refs);
    hm_safepoint_leave(&gc->heap.safepoint);
    return o;
}

static int semispace_open_spaces(struct hm_gc *gc)
{
    size_t bytes = hm_range_reach(gc->heap.budget.limit_bytes) / 2 +
                   SEMISPACE_MARGIN_BYTES;

    gc->n_spaces = gc->heap.config.verify ? SEMISPACE_SPACES : 2;
    for (unsigned i = 0; i < gc->n_spaces; i++) {
        if (!hm_range_open(&gc->space[i].range, bytes))
            return 0;
        hm_range_prefer_huge(&gc->space[i].range, gc->heap.budget.limit_bytes);
    }
    gc->current = &gc->space[0];
    gc->top = (void *)gc->current->range.start;
    return 1;
}

/* Pages for something else come out of both halves.  0: there is no room. */
static int semispace_spare(struct hm_gc *gc, size_t bytes)
{
    size_t half = hm_semispace_half_bytes(gc, bytes);

    if (half < semispace_used_bytes(gc))
        return 0;
    hm_semispace_make_room(gc, bytes, half);
    return 1;
}

/* For another mutator. */
static int semispace_make_room(size_t bytes)
{
    struct hm_gc *gc = &semispace_gc;

    if (semispace_spare(gc, bytes))
        return 1;
    hm_semispace_collect(gc);
    return semispace_spare(gc, bytes);
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &semispace_gc;

    if (!hm_heap_open(&gc->heap, config, sizeof(*gc), why) ||
        !semispace_open_spaces(gc)) {
        hm_gc_close(gc);
        return NULL;
    }
    hm_heap_pace(&gc->heap);
    gc->mutators = (struct hm_mutators){.first = &gc->first.thread,
                                        .bytes = sizeof(gc->first),
                                        .make_room = semispace_make_room};
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    for (unsigned i = 0; i < gc->n_spaces; i++)
        hm_range_close(&gc->space[i].range);
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
    hm_semispace_collect(gc);
    hm_extents_release(&gc->heap.large.extents);
    for (unsigned i = 0; i < gc->n_spaces; i++) {
        if (&gc->space[i] != gc->current)
            hm_semispace_trim(gc, &gc->space[i], 0);
    }
    hm_semispace_trim(gc, gc->current, semispace_used_bytes(gc));
    hm_safepoint_leave(&gc->heap.safepoint);
}

struct hm_heap *hm_gc_heap(struct hm_mutator *m)
{
    return &m->gc->heap;
}

int hm_gc_spare(struct hm_mutator *m, size_t bytes)
{
    struct hm_gc *gc = m->gc;

    hm_bump_return(&m->bump, &gc->top);
    return semispace_spare(gc, bytes);
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    hm_heap_stats(&gc->heap, stats);
}

const char *hm_gc_check(struct hm_gc *gc)
{
    uint64_t bytes;

    return hm_semispace_check(gc, &bytes);
}
