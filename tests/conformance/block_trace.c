/* SPDX-License-Identifier: MIT */
/* block_trace.c -- the exact sequence of requests that each block workload of
 * one thread makes, and that it notices what an allocator gets wrong. */
#include "tests/conformance/malloc_trace.h"

#include "workloads/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct hm_block_run block_run;

static const struct hm_block_workload *find(const char *name)
{
    for (size_t i = 0; hm_blocks[i] != NULL; i++) {
        if (strcmp(hm_blocks[i]->name, name) == 0)
            return hm_blocks[i];
    }
    fail_msg("no block workload is called %s", name);
    return NULL;
}

static void set_params(const struct hm_param *table, const char *params)
{
    char words[256], *word, *rest = NULL;

    hm_params_defaults(table, 0, block_run.base.value);
    (void)snprintf(words, sizeof(words), "%s", params);
    word = strtok_r(words, " ", &rest);
    for (; word != NULL; word = strtok_r(NULL, " ", &rest))
        assert_int_equal(hm_params_set(table, word, block_run.base.value), 0);
}

/* Set up as the cell does it for one thread. */
static void open_run(const struct hm_block_workload *workload,
                     const char *params)
{
    static struct hm_progress progress;
    static struct hm_hist latency;
    static struct hm_meter_watch never = {.at_ops = UINT64_MAX};

    hm_hist_init(&latency);
    block_run = (struct hm_block_run){.threads = 1};
    set_params(workload->params, params);
    block_run.base.meter = (struct hm_meter){
        .progress = &progress, .latency = &latency, .watch = &never};
    hm_rng_seed(&block_run.base.rng, 12345);
    if (workload->setup != NULL)
        workload->setup(&block_run, 1);
}

/* Setup, run, drop; returns the checksum. */
static uint32_t run_whole(const char *name, const char *params)
{
    const struct hm_block_workload *workload = find(name);

    open_run(workload, params);
    workload->run(&block_run);
    workload->drop(&block_run);
    return hm_fin(block_run.base.checksum);
}

/* A change of a hash is a change of the workload: it needs a reason, a new
 * constant, and a line in the change log. */
static void test_block_workloads_make_the_committed_requests(void **state)
{
    static const struct {
        const char *workload, *params;
        uint32_t hash;
        uint64_t mallocs, resizes;
    } expected[] = {
        {"aligned_sweep", "rounds=1 blocks=4 most_bytes=4096", 0x122AFE36, 560,
         0},
        {"calloc_sweep", "rounds=1 bytes=1024 most_bytes=65536", 0xE6695297,
         960, 0},
        {"drain", "bytes=100000 watch_ms=0", 0x2FA9CB6C, 1194, 0},
        {"fleet", "heap=65536 events=2000 replays=2", 0xA76DEE4A, 2475, 0},
        {"fleet", "heap=65536 events=2000 replays=2 profile=storage phases=2",
         0xA7142FE2, 2114, 0},
        {"large_small_frag", "rounds=5 large_bytes=300000", 0xD40BF404, 10, 0},
        {"leak_slow", "steps=5000 slots=64 lost=0", 0x3D25A95E, 5064, 0},
        {"line_sharing", "objects=8 rounds=2", 0x2C0A3F1E, 192, 0},
        {"pinned", "bytes=100000 watch_ms=0", 0x1F5E1EF3, 1194, 0},
        {"realloc_growth", "rounds=2 buffers=3 most_bytes=300000", 0xBCF91EFA,
         6, 118},
        {"sawtooth", "bytes=50000 teeth=3", 0xABAD233C, 291, 0},
        {"superserver", "ops=5000 budget=65536 top=13", 0x12915C6F, 5000, 0},
    };

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        (void)hm_trace_clear(state);
        (void)run_whole(expected[i].workload, expected[i].params);
        hm_trace_assert(expected[i].workload, expected[i].hash,
                        expected[i].mallocs, expected[i].resizes);
        assert_int_equal(hm_trace->frees, hm_trace->mallocs);
    }
}

/* The checksum is another one when request `at` goes wrong, and only then. */
static void assert_notices(const char *workload, const char *params,
                           enum hm_trace_damage damage, uint64_t at)
{
    uint32_t sound;

    (void)hm_trace_clear(NULL);
    sound = run_whole(workload, params);
    (void)hm_trace_clear(NULL);
    assert_int_equal(run_whole(workload, params), sound);
    (void)hm_trace_clear(NULL);
    hm_trace->damage = damage;
    hm_trace->damage_at = at;
    assert_int_not_equal(run_whole(workload, params), sound);
}

static void test_one_byte_that_is_not_zero_is_noticed(void **state)
{
    (void)state;
    assert_notices("calloc_sweep", "rounds=1 bytes=1024", HM_TRACE_SOILED, 500);
}

static void test_one_block_askew_is_counted(void **state)
{
    (void)state;
    (void)run_whole("aligned_sweep", "rounds=1 blocks=4");
    assert_string_equal(block_run.base.counter[0].name, "misaligned");
    assert_int_equal(block_run.base.counter[0].value, 0);
    (void)hm_trace_clear(state);
    hm_trace->damage = HM_TRACE_ASKEW;
    hm_trace->damage_at = 700;
    (void)run_whole("aligned_sweep", "rounds=1 blocks=4");
    assert_int_equal(block_run.base.counter[0].value, 1);
}

static void test_one_byte_that_realloc_loses_is_noticed(void **state)
{
    (void)state;
    assert_notices("realloc_growth", "rounds=2", HM_TRACE_LOST, 400);
}

static void test_one_changed_byte_is_noticed(void **state)
{
    (void)state;
    assert_notices("churn", "ops=20000 slots=256", HM_TRACE_CHANGED, 10000);
    assert_notices("drain", "bytes=100000 watch_ms=0", HM_TRACE_CHANGED, 100);
    assert_notices("fleet", "heap=65536 events=2000 replays=2",
                   HM_TRACE_CHANGED, 1000);
    assert_notices("pinned", "bytes=100000 watch_ms=0 keep=1000",
                   HM_TRACE_CHANGED, 100);
    assert_notices("line_sharing", "objects=8 rounds=2", HM_TRACE_CHANGED, 50);
    assert_notices("superserver", "ops=5000 budget=65536 top=13",
                   HM_TRACE_CHANGED, 1000);
    assert_notices("large_small_frag", "rounds=5 large_bytes=300000",
                   HM_TRACE_CHANGED, 4);
    assert_notices("leak_slow", "steps=5000 slots=64 lost=0", HM_TRACE_CHANGED,
                   3000);
}

/* All that a number of bytes needs: sizes are uniform, so they sum up to it. */
static void test_drain_fills_what_it_claims(void **state)
{
    (void)state;
    (void)run_whole("sawtooth", "bytes=1000000 teeth=1");
    assert_in_range(hm_trace->bytes, 970000, 1030000);
    assert_int_equal(hm_trace->mallocs, 1000000 / 516 + 1);
    assert_int_equal(block_run.ops, 2 * hm_trace->mallocs);
    assert_int_equal(block_run.base.meter.ops, block_run.ops);
}

static void test_pinned_keeps_the_share_it_claims(void **state)
{
    const struct hm_block_workload *pinned = find("pinned");
    uint64_t n = 2000000 / 516 + 1;

    (void)hm_trace_clear(state);
    open_run(pinned, "bytes=2000000 watch_ms=0 keep=20");
    pinned->run(&block_run);
    assert_int_equal(hm_trace->mallocs, n);
    assert_int_equal(hm_trace->mallocs - hm_trace->frees, n * 20 / 1000);
    pinned->drop(&block_run);
    assert_int_equal(hm_trace->mallocs, hm_trace->frees);
}

/* In the order of their numbers, the checksum would be that of 0, 1, 2, ... */
static void test_drain_frees_in_random_order(void **state)
{
    uint32_t up = 0, down = 0, n = 100000 / 516 + 1;

    (void)hm_trace_clear(state);
    for (uint32_t i = 0; i < n; i++) {
        up = hm_mix(up, i);
        down = hm_mix(down, n - 1 - i);
    }
    (void)run_whole("drain", "bytes=100000 watch_ms=0");
    assert_int_not_equal(block_run.base.checksum, up);
    assert_int_not_equal(block_run.base.checksum, down);
}

static void test_growth_doubles_every_second_buffer(void **state)
{
    (void)hm_trace_clear(state);
    (void)run_whole("realloc_growth", "rounds=1 buffers=1 most_bytes=1M");
    assert_int_equal(hm_trace->resizes, 17); /* 2^3 to 2^20 */
    (void)hm_trace_clear(state);
    (void)run_whole("realloc_growth", "rounds=1 buffers=2 most_bytes=20");
    /* 16, 20; 12, 18, 20 */
    assert_int_equal(hm_trace->resizes, 5);
    assert_int_equal(block_run.ops, 5);
    assert_int_equal(block_run.frees, 7);
}

enum { CHURN_OPS = 60000, CHURN_SLOTS = 512 };

#define CHURN_CHECKSUM 0xF163258Du

static const struct hm_block_workload *churn_open(void)
{
    const struct hm_block_workload *churn = find("churn");

    open_run(churn, "ops=60000 slots=512");
    return churn;
}

static void test_churn_makes_exactly_the_requests_it_claims(void **state)
{
    const struct hm_block_workload *churn = churn_open();
    const struct hm_block_run *run = &block_run;

    (void)state;
    churn->run(&block_run);
    assert_int_equal(run->ops, CHURN_OPS);
    assert_int_equal(run->base.meter.ops, CHURN_OPS);
    assert_int_equal(hm_trace->mallocs, CHURN_OPS);
    assert_int_equal(hm_trace->frees, run->frees);
    assert_true(run->frees >= CHURN_OPS - CHURN_SLOTS);
    assert_int_equal(run->remote_frees, 0);
    churn->drop(&block_run);
    assert_int_equal(hm_trace->frees, CHURN_OPS);
    assert_int_equal(run->frees, CHURN_OPS);
    assert_int_equal(hm_fin(run->base.checksum), CHURN_CHECKSUM);
    hm_trace_assert("churn", 0xAB617009, CHURN_OPS, 0);
}

/* Log-uniform: [16, 1024) is six octaves, equally likely each. */
static void test_churn_sizes_are_log_uniform(void **state)
{
    const struct hm_block_workload *churn = churn_open();
    uint64_t within = 0;

    (void)state;
    churn->run(&block_run);
    churn->drop(&block_run);
    for (unsigned k = 4; k < 10; k++) {
        assert_in_range(hm_trace->in_octave[k], CHURN_OPS / 6 * 97 / 100,
                        CHURN_OPS / 6 * 103 / 100);
        within += hm_trace->in_octave[k];
    }
    assert_int_equal(within, CHURN_OPS);
}

/* An allocator that lets a block be overwritten must be found out. */
static void test_churn_notices_one_changed_byte(void **state)
{
    const struct hm_block_workload *churn = churn_open();

    (void)state;
    hm_trace->damage = HM_TRACE_CHANGED;
    hm_trace->damage_at = CHURN_OPS / 2;
    churn->run(&block_run);
    churn->drop(&block_run);
    assert_int_equal(hm_trace->mallocs, CHURN_OPS);
    assert_int_not_equal(hm_fin(block_run.base.checksum), CHURN_CHECKSUM);
}

#define TEST(name) cmocka_unit_test_setup(name, hm_trace_clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_block_workloads_make_the_committed_requests),
        TEST(test_one_byte_that_is_not_zero_is_noticed),
        TEST(test_one_block_askew_is_counted),
        TEST(test_one_byte_that_realloc_loses_is_noticed),
        TEST(test_one_changed_byte_is_noticed),
        TEST(test_drain_fills_what_it_claims),
        TEST(test_pinned_keeps_the_share_it_claims),
        TEST(test_drain_frees_in_random_order),
        TEST(test_growth_doubles_every_second_buffer),
        TEST(test_churn_makes_exactly_the_requests_it_claims),
        TEST(test_churn_sizes_are_log_uniform),
        TEST(test_churn_notices_one_changed_byte),
    };

    return cmocka_run_group_tests(tests, hm_trace_open, NULL);
}
