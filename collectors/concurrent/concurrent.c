/* SPDX-License-Identifier: MIT */
/* concurrent.c -- mark-sweep whose marking is done by a thread of its own.
 *
 * Source:     marking beside the program E. W. Dijkstra, L. Lamport, A. J.
 *             Martin, C. S. Scholten and E. F. M. Steffens, CACM 21(11), 1978;
 *             from a snapshot at the beginning T. Yuasa, Journal of Systems
 *             and Software 11(3), 1990; with a log of what is overwritten D.
 *             Detlefs, C. Flood, S. Heller and T. Printezis, ISMM 2004.
 * Differs:    everything but who marks is that of incremental.  The log is one
 *             ring that both sides use at once.  What weak references give
 *             out when the marker has nothing to do is a slice of the
 *             program's; if that is not enough, the marker goes on.
 * Invariants: those of incremental.  One thread at a time owns the marking:
 *             queue, counters, large objects that wait; is_marking says who.
 *             The marker gives it up when nothing is left or it is asked to,
 *             after a quantum at most; between two quanta it empties the log.
 *             A reference is logged before it is overwritten: a marker that
 *             finds nothing to do and no log has marked all of the snapshot.
 * Costs:      a store tests one flag; while marking it logs what it overwrites
 *             and is not marked yet.  Two pauses, one for the roots, one of at
 *             most slice_us and what only ephemerons keep.  A full log makes
 *             the program wait for room, some 10 us where the marker has a
 *             core.  The marker sets marks by atomic instructions.  Tables as
 *             incremental, the marker's stack and 17 KiB.
 * Threads:    one mutator, one marker. */
#include "collectors/concurrent/concurrent_log.h"
#include "collectors/incremental/incremental_heap.h"
#include "collectors/substrate/workers.h"

#include <pthread.h>
#include <signal.h>

enum { CONCURRENT_QUANTUM = 1024 }; /* work, some 5 us */

static const struct hm_param concurrent_params[] = {INCREMENTAL_ROWS, {0}};

const struct hm_collector hm_collector_this = {
    .name = "concurrent",
    .summary = "mark-sweep, a thread marks a snapshot",
    .source = "Yuasa, Journal of Systems and Software 11(3), 1990; Detlefs et "
              "al., ISMM 2004",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = concurrent_params,
};

/* The marker of the one heap. */
static struct concurrent {
    int is_open;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t given;  /* is_marking or is_closing has been set */
    int is_closing;        /* under the lock */
    atomic_int is_marking; /* the marker owns the marking: set by the program,
                            * cleared by the marker */
    atomic_int is_wanted;  /* the program asks for it */
    struct hm_concurrent_log log;
} concurrent;

const struct hm_concurrent_log *hm_concurrent_log_get(void)
{
    return &concurrent.log;
}

/* Acquires what the marker has done when it says no. */
static int concurrent_is_marking(void)
{
    return atomic_load_explicit(&concurrent.is_marking, memory_order_acquire);
}

static void concurrent_grey(void *snapshot, hm_ref o)
{
    hm_snapshot_grey(snapshot, o);
}

/* By the owner of the marking. */
static void concurrent_absorb(struct hm_gc *gc)
{
    hm_concurrent_log_take(&concurrent.log, concurrent_grey, &gc->snapshot);
}

/* --- the marker -----------------------------------------------------------*/

/* 0: the heap is being closed. */
static int concurrent_await(void)
{
    int goes_on;

    HM_CHECK(pthread_mutex_lock(&concurrent.lock) == 0);
    while (!concurrent_is_marking() && !concurrent.is_closing)
        HM_CHECK(pthread_cond_wait(&concurrent.given, &concurrent.lock) == 0);
    goes_on = !concurrent.is_closing;
    HM_CHECK(pthread_mutex_unlock(&concurrent.lock) == 0);
    return goes_on;
}

/* Until nothing is left, for now, or the program wants to go on alone. */
static void concurrent_mark(struct hm_gc *gc)
{
    uint64_t start_ns = hm_clock_now_ns();
    int is_left;

    do {
        concurrent_absorb(gc);
        is_left = hm_snapshot_step(&gc->snapshot, CONCURRENT_QUANTUM);
    } while (
        (is_left || !hm_concurrent_log_is_empty(&concurrent.log)) &&
        !atomic_load_explicit(&concurrent.is_wanted, memory_order_relaxed));
    gc->marking_ns += hm_clock_now_ns() - start_ns;
}

static void *concurrent_main(void *gc)
{
    while (concurrent_await()) {
        concurrent_mark(gc);
        atomic_store_explicit(&concurrent.is_marking, 0, memory_order_release);
    }
    return NULL;
}

/* --- the program ----------------------------------------------------------*/

/* Signals are the program's affair: the marker takes none. */
static int concurrent_start(struct hm_gc *gc)
{
    pthread_attr_t attr;
    sigset_t all, old;
    int error;

    sigfillset(&all);
    HM_CHECK(pthread_attr_init(&attr) == 0);
    HM_CHECK(pthread_attr_setstacksize(&attr, HM_WORKER_STACK_BYTES) == 0);
    HM_CHECK(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
    error = pthread_create(&concurrent.thread, &attr, concurrent_main, gc);
    HM_CHECK(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
    pthread_attr_destroy(&attr);
    return error == 0;
}

static void concurrent_destroy(void)
{
    HM_CHECK(pthread_cond_destroy(&concurrent.given) == 0);
    HM_CHECK(pthread_mutex_destroy(&concurrent.lock) == 0);
    concurrent = (struct concurrent){0};
}

int hm_incremental_marker_open(struct hm_gc *gc, const char **why)
{
    *why = "the system refuses a thread that marks";
    if (!hm_budget_take(&gc->heap.budget,
                        sizeof(concurrent) + HM_WORKER_STACK_BYTES))
        return 0;
    HM_CHECK(pthread_mutex_init(&concurrent.lock, NULL) == 0);
    HM_CHECK(pthread_cond_init(&concurrent.given, NULL) == 0);
    concurrent.is_open = concurrent_start(gc);
    if (!concurrent.is_open)
        concurrent_destroy();
    return concurrent.is_open;
}

/* Hands the marking to the marker. */
static void concurrent_give(struct hm_gc *gc)
{
    gc->snapshot.is_shared = 1;
    HM_CHECK(pthread_mutex_lock(&concurrent.lock) == 0);
    atomic_store_explicit(&concurrent.is_marking, 1, memory_order_release);
    HM_CHECK(pthread_cond_signal(&concurrent.given) == 0);
    HM_CHECK(pthread_mutex_unlock(&concurrent.lock) == 0);
}

/* Waits for the marker to finish its quantum. */
static void concurrent_take(void)
{
    unsigned step = 0;

    atomic_store_explicit(&concurrent.is_wanted, 1, memory_order_relaxed);
    while (concurrent_is_marking())
        hm_workers_relax(&step);
    atomic_store_explicit(&concurrent.is_wanted, 0, memory_order_relaxed);
}

void hm_incremental_marker_close(struct hm_gc *gc)
{
    (void)gc;
    if (!concurrent.is_open)
        return;
    concurrent_take();
    HM_CHECK(pthread_mutex_lock(&concurrent.lock) == 0);
    concurrent.is_closing = 1;
    HM_CHECK(pthread_cond_signal(&concurrent.given) == 0);
    HM_CHECK(pthread_mutex_unlock(&concurrent.lock) == 0);
    HM_CHECK(pthread_join(concurrent.thread, NULL) == 0);
    concurrent_destroy();
}

/* The marker does not mark: what is logged is the program's to mark. */
static void concurrent_own(struct hm_gc *gc)
{
    gc->snapshot.is_shared = 0;
    concurrent_absorb(gc);
}

/* With slice_work, the program marks alone: the same each time. */
void hm_incremental_marker_start(struct hm_gc *gc)
{
    HM_ASSERT(hm_concurrent_log_is_empty(&concurrent.log));
    if (gc->heap.config.param[INCREMENTAL_SLICE_WORK] == 0)
        concurrent_give(gc);
}

/* Once the thread has run dry there is no pace to keep, but a slice's time. */
int hm_incremental_marker_step(struct hm_gc *gc, uint64_t work)
{
    uint64_t single = gc->heap.config.param[INCREMENTAL_SLICE_WORK];

    (void)work;
    if (concurrent_is_marking())
        return 1;
    concurrent_own(gc);
    if (!hm_incremental_slice(gc, single != 0 ? single : UINT32_MAX))
        return 0;
    if (single == 0)
        concurrent_give(gc);
    return 1;
}

/* The thread marks meanwhile. */
void hm_incremental_poll_slow(struct hm_mutator *m)
{
    (void)m;
}

void hm_incremental_marker_stop(struct hm_gc *gc)
{
    concurrent_take();
    concurrent_own(gc);
}

/* Logs `o` when there is room again.  A marker that marks makes some between
 * two quanta; one that does not leaves it to the program. */
static __attribute__((noinline)) void concurrent_log_late(struct hm_gc *gc,
                                                          hm_ref o)
{
    uint64_t start_ns = hm_clock_now_ns();
    unsigned step = 0;

    concurrent.log.refusals++;
    do {
        if (concurrent_is_marking()) {
            hm_workers_relax(&step);
        } else {
            concurrent_own(gc);
        }
    } while (!hm_concurrent_log_add(&concurrent.log, o));
    hm_pause_log_add(gc->heap.config.log, HM_PAUSE_increment, start_ns,
                     hm_clock_now_ns());
}

__attribute__((noinline)) void hm_incremental_barrier(struct hm_mutator *m,
                                                      hm_ref old)
{
    struct hm_gc *gc = m->gc;

    if (old == NULL || hm_snapshot_has(&gc->snapshot, old))
        return;
    if (!hm_concurrent_log_add(&concurrent.log, old))
        concurrent_log_late(gc, old);
}
