/* SPDX-License-Identifier: MIT */
/* payload.h -- pointer-free values whose every byte is written, so that each
 * strategy touches the same memory.
 *
 * A payload is ceil(bytes / 8) doubles of 0.5, the first and the last one
 * tag + 0.5.  Doubles because JavaScript can hold the same array. */
#ifndef HM_WORKLOADS_PAYLOAD_H
#define HM_WORKLOADS_PAYLOAD_H

#include "collectors/mutator.h"

#include <stddef.h>
#include <stdint.h>

/* A payload of `bytes` >= 1 with 0 <= tag < 2^23.  A GC point. */
static inline hm_ref hm_payload_new(struct hm_mutator *m, size_t bytes,
                                    uint32_t tag)
{
    size_t n = (bytes + 7) / 8;
    hm_ref payload = hm_new_raw(m, n * sizeof(double));
    double *value = hm_raw(payload, 0);

    for (size_t i = 0; i < n; i++)
        value[i] = 0.5;
    value[0] = tag + 0.5;
    value[n - 1] = tag + 0.5;
    return payload;
}

/* The tag, read back from the payload's memory. */
static inline uint32_t hm_payload_tag(hm_ref payload)
{
    const double *value = hm_raw(payload, 0);

    return (uint32_t)(int32_t)value[0];
}

#endif /* HM_WORKLOADS_PAYLOAD_H */
