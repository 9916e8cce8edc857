/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/range.h"

#include "collectors/substrate/budget.h"
#include "common/os.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A huge page; and one mprotect per so many bytes: cheap, and far below what a
 * heap holds. */
#define RANGE_STEP_BYTES ((size_t)2 << 20)

/* Below this a huge page would be a large part of the heap. */
#define RANGE_HUGE_LIMIT_BYTES ((size_t)12 << 20)
#define RANGE_HUGE_FROM_BYTES  ((size_t)16 << 20)

int hm_range_open(struct hm_range *range, size_t bytes)
{
    size_t gap;
    char *start;

    HM_ASSERT(bytes > 0);
    bytes = hm_round_up(bytes, HM_PAGE_BYTES);
    start = mmap(NULL, bytes + RANGE_STEP_BYTES, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if ((void *)start == MAP_FAILED)
        return 0;
    gap = -(uintptr_t)start & (RANGE_STEP_BYTES - 1);
    HM_CHECK(gap == 0 || munmap(start, gap) == 0);
    start += gap;
    HM_CHECK(munmap(start + bytes, RANGE_STEP_BYTES - gap) == 0);
    *range = (struct hm_range){.start = start, .bytes = bytes};
    return 1;
}

void hm_range_prefer_huge(struct hm_range *range, size_t limit_bytes)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment */
    const char *wanted = getenv("HM_HUGE_PAGES");
    size_t from = limit_bytes != 0 ? 0 : RANGE_HUGE_FROM_BYTES;

    if ((limit_bytes != 0 && limit_bytes < RANGE_HUGE_LIMIT_BYTES) ||
        range->bytes <= from || (wanted != NULL && strcmp(wanted, "0") == 0))
        return;
    (void)madvise(range->start + from, range->bytes - from, MADV_HUGEPAGE);
}

void hm_range_close(struct hm_range *range)
{
    if (range->start != NULL)
        HM_CHECK(munmap(range->start, range->bytes) == 0);
    *range = (struct hm_range){0};
}

int hm_range_extend(struct hm_range *range, size_t bytes)
{
    size_t usable = hm_round_up(bytes, RANGE_STEP_BYTES);

    if (bytes <= range->usable_bytes)
        return 1;
    if (bytes > range->bytes)
        return 0;
    if (usable > range->bytes)
        usable = range->bytes;
    if (mprotect(range->start + range->usable_bytes,
                 usable - range->usable_bytes, PROT_READ | PROT_WRITE) != 0)
        return 0;
    range->usable_bytes = usable;
    return 1;
}

/* Shrinks [*offset, *offset + *bytes) to whole pages; 0 when none is left. */
static int range_whole_pages(const struct hm_range *range, size_t *offset,
                             size_t *bytes)
{
    size_t low = hm_round_up(*offset, HM_PAGE_BYTES);
    size_t high = hm_round_down(*offset + *bytes, HM_PAGE_BYTES);

    HM_ASSERT(*offset + *bytes <= range->usable_bytes);
    (void)range;
    *offset = low;
    *bytes = high - low;
    return high > low;
}

void hm_range_back(struct hm_range *range, size_t offset, size_t bytes)
{
    if (range_whole_pages(range, &offset, &bytes))
        (void)madvise(range->start + offset, bytes, MADV_POPULATE_WRITE);
}

void hm_range_discard(struct hm_range *range, size_t offset, size_t bytes)
{
    if (range_whole_pages(range, &offset, &bytes))
        HM_CHECK(madvise(range->start + offset, bytes, MADV_DONTNEED) == 0);
}

void hm_range_lock(struct hm_range *range, size_t offset, size_t bytes)
{
    if (range_whole_pages(range, &offset, &bytes))
        HM_CHECK(mprotect(range->start + offset, bytes, PROT_NONE) == 0);
}

void hm_range_unlock(struct hm_range *range, size_t offset, size_t bytes)
{
    if (range_whole_pages(range, &offset, &bytes)) {
        HM_CHECK(mprotect(range->start + offset, bytes,
                          PROT_READ | PROT_WRITE) == 0);
    }
}

size_t hm_range_reach(size_t limit_bytes)
{
    size_t ram = hm_os_ram_bytes();

    if (limit_bytes != 0)
        return hm_round_up(limit_bytes, HM_PAGE_BYTES);
    return ram > 0 ? hm_round_up(ram, HM_PAGE_BYTES) : (size_t)1 << 32;
}
