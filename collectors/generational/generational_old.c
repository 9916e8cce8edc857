/* SPDX-License-Identifier: MIT */
/* The old space: free cells in 24 lists by size, blocks swept when cells are
 * needed. */
#include "collectors/generational/generational_heap.h"

/* Blocks swept at a time: 256 KiB. */
enum { OLD_SWEEPS = 8 };

/* Two sizes to a list up to 33 words, then one list to a doubling. */
static unsigned old_list(size_t words)
{
    if (words < 34)
        return (unsigned)words / 2 - 1;
    return 11 + (63 - (unsigned)__builtin_clzll(words));
}

/* The first list all of whose cells have at least so many words. */
static unsigned old_list_above(size_t words)
{
    unsigned c = old_list(words < 2 ? 2 : words);
    size_t least = c < 16 ? 2 * (size_t)(c + 1) : (size_t)1 << (c - 11);

    return least >= words ? c : c + 1;
}

/* Makes a gap of `words`, and a cell of it if it is long enough. */
static void old_free(struct hm_gc *gc, uint64_t *start, size_t words)
{
    struct generational_old *old = &gc->old;
    unsigned c;

    *start = generational_gap(words);
    if (words < 2)
        return;
    c = old_list(words);
    HM_ASSERT(c < GENERATIONAL_LISTS);
    if (gc->heap.config.verify)
        hm_poison_fill(start + 2, words - 2);
    start[1] = (uintptr_t)old->list[c];
    old->list[c] = start;
    old->list_mask |= (uint32_t)1 << c;
}

void hm_generational_old_seal(struct hm_gc *gc)
{
    struct generational_old *old = &gc->old;

    if (old->free < old->limit)
        *old->free = generational_gap((size_t)(old->limit - old->free));
}

/* The block of a word. */
static struct hm_block *old_block(struct hm_gc *gc, const uint64_t *word)
{
    return &gc->old.blocks.block[generational_word(gc, word) / HM_BLOCK_WORDS];
}

/* A block knows how much of it is in use. */
void hm_generational_old_return(struct hm_gc *gc, uint64_t *start, size_t words)
{
    old_block(gc, start)->marked -= (uint16_t)words;
    old_free(gc, start, words);
}

/* Makes [start, start + words) the cell in use, what is left of the last one
 * goes back into a list. */
static void old_use(struct hm_gc *gc, uint64_t *start, size_t words)
{
    struct generational_old *old = &gc->old;

    if (old->free < old->limit) {
        hm_generational_old_return(gc, old->free,
                                   (size_t)(old->limit - old->free));
    }
    old_block(gc, start)->marked += (uint16_t)words;
    old->free = start;
    old->limit = start + words;
}

/* Uses the first cell of list c.  0: it lies in a block that is to be emptied,
 * and is dropped. */
static int old_pop(struct hm_gc *gc, unsigned c)
{
    struct generational_old *old = &gc->old;
    uint64_t *cell = old->list[c];
    size_t words = hm_header_words(*cell);

    HM_ASSERT(generational_is_gap(*cell) && old_list(words) == c);
    if (gc->heap.config.verify && !hm_poison_is_intact(cell + 2, words - 2))
        hm_check_failed(__FILE__, __LINE__, "a free cell was written to");
    old->list[c] = generational_link(cell + 1);
    if (old->list[c] == NULL)
        old->list_mask &= ~((uint32_t)1 << c);
    if (generational_is_candidate(gc, cell))
        return 0;
    old_use(gc, cell, words);
    return 1;
}

/* Uses a cell of the first list whose cells all are long enough: best fit, as
 * V8 promotes.  0: there is none. */
static int old_take_best(struct hm_gc *gc, size_t words)
{
    unsigned c = old_list_above(words);
    uint32_t fit;

    while ((fit = gc->old.list_mask >> c) != 0) {
        if (old_pop(gc, c + (unsigned)__builtin_ctz(fit)))
            return 1;
    }
    return 0;
}

/* Uses the first of the largest cells if it is long enough. */
static int old_take_any(struct hm_gc *gc, size_t words)
{
    uint32_t mask;

    while ((mask = gc->old.list_mask) != 0) {
        unsigned c = 31 - (unsigned)__builtin_clz(mask);

        if (hm_header_words(*gc->old.list[c]) < words)
            return 0;
        if (old_pop(gc, c))
            return 1;
    }
    return 0;
}

/* The first word at or after `word` whose mark is not set, at most the end. */
static unsigned old_next_clear(const uint64_t *bits, unsigned word)
{
    unsigned i = word / 64;
    uint64_t rest;

    if (word >= HM_BLOCK_WORDS)
        return HM_BLOCK_WORDS;
    rest = ~bits[i] & ~(uint64_t)0 << word % 64;
    while (rest == 0) {
        if (++i == HM_BLOCK_MARK_WORDS)
            return HM_BLOCK_WORDS;
        rest = ~bits[i];
    }
    return i * 64 + (unsigned)__builtin_ctzll(rest);
}

static void old_sweep(struct hm_gc *gc, uint32_t b)
{
    const uint64_t *bits = hm_block_bits(&gc->old.blocks, b);
    uint64_t *start = hm_block_start(&gc->old.blocks, b);
    unsigned word = old_next_clear(bits, 0), end;

    HM_ASSERT(gc->old.blocks.block[b].class == GENERATIONAL_MARKED);
    for (; word < HM_BLOCK_WORDS; word = old_next_clear(bits, end)) {
        end = generational_next_mark(bits, word);
        old_free(gc, start + word, end - word);
    }
    gc->old.blocks.block[b].class = GENERATIONAL_SWEPT;
}

unsigned hm_generational_old_sort(struct hm_gc *gc, uint32_t b)
{
    struct hm_block *block = &gc->old.blocks.block[b];
    unsigned words = hm_blocks_count_marks(&gc->old.blocks, b);

    block->marked = (uint16_t)words;
    block->class =
        words < HM_BLOCK_WORDS ? GENERATIONAL_MARKED : GENERATIONAL_SWEPT;
    if (words == 0) {
        hm_blocks_give(&gc->old.blocks, b);
    } else if (words < HM_BLOCK_WORDS) {
        unsigned i = words * GENERATIONAL_BINS / HM_BLOCK_WORDS;

        block->next = gc->old.unswept[i];
        gc->old.unswept[i] = b;
    }
    return words;
}

int hm_generational_is_swept(const struct hm_gc *gc)
{
    for (unsigned i = 0; i < GENERATIONAL_BINS; i++) {
        if (gc->old.unswept[i] != HM_BLOCK_NONE)
            return 0;
    }
    return 1;
}

int hm_generational_sweep_next(struct hm_gc *gc)
{
    for (unsigned i = 0; i < GENERATIONAL_BINS; i++) {
        uint32_t b = gc->old.unswept[i];

        if (b == HM_BLOCK_NONE)
            continue;
        gc->old.unswept[i] = gc->old.blocks.block[b].next;
        old_sweep(gc, b);
        return 1;
    }
    return 0;
}

/* Slots of the first `bytes` of the old space can be remembered. */
static int old_cover(struct hm_gc *gc, size_t bytes)
{
    return hm_slot_set_cover(&gc->old.slots, bytes) &&
           (!gc->evacuation.is_recording ||
            hm_slot_set_cover(&gc->evacuation.slots, bytes));
}

/* Uses a new block.  0: the budget has none. */
static int old_extend(struct hm_gc *gc)
{
    struct hm_blocks *blocks = &gc->old.blocks;
    uint32_t b = hm_blocks_take(blocks, GENERATIONAL_SWEPT);

    if (b == HM_BLOCK_NONE) {
        hm_extents_release(&gc->heap.large.extents);
        b = hm_blocks_take(blocks, GENERATIONAL_SWEPT);
    }
    if (b == HM_BLOCK_NONE)
        return 0;
    if (!old_cover(gc, (b + 1) * (size_t)HM_BLOCK_BYTES)) {
        hm_blocks_give(blocks, b);
        return 0;
    }
    if (gc->heap.config.verify)
        hm_poison_fill(hm_block_start(blocks, b), HM_BLOCK_WORDS);
    old_use(gc, hm_block_start(blocks, b), HM_BLOCK_WORDS);
    return 1;
}

/* A few blocks are swept before the heap grows, all before it is full. */
static int old_refill(struct hm_gc *gc, size_t words)
{
    for (int i = 0; i <= OLD_SWEEPS; i++) {
        if (old_take_best(gc, words))
            return 1;
        if (i == OLD_SWEEPS || !hm_generational_sweep_next(gc))
            break;
    }
    if (old_take_any(gc, words) || old_extend(gc))
        return 1;
    while (hm_generational_sweep_next(gc)) {
        if (old_take_any(gc, words))
            return 1;
    }
    return 0;
}

__attribute__((noinline)) uint64_t *hm_generational_old_slow(struct hm_gc *gc,
                                                             size_t words)
{
    uint64_t *start;

    HM_ASSERT(words <= HM_LARGE_WORDS);
    if (!old_refill(gc, words))
        return NULL;
    start = gc->old.free;
    gc->old.free += words;
    HM_ASSERT(gc->old.free <= gc->old.limit);
    return start;
}

void hm_generational_old_reset(struct hm_gc *gc)
{
    struct generational_old *old = &gc->old;

    hm_generational_old_seal(gc);
    old->free = old->limit = NULL;
    old->list_mask = 0;
    for (unsigned c = 0; c < GENERATIONAL_LISTS; c++)
        old->list[c] = NULL;
    for (unsigned i = 0; i < GENERATIONAL_BINS; i++)
        old->unswept[i] = HM_BLOCK_NONE;
}
