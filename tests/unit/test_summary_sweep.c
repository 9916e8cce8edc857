/* SPDX-License-Identifier: MIT */
/* test_summary_sweep.c -- sweep.csv of campaigns whose costs are known. */
#include "harness/analysis/summary.h"

#include "tests/unit/campaign_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define HEADER "metric,workload,strategy,value,cost,low,high,status,n\n"

/* A cell; in block b its wall time is wall_ns + b. */
struct cell {
    const char *params, *strategy, *arm, *status;
    double ops, wall_ns;
    const char *instructions;
};

static const char *summarise(const struct cell *cell, size_t n, int blocks)
{
    FILE *runs = folder_open("runs.csv", "w");

    assert_non_null(runs);
    (void)fprintf(runs, "%.*s,ops,instructions_per_op\n",
                  (int)strcspn(FOLDER_COLUMNS, "\n"), FOLDER_COLUMNS);
    for (size_t i = 0; i < n * (size_t)blocks; i++) {
        const struct cell *of = &cell[i % n];
        size_t block = i / n;

        (void)fprintf(runs, "%zu,%zu,%zu,w,%s,,1,%s,allocator,%s,%s,,", i,
                      block, i % n, of->params, of->strategy, of->arm,
                      of->status);
        if (strcmp(of->status, "ok") == 0) {
            (void)fprintf(runs, "%.0f,1,1,,,,,,,,1,%.0f,%s\n",
                          of->wall_ns + (double)block, of->ops,
                          block == 0 ? of->instructions : "");
        } else {
            (void)fputs(",,,,,,,,,,,,\n", runs);
        }
    }
    assert_int_equal(fclose(runs), 0);
    assert_int_equal(hm_summary_write(folder), 0);
    return folder_text("sweep.csv");
}

/* The plan goes by value, the curves by strategy and then by value. */
static void cost_is_by_operation_and_in_the_order_of_values(void **state)
{
    const struct cell cell[] = {
        {"n=64;m=1", "glibc", "baseline", "ok", 10, 1000, ""},
        {"n=64;m=1", "glibc", "twin", "ok", 10, 1000, ""},
        {"n=64;m=1", "fast", "test", "ok", 10, 500, "7.5"},
        {"n=8;m=1", "glibc", "baseline", "ok", 20, 1000, ""},
        {"n=8;m=1", "glibc", "twin", "ok", 20, 1000, ""},
        {"n=8;m=1", "fast", "test", "ok", 20, 500, "5"},
    };

    (void)state;
    assert_string_equal(summarise(cell, 6, 3), HEADER
                        "ns_per_op,w/n,glibc,8,50.05,50,50.1,ok,3\n"
                        "ns_per_op,w/n,glibc,64,100.1,100,100.2,ok,3\n"
                        "ns_per_op,w/n,fast,8,25.05,25,25.1,ok,3\n"
                        "instructions_per_op,w/n,fast,8,5,5,5,ok,1\n"
                        "ns_per_op,w/n,fast,64,50.1,50,50.2,ok,3\n"
                        "instructions_per_op,w/n,fast,64,7.5,7.5,7.5,ok,1\n");
}

static void one_value_is_no_sweep(void **state)
{
    const struct cell cell[] = {
        {"n=8", "glibc", "baseline", "ok", 10, 1000, ""},
        {"n=8", "fast", "test", "ok", 10, 1000, ""},
    };

    (void)state;
    assert_string_equal(summarise(cell, 2, 1), HEADER);
}

/* Names that begin alike are told apart. */
static void two_parameters_are_two_works_each(void **state)
{
    const struct cell cell[] = {
        {"n=1;nn=3", "s", "baseline", "ok", 1, 10, ""},
        {"n=2;nn=3", "s", "baseline", "ok", 1, 20, ""},
        {"n=1;nn=4", "s", "baseline", "ok", 1, 30, ""},
        {"n=2;nn=4", "s", "baseline", "ok", 1, 40, ""},
    };

    (void)state;
    assert_string_equal(summarise(cell, 4, 1),
                        HEADER "ns_per_op,w/n;nn=3,s,1,10,10,10,ok,1\n"
                               "ns_per_op,w/n;nn=3,s,2,20,20,20,ok,1\n"
                               "ns_per_op,w/n;nn=4,s,1,30,30,30,ok,1\n"
                               "ns_per_op,w/n;nn=4,s,2,40,40,40,ok,1\n"
                               "ns_per_op,w/nn;n=1,s,3,10,10,10,ok,1\n"
                               "ns_per_op,w/nn;n=1,s,4,30,30,30,ok,1\n"
                               "ns_per_op,w/nn;n=2,s,3,20,20,20,ok,1\n"
                               "ns_per_op,w/nn;n=2,s,4,40,40,40,ok,1\n");
}

static void a_failed_cell_has_a_status_and_no_cost(void **state)
{
    const struct cell cell[] = {
        {"n=1", "s", "baseline", "ok", 1, 10, ""},
        {"n=2", "s", "baseline", "timeout", 0, 0, ""},
    };

    (void)state;
    assert_string_equal(summarise(cell, 2, 1),
                        HEADER "ns_per_op,w/n,s,1,10,10,10,ok,1\n"
                               "ns_per_op,w/n,s,2,NaN,NaN,NaN,timeout,0\n");
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(cost_is_by_operation_and_in_the_order_of_values),
        TEST(one_value_is_no_sweep),
        TEST(two_parameters_are_two_works_each),
        TEST(a_failed_cell_has_a_status_and_no_cost),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
