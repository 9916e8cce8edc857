/* SPDX-License-Identifier: MIT */
/* workers.h -- threads that help with a collection: one function called at
 * once by the caller and by n - 1 helpers.
 *
 * Helpers are created at the first run and joined at close.  Between runs they
 * look for work for some 20 us, then sleep: waking one costs tens of us, so
 * what takes less than a few hundred is better done alone.
 *
 * Threads: run and close belong to one thread at a time.  What happened before
 *          run is visible to all workers, what they did to the caller after
 *          it. */
#ifndef HM_COLLECTORS_SUBSTRATE_WORKERS_H
#define HM_COLLECTORS_SUBSTRATE_WORKERS_H

#include "common/params.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

/* A helper's stack: all that it takes from the system. */
#define HM_WORKER_STACK_BYTES ((size_t)64 << 10)

enum { HM_WORKERS_MAX = 64 };

/* The row of a collector's table of parameters. */
#define HM_WORKERS_ROW                                                         \
    {                                                                          \
        "gc_threads", "threads that collect, the program's included", 1, 1, 1, \
            HM_WORKERS_MAX                                                     \
    }

struct hm_workers;

struct hm_worker {
    struct hm_workers *workers;
    unsigned index, round;
    pthread_t thread;
};

struct hm_workers {
    unsigned n;                             /* wanted, the caller included */
    unsigned running;                       /* that take part, >= 1 */
    void (*fn)(void *arg, unsigned worker); /* NULL: helpers end */
    void *arg;
    atomic_uint round; /* of runs; changes under the lock */
    atomic_uint busy;  /* helpers that have not finished this round */
    unsigned sleepers; /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    struct hm_worker helper[HM_WORKERS_MAX - 1];
};

/* Stacks of the helpers: for the owner to charge. */
static inline size_t hm_workers_bytes(unsigned n)
{
    return n < 2 ? 0 : (n - 1) * HM_WORKER_STACK_BYTES;
}

/* For 1 <= n <= HM_WORKERS_MAX; starts nothing yet. */
void hm_workers_open(struct hm_workers *workers, unsigned n);

/* Nothing for one of all zeros.  May be opened again. */
void hm_workers_close(struct hm_workers *workers);

/* Creates the helpers if there are none.  Returns how many will take part in a
 * run: fewer than wanted when the system refuses threads. */
unsigned hm_workers_start(struct hm_workers *workers);

/* Calls fn(arg, i) for each i below hm_workers_start(), 0 being the caller, at
 * the same time; returns when all have returned. */
void hm_workers_run(struct hm_workers *workers,
                    void (*fn)(void *arg, unsigned worker), void *arg);

/* One step of waiting for other threads; *step counts from 0.  First it only
 * lets some cycles pass, then it offers the core to others, at last it sleeps
 * for some 50 us. */
void hm_workers_relax(unsigned *step);

#endif /* HM_COLLECTORS_SUBSTRATE_WORKERS_H */
