/* SPDX-License-Identifier: MIT */
/* mark_queue.h -- references that marking still has to follow, kept as the
 * addresses of the headers that they lead to.
 *
 * A short first-in-first-out ring lets each object be prefetched 16 entries
 * before it is looked at; what does not fit in the ring goes to a stack and
 * comes back when the ring is empty, which keeps the whole small.  The stack
 * has a fixed size, charged by the owner; what does not fit there either is
 * dropped and noted: the owner then has to look for unmarked children of
 * marked objects.  It queues those of roots, of large objects and of such a
 * search a chunk at a time on a ring that is not busy, so they never drop; of
 * other objects, even of one, any number may.
 *
 * Built with HM_TINY_QUEUES, ring and stack have 16 entries each, so that all
 * of this runs in every test.
 *
 * Source: C.-Y. Cher, A. L. Hosking, T. N. Vijaykumar, ASPLOS 2004 (the ring);
 *         R. Garner, S. M. Blackburn, D. Frampton, ISMM 2007 (queue edges, so
 *         that the mark test itself is prefetched). */
#ifndef HM_COLLECTORS_SUBSTRATE_MARK_QUEUE_H
#define HM_COLLECTORS_SUBSTRATE_MARK_QUEUE_H

#include "collectors/substrate/object.h"
#include "collectors/substrate/range.h"

#ifdef HM_TINY_QUEUES
enum { HM_MARK_RING = 16, HM_MARK_STACK_MOST = 16 };
#else
enum { HM_MARK_RING = 2048, HM_MARK_STACK_MOST = 1 << 20 };
#endif

enum {
    HM_MARK_REFILL = HM_MARK_RING / 8,
    HM_MARK_CHUNK = HM_MARK_RING / 8, /* references of a large object */
    HM_MARK_AHEAD = 16,
};

struct hm_mark_queue {
    unsigned head, tail; /* of the ring, modulo HM_MARK_RING */
    int has_dropped;
    size_t depth, capacity; /* of the stack */
    uint64_t **stack;
    struct hm_range range;
    uint64_t *ring[HM_MARK_RING];
};

/* Size of the stack for a heap of so many bytes, 0 for one without limit. */
static inline size_t hm_mark_queue_bytes(size_t heap_bytes)
{
    size_t bytes = heap_bytes == 0 ? (size_t)1 << 20 : heap_bytes / 128;

    if (bytes < 4096)
        bytes = 4096;
    return bytes < (size_t)4 << 20 ? bytes / 4096 * 4096 : (size_t)4 << 20;
}

/* Returns 1; 0 when the system refuses. */
static inline int hm_mark_queue_open(struct hm_mark_queue *q,
                                     size_t stack_bytes)
{
    *q = (struct hm_mark_queue){.capacity = stack_bytes / sizeof(void *)};
    if (q->capacity > HM_MARK_STACK_MOST)
        q->capacity = HM_MARK_STACK_MOST;
    if (!hm_range_open(&q->range, stack_bytes) ||
        !hm_range_extend(&q->range, stack_bytes))
        return 0;
    q->stack = (void *)q->range.start;
    return 1;
}

static inline void hm_mark_queue_close(struct hm_mark_queue *q)
{
    hm_range_close(&q->range);
}

static inline int hm_mark_queue_is_empty(const struct hm_mark_queue *q)
{
    return q->head == q->tail && q->depth == 0;
}

/* Whether the ring is more than half full: time to drain. */
static inline int hm_mark_queue_is_busy(const struct hm_mark_queue *q)
{
    return q->tail - q->head > HM_MARK_RING / 2;
}

static inline void hm_mark_queue_push(struct hm_mark_queue *q, hm_ref o)
{
    uint64_t *header = hm_header_of(o);

    HM_ASSERT(o != NULL && q->tail - q->head <= HM_MARK_RING);
    if (HM_LIKELY(q->tail - q->head < HM_MARK_RING)) {
        q->ring[q->tail++ % HM_MARK_RING] = header;
    } else if (q->depth < q->capacity) {
        q->stack[q->depth++] = header;
    } else {
        q->has_dropped = 1;
    }
}

static inline void hm_mark_queue_refill(struct hm_mark_queue *q)
{
    HM_ASSERT(q->head == q->tail);
    for (int i = 0; i < HM_MARK_REFILL && q->depth > 0; i++)
        q->ring[q->tail++ % HM_MARK_RING] = q->stack[--q->depth];
}

/* NULL when nothing is left.  An entry ahead may be an old one; prefetching it
 * does no harm. */
static inline uint64_t *hm_mark_queue_pop(struct hm_mark_queue *q)
{
    uint64_t *header;

    if (HM_UNLIKELY(q->head == q->tail)) {
        hm_mark_queue_refill(q);
        if (q->head == q->tail)
            return NULL;
    }
    header = q->ring[q->head++ % HM_MARK_RING];
    __builtin_prefetch(q->ring[(q->head + HM_MARK_AHEAD) % HM_MARK_RING]);
    return header;
}

#endif /* HM_COLLECTORS_SUBSTRATE_MARK_QUEUE_H */
