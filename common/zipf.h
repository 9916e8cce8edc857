/* SPDX-License-Identifier: MIT */
/* zipf.h -- skewed keys and realistic value sizes, equal in every language.
 *
 * Source: weights 1/k^s; sizes from the ETC pool of B. Atikoglu et al.,
 *         "Workload Analysis of a Large-Scale Key-Value Store", SIGMETRICS
 *         2012 (generalised Pareto, theta 0, sigma 214.476, k 0.348238), and
 *         from the mean sizes of 53 clusters in J. Yang et al., "A Large Scale
 *         Analysis of Hundreds of In-Memory Cache Clusters at Twitter", OSDI
 *         2020.
 * Differs: s is a multiple of 1/4 so that sqrt, * and / suffice (exact IEEE
 *         operations, bit-equal in C and JavaScript); the sizes are 64
 *         quantiles, drawn by a hash. */
#ifndef HM_COMMON_ZIPF_H
#define HM_COMMON_ZIPF_H

#include "common/rng.h"

#include <stddef.h>
#include <stdint.h>

enum { HM_ZIPF_GUIDE = 65536 };

struct hm_zipf {
    uint32_t *cdf;   /* n values, the last 2^32 - 1 */
    uint32_t *guide; /* first rank for each value of the top 16 bits */
    size_t n;
};

/* Builds the table of ranks 0..n-1 with exponent quarters/4, in memory of its
 * own (arena.h).  n >= 1, quarters in [1, 8].  O(n). */
void hm_zipf_init(struct hm_zipf *zipf, size_t n, unsigned quarters);
void hm_zipf_fini(struct hm_zipf *zipf);

/* A rank in [0, n), 0 the most likely.  O(1) expected. */
static inline uint32_t hm_zipf_next(const struct hm_zipf *zipf,
                                    struct hm_rng *rng)
{
    uint32_t u = hm_rng_next(rng);
    uint32_t rank = zipf->guide[u >> 16];

    while (zipf->cdf[rank] < u)
        rank++;
    return rank;
}

/* Value sizes in bytes, ascending; index with `hash & 63`. */
extern const uint16_t hm_etc_size_bytes[64];
extern const uint16_t hm_twitter_size_bytes[64];

#endif /* HM_COMMON_ZIPF_H */
