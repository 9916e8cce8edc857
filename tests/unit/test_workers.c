/* SPDX-License-Identifier: MIT */
/* Everybody is called once in each run, at the same time, and has returned
 * when the run has. */
#include "collectors/substrate/workers.h"
#include "common/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { WORKERS_MOST = 8, RUNS = 500, LONG_NS = 200000 };

static struct hm_workers workers;
static unsigned calls[WORKERS_MOST]; /* each by its worker: not atomic */
static atomic_uint arrived;

static void count_call(void *arg, unsigned worker)
{
    assert_ptr_equal(arg, &calls);
    calls[worker]++;
}

static void every_run_calls_each_worker_once(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= WORKERS_MOST; n++) {
        for (unsigned i = 0; i < WORKERS_MOST; i++)
            calls[i] = 0;
        hm_workers_open(&workers, n);
        for (unsigned run = 1; run <= RUNS; run++) {
            hm_workers_run(&workers, count_call, &calls);
            for (unsigned i = 0; i < WORKERS_MOST; i++)
                assert_int_equal(calls[i], i < n ? run : 0);
        }
        hm_workers_close(&workers);
    }
}

static void meet(void *arg, unsigned worker)
{
    unsigned step = 0;

    (void)arg;
    (void)worker;
    atomic_fetch_add(&arrived, 1);
    while (atomic_load(&arrived) < 4)
        hm_workers_relax(&step);
}

static void workers_run_at_the_same_time(void **state)
{
    (void)state;
    hm_workers_open(&workers, 4);
    for (int run = 0; run < 20; run++) {
        atomic_store(&arrived, 0);
        hm_workers_run(&workers, meet, NULL);
        assert_int_equal(arrived, 4);
    }
    hm_workers_close(&workers);
}

static void leave_late(void *arg, unsigned worker)
{
    (void)arg;
    if (worker == 1)
        hm_clock_sleep_until(hm_clock_now_ns() + LONG_NS);
    calls[worker]++;
}

/* Longer than anybody spins: the caller sleeps, then the helpers. */
static void sleepers_are_woken(void **state)
{
    (void)state;
    calls[0] = calls[1] = calls[2] = 0;
    hm_workers_open(&workers, 3);
    for (unsigned run = 1; run <= 20; run++) {
        hm_workers_run(&workers, leave_late, NULL);
        assert_int_equal(calls[1], run);
        assert_int_equal(calls[2], run);
        hm_clock_sleep_until(hm_clock_now_ns() + LONG_NS);
    }
    hm_workers_close(&workers);
}

static void nothing_is_started_before_the_first_run(void **state)
{
    (void)state;
    hm_workers_open(&workers, 3);
    assert_int_equal(workers.running, 0);
    hm_workers_close(&workers);
    hm_workers_open(&workers, 3);
    assert_int_equal(hm_workers_start(&workers), 3);
    hm_workers_close(&workers);
    hm_workers_close(&workers);
    assert_int_equal(hm_workers_bytes(1), 0);
    assert_int_equal(hm_workers_bytes(3), 2 * HM_WORKER_STACK_BYTES);
}

static void note_signals(void *arg, unsigned worker)
{
    sigset_t *blocked = arg;

    pthread_sigmask(SIG_BLOCK, NULL, &blocked[worker]);
}

static void helpers_take_no_signals(void **state)
{
    sigset_t blocked[2];

    (void)state;
    hm_workers_open(&workers, 2);
    hm_workers_run(&workers, note_signals, blocked);
    hm_workers_close(&workers);
    assert_int_equal(sigismember(&blocked[0], SIGALRM), 0);
    assert_int_equal(sigismember(&blocked[1], SIGALRM), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_calls_each_worker_once),
        cmocka_unit_test(workers_run_at_the_same_time),
        cmocka_unit_test(sleepers_are_woken),
        cmocka_unit_test(nothing_is_started_before_the_first_run),
        cmocka_unit_test(helpers_take_no_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
