/* SPDX-License-Identifier: MIT */
#include "harness/campaign/minheap_table.h"

#include "common/params.h"
#include "harness/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static const char *const table_names[HM_MINHEAP_COLUMNS_END] = {
#define TABLE_NAME(name, type, unit, meaning) #name,
    HM_MINHEAP_COLUMNS(TABLE_NAME)
#undef TABLE_NAME
};

static const char *table_path(struct hm_pool *pool, const char *path)
{
    struct stat found;

    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
        return hm_pool_format(pool, "%s/minheap.csv", path);
    return path;
}

static void table_add(struct hm_pool *pool, struct hm_minheap *table,
                      const struct hm_csv *csv, const int *index)
{
    struct hm_minheap_row *row;

    table->row = hm_pool_grow(pool, table->row, table->n, sizeof *table->row);
    row = &table->row[table->n++];
    for (int c = 0; c < HM_MINHEAP_COLUMNS_END; c++)
        row->value[c] = hm_pool_copy(pool, csv->field[index[c]]);
}

int hm_minheap_read(struct hm_pool *pool, struct hm_minheap *table,
                    const char *path, const char **why)
{
    int index[HM_MINHEAP_COLUMNS_END];
    struct hm_csv csv;
    int error;

    *table = (struct hm_minheap){NULL, 0};
    path = table_path(pool, path);
    error = hm_csv_open(&csv, path);
    if (error != 0) {
        *why =
            hm_pool_format(pool, "%s (heapmark minheap makes one)", csv.error);
        return error;
    }
    error = hm_csv_columns(&csv, table_names, HM_MINHEAP_COLUMNS_END, index);
    while (error == 0 && (error = hm_csv_next(&csv)) > 0) {
        table_add(pool, table, &csv, index);
        error = 0;
    }
    if (error != 0)
        *why = hm_pool_copy(pool, csv.error);
    hm_csv_close(&csv);
    return error;
}

void hm_minheap_put(const struct hm_minheap *table, FILE *out)
{
    for (int c = 0; c < HM_MINHEAP_COLUMNS_END; c++)
        fprintf(out, "%s%s", c > 0 ? "," : "", table_names[c]);
    fputc('\n', out);
    for (size_t i = 0; i < table->n; i++) {
        for (int c = 0; c < HM_MINHEAP_COLUMNS_END; c++) {
            if (c > 0)
                fputc(',', out);
            hm_csv_put(out, table->row[i].value[c]);
        }
        fputc('\n', out);
    }
}

static bool table_is_number(const char *text, uint64_t number)
{
    uint64_t value;

    return hm_params_number(text, &value) == 0 && value == number;
}

/* Whether the row is about this work. */
static bool table_is_of(const struct hm_minheap_row *row,
                        const struct hm_plan *plan, size_t subject)
{
    const struct hm_subject *of = &plan->subject[subject];

    return strcmp(row->value[HM_MINHEAP_workload], of->workload->id) == 0 &&
           strcmp(row->value[HM_MINHEAP_params], of->params) == 0 &&
           table_is_number(row->value[HM_MINHEAP_threads], of->threads) &&
           table_is_number(row->value[HM_MINHEAP_seed], plan->suite->seed);
}

const struct hm_minheap_row *hm_minheap_find(const struct hm_minheap *table,
                                             const struct hm_plan *plan,
                                             const struct hm_plan_cell *cell)
{
    for (size_t i = 0; i < table->n; i++) {
        if (table_is_of(&table->row[i], plan, cell->subject) &&
            strcmp(table->row[i].value[HM_MINHEAP_strategy], cell->id) == 0)
            return &table->row[i];
    }
    return NULL;
}

uint64_t hm_minheap_common_bytes(const struct hm_minheap *table,
                                 const struct hm_plan *plan, size_t subject)
{
    uint64_t least_bytes = 0, bytes;

    for (size_t i = 0; i < table->n; i++) {
        const struct hm_minheap_row *row = &table->row[i];

        if (table_is_of(row, plan, subject) &&
            strcmp(row->value[HM_MINHEAP_tracing], "1") == 0 &&
            strcmp(row->value[HM_MINHEAP_status], "ok") == 0 &&
            hm_params_number(row->value[HM_MINHEAP_minheap_bytes], &bytes) ==
                0 &&
            (least_bytes == 0 || bytes < least_bytes))
            least_bytes = bytes;
    }
    return least_bytes;
}

int hm_minheap_apply(struct hm_pool *pool, const struct hm_minheap *table,
                     struct hm_plan *plan, const char **why)
{
    for (size_t i = 0; i < plan->n_cells; i++) {
        const struct hm_plan_cell *cell = &plan->cell[i];
        struct hm_subject *subject = &plan->subject[cell->subject];

        if (cell->heap_multiple <= 0 || cell->unsupported != NULL)
            continue;
        subject->minheap_bytes =
            hm_minheap_common_bytes(table, plan, subject->closed);
        if (subject->minheap_bytes > 0)
            continue;
        *why = hm_pool_format(
            pool,
            "no minimum heap of %s with %s, seed %" PRIu32 ", threads %u; run "
            "heapmark minheap with the same workloads, sizes and seed",
            subject->workload->id,
            *subject->params != '\0' ? subject->params : "no parameters",
            plan->suite->seed, subject->threads);
        return -ENOENT;
    }
    plan->minheap = table;
    return 0;
}
