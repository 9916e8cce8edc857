/* SPDX-License-Identifier: MIT */
/* test_summary_nursery.c -- nursery.csv of campaigns whose figures are known.
 */
#include "harness/analysis/summary.h"

#include "tests/unit/campaign_folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define HEADER "metric,workload,strategy,nursery_mib,value,low,high,status,n\n"

#define PLAN "cell,strategy,settings\n"

/* A cell of 1000 operations in 100 ms, 80 ms of them on a processor, with a
 * pause of 5 ms, 7 collections and 64 MiB. */
struct cell {
    const char *strategy, *heap, *arm, *status;
};

static void put_runs(const struct cell *cell, size_t n, int blocks)
{
    FILE *runs = folder_open("runs.csv", "w");
    int run_id = 0;

    assert_non_null(runs);
    (void)fprintf(runs, "%.*s,ops,collections\n",
                  (int)strcspn(FOLDER_COLUMNS, "\n"), FOLDER_COLUMNS);
    for (int b = 0; b < blocks; b++) {
        for (size_t c = 0; c < n; c++) {
            (void)fprintf(runs, "%d,%d,%zu,w,n=1,%s,1,%s,collector,%s,%s,",
                          run_id++, b, c, cell[c].heap, cell[c].strategy,
                          cell[c].arm, cell[c].status);
            (void)fputs(strcmp(cell[c].status, "ok") == 0
                            ? ",100000000,80000000,67108864,,,,,,5000000,,,"
                              "1000,7\n"
                            : "why,,,,,,,,,,,,,\n",
                        runs);
        }
    }
    assert_int_equal(fclose(runs), 0);
}

static const char *summarise(const struct cell *cell, size_t n,
                             const char *plan)
{
    put_runs(cell, n, 3);
    if (plan != NULL)
        folder_put("plan.csv", plan);
    assert_int_equal(hm_summary_write(folder), 0);
    return folder_text("nursery.csv");
}

static void variants_called_after_their_nursery_are_one_curve(void **state)
{
    static const struct cell cell[] = {{"glibc", "", "baseline", "ok"},
                                       {"v8_512K", "", "test", "ok"},
                                       {"v8_2M", "", "test", "ok"}};

    (void)state;
    assert_string_equal(
        summarise(cell, 3,
                  PLAN "0,glibc,\n1,v8_512K,option.nursery_max=512K;\n"
                       "2,v8_2M,option.a=1;option.nursery_max=2M;icount=yes;"
                       "\n"),
        HEADER "ops_per_s,w,v8,0.5,10000,10000,10000,ok,3\n"
               "ops_per_s,w,v8,2,10000,10000,10000,ok,3\n"
               "cpu_ms,w,v8,0.5,80,80,80,ok,3\n"
               "cpu_ms,w,v8,2,80,80,80,ok,3\n"
               "pause_max_ms,w,v8,0.5,5,5,5,ok,3\n"
               "pause_max_ms,w,v8,2,5,5,5,ok,3\n"
               "rss_peak_mib,w,v8,0.5,64,64,64,ok,3\n"
               "rss_peak_mib,w,v8,2,64,64,64,ok,3\n"
               "collections,w,v8,0.5,7,7,7,ok,3\n"
               "collections,w,v8,2,7,7,7,ok,3\n");
}

static void other_names_stay_and_heaps_are_told_apart(void **state)
{
    static const struct cell cell[] = {{"a_1M", "4", "test", "ok"},
                                       {"a_1M", "", "test", "ok"},
                                       {"b_2M", "4", "test", "ok"},
                                       {"1M", "4", "test", "ok"}};
    const char *text;

    (void)state;
    text = summarise(cell, 4,
                     PLAN "0,a_1M,option.nursery_max=1M;\n"
                          "1,a_1M,option.nursery_max=1M;\n"
                          "2,b_2M,option.nursery_max=1M;\n"
                          "3,1M,option.nursery_max=1M;\n");
    assert_non_null(strstr(text, "ops_per_s,w,a@4x,1,"));
    assert_non_null(strstr(text, "ops_per_s,w,a,1,"));
    assert_non_null(strstr(text, "ops_per_s,w,b_2M@4x,1,"));
    assert_non_null(strstr(text, "ops_per_s,w,1M@4x,1,"));
}

static void a_curve_is_in_the_order_of_sizes(void **state)
{
    static const struct cell cell[] = {{"a_16M", "4", "test", "ok"},
                                       {"a_16M", "8", "test", "ok"},
                                       {"a_2M", "4", "test", "ok"},
                                       {"a_2M", "8", "test", "ok"}};

    (void)state;
    assert_non_null(strstr(summarise(cell, 4,
                                     PLAN "0,a_16M,option.nursery_max=16M;\n"
                                          "1,a_16M,option.nursery_max=16M;\n"
                                          "2,a_2M,option.nursery_max=2M;\n"
                                          "3,a_2M,option.nursery_max=2M;\n"),
                           "collections,w,a@4x,2,7,7,7,ok,3\n"
                           "collections,w,a@4x,16,7,7,7,ok,3\n"
                           "collections,w,a@8x,2,7,7,7,ok,3\n"
                           "collections,w,a@8x,16,7,7,7,ok,3\n"));
}

static void a_nursery_that_did_not_fit_has_a_status_and_no_value(void **state)
{
    static const struct cell cell[] = {{"a_1M", "4", "test", "ok"},
                                       {"a_2M", "4", "test", "oom"}};
    const char *text;

    (void)state;
    text = summarise(cell, 2,
                     PLAN "0,a_1M,option.nursery_max=1M;\n"
                          "1,a_2M,option.nursery_max=2M;\n");
    assert_non_null(strstr(text, "ops_per_s,w,a,2,NaN,NaN,NaN,oom,0\n"));
    assert_non_null(strstr(text, "collections,w,a,2,NaN,NaN,NaN,oom,0\n"));
}

/* Neither a plan without settings, nor no plan, nor the default. */
static void without_a_nursery_of_its_own_a_cell_has_no_row(void **state)
{
    static const struct cell cell[] = {{"a_1M", "", "test", "ok"}};

    (void)state;
    assert_string_equal(summarise(cell, 1, NULL), HEADER);
    assert_string_equal(summarise(cell, 1, "cell,strategy\n0,a_1M\n"), HEADER);
    assert_string_equal(
        summarise(cell, 1, PLAN "0,a_1M,option.nursery_max=0;\n"), HEADER);
    assert_string_equal(
        summarise(cell, 1, PLAN "0,a_1M,option.nursery_min=1M;\n"), HEADER);
    assert_string_equal(summarise(cell, 1, PLAN), HEADER);
}

static void a_broken_plan_is_named(void **state)
{
    static const struct cell cell[] = {{"a_1M", "", "test", "ok"}};

    (void)state;
    put_runs(cell, 1, 1);
    folder_put("plan.csv", PLAN "0,a_1M\n");
    assert_true(hm_summary_write(folder) < 0);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(variants_called_after_their_nursery_are_one_curve),
        TEST(other_names_stay_and_heaps_are_told_apart),
        TEST(a_curve_is_in_the_order_of_sizes),
        TEST(a_nursery_that_did_not_fit_has_a_status_and_no_value),
        TEST(without_a_nursery_of_its_own_a_cell_has_no_row),
        TEST(a_broken_plan_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
