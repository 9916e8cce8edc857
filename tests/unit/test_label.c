/* SPDX-License-Identifier: MIT */
/* test_label.c -- names of cells in charts: as much as tells them apart. */
#include "harness/analysis/summary_label.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *label(const char *params, int all_params,
                         const char *threads)
{
    static char text[HM_LABEL_BYTES];

    hm_label_workload(text, "requests", params, all_params, threads);
    return text;
}

static void parameters_are_told_when_asked_for(void **state)
{
    (void)state;
    assert_string_equal(label("a=1;b=2", 0, ""), "requests");
    assert_string_equal(label("a=1;b=2", 1, ""), "requests/a=1;b=2");
    assert_string_equal(label("", 1, "2"), "requests/t2");
}

static void the_load_of_an_open_loop_is_always_told(void **state)
{
    (void)state;
    assert_string_equal(label("a=1;load=30", 0, ""), "requests/load=30");
    assert_string_equal(label("a=1;load=30", 1, "2"),
                        "requests/a=1/load=30/t2");
    assert_string_equal(label("load=30", 1, ""), "requests/load=30");
    assert_string_equal(label("upload=30", 0, ""), "requests");
}

static void loads_are_no_other_parameters(void **state)
{
    static char one[] = "1", closed[] = "a=1", open[] = "a=1;load=30",
                other[] = "a=2";
    char *const params[] = {closed, open, other};
    struct hm_summary_cell cell[3];
    struct hm_summary_campaign campaign = {.cell = cell, .n_cells = 2};
    struct hm_summary_labels labels;

    (void)state;
    memset(cell, 0, sizeof cell);
    for (int c = 0; c < 3; c++) {
        for (int k = 0; k < HM_SUMMARY_KEYS_END; k++)
            cell[c].key[k] = one;
        cell[c].key[HM_SUMMARY_KEY_params] = params[c];
    }
    hm_summary_labels_init(&labels, &campaign);
    assert_false(labels.many_params);
    campaign.n_cells = 3;
    hm_summary_labels_init(&labels, &campaign);
    assert_true(labels.many_params);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_told_when_asked_for),
        cmocka_unit_test(the_load_of_an_open_loop_is_always_told),
        cmocka_unit_test(loads_are_no_other_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
