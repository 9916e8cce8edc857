/* SPDX-License-Identifier: MIT */
/* op_loop.h -- the loop of a workload whose operations are alike and shorter
 * than a sample should be. */
#ifndef HM_WORKLOADS_OP_LOOP_H
#define HM_WORKLOADS_OP_LOOP_H

#include "workloads/object.h"

#include <stdint.h>

/* Calls `op` for i = 0 .. ops - 1, in samples of `batch` >= 1 operations (the
 * last one may have fewer).  Inlined, so that the call costs nothing. */
static inline void hm_op_loop(struct hm_object_run *run, uint64_t ops,
                              uint64_t batch,
                              void (*op)(struct hm_object_run *run, uint64_t i))
{
    hm_meter_start(&run->base.meter);
    for (uint64_t done = 0; done < ops;) {
        uint64_t n = ops - done < batch ? ops - done : batch;

        for (uint64_t i = 0; i < n; i++)
            op(run, done + i);
        hm_meter_mark(&run->base.meter, n);
        done += n;
    }
}

#endif /* HM_WORKLOADS_OP_LOOP_H */
