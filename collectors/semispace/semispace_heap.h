/* SPDX-License-Identifier: MIT */
/* semispace_heap.h -- what the parts of the copying collector share. */
#ifndef HM_COLLECTORS_SEMISPACE_HEAP_H
#define HM_COLLECTORS_SEMISPACE_HEAP_H

#include "collectors/substrate/mutators.h"

enum {
    SEMISPACE_SPACES = 4,                   /* under verify; else two */
    SEMISPACE_MARGIN_BYTES = HM_PAGE_BYTES, /* the scan reads ahead so far */
};

struct semispace_space {
    struct hm_range range;
    size_t touched_bytes; /* from its start; charged to the budget */
};

struct hm_gc {
    struct hm_mutator first;
    struct hm_mutators mutators;
    struct hm_heap heap;
    struct semispace_space space[SEMISPACE_SPACES], *current;
    uint64_t *top; /* of the current space: end of objects and windows */
    unsigned n_spaces;
    size_t since_used_bytes; /* used at the last collection */
};

/* Windows included; but a mutator in the slow path has returned its own. */
static inline size_t semispace_used_bytes(const struct hm_gc *gc)
{
    return (size_t)((char *)gc->top - gc->current->range.start);
}

static inline size_t semispace_since_bytes(const struct hm_gc *gc)
{
    return semispace_used_bytes(gc) - gc->since_used_bytes +
           gc->heap.since_bytes;
}

/* What one space may use once large objects hold `more_bytes` more pages. */
size_t hm_semispace_half_bytes(const struct hm_gc *gc, size_t more_bytes);

/* Gives back what `space` has touched above `bytes`. */
void hm_semispace_trim(struct hm_gc *gc, struct semispace_space *space,
                       size_t bytes);

/* Makes `bytes` fit into the budget, given that they fit once no space holds
 * more than `half_bytes` and no freed run of pages is kept. */
void hm_semispace_make_room(struct hm_gc *gc, size_t bytes, size_t half_bytes);

/* Charges `space` for being touched up to `bytes`.  0: no budget. */
int hm_semispace_touch(struct hm_gc *gc, struct semispace_space *space,
                       size_t bytes);

/* Makes all spaces usable up to `bytes`.  0: the system refuses. */
int hm_semispace_extend(struct hm_gc *gc, size_t bytes);

/* A full collection. */
void hm_semispace_collect(struct hm_gc *gc);

/* As hm_gc_check; *bytes = what is reachable. */
const char *hm_semispace_check(struct hm_gc *gc, uint64_t *bytes);

#endif /* HM_COLLECTORS_SEMISPACE_HEAP_H */
