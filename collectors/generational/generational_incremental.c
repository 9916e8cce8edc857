/* SPDX-License-Identifier: MIT */
/* Cycles of incremental marking: when one starts, how much is marked for what
 * is allocated, and when it ends.
 *
 * A cycle starts and ends right after a young collection.  In between, a step
 * is taken every so many allocated bytes.  Objects are promoted white: they are
 * reached through whoever refers to them, by the shade of a marked slot or in
 * the last pause (V8 pauses black allocation in a scavenge for the same
 * reason).  What only young objects and roots refer to is looked for again when
 * the queue is empty; only if little is found, the cycle ends at once. */
#include "collectors/generational/generational_heap.h"

/* Bytes marked between two looks at the clock; sweeping is much faster. */
enum {
    CYCLE_CLOCK_WORDS = 4096,
    CYCLE_SWEEPS = 8,
    CYCLE_MOST_ATTEMPTS = 8,
    CYCLE_SMALL_PART = 8, /* of a limit */
    CYCLE_POOR_PART = 32, /* of a limit */
};

/* V8: nothing is marked in increments for less. */
#define CYCLE_LEAST_BYTES    ((size_t)8 << 20)
#define CYCLE_OVERSHOT_BYTES ((size_t)32 << 20)

/* How far a new survival moves the average. */
static const double cycle_new_share = 0.25;

/* How much sooner than by the figures a cycle starts below a heap limit. */
static const double cycle_safety = 1.5;

static size_t cycle_rest(size_t all, size_t part)
{
    return part < all ? all - part : 0;
}

static size_t cycle_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Below a heap limit: what the system may still give, and what is free in
 * blocks.  Not all of that can be used. */
static size_t cycle_room(const struct hm_gc *gc)
{
    const struct hm_blocks *blocks = &gc->old.blocks;
    const struct hm_budget *budget = &gc->heap.budget;
    size_t used = (size_t)blocks->n_used * HM_BLOCK_BYTES;
    size_t backed = hm_blocks_backed(blocks) * HM_BLOCK_BYTES;

    return budget->limit_bytes - budget->held_bytes + (backed - used) +
           cycle_rest(used, gc->old.bytes);
}

size_t hm_generational_headroom(const struct hm_gc *gc)
{
    size_t rest = cycle_rest(gc->old.limit_bytes, generational_old_bytes(gc));

    return gc->heap.budget.limit_bytes == 0 ? rest
                                            : cycle_least(rest, cycle_room(gc));
}

/* V8: marking that is under way may overshoot the limit by a large margin. */
int hm_generational_is_over(const struct hm_gc *gc)
{
    size_t limit = gc->old.limit_bytes, margin = 0;

    if (gc->cycle.phase != GENERATIONAL_IDLE && limit < SIZE_MAX / 2) {
        margin =
            limit / 2 > CYCLE_OVERSHOT_BYTES ? limit / 2 : CYCLE_OVERSHOT_BYTES;
    }
    return generational_old_bytes(gc) > limit &&
           generational_old_bytes(gc) - limit > margin;
}

/* What is promoted while all of the old space is marked step by step. */
static size_t cycle_promoted_bytes(const struct hm_gc *gc)
{
    double allocated = (double)generational_old_bytes(gc) *
                       (double)gc->cycle.every_bytes /
                       (double)gc->cycle.step_bytes;

    return (size_t)(allocated * gc->cycle.survival * cycle_safety);
}

/* V8's rule: the old space is not small, and has come closer to its limit than
 * the nursery is large.  A heap limit is no soft limit: there must be room for
 * what is promoted meanwhile, but half of what the last collection left is
 * used first. */
int hm_generational_cycle_is_due(const struct hm_gc *gc)
{
    const struct generational_cycle *cycle = &gc->cycle;
    size_t size = generational_old_bytes(gc), least = CYCLE_LEAST_BYTES;
    size_t limit = gc->heap.budget.limit_bytes, want;

    if (!cycle->is_enabled || cycle->phase != GENERATIONAL_IDLE)
        return 0;
    if (gc->heap.config.stress_bytes != 0)
        return 1;
    if (limit != 0)
        least = cycle_least(least, limit / CYCLE_SMALL_PART);
    if (size <= least ||
        (limit != 0 && cycle->rest_bytes < limit / CYCLE_POOR_PART))
        return 0;
    want = gc->nursery.capacity_bytes;
    if (limit != 0) {
        want =
            cycle_least(want + cycle_promoted_bytes(gc), cycle->rest_bytes / 2);
    }
    return hm_generational_headroom(gc) <= want;
}

static void cycle_start(struct hm_gc *gc)
{
    struct generational_cycle *cycle = &gc->cycle;

    hm_generational_choose(gc, 0);
    hm_generational_mark_begin(gc);
    cycle->phase = GENERATIONAL_MARKING;
    gc->heap.large.is_marking = 1;
    cycle->old_bytes = cycle->work_bytes = generational_old_bytes(gc);
    cycle->marked_bytes = cycle->since_bytes = 0;
    cycle->n_attempts = 0;
    cycle->is_drained = 0;
    cycle->n_started++;
    gc->mutator.noted_first = 1; /* all but NULL */
    gc->mutator.noted_bytes = SIZE_MAX;
    hm_generational_mark_sources(gc);
}

void hm_generational_cycle_end(struct hm_gc *gc)
{
    gc->cycle.phase = GENERATIONAL_IDLE;
    gc->heap.large.is_marking = 0;
    gc->cycle.rest_bytes = hm_generational_headroom(gc);
    gc->mutator.noted_first = gc->mutator.young_first;
    gc->mutator.noted_bytes = gc->mutator.young_bytes;
}

/* Marks `bytes`, or for as long as a step may take. */
static void cycle_mark(struct hm_gc *gc, size_t bytes, uint64_t deadline_ns)
{
    size_t words = bytes / HM_WORD_BYTES + 1, chunk, done;

    do {
        chunk = cycle_least(words, CYCLE_CLOCK_WORDS);
        done = hm_generational_mark_some(gc, chunk);
        gc->cycle.marked_bytes += done * HM_WORD_BYTES;
        words = cycle_rest(words, done);
    } while (words > 0 && done >= chunk && hm_clock_now_ns() < deadline_ns);
}

static void cycle_sweep(struct hm_gc *gc, size_t bytes, uint64_t deadline_ns)
{
    for (size_t done = 0; done < bytes && hm_clock_now_ns() < deadline_ns;
         done += HM_BLOCK_BYTES) {
        if (!hm_generational_sweep_next(gc))
            return;
    }
}

/* What has to be marked now: so much for so much allocated and promoted, and
 * more where the room may be used up before all is marked. */
static size_t cycle_share(const struct hm_gc *gc)
{
    const struct generational_cycle *cycle = &gc->cycle;
    size_t promoted = cycle_rest(generational_old_bytes(gc), cycle->old_bytes);
    size_t left = cycle_rest(cycle->work_bytes, cycle->marked_bytes);
    double due = (double)cycle->step_bytes * (double)cycle->since_bytes /
                     (double)cycle->every_bytes +
                 (double)promoted;
    double needed = (double)left * (double)promoted * cycle_safety /
                    (double)(hm_generational_headroom(gc) + 1);

    if (needed > (double)left)
        needed = (double)left;
    return (size_t)(due > needed ? due : needed);
}

void hm_generational_cycle_step(struct hm_gc *gc, size_t bytes)
{
    struct generational_cycle *cycle = &gc->cycle;
    uint64_t start_ns, end_ns;

    cycle->since_bytes += bytes;
    if (cycle->phase == GENERATIONAL_IDLE ||
        cycle->since_bytes < cycle->every_bytes)
        return;
    start_ns = hm_clock_now_ns();
    if (cycle->phase == GENERATIONAL_SWEEPING) {
        cycle_sweep(gc, cycle->step_bytes * CYCLE_SWEEPS,
                    start_ns + cycle->step_ns);
    } else {
        cycle_mark(gc, cycle_share(gc), start_ns + cycle->step_ns);
    }
    cycle->is_drained = hm_generational_is_marked(gc);
    cycle->since_bytes = 0;
    cycle->old_bytes = generational_old_bytes(gc);
    end_ns = hm_clock_now_ns();
    gc->heap.between_ns += end_ns - start_ns;
    hm_pause_log_add(gc->heap.config.log, HM_PAUSE_increment, start_ns, end_ns);
}

/* All that was known is marked.  Returns whether what roots, the nursery and
 * promotions add is marked within a step, too. */
static int cycle_try_end(struct hm_gc *gc)
{
    struct generational_cycle *cycle = &gc->cycle;

    cycle->is_drained = 0;
    hm_generational_mark_sources(gc);
    cycle_mark(gc, cycle->step_bytes, hm_clock_now_ns() + cycle->step_ns);
    if (++cycle->n_attempts < CYCLE_MOST_ATTEMPTS &&
        !hm_generational_is_marked(gc))
        return 0;
    cycle->n_completed++;
    return 1;
}

static void cycle_survived(struct hm_gc *gc, size_t used_bytes,
                           size_t promoted_bytes)
{
    double *survival = &gc->cycle.survival;

    if (used_bytes > 0) {
        *survival += ((double)promoted_bytes / (double)used_bytes - *survival) *
                     cycle_new_share;
    }
}

int hm_generational_cycle_turn(struct hm_gc *gc, size_t used_bytes,
                               size_t promoted_bytes)
{
    struct generational_cycle *cycle = &gc->cycle;

    cycle_survived(gc, used_bytes, promoted_bytes);
    if (hm_generational_cycle_is_due(gc))
        cycle->phase = GENERATIONAL_SWEEPING;
    if (cycle->phase == GENERATIONAL_SWEEPING && hm_generational_is_swept(gc))
        cycle_start(gc);
    return generational_is_marking(gc) &&
           (cycle->is_drained || hm_generational_is_marked(gc)) &&
           cycle_try_end(gc);
}
