/* SPDX-License-Identifier: MIT */
/* Young collections: what survives for the first time is copied within the
 * nursery, for the second time into the old space. */
#include "collectors/generational/generational_minor.h"

/* A space is followed by as much readable memory: the scan reads ahead. */
enum { MINOR_MARGIN_BYTES = HM_PAGE_BYTES, MINOR_AHEAD_WORDS = 32 };

/* Two spaces of less would be small parts of two huge pages. */
enum { MINOR_HUGE_BYTES = 1 << 20 };

/* Survivors may fill at most 1/4 of the nursery, or little would be left for
 * what is new; the others are promoted at once. */
enum { MINOR_MOST_AGED = 4, MINOR_LEAST_AGED = 16 };

/* Both spaces, from where they end today. */
static void generational_back(struct generational_nursery *nursery,
                              size_t from_bytes, size_t bytes)
{
    for (unsigned i = 0; i < 2; i++) {
        size_t start = (size_t)(nursery->space[i] - nursery->range.start);

        hm_range_back(&nursery->range, start + from_bytes, bytes);
    }
}

int hm_generational_nursery_open(struct hm_gc *gc)
{
    struct generational_nursery *nursery = &gc->nursery;
    size_t stride = nursery->max_bytes + MINOR_MARGIN_BYTES;
    size_t bytes;

    nursery->n_spaces = gc->heap.config.verify ? GENERATIONAL_SPACES : 2;
    bytes = nursery->n_spaces * stride;
    if (!hm_range_open(&nursery->range, bytes) ||
        !hm_range_extend(&nursery->range, bytes))
        return 0;
    if (nursery->capacity_bytes >= MINOR_HUGE_BYTES)
        hm_range_prefer_huge(&nursery->range, gc->heap.budget.limit_bytes);
    for (unsigned i = 0; i < nursery->n_spaces; i++) {
        nursery->space[i] = nursery->range.start + i * stride;
        if (gc->heap.config.verify && i > 0)
            hm_range_lock(&nursery->range, i * stride, nursery->max_bytes);
    }
    nursery->opened = nursery->age_mark = generational_space(gc);
    gc->mutator.free = gc->mutator.limit = gc->mutator.poll = nursery->opened;
    gc->mutator.young_first = (uintptr_t)nursery->range.start + HM_WORD_BYTES;
    gc->mutator.young_bytes = nursery->range.bytes;
    gc->mutator.noted_first = gc->mutator.young_first;
    gc->mutator.noted_bytes = gc->mutator.young_bytes;
    return 1;
}

void hm_generational_nursery_back(struct hm_gc *gc)
{
    gc->nursery.is_backed = 1;
    generational_back(&gc->nursery, 0, gc->nursery.capacity_bytes);
}

void hm_generational_nursery_grow(struct hm_gc *gc)
{
    struct generational_nursery *nursery = &gc->nursery;
    size_t more = nursery->capacity_bytes;

    if (nursery->survived_bytes <= more || more >= nursery->max_bytes)
        return;
    if (more > nursery->max_bytes - more)
        more = nursery->max_bytes - more;
    if (!hm_budget_has(&gc->heap.budget, 2 * more))
        hm_blocks_release(&gc->old.blocks);
    if (!hm_budget_take(&gc->heap.budget, 2 * more))
        return;
    generational_back(nursery, nursery->capacity_bytes, more);
    nursery->capacity_bytes += more;
    nursery->survived_bytes = 0;
}

/* To `bytes`, or what its objects need; returns the memory above. */
void hm_generational_nursery_shrink(struct hm_gc *gc, size_t bytes)
{
    struct generational_nursery *nursery = &gc->nursery;
    size_t used = generational_young_bytes(gc), less;

    if (bytes < used)
        bytes = used;
    if (bytes < nursery->floor_bytes)
        bytes = nursery->floor_bytes;
    bytes = hm_round_up(bytes, HM_PAGE_BYTES);
    if (bytes >= nursery->capacity_bytes)
        return;
    less = nursery->capacity_bytes - bytes;
    for (unsigned i = 0; i < nursery->n_spaces; i++) {
        size_t start = (size_t)(nursery->space[i] - nursery->range.start);

        hm_range_discard(&nursery->range, start + bytes, less);
    }
    hm_budget_give(&gc->heap.budget, 2 * less);
    nursery->capacity_bytes = bytes;
    nursery->survived_bytes = 0;
    gc->mutator.limit = gc->mutator.poll = gc->mutator.free;
}

/* Another cell of the old space.  Returns its start, or NULL. */
static __attribute__((noinline)) uint64_t *minor_refill(
    struct generational_minor *minor, size_t words)
{
    struct generational_old *old = &minor->gc->old;
    uint64_t *to;

    if (words >= minor->refused_words)
        return NULL;
    old->free = minor->old_free;
    to = hm_generational_old_slow(minor->gc, words);
    minor->old_free = old->free;
    minor->old_limit = old->limit;
    if (to == NULL) {
        minor->refused_words = words;
        minor->gc->has_failed_promotion = 1;
    }
    return to;
}

/* Room in the old space for an object that has survived before, or NULL. */
static inline uint64_t *minor_promote(struct generational_minor *minor,
                                      uint64_t *header, size_t words)
{
    uint64_t *to = minor->old_free;

    if (HM_LIKELY(words <= (size_t)(minor->old_limit - to))) {
        minor->old_free = to + words;
    } else {
        to = minor_refill(minor, words);
        if (to == NULL)
            return NULL;
    }
    minor->promoted_words += words;
    minor->aged_words += header < minor->age_mark ? words : 0;
    generational_copy_words(to, header, words);
    if (generational_has_refs(header)) {
        header[1] = (uintptr_t)minor->promoted;
        minor->promoted = header;
    }
    return to;
}

/* Room is always left within the nursery: both spaces are equally large. */
static inline __attribute__((always_inline)) void minor_forward(
    struct generational_minor *minor, hm_ref *slot)
{
    hm_ref o = *slot;
    uint64_t *header, *to = NULL;
    size_t words;

    if ((uintptr_t)o - minor->from_first >= minor->from_bytes)
        return;
    header = hm_header_of(o);
    if (hm_header_is_forward(*header)) {
        *slot = hm_header_forward(*header);
        return;
    }
    HM_ASSERT(hm_header_is_sound(*header));
    words = hm_header_words(*header);
    if (header < minor->age_mark || minor->free >= minor->crowded)
        to = minor_promote(minor, header, words);
    if (to == NULL) {
        to = minor->free;
        minor->free = to + words;
        generational_copy_words(to, header, words);
    }
    *slot = (hm_ref)(to + 1);
    hm_header_set_forward(header, *slot);
}

static void minor_root(void *minor, hm_ref *slot)
{
    minor_forward(minor, slot);
}

/* A remembered slot stays so while it holds a young reference. */
static int minor_remembered(void *arg, hm_ref *slot)
{
    struct generational_minor *minor = arg;

    minor_forward(minor, slot);
    return hm_generational_is_young(&minor->gc->mutator, *slot);
}

/* During marking what is promoted has yet to be shaded, where it is final. */
static int minor_remembered_all(void *minor, hm_ref *slot)
{
    minor_forward(minor, slot);
    return 1;
}

static __attribute__((noinline)) void minor_scan_remembered(
    struct generational_minor *minor, struct hm_slot_set *set)
{
    if (generational_is_marking(minor->gc)) {
        hm_slot_set_each(set, minor_remembered_all, minor);
    } else {
        hm_slot_set_each(set, minor_remembered, minor);
    }
}

static hm_ref minor_resolve(void *arg, hm_ref o)
{
    const struct generational_minor *minor = arg;
    uint64_t header;

    if ((uintptr_t)o - minor->from_first >= minor->from_bytes)
        return o;
    header = *hm_header_of(o);
    return hm_header_is_forward(header) ? hm_header_forward(header) : NULL;
}

/* Forwards a slot and tells the weak table first of what it reaches. */
static void minor_weak_mark(void *arg, hm_ref *slot)
{
    struct generational_minor *minor = arg;

    if (*slot != NULL && minor_resolve(minor, *slot) == NULL)
        hm_weak_note(&minor->gc->heap.weak, *slot);
    minor_forward(minor, slot);
}

static inline __attribute__((always_inline)) void minor_scan_promoted_as(
    struct generational_minor *minor, const int is_noting)
{
    uint64_t *original;

    while ((original = minor->promoted) != NULL) {
        hm_ref o = hm_header_forward(*original);
        hm_ref *slot = hm_slots_of(o);
        size_t n = hm_header_refs(*hm_header_of(o));

        minor->promoted = generational_link(original + 1);
        for (size_t i = 0; i < n; i++) {
            if (is_noting) {
                minor_weak_mark(minor, &slot[i]);
            } else {
                minor_forward(minor, &slot[i]);
            }
            if (hm_generational_is_young(&minor->gc->mutator, slot[i]))
                hm_slot_set_add(&minor->gc->old.slots, &slot[i]);
        }
    }
}

/* Scans the copies from `scan` on.  What lies some words ahead is mostly a
 * reference; where it is not, prefetching it does no harm. */
static inline __attribute__((always_inline)) uint64_t *minor_scan_copied_as(
    struct generational_minor *minor, uint64_t *scan, const int is_noting)
{
    while (scan < minor->free) {
        size_t n = hm_header_refs(*scan);
        hm_ref *slot = hm_slots_of((hm_ref)(scan + 1));

        for (size_t i = 0; i < n; i++) {
            __builtin_prefetch(slot[i + MINOR_AHEAD_WORDS]);
            if (is_noting) {
                minor_weak_mark(minor, &slot[i]);
            } else {
                minor_forward(minor, &slot[i]);
            }
        }
        scan += hm_header_words(*scan);
    }
    HM_ASSERT(scan == minor->free);
    return scan;
}

/* Not inlined: the loops have all registers to themselves. */
static __attribute__((noinline)) void minor_scan_promoted(
    struct generational_minor *minor)
{
    minor_scan_promoted_as(minor, 0);
}

/* Not inlined: its caller lets others see `minor`. */
static __attribute__((noinline)) void minor_evacuate(
    struct generational_minor *minor)
{
    struct hm_gc *gc = minor->gc;
    uint64_t *scan = minor->free;

    hm_roots_each(&gc->heap.roots, minor_root, minor);
    minor_scan_remembered(minor, &gc->old.slots);
    minor_scan_remembered(minor, &gc->large_slots);
    do {
        minor_scan_promoted(minor);
        scan = minor_scan_copied_as(minor, scan, 0);
    } while (minor->promoted != NULL);
    minor->scan = scan;
}

static void minor_weak_drain(void *arg)
{
    struct generational_minor *minor = arg;

    do {
        minor_scan_promoted_as(minor, 1);
        minor->scan = minor_scan_copied_as(minor, minor->scan, 1);
    } while (minor->promoted != NULL);
}

static int minor_is_young(void *arg, hm_ref o)
{
    const struct generational_minor *minor = arg;

    return hm_generational_is_young(&minor->gc->mutator, o);
}

static void minor_weak(struct generational_minor *minor)
{
    struct hm_weak_pass pass = {.arg = minor,
                                .resolve = minor_resolve,
                                .mark = minor_weak_mark,
                                .drain = minor_weak_drain,
                                .is_young = minor_is_young,
                                .is_minor = 1};

    hm_weak_process(&minor->gc->heap.weak, &pass);
}

/* Verify mode: one space after the other, and all but the current one are
 * inaccessible.  What is taken into use is written all over. */
static void minor_unlock(struct hm_gc *gc, unsigned space)
{
    struct hm_range *range = &gc->nursery.range;
    char *start = gc->nursery.space[space];

    hm_range_unlock(range, (size_t)(start - range->start),
                    gc->nursery.max_bytes);
    hm_poison_fill((void *)start, gc->nursery.capacity_bytes / HM_WORD_BYTES);
}

static void minor_lock(struct hm_gc *gc, unsigned space)
{
    struct hm_range *range = &gc->nursery.range;

    hm_range_lock(range, (size_t)(gc->nursery.space[space] - range->start),
                  gc->nursery.max_bytes);
}

static void minor_account(struct hm_gc *gc,
                          const struct generational_minor *minor)
{
    struct generational_nursery *nursery = &gc->nursery;
    size_t promoted = minor->promoted_words * HM_WORD_BYTES, copied;

    gc->mutator.free = gc->mutator.limit = gc->mutator.poll = minor->free;
    nursery->opened = nursery->age_mark = minor->free;
    copied = generational_young_bytes(gc);
    HM_ASSERT(copied <= nursery->capacity_bytes);
    copied -= minor->gap_words * HM_WORD_BYTES;
    nursery->survived_bytes += copied + promoted;
    gc->old.bytes += promoted;
    gc->heap.moved_bytes += copied + promoted;
    gc->heap.since_bytes = 0;
    gc->minor_collections++;
}

/* Words of survivors that are to age. */
static size_t minor_aging_words(struct hm_gc *gc)
{
    struct generational_nursery *nursery = &gc->nursery;
    size_t words = nursery->capacity_bytes / HM_WORD_BYTES;

    if (!gc->is_ageing)
        return 0;
    if (gc->is_ageing_all)
        return words;
    if (nursery->aging_words < words / MINOR_LEAST_AGED)
        nursery->aging_words = words / MINOR_LEAST_AGED;
    if (nursery->aging_words > words / MINOR_MOST_AGED)
        nursery->aging_words = words / MINOR_MOST_AGED;
    return nursery->aging_words;
}

/* Where most of what has aged survives again, aging only copies twice: let
 * less of it age; else more. */
static void minor_learn(struct hm_gc *gc,
                        const struct generational_minor *minor)
{
    struct generational_nursery *nursery = &gc->nursery;
    size_t aged = (size_t)(minor->age_mark - generational_space(gc));

    if (aged == 0)
        return;
    if (minor->aged_words > aged / 4 * 3) {
        nursery->aging_words /= 2;
    } else if (minor->aged_words < aged / 2) {
        nursery->aging_words *= 2;
    }
}

void hm_generational_minor(struct hm_gc *gc)
{
    struct generational_nursery *nursery = &gc->nursery;
    unsigned from = nursery->current;
    unsigned to = from + 1 < nursery->n_spaces ? from + 1 : 0;
    struct generational_minor minor = {
        .gc = gc, .age_mark = nursery->age_mark, .refused_words = SIZE_MAX};

    minor.from_first = (uintptr_t)generational_space(gc) + HM_WORD_BYTES;
    minor.from_bytes = generational_young_bytes(gc);
    hm_generational_nursery_grow(gc);
    if (gc->heap.config.verify)
        minor_unlock(gc, to);
    minor.old_free = gc->old.free;
    minor.old_limit = gc->old.limit;
    minor.free = (void *)nursery->space[to];
    minor.crowded = minor.free + minor_aging_words(gc);
    gc->has_failed_promotion = 0;
    if (gc->team.worker != NULL) {
        hm_generational_team_evacuate(&minor);
    } else {
        minor_evacuate(&minor);
    }
    minor_weak(&minor);
    gc->old.free = minor.old_free;
    minor_learn(gc, &minor);
    nursery->current = to;
    minor_account(gc, &minor);
    if (gc->heap.config.verify)
        minor_lock(gc, from);
}
