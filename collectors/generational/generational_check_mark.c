/* SPDX-License-Identifier: MIT */
/* The verifier of marking: between increments, no scanned object refers to one
 * that is neither marked nor queued; at the end, all that is reachable is
 * marked; slots that refer to blocks to be emptied are recorded. */
#include "collectors/generational/generational_heap.h"
#include "common/arena.h"

/* Old objects in the queue: a bit for each word. */
struct check_queue {
    struct hm_gc *gc;
    uint64_t *bits;
    size_t old_words;
};

static int check_is_marked(const void *arg, hm_ref o)
{
    const struct hm_gc *gc = arg;
    const uint64_t *header = hm_header_of(o);
    size_t word = generational_word(gc, header);

    if (hm_generational_is_young(&gc->mutator, o))
        return header >= generational_space(gc) && header < gc->mutator.free;
    if (word < (size_t)gc->old.blocks.frontier * HM_BLOCK_WORDS)
        return hm_bits_get(gc->old.blocks.bits, word);
    return hm_large_is_object(&gc->heap.large, o) && hm_large_of(o)->is_marked;
}

static const char *check_recorded(const struct hm_gc *gc, const hm_ref *slot)
{
    const struct generational_evacuation *e = &gc->evacuation;
    const struct hm_slot_set *set =
        hm_range_has(&gc->old.blocks.range, slot) ? &e->slots : &e->large_slots;

    if (e->is_recording && *slot != NULL &&
        generational_is_candidate(gc, hm_header_of(*slot)) &&
        !hm_slot_set_has(set, slot)) {
        return "generational: a slot that refers to a block to be emptied is "
               "not recorded";
    }
    return NULL;
}

static int check_is_queued_large(const struct hm_gc *gc, const uint64_t *header)
{
    const struct hm_mark_queue *q = &gc->queue;

    for (unsigned i = q->head; i != q->tail; i++) {
        if (q->ring[i % HM_MARK_RING] == header)
            return 1;
    }
    for (size_t i = 0; i < q->depth; i++) {
        if (q->stack[i] == header)
            return 1;
    }
    return 0;
}

static int check_is_grey(const struct check_queue *check,
                         const uint64_t *header)
{
    size_t word = generational_word(check->gc, header);

    return word < check->old_words ? hm_bits_get(check->bits, word)
                                   : check_is_queued_large(check->gc, header);
}

/* The first n slots of an object that has been scanned. */
static const char *check_scanned(const struct check_queue *check,
                                 const hm_ref *slot, size_t n)
{
    const struct hm_gc *gc = check->gc;

    for (size_t i = 0; i < n; i++) {
        const char *wrong = check_recorded(gc, &slot[i]);

        if (wrong != NULL)
            return wrong;
        if (slot[i] != NULL && !gc->queue.has_dropped &&
            !gc->cycle.is_rescanning && !check_is_marked(gc, slot[i]) &&
            !check_is_grey(check, hm_header_of(slot[i]))) {
            return "generational: an object that has been scanned refers to "
                   "one that is not marked";
        }
    }
    return NULL;
}

static const char *check_blocks(const struct check_queue *check)
{
    const uint64_t *bits = check->gc->old.blocks.bits;
    uint64_t *start = (void *)check->gc->old.blocks.range.start;
    size_t word = hm_bits_next(bits, 0, check->old_words);
    const char *wrong = NULL;

    while (word < check->old_words && wrong == NULL) {
        uint64_t header = start[word];

        if (!hm_header_is_sound(header))
            return "generational: what is marked is no object";
        wrong = check_scanned(check, (hm_ref *)(void *)(start + word + 1),
                              hm_header_refs(header));
        word = hm_bits_next(bits, word + hm_header_words(header),
                            check->old_words);
    }
    return wrong;
}

static const char *check_large(const struct check_queue *check)
{
    const struct hm_large *large = &check->gc->heap.large;
    const char *wrong = NULL;

    for (struct hm_large_object *o = large->grey; o != NULL; o = o->grey) {
        if (!o->is_marked)
            return "generational: a large object waits that is not marked";
    }
    for (struct hm_large_object *o = large->all; o != NULL && wrong == NULL;
         o = o->next) {
        if (o->is_marked) {
            wrong =
                check_scanned(check, hm_slots_of(hm_large_ref(o)), o->scanned);
        }
    }
    return wrong;
}

static const char *check_queue(struct check_queue *check)
{
    const struct hm_gc *gc = check->gc;
    const struct hm_mark_queue *q = &gc->queue;
    size_t ring = q->tail - q->head;

    for (size_t i = 0; i < ring + q->depth; i++) {
        const uint64_t *header = i < ring
                                     ? q->ring[(q->head + i) % HM_MARK_RING]
                                     : q->stack[i - ring];
        size_t word = generational_word(gc, header);

        if (hm_generational_is_young(&gc->mutator, (hm_ref)(header + 1)))
            return "generational: the queue leads into the nursery";
        if (word < check->old_words)
            hm_bits_set(check->bits, word);
    }
    return NULL;
}

const char *hm_generational_check_marking(struct hm_gc *gc)
{
    struct check_queue check = {.gc = gc,
                                .old_words = (size_t)gc->old.blocks.frontier *
                                             HM_BLOCK_WORDS};
    const char *wrong;

    if (!generational_is_marking(gc))
        return NULL;
    check.bits = hm_arena_reserve(check.old_words / 8 + 8);
    wrong = check_queue(&check);
    if (wrong == NULL)
        wrong = check_blocks(&check);
    if (wrong == NULL)
        wrong = check_large(&check);
    hm_arena_release(check.bits, check.old_words / 8 + 8);
    return wrong;
}

const char *hm_generational_check_marked(struct hm_gc *gc)
{
    struct hm_verify verify = {
        .roots = &gc->heap.roots, .is_object = check_is_marked, .heap = gc};
    const char *wrong = NULL;

    if (!hm_generational_is_marked(gc))
        return "generational: marking ended with work left";
    wrong = hm_verify_trace(&verify);
    return wrong == NULL
               ? NULL
               : "generational: marking missed an object that is reachable";
}
