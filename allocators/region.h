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

enum {
    HM_REGION_STEP_BYTES = 1 << 20,
    /* What hm_region_trim gives back: so much, and this part of the heap. */
    HM_REGION_TRIM_BYTES = 1 << 20,
    HM_REGION_TRIM_SHARE = 4,
};

struct hm_region {
    unsigned char *base;    /* page aligned */
    unsigned char *open;    /* [base, open) may be touched; page aligned */
    unsigned char *end;     /* base + the limit, rounded down to pages */
    unsigned char *touched; /* what hm_region_touch knows to be used */
    size_t page_bytes;
};

/* How far `at` must move up to be a multiple of `align`, a power of two. */
static inline size_t hm_region_gap(const unsigned char *at, size_t align)
{
    return (size_t)(-(uintptr_t)at & (align - 1));
}

/* `bytes` of addresses from a multiple of `align` on; both are multiples of a
 * page.  MAP_FAILED and ENOMEM when there are not so many. */
static inline void *hm_region_reserve(size_t bytes, size_t align)
{
    size_t more = bytes + align, gap;
    unsigned char *base;

    if (more < bytes) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    base = mmap(NULL, more, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return base;
    gap = hm_region_gap(base, align);
    if (gap != 0)
        (void)munmap(base, gap);
    (void)munmap(base + gap + bytes, align - gap);
    return base + gap;
}

/* Reserves `limit_bytes`, rounded down to pages, from a multiple of `align`, a
 * power of two, on, and opens the first page.
 * 0, or -1 and errno: EINVAL (less than a page), ENOMEM. */
static inline int hm_region_init_aligned(struct hm_region *region,
                                         size_t limit_bytes, size_t align)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE),
           bytes = limit_bytes & ~(page - 1);
    void *base;

    if (bytes == 0) {
        errno = EINVAL;
        return -1;
    }
    base = hm_region_reserve(bytes, align < page ? page : align);
    if (base == MAP_FAILED)
        return -1;
    if (mprotect(base, page, PROT_READ | PROT_WRITE) != 0) {
        (void)munmap(base, bytes);
        errno = ENOMEM;
        return -1;
    }
    region->base = base;
    region->open = region->touched = region->base + page;
    region->end = region->base + bytes;
    region->page_bytes = page;
    return 0;
}

/* The same, wherever it lies. */
static inline int hm_region_init(struct hm_region *region, size_t limit_bytes)
{
    return hm_region_init_aligned(region, limit_bytes, 1);
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

/* As hm_region_reach, and what lies below `upto` is used from now on. */
static inline int hm_region_touch(struct hm_region *region, unsigned char *upto)
{
    if (!hm_region_reach(region, upto))
        return 0;
    if (upto > region->touched)
        region->touched = upto + hm_region_gap(upto, region->page_bytes);
    return 1;
}

/* Nothing from `top` on is used any more: gives its pages back once they are
 * many; a heap that breathes by less than a quarter keeps them. */
static inline void hm_region_trim(struct hm_region *region, unsigned char *top)
{
    unsigned char *keep = top + hm_region_gap(top, region->page_bytes);
    size_t idle, below = (size_t)(top - region->base);

    if (keep >= region->touched)
        return;
    idle = (size_t)(region->touched - keep);
    if (idle < HM_REGION_TRIM_BYTES || idle < below / HM_REGION_TRIM_SHARE)
        return;
    if (madvise(keep, idle, MADV_DONTNEED) == 0)
        region->touched = keep;
}

#endif /* HM_ALLOCATORS_REGION_H */
