/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/snapshot.h"

enum {
    SNAPSHOT_OBJECT_WORK = 4, /* of an object without references */
    SNAPSHOT_WALK = 64,       /* marked objects passed between two drains */
};

int hm_snapshot_open(struct hm_snapshot *s, size_t stack_bytes)
{
    return hm_mark_queue_open(&s->queue, stack_bytes);
}

void hm_snapshot_close(struct hm_snapshot *s)
{
    hm_mark_queue_close(&s->queue);
}

void hm_snapshot_begin(struct hm_snapshot *s, struct hm_segregated *space)
{
    HM_ASSERT(hm_mark_queue_is_empty(&s->queue) && !s->queue.has_dropped);
    HM_ASSERT(hm_segregated_is_marking(space));
    s->space = space;
    s->base = hm_block_start(&space->blocks, 0);
    s->bits = space->blocks.next_bits;
    s->words = space->blocks.range.bytes / HM_WORD_BYTES;
    s->end = (size_t)space->blocks.frontier * HM_BLOCK_WORDS;
    s->marked_words = 0;
    s->work = 0;
    s->rescans = 0;
    s->is_walking = 0;
}

/* Index of a header's word in the range; beyond it for a large object. */
static inline size_t snapshot_word(const struct hm_snapshot *s,
                                   const uint64_t *header)
{
    return ((uintptr_t)header - (uintptr_t)s->base) / HM_WORD_BYTES;
}

/* Sets a mark; 0 when it was set. */
static inline int snapshot_set(struct hm_snapshot *s, size_t word,
                               int is_shared)
{
    if (is_shared) {
        return !hm_bits_get_shared(s->bits, word) &&
               hm_bits_set_shared(s->bits, word);
    }
    if (hm_bits_get(s->bits, word))
        return 0;
    hm_bits_set(s->bits, word);
    return 1;
}

/* Queues what [slot, slot + n) refer to. */
static inline void snapshot_scan(struct hm_snapshot *s, const hm_ref *slot,
                                 size_t n)
{
    s->work += n;
    for (size_t i = 0; i < n; i++) {
        hm_ref o = __atomic_load_n(&slot[i], __ATOMIC_ACQUIRE);

        if (o != NULL)
            hm_mark_queue_push(&s->queue, o);
    }
}

static inline __attribute__((always_inline)) void snapshot_visit(
    struct hm_snapshot *s, uint64_t *header, int is_shared, int is_noting)
{
    size_t word = snapshot_word(s, header);
    hm_ref o = (hm_ref)(header + 1);

    if (HM_UNLIKELY(word >= s->words)) {
        if (is_noting && !hm_large_is_marked(o))
            hm_weak_note(s->weak, o);
        hm_large_mark_shared(&s->space->heap->large, o);
        return;
    }
    s->work++;
    if (!snapshot_set(s, word, is_shared))
        return;
    if (is_noting)
        hm_weak_note(s->weak, o);
    HM_ASSERT(hm_header_is_sound(*header));
    s->marked_words += hm_header_words(*header);
    s->work += SNAPSHOT_OBJECT_WORK - 1;
    snapshot_scan(s, hm_slots_of(o), hm_header_refs(*header));
}

void hm_snapshot_grey(struct hm_snapshot *s, hm_ref o)
{
    snapshot_visit(s, hm_header_of(o), s->is_shared, s->weak != NULL);
}

static inline __attribute__((always_inline)) void snapshot_drain_as(
    struct hm_snapshot *s, uint64_t until, int is_shared, int is_noting)
{
    while (s->work < until) {
        uint64_t *header = hm_mark_queue_pop(&s->queue);

        if (header == NULL)
            return;
        snapshot_visit(s, header, is_shared, is_noting);
    }
}

static void snapshot_drain(struct hm_snapshot *s, uint64_t until)
{
    if (HM_UNLIKELY(s->weak != NULL)) {
        snapshot_drain_as(s, until, 0, 1);
    } else if (s->is_shared) {
        snapshot_drain_as(s, until, 1, 0);
    } else {
        snapshot_drain_as(s, until, 0, 0);
    }
}

int hm_snapshot_has(const struct hm_snapshot *s, hm_ref o)
{
    size_t word = snapshot_word(s, hm_header_of(o));

    return word < s->words ? hm_bits_get_shared(s->bits, word)
                           : hm_large_is_marked(o);
}

/* Queues the unmarked referents of a marked object again, until the queue is
 * busy.  Returns whether these were all. */
static int snapshot_rescan(struct hm_snapshot *s, size_t word)
{
    const uint64_t *header = s->base + word;
    const hm_ref *slot = (const hm_ref *)(const void *)(header + 1);
    size_t n;

    s->work++;
    if (hm_segregated_is_black(s->space, word))
        return 1;
    n = hm_header_refs(*header);
    s->work += n;
    for (size_t i = 0; i < n; i++) {
        hm_ref o = __atomic_load_n(&slot[i], __ATOMIC_ACQUIRE);

        if (hm_mark_queue_is_busy(&s->queue))
            return 0;
        if (o != NULL && !hm_snapshot_has(s, o))
            hm_mark_queue_push(&s->queue, o);
    }
    return 1;
}

/* Goes on with the walk over all marked objects, or begins one, until the
 * queue is busy. */
static void snapshot_walk(struct hm_snapshot *s)
{
    if (!s->is_walking) {
        s->is_walking = 1;
        s->walk = 0;
        s->rescans++;
        s->queue.has_dropped = 0;
    }
    for (int i = 0; i < SNAPSHOT_WALK; i++) {
        size_t end = s->walk + HM_BLOCK_WORDS;

        if (hm_mark_queue_is_busy(&s->queue))
            return;
        s->walk =
            hm_bits_next_shared(s->bits, s->walk, end < s->end ? end : s->end);
        if (s->walk == s->end) {
            s->is_walking = 0;
            return;
        }
        if (s->walk < end)
            s->walk += (size_t)snapshot_rescan(s, s->walk);
    }
}

int hm_snapshot_step(struct hm_snapshot *s, uint64_t work)
{
    uint64_t until = s->work + work;
    hm_ref *slot;
    size_t n;

    while (s->work < until) {
        snapshot_drain(s, until);
        if (!hm_mark_queue_is_empty(&s->queue))
            return 1;
        n = hm_large_scan(&s->space->heap->large, HM_MARK_CHUNK, &slot);
        if (n > 0) {
            snapshot_scan(s, slot, n);
        } else if (s->is_walking || s->queue.has_dropped) {
            s->work++;
            snapshot_walk(s);
        } else {
            return 0;
        }
    }
    return 1;
}

static hm_ref snapshot_resolve(void *arg, hm_ref o)
{
    return hm_snapshot_has(arg, o) ? o : NULL;
}

static void snapshot_mark_slot(void *arg, hm_ref *slot)
{
    if (*slot != NULL)
        hm_snapshot_grey(arg, *slot);
}

static void snapshot_drain_all(void *arg)
{
    while (hm_snapshot_step(arg, UINT32_MAX)) {
    }
}

void hm_snapshot_weak(struct hm_snapshot *s, struct hm_weak *weak)
{
    const struct hm_weak_pass pass = {.arg = s,
                                      .resolve = snapshot_resolve,
                                      .mark = snapshot_mark_slot,
                                      .drain = snapshot_drain_all};

    HM_ASSERT(!s->is_shared);
    s->weak = weak;
    hm_weak_process(weak, &pass);
    s->weak = NULL;
}
