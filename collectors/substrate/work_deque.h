/* SPDX-License-Identifier: MIT */
/* work_deque.h -- work of one thread that others may take from: the owner
 * pushes and takes at the bottom, the newest first; thieves take the oldest at
 * the top.  A ring of fixed capacity: a full one refuses.
 *
 * Source:     D. Chase, Y. Lev, SPAA 2005, with the C11 atomics of N. M. Le,
 *             A. Pop, A. Cohen, F. Zappa Nardelli, PPoPP 2013.
 * Differs:    sequentially consistent accesses to top and bottom in place of
 *             their fences, which ThreadSanitizer does not follow; the owner
 *             takes several at a time for one such store, and where a thief
 *             may be near it takes from the top, as a thief does.
 * Invariants: top <= bottom <= top + capacity, both only modulo 2^64; top
 *             never falls.
 * Costs:      push a few plain instructions; take one locked one for a whole
 *             batch, or a compare-and-swap for one of the last. */
#ifndef HM_COLLECTORS_SUBSTRATE_WORK_DEQUE_H
#define HM_COLLECTORS_SUBSTRATE_WORK_DEQUE_H

#include "common/check.h"

#include <stdatomic.h>
#include <stddef.h>

enum { HM_CACHE_LINE_BYTES = 64 };

struct hm_work_slot {
    _Atomic(void *) item;
};

struct hm_work_deque {
    _Alignas(HM_CACHE_LINE_BYTES) atomic_size_t top;
    _Alignas(HM_CACHE_LINE_BYTES) atomic_size_t bottom;
    size_t seen_top; /* by the owner, at most top */
    size_t capacity; /* a power of two */
    struct hm_work_slot *slot;
};

/* An empty deque over slot[0..capacity), which the caller owns. */
static inline void hm_work_deque_open(struct hm_work_deque *d,
                                      struct hm_work_slot *slot,
                                      size_t capacity)
{
    HM_ASSERT(capacity > 0 && (capacity & (capacity - 1)) == 0);
    *d = (struct hm_work_deque){.capacity = capacity, .slot = slot};
}

static inline struct hm_work_slot *hm_work_deque_slot(
    const struct hm_work_deque *d, size_t index)
{
    return &d->slot[index & (d->capacity - 1)];
}

/* Owner or thief; exact only while nobody else is active. */
static inline size_t hm_work_deque_count(struct hm_work_deque *d)
{
    size_t top = atomic_load_explicit(&d->top, memory_order_acquire);
    size_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed);

    return (ptrdiff_t)(bottom - top) > 0 ? bottom - top : 0;
}

/* Owner; item != NULL.  Returns 1; 0 when it is full. */
static inline int hm_work_deque_push(struct hm_work_deque *d, void *item)
{
    size_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed);

    HM_ASSERT(item != NULL);
    if (HM_UNLIKELY(bottom - d->seen_top >= d->capacity)) {
        d->seen_top = atomic_load_explicit(&d->top, memory_order_acquire);
        if (bottom - d->seen_top >= d->capacity)
            return 0;
    }
    atomic_store_explicit(&hm_work_deque_slot(d, bottom)->item, item,
                          memory_order_relaxed);
    atomic_store_explicit(&d->bottom, bottom + 1, memory_order_release);
    return 1;
}

/* Anyone.  Returns the oldest item; NULL when there is none or another thread
 * was faster. */
static inline void *hm_work_deque_steal(struct hm_work_deque *d)
{
    size_t top = atomic_load(&d->top);
    size_t bottom = atomic_load(&d->bottom);
    void *item;

    if ((ptrdiff_t)(bottom - top) <= 0)
        return NULL;
    /* May be overwritten meanwhile: only after top has moved, and then the
     * exchange fails. */
    item = atomic_load_explicit(&hm_work_deque_slot(d, top)->item,
                                memory_order_relaxed);
    return atomic_compare_exchange_strong(&d->top, &top, top + 1) ? item : NULL;
}

/* Owner: withdraws the newest n of at least two items.  0: thieves may have
 * read the old bottom and be as far as these; nothing changes. */
static inline int hm_work_deque_withdraw(struct hm_work_deque *d, size_t bottom,
                                         size_t n)
{
    size_t top;

    atomic_store(&d->bottom, bottom - n);
    /* A thief that still saw the old bottom read top before: it is after the
     * item at the top that is read here, or an older one. */
    top = atomic_load(&d->top);
    if ((ptrdiff_t)(bottom - n - top) > 0)
        return 1;
    atomic_store_explicit(&d->bottom, bottom, memory_order_release);
    return 0;
}

/* Owner: up to `max` >= 1 items into item[], the oldest of them first, but
 * half of what there is at most, rounded up.  Returns their number; 0 only
 * when the deque is empty. */
static inline size_t hm_work_deque_take(struct hm_work_deque *d, void **item,
                                        size_t max)
{
    size_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed);
    size_t n;

    while ((n = bottom - atomic_load_explicit(&d->top, memory_order_acquire)) >
           0) {
        size_t half = n - n / 2, take = half < max ? half : max;

        if (n > 1 && hm_work_deque_withdraw(d, bottom, take)) {
            for (size_t i = 0; i < take; i++) {
                item[i] = atomic_load_explicit(
                    &hm_work_deque_slot(d, bottom - take + i)->item,
                    memory_order_relaxed);
            }
            return take;
        }
        item[0] = hm_work_deque_steal(d);
        if (item[0] != NULL)
            return 1;
    }
    return 0;
}

#endif /* HM_COLLECTORS_SUBSTRATE_WORK_DEQUE_H */
