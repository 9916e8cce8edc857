/* SPDX-License-Identifier: MIT */
/* Selective evacuation: sparse old blocks are emptied into the gaps of others.
 *
 * Candidates chosen before marking are known while it goes on: slots that refer
 * to them are recorded, as young references are, and only these are updated.
 * Candidates chosen afterwards, by what really lives, need a walk over all that
 * is marked.  What finds no room stays where it is, marked, in a block like any
 * other: nothing can fail half-way. */
#include "collectors/generational/generational_heap.h"

/* Blocks with at least so much free, moving at most so much (V8: the same, by
 * pages of 256 KiB); more of both where memory is to be given back. */
enum { EVACUATE_FREE_PERCENT = 70, EVACUATE_FREE_PERCENT_EXACT = 20 };

#define EVACUATE_MOST_WORDS       (((size_t)4 << 20) / HM_WORD_BYTES)
#define EVACUATE_MOST_WORDS_EXACT (((size_t)12 << 20) / HM_WORD_BYTES)

/* Blocks are ordered by what is in use, in so many steps. */
enum { EVACUATE_BINS = 64 };

static size_t evacuate_table_bytes(const struct hm_gc *gc)
{
    return hm_round_up(gc->old.blocks.range.bytes / HM_BLOCK_BYTES / 8 + 8, 8);
}

int hm_generational_evacuation_open(struct hm_gc *gc)
{
    struct generational_evacuation *e = &gc->evacuation;
    size_t bytes = evacuate_table_bytes(gc);

    if (!hm_range_open(&e->range, bytes) || !hm_range_extend(&e->range, bytes))
        return 0;
    e->candidate = (void *)e->range.start;
    return hm_slot_set_open(&e->slots, &gc->old.blocks.range,
                            &gc->heap.budget) &&
           hm_slot_set_open(&e->large_slots, &gc->heap.large.extents.range,
                            &gc->heap.budget);
}

void hm_generational_evacuation_close(struct hm_gc *gc)
{
    hm_slot_set_close(&gc->evacuation.large_slots);
    hm_slot_set_close(&gc->evacuation.slots);
    hm_range_close(&gc->evacuation.range);
}

/* What a choice has to keep to. */
struct evacuate_choice {
    int is_marked;
    size_t most_words;         /* to be moved, all in all */
    unsigned block_words;      /* a candidate uses at most so many */
    size_t bin[EVACUATE_BINS]; /* words in use in blocks, by their use */
};

/* Words in use in a block that may be emptied; else HM_BLOCK_WORDS. */
static unsigned evacuate_use(const struct hm_gc *gc, uint32_t b)
{
    const struct hm_blocks *blocks = &gc->old.blocks;
    const uint64_t *start = hm_block_start(blocks, b);
    const uint64_t *cell = gc->old.free; /* may be the end of its block */

    if (blocks->block[b].state != HM_BLOCK_USED ||
        (cell >= start && cell <= start + HM_BLOCK_WORDS))
        return HM_BLOCK_WORDS;
    return blocks->block[b].marked;
}

static void evacuate_bound(struct hm_gc *gc, struct evacuate_choice *choice)
{
    int free_percent =
        choice->is_marked ? EVACUATE_FREE_PERCENT_EXACT : EVACUATE_FREE_PERCENT;

    choice->most_words =
        choice->is_marked ? EVACUATE_MOST_WORDS_EXACT : EVACUATE_MOST_WORDS;
    if (gc->evacuation.policy == 2)
        free_percent = 1;
    choice->block_words = HM_BLOCK_WORDS / 100 * (100 - (unsigned)free_percent);
}

static unsigned evacuate_bin(unsigned words)
{
    return words * EVACUATE_BINS / HM_BLOCK_WORDS;
}

/* The sparsest blocks whose words do not exceed the bound.  Returns the words;
 * *n = blocks. */
static size_t evacuate_pick(struct hm_gc *gc, struct evacuate_choice *choice)
{
    struct generational_evacuation *e = &gc->evacuation;
    size_t total = 0;
    unsigned last = 0;

    for (uint32_t b = 0; b < gc->old.blocks.frontier; b++) {
        unsigned words = evacuate_use(gc, b);

        if (words <= choice->block_words)
            choice->bin[evacuate_bin(words)] += words;
    }
    while (last < EVACUATE_BINS - 1 &&
           total + choice->bin[last] <= choice->most_words)
        total += choice->bin[last++];
    total = 0;
    for (uint32_t b = 0; b < gc->old.blocks.frontier; b++) {
        unsigned words = evacuate_use(gc, b);

        if (words > choice->block_words || evacuate_bin(words) > last ||
            total + words > choice->most_words)
            continue;
        total += words;
        e->n_candidates++;
        hm_bits_set(e->candidate, b);
    }
    return total;
}

/* Makes both sets ready for slots in the whole heap.  0: no room. */
static int evacuate_cover(struct hm_gc *gc)
{
    struct generational_evacuation *e = &gc->evacuation;
    size_t old = (size_t)gc->old.blocks.frontier * HM_BLOCK_BYTES;
    size_t large = (size_t)gc->heap.large.extents.frontier * HM_PAGE_BYTES;

    return hm_slot_set_cover(&e->slots, old) &&
           hm_slot_set_cover(&e->large_slots, large);
}

void hm_generational_choose(struct hm_gc *gc, int is_marked)
{
    struct generational_evacuation *e = &gc->evacuation;
    struct evacuate_choice choice = {.is_marked = is_marked};
    size_t words;

    HM_ASSERT(e->n_candidates == 0 && !e->is_recording);
    if (e->policy == 0)
        return;
    for (uint32_t b = 0; is_marked && b < gc->old.blocks.frontier; b++) {
        gc->old.blocks.block[b].marked =
            (uint16_t)hm_blocks_count_marks(&gc->old.blocks, b);
    }
    evacuate_bound(gc, &choice);
    words = evacuate_pick(gc, &choice);
    if (e->n_candidates <= words / HM_BLOCK_WORDS + 1 && e->policy != 2) {
        hm_generational_evacuation_end(gc); /* would free no block */
        return;
    }
    e->is_recording = !is_marked && e->n_candidates > 0;
    if (e->is_recording && !evacuate_cover(gc))
        hm_generational_evacuation_end(gc);
}

void hm_generational_record(struct hm_gc *gc, hm_ref *slot)
{
    struct generational_evacuation *e = &gc->evacuation;

    if (*slot == NULL || !generational_is_candidate(gc, hm_header_of(*slot)))
        return;
    hm_slot_set_add(hm_range_has(&gc->old.blocks.range, slot) ? &e->slots
                                                              : &e->large_slots,
                    slot);
}

/* The slots of the original: its place may soon serve another object. */
static void evacuate_forget_slots(struct hm_gc *gc, uint64_t *header)
{
    size_t n = hm_header_refs(*header);

    hm_slot_set_remove(&gc->old.slots, header + 1, n);
    if (gc->evacuation.is_recording)
        hm_slot_set_remove(&gc->evacuation.slots, header + 1, n);
}

/* Moves one object.  0: there is no room for it. */
static int evacuate_object(struct hm_gc *gc, uint64_t *header)
{
    size_t words = hm_header_words(*header);
    uint64_t *to = generational_old_new(gc, words);

    if (to == NULL)
        return 0;
    memcpy(to, header, words * HM_WORD_BYTES);
    evacuate_forget_slots(gc, header);
    hm_bits_set_range(gc->old.blocks.bits, generational_word(gc, to), words);
    gc->heap.moved_bytes += words * HM_WORD_BYTES;
    if (hm_header_refs(*header) > 0) {
        header[1] = (uintptr_t)gc->evacuation.moved;
        gc->evacuation.moved = header;
    }
    hm_header_set_forward(header, (hm_ref)(to + 1));
    return 1;
}

/* Moves what lives in block b, and takes its marks.  0: no room for all. */
static int evacuate_block(struct hm_gc *gc, uint32_t b)
{
    uint64_t *bits = hm_block_bits(&gc->old.blocks, b);
    uint64_t *start = hm_block_start(&gc->old.blocks, b);
    unsigned word = generational_next_mark(bits, 0);

    while (word < HM_BLOCK_WORDS) {
        size_t words = hm_header_words(start[word]);

        if (!evacuate_object(gc, start + word))
            return 0;
        hm_bits_clear_range(bits, word, words);
        word = generational_next_mark(bits, word + (unsigned)words);
    }
    return 1;
}

/* Candidates are known by now: any slot may be looked at. */
static inline void evacuate_update(struct hm_gc *gc, hm_ref *slot)
{
    const uint64_t *header;

    if (*slot == NULL)
        return;
    header = hm_header_of(*slot);
    if (generational_is_candidate(gc, header) && hm_header_is_forward(*header))
        *slot = hm_header_forward(*header);
}

static void evacuate_update_root(void *gc, hm_ref *slot)
{
    evacuate_update(gc, slot);
}

static int evacuate_update_slot(void *gc, hm_ref *slot)
{
    evacuate_update(gc, slot);
    return 0;
}

static void evacuate_update_object(struct hm_gc *gc, uint64_t *header)
{
    for (size_t i = 0; i < hm_header_refs(*header); i++)
        evacuate_update(gc, (hm_ref *)(void *)(header + 1) + i);
}

/* The copies, whose own slots nobody has recorded where they are now. */
static void evacuate_update_moved(struct hm_gc *gc)
{
    uint64_t *original;

    while ((original = gc->evacuation.moved) != NULL) {
        hm_ref o = hm_header_forward(*original);
        size_t n = hm_header_refs(*hm_header_of(o));

        gc->evacuation.moved = generational_link(original + 1);
        for (size_t i = 0; i < n; i++) {
            hm_ref *slot = &hm_slots_of(o)[i];

            evacuate_update(gc, slot);
            if (hm_generational_is_young(&gc->mutator, *slot))
                hm_slot_set_add(&gc->old.slots, slot);
        }
    }
}

/* Where no slots were recorded: all that is marked. */
static void evacuate_update_all(struct hm_gc *gc)
{
    const struct hm_blocks *blocks = &gc->old.blocks;
    size_t end = (size_t)blocks->frontier * HM_BLOCK_WORDS;
    uint64_t *start = (void *)blocks->range.start;

    for (size_t word = hm_bits_next(blocks->bits, 0, end); word < end;) {
        evacuate_update_object(gc, start + word);
        word = hm_bits_next(blocks->bits, word + hm_header_words(start[word]),
                            end);
    }
    for (struct hm_large_object *o = gc->heap.large.all; o != NULL; o = o->next)
        evacuate_update_object(gc, &o->header);
}

/* What is left in a candidate stays: it will be swept like any other block. */
static void evacuate_settle(struct hm_gc *gc)
{
    struct hm_blocks *blocks = &gc->old.blocks;

    for (uint32_t b = 0; b < blocks->frontier; b++) {
        if (hm_bits_get(gc->evacuation.candidate, b))
            hm_generational_old_sort(gc, b);
    }
}

void hm_generational_evacuate(struct hm_gc *gc)
{
    struct generational_evacuation *e = &gc->evacuation;

    for (uint32_t b = 0; b < gc->old.blocks.frontier; b++) {
        if (hm_bits_get(e->candidate, b) && !evacuate_block(gc, b))
            break;
    }
    evacuate_update_moved(gc);
    hm_roots_each(&gc->heap.roots, evacuate_update_root, gc);
    hm_weak_each(&gc->heap.weak, evacuate_update_root, gc, 1);
    for (uint64_t *h = generational_space(gc); h < gc->mutator.free;
         h += hm_header_words(*h))
        evacuate_update_object(gc, h);
    if (e->is_recording) {
        hm_slot_set_each(&e->slots, evacuate_update_slot, gc);
        hm_slot_set_each(&e->large_slots, evacuate_update_slot, gc);
    } else {
        evacuate_update_all(gc);
    }
    evacuate_settle(gc);
}

static int evacuate_forget(void *arg, hm_ref *slot)
{
    (void)arg;
    (void)slot;
    return 0;
}

void hm_generational_evacuation_end(struct hm_gc *gc)
{
    struct generational_evacuation *e = &gc->evacuation;

    if (e->n_candidates > 0)
        memset(e->candidate, 0, gc->old.blocks.frontier / 8 + 1);
    e->n_candidates = 0;
    e->is_recording = 0;
    hm_slot_set_each(&e->slots, evacuate_forget, NULL);
    hm_slot_set_each(&e->large_slots, evacuate_forget, NULL);
    hm_slot_set_trim(&e->slots, 0);
    hm_slot_set_trim(&e->large_slots, 0);
}
