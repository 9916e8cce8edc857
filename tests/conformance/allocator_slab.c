/* SPDX-License-Identifier: MIT */
/* allocator_slab.c -- what is particular to slab: colours, the order in which
 * slabs are taken, which empty ones are kept, and the bound of its waste. */
#include "tests/conformance/allocator_carved.h"

extern const struct hm_allocator hm_allocator_slab;

enum { LINE = 64, LINES = 64 };

/* On how many lines of a 4 KiB period, which is one way of a cache, the first
 * words of `n` blocks lie. */
static unsigned lines_of(unsigned char *const *block, size_t n)
{
    unsigned char is_used[LINES] = {0};
    unsigned lines = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char *used = &is_used[(uintptr_t)block[i] / LINE % LINES];

        lines += *used == 0;
        *used = 1;
    }
    return lines;
}

/* Without colours the first words of n-byte blocks share 4096 / n lines. */
static void colours_spread_blocks_over_all_lines(void **state)
{
    static unsigned char *block[2000];

    (void)state;
    for (size_t bytes = 256; bytes <= 4096; bytes *= 2) {
        struct hm_heap *heap = open_heap(16 * MIB);
        size_t n = fill(heap, bytes, block, 2000);

        assert_true(lines_of(block, n) >= LINES * 7 / 8);
        subject->destroy(heap);
    }
}

/* The first block of each slab: the next colour each time, and round again. */
static void each_slab_begins_a_line_further(void **state)
{
    enum { N = 40 * 15 };

    static unsigned char *block[N];
    struct hm_heap *heap = open_heap(16 * MIB);
    size_t before = 0, rounds = 0;

    (void)state;
    assert_int_equal(fill(heap, 1024, block, N), N);
    assert_int_equal((uintptr_t)block[0] % UNIT, 0);
    for (size_t i = 1; i < N; i++) {
        size_t colour = (uintptr_t)block[i] % UNIT;

        if (unit_of(block[i]) == unit_of(block[i - 1]))
            continue;
        assert_true(colour == 0 || colour == before + LINE);
        rounds += colour == 0;
        before = colour;
    }
    assert_true(rounds >= 2 && rounds <= 4);
    subject->destroy(heap);
}

static void aligned_blocks_have_no_colour(void **state)
{
    struct hm_heap *heap = open_heap(64 * MIB);

    (void)state;
    for (size_t align = 32; align <= UNIT; align *= 2) {
        for (size_t i = 1; i <= 200; i++) {
            size_t bytes = align * (1 + i % 3) - i % 16;
            unsigned char *block = subject->alloc(heap, bytes, align);

            assert_non_null(block);
            assert_int_equal((uintptr_t)block % align, 0);
            assert_true(subject->usable(heap, block) >= bytes);
        }
        assert_whole(heap);
    }
    subject->destroy(heap);
}

static void no_empty_slab_is_begun_while_another_has_room(void **state)
{
    unsigned char *block[100];
    struct hm_heap *heap = open_heap(4 * MIB);
    size_t each = 1; /* blocks in a slab */

    (void)state;
    (void)fill(heap, 1024, block, 100);
    while (unit_of(block[each]) == unit_of(block[0]))
        each++;
    for (size_t i = 100; i > 4 * each; i--)
        subject->release(heap, block[i - 1]); /* four full ones are left */
    subject->release(heap, block[0]);
    for (size_t i = 2 * each; i < 3 * each; i++)
        subject->release(heap, block[i]);
    assert_whole(heap);
    assert_ptr_equal(take(heap, 1024), block[0]);
    assert_true(unit_of(take(heap, 1024)) != unit_of(block[0]));
    subject->destroy(heap);
}

static void an_empty_slab_is_kept_for_the_next_block(void **state)
{
    (void)state;
    for (size_t bytes = 16; bytes <= 28672; bytes *= 2) {
        struct hm_heap *heap = open_heap(4 * MIB);
        unsigned char *block = take(heap, bytes), *other;

        subject->release(heap, block);
        other = take(heap, UNIT * 2); /* would get the units of a reaped one */
        assert_ptr_equal(take(heap, bytes), block);
        assert_true(unit_of(other) != unit_of(block));
        subject->destroy(heap);
    }
}

/* All but the last block are released: what their slabs had is where large
 * blocks go, before the heap grows. */
static void empty_slabs_beyond_an_eighth_are_reaped(void **state)
{
    enum { N = 7 * 200 };

    static unsigned char *block[N];
    struct hm_heap *heap = open_heap(16 * MIB);
    size_t n_units, reused = 0;

    (void)state;
    assert_int_equal(fill(heap, 2048, block, N), N);
    n_units = unit_of(block[N - 1]) - unit_of(block[0]);
    for (size_t i = 0; i < N - 1; i++)
        subject->release(heap, block[i]);
    assert_whole(heap);
    for (size_t i = 0; i < n_units / 2; i++)
        reused += unit_of(take(heap, 2 * UNIT)) < unit_of(block[N - 1]);
    assert_true(n_units >= 180 && reused >= n_units / 2 - 8);
    subject->destroy(heap);
}

static void at_most_an_eighth_is_no_block(void **state)
{
    enum { LIMIT = 16 * MIB };

    static unsigned char *block[LIMIT / 16];

    (void)state;
    for (size_t bytes = 16, step = 16; bytes <= 28672; bytes += step) {
        struct hm_heap *heap = open_heap(LIMIT);
        size_t n = fill(heap, bytes, block, LIMIT / 16);

        assert_int_equal(subject->usable(heap, block[0]), bytes);
        assert_true(n * bytes >= (LIMIT - 20 * UNIT) / 8 * 7);
        assert_whole(heap);
        subject->destroy(heap);
        if (bytes >= 128 && (bytes & (bytes - 1)) == 0)
            step = bytes / 4;
    }
}

static void a_block_stays_unless_half_of_it_would_do(void **state)
{
    struct hm_heap *heap = open_heap(4 * MIB);
    unsigned char *block = take(heap, 1000), *small = take(heap, 128);

    (void)state;
    assert_int_equal(subject->usable(heap, block), 1024);
    assert_int_equal(subject->resize(heap, block, 1024), 1);
    assert_int_equal(subject->resize(heap, block, 1025), 0);
    assert_int_equal(subject->resize(heap, block, 512), 1);
    assert_int_equal(subject->resize(heap, block, 511), 0);
    assert_int_equal(subject->usable(heap, block), 1024);
    assert_int_equal(subject->resize(heap, small, 1), 1);
    subject->destroy(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_spread_blocks_over_all_lines),
        cmocka_unit_test(each_slab_begins_a_line_further),
        cmocka_unit_test(aligned_blocks_have_no_colour),
        cmocka_unit_test(no_empty_slab_is_begun_while_another_has_room),
        cmocka_unit_test(an_empty_slab_is_kept_for_the_next_block),
        cmocka_unit_test(empty_slabs_beyond_an_eighth_are_reaped),
        cmocka_unit_test(at_most_an_eighth_is_no_block),
        cmocka_unit_test(a_block_stays_unless_half_of_it_would_do),
    };

    subject = &hm_allocator_slab;
    return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
