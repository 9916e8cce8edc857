/* SPDX-License-Identifier: MIT */
/* range.h -- a contiguous piece of address space, made usable from its low end
 * upwards.  Address space costs nothing; what is touched is charged by the
 * owner to its budget. */
#ifndef HM_COLLECTORS_SUBSTRATE_RANGE_H
#define HM_COLLECTORS_SUBSTRATE_RANGE_H

#include <stddef.h>
#include <stdint.h>

struct hm_range {
    char *start; /* at a multiple of 2 MiB; NULL before open */
    size_t bytes;
    size_t usable_bytes; /* readable and writable from the start */
};

/* `bytes` >= 1.  Returns 1; 0 when the system refuses. */
int hm_range_open(struct hm_range *range, size_t bytes);

/* Asks for huge pages (transparent_hugepage = madvise or always) for a range
 * that will hold objects, before it is used; `limit_bytes` as of the heap, 0
 * for none.  Small heaps, below 12 MiB or the first 16 MiB without a limit,
 * stay with small pages, of which 2 MiB more could be backed than are used.
 * HM_HUGE_PAGES=0 in the environment turns it off.  docs/decisions/0004. */
void hm_range_prefer_huge(struct hm_range *range, size_t limit_bytes);

/* Nothing for a range that was never opened. */
void hm_range_close(struct hm_range *range);

/* Makes at least the first `bytes` usable; new pages read as zero.
 * Returns 1; 0 when that is more than the range or the system refuses. */
int hm_range_extend(struct hm_range *range, size_t bytes);

/* Backs the whole pages inside [offset, offset + bytes), which are usable, with
 * memory in one call: about 0.7 us a page, where a fault for each costs 2 to 15
 * us in a virtual machine.  A hint: what the system does not back now (before
 * Linux 5.14, or for want of memory) it backs at the first touch. */
void hm_range_back(struct hm_range *range, size_t offset, size_t bytes);

/* Gives the whole pages inside [offset, offset + bytes) back: they stay usable
 * and read as zero. */
void hm_range_discard(struct hm_range *range, size_t offset, size_t bytes);

/* Takes all access from whole pages, or gives it back.  Debugging only. */
void hm_range_lock(struct hm_range *range, size_t offset, size_t bytes);
void hm_range_unlock(struct hm_range *range, size_t offset, size_t bytes);

static inline int hm_range_has(const struct hm_range *range, const void *p)
{
    return (uintptr_t)p - (uintptr_t)range->start < range->bytes;
}

/* Address space for a heap: `limit_bytes`, or the machine's memory for 0. */
size_t hm_range_reach(size_t limit_bytes);

#endif /* HM_COLLECTORS_SUBSTRATE_RANGE_H */
