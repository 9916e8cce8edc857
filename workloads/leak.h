/* SPDX-License-Identifier: MIT */
/* leak.h -- what the leak workloads share: one payload per step, read back at
 * once, so that equal steps give equal checksums whatever then becomes of it.
 * They differ only in what the program forgets. */
#ifndef HM_WORKLOADS_LEAK_H
#define HM_WORKLOADS_LEAK_H

#include "workloads/object.h"
#include "workloads/payload.h"

#include <stdint.h>

enum { HM_LEAK_STEPS, HM_LEAK_BYTES };

#define HM_LEAK_PARAMS                                                 \
    {"steps", "payloads made", 300000, 3000000, 1, UINT64_C(1) << 32}, \
        {"bytes", "size of a payload, bytes", 256, 256, 8, 1 << 20},   \
    {                                                                  \
        0                                                              \
    }

enum { HM_LEAK_BATCH = 128 }; /* steps per sample */

/* The payload of step `i`.  A GC point. */
static inline hm_ref hm_leak_payload(struct hm_object_run *run, uint64_t i)
{
    return hm_payload_new(run->mutator, run->base.value[HM_LEAK_BYTES],
                          (uint32_t)i & 0xFFFF);
}

static inline void hm_leak_read(struct hm_object_run *run, hm_ref payload)
{
    hm_run_mix(&run->base, hm_payload_tag(payload));
}

/* Calls `step` for 0, 1, ...; inlined, so that the call costs nothing. */
static inline void hm_leak_loop(struct hm_object_run *run,
                                void (*step)(struct hm_object_run *run,
                                             uint64_t i))
{
    uint64_t steps = run->base.value[HM_LEAK_STEPS];

    hm_meter_start(&run->base.meter);
    for (uint64_t done = 0; done < steps;) {
        uint64_t left = steps - done;
        uint64_t batch = left < HM_LEAK_BATCH ? left : HM_LEAK_BATCH;

        for (uint64_t i = 0; i < batch; i++)
            step(run, done + i);
        hm_meter_mark(&run->base.meter, batch);
        done += batch;
    }
}

#endif /* HM_WORKLOADS_LEAK_H */
