/* SPDX-License-Identifier: MIT */
/* extents.h -- runs of pages out of one range, for large objects.
 *
 * Runs are described in a side table (boundary tags at both ends), so a free
 * run is never touched.  Freed runs stay backed and are reused; backed pages,
 * used or not, and the table are charged to the budget.
 *
 * Source: D. E. Knuth, TAOCP 1, 2.5, boundary tags; free runs in bins by size,
 *         four to a doubling.
 * Costs:  take and give are O(1) but for the count of pages not yet backed. */
#ifndef HM_COLLECTORS_SUBSTRATE_EXTENTS_H
#define HM_COLLECTORS_SUBSTRATE_EXTENTS_H

#include "collectors/substrate/budget.h"
#include "collectors/substrate/range.h"

#include <stdint.h>

enum { HM_EXTENT_BINS = 64 };

#define HM_EXTENT_NONE UINT32_MAX

struct hm_page {
    uint32_t pages;      /* first page of a run: its length; else 0 */
    uint32_t first;      /* last page of a run: its first */
    uint32_t next, prev; /* first page of a free run: neighbours in the bin */
    uint8_t is_free, is_backed;
};

struct hm_extents {
    struct hm_range range, table;
    struct hm_budget *budget;
    struct hm_page *page;
    uint32_t frontier;    /* pages from here on were never used */
    uint32_t table_pages; /* of `table`, charged */
    uint64_t bin_mask;    /* bit b: bin b is not empty */
    uint32_t bin[HM_EXTENT_BINS];
    size_t used_pages, backed_pages;
    int is_guarded; /* free runs are inaccessible */
};

/* Up to `reach_bytes` of runs, charged to `budget`, which must outlive it.
 * Returns 1; 0 when the system refuses the address space. */
int hm_extents_open(struct hm_extents *extents, size_t reach_bytes,
                    struct hm_budget *budget, int is_guarded);
void hm_extents_close(struct hm_extents *extents);

/* First page of a run of `pages` >= 1, or HM_EXTENT_NONE when the budget or
 * the range has no room.  `*is_zero` tells whether all of it reads as zero. */
uint32_t hm_extents_take(struct hm_extents *extents, size_t pages,
                         int *is_zero);

/* Frees the run that starts at `first`. */
void hm_extents_give(struct hm_extents *extents, uint32_t first);

/* Returns backed free pages to the system. */
void hm_extents_release(struct hm_extents *extents);

/* NULL, or what is wrong with the table. */
const char *hm_extents_check(const struct hm_extents *extents);

/* At most what the table grows by for a run of `bytes`. */
static inline size_t hm_extents_table_bytes(size_t bytes)
{
    return hm_round_up(bytes / HM_PAGE_BYTES * sizeof(struct hm_page),
                       HM_PAGE_BYTES) +
           HM_PAGE_BYTES;
}

static inline void *hm_extents_address(const struct hm_extents *extents,
                                       uint32_t page)
{
    return extents->range.start + (size_t)page * HM_PAGE_BYTES;
}

/* Whether a run in use starts at `p`; any pointer may be asked about. */
static inline int hm_extents_is_start(const struct hm_extents *extents,
                                      const void *p)
{
    size_t offset = (size_t)((uintptr_t)p - (uintptr_t)extents->range.start);
    size_t page = offset / HM_PAGE_BYTES;

    return offset % HM_PAGE_BYTES == 0 && page < extents->frontier &&
           extents->page[page].pages != 0 && !extents->page[page].is_free;
}

#endif /* HM_COLLECTORS_SUBSTRATE_EXTENTS_H */
