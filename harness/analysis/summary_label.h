/* SPDX-License-Identifier: MIT */
/* summary_label.h -- short names for cells in charts and tables: as much of
 * the key as it takes to tell them apart. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_LABEL_H
#define HM_HARNESS_ANALYSIS_SUMMARY_LABEL_H

#include "harness/analysis/summary_load.h"

enum { HM_LABEL_BYTES = 128 };

/* Whether a campaign has several values of a key within the same workload or
 * strategy. */
struct hm_summary_labels {
    int many_params, many_heaps, many_threads;
};

void hm_summary_labels_init(struct hm_summary_labels *labels,
                            const struct hm_summary_campaign *campaign);

/* "cache", "cache/entries=1024", "cache/t2", "requests/load=30".  Made of
 * [A-Za-z0-9_.#+@/=;-] only, cut to HM_LABEL_BYTES. */
void hm_summary_workload_label(const struct hm_summary_labels *labels,
                               const struct hm_summary_cell *cell, char *label);

/* "jemalloc", "semispace@3x"; the same characters. */
void hm_summary_strategy_label(const struct hm_summary_labels *labels,
                               const struct hm_summary_cell *cell, char *label);

/* Joins the parts that are not empty; the rule that both of them follow, for
 * rows of summary.csv too.  The load of an open loop is always told, the other
 * parameters with all_params. */
void hm_label_workload(char *label, const char *workload, const char *params,
                       int all_params, const char *threads);
void hm_label_strategy(char *label, const char *strategy,
                       const char *heap_multiple);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_LABEL_H */
