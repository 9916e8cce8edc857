/* SPDX-License-Identifier: MIT */
/* test_outcome.c -- how a run ended: one word, for everything a cell can do. */
#include "harness/campaign/outcome.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct hm_pool pool;
static struct hm_record *record;

static int create(void **state)
{
    (void)state;
    record = hm_record_create();
    return 0;
}

static int destroy(void **state)
{
    (void)state;
    hm_record_destroy(record);
    hm_pool_fini(&pool);
    return 0;
}

/* A whole record but for its status and its end. */
#define REST                                                             \
    "malloc\t/lib/x.so\nchecksum\t0badcafe\ncounter\tsteps\t7\nops\t9\n" \
    "wall_ns\t5\n"

/* What a run is judged to be that ended so and wrote this. */
static struct hm_outcome judge(struct hm_launched launched, const char *wrote)
{
    const struct hm_strategy strategy = {.class_name = "allocator",
                                         .malloc_path = "/lib/x.so"};
    const struct hm_census census = {.checksum = "0badcafe",
                                     .ops = 9,
                                     .n_counters = 1,
                                     .counter = {{"steps", 7}}};

    hm_record_reset(record);
    hm_record_feed(record, wrote, strlen(wrote));
    return hm_outcome_of(&pool, &launched, record, &census, &strategy);
}

static void assert_outcome(struct hm_outcome outcome, const char *status,
                           const char *reason)
{
    assert_string_equal(outcome.status, status);
    assert_string_equal(outcome.reason, reason);
}

static void a_whole_record_of_the_right_malloc_is_ok(void **state)
{
    const struct hm_launched ended = {.end = HM_END_EXIT};

    (void)state;
    assert_outcome(judge(ended, "status\tok\n" REST "end\n"), "ok", "");
}

/* What the driver killed says nothing, whatever had been written. */
static void limits_come_before_what_was_written(void **state)
{
    const struct hm_launched late = {.end = HM_END_TIMEOUT};
    const struct hm_launched large = {.end = HM_END_OOM};

    (void)state;
    assert_outcome(judge(late, "status\tok\n" REST "end\n"), "timeout",
                   "killed: over the time limit");
    assert_outcome(judge(large, "status\tok\n" REST "end\n"), "oom",
                   "killed: over the memory cap");
}

static void a_signal_has_its_name_and_the_last_words(void **state)
{
    struct hm_launched died = {.end = HM_END_SIGNAL, .code = SIGSEGV};

    (void)state;
    assert_outcome(judge(died, ""), "crash", "SIGSEGV");
    strcpy(died.complaint, "free(): invalid pointer");
    died.code = SIGABRT;
    assert_outcome(judge(died, ""), "crash",
                   "SIGABRT: free(): invalid pointer");
}

static void a_full_heap_that_ends_the_process_is_oom(void **state)
{
    struct hm_launched died = {.end = HM_END_SIGNAL, .code = SIGABRT};

    (void)state;
    strcpy(died.complaint, "FATAL ERROR: Reached heap limit Allocation failed "
                           "- JavaScript heap out of memory 1: 0xb090e0");
    assert_outcome(judge(died, ""), "oom", "heap out of memory");
    died.code = SIGSEGV; /* whatever it said before */
    assert_string_equal(judge(died, "").status, "crash");
}

/* An exit status is a crash even after a record that looks whole. */
static void an_exit_status_is_a_crash(void **state)
{
    struct hm_launched ended = {.end = HM_END_EXIT, .code = 3};

    (void)state;
    strcpy(ended.complaint, "something is wrong");
    assert_outcome(judge(ended, "status\tok\n" REST "end\n"), "crash",
                   "exit status 3: something is wrong");
}

static void a_record_without_its_end_is_a_crash(void **state)
{
    const struct hm_launched ended = {.end = HM_END_EXIT};

    (void)state;
    assert_string_equal(judge(ended, "").status, "crash");
    assert_string_equal(judge(ended, "status\tok\n" REST).status, "crash");
    assert_string_equal(judge(ended, "status\tok\n" REST "en").status, "crash");
    assert_string_equal(judge(ended, "status\tok\nops\tmany\nend\n").status,
                        "crash");
}

static void a_status_of_its_own_is_a_crash(void **state)
{
    const struct hm_launched ended = {.end = HM_END_EXIT};

    (void)state;
    assert_outcome(judge(ended, "status\tsplendid\n" REST "end\n"), "crash",
                   "its record has the status 'splendid'");
    /* these are for the driver to say */
    assert_string_equal(judge(ended, "status\ttimeout\nend\n").status, "crash");
    assert_string_equal(judge(ended, "status\tbad_checksum\nend\n").status,
                        "crash");
}

static void what_the_cell_says_of_itself_is_kept(void **state)
{
    const struct hm_launched ended = {.end = HM_END_EXIT};

    (void)state;
    assert_outcome(judge(ended, "status\toom\theap is full\nend\n"), "oom",
                   "heap is full");
    assert_outcome(judge(ended, "status\tunsupported\tone mutator\nend\n"),
                   "unsupported", "one mutator");
}

static void a_time_under_a_false_name_is_no_time(void **state)
{
    const struct hm_launched ended = {.end = HM_END_EXIT};

    (void)state;
    assert_outcome(judge(ended,
                         "status\tok\nmalloc\t/lib/y.so\nchecksum\t0badcafe\n"
                         "wall_ns\t5\nend\n"),
                   "wrong_allocator", "malloc came from /lib/y.so");
}

#define WORK(checksum, steps, ops)                                   \
    "status\tok\nmalloc\t/lib/x.so\nwall_ns\t5\nchecksum\t" checksum \
    "\ncounter\tsteps\t" steps "\nops\t" ops "\nend\n"

/* Everything that the census knows must come out again. */
static void other_work_is_bad_checksum(void **state)
{
    const struct hm_launched ended = {.end = HM_END_EXIT};

    (void)state;
    assert_outcome(judge(ended, WORK("0badcafe", "7", "9")), "ok", "");
    assert_outcome(judge(ended, WORK("00000bad", "7", "9")), "bad_checksum",
                   "checksum 00000bad, the census has 0badcafe");
    assert_outcome(judge(ended, WORK("0badcafe", "8", "9")), "bad_checksum",
                   "counter steps is 8, the census has 7");
    assert_outcome(judge(ended, WORK("0badcafe", "7", "8")), "bad_checksum",
                   "8 operations, the census has 9");
    assert_outcome(judge(ended, "status\tok\nmalloc\t/lib/x.so\n"
                                "wall_ns\t5\nend\n"),
                   "bad_checksum", "checksum missing, the census has 0badcafe");
}

static void ok_without_a_time_is_a_crash(void **state)
{
    const struct hm_launched ended = {.end = HM_END_EXIT};

    (void)state;
    assert_outcome(judge(ended, "status\tok\nmalloc\t/lib/x.so\nops\t9\n"
                                "checksum\t0badcafe\ncounter\tsteps\t7\n"
                                "end\n"),
                   "crash", "its record has no wall_ns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_record_of_the_right_malloc_is_ok),
        cmocka_unit_test(limits_come_before_what_was_written),
        cmocka_unit_test(a_signal_has_its_name_and_the_last_words),
        cmocka_unit_test(a_full_heap_that_ends_the_process_is_oom),
        cmocka_unit_test(an_exit_status_is_a_crash),
        cmocka_unit_test(a_record_without_its_end_is_a_crash),
        cmocka_unit_test(a_status_of_its_own_is_a_crash),
        cmocka_unit_test(what_the_cell_says_of_itself_is_kept),
        cmocka_unit_test(a_time_under_a_false_name_is_no_time),
        cmocka_unit_test(other_work_is_bad_checksum),
        cmocka_unit_test(ok_without_a_time_is_a_crash),
    };

    return cmocka_run_group_tests(tests, create, destroy);
}
