/* SPDX-License-Identifier: MIT */
/* summary_side.h -- the side files of a campaign, record by record. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_SIDE_H
#define HM_HARNESS_ANALYSIS_SUMMARY_SIDE_H

#include "harness/analysis/summary_load.h"
#include "harness/csv.h"

enum { HM_SUMMARY_SIDE_COLUMNS = 5 };

struct hm_summary_side_table {
    const char *file;
    const char *column[HM_SUMMARY_SIDE_COLUMNS + 1]; /* up to a NULL */
};

struct hm_summary_side {
    struct hm_summary_campaign *campaign; /* only its `error` may change */
    struct hm_csv csv;
    int index[HM_SUMMARY_SIDE_COLUMNS]; /* of the table's columns */
    char path[4096];
};

/* Calls add(self) for each record of FOLDER/file, until it fails; a campaign
 * without this file has no such measurements.  Returns 0; else a negative
 * errno, with the reason in campaign->error where there is more to say. */
int hm_summary_side_read(struct hm_summary_side *side, const char *folder,
                         const struct hm_summary_side_table *table,
                         int (*add)(void *self), void *self);

/* The text of the record's column, counted in the table. */
const char *hm_summary_side_text(const struct hm_summary_side *side,
                                 size_t column);

/* Says where in the file what is wrong; returns -EINVAL. */
int hm_summary_side_fail(const struct hm_summary_side *side, const char *what);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_SIDE_H */
