/* SPDX-License-Identifier: MIT */
/* arena.h -- the harness's own memory, straight from mmap, so that nothing of
 * ours is served by (or counted against) the allocator under test. */
#ifndef HM_COMMON_ARENA_H
#define HM_COMMON_ARENA_H

#include <stddef.h>

/* `bytes` >= 1 of zeroed memory, page aligned, already backed by the kernel
 * (so that first use inside the clock window costs no fault).  Aborts with a
 * message when the kernel refuses.  Lives until hm_arena_release. */
void *hm_arena_alloc(size_t bytes);

/* The same, not yet backed: for large tables that may stay mostly untouched. */
void *hm_arena_reserve(size_t bytes);

/* `bytes` as it was asked for; NULL is ignored. */
void hm_arena_release(void *start, size_t bytes);

#endif /* HM_COMMON_ARENA_H */
