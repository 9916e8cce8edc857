/* SPDX-License-Identifier: MIT */
/* test_minheap_table.c -- minheap.csv: whose heap is the common one, and what
 * it becomes in a plan. */
#include "harness/campaign/minheap_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct hm_pool pool;
    struct hm_minheap table;
    struct hm_suite suite;
    struct hm_plan plan;
    const char *why;
    char path[64];
};

static const struct hm_workload trees = {.id = "trees", .max_threads = 2};
static const struct hm_workload lists = {.id = "lists", .max_threads = 1};
static const struct hm_strategy tracer = {
    .id = "tracer", .heap_limit = true, .tracing = true};
static const struct hm_strategy counter = {.id = "counter", .heap_limit = true};
static const struct hm_strategy libc = {.id = "glibc"};

static struct hm_subject subjects[] = {
    {.workload = &trees, .params = "depth=3", .threads = 1},
    {.workload = &trees, .params = "depth=3", .threads = 2, .closed = 1},
    {.workload = &lists, .params = "", .threads = 1, .closed = 2},
    {.workload = &trees,
     .params = "depth=3;load=30",
     .threads = 2,
     .closed = 1},
};

/* The lists are run without a limit, the trees with one in both. */
static struct hm_plan_cell cells[] = {
    {.subject = 0, .id = "tracer", .strategy = &tracer, .heap_multiple = 2},
    {.subject = 0, .id = "counter", .strategy = &counter, .heap_multiple = 2},
    {.subject = 1, .id = "tracer", .strategy = &tracer, .heap_multiple = 2},
    {.subject = 2, .id = "glibc", .strategy = &libc, .heap_multiple = 0},
    {.subject = 3, .id = "tracer", .strategy = &tracer, .heap_multiple = 2},
};

static int make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int fd;

    if (fixture == NULL)
        return -1;
    strcpy(fixture->path, "/tmp/hm_minheap_XXXXXX.csv");
    fd = mkstemps(fixture->path, 4);
    if (fd < 0)
        return -1;
    close(fd);
    fixture->suite.seed = 5;
    fixture->plan = (struct hm_plan){.suite = &fixture->suite,
                                     .subject = subjects,
                                     .cell = cells,
                                     .n_subjects = 4,
                                     .n_cells = 5};
    for (size_t i = 0; i < 3; i++)
        subjects[i].minheap_bytes = 0;
    *state = fixture;
    return 0;
}

static int destroy(void **state)
{
    struct fixture *fixture = *state;

    (void)unlink(fixture->path);
    hm_pool_fini(&fixture->pool);
    free(fixture);
    return 0;
}

#define HEADER \
    "workload,params,seed,threads,strategy,tracing,status,minheap_bytes"

/* Writes a table with all columns, of rows that name the first eight. */
static int read_table(struct fixture *fixture, const char *const *row, size_t n)
{
    static const char *const rest[] = {"version",
                                       "reason",
                                       "too_small_bytes",
                                       "too_small_status",
                                       "minheap_over_live",
                                       "live_peak_bytes",
                                       "heap_1x_bytes",
                                       "most_bytes",
                                       "probes",
                                       "passes",
                                       "timeout_ns"};
    FILE *file = fopen(fixture->path, "w");

    assert_non_null(file);
    (void)fputs(HEADER, file);
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        (void)fprintf(file, ",%s", rest[i]);
    for (size_t i = 0; i < n; i++)
        (void)fprintf(file, "\n%s,,,,,,,,,,,", row[i]);
    (void)fputc('\n', file);
    assert_int_equal(fclose(file), 0);
    return hm_minheap_read(&fixture->pool, &fixture->table, fixture->path,
                           &fixture->why);
}

static uint64_t common(struct fixture *fixture, size_t subject)
{
    return hm_minheap_common_bytes(&fixture->table, &fixture->plan, subject);
}

/* The smallest of those that trace: one that counts, one that failed, another
 * seed, other parameters and other threads are nobody's business. */
static void the_common_heap_is_the_smallest_that_traces(void **state)
{
    static const char *const row[] = {
        "trees,depth=3,5,1,tracer,1,ok,9000000",
        "trees,depth=3,5,1,second,1,ok,8000000",
        "trees,depth=3,5,1,counter,0,ok,1000000",
        "trees,depth=3,5,1,broken,1,crash,",
        "trees,depth=4,5,1,tracer,1,ok,2000000",
        "trees,depth=3,6,1,tracer,1,ok,3000000",
        "trees,depth=3,5,2,tracer,1,ok,7000000",
    };
    struct fixture *fixture = *state;

    assert_int_equal(read_table(fixture, row, 7), 0);
    assert_int_equal(common(fixture, 0), 8000000);
    assert_int_equal(common(fixture, 1), 7000000);
    assert_int_equal(common(fixture, 2), 0);
}

static void the_plan_takes_it_where_there_are_limits(void **state)
{
    static const char *const row[] = {
        "trees,depth=3,5,1,tracer,1,ok,9000000",
        "trees,depth=3,5,2,tracer,1,ok,7000000",
    };
    struct fixture *fixture = *state;

    assert_int_equal(read_table(fixture, row, 2), 0);
    assert_int_equal(hm_minheap_apply(&fixture->pool, &fixture->table,
                                      &fixture->plan, &fixture->why),
                     0);
    assert_int_equal(subjects[0].minheap_bytes, 9000000);
    assert_int_equal(subjects[1].minheap_bytes, 7000000);
    assert_int_equal(subjects[3].minheap_bytes, 7000000); /* as closed */
    assert_int_equal(subjects[2].minheap_bytes, 0); /* no limit, none needed */
    assert_ptr_equal(fixture->plan.minheap, &fixture->table);
}

static void a_subject_that_is_missing_is_named(void **state)
{
    static const char *const row[] = {
        "trees,depth=3,5,1,tracer,1,ok,9000000",
        "trees,depth=3,5,2,tracer,1,oom,",
    };
    struct fixture *fixture = *state;

    assert_int_equal(read_table(fixture, row, 2), 0);
    assert_int_equal(hm_minheap_apply(&fixture->pool, &fixture->table,
                                      &fixture->plan, &fixture->why),
                     -ENOENT);
    assert_non_null(
        strstr(fixture->why, "trees with depth=3, seed 5, threads 2"));
}

static void what_was_read_is_written_the_same(void **state)
{
    static const char *const row[] = {
        "trees,depth=3,5,1,tracer,1,ok,9000000",
        "trees,\"a,b\",5,1,tracer,1,ok,9000000",
    };
    struct fixture *fixture = *state;
    struct hm_minheap again;
    FILE *file;

    assert_int_equal(read_table(fixture, row, 2), 0);
    file = fopen(fixture->path, "w");
    assert_non_null(file);
    hm_minheap_put(&fixture->table, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(
        hm_minheap_read(&fixture->pool, &again, fixture->path, &fixture->why),
        0);
    assert_int_equal(again.n, 2);
    for (int c = 0; c < HM_MINHEAP_COLUMNS_END; c++) {
        assert_string_equal(again.row[1].value[c],
                            fixture->table.row[1].value[c]);
    }
    assert_string_equal(again.row[1].value[HM_MINHEAP_params], "a,b");
}

static void a_table_without_its_columns_is_none(void **state)
{
    struct fixture *fixture = *state;
    FILE *file = fopen(fixture->path, "w");

    assert_non_null(file);
    (void)fputs(HEADER "\n", file);
    assert_int_equal(fclose(file), 0);
    assert_true(hm_minheap_read(&fixture->pool, &fixture->table, fixture->path,
                                &fixture->why) < 0);
    assert_non_null(strstr(fixture->why, fixture->path));
    assert_int_equal(hm_minheap_read(&fixture->pool, &fixture->table,
                                     "/nowhere/at/all", &fixture->why),
                     -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)
    const struct CMUnitTest tests[] = {
        TEST(the_common_heap_is_the_smallest_that_traces),
        TEST(the_plan_takes_it_where_there_are_limits),
        TEST(a_subject_that_is_missing_is_named),
        TEST(what_was_read_is_written_the_same),
        TEST(a_table_without_its_columns_is_none),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
