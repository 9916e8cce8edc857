/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/extents.h"

/* Runs looked at in the first bin, whose runs may be a little too short. */
enum { EXTENTS_TRIES = 16 };

int hm_extents_open(struct hm_extents *e, size_t reach_bytes,
                    struct hm_budget *budget, int is_guarded)
{
    size_t pages = hm_round_up(reach_bytes, HM_PAGE_BYTES) / HM_PAGE_BYTES;

    HM_CHECK(pages < HM_EXTENT_NONE);
    *e = (struct hm_extents){.budget = budget, .is_guarded = is_guarded};
    for (int b = 0; b < HM_EXTENT_BINS; b++)
        e->bin[b] = HM_EXTENT_NONE;
    if (!hm_range_open(&e->range, pages * HM_PAGE_BYTES))
        return 0;
    if (!hm_range_open(&e->table, pages * sizeof(struct hm_page))) {
        hm_range_close(&e->range);
        return 0;
    }
    e->page = (void *)e->table.start;
    return 1;
}

void hm_extents_close(struct hm_extents *e)
{
    hm_range_close(&e->table);
    hm_range_close(&e->range);
}

/* Bins 0..3 hold runs of 1..4 pages; then four to a doubling, so that every
 * run in a higher bin than that of n is longer than n. */
static unsigned extents_bin(size_t pages)
{
    unsigned log2, bin;

    HM_ASSERT(pages > 0);
    if (pages <= 4)
        return (unsigned)pages - 1;
    log2 = 63 - (unsigned)__builtin_clzll(pages);
    bin = (log2 - 1) * 4 + (unsigned)(pages >> (log2 - 2) & 3) - 1;
    return bin < HM_EXTENT_BINS ? bin : HM_EXTENT_BINS - 1;
}

static void extents_link(struct hm_extents *e, uint32_t first)
{
    unsigned b = extents_bin(e->page[first].pages);
    uint32_t head = e->bin[b];

    HM_ASSERT(e->page[first].is_free);
    e->page[first].prev = HM_EXTENT_NONE;
    e->page[first].next = head;
    if (head != HM_EXTENT_NONE)
        e->page[head].prev = first;
    e->bin[b] = first;
    e->bin_mask |= (uint64_t)1 << b;
}

static void extents_unlink(struct hm_extents *e, uint32_t first)
{
    unsigned b = extents_bin(e->page[first].pages);
    struct hm_page *run = &e->page[first];

    HM_ASSERT(run->is_free);
    if (run->prev != HM_EXTENT_NONE) {
        e->page[run->prev].next = run->next;
    } else {
        e->bin[b] = run->next;
    }
    if (run->next != HM_EXTENT_NONE)
        e->page[run->next].prev = run->prev;
    if (e->bin[b] == HM_EXTENT_NONE)
        e->bin_mask &= ~((uint64_t)1 << b);
}

static void extents_tag(struct hm_extents *e, uint32_t first, size_t pages,
                        int is_free)
{
    HM_ASSERT(pages > 0 && first + pages <= e->frontier);
    e->page[first].pages = (uint32_t)pages;
    e->page[first].is_free = (uint8_t)is_free;
    e->page[first + pages - 1].first = first;
}

/* A free run of at least `pages`, still in its bin. */
static uint32_t extents_find(const struct hm_extents *e, size_t pages)
{
    unsigned b = extents_bin(pages);
    uint32_t first = e->bin[b];
    uint64_t higher = b + 1 < HM_EXTENT_BINS ? e->bin_mask >> (b + 1) : 0;

    for (int i = 0; first != HM_EXTENT_NONE; i++) {
        if (e->page[first].pages >= pages)
            return first;
        if (i == EXTENTS_TRIES && b + 1 < HM_EXTENT_BINS)
            break;
        first = e->page[first].next;
    }
    if (higher == 0)
        return HM_EXTENT_NONE;
    return e->bin[b + 1 + (unsigned)__builtin_ctzll(higher)];
}

/* Makes `pages` never used ones into a free run that is in no bin. */
static uint32_t extents_extend(struct hm_extents *e, size_t pages)
{
    uint32_t first = e->frontier;
    size_t end = first + pages;
    size_t table = hm_round_up(end * sizeof(struct hm_page), HM_PAGE_BYTES) /
                   HM_PAGE_BYTES;
    size_t grown = table > e->table_pages ? table - e->table_pages : 0;

    if (end * HM_PAGE_BYTES > e->range.bytes ||
        !hm_budget_has(e->budget, (grown + pages) * HM_PAGE_BYTES) ||
        !hm_range_extend(&e->table, end * sizeof(struct hm_page)) ||
        !hm_range_extend(&e->range, end * HM_PAGE_BYTES) ||
        !hm_budget_take(e->budget, grown * HM_PAGE_BYTES))
        return HM_EXTENT_NONE;
    e->table_pages += (uint32_t)grown;
    e->frontier = (uint32_t)end;
    extents_tag(e, first, pages, 1);
    return first;
}

/* Charges the pages of a run that are not backed yet.  -1: no budget. */
static int extents_back(struct hm_extents *e, uint32_t first, size_t pages,
                        int *is_zero)
{
    size_t missing = 0;

    for (size_t i = 0; i < pages; i++)
        missing += !e->page[first + i].is_backed;
    if (!hm_budget_take(e->budget, missing * HM_PAGE_BYTES))
        return -1;
    for (size_t i = 0; i < pages; i++)
        e->page[first + i].is_backed = 1;
    e->backed_pages += missing;
    *is_zero = missing == pages;
    return 0;
}

uint32_t hm_extents_take(struct hm_extents *e, size_t pages, int *is_zero)
{
    uint32_t first = extents_find(e, pages);
    size_t length;

    HM_ASSERT(pages > 0);
    if (first != HM_EXTENT_NONE) {
        if (extents_back(e, first, pages, is_zero) != 0)
            return HM_EXTENT_NONE;
        extents_unlink(e, first);
    } else {
        first = extents_extend(e, pages);
        if (first == HM_EXTENT_NONE)
            return HM_EXTENT_NONE;
        HM_CHECK(extents_back(e, first, pages, is_zero) == 0);
    }
    length = e->page[first].pages;
    extents_tag(e, first, pages, 0);
    if (length > pages) {
        extents_tag(e, first + (uint32_t)pages, length - pages, 1);
        extents_link(e, first + (uint32_t)pages);
    }
    e->used_pages += pages;
    if (e->is_guarded) {
        hm_range_unlock(&e->range, (size_t)first * HM_PAGE_BYTES,
                        pages * HM_PAGE_BYTES);
    }
    return first;
}

static void extents_discard(struct hm_extents *e, uint32_t first, size_t pages)
{
    size_t backed = 0;

    for (size_t i = 0; i < pages; i++) {
        backed += e->page[first + i].is_backed;
        e->page[first + i].is_backed = 0;
    }
    if (backed == 0)
        return;
    hm_range_discard(&e->range, (size_t)first * HM_PAGE_BYTES,
                     pages * HM_PAGE_BYTES);
    hm_budget_give(e->budget, backed * HM_PAGE_BYTES);
    HM_ASSERT(e->backed_pages >= backed);
    e->backed_pages -= backed;
}

/* Takes the free neighbour that starts at `other` out of its bin; the upper of
 * the two runs, at `high`, is no longer the start of one. */
static void extents_absorb(struct hm_extents *e, uint32_t other, uint32_t high)
{
    extents_unlink(e, other);
    e->page[high].pages = 0;
}

void hm_extents_give(struct hm_extents *e, uint32_t first)
{
    size_t pages = e->page[first].pages;
    uint32_t next = first + (uint32_t)pages;

    HM_ASSERT(pages > 0 && !e->page[first].is_free);
    HM_ASSERT(e->used_pages >= pages);
    e->used_pages -= pages;
    if (e->is_guarded) {
        extents_discard(e, first, pages);
        hm_range_lock(&e->range, (size_t)first * HM_PAGE_BYTES,
                      pages * HM_PAGE_BYTES);
    }
    if (next < e->frontier && e->page[next].is_free) {
        pages += e->page[next].pages;
        extents_absorb(e, next, next);
    }
    if (first > 0) {
        uint32_t low = e->page[first - 1].first;

        if (e->page[low].is_free) {
            pages += e->page[low].pages;
            extents_absorb(e, low, first);
            first = low;
        }
    }
    extents_tag(e, first, pages, 1);
    extents_link(e, first);
}

void hm_extents_release(struct hm_extents *e)
{
    for (int b = 0; b < HM_EXTENT_BINS; b++) {
        for (uint32_t p = e->bin[b]; p != HM_EXTENT_NONE; p = e->page[p].next)
            extents_discard(e, p, e->page[p].pages);
    }
}

/* Free runs that the bins hold. */
static size_t extents_binned(const struct hm_extents *e)
{
    size_t n = 0;

    for (int b = 0; b < HM_EXTENT_BINS; b++) {
        for (uint32_t p = e->bin[b]; p != HM_EXTENT_NONE; p = e->page[p].next)
            n++;
    }
    return n;
}

const char *hm_extents_check(const struct hm_extents *e)
{
    size_t used = 0, backed = 0, n_free = 0, step;
    int was_free = 0;

    for (size_t p = 0; p < e->frontier; p += step) {
        const struct hm_page *run = &e->page[p];

        step = run->pages;
        if (step == 0 || p + step > e->frontier)
            return "extents: a run of pages has a wrong length";
        if (e->page[p + step - 1].first != p)
            return "extents: the two ends of a run disagree";
        if (run->is_free && was_free)
            return "extents: two free neighbours were not joined";
        was_free = run->is_free;
        n_free += run->is_free;
        used += run->is_free ? 0 : step;
        for (size_t i = 0; i < step; i++)
            backed += e->page[p + i].is_backed;
    }
    if (used != e->used_pages || backed != e->backed_pages)
        return "extents: pages in use or backed are counted wrongly";
    return n_free == extents_binned(e) ? NULL
                                       : "extents: a free run is in no bin";
}
