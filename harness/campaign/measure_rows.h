/* SPDX-License-Identifier: MIT */
/* measure_rows.h -- what measure.c writes, column by column. */
#ifndef HM_HARNESS_CAMPAIGN_MEASURE_ROWS_H
#define HM_HARNESS_CAMPAIGN_MEASURE_ROWS_H

#include "harness/campaign/measure.h"

/* Steal time and load as they are now; zeros where /proc has none. */
struct hm_machine hm_machine_now(void);

/* "2026-11-23T01:02:03Z". */
void hm_utc_now(char text[32]);

/* What is known before the run. */
void hm_measure_fill_key(struct hm_row *row, const struct hm_measure *measure,
                         struct hm_run_key key,
                         const struct hm_machine *before);

void hm_measure_fill_outcome(struct hm_row *row,
                             const struct hm_outcome *outcome);

/* The results of a run that is ok. */
void hm_measure_fill_record(struct hm_row *row,
                            const struct hm_measure *measure,
                            struct hm_run_key key);

/* samples.csv, for every run that was started. */
void hm_measure_write_samples(const struct hm_measure *measure,
                              struct hm_run_key key, FILE *out);

/* hist.csv of a run that timed each operation by its kind. */
void hm_measure_write_operations(const struct hm_measure *measure,
                                 struct hm_run_key key);

/* pauses.csv, hist.csv and leaks.csv of a run that is ok. */
void hm_measure_write_sides(const struct hm_measure *measure,
                            struct hm_run_key key);

#endif /* HM_HARNESS_CAMPAIGN_MEASURE_ROWS_H */
