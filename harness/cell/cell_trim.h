/* SPDX-License-Identifier: MIT */
/* cell_trim.h -- the request that most mallocs know beside malloc(3)'s own:
 * give back to the system what is not needed. */
#ifndef HM_HARNESS_CELL_TRIM_H
#define HM_HARNESS_CELL_TRIM_H

#include <stdbool.h>

/* Calls the function that the malloc in use documents for it; false when it has
 * none: another malloc's, as the C library's malloc_trim under a preloaded one,
 * is not called.  After the run only. */
bool hm_cell_trim(void);

#endif /* HM_HARNESS_CELL_TRIM_H */
