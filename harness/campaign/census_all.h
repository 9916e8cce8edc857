/* SPDX-License-Identifier: MIT */
/* census_all.h -- the census of every subject of a plan, into census.csv and
 * live.csv.
 *
 * It is made anew by every driver, resumed or not: it is deterministic, so
 * that the files do not change. */
#ifndef HM_HARNESS_CAMPAIGN_CENSUS_ALL_H
#define HM_HARNESS_CAMPAIGN_CENSUS_ALL_H

#include "harness/campaign/census.h"
#include "harness/campaign/measure.h"
#include "harness/campaign/progress.h"

struct hm_census_all {
    const struct hm_catalog *catalog;
    const struct hm_measure *measure; /* plan, limits, record, samples */
    const char *folder;
    struct hm_progress_line *progress;
};

/* Fills census[0 .. n_subjects-1]; a subject that no cell can run is not
 * asked, and an open loop has the census of the closed one.  Returns 0, -EINTR
 * when the driver was asked to stop, or another negative errno when a file
 * cannot be written. */
int hm_census_all_run(struct hm_pool *pool, const struct hm_census_all *all,
                      struct hm_census *census);

#endif /* HM_HARNESS_CAMPAIGN_CENSUS_ALL_H */
