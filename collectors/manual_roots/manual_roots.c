/* SPDX-License-Identifier: MIT */
/* manual_roots.c -- malloc and free as in manual/, and precise frames beside
 * them that nobody reads: against `glibc` it prices the registration of roots
 * alone, so that what a precise collector costs above it is collection.
 *
 * Source:     the shadow stack of F. Henderson, ISMM 2002.
 * Differs:    nothing walks the frames.  It is a reference, not an allocator:
 *             no program would be built so.  Memory comes from the C library,
 *             with no library in front.
 * Invariants: the frames of a mutator are those of its open calls.
 * Costs:      three stores per frame, one to end it, and slots that live in
 *             memory instead of registers.
 * Threads:    as manual. */
#include "collectors/collector.h"

static const struct hm_param manual_roots_params[] = {{0}};

const struct hm_collector hm_collector_this = {
    .name = "manual_roots",
    .summary = "malloc and free, with registered frames: the price of roots",
    .source = "F. Henderson, ISMM 2002, shadow stack",
    .class = HM_CLASS_REFERENCE,
    .has_heap_limit = 0,
    .params = manual_roots_params,
};
