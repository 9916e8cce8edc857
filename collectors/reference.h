/* SPDX-License-Identifier: MIT */
/* reference.h -- the types that every collector's inlined half starts from;
 * mutator.h holds the contract. */
#ifndef HM_COLLECTORS_REFERENCE_H
#define HM_COLLECTORS_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

/* A reference is a value like an int; the struct is never completed.
 * NOLINTNEXTLINE(readability-identifier-naming) */
typedef struct hm_object *hm_ref;

struct hm_layout {
    uint32_t n_refs, raw_bytes;
    const char *name; /* for heap dumps */
};

/* A shadow-stack frame: this header, then n slots (HM_FRAME in mutator.h). */
struct hm_frame {
    struct hm_frame *prev;
    size_t n;
};

/* What the collector of a heap sees of each mutator: a part of it. */
struct hm_thread {
    struct hm_frame *frames;
    struct hm_thread *next;         /* of those attached */
    struct hm_safepoint *safepoint; /* where several mutators may be */
};

struct hm_gc;      /* a heap; opaque */
struct hm_mutator; /* one per thread; completed by the collector's header */

#endif /* HM_COLLECTORS_REFERENCE_H */
