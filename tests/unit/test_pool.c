/* SPDX-License-Identifier: MIT */
/* test_pool.c -- words of a shell. */
#include "harness/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void only_words_that_need_quotes_get_them(void **state)
{
    struct hm_pool pool = {NULL};

    (void)state;
    assert_string_equal(hm_pool_shell_word(&pool, "c"), "c");
    assert_string_equal(hm_pool_shell_word(&pool, "../a/b-1.c"), "../a/b-1.c");
    assert_string_equal(hm_pool_shell_word(&pool, "a b"), "'a b'");
    assert_string_equal(hm_pool_shell_word(&pool, "~"), "'~'");
    hm_pool_fini(&pool);
}

static void a_shell_reads_every_word_back(void **state)
{
    static const char *const hard[] = {
        "", "a b", "it's", "'", "$HOME", "a\\b", "*", "\"x\"; exit 9"};
    struct hm_pool pool = {NULL};

    (void)state;
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        const char *word = hm_pool_shell_word(&pool, hard[i]);
        char line[64] = "";
        FILE *shell =
            popen(hm_pool_format(&pool, "printf '[%%s]' %s", word), "r");

        assert_non_null(shell);
        assert_non_null(fgets(line, sizeof line, shell));
        assert_int_equal(pclose(shell), 0);
        assert_string_equal(line, hm_pool_format(&pool, "[%s]", hard[i]));
    }
    hm_pool_fini(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_words_that_need_quotes_get_them),
        cmocka_unit_test(a_shell_reads_every_word_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
