/* SPDX-License-Identifier: MIT */
/* request_files.h -- what a folder says of its request before the first row:
 * suite.ini, plan.csv, meta.csv, and the minheap.csv that multiples of heaps
 * refer to, if the plan has one. */
#ifndef HM_HARNESS_CAMPAIGN_REQUEST_FILES_H
#define HM_HARNESS_CAMPAIGN_REQUEST_FILES_H

#include "harness/campaign/plan.h"

/* Writes them into `folder`; `command` goes into meta.csv.  Returns 0, or a
 * negative errno and the path that it belongs to. */
int hm_request_files_write(struct hm_pool *pool,
                           const struct hm_catalog *catalog,
                           const struct hm_plan *plan, const char *folder,
                           const char *command, const char **path);

#endif /* HM_HARNESS_CAMPAIGN_REQUEST_FILES_H */
