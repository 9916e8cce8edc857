/* SPDX-License-Identifier: MIT */
/* workload_run.h -- one run of one object workload under the collector that
 * this program was compiled for, without the cell. */
#ifndef HM_TESTS_WORKLOAD_RUN_H
#define HM_TESTS_WORKLOAD_RUN_H

#include "collectors/collector.h"
#include "workloads/object.h"

#include <stdint.h>

struct hm_workload_case {
    const char *workload;
    const char *params; /* "name=value name=value", or "" */
    uint32_t seed;
    const char *input_dir;
    size_t stress_bytes; /* as in struct hm_gc_config */
    int verify;
};

struct hm_workload_result {
    uint32_t checksum; /* finished */
    uint64_t ops, samples;
    unsigned n_counters;
    struct hm_counter counter[HM_COUNTERS_MAX];
    struct hm_gc_stats end, dropped; /* before drop; after it and a full GC */
    uint64_t allocated, freed, lost; /* under the census only */
    unsigned rooted;                 /* global roots that drop forgot */
    char wrong[160];                 /* "" when the run was in order */
};

/* Setup, run, drop, collection, check, in this process: at most once. */
void hm_workload_run(const struct hm_workload_case *one,
                     struct hm_workload_result *result);

/* The same in a child, as in a cell: one heap per process.  Fails the cmocka
 * test that calls it when the run was not in order. */
struct hm_workload_result hm_workload_run_apart(
    const struct hm_workload_case *one);

#endif /* HM_TESTS_WORKLOAD_RUN_H */
