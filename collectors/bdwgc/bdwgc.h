/* SPDX-License-Identifier: MIT */
/* bdwgc.h -- the inlined half of the binding of libgc: small objects come from
 * free lists that libgc fills a block at a time. */
#ifndef HM_COLLECTORS_BDWGC_H
#define HM_COLLECTORS_BDWGC_H

#include "collectors/reference.h"
#include "collectors/substrate/safepoint.h"
#include "common/check.h"

#include <string.h>

#define HM_GC_MANUAL       0
#define HM_GC_PRECISE      0
#define HM_GC_MOVING       0
#define HM_GC_WEAK         1
#define HM_GC_CONSERVATIVE 1

#ifdef HM_BDWGC_INCREMENTAL
#define HM_GC_THREADS 0
#else
#define HM_GC_THREADS    1
#define HM_GC_SAFEPOINTS 1 /* for the coming of the second mutator only */
#endif

enum {
    HM_BDWGC_GRANULE_BYTES = 16,
    HM_BDWGC_LISTS = 17, /* objects of up to 256 bytes */
};

/* Free objects of one size and kind, linked through their first word; none
 * while there are several mutators: a signal of libgc that stops one between
 * the two halves of a pop would find neither the list nor its objects. */
struct hm_mutator {
    void *scanned[HM_BDWGC_LISTS], *pointer_free[HM_BDWGC_LISTS];
    struct hm_gc *gc;
    struct hm_thread thread;
};

/* References null; the list at `list` is refilled where there is one. */
hm_ref hm_bdwgc_new_slow(struct hm_mutator *m, size_t bytes, size_t n_refs,
                         void **list);

/* The incremental mode marks a little more, or begins if that is due. */
void hm_bdwgc_turn(struct hm_mutator *m);

/* `bytes` more cannot be had: ends the run. */
_Noreturn void hm_bdwgc_exhausted(struct hm_mutator *m, size_t bytes);

static inline hm_ref hm_bdwgc_new(struct hm_mutator *m, size_t bytes,
                                  size_t n_refs)
{
    size_t granules =
        (bytes + HM_BDWGC_GRANULE_BYTES - 1) / HM_BDWGC_GRANULE_BYTES;
    void **list, *object;

    if (HM_UNLIKELY(granules >= HM_BDWGC_LISTS || bytes > SIZE_MAX / 2))
        return hm_bdwgc_new_slow(m, bytes, n_refs, NULL);
    granules += granules == 0;
    list = n_refs > 0 ? &m->scanned[granules] : &m->pointer_free[granules];
    object = *list;
    if (HM_UNLIKELY(object == NULL))
        return hm_bdwgc_new_slow(m, bytes, n_refs, list);
    memcpy(list, object, sizeof(*list));
    for (size_t i = 0; i < n_refs; i++)
        ((hm_ref *)object)[i] = NULL;
    return object;
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return hm_bdwgc_new(m, type->n_refs * sizeof(hm_ref) + type->raw_bytes,
                        type->n_refs);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_bdwgc_new(m, n * sizeof(hm_ref), n);
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_bdwgc_new(m, bytes, 0);
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

static inline void hm_dispose(struct hm_mutator *m, hm_ref o)
{
    (void)m;
    (void)o;
}

static inline void hm_poll(struct hm_mutator *m)
{
    if (HM_GC_THREADS) {
        hm_safepoint_poll(m->thread.safepoint);
    } else {
        hm_bdwgc_turn(m);
    }
}

#endif /* HM_COLLECTORS_BDWGC_H */
