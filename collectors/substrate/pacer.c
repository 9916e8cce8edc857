/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/pacer.h"

#include <math.h>

#define PACER_MIB           ((size_t)1 << 20)
#define PACER_GIB           ((size_t)1 << 30)
#define PACER_V8_STEP_BYTES (8 * PACER_MIB)

enum { PACER_SHARE = 16 }; /* 1/16 of a limit may always be allocated */

/* V8's kTargetMutatorUtilization and the least factor. */
static const double pacer_v8_utilization = 0.97, pacer_v8_min_factor = 1.1;

/* MemBalancer: the part that stays of the old value. */
static const double pacer_keep_allocated = 0.95, pacer_keep_collected = 0.5;

static size_t pacer_at_least(size_t bytes, size_t least)
{
    return bytes > least ? bytes : least;
}

/* Sizes as double, back without overflow. */
static size_t pacer_size(double bytes)
{
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX / 2;
}

double hm_pacer_v8_max_factor(size_t max_bytes)
{
    const double low = 256.0 * (double)PACER_MIB,
                 high = 2.0 * (double)PACER_GIB;
    double max = (double)max_bytes;

    if (max_bytes == 0 || max >= high)
        return 4;
    if (max < low)
        max = low;
    return 1.3 + (max - low) * (2.0 - 1.3) / (high - low);
}

double hm_pacer_v8_factor(double speed_ratio, double max_factor)
{
    double a = speed_ratio * (1 - pacer_v8_utilization);
    double factor = max_factor;

    if (a > pacer_v8_utilization && a < max_factor * (a - pacer_v8_utilization))
        factor = a / (a - pacer_v8_utilization);
    return factor < pacer_v8_min_factor ? pacer_v8_min_factor : factor;
}

size_t hm_pacer_v8_limit(size_t live_bytes, size_t young_bytes,
                         size_t max_bytes, double factor)
{
    size_t grown = pacer_size((double)live_bytes * factor);
    size_t limit =
        pacer_at_least(grown, live_bytes + PACER_V8_STEP_BYTES) + young_bytes;
    size_t half_way = live_bytes / 2 + max_bytes / 2;

    return max_bytes != 0 && limit > half_way ? half_way : limit;
}

void hm_pacer_ring_add(struct hm_pacer_ring *ring, size_t bytes, uint64_t ns)
{
    ring->event[ring->n++ % HM_PACER_EVENTS] =
        (struct hm_pacer_rate){(double)bytes, (double)ns};
}

/* In bytes per ms. */
static double pacer_ring_speed(const struct hm_pacer_ring *ring)
{
    double bytes = 0, ns = 0, speed;
    unsigned n = ring->n < HM_PACER_EVENTS ? ring->n : HM_PACER_EVENTS;

    for (unsigned i = 0; i < n; i++) {
        bytes += ring->event[i].bytes;
        ns += ring->event[i].ns;
    }
    speed = ns > 0 ? bytes / ns * 1e6 : (double)PACER_GIB;
    return fmin(fmax(speed, 1), (double)PACER_GIB);
}

double hm_pacer_v8_ratio(const struct hm_pacer *pacer)
{
    if (pacer->collected.n == 0 || pacer->allocated.n == 0)
        return 0;
    return pacer_ring_speed(&pacer->collected) /
           pacer_ring_speed(&pacer->allocated);
}

static size_t pacer_v8_bytes(const struct hm_pacer *pacer, size_t live_bytes)
{
    size_t max = pacer->limit_bytes;
    double factor = hm_pacer_v8_factor(hm_pacer_v8_ratio(pacer),
                                       hm_pacer_v8_max_factor(max));
    size_t limit = hm_pacer_v8_limit(live_bytes, 0, max, factor);

    return limit > live_bytes ? limit - live_bytes : 0;
}

size_t hm_pacer_membalancer_extra(size_t live_bytes, size_t balance_bytes,
                                  double alloc_speed, double gc_speed)
{
    double live = (double)live_bytes;

    if (alloc_speed <= 0 || gc_speed <= 0)
        return pacer_size(sqrt(live * (double)HM_PACER_MIN_BYTES));
    return pacer_size(
        sqrt(live * (double)balance_bytes * alloc_speed / gc_speed));
}

static double pacer_speed(struct hm_pacer_rate rate)
{
    return rate.ns > 0 ? rate.bytes / rate.ns : 0;
}

static size_t pacer_factor_bytes(const struct hm_pacer *pacer,
                                 size_t live_bytes)
{
    return pacer_size((double)live_bytes *
                      ((double)pacer->factor_percent / 100 - 1));
}

static size_t pacer_policy_bytes(const struct hm_pacer *pacer,
                                 size_t live_bytes)
{
    switch (pacer->growth) {
    case HM_GROWTH_V8:
        return pacer_v8_bytes(pacer, live_bytes);
    case HM_GROWTH_MEMBALANCER:
        return hm_pacer_membalancer_extra(live_bytes, pacer->balance_bytes,
                                          pacer_speed(pacer->smooth_allocated),
                                          pacer_speed(pacer->smooth_collected));
    case HM_GROWTH_FIXED:
    case HM_GROWTH_FACTOR:
        break;
    }
    return pacer_factor_bytes(pacer, live_bytes);
}

/* A limit bounds what was chosen for heaps without one. */
static size_t pacer_least_bytes(const struct hm_pacer *pacer)
{
    size_t least = pacer->least_bytes, limit = pacer->limit_bytes;

    if (limit == 0)
        return least;
    if (least > limit / PACER_SHARE)
        least = limit / PACER_SHARE;
    return pacer_at_least(least, limit / HM_PACER_YIELD);
}

void hm_pacer_allow(struct hm_pacer *pacer, size_t live_bytes)
{
    size_t bytes;

    if (pacer->stress_bytes != 0) {
        pacer->allowance_bytes = pacer->stress_bytes;
        return;
    }
    if (pacer->growth == HM_GROWTH_FIXED && pacer->limit_bytes != 0) {
        pacer->allowance_bytes = SIZE_MAX;
        return;
    }
    bytes = pacer_policy_bytes(pacer, live_bytes);
    pacer->allowance_bytes = pacer_at_least(bytes, pacer_least_bytes(pacer));
}

void hm_pacer_open(struct hm_pacer *pacer, size_t limit_bytes,
                   size_t stress_bytes)
{
    *pacer = (struct hm_pacer){.limit_bytes = limit_bytes,
                               .stress_bytes = stress_bytes,
                               .factor_percent = 200,
                               .balance_bytes = HM_PACER_MIN_BYTES,
                               .least_bytes = HM_PACER_MIN_BYTES};
    hm_pacer_allow(pacer, 0);
}

void hm_pacer_set(struct hm_pacer *pacer, const uint64_t *param,
                  uint64_t now_ns)
{
    pacer->growth = (enum hm_growth)param[HM_PACER_GROWTH];
    pacer->factor_percent = (unsigned)param[HM_PACER_FACTOR];
    pacer->balance_bytes = param[HM_PACER_BALANCE];
    pacer->least_bytes = param[HM_PACER_LEAST];
    pacer->ended_ns = now_ns;
    hm_pacer_allow(pacer, 0);
}

static void pacer_smooth(struct hm_pacer_rate *old, double keep, size_t bytes,
                         uint64_t ns)
{
    if (old->ns == 0) /* the first value starts the series */
        keep = 0;
    old->bytes = keep * old->bytes + (1 - keep) * (double)bytes;
    old->ns = keep * old->ns + (1 - keep) * (double)ns;
}

void hm_pacer_collected(struct hm_pacer *pacer,
                        const struct hm_pacer_cycle *cycle)
{
    uint64_t gc_ns = cycle->end_ns - cycle->start_ns;
    uint64_t mutator_ns = cycle->start_ns - pacer->ended_ns;

    pacer->was_asked = cycle->was_asked;
    pacer->ended_ns = cycle->end_ns;
    hm_pacer_ring_add(&pacer->collected, cycle->live_bytes, gc_ns);
    hm_pacer_ring_add(&pacer->allocated, cycle->allocated_bytes, mutator_ns);
    pacer_smooth(&pacer->smooth_collected, pacer_keep_collected,
                 cycle->live_bytes, gc_ns);
    pacer_smooth(&pacer->smooth_allocated, pacer_keep_allocated,
                 cycle->allocated_bytes, mutator_ns);
    hm_pacer_allow(pacer, cycle->live_bytes);
}
