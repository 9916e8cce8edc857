/* SPDX-License-Identifier: MIT */
#include "common/hist.h"

#include "common/check.h"

#include <math.h>
#include <string.h>

void hm_hist_init(struct hm_hist *hist)
{
    memset(hist, 0, sizeof(*hist));
    hist->min_ns = UINT64_MAX;
}

uint64_t hm_hist_low_ns(unsigned index)
{
    uint64_t octave = index >> HM_HIST_SUB_BITS;
    uint64_t step = index & ((1u << HM_HIST_SUB_BITS) - 1);

    if (octave == 0)
        return step;
    return ((UINT64_C(1) << HM_HIST_SUB_BITS) | step) << (octave - 1);
}

uint64_t hm_hist_high_ns(unsigned index)
{
    unsigned octave = index >> HM_HIST_SUB_BITS;
    uint64_t width = octave == 0 ? 1 : UINT64_C(1) << (octave - 1);

    return hm_hist_low_ns(index) + width - 1;
}

uint64_t hm_hist_quantile_ns(const struct hm_hist *hist, double q)
{
    uint64_t rank, seen = 0;
    unsigned i;

    HM_CHECK(q >= 0 && q <= 1);
    if (hist->n == 0)
        return 0;
    rank = (uint64_t)ceil(q * (double)hist->n);
    if (rank < 1)
        return hist->min_ns;
    if (rank > hist->n)
        rank = hist->n;
    for (i = 0; i < HM_HIST_BUCKETS; i++) {
        seen += hist->count[i];
        if (seen >= rank)
            break;
    }
    return hm_hist_high_ns(i) < hist->max_ns ? hm_hist_high_ns(i)
                                             : hist->max_ns;
}

void hm_hist_merge(struct hm_hist *into, const struct hm_hist *from)
{
    for (unsigned i = 0; i < HM_HIST_BUCKETS; i++)
        into->count[i] += from->count[i];
    into->n += from->n;
    into->sum_ns += from->sum_ns;
    into->clamped += from->clamped;
    if (from->max_ns > into->max_ns)
        into->max_ns = from->max_ns;
    if (from->min_ns < into->min_ns)
        into->min_ns = from->min_ns;
}
