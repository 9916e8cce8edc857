/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/marker.h"

#include "collectors/substrate/bits.h"

static inline void marker_push(struct hm_marker *marker, hm_ref o)
{
    if (o != NULL)
        hm_mark_queue_push(&marker->queue, o);
}

/* Index of a header's word in the range; beyond it for a large object. */
static inline size_t marker_word(const struct hm_marker *marker,
                                 const uint64_t *header)
{
    return ((uintptr_t)header - (uintptr_t)marker->base) / HM_WORD_BYTES;
}

static void marker_note_large(struct hm_marker *marker, hm_ref o)
{
    if (!hm_large_of(o)->is_marked)
        hm_weak_note(marker->weak, o);
}

/* Follows what is queued; large objects stay in a list of their own. */
static inline __attribute__((always_inline)) void marker_drain_as(
    struct hm_marker *marker, int marks_whole, int is_noting)
{
    uint64_t *header, *bits = marker->bits, marked_words = 0;

    while ((header = hm_mark_queue_pop(&marker->queue)) != NULL) {
        size_t word = marker_word(marker, header), n;
        hm_ref *slot = (hm_ref *)(void *)(header + 1);

        if (HM_UNLIKELY(word >= marker->words)) {
            if (is_noting)
                marker_note_large(marker, (hm_ref)(header + 1));
            hm_large_mark(marker->large, (hm_ref)(header + 1));
            continue;
        }
        if (hm_bits_get(bits, word))
            continue;
        HM_ASSERT(hm_header_is_sound(*header));
        if (marks_whole) {
            hm_bits_set_range(bits, word, hm_header_words(*header));
        } else {
            hm_bits_set(bits, word);
        }
        if (is_noting)
            hm_weak_note(marker->weak, (hm_ref)(header + 1));
        marked_words += hm_header_words(*header);
        n = hm_header_refs(*header);
        for (size_t i = 0; i < n; i++)
            marker_push(marker, slot[i]);
    }
    marker->marked_words += marked_words;
}

static __attribute__((noinline)) void marker_drain_noting(
    struct hm_marker *marker)
{
    marker_drain_as(marker, marker->marks_whole, 1);
}

static void marker_drain(struct hm_marker *marker)
{
    if (HM_UNLIKELY(marker->weak != NULL)) {
        marker_drain_noting(marker);
    } else if (marker->marks_whole) {
        marker_drain_as(marker, 1, 0);
    } else {
        marker_drain_as(marker, 0, 0);
    }
}

static void marker_root(void *arg, hm_ref *slot)
{
    struct hm_marker *marker = arg;

    marker_push(marker, *slot);
    if (hm_mark_queue_is_busy(&marker->queue))
        marker_drain(marker);
}

static void marker_drain_all(struct hm_marker *marker)
{
    size_t n;
    hm_ref *slot;

    do {
        marker_drain(marker);
        n = hm_large_scan(marker->large, HM_MARK_CHUNK, &slot);
        for (size_t i = 0; i < n; i++)
            marker_push(marker, slot[i]);
    } while (n > 0);
}

static void marker_rescan_object(struct hm_marker *marker, uint64_t *header)
{
    hm_ref *slot = (hm_ref *)(void *)(header + 1);
    size_t n = hm_header_refs(*header);

    for (size_t i = 0; i < n; i++) {
        size_t word;

        if (slot[i] == NULL)
            continue;
        word = marker_word(marker, hm_header_of(slot[i]));
        if (word >= marker->words || !hm_bits_get(marker->bits, word))
            hm_mark_queue_push(&marker->queue, slot[i]);
        if (hm_mark_queue_is_busy(&marker->queue))
            marker_drain(marker);
    }
    marker_drain_all(marker);
}

/* The queue has dropped references: those to be followed are the ones from
 * marked objects to unmarked ones.  Only small objects can have lost some;
 * each pass marks at least one more. */
static void marker_rescan(struct hm_marker *marker)
{
    size_t word = hm_bits_next(marker->bits, 0, marker->words);

    marker->rescans++;
    marker->queue.has_dropped = 0;
    while (word < marker->words) {
        uint64_t *header = marker->base + word;

        marker_rescan_object(marker, header);
        word += marker->marks_whole ? hm_header_words(*header) : 1;
        word = hm_bits_next(marker->bits, word, marker->words);
    }
}

static void marker_mark_alone(struct hm_marker *marker,
                              const struct hm_roots *roots)
{
    hm_roots_each(roots, marker_root, marker);
    marker_drain_all(marker);
}

/* What was dropped, this thread finds. */
static void marker_mark_together(struct hm_marker *marker,
                                 const struct hm_roots *roots)
{
    struct hm_parallel_marker *parallel = &marker->parallel;

    parallel->base = marker->base;
    parallel->bits = marker->bits;
    parallel->words = marker->words;
    parallel->marks_whole = marker->marks_whole;
    parallel->large = marker->large;
    if (hm_parallel_marker_run(parallel, roots, &marker->marked_words))
        return;
    hm_large_requeue(marker->large);
    marker_mark_alone(marker, roots);
    marker->queue.has_dropped = 1;
}

int hm_marker_open(struct hm_marker *marker, size_t heap_bytes,
                   unsigned threads)
{
    return hm_mark_queue_open(&marker->queue,
                              hm_mark_queue_bytes(heap_bytes)) &&
           hm_parallel_marker_open(&marker->parallel, threads, heap_bytes);
}

void hm_marker_close(struct hm_marker *marker)
{
    hm_parallel_marker_close(&marker->parallel);
    hm_mark_queue_close(&marker->queue);
}

void hm_marker_run(struct hm_marker *marker, const struct hm_roots *roots)
{
    HM_ASSERT(hm_mark_queue_is_empty(&marker->queue));
    marker->weak = NULL;
    marker->marked_words = 0;
    marker->rescans = 0;
    if (marker->parallel.workers.n > 1) {
        marker_mark_together(marker, roots);
    } else {
        marker_mark_alone(marker, roots);
    }
    while (marker->queue.has_dropped)
        marker_rescan(marker);
    HM_ASSERT(hm_mark_queue_is_empty(&marker->queue));
}

static hm_ref marker_resolve(void *arg, hm_ref o)
{
    const struct hm_marker *marker = arg;
    size_t word = marker_word(marker, hm_header_of(o));

    if (word < marker->words)
        return hm_bits_get(marker->bits, word) ? o : NULL;
    return hm_large_of(o)->is_marked ? o : NULL;
}

static void marker_drain_weak(void *arg)
{
    struct hm_marker *marker = arg;

    marker_drain_all(marker);
    while (marker->queue.has_dropped)
        marker_rescan(marker);
}

void hm_marker_weak(struct hm_marker *marker, struct hm_weak *weak)
{
    struct hm_weak_pass pass = {.arg = marker,
                                .resolve = marker_resolve,
                                .mark = marker_root,
                                .drain = marker_drain_weak};

    marker->weak = weak;
    hm_weak_process(weak, &pass);
    marker->weak = NULL;
    HM_ASSERT(hm_mark_queue_is_empty(&marker->queue));
}
