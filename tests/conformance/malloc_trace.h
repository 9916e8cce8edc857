/* SPDX-License-Identifier: MIT */
/* malloc_trace.h -- a malloc that records each request of what it is linked
 * with: size, order, and which block is freed when.  One thread. */
#ifndef HM_TESTS_MALLOC_TRACE_H
#define HM_TESTS_MALLOC_TRACE_H

#include <stddef.h>
#include <stdint.h>

enum { HM_TRACE_OCTAVES = 64 };

/* What an allocator may get wrong, once. */
enum hm_trace_damage {
    HM_TRACE_SOUND,
    HM_TRACE_CHANGED, /* malloc changes the first byte of the block before */
    HM_TRACE_SOILED,  /* calloc: the last byte is not 0 */
    HM_TRACE_LOST,    /* realloc does not keep the last byte */
    HM_TRACE_ASKEW,   /* posix_memalign: 16 bytes beside the place */
};

struct hm_trace {
    uint32_t hash;
    uint64_t mallocs, frees, resizes; /* calloc and the like are mallocs */
    uint64_t bytes;
    uint64_t in_octave[HM_TRACE_OCTAVES]; /* sizes in [2^k, 2^(k+1)) */
    enum hm_trace_damage damage;
    uint64_t damage_at; /* malloc or resize of that number */
};

/* Shared with children. */
extern struct hm_trace *hm_trace;

/* cmocka's set-ups of a group and of a test. */
int hm_trace_open(void **state);
int hm_trace_clear(void **state);

/* Fails the test unless the requests so far are the expected ones. */
void hm_trace_assert(const char *workload, uint32_t hash, uint64_t mallocs,
                     uint64_t resizes);

#endif /* HM_TESTS_MALLOC_TRACE_H */
