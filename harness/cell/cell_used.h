/* SPDX-License-Identifier: MIT */
/* cell_used.h -- what most mallocs can tell of themselves: how many bytes they
 * have given and not got back, with what they added to the requests. */
#ifndef HM_HARNESS_CELL_USED_H
#define HM_HARNESS_CELL_USED_H

#include <stdint.h>

/* Looks for the function that the malloc in use documents for it.  Before the
 * run: what the loader does not find it says in a text, for which it asks
 * malloc. */
void hm_cell_used_find(void);

/* Asks by what was found.  Returns HM_UNKNOWN_BYTES (cell_record.h) when there
 * was nothing.  All of the process is
 * counted: a page or two before the program has asked for anything.  May walk
 * lists of free blocks. */
uint64_t hm_cell_used_bytes(void);

#endif /* HM_HARNESS_CELL_USED_H */
