/* SPDX-License-Identifier: MIT */
/* The end of a full collection: marking is completed, sparse blocks are
 * emptied, the blocks are sorted for the lazy sweep. */
#include "collectors/generational/generational_heap.h"

/* A slot set's chunk is a block, and both bitmaps have the same shape. */
_Static_assert((int)HM_SLOT_CHUNK_WORDS == (int)HM_BLOCK_WORDS,
               "slots and marks are intersected word by word");

static void finish_clear_young(struct hm_gc *gc)
{
    for (uint64_t *h = generational_space(gc); h < gc->mutator.free;
         h += hm_header_words(*h))
        *h &= ~(uint64_t)HM_HEADER_MARK;
}

/* Forgets the slots of objects that are dead or have moved. */
static void finish_clean_slots(struct hm_gc *gc)
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

/* Sorts all blocks but candidates.  Returns the words that live. */
static size_t finish_sort_blocks(struct hm_gc *gc)
{
    struct hm_blocks *blocks = &gc->old.blocks;
    size_t live = 0;

    for (uint32_t b = blocks->frontier; b-- > 0;) {
        if (blocks->block[b].state != HM_BLOCK_USED)
            continue;
        if (hm_bits_get(gc->evacuation.candidate, b)) {
            live += hm_blocks_count_marks(blocks, b);
        } else {
            live += hm_generational_old_sort(gc, b);
        }
    }
    return live;
}

static void finish_demand(struct hm_gc *gc)
{
    const char *wrong = hm_generational_check_marked(gc);

    if (wrong != NULL)
        hm_check_failed(__FILE__, __LINE__, wrong);
}

/* What is marked stays where it is, or moves; the rest is to be swept. */
static void finish_sweep(struct hm_gc *gc, int is_exact)
{
    finish_clean_slots(gc);
    hm_generational_old_reset(gc);
    if (is_exact)
        hm_generational_choose(gc, 1);
    gc->old.bytes = finish_sort_blocks(gc) * HM_WORD_BYTES;
    if (gc->evacuation.n_candidates > 0)
        hm_generational_evacuate(gc);
    hm_generational_evacuation_end(gc);
    hm_large_sweep(&gc->heap.large);
}

void hm_generational_mark(struct hm_gc *gc, int is_exact)
{
    if (is_exact && generational_is_marking(gc)) {
        hm_generational_mark_abandon(gc);
        hm_generational_evacuation_end(gc);
        gc->cycle.phase = GENERATIONAL_IDLE;
    }
    if (!generational_is_marking(gc)) {
        if (!is_exact)
            hm_generational_choose(gc, 0);
        hm_generational_mark_begin(gc);
    }
    hm_generational_mark_rest(gc);
    hm_generational_mark_weak(gc);
    finish_clear_young(gc);
    if (gc->heap.config.verify)
        finish_demand(gc);
    finish_sweep(gc, is_exact);
}
