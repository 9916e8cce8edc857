/* SPDX-License-Identifier: MIT */
/* marksweep_heap.h -- what the parts of the mark-sweep collector share. */
#ifndef HM_COLLECTORS_MARKSWEEP_HEAP_H
#define HM_COLLECTORS_MARKSWEEP_HEAP_H

#include "collectors/substrate/blocks.h"
#include "collectors/substrate/heap.h"
#include "collectors/substrate/marker.h"

/* Where a class allocates; holes before `word` are used up. */
struct marksweep_cursor {
    uint32_t block; /* or HM_BLOCK_NONE */
    unsigned word, end;
};

struct hm_gc {
    struct hm_mutator mutator;
    struct hm_heap heap;
    struct hm_blocks blocks;
    struct marksweep_cursor cursor[HM_SIZE_CLASSES];
    uint32_t partial[HM_SIZE_CLASSES]; /* blocks with holes, not begun */
    struct hm_marker marker;
};

/* Closes all holes and forgets the lists of blocks. */
void hm_marksweep_reset(struct hm_gc *gc);

/* A full collection. */
void hm_marksweep_collect(struct hm_gc *gc);

/* As hm_gc_check; *bytes = what is reachable. */
const char *hm_marksweep_check(struct hm_gc *gc, uint64_t *bytes);

#endif /* HM_COLLECTORS_MARKSWEEP_HEAP_H */
