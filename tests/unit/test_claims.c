/* SPDX-License-Identifier: MIT */
/* test_claims.c -- verdicts over rows made by hand. */
#include "harness/analysis/claims.h"

#include "tests/unit/campaign_folder.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define COLUMNS                                                         \
    "workload,strategy,arm,threads,block,status,reason,version,cpu_ns," \
    "rss_peak_bytes,rss_base_bytes,live_peak_bytes\n"

static struct hm_pool pool;
static struct hm_claim_rows rows;

/* A claim about rss_over_live of `churn`, between 2 and 4. */
static const struct hm_claim between = {
    .id = "between",
    .workload = "churn",
    .threads = 1,
    .metric = HM_CLAIM_rss_over_live,
    .strategies = "glibc",
    .least = 2,
    .most = 4,
    .source = "nobody",
};

static int make(void **state)
{
    return folder_make(state);
}

static int destroy(void **state)
{
    hm_pool_fini(&pool);
    return folder_remove(state);
}

static void load(const char *runs)
{
    const char *why = "";

    folder_put("runs.csv", hm_pool_format(&pool, "%s%s", COLUMNS, runs));
    folder_put("meta.csv", "key,value\nseed,1\ncpus_allowed,2\n");
    assert_int_equal(hm_claim_rows_read(&pool, &rows, folder, &why), 0);
}

static void expect(const struct hm_claim *claim, enum hm_claim_verdict verdict,
                   const char *why)
{
    struct hm_claim_judged judged = hm_claim_judge(&pool, &rows, claim);

    assert_string_equal(judged.why, why);
    assert_int_equal(judged.verdict, verdict);
}

static void the_median_over_blocks_decides(void **state)
{
    (void)state;
    load("churn,glibc,baseline,1,0,ok,,2.36,,400,100,100\n"
         "churn,glibc,baseline,1,1,ok,,2.36,,1000,100,100\n"
         "churn,glibc,baseline,1,2,ok,,2.36,,450,100,100\n");
    expect(&between, HM_CLAIM_HOLDS, "glibc 3.5 (3..9)");
    load("churn,glibc,baseline,1,0,ok,,2.36,,200,100,100\n"
         "churn,glibc,baseline,1,1,ok,,2.36,,220,100,100\n"
         "churn,glibc,baseline,1,2,ok,,2.36,,450,100,100\n");
    expect(&between, HM_CLAIM_VIOLATED, "glibc 1.2 (1..3.5)");
}

static void bounds_belong_to_what_is_allowed(void **state)
{
    (void)state;
    load("churn,glibc,baseline,1,0,ok,,2.36,,300,100,100\n");
    expect(&between, HM_CLAIM_HOLDS, "glibc 2");
    load("churn,glibc,baseline,1,0,ok,,2.36,,500,100,100\n");
    expect(&between, HM_CLAIM_HOLDS, "glibc 4");
    load("churn,glibc,baseline,1,0,ok,,2.36,,501,100,100\n");
    expect(&between, HM_CLAIM_VIOLATED, "glibc 4.01");
}

static void only_rows_of_the_cell_count(void **state)
{
    (void)state;
    load("larson,glibc,baseline,1,0,ok,,2.36,,900,100,100\n"
         "churn,tbb,test,1,0,ok,,2021,,900,100,100\n"
         "churn,glibc,baseline,2,0,ok,,2.36,,900,100,100\n"
         "churn,glibc,twin,1,0,ok,,2.36,,900,100,100\n"
         "churn,glibc,baseline,1,0,ok,,2.36,,400,100,100\n");
    expect(&between, HM_CLAIM_HOLDS, "glibc 3");
}

static void each_strategy_must_agree(void **state)
{
    struct hm_claim claim = between;

    (void)state;
    claim.strategies = "glibc, tbb, jemalloc";
    load("churn,glibc,baseline,1,0,ok,,2.36,,400,100,100\n"
         "churn,tbb,test,1,0,ok,,2021,,900,100,100\n"
         "churn,jemalloc,test,1,0,ok,,5.3,,400,100,100\n");
    expect(&claim, HM_CLAIM_VIOLATED, "glibc 3, tbb 8, jemalloc 3");
}

static void what_is_missing_does_not_hide_what_was_found(void **state)
{
    struct hm_claim claim = between;

    (void)state;
    claim.strategies = "tbb, glibc";
    load("churn,glibc,baseline,1,0,ok,,2.36,,400,100,100\n"
         "churn,tbb,test,1,0,unsupported,tbb is off: install it,,,,,\n");
    expect(&claim, HM_CLAIM_HOLDS,
           "tbb unsupported: tbb is off: install it, glibc 3");
    claim.strategies = "tbb";
    expect(&claim, HM_CLAIM_NOT_APPLICABLE,
           "tbb unsupported: tbb is off: install it");
}

static void a_small_or_slow_machine_is_no_contradiction(void **state)
{
    (void)state;
    load("churn,glibc,baseline,1,0,oom,over 1 GiB,2.36,,,,\n");
    expect(&between, HM_CLAIM_NOT_APPLICABLE, "glibc oom: over 1 GiB");
    load("churn,glibc,baseline,1,0,timeout,over 60 s,2.36,,,,\n");
    expect(&between, HM_CLAIM_NOT_APPLICABLE, "glibc timeout: over 60 s");
    load("larson,glibc,baseline,1,0,ok,,2.36,,400,100,100\n");
    expect(&between, HM_CLAIM_NOT_APPLICABLE, "glibc no run");
}

static void a_crash_or_another_checksum_is_one(void **state)
{
    (void)state;
    load("churn,glibc,baseline,1,0,ok,,2.36,,400,100,100\n"
         "churn,glibc,baseline,1,1,crash,SIGSEGV,2.36,,,,\n");
    expect(&between, HM_CLAIM_VIOLATED, "glibc crash: SIGSEGV");
    load("churn,glibc,baseline,1,0,bad_checksum,1 is not 2,2.36,,,,\n");
    expect(&between, HM_CLAIM_VIOLATED, "glibc bad_checksum: 1 is not 2");
    load("churn,glibc,baseline,1,0,wrong_allocator,of libc,2.36,,,,\n");
    expect(&between, HM_CLAIM_VIOLATED, "glibc wrong_allocator: of libc");
}

/* Else a figure that is renamed would take its claims along in silence. */
static void a_run_that_is_ok_without_the_metric_is_one(void **state)
{
    struct hm_claim ratio = between;

    (void)state;
    load("churn,glibc,baseline,1,0,ok,,2.36,,400,100,\n");
    expect(&between, HM_CLAIM_VIOLATED, "glibc not measured");
    load("churn,glibc,baseline,1,0,ok,,2.36,,400,100,100\n"
         "churn,glibc,baseline,1,1,ok,,2.36,,400,100,\n");
    expect(&between, HM_CLAIM_VIOLATED, "glibc not measured");
    ratio.metric = HM_CLAIM_cpu_ns;
    ratio.strategies = "tbb";
    ratio.against = "glibc";
    load("churn,tbb,test,1,0,ok,,2021,20,,,\n"
         "churn,glibc,baseline,1,0,ok,,2.36,,,,\n");
    expect(&ratio, HM_CLAIM_VIOLATED, "tbb that of glibc not measured");
    load("churn,tbb,test,1,0,ok,,2021,,,,\n");
    expect(&ratio, HM_CLAIM_VIOLATED, "tbb not measured");
}

static void processors_are_those_of_the_campaign(void **state)
{
    struct hm_claim claim = between;

    (void)state;
    load("churn,glibc,baseline,1,0,ok,,2.36,,900,100,100\n");
    claim.least_cpus = 3;
    expect(&claim, HM_CLAIM_NOT_APPLICABLE,
           "needs 3 processors, this machine has 2");
    claim.least_cpus = 2;
    expect(&claim, HM_CLAIM_VIOLATED, "glibc 8");
}

static void a_claim_about_a_version_is_about_no_other(void **state)
{
    struct hm_claim claim = between;

    (void)state;
    claim.strategies = "mimalloc:2.";
    load("churn,mimalloc,test,1,0,ok,,2.0.9,,900,100,100\n");
    expect(&claim, HM_CLAIM_VIOLATED, "mimalloc 8");
    load("churn,mimalloc,test,1,0,ok,,3.1.5,,900,100,100\n");
    expect(&claim, HM_CLAIM_NOT_APPLICABLE,
           "mimalloc said of versions 2.*, not of 3.1.5");
}

static void ratios_are_formed_within_blocks(void **state)
{
    const struct hm_claim twice = {
        .id = "twice",
        .workload = "churn",
        .threads = 1,
        .metric = HM_CLAIM_cpu_ns,
        .strategies = "tbb",
        .against = "glibc",
        .least = 2,
        .most = INFINITY,
        .source = "nobody",
    };

    (void)state;
    /* The second block ran on a machine of a tenth of the speed. */
    load("churn,tbb,test,1,0,ok,,2021,20,,,\n"
         "churn,glibc,baseline,1,1,ok,,2.36,100,,,\n"
         "churn,glibc,baseline,1,0,ok,,2.36,10,,,\n"
         "churn,tbb,test,1,1,ok,,2021,200,,,\n");
    expect(&twice, HM_CLAIM_HOLDS, "tbb 2");
    load("churn,tbb,test,1,0,ok,,2021,20,,,\n"
         "churn,glibc,baseline,1,1,ok,,2.36,10,,,\n");
    expect(&twice, HM_CLAIM_NOT_APPLICABLE,
           "tbb nothing to compare with of glibc");
}

static void figures_are_values_too(void **state)
{
    struct hm_claim claim = between;
    const char *why = "";

    (void)state;
    claim.metric = HM_CLAIM_passive_percent;
    claim.least = 80;
    claim.most = 100;
    folder_put("runs.csv", "workload,strategy,arm,threads,block,status,reason,"
                           "version,figures\n"
                           "churn,glibc,baseline,1,0,ok,,2.36,"
                           "active_percent=3;passive_percent=95\n"
                           "churn,tbb,test,1,0,ok,,2021,active_percent=90\n");
    assert_int_equal(hm_claim_rows_read(&pool, &rows, folder, &why), 0);
    expect(&claim, HM_CLAIM_HOLDS, "glibc 95");
    claim.metric = HM_CLAIM_active_percent;
    expect(&claim, HM_CLAIM_VIOLATED, "glibc 3");
    claim.metric = HM_CLAIM_passive_percent;
    claim.strategies = "tbb";
    expect(&claim, HM_CLAIM_VIOLATED, "tbb not measured");
}

static void a_claim_reads_as_a_sentence(void **state)
{
    struct hm_claim claim = between;

    (void)state;
    assert_string_equal(hm_claim_text(&pool, &claim),
                        "churn: rss_over_live from 2 to 4");
    claim.least = 0;
    claim.threads = 16;
    assert_string_equal(hm_claim_text(&pool, &claim),
                        "churn, 16 threads: rss_over_live at most 4");
    claim.least = 1.8;
    claim.most = INFINITY;
    claim.threads = 1;
    claim.against = "tbb";
    assert_string_equal(hm_claim_text(&pool, &claim),
                        "churn: rss_over_live / that of tbb at least 1.8");
    claim.least = claim.most = 0;
    claim.against = NULL;
    assert_string_equal(hm_claim_text(&pool, &claim), "churn: rss_over_live 0");
}

static void each_claim_is_a_line_and_all_are_counted(void **state)
{
    const struct hm_claim claims[] = {between, between, {.id = NULL}};
    size_t count[HM_CLAIM_VERDICTS_END];
    FILE *out;

    (void)state;
    load("churn,glibc,baseline,1,0,ok,,2.36,,400,100,100\n");
    out = folder_open("out", "w");
    assert_non_null(out);
    hm_claims_print(&pool, &rows, claims, out, count);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(folder_text("out"),
                        "holds           between: churn: rss_over_live from 2 "
                        "to 4: glibc 3 [nobody]\n"
                        "holds           between: churn: rss_over_live from 2 "
                        "to 4: glibc 3 [nobody]\n"
                        "claims: 2 hold, 0 violated, 0 not applicable here\n");
    assert_int_equal(count[HM_CLAIM_HOLDS], 2);
    assert_int_equal(count[HM_CLAIM_VIOLATED], 0);
    assert_int_equal(count[HM_CLAIM_NOT_APPLICABLE], 0);
}

static void a_folder_without_rows_is_an_error(void **state)
{
    const char *why = "";

    (void)state;
    assert_int_equal(hm_claim_rows_read(&pool, &rows, folder, &why), -ENOENT);
    assert_non_null(strstr(why, "runs.csv"));
    folder_put("runs.csv", "workload,strategy\nchurn,glibc\n");
    assert_int_equal(hm_claim_rows_read(&pool, &rows, folder, &why), -ENOENT);
    assert_non_null(strstr(why, "status"));
}

static void the_table_has_no_claim_that_cannot_fail(void **state)
{
    (void)state;
    for (const struct hm_claim *claim = hm_claims; claim->id != NULL; claim++) {
        assert_true(claim->threads >= 1);
        assert_true(claim->least <= claim->most);
        assert_true(claim->least > 0 || !isinf(claim->most));
        assert_true(claim->source[0] != '\0');
        for (const struct hm_claim *other = hm_claims; other != claim; other++)
            assert_string_not_equal(claim->id, other->id);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_median_over_blocks_decides),
        TEST(bounds_belong_to_what_is_allowed),
        TEST(only_rows_of_the_cell_count),
        TEST(each_strategy_must_agree),
        TEST(what_is_missing_does_not_hide_what_was_found),
        TEST(a_small_or_slow_machine_is_no_contradiction),
        TEST(a_crash_or_another_checksum_is_one),
        TEST(a_run_that_is_ok_without_the_metric_is_one),
        TEST(processors_are_those_of_the_campaign),
        TEST(a_claim_about_a_version_is_about_no_other),
        TEST(ratios_are_formed_within_blocks),
        TEST(figures_are_values_too),
        TEST(a_claim_reads_as_a_sentence),
        TEST(each_claim_is_a_line_and_all_are_counted),
        TEST(a_folder_without_rows_is_an_error),
        TEST(the_table_has_no_claim_that_cannot_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
