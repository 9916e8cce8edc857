/* SPDX-License-Identifier: MIT */
/* cell_used.h -- what most mallocs can tell of themselves: how many bytes they
 * have given and not got back, with what they added to the requests. */
#ifndef HM_HARNESS_CELL_USED_H
#define HM_HARNESS_CELL_USED_H

#include <stdint.h>

/* Asks by the function that the malloc in use documents for it.  Returns
 * HM_UNKNOWN_BYTES (cell_record.h) when it has none.  All of the process is
 * counted: a page or two before the program has asked for anything.  May walk
 * lists of free blocks. */
uint64_t hm_cell_used_bytes(void);

#endif /* HM_HARNESS_CELL_USED_H */
