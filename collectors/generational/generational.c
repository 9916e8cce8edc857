/* SPDX-License-Identifier: MIT */
/* generational.c -- two generations after V8: a small copying nursery before a
 * marked and lazily swept old space.
 *
 * Source:     D. Ungar, SDE 1984 (generation scavenging); V8's collector as of
 *             version 11 (Scavenger, age mark, slot sets, heap growing);
 *             D. Ungar and F. Jackson, OOPSLA 1988 (feedback on ageing).
 * Differs:    what V8 does in concurrent tasks is done in steps or in the
 *             pause; gc_threads only share young collections, see
 *             generational_parallel.c.  Young objects are not marked in
 *             increments: what they refer to is found when marking ends.  A
 *             full collection begins with a young one instead of promoting all
 *             that lives.  Pages are blocks of 32 KiB; objects above 8 KiB are
 *             large and old from their birth.  The write barrier compares
 *             addresses instead of reading page flags, and shades only where
 *             the object stored into has been scanned.  Where most of what has
 *             aged survives again, less is left to age.  With a heap limit,
 *             marking starts so early that it should end before the room does.
 *             V8's flags:
 *               --min-semi-space-size, --max-semi-space-size (MiB)
 *                                        nursery_min, nursery_max (bytes)
 *               --semi-space-growth-factor=2  always
 *               --heap-growing-percent=p growth=factor factor=100+p
 *               (none: MemoryController) growth=v8
 *               --initial-old-space-size initial_old (512M there)
 *               --no-incremental-marking incremental=0
 *               --no-compact             compact=0
 *               --always-promote-young-mc, --minor-mc: no counterpart
 *               --single-threaded-gc     gc_threads=1
 *               (none: all survivors age) ageing=all
 *             Of its own: age, step (1M; V8: 64K to 256K, but on other threads
 *             as well), step_every, step_us, pretouch (HotSpot's
 *             AlwaysPreTouch).
 * Invariants: young objects fill the current semispace up to the mutator's free
 *             pointer, where several threads leave a gap it is one, too; those
 *             below the age mark have survived; a slot of an old object that
 *             holds a young reference is in the remembered set; during marking,
 *             a marked old object refers to marked, queued or young ones, a
 *             slot of it that refers to a block to be emptied is recorded; the
 *             other semispace is as large, so a young collection cannot fail:
 *             what cannot be promoted stays young, and a full collection
 *             follows; see hm_gc_check().
 * Costs:      a young collection is proportional to what lives in the nursery
 *             and to the remembered slots; two semispaces are charged whole.
 *             Old blocks cost 1/32 for marks and slots, and 1/64 more while
 *             some are to be emptied.  A step marks `step` bytes, in at most
 *             `step_us`; the pause that ends a cycle costs a young collection,
 *             a step, a count of all marks and the moving of at most 4 MiB.
 * Threads:    one mutator; gc_threads share young collections. */
#include "collectors/generational/generational_heap.h"

enum {
    GENERATIONAL_NURSERY_MIN = HM_PACER_PARAMS,
    GENERATIONAL_NURSERY_MAX,
    GENERATIONAL_INITIAL_OLD,
    GENERATIONAL_AGE,
    GENERATIONAL_AGEING,
    GENERATIONAL_INCREMENTAL,
    GENERATIONAL_STEP,
    GENERATIONAL_STEP_EVERY,
    GENERATIONAL_STEP_US,
    GENERATIONAL_COMPACT,
    GENERATIONAL_GC_THREADS,
    GENERATIONAL_PRETOUCH,
};

/* By default a semispace is at most 1/128 of a heap limit, but 1 MiB, as in V8;
 * below 32 MiB, where that would be too much, 1/32.  What is asked for may be
 * up to 1/8.  When memory is short it shrinks to the floor. */
enum {
    GENERATIONAL_PART = 128,
    GENERATIONAL_SMALL_PART = 32,
    GENERATIONAL_ASKED_PART = 8,
};

/* Of the nursery, where several threads leave gaps; nothing for one. */
enum { GENERATIONAL_GAP_SHIFT = 6, GENERATIONAL_NO_GAP_SHIFT = 63 };

#define GENERATIONAL_FLOOR_BYTES ((size_t)256 << 10)
#define GENERATIONAL_FIRST_BYTES ((size_t)1 << 20)
#define GENERATIONAL_MOST_BYTES  ((size_t)16 << 20)

static const struct hm_param generational_params[] = {
    HM_PACER_ROWS,
    {"nursery_min", "bytes of a semispace at first; 0 = 1M, less below 32M", 0,
     0, 0, UINT64_C(1) << 30},
    {"nursery_max", "bytes it may grow to; 0 = 1/128 of the limit, 1M to 16M",
     0, 0, 0, UINT64_C(1) << 30},
    {"initial_old", "bytes of the old space before the first full collection",
     32 << 20, 32 << 20, 1 << 20, UINT64_C(1) << 40},
    {"age", "survivals in the nursery that promote", 2, 2, 1, 2},
    {"ageing", "learned|all: who stays young; all: every first survivor", 0, 0,
     0, 1},
    {"incremental", "marks the old space in steps; 0: in one pause", 1, 1, 0,
     1},
    {"step", "bytes marked in a step", 1 << 20, 1 << 20, 1, UINT64_C(1) << 30},
    {"step_every", "bytes allocated between two steps", 64 << 10, 64 << 10, 1,
     UINT64_C(1) << 30},
    {"step_us", "microseconds that a step may take", 1000, 1000, 1, 1000000},
    {"compact", "empties sparse old blocks: 0 never, 1 sparse ones, 2 all", 1,
     1, 0, 2},
    HM_WORKERS_ROW,
    {"pretouch", "1: the old space's memory is touched when the heap opens", 0,
     0, 0, 1},
    {0},
};

const struct hm_collector hm_collector_this = {
    .name = "generational",
    .summary = "copying nursery, remembered slots, marked and swept old space",
    .source = "Ungar, SDE 1984; V8 11.3",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = generational_params,
};

static struct hm_gc generational_gc;

/* `bytes` or what a limit leaves of them; for 0, the default `usual_bytes` or
 * what it leaves of those. */
static size_t generational_part(size_t bytes, size_t usual_bytes, size_t limit)
{
    size_t most = limit / GENERATIONAL_SMALL_PART;

    if (most > GENERATIONAL_FIRST_BYTES)
        most = GENERATIONAL_FIRST_BYTES;
    if (most < limit / GENERATIONAL_PART)
        most = limit / GENERATIONAL_PART;
    if (bytes != 0)
        most = limit / GENERATIONAL_ASKED_PART;
    if (bytes == 0)
        bytes = usual_bytes;
    if (limit != 0 && bytes > most)
        bytes = most;
    bytes = hm_round_down(bytes, HM_PAGE_BYTES);
    return bytes > HM_PAGE_BYTES ? bytes : HM_PAGE_BYTES;
}

/* NULL, or what is wrong with the parameters. */
static const char *generational_refuse(uint64_t min, uint64_t max, int pretouch,
                                       size_t limit)
{
    if ((min != 0 && min < HM_PAGE_BYTES) || (max != 0 && max < HM_PAGE_BYTES))
        return "nursery_min and nursery_max are 0 or at least 4096";
    if (min != 0 && max != 0 && max < min)
        return "nursery_max is below nursery_min";
    if (pretouch && limit == 0)
        return "pretouch needs heap_bytes";
    return NULL;
}

/* Where only one of the bounds is given, it moves the other. */
static void generational_size_nursery(struct hm_gc *gc, size_t min, size_t max)
{
    struct generational_nursery *nursery = &gc->nursery;
    size_t limit = gc->heap.config.heap_bytes;
    size_t first = generational_part(min, GENERATIONAL_FIRST_BYTES, limit);
    size_t most = generational_part(max, GENERATIONAL_MOST_BYTES, limit);

    if (first > most && min == 0)
        first = most;
    nursery->max_bytes = most > first ? most : first;
    nursery->capacity_bytes = nursery->aging_words = first;
    nursery->floor_bytes =
        first < GENERATIONAL_FLOOR_BYTES ? first : GENERATIONAL_FLOOR_BYTES;
}

/* Returns 1; 0 with a reason. */
static int generational_configure(struct hm_gc *gc, const char **why)
{
    const uint64_t *param = gc->heap.config.param;
    uint64_t min = param[GENERATIONAL_NURSERY_MIN];
    uint64_t max = param[GENERATIONAL_NURSERY_MAX];
    const char *wrong =
        generational_refuse(min, max, param[GENERATIONAL_PRETOUCH] != 0,
                            gc->heap.config.heap_bytes);

    if (wrong != NULL) {
        *why = wrong;
        return 0;
    }
    generational_size_nursery(gc, min, max);
    gc->nursery.gap_shift = param[GENERATIONAL_GC_THREADS] > 1
                                ? GENERATIONAL_GAP_SHIFT
                                : GENERATIONAL_NO_GAP_SHIFT;
    gc->is_ageing = param[GENERATIONAL_AGE] > 1;
    gc->is_ageing_all = param[GENERATIONAL_AGEING] != 0;
    gc->evacuation.policy = (unsigned)param[GENERATIONAL_COMPACT];
    gc->cycle = (struct generational_cycle){
        .is_enabled = (int)param[GENERATIONAL_INCREMENTAL],
        .step_bytes = param[GENERATIONAL_STEP],
        .every_bytes = param[GENERATIONAL_STEP_EVERY],
        .step_ns = param[GENERATIONAL_STEP_US] * 1000,
        .rest_bytes = SIZE_MAX};
    gc->old.limit_bytes = gc->heap.config.heap_bytes != 0
                              ? SIZE_MAX
                              : param[GENERATIONAL_INITIAL_OLD];
    return hm_budget_take(&gc->heap.budget, 2 * gc->nursery.capacity_bytes);
}

/* Returns 1; 0 when the system refuses address space. */
static int generational_open_spaces(struct hm_gc *gc, size_t stack_bytes)
{
    struct hm_heap *heap = &gc->heap;

    if (!hm_blocks_open(&gc->old.blocks,
                        hm_range_reach(heap->config.heap_bytes), &heap->budget,
                        heap->config.verify))
        return 0;
    return hm_slot_set_open(&gc->old.slots, &gc->old.blocks.range,
                            &heap->budget) &&
           hm_slot_set_open(&gc->large_slots, &heap->large.extents.range,
                            &heap->budget) &&
           hm_generational_evacuation_open(gc) &&
           hm_generational_team_open(
               &gc->team,
               (unsigned)heap->config.param[GENERATIONAL_GC_THREADS]) &&
           hm_mark_queue_open(&gc->queue, stack_bytes) &&
           hm_generational_nursery_open(gc);
}

/* A first touch can cost more than the copy that it is for: in a virtual
 * machine 3 ms for each MiB promoted.  The blocks are free then, and given back
 * like others when memory is short; 1/4 of the room is left for others. */
static void generational_pretouch(struct hm_gc *gc)
{
    struct hm_blocks *blocks = &gc->old.blocks;
    const struct hm_budget *budget = &gc->heap.budget;
    size_t room = budget->limit_bytes - budget->held_bytes;
    size_t n = room / 4 * 3 / HM_BLOCK_BYTES;
    uint32_t b;

    while (blocks->frontier < n &&
           (b = hm_blocks_take(blocks, GENERATIONAL_SWEPT)) != HM_BLOCK_NONE)
        memset(hm_block_start(blocks, b), 0, HM_BLOCK_BYTES);
    for (b = blocks->frontier; b-- > 0;)
        hm_blocks_give(blocks, b);
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &generational_gc;
    size_t stack_bytes = hm_mark_queue_bytes(config->heap_bytes);
    size_t team_bytes = hm_generational_team_bytes(
        (unsigned)config->param[GENERATIONAL_GC_THREADS]);

    if (!hm_heap_open(&gc->heap, config, sizeof(*gc) + stack_bytes + team_bytes,
                      why) ||
        !generational_configure(gc, why) ||
        !generational_open_spaces(gc, stack_bytes)) {
        hm_gc_close(gc);
        return NULL;
    }
    hm_heap_pace(&gc->heap);
    if (config->verify)
        gc->team.alone_objects = 0;
    if (config->param[GENERATIONAL_PRETOUCH])
        generational_pretouch(gc);
    gc->nursery.collected_ns = hm_clock_now_ns();
    gc->mutator.gc = gc;
    hm_generational_old_reset(gc);
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    hm_generational_team_close(&gc->team);
    hm_range_close(&gc->nursery.range);
    hm_mark_queue_close(&gc->queue);
    hm_generational_evacuation_close(gc);
    hm_slot_set_close(&gc->large_slots);
    hm_slot_set_close(&gc->old.slots);
    hm_blocks_close(&gc->old.blocks);
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

void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n)
{
    hm_roots_add(&gc->heap.roots, slot, n);
}

/* Ends of what is in use, for the remembered sets. */
static size_t generational_old_end(const struct hm_gc *gc)
{
    uint32_t b = gc->old.blocks.frontier;

    while (b > 0 && gc->old.blocks.block[b - 1].state != HM_BLOCK_USED)
        b--;
    return (size_t)b * HM_BLOCK_BYTES;
}

static size_t generational_large_end(const struct hm_gc *gc)
{
    const struct hm_large *large = &gc->heap.large;
    size_t end = 0;

    for (struct hm_large_object *o = large->all; o != NULL; o = o->next) {
        size_t its = (size_t)((char *)o - large->extents.range.start) +
                     o->pages * HM_PAGE_BYTES;

        if (its > end)
            end = its;
    }
    return end;
}

void hm_gc_collect(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    hm_generational_collect(gc, GENERATIONAL_EXACT);
    generational_sweep_all(gc);
    hm_extents_release(&gc->heap.large.extents);
    hm_blocks_release(&gc->old.blocks);
    hm_slot_set_trim(&gc->old.slots, generational_old_end(gc));
    hm_slot_set_trim(&gc->large_slots, generational_large_end(gc));
    hm_generational_nursery_shrink(gc, 2 * generational_young_bytes(gc));
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
    hm_blocks_release(&m->gc->old.blocks);
    return hm_budget_has(&heap->budget, bytes);
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    hm_heap_stats(&gc->heap, stats);
    stats->collections = gc->minor_collections;
}

const char *hm_gc_check(struct hm_gc *gc)
{
    uint64_t bytes;

    return hm_generational_check(gc, &bytes);
}
