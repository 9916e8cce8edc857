/* SPDX-License-Identifier: MIT */
/* collector_heap.h -- a heap for one test, and the groups of tests that every
 * collector has to pass. */
#ifndef HM_TESTS_COLLECTOR_HEAP_H
#define HM_TESTS_COLLECTOR_HEAP_H

#include "collectors/collector.h"
#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

enum { HEAP_ROOTS = 16 };

struct heap {
    struct hm_gc *gc;
    struct hm_mutator *m;
    hm_ref root[HEAP_ROOTS];
    jmp_buf exhausted; /* where exhaustion jumps to, once is_guarded */
    int is_guarded;
};

/* Where exhaustion jumps to in a thread of a test, before all else. */
extern _Thread_local jmp_buf *heap_thread_exit;

#if HM_GC_PRECISE
#define HEAP_FRAMES(m) hm_frames(m)
#else
#define HEAP_FRAMES(m) NULL
#endif

/* The one heap; open between heap_open and heap_close. */
extern struct heap heap;
extern uint64_t heap_param[]; /* of hm_collector_this.params */

struct heap_options {
    size_t heap_bytes, stress_bytes;
    int verify;
};

/* Opens `heap` with its root slots registered; a failure fails the test. */
void heap_open(struct heap_options options);
void heap_close(void);

/* A full collection, then every check there is. */
void heap_collect(void);

struct hm_gc_stats heap_stats(void);
const struct hm_pause_log *heap_log(void);

/* Whether this is a collector whose bookkeeping is exact. */
static inline int heap_is_precise(void)
{
    return HM_GC_PRECISE;
}

/* Runs tests, each in a process of its own where a heap cannot be closed.
 * Returns the number that failed. */
int heap_run_group(const char *name, const struct CMUnitTest *tests, size_t n);

#define HEAP_RUN_GROUP(name, tests) \
    heap_run_group(name, tests, sizeof(tests) / sizeof((tests)[0]))

/* Whether garbage in cycles stays. */
static inline int heap_is_acyclic(void)
{
#ifdef HM_GC_ACYCLIC
    return HM_GC_ACYCLIC;
#else
    return 0;
#endif
}

int collector_model_tests(void);
int collector_shape_tests(void);
int collector_limit_tests(void);
int collector_fault_tests(void);
int collector_threads_tests(void);
int collector_weak_tests(void);
int collector_weak_shape_tests(void);

#endif /* HM_TESTS_COLLECTOR_HEAP_H */
