/* SPDX-License-Identifier: MIT */
/* allocator_pool.c -- what is particular to pool: blocks of powers of two that
 * fill their unit, pools that are begun block by block, and one spare. */
#include "tests/conformance/allocator_carved.h"

extern const struct hm_allocator hm_allocator_pool;

enum { LEAST = 16, MOST = UNIT / 2 };

static void blocks_are_powers_of_two_at_multiples_of_themselves(void **state)
{
    struct hm_heap *heap = open_heap(16 * MIB);

    (void)state;
    for (size_t power = LEAST; power <= MOST; power *= 2) {
        for (size_t i = 0; i < 100; i++) {
            size_t bytes = power - i * power / 200;
            unsigned char *block = take(heap, bytes);

            assert_int_equal(subject->usable(heap, block), power);
            assert_int_equal((uintptr_t)block % power, 0);
        }
        assert_whole(heap);
    }
    assert_int_equal(subject->usable(heap, take(heap, MOST + 1)), UNIT);
    subject->destroy(heap);
}

/* Nothing but blocks lies in a unit: one size fills a heap as another does. */
static void blocks_fill_their_pool(void **state)
{
    enum { LIMIT = 4 * MIB };

    static unsigned char *block[LIMIT / LEAST];
    size_t whole = 0;

    (void)state;
    for (size_t bytes = UNIT; bytes >= LEAST; bytes /= 2) {
        struct hm_heap *heap = open_heap(LIMIT);
        size_t n = fill(heap, bytes, block, LIMIT / LEAST);

        if (whole == 0)
            whole = n * bytes;
        assert_int_equal(n * bytes, whole);
        assert_whole(heap);
        subject->destroy(heap);
    }
}

/* A new pool is not linked by a loop: blocks come in order of address, and
 * what was never taken was never written. */
static void a_pool_is_begun_block_by_block(void **state)
{
    struct hm_heap *heap = open_heap(4 * MIB);
    unsigned char *first = take(heap, 64);

    (void)state;
    for (size_t i = 1; i < UNIT / 64; i++) {
        unsigned char *block = take(heap, 64);

        assert_ptr_equal(block, first + i * 64);
        for (size_t k = 0; k < 64; k++)
            assert_int_equal(block[k], 0);
    }
    assert_true(unit_of(take(heap, 64)) != unit_of(first));
    subject->destroy(heap);
}

/* The free list comes before blocks that were never used. */
static void the_block_released_last_is_taken_first(void **state)
{
    enum { N = 20 };

    unsigned char *block[N];
    struct hm_heap *heap = open_heap(4 * MIB);

    (void)state;
    assert_int_equal(fill(heap, 200, block, N), N);
    for (size_t i = 0; i < N; i += 2)
        subject->release(heap, block[i]);
    for (size_t i = N; i > 0; i -= 2)
        assert_ptr_equal(take(heap, 200), block[i - 2]);
    assert_ptr_equal(take(heap, 200), block[N - 1] + 256);
    subject->destroy(heap);
}

/* Pools of two blocks, in the first three units of a new heap. */
static void one_empty_pool_is_kept_and_others_go_back(void **state)
{
    enum { N = 6 };

    unsigned char *block[N];
    struct hm_heap *heap = open_heap(4 * MIB);

    (void)state;
    assert_int_equal(fill(heap, MOST, block, N), N);
    for (size_t i = 0; i < N; i++) {
        subject->release(heap, block[i]);
        assert_whole(heap);
    }
    assert_ptr_equal(take(heap, 2 * UNIT), block[2]);
    assert_int_equal(unit_of(take(heap, MOST)), unit_of(block[0]));
    assert_int_equal(unit_of(take(heap, MOST)), unit_of(block[0]));
    assert_true(unit_of(take(heap, MOST)) > unit_of(block[N - 1]));
    assert_whole(heap);
    subject->destroy(heap);
}

static void a_pool_with_room_comes_before_the_spare_one(void **state)
{
    unsigned char *block[6];
    struct hm_heap *heap = open_heap(4 * MIB);

    (void)state;
    assert_int_equal(fill(heap, MOST, block, 6), 6);
    subject->release(heap, block[2]);
    subject->release(heap, block[3]); /* the spare one */
    subject->release(heap, block[5]);
    assert_ptr_equal(take(heap, MOST), block[5]);
    assert_int_equal(unit_of(take(heap, MOST)), unit_of(block[2]));
    assert_whole(heap);
    subject->destroy(heap);
}

static void a_block_stays_unless_a_quarter_of_it_would_do(void **state)
{
    struct hm_heap *heap = open_heap(4 * MIB);
    unsigned char *block = take(heap, 1000);

    (void)state;
    assert_int_equal(subject->resize(heap, block, 1024), 1);
    assert_int_equal(subject->resize(heap, block, 1025), 0);
    assert_int_equal(subject->resize(heap, block, 257), 1);
    assert_int_equal(subject->resize(heap, block, 256), 0);
    assert_int_equal(subject->usable(heap, block), 1024);
    subject->destroy(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_powers_of_two_at_multiples_of_themselves),
        cmocka_unit_test(blocks_fill_their_pool),
        cmocka_unit_test(a_pool_is_begun_block_by_block),
        cmocka_unit_test(the_block_released_last_is_taken_first),
        cmocka_unit_test(one_empty_pool_is_kept_and_others_go_back),
        cmocka_unit_test(a_pool_with_room_comes_before_the_spare_one),
        cmocka_unit_test(a_block_stays_unless_a_quarter_of_it_would_do),
    };

    subject = &hm_allocator_pool;
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
