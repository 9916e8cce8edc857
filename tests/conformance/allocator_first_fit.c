/* SPDX-License-Identifier: MIT */
/* allocator_first_fit.c -- first_fit takes the block that the policy names,
 * seen by a model that searches all holes; it merges, grows in place and gives
 * memory back. */
#include "allocators/allocator.h"

#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct hm_allocator hm_allocator_first_fit;

static const struct hm_allocator *const subject = &hm_allocator_first_fit;

static void *take(struct hm_heap *heap, size_t bytes)
{
    void *block = subject->alloc(heap, bytes, HM_ALLOC_ALIGN);

    assert_non_null(block);
    return block;
}

static void assert_whole(const struct hm_heap *heap)
{
    const char *broken = subject->check(heap);

    if (broken != NULL)
        fail_msg("broken: %s", broken);
}

/* --- The policy, by searching every hole --- */

enum { MODEL_BLOCKS = 400, MODEL_LEAST = 32 };

/* Used blocks by address; offsets from the first payload, tags included. */
struct policy {
    size_t n;
    size_t start[MODEL_BLOCKS], bytes[MODEL_BLOCKS];
};

static size_t gap_for(size_t at, const unsigned char *base, size_t align)
{
    size_t gap = -((uintptr_t)base + at) & (align - 1);

    while (gap != 0 && gap < MODEL_LEAST)
        gap += align;
    return gap;
}

static void policy_insert(struct policy *policy, size_t i, size_t start,
                          size_t bytes)
{
    size_t above = (policy->n - i) * sizeof(size_t);

    memmove(&policy->start[i + 1], &policy->start[i], above);
    memmove(&policy->bytes[i + 1], &policy->bytes[i], above);
    policy->start[i] = start;
    policy->bytes[i] = bytes;
    policy->n++;
}

/* Where a block of `need` bytes must go. */
static size_t policy_place(struct policy *policy, size_t need, size_t align,
                           const unsigned char *base)
{
    size_t hole = 0, gap, i;

    for (i = 0; i < policy->n; i++) {
        size_t room = policy->start[i] - hole;

        gap = gap_for(hole, base, align);
        if (room >= need && gap <= room - need) {
            if (room - gap - need < MODEL_LEAST)
                need = room - gap;
            policy_insert(policy, i, hole + gap, need);
            return hole + gap;
        }
        hole = policy->start[i] + policy->bytes[i];
    }
    gap = gap_for(hole, base, align);
    policy_insert(policy, i, hole + gap, need);
    return hole + gap;
}

static void policy_remove(struct policy *policy, size_t i)
{
    size_t above = (--policy->n - i) * sizeof(size_t);

    memmove(&policy->start[i], &policy->start[i + 1], above);
    memmove(&policy->bytes[i], &policy->bytes[i + 1], above);
}

static size_t need_for(size_t bytes)
{
    size_t need = (bytes + 8 + 15) / 16 * 16;

    return need < MODEL_LEAST ? MODEL_LEAST : need;
}

/* Any mixture of sizes; with a third of the blocks aligned to more. */
static void compare_with_policy(uint32_t seed, unsigned doublings)
{
    static struct policy policy;
    struct hm_heap *heap = subject->create((size_t)64 << 20);
    unsigned char *base = take(heap, 1);
    struct hm_rng rng;

    hm_rng_seed(&rng, seed);
    policy.n = 0;
    subject->release(heap, base);
    for (int step = 0; step < 20000; step++) {
        if (policy.n < MODEL_BLOCKS && hm_rng_below(&rng, 100) < 52) {
            size_t bytes = (size_t)1 << hm_rng_below(&rng, doublings);
            size_t align = (size_t)HM_ALLOC_ALIGN;
            unsigned char *block;

            bytes += hm_rng_next(&rng) % bytes;
            if (hm_rng_below(&rng, 3) == 0)
                align <<= hm_rng_below(&rng, 8);
            block = subject->alloc(heap, bytes, align);
            assert_non_null(block);
            memset(block, 0xEE, bytes);
            assert_int_equal(
                block - base,
                policy_place(&policy, need_for(bytes), align, base));
        } else if (policy.n > 0) {
            size_t i = hm_rng_below(&rng, (uint32_t)policy.n);

            subject->release(heap, base + policy.start[i]);
            policy_remove(&policy, i);
        }
        if (step % 16 == 0)
            assert_whole(heap);
    }
    subject->destroy(heap);
}

static void takes_the_lowest_hole_that_fits(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 4; seed++) {
        compare_with_policy(seed, 8);      /* classes of one size each */
        compare_with_policy(seed, 13);     /* and of several */
        compare_with_policy(seed + 10, 6); /* many equal ones */
    }
}

/* --- Merging, growing, giving back --- */

enum { MANY = 1000 };

/* Whatever the order of releases, one hole is left, and it reaches top. */
static void releases_in_any_order_leave_one_hole(void **state)
{
    static void *block[MANY];
    struct hm_heap *heap = subject->create((size_t)1 << 20);
    void *whole = take(heap, 900000);

    (void)state;
    subject->release(heap, whole);
    for (unsigned stride = 1; stride < MANY; stride += 98) {
        for (size_t i = 0; i < MANY; i++)
            block[i] = take(heap, 100 + i % 700);
        for (size_t i = 0, at = 0; i < MANY; i++) {
            while (block[at] == NULL)
                at = (at + 1) % MANY;
            subject->release(heap, block[at]);
            block[at] = NULL;
            at = (at + stride) % MANY;
            assert_whole(heap);
        }
        assert_ptr_equal(take(heap, 900000), whole);
        subject->release(heap, whole);
    }
    subject->destroy(heap);
}

static void a_block_grows_into_the_hole_above(void **state)
{
    struct hm_heap *heap = subject->create((size_t)1 << 20);
    unsigned char *low = take(heap, 104), *mid = take(heap, 504);
    void *high = take(heap, 104);

    (void)state;
    assert_int_equal(subject->resize(heap, low, 200), 0);
    subject->release(heap, mid);
    assert_int_equal(subject->resize(heap, low, 200), 1);
    assert_true(subject->usable(heap, low) >= 200);
    assert_true(subject->usable(heap, low) < 300);
    assert_whole(heap);
    assert_int_equal(subject->resize(heap, low, 700), 0);
    assert_int_equal(subject->resize(heap, low, 616), 1); /* all of it */
    assert_whole(heap);
    assert_int_equal(subject->resize(heap, low, 20), 1);
    assert_whole(heap);
    assert_true((unsigned char *)take(heap, 504) < (unsigned char *)high);
    subject->destroy(heap);
}

static void the_last_block_grows_up_to_the_limit(void **state)
{
    struct hm_heap *heap = subject->create((size_t)1 << 20);
    unsigned char *block = take(heap, 10);
    size_t bytes = 10;

    (void)state;
    while (subject->resize(heap, block, bytes + 1000)) {
        bytes += 1000;
        memset(block, 0x77, bytes);
        assert_whole(heap);
    }
    while (subject->resize(heap, block, bytes + 1)) {
        block[bytes++] = 0x77; /* a fault where it is past the region */
        assert_whole(heap);
    }
    assert_true(bytes > ((size_t)1 << 20) - 4096);
    assert_int_equal(subject->resize(heap, block, 10), 1);
    assert_whole(heap);
    assert_non_null(subject->alloc(heap, 900000, HM_ALLOC_ALIGN));
    subject->destroy(heap);
}

static size_t resident_pages(unsigned char *from, size_t bytes)
{
    static unsigned char resident[1 << 14];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n = 0;

    from += -(uintptr_t)from & (page - 1);
    assert_true(bytes / page <= sizeof(resident));
    assert_int_equal(mincore(from, bytes / page * page, resident), 0);
    for (size_t i = 0; i < bytes / page; i++)
        n += resident[i] & 1;
    return n;
}

static void memory_above_top_goes_back_to_the_system(void **state)
{
    enum { BLOCK_BYTES = 100000, N = 200 };

    static unsigned char *block[N];
    struct hm_heap *heap = subject->create((size_t)64 << 20);
    size_t before;

    (void)state;
    for (size_t i = 0; i < N; i++)
        block[i] = memset(take(heap, BLOCK_BYTES), 1, BLOCK_BYTES);
    before = resident_pages(block[0], (size_t)BLOCK_BYTES * (N - 1));
    assert_true(before >= (size_t)BLOCK_BYTES * (N - 2) / 4096);
    for (size_t i = 1; i < N; i++)
        subject->release(heap, block[i]);
    assert_true(resident_pages(block[0], (size_t)BLOCK_BYTES * (N - 1)) <
                before / 10);
    assert_whole(heap);
    for (size_t i = 1; i < N; i++)
        memset(take(heap, BLOCK_BYTES), 2, BLOCK_BYTES);
    assert_whole(heap);
    subject->destroy(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_lowest_hole_that_fits),
        cmocka_unit_test(releases_in_any_order_leave_one_hole),
        cmocka_unit_test(a_block_grows_into_the_hole_above),
        cmocka_unit_test(the_last_block_grows_up_to_the_limit),
        cmocka_unit_test(memory_above_top_goes_back_to_the_system),
    };

    return cmocka_run_group_tests_name("first_fit", tests, NULL, NULL);
}
