/* SPDX-License-Identifier: MIT */
/* test_measure.c -- samples, census and the judgement of a run. */
#include "harness/campaign/measure.h"
#include "harness/campaign/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct hm_record *record;

static int make(void **state)
{
    (void)state;
    record = hm_record_create();
    return 0;
}

static int destroy(void **state)
{
    (void)state;
    hm_record_destroy(record);
    return 0;
}

static void live_bytes_are_interpolated(void **state)
{
    struct hm_record_live live[] = {{0, 100}, {10, 200}, {20, 0}};
    struct hm_census census = {.n_live = 3, .live = live};
    struct hm_census empty = {.n_live = 0};

    (void)state;
    assert_int_equal(hm_census_live_bytes(&census, 0), 100);
    assert_int_equal(hm_census_live_bytes(&census, 5), 150);
    assert_int_equal(hm_census_live_bytes(&census, 10), 200);
    assert_int_equal(hm_census_live_bytes(&census, 15), 100);
    assert_int_equal(hm_census_live_bytes(&census, 99), 0);
    assert_int_equal(hm_census_live_bytes(&empty, 5), 0);
}

static void heaps_are_multiples_with_a_floor(void **state)
{
    struct hm_subject subject = {.minheap_bytes = 0};
    struct hm_plan_cell cell = {.heap_multiple = 1.5};
    struct hm_census census = {.live_peak_bytes = 1 << 30,
                               .heap_1x_bytes = 10000001};

    (void)state;
    assert_int_equal(hm_measure_heap_bytes(&subject, &cell, &census), 15000002);
    census.heap_1x_bytes = 264;
    assert_int_equal(hm_measure_heap_bytes(&subject, &cell, &census), 4 << 20);
    census.failed = "no";
    assert_int_equal(hm_measure_heap_bytes(&subject, &cell, &census), 0);
    cell.heap_multiple = 0;
    census.failed = NULL;
    assert_int_equal(hm_measure_heap_bytes(&subject, &cell, &census), 0);
}

static void a_measured_minimum_is_the_base_without_a_floor(void **state)
{
    struct hm_subject subject = {.minheap_bytes = 1000};
    struct hm_plan_cell cell = {.heap_multiple = 2.5};
    struct hm_census census = {.heap_1x_bytes = 1 << 30};

    (void)state;
    assert_int_equal(hm_measure_heap_base_bytes(&subject, &census), 1000);
    assert_int_equal(hm_measure_heap_bytes(&subject, &cell, &census), 2500);
    census.failed = "no census is needed then";
    assert_int_equal(hm_measure_heap_bytes(&subject, &cell, &census), 2500);
    cell.heap_multiple = 0;
    assert_int_equal(hm_measure_heap_bytes(&subject, &cell, &census), 0);
}

static void full_samples_are_thinned_evenly(void **state)
{
    struct hm_samples *samples = calloc(1, sizeof *samples);

    (void)state;
    assert_non_null(samples);
    hm_samples_reset(samples);
    for (uint64_t i = 0; i < UINT64_C(2) * HM_SAMPLES_MAX; i++)
        hm_samples_add(samples, (struct hm_sample){.now_ns = i});
    assert_int_equal(samples->n, HM_SAMPLES_MAX);
    for (size_t i = 0; i < samples->n; i++)
        assert_int_equal(samples->sample[i].now_ns, 2 * i);
    assert_true(samples->n / hm_samples_step(samples) <=
                HM_SAMPLES_WRITTEN_MAX);
    samples->n = 10;
    assert_int_equal(hm_samples_step(samples), 1);
    free(samples);
}

static void the_mean_weighs_by_time(void **state)
{
    struct hm_samples *samples = calloc(1, sizeof *samples);

    (void)state;
    assert_non_null(samples);
    hm_samples_reset(samples);
    hm_samples_add(samples, (struct hm_sample){.now_ns = 0, .rss_bytes = 9999});
    hm_samples_add(samples, (struct hm_sample){.now_ns = 10, .rss_bytes = 100});
    hm_samples_add(samples, (struct hm_sample){.now_ns = 20, .rss_bytes = 100});
    hm_samples_add(samples, (struct hm_sample){.now_ns = 50, .rss_bytes = 300});
    assert_int_equal(hm_samples_mean_bytes(samples, 5, 100), 175);
    assert_int_equal(hm_samples_mean_bytes(samples, 15, 20), 0);
    free(samples);
}

static struct hm_outcome judge(struct hm_pool *pool,
                               const struct hm_launched *launched,
                               const char *text, const char *malloc_path,
                               const char *class_name)
{
    struct hm_census census = {.checksum = "0badcafe", .ops = 3};
    struct hm_strategy strategy = {.malloc_path = malloc_path,
                                   .class_name = class_name};

    hm_record_reset(record);
    hm_record_feed(record, text, strlen(text));
    return hm_outcome_of(pool, launched, record, &census, &strategy);
}

#define GOOD "checksum\t0badcafe\nops\t3\nwall_ns\t1\nmalloc\t/a\n"

static const struct {
    struct hm_launched launched;
    const char *text, *malloc_path, *status, *reason;
} ends[] = {
    {{.end = HM_END_EXIT}, "status\tok\n" GOOD "end\n", "", "ok", ""},
    {{.end = HM_END_EXIT}, "status\tok\n" GOOD "end\n", "/a", "ok", ""},
    {{.end = HM_END_EXIT},
     "status\tok\n" GOOD "end\n",
     "/b",
     "wrong_allocator",
     "malloc came from /a"},
    {{.end = HM_END_EXIT}, "status\toom\tno room\nend\n", "", "oom", "no room"},
    {{.end = HM_END_EXIT},
     "status\tok\nchecksum\t0badcaff\nops\t3\nwall_ns\t1\nend\n",
     "",
     "bad_checksum",
     "checksum 0badcaff, the census has 0badcafe"},
    {{.end = HM_END_EXIT},
     "status\tok\nchecksum\t0badcafe\nops\t4\nwall_ns\t1\nend\n",
     "",
     "bad_checksum",
     "4 operations, the census has 3"},
    {{.end = HM_END_EXIT},
     "status\tok\nchecksum\t0badcafe\nops\t3\nend\n",
     "",
     "crash",
     "its record has no wall_ns"},
    {{.end = HM_END_EXIT, .code = 1, .complaint = "said so"},
     "status\tok\n" GOOD "end\n",
     "",
     "crash",
     "exit status 1: said so"},
    {{.end = HM_END_SIGNAL, .code = 6, .complaint = "bad free"},
     "",
     "",
     "crash",
     "SIGABRT: bad free"},
    {{.end = HM_END_TIMEOUT}, "", "", "timeout", "killed: over the time limit"},
    {{.end = HM_END_OOM}, "", "", "oom", "killed: over the memory cap"},
};

#undef GOOD

static void every_end_has_its_status(void **state)
{
    struct hm_pool pool = {NULL};

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct hm_outcome outcome =
            judge(&pool, &ends[i].launched, ends[i].text, ends[i].malloc_path,
                  "allocator");

        assert_string_equal(outcome.status, ends[i].status);
        assert_string_equal(outcome.reason, ends[i].reason);
    }
    hm_pool_fini(&pool);
}

static void only_references_may_lack_the_checksum(void **state)
{
    static const char text[] = "status\tok\nops\t3\nwall_ns\t1\nend\n";
    struct hm_launched launched = {.end = HM_END_EXIT};
    struct hm_pool pool = {NULL};

    (void)state;
    assert_string_equal(judge(&pool, &launched, text, "", "reference").status,
                        "ok");
    assert_string_equal(judge(&pool, &launched, text, "", "allocator").reason,
                        "checksum missing, the census has 0badcafe");
    hm_pool_fini(&pool);
}

static void set(enum hm_record_number which, uint64_t value)
{
    record->has[which] = true;
    record->number[which] = value;
}

static void noise_is_switches_theft_or_waiting(void **state)
{
    const uint64_t second_ns = 1000000000;

    (void)state;
    hm_record_reset(record);
    set(HM_RECORD_cpu_ns, second_ns);
    set(HM_RECORD_wall_ns, second_ns);
    set(HM_RECORD_nivcsw, 50);
    assert_false(hm_measure_is_noisy(record, 1, 0, second_ns));
    set(HM_RECORD_nivcsw, 51);
    assert_true(hm_measure_is_noisy(record, 1, 0, second_ns));
    set(HM_RECORD_nivcsw, 0);
    assert_true(hm_measure_is_noisy(record, 1, 100000, second_ns));
    set(HM_RECORD_wall_ns, second_ns * 110 / 100);
    assert_true(hm_measure_is_noisy(record, 1, 0, second_ns));
    assert_false(hm_measure_is_noisy(record, 2, 0, second_ns));
    set(HM_RECORD_nvcsw, 1); /* it waited of its own will */
    assert_false(hm_measure_is_noisy(record, 1, 0, second_ns));
}

static void the_time_left_is_that_of_the_mean_run(void **state)
{
    struct hm_progress_line progress;
    FILE *out = fopen("/dev/null", "w");

    (void)state;
    assert_non_null(out);
    hm_progress_init(&progress, out, 10, 20, 2);
    assert_int_equal(hm_progress_left_ns(&progress), 0);
    hm_progress_end(&progress, "a", "ok", "", 100, 0);
    hm_progress_end(&progress, "b", "oom", "full", 300, 0);
    assert_int_equal(hm_progress_left_ns(&progress), 8 * 200);
    assert_int_equal(progress.failed, 1);
    assert_int_equal(fclose(out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_bytes_are_interpolated),
        cmocka_unit_test(heaps_are_multiples_with_a_floor),
        cmocka_unit_test(a_measured_minimum_is_the_base_without_a_floor),
        cmocka_unit_test(full_samples_are_thinned_evenly),
        cmocka_unit_test(the_mean_weighs_by_time),
        cmocka_unit_test(every_end_has_its_status),
        cmocka_unit_test(only_references_may_lack_the_checksum),
        cmocka_unit_test(noise_is_switches_theft_or_waiting),
        cmocka_unit_test(the_time_left_is_that_of_the_mean_run),
    };

    return cmocka_run_group_tests(tests, make, destroy);
}
