/* SPDX-License-Identifier: MIT */
/* minheap_row.h -- what a search found, as a row of minheap.csv. */
#ifndef HM_HARNESS_CAMPAIGN_MINHEAP_ROW_H
#define HM_HARNESS_CAMPAIGN_MINHEAP_ROW_H

#include "harness/campaign/bisect.h"
#include "harness/campaign/census.h"
#include "harness/campaign/minheap_table.h"
#include "harness/campaign/outcome.h"

struct hm_minheap_found {
    struct hm_bisected bisected;
    struct hm_outcome outcome;    /* `ok` with a heap that fits */
    const char *too_small_status; /* of the largest heap that did not */
    uint64_t most_bytes, timeout_ns;
    unsigned passes;
};

/* Fills all columns.  Texts are copied into the pool, but for the statuses,
 * which are constants, and what belongs to the plan. */
void hm_minheap_row_fill(struct hm_pool *pool, const struct hm_plan *plan,
                         const struct hm_plan_cell *cell,
                         const struct hm_census *census,
                         const struct hm_minheap_found *found,
                         struct hm_minheap_row *row);

#endif /* HM_HARNESS_CAMPAIGN_MINHEAP_ROW_H */
