/* SPDX-License-Identifier: MIT */
/* The golden values are those that the JavaScript cell must give as well. */
#include "common/zipf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { QUARTERS_OF_ONE = 4 };

static void test_table_gives_the_golden_values(void **state)
{
    struct hm_zipf zipf;

    (void)state;
    hm_zipf_init(&zipf, 1024, QUARTERS_OF_ONE);
    assert_int_equal(zipf.cdf[0], 571962553);
    assert_int_equal(zipf.cdf[1], 857943830);
    assert_int_equal(zipf.cdf[2], 1048598015);
    assert_int_equal(zipf.cdf[3], 1191588653);
    assert_int_equal(zipf.cdf[511], 3898792205u);
    assert_int_equal(zipf.cdf[1022], 4294408737u);
    assert_int_equal(zipf.cdf[1023], UINT32_MAX);
    hm_zipf_fini(&zipf);
}

static void test_ranks_of_seed_42(void **state)
{
    static const uint32_t expected[] = {86, 30, 64, 6, 414, 346,
                                        6,  44, 25, 5, 20,  0};
    struct hm_zipf zipf;
    struct hm_rng rng;

    (void)state;
    hm_zipf_init(&zipf, 1024, QUARTERS_OF_ONE);
    hm_rng_seed(&rng, 42);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(hm_zipf_next(&zipf, &rng), expected[i]);
    hm_zipf_fini(&zipf);
}

/* First rank whose cdf is not below u, by bisection. */
static uint32_t rank_by_bisection(const struct hm_zipf *zipf, uint32_t u)
{
    uint32_t low = 0, high = (uint32_t)zipf->n - 1;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (zipf->cdf[middle] < u) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void test_guide_table_agrees_with_bisection(void **state)
{
    (void)state;
    for (unsigned quarters = 1; quarters <= 8; quarters++) {
        struct hm_rng draw, same;
        struct hm_zipf zipf;

        hm_zipf_init(&zipf, 5000, quarters);
        hm_rng_seed(&draw, quarters);
        same = draw;
        for (int i = 0; i < 20000; i++) {
            assert_int_equal(hm_zipf_next(&zipf, &draw),
                             rank_by_bisection(&zipf, hm_rng_next(&same)));
        }
        hm_zipf_fini(&zipf);
    }
}

static void test_larger_exponent_favours_the_first_rank(void **state)
{
    uint32_t before = 0;

    (void)state;
    for (unsigned quarters = 1; quarters <= 8; quarters++) {
        struct hm_zipf zipf;

        hm_zipf_init(&zipf, 1000, quarters);
        assert_true(zipf.cdf[0] > before);
        before = zipf.cdf[0];
        hm_zipf_fini(&zipf);
    }
}

static void test_one_rank_is_always_drawn(void **state)
{
    struct hm_zipf zipf;
    struct hm_rng rng;

    (void)state;
    hm_zipf_init(&zipf, 1, QUARTERS_OF_ONE);
    hm_rng_seed(&rng, 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(hm_zipf_next(&zipf, &rng), 0);
    hm_zipf_fini(&zipf);
}

static void test_sizes_ascend_with_the_mean_of_the_source(void **state)
{
    unsigned sum = 0;

    (void)state;
    for (int i = 0; i < 64; i++) {
        sum += hm_etc_size_bytes[i];
        assert_true(i == 0 || hm_etc_size_bytes[i] >= hm_etc_size_bytes[i - 1]);
    }
    assert_in_range(sum / 64, 290, 320);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_gives_the_golden_values),
        cmocka_unit_test(test_ranks_of_seed_42),
        cmocka_unit_test(test_guide_table_agrees_with_bisection),
        cmocka_unit_test(test_larger_exponent_favours_the_first_rank),
        cmocka_unit_test(test_one_rank_is_always_drawn),
        cmocka_unit_test(test_sizes_ascend_with_the_mean_of_the_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
