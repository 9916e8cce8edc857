/* SPDX-License-Identifier: MIT */
/* marker.h -- marks what is reachable in a bitmap beside the heap.
 *
 * Small objects lie in one range, [base, base + words), with a bit for each
 * word; large ones keep their mark themselves.  Either the word of the header
 * is marked, or every word of the object, for collectors that need to add up
 * what lives below an address.
 *
 * Costs: a pass over what lives, plus one over all marked objects each time
 *        that the queue had to drop references (see mark_queue.h).
 *        Several threads share the first pass only. */
#ifndef HM_COLLECTORS_SUBSTRATE_MARKER_H
#define HM_COLLECTORS_SUBSTRATE_MARKER_H

#include "collectors/substrate/large.h"
#include "collectors/substrate/mark_queue.h"
#include "collectors/substrate/parallel_marker.h"
#include "collectors/substrate/roots.h"
#include "collectors/substrate/weak.h"

struct hm_marker {
    uint64_t *base, *bits;
    size_t words;           /* of the range, at most what `bits` covers */
    int marks_whole;        /* every word, not only the header's */
    struct hm_large *large; /* references beyond the range lead there */
    uint64_t marked_words;  /* result: of small objects */
    unsigned rescans;       /* result */
    struct hm_weak *weak;   /* to be told what is marked; else NULL */
    struct hm_mark_queue queue;
    struct hm_parallel_marker parallel; /* does the work if opened for more
                                         * than one thread */
};

/* What a marker of `threads` for a heap of so many bytes, 0 for no limit, takes
 * from the system. */
static inline size_t hm_marker_bytes(size_t heap_bytes, unsigned threads)
{
    return hm_mark_queue_bytes(heap_bytes) +
           hm_parallel_marker_bytes(threads, heap_bytes);
}

/* Queue and threads; the owner has charged hm_marker_bytes.  Returns 1; 0 when
 * the system refuses. */
int hm_marker_open(struct hm_marker *marker, size_t heap_bytes,
                   unsigned threads);

/* Nothing for one of all zeros. */
void hm_marker_close(struct hm_marker *marker);

/* All bits must be clear.  Leaves the queue empty. */
void hm_marker_run(struct hm_marker *marker, const struct hm_roots *roots);

/* After hm_marker_run: ephemerons, and what of the table has died.  Adds to
 * marked_words. */
void hm_marker_weak(struct hm_marker *marker, struct hm_weak *weak);

#endif /* HM_COLLECTORS_SUBSTRATE_MARKER_H */
