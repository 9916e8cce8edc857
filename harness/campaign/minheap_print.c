/* SPDX-License-Identifier: MIT */
#include "harness/campaign/minheap_print.h"

#include "harness/csv.h"
#include "harness/human.h"
#include "harness/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct print {
    const struct hm_plan *plan;
    const struct hm_minheap *table;
    FILE *out;
    size_t found, errors;
};

static double print_number(const struct hm_minheap_row *row,
                           enum hm_minheap_column column)
{
    double number;

    return hm_csv_number(row->value[column], &number) == 0 ? number : NAN;
}

static bool print_is(const struct hm_minheap_row *row, const char *status)
{
    return strcmp(row->value[HM_MINHEAP_status], status) == 0;
}

/* Smallest heap first, those without one last. */
static int print_compare(const void *left, const void *right)
{
    const struct hm_minheap_row *a =
        *(const struct hm_minheap_row *const *)left;
    const struct hm_minheap_row *b =
        *(const struct hm_minheap_row *const *)right;
    double x = print_number(a, HM_MINHEAP_minheap_bytes);
    double y = print_number(b, HM_MINHEAP_minheap_bytes);

    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return x < y   ? -1
           : x > y ? 1
                   : strcmp(a->value[HM_MINHEAP_strategy],
                            b->value[HM_MINHEAP_strategy]);
}

static void print_row(struct print *print, const struct hm_minheap_row *row,
                      double common_bytes)
{
    double bytes = print_number(row, HM_MINHEAP_minheap_bytes);
    char text[4][HM_HUMAN_BYTES];

    if (!print_is(row, "ok")) {
        fprintf(print->out, "  %-24s %s: %.90s\n",
                row->value[HM_MINHEAP_strategy], row->value[HM_MINHEAP_status],
                row->value[HM_MINHEAP_reason]);
        print->errors += !print_is(row, "oom") && !print_is(row, "timeout") &&
                         !print_is(row, "unsupported");
        return;
    }
    print->found++;
    hm_human_size(text[0], bytes);
    hm_human_ratio(text[1], print_number(row, HM_MINHEAP_minheap_over_live));
    hm_human_ratio(text[2], common_bytes > 0 ? bytes / common_bytes : NAN);
    hm_human_size(text[3], print_number(row, HM_MINHEAP_too_small_bytes));
    fprintf(print->out, "  %-24s %10s %7s %9s  %s%s%s\n",
            row->value[HM_MINHEAP_strategy], text[0], text[1], text[2], text[3],
            *row->value[HM_MINHEAP_too_small_status] ? " " : "",
            row->value[HM_MINHEAP_too_small_status]);
}

static void print_subject(struct print *print, size_t subject,
                          const struct hm_minheap_row **row)
{
    const struct hm_subject *of = &print->plan->subject[subject];
    uint64_t common_bytes =
        hm_minheap_common_bytes(print->table, print->plan, subject);
    char text[2][HM_HUMAN_BYTES], threads[32] = "";
    size_t n = 0;

    for (size_t i = 0; i < print->plan->n_cells; i++) {
        const struct hm_plan_cell *cell = &print->plan->cell[i];

        row[n] = cell->subject == subject
                     ? hm_minheap_find(print->table, print->plan, cell)
                     : NULL;
        n += row[n] != NULL;
    }
    if (n == 0)
        return;
    qsort(row, n, sizeof(void *), print_compare);
    if (of->threads > 1)
        (void)snprintf(threads, sizeof threads, ", %u threads", of->threads);
    hm_human_size(text[0], print_number(row[0], HM_MINHEAP_live_peak_bytes));
    hm_human_size(text[1], common_bytes > 0 ? (double)common_bytes : NAN);
    fprintf(print->out, "%s  %.60s%s\n", of->workload->id, of->params,
            strlen(of->params) > 60 ? "..." : "");
    fprintf(print->out, "  live at most %s, common minimum heap %s%s\n",
            text[0], text[1], threads);
    fprintf(print->out, "  %-24s %10s %7s %9s  %s\n", "strategy", "min. heap",
            "x live", "x common", "too small");
    for (size_t i = 0; i < n; i++)
        print_row(print, row[i], (double)common_bytes);
    fputc('\n', print->out);
}

int hm_minheap_print(const struct hm_plan *plan, const struct hm_minheap *table,
                     const char *folder, FILE *out)
{
    struct print print = {.plan = plan, .table = table, .out = out};
    const struct hm_minheap_row **row =
        calloc(plan->n_cells + 1, sizeof(void *));

    if (row == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < plan->n_subjects; i++)
        print_subject(&print, i, row);
    free(row);
    fprintf(out,
            "common: the smallest of the tracing strategies' minimum heaps, "
            "what --heap multiplies:\n  heapmark run --suite %s/suite.ini "
            "--minheap %s --heap 2,3\n",
            folder, folder);
    (void)fflush(out);
    if (print.errors > 0) {
        hm_complain("%zu search%s ended by an error of the strategy; see "
                    "status and reason in %s/minheap.csv",
                    print.errors, print.errors == 1 ? "" : "es", folder);
    } else if (print.found == 0) {
        hm_complain("no minimum heap was found; see %s/minheap.csv", folder);
    }
    return print.errors > 0 || print.found == 0 ? -EIO : 0;
}
