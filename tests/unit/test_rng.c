/* SPDX-License-Identifier: MIT */
/* The golden values are those that the JavaScript cell must give as well. */
#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_draws(uint32_t seed, const uint32_t expected[6])
{
    struct hm_rng rng;

    hm_rng_seed(&rng, seed);
    for (int i = 0; i < 6; i++)
        assert_int_equal(hm_rng_next(&rng), expected[i]);
}

static void test_first_draws_of_four_seeds(void **state)
{
    (void)state;
    assert_draws(0, (uint32_t[]){0xf6f64bc9, 0x0a8fa2df, 0x16a679f1, 0x8decd408,
                                 0xecfe678a, 0x930f6e75});
    assert_draws(1, (uint32_t[]){0xdee6f796, 0xa2715d6e, 0xe9e1a11c, 0x83db7c81,
                                 0x59ce3045, 0x1735a7a8});
    assert_draws(42, (uint32_t[]){0xac1d074d, 0x88adc8db, 0xa1ea7701,
                                  0x54ecd86e, 0xe137bae6, 0xdb1c84c9});
    assert_draws(12345, (uint32_t[]){0x2d3a32ca, 0x7026f9a7, 0x1a5b8f66,
                                     0x20838586, 0x1eb31199, 0x78c690b0});
}

static void test_draw_one_million_and_one(void **state)
{
    struct hm_rng rng;

    (void)state;
    hm_rng_seed(&rng, 42);
    for (int i = 0; i < 1000000; i++)
        (void)hm_rng_next(&rng);
    assert_int_equal(hm_rng_next(&rng), 0x28047d05);
}

static void test_below_gives_the_golden_values(void **state)
{
    static const uint32_t expected[] = {672, 533, 632, 331, 879, 855, 343, 583};
    struct hm_rng rng;

    (void)state;
    hm_rng_seed(&rng, 42);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(hm_rng_below(&rng, 1000), expected[i]);
}

static void test_below_stays_below_and_reaches_both_ends(void **state)
{
    uint32_t seen = 0;
    struct hm_rng rng;

    (void)state;
    hm_rng_seed(&rng, 7);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(hm_rng_below(&rng, 1), 0);
        assert_true(hm_rng_below(&rng, UINT32_C(1) << 21) < UINT32_C(1) << 21);
        seen |= UINT32_C(1) << hm_rng_below(&rng, 5);
    }
    assert_int_equal(seen, 0x1F);
}

static void test_mix_gives_the_golden_values(void **state)
{
    static const uint32_t expected[] = {0x9e3779b1, 0x7e88a0e1, 0x45ac466c,
                                        0xbdd149cc, 0xad14cff2};
    uint32_t h = 0;

    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        h = hm_mix(h, i + 1);
        assert_int_equal(h, expected[i]);
    }
    assert_int_equal(hm_fin(h), 0x38eb041f);
}

static void test_mix_depends_on_the_order(void **state)
{
    (void)state;
    assert_int_not_equal(hm_mix(hm_mix(0, 1), 2), hm_mix(hm_mix(0, 2), 1));
}

static void test_fin_gives_the_golden_values(void **state)
{
    (void)state;
    assert_int_equal(hm_fin(0), 0);
    assert_int_equal(hm_fin(1), 0x514e28b7);
    assert_int_equal(hm_fin(2), 0x30f4c306);
    assert_int_equal(hm_fin(255), 0x6c63d583);
    assert_int_equal(hm_fin(0xffffffff), 0x81f16f39);
    assert_int_equal(hm_fin(12345), 0x3c46c9dc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_draws_of_four_seeds),
        cmocka_unit_test(test_draw_one_million_and_one),
        cmocka_unit_test(test_below_gives_the_golden_values),
        cmocka_unit_test(test_below_stays_below_and_reaches_both_ends),
        cmocka_unit_test(test_mix_gives_the_golden_values),
        cmocka_unit_test(test_mix_depends_on_the_order),
        cmocka_unit_test(test_fin_gives_the_golden_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
