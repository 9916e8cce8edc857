/* SPDX-License-Identifier: MIT */
/* workload_trace.c -- the exact sequence of requests each workload makes to
 * malloc, recorded by a malloc that counts: sizes, order, and which block is
 * freed when.  A workload cannot drift, and no compiler delete its requests,
 * without this noticing. */
#include "tests/conformance/workload_run.h"

#include "workloads/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

extern const struct hm_block_workload hm_block_churn;

enum { OCTAVES = 64 };

struct trace {
    uint32_t hash;
    uint64_t mallocs, frees, resizes; /* calloc counts as malloc */
    uint64_t bytes;
    uint64_t in_octave[OCTAVES]; /* sizes in [2^k, 2^(k+1)) */
    uint64_t damage_at;          /* that malloc changes the block before it */
};

/* Before each block; keeps its alignment. */
struct prefix {
    uint64_t serial, bytes;
};

/* Shared with the child that runs the workload. */
static struct trace *trace;

/* The linker's names for a wrapped function (--wrap).
 * NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
void *__real_malloc(size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void __wrap_free(void *block);

/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

static void trace_add(uint32_t event, uint64_t serial, size_t bytes)
{
    trace->hash = hm_mix(trace->hash, event);
    trace->hash = hm_mix(trace->hash, (uint32_t)serial);
    trace->hash = hm_mix(trace->hash, (uint32_t)bytes);
}

void *__wrap_malloc(size_t bytes)
{
    static unsigned char *before;
    struct prefix *p = __real_malloc(sizeof(*p) + bytes);

    if (p == NULL)
        abort();
    if (before != NULL && trace->mallocs == trace->damage_at)
        before[0] ^= 1;
    before = (unsigned char *)(p + 1);
    *p = (struct prefix){trace->mallocs++, bytes};
    trace->bytes += bytes;
    if (bytes > 0)
        trace->in_octave[63 - __builtin_clzll(bytes)]++;
    trace_add(1, p->serial, bytes);
    return p + 1;
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    void *block = __wrap_malloc(n * bytes);

    return memset(block, 0, n * bytes);
}

void *__wrap_realloc(void *block, size_t bytes)
{
    struct prefix *p =
        __real_realloc((struct prefix *)block - 1, sizeof(*p) + bytes);

    if (p == NULL)
        abort();
    p->bytes = bytes;
    trace->resizes++;
    trace_add(2, p->serial, bytes);
    return p + 1;
}

void __wrap_free(void *block)
{
    struct prefix *p = (struct prefix *)block - 1;

    if (block == NULL)
        return;
    trace->frees++;
    trace_add(3, p->serial, p->bytes);
    __real_free(p);
}

static void assert_trace(const char *workload, uint32_t hash, uint64_t mallocs,
                         uint64_t resizes)
{
    if (trace->hash != hash || trace->mallocs != mallocs ||
        trace->resizes != resizes) {
        fail_msg("%s: trace %08x of %llu mallocs and %llu resizes; "
                 "expected %08x of %llu and %llu",
                 workload, trace->hash, (unsigned long long)trace->mallocs,
                 (unsigned long long)trace->resizes, hash,
                 (unsigned long long)mallocs, (unsigned long long)resizes);
    }
}

static int open_trace(void **state)
{
    (void)state;
    trace = mmap(NULL, sizeof(*trace), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return trace == MAP_FAILED ? -1 : 0;
}

static int clear_trace(void **state)
{
    (void)state;
    *trace = (struct trace){.damage_at = UINT64_MAX};
    return 0;
}

/* All blocks come back, but for those that leak_lost loses.  A change of the
 * hash is a change of the workload: it needs a reason, a new constant, and a
 * line in the change log, since numbers before and after do not compare. */
static void test_object_workloads_make_the_committed_requests(void **state)
{
    static const struct {
        const char *workload, *params;
        uint32_t hash;
        uint64_t mallocs, resizes, lost;
    } expected[] = {
        {"binary_trees", "depth=6 step=2", 0x50CDE4C0, 4398, 0, 0},
        {"cache", "keys=512 budget=32768 ops=4000 set=10", 0xA1E39C54, 2914, 0,
         0},
        {"false_integers", "integers=50 lists=20 length=30", 0x4B6DBDDB, 601, 0,
         0},
        {"false_retention", "length=10 ops=500", 0x5F7EB453, 511, 0, 0},
        {"cycles", "nodes=300 length=5 kept=4", 0x5693941F, 301, 0, 0},
        {"deep_list", "nodes=100 rounds=3", 0x95E2B940, 300, 0, 0},
        {"file_stream", "bytes=1000 passes=2", 0x7BADBF3D, 7763, 0, 0},
        {"gcbench", "depth=4 stretch=1", 0x55535E0D, 655, 0, 0},
        {"gcold", "size=10000 height=5 steps=20 step_bytes=16384", 0x25E019DD,
         1049, 0, 0},
        {"graph_mutation", "graphs=5 nodes=10 ops=200 renew=16", 0x385E2A65,
         199, 0, 0},
        {"large_arrays", "ops=30 slots=3 smallest=4096", 0x5139A19B, 31, 0, 0},
        {"large_objects", "steps=60 slots=4", 0xC1453E4E, 61, 18, 0},
        {"leak_cache", "steps=1100 bytes=8", 0x6B5EE6E3, 2202, 0, 0},
        {"leak_lost", "steps=500 bytes=256", 0x64540072, 500, 0, 499},
        {"leak_none", "steps=500 bytes=256", 0x3E90F530, 500, 0, 0},
        {"lru_old_young", "capacity=30 keys=300 ops=400", 0x6D9229EE, 470, 0,
         0},
        {"message_channel", "window=20 pushes=200 bytes=100", 0x5A6A00A7, 201,
         0, 0},
        {"phase_change", "ops=400 bytes=4096", 0xCBD72344, 802, 0, 0},
        {"quads", "depth=3 rounds=2 garbage=1000", 0x42400652, 255, 0, 0},
        {"requests", "requests=50 sessions=10", 0x807566FF, 13551, 0, 0},
        {"splay", "keys=8 ops=12", 0xF1E62803, 1973, 0, 0},
        {"swiss_cheese", "bytes=2048", 0x520543F2, 331, 0, 0},
        {"wide_array", "refs=100 ops=200 garbage=3", 0x7C86F26C, 901, 0, 0},
    };

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct hm_workload_case one = {
            .workload = expected[i].workload,
            .params = expected[i].params,
            .seed = 12345,
            .input_dir = HM_TEST_INPUT_DIR,
        };

        (void)clear_trace(state);
        (void)hm_workload_run_apart(&one);
        assert_trace(one.workload, expected[i].hash, expected[i].mallocs,
                     expected[i].resizes);
        assert_int_equal(trace->frees, trace->mallocs - expected[i].lost);
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

    (void)clear_trace(state);
    (void)hm_workload_run_apart(&one);
}

/* Octaves 4 and 5, with 64 itself in the next; 512 to 1023, with 1024 itself
 * in the next.  The two tables have 800 and 40 bytes. */
static void test_phase_change_makes_one_size_class_then_another(void **state)
{
    trace_run(state, "phase_change", "ops=4000 bytes=4100");
    assert_int_equal(trace->mallocs, 8002);
    assert_int_equal(
        trace->in_octave[4] + trace->in_octave[5] + trace->in_octave[6], 4001);
    assert_in_range(trace->in_octave[6], 4000 / 49, 4000 / 49 * 8 * 2);
    assert_int_equal(trace->in_octave[9] + trace->in_octave[10], 4001);
    assert_in_range(trace->in_octave[10], 1, 4000 / 513 * 8 * 2);
}

/* A quarter of the values in each octave from 64 to 1024 bytes. */
static void test_lru_old_young_values_are_log_uniform(void **state)
{
    uint64_t values = 0;

    trace_run(state, "lru_old_young", "capacity=1000 keys=10000 ops=20000");
    for (unsigned k = 6; k < 10; k++)
        values += trace->in_octave[k];
    for (unsigned k = 6; k < 10; k++) {
        assert_in_range(trace->in_octave[k], values * 22 / 100,
                        values * 28 / 100);
    }
    /* what is left: entries of 48 bytes, the sentinel, and the table */
    assert_int_equal(trace->mallocs, values + trace->in_octave[5] + 1);
}

enum { CHURN_OPS = 60000, CHURN_SLOTS = 512 };

#define CHURN_CHECKSUM 0xF163258Du

/* Sets up one thread's run of churn, as the cell does. */
static struct hm_block_run *churn_open(void)
{
    static struct hm_block_run run;
    static struct hm_progress progress;
    static struct hm_hist latency;
    static struct hm_meter_watch never = {.at_ops = UINT64_MAX};

    hm_hist_init(&latency);
    run = (struct hm_block_run){.threads = 1};
    run.base.value[0] = CHURN_OPS;
    run.base.value[1] = CHURN_SLOTS;
    run.base.value[2] = 16;
    run.base.value[3] = 1024;
    run.base.meter = (struct hm_meter){
        .progress = &progress, .latency = &latency, .watch = &never};
    hm_rng_seed(&run.base.rng, 12345);
    hm_block_churn.setup(&run, 1);
    return &run;
}

static void test_churn_makes_exactly_the_requests_it_claims(void **state)
{
    struct hm_block_run *run;

    (void)state;
    run = churn_open();
    hm_block_churn.run(run);
    assert_int_equal(run->ops, CHURN_OPS);
    assert_int_equal(run->base.meter.ops, CHURN_OPS);
    assert_int_equal(trace->mallocs, CHURN_OPS);
    assert_int_equal(trace->frees, run->frees);
    assert_true(run->frees >= CHURN_OPS - CHURN_SLOTS);
    assert_int_equal(run->remote_frees, 0);
    hm_block_churn.drop(run);
    assert_int_equal(trace->frees, CHURN_OPS);
    assert_int_equal(run->frees, CHURN_OPS);
    assert_int_equal(hm_fin(run->base.checksum), CHURN_CHECKSUM);
    assert_trace("churn", 0xAB617009, CHURN_OPS, 0);
}

/* Log-uniform: [16, 1024) is six octaves, equally likely each. */
static void test_churn_sizes_are_log_uniform(void **state)
{
    struct hm_block_run *run = churn_open();
    uint64_t within = 0;

    (void)state;
    hm_block_churn.run(run);
    hm_block_churn.drop(run);
    for (unsigned k = 4; k < 10; k++) {
        assert_in_range(trace->in_octave[k], CHURN_OPS / 6 * 97 / 100,
                        CHURN_OPS / 6 * 103 / 100);
        within += trace->in_octave[k];
    }
    assert_int_equal(within, CHURN_OPS);
}

/* An allocator that lets a block be overwritten must be found out. */
static void test_churn_notices_one_changed_byte(void **state)
{
    struct hm_block_run *run = churn_open();

    (void)state;
    trace->damage_at = CHURN_OPS / 2;
    hm_block_churn.run(run);
    hm_block_churn.drop(run);
    assert_int_equal(trace->mallocs, CHURN_OPS);
    assert_int_not_equal(hm_fin(run->base.checksum), CHURN_CHECKSUM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object_workloads_make_the_committed_requests),
        cmocka_unit_test(test_phase_change_makes_one_size_class_then_another),
        cmocka_unit_test(test_lru_old_young_values_are_log_uniform),
        cmocka_unit_test_setup(test_churn_makes_exactly_the_requests_it_claims,
                               clear_trace),
        cmocka_unit_test_setup(test_churn_sizes_are_log_uniform, clear_trace),
        cmocka_unit_test_setup(test_churn_notices_one_changed_byte,
                               clear_trace),
    };

    return cmocka_run_group_tests(tests, open_trace, NULL);
}
