/* SPDX-License-Identifier: MIT */
/* collector_limit.c -- limits, exhaustion, pacing and figures. */
#include "collector_heap.h"

#include "common/os.h"

#include <string.h>

static const struct hm_layout limit_tree = {2, 0, "tree"};

static hm_ref limit_build(struct hm_mutator *m, int depth)
{
    hm_ref child;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, hm_new(m, &limit_tree));
    for (size_t i = 0; depth > 0 && i < 2; i++) {
        child = limit_build(m, depth - 1);
        hm_store(m, HM_GET(f, 0), i, child);
    }
    HM_RETURN(m, f, 0);
}

static size_t limit_count(hm_ref o)
{
    if (o == NULL)
        return 0;
    return 1 + limit_count(hm_load(heap.m, o, 0)) +
           limit_count(hm_load(heap.m, o, 1));
}

/* Runs `program`; 1 when it finished, 0 when the heap was exhausted.  Either
 * way the heap stays usable. */
static int limit_finishes(void (*program)(size_t arg), size_t arg)
{
#if HM_GC_PRECISE
    struct hm_frame *frames = *hm_frames(heap.m);
#endif
    volatile int finished = 0;

    heap.is_guarded = 1;
    if (setjmp(heap.exhausted) == 0) {
        program(arg);
        finished = 1;
    }
    heap.is_guarded = 0;
#if HM_GC_PRECISE
    *hm_frames(heap.m) = frames;
#endif
    return finished;
}

/* A tree that stays, and many that do not. */
static void limit_churn(size_t depth)
{
    heap.root[0] = limit_build(heap.m, (int)depth);
    for (int i = 0; i < 40; i++)
        heap.root[1] = limit_build(heap.m, (int)depth - 3);
    assert_int_equal(limit_count(heap.root[0]), ((size_t)2 << depth) - 1);
}

/* Live bytes at the end of limit_churn, and most of the time. */
static size_t limit_churn_bytes(size_t depth)
{
    return (((size_t)2 << depth) + 2 * ((size_t)2 << (depth - 3))) * 24;
}

static void limit_fill(size_t object_bytes)
{
    for (;;) {
        struct hm_layout type = {1, (uint32_t)object_bytes, "filler"};
        hm_ref o = hm_new(heap.m, &type);

        hm_init(heap.m, o, 0, heap.root[0]);
        heap.root[0] = o;
    }
}

static void limit_one(size_t bytes)
{
    heap.root[0] = hm_new_raw(heap.m, bytes);
}

static void limit_one_array(size_t n)
{
    heap.root[0] = hm_new_refs(heap.m, n);
}

/* Fills a heap to the brim with objects of one size, twice. */
static void limit_exhaust(size_t heap_bytes, size_t object_bytes)
{
    heap_open((struct heap_options){.heap_bytes = heap_bytes});
    for (int i = 0; i < 2; i++) {
        assert_false(limit_finishes(limit_fill, object_bytes));
        assert_null(hm_gc_check(heap.gc));
        assert_true(heap_stats().heap_peak_bytes <= heap_bytes);
        heap.root[0] = NULL;
        heap_collect();
        assert_int_equal(heap_stats().live_bytes, 0);
    }
    assert_true(limit_finishes(limit_one, object_bytes));
    heap_close();
}

static void a_full_heap_says_so_and_recovers(void **state)
{
    static const size_t heap_bytes[] = {256 << 10, 263000,  300 << 10,
                                        512 << 10, 1 << 20, 8 << 20};
    static const size_t object_bytes[] = {0, 8, 100, 3000, 8000, 8200, 20000};

    (void)state;
    for (size_t h = 0; h < sizeof(heap_bytes) / sizeof(heap_bytes[0]); h++) {
        for (size_t o = 0; o < sizeof(object_bytes) / sizeof(object_bytes[0]);
             o++)
            limit_exhaust(heap_bytes[h], object_bytes[o]);
    }
}

static void impossible_sizes_are_refused_not_wrapped(void **state)
{
    static const size_t bytes[] = {65 * MIB,        (size_t)1 << 35,
                                   (size_t)1 << 62, SIZE_MAX / 2,
                                   SIZE_MAX - 7,    SIZE_MAX};

    (void)state;
    heap_open((struct heap_options){.heap_bytes = 64 * MIB});
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        assert_false(limit_finishes(limit_one, bytes[i]));
        assert_false(limit_finishes(limit_one_array, bytes[i] / 8));
    }
    assert_true(limit_finishes(limit_one, 1000));
    heap_close();
}

static void a_heap_below_the_minimum_is_refused_with_a_reason(void **state)
{
    struct hm_gc_config config = {.heap_bytes = 4096, .param = heap_param};
    const char *why = NULL;

    (void)state;
    assert_null(hm_gc_open(&config, &why));
    assert_non_null(why);
    assert_non_null(strstr(why, "heap_bytes"));
}

/* The smallest multiple of the live bytes, in percent, that each must manage.
 */
static size_t limit_goal_percent(void)
{
    static const struct {
        const char *name;
        size_t percent;
    } goal[] = {{"markcompact", 115},  {"marksweep", 125},
                {"generational", 125}, {"immix", 125},
                {"sticky_immix", 125}, {"incremental", 130},
                {"concurrent", 130}};

    for (size_t i = 0; i < sizeof(goal) / sizeof(goal[0]); i++) {
        if (strcmp(hm_collector_this.name, goal[i].name) == 0)
            return goal[i].percent;
    }
    return 215;
}

static void heaps_around_the_live_size_finish_or_say_so(void **state)
{
    enum { DEPTH = 15 };

    size_t live = limit_churn_bytes(DEPTH);

    (void)state;
    for (size_t percent = 90; percent <= 300; percent += 5) {
        int finished;

        heap_open((struct heap_options){.heap_bytes = live / 100 * percent});
        finished = limit_finishes(limit_churn, DEPTH);
        assert_null(hm_gc_check(heap.gc));
        if (percent >= limit_goal_percent())
            assert_true(finished);
        if (percent < 100)
            assert_false(finished);
        heap_close();
    }
}

static void memory_is_given_back_by_a_collection(void **state)
{
    uint64_t empty_bytes, rss_bytes;

    (void)state;
    heap_open((struct heap_options){.heap_bytes = 128 * MIB});
    empty_bytes = hm_os_rss_bytes(0);
    (void)limit_finishes(limit_fill, 100);
    heap.root[1] = NULL;
    rss_bytes = hm_os_rss_bytes(0);
    assert_true(heap_stats().heap_bytes > 32 * MIB);
    heap_collect(); /* all lives; what this gives back stays so */
    heap.root[0] = NULL;
    heap_collect();
    assert_true(heap_stats().heap_bytes < 5 * MIB);
    assert_true(hm_os_rss_bytes(0) + 24 * MIB < rss_bytes);
    assert_true(hm_os_rss_bytes(0) < empty_bytes + 8 * MIB);
    heap_close();
}

/* With queues of 16 entries a step that marks for a millisecond marks little,
 * so that the heap grows further before marking ends. */
#ifdef HM_TINY_QUEUES
static const size_t limit_grown_bytes = 400 * MIB;
#else
static const size_t limit_grown_bytes = 80 * MIB;
#endif

static void an_unlimited_heap_grows_with_what_lives(void **state)
{
    (void)state;
    heap_open((struct heap_options){0});
    for (int i = 0; i < 40; i++)
        heap.root[1] = limit_build(heap.m, 17); /* 6 MiB each */
    assert_true(heap_stats().collections >= 2);
    assert_true(heap_stats().heap_peak_bytes < limit_grown_bytes);
    for (int i = 0; i < 16; i++)
        heap.root[i] = limit_build(heap.m, 17);
    for (int i = 0; i < 16; i++)
        assert_int_equal(limit_count(heap.root[i]), (2 << 17) - 1);
    heap_close();
}

static void stress_collects_as_often_as_asked(void **state)
{
    uint64_t before;

    (void)state;
    if (hm_collector_this.class == HM_CLASS_REFERENCE)
        skip(); /* never collects, by its own word */
    heap_open((struct heap_options){.heap_bytes = 16 * MIB, .stress_bytes = 1});
    before = heap_stats().collections;
    for (int i = 0; i < 100; i++)
        heap.root[0] = hm_new_raw(heap.m, (size_t)i * 200);
    assert_true(heap_stats().collections - before >= 99);
    heap_close();
    heap_open(
        (struct heap_options){.heap_bytes = 16 * MIB, .stress_bytes = 10000});
    before = heap_stats().collections;
    for (int i = 0; i < 1000; i++)
        heap.root[0] = hm_new_raw(heap.m, 92); /* 100 with the header */
    assert_true(heap_stats().collections - before >= 8);
    if (strcmp(hm_collector_this.name, "bdwgc_incremental") != 0)
        assert_true(heap_stats().collections - before <= 12);
    heap_close(); /* libgc's incremental mode has reasons of its own */
}

static void every_collection_is_a_pause(void **state)
{
    uint64_t before, collections, pauses = 0;

    (void)state;
    if (hm_collector_this.class == HM_CLASS_REFERENCE)
        skip();
    heap_open((struct heap_options){.heap_bytes = 64 * MIB});
    before = heap_stats().collections;
    limit_churn(12);
    for (int i = 0; i < 5; i++)
        heap_collect();
    collections = heap_stats().collections - before;
    assert_true(collections >= 5);
    for (uint64_t i = 0; i < heap_log()->n_listed; i++) {
        const struct hm_pause *pause = &heap_log()->entry[i];

        assert_true(pause->start_ns > 0);
        pauses += pause->kind < HM_PAUSE_sweep; /* not a slice */
    }
    assert_int_equal(pauses, collections);
    heap_close();
}

/* Where several may be, collector_threads.c has them. */
static void there_is_one_mutator(void **state)
{
    (void)state;
    if (HM_GC_THREADS)
        skip();
    heap_open((struct heap_options){.heap_bytes = 16 * MIB});
    assert_null(hm_gc_attach(heap.gc));
    hm_gc_detach(heap.m);
    heap.m = hm_gc_attach(heap.gc);
    assert_non_null(heap.m);
    heap_close();
}

int collector_limit_tests(void)
{
    const struct CMUnitTest any[] = {
        cmocka_unit_test(impossible_sizes_are_refused_not_wrapped),
        cmocka_unit_test(stress_collects_as_often_as_asked),
        cmocka_unit_test(every_collection_is_a_pause),
        cmocka_unit_test(there_is_one_mutator),
    };
    const struct CMUnitTest exact[] = {
        cmocka_unit_test(a_full_heap_says_so_and_recovers),
        cmocka_unit_test(a_heap_below_the_minimum_is_refused_with_a_reason),
        cmocka_unit_test(heaps_around_the_live_size_finish_or_say_so),
        cmocka_unit_test(memory_is_given_back_by_a_collection),
        cmocka_unit_test(an_unlimited_heap_grows_with_what_lives),
    };
    int failed = HEAP_RUN_GROUP("limit", any);

    if (heap_is_precise()) /* libgc's one heap is never as empty as at first */
        failed += HEAP_RUN_GROUP("budget", exact);
    return failed;
}
