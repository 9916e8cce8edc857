/* SPDX-License-Identifier: MIT */
/* cell_trim.h -- the request that most mallocs know beside malloc(3)'s own:
 * give back to the system what is not needed. */
#ifndef HM_HARNESS_CELL_TRIM_H
#define HM_HARNESS_CELL_TRIM_H

/* Calls the function that the malloc in use documents for it: that of the
 * preloaded library if it has one, else the C library's malloc_trim, which does
 * nothing to another malloc's memory.  After the run only. */
void hm_cell_trim(void);

#endif /* HM_HARNESS_CELL_TRIM_H */
