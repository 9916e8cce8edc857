/* SPDX-License-Identifier: MIT */
/* hist.h -- latency histogram with bounded relative error.
 *
 * Error:   a reported value is at most 1/2^7 (0.8 %) above a recorded one.
 * Range:   0 ns .. 2^40 - 1 ns (18 min); larger values count as the top one
 *          and in `clamped`.
 * Memory:  17 KiB, fixed; recording never allocates.
 * Threads: one writer per histogram; merge after the writers have ended.
 * Source:  G. Tene, HdrHistogram (log-linear buckets).
 * Differs: 2^7 linear buckets per octave, exact minimum, maximum and sum;
 *          the rank of a quantile is ceil(q n), so one sample is every
 *          quantile and q = 1 is the maximum. */
#ifndef HM_COMMON_HIST_H
#define HM_COMMON_HIST_H

#include <stdint.h>

enum {
    HM_HIST_SUB_BITS = 7,
    HM_HIST_MAX_BITS = 40,
    HM_HIST_BUCKETS = (HM_HIST_MAX_BITS - HM_HIST_SUB_BITS + 1)
                      << HM_HIST_SUB_BITS,
};

struct hm_hist {
    uint64_t n, sum_ns, min_ns, max_ns, clamped;
    uint32_t count[HM_HIST_BUCKETS];
};

/* Index of the bucket of `value_ns` < 2^40. */
static inline unsigned hm_hist_index(uint64_t value_ns)
{
    unsigned msb = 63u - (unsigned)__builtin_clzll(value_ns | 1);
    unsigned shift;

    if (msb < HM_HIST_SUB_BITS)
        return (unsigned)value_ns;
    shift = msb - HM_HIST_SUB_BITS;
    return ((shift + 1) << HM_HIST_SUB_BITS) +
           (unsigned)((value_ns >> shift) - (1u << HM_HIST_SUB_BITS));
}

static inline void hm_hist_add(struct hm_hist *hist, uint64_t value_ns)
{
    if (value_ns >> HM_HIST_MAX_BITS) {
        value_ns = (UINT64_C(1) << HM_HIST_MAX_BITS) - 1;
        hist->clamped++;
    }
    hist->count[hm_hist_index(value_ns)]++;
    hist->n++;
    hist->sum_ns += value_ns;
    if (value_ns > hist->max_ns)
        hist->max_ns = value_ns;
    if (value_ns < hist->min_ns)
        hist->min_ns = value_ns;
}

/* An empty histogram.  Cannot fail. */
void hm_hist_init(struct hm_hist *hist);

/* Lowest and highest value that share bucket `index` < HM_HIST_BUCKETS. */
uint64_t hm_hist_low_ns(unsigned index);
uint64_t hm_hist_high_ns(unsigned index);

/* The smallest recorded value v such that at least q of all samples are <= v,
 * rounded up to its bucket's end but never above the maximum.  q in [0, 1];
 * 0 for an empty histogram.  O(buckets). */
uint64_t hm_hist_quantile_ns(const struct hm_hist *hist, double q);

/* Adds all of `from` to `into`. */
void hm_hist_merge(struct hm_hist *into, const struct hm_hist *from);

#endif /* HM_COMMON_HIST_H */
