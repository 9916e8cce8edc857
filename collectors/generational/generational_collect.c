/* SPDX-License-Identifier: MIT */
/* Collections: how much of the heap one takes, and what it leaves as limit of
 * the old space. */
#include "collectors/generational/generational_heap.h"

/* The old space is not collected for less than this. */
#define COLLECT_STEP_BYTES ((size_t)8 << 20)

/* V8: a mutator that allocates less per ms is idle. */
enum { COLLECT_IDLE_BYTES = 1000, COLLECT_IDLE_MS = 500 };

enum { COLLECT_RELEASES = 32 }; /* of blocks at a time */

size_t hm_generational_left(const struct hm_gc *gc)
{
    size_t since = (size_t)(gc->mutator.free - gc->nursery.opened);

    if (gc->heap.config.stress_bytes == 0)
        return SIZE_MAX;
    return hm_pacer_left(&gc->heap.pacer,
                         gc->heap.since_bytes + since * HM_WORD_BYTES);
}

/* The limit of the old space after a full collection. */
static void collect_grow_limit(struct hm_gc *gc)
{
    size_t size = generational_old_bytes(gc);
    size_t more = gc->heap.pacer.allowance_bytes;

    gc->old.is_configured = 1;
    if (gc->heap.config.stress_bytes != 0)
        more = size;
    if (more >= SIZE_MAX / 2) { /* the heap limit decides */
        gc->old.limit_bytes = SIZE_MAX;
        return;
    }
    if (more < COLLECT_STEP_BYTES && gc->heap.config.heap_bytes == 0)
        more = COLLECT_STEP_BYTES;
    gc->old.limit_bytes = size + more + gc->nursery.capacity_bytes;
}

/* Before the first full collection, the limit follows the share of young
 * objects that survive, `used_bytes` having been collected. */
static void collect_configure_limit(struct hm_gc *gc, size_t used_bytes,
                                    size_t survived_bytes)
{
    size_t least = generational_old_bytes(gc) + COLLECT_STEP_BYTES;
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

static void collect_verify_before(struct hm_gc *gc)
{
    const char *wrong = hm_generational_check(gc, &gc->verified_bytes);

    hm_heap_demand(&gc->heap, wrong, gc->heap.live_bytes);
}

/* A cycle leaves what has died since it began. */
static void collect_verify_after(struct hm_gc *gc, int is_full, int is_exact)
{
    uint64_t bytes = 0;
    const char *wrong;

    if (is_full)
        generational_sweep_all(gc); /* and poison all gaps */
    wrong = hm_generational_check(gc, &bytes);
    if (wrong == NULL && bytes != gc->verified_bytes)
        wrong = "generational: a collection changed what is reachable";
    if (wrong == NULL && is_full && bytes > gc->heap.live_bytes)
        wrong = "generational: a full collection missed what is reachable";
    hm_heap_demand(&gc->heap, wrong, is_exact ? bytes : gc->heap.live_bytes);
}

/* Returns memory of the nursery that a heap close to its limit needs. */
static void collect_relieve(struct hm_gc *gc)
{
    size_t nursery = 2 * gc->nursery.capacity_bytes;
    size_t old = gc->old.bytes + gc->old.bytes / 16;
    size_t large = hm_heap_large_bytes(&gc->heap);
    size_t limit = gc->heap.budget.limit_bytes;

    if (limit != 0 && 2 * nursery + old + large > limit)
        hm_generational_nursery_shrink(gc, gc->nursery.floor_bytes);
}

/* Blocks that the old space will not need before it is collected again go back
 * to the system, a few at a time: that takes long. */
static void collect_release(struct hm_gc *gc)
{
    if (gc->heap.budget.limit_bytes == 0 && gc->old.is_configured) {
        hm_blocks_release_above(&gc->old.blocks,
                                hm_generational_headroom(gc) / HM_BLOCK_BYTES,
                                COLLECT_RELEASES);
    }
}

/* V8 shrinks the nursery of a mutator that hardly allocates to twice what
 * survives.  `idle_ns`: since the last collection. */
static void collect_shrink(struct hm_gc *gc, size_t used_bytes,
                           uint64_t idle_ns)
{
    uint64_t ms = idle_ns / 1000000;

    if (ms >= COLLECT_IDLE_MS && used_bytes / COLLECT_IDLE_BYTES < ms)
        hm_generational_nursery_shrink(gc, 2 * generational_young_bytes(gc));
}

static void collect_full(struct hm_gc *gc, int is_exact, uint64_t start_ns)
{
    hm_generational_mark(gc, is_exact);
    gc->heap.since_bytes = gc->old.allocated_bytes;
    gc->old.allocated_bytes = 0;
    hm_heap_collected(&gc->heap, HM_PAUSE_full, start_ns,
                      gc->old.bytes + gc->young_marked_bytes);
    collect_grow_limit(gc);
    collect_relieve(gc);
    hm_generational_cycle_end(gc);
}

void hm_generational_collect(struct hm_gc *gc, enum generational_extent extent)
{
    size_t used = generational_young_bytes(gc);
    size_t old_bytes = gc->old.bytes;
    uint64_t moved = gc->heap.moved_bytes, start_ns;
    uint64_t idle_ns = hm_clock_now_ns() - gc->nursery.collected_ns;
    int is_exact = extent == GENERATIONAL_EXACT, is_full;

    if (gc->heap.config.verify)
        collect_verify_before(gc);
    start_ns = hm_clock_now_ns();
    hm_generational_minor(gc);
    if (generational_is_marking(gc))
        hm_generational_shade_promoted(gc);
    collect_configure_limit(gc, used, (size_t)(gc->heap.moved_bytes - moved));
    gc->old.allocated_bytes += gc->old.bytes - old_bytes;
    is_full = extent != GENERATIONAL_MINOR || gc->has_failed_promotion ||
              hm_generational_is_over(gc);
    if (!is_full) {
        is_full =
            hm_generational_cycle_turn(gc, used, gc->old.bytes - old_bytes);
    }
    is_exact |= !generational_is_marking(gc);
    if (is_full) {
        collect_full(gc, extent == GENERATIONAL_EXACT, start_ns);
    } else {
        hm_pause_log_add(gc->heap.config.log, HM_PAUSE_minor, start_ns,
                         hm_clock_now_ns());
    }
    collect_shrink(gc, used, idle_ns);
    collect_release(gc);
    if (gc->heap.config.verify)
        collect_verify_after(gc, is_full, is_full && is_exact);
    gc->nursery.collected_ns = hm_clock_now_ns();
}

/* A cycle that has ended by itself says nothing about exhaustion. */
void hm_generational_collect_for(struct hm_gc *gc,
                                 enum generational_extent extent, size_t bytes)
{
    size_t before = generational_old_bytes(gc) + generational_young_bytes(gc);
    uint64_t forced = gc->heap.collections - gc->cycle.n_completed;
    size_t after;

    hm_generational_collect(gc, extent);
    after = generational_old_bytes(gc) + generational_young_bytes(gc);
    if (gc->heap.collections - gc->cycle.n_completed != forced &&
        !hm_pacer_judge(&gc->heap.pacer, before > after ? before - after : 0))
        hm_heap_exhausted(&gc->heap, bytes);
}
