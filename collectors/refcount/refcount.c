/* SPDX-License-Identifier: MIT */
/* refcount.c -- deferred reference counting with sliced cascades; dead cycles
 * stay.
 *
 * Source:     L. P. Deutsch and D. G. Bobrow, CACM 19(9), 1976; freeing in
 *             slices J. Weizenbaum, CACM 6(9), 1963.
 * Differs:    a new object is in the zero count table by where it lies: the
 *             runs of cells filled since the last reconciliation are walked.
 *             What dies is linked through its own header, so a cascade needs
 *             no memory and stops at any reference.  Cells are segregated by
 *             size, their bits kept aside, and allocated by bumping through
 *             holes.  Tables are bounded by the budget; what did not fit is
 *             found again by walking the heap.
 * Invariants: a count is the number of fields of objects, live or not yet
 *             discounted, that refer to the object; an object whose count is 0
 *             is new, in the table, or dying; bits are set for objects and
 *             open holes, and nowhere else; see hm_gc_check().
 * Costs:      a store touches the headers of the old and the new referent;
 *             a pause scans the roots, the objects new since the last one and
 *             a slice of the dying.  Garbage in cycles is never found: memory
 *             grows by it until the run ends as `oom`.
 *             There are no weak references (no HM_GC_WEAK): a target dies in
 *             the middle of a cascade, not where a trace ends, so each death
 *             would have to ask a table whether something watches.
 * Threads:    one mutator: counts and tables are plain words.  Atomic counts,
 *             or a log for each thread, would make another collector of it. */
#include "collectors/refcount/refcount_heap.h"

static const struct hm_param refcount_params[] = {REFCOUNT_ROWS, {0}};

const struct hm_collector hm_collector_this = {
    .name = "refcount",
    .summary = "deferred counting, sliced cascades; cycles leak",
    .source = "Deutsch and Bobrow, CACM 19(9), 1976",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .has_no_tracing = 1,
    .params = refcount_params,
};

int hm_refcount_cycles_open(struct hm_gc *gc)
{
    (void)gc;
    return 1;
}

void hm_refcount_cycles_close(void)
{
}

void hm_refcount_cycles_step(struct hm_gc *gc)
{
    (void)gc;
}

size_t hm_refcount_cycles_hurry(const struct hm_gc *gc, size_t due_bytes)
{
    (void)gc;
    return due_bytes;
}

int hm_refcount_cycles_is_due(const struct hm_gc *gc)
{
    (void)gc;
    return 0;
}

void hm_refcount_cycles_find(struct hm_gc *gc)
{
    (void)gc;
}
