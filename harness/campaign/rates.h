/* SPDX-License-Identifier: MIT */
/* rates.h -- what a load of 100 % is: the most operations per second that the
 * baseline serves in a closed loop, measured before the first block.
 *
 * Every strategy then gets the same arrivals, whatever it could serve.  A
 * resumed campaign takes the rates that its folder has. */
#ifndef HM_HARNESS_CAMPAIGN_RATES_H
#define HM_HARNESS_CAMPAIGN_RATES_H

#include "harness/campaign/plan.h"

#include <stdint.h>

enum { HM_RATES_RUNS = 3 }; /* the best counts */

struct hm_rate {
    const char *failed; /* why there is none; NULL: per_s is valid */
    uint64_t per_s;
};

struct hm_measure;
struct hm_progress_line;

/* Operations per second at a load, in whole ones, 1 to HM_SCHEDULE_RATE_MAX. */
uint64_t hm_rate_at(const struct hm_rate *rate, unsigned load_percent);

/* Fills rate[i] of each subject that is an open loop, from FOLDER/rates.csv or,
 * when there is none, by runs of the baseline, which are then written there.
 * Without open loops it does nothing.  Returns 0, -EINTR when the driver was
 * asked to stop, or another negative errno: a file that cannot be read or
 * written, a run that cannot be started. */
int hm_rates_run(struct hm_pool *pool, const struct hm_measure *measure,
                 const char *folder, struct hm_progress_line *progress,
                 struct hm_rate *rate);

#endif /* HM_HARNESS_CAMPAIGN_RATES_H */
