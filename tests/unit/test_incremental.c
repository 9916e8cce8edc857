/* SPDX-License-Identifier: MIT */
/* A snapshot that is marked in steps, seen from inside, under incremental and
 * under concurrent where the program marks; what the suite of all collectors
 * asks is not repeated. */
#include "incremental_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WIDE = 900 };

/* A list of which the head's rest moves, while marking has seen nothing but
 * the roots, to an object that is black: only the barrier can save it. */
static void hide_behind_black(void (*store)(hm_ref o, hm_ref v))
{
    hm_ref head, tail;

    open_heap(
        (struct options){.heap_bytes = MIB, .verify = 1, .slice_work = 1});
    build_list(100);
    reach(INCREMENTAL_IDLE);
    reach(INCREMENTAL_MARKING);
    head = heap.root[0];
    for (int i = 0; i < 50; i++)
        head = hm_load(heap.m, head, 0);
    tail = hm_load(heap.m, head, 0);
    heap.root[1] = hm_new(heap.m, &node);
    hm_init(heap.m, heap.root[1], 0, tail);
    store(head, NULL);
    reach(INCREMENTAL_SORTING);
    close_heap();
}

static void store_with_barrier(hm_ref o, hm_ref v)
{
    hm_store(heap.m, o, 0, v);
}

static void store_without(hm_ref o, hm_ref v)
{
    hm_slots_of(o)[0] = v;
}

static void hide_with_barrier(void)
{
    hide_behind_black(store_with_barrier);
}

static void hide_without(void)
{
    hide_behind_black(store_without);
}

/* Gets what only a weak reference leads to, in the midst of marking, and keeps
 * it. */
static void get_while_marking(hm_ref (*get)(hm_ref holder))
{
    hm_ref got;

    open_heap(
        (struct options){.heap_bytes = MIB, .verify = 1, .slice_work = 1});
    build_list(100);
    heap.root[1] = hm_new(heap.m, &node);
    heap.root[2] = hm_weak_new(heap.m, heap.root[1]);
    reach(INCREMENTAL_IDLE);
    heap.root[1] = NULL;
    reach(INCREMENTAL_MARKING);
    heap.root[1] = get(heap.root[2]);
    assert_non_null(heap.root[1]);
    reach(INCREMENTAL_SORTING);
    got = hm_weak_get(heap.m, heap.root[2]);
    assert_ptr_equal(got, heap.root[1]);
    close_heap();
}

static hm_ref get_with_hook(hm_ref holder)
{
    return hm_weak_get(heap.m, holder);
}

static hm_ref get_without(hm_ref holder)
{
    return *hm_weak_words(holder);
}

static void get_is_told(void)
{
    get_while_marking(get_with_hook);
}

static void get_is_not_told(void)
{
    get_while_marking(get_without);
}

static int is_fatal(void (*program)(void))
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)close(STDERR_FILENO);
        program();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void an_omitted_barrier_is_caught(void **state)
{
    (void)state;
    assert_false(is_fatal(hide_with_barrier));
    assert_true(is_fatal(hide_without));
}

static void a_weak_target_that_is_got_while_marking_is_kept(void **state)
{
    (void)state;
    get_is_told();
    assert_true(is_fatal(get_is_not_told));
}

/* An ephemeron's value is got; its key has died with the snapshot. */
static void an_ephemeron_gives_out_while_marking_what_is_kept(void **state)
{
    (void)state;
    open_heap(
        (struct options){.heap_bytes = MIB, .verify = 1, .slice_work = 1});
    heap.root[0] = hm_new(heap.m, &node);
    heap.root[1] = hm_new(heap.m, &node);
    heap.root[2] = hm_ephemeron_new(heap.m, heap.root[0], heap.root[1]);
    reach(INCREMENTAL_IDLE);
    heap.root[0] = heap.root[1] = NULL;
    reach(INCREMENTAL_MARKING);
    heap.root[1] = hm_ephemeron_value(heap.m, heap.root[2]);
    assert_non_null(heap.root[1]);
    reach(INCREMENTAL_SORTING);
    assert_null(hm_ephemeron_key(heap.m, heap.root[2]));
    assert_null(hm_ephemeron_value(heap.m, heap.root[2]));
    close_heap();
}

static void a_weak_target_that_nobody_gets_is_gone_after_marking(void **state)
{
    (void)state;
    open_heap(
        (struct options){.heap_bytes = MIB, .verify = 1, .slice_work = 1});
    heap.root[1] = hm_new(heap.m, &node);
    heap.root[2] = hm_weak_new(heap.m, heap.root[1]);
    reach(INCREMENTAL_IDLE);
    heap.root[1] = NULL;
    reach(INCREMENTAL_MARKING);
    reach(INCREMENTAL_SORTING);
    assert_null(hm_weak_get(heap.m, heap.root[2]));
    close_heap();
}

static void what_is_overwritten_while_marking_is_kept(void **state)
{
    (void)state;
    hide_with_barrier();
}

/* Found live by the marking that saw it, not by the next full collection. */
static void floating_garbage_is_gone_after_a_full_collection(void **state)
{
    uint64_t live_bytes;

    (void)state;
    open_heap(
        (struct options){.heap_bytes = MIB, .verify = 1, .slice_work = 1});
    build_list(100);
    reach(INCREMENTAL_MARKING);
    hm_store(heap.m, heap.root[0], 0, NULL);
    reach(INCREMENTAL_SORTING);
    live_bytes = heap.gc->heap.live_bytes;
    assert_true(live_bytes >= 3200);
    hm_gc_collect(heap.m);
    assert_int_equal(heap.gc->heap.live_bytes, 32);
    close_heap();
}

/* n objects, side by side, of WIDE references to leaves: more than queue and
 * ring take. */
static void build_wide(size_t n)
{
    heap.root[0] = hm_new_refs(heap.m, n);
    for (size_t i = 0; i < n; i++) {
        heap.root[1] = hm_new_refs(heap.m, WIDE);
        hm_store(heap.m, heap.root[0], i, heap.root[1]);
        for (size_t k = 0; k < WIDE; k++) {
            hm_ref leaf = hm_new_raw(heap.m, 8);

            hm_store(heap.m, heap.root[1], k, leaf);
        }
    }
}

static void a_queue_of_16_entries_loses_nothing(void **state)
{
    enum { N = 40 };

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    heap.gc->snapshot.queue.capacity = 16;
    build_wide(N);
    hm_gc_collect(heap.m);
    assert_true(heap.gc->snapshot.rescans > 0);
    assert_int_equal(heap.gc->heap.live_bytes,
                     (N + 1) * 8 + N * ((WIDE + 1) * 8 + WIDE * 16));
    close_heap();
}

/* The walk over marked objects, too, goes on beside allocation and stores. */
static void a_full_queue_loses_nothing_between_steps(void **state)
{
    uint64_t before;
    unsigned rescans = 0;

    (void)state;
    open_heap((struct options){
        .heap_bytes = 8 * MIB, .verify = 1, .slice_work = 1000});
    heap.gc->snapshot.queue.capacity = 16;
    build_wide(20);
    before = heap.gc->heap.collections;
    for (int i = 0; heap.gc->heap.collections < before + 3; i++) {
        hm_ref o = hm_new_raw(heap.m, 8);

        assert_true(i < 1000000);
        hm_store(heap.m, heap.root[1], (size_t)i % WIDE, o);
        if (heap.gc->snapshot.rescans > rescans)
            rescans = heap.gc->snapshot.rescans;
    }
    assert_true(rescans > 0);
    close_heap();
}

static void slices_do_the_work_where_there_is_room(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = 32 * MIB, .slice_us = 100000});
    build_list(200000);
    for (int i = 0; i < 4000000; i++)
        (void)hm_new(heap.m, &node);
    assert_true(heap.gc->heap.collections >= 4);
    assert_true(count(HM_PAUSE_increment) > 0);
    close_heap();
}

/* Slices too short for the heap: the rest is one pause, and is logged. */
static void marking_that_is_late_ends_in_one_full_pause(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = MIB, .slice_work = 1});
    for (int i = 0; count(HM_PAUSE_full) == 0; i++) {
        assert_true(i < 1000000);
        build_list(1);
        if (i > 15000)
            (void)hm_new_raw(heap.m, 8000);
    }
    assert_true(heap.gc->heap.collections > 0);
    close_heap();
}

static void a_large_array_is_scanned_in_pieces(void **state)
{
    enum { N = 10000 };

    (void)state;
    open_heap(
        (struct options){.heap_bytes = 4 * MIB, .verify = 1, .slice_work = 1});
    heap.root[0] = hm_new_refs(heap.m, N);
    for (size_t i = 0; i < N; i++) {
        hm_ref o = hm_new_raw(heap.m, 8);
        uint64_t before;

        hm_store(heap.m, heap.root[0], i, o);
        before = heap.gc->snapshot.work;
        (void)hm_new_raw(heap.m, 8);
        assert_true(heap.gc->snapshot.work <= before + 512);
    }
    close_heap();
}

static void new_objects_are_black_while_marking(void **state)
{
    (void)state;
    open_heap(
        (struct options){.heap_bytes = 4 * MIB, .verify = 1, .slice_work = 1});
    build_list(10);
    reach(INCREMENTAL_MARKING);
    heap.root[1] = hm_new_raw(heap.m, 100000);
    heap.root[2] = hm_new(heap.m, &node);
    assert_true(hm_snapshot_has(&heap.gc->snapshot, heap.root[1]));
    assert_true(hm_snapshot_has(&heap.gc->snapshot, heap.root[2]));
    close_heap();
}

/* Where a thread marks, the program need not. */
static void a_poll_marks_although_nothing_is_allocated(void **state)
{
    int is_own = strcmp(hm_collector_this.name, "incremental") == 0;
    uint64_t since_bytes;

    (void)state;
    open_heap(
        (struct options){.heap_bytes = MIB, .verify = 1, .slice_work = 1});
    build_list(1000);
    reach(INCREMENTAL_IDLE);
    reach(INCREMENTAL_MARKING);
    since_bytes = heap.gc->heap.since_bytes;
    for (int i = 0; i < 10000 && heap.gc->phase == INCREMENTAL_MARKING; i++)
        hm_poll(heap.m);
    assert_int_equal(heap.gc->phase,
                     is_own ? INCREMENTAL_SORTING : INCREMENTAL_MARKING);
    assert_true(heap.gc->heap.since_bytes <= since_bytes);
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_omitted_barrier_is_caught),
        cmocka_unit_test(what_is_overwritten_while_marking_is_kept),
        cmocka_unit_test(a_weak_target_that_is_got_while_marking_is_kept),
        cmocka_unit_test(an_ephemeron_gives_out_while_marking_what_is_kept),
        cmocka_unit_test(a_weak_target_that_nobody_gets_is_gone_after_marking),
        cmocka_unit_test(floating_garbage_is_gone_after_a_full_collection),
        cmocka_unit_test(a_queue_of_16_entries_loses_nothing),
        cmocka_unit_test(a_full_queue_loses_nothing_between_steps),
        cmocka_unit_test(slices_do_the_work_where_there_is_room),
        cmocka_unit_test(marking_that_is_late_ends_in_one_full_pause),
        cmocka_unit_test(a_large_array_is_scanned_in_pieces),
        cmocka_unit_test(new_objects_are_black_while_marking),
        cmocka_unit_test(a_poll_marks_although_nothing_is_allocated),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("incremental", tests, NULL, NULL);
}
