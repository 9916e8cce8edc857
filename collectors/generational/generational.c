/* SPDX-License-Identifier: MIT */
/* generational.c -- two generations after V8: a small copying nursery before a
 * marked and lazily swept old space.
 *
 * Source:     D. Ungar, SDE 1984 (generation scavenging); V8's collector as of
 *             version 11 (Scavenger, age mark, slot sets, heap growing).
 * Differs:    one thread, and a full collection stops the world from marking
 *             to sorting: no increments, no evacuation of sparse pages.  A
 *             full collection begins with a young one instead of promoting all
 *             that lives.  Pages are blocks of 32 KiB; objects above 8 KiB are
 *             large and old from their birth.  The write barrier compares
 *             addresses instead of reading page flags.  With a heap limit, the
 *             limit alone decides when all is collected; without one, the
 *             growing factor is fixed rather than measured: 2 as in our other
 *             collectors (V8's formula gives 4 to any busy program and starts
 *             with 512 MiB: growth=300 initial_old=512M).
 * Invariants: young objects fill the current semispace without gaps up to the
 *             mutator's free pointer; those below the age mark have survived;
 *             a slot of an old object that holds a young reference is in the
 *             remembered set; the other semispace is as large, so a young
 *             collection cannot fail: what cannot be promoted stays young, and
 *             a full collection follows; see hm_gc_check().
 * Costs:      a young collection is proportional to what lives in the nursery
 *             and to the remembered slots; two semispaces are charged whole.
 *             Old blocks cost 1/32 for marks and slots.
 * Threads:    one mutator. */
#include "collectors/generational/generational_heap.h"

enum {
    GENERATIONAL_NURSERY_MIN,
    GENERATIONAL_NURSERY_MAX,
    GENERATIONAL_GROWTH,
    GENERATIONAL_INITIAL_OLD,
};

/* By default a semispace is at most 1/128 of a heap limit, as in V8; in a small
 * heap 1/32 up to 256 KiB.  What is asked for may be up to 1/8. */
enum {
    GENERATIONAL_PART = 128,
    GENERATIONAL_SMALL_PART = 32,
    GENERATIONAL_ASKED_PART = 8,
};

#define GENERATIONAL_SMALL_BYTES ((size_t)256 << 10)
#define GENERATIONAL_FIRST_BYTES ((size_t)1 << 20)
#define GENERATIONAL_MOST_BYTES  ((size_t)16 << 20)

/* Under stress, every so many collections one is full. */
enum { GENERATIONAL_STRESS_FULL = 4 };

/* The old space is not collected for less than this. */
#define GENERATIONAL_STEP_BYTES ((size_t)8 << 20)

static const struct hm_param generational_params[] = {
    {"nursery_min", "bytes of a semispace at first; 0 = 1M, less below 128M", 0,
     0, 0, UINT64_C(1) << 30},
    {"nursery_max", "bytes it may grow to; 0 = 1/128 of the limit, at most 16M",
     0, 0, 0, UINT64_C(1) << 30},
    {"growth", "percent the old space grows by between full collections", 100,
     100, 10, 1000},
    {"initial_old", "bytes of the old space before the first full collection",
     32 << 20, 32 << 20, 1 << 20, UINT64_C(1) << 40},
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

/* Bytes that may be allocated before the next collection is due. */
static size_t generational_left(const struct hm_gc *gc)
{
    size_t since = (size_t)(gc->mutator.free - gc->nursery.opened);

    if (gc->heap.config.stress_bytes == 0)
        return SIZE_MAX;
    return hm_pacer_left(&gc->heap.pacer,
                         gc->heap.since_bytes + since * HM_WORD_BYTES);
}

/* Gives the mutator at least `need_bytes` to bump through.  0: no room, or it
 * is time to collect. */
static int generational_open_window(struct hm_gc *gc, size_t need_bytes)
{
    size_t left = generational_left(gc);
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
static void generational_grow_limit(struct hm_gc *gc)
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
static void generational_configure_limit(struct hm_gc *gc, size_t used_bytes,
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

static void generational_verify(struct hm_gc *gc, int is_after, int is_full)
{
    uint64_t bytes = 0;
    const char *wrong = hm_generational_check(gc, &bytes);

    if (wrong == NULL && is_after && bytes != gc->verified_bytes)
        wrong = "generational: a collection changed what is reachable";
    gc->verified_bytes = bytes;
    hm_heap_demand(&gc->heap, wrong, is_full ? bytes : gc->heap.live_bytes);
}

/* Verify mode: every gap is found and poisoned at once. */
static void generational_sweep_all(struct hm_gc *gc)
{
    while (hm_generational_sweep_next(gc))
        continue;
}

/* Returns memory of the nursery that a heap close to its limit needs. */
static void generational_relieve(struct hm_gc *gc)
{
    size_t nursery = 2 * gc->nursery.capacity_bytes;
    size_t old = gc->old.bytes + gc->old.bytes / 16;
    size_t large = hm_heap_large_bytes(&gc->heap);
    size_t limit = gc->heap.budget.limit_bytes;

    if (limit != 0 && 2 * nursery + old + large > limit)
        hm_generational_nursery_shrink(gc, gc->nursery.floor_bytes);
}

static void generational_full(struct hm_gc *gc, uint64_t start_ns)
{
    hm_generational_mark(gc);
    generational_grow_limit(gc);
    generational_relieve(gc);
    hm_heap_collected(&gc->heap, HM_PAUSE_full, start_ns,
                      gc->old.bytes + gc->young_marked_bytes);
}

void hm_generational_collect(struct hm_gc *gc, int is_full)
{
    size_t used = generational_young_bytes(gc);
    uint64_t moved = gc->heap.moved_bytes, start_ns;

    if (gc->heap.config.verify)
        generational_verify(gc, 0, 0);
    start_ns = hm_clock_now_ns();
    hm_generational_minor(gc);
    generational_configure_limit(gc, used,
                                 (size_t)(gc->heap.moved_bytes - moved));
    is_full |= gc->has_failed_promotion ||
               generational_old_bytes(gc) > gc->old.limit_bytes;
    if (is_full) {
        generational_full(gc, start_ns);
    } else {
        hm_pause_log_add(gc->heap.config.log, HM_PAUSE_minor, start_ns,
                         hm_clock_now_ns());
    }
    if (!gc->heap.config.verify)
        return;
    if (is_full)
        generational_sweep_all(gc);
    generational_verify(gc, 1, is_full);
}

/* A collection because `bytes` are needed. */
static void generational_collect_for(struct hm_gc *gc, int is_full,
                                     size_t bytes)
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

static int generational_is_stress_full(const struct hm_gc *gc)
{
    return gc->heap.config.stress_bytes != 0 &&
           gc->minor_collections % GENERATIONAL_STRESS_FULL == 0;
}

/* An object that is too large for the nursery, but not a large one.  NULL: no
 * room, or it is time to collect. */
static uint64_t *generational_try_old(struct hm_gc *gc, size_t words)
{
    if (generational_left(gc) == 0 ||
        generational_old_bytes(gc) > gc->old.limit_bytes)
        return NULL;
    return generational_old_new(gc, words);
}

static hm_ref generational_new_old(struct hm_gc *gc, size_t words,
                                   size_t n_refs)
{
    size_t bytes = words * HM_WORD_BYTES;
    uint64_t *start = generational_try_old(gc, words);

    if (start == NULL) {
        generational_collect_for(gc, 1, bytes);
        start = generational_try_old(gc, words);
    }
    if (start == NULL)
        hm_heap_exhausted(&gc->heap, bytes);
    gc->old.bytes += bytes;
    gc->heap.since_bytes += bytes;
    return hm_object_init(start, words, n_refs);
}

/* NULL: no room, or it is time to collect. */
static hm_ref generational_try_large(struct hm_gc *gc, size_t words,
                                     size_t n_refs)
{
    struct hm_large *large = &gc->heap.large;
    size_t end = (size_t)large->extents.frontier * HM_PAGE_BYTES;
    hm_ref o = NULL;

    if (!hm_object_is_possible(words, n_refs) || generational_left(gc) == 0 ||
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

static hm_ref generational_new_large(struct hm_gc *gc, size_t words,
                                     size_t n_refs)
{
    hm_ref o = generational_try_large(gc, words, n_refs);

    if (o == NULL) {
        generational_collect_for(gc, 1, words * HM_WORD_BYTES);
        o = generational_try_large(gc, words, n_refs);
    }
    if (o == NULL && hm_object_is_possible(words, n_refs)) {
        hm_generational_nursery_shrink(gc, gc->nursery.floor_bytes);
        o = generational_try_large(gc, words, n_refs);
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
        return generational_new_large(gc, words, n_refs);
    if (bytes > gc->nursery.floor_bytes / 4)
        return generational_new_old(gc, words, n_refs);
    if (!generational_open_window(gc, bytes)) {
        generational_collect_for(gc, generational_is_stress_full(gc), bytes);
        if (!generational_open_window(gc, bytes))
            generational_collect_for(gc, 1, bytes);
        if (m->limit == m->free && !generational_open_window(gc, bytes))
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
    generational_collect_for(gc, 0, 0);
}

/* `bytes` or what a limit leaves of them; for 0, the default `usual_bytes` or
 * what it leaves of those. */
static size_t generational_part(size_t bytes, size_t usual_bytes, size_t limit)
{
    size_t most = limit / GENERATIONAL_SMALL_PART;

    if (most > GENERATIONAL_SMALL_BYTES)
        most = GENERATIONAL_SMALL_BYTES;
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
static const char *generational_refuse(uint64_t min, uint64_t max)
{
    if ((min != 0 && min < HM_PAGE_BYTES) || (max != 0 && max < HM_PAGE_BYTES))
        return "nursery_min and nursery_max are 0 or at least 4096";
    if (min != 0 && max != 0 && max < min)
        return "nursery_max is below nursery_min";
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
        first < GENERATIONAL_SMALL_BYTES ? first : GENERATIONAL_SMALL_BYTES;
}

/* Returns 1; 0 with a reason. */
static int generational_configure(struct hm_gc *gc, const char **why)
{
    const uint64_t *param = gc->heap.config.param;
    uint64_t min = param[GENERATIONAL_NURSERY_MIN];
    uint64_t max = param[GENERATIONAL_NURSERY_MAX];
    const char *wrong = generational_refuse(min, max);

    if (wrong != NULL) {
        *why = wrong;
        return 0;
    }
    generational_size_nursery(gc, min, max);
    gc->growth_percent = (unsigned)param[GENERATIONAL_GROWTH];
    gc->old.limit_bytes = gc->heap.config.heap_bytes != 0
                              ? SIZE_MAX
                              : param[GENERATIONAL_INITIAL_OLD];
    return hm_budget_take(&gc->heap.budget, 2 * gc->nursery.capacity_bytes);
}

/* Returns 1; 0 when the system refuses address space. */
static int generational_open_spaces(struct hm_gc *gc, size_t stack_bytes)
{
    struct hm_heap *heap = &gc->heap;

    return hm_blocks_open(&gc->old.blocks,
                          hm_range_reach(heap->config.heap_bytes),
                          &heap->budget, heap->config.verify) &&
           hm_slot_set_open(&gc->old.slots, &gc->old.blocks.range,
                            &heap->budget) &&
           hm_slot_set_open(&gc->large_slots, &heap->large.extents.range,
                            &heap->budget) &&
           hm_mark_queue_open(&gc->queue, stack_bytes) &&
           hm_generational_nursery_open(gc);
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &generational_gc;
    size_t stack_bytes = hm_mark_queue_bytes(config->heap_bytes);

    if (!hm_heap_open(&gc->heap, config, sizeof(*gc) + stack_bytes, why) ||
        !generational_configure(gc, why) ||
        !generational_open_spaces(gc, stack_bytes)) {
        hm_gc_close(gc);
        return NULL;
    }
    gc->mutator.gc = gc;
    hm_generational_old_reset(gc);
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    hm_range_close(&gc->nursery.range);
    hm_mark_queue_close(&gc->queue);
    hm_slot_set_close(&gc->large_slots);
    hm_slot_set_close(&gc->old.slots);
    hm_blocks_close(&gc->old.blocks);
    hm_heap_close(&gc->heap);
    *gc = (struct hm_gc){0};
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    if (gc->heap.is_attached)
        return NULL;
    gc->heap.is_attached = 1;
    return &gc->mutator;
}

void hm_gc_detach(struct hm_mutator *m)
{
    HM_CHECK(m->gc->heap.is_attached && m->frames == NULL);
    m->gc->heap.is_attached = 0;
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

    hm_generational_collect(gc, 1);
    generational_sweep_all(gc);
    hm_extents_release(&gc->heap.large.extents);
    hm_blocks_release(&gc->old.blocks);
    hm_slot_set_trim(&gc->old.slots, generational_old_end(gc));
    hm_slot_set_trim(&gc->large_slots, generational_large_end(gc));
    hm_generational_nursery_shrink(gc, 2 * generational_young_bytes(gc));
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
