/* SPDX-License-Identifier: MIT */
/* test_request.c -- from the words of the command line to a suite, and what
 * the plan makes of them. */
#include "harness/campaign/request.h"

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

static const char listed[] =
    "strategy\tglibc\tallocator\t\t\tfree\tthe C library\n"
    "strategy\tfast\tallocator\tlibfast.so\tlibfast1\tfree\tfast\n"
    "strategy\tmoving\tcollector\t\t\tlimit\tmoves\n"
    "option\tmoving\tmode\t0\t0\t2\tnever|some|always: moves\n"
    "option\tmoving\troom\t64\t1\t1024\tKiB\n"
    "workload\ttrees\tobject\tnode\t-\t1\ttrees\tnowhere\n"
    "workload\tlists\tobject\tnode\t-\t1\tlists\tnowhere\n"
    "param\ttrees\tdepth\t10\t20\t1\t30\thow deep\n"
    "param\tlists\tdepth\t2\t2\t1\t8\thow deep\n";

static const char suite_text[] =
    "[suite]\nsummary = what is written\nworkloads = trees\n"
    "strategies = fast, slim\nheap = 2 3\nblocks = 4\nci = 3%\n"
    "[variant slim]\nstrategy = moving\noption.room = 8\n";

struct fixture {
    struct hm_pool pool;
    struct hm_catalog catalog;
    struct hm_program program;
    struct hm_request request;
    struct hm_suite suite;
    struct hm_plan plan;
    const char *why;
    char path[64];
};

static int make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int fd;

    if (fixture == NULL)
        return -1;
    strcpy(fixture->path, "/tmp/hm_request_XXXXXX.ini");
    fd = mkstemps(fixture->path, 4);
    if (fd < 0 || write(fd, suite_text, sizeof suite_text - 1) < 0)
        return -1;
    close(fd);
    fixture->program.path = "cell";
    fixture->request.suite = fixture->path;
    *state = fixture;
    return hm_catalog_parse(&fixture->pool, &fixture->catalog,
                            &fixture->program, listed, &fixture->why);
}

static int destroy(void **state)
{
    struct fixture *fixture = *state;

    (void)unlink(fixture->path);
    hm_pool_fini(&fixture->pool);
    free(fixture);
    return 0;
}

static void option(struct fixture *fixture, const char *word)
{
    hm_words_add(&fixture->pool, &fixture->request.options, word);
}

static int to_suite(struct fixture *fixture)
{
    return hm_request_suite(&fixture->pool, &fixture->request, &fixture->suite,
                            &fixture->why);
}

static int to_plan(struct fixture *fixture)
{
    int error = to_suite(fixture);

    if (error == 0) {
        error = hm_request_resolve(&fixture->pool, &fixture->request,
                                   &fixture->catalog, &fixture->suite,
                                   &fixture->why);
    }
    if (error == 0) {
        error = hm_plan_build(&fixture->pool, &fixture->catalog,
                              &fixture->suite, &fixture->plan, &fixture->why);
    }
    if (error == 0) {
        error = hm_request_check(&fixture->pool, &fixture->request,
                                 &fixture->plan, &fixture->why);
    }
    return error;
}

static void refused(struct fixture *fixture, const char *why)
{
    assert_int_equal(to_plan(fixture), -EINVAL);
    if (strstr(fixture->why, why) == NULL)
        fail_msg("%s", fixture->why);
}

static void nothing_asked_for_is_the_suite_as_it_is(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(to_plan(fixture), 0);
    assert_string_equal(fixture->suite.summary, "what is written");
    assert_int_equal(fixture->suite.n_heaps, 2);
    assert_int_equal(fixture->plan.n_cells,
                     5); /* glibc, twin, fast, slim x 2 */
}

/* A list replaces; a suite that is not what its summary says loses it. */
static void lists_replace_those_of_the_suite(void **state)
{
    struct fixture *fixture = *state;

    fixture->request.strategy = "moving";
    fixture->request.heap = "1.5";
    assert_int_equal(to_plan(fixture), 0);
    assert_int_equal(fixture->suite.strategies.n, 1);
    assert_int_equal(fixture->suite.n_heaps, 1);
    assert_string_equal(fixture->suite.summary, "");
}

/* A number of blocks is a number of blocks, whatever intervals the suite wants;
 * the seed changes nothing of what is measured. */
static void blocks_end_the_search_for_narrow_intervals(void **state)
{
    struct fixture *fixture = *state;

    fixture->request.blocks = "2";
    assert_int_equal(to_suite(fixture), 0);
    assert_int_equal(fixture->suite.blocks, 2);
    assert_true(fixture->suite.ci == 0);
    fixture->request.blocks = NULL;
    fixture->request.seed = "9";
    assert_int_equal(to_suite(fixture), 0);
    assert_int_equal(fixture->suite.seed, 9);
    assert_string_equal(fixture->suite.summary, "what is written");
}

static void the_last_of_two_values_of_an_option_counts(void **state)
{
    struct fixture *fixture = *state;
    const struct hm_variant *variant;

    option(fixture, "slim.mode=some");
    option(fixture, "slim.mode=always");
    assert_int_equal(to_plan(fixture), 0);
    variant = hm_suite_variant(&fixture->suite, "slim");
    assert_int_equal(variant->option.n, 2);
    assert_string_equal(variant->option.word[0], "room=8");
    assert_string_equal(variant->option.word[1], "mode=always");
}

/* The variant's value of the same option is replaced, not given twice. */
static void an_option_replaces_that_of_the_variant(void **state)
{
    struct fixture *fixture = *state;
    const struct hm_variant *variant;

    option(fixture, "slim.room=16");
    assert_int_equal(to_plan(fixture), 0);
    variant = hm_suite_variant(&fixture->suite, "slim");
    assert_int_equal(variant->option.n, 1);
    assert_string_equal(variant->option.word[0], "room=16");
}

static void what_nothing_is_measured_under_takes_no_option(void **state)
{
    struct fixture *fixture = *state;

    option(fixture, "moving.mode=some"); /* only its variant is selected */
    refused(fixture, "--option moving.mode=some: nothing is measured under "
                     "moving (it is not selected");
    fixture->request.strategy = "moving";
    fixture->suite = (struct hm_suite){.name = NULL};
    assert_int_equal(to_plan(fixture), 0);
}

static void tortures_need_a_collector(void **state)
{
    struct fixture *fixture = *state;

    fixture->request.stress = "64K";
    assert_int_equal(to_plan(fixture), 0);
    assert_int_equal(fixture->suite.stress_bytes, 65536);
    fixture->request.strategy = "fast";
    refused(fixture, "--stress: no collector is selected");
    fixture->request.stress = NULL;
    fixture->request.verify = "yes";
    refused(fixture, "--verify: no collector is selected");
}

/* A parameter goes to every selected workload that has one of that name. */
static void parameters_reach_the_selected_workloads(void **state)
{
    struct fixture *fixture = *state;

    fixture->request.workload = "trees,lists";
    hm_words_add(&fixture->pool, &fixture->request.params, "depth=7");
    assert_int_equal(to_plan(fixture), 0);
    assert_int_equal(fixture->plan.n_subjects, 2);
    assert_string_equal(fixture->plan.subject[0].params, "depth=7");
    assert_string_equal(fixture->plan.subject[1].params, "depth=7");
    fixture->request.workload = "object.*";
    assert_int_equal(to_plan(fixture), 0);
    assert_string_equal(fixture->plan.subject[0].params, "depth=7");
    fixture->request.workload = "lists";
    hm_words_add(&fixture->pool, &fixture->request.params, "depth=9");
    refused(fixture, "workload lists: depth is 9, not from 1 to 8");
}

static void a_campaign_that_is_none_cannot_go_on(void **state)
{
    struct fixture *fixture = *state;

    fixture->request.suite = NULL;
    fixture->request.resume = "/nowhere/at/all";
    assert_int_equal(to_suite(fixture), -ENOENT);
    assert_non_null(strstr(fixture->why, "holds no campaign (no suite.ini)"));
}

/* What another run would be given is in the plan: --resume compares it. */
static void settings_are_part_of_the_plan(void **state)
{
    struct fixture *fixture = *state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *memory = open_memstream(&text, &bytes);

    option(fixture, "slim.mode=always");
    fixture->request.stress = "64";
    fixture->request.verify = "yes";
    assert_int_equal(to_plan(fixture), 0);
    hm_plan_write(&fixture->plan, memory);
    assert_int_equal(fclose(memory), 0);
    assert_non_null(strstr(text, ",slim,collector,,test,1,2,,,"
                                 "option.room=8;option.mode=always;stress=64;"
                                 "verify=yes;\n"));
    assert_non_null(strstr(text, ",fast,allocator,,test,1,,,,\n"));
    free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)
    const struct CMUnitTest tests[] = {
        TEST(nothing_asked_for_is_the_suite_as_it_is),
        TEST(lists_replace_those_of_the_suite),
        TEST(blocks_end_the_search_for_narrow_intervals),
        TEST(the_last_of_two_values_of_an_option_counts),
        TEST(an_option_replaces_that_of_the_variant),
        TEST(what_nothing_is_measured_under_takes_no_option),
        TEST(tortures_need_a_collector),
        TEST(parameters_reach_the_selected_workloads),
        TEST(a_campaign_that_is_none_cannot_go_on),
        TEST(settings_are_part_of_the_plan),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
