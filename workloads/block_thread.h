/* SPDX-License-Identifier: MIT */
/* block_thread.h -- threads that a block workload starts itself, where their
 * birth and death, or a role beside the mutators', is the work.
 *
 * Such a thread makes its requests through the hm_block_run of the mutator that
 * started it, or a copy.  It counts, draws, mixes and marks in the mutator's
 * own only while that does not: while it waits to join. */
#ifndef HM_WORKLOADS_BLOCK_THREAD_H
#define HM_WORKLOADS_BLOCK_THREAD_H

#include "common/check.h"
#include "workloads/block_run.h"

#include <pthread.h>

/* Small: the C library keeps stacks of ended threads up to a total, and a new
 * one costs requests of its own to the malloc that is measured. */
enum { HM_BLOCK_STACK_BYTES = 64 << 10 };

/* Runs body(argument) in a new thread, to be joined.  When the system refuses
 * it, the run ends as `oom`. */
static inline pthread_t hm_block_thread_start(struct hm_block_run *run,
                                              void *(*body)(void *argument),
                                              void *argument)
{
    pthread_attr_t attr;
    pthread_t thread;

    run->has_threads = 1;
    HM_CHECK(pthread_attr_init(&attr) == 0);
    HM_CHECK(pthread_attr_setstacksize(&attr, HM_BLOCK_STACK_BYTES) == 0);
    if (pthread_create(&thread, &attr, body, argument) != 0)
        run->exhausted(HM_BLOCK_STACK_BYTES);
    (void)pthread_attr_destroy(&attr);
    return thread;
}

/* Waits for its end; what it wrote before, the caller sees. */
static inline void hm_block_thread_join(pthread_t thread)
{
    HM_CHECK(pthread_join(thread, NULL) == 0);
}

#endif /* HM_WORKLOADS_BLOCK_THREAD_H */
