/* SPDX-License-Identifier: MIT */
/* test_summary_heaps.c -- mmu.csv, lbo.csv and time_heap.csv of campaigns whose
 * figures are known. */
#include "harness/analysis/summary.h"

#include "harness/csv.h"
#include "tests/unit/campaign_folder.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { BLOCKS = 8 };

/* A cell whose every run is the same. */
struct cell {
    const char *workload, *strategy, *class, *arm, *heap, *status;
    double wall_ms, cpu_ms, pause_ms;
    double mutator_ms; /* 0: not measured */
    int threads;
};

static void put_numbers(FILE *runs, const struct cell *cell)
{
    (void)fprintf(runs, ",%.0f,%.0f,3000000,,,,,,%.0f,%.0f,1000000,",
                  cell->wall_ms * 1e6, cell->cpu_ms * 1e6, cell->pause_ms * 1e6,
                  cell->pause_ms * 1e6);
    if (cell->mutator_ms > 0)
        (void)fprintf(runs, "%.0f", cell->mutator_ms * 1e6);
    (void)fputc('\n', runs);
}

static void put_campaign(const struct cell *cell, size_t n, int blocks)
{
    FILE *runs = folder_open("runs.csv", "w");
    int run_id = 0;

    assert_non_null(runs);
    (void)fprintf(runs, "%.*s,mutator_cpu_ns\n",
                  (int)strcspn(FOLDER_COLUMNS, "\n"), FOLDER_COLUMNS);
    for (int b = 0; b < blocks; b++) {
        for (size_t c = 0; c < n; c++) {
            (void)fprintf(runs, "%d,%d,%zu,%s,n=1,%s,%d,%s,%s,%s,%s,", run_id++,
                          b, c, cell[c].workload, cell[c].heap, cell[c].threads,
                          cell[c].strategy, cell[c].class, cell[c].arm,
                          cell[c].status);
            if (strcmp(cell[c].status, "ok") == 0) {
                put_numbers(runs, &cell[c]);
            } else {
                (void)fputs("why,,,,,,,,,,,,\n", runs);
            }
        }
    }
    assert_int_equal(fclose(runs), 0);
}

/* The field `name` of the first record of `file` whose fields begin with the
 * n texts of `key`; "" if there is none. */
static const char *field(const char *file, const char *const *key, size_t n,
                         const char *name)
{
    static char value[64];
    char path[128];
    struct hm_csv csv;

    value[0] = '\0';
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    assert_int_equal(hm_csv_open(&csv, path), 0);
    while (value[0] == '\0' && hm_csv_next(&csv) > 0) {
        size_t same = 0;

        while (same < n && strcmp(csv.field[same], key[same]) == 0)
            same++;
        if (same == n) {
            (void)snprintf(value, sizeof value, "%s",
                           csv.field[hm_csv_column(&csv, name)]);
        }
    }
    hm_csv_close(&csv);
    return value;
}

static const char *lbo(const char *metric, const char *workload,
                       const char *strategy, const char *heap, const char *name)
{
    const char *const key[] = {metric, workload, strategy, heap};

    return field("lbo.csv", key, 4, name);
}

static const char *mmu(const char *strategy, const char *window_ns,
                       const char *name)
{
    const char *const key[] = {"w", strategy, window_ns};

    return field("mmu.csv", key, 3, name);
}

static void assert_ratio(const char *text, double wanted)
{
    if (fabs(strtod(text, NULL) / wanted - 1) > 1e-5)
        print_error("'%s', not %g\n", text, wanted);
    assert_true(fabs(strtod(text, NULL) / wanted - 1) <= 1e-5);
}

/* malloc costs 100; the collector 150 and 120, of which 80 and 30 are pauses;
 * so the least distilled cost is 70 by the wall clock. */
static const struct cell two_heaps[] = {
    {"w", "glibc", "allocator", "baseline", "", "ok", 100, 100, 0, 0, 1},
    {"w", "glibc", "allocator", "twin", "", "ok", 10, 10, 0, 0, 1},
    {"w", "gc", "collector", "test", "2", "ok", 150, 150, 80, 0, 1},
    {"w", "gc", "collector", "test", "3", "ok", 120, 60, 30, 0, 1},
    {"w", "gc", "collector", "test", "1.5", "oom", 0, 0, 0, 0, 1},
    {"w", "nogc", "reference", "test", "", "ok", 90, 90, 0, 0, 1},
};

static void the_bound_is_the_least_cost_without_pauses(void **state)
{
    (void)state;
    put_campaign(two_heaps, 6, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(lbo("wall_ns", "w", "gc", "2", "bound_ns"), "70000000");
    assert_string_equal(lbo("wall_ns", "w", "gc", "2", "bound"), "gc@2x");
    assert_ratio(lbo("wall_ns", "w", "glibc", "NaN", "lbo"), 100.0 / 70);
    assert_ratio(lbo("wall_ns", "w", "gc", "2", "lbo"), 150.0 / 70);
    assert_ratio(lbo("wall_ns", "w", "gc", "3", "lbo"), 120.0 / 70);
    assert_ratio(lbo("wall_ns", "w", "nogc", "NaN", "lbo"), 90.0 / 70);
    assert_string_equal(lbo("wall_ns", "w", "gc", "3", "n"), "8");
}

/* The run at 3x had its processor half of the time: so had its pauses. */
static void processor_time_is_attributed_by_the_share_it_had(void **state)
{
    (void)state;
    put_campaign(two_heaps, 6, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(lbo("cpu_ns", "w", "gc", "3", "bound_ns"), "45000000");
    assert_ratio(lbo("cpu_ns", "w", "gc", "3", "lbo"), 60.0 / 45);
}

/* 100 ms, of them 20 in pauses, while a thread of the collector works beside
 * the program all along: the program itself is 80 ms of 200. */
static void a_concurrent_collector_pays_for_its_own_processor(void **state)
{
    const struct cell cell[] = {
        {"w", "glibc", "allocator", "baseline", "", "ok", 90, 90, 0, 90, 1},
        {"w", "concurrent", "collector", "test", "2", "ok", 100, 200, 20, 100,
         1},
    };

    (void)state;
    put_campaign(cell, 2, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(lbo("cpu_ns", "w", "concurrent", "2", "bound_ns"),
                        "80000000");
    assert_string_equal(lbo("cpu_ns", "w", "concurrent", "2", "bound"),
                        "concurrent");
    assert_ratio(lbo("cpu_ns", "w", "concurrent", "2", "lbo"), 200.0 / 80);
    assert_ratio(lbo("cpu_ns", "w", "glibc", "NaN", "lbo"), 90.0 / 80);
    assert_ratio(lbo("wall_ns", "w", "concurrent", "2", "lbo"), 100.0 / 80);
}

/* Pauses of 40 ms in which the mutator marks with one more thread. */
static void parallel_markers_are_attributed_whole(void **state)
{
    const struct cell cell[] = {
        {"w", "glibc", "allocator", "baseline", "", "ok", 90, 90, 0, 90, 1},
        {"w", "two", "collector", "test", "2", "ok", 100, 140, 40, 100, 1},
    };

    (void)state;
    put_campaign(cell, 2, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(lbo("cpu_ns", "w", "two", "2", "bound_ns"), "60000000");
}

/* Mutators that only wait while another thread collects: nothing of their own
 * time is taken off twice. */
static void waiting_mutators_are_not_attributed(void **state)
{
    const struct cell cell[] = {
        {"w", "glibc", "allocator", "baseline", "", "ok", 90, 90, 0, 90, 1},
        {"w", "gc", "collector", "test", "2", "ok", 100, 100, 40, 60, 1},
        {"v", "glibc", "allocator", "baseline", "", "ok", 90, 180, 0, 180, 2},
        {"v", "gc", "collector", "test", "2", "ok", 100, 170, 30, 170, 2},
    };

    (void)state;
    put_campaign(cell, 4, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(lbo("cpu_ns", "w", "gc", "2", "bound_ns"), "60000000");
    /* two mutators: 170 <= 200 - 30, so only the pause's own 30 */
    assert_string_equal(lbo("cpu_ns", "v", "gc", "2", "bound_ns"), "140000000");
}

/* A clock that says more for the mutators than for all: nothing is added. */
static void inconsistent_clocks_do_not_make_the_bound_negative(void **state)
{
    const struct cell cell[] = {
        {"w", "glibc", "allocator", "baseline", "", "ok", 90, 90, 0, 90, 1},
        {"w", "gc", "collector", "test", "2", "ok", 100, 99, 10, 100, 1},
    };

    (void)state;
    put_campaign(cell, 2, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_ratio(lbo("cpu_ns", "w", "gc", "2", "bound_ns"), 89e6);
}

static void a_mutator_time_that_is_none_is_named(void **state)
{
    (void)state;
    folder_put("runs.csv",
               "run_id,block,cell,workload,params,heap_multiple,threads,"
               "strategy,class,arm,status,reason,wall_ns,cpu_ns,rss_peak_bytes,"
               "rss_mean_bytes,rss_drained_bytes,lat_p50_ns,lat_p99_ns,"
               "lat_p999_ns,pause_max_ns,pause_total_ns,live_peak_bytes,"
               "mutator_cpu_ns\n"
               "0,0,0,w,,,1,s,collector,test,ok,,9,9,,,,,,,,,,many\n");
    assert_int_equal(hm_summary_write(folder), -EINVAL);
}

static void a_failed_cell_has_a_status_and_no_overhead(void **state)
{
    (void)state;
    put_campaign(two_heaps, 6, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(lbo("wall_ns", "w", "gc", "1.5", "lbo"), "NaN");
    assert_string_equal(lbo("wall_ns", "w", "gc", "1.5", "status"), "oom");
}

static void a_bound_comes_after_the_contenders(void **state)
{
    const char *text;

    (void)state;
    put_campaign(two_heaps, 6, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    text = folder_text("ratios.csv");
    assert_non_null(strstr(text, "geomean,nogc"));
    assert_true(strstr(text, "geomean,nogc") > strstr(text, "geomean,gc@2x"));
    assert_true(strstr(text, "geomean,nogc") > strstr(text, "geomean,gc@3x"));
}

static void malloc_alone_has_no_bound(void **state)
{
    const struct cell cell[] = {
        {"w", "glibc", "allocator", "baseline", "", "ok", 100, 100, 0, 0, 1},
        {"w", "other", "allocator", "test", "", "ok", 90, 90, 0, 0, 1},
        {"leak_x", "glibc", "allocator", "baseline", "", "ok", 9, 9, 0, 0, 1},
        {"leak_x", "gc", "collector", "test", "2", "ok", 9, 9, 1, 0, 1},
    };

    (void)state;
    put_campaign(cell, 4, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(folder_text("lbo.csv"),
                        "metric,workload,strategy,heap_multiple,lbo,low,high,"
                        "status,n,bound_ns,bound\n");
}

static void means_are_of_those_that_completed_all(void **state)
{
    const struct cell cell[] = {
        {"v", "glibc", "allocator", "baseline", "", "ok", 100, 100, 0, 0, 1},
        {"v", "gc", "collector", "test", "2", "oom", 0, 0, 0, 0, 1},
        {"v", "gc", "collector", "test", "3", "ok", 200, 200, 100, 0, 1},
        {"w", "glibc", "allocator", "baseline", "", "ok", 100, 100, 0, 0, 1},
        {"w", "gc", "collector", "test", "2", "ok", 450, 450, 100, 0, 1},
        {"w", "gc", "collector", "test", "3", "ok", 450, 450, 100, 0, 1},
    };

    (void)state;
    put_campaign(cell, 6, BLOCKS);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(lbo("wall_ns", "geomean", "gc", "2", "status"), "none");
    assert_string_equal(lbo("wall_ns", "geomean", "gc", "2", "lbo"), "NaN");
    assert_ratio(lbo("wall_ns", "geomean", "gc", "3", "lbo"), 3);
    assert_ratio(lbo("wall_ns", "geomean", "glibc", "NaN", "lbo"), 1);
}

static void time_by_heap_is_in_the_order_of_heaps(void **state)
{
    (void)state;
    put_campaign(two_heaps, 6, 3);
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(
        folder_text("time_heap.csv"),
        "workload,strategy,heap_multiple,wall_ns,low,high,status,n\n"
        "w,glibc,NaN,1e+08,1e+08,1e+08,ok,3\n"
        "w,gc,1.5,NaN,NaN,NaN,oom,0\n"
        "w,gc,2,1.5e+08,1.5e+08,1.5e+08,ok,3\n"
        "w,gc,3,1.2e+08,1.2e+08,1.2e+08,ok,3\n"
        "w,nogc,NaN,9e+07,9e+07,9e+07,ok,3\n");
    put_campaign(two_heaps, 3, 3); /* one heap: no curve */
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(
        folder_text("time_heap.csv"),
        "workload,strategy,heap_multiple,wall_ns,low,high,status,n\n");
}

/* Runs of 100 ms: one pause of 10 ms in block 0, two neighbours of 10 ms with
 * 5 ms between them in block 1, none in block 2. */
static void put_pauses(const char *more)
{
    const struct cell cell[] = {
        {"w", "glibc", "allocator", "baseline", "", "ok", 90, 90, 0, 0, 1},
        {"w", "gc", "collector", "test", "2", "ok", 100, 100, 10, 0, 1},
    };
    char text[256];

    put_campaign(cell, 2, 3);
    (void)snprintf(text, sizeof text,
                   "run_id,start_ns,duration_ns,kind\n"
                   "1,50000000,10000000,full\n3,20000000,10000000,full\n"
                   "3,35000000,10000000,full\n%s",
                   more);
    folder_put("pauses.csv", text);
}

static void utilisation_is_that_of_the_worst_and_the_middle_run(void **state)
{
    (void)state;
    put_pauses("");
    assert_int_equal(hm_summary_write(folder), 0);
    assert_string_equal(mmu("gc", "10000000", "mmu_worst"), "0");
    assert_string_equal(mmu("gc", "20000000", "mmu_worst"), "0.25");
    assert_string_equal(mmu("gc", "20000000", "mmu_median"), "0.5");
    assert_string_equal(mmu("gc", "20000000", "runs"), "3");
    /* 25 ms may hold both pauses */
    assert_string_equal(mmu("gc", "25000000", "mmu_worst"), "0.2");
    assert_string_equal(mmu("gc", "20000000", "bmu_worst"), "0.2");
    assert_string_equal(mmu("gc", "100000000", "mmu_worst"), "0.8");
    assert_string_equal(mmu("gc", "100000000", "mmu_median"), "0.9");
    assert_string_equal(mmu("gc", "125000000", "mmu_worst"), "");
    assert_string_equal(mmu("gc", "NaN", "mmu_worst"), "NaN");
    assert_string_equal(mmu("glibc", "10000000", "runs"), "");
}

static void torn_or_strange_pauses_are_named(void **state)
{
    static const char *const more[] = {"99,0,1,full\n", "1,0,1,full\n",
                                       "3,x,1,full\n", "3,1,-1,full\n"};

    (void)state;
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        put_pauses(more[i]);
        assert_int_equal(hm_summary_write(folder), -EINVAL);
    }
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(the_bound_is_the_least_cost_without_pauses),
        TEST(processor_time_is_attributed_by_the_share_it_had),
        TEST(a_concurrent_collector_pays_for_its_own_processor),
        TEST(parallel_markers_are_attributed_whole),
        TEST(waiting_mutators_are_not_attributed),
        TEST(inconsistent_clocks_do_not_make_the_bound_negative),
        TEST(a_mutator_time_that_is_none_is_named),
        TEST(a_failed_cell_has_a_status_and_no_overhead),
        TEST(a_bound_comes_after_the_contenders),
        TEST(malloc_alone_has_no_bound),
        TEST(means_are_of_those_that_completed_all),
        TEST(time_by_heap_is_in_the_order_of_heaps),
        TEST(utilisation_is_that_of_the_worst_and_the_middle_run),
        TEST(torn_or_strange_pauses_are_named),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
