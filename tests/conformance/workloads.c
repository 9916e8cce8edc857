/* SPDX-License-Identifier: MIT */
/* workloads.c -- every object workload under one collector: reference
 * checksums, counters, and that nothing is kept after drop.  One program per
 * collector; each run in a process of its own, as in a cell. */
#include "tests/conformance/workload_references.h"
#include "tests/conformance/workload_references_full.h"
#include "tests/conformance/workload_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEED = 12345 };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct hm_workload_case case_of(const struct expected *row)
{
    return (struct hm_workload_case){
        .workload = row->workload,
        .params = row->params,
        .seed = SEED,
        .input_dir = HM_TEST_INPUT_DIR,
    };
}

static void assert_checksum(const struct expected *row, uint32_t checksum)
{
    if (checksum != row->checksum) {
        fail_msg("%s %s: checksum %08x, expected %08x", row->workload,
                 row->params, checksum, row->checksum);
    }
}

static void assert_counters(const struct expected *row,
                            const struct hm_workload_result *result)
{
    for (unsigned k = 0; k < COUNTERS && row->counter[k].name != NULL; k++) {
        assert_true(k < result->n_counters);
        assert_string_equal(result->counter[k].name, row->counter[k].name);
        if (result->counter[k].value != row->counter[k].value) {
            fail_msg("%s %s: %s is %llu, expected %llu", row->workload,
                     row->params, row->counter[k].name,
                     (unsigned long long)result->counter[k].value,
                     (unsigned long long)row->counter[k].value);
        }
    }
}

/* Where the garbage hangs together in cycles, plain counting keeps it. */
static int keeps_cycles(const struct expected *row)
{
#ifdef HM_GC_ACYCLIC
    static const char *const keeping[] = {"cache", "cycles", "graph_mutation",
                                          "leak_cycle", "lru_old_young"};

    for (size_t i = 0; i < LENGTH(keeping); i++) {
        if (strcmp(row->workload, keeping[i]) == 0)
            return strstr(row->params, "twin=1") == NULL;
    }
    return 0;
#else
    (void)row;
    return 0;
#endif
}

/* A precise collector finds nothing, the ledger is even; malloc cannot tell
 * (the leak tests can), nor can who never looks. */
static void assert_nothing_is_left(const struct expected *row,
                                   const struct hm_workload_result *result)
{
    assert_int_equal(result->rooted, 0);
    if (hm_collector_this.class == HM_CLASS_COLLECTOR && HM_GC_PRECISE)
        assert_int_equal(result->dropped.live_bytes != 0, keeps_cycles(row));
#ifdef HM_CENSUS
    assert_int_equal(result->dropped.live_bytes, 0);
    assert_int_equal(result->allocated, row->allocated);
    assert_int_equal(result->lost, row->lost);
    assert_int_equal(result->freed, row->allocated - row->lost);
#endif
    (void)row;
}

/* Whether this collector has what the workload needs; a cell refuses. */
static int is_supported(const char *workload)
{
    for (size_t i = 0; hm_objects[i] != NULL; i++) {
        if (strcmp(hm_objects[i]->name, workload) == 0)
            return hm_object_is_supported(hm_objects[i]);
    }
    fail_msg("no workload %s", workload);
    return 0;
}

static void test_checksums_counters_and_counts_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(expected); i++) {
        struct hm_workload_case one = case_of(&expected[i]);
        struct hm_workload_result result;

        if (!is_supported(one.workload))
            continue;
        result = hm_workload_run_apart(&one);

        assert_checksum(&expected[i], result.checksum);
        assert_counters(&expected[i], &result);
        assert_int_equal(result.ops, expected[i].ops);
        assert_true(result.samples >= 1 && result.samples <= result.ops);
        assert_nothing_is_left(&expected[i], &result);
    }
}

/* Seconds per collector; who never frees would need gigabytes. */
static void test_checksums_are_the_references_at_full_size(void **state)
{
    (void)state;
    if (hm_collector_this.class == HM_CLASS_REFERENCE)
        skip();
    for (size_t i = 0; i < LENGTH(references); i++) {
        struct hm_workload_case one = case_of(&references[i]);
        struct hm_workload_result result;

        if (!is_supported(one.workload))
            continue;
        result = hm_workload_run_apart(&one);

        assert_checksum(&references[i], result.checksum);
        assert_counters(&references[i], &result);
        assert_int_equal(result.ops, references[i].ops);
    }
}

static int has_reference(const char *workload)
{
    for (size_t k = 0; k < LENGTH(expected); k++) {
        if (strcmp(workload, expected[k].workload) == 0)
            return 1;
    }
    return 0;
}

/* A new workload, until it has its row in `expected`: at its quick size. */
static void test_a_workload_without_reference_repeats_itself(void **state)
{
    (void)state;
    for (size_t i = 0; hm_objects[i] != NULL; i++) {
        const struct hm_workload_case one = {
            .workload = hm_objects[i]->name,
            .params = "",
            .seed = SEED,
            .input_dir = HM_TEST_INPUT_DIR,
        };
        struct hm_workload_result first, again;

        if (has_reference(one.workload) || !is_supported(one.workload))
            continue;
        first = hm_workload_run_apart(&one);
        again = hm_workload_run_apart(&one);
        assert_int_equal(first.checksum, again.checksum);
        assert_int_equal(first.ops, again.ops);
        assert_int_equal(first.rooted, 0);
        assert_int_equal(first.allocated, first.freed + first.lost);
    }
}

static void assert_table(const struct hm_object_workload *workload)
{
    const struct hm_param *row = workload->params;
    int has_steps = 0;

    assert_in_range(hm_params_count(row), 1, HM_PARAMS_MAX);
    for (; row->name != NULL; row++) {
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"),
                         strlen(row->name));
        assert_in_range(row->quick, row->min, row->max);
        assert_in_range(row->full, row->min, row->max);
        assert_true(row->quick <= row->full);
        has_steps |= strcmp(row->name, "steps") == 0;
    }
    if (workload->leak != HM_LEAK_NOT_ONE)
        assert_true(has_steps); /* the cell places its checkpoints by it */
}

static void test_descriptions_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; hm_objects[i] != NULL; i++) {
        const struct hm_object_workload *workload = hm_objects[i];

        assert_non_null(workload->summary);
        assert_non_null(workload->source);
        assert_non_null(workload->operation);
        assert_non_null(workload->run);
        assert_non_null(workload->drop);
        assert_table(workload);
    }
}

/* "name=min name=min ...". */
static void smallest(const struct hm_param *row, char *words, size_t bytes)
{
    size_t used = 0;

    for (words[0] = '\0'; row->name != NULL; row++) {
        int n = snprintf(words + used, bytes - used, "%s=%llu ", row->name,
                         (unsigned long long)row->min);

        assert_true(n > 0 && (size_t)n < bytes - used);
        used += (size_t)n;
    }
}

static void test_the_smallest_parameters_work(void **state)
{
    (void)state;
    for (size_t i = 0; hm_objects[i] != NULL; i++) {
        char params[256];
        const struct hm_workload_case one = {
            .workload = hm_objects[i]->name,
            .params = params,
            .seed = 0,
            .input_dir = HM_TEST_INPUT_DIR,
        };
        struct hm_workload_result result;

        if (!is_supported(one.workload))
            continue;
        smallest(hm_objects[i]->params, params, sizeof(params));
        result = hm_workload_run_apart(&one);
        assert_int_equal(result.rooted, 0);
        assert_int_equal(result.allocated, result.freed + result.lost);
    }
}

/* The sums that the game prints for N = 10: the stretch tree, 1024 trees of
 * depth 4, 256 of 6, 64 of 8, 16 of 10, the long-lived tree. */
static void test_binary_trees_count_as_in_the_benchmarks_game(void **state)
{
    static const uint32_t game[] = {4095, 31744, 32512, 32704, 32752, 2047};
    const struct hm_workload_case one = {
        .workload = "binary_trees",
        .params = "depth=10 step=2",
    };
    struct hm_workload_result result = hm_workload_run_apart(&one);
    uint32_t checksum = 0;

    (void)state;
    for (size_t i = 0; i < LENGTH(game); i++)
        checksum = hm_mix(checksum, game[i]);
    assert_int_equal(result.checksum, hm_fin(checksum));
}

static void test_another_seed_gives_another_checksum(void **state)
{
    struct hm_workload_case one = case_of(&expected[2]);

    (void)state;
    assert_string_equal(one.workload, "cache");
    one.seed = SEED + 1;
    assert_int_not_equal(hm_workload_run_apart(&one).checksum,
                         expected[2].checksum);
}

/* A collection every few objects, with the heap checked around each: whoever
 * keeps a raw pointer over an allocation reads poison. */
static void test_checksums_survive_a_collection_every_few_objects(void **state)
{
    (void)state;
    if (hm_collector_this.class != HM_CLASS_COLLECTOR && !HM_GC_REGIONS)
        skip();
    for (size_t i = 0; i < LENGTH(stressed); i++) {
        struct hm_workload_case one = case_of(&stressed[i]);
        struct hm_workload_result result;

        if (!is_supported(one.workload))
            continue;
        one.stress_bytes = 512;
        one.verify = 1;
        result = hm_workload_run_apart(&one);
        assert_checksum(&stressed[i], result.checksum);
        if (!HM_GC_REGIONS)
            assert_true(result.dropped.collections > 5);
        assert_nothing_is_left(&stressed[i], &result);
    }
}

static uint64_t live_at_end(const char *workload, const char *how)
{
    char params[64];
    const struct hm_workload_case one = {
        .workload = workload,
        .params = params,
        .stress_bytes = 1 << 16,
    };

    (void)snprintf(params, sizeof(params), "steps=5000 bytes=256 %s", how);
    return hm_workload_run_apart(&one).end.live_bytes;
}

static int has_param(const struct hm_object_workload *workload,
                     const char *name)
{
    for (const struct hm_param *row = workload->params; row->name; row++) {
        if (strcmp(row->name, name) == 0)
            return 1;
    }
    return 0;
}

/* 5000 payloads are 1.28 MB; a twin may hold 1000 of them. */
enum { LEAK_GROWN_BYTES = 1200000, LEAK_FLAT_BYTES = 640000 };

/* What the leak classes of object.h promise, seen by the strategy itself. */
static void test_leaks_grow_where_their_class_says(void **state)
{
    (void)state;
    if (hm_collector_this.class != HM_CLASS_COLLECTOR)
        skip();
    for (size_t i = 0; hm_objects[i] != NULL; i++) {
        const struct hm_object_workload *workload = hm_objects[i];
        enum hm_leak leak = workload->leak;
        const char *how = has_param(workload, "length")   ? "length=200"
                          : has_param(workload, "window") ? "window=200"
                                                          : "";
        uint64_t live;

        if (leak == HM_LEAK_NOT_ONE)
            continue;
        live = live_at_end(workload->name, how);
        if (leak == HM_LEAK_LOGICAL || hm_leak_is_missed(leak)) {
            if (live < LEAK_GROWN_BYTES)
                fail_msg("%s: only %zu live", workload->name, (size_t)live);
        } else if (live >= LEAK_FLAT_BYTES) {
            fail_msg("%s: %zu live", workload->name, (size_t)live);
        }
    }
}

/* The same work without the leak. */
static void test_twins_do_not_grow(void **state)
{
    (void)state;
    if (hm_collector_this.class != HM_CLASS_COLLECTOR)
        skip();
    for (size_t i = 0; hm_objects[i] != NULL; i++) {
        const struct hm_object_workload *workload = hm_objects[i];
        const char *how = has_param(workload, "length")   ? "twin=1 length=200"
                          : has_param(workload, "window") ? "twin=1 window=200"
                                                          : "twin=1";
        uint64_t live;

        if (workload->leak == HM_LEAK_NOT_ONE || !has_param(workload, "twin"))
            continue;
        live = live_at_end(workload->name, how);
        if (live >= LEAK_FLAT_BYTES)
            fail_msg("%s: %zu live", workload->name, (size_t)live);
    }
}

static uint64_t retained(unsigned stale, unsigned clear)
{
    char params[64];
    const struct hm_workload_case one = {
        .workload = "false_retention",
        .params = params,
        .stress_bytes = 1 << 14,
    };

    (void)snprintf(params, sizeof(params),
                   "length=100 ops=20000 stale=%u clear=%u", stale, clear);
    return hm_workload_run_apart(&one).end.live_bytes;
}

/* 20000 nodes pass through a queue of 100.  An address on the stack keeps all
 * that came after it, under a collector that looks there; cut chains, or
 * registered frames, keep the queue only. */
static void test_a_stale_address_retains_only_where_stacks_are_scanned(
    void **state)
{
    (void)state;
    if (hm_collector_this.class != HM_CLASS_COLLECTOR)
        skip();
    assert_true(retained(2, 1) < 100000);
    if (HM_GC_PRECISE) {
        for (unsigned stale = 0; stale <= 3; stale++)
            assert_true(retained(stale, 0) < 100000);
    } else {
        assert_true(retained(2, 0) > 160000);
    }
}

/* With the argument `full`, the table of workloads/README.md instead. */
int main(int argc, char **argv)
{
    const struct CMUnitTest full[] = {
        cmocka_unit_test(test_checksums_are_the_references_at_full_size),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptions_are_complete),
        cmocka_unit_test(test_the_smallest_parameters_work),
        cmocka_unit_test(test_a_workload_without_reference_repeats_itself),
        cmocka_unit_test(test_checksums_counters_and_counts_are_the_references),
        cmocka_unit_test(test_binary_trees_count_as_in_the_benchmarks_game),
        cmocka_unit_test(test_another_seed_gives_another_checksum),
        cmocka_unit_test(test_checksums_survive_a_collection_every_few_objects),
        cmocka_unit_test(test_leaks_grow_where_their_class_says),
        cmocka_unit_test(test_twins_do_not_grow),
        cmocka_unit_test(
            test_a_stale_address_retains_only_where_stacks_are_scanned),
    };

    if (argc > 1 && strcmp(argv[1], "full") == 0)
        return cmocka_run_group_tests(full, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
