/* SPDX-License-Identifier: MIT */
/* manual.h -- malloc and free by the program itself, under any malloc. */
#ifndef HM_COLLECTORS_MANUAL_H
#define HM_COLLECTORS_MANUAL_H

#include "collectors/reference.h"
#include "common/check.h"

#include <stdlib.h>

#define HM_GC_MANUAL 1
#ifdef HM_MANUAL_FRAMES /* registered, and never looked at */
#define HM_GC_PRECISE 1
#else
#define HM_GC_PRECISE 0
#endif
#define HM_GC_MOVING     0
#define HM_GC_THREADS    1
#define HM_GC_RESIZE_RAW 1

struct hm_mutator {
    void (*exhausted)(size_t bytes);
#ifdef HM_MANUAL_FRAMES
    struct hm_frame *frames;
#endif
};

#ifdef HM_MANUAL_FRAMES
static inline struct hm_frame **hm_frames(struct hm_mutator *m)
{
    return &m->frames;
}
#endif

static inline hm_ref hm_manual_take(struct hm_mutator *m, void *block,
                                    size_t bytes)
{
    if (HM_UNLIKELY(block == NULL))
        m->exhausted(bytes);
    return block;
}

static inline hm_ref hm_new(struct hm_mutator *m, const struct hm_layout *type)
{
    size_t bytes = type->n_refs * sizeof(hm_ref) + type->raw_bytes;
    hm_ref o = hm_manual_take(m, malloc(bytes), bytes);

    for (uint32_t i = 0; i < type->n_refs; i++)
        ((hm_ref *)o)[i] = NULL;
    return o;
}

static inline hm_ref hm_new_refs(struct hm_mutator *m, size_t n)
{
    return hm_manual_take(m, calloc(n, sizeof(hm_ref)), n * sizeof(hm_ref));
}

static inline hm_ref hm_new_raw(struct hm_mutator *m, size_t bytes)
{
    return hm_manual_take(m, malloc(bytes), bytes);
}

static inline hm_ref hm_resize_raw(struct hm_mutator *m, hm_ref o,
                                   size_t old_bytes, size_t new_bytes)
{
    (void)old_bytes;
    return hm_manual_take(m, realloc(o, new_bytes), new_bytes);
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
    free(o);
}

static inline void hm_poll(struct hm_mutator *m)
{
    (void)m;
}

#endif /* HM_COLLECTORS_MANUAL_H */
