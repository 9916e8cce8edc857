/* SPDX-License-Identifier: MIT */
/* large.h -- the space of objects above 8 KiB: marked where they are, freed
 * whole at the end of a collection, never moved.
 *
 * Each lies in a run of pages of its own, after a descriptor of 56 bytes and
 * the header word, so its payload is 64-byte aligned.  Marked ones wait in a
 * list through their descriptors: marking needs no memory. */
#ifndef HM_COLLECTORS_SUBSTRATE_LARGE_H
#define HM_COLLECTORS_SUBSTRATE_LARGE_H

#include "collectors/substrate/extents.h"
#include "collectors/substrate/object.h"

struct hm_large_object {
    struct hm_large_object *next; /* of all */
    struct hm_large_object *grey; /* of those marked but not scanned */
    size_t scanned;               /* references scanned so far */
    uint64_t is_marked;
    uint64_t reserved[2]; /* the payload starts a cache line */
    uint64_t pages;
    uint64_t header;
};

_Static_assert(sizeof(struct hm_large_object) == 64, "aligned payload");

struct hm_large {
    struct hm_extents extents;
    struct hm_large_object *all, *grey;
    int is_marking;  /* between the pauses of a collection */
    int keeps_marks; /* from one collection to the next: what is marked
                      * counts as old; the owner sets it */
    struct hm_large_object *unswept; /* those of the last marking */
    size_t object_bytes;             /* sizes with header of all in the lists */
    size_t marked_bytes; /* of those marked by one thread, until the sweep */
};

/* See hm_extents_open. */
int hm_large_open(struct hm_large *large, struct hm_budget *budget,
                  int is_guarded);
void hm_large_close(struct hm_large *large);

/* Pages that an object of `words` takes from the budget, in bytes. */
static inline size_t hm_large_cost_bytes(size_t words)
{
    return hm_round_up(words * HM_WORD_BYTES + sizeof(struct hm_large_object) -
                           HM_WORD_BYTES,
                       HM_PAGE_BYTES);
}

/* A new object with null references, or NULL when there is no room. */
hm_ref hm_large_new(struct hm_large *large, size_t words, size_t n_refs);

/* Whether `o` lies in this space; any reference may be asked about. */
static inline int hm_large_has(const struct hm_large *large, hm_ref o)
{
    return hm_range_has(&large->extents.range, o);
}

static inline struct hm_large_object *hm_large_of(hm_ref o)
{
    return (struct hm_large_object *)o - 1;
}

static inline hm_ref hm_large_ref(struct hm_large_object *object)
{
    return (hm_ref)(object + 1);
}

/* Whether a large object in use starts at `o`. */
static inline int hm_large_is_object(const struct hm_large *large, hm_ref o)
{
    return hm_extents_is_start(&large->extents,
                               (char *)o - sizeof(struct hm_large_object));
}

/* Another thread may be marking. */
static inline int hm_large_is_marked(hm_ref o)
{
    return __atomic_load_n(&hm_large_of(o)->is_marked, __ATOMIC_RELAXED) != 0;
}

/* As hm_large_mark, without a look at the table of extents, which another
 * thread may be changing. */
static inline void hm_large_mark_shared(struct hm_large *large, hm_ref o)
{
    struct hm_large_object *object = hm_large_of(o);

    if (object->is_marked)
        return;
    __atomic_store_n(&object->is_marked, 1, __ATOMIC_RELAXED);
    large->marked_bytes += hm_header_words(object->header) * HM_WORD_BYTES;
    object->scanned = 0;
    object->grey = large->grey;
    large->grey = object;
}

/* Marks `o` and queues it for scanning, once. */
static inline void hm_large_mark(struct hm_large *large, hm_ref o)
{
    HM_ASSERT(hm_large_is_object(large, o));
    hm_large_mark_shared(large, o);
}

/* The next at most `max` unscanned references of a queued object: returns
 * their number and the first in *slot; 0 when no object waits. */
size_t hm_large_scan(struct hm_large *large, size_t max, hm_ref **slot);

/* Queues all marked objects, to be scanned from their beginnings.  Nothing may
 * be queued. */
void hm_large_requeue(struct hm_large *large);

/* Frees what is not marked and clears the marks, unless they are kept.
 * Nothing may be queued. */
void hm_large_sweep(struct hm_large *large);

/* Clears marks that were kept. */
void hm_large_unmark(struct hm_large *large);

/* The same in pieces: begin once, then, up to `max` objects at a time, until
 * it returns 0.  What is allocated meanwhile is kept. */
void hm_large_sweep_begin(struct hm_large *large);
int hm_large_sweep_some(struct hm_large *large, size_t max);

/* NULL, or what is wrong.  Outside the pauses of a collection only. */
const char *hm_large_check(const struct hm_large *large);

#endif /* HM_COLLECTORS_SUBSTRATE_LARGE_H */
