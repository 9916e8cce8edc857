/* SPDX-License-Identifier: MIT */
/* pacer.h -- when to collect, and when to stop trying.
 *
 * A policy of growth says how much may be allocated between two collections:
 *   fixed        what fits below the limit; without a limit as `factor`
 *   factor       until the heap is k times what was live
 *   v8           as V8 11.3's MemoryController: the faster the collector is
 *                compared to allocation, the more; at most half way to a limit
 *   membalancer  M = L + sqrt(L * g / (c * s)): L live, g bytes allocated and
 *                s bytes collected per unit of time; 1/c is `balance_bytes`,
 *                so a heap of that much doubles where g = s
 * Under stress: every so many bytes, whatever the policy.
 *
 * A heap that is full of live data would be collected again and again for a
 * trickle of free bytes; after a few collections in a row that freed less than
 * 1/64 of the limit each, the heap counts as exhausted.  Collections that the
 * policy asked for before the limit was reached say nothing about that; no
 * policy asks before 1/64 of the limit has been allocated.
 *
 * Source: V8's heap growing as described in its sources, v11.3;
 *         M. Kirisame, P. Shenoy, P. Panchekha, OOPSLA 2022 (MemBalancer), its
 *         smoothing as MMTk's. */
#ifndef HM_COLLECTORS_SUBSTRATE_PACER_H
#define HM_COLLECTORS_SUBSTRATE_PACER_H

#include "common/check.h"
#include "common/params.h"

#include <stddef.h>
#include <stdint.h>

enum { HM_PACER_STRIKES = 8, HM_PACER_YIELD = 64, HM_PACER_EVENTS = 10 };

#define HM_PACER_MIN_BYTES ((size_t)16 << 20)

enum hm_growth {
    HM_GROWTH_FIXED,
    HM_GROWTH_FACTOR,
    HM_GROWTH_V8,
    HM_GROWTH_MEMBALANCER,
};

/* The rows that a collector puts first into its table of parameters, and their
 * places. */
enum hm_pacer_param {
    HM_PACER_GROWTH,
    HM_PACER_FACTOR,
    HM_PACER_BALANCE,
    HM_PACER_LEAST,
    HM_PACER_PARAMS, /* their number: a collector's own begin here */
};

/* clang-format off */
#define HM_PACER_ROWS                                                         \
    [HM_PACER_GROWTH] = {"growth",                                            \
        "fixed|factor|v8|membalancer: when to collect, below the limit too",  \
        HM_GROWTH_FIXED, HM_GROWTH_FIXED, 0, HM_GROWTH_MEMBALANCER},          \
    [HM_PACER_FACTOR] = {"factor",                                            \
        "factor, or no limit: heap after a collection, in % of live",         \
        200, 200, 101, 10000},                                                \
    [HM_PACER_BALANCE] = {"balance",                                          \
        "membalancer: 1/c in bytes; so much live doubles if g = s",           \
        (uint64_t)16 << 20, (uint64_t)16 << 20, 4096, (uint64_t)1 << 40},     \
    [HM_PACER_LEAST] = {"least",                                              \
        "least allocation between two collections, at most 1/16 of a limit",  \
        HM_PACER_MIN_BYTES, HM_PACER_MIN_BYTES, 4096, (uint64_t)1 << 40}

/* clang-format on */

/* Bytes and the time they took, of one event or of several. */
struct hm_pacer_rate {
    double bytes, ns;
};

/* The last events. */
struct hm_pacer_ring {
    struct hm_pacer_rate event[HM_PACER_EVENTS];
    unsigned n; /* events ever */
};

struct hm_pacer {
    size_t limit_bytes, stress_bytes; /* 0 = none */
    size_t allowance_bytes;           /* between two collections */
    unsigned strikes;                 /* poor collections in a row */
    int was_asked;                    /* the last one, by the policy */
    enum hm_growth growth;
    unsigned factor_percent;
    size_t balance_bytes, least_bytes;
    uint64_t ended_ns; /* of the last collection; at first of the opening */
    struct hm_pacer_ring collected, allocated;               /* v8 */
    struct hm_pacer_rate smooth_collected, smooth_allocated; /* membalancer */
};

/* One cycle: the mutator allocated, then the heap was collected. */
struct hm_pacer_cycle {
    size_t allocated_bytes, live_bytes; /* since the last one; found */
    int was_asked;                      /* due by the policy */
    uint64_t start_ns, end_ns;          /* of the collection */
};

/* Policy `fixed`. */
void hm_pacer_open(struct hm_pacer *pacer, size_t limit_bytes,
                   size_t stress_bytes);

/* Takes the policy from the values of HM_PACER_ROWS. */
void hm_pacer_set(struct hm_pacer *pacer, const uint64_t *param,
                  uint64_t now_ns);

/* Decides how much may be allocated from now on. */
void hm_pacer_allow(struct hm_pacer *pacer, size_t live_bytes);

/* Notes the speeds of a cycle and does as hm_pacer_allow. */
void hm_pacer_collected(struct hm_pacer *pacer,
                        const struct hm_pacer_cycle *cycle);

/* V8's factor for a collector so many times faster than allocation, from 1.1
 * to `max_factor`. */
double hm_pacer_v8_factor(double speed_ratio, double max_factor);

/* The largest factor for a heap of at most `max_bytes`, 0 for no limit. */
double hm_pacer_v8_max_factor(size_t max_bytes);

/* Size of the heap at which V8 collects `live_bytes` again, with a young space
 * of `young_bytes` beside them; `max_bytes` as above. */
size_t hm_pacer_v8_limit(size_t live_bytes, size_t young_bytes,
                         size_t max_bytes, double factor);

/* How much V8 measured: collection by allocation speed over the last events,
 * each in [1 B/ms, 1 GiB/ms]; 0 before the first event. */
double hm_pacer_v8_ratio(const struct hm_pacer *pacer);

void hm_pacer_ring_add(struct hm_pacer_ring *ring, size_t bytes, uint64_t ns);

/* Bytes above the live ones after which MemBalancer collects again.  No speeds
 * yet (0): as if 1/c were 16 MiB and both the same. */
size_t hm_pacer_membalancer_extra(size_t live_bytes, size_t balance_bytes,
                                  double alloc_speed, double gc_speed);

/* Bytes that may still be allocated before the next collection is due, after
 * `since_bytes` since the last one. */
static inline size_t hm_pacer_left(const struct hm_pacer *pacer,
                                   size_t since_bytes)
{
    return since_bytes < pacer->allowance_bytes
               ? pacer->allowance_bytes - since_bytes
               : 0;
}

/* Reports a collection that was needed to go on.  Returns 0 when the heap has
 * to be called exhausted, else 1. */
static inline int hm_pacer_judge(struct hm_pacer *pacer, size_t freed_bytes)
{
    if (pacer->limit_bytes == 0 || pacer->stress_bytes != 0 || pacer->was_asked)
        return 1;
    pacer->strikes++;
    if (freed_bytes >= pacer->limit_bytes / HM_PACER_YIELD)
        pacer->strikes = 0;
    HM_ASSERT(pacer->strikes <= HM_PACER_STRIKES);
    if (pacer->strikes < HM_PACER_STRIKES)
        return 1;
    pacer->strikes = 0;
    return 0;
}

#endif /* HM_COLLECTORS_SUBSTRATE_PACER_H */
