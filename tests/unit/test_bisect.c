/* SPDX-License-Identifier: MIT */
/* test_bisect.c -- the search for the smallest heap, on heaps made up. */
#include "harness/campaign/bisect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

/* A strategy that needs `needs` bytes, and its moods. */
struct fake {
    uint64_t needs;
    uint64_t gap_low, gap_high; /* fails here although it is more */
    uint64_t flaky;             /* below this it fits once only */
    uint64_t stop_at;           /* crashes at or below */
    uint64_t smallest, largest; /* that were probed */
    uint64_t seen[256];
    unsigned probes;
};

/* Notes the probe; whether there was one of that size before. */
static int probed(struct fake *fake, uint64_t bytes)
{
    int before = 0;

    for (unsigned i = 0; i < fake->probes; i++)
        before |= fake->seen[i] == bytes;
    assert_true(fake->probes < 256);
    fake->seen[fake->probes++] = bytes;
    return before;
}

static enum hm_fit probe(void *user, uint64_t bytes)
{
    struct fake *fake = user;
    int before = probed(fake, bytes);

    if (fake->smallest == 0 || bytes < fake->smallest)
        fake->smallest = bytes;
    if (bytes > fake->largest)
        fake->largest = bytes;
    if (bytes <= fake->stop_at)
        return HM_FIT_STOP;
    if (bytes < fake->needs ||
        (bytes >= fake->gap_low && bytes < fake->gap_high))
        return HM_FIT_NO;
    return bytes < fake->flaky && before ? HM_FIT_NO : HM_FIT_YES;
}

static struct hm_bisected search(struct fake *fake, unsigned passes)
{
    struct hm_bisect how = {
        .start_bytes = 30 * MIB,
        .likely_bytes = 10 * MIB,
        .least_bytes = MIB,
        .most_bytes = 640 * MIB,
        .step_bytes = 64 * KIB,
        .tolerance = 0.02,
        .passes = passes,
        .probe = probe,
        .user = fake,
    };
    struct hm_bisected found;

    hm_bisect(&how, &found);
    assert_int_equal(found.probes, fake->probes);
    assert_true(fake->smallest >= how.least_bytes);
    assert_true(fake->largest <= how.most_bytes);
    return found;
}

static void the_result_fits_and_two_percent_less_does_not(void **state)
{
    static const uint64_t needs[] = {
        MIB + 1,  3 * MIB,  9 * MIB,  10 * MIB,  10 * MIB + 1, 17 * MIB,
        30 * MIB, 31 * MIB, 61 * MIB, 500 * MIB, 640 * MIB};

    (void)state;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        struct fake fake = {.needs = needs[i]};
        struct hm_bisected found = search(&fake, 1);
        double gap = (double)(found.fits_bytes - found.fails_bytes);

        assert_false(found.stopped);
        assert_true(found.fits_bytes >= needs[i]);
        assert_true(found.fails_bytes < needs[i]);
        assert_true(found.fails_bytes > 0);
        assert_true(gap <= 0.02 * (double)found.fits_bytes || gap <= 64 * KIB);
        assert_true(found.probes <= 18);
    }
}

static void what_fits_into_the_least_heap_has_no_failure(void **state)
{
    struct fake fake = {.needs = 100 * KIB};
    struct hm_bisected found = search(&fake, 2);

    (void)state;
    assert_int_equal(found.fits_bytes, MIB);
    assert_int_equal(found.fails_bytes, 0);
}

static void where_nothing_fits_none_is_found(void **state)
{
    struct fake fake = {.needs = 641 * MIB};
    struct hm_bisected found = search(&fake, 2);

    (void)state;
    assert_false(found.stopped);
    assert_int_equal(found.fits_bytes, 0);
    assert_int_equal(found.fails_bytes, 640 * MIB);
    assert_int_equal(fake.probes, 6); /* 30, 60, 120, 240, 480, 640 */
}

static void a_crash_ends_the_search_at_once(void **state)
{
    struct fake fake = {.needs = 12 * MIB, .stop_at = 11 * MIB};
    struct hm_bisected found = search(&fake, 2);

    (void)state;
    assert_true(found.stopped);
    assert_int_equal(found.fits_bytes, 0);
    assert_int_equal(fake.smallest, 10 * MIB);
    assert_int_equal(fake.probes, 2);
}

static void where_fitting_is_not_monotone_a_boundary_is_found(void **state)
{
    struct fake fake = {
        .needs = 11 * MIB, .gap_low = 13 * MIB, .gap_high = 19 * MIB};
    struct hm_bisected found = search(&fake, 2);
    struct fake again = fake;

    (void)state;
    assert_false(found.stopped);
    assert_int_equal(probe(&again, found.fits_bytes), HM_FIT_YES);
    assert_int_equal(probe(&again, found.fails_bytes), HM_FIT_NO);
    assert_true((double)(found.fits_bytes - found.fails_bytes) <=
                0.02 * (double)found.fits_bytes);
}

static void failures_somewhat_above_the_boundary_are_found(void **state)
{
    static const double above[] = {1.1, 1.25};

    (void)state;
    for (size_t i = 0; i < sizeof above / sizeof above[0]; i++) {
        uint64_t gap = (uint64_t)(above[i] * 11 * MIB);
        struct fake fake = {.needs = 11 * MIB,
                            .gap_low = gap - MIB / 4,
                            .gap_high = gap + MIB / 4};
        struct hm_bisected found = search(&fake, 2);

        assert_true(found.fits_bytes >= fake.gap_high);
        assert_true(found.fits_bytes <= fake.gap_high + MIB / 2);
        assert_true(found.fails_bytes >= fake.gap_low);
    }
}

static void a_heap_that_fits_by_chance_is_not_the_result(void **state)
{
    struct fake fake = {.needs = 12 * MIB, .flaky = 16 * MIB};
    struct hm_bisected found = search(&fake, 2);

    (void)state;
    assert_true(found.fits_bytes >= 16 * MIB);
    assert_true(found.fails_bytes < found.fits_bytes);
    assert_true((double)(found.fits_bytes - found.fails_bytes) <=
                0.02 * (double)found.fits_bytes);
}

static void chance_at_the_first_probe_is_found_out_too(void **state)
{
    struct fake fake = {.needs = 25 * MIB, .flaky = 40 * MIB};
    struct hm_bisected found = search(&fake, 2);

    (void)state;
    assert_true(found.fits_bytes >= 40 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_fits_and_two_percent_less_does_not),
        cmocka_unit_test(what_fits_into_the_least_heap_has_no_failure),
        cmocka_unit_test(where_nothing_fits_none_is_found),
        cmocka_unit_test(a_crash_ends_the_search_at_once),
        cmocka_unit_test(where_fitting_is_not_monotone_a_boundary_is_found),
        cmocka_unit_test(failures_somewhat_above_the_boundary_are_found),
        cmocka_unit_test(a_heap_that_fits_by_chance_is_not_the_result),
        cmocka_unit_test(chance_at_the_first_probe_is_found_out_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
