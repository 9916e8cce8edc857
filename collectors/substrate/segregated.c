/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/segregated.h"

#include <string.h>

/* Blocks that allocation sorts in one go to find a hole of its class. */
enum { SEGREGATED_SORT_STEP = 64 };

/* block->prev, with two bitmaps: the epoch when the block was last begun or
 * sorted, and the word from which on holes were opened in that epoch. */
enum { SEGREGATED_STAMP_BITS = 13 };

_Static_assert(1 << SEGREGATED_STAMP_BITS > (int)HM_BLOCK_WORDS, "fits");

static uint32_t segregated_epoch(uint32_t stamp)
{
    return stamp >> SEGREGATED_STAMP_BITS;
}

static uint32_t segregated_stamp(const struct hm_segregated *space,
                                 unsigned word)
{
    return space->epoch << SEGREGATED_STAMP_BITS | word;
}

int hm_segregated_open(struct hm_segregated *space, struct hm_heap *heap)
{
    const struct hm_gc_config *config = &heap->config;

    *space = (struct hm_segregated){.heap = heap};
    hm_segregated_reset(space);
    return hm_blocks_open(&space->blocks, hm_range_reach(config->heap_bytes),
                          &heap->budget, config->verify);
}

int hm_segregated_open_double(struct hm_segregated *space, struct hm_heap *heap)
{
    return hm_segregated_open(space, heap) &&
           hm_blocks_add_bitmap(&space->blocks);
}

void hm_segregated_close(struct hm_segregated *space)
{
    hm_blocks_close(&space->blocks);
}

void hm_segregated_reset(struct hm_segregated *space)
{
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++) {
        space->cursor[c] =
            (struct hm_segregated_cursor){.block = HM_BLOCK_NONE};
        space->partial[c] = HM_BLOCK_NONE;
    }
    space->partial_words = 0;
}

/* Marks the cells of a hole, which may share words of the bitmap with cells
 * that another thread marks. */
static void segregated_blacken(struct hm_segregated *space,
                               const struct hm_hole *hole, unsigned cell)
{
    uint64_t *base = hm_block_start(&space->blocks, 0);
    size_t word = (size_t)(hole->free - base);
    size_t limit = (size_t)(hole->limit - base);

    if (hole->free == hole->limit)
        return;
    space->black_words += limit - word;
    while (word < limit) {
        size_t at = word / 64;
        uint64_t mask = 0;

        for (; word < limit && word / 64 == at; word += cell)
            mask |= (uint64_t)1 << word % 64;
        (void)__atomic_fetch_or(&space->blocks.next_bits[at], mask,
                                __ATOMIC_RELEASE);
    }
}

/* Takes the marks of what is left of a hole back; nobody else marks now. */
static void segregated_whiten(struct hm_segregated *space,
                              const struct hm_hole *hole, unsigned cell)
{
    uint64_t *base = hm_block_start(&space->blocks, 0);
    size_t limit = (size_t)(hole->limit - base);

    if (hole->free == hole->limit)
        return;
    space->black_words -= (size_t)(hole->limit - hole->free);
    for (size_t w = (size_t)(hole->free - base); w < limit; w += cell)
        space->blocks.next_bits[w / 64] &= ~((uint64_t)1 << w % 64);
}

int hm_segregated_is_black(const struct hm_segregated *space, size_t word)
{
    const struct hm_block *block = &space->blocks.block[word / HM_BLOCK_WORDS];
    uint32_t stamp = __atomic_load_n(&block->prev, __ATOMIC_RELAXED);

    return segregated_epoch(stamp) == space->epoch &&
           word % HM_BLOCK_WORDS >=
               (stamp & ((1U << SEGREGATED_STAMP_BITS) - 1)) &&
           !hm_bits_get(space->blocks.bits, word);
}

/* Opens [start, limit) of the block at class c's cursor. */
static size_t segregated_open_hole(struct hm_segregated *space,
                                   struct hm_hole *hole, unsigned c,
                                   unsigned start, unsigned limit)
{
    struct hm_segregated_cursor *cursor = &space->cursor[c];
    uint64_t *base = hm_block_start(&space->blocks, cursor->block);

    HM_ASSERT((limit - start) % hm_size_class_words(c) == 0);
    HM_ASSERT(start < limit && limit <= cursor->end);
    if (space->heap->config.verify &&
        !hm_poison_is_intact(base + start, limit - start))
        hm_check_failed(__FILE__, __LINE__, "a free cell was written to");
    *hole = (struct hm_hole){base + start, base + limit};
    cursor->word = limit;
    if (hm_segregated_is_marking(space))
        segregated_blacken(space, hole, hm_size_class_words(c));
    return limit - start;
}

/* Opens the next hole of class c's block.  0: it has no more. */
static size_t segregated_next_hole(struct hm_segregated *space,
                                   struct hm_hole *hole, unsigned c,
                                   size_t max_words)
{
    struct hm_segregated_cursor *cursor = &space->cursor[c];
    unsigned cell = hm_size_class_words(c), word = cursor->word, limit;
    const uint64_t *bits;

    if (cursor->block == HM_BLOCK_NONE)
        return 0;
    bits = hm_block_bits(&space->blocks, cursor->block);
    while (word < cursor->end && hm_bits_get(bits, word))
        word += cell;
    cursor->word = word;
    if (word == cursor->end)
        return 0;
    limit = (unsigned)hm_bits_next(bits, word, cursor->end);
    if (limit - word > max_words)
        limit = word + cell;
    return segregated_open_hole(space, hole, c, word, limit);
}

static uint32_t segregated_new_block(struct hm_segregated *space, unsigned c)
{
    uint32_t b = hm_blocks_take(&space->blocks, c);

    if (b == HM_BLOCK_NONE) {
        hm_extents_release(&space->heap->large.extents);
        b = hm_blocks_take(&space->blocks, c);
    }
    while (b == HM_BLOCK_NONE && hm_segregated_sort_some(space, 1))
        b = hm_blocks_take(&space->blocks, c);
    if (b != HM_BLOCK_NONE && space->heap->config.verify)
        hm_poison_fill(hm_block_start(&space->blocks, b), HM_BLOCK_WORDS);
    return b;
}

/* The next block of class c that has a hole: one left by the last collection,
 * else an empty one.  0: there is none. */
static int segregated_next_block(struct hm_segregated *space, unsigned c)
{
    struct hm_segregated_cursor *cursor = &space->cursor[c];
    unsigned cell = hm_size_class_words(c);

    cursor->block = space->partial[c];
    if (cursor->block != HM_BLOCK_NONE) {
        const struct hm_block *block = &space->blocks.block[cursor->block];

        space->partial[c] = block->next;
        space->partial_words -=
            (HM_BLOCK_WORDS / cell - block->marked) * (size_t)cell;
    } else {
        cursor->block = segregated_new_block(space, c);
    }
    cursor->word = 0;
    cursor->end = HM_BLOCK_WORDS / cell * cell;
    if (cursor->block == HM_BLOCK_NONE)
        return 0;
    __atomic_store_n(&space->blocks.block[cursor->block].prev,
                     segregated_stamp(space, 0), __ATOMIC_RELAXED);
    return 1;
}

size_t hm_segregated_refill(struct hm_segregated *space, struct hm_hole *hole,
                            unsigned c, size_t max_words)
{
    size_t words = segregated_next_hole(space, hole, c, max_words);
    uint64_t start_ns;
    int is_sweep; /* a block that nobody has used needs no sweeping */

    if (words != 0)
        return words;
    start_ns = hm_clock_now_ns();
    for (uint32_t i = 0; i < SEGREGATED_SORT_STEP &&
                         space->partial[c] == HM_BLOCK_NONE &&
                         hm_segregated_sort_some(space, 1);)
        i++;
    is_sweep = space->partial[c] != HM_BLOCK_NONE;
    if (segregated_next_block(space, c)) {
        words = segregated_next_hole(space, hole, c, max_words);
        HM_CHECK(words != 0);
    }
    if (is_sweep) {
        hm_pause_log_add(space->heap->config.log, HM_PAUSE_sweep, start_ns,
                         hm_clock_now_ns());
    }
    return words;
}

void hm_segregated_mark(struct hm_segregated *space, struct hm_marker *marker)
{
    struct hm_blocks *blocks = &space->blocks;

    hm_blocks_clear_marks(blocks);
    marker->base = hm_block_start(blocks, 0);
    marker->bits = blocks->bits;
    marker->words = (size_t)blocks->frontier * HM_BLOCK_WORDS;
    marker->large = &space->heap->large;
    hm_marker_run(marker, &space->heap->roots);
}

/* Frees the block when it has no mark, lists it when it has a hole. */
static void segregated_sort_block(struct hm_segregated *space, uint32_t b)
{
    struct hm_blocks *blocks = &space->blocks;
    struct hm_block *block = &blocks->block[b];
    unsigned cell = hm_size_class_words(block->class);
    unsigned cells = HM_BLOCK_WORDS / cell;

    block->marked = (uint16_t)hm_blocks_count_marks(blocks, b);
    HM_ASSERT(block->marked <= cells);
    if (block->marked == 0) {
        hm_blocks_give(blocks, b);
    } else if (block->marked < cells) {
        block->next = space->partial[block->class];
        space->partial[block->class] = b;
        space->partial_words += (cells - block->marked) * (size_t)cell;
    }
}

void hm_segregated_sort(struct hm_segregated *space)
{
    for (uint32_t b = space->blocks.frontier; b-- > 0;) {
        if (space->blocks.block[b].state == HM_BLOCK_USED)
            segregated_sort_block(space, b);
    }
}

int hm_segregated_sort_some(struct hm_segregated *space, uint32_t max)
{
    for (; space->sorted < space->sort_end && max > 0; max--) {
        uint32_t b = space->sorted++;
        struct hm_block *block = &space->blocks.block[b];

        /* What allocation took meanwhile has no marks yet to go by. */
        if (block->state != HM_BLOCK_USED ||
            segregated_epoch(block->prev) == space->epoch)
            continue;
        memset(hm_block_next_bits(&space->blocks, b), 0,
               HM_BLOCK_MARK_WORDS * sizeof(uint64_t));
        block->prev = segregated_stamp(space, HM_BLOCK_WORDS);
        segregated_sort_block(space, b);
    }
    return space->sorted < space->sort_end;
}

void hm_segregated_begin(struct hm_segregated *space,
                         const struct hm_holes *holes)
{
    uint64_t *base = hm_block_start(&space->blocks, 0);

    HM_ASSERT(!hm_segregated_is_marking(space));
    HM_ASSERT(space->sorted == space->sort_end);
    space->epoch =
        (space->epoch + 1) % (UINT32_MAX >> SEGREGATED_STAMP_BITS & ~1U);
    space->black_words = 0;
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++) {
        const struct hm_hole *hole = &holes->of[c];
        const struct hm_segregated_cursor *cursor = &space->cursor[c];
        unsigned black = cursor->word;

        if (cursor->block == HM_BLOCK_NONE)
            continue;
        if (hole->free != hole->limit)
            black = (unsigned)((size_t)(hole->free - base) % HM_BLOCK_WORDS);
        space->blocks.block[cursor->block].prev =
            segregated_stamp(space, black);
        segregated_blacken(space, hole, hm_size_class_words(c));
    }
}

void hm_segregated_turn(struct hm_segregated *space, struct hm_holes *holes)
{
    HM_ASSERT(hm_segregated_is_marking(space));
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++)
        segregated_whiten(space, &holes->of[c], hm_size_class_words(c));
    hm_holes_close(holes);
    hm_segregated_reset(space);
    hm_blocks_swap_bitmaps(&space->blocks);
    space->epoch++;
    space->sorted = 0;
    space->sort_end = space->blocks.frontier;
}

void hm_segregated_poison(struct hm_segregated *space)
{
    const struct hm_blocks *blocks = &space->blocks;

    for (uint32_t b = 0; b < blocks->frontier; b++) {
        unsigned cell = hm_size_class_words(blocks->block[b].class);
        uint64_t *start = hm_block_start(blocks, b);
        const uint64_t *bits = hm_block_bits(blocks, b);

        if (blocks->block[b].state != HM_BLOCK_USED)
            continue;
        for (unsigned w = 0; w + cell <= HM_BLOCK_WORDS; w += cell) {
            if (!hm_bits_get(bits, w))
                hm_poison_fill(start + w, cell);
        }
    }
}

int hm_segregated_is_object(const void *arg, hm_ref o)
{
    const struct hm_segregated *space = arg;
    const struct hm_blocks *blocks = &space->blocks;
    const uint64_t *header = hm_header_of(o);
    size_t word =
        ((uintptr_t)header - (uintptr_t)blocks->range.start) / HM_WORD_BYTES;
    const struct hm_block *block;

    if (word / HM_BLOCK_WORDS >= blocks->frontier)
        return hm_large_is_object(&space->heap->large, o);
    block = &blocks->block[word / HM_BLOCK_WORDS];
    return block->state == HM_BLOCK_USED &&
           word % HM_BLOCK_WORDS % hm_size_class_words(block->class) == 0 &&
           hm_header_is_sound(*header) &&
           hm_header_words(*header) <= HM_LARGE_WORDS &&
           hm_size_class(hm_header_words(*header)) == block->class;
}

/* Marks only at the starts of cells, and on sound headers. */
static const char *segregated_check_marks(const struct hm_segregated *space,
                                          uint32_t b)
{
    const uint64_t *bits = hm_block_bits(&space->blocks, b);
    uint64_t *start = hm_block_start(&space->blocks, b);
    size_t word = hm_bits_next(bits, 0, HM_BLOCK_WORDS);

    while (word < HM_BLOCK_WORDS) {
        if (!hm_segregated_is_object(space, (hm_ref)(start + word + 1)))
            return "segregated: a mark is not on an object";
        word = hm_bits_next(bits, word + 1, HM_BLOCK_WORDS);
    }
    return NULL;
}

/* Every listed block is of the list's class and has a hole. */
static const char *segregated_check_lists(const struct hm_segregated *space)
{
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++) {
        uint32_t b = space->partial[c];

        for (; b != HM_BLOCK_NONE; b = space->blocks.block[b].next) {
            const struct hm_block *block = &space->blocks.block[b];

            if (block->state != HM_BLOCK_USED || block->class != c ||
                block->marked >= HM_BLOCK_WORDS / hm_size_class_words(c))
                return "segregated: a block is in the wrong list";
        }
    }
    return NULL;
}

const char *hm_segregated_check(const struct hm_segregated *space)
{
    const struct hm_blocks *blocks = &space->blocks;
    const char *wrong = hm_blocks_check(blocks);

    if (wrong == NULL)
        wrong = hm_large_check(&space->heap->large);
    if (wrong == NULL)
        wrong = segregated_check_lists(space);
    for (uint32_t b = 0; b < blocks->frontier && wrong == NULL; b++) {
        if (blocks->block[b].state == HM_BLOCK_USED)
            wrong = segregated_check_marks(space, b);
    }
    return wrong;
}
