/* SPDX-License-Identifier: MIT */
#include "common/os.h"
#include "harness/campaign/warm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#define MIB UINT64_C(1048576)

static void warms_what_the_run_needs_and_a_quarter_more(void **state)
{
    const uint64_t much = 1 << 20;

    (void)state;
    assert_int_equal(hm_warm_bytes(0, 40 * MIB, much * MIB, much * MIB),
                     (50 + 32) * MIB);
    assert_int_equal(hm_warm_bytes(80 * MIB, 40 * MIB, much * MIB, much * MIB),
                     (100 + 32) * MIB);
}

static void never_more_than_the_cap_or_than_is_free(void **state)
{
    (void)state;
    assert_int_equal(hm_warm_bytes(80 * MIB, 0, 64 * MIB, 1024 * MIB),
                     64 * MIB);
    assert_int_equal(hm_warm_bytes(80 * MIB, 0, 1024 * MIB, 64 * MIB),
                     56 * MIB);
    assert_int_equal(hm_warm_bytes(80 * MIB, 0, 1024 * MIB, 0), 0);
}

static void leaves_neither_memory_nor_a_process_behind(void **state)
{
    uint64_t before_bytes = hm_os_rss_peak_bytes();

    (void)state;
    hm_warm(64 * MIB);
    assert_true(hm_os_rss_peak_bytes() < before_bytes + 16 * MIB);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void memory_that_cannot_be_had_is_no_error(void **state)
{
    (void)state;
    hm_warm(0);
    hm_warm(UINT64_MAX / 2);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warms_what_the_run_needs_and_a_quarter_more),
        cmocka_unit_test(never_more_than_the_cap_or_than_is_free),
        cmocka_unit_test(leaves_neither_memory_nor_a_process_behind),
        cmocka_unit_test(memory_that_cannot_be_had_is_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
