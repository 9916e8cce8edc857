/* SPDX-License-Identifier: MIT */
/* metered.h -- what the samples of a closed loop would have taken from an
 * arrival, had they come evenly: the metered latency of DaCapo.
 *
 * Source:     Blackburn et al., "Rethinking Java Performance Analysis", ASPLOS
 *             2025: over a window of 100 ms around each sample the begins are
 *             replaced by as many at equal distances; the latency counts from
 *             that begin, and is never less than the sample took.
 * Differs:    computed as the samples come, not from a table of all of them: a
 *             sample is judged when one has begun 50 ms later.  The window is
 *             shorter where more samples than HM_METERED_SAMPLES begin in it.
 * Costs:      16 bytes for each sample of a window, backed as they come.
 *
 * It is an emulation, for in a closed loop no request waits for another.  An
 * open loop (common/schedule.h) is the real thing. */
#ifndef HM_COMMON_METERED_H
#define HM_COMMON_METERED_H

#include "common/hist.h"

#include <stdint.h>

enum {
    HM_METERED_WINDOW_NS = 100000000,
    HM_METERED_SAMPLES = 1 << 15,
};

struct hm_metered {
    struct hm_hist latency;
    uint64_t n;      /* samples so far */
    uint64_t judged; /* of them, in `latency` */
    uint64_t first;  /* of the window around the next one */

    struct {
        uint64_t begin_ns, end_ns;
    } sample[HM_METERED_SAMPLES]; /* at its number mod HM_METERED_SAMPLES */
};

/* No sample; `sample` is not touched. */
void hm_metered_init(struct hm_metered *metered);

/* The next sample, which began after all others. */
void hm_metered_add(struct hm_metered *metered, uint64_t begin_ns,
                    uint64_t end_ns);

/* There are no more: judges the rest by what there is of their windows. */
void hm_metered_end(struct hm_metered *metered);

#endif /* HM_COMMON_METERED_H */
