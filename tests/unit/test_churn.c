/* SPDX-License-Identifier: MIT */
/* What churn does with threads and parameters; the requests themselves are
 * counted by conformance.workload_trace. */
#include "common/arena.h"
#include "workloads/block.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct hm_block_workload hm_block_churn;

enum { OPS = 20000, SLOTS = 256, THREADS = 3 };

static struct hm_progress progress;
static struct hm_meter_watch never = {.at_ops = UINT64_MAX};

/* Zeroed memory with the parameters and a seed per thread. */
static struct hm_block_run *open_runs(unsigned threads)
{
    struct hm_block_run *run = hm_arena_alloc(threads * sizeof(*run));

    for (unsigned t = 0; t < threads; t++) {
        struct hm_hist *latency = hm_arena_alloc(sizeof(*latency));

        hm_hist_init(latency);
        hm_params_defaults(hm_block_churn.params, 0, run[t].base.value);
        (void)hm_params_set(hm_block_churn.params, "ops=20000",
                            run[t].base.value);
        (void)hm_params_set(hm_block_churn.params, "slots=256",
                            run[t].base.value);
        run[t].thread = t;
        run[t].threads = threads;
        run[t].base.meter = (struct hm_meter){
            .progress = &progress, .latency = latency, .watch = &never};
        hm_rng_seed(&run[t].base.rng, 100 + t);
    }
    return run;
}

static void close_runs(struct hm_block_run *run, unsigned threads)
{
    for (unsigned t = 0; t < threads; t++)
        hm_arena_release(run[t].base.meter.latency, sizeof(struct hm_hist));
    hm_arena_release(run, threads * sizeof(*run));
}

static void *run_and_drop(void *run)
{
    hm_block_churn.run(run);
    hm_block_churn.drop(run);
    return NULL;
}

/* What `thread` of several computes does not depend on the others. */
static void test_threads_share_nothing(void **state)
{
    struct hm_block_run *many = open_runs(THREADS);
    pthread_t id[THREADS];

    (void)state;
    hm_block_churn.setup(&many[0], THREADS);
    for (unsigned t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_create(&id[t], NULL, run_and_drop, &many[t]),
                         0);
    }
    for (unsigned t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(id[t], NULL), 0);
    for (unsigned t = 0; t < THREADS; t++) {
        struct hm_block_run *alone = open_runs(1);

        hm_rng_seed(&alone->base.rng, 100 + t);
        hm_block_churn.setup(alone, 1);
        (void)run_and_drop(alone);
        assert_int_equal(many[t].base.checksum, alone->base.checksum);
        assert_int_equal(many[t].ops, OPS);
        assert_int_equal(many[t].frees, OPS);
        assert_int_equal(many[t].remote_frees, 0);
        close_runs(alone, 1);
    }
    assert_int_not_equal(many[0].base.checksum, many[1].base.checksum);
    close_runs(many, THREADS);
}

static void test_samples_cover_all_operations(void **state)
{
    struct hm_block_run *run = open_runs(1);

    (void)state;
    hm_block_churn.setup(run, 1);
    (void)run_and_drop(run);
    assert_int_equal(run->base.meter.ops, OPS);
    assert_in_range(run->base.meter.latency->n, OPS / 1024, OPS / 64 + 1);
    close_runs(run, 1);
}

static void test_more_slots_than_operations_leave_most_empty(void **state)
{
    struct hm_block_run *run = open_runs(1);

    (void)state;
    run->base.value[0] = 10;
    hm_block_churn.setup(run, 1);
    hm_block_churn.run(run);
    assert_int_equal(run->ops, 10);
    hm_block_churn.drop(run);
    assert_int_equal(run->frees, 10);
    close_runs(run, 1);
}

static void test_the_same_seed_gives_the_same_checksum(void **state)
{
    struct hm_block_run *run = open_runs(1), *same = open_runs(1);

    (void)state;
    hm_block_churn.setup(run, 1);
    (void)run_and_drop(run);
    hm_rng_seed(&same->base.rng, 100);
    hm_block_churn.setup(same, 1);
    (void)run_and_drop(same);
    assert_int_equal(run->base.checksum, same->base.checksum);
    assert_int_not_equal(run->base.checksum, 0);
    close_runs(run, 1);
    close_runs(same, 1);
}

static void test_sizes_the_wrong_way_round_are_refused(void **state)
{
    struct hm_block_run *run = open_runs(1);
    char said[256] = "";
    int ends[2], status = 0;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)hm_params_set(hm_block_churn.params, "max_bytes=8",
                            run->base.value);
        hm_block_churn.setup(run, 1);
        _exit(0);
    }
    (void)close(ends[1]);
    assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
    assert_non_null(strstr(said, "max_bytes=8 is below min_bytes=16"));
    close_runs(run, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_nothing),
        cmocka_unit_test(test_samples_cover_all_operations),
        cmocka_unit_test(test_more_slots_than_operations_leave_most_empty),
        cmocka_unit_test(test_the_same_seed_gives_the_same_checksum),
        cmocka_unit_test(test_sizes_the_wrong_way_round_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
