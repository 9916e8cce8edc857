/* SPDX-License-Identifier: MIT */
/* workload_trace.c -- the exact sequence of requests each workload makes to
 * malloc, recorded by a malloc that counts: sizes, order, and which block is
 * freed when.  A workload cannot drift, and no compiler delete its requests,
 * without this noticing. */
#include "tests/conformance/malloc_trace.h"
#include "tests/conformance/workload_run.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* All blocks come back, but for those that are lost on purpose.  A change of
 * the hash is a change of the workload: it needs a reason, a new constant, and
 * a line in the change log, since numbers before and after do not compare. */
static const struct {
    const char *workload, *params;
    uint32_t hash;
    uint64_t mallocs, resizes, lost;
} expected[] = {
    {"binary_trees", "depth=6 step=2", 0x50CDE4C0, 4398, 0, 0},
    {"buffer_churn", "buffers=20 ops=300 max_bytes=256 watch_ms=0", 0x031E688D,
     301, 0, 0},
    {"cache", "keys=512 budget=32768 ops=4000 set=10", 0xA1E39C54, 2914, 0, 0},
    {"cache", "keys=512 budget=32768 ops=2000 set=10 ttl=300", 0x4E5EF7EA, 3022,
     0, 0},
    {"connections", "connections=20 events=300", 0x2E987ADB, 10357, 0, 0},
    {"false_integers", "integers=50 lists=20 length=30", 0x4B6DBDDB, 601, 0, 0},
    {"false_retention", "length=10 ops=500", 0x5F7EB453, 511, 0, 0},
    {"cycles", "nodes=300 length=5 kept=4", 0x5693941F, 301, 0, 0},
    {"deep_list", "nodes=100 rounds=3", 0x95E2B940, 300, 0, 0},
    {"file_stream", "bytes=1000 passes=2", 0x7BADBF3D, 7763, 0, 0},
    {"file_whole", "bytes=1000", 0x82EA80F6, 4767, 0, 0},
    {"gcbench", "depth=4 stretch=1", 0x55535E0D, 655, 0, 0},
    {"gcold", "size=10000 height=5 steps=20 step_bytes=16384", 0x25E019DD, 1049,
     0, 0},
    {"graph_mutation", "graphs=5 nodes=10 ops=200 renew=16", 0x385E2A65, 199, 0,
     0},
    {"large_arrays", "ops=30 slots=3 smallest=4096", 0x5139A19B, 31, 0, 0},
    {"large_objects", "steps=60 slots=4", 0xC1453E4E, 61, 18, 0},
    {"large_objects", "steps=60 slots=4 growth=1", 0xAA51985B, 79, 0, 0},
    {"leak_cache", "steps=1100 bytes=8", 0x6B5EE6E3, 2202, 0, 0},
    {"leak_cache", "steps=500 twin=1", 0xC54BC624, 1001, 0, 0},
    {"leak_chain", "steps=500 length=50", 0x75AE40AE, 1000, 0, 990},
    {"leak_closure", "steps=500", 0xFFC98180, 2500, 0, 0},
    {"leak_closure", "steps=500 twin=1", 0x12E1389A, 3000, 0, 0},
    {"leak_connection", "steps=500 errors=10", 0xC0E9D21B, 580, 0, 78},
    {"leak_cycle", "steps=500", 0xC6222FBC, 1500, 0, 0},
    {"leak_false", "steps=500", 0x76FC4DA3, 1001, 0, 0},
    {"leak_listener", "steps=500", 0x78A948A5, 1506, 0, 0},
    {"leak_lost", "steps=500 bytes=256", 0x64540072, 500, 0, 499},
    {"leak_none", "steps=500 bytes=256", 0x3E90F530, 500, 0, 0},
    {"leak_thread", "steps=500", 0x05960102, 625, 0, 0},
    {"leak_timer", "steps=500 twin=1", 0x561B7C95, 1506, 0, 0},
    {"leak_view", "steps=50 bytes=4096", 0xEBD426A7, 100, 0, 0},
    {"leak_view", "steps=50 bytes=4096 twin=1", 0xFF81FA3C, 150, 0, 0},
    {"leak_window", "steps=500 window=10", 0xC792D690, 1002, 0, 0},
    {"lru_old_young", "capacity=30 keys=300 ops=400", 0x6D9229EE, 470, 0, 0},
    {"message_channel", "window=20 pushes=200 bytes=100", 0x5A6A00A7, 201, 0,
     0},
    {"phase_change", "ops=400 bytes=4096", 0xCBD72344, 802, 0, 0},
    {"quads", "depth=3 rounds=2 garbage=1000", 0x42400652, 255, 0, 0},
    {"requests", "requests=50 sessions=10", 0x807566FF, 13551, 0, 0},
    {"splay", "keys=8 ops=12", 0xF1E62803, 1973, 0, 0},
    {"stack_heap", "depth=5", 0x4CDBE64A, 63, 0, 0},
    {"stack_heap", "depth=5 variant=4", 0x39AC679E, 284, 0, 0},
    {"stack_heap", "depth=5 variant=5 levels=10", 0x843D64C0, 73, 0, 0},
    {"swiss_cheese", "bytes=2048", 0x520543F2, 331, 0, 0},
    {"wide_array", "refs=100 ops=200 garbage=3", 0x7C86F26C, 901, 0, 0},
};

static void test_object_workloads_make_the_committed_requests(void **state)
{
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct hm_workload_case one = {
            .workload = expected[i].workload,
            .params = expected[i].params,
            .seed = 12345,
            .input_dir = HM_TEST_INPUT_DIR,
        };

        (void)hm_trace_clear(state);
        (void)hm_workload_run_apart(&one);
        hm_trace_assert(one.workload, expected[i].hash, expected[i].mallocs,
                        expected[i].resizes);
        assert_int_equal(hm_trace->frees, hm_trace->mallocs - expected[i].lost);
    }
}

static void trace_run(void **state, const char *workload, const char *params)
{
    const struct hm_workload_case one = {
        .workload = workload,
        .params = params,
        .seed = 12345,
        .input_dir = HM_TEST_INPUT_DIR,
    };

    (void)hm_trace_clear(state);
    (void)hm_workload_run_apart(&one);
}

/* Octaves 4 and 5, with 64 itself in the next; 512 to 1023, with 1024 itself
 * in the next.  The two tables have 800 and 40 bytes. */
static void test_phase_change_makes_one_size_class_then_another(void **state)
{
    trace_run(state, "phase_change", "ops=4000 bytes=4100");
    assert_int_equal(hm_trace->mallocs, 8002);
    assert_int_equal(hm_trace->in_octave[4] + hm_trace->in_octave[5] +
                         hm_trace->in_octave[6],
                     4001);
    assert_in_range(hm_trace->in_octave[6], 4000 / 49, 4000 / 49 * 8 * 2);
    assert_int_equal(hm_trace->in_octave[9] + hm_trace->in_octave[10], 4001);
    assert_in_range(hm_trace->in_octave[10], 1, 4000 / 513 * 8 * 2);
}

/* A quarter of the values in each octave from 64 to 1024 bytes. */
static void test_lru_old_young_values_are_log_uniform(void **state)
{
    uint64_t values = 0;

    trace_run(state, "lru_old_young", "capacity=1000 keys=10000 ops=20000");
    for (unsigned k = 6; k < 10; k++)
        values += hm_trace->in_octave[k];
    for (unsigned k = 6; k < 10; k++) {
        assert_in_range(hm_trace->in_octave[k], values * 22 / 100,
                        values * 28 / 100);
    }
    /* what is left: entries of 48 bytes, the sentinel, and the table */
    assert_int_equal(hm_trace->mallocs, values + hm_trace->in_octave[5] + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object_workloads_make_the_committed_requests),
        cmocka_unit_test(test_phase_change_makes_one_size_class_then_another),
        cmocka_unit_test(test_lru_old_young_values_are_log_uniform),
    };

    return cmocka_run_group_tests(tests, hm_trace_open, NULL);
}
