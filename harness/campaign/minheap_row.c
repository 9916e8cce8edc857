/* SPDX-License-Identifier: MIT */
#include "harness/campaign/minheap_row.h"

#include <inttypes.h>

static const char *row_number(struct hm_pool *pool, uint64_t number)
{
    return number > 0 ? hm_pool_format(pool, "%" PRIu64, number) : "";
}

static void row_fill_key(struct hm_pool *pool, const struct hm_plan *plan,
                         const struct hm_plan_cell *cell,
                         struct hm_minheap_row *row)
{
    const struct hm_subject *subject = &plan->subject[cell->subject];

    row->value[HM_MINHEAP_workload] = subject->workload->id;
    row->value[HM_MINHEAP_params] = subject->params;
    row->value[HM_MINHEAP_seed] =
        hm_pool_format(pool, "%" PRIu32, plan->suite->seed);
    row->value[HM_MINHEAP_threads] = row_number(pool, subject->threads);
    row->value[HM_MINHEAP_strategy] = cell->id;
    row->value[HM_MINHEAP_version] = cell->strategy->version;
    row->value[HM_MINHEAP_tracing] = cell->strategy->tracing ? "1" : "0";
}

static void row_fill_heap(struct hm_pool *pool, const struct hm_census *census,
                          const struct hm_minheap_found *found,
                          struct hm_minheap_row *row)
{
    uint64_t fits_bytes = found->bisected.fits_bytes;

    row->value[HM_MINHEAP_minheap_bytes] = row_number(pool, fits_bytes);
    if (found->bisected.fails_bytes > 0 && !found->bisected.stopped) {
        row->value[HM_MINHEAP_too_small_bytes] =
            row_number(pool, found->bisected.fails_bytes);
        row->value[HM_MINHEAP_too_small_status] = found->too_small_status;
    }
    if (fits_bytes == 0)
        return;
    row->value[HM_MINHEAP_passes] = row_number(pool, found->passes);
    if (census->live_peak_bytes > 0) {
        row->value[HM_MINHEAP_minheap_over_live] = hm_pool_format(
            pool, "%.6g", (double)fits_bytes / (double)census->live_peak_bytes);
    }
}

void hm_minheap_row_fill(struct hm_pool *pool, const struct hm_plan *plan,
                         const struct hm_plan_cell *cell,
                         const struct hm_census *census,
                         const struct hm_minheap_found *found,
                         struct hm_minheap_row *row)
{
    for (int c = 0; c < HM_MINHEAP_COLUMNS_END; c++)
        row->value[c] = "";
    row_fill_key(pool, plan, cell, row);
    row->value[HM_MINHEAP_status] = found->outcome.status;
    row->value[HM_MINHEAP_reason] = hm_pool_copy(pool, found->outcome.reason);
    row_fill_heap(pool, census, found, row);
    row->value[HM_MINHEAP_live_peak_bytes] =
        row_number(pool, census->live_peak_bytes);
    row->value[HM_MINHEAP_heap_1x_bytes] =
        row_number(pool, census->heap_1x_bytes);
    row->value[HM_MINHEAP_most_bytes] = row_number(pool, found->most_bytes);
    row->value[HM_MINHEAP_probes] = row_number(pool, found->bisected.probes);
    row->value[HM_MINHEAP_timeout_ns] = row_number(pool, found->timeout_ns);
}
