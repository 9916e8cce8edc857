/* SPDX-License-Identifier: MIT */
#include "common/metered.h"

#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MOST = 20000 };

struct sample {
    uint64_t begin_ns, end_ns;
};

static struct hm_metered metered;
static struct sample sample[MOST];
static struct hm_hist expected;

static int reset(void **state)
{
    (void)state;
    hm_metered_init(&metered);
    hm_hist_init(&expected);
    return 0;
}

/* The definition, over the whole table. */
static uint64_t defined_ns(size_t n, size_t i)
{
    const uint64_t half_ns = HM_METERED_WINDOW_NS / 2;
    uint64_t begin_ns = sample[i].begin_ns, even_ns = begin_ns;
    size_t s = 0, e = i;

    while (sample[s].begin_ns + half_ns < begin_ns)
        s++;
    while (e + 1 < n && sample[e].begin_ns < begin_ns + half_ns)
        e++;
    if (e > s) {
        even_ns = sample[s].begin_ns +
                  (i - s) * (sample[e].begin_ns - sample[s].begin_ns) / (e - s);
    }
    return sample[i].end_ns - (even_ns < begin_ns ? even_ns : begin_ns);
}

static void judge(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hm_hist_add(&expected, defined_ns(n, i));
        hm_metered_add(&metered, sample[i].begin_ns, sample[i].end_ns);
    }
    hm_metered_end(&metered);
}

static void random_samples_with_pauses_are_as_defined(void **state)
{
    struct hm_rng rng;
    uint64_t now_ns = 1000;

    (void)state;
    hm_rng_seed(&rng, 7);
    for (size_t i = 0; i < MOST; i++) {
        sample[i].begin_ns = now_ns + (uint64_t)hm_rng_below(&rng, 3) * 1000;
        sample[i].end_ns = sample[i].begin_ns + 20000 +
                           hm_rng_below(&rng, 60000) +
                           (hm_rng_below(&rng, 2000) == 0 ? 20000000 : 0);
        now_ns = sample[i].end_ns;
    }
    judge(MOST);
    assert_int_equal(metered.latency.n, MOST);
    assert_memory_equal(&metered.latency, &expected, sizeof expected);
}

static void even_samples_take_what_they_took(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < MOST; i++)
        sample[i] = (struct sample){i * 50000, (i + 1) * 50000};
    judge(MOST);
    assert_int_equal(metered.latency.max_ns, 50000);
    assert_int_equal(metered.latency.min_ns, 50000);
}

static void a_pause_is_in_the_latency_of_many(void **state)
{
    uint64_t now_ns = 0, simple = 0;

    (void)state;
    for (uint64_t i = 0; i < MOST; i++) {
        sample[i].begin_ns = now_ns;
        now_ns += i == MOST / 2 ? 20000000 : 50000;
        sample[i].end_ns = now_ns;
        simple += sample[i].end_ns - sample[i].begin_ns > 1000000;
    }
    judge(MOST);
    assert_int_equal(simple, 1);
    assert_true(hm_hist_quantile_ns(&metered.latency, 0.99) > 1000000);
}

static void no_sample_and_one(void **state)
{
    (void)state;
    hm_metered_end(&metered);
    assert_int_equal(metered.latency.n, 0);
    hm_metered_add(&metered, 5, 17);
    hm_metered_end(&metered);
    assert_int_equal(metered.latency.n, 1);
    assert_int_equal(metered.latency.max_ns, 12);
}

/* Shorter samples than the table has room for in a window. */
static void a_full_table_shortens_the_window_and_loses_none(void **state)
{
    const uint64_t n = (uint64_t)5 * HM_METERED_SAMPLES;

    (void)state;
    for (uint64_t i = 0; i < n; i++)
        hm_metered_add(&metered, 1 + 10 * i, 11 + 10 * i);
    hm_metered_end(&metered);
    assert_int_equal(metered.latency.n, n);
    assert_int_equal(metered.latency.max_ns, 10);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(random_samples_with_pauses_are_as_defined,
                               reset),
        cmocka_unit_test_setup(even_samples_take_what_they_took, reset),
        cmocka_unit_test_setup(a_pause_is_in_the_latency_of_many, reset),
        cmocka_unit_test_setup(no_sample_and_one, reset),
        cmocka_unit_test_setup(a_full_table_shortens_the_window_and_loses_none,
                               reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
