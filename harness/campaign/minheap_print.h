/* SPDX-License-Identifier: MIT */
/* minheap_print.h -- the minimum heaps as a table for people. */
#ifndef HM_HARNESS_CAMPAIGN_MINHEAP_PRINT_H
#define HM_HARNESS_CAMPAIGN_MINHEAP_PRINT_H

#include "harness/campaign/minheap_table.h"

/* Prints the rows of the plan's cells by workload, smallest heap first, then
 * what went wrong and how to go on.  Returns 0, or -EIO when a search ended by
 * an error of a strategy or none found a heap; a line on stderr says so. */
int hm_minheap_print(const struct hm_plan *plan, const struct hm_minheap *table,
                     const char *folder, FILE *out);

#endif /* HM_HARNESS_CAMPAIGN_MINHEAP_PRINT_H */
