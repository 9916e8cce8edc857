/* SPDX-License-Identifier: MIT */
/* test_summary_leaks.c -- leak_slopes.csv and leak_components.csv of campaigns
 * whose slopes and checkpoints are known. */
#include "harness/analysis/summary.h"

#include "tests/unit/campaign_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define SLOPES                                               \
    "workload,strategy,bytes_per_op,low,high,share,verdict," \
    "expected,unexpected,status,n\n"
#define COMPONENTS                                             \
    "workload,strategy,ops,needed_mib,reachable_mib,live_mib," \
    "used_mib,rss_mib,verdict\n"
#define LEAKS                                             \
    "run_id,checkpoint,ops,needed_bytes,reachable_bytes," \
    "live_bytes,used_bytes,rss_bytes\n"

static const char glibc[] = "leak_lost,n=1,,1,glibc,allocator,baseline";
static const char again[] = "leak_lost,n=1,,1,glibc,allocator,twin";

static FILE *runs;
static int run_id;

static void begin_runs(void)
{
    runs = folder_open("runs.csv", "w");
    assert_non_null(runs);
    (void)fprintf(runs,
                  "%.*s,ops,alloc_bytes,leak_slope_bytes_per_op,leak_verdict,"
                  "leak_expected\n",
                  (int)strcspn(FOLDER_COLUMNS, "\n"), FOLDER_COLUMNS);
    run_id = 0;
}

/* 10 operations that allocate 1000 bytes.  leak: "slope,verdict,expected";
 * NULL for a run that crashed. */
static void put_run(int block, int cell, const char *key, const char *leak)
{
    (void)fprintf(runs, "%d,%d,%d,%s,%s%s\n", run_id++, block, cell, key,
                  leak != NULL ? "ok,,9,9,9,,,,,,,,1,10,1000,"
                               : "crash,why,,,,,,,,,,,,,,,,",
                  leak != NULL ? leak : "");
}

static void put_leaks(const char *text)
{
    FILE *leaks = folder_open("leaks.csv", "w");

    assert_non_null(leaks);
    (void)fputs(text, leaks);
    assert_int_equal(fclose(leaks), 0);
}

static void summarise(void)
{
    assert_int_equal(fclose(runs), 0);
    assert_int_equal(hm_summary_write(folder), 0);
}

static void a_slope_is_the_median_of_the_runs(void **state)
{
    static const char *const leak[] = {"80,lost,lost", "20,lost,lost",
                                       "50,lost,lost"};

    (void)state;
    begin_runs();
    for (int b = 0; b < 3; b++) {
        put_run(b, 0, glibc, leak[b]);
        put_run(b, 1, again, leak[b]);
    }
    summarise();
    assert_string_equal(folder_text("leak_slopes.csv"),
                        SLOPES "leak_lost,glibc,50,20,80,0.5,lost,lost,0,ok,"
                               "3\n");
    assert_string_equal(folder_text("leak_components.csv"), COMPONENTS);
}

static void one_verdict_that_was_not_expected_is_told(void **state)
{
    (void)state;
    begin_runs();
    put_run(0, 0, glibc, "0,none,none");
    put_run(1, 0, glibc, "50,lost,none");
    put_run(2, 0, glibc, "0,none,none");
    summarise();
    assert_string_equal(folder_text("leak_slopes.csv"),
                        SLOPES "leak_lost,glibc,0,0,50,0,lost,none,1,ok,3\n");
}

static void a_failure_has_its_row(void **state)
{
    (void)state;
    begin_runs();
    put_run(0, 0, glibc, "50,lost,lost");
    put_run(0, 1, "leak_lost,n=1,,1,jemalloc,allocator,test", NULL);
    summarise();
    assert_string_equal(folder_text("leak_slopes.csv"),
                        SLOPES "leak_lost,glibc,50,50,50,0.5,lost,lost,0,ok,1\n"
                               "leak_lost,jemalloc,NaN,NaN,NaN,NaN,,,0,"
                               "crash,0\n");
}

static void other_workloads_and_tables_without_slopes_have_none(void **state)
{
    (void)state;
    begin_runs();
    put_run(0, 0, "churn,n=1,,1,glibc,allocator,baseline", ",,");
    put_run(0, 1, glibc, ",lost,lost");
    summarise();
    assert_string_equal(folder_text("leak_slopes.csv"), SLOPES);
}

/* One run per cell, in the order of the plan; what is not known is NaN. */
static void checkpoints_are_those_of_the_first_run_in_mib(void **state)
{
    (void)state;
    begin_runs();
    put_run(0, 1, "leak_lost,n=1,,1,jemalloc,allocator,test", "50,lost,lost");
    put_run(0, 0, glibc, "50,lost,lost");
    put_run(0, 2, again, "50,lost,lost");
    put_run(1, 0, glibc, "50,lost,lost");
    put_leaks(LEAKS "0,1,5,0,0,1048576,,2097152\n"
                    "1,1,5,1048576,2097152,3145728,4194304,5242880\n"
                    "1,2,10,1048576,2097152,3145728,4194304,5242880\n"
                    "2,1,5,7,7,7,7,7\n"
                    "3,1,5,7,7,7,7,7\n");
    summarise();
    assert_string_equal(folder_text("leak_components.csv"),
                        COMPONENTS "leak_lost,glibc,5,1,2,3,4,5,lost\n"
                                   "leak_lost,glibc,10,1,2,3,4,5,lost\n"
                                   "leak_lost,jemalloc,5,0,0,1,NaN,2,lost\n");
}

static void checkpoints_of_an_older_table_are_not_shown(void **state)
{
    (void)state;
    begin_runs();
    put_run(0, 0, glibc, "50,lost,lost");
    put_leaks("run_id,checkpoint,ops,needed_bytes,rss_bytes,heap_bytes\n"
              "0,1,5,7,7,7\n");
    summarise();
    assert_string_equal(folder_text("leak_components.csv"), COMPONENTS);
}

static void checkpoints_that_are_no_numbers_are_an_error(void **state)
{
    (void)state;
    begin_runs();
    put_run(0, 0, glibc, "50,lost,lost");
    put_leaks(LEAKS "0,1,5,0,many,1048576,,2097152\n");
    assert_int_equal(fclose(runs), 0);
    assert_int_not_equal(hm_summary_write(folder), 0);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(a_slope_is_the_median_of_the_runs),
        TEST(one_verdict_that_was_not_expected_is_told),
        TEST(a_failure_has_its_row),
        TEST(other_workloads_and_tables_without_slopes_have_none),
        TEST(checkpoints_are_those_of_the_first_run_in_mib),
        TEST(checkpoints_of_an_older_table_are_not_shown),
        TEST(checkpoints_that_are_no_numbers_are_an_error),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
