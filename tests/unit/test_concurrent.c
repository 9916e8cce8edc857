/* SPDX-License-Identifier: MIT */
/* A snapshot that a thread marks beside the program: the log, and the moments
 * at which the program takes the marking over.  What does not depend on who
 * marks is in test_incremental.c, which runs under concurrent, too. */
#include "incremental_fixture.h"

#include "collectors/concurrent/concurrent_log.h"

#include <pthread.h>
#include <sched.h>

enum { LEAVES = 3 * HM_CONCURRENT_LOG, LIST = 200000, CYCLES = 200 };

static struct hm_concurrent_log ring;

/* A reference that says its number; nobody follows it. */
static hm_ref numbered(size_t i)
{
    static char place[LIST + 2];

    return (hm_ref)(void *)&place[i];
}

static void expect_next(void *arg, hm_ref o)
{
    size_t *next = arg;

    assert_ptr_equal(o, numbered(*next));
    ++*next;
}

static void a_log_refuses_what_it_has_no_room_for(void **state)
{
    size_t next = 1;

    (void)state;
    memset(&ring, 0, sizeof(ring));
    for (int round = 0; round < 3; round++) {
        size_t first = next, end = first + HM_CONCURRENT_LOG;

        for (size_t i = first; i < end; i++)
            assert_true(hm_concurrent_log_add(&ring, numbered(i)));
        assert_false(hm_concurrent_log_add(&ring, numbered(end)));
        hm_concurrent_log_take(&ring, expect_next, &next);
        assert_int_equal(next, end);
        assert_true(hm_concurrent_log_is_empty(&ring));
    }
}

static void *take_all(void *arg)
{
    size_t *next = arg;

    while (*next <= LIST)
        hm_concurrent_log_take(&ring, expect_next, next);
    return NULL;
}

static void a_log_keeps_the_order_between_two_threads(void **state)
{
    pthread_t reader;
    size_t next = 1;

    (void)state;
    memset(&ring, 0, sizeof(ring));
    assert_int_equal(pthread_create(&reader, NULL, take_all, &next), 0);
    for (size_t i = 1; i <= LIST;)
        i += (size_t)hm_concurrent_log_add(&ring, numbered(i));
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(next, LIST + 1);
}

/* n leaves in an array in root 0, the only references to them. */
static void build_leaves(size_t n)
{
    heap.root[0] = hm_new_refs(heap.m, n);
    for (size_t i = 0; i < n; i++) {
        hm_ref leaf = hm_new_raw(heap.m, 8);

        hm_store(heap.m, heap.root[0], i, leaf);
    }
}

/* Moves the leaves into a new array, the last ones first: the marker comes from
 * the other end. */
static void move_leaves(size_t n)
{
    heap.root[1] = hm_new_refs(heap.m, n);
    for (size_t i = n; i-- > 0;) {
        hm_init(heap.m, heap.root[1], i, hm_load(heap.m, heap.root[0], i));
        hm_store(heap.m, heap.root[0], i, NULL);
    }
    heap.root[0] = heap.root[1];
    heap.root[1] = NULL;
}

/* Nobody marks while the program stores: the log cannot but fill up. */
static void a_full_log_is_marked_by_the_program(void **state)
{
    (void)state;
    open_heap(
        (struct options){.heap_bytes = MIB, .verify = 1, .slice_work = 1});
    build_leaves(LEAVES);
    reach(INCREMENTAL_IDLE);
    reach(INCREMENTAL_MARKING);
    move_leaves(LEAVES);
    assert_true(hm_concurrent_log_get()->refusals > 0);
    reach(INCREMENTAL_SORTING);
    close_heap();
}

/* The marker is slower than the program that stores: it fills the log, waits
 * for room, and goes on. */
static void a_full_log_is_emptied_by_the_marker(void **state)
{
    enum { N = 100000 };

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB});
    build_leaves(N);
    for (int i = 0; hm_concurrent_log_get()->refusals == 0; i++) {
        assert_true(i < CYCLES);
        reach(INCREMENTAL_IDLE);
        reach(INCREMENTAL_MARKING);
        move_leaves(N);
    }
    reach(INCREMENTAL_IDLE);
    hm_gc_collect(heap.m);
    assert_int_equal(heap.gc->heap.live_bytes, (N + 1 + N * 2) * 8);
    close_heap();
}

static void what_moves_while_the_marker_marks_is_kept(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = MIB, .verify = 1});
    build_leaves(LEAVES);
    for (int i = 0; i < CYCLES / 4; i++) {
        reach(INCREMENTAL_IDLE);
        reach(INCREMENTAL_MARKING);
        move_leaves(LEAVES);
    }
    close_heap();
}

static void a_heap_can_be_closed_while_the_marker_marks(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        open_heap((struct options){.heap_bytes = 16 * MIB});
        build_list(LIST);
        reach(INCREMENTAL_MARKING);
        if (i % 2 == 0)
            hm_store(heap.m, heap.root[0], 0, NULL);
        hm_gc_detach(heap.m);
        hm_gc_close(heap.gc);
    }
}

static void a_collection_asked_for_while_the_marker_marks_is_exact(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = 16 * MIB});
    for (int i = 0; i < 10; i++) {
        heap.root[0] = NULL;
        build_list(LIST);
        reach(INCREMENTAL_IDLE);
        reach(INCREMENTAL_MARKING);
        hm_store(heap.m, heap.root[0], 0, NULL);
        hm_gc_collect(heap.m);
        assert_int_equal(heap.gc->heap.live_bytes, 32);
    }
    close_heap();
}

/* Ends the marking, collects again, gives up; and leaves a sound heap. */
static void a_request_without_room_while_the_marker_marks_says_so(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = 16 * MIB, .verify = 1});
    build_list(LIST);
    reach(INCREMENTAL_IDLE);
    reach(INCREMENTAL_MARKING);
    heap.catches = 1;
    if (setjmp(heap.exhausted) == 0) {
        (void)hm_new_raw(heap.m, 15 * MIB);
        fail_msg("there is no such room");
    }
    heap.catches = 0;
    assert_int_equal(heap.gc->phase, INCREMENTAL_IDLE);
    assert_int_equal(heap.gc->heap.live_bytes, LIST * 32);
    heap.root[0] = NULL;
    (void)hm_new_raw(heap.m, 12 * MIB);
    close_heap();
}

/* Allocates until the marking under way has ended, late or not. */
static void end_marking(void)
{
    uint64_t before = heap.gc->heap.collections;

    for (int i = 0; heap.gc->heap.collections == before; i++) {
        assert_true(i < 1000000);
        (void)hm_new(heap.m, &node);
    }
}

/* The marker soon has nothing to do; then the program finds a list, too long
 * for its slice, that was not in the snapshot. */
static void a_weak_target_got_while_the_marker_marks_is_kept(void **state)
{
    (void)state;
    open_heap(
        (struct options){.heap_bytes = 16 * MIB, .verify = 1, .slice_us = 10});
    build_list(LIST);
    heap.root[1] = hm_weak_new(heap.m, heap.root[0]);
    for (int i = 0; i < 3; i++) {
        reach(INCREMENTAL_IDLE);
        heap.root[0] = NULL;
        reach(INCREMENTAL_MARKING);
        for (int k = 0; k < 100; k++)
            (void)sched_yield();
        heap.root[0] = hm_weak_get(heap.m, heap.root[1]);
        assert_non_null(heap.root[0]);
        end_marking();
        assert_true(heap.gc->heap.live_bytes >= (uint64_t)LIST * 32);
    }
    close_heap();
}

/* The program only waits for the end of the list. */
static void the_marker_needs_no_help(void **state)
{
    hm_ref last;

    (void)state;
    open_heap((struct options){.heap_bytes = 16 * MIB});
    build_list(1);
    last = heap.root[0];
    build_list(LIST);
    reach(INCREMENTAL_IDLE);
    reach(INCREMENTAL_MARKING);
    while (!hm_snapshot_has(&heap.gc->snapshot, last))
        (void)sched_yield();
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_refuses_what_it_has_no_room_for),
        cmocka_unit_test(a_log_keeps_the_order_between_two_threads),
        cmocka_unit_test(a_full_log_is_marked_by_the_program),
        cmocka_unit_test(a_full_log_is_emptied_by_the_marker),
        cmocka_unit_test(what_moves_while_the_marker_marks_is_kept),
        cmocka_unit_test(a_heap_can_be_closed_while_the_marker_marks),
        cmocka_unit_test(
            a_collection_asked_for_while_the_marker_marks_is_exact),
        cmocka_unit_test(a_request_without_room_while_the_marker_marks_says_so),
        cmocka_unit_test(a_weak_target_got_while_the_marker_marks_is_kept),
        cmocka_unit_test(the_marker_needs_no_help),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("concurrent", tests, NULL, NULL);
}
