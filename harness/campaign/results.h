/* SPDX-License-Identifier: MIT */
/* results.h -- the folder of a campaign: runs.csv and its side files.
 *
 * Every run appends its rows to the side files first and its row of runs.csv
 * last: that row is the commit mark.  Runs are committed in the order of their
 * run_id, so that what a killed campaign left behind the last whole row of
 * runs.csv can be cut off, and the next run_id follows from it.
 *
 * runs.csv is locked while a driver works on it. */
#ifndef HM_HARNESS_CAMPAIGN_RESULTS_H
#define HM_HARNESS_CAMPAIGN_RESULTS_H

#include "harness/columns.h"

#include <stdint.h>
#include <stdio.h>

enum hm_column {

#define HM_COLUMN_ENUM(name, type, unit, meaning) HM_COLUMN_##name,
    HM_RUN_COLUMNS(HM_COLUMN_ENUM)
#undef HM_COLUMN_ENUM
        HM_COLUMNS_END
};

/* The files whose rows begin with run_id and belong to one run each. */
enum hm_side {
    HM_SIDE_SAMPLES,
    HM_SIDE_PAUSES,
    HM_SIDE_HIST,
    HM_SIDE_LEAKS,
    HM_SIDES_END
};

struct hm_results {
    const char *folder;
    FILE *runs, *side[HM_SIDES_END];
    uint64_t next_run; /* run_id to be committed next */
    char error[512];   /* what and where, after a failure */
};

/* A row of runs.csv: texts by column, empty until set. */
struct hm_row {
    const char *value[HM_COLUMNS_END];
    size_t used;
    char text[8192];
};

void hm_row_init(struct hm_row *row);
void hm_row_set(struct hm_row *row, enum hm_column column, const char *text);
void hm_row_set_uint(struct hm_row *row, enum hm_column column, uint64_t value);
void hm_row_set_real(struct hm_row *row, enum hm_column column, double value);

/* Creates runs.csv and the side files with their headers, and locks them.
 * `folder` exists and is kept, not copied.  Returns 0 or a negative errno. */
int hm_results_create(struct hm_results *results, const char *folder);

/* Opens and locks the files of an earlier campaign and cuts off what was not
 * committed.  Returns 0; -EWOULDBLOCK when another driver works on it,
 * -ENOENT when there is no runs.csv, -EILSEQ when it is not one of ours. */
int hm_results_resume(struct hm_results *results, const char *folder);

/* Writes the row behind what was put into the side files; run_id, schema are
 * filled in.  Returns 0 or a negative errno (disk full). */
int hm_results_commit(struct hm_results *results, struct hm_row *row);

/* Closes all.  Returns 0 or a negative errno. */
int hm_results_close(struct hm_results *results);

/* "samples.csv", ...; names of the columns of runs.csv. */
extern const char *const hm_side_names[HM_SIDES_END];
extern const char *const hm_column_names[HM_COLUMNS_END];

#endif /* HM_HARNESS_CAMPAIGN_RESULTS_H */
