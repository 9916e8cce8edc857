/* SPDX-License-Identifier: MIT */
#include "common/arena.h"

#include "common/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

enum { BYTES = 16 << 20, SLACK_BYTES = 2 << 20, PAGE_BYTES = 4096 };

static long faults(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt;
}

static void test_memory_is_zero_and_page_aligned(void **state)
{
    unsigned char *memory = hm_arena_alloc(3 * PAGE_BYTES + 1);

    (void)state;
    assert_int_equal((uintptr_t)memory % PAGE_BYTES, 0);
    for (size_t i = 0; i < 3 * PAGE_BYTES + 1; i++)
        assert_int_equal(memory[i], 0);
    hm_arena_release(memory, 3 * PAGE_BYTES + 1);
}

static void test_first_use_of_allocated_memory_faults_no_page(void **state)
{
    unsigned char *memory = hm_arena_alloc(BYTES);
    long before = faults();

    (void)state;
    memset(memory, 1, BYTES);
    /* An eighth may be faults of a sanitizer in its own tables. */
    assert_true(faults() - before < BYTES / PAGE_BYTES / 4);
    hm_arena_release(memory, BYTES);
}

static void test_reserved_memory_is_not_resident_until_used(void **state)
{
    uint64_t before = hm_os_rss_bytes(0);
    unsigned char *memory = hm_arena_reserve(BYTES);

    (void)state;
    assert_true(hm_os_rss_bytes(0) < before + SLACK_BYTES);
    memory[0] = 1;
    memory[BYTES - 1] = 1;
    assert_int_equal(memory[BYTES / 2], 0);
    hm_arena_release(memory, BYTES);
}

static void test_release_gives_memory_back_and_ignores_null(void **state)
{
    unsigned char *memory = hm_arena_alloc(BYTES);
    uint64_t full = hm_os_rss_bytes(0);

    (void)state;
    hm_arena_release(memory, BYTES);
    assert_true(hm_os_rss_bytes(0) < full - BYTES + SLACK_BYTES);
    hm_arena_release(NULL, BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zero_and_page_aligned),
        cmocka_unit_test(test_first_use_of_allocated_memory_faults_no_page),
        cmocka_unit_test(test_reserved_memory_is_not_resident_until_used),
        cmocka_unit_test(test_release_gives_memory_back_and_ignores_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
