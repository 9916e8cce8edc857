/* SPDX-License-Identifier: MIT */
/* arena.h -- the inlined half: a bump pointer inside a region, malloc outside
 * of any. */
#ifndef HM_COLLECTORS_ARENA_H
#define HM_COLLECTORS_ARENA_H

#include "collectors/reference.h"
#include "collectors/substrate/range.h"
#include "common/check.h"

#include <stdlib.h>

#define HM_GC_MANUAL     1
#define HM_GC_PRECISE    0
#define HM_GC_MOVING     0
#define HM_GC_THREADS    1
#define HM_GC_RESIZE_RAW 1
#define HM_GC_REGIONS    1

enum { HM_ARENA_ALIGN = 8, HM_ARENA_DEPTH = 16 };

struct hm_mutator {
    char *next, *limit;          /* outside of any region both are the same */
    char *start[HM_ARENA_DEPTH]; /* of the open regions, the oldest first */
    unsigned depth;              /* regions that are open */
    int verify;
    struct hm_range range; /* where all regions of this thread lie */
    struct hm_gc *gc;
};

/* What does not fit; `n_refs` references null. */
hm_ref hm_arena_new_slow(struct hm_mutator *m, size_t bytes, size_t n_refs);
hm_ref hm_arena_resize(struct hm_mutator *m, hm_ref o, size_t old_bytes,
                       size_t new_bytes);

/* The checked halves of what is inlined below. */
void hm_arena_enter_checked(struct hm_mutator *m);
void hm_arena_leave_checked(struct hm_mutator *m);
void hm_arena_dispose_checked(struct hm_mutator *m, hm_ref o);

static inline hm_ref hm_arena_new(struct hm_mutator *m, size_t bytes,
                                  size_t n_refs)
{
    char *o = m->next;

    bytes += bytes == 0; /* objects are distinct */
    if (HM_UNLIKELY(bytes > (size_t)(m->limit - o)))
        return hm_arena_new_slow(m, bytes, n_refs);
    m->next = o + ((bytes + HM_ARENA_ALIGN - 1) & -(size_t)HM_ARENA_ALIGN);
    for (size_t i = 0; i < n_refs; i++)
        ((hm_ref *)(void *)o)[i] = NULL;
    return (hm_ref)(void *)o;
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return hm_arena_new(m, type->n_refs * sizeof(hm_ref) + type->raw_bytes,
                        type->n_refs);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_arena_new(m, n * sizeof(hm_ref), n);
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_arena_new(m, bytes, 0);
}

static inline hm_ref hm_resize_raw(struct hm_mutator *m, hm_ref o,
                                   size_t old_bytes, size_t new_bytes)
{
    return hm_arena_resize(m, o, old_bytes, new_bytes);
}

static inline void hm_region_enter(struct hm_mutator *m)
{
    HM_ASSERT(m->depth < HM_ARENA_DEPTH);
    if (HM_UNLIKELY(m->verify))
        hm_arena_enter_checked(m);
    m->start[m->depth++] = m->next;
    m->limit = m->range.start + m->range.usable_bytes;
}

static inline void hm_region_leave(struct hm_mutator *m)
{
    HM_ASSERT(m->depth > 0);
    if (HM_UNLIKELY(m->verify))
        hm_arena_leave_checked(m);
    m->next = m->start[--m->depth];
    if (m->depth == 0)
        m->limit = m->next;
}

static inline hm_ref hm_load(struct hm_mutator *m, hm_ref o, size_t i)
{
    (void)m;
    return ((hm_ref *)o)[i];
}

static inline void hm_store(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    (void)m;
    ((hm_ref *)o)[i] = v;
}

static inline void hm_init(struct hm_mutator *m, hm_ref o, size_t i, hm_ref v)
{
    hm_store(m, o, i, v);
}

static inline void *hm_raw(hm_ref o, size_t n_refs)
{
    return (hm_ref *)o + n_refs;
}

/* What lies in a region dies with it. */
static inline void hm_dispose(struct hm_mutator *m, hm_ref o)
{
    if (HM_UNLIKELY(m->verify)) {
        hm_arena_dispose_checked(m, o);
    } else if (!hm_range_has(&m->range, o)) {
        free(o);
    }
}

static inline void hm_poll(struct hm_mutator *m)
{
    (void)m;
}

#endif /* HM_COLLECTORS_ARENA_H */
