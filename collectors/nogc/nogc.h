/* SPDX-License-Identifier: MIT */
/* nogc.h -- bump allocation that never frees: the least an allocation can cost
 * and the most memory a program can take. */
#ifndef HM_COLLECTORS_NOGC_H
#define HM_COLLECTORS_NOGC_H

#include "collectors/reference.h"
#include "common/check.h"

#include <stddef.h>
#include <stdint.h>

#define HM_GC_MANUAL  0
#define HM_GC_PRECISE 0
#define HM_GC_MOVING  0
#define HM_GC_THREADS 1

enum { HM_NOGC_ALIGN = 8 };

struct hm_mutator {
    unsigned char *next, *limit; /* both multiples of HM_NOGC_ALIGN */
};

/* Makes room for `bytes` more, or ends the run. */
void hm_nogc_extend(struct hm_mutator *m, size_t bytes);

/* Memory that was never used is zero: references need no nulling. */
static inline hm_ref hm_nogc_take(struct hm_mutator *m, size_t bytes)
{
    unsigned char *o;

    bytes += bytes == 0; /* objects are distinct */
    if (HM_UNLIKELY(bytes > (size_t)(m->limit - m->next)))
        hm_nogc_extend(m, bytes);
    o = m->next;
    m->next = o + ((bytes + HM_NOGC_ALIGN - 1) & ~(size_t)(HM_NOGC_ALIGN - 1));
    return (hm_ref)(void *)o;
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    return hm_nogc_take(m, type->n_refs * sizeof(hm_ref) + type->raw_bytes);
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_nogc_take(m, n * sizeof(hm_ref));
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_nogc_take(m, bytes);
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
    (void)m;
}

#endif /* HM_COLLECTORS_NOGC_H */
