/* SPDX-License-Identifier: MIT */
/* minheap.h -- the smallest heap in which each cell of a plan completes, by
 * bisection; resumable after each search.
 *
 * A probe is a run of the cell in a fresh process.  It fits when it ends `ok`,
 * does not when it ends `oom` or `timeout`; any other end ends the search, for
 * it says nothing about the heap. */
#ifndef HM_HARNESS_CAMPAIGN_MINHEAP_H
#define HM_HARNESS_CAMPAIGN_MINHEAP_H

#include "harness/campaign/campaign.h"
#include "harness/campaign/minheap_table.h"

enum {
    HM_MINHEAP_START = 3, /* first probe, x heap_1x_bytes */
    HM_MINHEAP_MOST = 64, /* last one going up, x heap_1x_bytes */
    HM_MINHEAP_LEAST_BYTES = 1 << 20,
    HM_MINHEAP_STEP_BYTES = 1 << 16, /* blocks of the collectors */
    HM_MINHEAP_PASSES = 2,
    HM_MINHEAP_SLOWDOWN = 20,
    HM_MINHEAP_LEAST_LIMIT_S = 2,
};

#define HM_MINHEAP_TOLERANCE 0.02

struct hm_minheap_request {
    struct hm_campaign_request campaign; /* plan: see hm_minheap_plan */
    unsigned passes;   /* runs in a row that the result must complete */
    unsigned slowdown; /* a probe may take so many times as long as the first
                        * that fits, and HM_MINHEAP_LEAST_LIMIT_S */
};

/* Keeps the cells whose heaps can be limited, each once.  Returns 0, or
 * -EINVAL when there is none. */
int hm_minheap_plan(struct hm_plan *plan);

/* Searches, and writes minheap.csv, census.csv, suite.ini, plan.csv and
 * meta.csv into the folder; `table` becomes what minheap.csv holds, with
 * the rows of an earlier driver that it was resumed from. */
enum hm_campaign_end hm_minheap_run(struct hm_pool *pool,
                                    const struct hm_minheap_request *request,
                                    struct hm_minheap *table);

#endif /* HM_HARNESS_CAMPAIGN_MINHEAP_H */
