/* SPDX-License-Identifier: MIT */
/* pacer.h -- when to collect, and when to stop trying.
 *
 * With a limit: when the limit is reached.  Without: when as much as is live,
 * and at least 16 MiB, has been allocated since the last collection.  Under
 * stress: every so many bytes.
 *
 * A heap that is full of live data would be collected again and again for a
 * trickle of free bytes; after a few collections in a row that freed less than
 * 1/64 of the limit each, the heap counts as exhausted. */
#ifndef HM_COLLECTORS_SUBSTRATE_PACER_H
#define HM_COLLECTORS_SUBSTRATE_PACER_H

#include "common/check.h"

#include <stddef.h>
#include <stdint.h>

enum { HM_PACER_STRIKES = 8, HM_PACER_YIELD = 64 };

#define HM_PACER_MIN_BYTES ((size_t)16 << 20)

struct hm_pacer {
    size_t limit_bytes, stress_bytes; /* 0 = none */
    size_t allowance_bytes;           /* between two collections */
    unsigned strikes;                 /* poor collections in a row */
};

static inline void hm_pacer_allow(struct hm_pacer *pacer, size_t live_bytes)
{
    if (pacer->stress_bytes != 0) {
        pacer->allowance_bytes = pacer->stress_bytes;
    } else if (pacer->limit_bytes != 0) {
        pacer->allowance_bytes = SIZE_MAX;
    } else {
        pacer->allowance_bytes =
            live_bytes > HM_PACER_MIN_BYTES ? live_bytes : HM_PACER_MIN_BYTES;
    }
}

static inline void hm_pacer_open(struct hm_pacer *pacer, size_t limit_bytes,
                                 size_t stress_bytes)
{
    *pacer = (struct hm_pacer){.limit_bytes = limit_bytes,
                               .stress_bytes = stress_bytes};
    hm_pacer_allow(pacer, 0);
}

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
    if (pacer->limit_bytes == 0 || pacer->stress_bytes != 0)
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
