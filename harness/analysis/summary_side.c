/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_side.h"

#include <errno.h>
#include <stdio.h>

static int side_read_records(struct hm_summary_side *side,
                             const struct hm_summary_side_table *table,
                             int (*add)(void *self), void *self)
{
    size_t n = 0;
    int error, more = 0;

    while (table->column[n] != NULL)
        n++;
    error = hm_csv_columns(&side->csv, table->column, n, side->index);
    while (error == 0 && (more = hm_csv_next(&side->csv)) > 0)
        error = add(self);
    return error != 0 ? error : more;
}

int hm_summary_side_read(struct hm_summary_side *side, const char *folder,
                         const struct hm_summary_side_table *table,
                         int (*add)(void *self), void *self)
{
    struct hm_summary_campaign *campaign = side->campaign;
    int error;

    (void)snprintf(side->path, sizeof side->path, "%s/%s", folder, table->file);
    error = hm_csv_open(&side->csv, side->path);
    if (error == -ENOENT)
        return 0;
    if (error == 0) {
        error = side_read_records(side, table, add, self);
        hm_csv_close(&side->csv);
    }
    if (error != 0 && error != -ENOMEM && campaign->error[0] == '\0') {
        (void)snprintf(campaign->error, sizeof campaign->error, "%s",
                       side->csv.error);
    }
    return error;
}

const char *hm_summary_side_text(const struct hm_summary_side *side,
                                 size_t column)
{
    return side->csv.field[side->index[column]];
}

int hm_summary_side_fail(const struct hm_summary_side *side, const char *what)
{
    (void)snprintf(side->campaign->error, sizeof side->campaign->error,
                   "%.120s:%lu: %s", side->path, side->csv.line, what);
    return -EINVAL;
}
