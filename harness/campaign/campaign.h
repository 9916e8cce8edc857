/* SPDX-License-Identifier: MIT */
/* campaign.h -- a plan carried out in a folder: census, blocks, rows, until
 * there are enough blocks; resumable at any moment. */
#ifndef HM_HARNESS_CAMPAIGN_H
#define HM_HARNESS_CAMPAIGN_H

#include "harness/campaign/plan.h"

#include <stdio.h>

struct hm_campaign_request {
    const struct hm_catalog *catalog;
    const struct hm_plan *plan;
    const char *folder;  /* of the campaign */
    const char *command; /* for meta.csv */
    bool resume;         /* the folder holds a part of this plan already */
    FILE *progress;      /* where the progress goes */
    bool brief;          /* only the line that a terminal shows meanwhile */
};

enum hm_campaign_end {
    HM_CAMPAIGN_DONE,
    HM_CAMPAIGN_NONE_OK, /* done, but no run was; a line on stderr says so */
    HM_CAMPAIGN_FAILED,  /* a line on stderr says why */
    HM_CAMPAIGN_INTERRUPTED, /* the same, and how to go on */
};

enum hm_campaign_end hm_campaign_run(struct hm_pool *pool,
                                     const struct hm_campaign_request *request);

#endif /* HM_HARNESS_CAMPAIGN_H */
