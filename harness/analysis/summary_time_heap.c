/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"
#include "harness/analysis/summary_derived.h"

#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static void time_heap_put(FILE *out, const struct hm_summary_view *view,
                          const struct hm_summary_cell *cell)
{
    size_t number = (size_t)(cell - view->campaign->cell);
    const struct hm_interval *wall =
        &view->result[number * HM_SUMMARY_METRICS_END + HM_SUMMARY_wall_ns]
             .value;
    int measured = wall->n > 0 && hm_summary_is_complete(cell);
    char workload[HM_LABEL_BYTES];

    hm_summary_workload_label(&view->labels, cell, workload);
    (void)fprintf(out, "%s,%s", workload, cell->key[HM_SUMMARY_KEY_strategy]);
    hm_summary_put_real(out, hm_summary_place(cell, HM_SUMMARY_BY_HEAP));
    hm_summary_put_real(out, measured ? wall->estimate : NAN);
    hm_summary_put_real(out, measured ? wall->low : NAN);
    hm_summary_put_real(out, measured ? wall->high : NAN);
    (void)fprintf(out, ",%s,%zu\n",
                  hm_summary_status_name(hm_summary_worst_status(cell)),
                  measured ? wall->n : 0);
}

int hm_summary_write_time_heap(const struct hm_summary_view *view,
                               const char *folder)
{
    const struct hm_summary_cell **order =
        malloc(view->campaign->n_cells * sizeof(void *));
    struct hm_replace_file file;
    size_t n, end;
    int error = order == NULL
                    ? -ENOMEM
                    : hm_replace_begin(&file, folder, "time_heap.csv");

    if (error == 0) {
        n = hm_summary_curves(view->campaign, HM_SUMMARY_BY_HEAP, order);
        (void)fputs("workload,strategy,heap_multiple,wall_ns,low,high,status,"
                    "n\n",
                    file.out);
        for (size_t begin = 0; begin < n; begin = end) {
            int varied =
                hm_summary_is_varied(order, n, begin, HM_SUMMARY_BY_HEAP, &end);

            for (size_t i = begin; i < end && varied; i++)
                time_heap_put(file.out, view, order[i]);
        }
        error = hm_replace_end(&file, 0);
    }
    free(order);
    return error;
}
