/* SPDX-License-Identifier: MIT */
/* allocator_carved.h -- what the tests of allocators that carve units share;
 * the includer says which allocator by setting `subject`. */
#ifndef HM_TESTS_ALLOCATOR_CARVED_H
#define HM_TESTS_ALLOCATOR_CARVED_H

#include "allocators/allocator.h"

#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define UNIT ((size_t)16 << 10)
#define MIB  ((size_t)1 << 20)

static const struct hm_allocator *subject;

static inline void assert_whole(const struct hm_heap *heap)
{
    const char *broken = subject->check(heap);

    if (broken != NULL)
        fail_msg("broken: %s", broken);
}

static inline struct hm_heap *open_heap(size_t limit_bytes)
{
    struct hm_heap *heap = subject->create(limit_bytes);

    assert_non_null(heap);
    assert_whole(heap);
    return heap;
}

static inline unsigned char *take(struct hm_heap *heap, size_t bytes)
{
    unsigned char *block = subject->alloc(heap, bytes, HM_ALLOC_ALIGN);

    assert_non_null(block);
    return block;
}

static inline size_t unit_of(const void *block)
{
    return (uintptr_t)block / UNIT;
}

/* Blocks of `bytes` until the heap is full, or there are `most`. */
static inline size_t fill(struct hm_heap *heap, size_t bytes,
                          unsigned char **block, size_t most)
{
    size_t n = 0;

    while (n < most &&
           (block[n] = subject->alloc(heap, bytes, HM_ALLOC_ALIGN)) != NULL)
        n++;
    return n;
}

static inline void shuffle(unsigned char **block, size_t n, uint32_t seed)
{
    struct hm_rng rng;

    hm_rng_seed(&rng, seed);
    while (n > 1) {
        size_t i = hm_rng_below(&rng, (uint32_t)n--);
        unsigned char *t = block[i];

        block[i] = block[n];
        block[n] = t;
    }
}

#endif /* HM_TESTS_ALLOCATOR_CARVED_H */
