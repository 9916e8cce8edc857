/* SPDX-License-Identifier: MIT */
/* grow_refs.h -- an array of references that doubles when it is full. */
#ifndef HM_WORKLOADS_GROW_REFS_H
#define HM_WORKLOADS_GROW_REFS_H

#include "workloads/object.h"

#include <stdint.h>

/* Replaces the array in root `k`, of `places`, by one of twice as many that
 * starts with the same references.  A GC point. */
static inline void hm_grow_refs(struct hm_object_run *run, unsigned k,
                                uint64_t places)
{
    struct hm_mutator *m = run->mutator;
    hm_ref bigger = hm_new_refs(m, places * 2);
    hm_ref array = run->root[k];

    for (uint64_t i = 0; i < places; i++)
        hm_store(m, bigger, i, hm_load(m, array, i));
    run->root[k] = bigger;
    hm_dispose(m, array);
}

#endif /* HM_WORKLOADS_GROW_REFS_H */
