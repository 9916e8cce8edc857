/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_curves.h"
#include "harness/analysis/summary_derived.h"

#include "harness/analysis/summary_rows.h"
#include "harness/replace_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STACK_HEAP_MIB 1048576.0

/* The values of `variant`, in their order. */
static const char *const stack_heap_kinds[] = {"locals", "struct", "alloca",
                                               "frames", "boxed",  "deep"};

static const struct hm_summary_axis stack_heap_axis = {HM_SUMMARY_KEY_params,
                                                       "variant"};

struct stack_heap {
    const struct hm_summary_view *view;
    FILE *out;
    double *value; /* room for the runs of a cell */
};

static double stack_heap_ns(const struct hm_summary_run *run)
{
    return run->value[HM_SUMMARY_wall_ns] / run->ops;
}

static double stack_heap_grown(const struct hm_summary_run *run)
{
    return (run->value[HM_SUMMARY_rss_peak_bytes] - run->rss_base_bytes) /
           STACK_HEAP_MIB;
}

static int stack_heap_median(const struct stack_heap *table,
                             const struct hm_summary_cell *cell,
                             double (*of)(const struct hm_summary_run *run),
                             struct hm_interval *median)
{
    size_t n = 0;

    *median = (struct hm_interval){NAN, NAN, NAN, 0};
    for (size_t i = 0; i < cell->n_ok && hm_summary_is_complete(cell); i++) {
        double value = of(&cell->ok[i]);

        if (isfinite(value))
            table->value[n++] = value;
    }
    return n > 0 ? hm_summary_median(table->value, n, median) : 0;
}

/* "stack_heap/depth=20;levels=1000": less the variant. */
static void stack_heap_label(const struct hm_summary_cell *cell, char *label)
{
    char params[HM_LABEL_BYTES] = "";
    size_t used = 0;

    for (const char *at = cell->key[HM_SUMMARY_KEY_params]; *at != '\0';) {
        size_t bytes = strcspn(at, ";");

        if (strncmp(at, "variant=", 8) != 0 && used < sizeof params) {
            used +=
                (size_t)snprintf(params + used, sizeof params - used, "%s%.*s",
                                 used > 0 ? ";" : "", (int)bytes, at);
        }
        at += bytes;
        at += *at == ';';
    }
    hm_label_workload(label, cell->key[HM_SUMMARY_KEY_workload], params, 1, "");
}

static int stack_heap_put(const struct stack_heap *table,
                          const struct hm_summary_cell *cell, const char *kind)
{
    struct hm_interval ns, grown;
    char label[HM_LABEL_BYTES];
    int error = stack_heap_median(table, cell, stack_heap_ns, &ns);

    if (error == 0)
        error = stack_heap_median(table, cell, stack_heap_grown, &grown);
    if (error != 0)
        return error;
    stack_heap_label(cell, label);
    (void)fprintf(table->out, "%s,", label);
    hm_summary_strategy_label(&table->view->labels, cell, label);
    (void)fprintf(table->out, "%s,%s", label, kind);
    hm_summary_put_real(table->out, ns.estimate);
    hm_summary_put_real(table->out, ns.low);
    hm_summary_put_real(table->out, ns.high);
    hm_summary_put_real(table->out, grown.estimate);
    hm_summary_put_real(table->out, grown.low);
    hm_summary_put_real(table->out, grown.high);
    (void)fprintf(table->out, ",%s,%zu\n",
                  hm_summary_status_name(hm_summary_worst_status(cell)), ns.n);
    return 0;
}

/* NULL for other workloads, and for the baseline's twin. */
static const char *stack_heap_kind(const struct hm_summary_cell *cell)
{
    double variant = hm_summary_place(cell, stack_heap_axis);
    size_t kinds = sizeof stack_heap_kinds / sizeof stack_heap_kinds[0];

    if (strcmp(cell->key[HM_SUMMARY_KEY_workload], "stack_heap") != 0 ||
        cell->arm == HM_SUMMARY_ARM_TWIN || !(variant >= 0) ||
        variant >= (double)kinds)
        return NULL;
    return stack_heap_kinds[(size_t)variant];
}

/* Are there two kinds to compare? */
static int stack_heap_is_varied(const struct hm_summary_campaign *campaign)
{
    const char *first = NULL;

    for (size_t c = 0; c < campaign->n_cells; c++) {
        const char *kind = stack_heap_kind(&campaign->cell[c]);

        if (kind != NULL && first != NULL && kind != first)
            return 1;
        first = kind != NULL ? kind : first;
    }
    return 0;
}

int hm_summary_write_stack_heap(const struct hm_summary_view *view,
                                const char *folder)
{
    const struct hm_summary_campaign *campaign = view->campaign;
    struct stack_heap table = {
        .view = view,
        .value = malloc(hm_summary_most_runs(campaign) * sizeof(double)),
    };
    struct hm_replace_file file;
    int error = table.value == NULL
                    ? -ENOMEM
                    : hm_replace_begin(&file, folder, "stack_heap.csv");

    if (error == 0) {
        int varied = stack_heap_is_varied(campaign);

        table.out = file.out;
        (void)fputs("workload,strategy,kind,ns_per_call,low,high,grown_mib,"
                    "grown_low,grown_high,status,n\n",
                    file.out);
        for (size_t c = 0; c < campaign->n_cells && varied && error == 0; c++) {
            const char *kind = stack_heap_kind(&campaign->cell[c]);

            if (kind != NULL)
                error = stack_heap_put(&table, &campaign->cell[c], kind);
        }
        error = hm_replace_end(&file, error);
    }
    free(table.value);
    return error;
}
