/* SPDX-License-Identifier: MIT */
/* census.h -- what a workload needs, by the ledger cell: its bytes over time,
 * its operations, and the checksum that every strategy must reproduce. */
#ifndef HM_HARNESS_CAMPAIGN_CENSUS_H
#define HM_HARNESS_CAMPAIGN_CENSUS_H

#include "harness/campaign/launch.h"
#include "harness/campaign/plan.h"

#include <stdio.h>

struct hm_census {
    const char *failed; /* why there is none; NULL: all below is valid */
    char checksum[16];
    uint64_t ops, live_peak_bytes, live_end_bytes; /* as requested */
    uint64_t heap_1x_bytes; /* peak with a header for each object */
    uint64_t alloc_count, alloc_bytes, free_count, lost_count, lost_bytes;
    size_t n_counters, n_live;
    struct hm_record_counter counter[HM_RECORD_COUNTERS_MAX];
    struct hm_record_live *live; /* ascending ops */
    /* Of a leak workload: what the program holds (live_bytes), and that with
     * what it lost (used_bytes). */
    size_t n_checkpoints;
    struct hm_record_checkpoint checkpoint[HM_RECORD_CHECKPOINTS_MAX];
    /* Of the same work without its leak, which holds what the task needs; NULL
     * where it is no other work. */
    struct hm_census *twin;
};

struct hm_census_request {
    const struct hm_plan *plan;
    const struct hm_program *program; /* NULL: none was built */
    const char *input_dir;
    struct hm_launch *launch; /* limits, record, samples */
};

/* Runs the census of one subject, and of its twin where there is one, with
 * `launch`'s limits, record and samples.
 * A census that cannot be made is not an error of the campaign: see `failed`.
 */
void hm_census_run(struct hm_pool *pool,
                   const struct hm_census_request *request, size_t subject,
                   struct hm_census *census);

/* Needed bytes after `ops` operations, by linear interpolation. */
uint64_t hm_census_live_bytes(const struct hm_census *census, uint64_t ops);

/* NULL when the results of a run are those of the census, else the first
 * that differs, in words.  With `reference` checksum and counters may be
 * missing. */
const char *hm_census_differs(struct hm_pool *pool,
                              const struct hm_census *census,
                              const struct hm_record *record, bool reference);

/* census.csv and live.csv: the header, then one subject's rows. */
void hm_census_write_header(FILE *census_csv, FILE *live_csv);
void hm_census_write(const struct hm_plan *plan, size_t subject,
                     const struct hm_census *census, FILE *census_csv,
                     FILE *live_csv);

#endif /* HM_HARNESS_CAMPAIGN_CENSUS_H */
