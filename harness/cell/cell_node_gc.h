/* SPDX-License-Identifier: MIT */
/* cell_node_gc.h -- V8's collections, as it calls back before and after each.
 */
#ifndef HM_HARNESS_CELL_NODE_GC_H
#define HM_HARNESS_CELL_NODE_GC_H

#include <stdbool.h>

/* From now on V8 tells of each collection of this thread's isolate, for as
 * long as the process lives.  Returns 0; -1 when this V8 does not have the
 * functions. */
int hm_cell_node_gc_watch(void);

/* Whether collections count: inside of the clock window. */
void hm_cell_node_gc_count(bool counts);

/* Writes what has counted as lines of a record: the number of collections and
 * the pauses.  Returns 0, or -errno of the first write that failed. */
int hm_cell_node_gc_write(int fd);

#endif /* HM_HARNESS_CELL_NODE_GC_H */
