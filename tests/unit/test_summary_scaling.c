/* SPDX-License-Identifier: MIT */
/* test_summary_scaling.c -- scaling.csv of campaigns whose rates are known. */
#include "harness/analysis/summary.h"

#include "tests/unit/campaign_folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define HEADER                                                         \
    "workload,strategy,threads,throughput,low,high,status,n,baseline," \
    "baseline_threads\n"

/* A cell; in block b its wall time is wall_ms * (1 + b), which the baseline's
 * is too: what is divided within blocks does not show it. */
struct cell {
    const char *workload, *strategy, *arm, *status;
    int threads;
    double ops, wall_ms;
};

static void put_run(FILE *runs, const struct cell *cell, size_t number,
                    int block, int run_id)
{
    (void)fprintf(runs, "%d,%d,%zu,%s,n=1,,%d,%s,allocator,%s,%s,", run_id,
                  block, number, cell->workload, cell->threads, cell->strategy,
                  cell->arm, cell->status);
    if (strcmp(cell->status, "ok") == 0) {
        (void)fprintf(runs, ",%.0f,1,1,,,,,,,,1,%.0f\n",
                      cell->wall_ms * 1e6 * (1 + block), cell->ops);
    } else {
        (void)fputs("why,,,,,,,,,,,,\n", runs);
    }
}

static const char *summarise(const struct cell *cell, size_t n, int blocks)
{
    FILE *runs = folder_open("runs.csv", "w");
    int run_id = 0;

    assert_non_null(runs);
    (void)fprintf(runs, "%.*s,ops\n", (int)strcspn(FOLDER_COLUMNS, "\n"),
                  FOLDER_COLUMNS);
    for (int b = 0; b < blocks; b++) {
        for (size_t c = 0; c < n; c++)
            put_run(runs, &cell[c], c, b, run_id++);
    }
    assert_int_equal(fclose(runs), 0);
    assert_int_equal(hm_summary_write(folder), 0);
    return folder_text("scaling.csv");
}

/* The plan goes by threads, the curves by strategy. */
static const struct cell two_threads[] = {
    {"w", "glibc", "baseline", "ok", 1, 1000, 100},
    {"w", "glibc", "twin", "ok", 1, 1000, 100},
    {"w", "fast", "test", "ok", 1, 1000, 50},
    {"w", "glibc", "baseline", "ok", 2, 2000, 160},
    {"w", "glibc", "twin", "ok", 2, 2000, 160},
    {"w", "fast", "test", "ok", 2, 2000, 50},
};

static void rates_are_divided_by_the_baseline_at_one_thread(void **state)
{
    (void)state;
    assert_string_equal(summarise(two_threads, 6, 3),
                        HEADER "w,glibc,1,1,1,1,ok,3,glibc,1\n"
                               "w,glibc,2,1.25,1.25,1.25,ok,3,glibc,1\n"
                               "w,fast,1,2,2,2,ok,3,glibc,1\n"
                               "w,fast,2,4,4,4,ok,3,glibc,1\n");
}

static void one_number_of_threads_is_no_curve(void **state)
{
    (void)state;
    assert_string_equal(summarise(two_threads, 3, 3), HEADER);
}

static void what_cannot_run_in_two_threads_is_no_curve(void **state)
{
    const struct cell cell[] = {
        {"w", "glibc", "baseline", "ok", 1, 1000, 100},
        {"w", "fast", "test", "ok", 1, 1000, 50},
        {"w", "glibc", "baseline", "unsupported", 2, 0, 0},
        {"w", "fast", "test", "unsupported", 2, 0, 0},
    };

    (void)state;
    assert_string_equal(summarise(cell, 4, 3), HEADER);
}

static void a_failed_cell_has_a_status_and_no_rate(void **state)
{
    const struct cell cell[] = {
        {"w", "glibc", "baseline", "ok", 1, 1000, 100},
        {"w", "fast", "test", "ok", 1, 1000, 50},
        {"w", "glibc", "baseline", "ok", 4, 4000, 100},
        {"w", "fast", "test", "crash", 4, 0, 0},
    };

    (void)state;
    assert_string_equal(summarise(cell, 4, 1),
                        HEADER "w,glibc,1,1,1,1,ok,1,glibc,1\n"
                               "w,glibc,4,4,4,4,ok,1,glibc,1\n"
                               "w,fast,1,2,2,2,ok,1,glibc,1\n"
                               "w,fast,4,NaN,NaN,NaN,crash,0,glibc,1\n");
}

static void the_baseline_is_that_of_the_fewest_threads_it_completed(
    void **state)
{
    const struct cell cell[] = {
        {"w", "glibc", "baseline", "oom", 1, 0, 0},
        {"w", "fast", "test", "ok", 1, 1000, 50},
        {"w", "glibc", "baseline", "oom", 2, 0, 0},
        {"w", "fast", "test", "ok", 2, 2000, 50},
        {"v", "glibc", "baseline", "oom", 1, 0, 0},
        {"v", "glibc", "baseline", "ok", 2, 2000, 50},
        {"v", "glibc", "baseline", "ok", 4, 4000, 50},
    };

    (void)state;
    assert_string_equal(summarise(cell, 7, 1),
                        HEADER "v,glibc,1,NaN,NaN,NaN,oom,0,glibc,2\n"
                               "v,glibc,2,1,1,1,ok,1,glibc,2\n"
                               "v,glibc,4,2,2,2,ok,1,glibc,2\n");
}

/* An older table has no column of operations. */
static void without_operations_there_is_no_rate(void **state)
{
    (void)state;
    folder_put("runs.csv", FOLDER_COLUMNS
               "0,0,0,w,,,1,s,allocator,baseline,ok,,9,9,9,,,,,,,,\n"
               "1,0,1,w,,,2,s,allocator,baseline,ok,,9,9,9,,,,,,,,\n");
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(folder_text("scaling.csv"), HEADER);
}

static void operations_that_are_no_number_are_named(void **state)
{
    (void)state;
    folder_put("runs.csv",
               "run_id,block,cell,workload,params,heap_multiple,threads,"
               "strategy,class,arm,status,reason,wall_ns,cpu_ns,rss_peak_bytes,"
               "rss_mean_bytes,rss_drained_bytes,lat_p50_ns,lat_p99_ns,"
               "lat_p999_ns,pause_max_ns,pause_total_ns,live_peak_bytes,ops\n"
               "0,0,0,w,,,1,s,allocator,test,ok,,9,9,,,,,,,,,,many\n");
    assert_int_equal(hm_summary_write(folder), -EINVAL);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(rates_are_divided_by_the_baseline_at_one_thread),
        TEST(one_number_of_threads_is_no_curve),
        TEST(what_cannot_run_in_two_threads_is_no_curve),
        TEST(a_failed_cell_has_a_status_and_no_rate),
        TEST(the_baseline_is_that_of_the_fewest_threads_it_completed),
        TEST(without_operations_there_is_no_rate),
        TEST(operations_that_are_no_number_are_named),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
