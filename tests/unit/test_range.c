/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

static struct hm_range range;

/* Whether the mapping at `offset` is one that asked for huge pages. */
static int is_huge(size_t offset)
{
    uintptr_t at = (uintptr_t)range.start + offset;
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[512];
    int is_here = 0, found = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        char *dash;
        uintptr_t low = strtoul(line, &dash, 16);

        if (*dash == '-') {
            is_here = at >= low && at < strtoul(dash + 1, NULL, 16);
        } else if (is_here && strncmp(line, "VmFlags:", 8) == 0) {
            found = strstr(line, " hg") != NULL;
        }
    }
    assert_int_equal(fclose(maps), 0);
    return found;
}

static void open_for(size_t limit_bytes, size_t bytes)
{
    assert_int_equal(hm_range_open(&range, bytes), 1);
    hm_range_prefer_huge(&range, limit_bytes);
    assert_int_equal(hm_range_extend(&range, bytes), 1);
}

static int system_has_huge_pages(void)
{
    int has;

    assert_int_equal(hm_range_open(&range, 4 * MIB), 1);
    has = madvise(range.start, 4 * MIB, MADV_HUGEPAGE) == 0;
    hm_range_close(&range);
    return has;
}

static void a_large_limit_asks_for_huge_pages(void **state)
{
    (void)state;
    if (!system_has_huge_pages()) {
        print_message("skipped: no transparent huge pages in this kernel\n");
        skip();
    }
    open_for(64 * MIB, 64 * MIB);
    assert_int_equal((uintptr_t)range.start % (2 * MIB), 0);
    assert_true(is_huge(0));
    assert_true(is_huge(63 * MIB));
    hm_range_close(&range);
}

static void a_small_limit_does_not(void **state)
{
    (void)state;
    open_for(8 * MIB, 8 * MIB);
    assert_false(is_huge(0));
    hm_range_close(&range);
}

static void without_a_limit_the_first_16_mib_stay_small(void **state)
{
    (void)state;
    if (!system_has_huge_pages())
        skip();
    open_for(0, 64 * MIB);
    assert_false(is_huge(0));
    assert_false(is_huge(16 * MIB - 1));
    assert_true(is_huge(16 * MIB));
    hm_range_close(&range);
}

static void the_environment_turns_it_off(void **state)
{
    (void)state;
    assert_int_equal(setenv("HM_HUGE_PAGES", "0", 1), 0);
    open_for(64 * MIB, 64 * MIB);
    assert_false(is_huge(0));
    hm_range_close(&range);
    assert_int_equal(unsetenv("HM_HUGE_PAGES"), 0);
}

static void what_is_given_back_reads_as_zero(void **state)
{
    (void)state;
    open_for(64 * MIB, 8 * MIB);
    hm_range_back(&range, 0, MIB);
    memset(range.start, 1, MIB);
    hm_range_discard(&range, 100, MIB - 200); /* whole pages inside only */
    assert_int_equal(range.start[0], 1);
    assert_int_equal(range.start[4096], 0);
    assert_int_equal(range.start[MIB - 1], 1);
    hm_range_close(&range);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_limit_asks_for_huge_pages),
        cmocka_unit_test(a_small_limit_does_not),
        cmocka_unit_test(without_a_limit_the_first_16_mib_stay_small),
        cmocka_unit_test(the_environment_turns_it_off),
        cmocka_unit_test(what_is_given_back_reads_as_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
