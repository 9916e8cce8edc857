/* SPDX-License-Identifier: MIT */
/* immix.c -- mark-region: blocks of 32 KiB, lines of 128 bytes; allocation
 * bumps through runs of free lines, and the most fragmented blocks are
 * emptied by copying while marking.
 *
 * Source:     S. M. Blackburn and K. S. McKinley, PLDI 2008.
 * Differs:    marks are bits aside, one for each word, from which the lines are
 *             made at the end of a collection: marking a small object touches
 *             no line table, there are no epochs.  Only objects of more than a
 *             line mark lines themselves.  Without a free block a medium object
 *             may go into a hole of a recyclable block.  Blocks are chosen for
 *             evacuation by what they hold, estimated from the number of their
 *             objects, and not by their holes: lines can be full of dead
 *             objects and leave no hole.  When a request cannot be met, further
 *             collections evacuate all that there is room for.
 * Invariants: outside a collection a mark bit is set at the header of each
 *             object that the last one found, and nowhere else; a line that
 *             holds a part of such an object is set; objects allocated since
 *             lie in lines that are not, each hole filled from its start
 *             without gaps; no block is a source; see hm_gc_check().
 * Costs:      marking is proportional to what lives; the bits (1/64 of the
 *             heap) are cleared and read at each collection.  The line after
 *             one in which a small object starts is never used again while
 *             that object lives: about half a line is lost for each hole.
 * Threads:    any number of mutators, each with holes of its own; finding holes
 *             and large objects is under the heap's lock, a collection stops
 *             all; gc_threads mark what is not copied. */
#include "collectors/immix/immix_heap.h"

#if !HM_IMMIX_STICKY /* sticky_immix.c has its own */
static const struct hm_param immix_params[] = {
    IMMIX_ROWS, [IMMIX_GC_THREADS] = HM_WORKERS_ROW, {0}};

const struct hm_collector hm_collector_this = {
    .name = "immix",
    .summary = "mark-region: lines, blocks, opportunistic evacuation",
    .source = "Blackburn and McKinley, PLDI 2008",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = immix_params,
};
#endif

static struct hm_gc immix_gc;

enum {
    IMMIX_TINY_BYTES = 512 << 10, /* a limit of few blocks, none to spare */
    IMMIX_ROUNDS = 8,             /* of evacuation for a request */
};

/* Room that is kept for copies. */
static size_t immix_headroom_blocks(const struct hm_gc *gc)
{
    size_t limit_bytes = gc->heap.config.heap_bytes;
    size_t blocks = limit_bytes / 1000 * gc->headroom_permille / HM_BLOCK_BYTES;

    if (gc->evacuate == IMMIX_NEVER || gc->headroom_permille == 0)
        return 0;
    return blocks > 0 || limit_bytes < IMMIX_TINY_BYTES ? blocks : 1;
}

/* A full collection because `bytes` are needed and the `before_bytes` of
 * objects are too many. */
static void immix_collect_for(struct hm_gc *gc, size_t bytes,
                              uint64_t before_bytes)
{
    hm_immix_collect(gc, 0);
    if (!hm_pacer_judge(&gc->heap.pacer,
                        before_bytes > gc->heap.live_bytes
                            ? before_bytes - gc->heap.live_bytes
                            : 0))
        hm_heap_exhausted(&gc->heap, bytes);
}

/* Room for an object of `words`, NULL as above; a large one's header. */
typedef uint64_t *immix_try_fn(struct hm_mutator *m, size_t words,
                               size_t n_refs, size_t reserve_blocks);

/* Evacuates all that there is room for until the attempt succeeds or no block
 * becomes free: each round has more room than the one before. */
static uint64_t *immix_compact_for(struct hm_mutator *m, immix_try_fn *attempt,
                                   size_t words, size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    uint64_t *start = NULL;

    for (int round = 0; round < IMMIX_ROUNDS && start == NULL; round++) {
        uint32_t before = gc->blocks.n_used;

        hm_immix_collect(gc, 1);
        start = attempt(m, words, n_refs, immix_headroom_blocks(gc));
        if (gc->blocks.n_used >= before)
            break;
    }
    return start;
}

/* Collects, thoroughly if need be, before the headroom is used up. */
static uint64_t *immix_insist(struct hm_mutator *m, immix_try_fn *attempt,
                              size_t words, size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    size_t reserve_blocks = immix_headroom_blocks(gc);
    uint64_t *start = attempt(m, words, n_refs, reserve_blocks);
    uint64_t before_bytes = gc->found_bytes + gc->heap.since_bytes;

    if (HM_IMMIX_STICKY && start == NULL && hm_immix_collect_young(gc))
        start = attempt(m, words, n_refs, reserve_blocks);
    if (start != NULL)
        return start;
    immix_collect_for(gc, words * HM_WORD_BYTES, before_bytes);
    start = attempt(m, words, n_refs, reserve_blocks);
    if (start == NULL && gc->evacuate != IMMIX_NEVER)
        start = immix_compact_for(m, attempt, words, n_refs);
    if (start == NULL)
        start = attempt(m, words, n_refs, 0);
    if (start == NULL)
        hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    return start;
}

static uint64_t *immix_try_small(struct hm_mutator *m, size_t words,
                                 size_t n_refs, size_t reserve_blocks)
{
    (void)n_refs;
    return hm_immix_find(m, words, reserve_blocks);
}

static uint64_t *immix_try_large(struct hm_mutator *m, size_t words,
                                 size_t n_refs, size_t reserve_blocks)
{
    struct hm_gc *gc = m->gc;
    size_t blocks = hm_large_cost_bytes(words) / HM_BLOCK_BYTES + 1;
    hm_ref o;

    if (!hm_object_is_possible(words, n_refs) ||
        hm_pacer_left(&gc->heap.pacer, gc->heap.since_bytes) == 0 ||
        (reserve_blocks > 0 &&
         hm_immix_room_blocks(gc) < blocks + reserve_blocks))
        return NULL;
    o = hm_large_new(&gc->heap.large, words, n_refs);
    if (o == NULL) {
        hm_extents_release(&gc->heap.large.extents);
        hm_blocks_release(&gc->blocks);
        gc->free_blocks = 0;
        o = hm_large_new(&gc->heap.large, words, n_refs);
    }
    if (o == NULL)
        return NULL;
    gc->heap.since_bytes += words * HM_WORD_BYTES;
    return hm_header_of(o);
}

__attribute__((noinline)) hm_ref hm_immix_new_slow(struct hm_mutator *m,
                                                   size_t words, size_t n_refs)
{
    struct hm_safepoint *safepoint = &m->gc->heap.safepoint;
    int is_large = words > HM_LARGE_WORDS; /* its references are null already */
    uint64_t *start;

    hm_safepoint_enter(safepoint);
    start = immix_insist(m, is_large ? immix_try_large : immix_try_small, words,
                         n_refs);
    hm_safepoint_leave(safepoint);
    return is_large ? (hm_ref)(start + 1)
                    : hm_object_init(start, words, n_refs);
}

/* For another mutator. */
static int immix_make_room(size_t bytes)
{
    struct hm_gc *gc = &immix_gc;

    if (hm_gc_spare(&gc->first, bytes))
        return 1;
    hm_immix_collect(gc, 0);
    return hm_gc_spare(&gc->first, bytes);
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &immix_gc;
    size_t stack_bytes = hm_mark_queue_bytes(config->heap_bytes);
    size_t log_bytes = HM_IMMIX_STICKY ? stack_bytes : 0;
    size_t reach = hm_range_reach(config->heap_bytes);
    unsigned threads =
        HM_IMMIX_STICKY ? 1 : (unsigned)config->param[IMMIX_GC_THREADS];
    size_t team_bytes = hm_parallel_marker_bytes(threads, config->heap_bytes);

    if (!hm_heap_open(&gc->heap, config,
                      sizeof(*gc) + stack_bytes + log_bytes + team_bytes,
                      why) ||
        !hm_blocks_open(&gc->blocks, reach, &gc->heap.budget, config->verify) ||
        !hm_range_open(&gc->info_range, (reach / HM_BLOCK_BYTES + 1) *
                                            sizeof(struct immix_block)) ||
        !hm_mark_queue_open(&gc->queue, stack_bytes) ||
        !hm_parallel_marker_open(&gc->parallel, threads, config->heap_bytes) ||
        (HM_IMMIX_STICKY && !hm_immix_young_open(gc, log_bytes))) {
        hm_gc_close(gc);
        return NULL;
    }
    if (config->verify)
        gc->parallel.alone_objects = 0;
    hm_heap_pace(&gc->heap);
    if (HM_IMMIX_STICKY)
        hm_immix_young_restart(gc);
    gc->evacuate = (enum immix_evacuate)config->param[IMMIX_EVACUATE];
    gc->headroom_permille = config->param[IMMIX_HEADROOM];
    gc->info = (void *)gc->info_range.start;
    gc->mutators = (struct hm_mutators){.first = &gc->first.thread,
                                        .bytes = sizeof(gc->first),
                                        .make_room = immix_make_room};
    gc->first.gc = gc;
    gc->recyclable = HM_BLOCK_NONE;
    hm_immix_close_holes(gc);
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    if (HM_IMMIX_STICKY)
        hm_immix_young_close(gc);
    hm_parallel_marker_close(&gc->parallel);
    hm_mark_queue_close(&gc->queue);
    hm_range_close(&gc->info_range);
    hm_blocks_close(&gc->blocks);
    hm_heap_close(&gc->heap);
    *gc = (struct hm_gc){0};
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    struct hm_mutator *m;

    if (!HM_GC_THREADS && gc->mutators.first_is_taken)
        return NULL;
    m = (struct hm_mutator *)hm_mutators_attach(&gc->mutators, &gc->heap);
    if (m == NULL)
        return NULL;
    m->gc = gc;
    hm_immix_leave_holes(m);
    return m;
}

void hm_gc_detach(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    hm_safepoint_enter(&gc->heap.safepoint);
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
    hm_immix_collect(gc, 0);
    hm_extents_release(&gc->heap.large.extents);
    hm_blocks_release(&gc->blocks);
    gc->free_blocks = 0;
    hm_safepoint_leave(&gc->heap.safepoint);
}

struct hm_heap *hm_gc_heap(struct hm_mutator *m)
{
    return &m->gc->heap;
}

int hm_gc_spare(struct hm_mutator *m, size_t bytes)
{
    struct hm_gc *gc = m->gc;

    if (hm_budget_has(&gc->heap.budget, bytes))
        return 1;
    hm_extents_release(&gc->heap.large.extents);
    hm_blocks_release(&gc->blocks);
    gc->free_blocks = 0;
    return hm_budget_has(&gc->heap.budget, bytes);
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    hm_heap_stats(&gc->heap, stats);
}

const char *hm_gc_check(struct hm_gc *gc)
{
    uint64_t bytes;

    return hm_immix_check(gc, &bytes);
}
