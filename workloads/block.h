/* SPDX-License-Identifier: MIT */
/* block.h -- a deterministic sequence of requests to malloc(3) itself, for the
 * malloc family only.
 *
 * Life of a run as in object.h.  run is called once in each of the
 * `base.threads` threads (thread 0 is the main one) after a start barrier. */
#ifndef HM_WORKLOADS_BLOCK_H
#define HM_WORKLOADS_BLOCK_H

#include "workloads/block_run.h"

#include <stdint.h>
#include <stdlib.h>

struct hm_block_workload {
    const char *name;
    const char *summary;
    const char *source;
    const char *operation;
    const struct hm_param *params;
    unsigned max_threads;
    int is_trimmed; /* last of all; what is resident then is a figure */
    void (*setup)(struct hm_block_run *run, unsigned threads); /* thread 0 */
    void (*run)(struct hm_block_run *run);
    void (*drop)(struct hm_block_run *run); /* per thread, by the same thread */
};

extern const struct hm_block_workload *const hm_blocks[]; /* NULL-ended */

enum { HM_BLOCK_PAGE_BYTES = 4096 };

/* Writes the first byte, and one on each page behind it: memory that is asked
 * for is there. */
static inline void hm_block_touch(unsigned char *block, size_t bytes,
                                  unsigned char value)
{
    block[0] = value;
    for (size_t at = HM_BLOCK_PAGE_BYTES; at < bytes; at += HM_BLOCK_PAGE_BYTES)
        block[at] = value;
}

/* The doors of every request.  Four builds: malloc itself; the same with a
 * clock in each door; the `null` cell, whose requests cost nothing and so price
 * the workload's own work; and the census, which counts needed bytes.  Sizes
 * are >= 1; `align` is a power of two and at least that of a pointer.  What is
 * resized was not aligned; what is lost is never freed, because the program
 * forgets it. */
#if defined(HM_CENSUS)
#include "workloads/block_census.h"
#elif defined(HM_BLOCK_OPERATIONS)
#include "workloads/block_operations.h"
#elif defined(HM_BLOCK_NULL)
enum { HM_BLOCK_NULL_BYTES = 1 << 25 };

extern unsigned char hm_block_null_memory[HM_BLOCK_NULL_BYTES];

static inline void *hm_block_alloc(struct hm_block_run *run, size_t bytes)
{
    void *block = hm_block_null_memory;

    if (bytes > HM_BLOCK_NULL_BYTES)
        run->exhausted(bytes);
    HM_BLOCK_KEEP(block);
    return block;
}

static inline void *hm_block_alloc_zeroed(struct hm_block_run *run,
                                          size_t bytes)
{
    return hm_block_alloc(run, bytes);
}

static inline void *hm_block_alloc_aligned(struct hm_block_run *run,
                                           size_t align, size_t bytes)
{
    (void)align;
    return hm_block_alloc(run, bytes);
}

static inline void hm_block_free(struct hm_block_run *run, void *block)
{
    (void)run;
    HM_BLOCK_KEEP(block);
}

static inline void *hm_block_resize(struct hm_block_run *run, void *block,
                                    size_t bytes)
{
    hm_block_free(run, block);
    return hm_block_alloc(run, bytes);
}

static inline void hm_block_lose(struct hm_block_run *run, void *block)
{
    hm_block_free(run, block);
}
#else
static inline void *hm_block_alloc(struct hm_block_run *run, size_t bytes)
{
    return hm_block_got(run, malloc(bytes), bytes);
}

static inline void *hm_block_alloc_zeroed(struct hm_block_run *run,
                                          size_t bytes)
{
    return hm_block_got(run, calloc(1, bytes), bytes);
}

static inline void *hm_block_alloc_aligned(struct hm_block_run *run,
                                           size_t align, size_t bytes)
{
    void *block;

    if (posix_memalign(&block, align, bytes) != 0)
        block = NULL;
    return hm_block_got(run, block, bytes);
}

static inline void hm_block_free(struct hm_block_run *run, void *block)
{
    (void)run;
    HM_BLOCK_KEEP(block);
    free(block);
}

static inline void *hm_block_resize(struct hm_block_run *run, void *block,
                                    size_t bytes)
{
    HM_BLOCK_KEEP(block);
    return hm_block_got(run, realloc(block, bytes), bytes);
}

static inline void hm_block_lose(struct hm_block_run *run, void *block)
{
    (void)run;
    HM_BLOCK_KEEP(block);
}
#endif

#endif /* HM_WORKLOADS_BLOCK_H */
