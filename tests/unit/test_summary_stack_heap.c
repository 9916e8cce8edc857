/* SPDX-License-Identifier: MIT */
/* test_summary_stack_heap.c -- stack_heap.csv of campaigns whose costs are
 * known. */
#include "harness/analysis/summary.h"

#include "tests/unit/campaign_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define HEADER                                                         \
    "workload,strategy,kind,ns_per_call,low,high,grown_mib,grown_low," \
    "grown_high,status,n\n"

/* A cell; in block b it takes wall_ns + b for 10 calls, and peaks at peak_mib
 * with 2 MiB before. */
struct cell {
    const char *workload, *params, *strategy, *arm, *status;
    double wall_ns, peak_mib;
};

static const char *summarise(const struct cell *cell, size_t n, int blocks)
{
    FILE *runs = folder_open("runs.csv", "w");

    assert_non_null(runs);
    (void)fprintf(runs, "%.*s,ops,rss_base_bytes\n",
                  (int)strcspn(FOLDER_COLUMNS, "\n"), FOLDER_COLUMNS);
    for (size_t i = 0; i < n * (size_t)blocks; i++) {
        const struct cell *of = &cell[i % n];
        size_t block = i / n;

        (void)fprintf(runs, "%zu,%zu,%zu,%s,%s,,1,%s,allocator,%s,%s,,", i,
                      block, i % n, of->workload, of->params, of->strategy,
                      of->arm, of->status);
        if (strcmp(of->status, "ok") == 0) {
            (void)fprintf(runs, "%.0f,1,%.0f,,,,,,,,1,10,2097152\n",
                          of->wall_ns + (double)block, of->peak_mib * 1048576);
        } else {
            (void)fputs(",,,,,,,,,,,,\n", runs);
        }
    }
    assert_int_equal(fclose(runs), 0);
    assert_int_equal(hm_summary_write(folder), 0);
    return folder_text("stack_heap.csv");
}

static void kinds_have_their_names_and_what_they_cost(void **state)
{
    const struct cell cell[] = {
        {"stack_heap", "depth=9;variant=0;levels=5", "glibc", "baseline", "ok",
         10, 2},
        {"stack_heap", "depth=9;variant=0;levels=5", "glibc", "twin", "ok", 90,
         9},
        {"stack_heap", "depth=9;variant=0;levels=5", "arena", "test", "ok", 20,
         3},
        {"stack_heap", "depth=9;variant=5;levels=5", "glibc", "baseline", "ok",
         100, 6},
        {"stack_heap", "depth=9;variant=5;levels=5", "arena", "test", "oom", 0,
         0},
    };

    (void)state;
    assert_string_equal(
        summarise(cell, 5, 3), HEADER
        "stack_heap/depth=9;levels=5,glibc,locals,1.1,1,1.2,0,0,0,ok,3\n"
        "stack_heap/depth=9;levels=5,arena,locals,2.1,2,2.2,1,1,1,ok,3\n"
        "stack_heap/depth=9;levels=5,glibc,deep,10.1,10,10.2,4,4,4,ok,3\n"
        "stack_heap/depth=9;levels=5,arena,deep,NaN,NaN,NaN,NaN,NaN,NaN,oom,"
        "0\n");
}

static void one_kind_has_nothing_to_stand_beside(void **state)
{
    const struct cell cell[] = {
        {"stack_heap", "variant=3", "glibc", "baseline", "ok", 10, 2},
        {"stack_heap", "variant=3", "arena", "test", "ok", 10, 2},
        {"cache", "variant=1", "glibc", "baseline", "ok", 10, 2},
    };

    (void)state;
    assert_string_equal(summarise(cell, 3, 2), HEADER);
}

static void the_variants_of_other_workloads_are_none_of_it(void **state)
{
    const struct cell cell[] = {
        {"cache", "variant=0", "glibc", "baseline", "ok", 10, 2},
        {"cache", "variant=1", "glibc", "baseline", "ok", 10, 2},
    };

    (void)state;
    assert_string_equal(summarise(cell, 2, 1), HEADER);
}

static void kinds_are_no_sweep(void **state)
{
    const struct cell cell[] = {
        {"stack_heap", "variant=0", "glibc", "baseline", "ok", 10, 2},
        {"stack_heap", "variant=3", "glibc", "baseline", "ok", 10, 2},
    };

    (void)state;
    (void)summarise(cell, 2, 1);
    assert_string_equal(
        folder_text("sweep.csv"),
        "metric,workload,strategy,value,cost,low,high,status,n\n");
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(kinds_have_their_names_and_what_they_cost),
        TEST(one_kind_has_nothing_to_stand_beside),
        TEST(the_variants_of_other_workloads_are_none_of_it),
        TEST(kinds_are_no_sweep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
