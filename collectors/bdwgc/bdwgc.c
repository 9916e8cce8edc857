/* SPDX-License-Identifier: MIT */
/* bdwgc.c -- Boehm, Demers and Weiser's collector, libgc, as a strategy.
 *
 * Source:     H.-J. Boehm and M. Weiser, SP&E 18(9), 1988; libgc's gc.h and
 *             gc_inline.h.
 * Differs:    the program's data segments are not roots, only stack, registers
 *             and hm_gc_add_roots; pointers into objects count on the stack
 *             only.  With a limit the heap is expanded to it at once, as the
 *             other collectors use all of theirs: libgc alone would rather
 *             collect than grow.  Its tables are outside the limit that libgc
 *             obeys, 8.5 % of it on heaps of 12 to 96 MB; so it is given
 *             12/13 of heap_bytes.  Large objects are not allocated with
 *             IGNORE_OFF_PAGE: a loop may keep no pointer to their first page
 *             in a register.
 * Invariants: the mutator's free lists are empty while libgc marks, so that
 *             what they held is reclaimed with the rest, and for good once
 *             there have been two mutators; see hm_gc_check().
 * Costs:      those of libgc: 4 KiB blocks of one size, lazy sweep.  With
 *             `markers` above 1 its marker threads are started; libgc itself
 *             starts none in a single-threaded program, whatever it is told.
 * Threads:    any number of mutators, stopped by libgc's signals wherever they
 *             are.  From the second one on objects come from GC_malloc, with
 *             libgc's own thread-local lists, for an inlined pop that is
 *             interrupted loses its list; a lone mutator pays nothing. */
#include "collectors/bdwgc/bdwgc_heap.h"

static const struct hm_param bdwgc_params[] = {BDWGC_PARAMS, {0}};

const struct hm_collector hm_collector_this = {
    .name = "bdwgc",
    .summary = "Boehm-Demers-Weiser, conservative mark-sweep (libgc)",
    .source = "Boehm and Weiser, SP&E 18(9), 1988",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = bdwgc_params,
};
