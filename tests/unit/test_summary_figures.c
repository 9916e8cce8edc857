/* SPDX-License-Identifier: MIT */
/* test_summary_figures.c -- drain.csv and sharing.csv of campaigns whose
 * figures are known. */
#include "harness/analysis/summary.h"

#include "tests/unit/campaign_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define DRAIN   "workload,strategy,after,rss_mib,low,high,status,n\n"
#define SHARING "workload,strategy,round,share,low,high,status,n\n"

static FILE *runs;
static int run_id;

static void begin_runs(void)
{
    runs = folder_open("runs.csv", "w");
    assert_non_null(runs);
    (void)fprintf(runs, "%.*s,figures\n", (int)strcspn(FOLDER_COLUMNS, "\n"),
                  FOLDER_COLUMNS);
    run_id = 0;
}

/* key: workload,params,heap_multiple,threads,strategy,class,arm; figures: NULL
 * for a run that crashed. */
static void put_run(int block, int cell, const char *key, const char *figures)
{
    (void)fprintf(runs, "%d,%d,%d,%s,%s%s\n", run_id++, block, cell, key,
                  figures != NULL ? "ok,,9,9,9,,,,,,,,1,"
                                  : "crash,why,,,,,,,,,,,,",
                  figures != NULL ? figures : "");
}

static void summarise(void)
{
    assert_int_equal(fclose(runs), 0);
    assert_int_equal(hm_summary_write(folder), 0);
}

static void what_stays_is_the_median_of_the_runs_in_mib(void **state)
{
    static const char *const figures[] = {
        "rss_0ms_bytes=4194304;rss_1000ms_bytes=2097152",
        "rss_0ms_bytes=1048576;rss_1000ms_bytes=1048576",
        "rss_0ms_bytes=3145728;rss_1000ms_bytes=1048576",
    };

    (void)state;
    begin_runs();
    for (int b = 0; b < 3; b++)
        put_run(b, 0, "drain,n=1,,1,glibc,allocator,baseline", figures[b]);
    summarise();
    assert_string_equal(folder_text("drain.csv"),
                        DRAIN "drain,glibc,0s,3,1,4,ok,3\n"
                              "drain,glibc,1s,1,1,2,ok,3\n");
    assert_string_equal(folder_text("sharing.csv"), SHARING);
}

static void every_look_has_a_name_in_the_order_of_time(void **state)
{
    (void)state;
    begin_runs();
    put_run(0, 0, "drain,n=1,,1,glibc,allocator,baseline",
            "rss_0ms_bytes=1048576;rss_100ms_bytes=2097152;"
            "rss_1000ms_bytes=3145728;rss_5000ms_bytes=4194304;"
            "rss_1000ops_bytes=5242880;rss_trimmed_bytes=524288");
    summarise();
    assert_string_equal(folder_text("drain.csv"),
                        DRAIN "drain,glibc,0s,1,1,1,ok,1\n"
                              "drain,glibc,0.1s,2,2,2,ok,1\n"
                              "drain,glibc,1s,3,3,3,ok,1\n"
                              "drain,glibc,5s,4,4,4,ok,1\n"
                              "drain,glibc,1000ops,5,5,5,ok,1\n"
                              "drain,glibc,trim,0.5,0.5,0.5,ok,1\n");
}

/* Six values: the first interval that is one. */
static void shares_have_intervals_from_six_blocks_on(void **state)
{
    char figures[64];

    (void)state;
    begin_runs();
    for (int b = 0; b < 6; b++) {
        (void)snprintf(figures, sizeof figures,
                       "active_percent=%d;active_pairs_percent=99;"
                       "passive_percent=50",
                       10 * b);
        put_run(b, 0, "line_sharing,n=1,,1,glibc,allocator,baseline", figures);
        put_run(b, 1, "line_sharing,n=1,,1,glibc,allocator,twin", figures);
    }
    summarise();
    assert_string_equal(folder_text("sharing.csv"), SHARING
                        "line_sharing,glibc,active,0.25,0,0.5,ok,6\n"
                        "line_sharing,glibc,passive,0.5,0.5,0.5,ok,6\n");
    assert_string_equal(folder_text("drain.csv"), DRAIN);
}

static void who_failed_has_a_row_where_others_have_figures(void **state)
{
    (void)state;
    begin_runs();
    for (int b = 0; b < 2; b++) {
        put_run(b, 0, "line_sharing,n=1,,1,glibc,allocator,baseline",
                "active_percent=0");
        put_run(b, 1, "line_sharing,n=1,,1,bad,allocator,test",
                b == 0 ? NULL : "active_percent=7");
        put_run(b, 2, "line_sharing,n=1,,1,worse,allocator,test", NULL);
        put_run(b, 3, "plain,n=1,,1,glibc,allocator,baseline", "");
        put_run(b, 4, "plain,n=1,,1,worse,allocator,test", NULL);
    }
    summarise();
    assert_string_equal(folder_text("sharing.csv"), SHARING
                        "line_sharing,glibc,active,0,0,0,ok,2\n"
                        "line_sharing,bad,active,NaN,NaN,NaN,crash,0\n"
                        "line_sharing,worse,active,NaN,NaN,NaN,crash,0\n");
}

static void numbers_of_threads_are_works_of_their_own(void **state)
{
    (void)state;
    begin_runs();
    put_run(0, 0, "pinned,n=1,,1,glibc,allocator,baseline",
            "rss_0ms_bytes=1048576");
    put_run(0, 1, "pinned,n=1,,2,glibc,allocator,baseline", NULL);
    put_run(0, 2, "pinned,n=1,,4,glibc,allocator,baseline",
            "rss_0ms_bytes=2097152");
    summarise();
    assert_string_equal(folder_text("drain.csv"),
                        DRAIN "pinned/t1,glibc,0s,1,1,1,ok,1\n"
                              "pinned/t4,glibc,0s,2,2,2,ok,1\n");
}

/* Of a name that is longer, or of an older campaign. */
static void other_figures_are_not_taken_for_these(void **state)
{
    (void)state;
    begin_runs();
    put_run(0, 0, "w,n=1,,1,glibc,allocator,baseline",
            "inactive_percent=1;active_percent_more=2;rss_0ms=3");
    summarise();
    assert_string_equal(folder_text("sharing.csv"), SHARING);
    assert_string_equal(folder_text("drain.csv"), DRAIN);
    folder_put("runs.csv", FOLDER_COLUMNS
               "0,0,0,drain,,,1,s,allocator,test,ok,,9,9,9,,,,,,,,\n");
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(folder_text("drain.csv"), DRAIN);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(what_stays_is_the_median_of_the_runs_in_mib),
        TEST(every_look_has_a_name_in_the_order_of_time),
        TEST(shares_have_intervals_from_six_blocks_on),
        TEST(who_failed_has_a_row_where_others_have_figures),
        TEST(numbers_of_threads_are_works_of_their_own),
        TEST(other_figures_are_not_taken_for_these),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
