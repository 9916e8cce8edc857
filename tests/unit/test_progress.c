/* SPDX-License-Identifier: MIT */
/* test_progress.c -- the line that tells where a campaign is. */
#include "harness/campaign/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const uint64_t second_ns = 1000000000;

struct fixture {
    struct hm_progress_line progress;
    FILE *out;
    char text[4096];
};

static int make(void **state)
{
    static struct fixture fixture;

    fixture.out = tmpfile();
    *state = &fixture;
    if (fixture.out == NULL)
        return -1;
    hm_progress_init(&fixture.progress, fixture.out, 0, 10, 2);
    return 0;
}

static int destroy(void **state)
{
    struct fixture *fixture = *state;

    return fclose(fixture->out);
}

/* What was printed since the last call. */
static const char *said(struct fixture *fixture)
{
    size_t n;

    rewind(fixture->out);
    n = fread(fixture->text, 1, sizeof fixture->text - 1, fixture->out);
    fixture->text[n] = '\0';
    rewind(fixture->out);
    assert_int_equal(ftruncate(fileno(fixture->out), 0), 0);
    return fixture->text;
}

static void be_terminal(struct fixture *fixture, unsigned columns)
{
    fixture->progress.terminal = true;
    fixture->progress.columns = columns;
}

/* Of 2 blocks of 5: 9 runs of 1 s, and 4 more in block 0 with 2 s beside. */
static void runs_beside_the_first_block_count_for_what_is_left_of_it(
    void **state)
{
    struct fixture *fixture = *state;

    hm_progress_begin(&fixture->progress, 0, "a");
    hm_progress_end(&fixture->progress, "a", "ok", "", second_ns,
                    2 * second_ns);
    assert_int_equal(hm_progress_left_ns(&fixture->progress), 17 * second_ns);
    for (int i = 1; i < 5; i++) {
        hm_progress_end(&fixture->progress, "a", "ok", "", second_ns,
                        2 * second_ns);
    }
    assert_int_equal(hm_progress_left_ns(&fixture->progress), 5 * second_ns);
    hm_progress_begin(&fixture->progress, 1, "a");
    hm_progress_end(&fixture->progress, "a", "ok", "", second_ns, 0);
    assert_int_equal(hm_progress_left_ns(&fixture->progress), 4 * second_ns);
}

static void a_file_gets_a_line_for_each_block_only(void **state)
{
    struct fixture *fixture = *state;

    hm_progress_begin(&fixture->progress, 0, "cache x glibc");
    assert_string_equal(said(fixture), "");
    hm_progress_end(&fixture->progress, "cache x glibc", "ok", "", second_ns,
                    0);
    assert_string_equal(said(fixture), "");
    hm_progress_block(&fixture->progress, 0);
    assert_string_equal(said(fixture),
                        "block 1/2: 1/10 runs   about 9 s left\n");
}

static void a_terminal_gets_one_line_that_is_rewritten(void **state)
{
    struct fixture *fixture = *state;

    be_terminal(fixture, 0);
    hm_progress_begin(&fixture->progress, 0, "cache x glibc");
    assert_string_equal(said(fixture),
                        "\r\033[K[  1/10] block 1/2  cache x glibc");
    hm_progress_block(&fixture->progress, 0);
    assert_string_equal(said(fixture), "");
}

/* A line that wraps cannot be taken back; the time left is kept. */
static void a_long_name_is_cut_at_the_width_of_the_terminal(void **state)
{
    struct fixture *fixture = *state;
    const char *line;

    fixture->progress.made = 1;
    fixture->progress.spent_ns = second_ns;
    for (unsigned columns = 50; columns < 90; columns += 10) {
        be_terminal(fixture, columns);
        hm_progress_begin(&fixture->progress, 0,
                          "message_channel x marksweep_with_two_threads "
                          "heap 1.5 threads 16");
        line = said(fixture) + strlen("\r\033[K");
        assert_int_equal(strlen(line), columns - 1);
        assert_non_null(strstr(line, "   about 10 s left"));
        assert_non_null(strstr(line, "message_"));
    }
    be_terminal(fixture, 20); /* no room for any of it: no harm either */
    hm_progress_begin(&fixture->progress, 0, "cache x glibc");
    assert_null(strstr(said(fixture), "cache"));
}

static void left(struct fixture *fixture, uint64_t spent_s, const char *wanted)
{
    fixture->progress.made = 1;
    fixture->progress.done = 1;
    fixture->progress.total = 2;
    fixture->progress.spent_ns = spent_s * second_ns;
    hm_progress_put_left(&fixture->progress);
    assert_string_equal(said(fixture), wanted);
}

static void the_time_left_has_a_unit_that_suits_it(void **state)
{
    struct fixture *fixture = *state;

    hm_progress_put_left(&fixture->progress);
    assert_string_equal(said(fixture), ""); /* nothing to judge by */
    left(fixture, 0, "   about 0 s left");
    left(fixture, 99, "   about 99 s left");
    left(fixture, 120, "   about 2 min left");
    left(fixture, 3072, "   about 51 min left");
    left(fixture, 36000, "   about 10 h left");
}

/* The mean of what this driver ran, for what is not done: not of what a
 * resumed campaign had before. */
static void the_estimate_is_the_mean_of_own_runs(void **state)
{
    struct fixture *fixture = *state;

    hm_progress_init(&fixture->progress, fixture->out, 6, 10, 2);
    assert_int_equal(hm_progress_left_ns(&fixture->progress), 0);
    hm_progress_end(&fixture->progress, "a", "ok", "", 2 * second_ns, 0);
    hm_progress_end(&fixture->progress, "b", "ok", "", 4 * second_ns, 0);
    assert_int_equal(hm_progress_left_ns(&fixture->progress), 6 * second_ns);
    hm_progress_end(&fixture->progress, "c", "ok", "", 0, 0);
    hm_progress_end(&fixture->progress, "d", "ok", "", 0, 0);
    assert_int_equal(hm_progress_left_ns(&fixture->progress), 0);
}

static void failures_are_told_in_the_first_block_and_counted_in_all(
    void **state)
{
    struct fixture *fixture = *state;
    struct hm_progress_line *progress = &fixture->progress;

    hm_progress_begin(progress, 0, "cache x slow");
    hm_progress_end(progress, "cache x slow", "timeout", "killed", 1, 0);
    assert_string_equal(said(fixture), "cache x slow: timeout (killed)\n");
    hm_progress_end(progress, "cache x arena", "unsupported", "no regions", 1,
                    0);
    assert_string_equal(said(fixture),
                        "cache x arena: unsupported (no regions)\n");
    hm_progress_begin(progress, 1, "cache x slow");
    hm_progress_end(progress, "cache x slow", "timeout", "killed", 1, 0);
    assert_string_equal(said(fixture), "");
    assert_int_equal(progress->failed, 2); /* who cannot run has not failed */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)
    const struct CMUnitTest tests[] = {
        TEST(a_file_gets_a_line_for_each_block_only),
        TEST(runs_beside_the_first_block_count_for_what_is_left_of_it),
        TEST(a_terminal_gets_one_line_that_is_rewritten),
        TEST(a_long_name_is_cut_at_the_width_of_the_terminal),
        TEST(the_time_left_has_a_unit_that_suits_it),
        TEST(the_estimate_is_the_mean_of_own_runs),
        TEST(failures_are_told_in_the_first_block_and_counted_in_all),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
