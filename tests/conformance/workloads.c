/* SPDX-License-Identifier: MIT */
/* workloads.c -- every object workload under one collector: reference
 * checksums, counters, and that nothing is kept after drop.  One program per
 * collector; each run in a process of its own, as in a cell. */
#include "tests/conformance/workload_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SEED = 12345, COUNTERS = 4 };

struct expected {
    const char *workload, *params;
    uint32_t checksum;
    uint64_t ops, allocated, lost;
    struct hm_counter counter[COUNTERS];
};

/* The checksums are those of the catalogue (same seed, same sizes); counts of
 * allocations follow from the workloads' definitions where a comment says so,
 * else they were recorded. */
static const struct expected expected[] = {
    /* 2 trees of depth d take 2^(d+2) - 2 nodes: stretch and long-lived one
     * add 4095 + 2047 to the nodes of the 1088 others. */
    {"binary_trees",
     "depth=10 step=4",
     0xE1A83F5E,
     1088,
     70590,
     0,
     {{"nodes", 68543}}},
    {"binary_trees",
     "depth=10 step=2",
     0xC0AD1C3D,
     1360,
     135854,
     0,
     {{"nodes", 133807}}},
    {"cache",
     "keys=4096 budget=262144 ops=50000 set=3",
     0x6B4E17B7,
     50000,
     26602,
     0,
     {{"hit", 36136}, {"miss", 12357}, {"evicted", 11825}, {"live", 911}}},
    {"cache",
     "keys=4096 budget=262144 ops=50000 set=35",
     0xE1C8274B,
     50000,
     38581,
     0,
     {{"hit", 24201}, {"miss", 8233}, {"evicted", 11827}, {"live", 953}}},
    {"file_stream",
     "bytes=65536 passes=1",
     0xDCBEE2FC,
     3000,
     13224,
     0,
     {{"lines", 3000}, {"tags", 2110}}},
    /* a table and 100 buffers; the census grows a buffer by a new one */
    {"large_objects", "steps=100 slots=8", 0xCC636C56, 100, 129, 0, {{0}}},
    /* 5000 payloads and entries, tables of 2^10 to 2^13 buckets */
    {"leak_cache",
     "steps=5000",
     0x9528BC2C,
     5000,
     10004,
     0,
     {{"entries", 5000}}},
    {"leak_lost", "steps=5000", 0x9528BC2C, 5000, 5000, 4999, {{0}}},
    {"leak_none", "steps=5000", 0x9528BC2C, 5000, 5000, 0, {{0}}},
    {"requests", "requests=500 sessions=50", 0x38F68BF2, 500, 136385, 0, {{0}}},
};

/* The sizes that the catalogue's table of references is for. */
static const struct expected references[] = {
    {"binary_trees", "depth=16 step=4", 0x6B148859, 69904, 0, 0, {{0}}},
    {"binary_trees", "depth=16 step=2", 0xC9C8FA21, 87376, 0, 0, {{0}}},
    {"binary_trees", "depth=18 step=4", 0x8979CDCE, 279616, 0, 0, {{0}}},
    {"cache",
     "keys=1M budget=64M ops=4000000 set=3",
     0x7FD6793C,
     4000000,
     0,
     0,
     {{"hit", 3213439},
      {"miss", 666826},
      {"evicted", 476639},
      {"live", 210902}}},
    {"cache",
     "keys=1M budget=64M ops=4000000 set=35",
     0x44459182,
     4000000,
     0,
     0,
     {{"hit", 2153660},
      {"miss", 446758},
      {"evicted", 477800},
      {"live", 210376}}},
    {"file_stream",
     "bytes=32M passes=1",
     0x3E5F6F06,
     1067000,
     0,
     0,
     {{"lines", 1067000}, {"tags", 4096}}},
    {"file_stream",
     "bytes=32M passes=8",
     0x214C1385,
     8536000,
     0,
     0,
     {{"lines", 8536000}, {"tags", 4096}}},
    {"large_objects", "steps=4000 slots=32", 0x66DD4797, 4000, 0, 0, {{0}}},
    {"leak_none", "steps=300000 bytes=256", 0x3BDBCBBD, 300000, 0, 0, {{0}}},
    {"requests",
     "requests=40000 sessions=2000",
     0x2EB8725E,
     40000,
     0,
     0,
     {{0}}},
    {"requests",
     "requests=60000 sessions=2000",
     0xA0ABE50F,
     60000,
     0,
     0,
     {{0}}},
};

/* Small enough to collect at every allocation of some words. */
static const struct expected stressed[] = {
    {"binary_trees", "depth=5 step=1", 0xF1B9CED4, 0, 0, 0, {{0}}},
    {"cache", "keys=64 budget=8192 ops=600 set=10", 0xDB6A4896, 0, 0, 0, {{0}}},
    {"file_stream", "bytes=1000 passes=2", 0x3724806F, 0, 0, 0, {{0}}},
    {"large_objects", "steps=40 slots=4", 0xA83655B4, 0, 0, 0, {{0}}},
    {"leak_cache", "steps=1100 bytes=8", 0x3616D68E, 0, 0, 0, {{0}}},
    {"leak_lost", "steps=500", 0x191E98F5, 0, 0, 0, {{0}}},
    {"leak_none", "steps=500", 0x191E98F5, 0, 0, 0, {{0}}},
    {"requests", "requests=12 sessions=3", 0xD559E5D2, 0, 0, 0, {{0}}},
};

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

/* A precise collector finds nothing, the ledger is even; malloc cannot tell
 * (the leak tests can), nor can who never looks. */
static void assert_nothing_is_left(const struct expected *row,
                                   const struct hm_workload_result *result)
{
    assert_int_equal(result->rooted, 0);
    if (hm_collector_this.class == HM_CLASS_COLLECTOR && HM_GC_PRECISE)
        assert_int_equal(result->dropped.live_bytes, 0);
#ifdef HM_CENSUS
    assert_int_equal(result->dropped.live_bytes, 0);
    assert_int_equal(result->allocated, row->allocated);
    assert_int_equal(result->lost, row->lost);
    assert_int_equal(result->freed, row->allocated - row->lost);
#endif
    (void)row;
}

static void test_checksums_counters_and_counts_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(expected); i++) {
        struct hm_workload_case one = case_of(&expected[i]);
        struct hm_workload_result result = hm_workload_run_apart(&one);

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
        struct hm_workload_result result = hm_workload_run_apart(&one);

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

        if (has_reference(one.workload))
            continue;
        first = hm_workload_run_apart(&one);
        again = hm_workload_run_apart(&one);
        assert_int_equal(first.checksum, again.checksum);
        assert_int_equal(first.ops, again.ops);
        assert_int_equal(first.rooted, 0);
        assert_int_equal(first.allocated, first.freed + first.lost);
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
    if (hm_collector_this.class != HM_CLASS_COLLECTOR)
        skip();
    for (size_t i = 0; i < LENGTH(stressed); i++) {
        struct hm_workload_case one = case_of(&stressed[i]);
        struct hm_workload_result result;

        one.stress_bytes = 512;
        one.verify = 1;
        result = hm_workload_run_apart(&one);
        assert_checksum(&stressed[i], result.checksum);
        assert_true(result.dropped.collections > 10);
        assert_nothing_is_left(&stressed[i], &result);
    }
}

static uint64_t live_at_end(const char *workload)
{
    const struct hm_workload_case one = {
        .workload = workload,
        .params = "steps=5000 bytes=256",
        .stress_bytes = 1 << 16,
    };

    return hm_workload_run_apart(&one).end.live_bytes;
}

/* What the leak classes of object.h promise, seen by the strategy itself:
 * 5000 payloads are 1.28 MB. */
static void test_leaks_grow_where_their_class_says(void **state)
{
    (void)state;
    if (hm_collector_this.class != HM_CLASS_COLLECTOR)
        skip();
    assert_true(live_at_end("leak_none") < 320000);
    assert_true(live_at_end("leak_lost") < 320000);
    assert_true(live_at_end("leak_cache") >= 1200000);
}

/* With the argument `full`, the sizes of the catalogue's table instead. */
int main(int argc, char **argv)
{
    const struct CMUnitTest full[] = {
        cmocka_unit_test(test_checksums_are_the_references_at_full_size),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_workload_without_reference_repeats_itself),
        cmocka_unit_test(test_checksums_counters_and_counts_are_the_references),
        cmocka_unit_test(test_binary_trees_count_as_in_the_benchmarks_game),
        cmocka_unit_test(test_another_seed_gives_another_checksum),
        cmocka_unit_test(test_checksums_survive_a_collection_every_few_objects),
        cmocka_unit_test(test_leaks_grow_where_their_class_says),
    };

    if (argc > 1 && strcmp(argv[1], "full") == 0)
        return cmocka_run_group_tests(full, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
