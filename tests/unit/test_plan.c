/* SPDX-License-Identifier: MIT */
#include "harness/campaign/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char listed[] =
    "strategy\tglibc\tallocator\t\t\tfree\tthe yardstick\n"
    "strategy\tfast\tallocator\tlibfast.so\tlibfast1\tfree\tfast\n"
    "strategy\tgone\tallocator\tlibgone.so\tlibgone1\tfree\tgone\n"
    "option\tfast\tdepth\t1\t0\t9\thow deep\n"
    "workload\ttrees\tobject\tnode\t-\t1\ttrees\tnowhere\n"
    "arrivals\ttrees\n"
    "workload\tchurn\tblock\tpair\t-\t4\tchurn\tnowhere\n"
    "param\ttrees\tdepth\t10\t20\t1\t30\thow deep\n"
    "param\ttrees\twidth\t2\t2\t1\t8\thow wide\n";
static const char listed_collector[] =
    "strategy\tmoving\tcollector\t\t\tlimit\tmoves\n"
    "misses\tmoving\tcycle\n"
    "workload\ttrees\tobject\tnode\t-\t1\ttrees\tnowhere\n";

struct fixture {
    struct hm_pool pool;
    struct hm_catalog catalog;
    struct hm_program manual, collector;
    struct hm_suite suite;
    struct hm_plan plan;
    const char *why;
};

static int make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    if (fixture == NULL)
        return -1;
    fixture->manual.path = "manual";
    fixture->collector.path = "collector";
    if (hm_catalog_parse(&fixture->pool, &fixture->catalog, &fixture->manual,
                         listed, &fixture->why) != 0 ||
        hm_catalog_parse(&fixture->pool, &fixture->catalog, &fixture->collector,
                         listed_collector, &fixture->why) != 0)
        return -1;
    fixture->catalog.strategy[2]->off = "install libgone1";
    hm_suite_defaults(&fixture->suite);
    *state = fixture;
    return 0;
}

static int destroy(void **state)
{
    struct fixture *fixture = *state;

    hm_pool_fini(&fixture->pool);
    free(fixture);
    return 0;
}

static void set(struct fixture *fixture, const char *key, const char *value)
{
    assert_int_equal(hm_suite_set(&fixture->pool, &fixture->suite, key, value,
                                  &fixture->why),
                     0);
}

static int build(struct fixture *fixture)
{
    return hm_plan_build(&fixture->pool, &fixture->catalog, &fixture->suite,
                         &fixture->plan, &fixture->why);
}

/* "trees:glibc/baseline,trees:moving/test@3,churn:moving/test!" */
static const char *cells(struct fixture *fixture)
{
    const char *text = "";

    for (size_t i = 0; i < fixture->plan.n_cells; i++) {
        const struct hm_plan_cell *cell = &fixture->plan.cell[i];
        const struct hm_subject *subject =
            &fixture->plan.subject[cell->subject];

        text = hm_pool_format(&fixture->pool, "%s%s%s:%s/%s", text,
                              i > 0 ? "," : "", subject->workload->id, cell->id,
                              hm_arm_name(cell->arm));
        if (subject->load_percent > 0) {
            text = hm_pool_format(&fixture->pool, "%s%%%u", text,
                                  subject->load_percent);
        }
        if (subject->threads > 1) {
            text =
                hm_pool_format(&fixture->pool, "%s*%u", text, subject->threads);
        }
        if (cell->heap_multiple > 0) {
            text = hm_pool_format(&fixture->pool, "%s@%.6g", text,
                                  cell->heap_multiple);
        }
        if (cell->unsupported != NULL)
            text = hm_pool_format(&fixture->pool, "%s!", text);
    }
    return text;
}

static void the_baseline_comes_twice_and_only_twice(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "trees");
    set(fixture, "strategies", "glibc, fast, fast");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture), "trees:glibc/baseline,"
                                        "trees:glibc/twin,trees:fast/test");
}

static void heaps_multiply_what_obeys_them(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "trees");
    set(fixture, "strategies", "fast moving");
    set(fixture, "heap", "1.5 3");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture), "trees:glibc/baseline,trees:glibc/twin,"
                                        "trees:fast/test,trees:moving/test@1.5,"
                                        "trees:moving/test@3");
}

static void one_of_the_heaps_may_be_no_limit(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "trees");
    set(fixture, "strategies", "moving");
    set(fixture, "heap", "3 none");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture),
                        "trees:glibc/baseline,trees:glibc/twin,"
                        "trees:moving/test@3,trees:moving/test");
}

static void loads_are_of_what_can_arrive(void **state)
{
    struct fixture *fixture = *state;
    const struct hm_plan *plan = &fixture->plan;

    set(fixture, "workloads", "churn trees");
    set(fixture, "strategies", "moving");
    set(fixture, "load", "30 80");
    set(fixture, "heap", "2");
    assert_int_equal(build(fixture), 0);
    assert_non_null(strstr(cells(fixture),
                           "trees:glibc/baseline,trees:glibc/twin,"
                           "trees:moving/test@2,trees:glibc/baseline%30,"
                           "trees:glibc/twin%30,trees:moving/test%30@2,"
                           "trees:glibc/baseline%80,trees:glibc/twin%80,"
                           "trees:moving/test%80@2"));
    assert_null(strstr(cells(fixture), "churn:glibc/baseline%"));
    assert_int_equal(plan->n_subjects, 4);
    assert_string_equal(plan->subject[3].params, "depth=10;width=2;load=80");
    assert_int_equal(plan->subject[3].closed, 1);
    assert_int_equal(plan->subject[1].closed, 1);
}

static void named_impossible_pairs_are_kept_with_a_reason(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "churn");
    set(fixture, "strategies", "moving gone");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture), "churn:glibc/baseline,churn:glibc/twin,"
                                        "churn:moving/test!,churn:gone/test!");
    assert_string_equal(fixture->plan.cell[2].unsupported,
                        "moving cannot run block workloads");
    assert_string_equal(fixture->plan.cell[3].unsupported,
                        "gone is off: install libgone1");
}

static void a_workload_that_a_cell_lacks_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct hm_program other = {.path = "other"};

    assert_int_equal(
        hm_catalog_parse(&fixture->pool, &fixture->catalog, &other,
                         "strategy\tscript\tcollector\t\t\tcounting\tscripted\n"
                         "workload\tlists\tobject\tnode\t-\t1\tlists\tnone\n",
                         &fixture->why),
        0);
    set(fixture, "workloads", "trees");
    set(fixture, "strategies", "script");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(fixture->plan.cell[2].unsupported,
                        "the cell of script does not have trees");
    assert_true(fixture->plan.cell[2].strategy->heap_limit);
    assert_false(fixture->plan.cell[2].strategy->tracing);
}

static void starred_impossible_pairs_are_left_out(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "*");
    set(fixture, "strategies", "*");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture), "trees:glibc/baseline,trees:glibc/twin,"
                                        "trees:fast/test,trees:moving/test,"
                                        "churn:glibc/baseline,churn:glibc/twin,"
                                        "churn:fast/test");
}

static void all_workloads_of_a_kind_are_a_word(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "block.*");
    set(fixture, "strategies", "moving, fast");
    set(fixture, "threads", "8");
    assert_int_equal(build(fixture), -EINVAL); /* too many for any of them */
    fixture->suite.n_threads = 0;
    set(fixture, "threads", "4");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture), "churn:glibc/baseline*4,"
                                        "churn:glibc/twin*4,churn:fast/test*4");
    fixture->suite.workloads.n = 0;
    set(fixture, "workloads", "object.*, churn");
    set(fixture, "threads", "1");
    assert_int_equal(build(fixture), 0);
    assert_int_equal(fixture->plan.n_subjects, 2);
    fixture->suite.workloads.n = 0;
    set(fixture, "workloads", "blok.*");
    assert_int_equal(build(fixture), -EINVAL);
    assert_non_null(strstr(fixture->why, "unknown workload 'blok.*'"));
}

static void strategies_of_a_kind_stay_with_it(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "churn trees");
    set(fixture, "strategies.object", "moving");
    set(fixture, "strategies.block", "fast");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture), "churn:glibc/baseline,churn:glibc/twin,"
                                        "churn:fast/test,trees:glibc/baseline,"
                                        "trees:glibc/twin,trees:moving/test");
}

static void threads_stop_at_what_a_workload_can(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "trees churn");
    set(fixture, "threads", "2");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture),
                        "trees:glibc/baseline*2!,trees:glibc/twin*2!,"
                        "churn:glibc/baseline*2,churn:glibc/twin*2");
}

static void parameters_are_written_out(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "trees");
    set(fixture, "size", "full");
    hm_suite_set_param(&fixture->pool, &fixture->suite, "trees", "width", "5");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(fixture->plan.subject[0].params, "depth=20;width=5");
    assert_string_equal(fixture->plan.subject[0].arguments.word[1],
                        "param.width=5");
}

static void every_combination_of_values_is_work_of_its_own(void **state)
{
    static const char *const varied[] = {
        " depth=2 width=5", " depth=2 width=5", " depth=4 width=5",
        " depth=4 width=5", " depth=2 width=6", " depth=2 width=6",
        " depth=4 width=6", " depth=4 width=6",
    };
    struct fixture *fixture = *state;
    struct hm_plan *plan = &fixture->plan;

    set(fixture, "workloads", "trees");
    set(fixture, "threads", "1 2");
    hm_suite_set_param(&fixture->pool, &fixture->suite, "trees", "depth",
                       "2, 4");
    hm_suite_set_param(&fixture->pool, &fixture->suite, "trees", "width",
                       "5, 6");
    assert_int_equal(build(fixture), 0);
    assert_int_equal(plan->n_subjects, 8);
    for (size_t i = 0; i < plan->n_subjects; i++) {
        assert_string_equal(plan->subject[i].varied, varied[i]);
        assert_int_equal(plan->subject[i].threads, i % 2 + 1);
    }
    assert_string_equal(plan->subject[7].params, "depth=4;width=6");
    assert_string_equal(plan->subject[7].arguments.word[0], "param.depth=4");
    assert_string_equal(hm_plan_cell_name(&fixture->pool, plan, 0),
                        "trees depth=2 width=5 x glibc");
}

static void the_value_out_of_range_is_the_one_that_is_named(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "trees");
    hm_suite_set_param(&fixture->pool, &fixture->suite, "trees", "depth",
                       "1 31 2");
    assert_int_equal(build(fixture), -EINVAL);
    assert_non_null(
        strstr(fixture->why, "trees: depth is 31, not from 1 to 30"));
}

static void expect_refusal(struct fixture *fixture, const char *why)
{
    assert_int_equal(build(fixture), -EINVAL);
    if (strstr(fixture->why, why) == NULL)
        fail_msg("%s", fixture->why);
}

static void unknown_words_are_refused(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "treess");
    expect_refusal(fixture, "unknown workload 'treess' (did you mean 'trees'");
    fixture->suite.workloads.n = 0;
    set(fixture, "workloads", "trees");
    set(fixture, "strategies", "fats");
    expect_refusal(fixture, "unknown strategy 'fats' (did you mean 'fast'?)");
    fixture->suite.strategies.n = 0;
    set(fixture, "baseline", "gone");
    expect_refusal(fixture, "the baseline gone is off: install libgone1");
    set(fixture, "baseline", "glibc");
    hm_suite_set_param(&fixture->pool, &fixture->suite, "trees", "depth", "31");
    expect_refusal(fixture, "trees: depth is 31, not from 1 to 30");
    fixture->suite.n_params = 0;
    hm_suite_set_param(&fixture->pool, &fixture->suite, "trees", "hue", "1");
    expect_refusal(fixture, "no parameter 'hue'; it has: depth width");
}

static void preload(struct fixture *fixture, const char *id, const char *base,
                    const char *library)
{
    struct hm_variant *variant =
        hm_suite_open_variant(&fixture->pool, &fixture->suite, id);

    variant->strategy = base;
    variant->preload = library;
}

static void a_malloc_under_a_collector_is_what_it_must_run_with(void **state)
{
    struct fixture *fixture = *state;
    const struct hm_strategy *moving, *fast;

    moving = hm_catalog_strategy(&fixture->catalog, "moving");
    fast = hm_catalog_strategy(&fixture->catalog, "fast");
    fixture->catalog.strategy[1]->malloc_path = "/lib/libfast.so";
    fixture->catalog.strategy[1]->version = "7";
    fixture->catalog.strategy[3]->version = "1";
    fixture->catalog.strategy[3]->malloc_path = "";
    preload(fixture, "moving_fast", "moving", "fast");
    set(fixture, "workloads", "trees");
    set(fixture, "strategies", "moving moving_fast");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture), "trees:glibc/baseline,trees:glibc/twin,"
                                        "trees:moving/test,"
                                        "trees:moving_fast/test");
    assert_ptr_equal(fixture->plan.cell[2].strategy, moving);
    assert_string_equal(moving->preload, "");
    assert_ptr_equal(fixture->plan.cell[3].strategy->preloaded, fast);
    assert_ptr_equal(fixture->plan.cell[3].strategy->program, moving->program);
    assert_string_equal(fixture->plan.cell[3].strategy->preload, "libfast.so");
    assert_string_equal(fixture->plan.cell[3].strategy->malloc_path,
                        "/lib/libfast.so");
    assert_string_equal(fixture->plan.cell[3].strategy->version, "1; fast 7");
}

static void a_malloc_under_a_collector_must_be_one_and_be_there(void **state)
{
    struct fixture *fixture = *state;

    set(fixture, "workloads", "trees");
    set(fixture, "strategies", "v");
    preload(fixture, "v", "moving", "gone");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(cells(fixture),
                        "trees:glibc/baseline,trees:glibc/twin,trees:v/test!");
    assert_non_null(strstr(fixture->plan.cell[2].unsupported,
                           "gone is off: install libgone1"));
    preload(fixture, "v", "moving", "fats");
    expect_refusal(fixture, "unknown strategy 'fats' (did you mean 'fast'?)");
    preload(fixture, "v", "moving", "glibc");
    expect_refusal(fixture, "variant v: glibc is no malloc to preload");
    preload(fixture, "v", "glibc", "fast");
    expect_refusal(fixture, "variant v: glibc is a malloc itself");
}

static void each_block_is_a_permutation_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    size_t first[7], again[7], second[7], seen[7] = {0};

    set(fixture, "workloads", "*");
    set(fixture, "strategies", "*");
    assert_int_equal(build(fixture), 0);
    assert_int_equal(fixture->plan.n_cells, 7);
    hm_plan_order(&fixture->plan, 0, first);
    hm_plan_order(&fixture->plan, 1, second);
    hm_plan_order(&fixture->plan, 0, again);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, second, sizeof first);
    for (int i = 0; i < 7; i++)
        seen[second[i]]++;
    for (int i = 0; i < 7; i++)
        assert_int_equal(seen[i], 1);
}

/* Every cell comes to every position about equally often. */
static void orders_are_not_biased(void **state)
{
    struct fixture *fixture = *state;
    unsigned count[3][3] = {{0}};
    size_t order[3];

    set(fixture, "workloads", "trees");
    set(fixture, "strategies", "fast");
    assert_int_equal(build(fixture), 0);
    for (unsigned block = 0; block < 3000; block++) {
        hm_plan_order(&fixture->plan, block, order);
        for (int i = 0; i < 3; i++)
            count[i][order[i]]++;
    }
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            assert_in_range(count[i][k], 880, 1120); /* 4.6 sigma */
    }
}

static void padding_is_spread_over_a_page(void **state)
{
    struct fixture *fixture = *state;
    unsigned least = 4096, most = 0;

    set(fixture, "workloads", "trees");
    assert_int_equal(build(fixture), 0);
    for (uint64_t run = 0; run < 500; run++) {
        unsigned bytes = hm_plan_padding_bytes(&fixture->plan, run);

        least = bytes < least ? bytes : least;
        most = bytes > most ? bytes : most;
    }
    assert_true(least < 100 && most > 3996 && most < 4096);
}

static void a_cell_that_breaks_the_protocol_is_named(void **state)
{
    static const char *const bad[] = {
        "strategy\tx\tallocator\n",
        "strategy\tglibc\tallocator\t\t\tfree\ttaken\n",
        "workload\tw\tobject\tstep\t-\tmany\ts\ts\n",
        "param\tnone\tn\t1\t1\t1\t1\tm\n",
        "option\tnone\tn\t1\t1\t1\tm\n",
        "misses\tnone\tcycle\n",
        "misses\tglibc\n",
        "arrivals\tnone\n",
        "arrivals\ttrees\tmany\n",
        "what\tis\tthis\n",
    };
    struct fixture *fixture = *state;
    struct hm_program program = {.path = "bad_cell"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(hm_catalog_parse(&fixture->pool, &fixture->catalog,
                                          &program, bad[i], &fixture->why),
                         -EPROTO);
        assert_non_null(strstr(fixture->why, "bad_cell list: line 1 "));
    }
}

static void a_collector_that_leaks_has_no_limit_to_meet(void **state)
{
    static const char leaky[] =
        "workload\trings\tobject\tstep\tcycle\t1\trings\tnowhere\n"
        "param\trings\ttwin\t0\t0\t0\t1\twithout\n";
    struct fixture *fixture = *state;

    assert_int_equal(hm_catalog_parse(&fixture->pool, &fixture->catalog,
                                      &fixture->collector, leaky,
                                      &fixture->why),
                     0);
    set(fixture, "workloads", "rings");
    set(fixture, "strategies", "moving");
    set(fixture, "heap", "1.5 3");
    assert_int_equal(build(fixture), 0);
    assert_non_null(strstr(cells(fixture), ",rings:moving/test"));
    assert_null(strstr(cells(fixture), "@"));
    hm_suite_set_param(&fixture->pool, &fixture->suite, "rings", "twin", "1");
    assert_int_equal(build(fixture), 0);
    assert_non_null(strstr(cells(fixture), ",rings:moving/test@1.5"));
}

static void what_a_collector_misses_is_known(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(
        hm_catalog_strategy(&fixture->catalog, "moving")->misses, "cycle");
    assert_string_equal(hm_catalog_strategy(&fixture->catalog, "glibc")->misses,
                        "");
}

static void a_twin_is_expected_to_stay_flat(void **state)
{
    static const char leaky[] =
        "workload\tdrips\tobject\tstep\tlost\t1\tdrips\tnowhere\n"
        "param\tdrips\ttwin\t0\t0\t0\t1\twithout\n"
        "workload\tdry\tobject\tstep\t-\t1\tdry\tnowhere\n"
        "param\tdry\ttwin\t0\t0\t0\t1\tof nothing\n";
    struct fixture *fixture = *state;

    assert_int_equal(hm_catalog_parse(&fixture->pool, &fixture->catalog,
                                      &fixture->manual, leaky, &fixture->why),
                     0);
    set(fixture, "workloads", "drips dry");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(fixture->plan.subject[0].leak, "lost");
    assert_string_equal(fixture->plan.subject[1].leak, "-");
    hm_suite_set_param(&fixture->pool, &fixture->suite, "drips", "twin", "1");
    hm_suite_set_param(&fixture->pool, &fixture->suite, "dry", "twin", "1");
    assert_int_equal(build(fixture), 0);
    assert_string_equal(fixture->plan.subject[0].leak, "none");
    assert_string_equal(fixture->plan.subject[1].leak, "-");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)
    const struct CMUnitTest tests[] = {
        TEST(the_baseline_comes_twice_and_only_twice),
        TEST(heaps_multiply_what_obeys_them),
        TEST(one_of_the_heaps_may_be_no_limit),
        TEST(loads_are_of_what_can_arrive),
        TEST(named_impossible_pairs_are_kept_with_a_reason),
        TEST(a_workload_that_a_cell_lacks_is_named),
        TEST(starred_impossible_pairs_are_left_out),
        TEST(all_workloads_of_a_kind_are_a_word),
        TEST(strategies_of_a_kind_stay_with_it),
        TEST(threads_stop_at_what_a_workload_can),
        TEST(parameters_are_written_out),
        TEST(every_combination_of_values_is_work_of_its_own),
        TEST(the_value_out_of_range_is_the_one_that_is_named),
        TEST(unknown_words_are_refused),
        TEST(a_malloc_under_a_collector_is_what_it_must_run_with),
        TEST(a_malloc_under_a_collector_must_be_one_and_be_there),
        TEST(each_block_is_a_permutation_of_its_own),
        TEST(orders_are_not_biased),
        TEST(padding_is_spread_over_a_page),
        TEST(a_cell_that_breaks_the_protocol_is_named),
        TEST(what_a_collector_misses_is_known),
        TEST(a_collector_that_leaks_has_no_limit_to_meet),
        TEST(a_twin_is_expected_to_stay_flat),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
