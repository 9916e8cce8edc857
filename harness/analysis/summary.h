/* SPDX-License-Identifier: MIT */
/* summary.h -- what a campaign found, as tables derived from its rows.
 *
 * Reads runs.csv and, where they exist, hist.csv, pauses.csv and samples.csv.
 * Writes summary.csv (one row per cell, arm and metric), failures.csv, and the
 * data of the charts: ratios.csv, pareto.csv, latency.csv, survival.csv,
 * timeline.csv, pause_history.csv, mmu.csv, lbo.csv, time_heap.csv,
 * scaling.csv, drain.csv, sharing.csv, sweep.csv, nursery.csv.
 * results/README.md says what their columns mean. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_H
#define HM_HARNESS_ANALYSIS_SUMMARY_H

/* Writes all of these into `folder`; each file is replaced as a whole or not
 * at all.  Returns 0; else a negative errno, after one line on stderr that
 * says what is wrong and where. */
int hm_summary_write(const char *folder);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_H */
