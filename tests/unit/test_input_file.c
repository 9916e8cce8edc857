/* SPDX-License-Identifier: MIT */
#include "common/rng.h"
#include "workloads/input_file.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LEAST_BYTES = 65536, EXACT_BYTES = 87385, LINES = 3000 };

#define FILE_NAME "lines-87385-1.csv"

static char folder[256];
static struct hm_input_file file;

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), HM_TEST_DIR "/input_file.XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

/* Entries of the folder; removes them when `and_remove`. */
static unsigned entries(int and_remove)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    unsigned n = 0;

    assert_non_null(dir);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        n++;
        if (and_remove)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    (void)closedir(dir);
    return n;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)entries(1);
    return rmdir(folder);
}

static ino_t inode(void)
{
    char path[512];
    struct stat status;

    (void)snprintf(path, sizeof(path), "%s/" FILE_NAME, folder);
    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

static void test_lines_are_the_same_everywhere(void **state)
{
    static char text[EXACT_BYTES + 1];
    const char *first = "0,user338478,tag3566,78172\n1,user684997,tag2109,";
    const char *last = "\n2999,user587692,tag3491,66814\n";
    uint32_t hash = 0;
    unsigned lines = 0;

    (void)state;
    hm_input_file_open(&file, "test", folder, LEAST_BYTES);
    assert_int_equal(file.bytes, EXACT_BYTES);
    assert_int_equal(hm_input_file_read(&file, text, sizeof(text)),
                     EXACT_BYTES);
    assert_int_equal(hm_input_file_read(&file, text, 1), 0);
    hm_input_file_close(&file);
    for (size_t i = 0; i < EXACT_BYTES; i++) {
        hash = hm_mix(hash, (unsigned char)text[i]);
        lines += text[i] == '\n';
    }
    assert_int_equal(lines, LINES);
    assert_memory_equal(text, first, strlen(first));
    assert_string_equal(text + EXACT_BYTES - strlen(last), last);
    assert_int_equal(hm_fin(hash), 0xE2595E9A);
}

static void test_reading_starts_again_after_a_rewind(void **state)
{
    char once[32], again[32];

    (void)state;
    hm_input_file_open(&file, "test", folder, 1);
    (void)hm_input_file_read(&file, once, sizeof(once));
    hm_input_file_rewind(&file);
    (void)hm_input_file_read(&file, again, sizeof(again));
    assert_memory_equal(once, again, sizeof(once));
    hm_input_file_close(&file);
}

static void test_the_file_is_used_again(void **state)
{
    ino_t first;

    (void)state;
    hm_input_file_open(&file, "test", folder, LEAST_BYTES);
    hm_input_file_close(&file);
    first = inode();
    hm_input_file_open(&file, "test", folder, LEAST_BYTES);
    hm_input_file_close(&file);
    assert_int_equal(inode(), first);
    assert_int_equal(entries(0), 1); /* no temporary file stays */
}

static void test_a_file_of_another_size_is_made_anew(void **state)
{
    char path[512], byte;
    uint64_t bytes = 0;

    (void)state;
    hm_input_file_open(&file, "test", folder, LEAST_BYTES);
    hm_input_file_close(&file);
    (void)snprintf(path, sizeof(path), "%s/" FILE_NAME, folder);
    assert_int_equal(truncate(path, 100), 0);
    hm_input_file_open(&file, "test", folder, LEAST_BYTES);
    while (hm_input_file_read(&file, &byte, 1) == 1)
        bytes++;
    hm_input_file_close(&file);
    assert_int_equal(bytes, EXACT_BYTES);
}

/* Opens in a child, whose exit status and only line it returns. */
static int open_apart(const char *dir, rlim_t file_bytes, char *said,
                      size_t said_bytes)
{
    const struct rlimit limit = {file_bytes, file_bytes};
    int ends[2], status = 0;
    ssize_t n;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        hm_input_file_open(&file, "test", dir, LEAST_BYTES);
        _exit(0);
    }
    (void)close(ends[1]);
    n = read(ends[0], said, said_bytes - 1);
    said[n > 0 ? n : 0] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_one_line(const char *said, const char *where,
                            const char *why)
{
    assert_non_null(strstr(said, where));
    assert_non_null(strstr(said, why));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void test_a_missing_folder_is_reported(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(
        open_apart("/nowhere/at/all", RLIM_INFINITY, said, sizeof(said)), 1);
    assert_one_line(said, "/nowhere/at/all/" FILE_NAME,
                    "No such file or directory");
}

static void test_a_file_that_cannot_be_finished_leaves_nothing(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(open_apart(folder, 70000, said, sizeof(said)), 1);
    assert_one_line(said, folder, "cannot write the input file");
    assert_int_equal(entries(0), 0);
}

static void test_a_path_that_is_too_long_is_refused(void **state)
{
    static char dir[HM_INPUT_PATH_MAX];
    char said[2 * HM_INPUT_PATH_MAX];

    (void)state;
    memset(dir, 'x', sizeof(dir) - 1);
    assert_int_equal(open_apart(dir, RLIM_INFINITY, said, sizeof(said)), 1);
    assert_one_line(said, "xxx", "the path is too long");
}

#define IN_FOLDER(test) \
    cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_lines_are_the_same_everywhere),
        IN_FOLDER(test_reading_starts_again_after_a_rewind),
        IN_FOLDER(test_the_file_is_used_again),
        IN_FOLDER(test_a_file_of_another_size_is_made_anew),
        cmocka_unit_test(test_a_missing_folder_is_reported),
        IN_FOLDER(test_a_file_that_cannot_be_finished_leaves_nothing),
        cmocka_unit_test(test_a_path_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
