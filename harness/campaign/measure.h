/* SPDX-License-Identifier: MIT */
/* measure.h -- one run of one cell: start it, judge it, turn its record into
 * rows. */
#ifndef HM_HARNESS_CAMPAIGN_MEASURE_H
#define HM_HARNESS_CAMPAIGN_MEASURE_H

#include "harness/campaign/census.h"
#include "harness/campaign/outcome.h"
#include "harness/campaign/rates.h"
#include "harness/campaign/results.h"

enum {
    HM_MEASURE_LEAST_HEAP_BYTES = 4 << 20,
    HM_MEASURE_SLOW_PERIOD_NS = 10000000, /* between samples */
    HM_MEASURE_FAST_PERIOD_NS = 1000000,  /* of runs under a second */
    HM_MEASURE_NOISY_NIVCSW = 50,         /* per second of processor time */
};

/* What the machine did meanwhile. */
struct hm_machine {
    uint64_t steal_ticks; /* since boot, all processors */
    double load1;
};

struct hm_measure {
    const struct hm_plan *plan;
    const struct hm_census *census; /* one per subject */
    const struct hm_rate *rate;     /* the same; NULL: all loops are closed */
    const char *input_dir;
    uint64_t memory_cap_bytes, timeout_ns;
    uint64_t cpu_limit_ns;           /* 0: none */
    const char *tool[HM_EXTRAS_END]; /* hm_extra_tool; NULL: no such runs */
    struct hm_record *record;
    struct hm_samples *samples;
    struct hm_results *results; /* side files */
};

/* Which run. */
struct hm_run_key {
    uint64_t run_id;
    unsigned block;
    size_t order, cell; /* position within the block, row of plan.csv */
};

struct hm_measured {
    struct hm_outcome outcome;
    bool interrupted;                   /* nothing was written; do not commit */
    uint64_t elapsed_ns, cpu_ns;        /* from start to end */
    uint64_t wall_ns;                   /* of the clock window */
    uint64_t extra_ns;                  /* of the runs beside it (extra.h) */
    const char *missing[HM_EXTRAS_END]; /* why they told nothing, or NULL */
};

/* Runs the cell, fills `row`, writes the side rows; in block 0, where it is
 * ok, runs it again for what measure->tool asks.  `pool` may be emptied
 * once the row is committed; expected_ns is what the run took last time, 0 if
 * unknown.  Returns 0, or a negative errno when no process could be started.
 */
int hm_measure_run(struct hm_pool *pool, const struct hm_measure *measure,
                   struct hm_run_key key, uint64_t expected_ns,
                   struct hm_row *row, struct hm_measured *measured);

/* Runs the cell once with another heap limit, and writes nothing: `key` only
 * names the cell and, by its run_id, the padding.  Returns as hm_measure_run.
 */
int hm_measure_probe(struct hm_pool *pool, const struct hm_measure *measure,
                     struct hm_run_key key, uint64_t heap_bytes,
                     struct hm_measured *measured);

/* What the multiples of a subject's heaps are of: its measured common minimum
 * heap, or else the analytic 1x heap of the census; 0 without either. */
uint64_t hm_measure_heap_base_bytes(const struct hm_subject *subject,
                                    const struct hm_census *census);

/* Operations that arrive per second; 0: a closed loop. */
uint64_t hm_measure_rate_per_s(const struct hm_measure *measure,
                               size_t subject);

/* Heap limit of a cell in bytes, 0 for none: the multiple of the base.  Of an
 * analytic base it is at least HM_MEASURE_LEAST_HEAP_BYTES: below that the
 * block sizes of the collectors decide, and not how they collect. */
uint64_t hm_measure_heap_bytes(const struct hm_subject *subject,
                               const struct hm_plan_cell *cell,
                               const struct hm_census *census);

/* Was the machine busy?  More than HM_MEASURE_NOISY_NIVCSW involuntary context
 * switches per second of processor time, more than 1 % of the machine's time
 * stolen by the hypervisor, or, with one thread, more than 5 % of the wall
 * time neither computed nor slept voluntarily.  Numbers that the record lacks
 * count as quiet. */
bool hm_measure_is_noisy(const struct hm_record *record, unsigned threads,
                         uint64_t steal_ticks, uint64_t elapsed_ns);

#endif /* HM_HARNESS_CAMPAIGN_MEASURE_H */
