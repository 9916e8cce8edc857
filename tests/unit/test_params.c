/* SPDX-License-Identifier: MIT */
#include "common/params.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct hm_param table[] = {
    {"depth", "levels", 16, 20, 4, 26},
    {"bytes", "size, bytes", 64, 4096, 0, UINT64_MAX},
    {"dep", "a name that another begins with", 1, 2, 0, 9},
    {0},
};

static void test_defaults_follow_the_size(void **state)
{
    uint64_t value[HM_PARAMS_MAX] = {0};

    (void)state;
    assert_int_equal(hm_params_count(table), 3);
    hm_params_defaults(table, 0, value);
    assert_int_equal(value[0], 16);
    assert_int_equal(value[1], 64);
    hm_params_defaults(table, 1, value);
    assert_int_equal(value[0], 20);
    assert_int_equal(value[1], 4096);
}

static void test_numbers_take_suffixes(void **state)
{
    uint64_t n = 0;

    (void)state;
    assert_int_equal(hm_params_number("0", &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(hm_params_number("7K", &n), 0);
    assert_int_equal(n, 7 << 10);
    assert_int_equal(hm_params_number("3M", &n), 0);
    assert_int_equal(n, 3 << 20);
    assert_int_equal(hm_params_number("5G", &n), 0);
    assert_int_equal(n, UINT64_C(5) << 30);
    assert_int_equal(hm_params_number("2T", &n), 0);
    assert_int_equal(n, UINT64_C(2) << 40);
    assert_int_equal(hm_params_number("18446744073709551615", &n), 0);
    assert_int_equal(n, UINT64_MAX);
}

static void test_choices_go_by_their_names(void **state)
{
    static const char *const meaning = "never|some|always: when to";
    uint64_t n = 99;

    (void)state;
    assert_int_equal(hm_params_value(meaning, "never", &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(hm_params_value(meaning, "always", &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(hm_params_value(meaning, "1", &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(hm_params_value(meaning, "alway", &n), -EINVAL);
    assert_int_equal(hm_params_value(meaning, "", &n), -EINVAL);
    assert_int_equal(hm_params_value(meaning, "when", &n), -EINVAL);
    assert_int_equal(hm_params_value("bytes, or x|y", "bytes", &n), -EINVAL);
    assert_int_equal(n, 1);
}

/* The name that is shown is the name that is taken. */
static void test_values_have_their_names(void **state)
{
    const char *meaning = "never|sometimes|always: when it happens";
    size_t length = 99;
    const char *name;

    (void)state;
    for (uint64_t value = 0; value < 3; value++) {
        char word[16];
        uint64_t again = 99;

        name = hm_params_choice(meaning, value, &length);
        assert_non_null(name);
        (void)snprintf(word, sizeof word, "%.*s", (int)length, name);
        assert_int_equal(hm_params_value(meaning, word, &again), 0);
        assert_int_equal(again, value);
    }
    assert_null(hm_params_choice(meaning, 3, &length));
    assert_null(hm_params_choice(meaning, UINT64_MAX, &length));
    assert_null(hm_params_choice("bytes, or x|y", 0, &length));
    assert_null(hm_params_choice("", 0, &length));
    assert_int_equal(length, 6); /* of "always" */
}

static void test_what_is_no_number_is_refused(void **state)
{
    static const char *const bad[] = {"",    "-1",   "+1",  " 1", "1 ", "1k",
                                      "1KB", "0x10", "1.5", "K",  "M1", "abc"};
    uint64_t n = 99;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(hm_params_number(bad[i], &n), -EINVAL);
    assert_int_equal(n, 99);
}

static void test_what_does_not_fit_64_bits_is_refused(void **state)
{
    uint64_t n = 99;

    (void)state;
    assert_int_equal(hm_params_number("18446744073709551616", &n), -ERANGE);
    assert_int_equal(hm_params_number("18014398509481984K", &n), -ERANGE);
    assert_int_equal(hm_params_number("17179869184G", &n), -ERANGE);
    assert_int_equal(n, 99);
    assert_int_equal(hm_params_number("17179869183G", &n), 0);
}

static void test_set_finds_the_whole_name(void **state)
{
    uint64_t value[HM_PARAMS_MAX] = {0};

    (void)state;
    assert_int_equal(hm_params_set(table, "dep=5", value), 0);
    assert_int_equal(hm_params_set(table, "depth=7", value), 0);
    assert_int_equal(value[0], 7);
    assert_int_equal(value[2], 5);
    assert_int_equal(hm_params_set(table, "dept=7", value), -ENOENT);
    assert_int_equal(hm_params_set(table, "depths=7", value), -ENOENT);
    assert_int_equal(hm_params_set(table, "=7", value), -ENOENT);
    assert_int_equal(hm_params_set(table, "", value), -ENOENT);
}

static void test_set_leaves_values_alone_on_error(void **state)
{
    uint64_t value[HM_PARAMS_MAX] = {16, 64, 1}, before[HM_PARAMS_MAX];

    (void)state;
    memcpy(before, value, sizeof(value));
    assert_int_equal(hm_params_set(table, "depth", value), -EINVAL);
    assert_int_equal(hm_params_set(table, "depth=", value), -EINVAL);
    assert_int_equal(hm_params_set(table, "depth=x", value), -EINVAL);
    assert_int_equal(hm_params_set(table, "depth=3", value), -ERANGE);
    assert_int_equal(hm_params_set(table, "depth=27", value), -ERANGE);
    assert_int_equal(hm_params_set(table, "nothing=1", value), -ENOENT);
    assert_memory_equal(value, before, sizeof(value));
}

static void test_both_ends_of_a_range_are_inside(void **state)
{
    uint64_t value[HM_PARAMS_MAX] = {0};

    (void)state;
    assert_int_equal(hm_params_set(table, "depth=4", value), 0);
    assert_int_equal(value[0], 4);
    assert_int_equal(hm_params_set(table, "depth=26", value), 0);
    assert_int_equal(value[0], 26);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_follow_the_size),
        cmocka_unit_test(test_numbers_take_suffixes),
        cmocka_unit_test(test_choices_go_by_their_names),
        cmocka_unit_test(test_values_have_their_names),
        cmocka_unit_test(test_what_is_no_number_is_refused),
        cmocka_unit_test(test_what_does_not_fit_64_bits_is_refused),
        cmocka_unit_test(test_set_finds_the_whole_name),
        cmocka_unit_test(test_set_leaves_values_alone_on_error),
        cmocka_unit_test(test_both_ends_of_a_range_are_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
