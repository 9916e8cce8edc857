/* SPDX-License-Identifier: MIT */
/* Marking, and putting the blocks into the lists that allocation sweeps. */
#include "collectors/marksweep/marksweep_heap.h"

enum { MARKSWEEP_SCAN_CHUNK = 256 };

/* So references of roots, of large objects and of a rescan never drop. */
_Static_assert((int)HM_MARK_RING / 2 >= (int)HM_LARGE_WORDS,
               "a drained ring takes the references of any small object");

void marksweep_reset(struct hm_gc *gc)
{
    for (unsigned c = 0; c < HM_MARKSWEEP_CLASSES; c++) {
        gc->mutator.hole[c] = (struct hm_marksweep_hole){NULL, NULL};
        gc->cursor[c] = (struct marksweep_cursor){.block = HM_BLOCK_NONE};
        gc->partial[c] = HM_BLOCK_NONE;
    }
}

static inline void marksweep_push(struct hm_gc *gc, hm_ref o)
{
    if (o != NULL)
        hm_mark_queue_push(&gc->queue, o);
}

/* Follows what is queued; large objects stay in a list of their own. */
static void marksweep_drain(struct hm_gc *gc)
{
    uint64_t *header, *bits = gc->blocks.bits;
    uint64_t marked = 0;

    while ((header = hm_mark_queue_pop(&gc->queue)) != NULL) {
        size_t word = hm_blocks_word(&gc->blocks, header), n;
        uint64_t bit = (uint64_t)1 << word % 64;
        hm_ref *slot = (hm_ref *)(void *)(header + 1);

        if (word / HM_BLOCK_WORDS >= gc->blocks.frontier) {
            hm_large_mark(&gc->heap.large, (hm_ref)(header + 1));
            continue;
        }
        if (bits[word / 64] & bit)
            continue;
        bits[word / 64] |= bit;
        HM_ASSERT(hm_header_is_sound(*header));
        marked += hm_header_words(*header);
        n = hm_header_refs(*header);
        for (size_t i = 0; i < n; i++)
            marksweep_push(gc, slot[i]);
    }
    gc->marked_bytes += marked * HM_WORD_BYTES;
}

static void marksweep_root(void *arg, hm_ref *slot)
{
    struct hm_gc *gc = arg;

    marksweep_push(gc, *slot);
    if (hm_mark_queue_is_busy(&gc->queue))
        marksweep_drain(gc);
}

static void marksweep_drain_large(struct hm_gc *gc)
{
    size_t n;
    hm_ref *slot;

    do {
        marksweep_drain(gc);
        n = hm_large_scan(&gc->heap.large, MARKSWEEP_SCAN_CHUNK, &slot);
        for (size_t i = 0; i < n; i++)
            marksweep_push(gc, slot[i]);
    } while (n > 0);
}

static void marksweep_rescan_object(struct hm_gc *gc, uint64_t *header)
{
    hm_ref *slot = (hm_ref *)(void *)(header + 1);
    size_t n = hm_header_refs(*header);

    for (size_t i = 0; i < n; i++) {
        hm_ref o = slot[i];
        size_t word;

        if (o == NULL)
            continue;
        word = hm_blocks_word(&gc->blocks, hm_header_of(o));
        if (word / HM_BLOCK_WORDS >= gc->blocks.frontier ||
            !hm_blocks_is_marked(&gc->blocks, word))
            hm_mark_queue_push(&gc->queue, o);
    }
    marksweep_drain_large(gc);
}

/* The queue has dropped references: those to be followed are the ones from
 * marked objects to unmarked ones.  Only small objects can have lost some;
 * each pass marks at least one more. */
static void marksweep_rescan(struct hm_gc *gc)
{
    gc->queue.has_dropped = 0;
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        const uint64_t *bits = hm_block_bits(&gc->blocks, b);
        uint64_t *start = hm_block_start(&gc->blocks, b);
        unsigned word = hm_block_next_mark(bits, 0, HM_BLOCK_WORDS);

        while (word < HM_BLOCK_WORDS) {
            marksweep_rescan_object(gc, start + word);
            word = hm_block_next_mark(bits, word + 1, HM_BLOCK_WORDS);
        }
    }
}

static void marksweep_mark(struct hm_gc *gc)
{
    HM_ASSERT(hm_mark_queue_is_empty(&gc->queue));
    gc->marked_bytes = 0;
    hm_blocks_clear_marks(&gc->blocks);
    hm_roots_each(&gc->heap.roots, gc->mutator.frames, marksweep_root, gc);
    marksweep_drain_large(gc);
    while (gc->queue.has_dropped)
        marksweep_rescan(gc);
    HM_ASSERT(hm_mark_queue_is_empty(&gc->queue));
}

/* Frees blocks without a mark and lists those with a hole, the lowest first.
 */
static void marksweep_sort_blocks(struct hm_gc *gc)
{
    for (uint32_t b = gc->blocks.frontier; b-- > 0;) {
        struct hm_block *block = &gc->blocks.block[b];
        unsigned cells = HM_BLOCK_WORDS / hm_marksweep_cell(block->class);

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
        unsigned cell = hm_marksweep_cell(gc->blocks.block[b].class);
        uint64_t *start = hm_block_start(&gc->blocks, b);
        size_t first = hm_blocks_word(&gc->blocks, start);

        if (gc->blocks.block[b].state != HM_BLOCK_USED)
            continue;
        for (unsigned w = 0; w + cell <= HM_BLOCK_WORDS; w += cell) {
            if (!hm_blocks_is_marked(&gc->blocks, first + w))
                hm_poison_fill(start + w, cell);
        }
    }
}

static void marksweep_verify(struct hm_gc *gc, int is_after)
{
    uint64_t bytes = 0;
    const char *wrong = marksweep_check(gc, &bytes);

    hm_heap_demand(&gc->heap, wrong, is_after ? bytes : gc->heap.live_bytes);
}

void marksweep_collect(struct hm_gc *gc)
{
    uint64_t start_ns;

    if (gc->heap.config.verify)
        marksweep_verify(gc, 0);
    start_ns = hm_clock_now_ns();
    marksweep_reset(gc);
    marksweep_mark(gc);
    hm_large_sweep(&gc->heap.large);
    marksweep_sort_blocks(gc);
    hm_heap_collected(&gc->heap, HM_PAUSE_full, start_ns, gc->marked_bytes);
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
    size_t word = hm_blocks_word(&gc->blocks, header);
    const struct hm_block *block;

    if (word / HM_BLOCK_WORDS >= gc->blocks.frontier)
        return hm_large_is_object(&gc->heap.large, o);
    block = &gc->blocks.block[word / HM_BLOCK_WORDS];
    return block->state == HM_BLOCK_USED &&
           word % HM_BLOCK_WORDS % hm_marksweep_cell(block->class) == 0 &&
           hm_header_is_sound(*header) &&
           hm_header_words(*header) <= HM_LARGE_WORDS &&
           hm_marksweep_class(hm_header_words(*header)) == block->class;
}

/* Marks only at the starts of cells, and on sound headers. */
static const char *marksweep_check_marks(const struct hm_gc *gc, uint32_t b)
{
    const uint64_t *bits = hm_block_bits(&gc->blocks, b);
    uint64_t *start = hm_block_start(&gc->blocks, b);
    unsigned word = hm_block_next_mark(bits, 0, HM_BLOCK_WORDS);

    while (word < HM_BLOCK_WORDS) {
        if (!marksweep_is_object(gc, (hm_ref)(start + word + 1)))
            return "marksweep: a mark is not on an object";
        word = hm_block_next_mark(bits, word + 1, HM_BLOCK_WORDS);
    }
    return NULL;
}

/* Every listed block is of the list's class and has a hole. */
static const char *marksweep_check_lists(const struct hm_gc *gc)
{
    for (unsigned c = 0; c < HM_MARKSWEEP_CLASSES; c++) {
        uint32_t b = gc->partial[c];

        for (; b != HM_BLOCK_NONE; b = gc->blocks.block[b].next) {
            const struct hm_block *block = &gc->blocks.block[b];

            if (block->state != HM_BLOCK_USED || block->class != c ||
                block->marked >= HM_BLOCK_WORDS / hm_marksweep_cell(c))
                return "marksweep: a block is in the wrong list";
        }
    }
    return NULL;
}

const char *marksweep_check(struct hm_gc *gc, uint64_t *bytes)
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
