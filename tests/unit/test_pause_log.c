/* SPDX-License-Identifier: MIT */
#include "common/pause_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static int make_log(void **state)
{
    *state = malloc(sizeof(struct hm_pause_log));
    if (*state == NULL)
        return -1;
    hm_pause_log_init(*state);
    return 0;
}

static int free_log(void **state)
{
    free(*state);
    return 0;
}

static void test_entries_keep_start_duration_and_kind(void **state)
{
    struct hm_pause_log *log = *state;

    hm_pause_log_add(log, HM_PAUSE_full, 100, 130);
    hm_pause_log_add(log, HM_PAUSE_sweep, 200, 20200);
    assert_int_equal(log->lengths.n, 2);
    assert_int_equal(log->n_listed, 2);
    assert_int_equal(log->entry[0].start_ns, 100);
    assert_int_equal(log->entry[0].duration_ns, 30);
    assert_int_equal(log->entry[1].kind, HM_PAUSE_sweep);
    assert_int_equal(log->lengths.sum_ns, 20030);
    assert_int_equal(log->lengths.max_ns, 20000);
}

static void test_short_slices_are_summed_but_are_no_pauses(void **state)
{
    struct hm_pause_log *log = *state;

    hm_pause_log_add(log, HM_PAUSE_sweep, 0, HM_PAUSE_LEAST_NS - 1);
    hm_pause_log_add(log, HM_PAUSE_sweep, 0, HM_PAUSE_LEAST_NS);
    hm_pause_log_add(log, HM_PAUSE_full, 0, 1);
    assert_int_equal(log->total_ns, 2 * HM_PAUSE_LEAST_NS);
    assert_int_equal(log->lengths.n, 2);
    assert_int_equal(log->n_listed, 2);
    assert_int_equal(hm_hist_quantile_ns(&log->lengths, 0), 1);
}

static void test_init_forgets_everything(void **state)
{
    struct hm_pause_log *log = *state;

    hm_pause_log_add(log, HM_PAUSE_full, 0, 5);
    hm_pause_log_init(log);
    assert_int_equal(log->lengths.n, 0);
    assert_int_equal(log->lengths.sum_ns, 0);
    assert_int_equal(log->n_listed, 0);
}

static void test_overflow_is_counted_and_summed_but_not_kept(void **state)
{
    struct hm_pause_log *log = *state;
    uint64_t n = HM_PAUSE_LOG_ENTRIES + 10;

    for (uint64_t i = 0; i < n; i++)
        hm_pause_log_add(log, HM_PAUSE_compact, i * 10, i * 10 + 2);
    hm_pause_log_add(log, HM_PAUSE_full, 0, 77);
    assert_int_equal(log->lengths.n, n + 1);
    assert_int_equal(log->n_listed, HM_PAUSE_LOG_ENTRIES);
    assert_int_equal(log->lengths.sum_ns, 2 * n + 77);
    assert_int_equal(log->lengths.max_ns, 77);
    assert_int_equal(log->entry[HM_PAUSE_LOG_ENTRIES - 1].start_ns,
                     (HM_PAUSE_LOG_ENTRIES - 1) * 10);
}

static void test_kinds_have_the_words_of_the_result_files(void **state)
{
    (void)state;
    assert_string_equal(hm_pause_kind_name(HM_PAUSE_full), "full");
    assert_string_equal(hm_pause_kind_name(HM_PAUSE_compact), "compact");
    assert_string_equal(hm_pause_kind_name(HM_PAUSE_sweep), "sweep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_entries_keep_start_duration_and_kind, make_log, free_log),
        cmocka_unit_test_setup_teardown(
            test_overflow_is_counted_and_summed_but_not_kept, make_log,
            free_log),
        cmocka_unit_test_setup_teardown(
            test_short_slices_are_summed_but_are_no_pauses, make_log, free_log),
        cmocka_unit_test_setup_teardown(test_init_forgets_everything, make_log,
                                        free_log),
        cmocka_unit_test(test_kinds_have_the_words_of_the_result_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
