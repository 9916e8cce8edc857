/* SPDX-License-Identifier: MIT */
/* leak.h -- what the leak workloads share: one payload per step, read back at
 * once, so that equal steps give equal checksums whatever then becomes of it.
 * They differ only in what the program forgets; with `twin=1` it does not
 * forget it, and memory must stay flat. */
#ifndef HM_WORKLOADS_LEAK_H
#define HM_WORKLOADS_LEAK_H

#include "workloads/op_loop.h"
#include "workloads/payload.h"

#include <stdint.h>

enum {
    HM_LEAK_STEPS,
    HM_LEAK_BYTES,
    HM_LEAK_SETTLE,
    HM_LEAK_TWIN,
    HM_LEAK_OWN
};

/* The first rows of a table: defaults of quick and full steps, and of bytes.
 * The cell reads `steps` and `settle_ms`. */
#define HM_LEAK_SIZES(quick, full, size)                                 \
    {"steps", "payloads made", quick, full, 1, UINT64_C(1) << 32},       \
        {"bytes", "size of a payload, bytes", size, size, 8, 1 << 24},   \
    {                                                                    \
        "settle_ms", "waited when all is dropped, ms", 0, 1000, 0, 60000 \
    }

#define HM_LEAK_PARAMS(quick, full, size)                  \
    HM_LEAK_SIZES(quick, full, size),                      \
    {                                                      \
        "twin", "1: the same without the leak", 0, 0, 0, 1 \
    }

enum { HM_LEAK_BATCH = 128 }; /* steps per sample */

static inline int hm_leak_is_twin(const struct hm_object_run *run)
{
    return run->base.value[HM_LEAK_TWIN] != 0;
}

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
    hm_op_loop(run, run->base.value[HM_LEAK_STEPS], HM_LEAK_BATCH, step);
}

#endif /* HM_WORKLOADS_LEAK_H */
