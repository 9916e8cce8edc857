/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary.h"

#include "harness/csv.h"
#include "tests/unit/summary_fixture.h"

#include <errno.h>
#include <math.h>

enum { BLOCKS = 10 };

/* The value of `column` in the first row of summary.csv that has this
 * workload, strategy, arm and metric; "no row" if there is none. */
static const char *field(const char *workload, const char *strategy,
                         const char *arm, const char *metric,
                         const char *column)
{
    static char value[128];
    char path[128];
    struct hm_csv csv;

    (void)snprintf(path, sizeof path, "%s/summary.csv", folder);
    assert_int_equal(hm_csv_open(&csv, path), 0);
    (void)snprintf(value, sizeof value, "no row");
    while (hm_csv_next(&csv) == 1) {
        if (strcmp(csv.field[hm_csv_column(&csv, "workload")], workload) != 0 ||
            strcmp(csv.field[hm_csv_column(&csv, "strategy")], strategy) != 0 ||
            strcmp(csv.field[hm_csv_column(&csv, "arm")], arm) != 0 ||
            strcmp(csv.field[hm_csv_column(&csv, "metric")], metric) != 0)
            continue;
        (void)snprintf(value, sizeof value, "%s",
                       csv.field[hm_csv_column(&csv, column)]);
        break;
    }
    hm_csv_close(&csv);
    return value;
}

static void ratios_are_taken_within_blocks(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, BLOCKS);
    assert_int_equal(summarise(), 0);
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "ratio"),
                        "0.5");
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "ratio_low"),
                        "0.5");
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "verdict"),
                        "faster");
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "n"), "10");
    assert_string_equal(
        field("cache", "fast", "test", "wall_ns", "ci_target_met"), "1");
    assert_string_equal(field("cache", "glibc", "twin", "wall_ns", "verdict"),
                        "same");
    assert_string_equal(field("cache", "glibc", "baseline", "wall_ns", "ratio"),
                        "");
}

static void medians_and_derived_metrics_are_there(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, BLOCKS);
    assert_int_equal(summarise(), 0);
    /* 1 2 3 4 1 2 3 4 1 2 s: the 2nd and the 9th of the sorted bound it. */
    assert_string_equal(
        field("cache", "glibc", "baseline", "wall_ns", "median"), "2000000000");
    assert_string_equal(field("cache", "glibc", "baseline", "wall_ns", "low"),
                        "1000000000");
    assert_string_equal(field("cache", "glibc", "baseline", "wall_ns", "high"),
                        "4000000000");
    assert_string_equal(
        field("cache", "fast", "test", "rss_over_live", "median"), "3");
    assert_string_equal(
        field("cache", "fast", "test", "rss_peak_bytes", "verdict"), "same");
    assert_string_equal(field("cache", "fast", "test", "lat_p50_ns", "n"),
                        "no row");
    /* Zero pauses divided by zero pauses is no ratio. */
    assert_string_equal(field("cache", "fast", "test", "pause_max_ns", "ratio"),
                        "");
}

static void fewer_than_six_blocks_give_a_range_and_no_verdict(void **state)
{
    (void)state;
    begin_runs();
    for (int b = 0; b < 5; b++) {
        put_run(&three_arms[0], b, "ok", 1e9);
        put_run(&three_arms[2], b, "ok", 1e9 * (0.5 + 0.1 * b));
    }
    assert_int_equal(summarise(), 0);
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "ratio_low"),
                        "0.5");
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "ratio_high"),
                        "0.9");
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "verdict"),
                        "");
    assert_string_equal(
        field("cache", "fast", "test", "wall_ns", "ci_target_met"), "");
}

static void a_cell_with_failures_names_them_and_has_no_ratio(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 2, BLOCKS);
    for (int b = 0; b < BLOCKS; b++) {
        put_run(&three_arms[2], b,
                b == 3   ? "crash"
                : b == 5 ? "oom"
                         : "ok",
                1e9);
    }
    assert_int_equal(summarise(), 0);
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "status"),
                        "oom 1/10 crash 1/10");
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "ratio"), "");
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "n"), "8");
    assert_string_equal(field("geomean", "fast", "test", "wall_ns", "ratio"),
                        "no row");
    assert_non_null(strstr(folder_text("failures.csv"),
                           "cache,n=1,,1,fast,allocator,test,"
                           "oom 1/10 crash 1/10,\"why, in words\"\n"));
    assert_non_null(strstr(folder_text("ratios.csv"),
                           "wall_ns,cache,fast,glibc,NaN,NaN,NaN,oom,0\n"));
}

static void a_cell_that_always_fails_still_has_its_row(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 2, BLOCKS);
    for (int b = 0; b < BLOCKS; b++)
        put_run(&three_arms[2], b, "unsupported", 0);
    assert_int_equal(summarise(), 0);
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "status"),
                        "unsupported 10/10");
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "n"), "0");
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "median"),
                        "");
}

static void all_heap_multiples_meet_the_one_baseline(void **state)
{
    static const struct arm arms[] = {
        {"cache", "glibc", "baseline", "", 0, 1},
        {"cache", "sweep", "test", "2", 1, 2},
        {"cache", "sweep", "test", "3", 2, 1.5},
    };

    (void)state;
    begin_runs();
    put_blocks(arms, 3, BLOCKS);
    assert_int_equal(summarise(), 0);
    assert_string_equal(field("cache", "sweep", "test", "wall_ns", "ratio"),
                        "2");
    assert_non_null(
        strstr(folder_text("ratios.csv"), "cache,sweep@2x,glibc,2,"));
    assert_non_null(
        strstr(folder_text("ratios.csv"), "cache,sweep@3x,glibc,1.5,"));
}

static void means_cover_what_the_strategy_completed(void **state)
{
    static const struct arm arms[] = {
        {"a", "glibc", "baseline", "", 0, 1}, {"a", "fast", "test", "", 1, 0.5},
        {"b", "glibc", "baseline", "", 2, 1}, {"b", "fast", "test", "", 3, 2},
        {"c", "glibc", "baseline", "", 4, 1},
    };
    static const struct arm failing = {"c", "fast", "test", "", 5, 1};

    (void)state;
    begin_runs();
    put_blocks(arms, 5, BLOCKS);
    for (int b = 0; b < BLOCKS; b++)
        put_run(&failing, b, "oom", 0);
    assert_int_equal(summarise(), 0);
    assert_string_equal(field("geomean", "fast", "test", "wall_ns", "ratio"),
                        "1");
    assert_string_equal(field("geomean", "fast", "test", "wall_ns", "params"),
                        "workloads=2;min=0.5;max=2");
    assert_string_equal(field("geomean", "fast", "test", "wall_ns", "n"), "10");
    assert_string_equal(
        field("geomean", "glibc", "baseline", "wall_ns", "ratio"), "no row");
}

static void what_is_within_the_twins_noise_is_inconclusive(void **state)
{
    (void)state;
    begin_runs();
    for (int b = 0; b < BLOCKS; b++) {
        put_run(&three_arms[0], b, "ok", 1e9);
        put_run(&three_arms[1], b, "ok", b % 2 == 0 ? 1.1e9 : 0.9e9);
        put_run(&three_arms[2], b, "ok", 0.97e9);
    }
    assert_int_equal(summarise(), 0);
    assert_string_equal(field("cache", "fast", "test", "wall_ns", "verdict"),
                        "inconclusive");
}

static void leak_workloads_are_in_no_mean_and_not_in_the_pareto_data(
    void **state)
{
    static const struct arm arms[] = {
        {"a", "glibc", "baseline", "", 0, 1},
        {"a", "fast", "test", "", 1, 0.5},
        {"leak_a", "glibc", "baseline", "", 2, 1},
        {"leak_a", "fast", "test", "", 3, 8},
    };

    (void)state;
    begin_runs();
    put_blocks(arms, 4, BLOCKS);
    assert_int_equal(summarise(), 0);
    assert_string_equal(field("leak_a", "fast", "test", "wall_ns", "ratio"),
                        "8");
    assert_string_equal(field("geomean", "fast", "test", "wall_ns", "params"),
                        "workloads=1;min=0.5;max=0.5");
    assert_non_null(
        strstr(folder_text("pareto.csv"), "\nfast,0.5,0.5,0.5,1,1,1,1,1,10\n"));
}

/* A workload of another name is a leak workload by its column. */
static void a_leak_workload_is_known_by_its_expected_verdict(void **state)
{
    (void)state;
    runs = folder_open("runs.csv", "w");
    assert_non_null(runs);
    (void)fprintf(runs, "%.*s,leak_expected\n",
                  (int)strcspn(FOLDER_COLUMNS, "\n"), FOLDER_COLUMNS);
    for (int b = 0; b < BLOCKS; b++) {
        (void)fprintf(runs,
                      "%d,%d,0,cache,n=1,,1,glibc,allocator,baseline,ok,,9,9,"
                      "3,,,,,,,,1,lost\n%d,%d,1,cache,n=1,,1,fast,allocator,"
                      "test,ok,,3,3,3,,,,,,,,1,lost\n",
                      2 * b, b, 2 * b + 1, b);
    }
    assert_int_equal(summarise(), 0);
    assert_string_equal(field("geomean", "fast", "test", "wall_ns", "ratio"),
                        "no row");
}

static void rows_in_any_order_give_the_same_summary(void **state)
{
    char *forward;

    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, BLOCKS);
    assert_int_equal(summarise(), 0);
    forward = strdup(folder_text("summary.csv"));
    begin_runs();
    for (int b = BLOCKS - 1; b >= 0; b--) {
        for (int a = 2; a >= 0; a--) {
            put_run(&three_arms[a], b, "ok",
                    1e9 * (1 + b % 4) * three_arms[a].factor);
        }
    }
    assert_int_equal(summarise(), 0);
    assert_string_equal(folder_text("summary.csv"), forward);
    free(forward);
}

static void a_block_that_comes_twice_is_refused(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, BLOCKS);
    put_run(&three_arms[2], 4, "ok", 1e9);
    assert_int_equal(summarise(), -EINVAL);
    assert_string_equal(folder_text("summary.csv"), "");
}

static void broken_tables_are_refused_and_nothing_is_written(void **state)
{
    (void)state;
    assert_int_equal(hm_summary_write(folder), -ENOENT);
    folder_put("runs.csv", "run_id,block\n1,2\n");
    assert_int_equal(hm_summary_write(folder), -ENOENT);
    folder_put("runs.csv", FOLDER_COLUMNS);
    assert_int_equal(hm_summary_write(folder), -ENODATA);
    folder_put("runs.csv",
               FOLDER_COLUMNS "0,0,0,w,,,1,s,c,test,ok,,12x,,,,,,,,,,\n");
    assert_int_equal(hm_summary_write(folder), -EINVAL);
    folder_put("runs.csv",
               FOLDER_COLUMNS "0,0,0,w,,,1,s,c,test,fine,,12,,,,,,,,,,\n");
    assert_int_equal(hm_summary_write(folder), -EINVAL);
    assert_string_equal(folder_text("summary.csv"), "");
}

static void operations_have_percentiles_with_ten_samples_beyond(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, 2);
    folder_put("hist.csv", "run_id,low_ns,high_ns,count,operation\n"
                           "0,100,100,5000,\n"
                           "0,20,20,990,malloc\n"
                           "0,90,90,10,malloc\n"
                           "0,40,40,19,free\n");
    assert_int_equal(summarise(), 0);
    assert_non_null(
        strstr(folder_text("operations.csv"), ",malloc,p50,20,1000,NaN\n"));
    assert_non_null(
        strstr(folder_text("operations.csv"), ",malloc,p99,20,1000,NaN\n"));
    assert_null(strstr(folder_text("operations.csv"), "p99.9"));
    assert_null(strstr(folder_text("operations.csv"), "free"));
    assert_null(strstr(folder_text("latency.csv"), ",20\n"));
}

/* Without it nobody could tell a request's time from the clock's. */
static void operations_stand_beside_the_cost_of_the_clock(void **state)
{
    (void)state;
    folder_put("runs.csv",
               "clock_cost_ns," FOLDER_COLUMNS
               "21,0,0,0,w,n=1,,1,glibc,a,baseline,ok,,9,,,,,,,,,,\n"
               "35,1,1,0,w,n=1,,1,glibc,a,baseline,ok,,9,,,,,,,,,,\n"
               "22,2,0,1,w,n=1,,1,fast,a,test,ok,,9,,,,,,,,,,\n");
    folder_put("hist.csv", "run_id,low_ns,high_ns,count,operation\n"
                           "0,30,30,100,malloc\n"
                           "2,40,40,100,free\n");
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(
        folder_text("operations.csv"),
        "workload,strategy,operation,percentile,latency_ns,samples,"
        "clock_cost_ns\n"
        "w,glibc,malloc,p50,30,100,21\n"
        "w,fast,free,p50,40,100,22\n");
}

static void metered_latency_is_a_curve_of_its_own(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, 2);
    folder_put("hist.csv", "run_id,low_ns,high_ns,count,operation\n"
                           "2,100,100,1000,\n"
                           "2,900,903,1000,metered\n");
    assert_int_equal(summarise(), 0);
    assert_non_null(
        strstr(folder_text("latency.csv"), "\ncache,fast,0.3,100\n"));
    assert_non_null(
        strstr(folder_text("latency.csv"), "\ncache/metered,fast,0.3,903\n"));
    assert_null(strstr(folder_text("operations.csv"), "metered"));
}

/* A panel of the chart without a curve says why. */
static void an_open_loop_that_failed_is_told(void **state)
{
    (void)state;
    folder_put("runs.csv", FOLDER_COLUMNS
               "0,0,0,w,n=1,,1,glibc,a,baseline,ok,,9,,,,,,,,,,\n"
               "1,0,1,w,n=1;load=80,,1,glibc,a,baseline,saturated,late,,,,,,,,"
               ",,,\n"
               "2,0,2,w,n=1;load=80,,1,glibc,a,twin,saturated,late,,,,,,,,,,,"
               "\n"
               "3,0,3,w,n=1;load=80,,1,node,c,test,unsupported,no node,,,,,,,"
               ",,,,\n");
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(folder_text("latency.csv"),
                        "workload,strategy,nines,latency_ns\n"
                        "w/load=80,glibc,NaN,saturated\n");
}

/* The time of an open loop is that of its schedule. */
static void open_loops_are_in_no_mean_and_no_ratio(void **state)
{
    (void)state;
    folder_put(
        "runs.csv", FOLDER_COLUMNS
        "0,0,0,w,n=1,,1,glibc,a,baseline,ok,,100,100,5,,,,7,,,,\n"
        "1,0,1,w,n=1,,1,fast,a,test,ok,,50,50,5,,,,7,,,,\n"
        "2,0,2,w,n=1;load=30,,1,glibc,a,baseline,ok,,100,100,5,,,,7,,,,\n"
        "3,0,3,w,n=1;load=30,,1,fast,a,test,ok,,100,100,5,,,,14,,,,\n");
    assert_int_equal(hm_summary_write(folder), 0);
    assert_non_null(strstr(folder_text("ratios.csv"),
                           "\nwall_ns,geomean,fast,glibc,0.5,0.5,0.5,ok,1\n"));
    assert_null(strstr(folder_text("ratios.csv"), "load=30"));
    assert_non_null(strstr(folder_text("summary.csv"),
                           "\nw,n=1;load=30,,1,fast,a,test,lat_p99_ns,ns,lower,"
                           "1,ok,14,14,14,2,2,2,"));
}

static void the_pareto_front_is_what_nobody_beats(void **state)
{
    static const struct arm arms[] = {
        {"a", "glibc", "baseline", "", 0, 1},
        {"a", "fast", "test", "", 1, 0.5},
        {"a", "slow", "test", "", 2, 2},
    };

    (void)state;
    begin_runs();
    put_blocks(arms, 3, BLOCKS);
    assert_int_equal(summarise(), 0);
    /* All use the same memory, so only the fastest is on the front. */
    assert_non_null(
        strstr(folder_text("pareto.csv"), "\nfast,0.5,0.5,0.5,1,1,1,1,1,10\n"));
    assert_non_null(
        strstr(folder_text("pareto.csv"), "\nslow,2,2,2,1,1,1,0,1,10\n"));
    assert_non_null(
        strstr(folder_text("pareto.csv"), "\nglibc,1,1,1,1,1,1,0,1,10\n"));
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(ratios_are_taken_within_blocks),
        TEST(medians_and_derived_metrics_are_there),
        TEST(fewer_than_six_blocks_give_a_range_and_no_verdict),
        TEST(a_cell_with_failures_names_them_and_has_no_ratio),
        TEST(a_cell_that_always_fails_still_has_its_row),
        TEST(all_heap_multiples_meet_the_one_baseline),
        TEST(means_cover_what_the_strategy_completed),
        TEST(what_is_within_the_twins_noise_is_inconclusive),
        TEST(leak_workloads_are_in_no_mean_and_not_in_the_pareto_data),
        TEST(a_leak_workload_is_known_by_its_expected_verdict),
        TEST(rows_in_any_order_give_the_same_summary),
        TEST(a_block_that_comes_twice_is_refused),
        TEST(broken_tables_are_refused_and_nothing_is_written),
        TEST(operations_have_percentiles_with_ten_samples_beyond),
        TEST(operations_stand_beside_the_cost_of_the_clock),
        TEST(metered_latency_is_a_curve_of_its_own),
        TEST(an_open_loop_that_failed_is_told),
        TEST(open_loops_are_in_no_mean_and_no_ratio),
        TEST(the_pareto_front_is_what_nobody_beats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
