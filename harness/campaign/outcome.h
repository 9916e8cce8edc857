/* SPDX-License-Identifier: MIT */
/* outcome.h -- how a run ended, as one word and a reason. */
#ifndef HM_HARNESS_CAMPAIGN_OUTCOME_H
#define HM_HARNESS_CAMPAIGN_OUTCOME_H

#include "harness/campaign/census.h"
#include "harness/campaign/launch.h"

struct hm_outcome {
    const char *status; /* of the column `status`; constant */
    const char *reason; /* "" for ok */
};

/* In this order: what the driver had to kill, what died, what reported
 * something else than ok, what came from another malloc than the strategy's,
 * what differs from the census.  A reference strategy may leave the checksum
 * out: `null` has no memory to read values back from. */
struct hm_outcome hm_outcome_of(struct hm_pool *pool,
                                const struct hm_launched *launched,
                                struct hm_record *record,
                                const struct hm_census *census,
                                const struct hm_strategy *strategy);

#endif /* HM_HARNESS_CAMPAIGN_OUTCOME_H */
