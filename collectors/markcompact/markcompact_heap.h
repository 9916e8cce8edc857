/* SPDX-License-Identifier: MIT */
/* markcompact_heap.h -- what the parts of the mark-compact collector share. */
#ifndef HM_COLLECTORS_MARKCOMPACT_HEAP_H
#define HM_COLLECTORS_MARKCOMPACT_HEAP_H

#include "collectors/substrate/marker.h"
#include "collectors/substrate/mutators.h"

enum {
    MARKCOMPACT_CHUNK_WORDS = 64,    /* one word of the bitmap */
    MARKCOMPACT_BITS_SHARE = 64,     /* bytes of heap to a byte of bitmap */
    MARKCOMPACT_OFFSETS_SHARE = 128, /* ... of the table of offsets */
};

/* Offsets are 32 bits of words. */
#define MARKCOMPACT_MAX_BYTES ((size_t)32 << 30)

struct hm_gc {
    struct hm_mutator first;
    struct hm_mutators mutators;
    struct hm_heap heap;
    struct hm_range space, bits, offsets;
    uint64_t *top;           /* of the space: end of objects and windows */
    size_t touched_bytes;    /* of the space, whole pages, charged */
    size_t since_used_bytes; /* used at the last collection */
    struct hm_marker marker;
};

/* What a space touched up to `bytes` takes, side tables included. */
static inline size_t markcompact_cost_bytes(size_t bytes)
{
    return bytes + bytes / MARKCOMPACT_BITS_SHARE +
           bytes / MARKCOMPACT_OFFSETS_SHARE;
}

/* Windows included; but a mutator in the slow path has returned its own. */
static inline size_t markcompact_used_bytes(const struct hm_gc *gc)
{
    return (size_t)((char *)gc->top - gc->space.start);
}

static inline size_t markcompact_since_bytes(const struct hm_gc *gc)
{
    return markcompact_used_bytes(gc) - gc->since_used_bytes +
           gc->heap.since_bytes;
}

/* A full collection. */
void hm_markcompact_collect(struct hm_gc *gc);

/* As hm_gc_check; *bytes = what is reachable. */
const char *hm_markcompact_check(struct hm_gc *gc, uint64_t *bytes);

#endif /* HM_COLLECTORS_MARKCOMPACT_HEAP_H */
