/* SPDX-License-Identifier: MIT */
/* collector_weak_shape.c -- weak objects in extreme numbers and places: what
 * they cost, and that it is given back. */
/* First: its parameters would shadow the heap of the test. */
#include "collectors/substrate/heap.h"

#include "collector_heap.h"

#if HM_GC_WEAK && HM_GC_PRECISE

enum { SHAPE_HOLDERS, SHAPE_TARGETS, SHAPE_KEY, SHAPE_OTHER };

static const struct hm_layout shape_box = {1, 0, "box"};
static const struct hm_layout shape_pair = {2, 8, "pair"};

static size_t shape_table_bytes(void)
{
    return hm_weak_held_bytes(&hm_gc_heap(heap.m)->weak);
}

static size_t shape_live(size_t n)
{
    size_t live = 0;

    for (size_t i = 0; i < n; i++) {
        hm_ref holder = hm_load(heap.m, heap.root[SHAPE_HOLDERS], i);

        live += hm_weak_get(heap.m, holder) != NULL;
    }
    return live;
}

static void a_million_weak_references_are_charged_and_given_back(void **state)
{
    enum { N = 1000000 };

    (void)state;
    heap_open((struct heap_options){.heap_bytes = 256 * MIB});
    heap.root[SHAPE_HOLDERS] = hm_new_refs(heap.m, N);
    heap.root[SHAPE_TARGETS] = hm_new_refs(heap.m, N / 2);
    for (size_t i = 0; i < N; i++) {
        heap.root[SHAPE_OTHER] = hm_new(heap.m, &shape_pair);
        if (i % 2 == 0) {
            hm_store(heap.m, heap.root[SHAPE_TARGETS], i / 2,
                     heap.root[SHAPE_OTHER]);
        }
        heap.root[SHAPE_OTHER] = hm_weak_new(heap.m, heap.root[SHAPE_OTHER]);
        hm_store(heap.m, heap.root[SHAPE_HOLDERS], i, heap.root[SHAPE_OTHER]);
    }
    assert_true(heap_stats().heap_bytes > shape_table_bytes());
    assert_true(shape_table_bytes() >= (size_t)N / 2 * 8);
    hm_gc_collect(heap.m);
    assert_int_equal(shape_live(N), N / 2);
    heap.root[SHAPE_TARGETS] = NULL;
    heap_collect();
    assert_int_equal(shape_live(N), 0);
    assert_int_equal(shape_table_bytes(), 0);
    heap_close();
}

/* Value i is the box that holds key i + 1; the holders are reachable. */
static void shape_chain(size_t n, int is_reversed)
{
    heap.root[SHAPE_HOLDERS] = hm_new_refs(heap.m, n);
    heap.root[SHAPE_TARGETS] = hm_new_refs(heap.m, n + 1);
    for (size_t i = 0; i <= n; i++) {
        hm_ref key = hm_new_raw(heap.m, 8);

        hm_store(heap.m, heap.root[SHAPE_TARGETS], i, key);
    }
    for (size_t j = 0; j < n; j++) {
        size_t i = is_reversed ? n - 1 - j : j;
        hm_ref box = hm_new(heap.m, &shape_box);

        hm_store(heap.m, box, 0,
                 hm_load(heap.m, heap.root[SHAPE_TARGETS], i + 1));
        heap.root[SHAPE_OTHER] = hm_ephemeron_new(
            heap.m, hm_load(heap.m, heap.root[SHAPE_TARGETS], i), box);
        hm_store(heap.m, heap.root[SHAPE_HOLDERS], i, heap.root[SHAPE_OTHER]);
    }
    heap.root[SHAPE_KEY] = hm_load(heap.m, heap.root[SHAPE_TARGETS], 0);
    heap.root[SHAPE_TARGETS] = heap.root[SHAPE_OTHER] = NULL;
}

static void check_chain(size_t n, int is_reversed)
{
    const struct hm_weak *weak;

    heap_open((struct heap_options){.heap_bytes = 64 * MIB});
    shape_chain(n, is_reversed);
    weak = &hm_gc_heap(heap.m)->weak;
    heap_collect();
    assert_int_equal(shape_live(n), n);
    assert_true(weak->visits >= n && weak->visits <= 3 * n);
    heap.root[SHAPE_KEY] = NULL;
    heap_collect();
    assert_int_equal(shape_live(n), 0);
    assert_true(weak->visits <= 2 * n);
    assert_int_equal(heap_stats().live_bytes, 8 + 8 * n + 24 * n);
    heap_close();
}

static void a_chain_of_ephemerons_takes_linear_work(void **state)
{
    (void)state;
    if (HM_GC_WEAK < 2)
        return;
    check_chain(100000, 0);
    check_chain(100000, 1);
}

static void a_large_target_and_a_large_key_die_like_others(void **state)
{
    uint64_t token = 0;

    (void)state;
    heap_open((struct heap_options){.heap_bytes = 16 * MIB, .verify = 1});
    heap.root[SHAPE_KEY] = hm_new_refs(heap.m, 5000);
    heap.root[0] = hm_weak_new(heap.m, heap.root[SHAPE_KEY]);
    heap.root[1] = hm_new_raw(heap.m, 100000);
    heap.root[1] = hm_ephemeron_new(heap.m, heap.root[SHAPE_KEY], heap.root[1]);
    hm_watch(heap.m, heap.root[SHAPE_KEY], 42);
    heap_collect();
    assert_ptr_equal(hm_weak_get(heap.m, heap.root[0]), heap.root[SHAPE_KEY]);
    assert_non_null(hm_ephemeron_value(heap.m, heap.root[1]));
    assert_int_equal(hm_next_dead(heap.m, &token), 0);
    heap.root[SHAPE_KEY] = NULL;
    heap_collect();
    assert_null(hm_weak_get(heap.m, heap.root[0]));
    assert_null(hm_ephemeron_value(heap.m, heap.root[1]));
    assert_int_equal(hm_next_dead(heap.m, &token), 1);
    assert_int_equal(token, 42);
    assert_int_equal(heap_stats().live_bytes, 16 + 24);
    heap_close();
}

/* More values than the mark queue holds, all reached by the fix-point. */
static void values_that_overflow_the_mark_queue_are_not_lost(void **state)
{
    enum { N = 60000 };

    (void)state;
    heap_open((struct heap_options){.heap_bytes = 64 * MIB});
    heap.root[SHAPE_HOLDERS] = hm_new_refs(heap.m, N);
    heap.root[SHAPE_KEY] = hm_new_raw(heap.m, 8);
    for (size_t i = 0; i < N; i++) {
        heap.root[SHAPE_OTHER] = hm_new_refs(heap.m, 10);
        for (size_t j = 0; j < 10; j++) {
            hm_ref leaf = hm_new_raw(heap.m, 8);

            hm_store(heap.m, heap.root[SHAPE_OTHER], j, leaf);
        }
        heap.root[SHAPE_OTHER] = hm_ephemeron_new(heap.m, heap.root[SHAPE_KEY],
                                                  heap.root[SHAPE_OTHER]);
        hm_store(heap.m, heap.root[SHAPE_HOLDERS], i, heap.root[SHAPE_OTHER]);
    }
    heap.root[SHAPE_OTHER] = NULL;
    heap_collect();
    assert_int_equal(heap_stats().live_bytes,
                     8 + 8 * N + 16 + (uint64_t)N * (24 + 88 + 160));
    heap_close();
}

static void a_table_that_outgrows_the_limit_is_exhaustion(void **state)
{
    volatile uint64_t n = 0;

    (void)state;
    heap_open((struct heap_options){.heap_bytes = 2 * MIB});
    heap.root[0] = hm_new(heap.m, &shape_pair);
    heap.is_guarded = 1;
    if (setjmp(heap.exhausted) == 0) {
        for (;;) {
            hm_watch(heap.m, heap.root[0], n);
            n++;
        }
    }
    heap.is_guarded = 0;
    assert_true(n > 2 * MIB / 100 && n < 2 * MIB / 16);
    assert_true(heap_stats().heap_peak_bytes <= 2 * MIB);
    *hm_frames(heap.m) = NULL; /* the jump has left them */
    heap.root[0] = NULL;
    heap_collect();
    for (uint64_t token, i = 0; i < n; i++)
        assert_int_equal(hm_next_dead(heap.m, &token), 1);
    heap_collect();
    assert_int_equal(shape_table_bytes(), 0);
    heap_close();
}

int collector_weak_shape_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_weak_references_are_charged_and_given_back),
        cmocka_unit_test(a_chain_of_ephemerons_takes_linear_work),
        cmocka_unit_test(a_large_target_and_a_large_key_die_like_others),
        cmocka_unit_test(values_that_overflow_the_mark_queue_are_not_lost),
        cmocka_unit_test(a_table_that_outgrows_the_limit_is_exhaustion),
    };

    return HEAP_RUN_GROUP("weak shape", tests);
}
#else
int collector_weak_shape_tests(void)
{
    return 0;
}
#endif
