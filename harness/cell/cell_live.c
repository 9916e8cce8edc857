/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_live.h"

/* Keeps the points that are a stride or more apart. */
static void live_thin(struct hm_live_watch *watch)
{
    struct hm_live *live = watch->live;
    uint64_t span_ops = live->point[live->n - 1].ops - live->point[0].ops;
    unsigned kept = 1;

    watch->stride_ops = span_ops / (HM_LIVE_POINTS / 2) + 1;
    for (unsigned i = 1; i < live->n; i++) {
        if (live->point[i].ops - live->point[kept - 1].ops >= watch->stride_ops)
            live->point[kept++] = live->point[i];
    }
    live->n = kept;
}

static void live_reached(struct hm_meter_watch *base, uint64_t ops)
{
    struct hm_live_watch *watch = (struct hm_live_watch *)(void *)base;
    struct hm_live *live = watch->live;

    if (live->n == HM_LIVE_POINTS)
        live_thin(watch);
    live->point[live->n].ops = ops;
    live->point[live->n].bytes = watch->needed_bytes(watch->ledger);
    live->n++;
    base->at_ops = ops + watch->stride_ops;
}

void hm_live_begin(struct hm_live_watch *watch, struct hm_live *live,
                   uint64_t (*needed_bytes)(void *ledger), void *ledger)
{
    *watch = (struct hm_live_watch){
        .base = {.reached = live_reached},
        .live = live,
        .stride_ops = 1,
        .needed_bytes = needed_bytes,
        .ledger = ledger,
    };
    live_reached(&watch->base, 0);
}

void hm_live_end(struct hm_live_watch *watch, uint64_t ops)
{
    if (watch->live->point[watch->live->n - 1].ops != ops)
        live_reached(&watch->base, ops);
    watch->base.at_ops = UINT64_MAX;
}
