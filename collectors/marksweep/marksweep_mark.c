/* SPDX-License-Identifier: MIT */
/* marksweep_mark.c -- a collection: marking, and putting the blocks into the
 * lists that allocation sweeps. */
#include "collectors/marksweep/marksweep_heap.h"

void hm_marksweep_reset(struct hm_gc *gc)
{
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++) {
        gc->mutator.hole[c] = (struct hm_marksweep_hole){NULL, NULL};
        gc->cursor[c] = (struct marksweep_cursor){.block = HM_BLOCK_NONE};
        gc->partial[c] = HM_BLOCK_NONE;
    }
}

static void marksweep_mark(struct hm_gc *gc)
{
    struct hm_marker *marker = &gc->marker;

    hm_blocks_clear_marks(&gc->blocks);
    marker->base = hm_block_start(&gc->blocks, 0);
    marker->bits = gc->blocks.bits;
    marker->words = (size_t)gc->blocks.frontier * HM_BLOCK_WORDS;
    marker->large = &gc->heap.large;
    hm_marker_run(marker, &gc->heap.roots, gc->mutator.frames);
}

/* Frees blocks without a mark and lists those with a hole, the lowest first.
 */
static void marksweep_sort_blocks(struct hm_gc *gc)
{
    for (uint32_t b = gc->blocks.frontier; b-- > 0;) {
        struct hm_block *block = &gc->blocks.block[b];
        unsigned cells = HM_BLOCK_WORDS / hm_size_class_words(block->class);

        if (block->state != HM_BLOCK_USED)
            continue;
        block->marked = (uint16_t)hm_blocks_count_marks(&gc->blocks, b);
        HM_ASSERT(block->marked <= cells);
        if (block->marked == 0) {
            hm_blocks_give(&gc->blocks, b);
        } else if (block->marked < cells) {
            block->next = gc->partial[block->class];
            gc->partial[block->class] = b;
        }
    }
}

/* Verify mode: writes over every cell that holds nothing. */
static void marksweep_poison(struct hm_gc *gc)
{
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        unsigned cell = hm_size_class_words(gc->blocks.block[b].class);
        uint64_t *start = hm_block_start(&gc->blocks, b);
        const uint64_t *bits = hm_block_bits(&gc->blocks, b);

        if (gc->blocks.block[b].state != HM_BLOCK_USED)
            continue;
        for (unsigned w = 0; w + cell <= HM_BLOCK_WORDS; w += cell) {
            if (!hm_bits_get(bits, w))
                hm_poison_fill(start + w, cell);
        }
    }
}

static void marksweep_verify(struct hm_gc *gc, int is_after)
{
    uint64_t bytes = 0;
    const char *wrong = hm_marksweep_check(gc, &bytes);

    hm_heap_demand(&gc->heap, wrong, is_after ? bytes : gc->heap.live_bytes);
}

void hm_marksweep_collect(struct hm_gc *gc)
{
    uint64_t start_ns;

    if (gc->heap.config.verify)
        marksweep_verify(gc, 0);
    start_ns = hm_clock_now_ns();
    hm_marksweep_reset(gc);
    marksweep_mark(gc);
    hm_large_sweep(&gc->heap.large);
    marksweep_sort_blocks(gc);
    hm_heap_collected(&gc->heap, HM_PAUSE_full, start_ns,
                      gc->marker.marked_words * HM_WORD_BYTES);
    if (gc->heap.config.verify) {
        marksweep_poison(gc);
        marksweep_verify(gc, 1);
    }
}

/* Whether a cell's header says what may stand there. */
static int marksweep_is_object(const void *arg, hm_ref o)
{
    const struct hm_gc *gc = arg;
    const uint64_t *header = hm_header_of(o);
    size_t word =
        ((uintptr_t)header - (uintptr_t)gc->blocks.range.start) / HM_WORD_BYTES;
    const struct hm_block *block;

    if (word / HM_BLOCK_WORDS >= gc->blocks.frontier)
        return hm_large_is_object(&gc->heap.large, o);
    block = &gc->blocks.block[word / HM_BLOCK_WORDS];
    return block->state == HM_BLOCK_USED &&
           word % HM_BLOCK_WORDS % hm_size_class_words(block->class) == 0 &&
           hm_header_is_sound(*header) &&
           hm_header_words(*header) <= HM_LARGE_WORDS &&
           hm_size_class(hm_header_words(*header)) == block->class;
}

/* Marks only at the starts of cells, and on sound headers. */
static const char *marksweep_check_marks(const struct hm_gc *gc, uint32_t b)
{
    const uint64_t *bits = hm_block_bits(&gc->blocks, b);
    uint64_t *start = hm_block_start(&gc->blocks, b);
    size_t word = hm_bits_next(bits, 0, HM_BLOCK_WORDS);

    while (word < HM_BLOCK_WORDS) {
        if (!marksweep_is_object(gc, (hm_ref)(start + word + 1)))
            return "marksweep: a mark is not on an object";
        word = hm_bits_next(bits, word + 1, HM_BLOCK_WORDS);
    }
    return NULL;
}

/* Every listed block is of the list's class and has a hole. */
static const char *marksweep_check_lists(const struct hm_gc *gc)
{
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++) {
        uint32_t b = gc->partial[c];

        for (; b != HM_BLOCK_NONE; b = gc->blocks.block[b].next) {
            const struct hm_block *block = &gc->blocks.block[b];

            if (block->state != HM_BLOCK_USED || block->class != c ||
                block->marked >= HM_BLOCK_WORDS / hm_size_class_words(c))
                return "marksweep: a block is in the wrong list";
        }
    }
    return NULL;
}

const char *hm_marksweep_check(struct hm_gc *gc, uint64_t *bytes)
{
    struct hm_verify verify = {.roots = &gc->heap.roots,
                               .frames = gc->mutator.frames,
                               .is_object = marksweep_is_object,
                               .heap = gc};
    const char *wrong = hm_blocks_check(&gc->blocks);

    if (wrong == NULL)
        wrong = hm_large_check(&gc->heap.large);
    if (wrong == NULL)
        wrong = marksweep_check_lists(gc);
    for (uint32_t b = 0; b < gc->blocks.frontier && wrong == NULL; b++) {
        if (gc->blocks.block[b].state == HM_BLOCK_USED)
            wrong = marksweep_check_marks(gc, b);
    }
    if (wrong == NULL)
        wrong = hm_verify_trace(&verify);
    *bytes = verify.reachable_bytes;
    return wrong;
}
