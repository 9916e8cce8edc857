/* SPDX-License-Identifier: MIT */
/* Full collections: marking, and sorting the blocks for the lazy sweep.
 *
 * All words of an old object are marked, not only its first: the sweep finds
 * gaps without reading a header, and a remembered slot lives if it is marked.
 * Young objects carry the mark in their header until marking ends. */
#include "collectors/generational/generational_heap.h"

enum { MARK_SCAN_CHUNK = 256 };

/* So references of roots, of large objects and of a rescan never drop. */
_Static_assert((int)HM_MARK_RING / 2 >= (int)HM_LARGE_WORDS,
               "a drained ring takes the references of any small object");

/* A slot set's chunk is a block, and both bitmaps have the same shape. */
_Static_assert((int)HM_SLOT_CHUNK_WORDS == (int)HM_BLOCK_WORDS,
               "slots and marks are intersected word by word");

static inline void mark_push(struct hm_gc *gc, hm_ref o)
{
    if (o != NULL)
        hm_mark_queue_push(&gc->queue, o);
}

/* Marks what is not an old small object.  Returns whether its references are
 * to be followed now. */
static int mark_elsewhere(struct hm_gc *gc, uint64_t *header)
{
    hm_ref o = (hm_ref)(header + 1);

    if (!hm_generational_is_young(&gc->mutator, o)) {
        hm_large_mark(&gc->heap.large, o);
        return 0;
    }
    if (*header & HM_HEADER_MARK)
        return 0;
    HM_ASSERT(hm_header_is_sound(*header));
    *header |= HM_HEADER_MARK;
    gc->young_marked_bytes += hm_header_words(*header) * HM_WORD_BYTES;
    return 1;
}

/* The queue prefetches the header that it will give out some entries later;
 * this, its mark.  An old entry may be there: that does no harm. */
static inline void mark_prefetch(const struct hm_gc *gc)
{
    unsigned i = (gc->queue.head + HM_MARK_AHEAD) % HM_MARK_RING;
    size_t word = generational_word(gc, gc->queue.ring[i]);

    if (word < (size_t)gc->old.blocks.frontier * HM_BLOCK_WORDS)
        __builtin_prefetch(gc->old.blocks.bits + word / 64);
}

/* Follows what is queued; large objects stay in a list of their own. */
static void mark_drain(struct hm_gc *gc)
{
    const struct hm_blocks *blocks = &gc->old.blocks;
    uint64_t *header;

    while ((header = hm_mark_queue_pop(&gc->queue)) != NULL) {
        size_t word = generational_word(gc, header), n;
        hm_ref *slot = (hm_ref *)(void *)(header + 1);

        mark_prefetch(gc);
        if (HM_LIKELY(word / HM_BLOCK_WORDS < blocks->frontier)) {
            if (hm_bits_get(blocks->bits, word))
                continue;
            HM_ASSERT(hm_header_is_sound(*header));
            hm_bits_set_range(blocks->bits, word, hm_header_words(*header));
        } else if (!mark_elsewhere(gc, header)) {
            continue;
        }
        n = hm_header_refs(*header);
        for (size_t i = 0; i < n; i++)
            mark_push(gc, slot[i]);
    }
}

static void mark_root(void *arg, hm_ref *slot)
{
    struct hm_gc *gc = arg;

    mark_push(gc, *slot);
    if (hm_mark_queue_is_busy(&gc->queue))
        mark_drain(gc);
}

static void mark_drain_large(struct hm_gc *gc)
{
    size_t n;
    hm_ref *slot;

    do {
        mark_drain(gc);
        n = hm_large_scan(&gc->heap.large, MARK_SCAN_CHUNK, &slot);
        for (size_t i = 0; i < n; i++)
            mark_push(gc, slot[i]);
    } while (n > 0);
}

/* Pushes the references of a marked object again; those that are marked are
 * dropped when they come out. */
static void mark_rescan_object(struct hm_gc *gc, uint64_t *header)
{
    hm_ref *slot = (hm_ref *)(void *)(header + 1);
    size_t n = hm_header_refs(*header);

    for (size_t i = 0; i < n; i++)
        mark_push(gc, slot[i]);
    mark_drain_large(gc);
}

/* A run of marked words is a run of whole objects. */
static void mark_rescan_block(struct hm_gc *gc, uint32_t b)
{
    const uint64_t *bits = hm_block_bits(&gc->old.blocks, b);
    uint64_t *start = hm_block_start(&gc->old.blocks, b);
    unsigned word = generational_next_mark(bits, 0);

    while (word < HM_BLOCK_WORDS) {
        mark_rescan_object(gc, start + word);
        word += (unsigned)hm_header_words(start[word]);
        word = generational_next_mark(bits, word);
    }
}

/* The queue has dropped references: those to be followed are the ones from
 * marked objects to unmarked ones.  Only small objects can have lost some;
 * each pass marks at least one more. */
static void mark_rescan(struct hm_gc *gc)
{
    gc->queue.has_dropped = 0;
    for (uint32_t b = 0; b < gc->old.blocks.frontier; b++) {
        if (gc->old.blocks.block[b].state == HM_BLOCK_USED)
            mark_rescan_block(gc, b);
    }
    for (uint64_t *h = generational_space(gc); h < gc->mutator.free;
         h += hm_header_words(*h)) {
        if (*h & HM_HEADER_MARK)
            mark_rescan_object(gc, h);
    }
}

static void mark_clear_young(struct hm_gc *gc)
{
    for (uint64_t *h = generational_space(gc); h < gc->mutator.free;
         h += hm_header_words(*h))
        *h &= ~(uint64_t)HM_HEADER_MARK;
}

/* Forgets the remembered slots of dead objects. */
static void mark_clean_slots(struct hm_gc *gc)
{
    struct hm_slot_set *slots = &gc->old.slots;

    for (uint32_t c = slots->listed; c != HM_SLOT_CHUNK_NONE;
         c = slots->chunk[c].next) {
        hm_slot_set_keep(slots, c, hm_block_bits(&gc->old.blocks, c));
    }
    for (struct hm_large_object *o = gc->heap.large.all; o != NULL;
         o = o->next) {
        size_t n = hm_header_refs(o->header);

        if (!o->is_marked)
            hm_slot_set_remove(&gc->large_slots, o + 1, n);
    }
}

/* Frees blocks without a mark and puts those with a gap into bins, by how much
 * of them lives.  Returns the words that live. */
static size_t mark_sort_blocks(struct hm_gc *gc)
{
    struct hm_blocks *blocks = &gc->old.blocks;
    size_t live = 0;

    for (uint32_t b = blocks->frontier; b-- > 0;) {
        struct hm_block *block = &blocks->block[b];
        unsigned words;

        if (block->state != HM_BLOCK_USED)
            continue;
        words = hm_blocks_count_marks(blocks, b);
        live += words;
        block->marked = (uint16_t)words;
        block->class = GENERATIONAL_MARKED;
        if (words == 0) {
            hm_blocks_give(blocks, b);
        } else if (words < HM_BLOCK_WORDS) {
            unsigned i = words * GENERATIONAL_BINS / HM_BLOCK_WORDS;

            block->next = gc->old.unswept[i];
            gc->old.unswept[i] = b;
        }
    }
    return live;
}

void hm_generational_mark(struct hm_gc *gc)
{
    HM_ASSERT(hm_mark_queue_is_empty(&gc->queue));
    gc->young_marked_bytes = 0;
    hm_blocks_clear_marks(&gc->old.blocks);
    hm_roots_each(&gc->heap.roots, gc->mutator.frames, mark_root, gc);
    mark_drain_large(gc);
    while (gc->queue.has_dropped)
        mark_rescan(gc);
    mark_clear_young(gc);
    mark_clean_slots(gc);
    hm_large_sweep(&gc->heap.large);
    hm_generational_old_reset(gc);
    gc->old.bytes = mark_sort_blocks(gc) * HM_WORD_BYTES;
}
