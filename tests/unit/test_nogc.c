/* SPDX-License-Identifier: MIT */
/* What the suite of the real collectors cannot ask of one that never frees. */
#include "collectors/collector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE_BYTES = 4096, LIMIT_PAGES = 16 };

static struct hm_pause_log log_of_heap;
static jmp_buf out_of_memory;
static size_t refused_bytes;

static void note_exhausted(size_t bytes)
{
    refused_bytes = bytes;
    longjmp(out_of_memory, 1);
}

static struct hm_gc *open_heap(size_t heap_bytes, uint64_t prefault_mib,
                               const char **why)
{
    const struct hm_gc_config config = {
        .heap_bytes = heap_bytes,
        .param = &prefault_mib,
        .log = &log_of_heap,
        .exhausted = note_exhausted,
    };

    *why = NULL;
    return hm_gc_open(&config, why);
}

static void close_heap(struct hm_gc *gc, struct hm_mutator *m)
{
    assert_null(hm_gc_check(gc));
    hm_gc_detach(m);
    hm_gc_close(gc);
}

static uint64_t held_bytes(const struct hm_gc *gc)
{
    struct hm_gc_stats stats;

    hm_gc_stats_get(gc, &stats);
    assert_int_equal(stats.collections, 0);
    return stats.heap_bytes;
}

static void test_objects_are_distinct_aligned_and_nulled(void **state)
{
    static const struct hm_layout pair = {2, 5, "pair"};
    const char *why;
    struct hm_gc *gc = open_heap(0, 0, &why);
    struct hm_mutator *m = hm_gc_attach(gc);
    const char *end = NULL;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        hm_ref o = i % 3 == 0   ? hm_new(m, &pair)
                   : i % 3 == 1 ? hm_new_refs(m, 2)
                                : hm_new_raw(m, 0);

        assert_int_equal((uintptr_t)o % 8, 0);
        assert_true(end == NULL || (const char *)o >= end);
        end = (const char *)o + 1;
        if (i % 3 != 2) {
            assert_null(hm_load(m, o, 0));
            assert_null(hm_load(m, o, 1));
            hm_store(m, o, 1, o);
            end = (const char *)o + 16;
        }
        if (i % 3 == 0) {
            memset(hm_raw(o, 2), 0xFF, 5);
            end = (const char *)o + 21;
        }
    }
    close_heap(gc, m);
}

static void test_objects_larger_than_a_step_fit(void **state)
{
    enum { BYTES = 40 << 20 };

    const char *why;
    struct hm_gc *gc = open_heap(0, 0, &why);
    struct hm_mutator *m = hm_gc_attach(gc);
    char *raw;

    (void)state;
    (void)hm_new_raw(m, 24);
    raw = hm_raw(hm_new_raw(m, BYTES), 0);
    raw[0] = 1;
    raw[BYTES - 1] = 1;
    assert_in_range(held_bytes(gc), BYTES, BYTES + 2 * PAGE_BYTES);
    close_heap(gc, m);
}

static void test_limit_is_used_to_the_last_byte_and_then_ends_the_run(
    void **state)
{
    const char *why;
    struct hm_gc *gc = open_heap(LIMIT_PAGES * PAGE_BYTES + 1, 0, &why);
    struct hm_mutator *m = hm_gc_attach(gc);

    (void)state;
    if (setjmp(out_of_memory) == 0) {
        for (int i = 0; i < LIMIT_PAGES * PAGE_BYTES / 32; i++)
            memset(hm_raw(hm_new_raw(m, 32), 0), 1, 32);
        assert_int_equal(held_bytes(gc), LIMIT_PAGES * PAGE_BYTES);
        (void)hm_new_raw(m, 1);
        fail_msg("the limit was not obeyed");
    }
    assert_int_equal(refused_bytes, 1);
    close_heap(gc, m);
}

static void test_size_that_overflows_ends_the_run(void **state)
{
    const char *why;
    struct hm_gc *gc = open_heap(0, 0, &why);
    struct hm_mutator *m = hm_gc_attach(gc);

    (void)state;
    if (setjmp(out_of_memory) == 0) {
        (void)hm_new_raw(m, SIZE_MAX);
        fail_msg("SIZE_MAX bytes were given");
    }
    assert_true(refused_bytes == SIZE_MAX);
    close_heap(gc, m);
}

static void test_limit_below_a_page_is_refused_with_the_reason(void **state)
{
    const char *why;

    (void)state;
    assert_null(open_heap(PAGE_BYTES - 1, 0, &why));
    assert_non_null(why);
    assert_non_null(strstr(why, "page"));
}

static void test_prefault_counts_as_held_and_obeys_the_limit(void **state)
{
    const char *why;
    struct hm_gc *gc = open_heap(0, 3, &why);
    struct hm_mutator *m = hm_gc_attach(gc);

    (void)state;
    assert_int_equal(held_bytes(gc), 3 << 20);
    close_heap(gc, m);
    assert_null(open_heap(2 << 20, 3, &why));
    assert_non_null(strstr(why, "prefault"));
}

/* Windows are 16 MiB: each mutator leaves two of its own behind. */
static void test_mutators_have_windows_apart(void **state)
{
    enum { OBJECTS = 40, BYTES = 1 << 20 };

    const char *why;
    struct hm_gc *gc = open_heap(0, 0, &why);
    struct hm_mutator *m[2] = {hm_gc_attach(gc), hm_gc_attach(gc)};
    unsigned char *made[OBJECTS];

    (void)state;
    for (int i = 0; i < OBJECTS; i++) {
        made[i] = hm_raw(hm_new_raw(m[i % 2], BYTES), 0);
        memset(made[i], i + 1, BYTES);
    }
    for (int i = 0; i < OBJECTS; i++) {
        assert_int_equal(made[i][0], i + 1);
        assert_int_equal(made[i][BYTES - 1], i + 1);
    }
    assert_in_range(held_bytes(gc), (uint64_t)OBJECTS * BYTES,
                    (uint64_t)OBJECTS * BYTES + (uint64_t)4 * PAGE_BYTES);
    hm_gc_detach(m[1]);
    close_heap(gc, m[0]);
}

static void test_a_mutator_too_many_is_refused(void **state)
{
    enum { MOST = 64 };

    const char *why;
    struct hm_gc *gc = open_heap(0, 0, &why);
    struct hm_mutator *m[MOST];

    (void)state;
    for (int i = 0; i < MOST; i++) {
        m[i] = hm_gc_attach(gc);
        assert_non_null(m[i]);
    }
    assert_null(hm_gc_attach(gc));
    hm_gc_detach(m[7]);
    assert_ptr_equal(hm_gc_attach(gc), m[7]);
    for (int i = 1; i < MOST; i++)
        hm_gc_detach(m[i]);
    close_heap(gc, m[0]);
}

static void test_check_sees_a_write_beyond_the_last_object(void **state)
{
    const char *why;
    struct hm_gc *gc = open_heap(0, 0, &why);
    struct hm_mutator *m = hm_gc_attach(gc);
    char *raw = hm_raw(hm_new_raw(m, 8), 0);

    (void)state;
    assert_null(hm_gc_check(gc));
    raw[8] = 1;
    assert_non_null(hm_gc_check(gc));
    raw[8] = 0;
    close_heap(gc, m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_distinct_aligned_and_nulled),
        cmocka_unit_test(test_objects_larger_than_a_step_fit),
        cmocka_unit_test(
            test_limit_is_used_to_the_last_byte_and_then_ends_the_run),
        cmocka_unit_test(test_size_that_overflows_ends_the_run),
        cmocka_unit_test(test_limit_below_a_page_is_refused_with_the_reason),
        cmocka_unit_test(test_prefault_counts_as_held_and_obeys_the_limit),
        cmocka_unit_test(test_mutators_have_windows_apart),
        cmocka_unit_test(test_a_mutator_too_many_is_refused),
        cmocka_unit_test(test_check_sees_a_write_beyond_the_last_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
