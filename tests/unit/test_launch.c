/* SPDX-License-Identifier: MIT */
/* test_launch.c -- processes under limits: how each end is told apart. */
#include "harness/campaign/launch.h"

#include "common/arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t second_ns = 1000000000;
static struct hm_record *record;
static struct hm_samples *samples;

static int create(void **state)
{
    (void)state;
    record = hm_record_create();
    samples = hm_arena_reserve(sizeof *samples);
    return 0;
}

static int destroy(void **state)
{
    (void)state;
    hm_record_destroy(record);
    hm_arena_release(samples, sizeof *samples);
    return 0;
}

/* Runs a shell script; `limit` has the limits, or is NULL: 60 s. */
static struct hm_launched run(const char *script, const struct hm_launch *limit)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    struct hm_launch launch = {.timeout_ns = 60 * second_ns};
    struct hm_launched launched;

    if (limit != NULL)
        launch = *limit;
    launch.argv = argv;
    launch.env = env;
    launch.period_ns = second_ns / 100;
    launch.record = record;
    launch.samples = samples;
    assert_int_equal(hm_launch_run(&launch, &launched), 0);
    return launched;
}

static void the_exit_status_and_the_complaint_are_kept(void **state)
{
    struct hm_launched launched =
        run("printf 'first\\nsecond\\n' >&2; exit 3", NULL);

    (void)state;
    assert_int_equal(launched.end, HM_END_EXIT);
    assert_int_equal(launched.code, 3);
    assert_string_equal(launched.complaint, "first second");
}

static void a_signal_is_not_an_exit_status(void **state)
{
    struct hm_launched launched = run("kill -SEGV $$", NULL);

    (void)state;
    assert_int_equal(launched.end, HM_END_SIGNAL);
    assert_int_equal(launched.code, SIGSEGV);
}

/* Wall time has 60 s, the shell spins: only its processor time can end it. */
static void who_spins_reaches_the_limit_of_processor_time(void **state)
{
    struct hm_launch limit = {.timeout_ns = 60 * second_ns,
                              .cpu_limit_ns = second_ns / 20};
    struct hm_launched launched = run("while :; do :; done", &limit);

    (void)state;
    assert_int_equal(launched.end, HM_END_TIMEOUT);
    assert_true(launched.cpu_ns > second_ns / 20);
    assert_true(launched.elapsed_ns < 30 * second_ns);
}

/* A busy machine makes processes wait; waiting is not work. */
static void who_waits_does_not(void **state)
{
    struct hm_launch limit = {.timeout_ns = 60 * second_ns,
                              .cpu_limit_ns = second_ns / 5};
    struct hm_launched launched = run("exec sleep 0.4", &limit);

    (void)state;
    assert_int_equal(launched.end, HM_END_EXIT);
    assert_int_equal(launched.code, 0);
    assert_true(launched.elapsed_ns >= second_ns * 2 / 5);
    assert_true(launched.cpu_ns < second_ns / 5);
}

static void who_hangs_reaches_the_limit_of_wall_time(void **state)
{
    struct hm_launch limit = {.timeout_ns = second_ns / 10,
                              .cpu_limit_ns = 30 * second_ns};
    struct hm_launched launched = run("exec sleep 60", &limit);

    (void)state;
    assert_int_equal(launched.end, HM_END_TIMEOUT);
    assert_true(launched.elapsed_ns < 30 * second_ns);
}

static void resident_memory_above_the_cap_is_oom(void **state)
{
    struct hm_launch limit = {.timeout_ns = 60 * second_ns,
                              .rss_cap_bytes = 1 << 12};

    (void)state;
    assert_int_equal(run("exec sleep 60", &limit).end, HM_END_OOM);
}

static void an_interrupted_driver_ends_the_run(void **state)
{
    struct hm_launched launched;

    (void)state;
    hm_interrupted = 1;
    launched = run("exec sleep 60", NULL);
    hm_interrupted = 0;
    assert_int_equal(launched.end, HM_END_INTERRUPTED);
}

static void the_record_arrives_whole_also_from_a_short_run(void **state)
{
    (void)state;
    assert_int_equal(
        run("printf 'status\\tok\\nops\\t7\\nend\\n' >&3", NULL).code, 0);
    assert_true(hm_record_finish(record));
    assert_int_equal(record->number[HM_RECORD_ops], 7);
    (void)run("true", NULL); /* the next run begins with an empty one */
    assert_false(hm_record_finish(record));
}

/* A grandchild that holds the pipes open does not hold up the driver. */
static void who_leaves_children_behind_has_ended_all_the_same(void **state)
{
    struct hm_launched launched = run("sleep 60 & exit 4", NULL);

    (void)state;
    assert_int_equal(launched.code, 4);
    assert_true(launched.elapsed_ns < 30 * second_ns);
}

static void the_environment_is_what_was_given(void **state)
{
    (void)state;
    assert_int_equal(run("test -z \"$HOME\"", NULL).code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_status_and_the_complaint_are_kept),
        cmocka_unit_test(a_signal_is_not_an_exit_status),
        cmocka_unit_test(who_spins_reaches_the_limit_of_processor_time),
        cmocka_unit_test(who_waits_does_not),
        cmocka_unit_test(who_hangs_reaches_the_limit_of_wall_time),
        cmocka_unit_test(resident_memory_above_the_cap_is_oom),
        cmocka_unit_test(an_interrupted_driver_ends_the_run),
        cmocka_unit_test(the_record_arrives_whole_also_from_a_short_run),
        cmocka_unit_test(who_leaves_children_behind_has_ended_all_the_same),
        cmocka_unit_test(the_environment_is_what_was_given),
    };

    return cmocka_run_group_tests(tests, create, destroy);
}
