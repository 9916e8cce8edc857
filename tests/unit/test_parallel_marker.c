/* SPDX-License-Identifier: MIT */
/* Marking by several threads against marking by one: the same bits, the same
 * count, whatever the shape and however small the deques. */
#include "collectors/substrate/bits.h"
#include "collectors/substrate/marker.h"
#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
    HEAP_WORDS = 1 << 20,
    OBJECTS = 30000,
    LARGE_OBJECTS = 8,
    LARGE_REFS = 5000,
    SMALL_HEAP_BYTES = 256 << 10, /* deques of 256 entries */
    THREADS_MAX = 4,
    ROOTS = 64,
};

static uint64_t heap[HEAP_WORDS], expected[HEAP_WORDS / 64];
static uint64_t bits[HEAP_WORDS / 64];
static hm_ref object[OBJECTS], array[LARGE_OBJECTS];
static hm_ref root[ROOTS];
static size_t used_words;
static struct hm_large large;
static struct hm_budget budget;
static struct hm_roots roots;
static struct hm_marker marker;
static atomic_size_t reported_words;

static int set_up(void **state)
{
    (void)state;
    budget = (struct hm_budget){0};
    roots = (struct hm_roots){0};
    memset(root, 0, sizeof(root));
    used_words = 0;
    hm_roots_add(&roots, root, ROOTS);
    return !hm_large_open(&large, &budget, 0);
}

static int tear_down(void **state)
{
    (void)state;
    hm_large_close(&large);
    return 0;
}

static hm_ref small_object(size_t n_refs, size_t raw_words)
{
    size_t words = 1 + n_refs + raw_words;
    hm_ref o = hm_object_init(&heap[used_words], words, n_refs);

    used_words += words;
    assert_true(used_words <= HEAP_WORDS);
    return o;
}

static void point_anywhere(struct hm_rng *rng, hm_ref o, uint32_t reach)
{
    size_t n = hm_header_refs(*hm_header_of(o));

    for (size_t i = 0; i < n; i++) {
        uint32_t to = hm_rng_below(rng, reach);

        if (to % 3 == 0)
            continue; /* a third is garbage */
        hm_slots_of(o)[i] =
            to % 1000 == 1 ? array[to % LARGE_OBJECTS] : object[to];
    }
}

static void build_random(struct hm_rng *rng)
{
    for (int i = 0; i < LARGE_OBJECTS; i++) {
        array[i] = hm_large_new(&large, LARGE_REFS + 1, LARGE_REFS);
        assert_non_null(array[i]);
    }
    for (int i = 0; i < OBJECTS; i++)
        object[i] = small_object(hm_rng_below(rng, 12), hm_rng_below(rng, 20));
    for (int i = 0; i < OBJECTS; i++)
        point_anywhere(rng, object[i], OBJECTS);
    for (int i = 0; i < LARGE_OBJECTS; i++)
        point_anywhere(rng, array[i], OBJECTS);
    for (size_t i = 0; i < ROOTS; i += 2) {
        root[i] = i % 3 == 0 ? array[i % LARGE_OBJECTS]
                             : object[hm_rng_below(rng, OBJECTS)];
    }
}

/* Marks into `bits`; returns the sum of words of small objects. */
static uint64_t mark(unsigned threads, int marks_whole)
{
    marker.base = heap;
    marker.bits = bits;
    marker.words = used_words;
    marker.marks_whole = marks_whole;
    marker.large = &large;
    marker.parallel.alone_objects = threads % 2 == 0 ? 0 : 100;
    memset(bits, 0, sizeof(bits));
    hm_marker_run(&marker, &roots);
    return marker.marked_words;
}

/* What one thread finds, with enough room. */
static uint64_t expect(int marks_whole)
{
    uint64_t words;

    assert_int_equal(hm_marker_open(&marker, 0, 1), 1);
    marker.queue.capacity = marker.queue.range.bytes / sizeof(void *);
    words = mark(1, marks_whole);
    assert_int_equal(marker.rescans, 0);
    memcpy(expected, bits, sizeof(bits));
    hm_marker_close(&marker);
    hm_large_sweep(&large);
    return words;
}

static void compare(size_t heap_bytes, int marks_whole)
{
    uint64_t words = expect(marks_whole);
    size_t large_bytes = large.object_bytes;

    assert_true(words > 0);
    for (unsigned n = 2; n <= THREADS_MAX; n++) {
        assert_int_equal(hm_marker_open(&marker, heap_bytes, n), 1);
        for (int repeat = 0; repeat < 3; repeat++) {
            assert_int_equal(mark(n, marks_whole), words);
            assert_memory_equal(bits, expected, sizeof(bits));
            hm_large_sweep(&large); /* what is not marked does not survive */
            assert_int_equal(large.object_bytes, large_bytes);
        }
        hm_marker_close(&marker);
    }
}

static void random_graphs_are_marked_alike(void **state)
{
    struct hm_rng rng;

    (void)state;
    hm_rng_seed(&rng, 7);
    build_random(&rng);
    compare(0, 0);
    compare(0, 1);
}

static void nothing_is_lost_when_deques_are_full(void **state)
{
    unsigned rescans = 0;
    struct hm_rng rng;

    (void)state;
    hm_rng_seed(&rng, 8);
    build_random(&rng);
    compare(SMALL_HEAP_BYTES, 0);
    rescans = marker.rescans;
    assert_true(rescans > 0);
    compare(SMALL_HEAP_BYTES, 1);
}

/* One item at a time: nothing to share, and nobody may give up early. */
static void a_deep_list_is_marked_to_its_end(void **state)
{
    hm_ref o = NULL, next;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        next = small_object(1, 0);
        hm_slots_of(next)[0] = o;
        o = next;
    }
    root[0] = o;
    compare(0, 0);
    assert_int_equal(marker.marked_words, 200000);
}

static void chunks_of_a_wide_array_are_all_scanned(void **state)
{
    enum { WIDE = 100003 };

    hm_ref wide = hm_large_new(&large, WIDE + 1, WIDE);

    (void)state;
    assert_non_null(wide);
    for (int i = 0; i < WIDE; i++)
        hm_slots_of(wide)[i] = small_object(0, 1);
    root[0] = wide;
    compare(0, 0);
    compare(SMALL_HEAP_BYTES, 1);
    assert_int_equal(marker.marked_words, 2 * WIDE);
}

static void large_objects_alone_and_no_roots(void **state)
{
    (void)state;
    assert_int_equal(hm_marker_open(&marker, 0, 2), 1);
    assert_int_equal(mark(2, 0), 0);
    root[1] = hm_large_new(&large, 2000, 1500);
    hm_slots_of(root[1])[1400] = hm_large_new(&large, 2000, 0);
    hm_slots_of(root[1])[3] = root[1];
    assert_non_null(hm_large_new(&large, 2000, 0));
    assert_int_equal(mark(2, 0), 0);
    hm_large_sweep(&large);
    assert_int_equal(large.object_bytes, 2 * 2000 * HM_WORD_BYTES);
    hm_marker_close(&marker);
}

static void count_words(void *arg, size_t word, size_t words)
{
    assert_ptr_equal(arg, &marker);
    assert_int_equal(hm_header_words(heap[word]), words);
    atomic_fetch_add(&reported_words, words);
}

static void marked_objects_above_a_size_are_reported_once(void **state)
{
    (void)state;
    for (size_t i = 45; i < 60; i++) /* few enough for any queue */
        root[i] = small_object(0, i);
    assert_int_equal(hm_marker_open(&marker, 0, 3), 1);
    marker.parallel.report = count_words;
    marker.parallel.report_arg = &marker;
    marker.parallel.report_words = 50;
    mark(2, 0);
    hm_marker_close(&marker);
    assert_int_equal(reported_words, (51 + 60) * 10 / 2);
}

/* The bytes to be charged cover what is opened. */
static void memory_is_counted(void **state)
{
    (void)state;
    assert_int_equal(hm_parallel_marker_bytes(1, 0), 0);
    assert_int_equal(hm_marker_open(&marker, 1 << 20, 3), 1);
    assert_int_equal(marker.queue.range.bytes + marker.parallel.range.bytes +
                         2 * HM_WORKER_STACK_BYTES,
                     hm_marker_bytes(1 << 20, 3));
    hm_marker_close(&marker);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(random_graphs_are_marked_alike),
        CASE(nothing_is_lost_when_deques_are_full),
        CASE(a_deep_list_is_marked_to_its_end),
        CASE(chunks_of_a_wide_array_are_all_scanned),
        CASE(large_objects_alone_and_no_roots),
        CASE(marked_objects_above_a_size_are_reported_once),
        CASE(memory_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
