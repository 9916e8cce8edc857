/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/workers.h"

#include "common/check.h"
#include "common/clock.h"

#include <sched.h>
#include <signal.h>
#include <time.h>

enum {
    WORKERS_SPIN_NS = 20000,
    WORKERS_PAUSES = 32, /* between two looks at the clock, some 1 us */
    RELAX_PAUSES = 200,  /* steps of some 50 ns */
    RELAX_YIELDS = 100,
    RELAX_SLEEP_NS = 20000,
};

static inline void workers_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("" ::: "memory");
#endif
}

void hm_workers_relax(unsigned *step)
{
    const struct timespec nap = {.tv_nsec = RELAX_SLEEP_NS};

    if (*step < RELAX_PAUSES) {
        workers_pause();
    } else if (*step < RELAX_PAUSES + RELAX_YIELDS) {
        sched_yield();
    } else {
        nanosleep(&nap, NULL);
        return;
    }
    ++*step;
}

/* Returns whether *value became something else than `old` (if `is_other`), or
 * became `old`, within the time for spinning. */
static int workers_spin(atomic_uint *value, unsigned old, int is_other)
{
    uint64_t end_ns = hm_clock_now_ns() + WORKERS_SPIN_NS;

    do {
        for (int i = 0; i < WORKERS_PAUSES; i++) {
            unsigned now = atomic_load_explicit(value, memory_order_acquire);

            if ((now != old) == is_other)
                return 1;
            workers_pause();
        }
    } while (hm_clock_now_ns() < end_ns);
    return 0;
}

/* Waits for the round after the helper's last one. */
static void workers_await_round(struct hm_workers *workers,
                                struct hm_worker *helper)
{
    if (!workers_spin(&workers->round, helper->round, 1)) {
        pthread_mutex_lock(&workers->lock);
        workers->sleepers++;
        while (atomic_load(&workers->round) == helper->round)
            pthread_cond_wait(&workers->wake, &workers->lock);
        workers->sleepers--;
        pthread_mutex_unlock(&workers->lock);
    }
    helper->round++;
    HM_ASSERT(atomic_load(&workers->round) == helper->round);
}

static void workers_finish(struct hm_workers *workers)
{
    if (atomic_fetch_sub(&workers->busy, 1) != 1)
        return;
    pthread_mutex_lock(&workers->lock);
    pthread_cond_signal(&workers->done);
    pthread_mutex_unlock(&workers->lock);
}

static void *workers_help(void *arg)
{
    struct hm_worker *helper = arg;
    struct hm_workers *workers = helper->workers;

    for (;;) {
        workers_await_round(workers, helper);
        if (workers->fn == NULL)
            return NULL;
        workers->fn(workers->arg, helper->index);
        workers_finish(workers);
    }
}

void hm_workers_open(struct hm_workers *workers, unsigned n)
{
    HM_ASSERT(n >= 1 && n <= HM_WORKERS_MAX);
    *workers = (struct hm_workers){.n = n};
}

static void workers_begin_round(struct hm_workers *workers,
                                void (*fn)(void *arg, unsigned worker),
                                void *arg)
{
    workers->fn = fn;
    workers->arg = arg;
    atomic_store(&workers->busy, workers->running - 1);
    pthread_mutex_lock(&workers->lock);
    atomic_fetch_add(&workers->round, 1);
    if (workers->sleepers > 0)
        pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
}

static void workers_await_helpers(struct hm_workers *workers)
{
    if (workers_spin(&workers->busy, 0, 0))
        return;
    pthread_mutex_lock(&workers->lock);
    while (atomic_load(&workers->busy) != 0)
        pthread_cond_wait(&workers->done, &workers->lock);
    pthread_mutex_unlock(&workers->lock);
}

void hm_workers_close(struct hm_workers *workers)
{
    if (workers->running > 0) {
        workers_begin_round(workers, NULL, NULL);
        for (unsigned i = 1; i < workers->running; i++)
            HM_CHECK(pthread_join(workers->helper[i - 1].thread, NULL) == 0);
        pthread_cond_destroy(&workers->done);
        pthread_cond_destroy(&workers->wake);
        pthread_mutex_destroy(&workers->lock);
    }
    *workers = (struct hm_workers){0};
}

/* Signals are the program's affair: helpers take none. */
static void workers_create(struct hm_workers *workers)
{
    pthread_attr_t attr;
    sigset_t all, old;

    sigfillset(&all);
    HM_CHECK(pthread_attr_init(&attr) == 0);
    HM_CHECK(pthread_attr_setstacksize(&attr, HM_WORKER_STACK_BYTES) == 0);
    HM_CHECK(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
    while (workers->running < workers->n) {
        struct hm_worker *helper = &workers->helper[workers->running - 1];

        *helper = (struct hm_worker){.workers = workers,
                                     .index = workers->running,
                                     .round = atomic_load(&workers->round)};
        if (pthread_create(&helper->thread, &attr, workers_help, helper) != 0)
            break;
        workers->running++;
    }
    HM_CHECK(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
    pthread_attr_destroy(&attr);
}

unsigned hm_workers_start(struct hm_workers *workers)
{
    HM_ASSERT(workers->n >= 1);
    if (workers->running == 0) {
        workers->running = 1;
        HM_CHECK(pthread_mutex_init(&workers->lock, NULL) == 0);
        HM_CHECK(pthread_cond_init(&workers->wake, NULL) == 0);
        HM_CHECK(pthread_cond_init(&workers->done, NULL) == 0);
        workers_create(workers);
    }
    return workers->running;
}

void hm_workers_run(struct hm_workers *workers,
                    void (*fn)(void *arg, unsigned worker), void *arg)
{
    HM_ASSERT(fn != NULL);
    if (hm_workers_start(workers) > 1)
        workers_begin_round(workers, fn, arg);
    fn(arg, 0);
    if (workers->running > 1)
        workers_await_helpers(workers);
}
