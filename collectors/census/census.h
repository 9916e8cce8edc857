/* SPDX-License-Identifier: MIT */
/* census.h -- malloc and free with an exact ledger: how many objects and bytes
 * the program needs at each moment.  Not a strategy; the driver runs it once
 * per workload to learn live bytes, the 1x heap and the expected counts. */
#ifndef HM_COLLECTORS_CENSUS_H
#define HM_COLLECTORS_CENSUS_H

#include "collectors/reference.h"
#include "common/check.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#define HM_GC_MANUAL  1
#define HM_GC_PRECISE 0
#define HM_GC_MOVING  0
#define HM_GC_THREADS 1

enum {
    HM_CENSUS_HEADER_BYTES = 8, /* of every tracing collector here */
    HM_CENSUS_PREFIX_BYTES = 16,
    HM_CENSUS_LIVE = 0x11FE,
    HM_CENSUS_DEAD = 0xDEAD,
};

/* Before each object; 16 bytes, so that it stays aligned. */
struct hm_census_prefix {
    uint64_t bytes; /* requested, references included */
    uint64_t state; /* HM_CENSUS_LIVE or HM_CENSUS_DEAD */
};

/* One for all threads: what a program needs at a moment is a number of them
 * all, and so is its peak. */
struct hm_mutator {
    pthread_mutex_t lock; /* of what follows */
    void (*exhausted)(size_t bytes);
    uint64_t live_bytes, peak_bytes;    /* as requested */
    uint64_t heap_bytes, heap_1x_bytes; /* now and at most, with headers */
    uint64_t alloc_count, alloc_bytes, free_count;
    uint64_t lost_count, lost_bytes; /* forgotten without release */
};

static inline void hm_census_lock(struct hm_mutator *m)
{
    HM_CHECK(pthread_mutex_lock(&m->lock) == 0);
}

static inline void hm_census_unlock(struct hm_mutator *m)
{
    HM_CHECK(pthread_mutex_unlock(&m->lock) == 0);
}

static inline hm_ref hm_census_new(struct hm_mutator *m, size_t bytes)
{
    struct hm_census_prefix *p = malloc(sizeof(*p) + bytes);

    if (p == NULL) {
        m->exhausted(bytes);
        __builtin_unreachable(); /* R5: exhausted() does not return */
    }
    p->bytes = bytes;
    p->state = HM_CENSUS_LIVE;
    hm_census_lock(m);
    m->alloc_count++;
    m->alloc_bytes += bytes;
    m->live_bytes += bytes;
    m->heap_bytes += bytes + HM_CENSUS_HEADER_BYTES;
    if (m->live_bytes > m->peak_bytes)
        m->peak_bytes = m->live_bytes;
    if (m->heap_bytes > m->heap_1x_bytes)
        m->heap_1x_bytes = m->heap_bytes;
    hm_census_unlock(m);
    return (hm_ref)(p + 1);
}

/* The object dies; by hm_lose when `lost`. */
static inline struct hm_census_prefix *hm_census_end(struct hm_mutator *m,
                                                     hm_ref o, int lost)
{
    struct hm_census_prefix *p = (struct hm_census_prefix *)o - 1;

    hm_census_lock(m);
    HM_CHECK(p->state == HM_CENSUS_LIVE); /* R4: exactly once */
    p->state = HM_CENSUS_DEAD;
    m->live_bytes -= p->bytes;
    m->heap_bytes -= p->bytes + HM_CENSUS_HEADER_BYTES;
    m->free_count += !lost;
    m->lost_count += (uint64_t)lost;
    m->lost_bytes += lost ? p->bytes : 0;
    hm_census_unlock(m);
    return p;
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    hm_ref o = hm_census_new(m, n * sizeof(hm_ref));

    for (size_t i = 0; i < n; i++)
        ((hm_ref *)o)[i] = NULL;
    return o;
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    hm_ref o =
        hm_census_new(m, type->n_refs * sizeof(hm_ref) + type->raw_bytes);

    for (uint32_t i = 0; i < type->n_refs; i++)
        ((hm_ref *)o)[i] = NULL;
    return o;
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_census_new(m, bytes);
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
    free(hm_census_end(m, o, 0));
}

static inline void hm_lose(struct hm_mutator *m, hm_ref o)
{
    (void)hm_census_end(m, o, 1);
}

static inline void hm_poll(struct hm_mutator *m)
{
    (void)m;
}

#endif /* HM_COLLECTORS_CENSUS_H */
