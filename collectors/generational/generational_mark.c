/* SPDX-License-Identifier: MIT */
/* Marking: at once in a pause, or in increments between young collections.
 *
 * All words of an old object are marked, not only its first: the sweep finds
 * gaps without reading a header, a remembered slot lives if it is marked, and
 * a marked slot belongs to an object that has been scanned.  In a pause young
 * objects are followed, too, and carry the mark in their header until it ends;
 * increments leave references to them out, so the queue never leads into the
 * nursery when a young collection moves what is there. */
#include "collectors/generational/generational_heap.h"

enum { MARK_SOURCE_WORDS = 4096 };

/* What marking does besides; constants, so each use has its own loop. */
enum {
    MARK_OLD = 0,
    MARK_YOUNG = 1,  /* follows references into the nursery */
    MARK_RECORD = 2, /* records slots that refer to candidates */
    MARK_NOTE = 4,   /* tells the weak table what is marked */
};

static inline __attribute__((always_inline)) void mark_slots(struct hm_gc *gc,
                                                             hm_ref *slot,
                                                             size_t n, int mode)
{
    for (size_t i = 0; i < n; i++) {
        hm_ref o = slot[i];

        if (o == NULL ||
            (!(mode & MARK_YOUNG) && hm_generational_is_young(&gc->mutator, o)))
            continue;
        if (mode & MARK_RECORD)
            hm_generational_record(gc, &slot[i]);
        hm_mark_queue_push(&gc->queue, o);
    }
}

/* Marks what is not an old small object.  Returns its words if it was not
 * marked and its references are to be followed now, else 0. */
static __attribute__((noinline)) size_t mark_elsewhere(struct hm_gc *gc,
                                                       uint64_t *header,
                                                       int mode)
{
    hm_ref o = (hm_ref)(header + 1);

    if (!hm_generational_is_young(&gc->mutator, o)) {
        if ((mode & MARK_NOTE) && !hm_large_of(o)->is_marked)
            hm_weak_note(&gc->heap.weak, o);
        hm_large_mark(&gc->heap.large, o);
        return 0;
    }
    HM_ASSERT(mode & MARK_YOUNG);
    if (!(mode & MARK_YOUNG) || (*header & HM_HEADER_MARK))
        return 0;
    HM_ASSERT(hm_header_is_sound(*header));
    *header |= HM_HEADER_MARK;
    if (mode & MARK_NOTE)
        hm_weak_note(&gc->heap.weak, o);
    gc->young_marked_bytes += hm_header_words(*header) * HM_WORD_BYTES;
    mark_slots(gc, (void *)(header + 1), hm_header_refs(*header), MARK_YOUNG);
    return hm_header_words(*header);
}

/* Marks an object and queues its references.  Returns its words, or 0 if it
 * was marked. */
static inline __attribute__((always_inline)) size_t mark_visit(struct hm_gc *gc,
                                                               uint64_t *header,
                                                               int mode)
{
    const struct hm_blocks *blocks = &gc->old.blocks;
    size_t word = generational_word(gc, header), words;

    if (HM_UNLIKELY(word / HM_BLOCK_WORDS >= blocks->frontier))
        return mark_elsewhere(gc, header, mode);
    if (hm_bits_get(blocks->bits, word))
        return 0;
    HM_ASSERT(hm_header_is_sound(*header));
    words = hm_header_words(*header);
    hm_bits_set_range(blocks->bits, word, words);
    if (mode & MARK_NOTE)
        hm_weak_note(&gc->heap.weak, (hm_ref)(header + 1));
    mark_slots(gc, (void *)(header + 1), hm_header_refs(*header), mode);
    return words;
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

static inline __attribute__((always_inline)) void mark_all(struct hm_gc *gc,
                                                           int mode)
{
    uint64_t *header;

    while ((header = hm_mark_queue_pop(&gc->queue)) != NULL) {
        mark_prefetch(gc);
        (void)mark_visit(gc, header, mode);
    }
}

/* In a pause: follows what is queued; large objects stay in a list of their
 * own. */
static void mark_drain(struct hm_gc *gc)
{
    if (HM_UNLIKELY(gc->is_noting)) {
        mark_all(gc, MARK_YOUNG | MARK_RECORD | MARK_NOTE);
    } else if (gc->evacuation.is_recording) {
        mark_all(gc, MARK_YOUNG | MARK_RECORD);
    } else {
        mark_all(gc, MARK_YOUNG);
    }
}

static inline __attribute__((always_inline)) size_t mark_words(struct hm_gc *gc,
                                                               size_t words,
                                                               int mode)
{
    uint64_t *header;
    size_t done = 0;

    while (done < words && (header = hm_mark_queue_pop(&gc->queue)) != NULL) {
        mark_prefetch(gc);
        done += mark_visit(gc, header, mode);
    }
    return done;
}

/* An increment: the same in the old space, for at least `words` or all that is
 * queued.  Returns how many. */
static size_t mark_drain_words(struct hm_gc *gc, size_t words)
{
    return gc->evacuation.is_recording ? mark_words(gc, words, MARK_RECORD)
                                       : mark_words(gc, words, MARK_OLD);
}

static void mark_root(void *arg, hm_ref *slot)
{
    struct hm_gc *gc = arg;

    mark_slots(gc, slot, 1, MARK_YOUNG);
    if (hm_mark_queue_is_busy(&gc->queue))
        mark_drain(gc);
}

/* Queues references of an old object; `is_pause`: young ones as well. */
static void mark_old_slots(struct hm_gc *gc, hm_ref *slot, size_t n,
                           int is_pause)
{
    if (is_pause) {
        mark_slots(gc, slot, n, MARK_YOUNG);
    } else {
        mark_slots(gc, slot, n, MARK_OLD);
    }
    for (size_t i = 0; gc->evacuation.is_recording && i < n; i++)
        hm_generational_record(gc, &slot[i]);
}

static void mark_drain_large(struct hm_gc *gc)
{
    size_t n;
    hm_ref *slot;

    do {
        mark_drain(gc);
        n = hm_large_scan(&gc->heap.large, HM_MARK_CHUNK, &slot);
        mark_old_slots(gc, slot, n, 1);
    } while (n > 0);
}

/* The object where it is, if it is marked, else NULL. */
static hm_ref mark_resolve(void *arg, hm_ref o)
{
    const struct hm_gc *gc = arg;
    size_t word = generational_word(gc, hm_header_of(o));

    if (word / HM_BLOCK_WORDS < gc->old.blocks.frontier)
        return hm_bits_get(gc->old.blocks.bits, word) ? o : NULL;
    if (hm_generational_is_young(&gc->mutator, o))
        return *hm_header_of(o) & HM_HEADER_MARK ? o : NULL;
    return hm_large_of(o)->is_marked ? o : NULL;
}

/* Queues the unmarked among the references of a marked object, until the queue
 * is busy.  Returns whether these were all. */
static int mark_rescan_slots(struct hm_gc *gc, uint64_t *header, int mode)
{
    hm_ref *slot = (hm_ref *)(void *)(header + 1);
    size_t n = hm_header_refs(*header);

    for (size_t i = 0; i < n; i++) {
        if (hm_mark_queue_is_busy(&gc->queue))
            return 0;
        if (slot[i] != NULL && mark_resolve(gc, slot[i]) == NULL)
            mark_slots(gc, &slot[i], 1, mode);
    }
    return 1;
}

static void mark_rescan_object(struct hm_gc *gc, uint64_t *header)
{
    while (!mark_rescan_slots(gc, header, MARK_YOUNG))
        mark_drain(gc);
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

/* A slot that increments did not follow: what it refers to is young. */
static int mark_remembered(void *arg, hm_ref *slot)
{
    struct hm_gc *gc = arg;
    size_t word = generational_word(gc, slot);

    if (word / HM_BLOCK_WORDS >= gc->old.blocks.frontier ||
        hm_bits_get(gc->old.blocks.bits, word))
        mark_root(gc, slot);
    return 1;
}

void hm_generational_mark_rest(struct hm_gc *gc)
{
    if (generational_is_marking(gc)) {
        gc->queue.has_dropped |= gc->cycle.is_rescanning;
        hm_slot_set_each(&gc->old.slots, mark_remembered, gc);
        hm_slot_set_each(&gc->large_slots, mark_remembered, gc);
    }
    hm_roots_each(&gc->heap.roots, mark_root, gc);
    mark_drain_large(gc);
    while (gc->queue.has_dropped)
        mark_rescan(gc);
}

static void mark_weak_drain(void *arg)
{
    struct hm_gc *gc = arg;

    mark_drain_large(gc);
    while (gc->queue.has_dropped)
        mark_rescan(gc);
}

static int mark_is_young(void *arg, hm_ref o)
{
    const struct hm_gc *gc = arg;

    return hm_generational_is_young(&gc->mutator, o);
}

void hm_generational_mark_weak(struct hm_gc *gc)
{
    struct hm_weak_pass pass = {.arg = gc,
                                .resolve = mark_resolve,
                                .mark = mark_root,
                                .drain = mark_weak_drain,
                                .is_young = mark_is_young};

    gc->is_noting = 1;
    hm_weak_process(&gc->heap.weak, &pass);
    gc->is_noting = 0;
}

void hm_generational_mark_begin(struct hm_gc *gc)
{
    HM_ASSERT(hm_mark_queue_is_empty(&gc->queue));
    gc->young_marked_bytes = 0;
    gc->cycle.is_rescanning = 0;
    hm_blocks_clear_marks(&gc->old.blocks);
}

void hm_generational_mark_abandon(struct hm_gc *gc)
{
    struct hm_large *large = &gc->heap.large;

    gc->queue.head = gc->queue.tail;
    gc->queue.depth = 0;
    gc->queue.has_dropped = 0;
    for (struct hm_large_object *o = large->all; o != NULL; o = o->next)
        o->is_marked = 0;
    large->grey = NULL;
}

static void mark_source(void *arg, hm_ref *slot)
{
    struct hm_gc *gc = arg;

    mark_slots(gc, slot, 1, MARK_OLD);
    if (hm_mark_queue_is_busy(&gc->queue))
        (void)mark_drain_words(gc, MARK_SOURCE_WORDS);
}

void hm_generational_mark_sources(struct hm_gc *gc)
{
    hm_roots_each(&gc->heap.roots, mark_source, gc);
    for (uint64_t *h = generational_space(gc); h < gc->mutator.free;
         h += hm_header_words(*h)) {
        for (size_t i = 0; i < hm_header_refs(*h); i++)
            mark_source(gc, (hm_ref *)(void *)(h + 1) + i);
    }
}

/* The next marked object of a rescan, at or after the word where it stands;
 * NULL at the end.  Whatever is marked meanwhile is scanned as it is marked. */
static uint64_t *mark_rescan_next(struct hm_gc *gc)
{
    const struct hm_blocks *blocks = &gc->old.blocks;
    size_t end = (size_t)blocks->frontier * HM_BLOCK_WORDS;
    size_t word = hm_bits_next(blocks->bits, gc->cycle.rescan, end);
    uint64_t *header = (uint64_t *)(void *)blocks->range.start + word;

    gc->cycle.rescan = word;
    return word < end ? header : NULL;
}

/* Queues the references of one more object that may have lost some.  0: there
 * is none. */
static int mark_rescan_step(struct hm_gc *gc)
{
    uint64_t *header;

    if (!gc->cycle.is_rescanning) {
        if (!gc->queue.has_dropped)
            return 0;
        gc->queue.has_dropped = 0;
        gc->cycle.is_rescanning = 1;
        gc->cycle.rescan = 0;
    }
    header = mark_rescan_next(gc);
    if (header == NULL) {
        gc->cycle.is_rescanning = 0;
    } else if (mark_rescan_slots(gc, header, MARK_OLD)) {
        gc->cycle.rescan += hm_header_words(*header);
    }
    return 1;
}

size_t hm_generational_mark_some(struct hm_gc *gc, size_t words)
{
    size_t done = 0, n;
    hm_ref *slot;

    for (;;) {
        done += mark_drain_words(gc, words - done);
        if (done >= words)
            return done;
        n = hm_large_scan(&gc->heap.large, HM_MARK_CHUNK, &slot);
        mark_old_slots(gc, slot, n, 0);
        done += n;
        if (n > 0)
            continue;
        if (!mark_rescan_step(gc))
            return done;
        done++;
    }
}

int hm_generational_is_marked(const struct hm_gc *gc)
{
    return hm_mark_queue_is_empty(&gc->queue) && gc->heap.large.grey == NULL &&
           !gc->queue.has_dropped && !gc->cycle.is_rescanning;
}

/* Whether the object around `slot` has not been scanned, so that it still will
 * be if it lives; large ones are taken to be scanned. */
static int mark_is_white(const struct hm_gc *gc, const hm_ref *slot)
{
    size_t word = generational_word(gc, slot);

    return word / HM_BLOCK_WORDS < gc->old.blocks.frontier &&
           !hm_bits_get(gc->old.blocks.bits, word);
}

/* The object is scanned at once, so storing it again and again adds nothing to
 * the queue, and a rescan finds what the queue drops here. */
void hm_generational_shade(struct hm_gc *gc, hm_ref *slot)
{
    if (mark_is_white(gc, slot))
        return;
    if (gc->evacuation.is_recording) {
        hm_generational_record(gc, slot);
        (void)mark_visit(gc, hm_header_of(*slot), MARK_RECORD);
    } else {
        (void)mark_visit(gc, hm_header_of(*slot), MARK_OLD);
    }
}

/* A remembered slot after a young collection that has kept them all. */
static int mark_promoted(void *arg, hm_ref *slot)
{
    struct hm_gc *gc = arg;

    if (*slot == NULL)
        return 0;
    if (hm_generational_is_young(&gc->mutator, *slot))
        return 1;
    hm_generational_shade(gc, slot);
    return 0;
}

void hm_generational_shade_promoted(struct hm_gc *gc)
{
    hm_slot_set_each(&gc->old.slots, mark_promoted, gc);
    hm_slot_set_each(&gc->large_slots, mark_promoted, gc);
}
