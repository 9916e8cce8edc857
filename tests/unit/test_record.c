/* SPDX-License-Identifier: MIT */
#include "harness/campaign/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int make(void **state)
{
    *state = hm_record_create();
    return 0;
}

static int destroy(void **state)
{
    hm_record_destroy(*state);
    return 0;
}

static struct hm_record *read_text(void **state, const char *text)
{
    struct hm_record *record = *state;

    hm_record_reset(record);
    hm_record_feed(record, text, strlen(text));
    return record;
}

static const char whole[] = "status\tok\n"
                            "malloc\t/lib/libc.so.6\n"
                            "checksum\t0badcafe\n"
                            "counter\thits\t12\n"
                            "figure\tlines\t8\nfigure\tpairs\t5\n"
                            "wall_ns\t1000\n"
                            "window\t5\t1005\n"
                            "hist\t100\t199\t9\n"
                            "hist\t200\t299\t1\n"
                            "metered\t300\t301\t10\n"
                            "lat_max_ns\t250\n"
                            "pause\t10\t7\tfull\n"
                            "pause\t20\t3\tsweep\n"
                            "checkpoint\t1\t10\t4096\t-\t2048\n"
                            "live\t0\t0\nlive\t10\t640\n"
                            "made_up_later\t3\n"
                            "end\n";

static void a_whole_record_is_understood(void **state)
{
    struct hm_record *record = read_text(state, whole);

    assert_true(hm_record_finish(record));
    assert_string_equal(record->status, "ok");
    assert_string_equal(record->malloc_path, "/lib/libc.so.6");
    assert_string_equal(record->checksum, "0badcafe");
    assert_int_equal(record->n_counters, 1);
    assert_string_equal(record->counter[0].name, "hits");
    assert_int_equal(record->counter[0].value, 12);
    assert_int_equal(record->n_figures, 2);
    assert_string_equal(record->figure[1].name, "pairs");
    assert_int_equal(record->figure[1].value, 5);
    assert_true(record->has[HM_RECORD_wall_ns]);
    assert_int_equal(record->number[HM_RECORD_wall_ns], 1000);
    assert_false(record->has[HM_RECORD_cpu_ns]);
    assert_int_equal(record->window_start_ns, 5);
    assert_int_equal(record->n_buckets, 2);
    assert_string_equal(record->bucket[1].kind, "");
    assert_int_equal(record->n_metered, 1);
    assert_int_equal(record->metered[0].low_ns, 300);
    assert_string_equal(record->metered[0].kind, "metered");
    assert_int_equal(record->n_pauses, 2);
    assert_string_equal(record->pause[1].kind, "sweep");
    assert_true(record->checkpoint[0].live_bytes == UINT64_MAX);
    assert_int_equal(record->checkpoint[0].used_bytes, 2048);
    assert_int_equal(record->live[1].bytes, 640);
}

static void it_may_arrive_byte_by_byte(void **state)
{
    struct hm_record *record = *state;

    hm_record_reset(record);
    for (size_t i = 0; i < sizeof whole - 1; i++)
        hm_record_feed(record, whole + i, 1);
    assert_true(hm_record_finish(record));
    assert_int_equal(record->number[HM_RECORD_wall_ns], 1000);
}

static void reset_forgets_the_last_run(void **state)
{
    struct hm_record *record;

    (void)read_text(state, whole);
    record = read_text(state, "status\tok\nend\n");
    assert_true(hm_record_finish(record));
    assert_false(record->has[HM_RECORD_wall_ns]);
    assert_int_equal(record->n_buckets + record->n_pauses + record->n_live, 0);
    assert_int_equal(record->n_metered, 0);
    assert_string_equal(record->checksum, "");
}

static uint64_t quantile_ns(const struct hm_record *record, uint64_t max_ns,
                            double q)
{
    return hm_record_quantile_ns(record->bucket, record->n_buckets, max_ns, q);
}

static void quantiles_follow_the_rank_rule(void **state)
{
    struct hm_record *record = read_text(state, whole);

    assert_int_equal(quantile_ns(record, 250, 0.5), 199);
    assert_int_equal(quantile_ns(record, 250, 0.9), 199);
    assert_int_equal(quantile_ns(record, 250, 0.91), 250); /* the max */
    assert_int_equal(quantile_ns(record, UINT64_MAX, 0.91), 299);
    record = read_text(state, "status\tok\nend\n");
    assert_int_equal(quantile_ns(record, 250, 0.5), 0);
}

static void what_is_not_to_the_protocol_is_refused(void **state)
{
    static const struct {
        const char *text, *error;
    } bad[] = {
        {"", "stops before the line `end`"},
        {"status\tok\n", "stops before the line `end`"},
        {"status\tok\nend", "stops before the line `end`"},
        {"end\n", "has no status"},
        {"hello world\nend\n", "line 1 ('hello world') is no name"},
        {"status\tok\n\nend\n", "line 2 ('') is no name"},
        {"status\tok\nWall\t3\nend\n", "line 2 ('Wall\t3') is no name"},
        {"status\tok\nwall_ns\tmany\nend\n", "should be one number"},
        {"status\tok\nwall_ns\t-1\nend\n", "should be one number"},
        {"status\tok\nwall_ns\t1\t2\nend\n", "should be one number"},
        {"checksum\tBADCAFE\nend\n", "has other values"},
        {"checksum\t0BADCAFE\nend\n", "has other values"},
        {"window\t5\t4\nend\n", "has other values"},
        {"hist\t5\t9\t1\nhist\t9\t12\t1\nend\n", "has other values"},
        {"pause\t5\tfull\nend\n", "has other values"},
        {"status\tok\ta\tb\nend\n", "has other values"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hm_record *record = read_text(state, bad[i].text);

        assert_false(hm_record_finish(record));
        if (strstr(record->error, bad[i].error) == NULL)
            fail_msg("'%s': '%s'", bad[i].text, record->error);
    }
}

static void the_first_error_is_the_one_that_is_told(void **state)
{
    struct hm_record *record = read_text(state, "one\ntwo\nend\n");

    assert_false(hm_record_finish(record));
    assert_non_null(strstr(record->error, "line 1 ('one')"));
}

static void a_huge_line_is_refused_and_not_kept(void **state)
{
    struct hm_record *record = *state;

    hm_record_reset(record);
    for (int i = 0; i < 3 * HM_RECORD_LINE_MAX; i++)
        hm_record_feed(record, "x", 1);
    hm_record_feed(record, "\nstatus\tok\nend\n", 15);
    assert_false(hm_record_finish(record));
    assert_non_null(strstr(record->error, "is longer than 4 KiB"));
}

static void zero_bytes_are_refused(void **state)
{
    static const char text[] = "status\tok\0\nend\n";
    struct hm_record *record = *state;

    hm_record_reset(record);
    hm_record_feed(record, text, sizeof text - 1);
    assert_false(hm_record_finish(record));
}

static void too_many_live_points_are_thinned_evenly(void **state)
{
    struct hm_record *record = *state;
    char line[64];

    hm_record_reset(record);
    for (unsigned i = 0; i < 3 * HM_RECORD_LIVE_MAX; i++) {
        int bytes = snprintf(line, sizeof line, "live\t%u\t%u\n", i, 2 * i);

        hm_record_feed(record, line, (size_t)bytes);
    }
    assert_int_equal(record->n_live, 3 * HM_RECORD_LIVE_MAX / 4);
    for (size_t i = 0; i < record->n_live; i++)
        assert_int_equal(record->live[i].ops, 4 * i);
}

static void pauses_beyond_the_table_are_dropped_not_written(void **state)
{
    struct hm_record *record = *state;

    hm_record_reset(record);
    for (unsigned i = 0; i < HM_PAUSE_LOG_ENTRIES + 10; i++)
        hm_record_feed(record, "pause\t1\t2\tfull\n", 15);
    hm_record_feed(record, "status\tok\nend\n", 14);
    assert_true(hm_record_finish(record));
    assert_int_equal(record->n_pauses, HM_PAUSE_LOG_ENTRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_record_is_understood),
        cmocka_unit_test(it_may_arrive_byte_by_byte),
        cmocka_unit_test(reset_forgets_the_last_run),
        cmocka_unit_test(quantiles_follow_the_rank_rule),
        cmocka_unit_test(what_is_not_to_the_protocol_is_refused),
        cmocka_unit_test(the_first_error_is_the_one_that_is_told),
        cmocka_unit_test(a_huge_line_is_refused_and_not_kept),
        cmocka_unit_test(zero_bytes_are_refused),
        cmocka_unit_test(too_many_live_points_are_thinned_evenly),
        cmocka_unit_test(pauses_beyond_the_table_are_dropped_not_written),
    };

    return cmocka_run_group_tests(tests, make, destroy);
}
