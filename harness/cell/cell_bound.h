/* SPDX-License-Identifier: MIT */
/* cell_bound.h -- where the calls of a program go. */
#ifndef HM_HARNESS_CELL_BOUND_H
#define HM_HARNESS_CELL_BOUND_H

/* Where the main program's calls of `symbol` of a shared library go; NULL when
 * it calls none of that name, or has not yet done so.
 *
 * The address of a function is not always that: a program that is not
 * position-independent may have one in itself, of a stub. */
const void *hm_cell_bound(const char *symbol);

#endif /* HM_HARNESS_CELL_BOUND_H */
