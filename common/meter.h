/* SPDX-License-Identifier: MIT */
/* meter.h -- what a workload reports while the clock runs: how far it is, and
 * how long each sample of operations took.
 *
 * hm_meter_start opens a sample, hm_meter_mark closes it and opens the next; a
 * sample covers one or more operations (at least about 2 us of work, or the
 * clock shows more of itself than of them).  Measured cost of a start and a
 * mark: see `heapmark doctor` and docs; the budget is 60 ns.
 *
 * With a schedule (common/schedule.h) start and mark wait for the arrival of
 * the next operations, when the sample then opens, or for a turn, which is in
 * no sample; the work must be such that a wait may come between any two
 * samples.
 *
 * Threads: one meter per thread; only the first thread's has a progress page.
 */
#ifndef HM_COMMON_METER_H
#define HM_COMMON_METER_H

#include "common/check.h"
#include "common/clock.h"
#include "common/hist.h"
#include "common/metered.h"
#include "common/schedule.h"

#include <stdatomic.h>
#include <stdint.h>

/* Shared with the driver, which reads it while it samples the RSS: together
 * with the census of the same workload this gives live bytes over time.  The
 * driver maps one page; the cell is the only writer. */
struct hm_progress {
    _Atomic uint64_t phase; /* enum hm_phase */
    _Atomic uint64_t ops;   /* operations finished in this phase */
};

enum hm_phase {
    HM_PHASE_SETUP, /* before the clock */
    HM_PHASE_RUN,   /* inside the clock window */
    HM_PHASE_DROP,  /* everything held is released */
    HM_PHASE_END,
};

/* Told by the meter when `ops` first reaches a number it has asked for. */
struct hm_meter_watch {
    uint64_t at_ops; /* the next one; UINT64_MAX for never */
    void (*reached)(struct hm_meter_watch *watch, uint64_t ops);
};

struct hm_meter {
    struct hm_progress *progress; /* never NULL */
    uint64_t ops;                 /* operations marked so far */
    uint64_t start_ns;            /* of the open sample */
    struct hm_hist *latency;      /* never NULL; one entry per sample */
    struct hm_meter_watch *watch; /* never NULL */
    struct hm_schedule *schedule; /* NULL: a closed loop without turns */
    struct hm_metered *metered;   /* NULL: not asked for */
};

static inline void hm_meter_start(struct hm_meter *meter)
{
    meter->start_ns = hm_clock_now_ns();
    if (HM_UNLIKELY(meter->schedule != NULL))
        meter->start_ns = hm_schedule_begin(meter->schedule, meter->start_ns);
}

/* A sample of `ops` operations that took `sample_ns` by another clock, say that
 * of a thread of the workload's own.  No sample is open. */
static inline void hm_meter_add(struct hm_meter *meter, uint64_t ops,
                                uint64_t sample_ns)
{
    hm_hist_add(meter->latency, sample_ns);
    meter->ops += ops;
    atomic_store_explicit(&meter->progress->ops, meter->ops,
                          memory_order_relaxed);
    if (HM_UNLIKELY(meter->ops >= meter->watch->at_ops)) {
        meter->watch->reached(meter->watch, meter->ops);
        meter->start_ns = hm_clock_now_ns();
    }
}

/* Ends the open sample, of `ops` operations, and opens the next one: a loop
 * that spends no time between its samples needs a single start. */
static inline void hm_meter_mark(struct hm_meter *meter, uint64_t ops)
{
    uint64_t start_ns = meter->start_ns;

    meter->start_ns = hm_clock_now_ns();
    if (HM_UNLIKELY(meter->metered != NULL))
        hm_metered_add(meter->metered, start_ns, meter->start_ns);
    hm_meter_add(meter, ops, meter->start_ns - start_ns);
    if (HM_UNLIKELY(meter->schedule != NULL))
        meter->start_ns = hm_schedule_next(meter->schedule, ops);
}

#endif /* HM_COMMON_METER_H */
