/* SPDX-License-Identifier: MIT */
/* test_icount.c -- finding valgrind, the command under it, and its dumps. */
#include "harness/campaign/icount.h"
#include "harness/program_folder.h"
#include "tests/unit/pool_folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

/* What callgrind writes at a dump, less its names. */
#define DUMP                                               \
    "# callgrind format\nversion: 1\ncreator: callgrind\n" \
    "desc: Trigger: --dump-before=hm_window_end\n\n"       \
    "positions: line\nevents: Ir\nsummary: 77\n\n"         \
    "fn=(1) work\n12 70\ncalls=1 8\n13 7\n\n"

static void put_valgrind(mode_t mode)
{
    folder_put("valgrind", "#!/bin/sh\n");
    assert_int_equal(chmod(hm_pool_format(&pool, "%s/valgrind", folder), mode),
                     0);
}

static int folder_has(const char *name)
{
    return access(hm_pool_format(&pool, "%s/%s", folder, name), F_OK) == 0;
}

static void valgrind_is_looked_for_in_the_folders_of_path(void **state)
{
    const char *before = hm_pool_copy(&pool, getenv("PATH"));
    const char *found;

    (void)state;
    setenv("PATH", hm_pool_format(&pool, "/nowhere:bin::%s", folder), 1);
    assert_null(hm_program_in_path(&pool, "valgrind"));
    put_valgrind(0600);
    assert_null(hm_program_in_path(&pool, "valgrind"));
    put_valgrind(0700);
    found = hm_program_in_path(&pool, "valgrind");
    assert_non_null(found);
    assert_string_equal(found, hm_pool_format(&pool, "%s/valgrind", folder));
    unsetenv("PATH");
    assert_null(hm_program_in_path(&pool, "valgrind"));
    setenv("PATH", before, 1);
}

static void the_cell_keeps_its_words_behind_those_of_valgrind(void **state)
{
    const char *const cell[] = {"/bin/cell", "run", "churn", NULL};
    const char *const *argv =
        hm_icount_argv(&pool, "/usr/bin/valgrind", "/c/inputs", cell);
    size_t n = 0;

    (void)state;
    assert_string_equal(argv[0], "/usr/bin/valgrind");
    while (argv[n] != NULL)
        n++;
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(argv[n - 3 + i], cell[i]);
    for (size_t i = 1; i < n - 3; i++)
        assert_memory_equal(argv[i], "--", 2);
}

static void the_count_is_the_total_of_the_first_dump(void **state)
{
    uint64_t instructions = 0;

    (void)state;
    folder_put("callgrind.out.1", DUMP "totals: 12345678901\n");
    folder_put("callgrind.out", DUMP "totals: 5\n");
    assert_int_equal(hm_icount_take(&pool, folder, &instructions), 0);
    assert_int_equal(instructions, 12345678901);
    assert_false(folder_has("callgrind.out.1"));
    assert_false(folder_has("callgrind.out"));
}

static void without_a_dump_in_the_window_there_is_no_count(void **state)
{
    uint64_t instructions = 1;

    (void)state;
    folder_put("callgrind.out", DUMP "totals: 5\n");
    assert_int_equal(hm_icount_take(&pool, folder, &instructions), -ENOENT);
    assert_int_equal(instructions, 1);
    assert_false(folder_has("callgrind.out"));
}

static void a_dump_without_its_total_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      DUMP,
                                      DUMP "totals: \n",
                                      DUMP "totals: 12 34\n",
                                      DUMP "totals: -3\n",
                                      "xtotals: 3\n"};
    uint64_t instructions;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        folder_put("callgrind.out.1", bad[i]);
        assert_int_equal(hm_icount_take(&pool, folder, &instructions), -EILSEQ);
        assert_false(folder_has("callgrind.out.1"));
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, pool_folder_make, pool_folder_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(valgrind_is_looked_for_in_the_folders_of_path),
        TEST(the_cell_keeps_its_words_behind_those_of_valgrind),
        TEST(the_count_is_the_total_of_the_first_dump),
        TEST(without_a_dump_in_the_window_there_is_no_count),
        TEST(a_dump_without_its_total_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
