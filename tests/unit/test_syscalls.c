/* SPDX-License-Identifier: MIT */
/* test_syscalls.c -- the command under strace, and what it wrote. */
#include "harness/campaign/syscalls.h"
#include "tests/unit/pool_folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char *taken(const char *trace)
{
    const char *figures = "none";

    folder_put("strace.out", trace);
    assert_int_equal(hm_syscalls_take(&pool, folder, &figures), 0);
    assert_string_equal(folder_text("strace.out"), "");
    return figures;
}

static void the_cell_runs_under_strace_with_its_own_words(void **state)
{
    static const char *const argv[] = {"/bin/cell", "run", "churn", NULL};
    const char *const *all = hm_syscalls_argv(&pool, "/bin/strace", "f", argv);
    size_t n = 0;

    (void)state;
    assert_string_equal(all[0], "/bin/strace");
    while (all[n] != NULL)
        n++;
    assert_string_equal(all[n - 4], "--output=f/strace.out");
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(all[n - 3 + i], argv[i]);
}

static void only_calls_of_the_window_count(void **state)
{
    (void)state;
    assert_string_equal(
        taken("brk(NULL) = 0x1\n"
              "mmap(NULL, 8192) = 0x7f\n"
              "getrusage(RUSAGE_SELF, {}) = 0\n"
              "mmap(NULL, 4096) = 0x7f\n"
              "mmap(NULL, 4096) = 0x7f\n"
              "madvise(0x7f, 4096, MADV_FREE) = 0\n"
              "getrusage(RUSAGE_SELF, {}) = 0\n"
              "munmap(0x7f, 4096) = 0\n"
              "+++ exited with 0 +++\n"),
        "mmap_calls=2;munmap_calls=0;mremap_calls=0;madvise_calls=1;"
        "mprotect_calls=0;brk_calls=0;futex_calls=0");
}

static void a_call_in_two_lines_counts_once(void **state)
{
    (void)state;
    assert_string_equal(
        taken("12  getrusage(RUSAGE_SELF, {}) = 0\n"
              "12  futex(0x7f, FUTEX_WAIT, 1 <unfinished ...>\n"
              "13  brk(0x55) = 0x55\n"
              "12  <... futex resumed>) = 0\n"
              "12  getrusage(RUSAGE_SELF, {}) = 0\n"),
        "mmap_calls=0;munmap_calls=0;mremap_calls=0;madvise_calls=0;"
        "mprotect_calls=0;brk_calls=1;futex_calls=1");
}

static void without_a_whole_window_there_is_no_count(void **state)
{
    const char *figures = NULL;

    (void)state;
    assert_int_equal(hm_syscalls_take(&pool, folder, &figures), -ENOENT);
    folder_put("strace.out", "getrusage(RUSAGE_SELF, {}) = 0\nbrk(0) = 0\n");
    assert_int_equal(hm_syscalls_take(&pool, folder, &figures), -EILSEQ);
    assert_null(figures);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, pool_folder_make, pool_folder_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_cell_runs_under_strace_with_its_own_words),
        TEST(only_calls_of_the_window_count),
        TEST(a_call_in_two_lines_counts_once),
        TEST(without_a_whole_window_there_is_no_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
