/* SPDX-License-Identifier: MIT */
#include "common/os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { TOUCHED_BYTES = 32 << 20, SLACK_BYTES = 4 << 20 };

static char *map_bytes(size_t bytes)
{
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(start, MAP_FAILED);
    return start;
}

static void test_rss_grows_with_touched_memory_and_shrinks_again(void **state)
{
    uint64_t before = hm_os_rss_bytes(0);
    char *memory = map_bytes(TOUCHED_BYTES);

    (void)state;
    assert_true(before > 0);
    memset(memory, 1, TOUCHED_BYTES);
    assert_true(hm_os_rss_bytes(0) >= before + TOUCHED_BYTES - SLACK_BYTES);
    assert_int_equal(munmap(memory, TOUCHED_BYTES), 0);
    assert_true(hm_os_rss_bytes(0) <= before + SLACK_BYTES);
}

static void test_peak_remembers_what_was_given_back(void **state)
{
    uint64_t before = hm_os_rss_bytes(0);
    char *memory = map_bytes(TOUCHED_BYTES);

    (void)state;
    memset(memory, 1, TOUCHED_BYTES);
    assert_int_equal(munmap(memory, TOUCHED_BYTES), 0);
    assert_true(hm_os_rss_peak_bytes() >= before + TOUCHED_BYTES - SLACK_BYTES);
}

/* What MADV_FREE gave back may stay for long: it is resident, but not held. */
static void test_what_was_given_back_is_not_held(void **state)
{
    uint64_t before = hm_os_rss_held_bytes(), rss;
    char *memory = map_bytes(TOUCHED_BYTES);

    (void)state;
    assert_true(before > 0);
    memset(memory, 1, TOUCHED_BYTES);
    assert_true(hm_os_rss_held_bytes() >= before + TOUCHED_BYTES);
    if (madvise(memory, TOUCHED_BYTES, MADV_FREE) != 0)
        skip(); /* not in this kernel */
    rss = hm_os_rss_bytes(0);
    assert_true(hm_os_rss_held_bytes() <= before + SLACK_BYTES);
    assert_true(rss >= hm_os_rss_held_bytes());
    assert_int_equal(munmap(memory, TOUCHED_BYTES), 0);
}

static void test_rss_of_another_process_until_it_is_gone(void **state)
{
    int wake[2], status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(wake), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char c;

        (void)close(wake[1]);
        _exit(read(wake[0], &c, 1) == 0 ? 0 : 1);
    }
    assert_true(hm_os_rss_bytes(child) > 0);
    (void)close(wake[1]);
    (void)close(wake[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(hm_os_rss_bytes(child), 0);
}

static void test_file_of_a_function_of_the_program(void **state)
{
    char path[PATH_MAX], self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    void (*function)(void **) = test_file_of_a_function_of_the_program;
    const void *address;

    (void)state;
    assert_true(n > 0);
    self[n] = '\0';
    memcpy(&address, &function, sizeof(address));
    assert_int_equal(hm_os_file_of(address, path, sizeof(path)), 0);
    assert_string_equal(path, self);
}

static void test_anonymous_memory_has_no_file(void **state)
{
    char path[PATH_MAX] = "x";
    char *memory = map_bytes(4096);

    (void)state;
    assert_int_equal(hm_os_file_of(memory, path, sizeof(path)), 0);
    assert_string_equal(path, "");
    assert_int_equal(munmap(memory, 4096), 0);
}

static void test_unmapped_address_is_an_error(void **state)
{
    char path[PATH_MAX] = "x";

    (void)state;
    assert_int_equal(hm_os_file_of(NULL, path, sizeof(path)), -ENOENT);
    assert_string_equal(path, "");
}

/* More mappings than one read of /proc/self/maps returns. */
static void test_file_is_found_behind_a_thousand_mappings(void **state)
{
    static const size_t mappings = 1000;

    char *memory = map_bytes(2 * mappings * 4096), path[PATH_MAX];
    char file_name[] = P_tmpdir "/heapmark-os-XXXXXX";
    int fd = mkstemp(file_name);
    void *file;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 4096), 0);
    for (size_t i = 0; i < mappings; i++) {
        assert_int_equal(mprotect(memory + i * 8192, 4096, PROT_READ), 0);
    }
    file = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(file, MAP_FAILED);
    assert_int_equal(hm_os_file_of(file, path, sizeof(path)), 0);
    assert_string_equal(path, file_name);
    assert_int_equal(munmap(file, 4096), 0);
    assert_int_equal(munmap(memory, 2 * mappings * 4096), 0);
    assert_int_equal(unlink(file_name), 0);
    (void)close(fd);
}

static void test_ram_is_more_than_this_process_has(void **state)
{
    (void)state;
    assert_true(hm_os_ram_bytes() > hm_os_rss_bytes(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rss_grows_with_touched_memory_and_shrinks_again),
        cmocka_unit_test(test_peak_remembers_what_was_given_back),
        cmocka_unit_test(test_what_was_given_back_is_not_held),
        cmocka_unit_test(test_rss_of_another_process_until_it_is_gone),
        cmocka_unit_test(test_file_of_a_function_of_the_program),
        cmocka_unit_test(test_anonymous_memory_has_no_file),
        cmocka_unit_test(test_unmapped_address_is_an_error),
        cmocka_unit_test(test_file_is_found_behind_a_thousand_mappings),
        cmocka_unit_test(test_ram_is_more_than_this_process_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
