/* SPDX-License-Identifier: MIT */
/* semispace_copy.c -- a collection: Cheney's scan over the copies. */
#include "collectors/semispace/semispace_heap.h"

enum {
    SEMISPACE_SCAN_CHUNK = 256,  /* references of a large object at a time */
    SEMISPACE_AHEAD_WORDS = 32,  /* prefetch distance of the scan */
    SEMISPACE_STRIDE_BYTES = 32, /* copied at a time: four words */
};

/* One collection in progress. */
struct semispace_copy {
    const char *from;
    size_t from_bytes;
    uint64_t *free; /* where the next copy goes */
    uint64_t *scan; /* the copies below have been scanned, in the weak pass */
    struct hm_weak *weak;
    struct hm_large *large;
};

/* Copies four words at a time: what is too much lies in the margin, or will be
 * written over by the next copy. */
static inline void semispace_copy_words(uint64_t *to, const uint64_t *from,
                                        size_t words)
{
    memcpy(to, from, SEMISPACE_STRIDE_BYTES);
    if (HM_UNLIKELY(words > 32)) {
        memcpy(to, from, words * HM_WORD_BYTES);
        return;
    }
    for (size_t i = 4; i < words; i += 4)
        memcpy(to + i, from + i, SEMISPACE_STRIDE_BYTES);
}

/* Makes a slot refer to the copy.  `to` is where the next copy goes; returns
 * where the one after that goes. */
static inline uint64_t *semispace_forward(const struct semispace_copy *copy,
                                          hm_ref *slot, uint64_t *to)
{
    hm_ref o = *slot;
    uint64_t *header;
    size_t words;

    if ((uintptr_t)o - (uintptr_t)copy->from > copy->from_bytes) {
        if (o != NULL)
            hm_large_mark(copy->large, o);
        return to;
    }
    header = hm_header_of(o);
    if (hm_header_is_forward(*header)) {
        *slot = hm_header_forward(*header);
        return to;
    }
    HM_ASSERT(hm_header_is_sound(*header));
    words = hm_header_words(*header);
    hm_prefetch_ahead(to);
    semispace_copy_words(to, header, words);
    *slot = (hm_ref)(to + 1);
    hm_header_set_forward(header, *slot);
    return to + words;
}

static void semispace_root(void *arg, hm_ref *slot)
{
    struct semispace_copy *copy = arg;

    copy->free = semispace_forward(copy, slot, copy->free);
}

/* Scans the copies from `scan` on.  What lies some words ahead is mostly a
 * reference; where it is not, prefetching it does no harm. */
static uint64_t *semispace_scan(struct semispace_copy *copy, uint64_t *scan)
{
    const struct semispace_copy now = *copy;
    uint64_t *free = now.free;

    while (scan < free) {
        size_t n = hm_header_refs(*scan);
        hm_ref *slot = hm_slots_of((hm_ref)(scan + 1)), *end = slot + n;

        scan += hm_header_words(*scan);
        for (; slot < end; slot++) {
            __builtin_prefetch(slot[SEMISPACE_AHEAD_WORDS]);
            free = semispace_forward(&now, slot, free);
        }
    }
    HM_ASSERT(scan == free);
    copy->free = free;
    return scan;
}

static void semispace_scan_all(struct semispace_copy *copy, uint64_t *scan)
{
    size_t n;
    hm_ref *slot;

    do {
        scan = semispace_scan(copy, scan);
        n = hm_large_scan(copy->large, SEMISPACE_SCAN_CHUNK, &slot);
        for (size_t i = 0; i < n; i++)
            copy->free = semispace_forward(copy, &slot[i], copy->free);
    } while (n > 0);
}

static hm_ref semispace_resolve(void *arg, hm_ref o)
{
    const struct semispace_copy *copy = arg;

    if ((uintptr_t)o - (uintptr_t)copy->from > copy->from_bytes)
        return hm_large_of(o)->is_marked ? o : NULL;
    return hm_header_is_forward(*hm_header_of(o))
               ? hm_header_forward(*hm_header_of(o))
               : NULL;
}

/* Forwards a slot and tells the table first of what it reaches. */
static void semispace_weak_mark(void *arg, hm_ref *slot)
{
    struct semispace_copy *copy = arg;

    if (*slot != NULL && semispace_resolve(copy, *slot) == NULL)
        hm_weak_note(copy->weak, *slot);
    copy->free = semispace_forward(copy, slot, copy->free);
}

/* As semispace_scan_all, for the few objects that ephemerons keep alive. */
static void semispace_weak_drain(void *arg)
{
    struct semispace_copy *copy = arg;
    size_t n;
    hm_ref *slot;

    do {
        while (copy->scan < copy->free) {
            uint64_t header = *copy->scan;

            slot = hm_slots_of((hm_ref)(copy->scan + 1));
            copy->scan += hm_header_words(header);
            for (size_t i = 0; i < hm_header_refs(header); i++)
                semispace_weak_mark(copy, &slot[i]);
        }
        n = hm_large_scan(copy->large, SEMISPACE_SCAN_CHUNK, &slot);
        for (size_t i = 0; i < n; i++)
            semispace_weak_mark(copy, &slot[i]);
    } while (n > 0 || copy->scan < copy->free);
}

static void semispace_weak(struct semispace_copy *copy, struct hm_weak *weak)
{
    struct hm_weak_pass pass = {.arg = copy,
                                .resolve = semispace_resolve,
                                .mark = semispace_weak_mark,
                                .drain = semispace_weak_drain};

    copy->weak = weak;
    copy->scan = copy->free;
    hm_weak_process(weak, &pass);
}

static struct semispace_space *semispace_next(struct hm_gc *gc)
{
    unsigned i = (unsigned)(gc->current - gc->space) + 1;

    return &gc->space[i < gc->n_spaces ? i : 0];
}

/* Copies what the roots reach to `to`, which becomes the current space. */
static void semispace_evacuate(struct hm_gc *gc, struct semispace_space *to)
{
    struct semispace_space *from = gc->current;
    uint64_t *start = (void *)to->range.start;
    struct semispace_copy copy = {.from = from->range.start,
                                  .from_bytes = semispace_used_bytes(gc),
                                  .free = start,
                                  .large = &gc->heap.large};

    HM_ASSERT(to != from && to->range.usable_bytes == from->range.usable_bytes);
    hm_roots_each(&gc->heap.roots, semispace_root, &copy);
    semispace_scan_all(&copy, start);
    semispace_weak(&copy, &gc->heap.weak);
    hm_large_sweep(&gc->heap.large);
    gc->current = to;
    gc->top = copy.free;
}

/* Verify mode only: the space is written all over before it is used again, so
 * that raw bytes nobody has written do not read as zero. */
static void semispace_unlock(struct hm_gc *gc, struct semispace_space *to)
{
    size_t used = semispace_used_bytes(gc);

    hm_range_unlock(&to->range, 0, to->range.usable_bytes);
    hm_poison_fill((void *)to->range.start, used / HM_WORD_BYTES);
}

static void semispace_lock(struct hm_gc *gc, struct semispace_space *from)
{
    hm_semispace_trim(gc, from, 0);
    hm_range_lock(&from->range, 0, from->range.usable_bytes);
}

static void semispace_verify(struct hm_gc *gc, int is_after)
{
    uint64_t bytes = 0;
    const char *wrong = hm_semispace_check(gc, &bytes);

    hm_heap_demand(&gc->heap, wrong, is_after ? bytes : gc->heap.live_bytes);
}

/* So that the copies, at most as many bytes as are used, stay in the limit;
 * room for as many as survived the last time is backed, and charged, at once.
 */
static void semispace_reserve(struct hm_gc *gc, struct semispace_space *to)
{
    size_t used = hm_round_up(semispace_used_bytes(gc), HM_PAGE_BYTES);

    if (used > to->touched_bytes) {
        hm_semispace_make_room(gc, used - to->touched_bytes,
                               hm_semispace_half_bytes(gc, 0));
    }
    HM_ASSERT(gc->since_used_bytes <= used);
    HM_CHECK(hm_semispace_touch(gc, to, gc->since_used_bytes));
}

static void semispace_close_windows(struct hm_gc *gc)
{
    struct hm_thread *thread = gc->heap.roots.threads;

    for (; thread != NULL; thread = thread->next)
        hm_bump_close(&((struct hm_mutator *)thread)->bump, &gc->top);
}

void hm_semispace_collect(struct hm_gc *gc)
{
    struct semispace_space *from = gc->current, *to = semispace_next(gc);
    uint64_t start_ns = hm_heap_stop(&gc->heap);

    /* windows included, as when it was decided to collect */
    gc->heap.since_bytes = semispace_since_bytes(gc);
    semispace_close_windows(gc);
    if (gc->heap.config.verify) {
        semispace_verify(gc, 0);
        semispace_unlock(gc, to);
    }
    semispace_reserve(gc, to);
    semispace_evacuate(gc, to);
    gc->since_used_bytes = semispace_used_bytes(gc);
    HM_CHECK(hm_semispace_touch(gc, to, gc->since_used_bytes));
    gc->heap.moved_bytes += gc->since_used_bytes;
    hm_heap_collected(&gc->heap, HM_PAUSE_full, start_ns, gc->since_used_bytes);
    if (gc->heap.config.verify) {
        semispace_lock(gc, from);
        semispace_verify(gc, 1);
    }
    hm_safepoint_resume(&gc->heap.safepoint);
}

const char *hm_semispace_check(struct hm_gc *gc, uint64_t *bytes)
{
    struct hm_verify_space space = {.start = (void *)gc->current->range.start,
                                    .large = &gc->heap.large};
    struct hm_verify verify = {.roots = &gc->heap.roots,
                               .weak = &gc->heap.weak,
                               .is_object = hm_verify_space_has,
                               .heap = &space};
    const char *wrong;

    semispace_close_windows(gc); /* they are gaps */
    space.words = semispace_used_bytes(gc) / HM_WORD_BYTES;
    wrong = hm_verify_space_open(&space);
    if (wrong == NULL)
        wrong = hm_large_check(&gc->heap.large);
    if (wrong == NULL)
        wrong = hm_verify_trace(&verify);
    hm_verify_space_close(&space);
    if (semispace_used_bytes(gc) > gc->current->touched_bytes)
        wrong = "semispace: an allocation window is outside the space";
    *bytes = verify.reachable_bytes;
    return wrong;
}
