/* SPDX-License-Identifier: MIT */
/* plan.h -- the cells of a campaign and the order in which each block visits
 * them.  Pure: nothing here runs or writes anything but plan.csv.
 *
 * Which cells: every selected workload x every strategy selected for its kind
 * x every thread count x a closed loop and, where operations can arrive, an
 * open one at each load x every heap multiple (strategies that obey a heap
 * limit; the others once, without, and so a collector that misses what the
 * workload leaks: it would only run out of memory).  The baseline comes first
 * and again as its own twin.  A combination that cannot run is
 *   - a cell with a reason, never run but reported as `unsupported`, when the
 *     workload and the strategy were both named;
 *   - left out when one of them was only meant by `*`. */
#ifndef HM_HARNESS_CAMPAIGN_PLAN_H
#define HM_HARNESS_CAMPAIGN_PLAN_H

#include "harness/campaign/catalog.h"
#include "harness/campaign/suite.h"

#include <stdint.h>
#include <stdio.h>

enum hm_arm { HM_ARM_BASELINE, HM_ARM_TWIN, HM_ARM_TEST };

/* What needs one census: a workload with its parameters and threads. */
struct hm_subject {
    const struct hm_workload *workload;
    const char *leak;          /* the workload's; "none" with twin=1 */
    const char *params;        /* "name=value;name=value", all of them, and
                                * "load=30" of an open loop */
    const char *varied;        /* those of them that take several values, and
                                * that load: "", or each after a blank */
    struct hm_words arguments; /* "param.NAME=VALUE" for the cell */
    unsigned threads;
    unsigned load_percent; /* of the baseline's most, in an open loop; 0: a
                            * closed one */
    size_t closed; /* the same in a closed loop: what has been found out of
                    * that holds for this one; its own index: it is one */
    uint64_t minheap_bytes; /* common minimum heap, that multiples are of; 0:
                             * of the census's 1x (hm_minheap_apply) */
};

struct hm_plan_cell {
    size_t subject; /* index */
    const char *id; /* of the strategy or variant */
    const struct hm_strategy *strategy;
    const struct hm_variant *variant; /* NULL: the strategy as it is */
    enum hm_arm arm;
    double heap_multiple;    /* 0: no limit */
    const char *unsupported; /* why it cannot run; NULL: it can */
};

struct hm_minheap;

struct hm_plan {
    const struct hm_suite *suite;
    const struct hm_minheap *minheap; /* where it comes from, or NULL */
    struct hm_subject *subject;
    struct hm_plan_cell *cell;
    size_t n_subjects, n_cells;
};

/* Builds the plan of a suite whose library paths are in the catalog already.
 * Returns 0; else -EINVAL and why: an unknown word, a parameter outside its
 * range, a baseline that is off, nothing to run. */
int hm_plan_build(struct hm_pool *pool, const struct hm_catalog *catalog,
                  const struct hm_suite *suite, struct hm_plan *plan,
                  const char **why);

/* order[0 .. n_cells-1] = cells of block `block`, shuffled by the seed. */
void hm_plan_order(const struct hm_plan *plan, unsigned block, size_t *order);

/* Random padding of the environment of a run, 0..4095 bytes, by the seed. */
unsigned hm_plan_padding_bytes(const struct hm_plan *plan, uint64_t run_id);

/* The time between two turns of such a run, for what has turns; 0: none. */
uint64_t hm_plan_poll_us(const struct hm_plan *plan,
                         const struct hm_plan_cell *cell);

/* Writes plan.csv. */
void hm_plan_write(const struct hm_plan *plan, FILE *out);

/* Whether `folder`/plan.csv is this plan: 0, -ENOENT when there is none,
 * -EEXIST when it is another, or another negative errno. */
int hm_plan_check(const struct hm_plan *plan, const char *folder);

const char *hm_arm_name(enum hm_arm arm);

/* "cache x mimalloc", with heap and threads where they say something. */
const char *hm_plan_cell_name(struct hm_pool *pool, const struct hm_plan *plan,
                              size_t cell);

#endif /* HM_HARNESS_CAMPAIGN_PLAN_H */
