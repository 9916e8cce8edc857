/* SPDX-License-Identifier: MIT */
/* claims.h -- findings of the malloc literature, and whether a campaign's rows
 * agree: a set-up that does not show what everybody found measures something
 * else.
 *
 * A claim bounds the median over blocks of one metric of one workload, for
 * each of its strategies.  Its bounds leave room for other machines and
 * versions; what a machine is too small for is not applicable there. */
#ifndef HM_HARNESS_ANALYSIS_CLAIMS_H
#define HM_HARNESS_ANALYSIS_CLAIMS_H

#include "harness/pool.h"

#include <stddef.h>
#include <stdio.h>

/* X(name, top, less, bottom): (top - less) / bottom, of columns of runs.csv or
 * of names in its column `figures`; "" for none. */
#define HM_CLAIM_METRICS(X)                                                 \
    X(rss_over_live, "rss_peak_bytes", "rss_base_bytes", "live_peak_bytes") \
    X(emptied_over_peak, "rss_0ms_bytes", "", "rss_peak_bytes")             \
    X(cpu_ns, "cpu_ns", "", "")                                             \
    X(wall_ns, "wall_ns", "", "")                                           \
    X(minflt, "minflt", "", "")                                             \
    X(remote_free_ratio, "remote_free_ratio", "", "")                       \
    X(active_percent, "active_percent", "", "")                             \
    X(passive_percent, "passive_percent", "", "")

enum hm_claim_metric {

#define HM_CLAIM_ENUM(name, top, less, bottom) HM_CLAIM_##name,
    HM_CLAIM_METRICS(HM_CLAIM_ENUM)
#undef HM_CLAIM_ENUM
        HM_CLAIM_METRICS_END
};

struct hm_claim {
    const char *id, *workload;
    unsigned threads;
    enum hm_claim_metric metric;
    const char *strategies; /* each of them: "tbb, mimalloc:2." is tbb, and
                               mimalloc if its version begins with "2." */
    const char *against;    /* its value, of the same block, divides; NULL: the
                               value itself */
    double least, most;     /* of the median over blocks */
    unsigned least_cpus;    /* with fewer it says nothing */
    const char *source;
};

/* The table (claims.c), ended by a NULL id. */
extern const struct hm_claim hm_claims[];

/* A run, as far as claims look at it. */
struct hm_claim_row {
    const char *workload, *strategy, *status, *reason, *version;
    double threads, block;
    double value[HM_CLAIM_METRICS_END]; /* NaN: not measured */
};

struct hm_claim_rows {
    struct hm_claim_row *row; /* twins are left out */
    size_t n;
    unsigned cpus; /* that the campaign could use; 0: not known */
};

enum hm_claim_verdict {
    HM_CLAIM_HOLDS,
    HM_CLAIM_VIOLATED,
    HM_CLAIM_NOT_APPLICABLE,
    HM_CLAIM_VERDICTS_END
};

struct hm_claim_judged {
    enum hm_claim_verdict verdict;
    const char *why; /* what was measured, or why nothing was */
};

/* Reads runs.csv and meta.csv of a campaign.  Returns 0, or a negative errno
 * and why. */
int hm_claim_rows_read(struct hm_pool *pool, struct hm_claim_rows *rows,
                       const char *folder, const char **why);

/* Violated if one of its strategies is beyond the bounds, crashed, miscounted,
 * or was ok and left the metric out; not applicable if none could be judged:
 * not here, out of memory or time, too few processors, another version; else
 * holds. */
struct hm_claim_judged hm_claim_judge(struct hm_pool *pool,
                                      const struct hm_claim_rows *rows,
                                      const struct hm_claim *claim);

/* "redis_lru: rss_over_live at most 1.6": what a claim says, less who. */
const char *hm_claim_text(struct hm_pool *pool, const struct hm_claim *claim);

/* Judges all claims of a table and prints a line for each and one for all;
 * count[v] becomes the number of verdicts v. */
void hm_claims_print(struct hm_pool *pool, const struct hm_claim_rows *rows,
                     const struct hm_claim *claims, FILE *out,
                     size_t count[HM_CLAIM_VERDICTS_END]);

#endif /* HM_HARNESS_ANALYSIS_CLAIMS_H */
