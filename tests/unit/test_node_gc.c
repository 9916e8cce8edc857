/* SPDX-License-Identifier: MIT */
/* test_node_gc.c -- V8's collections as the node cell counts them, with
 * functions under V8's names that call back when the test says so. */
#include "harness/cell/cell_node_gc.h"

#include "common/pause_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void called_fn(void *isolate, int kind, int flags, void *data);

void *fake_current(void) __asm__("_ZN2v87Isolate10GetCurrentEv");
void fake_add_begins(void *isolate, called_fn *called, void *data,
                     int kinds) __asm__("_ZN2v87Isolate21AddGCPrologueCallbackE"
                                        "PFvPS0_NS_6GCTypeENS_"
                                        "15GCCallbackFlagsEPvES4_S2_");
void fake_add_ended(void *isolate, called_fn *called, void *data,
                    int kinds) __asm__("_ZN2v87Isolate21AddGCEpilogueCallbackEP"
                                       "FvPS0_NS_6GCTypeENS_"
                                       "15GCCallbackFlagsEPvES4_S2_");

static called_fn *begins, *ended;

void *fake_current(void)
{
    return &begins;
}

void fake_add_begins(void *isolate, called_fn *called, void *data, int kinds)
{
    (void)isolate;
    (void)data;
    (void)kinds;
    begins = called;
}

void fake_add_ended(void *isolate, called_fn *called, void *data, int kinds)
{
    (void)isolate;
    (void)data;
    (void)kinds;
    ended = called;
}

static void collect(int kind)
{
    begins(NULL, kind, 0, NULL);
    ended(NULL, kind, 0, NULL);
}

/* Lines of what is written that begin with `name`; the last one's number. */
static unsigned lines_of(const char *name, unsigned long long *number)
{
    FILE *file = tmpfile();
    char line[256];
    unsigned n = 0;

    assert_non_null(file);
    assert_int_equal(hm_cell_node_gc_write(fileno(file)), 0);
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *tab = strchr(line, '\t');

        assert_non_null(tab);
        *tab = '\0';
        if (strcmp(line, name) == 0) {
            n++;
            *number = strtoull(tab + 1, NULL, 10);
        }
    }
    (void)fclose(file);
    return n;
}

static void test_all_count_but_only_so_many_are_listed(void **state)
{
    enum { MORE = HM_PAUSE_LOG_ENTRIES + 1000 };

    unsigned long long number = 0, total = 0, most = 0;

    (void)state;
    assert_int_equal(hm_cell_node_gc_watch(), 0);
    collect(4); /* before the window */
    hm_cell_node_gc_count(true);
    for (unsigned i = 0; i < MORE - 1; i++)
        collect(1);
    begins(NULL, 4, 0, NULL);
    (void)usleep(2000);
    ended(NULL, 4, 0, NULL);
    hm_cell_node_gc_count(false);
    collect(4); /* after it */

    assert_int_equal(lines_of("collections", &number), 1);
    assert_int_equal(number, MORE);
    assert_int_equal(lines_of("pauses", &number), 1);
    assert_int_equal(number, MORE);
    assert_int_equal(lines_of("pause", &number), HM_PAUSE_LOG_ENTRIES);
    assert_int_equal(lines_of("pause_max_ns", &most), 1);
    assert_true(most >= 2000000); /* the last: it is in no line */
    assert_int_equal(lines_of("pause_total_ns", &total), 1);
    assert_true(total >= most);
}

static void test_a_slice_is_no_collection(void **state)
{
    unsigned long long number = 0;

    (void)state;
    assert_int_equal(hm_cell_node_gc_watch(), 0);
    (void)lines_of("collections", &number);
    hm_cell_node_gc_count(true);
    collect(8);
    collect(16);
    hm_cell_node_gc_count(false);
    unsigned long long after = 0;

    (void)lines_of("collections", &after);
    assert_int_equal(after, number);
}

static void test_a_write_that_fails_says_why(void **state)
{
    (void)state;
    assert_true(hm_cell_node_gc_write(-1) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_count_but_only_so_many_are_listed),
        cmocka_unit_test(test_a_slice_is_no_collection),
        cmocka_unit_test(test_a_write_that_fails_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
