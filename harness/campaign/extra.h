/* SPDX-License-Identifier: MIT */
/* extra.h -- what a cell is run once more for, in block 0: each of these runs
 * tells one thing that would disturb the times of the first, and nothing else
 * is taken from it.  It must be as right as any run. */
#ifndef HM_HARNESS_CAMPAIGN_EXTRA_H
#define HM_HARNESS_CAMPAIGN_EXTRA_H

#include "harness/campaign/launch.h"
#include "harness/campaign/measure.h"

/* The word for what is told, "instructions". */
const char *hm_extra_what(enum hm_extra extra);

/* The program that a run of that kind needs in PATH; NULL for none. */
const char *hm_extra_program(enum hm_extra extra);

/* The path of the program, found in PATH, "" where none is needed; NULL when it
 * is not there. */
const char *hm_extra_tool(struct hm_pool *pool, enum hm_extra extra);

/* Makes the runs that measure->tool asks for, started as `launch` says, and
 * adds what they tell to `row` and to the side files.  measured->missing says
 * why what is not there is not.  Returns 0, or a negative errno when no process
 * could be started. */
int hm_extra_run(struct hm_pool *pool, const struct hm_measure *measure,
                 struct hm_run_key key, const struct hm_launch *launch,
                 struct hm_row *row, struct hm_measured *measured);

#endif /* HM_HARNESS_CAMPAIGN_EXTRA_H */
