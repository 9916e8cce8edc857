/* SPDX-License-Identifier: MIT */
/* bisect.h -- the smallest heap that is large enough, by probes.
 *
 * Source:  the search of running-ng's `minheap` (S. M. Blackburn et al.,
 *          "Rethinking Java Performance Analysis", ASPLOS 2025), on a
 *          geometric scale.
 * Differs: the result is confirmed: a heap that fits must do so `passes`
 *          times, and heaps 1.1 and 1.25 times as large must fit as well, else
 *          what failed counts as too small and the search goes on above it.
 *
 * Pure: the probes are the caller's.  Where fitting is not monotone the result
 * is a boundary, not the only one: it fits, larger ones that were tried fit,
 * and a heap at most the tolerance smaller did not. */
#ifndef HM_HARNESS_CAMPAIGN_BISECT_H
#define HM_HARNESS_CAMPAIGN_BISECT_H

#include <stdbool.h>
#include <stdint.h>

enum hm_fit {
    HM_FIT_YES,
    HM_FIT_NO,
    HM_FIT_STOP, /* neither: there is no sense in going on */
};

struct hm_bisect {
    uint64_t start_bytes;             /* probed first, thought to fit */
    uint64_t likely_bytes;            /* thought to be just too small */
    uint64_t least_bytes, most_bytes; /* nothing outside is probed */
    uint64_t step_bytes;              /* neighbours: > 0 */
    double tolerance;                 /* the same, as a share of the heap */
    unsigned passes;                  /* >= 1 */
    enum hm_fit (*probe)(void *user, uint64_t heap_bytes);
    void *user;
};

struct hm_bisected {
    uint64_t fits_bytes;  /* smallest that passed; 0: none did */
    uint64_t fails_bytes; /* largest below that failed; 0: none was tried */
    unsigned probes;
    bool stopped; /* a probe said so; nothing is known */
};

/* Needs about 12 probes for 2 %; at most a few per neighbour in the range. */
void hm_bisect(const struct hm_bisect *how, struct hm_bisected *result);

#endif /* HM_HARNESS_CAMPAIGN_BISECT_H */
