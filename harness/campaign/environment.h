/* SPDX-License-Identifier: MIT */
/* environment.h -- meta.csv: everything about machine, build and request that
 * a reader of the numbers may ask for, as `key,value` lines. */
#ifndef HM_HARNESS_CAMPAIGN_ENVIRONMENT_H
#define HM_HARNESS_CAMPAIGN_ENVIRONMENT_H

#include "harness/campaign/plan.h"

#include <stdio.h>

/* Writes the header and all that is known before the first run.  What the
 * machine does not tell is an empty value. */
void hm_environment_write(struct hm_pool *pool,
                          const struct hm_catalog *catalog,
                          const struct hm_plan *plan, const char *command,
                          FILE *out);

/* One more line. */
void hm_environment_line(FILE *out, const char *key, const char *value);

#endif /* HM_HARNESS_CAMPAIGN_ENVIRONMENT_H */
