/* SPDX-License-Identifier: MIT */
/* allocator_carved.c NAME -- the allocators on runs.h: large blocks grow and
 * shrink where they are, an alignment costs no memory, what small blocks keep
 * is nobody's loss, and no operation searches. */
#include "tests/conformance/allocator_carved.h"

#include <stdio.h>

enum { MANY = 1 << 17 };

static unsigned char *block[MANY];

/* Bytes of the largest block that there is. */
static size_t largest(struct hm_heap *heap, size_t limit_bytes)
{
    size_t bytes = limit_bytes / UNIT * UNIT;
    void *run = subject->alloc(heap, bytes, HM_ALLOC_ALIGN);

    while (run == NULL && bytes > UNIT) {
        bytes -= UNIT;
        run = subject->alloc(heap, bytes, HM_ALLOC_ALIGN);
    }
    assert_non_null(run);
    subject->release(heap, run);
    return bytes;
}

/* --- Large blocks --- */

static void a_large_block_grows_into_what_is_free_above(void **state)
{
    struct hm_heap *heap = open_heap(4 * MIB);
    unsigned char *low = take(heap, 10 * UNIT), *high = take(heap, 10 * UNIT);

    (void)state;
    assert_ptr_equal(high, low + 10 * UNIT);
    memset(low, 0x11, 10 * UNIT);
    assert_int_equal(subject->resize(heap, low, 10 * UNIT + 1), 0);
    subject->release(heap, high);
    assert_int_equal(subject->resize(heap, low, 12 * UNIT + 1), 1);
    assert_int_equal(subject->usable(heap, low), 13 * UNIT);
    assert_whole(heap);
    memset(low + 10 * UNIT, 0x11, 3 * UNIT);
    assert_int_equal(subject->resize(heap, low, 4 * MIB), 0);
    assert_whole(heap);
    assert_ptr_equal(take(heap, 3 * UNIT), low + 13 * UNIT);
    for (size_t i = 0; i < 13 * UNIT; i++)
        assert_int_equal(low[i], 0x11);
    subject->destroy(heap);
}

static void a_large_block_gives_its_end_back_when_it_shrinks(void **state)
{
    struct hm_heap *heap = open_heap(4 * MIB);
    unsigned char *low = take(heap, 20 * UNIT), *high = take(heap, 3 * UNIT);

    (void)state;
    assert_int_equal(subject->resize(heap, low, 20 * UNIT - 100), 1);
    assert_int_equal(subject->usable(heap, low), 20 * UNIT);
    assert_int_equal(subject->resize(heap, low, 7 * UNIT), 1);
    assert_int_equal(subject->usable(heap, low), 7 * UNIT);
    assert_whole(heap);
    assert_ptr_equal(take(heap, 13 * UNIT), low + 7 * UNIT);
    assert_int_equal(subject->resize(heap, low, 100), 0); /* a small one */
    assert_int_equal(subject->usable(heap, low), 7 * UNIT);
    subject->release(heap, high);
    subject->release(heap, low);
    assert_whole(heap);
    subject->destroy(heap);
}

/* Whatever of eight units was left, the next run begins there. */
static void runs_of_a_new_heap_lie_end_to_end(void **state)
{
    (void)state;
    for (size_t units = 3; units < 20; units++) {
        struct hm_heap *heap = open_heap(8 * MIB);
        unsigned char *first = take(heap, units * UNIT);

        for (size_t i = 1; i < 20; i++) {
            assert_ptr_equal(take(heap, units * UNIT),
                             first + i * units * UNIT);
            assert_whole(heap);
        }
        subject->destroy(heap);
    }
}

/* Blocks of seven units at each multiple of 64: what lies between is free. */
static void an_alignment_beyond_a_unit_costs_no_memory(void **state)
{
    enum { LIMIT = 16 * MIB };

    struct hm_heap *heap = open_heap(LIMIT);
    size_t whole = largest(heap, LIMIT), n = 0, pairs;

    (void)state;
    while ((block[n] = subject->alloc(heap, 100000, MIB)) != NULL) {
        assert_int_equal((uintptr_t)block[n] % MIB, 0);
        assert_int_equal(subject->usable(heap, block[n++]), 7 * UNIT);
        assert_whole(heap);
    }
    assert_true(n >= LIMIT / MIB - 2);
    pairs = fill(heap, 2 * UNIT, block + n, MANY - n);
    assert_true(pairs >= (whole / UNIT - 7 * n) / 2 - n - 1);
    for (size_t i = 0; i < n + pairs; i++)
        subject->release(heap, block[i]);
    assert_whole(heap);
    assert_int_equal(largest(heap, LIMIT), whole);
    subject->destroy(heap);
}

/* --- Memory goes from one use to another --- */

static void release_all(struct hm_heap *heap, size_t n)
{
    while (n > 0)
        subject->release(heap, block[--n]);
}

static void take_and_release_every_size(struct hm_heap *heap)
{
    size_t n = 0;

    for (size_t bytes = 16; bytes < 2 * UNIT; bytes += bytes / 4 + 15)
        block[n++] = take(heap, bytes);
    release_all(heap, n);
}

static void what_is_kept_is_given_when_memory_is_short(void **state)
{
    enum { LIMIT = 8 * MIB };

    struct hm_heap *heap = open_heap(LIMIT);
    size_t whole = largest(heap, LIMIT), many = fill(heap, 448, block, MANY);

    (void)state;
    release_all(heap, many);
    take_and_release_every_size(heap);
    assert_int_equal(fill(heap, 448, block, MANY), many);
    assert_whole(heap);
    release_all(heap, many);
    take_and_release_every_size(heap);
    assert_int_equal(largest(heap, LIMIT), whole);
    assert_whole(heap);
    subject->destroy(heap);
}

static void blocks_of_one_size_become_those_of_another(void **state)
{
    enum { LIMIT = 2 * MIB };

    static const size_t sizes[] = {16, 8192, 112, 3584, 448};
    struct hm_heap *heap = open_heap(LIMIT);

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t n = fill(heap, sizes[i], block, MANY);

        assert_true(n * subject->usable(heap, block[0]) >=
                    (size_t)LIMIT / 100 * 84);
        shuffle(block, n, (uint32_t)i);
        release_all(heap, n);
        assert_whole(heap);
    }
    subject->destroy(heap);
}

static size_t resident_bytes(unsigned char *from, const unsigned char *upto)
{
    static unsigned char resident[1 << 14];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n = 0, pages;

    from -= (uintptr_t)from % page;
    pages = (size_t)(upto - from) / page;
    assert_true(pages <= sizeof(resident));
    assert_int_equal(mincore(from, pages * page, resident), 0);
    for (size_t i = 0; i < pages; i++)
        n += resident[i] & 1;
    return n * page;
}

static void memory_without_a_block_goes_back_to_the_system(void **state)
{
    /* Of what is in use a quarter more is kept, and an eighth in slabs. */
    enum { BYTES = 512, LIVE = 48 * MIB, N = LIVE / BYTES };

    enum { HALF_MOST = LIVE / 2 + LIVE / 2 / 4 + LIVE / 2 / 8 + MIB };

    struct hm_heap *heap = open_heap(64 * MIB);
    unsigned char *low, *high;

    (void)state;
    for (size_t i = 0; i < N; i++)
        block[i] = memset(take(heap, BYTES), 1, BYTES);
    low = block[0];
    high = block[N - 1] + BYTES;
    assert_true(resident_bytes(low, high) >= LIVE - UNIT);
    for (size_t i = N / 2; i < N; i++)
        subject->release(heap, block[i]);
    assert_true(resident_bytes(low, high) <= (size_t)HALF_MOST);
    for (size_t i = 0; i < N / 2; i++)
        subject->release(heap, block[i]);
    assert_whole(heap);
    assert_true(resident_bytes(low, high) <= 5 * MIB); /* units.h keeps four */
    subject->destroy(heap);
}

/* --- No operation searches --- */

/* Half of `n` blocks are released here and there.  As many again come out of
 * one piece after the other, each visited once: the first in line always has a
 * free block, however many pieces there are and how full they may be. */
static void fill_holes(struct hm_heap *heap, size_t n)
{
    size_t pieces = 0, visits = 1, released;

    for (size_t i = 0; i < n; i++) {
        block[i] = take(heap, 64);
        pieces += i == 0 || unit_of(block[i]) != unit_of(block[i - 1]);
    }
    shuffle(block, n, (uint32_t)n);
    released = n / 2;
    for (size_t i = 0; i < released; i++)
        subject->release(heap, block[i]);
    assert_whole(heap);
    for (size_t i = 0; i < released; i++) {
        block[i] = take(heap, 64);
        visits += i > 0 && unit_of(block[i]) != unit_of(block[i - 1]);
    }
    assert_true(visits <= pieces);
    assert_whole(heap);
    release_all(heap, n);
}

static void an_allocation_finds_its_block_in_the_first_place(void **state)
{
    (void)state;
    for (size_t n = 300; n <= MANY; n *= 10) {
        struct hm_heap *heap = open_heap(64 * MIB);

        fill_holes(heap, n);
        subject->destroy(heap);
    }
}

/* --- The check --- */

/* What a write to a released block can do to the list that it is in. */
static void the_check_sees_a_spoilt_free_list(void **state)
{
    struct hm_heap *heap = open_heap(4 * MIB);
    unsigned char *low = take(heap, 64), *mid = take(heap, 64),
                  *high = take(heap, 64);
    unsigned char *const spoilt[] = {mid, mid + 8, high + 64, low - MIB};

    (void)state;
    subject->release(heap, mid);
    for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
        memcpy(mid, &spoilt[i], sizeof(spoilt[i]));
        assert_non_null(subject->check(heap));
    }
    memset(mid, 0, sizeof(void *));
    assert_whole(heap);
    memcpy(mid, &high, sizeof(high)); /* in use */
    memset(high, 0, sizeof(void *));
    assert_non_null(subject->check(heap));
    subject->destroy(heap);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_block_grows_into_what_is_free_above),
        cmocka_unit_test(a_large_block_gives_its_end_back_when_it_shrinks),
        cmocka_unit_test(runs_of_a_new_heap_lie_end_to_end),
        cmocka_unit_test(an_alignment_beyond_a_unit_costs_no_memory),
        cmocka_unit_test(what_is_kept_is_given_when_memory_is_short),
        cmocka_unit_test(blocks_of_one_size_become_those_of_another),
        cmocka_unit_test(memory_without_a_block_goes_back_to_the_system),
        cmocka_unit_test(an_allocation_finds_its_block_in_the_first_place),
        cmocka_unit_test(the_check_sees_a_spoilt_free_list),
    };

    for (size_t i = 0; argc == 2 && hm_allocators[i] != NULL; i++) {
        if (strcmp(hm_allocators[i]->name, argv[1]) == 0)
            subject = hm_allocators[i];
    }
    if (subject == NULL) {
        fprintf(stderr, "usage: %s ALLOCATOR\n", argv[0]);
        return 2;
    }
    return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}
