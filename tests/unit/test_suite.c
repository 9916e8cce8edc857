/* SPDX-License-Identifier: MIT */
#include "harness/campaign/suite.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct hm_pool pool;
    struct hm_suite suite;
    const char *why;
    char path[4096];
};

static int make(void **state)
{
    static struct fixture fixture;
    int fd;

    fixture = (struct fixture){.path = HM_TEST_DIR "/suite-XXXXXX.ini"};
    fd = mkstemps(fixture.path, 4);
    if (fd < 0)
        return -1;
    close(fd);
    *state = &fixture;
    return 0;
}

static int destroy(void **state)
{
    struct fixture *fixture = *state;

    hm_pool_fini(&fixture->pool);
    return unlink(fixture->path);
}

static int load(struct fixture *fixture, const char *text)
{
    FILE *file = fopen(fixture->path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    fixture->why = "";
    return hm_suite_load(&fixture->pool, &fixture->suite, fixture->path,
                         &fixture->why);
}

static void keys_replace_the_defaults(void **state)
{
    struct fixture *fixture = *state;
    const struct hm_suite *suite = &fixture->suite;

    assert_int_equal(load(fixture, "; a comment\n"
                                   "[suite]\n"
                                   "summary = of all things\n"
                                   "workloads = a, b\n"
                                   "  c\n"
                                   "strategies = x\n"
                                   "strategies.block = y\n"
                                   "heap = 1.5 2 3x none\n"
                                   "threads = 1,4\n"
                                   "load = 30 80\n"
                                   "size = full\n"
                                   "memory_cap = 2G\n"
                                   "seed = 7\n"),
                     0);
    assert_string_equal(suite->summary, "of all things");
    assert_int_equal(suite->workloads.n, 3);
    assert_string_equal(suite->workloads.word[2], "c");
    assert_int_equal(suite->strategies.n, 1);
    assert_int_equal(suite->block_strategies.n, 1);
    assert_int_equal(suite->object_strategies.n, 0);
    assert_int_equal(suite->n_heaps, 4);
    assert_true(suite->heap[3] <= 0);
    assert_true(suite->heap[0] > 1.49 && suite->heap[0] < 1.51);
    assert_int_equal(suite->n_threads, 2);
    assert_int_equal(suite->threads[1], 4);
    assert_int_equal(suite->n_loads, 2);
    assert_int_equal(suite->load[1], 80);
    assert_true(suite->full);
    assert_int_equal(suite->memory_cap_bytes, UINT64_C(2) << 30);
    assert_int_equal(suite->seed, 7);
    assert_string_equal(suite->baseline, "glibc");
    assert_int_equal(suite->blocks, 3);
}

static void adaptive_means_at_least_ten_blocks(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(load(fixture, "[suite]\nworkloads = a\nci = 2%\n"), 0);
    assert_int_equal(fixture->suite.blocks, HM_SUITE_CI_BLOCKS);
    assert_true(fixture->suite.ci > 0.0199 && fixture->suite.ci < 0.0201);
}

static void parameters_and_variants_are_kept(void **state)
{
    struct fixture *fixture = *state;
    const struct hm_variant *variant;

    assert_int_equal(load(fixture, "[suite]\nworkloads = a\n"
                                   "[workload a]\nn = 4K\nn = 5K\nm = 1\n"
                                   "[variant v]\nstrategy = x\n"
                                   "preload = y\npoll_us = 20\n"
                                   "env.A = 1:2,b\noption.k = 3\n"),
                     0);
    assert_int_equal(fixture->suite.n_params, 2);
    assert_int_equal(fixture->suite.param[0].n, 2);
    assert_int_equal(fixture->suite.param[0].value[0], 4 << 10);
    assert_int_equal(fixture->suite.param[0].value[1], 5 << 10);
    variant = hm_suite_variant(&fixture->suite, "v");
    assert_non_null(variant);
    assert_string_equal(variant->strategy, "x");
    assert_string_equal(variant->preload, "y");
    assert_int_equal(variant->poll_us, 20);
    assert_string_equal(variant->env.word[0], "A=1:2,b");
    assert_string_equal(variant->option.word[0], "k=3");
    assert_null(hm_suite_variant(&fixture->suite, "w"));
}

static void values_of_a_parameter_are_a_list_that_may_be_replaced(void **state)
{
    struct fixture *fixture = *state;
    const struct hm_suite_param *param;

    assert_int_equal(load(fixture, "[suite]\nworkloads = a\n"
                                   "[workload a]\nn = 3, 1 3\n"),
                     0);
    param = &fixture->suite.param[0];
    assert_int_equal(param->n, 2);
    assert_int_equal(param->value[0], 3);
    assert_int_equal(param->value[1], 1);
    assert_int_equal(
        hm_suite_set_param(&fixture->pool, &fixture->suite, "a", "n", "7"), 0);
    assert_int_equal(fixture->suite.n_params, 1);
    assert_int_equal(fixture->suite.param[0].n, 1);
    assert_int_equal(fixture->suite.param[0].value[0], 7);
    assert_int_equal(
        hm_suite_set_param(&fixture->pool, &fixture->suite, "a", "n", ","),
        -EINVAL);
}

static void bad_lines_are_named(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"[suite]\nworkload = a\n", ":2: unknown key 'workload' (did you mean"},
        {"[suite]\nworkloads = a\n\nblocks = 0\n", ":4: blocks '0'"},
        {"[suite]\nworkloads = a\nheap = 0.9\n", ":3: heap '0.9'"},
        {"[suite]\nworkloads = a\nheap = 2y\n", ":3: heap '2y'"},
        {"[suite]\nworkloads = a\nthreads =\n", ":3: threads needs"},
        {"[suite]\nworkloads = a\nload = 30 x\n",
         ":3: load 'x' is no number from 1 to 100000"},
        {"[suite]\nworkloads = a\nseed = 4294967296\n", ":3: seed"},
        {"[suite]\nworkloads = a\nci = 0\n", ":3: ci '0'"},
        {"[suite]\nnonsense\n", ":2: neither a [section] nor"},
        {"[suite\nworkloads = a\n", ":1: neither a [section] nor"},
        {"workloads = a\n", ":1: no section before this line"},
        {"[workload a,b]\nn = 1\n", ":2: section [workload a,b] is none of"},
        {"[workload a]\nn = lots\n", ":2: n = 'lots' is no whole number"},
        {"[workload a]\nn = 1, b\n", ":2: n = '1, b' is no whole number"},
        {"[workload a]\nn =\n", ":2: n = '' is no whole number"},
        {"[workload a]\nn = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nn = 17\n",
         ":3: n = '17' is no whole number, nor up to 16 of them"},
        {"[suite]\nworkloads = a\npoll_us = 1000001\n",
         ":3: poll_us '1000001' is no number of microseconds from 0"},
        {"[variant v]\npoll_us = 0\n",
         ":2: poll_us '0' is no number of microseconds from 1"},
        {"[variant v]\nstrategi = x\n", ":2: unknown key 'strategi'"},
        {"[suite]\nworkloads = a\nverify = maybe\n",
         ":3: verify 'maybe' is neither yes nor no"},
        {"[suite]\nworkloads = a\nicount = 1\n",
         ":3: icount '1' is neither yes nor no"},
        {"[suite]\nworkloads = a\nstress = 0\n", ":3: stress '0'"},
        {"[suite]\nsummary = none\n", ": [suite] has no workloads"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(load(fixture, bad[i].text), -EINVAL);
        if (strstr(fixture->why, bad[i].why) == NULL)
            fail_msg("'%s': %s", bad[i].text, fixture->why);
        assert_non_null(strstr(fixture->why, fixture->path));
    }
}

static void what_was_written_reads_the_same(void **state)
{
    struct fixture *fixture = *state;
    char first[2048] = "", second[2048] = "";
    FILE *out;

    assert_int_equal(load(fixture, "[suite]\nname = n\nsummary = s\n"
                                   "workloads = a b\nstrategies = /lib/x.so\n"
                                   "strategies.object = o\nheap = 1.5 none 6\n"
                                   "load = 30 60 80\n"
                                   "threads = 2 4\nci = 1.5%\nseed = 3\n"
                                   "memory_cap = 64M\n"
                                   "poll_us = 200\nstress = 64K\n"
                                   "verify = yes\nicount = yes\n"
                                   "operations = yes\n"
                                   "[workload a]\nn = 5\n"
                                   "[variant v]\nstrategy = x\n"
                                   "preload = y\npoll_us = 20\n"
                                   "env.A = b=c\noption.k = 3\n"),
                     0);
    out = fmemopen(first, sizeof first, "w");
    hm_suite_write(&fixture->suite, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(load(fixture, first), 0);
    out = fmemopen(second, sizeof second, "w");
    hm_suite_write(&fixture->suite, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(first, second);
    assert_int_equal(fixture->suite.stress_bytes, 64 << 10);
    assert_true(fixture->suite.verify);
    assert_true(fixture->suite.extra[HM_EXTRA_ICOUNT]);
    assert_true(fixture->suite.extra[HM_EXTRA_OPERATIONS]);
    assert_false(fixture->suite.extra[HM_EXTRA_SYSCALLS]);
    assert_non_null(strstr(first, "heap = 1.5\nheap = none\nheap = 6\n"));
    assert_non_null(strstr(first, "env.A = b=c\n"));
}

static void the_table_of_minimum_heaps_lies_beside_the_suite(void **state)
{
    struct fixture *fixture = *state;
    char text[2048] = "";
    FILE *out;

    assert_int_equal(load(fixture, "[suite]\nworkloads = a\n"), 0);
    assert_null(fixture->suite.minheap);
    assert_int_equal(
        load(fixture, "[suite]\nworkloads = a\nminheap = /m/x.csv\n"), 0);
    assert_string_equal(fixture->suite.minheap, "/m/x.csv");
    assert_int_equal(load(fixture, "[suite]\nworkloads = a\nminheap = m\n"), 0);
    assert_string_equal(fixture->suite.minheap, HM_TEST_DIR "/m");
    out = fmemopen(text, sizeof text, "w");
    hm_suite_write(&fixture->suite, out);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "minheap = minheap.csv\n"));
}

static void a_missing_file_is_an_error(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(hm_suite_load(&fixture->pool, &fixture->suite,
                                   "/nonexistent/suite.ini", &fixture->why),
                     -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_replace_the_defaults),
        cmocka_unit_test(adaptive_means_at_least_ten_blocks),
        cmocka_unit_test(parameters_and_variants_are_kept),
        cmocka_unit_test(values_of_a_parameter_are_a_list_that_may_be_replaced),
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(what_was_written_reads_the_same),
        cmocka_unit_test(the_table_of_minimum_heaps_lies_beside_the_suite),
        cmocka_unit_test(a_missing_file_is_an_error),
    };

    return cmocka_run_group_tests(tests, make, destroy);
}
