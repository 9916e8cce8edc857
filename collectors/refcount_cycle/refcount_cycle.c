/* SPDX-License-Identifier: MIT */
/* refcount_cycle.c -- deferred reference counting as in refcount/, with
 * synchronous trial deletion for dead cycles.
 *
 * Source:     D. F. Bacon and V. T. Rajan, ECOOP 2001, section 3; counting and
 *             cascades as in refcount/refcount.c.
 * Differs:    roots are not counted, so what they refer to is kept as if it
 *             had one reference more; and since a root goes without a sign,
 *             whatever was new or in the zero count table is a suspect too.
 *             Suspects are flagged, not listed.  All three phases walk the
 *             heap's bits, so nothing recurses, and what a full queue drops is
 *             found again by its flag.
 * Invariants: those of refcount; while trial deletion runs, the count of a
 *             gray object lacks the references from gray objects; afterwards
 *             nothing is gray, and every dead cycle can be reached from a
 *             suspect or from something dying.
 * Costs:      stores as in refcount.  Looking for cycles is one pause: three
 *             walks over all objects, and two over what suspects reach; it
 *             comes when as much as lives, and 16 MiB, has been allocated, or,
 *             with a limit, when that is reached.
 * Threads:    one mutator. */
#include "collectors/refcount/refcount_heap.h"
#include "collectors/substrate/mark_queue.h"

static const struct hm_param refcount_cycle_params[] = {REFCOUNT_PARAMS};

const struct hm_collector hm_collector_this = {
    .name = "refcount_cycle",
    .summary = "deferred counting, sliced cascades, trial deletion of cycles",
    .source = "Bacon and Rajan, ECOOP 2001",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .has_no_tracing = 1,
    .params = refcount_cycle_params,
};

static struct hm_mark_queue refcount_cycle_queue;

int hm_refcount_cycles_open(struct hm_gc *gc)
{
    size_t bytes = hm_mark_queue_bytes(gc->heap.config.heap_bytes);

    return hm_budget_take(&gc->heap.budget,
                          bytes + sizeof(refcount_cycle_queue)) &&
           hm_mark_queue_open(&refcount_cycle_queue, bytes);
}

void hm_refcount_cycles_close(void)
{
    hm_mark_queue_close(&refcount_cycle_queue);
}

static inline void refcount_cycle_queue_up(uint64_t *header)
{
    *header |= HM_REFCOUNT_QUEUED;
    hm_mark_queue_push(&refcount_cycle_queue, (hm_ref)(header + 1));
}

/* Takes the references from a gray object back; its referents turn gray. */
static void refcount_cycle_gray_fields(uint64_t *header)
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
        *child = (*child | HM_REFCOUNT_GRAY) & ~(uint64_t)HM_REFCOUNT_PURPLE;
        refcount_cycle_queue_up(child);
    }
}

/* Gives the references from an object that lives; so do its referents. */
static void refcount_cycle_blacken_fields(uint64_t *header)
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
        refcount_cycle_queue_up(child);
    }
}

static inline void refcount_cycle_follow(uint64_t *header)
{
    *header &= ~(uint64_t)HM_REFCOUNT_QUEUED;
    if (*header & HM_REFCOUNT_GRAY) {
        refcount_cycle_gray_fields(header);
    } else {
        refcount_cycle_blacken_fields(header);
    }
}

static void refcount_cycle_drain(void)
{
    uint64_t *header;

    while ((header = hm_mark_queue_pop(&refcount_cycle_queue)) != NULL)
        refcount_cycle_follow(header);
}

static void refcount_cycle_follow_dropped(struct hm_gc *gc, uint64_t *header)
{
    (void)gc;
    if ((*header & HM_REFCOUNT_LIVE) && (*header & HM_REFCOUNT_QUEUED)) {
        refcount_cycle_follow(header);
        refcount_cycle_drain();
    }
}

static void refcount_cycle_drain_all(struct hm_gc *gc)
{
    refcount_cycle_drain();
    while (refcount_cycle_queue.has_dropped) {
        refcount_cycle_queue.has_dropped = 0;
        hm_refcount_each(gc, refcount_cycle_follow_dropped);
    }
}

/* A suspect with a field may hold a cycle: a trial starts there. */
static void refcount_cycle_begin(struct hm_gc *gc, uint64_t *header)
{
    uint64_t h = *header;

    (void)gc;
    if ((h & HM_REFCOUNT_LIVE) == 0 || (h & HM_REFCOUNT_PURPLE) == 0)
        return;
    *header = h &= ~(uint64_t)HM_REFCOUNT_PURPLE;
    if (h < HM_REFCOUNT_ONE || (h & HM_REFCOUNT_ANY_REFS) == 0)
        return;
    *header = h | HM_REFCOUNT_GRAY;
    refcount_cycle_queue_up(header);
    refcount_cycle_drain();
}

/* A gray object that something else refers to lives.  What only a root keeps
 * stays suspect: that the root goes, nobody will tell. */
static void refcount_cycle_scan(struct hm_gc *gc, uint64_t *header)
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
        refcount_cycle_queue_up(header);
        refcount_cycle_drain();
    }
}

/* What is still gray is garbage.  What lives may have lost its last count. */
static void refcount_cycle_sweep(struct hm_gc *gc, uint64_t *header)
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

void hm_refcount_cycles_find(struct hm_gc *gc)
{
    (void)hm_refcount_flag_roots(gc, 1);
    hm_refcount_each(gc, refcount_cycle_begin);
    refcount_cycle_drain_all(gc);
    hm_refcount_each(gc, refcount_cycle_scan);
    refcount_cycle_drain_all(gc);
    hm_refcount_each(gc, refcount_cycle_sweep);
    (void)hm_refcount_flag_roots(gc, 0);
    gc->heap.live_bytes = gc->object_bytes;
}
