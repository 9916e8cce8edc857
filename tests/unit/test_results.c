/* SPDX-License-Identifier: MIT */
/* test_results.c -- the files of a campaign, and whether it has enough blocks.
 */
#include "harness/campaign/results.h"

#include "harness/campaign/adaptive.h"

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
    struct hm_results results;
    char folder[4096];
};

static int make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    if (fixture == NULL)
        return -1;
    (void)snprintf(fixture->folder, sizeof fixture->folder, "%s",
                   HM_TEST_DIR "/results-XXXXXX");
    *state = fixture;
    return mkdtemp(fixture->folder) == NULL ? -1 : 0;
}

static const char *path_of(struct fixture *fixture, const char *file)
{
    return hm_pool_format(&fixture->pool, "%s/%s", fixture->folder, file);
}

static int destroy(void **state)
{
    struct fixture *fixture = *state;

    (void)hm_results_close(&fixture->results);
    (void)unlink(path_of(fixture, "runs.csv"));
    for (int i = 0; i < HM_SIDES_END; i++)
        (void)unlink(path_of(fixture, hm_side_names[i]));
    (void)rmdir(fixture->folder);
    hm_pool_fini(&fixture->pool);
    free(fixture);
    return 0;
}

/* One run with two rows in hist.csv. */
static void commit(struct fixture *fixture, const char *reason)
{
    struct hm_results *results = &fixture->results;
    struct hm_row row;

    hm_row_init(&row);
    hm_row_set(&row, HM_COLUMN_reason, reason);
    hm_row_set_uint(&row, HM_COLUMN_wall_ns, UINT64_MAX);
    hm_row_set_real(&row, HM_COLUMN_heap_multiple, 1.5);
    for (int i = 0; i < 2; i++) {
        assert_true(fprintf(results->side[HM_SIDE_HIST], "%d,%d,2,3\n",
                            (int)results->next_run, i) > 0);
    }
    assert_int_equal(hm_results_commit(results, &row), 0);
}

static void append(struct fixture *fixture, const char *file, const char *text)
{
    FILE *out = fopen(path_of(fixture, file), "a");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

/* Number of lines; the last one in `last`. */
static int lines(struct fixture *fixture, const char *file, char last[1024])
{
    FILE *in = fopen(path_of(fixture, file), "r");
    int n = 0;

    assert_non_null(in);
    while (fgets(last, 1024, in) != NULL)
        n++;
    assert_int_equal(fclose(in), 0);
    return n;
}

static void rows_are_quoted_lines(void **state)
{
    struct fixture *fixture = *state;
    char last[1024];

    assert_int_equal(hm_results_create(&fixture->results, fixture->folder), 0);
    commit(fixture, "a \"b\", c\nd");
    assert_int_equal(lines(fixture, "runs.csv", last), 2);
    assert_non_null(strstr(last, "\"a \"\"b\"\", c d\""));
    assert_non_null(strstr(last, ",18446744073709551615,"));
    assert_non_null(strstr(last, ",1.5,"));
    assert_memory_equal(last, "1,0,", 4);
}

static void what_was_not_committed_is_cut_off(void **state)
{
    struct fixture *fixture = *state;
    char last[1024];

    assert_int_equal(hm_results_create(&fixture->results, fixture->folder), 0);
    commit(fixture, "first");
    commit(fixture, "second");
    assert_int_equal(hm_results_close(&fixture->results), 0);
    append(fixture, "runs.csv", "1,2,torn");
    append(fixture, "hist.csv", "2,0,2,3\n2,1,");
    append(fixture, "samples.csv", "2,5");
    assert_int_equal(hm_results_resume(&fixture->results, fixture->folder), 0);
    assert_int_equal(fixture->results.next_run, 2);
    assert_int_equal(lines(fixture, "hist.csv", last), 5);
    assert_string_equal(last, "1,1,2,3\n");
    assert_int_equal(lines(fixture, "samples.csv", last), 1);
    commit(fixture, "third");
    assert_int_equal(lines(fixture, "runs.csv", last), 4);
    assert_memory_equal(last, "1,2,", 4);
}

static void a_torn_header_is_written_anew(void **state)
{
    struct fixture *fixture = *state;
    char last[1024];

    append(fixture, "runs.csv", "schema,run");
    append(fixture, "hist.csv", "run_id,l");
    assert_int_equal(hm_results_resume(&fixture->results, fixture->folder), 0);
    assert_int_equal(fixture->results.next_run, 0);
    commit(fixture, "");
    assert_int_equal(lines(fixture, "runs.csv", last), 2);
    assert_int_equal(lines(fixture, "hist.csv", last), 3);
}

static void other_columns_are_refused(void **state)
{
    struct fixture *fixture = *state;

    append(fixture, "runs.csv", "schema,something\n1,2\n");
    assert_int_equal(hm_results_resume(&fixture->results, fixture->folder),
                     -EILSEQ);
    assert_non_null(strstr(fixture->results.error, "columns are not those"));
}

static void no_campaign_is_no_file(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(hm_results_resume(&fixture->results, fixture->folder),
                     -ENOENT);
}

static void a_second_driver_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct hm_results second;

    assert_int_equal(hm_results_create(&fixture->results, fixture->folder), 0);
    assert_int_equal(hm_results_resume(&second, fixture->folder), -EWOULDBLOCK);
    assert_int_equal(hm_results_close(&second), 0);
}

static void too_long_texts_cannot_overflow_a_row(void **state)
{
    struct hm_row row;
    char text[200];

    (void)state;
    (void)memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    hm_row_init(&row);
    for (int i = 0; i < HM_COLUMNS_END; i++)
        hm_row_set(&row, (enum hm_column)i, i < 40 ? text : "");
    assert_true(row.used <= sizeof row.text);
    assert_int_equal(strlen(row.value[39]), sizeof text - 1);
}

/* Baseline and one other; the noise of both in `spread`. */
static double half_width(double spread, unsigned blocks)
{
    static const double noise[] = {1, -1, 0.5, -0.5, 0.2, -0.2, 0.8, -0.8};
    struct hm_plan_cell cell[] = {{.arm = HM_ARM_BASELINE},
                                  {.arm = HM_ARM_TEST}};
    struct hm_plan plan = {.cell = cell, .n_cells = 2};
    struct hm_pool pool = {NULL};
    struct hm_adaptive adaptive;
    double width;

    hm_adaptive_init(&pool, &adaptive, &plan, 8);
    for (unsigned block = 0; block < blocks; block++) {
        hm_adaptive_add(&adaptive, 0, block, 1e6);
        hm_adaptive_add(&adaptive, 1, block, 2e6 * (1 + spread * noise[block]));
    }
    width = hm_adaptive_half_width(&adaptive);
    hm_pool_fini(&pool);
    return width;
}

static void the_widest_interval_decides(void **state)
{
    (void)state;
    assert_true(half_width(0, 8) < 1e-9);
    assert_true(half_width(0.01, 8) < 0.02);
    assert_true(half_width(0.3, 8) > 0.1);
    assert_true(half_width(0.3, 5) < 1e-9); /* too few to say */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)
    const struct CMUnitTest tests[] = {
        TEST(rows_are_quoted_lines),
        TEST(what_was_not_committed_is_cut_off),
        TEST(a_torn_header_is_written_anew),
        TEST(other_columns_are_refused),
        TEST(no_campaign_is_no_file),
        TEST(a_second_driver_is_refused),
        cmocka_unit_test(too_long_texts_cannot_overflow_a_row),
        cmocka_unit_test(the_widest_interval_decides),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
