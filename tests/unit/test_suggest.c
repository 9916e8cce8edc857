/* SPDX-License-Identifier: MIT */
#include "harness/suggest.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void distance_counts_single_edits(void **state)
{
    (void)state;
    assert_int_equal(hm_suggest_distance("", ""), 0);
    assert_int_equal(hm_suggest_distance("", "abc"), 3);
    assert_int_equal(hm_suggest_distance("kitten", "sitting"), 3);
    assert_int_equal(hm_suggest_distance("jemaloc", "jemalloc"), 1);
    assert_int_equal(hm_suggest_distance("tbb", "tbb"), 0);
}

static void swapped_neighbours_count_once(void **state)
{
    (void)state;
    assert_int_equal(hm_suggest_distance("hcurn", "churn"), 1);
    assert_int_equal(hm_suggest_distance("ab", "ba"), 1);
}

static void long_words_are_far(void **state)
{
    char word[65] = {0};

    (void)state;
    for (int i = 0; i < 64; i++)
        word[i] = 'x';
    assert_true(hm_suggest_distance(word, "x") == UINT_MAX);
    word[63] = '\0';
    assert_int_equal(hm_suggest_distance(word, word), 0);
}

static void the_nearest_is_suggested_or_nothing(void **state)
{
    static const char *const words[] = {"jemalloc", "mimalloc", "tcmalloc",
                                        "glibc"};

    (void)state;
    assert_string_equal(hm_suggest("jemaloc", words, 4), "jemalloc");
    assert_string_equal(hm_suggest("mimaloc", words, 4), "mimalloc");
    assert_string_equal(hm_suggest("gl", words, 4), "glibc");
    assert_null(hm_suggest("banana", words, 4));
    assert_null(hm_suggest("x", words, 0));
}

static void errors_have_words_of_either_sign(void **state)
{
    (void)state;
    assert_string_equal(hm_error_text(ENOENT), hm_error_text(-ENOENT));
    assert_string_equal(hm_error_text(99999), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_counts_single_edits),
        cmocka_unit_test(swapped_neighbours_count_once),
        cmocka_unit_test(long_words_are_far),
        cmocka_unit_test(the_nearest_is_suggested_or_nothing),
        cmocka_unit_test(errors_have_words_of_either_sign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
