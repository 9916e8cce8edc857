/* SPDX-License-Identifier: MIT */
/* immix_mark.c -- marking, and copying out of the source blocks on the way.
 *
 * A reference to an object of a source block is dealt with where it is met:
 * the slot must change.  All others go through the queue.  The first copy for
 * which there is no room ends copying for this collection, since an object
 * that was marked in its place must not move later. */
#include "collectors/immix/immix_heap.h"

enum { IMMIX_AHEAD_BYTES = 32 };

/* Room for a copy, or NULL. */
static uint64_t *immix_copy_room(struct hm_gc *gc, size_t words)
{
    struct immix_cursor *copy = &gc->copy;
    uint64_t *start;

    if ((size_t)(copy->end - copy->hole.free) < words &&
        !hm_immix_advance(gc, copy, words, 0))
        return NULL;
    start = copy->hole.free;
    copy->hole.free += words;
    return start;
}

/* Copies *slot out of its source block, once, and leads the slot to the copy.
 * Returns what has to be queued: the copy if it is new, the object if there is
 * no room, else NULL. */
static hm_ref immix_forward(struct hm_gc *gc, hm_ref *slot)
{
    uint64_t *header = hm_header_of(*slot), *to = NULL;
    size_t words;

    if (hm_header_is_forward(*header)) {
        *slot = hm_header_forward(*header);
        return NULL;
    }
    HM_ASSERT(hm_header_is_sound(immix_header(header)));
    words = hm_header_words(*header);
    if (gc->may_evacuate)
        to = immix_copy_room(gc, words);
    if (to == NULL) {
        gc->may_evacuate = 0;
        return *slot;
    }
    memcpy(to, header, words * HM_WORD_BYTES);
    *slot = (hm_ref)(to + 1);
    hm_header_set_forward(header, *slot);
    gc->heap.moved_bytes += words * HM_WORD_BYTES;
    return *slot;
}

static int immix_is_in_source(const struct hm_gc *gc, hm_ref o)
{
    size_t b = immix_word(gc, hm_header_of(o)) / HM_BLOCK_WORDS;

    return b < gc->blocks.frontier && gc->blocks.block[b].class == IMMIX_SOURCE;
}

/* Of small objects only: nothing is known of a large one without reading it. */
static int immix_is_old(const struct hm_gc *gc, hm_ref o)
{
    size_t word = immix_word(gc, hm_header_of(o));

    return word / HM_BLOCK_WORDS < gc->blocks.frontier &&
           hm_bits_get(gc->blocks.bits, word);
}

static inline void immix_edge(struct hm_gc *gc, hm_ref *slot,
                              const int is_evacuating)
{
    hm_ref o = *slot;

    if (HM_IMMIX_STICKY && gc->young.is_running && o != NULL &&
        immix_is_old(gc, o))
        return;
    if (is_evacuating && o != NULL && immix_is_in_source(gc, o))
        o = immix_forward(gc, slot);
    if (o != NULL)
        hm_mark_queue_push(&gc->queue, o);
}

/* Sets the lines of an object beyond the second: those two are known from the
 * mark. */
static void immix_mark_lines(struct hm_gc *gc, size_t word, size_t words)
{
    struct immix_block *info = &gc->info[word / HM_BLOCK_WORDS];
    size_t start = word % HM_BLOCK_WORDS;
    size_t last = (start + words - 1) / IMMIX_LINE_WORDS;

    gc->medium_bytes += words * HM_WORD_BYTES;
    for (size_t l = start / IMMIX_LINE_WORDS + 2; l <= last; l++)
        hm_bits_set(info->next, l);
}

/* sticky_immix: from now on a store must remember the object. */
static inline void immix_note_old(uint64_t *header)
{
    if (HM_IMMIX_STICKY)
        *header |= HM_HEADER_MARK;
}

/* The slots of every other small object lie in a second cache line. */
static inline uint64_t *immix_pop(struct hm_mark_queue *q)
{
    uint64_t *header = hm_mark_queue_pop(q);

    __builtin_prefetch(
        (const char *)q->ring[(q->head + HM_MARK_AHEAD) % HM_MARK_RING] +
        IMMIX_AHEAD_BYTES);
    return header;
}

/* The drain tells the table of each object that it marks, of a copy by its new
 * address; this, by the old one. */
static void immix_note_forward(struct hm_gc *gc, hm_ref o)
{
    if (o != NULL && immix_is_in_source(gc, o) &&
        !hm_header_is_forward(*hm_header_of(o)))
        hm_weak_note(&gc->heap.weak, o);
}

/* Follows what is queued; large objects stay in a list of their own. */
static inline __attribute__((always_inline)) void immix_drain_as(
    struct hm_gc *gc, const int is_evacuating, const int is_noting)
{
    uint64_t *header, *bits = gc->blocks.bits;
    uint64_t marked = 0;

    while ((header = immix_pop(&gc->queue)) != NULL) {
        size_t word = immix_word(gc, header), n, words;
        hm_ref *slot = (hm_ref *)(void *)(header + 1);

        if (word / HM_BLOCK_WORDS >= gc->blocks.frontier) {
            if (is_noting && !hm_large_of((hm_ref)(header + 1))->is_marked)
                hm_weak_note(&gc->heap.weak, (hm_ref)(header + 1));
            hm_large_mark(&gc->heap.large, (hm_ref)(header + 1));
            immix_note_old(header);
            continue;
        }
        if (hm_bits_get(bits, word))
            continue;
        hm_bits_set(bits, word);
        if (is_noting)
            hm_weak_note(&gc->heap.weak, (hm_ref)(header + 1));
        HM_ASSERT(hm_header_is_sound(immix_header(header)));
        immix_note_old(header);
        words = hm_header_words(*header);
        marked += words;
        if (words > IMMIX_LINE_WORDS)
            immix_mark_lines(gc, word, words);
        n = hm_header_refs(*header);
        for (size_t i = 0; i < n; i++) {
            if (is_noting)
                immix_note_forward(gc, slot[i]);
            immix_edge(gc, &slot[i], is_evacuating);
        }
    }
    gc->marked_bytes += marked * HM_WORD_BYTES;
}

static void immix_drain_plain(struct hm_gc *gc)
{
    immix_drain_as(gc, 0, 0);
}

static void immix_drain_evacuating(struct hm_gc *gc)
{
    immix_drain_as(gc, 1, 0);
}

static void immix_drain_noting(struct hm_gc *gc)
{
    immix_drain_as(gc, 1, 1);
}

struct immix_pass {
    struct hm_gc *gc;
    int is_evacuating;
    int is_noting; /* the weak table is to be told */
};

static void immix_drain(struct immix_pass *pass)
{
    if (pass->is_noting) {
        immix_drain_noting(pass->gc);
    } else if (pass->is_evacuating) {
        immix_drain_evacuating(pass->gc);
    } else {
        immix_drain_plain(pass->gc);
    }
}

static void immix_root(void *arg, hm_ref *slot)
{
    struct immix_pass *pass = arg;

    immix_edge(pass->gc, slot, pass->is_evacuating);
    if (hm_mark_queue_is_busy(&pass->gc->queue))
        immix_drain(pass);
}

static void immix_drain_large(struct immix_pass *pass)
{
    size_t n;
    hm_ref *slot;

    do {
        immix_drain(pass);
        n = hm_large_scan(&pass->gc->heap.large, HM_MARK_CHUNK, &slot);
        for (size_t i = 0; i < n; i++) {
            if (pass->is_noting)
                immix_note_forward(pass->gc, slot[i]);
            immix_edge(pass->gc, &slot[i], pass->is_evacuating);
        }
    } while (n > 0);
}

/* Queues the unmarked among the references of a marked object; its slots lead
 * to copies already. */
static void immix_rescan_object(struct immix_pass *pass, uint64_t *header)
{
    struct hm_gc *gc = pass->gc;
    hm_ref *slot = (hm_ref *)(void *)(header + 1);
    size_t n = hm_header_refs(*header);

    for (size_t i = 0; i < n; i++) {
        hm_ref o = slot[i];
        size_t word;

        if (o == NULL)
            continue;
        word = immix_word(gc, hm_header_of(o));
        if (word / HM_BLOCK_WORDS >= gc->blocks.frontier ||
            !hm_bits_get(gc->blocks.bits, word))
            hm_mark_queue_push(&gc->queue, o);
        if (hm_mark_queue_is_busy(&gc->queue))
            immix_drain(pass);
    }
    immix_drain_large(pass);
}

/* The queue has dropped references: those to be followed are the ones from
 * marked objects to unmarked ones.  Only small objects can have lost some;
 * each pass marks at least one more. */
static void immix_rescan(struct immix_pass *pass)
{
    struct hm_gc *gc = pass->gc;

    gc->queue.has_dropped = 0;
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        const uint64_t *bits = hm_block_bits(&gc->blocks, b);
        uint64_t *start = hm_block_start(&gc->blocks, b);
        size_t word = hm_bits_next(bits, 0, HM_BLOCK_WORDS);

        while (word < HM_BLOCK_WORDS) {
            immix_rescan_object(pass, start + word);
            word = hm_bits_next(bits, word + 1, HM_BLOCK_WORDS);
        }
    }
}

/* Forgets the slot. */
static int immix_remembered_slot(void *arg, hm_ref *slot)
{
    immix_root(arg, slot);
    return 0;
}

/* What was remembered is old, and its references are roots. */
static void immix_remembered(struct immix_pass *pass)
{
    struct immix_young *young = &pass->gc->young;

    for (size_t i = 0; i < young->logged; i++) {
        uint64_t *header = young->log[i];
        hm_ref *slot = (hm_ref *)(void *)(header + 1);
        size_t n = hm_header_refs(*header);

        immix_note_old(header);
        for (size_t k = 0; k < n; k++)
            immix_root(pass, &slot[k]);
    }
    young->logged = 0;
    hm_slot_set_each(&young->slots, immix_remembered_slot, pass);
}

static hm_ref immix_resolve(void *arg, hm_ref o)
{
    const struct hm_gc *gc = ((struct immix_pass *)arg)->gc;
    const uint64_t *header = hm_header_of(o);
    size_t word = immix_word(gc, header);

    if (word / HM_BLOCK_WORDS >= gc->blocks.frontier)
        return hm_large_of(o)->is_marked ? o : NULL;
    if (hm_header_is_forward(*header))
        return hm_header_forward(*header);
    return hm_bits_get(gc->blocks.bits, word) ? o : NULL;
}

static void immix_weak_mark(void *arg, hm_ref *slot)
{
    struct immix_pass *pass = arg;

    immix_note_forward(pass->gc, *slot);
    immix_root(pass, slot);
}

static void immix_weak_drain(void *arg)
{
    struct immix_pass *pass = arg;

    immix_drain_large(pass);
    while (pass->gc->queue.has_dropped)
        immix_rescan(pass);
}

static void immix_weak(struct immix_pass *pass)
{
    struct hm_weak_pass weak_pass = {.arg = pass,
                                     .resolve = immix_resolve,
                                     .mark = immix_weak_mark,
                                     .drain = immix_weak_drain,
                                     .is_minor = pass->gc->young.is_running};

    pass->is_noting = 1;
    hm_weak_process(&pass->gc->heap.weak, &weak_pass);
}

void hm_immix_mark(struct hm_gc *gc, int is_evacuating)
{
    struct immix_pass pass = {.gc = gc, .is_evacuating = is_evacuating};

    HM_ASSERT(hm_mark_queue_is_empty(&gc->queue));
    gc->may_evacuate = is_evacuating;
    if (!HM_IMMIX_STICKY || !gc->young.is_running) {
        gc->marked_bytes = gc->medium_bytes = 0;
        hm_blocks_clear_marks(&gc->blocks);
    }
    if (HM_IMMIX_STICKY || is_evacuating || !hm_immix_mark_together(gc)) {
        hm_roots_each(&gc->heap.roots, immix_root, &pass);
        if (HM_IMMIX_STICKY)
            immix_remembered(&pass);
        immix_drain_large(&pass);
    }
    while (gc->queue.has_dropped)
        immix_rescan(&pass);
    immix_weak(&pass);
    HM_ASSERT(hm_mark_queue_is_empty(&gc->queue));
}
