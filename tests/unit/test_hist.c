/* SPDX-License-Identifier: MIT */
#include "common/hist.h"

#include "common/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define TOP_NS ((UINT64_C(1) << HM_HIST_MAX_BITS) - 1)

static void test_empty_histogram_answers_zero(void **state)
{
    struct hm_hist hist;

    (void)state;
    hm_hist_init(&hist);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0), 0);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0.5), 0);
    assert_int_equal(hm_hist_quantile_ns(&hist, 1), 0);
}

static void test_one_sample_is_every_quantile(void **state)
{
    struct hm_hist hist;

    (void)state;
    hm_hist_init(&hist);
    hm_hist_add(&hist, 123456);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0), 123456);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0.5), 123456);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0.99), 123456);
    assert_int_equal(hm_hist_quantile_ns(&hist, 1), 123456);
}

static void test_two_samples_split_at_the_median(void **state)
{
    struct hm_hist hist;

    (void)state;
    hm_hist_init(&hist);
    hm_hist_add(&hist, 10);
    hm_hist_add(&hist, 20);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0), 10);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0.5), 10);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0.51), 20);
    assert_int_equal(hm_hist_quantile_ns(&hist, 1), 20);
}

static void test_hundred_samples_have_exact_percentiles(void **state)
{
    struct hm_hist hist;

    (void)state;
    hm_hist_init(&hist);
    for (uint64_t ns = 100; ns >= 1; ns--)
        hm_hist_add(&hist, ns);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0), 1);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0.5), 50);
    assert_int_equal(hm_hist_quantile_ns(&hist, 0.99), 99);
    assert_int_equal(hm_hist_quantile_ns(&hist, 1), 100);
    assert_int_equal(hist.n, 100);
    assert_int_equal(hist.sum_ns, 5050);
}

static void test_buckets_cover_the_range_without_gap_or_overlap(void **state)
{
    uint64_t next_ns = 0;

    (void)state;
    for (unsigned i = 0; i < HM_HIST_BUCKETS; i++) {
        uint64_t low_ns = hm_hist_low_ns(i), high_ns = hm_hist_high_ns(i);

        assert_int_equal(low_ns, next_ns);
        assert_int_equal(hm_hist_index(low_ns), i);
        assert_int_equal(hm_hist_index(high_ns), i);
        assert_true((high_ns - low_ns) <= low_ns >> HM_HIST_SUB_BITS);
        next_ns = high_ns + 1;
    }
    assert_int_equal(next_ns, TOP_NS + 1);
}

static void test_larger_values_are_clamped_and_counted(void **state)
{
    struct hm_hist hist;

    (void)state;
    hm_hist_init(&hist);
    hm_hist_add(&hist, TOP_NS);
    assert_int_equal(hist.clamped, 0);
    hm_hist_add(&hist, TOP_NS + 1);
    hm_hist_add(&hist, UINT64_MAX);
    assert_int_equal(hist.clamped, 2);
    assert_int_equal(hist.max_ns, TOP_NS);
    assert_int_equal(hist.count[HM_HIST_BUCKETS - 1], 3);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Log-uniform from 1 ns to about a minute: a heavy tail. */
static uint64_t heavy_tailed(struct hm_rng *rng)
{
    return (UINT64_C(1) << hm_rng_below(rng, 36)) + hm_rng_next(rng) % 1000;
}

static void test_quantiles_are_close_to_those_of_a_sort(void **state)
{
    enum { N = 200000 };

    static const double q[] = {0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.9999, 1};
    uint64_t *exact = malloc(N * sizeof(*exact));
    struct hm_hist hist;
    struct hm_rng rng;

    (void)state;
    assert_non_null(exact);
    hm_hist_init(&hist);
    hm_rng_seed(&rng, 3);
    for (int i = 0; i < N; i++) {
        exact[i] = heavy_tailed(&rng);
        hm_hist_add(&hist, exact[i]);
    }
    qsort(exact, N, sizeof(*exact), compare_u64);
    for (size_t i = 0; i < sizeof(q) / sizeof(q[0]); i++) {
        size_t rank = (size_t)ceil(q[i] * N);
        uint64_t want = exact[rank == 0 ? 0 : rank - 1];
        uint64_t got = hm_hist_quantile_ns(&hist, q[i]);

        assert_in_range(got, want, want + (want >> HM_HIST_SUB_BITS));
    }
    free(exact);
}

static void test_merge_is_the_same_as_recording_in_one(void **state)
{
    struct hm_hist part[2], whole;
    struct hm_rng rng;

    (void)state;
    hm_hist_init(&part[0]);
    hm_hist_init(&part[1]);
    hm_hist_init(&whole);
    hm_rng_seed(&rng, 4);
    for (int i = 0; i < 10000; i++) {
        uint64_t ns = i == 17 ? UINT64_MAX : heavy_tailed(&rng);

        hm_hist_add(&part[i % 3 == 0], ns);
        hm_hist_add(&whole, ns);
    }
    hm_hist_merge(&part[0], &part[1]);
    assert_memory_equal(&part[0], &whole, sizeof(whole));
}

static void test_merging_an_empty_one_changes_nothing(void **state)
{
    struct hm_hist hist, empty;

    (void)state;
    hm_hist_init(&hist);
    hm_hist_init(&empty);
    hm_hist_add(&hist, 5);
    hm_hist_merge(&hist, &empty);
    assert_int_equal(hist.min_ns, 5);
    assert_int_equal(hist.max_ns, 5);
    assert_int_equal(hist.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_histogram_answers_zero),
        cmocka_unit_test(test_one_sample_is_every_quantile),
        cmocka_unit_test(test_two_samples_split_at_the_median),
        cmocka_unit_test(test_hundred_samples_have_exact_percentiles),
        cmocka_unit_test(test_buckets_cover_the_range_without_gap_or_overlap),
        cmocka_unit_test(test_larger_values_are_clamped_and_counted),
        cmocka_unit_test(test_quantiles_are_close_to_those_of_a_sort),
        cmocka_unit_test(test_merge_is_the_same_as_recording_in_one),
        cmocka_unit_test(test_merging_an_empty_one_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
