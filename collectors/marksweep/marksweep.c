/* SPDX-License-Identifier: MIT */
/* marksweep.c -- segregated fits, marked by a queue with prefetch.
 *
 * Source:     J. McCarthy, CACM 3(4), 1960; lazy sweeping R. J. M. Hughes,
 *             SP&E 12, 1982; block-structured segregated fits with side mark
 *             bits H.-J. Boehm and M. Weiser, SP&E 18(9), 1988.
 * Differs:    free cells are never threaded or touched: a class bumps through
 *             the holes between marked cells, found in the bitmap.  Blocks
 *             without a mark go back to the pool when marking ends.
 * Invariants: a block has cells of one class from its first word on; outside a
 *             collection a mark bit is set at the header of each object that
 *             the last one found, and nowhere else; holes lie between marked
 *             cells of used blocks; see hm_gc_check().
 * Costs:      marking is proportional to what lives; the bitmap (1/64 of the
 *             heap) is cleared and counted at each collection; finding a hole
 *             is a few instructions for each cell passed over.  Internal
 *             waste is below 1/8 up to 2 KiB, below 1/4 above.
 * Threads:    one mutator. */
#include "collectors/marksweep/marksweep_heap.h"

static const struct hm_param marksweep_params[] = {HM_PACER_ROWS, {0}};

const struct hm_collector hm_collector_this = {
    .name = "marksweep",
    .summary = "segregated fits, mark bits aside, lazy sweep",
    .source = "McCarthy, CACM 3(4), 1960; Boehm and Weiser, SP&E 18(9), 1988",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = marksweep_params,
};

static struct hm_gc marksweep_gc;

/* Gives class c the hole [start, limit) of its block, or as much of it as may
 * be allocated before the next collection is due. */
static void marksweep_open_hole(struct hm_gc *gc, unsigned c, unsigned start,
                                unsigned limit)
{
    struct marksweep_cursor *cursor = &gc->cursor[c];
    uint64_t *base = hm_block_start(&gc->blocks, cursor->block);
    unsigned cell = hm_size_class_words(c);
    size_t left = hm_pacer_left(&gc->heap.pacer, gc->heap.since_bytes);

    /* Holes of other classes may stay open: under stress count by the cell. */
    if (gc->heap.config.stress_bytes != 0 ||
        left / HM_WORD_BYTES < limit - start)
        limit = start + cell;
    HM_ASSERT((limit - start) % cell == 0 && limit <= cursor->end);
    if (gc->heap.config.verify &&
        !hm_poison_is_intact(base + start, limit - start))
        hm_check_failed(__FILE__, __LINE__, "a free cell was written to");
    gc->mutator.hole[c].free = base + start;
    gc->mutator.hole[c].limit = base + limit;
    gc->heap.since_bytes += (size_t)(limit - start) * HM_WORD_BYTES;
    cursor->word = limit;
}

/* Opens the next hole of class c's block.  0: it has no more. */
static int marksweep_next_hole(struct hm_gc *gc, unsigned c)
{
    struct marksweep_cursor *cursor = &gc->cursor[c];
    unsigned cell = hm_size_class_words(c), word = cursor->word;
    const uint64_t *bits;

    if (cursor->block == HM_BLOCK_NONE)
        return 0;
    bits = hm_block_bits(&gc->blocks, cursor->block);
    while (word < cursor->end && hm_bits_get(bits, word))
        word += cell;
    cursor->word = word;
    if (word == cursor->end)
        return 0;
    marksweep_open_hole(gc, c, word,
                        (unsigned)hm_bits_next(bits, word, cursor->end));
    return 1;
}

static uint32_t marksweep_new_block(struct hm_gc *gc, unsigned c)
{
    uint32_t b = hm_blocks_take(&gc->blocks, c);

    if (b == HM_BLOCK_NONE) {
        hm_extents_release(&gc->heap.large.extents);
        b = hm_blocks_take(&gc->blocks, c);
    }
    if (b != HM_BLOCK_NONE && gc->heap.config.verify)
        hm_poison_fill(hm_block_start(&gc->blocks, b), HM_BLOCK_WORDS);
    return b;
}

/* The next block of class c that has a hole: one left by the last collection,
 * else an empty one.  0: there is none. */
static int marksweep_next_block(struct hm_gc *gc, unsigned c)
{
    struct marksweep_cursor *cursor = &gc->cursor[c];
    unsigned cell = hm_size_class_words(c);

    cursor->block = gc->partial[c];
    if (cursor->block != HM_BLOCK_NONE) {
        gc->partial[c] = gc->blocks.block[cursor->block].next;
    } else {
        cursor->block = marksweep_new_block(gc, c);
    }
    cursor->word = 0;
    cursor->end = HM_BLOCK_WORDS / cell * cell;
    return cursor->block != HM_BLOCK_NONE;
}

/* 0: class c has no more cells, or it is time to collect. */
static int marksweep_refill(struct hm_gc *gc, unsigned c)
{
    uint64_t start_ns;
    int is_sweep, found; /* a block that nobody has used needs no sweeping */

    if (hm_pacer_left(&gc->heap.pacer, gc->heap.since_bytes) == 0)
        return 0;
    if (marksweep_next_hole(gc, c))
        return 1;
    is_sweep = gc->partial[c] != HM_BLOCK_NONE;
    start_ns = hm_clock_now_ns();
    found = marksweep_next_block(gc, c);
    if (found)
        HM_CHECK(marksweep_next_hole(gc, c));
    if (is_sweep) {
        hm_pause_log_add(gc->heap.config.log, HM_PAUSE_sweep, start_ns,
                         hm_clock_now_ns());
    }
    return found;
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
        hm_blocks_release(&gc->blocks);
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

__attribute__((noinline)) hm_ref hm_marksweep_new_slow(struct hm_mutator *m,
                                                       size_t words,
                                                       size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    unsigned c;
    uint64_t *start;

    if (words > HM_LARGE_WORDS)
        return marksweep_new_large(gc, words, n_refs);
    c = hm_size_class(words);
    HM_ASSERT(c < HM_SIZE_CLASSES && hm_size_class_words(c) >= words);
    if (!marksweep_refill(gc, c)) {
        marksweep_collect_for(gc, words * HM_WORD_BYTES);
        if (!marksweep_refill(gc, c))
            hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    }
    start = m->hole[c].free;
    m->hole[c].free += hm_size_class_words(c);
    return hm_object_init(start, words, n_refs);
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &marksweep_gc;
    size_t stack_bytes = hm_mark_queue_bytes(config->heap_bytes);

    if (!hm_heap_open(&gc->heap, config, sizeof(*gc) + stack_bytes, why) ||
        !hm_blocks_open(&gc->blocks, hm_range_reach(config->heap_bytes),
                        &gc->heap.budget, config->verify) ||
        !hm_mark_queue_open(&gc->marker.queue, stack_bytes)) {
        hm_gc_close(gc);
        return NULL;
    }
    hm_heap_pace(&gc->heap);
    gc->mutator.gc = gc;
    hm_marksweep_reset(gc);
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    hm_mark_queue_close(&gc->marker.queue);
    hm_blocks_close(&gc->blocks);
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

void hm_gc_collect(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    hm_marksweep_collect(gc);
    hm_extents_release(&gc->heap.large.extents);
    hm_blocks_release(&gc->blocks);
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
