/* SPDX-License-Identifier: MIT */
/* marksweep_heap.h -- what the parts of the mark-sweep collector share. */
#ifndef HM_COLLECTORS_MARKSWEEP_HEAP_H
#define HM_COLLECTORS_MARKSWEEP_HEAP_H

#include "collectors/substrate/mutators.h"
#include "collectors/substrate/segregated.h"

struct hm_gc {
    struct hm_mutator first;
    struct hm_mutators mutators;
    struct hm_heap heap;
    struct hm_segregated space;
    struct hm_marker marker;
};

/* A full collection. */
void hm_marksweep_collect(struct hm_gc *gc);

/* As hm_gc_check; *bytes = what is reachable. */
const char *hm_marksweep_check(struct hm_gc *gc, uint64_t *bytes);

#endif /* HM_COLLECTORS_MARKSWEEP_HEAP_H */
