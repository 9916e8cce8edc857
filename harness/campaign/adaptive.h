/* SPDX-License-Identifier: MIT */
/* adaptive.h -- are there enough blocks? */
#ifndef HM_HARNESS_CAMPAIGN_ADAPTIVE_H
#define HM_HARNESS_CAMPAIGN_ADAPTIVE_H

#include "harness/campaign/plan.h"

struct hm_adaptive {
    const struct hm_plan *plan;
    unsigned max_blocks;
    double *log_wall; /* [cell * max_blocks + block]; NaN: none */
};

/* Room for every run of a plan, from the pool. */
void hm_adaptive_init(struct hm_pool *pool, struct hm_adaptive *adaptive,
                      const struct hm_plan *plan, unsigned max_blocks);

/* A run was ok; wall_ns >= 1, block < max_blocks. */
void hm_adaptive_add(struct hm_adaptive *adaptive, size_t cell, unsigned block,
                     double wall_ns);

/* Takes the rows of FOLDER/runs.csv.  Returns 0 or a negative errno and why.
 */
int hm_adaptive_load(struct hm_pool *pool, struct hm_adaptive *adaptive,
                     const char *folder, const char **why);

/* Whether any run of the campaign was ok. */
bool hm_adaptive_any(const struct hm_adaptive *adaptive);

/* Widest half-width of the log ratios of all cells to their baselines; 0 when
 * no cell has 6 blocks in common with its baseline. */
double hm_adaptive_half_width(const struct hm_adaptive *adaptive);

#endif /* HM_HARNESS_CAMPAIGN_ADAPTIVE_H */
