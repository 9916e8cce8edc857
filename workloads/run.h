/* SPDX-License-Identifier: MIT */
/* run.h -- what object and block workloads have in common: parameters, input,
 * the meter, the checksum. */
#ifndef HM_WORKLOADS_RUN_H
#define HM_WORKLOADS_RUN_H

#include "common/meter.h"
#include "common/params.h"
#include "common/rng.h"

#include <stdint.h>

enum { HM_COUNTERS_MAX = 8 };

/* A named result. */
struct hm_counter {
    const char *name; /* constant */
    uint64_t value;
};

struct hm_run {
    uint64_t value[HM_PARAMS_MAX]; /* of the workload's parameter table */
    uint32_t seed;
    const char *input_dir; /* for generated files; exists, writable */
    struct hm_meter meter;
    struct hm_rng rng; /* seeded with `seed` before setup */
    uint32_t checksum; /* unfinished: the cell applies hm_fin */
    unsigned n_counters, n_figures;
    struct hm_counter counter[HM_COUNTERS_MAX]; /* as the checksum */
    struct hm_counter figure[HM_COUNTERS_MAX];  /* may differ */
};

static inline void hm_run_mix(struct hm_run *run, uint32_t value)
{
    run->checksum = hm_mix(run->checksum, value);
}

/* Adds a result that must agree between strategies, like the checksum, as the
 * last thing run does; at most HM_COUNTERS_MAX. */
static inline void hm_run_count(struct hm_run *run, const char *name,
                                uint64_t value)
{
    if (run->n_counters < HM_COUNTERS_MAX)
        run->counter[run->n_counters++] = (struct hm_counter){name, value};
}

/* Adds one that says something of the strategy, and so may differ; before drop
 * is over, at most HM_COUNTERS_MAX. */
static inline void hm_run_figure(struct hm_run *run, const char *name,
                                 uint64_t value)
{
    if (run->n_figures < HM_COUNTERS_MAX)
        run->figure[run->n_figures++] = (struct hm_counter){name, value};
}

#endif /* HM_WORKLOADS_RUN_H */
