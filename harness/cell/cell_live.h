/* SPDX-License-Identifier: MIT */
/* cell_live.h -- the curve of needed bytes over operations, in fixed memory.
 *
 * When the table is full its points are thinned to half and the distance
 * between new ones grows to match, so the curve stays even however long the
 * run is: between 1/2 and 1 times HM_LIVE_POINTS points, once it was full. */
#ifndef HM_HARNESS_CELL_LIVE_H
#define HM_HARNESS_CELL_LIVE_H

#include "common/meter.h"
#include "harness/cell/cell_record.h"

struct hm_live_watch {
    struct hm_meter_watch base; /* first: the meter knows only this */
    struct hm_live *live;
    uint64_t stride_ops; /* between two points, at least */
    /* Reads the ledger: needed bytes now. */
    uint64_t (*needed_bytes)(void *ledger);
    void *ledger;
};

/* Starts the curve with the point of 0 operations.  `live`, zeroed, and
 * `ledger` outlive the watch. */
void hm_live_begin(struct hm_live_watch *watch, struct hm_live *live,
                   uint64_t (*needed_bytes)(void *ledger), void *ledger);

/* Ends it with the point of `ops` operations. */
void hm_live_end(struct hm_live_watch *watch, uint64_t ops);

#endif /* HM_HARNESS_CELL_LIVE_H */
