/* SPDX-License-Identifier: MIT */
/* region.h -- one reserved range of addresses that becomes memory from its
 * start on, for an allocator that keeps its heap in one piece.
 *
 * Address space is reserved without access, so that it counts neither as
 * memory nor against RLIMIT_DATA; hm_region_reach opens it in steps.  What was
 * opened reads as zeros until it is written.
 *
 * Threads: none; the owner's lock. */
#ifndef HM_ALLOCATORS_REGION_H
#define HM_ALLOCATORS_REGION_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HM_REGION_STEP_BYTES = 1 << 20 };

struct hm_region {
    unsigned char *base; /* page aligned */
    unsigned char *open; /* [base, open) may be touched; page aligned */
    unsigned char *end;  /* base + the limit, rounded down to pages */
    size_t page_bytes;
};

/* Reserves `limit_bytes`, rounded down to pages, and opens the first page.
 * 0, or -1 and errno: EINVAL (less than a page), ENOMEM. */
static inline int hm_region_init(struct hm_region *region, size_t limit_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE),
           bytes = limit_bytes & ~(page - 1);
    void *base;

    if (bytes == 0) {
        errno = EINVAL;
        return -1;
    }
    base = mmap(NULL, bytes, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return -1;
    if (mprotect(base, page, PROT_READ | PROT_WRITE) != 0) {
        (void)munmap(base, bytes);
        errno = ENOMEM;
        return -1;
    }
    region->base = base;
    region->open = region->base + page;
    region->end = region->base + bytes;
    region->page_bytes = page;
    return 0;
}

static inline void hm_region_fini(struct hm_region *region)
{
    (void)munmap(region->base, (size_t)(region->end - region->base));
}

/* Makes [base, upto) usable; `upto` <= end.  1, or 0 when the system has no
 * more (nothing changed). */
static inline int hm_region_reach(struct hm_region *region,
                                  const unsigned char *upto)
{
    size_t need, left = (size_t)(region->end - region->open), step;

    if (__builtin_expect(upto <= region->open, 1))
        return 1;
    need = (size_t)(upto - region->open);
    step = (need + HM_REGION_STEP_BYTES - 1) / HM_REGION_STEP_BYTES *
           HM_REGION_STEP_BYTES;
    if (step > left)
        step = left;
    if (mprotect(region->open, step, PROT_READ | PROT_WRITE) != 0)
        return 0;
    region->open += step;
    return 1;
}

/* How far `at` must move up to be a multiple of `align`, a power of two. */
static inline size_t hm_region_gap(const unsigned char *at, size_t align)
{
    return (size_t)(-(uintptr_t)at & (align - 1));
}

#endif /* HM_ALLOCATORS_REGION_H */
