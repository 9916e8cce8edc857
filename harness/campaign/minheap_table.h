/* SPDX-License-Identifier: MIT */
/* minheap_table.h -- minheap.csv: the smallest heap of each workload under each
 * strategy, as `heapmark minheap` found it. */
#ifndef HM_HARNESS_CAMPAIGN_MINHEAP_TABLE_H
#define HM_HARNESS_CAMPAIGN_MINHEAP_TABLE_H

#include "harness/campaign/plan.h"
#include "harness/columns.h"

enum hm_minheap_column {

#define HM_MINHEAP_ENUM(name, type, unit, meaning) HM_MINHEAP_##name,
    HM_MINHEAP_COLUMNS(HM_MINHEAP_ENUM)
#undef HM_MINHEAP_ENUM
        HM_MINHEAP_COLUMNS_END
};

/* Texts by column; "" = not measured. */
struct hm_minheap_row {
    const char *value[HM_MINHEAP_COLUMNS_END];
};

struct hm_minheap {
    struct hm_minheap_row *row;
    size_t n;
};

/* Reads a table; `path` is the file, or a folder that holds a minheap.csv.
 * Returns 0; else a negative errno and why, with the path: no such file, a
 * column that is missing. */
int hm_minheap_read(struct hm_pool *pool, struct hm_minheap *table,
                    const char *path, const char **why);

/* Writes header and rows. */
void hm_minheap_put(const struct hm_minheap *table, FILE *out);

/* The row of a cell of the plan, or NULL. */
const struct hm_minheap_row *hm_minheap_find(const struct hm_minheap *table,
                                             const struct hm_plan *plan,
                                             const struct hm_plan_cell *cell);

/* The common minimum heap of a subject: the smallest of its tracing
 * strategies' that were found; 0 when there is none. */
uint64_t hm_minheap_common_bytes(const struct hm_minheap *table,
                                 const struct hm_plan *plan, size_t subject);

/* Makes the table the base of the plan's heap multiples; it is kept.  Returns
 * 0, or -ENOENT and why: a subject with heap limits is not in it. */
int hm_minheap_apply(struct hm_pool *pool, const struct hm_minheap *table,
                     struct hm_plan *plan, const char **why);

#endif /* HM_HARNESS_CAMPAIGN_MINHEAP_TABLE_H */
