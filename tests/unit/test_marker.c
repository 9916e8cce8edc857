/* SPDX-License-Identifier: MIT */
/* Marking with a stack of a few entries, so that the paths for a full queue
 * run all the time; bitmaps; pacing. */
#include "collectors/substrate/bits.h"
#include "collectors/substrate/marker.h"
#include "collectors/substrate/pacer.h"
#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
    HEAP_WORDS = 1 << 20,
    OBJECTS = 20000,
    STACK_ENTRIES = 16,
};

static uint64_t heap[HEAP_WORDS], bits[HEAP_WORDS / 64];
static hm_ref object[OBJECTS];
static hm_ref root[2];
static int is_reached[OBJECTS], number_at[HEAP_WORDS];
static struct hm_marker marker;
static struct hm_large large;
static struct hm_budget budget;

/* Objects of 1..40 references to random others, nulls, and large arrays. */
static void build(struct hm_rng *rng)
{
    size_t word = 0;

    for (int i = 0; i < OBJECTS; i++) {
        size_t n = 1 + hm_rng_below(rng, 40);

        if (i % 1000 == 0) {
            object[i] = hm_large_new(&large, 2001, 2000);
        } else {
            object[i] = hm_object_init(&heap[word], n + 1, n);
            number_at[word] = i;
            word += n + 1;
        }
        assert_non_null(object[i]);
    }
    for (int i = 0; i < OBJECTS; i++) {
        size_t n = hm_header_refs(*hm_header_of(object[i]));

        for (size_t k = 0; k < n; k++) {
            uint32_t to = hm_rng_below(rng, OBJECTS);

            if (to % 3 != 0) /* a third is garbage */
                hm_slots_of(object[i])[k] = object[to];
        }
    }
    root[0] = object[1];
    root[1] = NULL;
    marker.words = word;
}

static int number_of(hm_ref o)
{
    for (int i = 0; i < OBJECTS; i += 1000) {
        if (object[i] == o)
            return i;
    }
    return number_at[hm_header_of(o) - heap];
}

/* Reachability by numbers and a list: nothing like the marker. */
static void reach_from(int first)
{
    static int queue[OBJECTS];
    int n = 0;

    memset(is_reached, 0, sizeof(is_reached));
    queue[n++] = first;
    is_reached[first] = 1;
    for (int i = 0; i < n; i++) {
        hm_ref o = object[queue[i]];

        for (size_t k = 0; k < hm_header_refs(*hm_header_of(o)); k++) {
            hm_ref child = hm_slots_of(o)[k];
            int c = child == NULL ? -1 : number_of(child);

            if (c >= 0 && !is_reached[c]) {
                is_reached[c] = 1;
                queue[n++] = c;
            }
        }
    }
}

static void check_marks(int marks_whole)
{
    for (int i = 0; i < OBJECTS; i++) {
        size_t word = (size_t)(hm_header_of(object[i]) - heap);

        if (i % 1000 == 0) {
            assert_int_equal(hm_large_of(object[i])->is_marked, is_reached[i]);
            continue;
        }
        assert_int_equal(hm_bits_get(bits, word), is_reached[i]);
        if (marks_whole)
            assert_int_equal(hm_bits_get(bits, word + 1), is_reached[i]);
    }
}

static void mark_and_compare(int marks_whole, size_t stack_entries)
{
    struct hm_roots roots = {0};
    struct hm_rng rng;

    hm_rng_seed(&rng, 3);
    budget = (struct hm_budget){0};
    memset(bits, 0, sizeof(bits));
    assert_int_equal(hm_large_open(&large, &budget, 0), 1);
    build(&rng);
    assert_int_equal(hm_mark_queue_open(&marker.queue, 4 << 20), 1);
    marker.queue.capacity = stack_entries;
    marker.base = heap;
    marker.bits = bits;
    marker.marks_whole = marks_whole;
    marker.large = &large;
    hm_roots_add(&roots, root, 2);
    hm_marker_run(&marker, &roots);
    reach_from(1);
    check_marks(marks_whole);
    hm_mark_queue_close(&marker.queue);
    hm_large_close(&large);
}

static void all_that_is_reachable_is_marked_and_nothing_else(void **state)
{
    (void)state;
    mark_and_compare(0, 1 << 19);
    assert_int_equal(marker.rescans, 0);
    mark_and_compare(1, 1 << 19);
}

static void marking_survives_a_queue_that_drops(void **state)
{
    (void)state;
    mark_and_compare(0, STACK_ENTRIES);
    assert_true(marker.rescans > 0);
    mark_and_compare(1, 0);
    assert_true(marker.rescans > 0);
}

static void ranges_of_bits_are_set_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < 130; i++) {
        for (size_t n = 1; n < 200; n += 7) {
            unsigned count = 0;

            memset(bits, 0, 64);
            hm_bits_set_range(bits, i, n);
            for (int w = 0; w < 8; w++)
                count += hm_bits_count(bits[w]);
            assert_int_equal(count, n);
            assert_int_equal(hm_bits_next(bits, 0, 512), i);
            assert_true(hm_bits_get(bits, i + n - 1));
            assert_int_equal(hm_bits_next(bits, i + n, 512), 512);
            assert_int_equal(hm_bits_next(bits, 0, i), i);
        }
    }
}

static void claimed_ranges_are_those_that_are_set(void **state)
{
    uint64_t claimed[8];

    (void)state;
    for (size_t i = 0; i < 130; i++) {
        for (size_t n = 1; n < 200; n += 3) {
            memset(bits, 0, 64);
            memset(claimed, 0, 64);
            hm_bits_set_range(bits, i, n);
            assert_int_equal(hm_bits_claim(claimed, i, n), 1);
            assert_memory_equal(bits, claimed, 64);
            assert_int_equal(hm_bits_claim(claimed, i, n), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_reachable_is_marked_and_nothing_else),
        cmocka_unit_test(marking_survives_a_queue_that_drops),
        cmocka_unit_test(ranges_of_bits_are_set_exactly),
        cmocka_unit_test(claimed_ranges_are_those_that_are_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
