/* SPDX-License-Identifier: MIT */
/* request.h -- from the options of `heapmark run` and `minheap` to a suite. */
#ifndef HM_HARNESS_CAMPAIGN_REQUEST_H
#define HM_HARNESS_CAMPAIGN_REQUEST_H

#include "harness/campaign/catalog.h"
#include "harness/campaign/plan.h"
#include "harness/campaign/suite.h"

/* What the command line says; NULL: nothing. */
struct hm_request {
    const char *suite;  /* name or path of a file */
    const char *out;    /* folder to make */
    const char *resume; /* folder to go on with */
    const char *workload, *strategy, *heap, *threads, *load, *size, *blocks;
    const char *poll, *ci;
    const char *seed, *timeout, *memory_cap, *baseline, *minheap;
    const char *stress, *verify;      /* bytes, "yes" */
    const char *extra[HM_EXTRAS_END]; /* "yes" */
    struct hm_words params;           /* NAME=VALUE */
    struct hm_words options;          /* STRATEGY.NAME=VALUE */
};

/* Loads the suite that the request names (quick without; the folder's own
 * with `resume`) and puts the request's options in place of what it says.
 * With options that change what is measured the suite loses its summary.
 * Returns 0, or a negative errno and why. */
int hm_request_suite(struct hm_pool *pool, const struct hm_request *request,
                     struct hm_suite *suite, const char **why);

/* Adds the libraries that the suite's lists name by path to the catalog, and
 * writes their real paths into the lists; then applies NAME=VALUE to every
 * workload of the suite that has such a parameter.
 * Returns 0, or a negative errno and why. */
int hm_request_resolve(struct hm_pool *pool, const struct hm_request *request,
                       struct hm_catalog *catalog, struct hm_suite *suite,
                       const char **why);

/* Whether the plan heeds all that was asked for: an option of a strategy that
 * no cell has, --stress and --verify without a collector, or --load or --poll
 * without a workload that takes them, would be ignored in silence.  Variants of
 * the suite need not be used: there one chooses among them.  Returns 0, or
 * -EINVAL and why. */
int hm_request_check(struct hm_pool *pool, const struct hm_request *request,
                     const struct hm_plan *plan, const char **why);

#endif /* HM_HARNESS_CAMPAIGN_REQUEST_H */
