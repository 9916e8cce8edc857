/* SPDX-License-Identifier: MIT */
/* progress.h -- where a campaign is and how long it will take: one line that
 * is rewritten on a terminal, a line per block elsewhere. */
#ifndef HM_HARNESS_CAMPAIGN_PROGRESS_H
#define HM_HARNESS_CAMPAIGN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct hm_progress_line {
    FILE *out;
    bool terminal;
    bool brief;         /* no lines that stay: none of failures and blocks */
    unsigned columns;   /* of the terminal; 0: not known */
    size_t done, total; /* runs of the campaign, as far as it is known */
    unsigned block, blocks;
    uint64_t spent_ns;               /* by the runs that this driver made */
    uint64_t extra_ns;               /* by those beside them, in block 0 only */
    size_t made, made_first, failed; /* made_first: in block 0 */
};

/* Runs `done` of `total` exist already; blocks = 0: there are no blocks. */
void hm_progress_init(struct hm_progress_line *progress, FILE *out, size_t done,
                      size_t total, unsigned blocks);

/* A run begins: `name` is its cell, cut where the terminal's line would wrap,
 * for a wrapped line cannot be rewritten. */
void hm_progress_begin(struct hm_progress_line *progress, unsigned block,
                       const char *name);

/* It ended; `status` of the row, extra_ns what the runs beside it took.
 * Failures get a line of their own. */
void hm_progress_end(struct hm_progress_line *progress, const char *name,
                     const char *status, const char *reason,
                     uint64_t elapsed_ns, uint64_t extra_ns);

/* A block is complete. */
void hm_progress_block(struct hm_progress_line *progress, unsigned block);

/* Clears the line of a terminal. */
void hm_progress_clear(struct hm_progress_line *progress);

/* "   about 12 s left", or min or h, once there is something to judge by. */
void hm_progress_put_left(const struct hm_progress_line *progress);

/* Time that the rest will take, by the mean of what was run so far, and that of
 * the runs beside it for what is left of block 0; 0 before the first. */
uint64_t hm_progress_left_ns(const struct hm_progress_line *progress);

#endif /* HM_HARNESS_CAMPAIGN_PROGRESS_H */
