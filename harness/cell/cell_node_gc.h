/* SPDX-License-Identifier: MIT */
/* cell_node_gc.h -- V8's collections, as it calls back before and after each.
 */
#ifndef HM_HARNESS_CELL_NODE_GC_H
#define HM_HARNESS_CELL_NODE_GC_H

#include <stddef.h>

/* What a script reads: the number of entries, then three numbers for each. */
enum { HM_NODE_GC_START_NS, HM_NODE_GC_NS, HM_NODE_GC_KIND, HM_NODE_GC_FIELDS };

/* From now on each collection of this thread's isolate is an entry of `log`,
 * n numbers that stay where they are: its start on the monotonic clock, how
 * long it took, and its kind as in perf_hooks; what does not fit is left out.
 * Returns 0; -1 when this V8 does not have the functions. */
int hm_cell_node_gc_watch(double *log, size_t n);

#endif /* HM_HARNESS_CELL_NODE_GC_H */
