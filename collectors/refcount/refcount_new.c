/* SPDX-License-Identifier: MIT */
/* Opening and closing, blocks and holes, and what happens when room is short.
 */
#include "collectors/refcount/refcount_heap.h"

static inline int refcount_is_listed(const struct hm_block *block)
{
    return block->prev != HM_BLOCK_NONE;
}

/* The first block of a list has itself before it. */
static void refcount_list(struct hm_gc *gc, uint32_t b)
{
    struct hm_block *block = &gc->blocks.block[b];
    uint32_t *first = &gc->class[block->class].partial;

    block->prev = b;
    block->next = *first;
    if (*first != HM_BLOCK_NONE)
        gc->blocks.block[*first].prev = b;
    *first = b;
}

static void refcount_unlist(struct hm_gc *gc, uint32_t b)
{
    struct hm_block *block = &gc->blocks.block[b];
    uint32_t next = block->next;

    if (block->prev == b) {
        gc->class[block->class].partial = next;
    } else {
        gc->blocks.block[block->prev].next = next;
    }
    if (next != HM_BLOCK_NONE)
        gc->blocks.block[next].prev = block->prev == b ? next : block->prev;
    block->prev = HM_BLOCK_NONE;
}

void hm_refcount_settle_block(struct hm_gc *gc, uint32_t b)
{
    struct hm_block *block = &gc->blocks.block[b];
    struct refcount_class *class = &gc->class[block->class];

    if (b == class->block)
        return;
    if (block->marked == 0) {
        if (refcount_is_listed(block))
            refcount_unlist(gc, b);
        hm_blocks_give(&gc->blocks, b);

    } else if (block->marked <= class->list_at && !refcount_is_listed(block)) {
        refcount_list(gc, b);
    }
}

/* Lists every block that has a free cell at all. */
static void refcount_gather(struct hm_gc *gc)
{
    for (uint32_t b = gc->blocks.frontier; b-- > 0;) {
        struct hm_block *block = &gc->blocks.block[b];
        const struct refcount_class *class = &gc->class[block->class];

        if (block->state == HM_BLOCK_USED && b != class->block &&
            !refcount_is_listed(block) &&
            block->marked < HM_BLOCK_WORDS / class->cell)
            refcount_list(gc, b);
    }
}

void hm_refcount_give_back(struct hm_gc *gc)
{
    hm_extents_release(&gc->heap.large.extents);
    hm_blocks_release(&gc->blocks);
}

/* Ends the hole of class c.  What was put in it stays new. */
static void refcount_close_hole(struct hm_gc *gc, unsigned c)
{
    struct hm_refcount_hole *hole = &gc->mutator.hole[c];
    struct refcount_class *class = &gc->class[c];

    HM_ASSERT(hole->free == hole->limit);
    if (hole->limit != class->scanned) {
        gc->run[gc->n_runs++] =
            (struct refcount_run){class->scanned, hole->limit, class->cell};
    }
    *hole = (struct hm_refcount_hole){NULL, NULL};
    class->scanned = NULL;
}

static void refcount_set_bits(uint64_t *bits, unsigned word, unsigned limit,
                              unsigned cell)
{
    unsigned at = word / 64;
    uint64_t set = 0;

    for (; word < limit; word += cell) {
        if (word / 64 != at) {
            bits[at] |= set;
            set = 0;
            at = word / 64;
        }
        set |= (uint64_t)1 << word % 64;
    }
    bits[at] |= set;
}

/* Gives class c the hole [start, limit), or as much as may be allocated before
 * the next reconciliation is due. */
static void refcount_open_hole(struct hm_gc *gc, unsigned c, unsigned start,
                               unsigned limit)
{
    struct refcount_class *class = &gc->class[c];
    struct hm_block *block = &gc->blocks.block[class->block];
    uint64_t *base = hm_block_start(&gc->blocks, class->block);
    size_t left = gc->due_bytes - gc->heap.since_bytes;
    unsigned cells = (limit - start) / class->cell;

    HM_ASSERT(gc->due_bytes > gc->heap.since_bytes);
    HM_ASSERT((limit - start) % class->cell == 0 && limit <= class->end);
    if (left / HM_WORD_BYTES / class->cell < cells) {
        cells = (unsigned)(left / HM_WORD_BYTES / class->cell);
        cells = cells > 0 ? cells : 1;
        limit = start + cells * class->cell;
    }
    if (gc->heap.config.verify &&
        !hm_poison_is_intact(base + start, limit - start))
        hm_check_failed(__FILE__, __LINE__, "a free cell was written to");
    refcount_set_bits(hm_block_bits(&gc->blocks, class->block), start, limit,
                      class->cell);
    block->marked = (uint16_t)(block->marked + cells);
    class->scanned = base + start;
    class->word = limit;
    gc->mutator.hole[c].free = base + start;
    gc->mutator.hole[c].limit = base + limit;
    gc->heap.since_bytes += (size_t)cells * class->cell * HM_WORD_BYTES;
}

/* Opens the next hole of class c's block; 0, and no block: it has no more. */
static int refcount_next_hole(struct hm_gc *gc, unsigned c)
{
    struct refcount_class *class = &gc->class[c];
    uint32_t b = class->block;
    unsigned word = class->word;
    const uint64_t *bits;

    if (b == HM_BLOCK_NONE)
        return 0;
    bits = hm_block_bits(&gc->blocks, b);
    while (word < class->end && hm_bits_get(bits, word))
        word += class->cell;
    if (word == class->end) {
        class->block = HM_BLOCK_NONE;
        hm_refcount_settle_block(gc, b);
        return 0;
    }
    refcount_open_hole(gc, c, word,
                       (unsigned)hm_bits_next(bits, word, class->end));
    return 1;
}

/* 0: there is none. */
static int refcount_next_block(struct hm_gc *gc, unsigned c)
{
    struct refcount_class *class = &gc->class[c];
    uint32_t b = class->partial;

    if (b != HM_BLOCK_NONE) {
        refcount_unlist(gc, b);
    } else {
        b = hm_blocks_take(&gc->blocks, c);
        if (b == HM_BLOCK_NONE)
            return 0;
        gc->blocks.block[b].prev = HM_BLOCK_NONE;
        if (gc->heap.config.verify)
            hm_poison_fill(hm_block_start(&gc->blocks, b), HM_BLOCK_WORDS);
    }
    class->block = b;
    class->word = 0;
    return 1;
}

static int refcount_is_due(const struct hm_gc *gc)
{
    return gc->heap.since_bytes >= gc->due_bytes || gc->n_runs == REFCOUNT_RUNS;
}

/* Looks for all cycles, as one pause. */
static void refcount_find_cycles(struct hm_gc *gc)
{
    uint64_t start_ns = hm_clock_now_ns();

    hm_refcount_cycles_find(gc);
    hm_pause_log_add(gc->heap.config.log, HM_PAUSE_cycles, start_ns,
                     hm_clock_now_ns());
    if (gc->heap.config.verify)
        hm_refcount_demand(gc);
}

static void refcount_pause(struct hm_gc *gc)
{
    hm_refcount_reconcile(gc);
    if (hm_refcount_cycles_is_due(gc))
        refcount_find_cycles(gc);
}

/* 0: class c has no more cells. */
static int refcount_refill(struct hm_gc *gc, unsigned c)
{
    if (refcount_is_due(gc))
        refcount_pause(gc);
    while (!refcount_next_hole(gc, c)) {
        if (!refcount_next_block(gc, c))
            return 0;
    }
    return 1;
}

/* Room is short: steps that make some, the cheapest first.  Slices go on for
 * as long as they free anything. */
enum refcount_step {
    REFCOUNT_GATHER,
    REFCOUNT_SLICES,
    REFCOUNT_GATHER_AGAIN,
    REFCOUNT_CYCLE,
    REFCOUNT_EXHAUSTED,
};

/* Returns whether the cycles that were found are worth going on. */
static int refcount_relieve_cycles(struct hm_gc *gc)
{
    uint64_t before = gc->object_bytes;

    refcount_find_cycles(gc);
    hm_refcount_settle(gc);
    return hm_pacer_judge(&gc->heap.pacer, before - gc->object_bytes);
}

/* Does a step, moves on to the next; 0 when there is none. */
static int refcount_relieve(struct hm_gc *gc, enum refcount_step *step)
{
    switch (*step) {
    case REFCOUNT_GATHER:
    case REFCOUNT_GATHER_AGAIN:
        refcount_gather(gc);
        break;
    case REFCOUNT_SLICES:
        refcount_pause(gc);
        if (hm_refcount_has_pending(gc))
            return 1;
        break;
    case REFCOUNT_CYCLE:
        if (!HM_REFCOUNT_CYCLES || !refcount_relieve_cycles(gc))
            return 0;
        refcount_gather(gc);
        break;
    case REFCOUNT_EXHAUSTED:
        return 0;
    }
    hm_refcount_give_back(gc);
    *step = (enum refcount_step)(*step + 1);
    return 1;
}

static hm_ref refcount_try_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    size_t bytes = hm_large_cost_bytes(words);
    struct hm_refcount_large *large;
    uint32_t page;
    int is_zero;

    page = hm_extents_take(&gc->heap.large.extents, bytes / HM_PAGE_BYTES,
                           &is_zero);
    if (page == HM_EXTENT_NONE)
        return NULL;
    large = hm_extents_address(&gc->heap.large.extents, page);
    *large = (struct hm_refcount_large){.words = words, .n_refs = n_refs};
    large->header = HM_REFCOUNT_LARGE | HM_REFCOUNT_TABLE | HM_REFCOUNT_LIVE;
    if (!is_zero)
        memset(large + 1, 0, n_refs * sizeof(hm_ref));
    return (hm_ref)(large + 1);
}

static hm_ref refcount_new_large(struct hm_gc *gc, size_t words, size_t n_refs)
{
    enum refcount_step step = REFCOUNT_GATHER;
    hm_ref o = NULL;

    if (!hm_object_is_possible(words, n_refs))
        hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    if (refcount_is_due(gc))
        refcount_pause(gc);
    while ((o = refcount_try_large(gc, words, n_refs)) == NULL) {
        if (!refcount_relieve(gc, &step))
            hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    }
    gc->heap.since_bytes += words * HM_WORD_BYTES;
    gc->object_bytes += words * HM_WORD_BYTES;
    hm_refcount_note(&gc->mutator, hm_header_of(o));
    return o;
}

__attribute__((noinline)) hm_ref hm_refcount_new_slow(struct hm_mutator *m,
                                                      size_t words,
                                                      size_t n_refs)
{
    struct hm_gc *gc = m->gc;
    enum refcount_step step = REFCOUNT_GATHER;
    unsigned c;
    uint64_t *start;

    if (words > HM_LARGE_WORDS)
        return refcount_new_large(gc, words, n_refs);
    c = hm_size_class(words);
    refcount_close_hole(gc, c);
    while (!refcount_refill(gc, c)) {
        if (!refcount_relieve(gc, &step))
            hm_heap_exhausted(&gc->heap, words * HM_WORD_BYTES);
    }
    start = m->hole[c].free;
    m->hole[c].free += hm_size_class_words(c);
    return hm_refcount_init(start, words, n_refs);
}

__attribute__((noinline)) void hm_refcount_poll(struct hm_mutator *m)
{
    refcount_pause(m->gc);
}
