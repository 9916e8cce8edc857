/* SPDX-License-Identifier: MIT */
/* The regions of `arena`: what lies in them, what does not, how they nest, and
 * the mistakes that `verify` must catch, each in a child process. */
#include "collectors/collector.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct hm_layout pair = {2, 16, "pair"};

static struct hm_pause_log log_of_heap;
static struct hm_gc *gc;
static struct hm_mutator *m;
static hm_ref root[2];
static jmp_buf out_of_memory;

static void note_exhausted(size_t bytes)
{
    (void)bytes;
    longjmp(out_of_memory, 1);
}

static void open_heap(int verify)
{
    const struct hm_gc_config config = {
        .verify = verify, .log = &log_of_heap, .exhausted = note_exhausted};
    const char *why = NULL;

    root[0] = root[1] = NULL;
    gc = hm_gc_open(&config, &why);
    assert_non_null(gc);
    m = hm_gc_attach(gc);
    assert_non_null(m);
    hm_gc_add_roots(gc, root, 2);
}

static void close_heap(void)
{
    assert_null(hm_gc_check(gc));
    hm_gc_detach(m);
    hm_gc_close(gc);
}

static int in_region(hm_ref o)
{
    return hm_range_has(&m->range, o);
}

static void test_only_a_region_serves_from_its_range(void **state)
{
    hm_ref outer, inner;

    (void)state;
    open_heap(0);
    outer = hm_new(m, &pair);
    hm_region_enter(m);
    inner = hm_new(m, &pair);
    assert_false(in_region(outer));
    assert_true(in_region(inner));
    hm_dispose(m, outer); /* freed: LeakSanitizer looks */
    hm_dispose(m, inner); /* nothing */
    assert_true(hm_new(m, &pair) > inner);
    hm_region_leave(m);
    outer = hm_new_raw(m, 100);
    assert_false(in_region(outer));
    hm_dispose(m, outer);
    close_heap();
}

static void test_a_region_takes_the_memory_of_the_one_before(void **state)
{
    hm_ref first = NULL, o;

    (void)state;
    open_heap(0);
    for (int i = 0; i < 1000; i++) {
        hm_region_enter(m);
        o = hm_new_refs(m, 1000); /* 8 MB in all, were they kept */
        for (size_t k = 0; k < 1000; k++) {
            assert_null(hm_load(m, o, k));
            hm_store(m, o, k, o);
        }
        first = i == 0 ? o : first;
        assert_ptr_equal(o, first);
        hm_region_leave(m);
    }
    assert_true(m->range.usable_bytes <= 2 << 20);
    close_heap();
}

static void test_regions_nest(void **state)
{
    hm_ref outer, inner, next;

    (void)state;
    open_heap(0);
    hm_region_enter(m);
    outer = hm_new_raw(m, 64);
    memset(hm_raw(outer, 0), 0x5A, 64);
    hm_region_enter(m);
    inner = hm_new_raw(m, 64);
    memset(hm_raw(inner, 0), 0, 64);
    assert_null(hm_gc_check(gc));
    hm_region_leave(m);
    next = hm_new_raw(m, 8);
    assert_ptr_equal(next, inner);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(((unsigned char *)hm_raw(outer, 0))[i], 0x5A);
    hm_region_leave(m);
    close_heap();
}

static void test_a_buffer_grows_where_it_lies(void **state)
{
    hm_ref outer, inner;

    (void)state;
    for (int verify = 0; verify <= 1; verify++) {
        open_heap(verify);
        outer = hm_new_raw(m, 8);
        memcpy(hm_raw(outer, 0), "outside", 8);
        hm_region_enter(m);
        inner = hm_new_raw(m, 8);
        memcpy(hm_raw(inner, 0), "inside.", 8);
        hm_grow_raw(m, &outer, 8, 5000000);
        hm_grow_raw(m, &inner, 8, 5000000);
        assert_false(in_region(outer));
        assert_true(in_region(inner));
        assert_string_equal(hm_raw(outer, 0), "outside");
        assert_string_equal(hm_raw(inner, 0), "inside.");
        hm_dispose(m, outer);
        hm_region_leave(m);
        close_heap();
    }
}

static void test_every_size_is_distinct_and_aligned(void **state)
{
    const char *end = NULL;

    (void)state;
    open_heap(0);
    hm_region_enter(m);
    for (size_t bytes = 0; bytes < 3000; bytes += bytes < 40 ? 1 : 97) {
        hm_ref o = hm_new_raw(m, bytes);

        assert_int_equal((uintptr_t)o % HM_ARENA_ALIGN, 0);
        assert_true((char *)o >= end);
        end = (char *)o + (bytes > 0 ? bytes : 1);
        memset(o, 0xFF, bytes);
    }
    hm_region_leave(m);
    close_heap();
}

static void expect_refusal(size_t bytes)
{
    if (setjmp(out_of_memory) == 0) {
        (void)hm_new_raw(m, bytes);
        fail_msg("%zu bytes were not refused", bytes);
    }
}

static void test_impossible_sizes_are_refused_inside_and_outside(void **state)
{
    static const size_t bytes[] = {(size_t)1 << 62, SIZE_MAX / 2, SIZE_MAX - 7,
                                   SIZE_MAX};
    hm_ref o;

    (void)state;
    for (int inside = 0; inside <= 1; inside++) {
        open_heap(0);
        if (inside)
            hm_region_enter(m);
        for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++)
            expect_refusal(bytes[i]);
        o = hm_new_raw(m, 8); /* and it still works */
        assert_non_null(o);
        if (inside) {
            hm_region_leave(m);
        } else {
            hm_dispose(m, o);
        }
        hm_gc_detach(m);
        hm_gc_close(gc);
    }
}

static void test_a_broken_stack_of_regions_is_found(void **state)
{
    char *next;

    (void)state;
    open_heap(0);
    hm_region_enter(m);
    (void)hm_new(m, &pair);
    next = m->next;
    m->next = m->start[0] - 8;
    assert_non_null(hm_gc_check(gc));
    m->next = m->limit + 8;
    assert_non_null(hm_gc_check(gc));
    m->next = next;
    assert_null(hm_gc_check(gc));
    hm_region_leave(m);
    m->limit += 8;
    assert_non_null(hm_gc_check(gc));
    m->limit -= 8;
    close_heap();
}

/* The mistakes. */

static hm_ref hidden;

static void keep_nothing(void)
{
    root[0] = hm_new(m, &pair);
    hm_region_enter(m);
    hidden = hm_new(m, &pair);
    hm_store(m, root[0], 1, hidden);
    hm_store(m, root[0], 1, NULL);
    hm_region_enter(m);
    (void)hm_new(m, &pair);
    hm_region_leave(m);
    memset(hm_raw(hidden, 2), 0, 16); /* alive: the outer one is open */
    hm_region_leave(m);
    hm_dispose(m, root[0]);
}

static void keep_in_an_object(void)
{
    root[0] = hm_new(m, &pair);
    hm_region_enter(m);
    hm_store(m, root[0], 1, hm_new(m, &pair));
    hm_region_leave(m);
}

static void keep_in_a_root(void)
{
    hm_region_enter(m);
    root[1] = hm_new(m, &pair);
    hm_region_leave(m);
}

static void read_after_the_leave(void)
{
    hm_region_enter(m);
    hidden = hm_new(m, &pair);
    hm_region_leave(m);
    hidden = hm_load(m, hidden, 0);
}

static void write_into_an_inner_region(void)
{
    hm_region_enter(m);
    hm_region_enter(m);
    hidden = hm_new(m, &pair);
    hm_region_leave(m);
    hm_store(m, hidden, 0, NULL);
    hm_region_leave(m);
}

static void dispose_after_the_leave(void)
{
    hm_region_enter(m);
    hidden = hm_new(m, &pair);
    hm_region_leave(m);
    hm_dispose(m, hidden);
}

static void dispose_of_an_inner_region(void)
{
    hm_region_enter(m);
    hm_region_enter(m);
    hidden = hm_new(m, &pair);
    hm_region_leave(m);
    hm_region_enter(m);
    hm_dispose(m, hidden);
    hm_region_leave(m);
    hm_region_leave(m);
}

/* Whether `program` dies under verify. */
static int is_fatal(void (*program)(void))
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);

        (void)dup2(null, STDERR_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGABRT, SIG_DFL);
        open_heap(1);
        program();
        close_heap();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void test_a_program_that_keeps_the_rule_survives(void **state)
{
    (void)state;
    assert_false(is_fatal(keep_nothing));
}

static void test_a_reference_that_outlives_the_region_is_caught(void **state)
{
    (void)state;
    assert_true(is_fatal(keep_in_an_object));
    assert_true(is_fatal(keep_in_a_root));
}

static void test_touching_a_region_that_was_left_is_caught(void **state)
{
    (void)state;
    assert_true(is_fatal(read_after_the_leave));
    assert_true(is_fatal(write_into_an_inner_region));
}

static void test_disposing_of_what_a_region_took_is_caught(void **state)
{
    (void)state;
    assert_true(is_fatal(dispose_after_the_leave));
    assert_true(is_fatal(dispose_of_an_inner_region));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_a_region_serves_from_its_range),
        cmocka_unit_test(test_a_region_takes_the_memory_of_the_one_before),
        cmocka_unit_test(test_regions_nest),
        cmocka_unit_test(test_a_buffer_grows_where_it_lies),
        cmocka_unit_test(test_every_size_is_distinct_and_aligned),
        cmocka_unit_test(test_impossible_sizes_are_refused_inside_and_outside),
        cmocka_unit_test(test_a_broken_stack_of_regions_is_found),
        cmocka_unit_test(test_a_program_that_keeps_the_rule_survives),
        cmocka_unit_test(test_a_reference_that_outlives_the_region_is_caught),
        cmocka_unit_test(test_touching_a_region_that_was_left_is_caught),
        cmocka_unit_test(test_disposing_of_what_a_region_took_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
