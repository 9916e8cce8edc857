/* SPDX-License-Identifier: MIT */
/* inputs.h -- FOLDER/inputs/, where workloads keep the files they generate
 * while a campaign runs. */
#ifndef HM_HARNESS_CAMPAIGN_INPUTS_H
#define HM_HARNESS_CAMPAIGN_INPUTS_H

#include "harness/pool.h"

/* Path of the inputs of the campaign in `folder`. */
const char *hm_inputs_path(struct hm_pool *pool, const char *folder);

/* Makes the folder `path` unless it is there.  Returns 0 or a negative errno.
 */
int hm_inputs_make(const char *path);

/* Removes it and all files in it; what cannot be removed stays. */
void hm_inputs_remove(struct hm_pool *pool, const char *path);

#endif /* HM_HARNESS_CAMPAIGN_INPUTS_H */
