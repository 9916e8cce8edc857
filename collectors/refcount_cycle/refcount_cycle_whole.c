/* SPDX-License-Identifier: MIT */
/* A trial of everything that suspects refer to, as wide as it may be: the
 * synchronous algorithm.  Each phase walks the bits of the heap, so nothing
 * recurses, and what a full queue drops is found again by its flag. */
#include "collectors/refcount_cycle/refcount_cycle_heap.h"

enum { WHOLE_SUSPECT = HM_REFCOUNT_PURPLE | HM_REFCOUNT_LATE };

static inline void whole_queue_up(uint64_t *header)
{
    *header |= HM_REFCOUNT_QUEUED;
    hm_mark_queue_push(&hm_refcount_cycle.queue, (hm_ref)(header + 1));
}

/* Takes the references from a gray object back; its referents turn gray. */
static void whole_gray_fields(uint64_t *header)
{
    size_t n = hm_refcount_refs(header);

    for (size_t i = 0; i < n; i++) {
        hm_ref o = hm_slots_of((hm_ref)(header + 1))[i];
        uint64_t *child;

        if (o == NULL)
            continue;
        child = hm_header_of(o);
        HM_ASSERT(*child >= HM_REFCOUNT_ONE && (*child & HM_REFCOUNT_LIVE));
        *child -= HM_REFCOUNT_ONE;
        if (*child & HM_REFCOUNT_GRAY)
            continue;
        *child = (*child | HM_REFCOUNT_GRAY) & ~(uint64_t)WHOLE_SUSPECT;
        whole_queue_up(child);
    }
}

/* Gives the references from an object that lives; so do its referents. */
static void whole_blacken_fields(uint64_t *header)
{
    size_t n = hm_refcount_refs(header);

    for (size_t i = 0; i < n; i++) {
        hm_ref o = hm_slots_of((hm_ref)(header + 1))[i];
        uint64_t *child;

        if (o == NULL)
            continue;
        child = hm_header_of(o);
        *child += HM_REFCOUNT_ONE;
        if ((*child & HM_REFCOUNT_GRAY) == 0)
            continue;
        *child &= ~(uint64_t)HM_REFCOUNT_GRAY;
        whole_queue_up(child);
    }
}

static inline void whole_follow(uint64_t *header)
{
    *header &= ~(uint64_t)HM_REFCOUNT_QUEUED;
    if (*header & HM_REFCOUNT_GRAY) {
        whole_gray_fields(header);
    } else {
        whole_blacken_fields(header);
    }
}

static void whole_drain(void)
{
    uint64_t *header;

    while ((header = hm_mark_queue_pop(&hm_refcount_cycle.queue)) != NULL)
        whole_follow(header);
}

static void whole_follow_dropped(struct hm_gc *gc, uint64_t *header)
{
    (void)gc;
    if ((*header & HM_REFCOUNT_LIVE) && (*header & HM_REFCOUNT_QUEUED)) {
        whole_follow(header);
        whole_drain();
    }
}

static void whole_drain_all(struct hm_gc *gc)
{
    whole_drain();
    while (hm_refcount_cycle.queue.has_dropped) {
        hm_refcount_cycle.queue.has_dropped = 0;
        hm_refcount_each(gc, whole_follow_dropped);
    }
}

/* A suspect with a field may hold a cycle: a trial starts there. */
static void whole_begin(struct hm_gc *gc, uint64_t *header)
{
    uint64_t h = *header;

    (void)gc;
    if ((h & HM_REFCOUNT_LIVE) == 0 || (h & HM_REFCOUNT_PURPLE) == 0)
        return;
    *header = h &= ~(uint64_t)WHOLE_SUSPECT;
    if (h < HM_REFCOUNT_ONE || (h & HM_REFCOUNT_ANY_REFS) == 0)
        return;
    *header = h | HM_REFCOUNT_GRAY;
    whole_queue_up(header);
    whole_drain();
}

/* A gray object that something else refers to lives.  What only a root keeps
 * stays suspect: that the root goes, nobody will tell. */
static void whole_scan(struct hm_gc *gc, uint64_t *header)
{
    uint64_t h = *header;

    (void)gc;
    if ((h & HM_REFCOUNT_LIVE) == 0 || (h & HM_REFCOUNT_GRAY) == 0)
        return;
    if (h >= HM_REFCOUNT_ONE ||
        (h & (HM_REFCOUNT_ROOTED | HM_REFCOUNT_TABLE))) {
        *header = h & ~(uint64_t)HM_REFCOUNT_GRAY;
        if (h < HM_REFCOUNT_ONE)
            *header |= HM_REFCOUNT_PURPLE;
        whole_queue_up(header);
        whole_drain();
    }
}

/* What is still gray is garbage.  What lives may have lost its last count. */
static void whole_sweep(struct hm_gc *gc, uint64_t *header)
{
    uint64_t h = *header;

    if ((h & HM_REFCOUNT_LIVE) == 0)
        return;
    if (h & HM_REFCOUNT_GRAY) {
        HM_ASSERT(h < HM_REFCOUNT_ONE);
        gc->object_bytes -= refcount_words(header) * HM_WORD_BYTES;
        hm_refcount_release(gc, header);
    } else if (h < HM_REFCOUNT_ONE && (h & HM_REFCOUNT_TABLE) == 0) {
        *header = h | HM_REFCOUNT_TABLE;
        hm_refcount_note(&gc->mutator, header);
    }
}

void hm_refcount_cycle_whole(struct hm_gc *gc)
{
    (void)hm_refcount_flag_roots(gc, 1);
    hm_refcount_each(gc, whole_begin);
    whole_drain_all(gc);
    hm_refcount_each(gc, whole_scan);
    whole_drain_all(gc);
    hm_refcount_each(gc, whole_sweep);
    (void)hm_refcount_flag_roots(gc, 0);
}
