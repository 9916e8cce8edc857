/* SPDX-License-Identifier: MIT */
/* Cycles of incremental marking in the generational collector's old space. */
#include "generational_fixture.h"

enum { FAN = 1000 };

/* root 0 = a scanned object, root 1 = one that is not, whose field 0 is the
 * only way to a third; root 3 = a list that keeps the cycle busy. */
static void scan_one_of_two(void)
{
    grow_list(LIST);
    root[3] = root[0];
    root[0] = hm_new(m, &pair);
    root[1] = hm_new(m, &pair);
    root[2] = hm_new(m, &pair);
    hm_store(m, root[1], 0, root[2]);
    root[2] = NULL;
    promote_all();
    begin_cycle();
    while (!is_black(root[0]))
        (void)hm_generational_mark_some(gc, 1);
    assert_false(is_black(root[1]));
    expect_sound();
}

static void a_cycle_runs_in_steps_and_keeps_what_lives(void **state)
{
    static const char *const options[] = {"initial_old=9M", "nursery_max=1M",
                                          NULL};
    size_t n = 0;

    (void)state;
    open_heap_as(0, 0, options);
    grow_list(500000); /* 15 MiB */
    while (gc->cycle.n_completed == 0)
        (void)hm_new(m, &pair);
    assert_int_equal(gc->cycle.phase, GENERATIONAL_IDLE);
    assert_true(gc->heap.collections >= 1);
    assert_true(gc->cycle.marked_bytes > 8 * MIB);
    assert_true(gc->heap.between_ns == 0);
    for (hm_ref o = root[0]; o != NULL; o = hm_load(m, o, 0))
        n++;
    assert_int_equal(n, 500000);
    expect_sound();
    close_heap();
}

/* No young object is ever allocated. */
static void large_objects_alone_keep_cycles_going(void **state)
{
    static const char *const options[] = {"initial_old=16M", "step_us=1000000",
                                          NULL};

    (void)state;
    open_heap_as(0, 0, options);
    root[0] = hm_new_refs(m, LARGE_REFS);
    for (size_t i = 0; i < 400; i++) {
        hm_ref o = hm_new_raw(m, MIB);

        hm_store(m, root[0], i % 16, o);
    }
    assert_true(gc->cycle.n_completed >= 2);
    assert_int_equal(gc->heap.collections, gc->cycle.n_completed);
    assert_true(gc->heap.budget.peak_bytes < 100 * MIB);
    expect_sound();
    close_heap();
}

static void without_increments_all_is_marked_in_the_pause(void **state)
{
    static const char *const options[] = {"incremental=0", NULL};

    (void)state;
    open_heap(64 * MIB, options);
    gc->heap.config.stress_bytes = SIZE_MAX / 2; /* always due */
    for (int i = 0; i < 3; i++)
        collect_minor();
    assert_int_equal(gc->cycle.n_started, 0);
    grow_list(1000);
    hm_generational_collect(gc, GENERATIONAL_FULL);
    assert_int_equal(gc->heap.collections, 1);
    close_heap();
}

static void steps_are_slices_in_the_log(void **state)
{
    uint64_t before;

    (void)state;
    open_eager(NULL);
    scan_one_of_two();
    before = log_of_heap.total_ns;
    hm_generational_cycle_step(gc, 64 << 10);
    assert_true(log_of_heap.total_ns > before);
    assert_string_equal(hm_pause_kind_name(HM_PAUSE_increment), "increment");
    finish_cycle();
    close_heap();
}

static void a_step_waits_for_what_was_allocated(void **state)
{
    size_t marked;

    (void)state;
    open_eager(NULL);
    gc->cycle.step_ns = UINT64_C(60000000000); /* as long as it takes */
    scan_one_of_two();
    marked = gc->cycle.marked_bytes;
    hm_generational_cycle_step(gc, (64 << 10) - 1);
    assert_int_equal(gc->cycle.marked_bytes, marked);
    hm_generational_cycle_step(gc, 1);
    assert_true(gc->cycle.marked_bytes >= marked + MIB);
    finish_cycle();
    close_heap();
}

/* Moves the third object behind the scanned one. */
static void hide_third(int with_barrier)
{
    hm_ref third = hm_load(m, root[1], 0);

    if (with_barrier) {
        hm_store(m, root[0], 1, third);
    } else {
        hm_slots_of(root[0])[1] = third;
    }
    hm_store(m, root[1], 0, NULL);
}

static void an_object_stored_into_a_scanned_one_is_marked(void **state)
{
    (void)state;
    open_eager(NULL);
    scan_one_of_two();
    hide_third(1);
    assert_true(is_black(hm_load(m, root[0], 1)));
    expect_sound();
    finish_cycle(); /* verify would find it missing */
    assert_int_equal(hm_header_refs(*hm_header_of(hm_load(m, root[0], 1))), 2);
    close_heap();
}

static void an_omitted_marking_barrier_is_caught(void **state)
{
    const char *wrong;

    (void)state;
    open_eager(NULL);
    scan_one_of_two();
    hide_third(0);
    wrong = hm_gc_check(gc);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "one that is not marked"));
    hm_generational_note(m, &hm_slots_of(root[0])[1]);
    expect_sound();
    finish_cycle();
    close_heap();
}

static void what_marking_missed_is_caught_at_its_end(void **state)
{
    const char *wrong;

    (void)state;
    open_eager(NULL);
    scan_one_of_two();
    hide_third(0);
    hm_generational_mark_rest(gc);
    wrong = hm_generational_check_marked(gc);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "missed"));
    hm_slots_of(root[0])[1] = NULL;
    assert_null(hm_generational_check_marked(gc));
    finish_cycle();
    close_heap();
}

static void a_store_into_what_is_not_scanned_marks_nothing(void **state)
{
    (void)state;
    open_eager(NULL);
    scan_one_of_two();
    hm_store(m, root[1], 1, hm_load(m, root[1], 0));
    assert_false(is_black(hm_load(m, root[1], 1)));
    finish_cycle();
    close_heap();
}

static void what_is_promoted_behind_a_scanned_object_is_marked(void **state)
{
    (void)state;
    open_eager(NULL);
    scan_one_of_two();
    store_young(4711);
    collect_minor();
    assert_true(is_young(hm_load(m, root[0], 0)));
    collect_minor();
    assert_int_equal(gc->cycle.phase, GENERATIONAL_MARKING);
    assert_false(is_young(hm_load(m, root[0], 0)));
    assert_true(is_black(hm_load(m, root[0], 0)));
    finish_cycle();
    assert_int_equal(stored_mark(), 4711);
    close_heap();
}

static void what_else_is_promoted_stays_white(void **state)
{
    (void)state;
    open_eager(NULL);
    scan_one_of_two();
    root[2] = hm_new(m, &pair);
    promote_all();
    assert_int_equal(gc->cycle.phase, GENERATIONAL_MARKING);
    assert_false(is_young(root[2]));
    assert_false(is_black(root[2]));
    finish_cycle();
    close_heap();
}

static void a_large_array_born_while_marking_is_not_scanned_again(void **state)
{
    (void)state;
    open_eager(NULL);
    scan_one_of_two();
    root[2] = hm_new_refs(m, LARGE_REFS);
    hm_init(m, root[2], LARGE_REFS - 1, hm_load(m, root[1], 0));
    hm_store(m, root[1], 0, NULL);
    assert_true(is_black(hm_load(m, root[2], LARGE_REFS - 1)));
    expect_sound();
    finish_cycle();
    root[2] = NULL;
    hm_gc_collect(m);
    close_heap();
}

static void what_dies_while_marking_stays_until_an_exact_collection(
    void **state)
{
    size_t live;

    (void)state;
    open_eager("compact=0");
    scan_one_of_two();
    hm_store(m, root[0], 0, hm_load(m, root[1], 0)); /* marked now */
    hm_store(m, root[0], 0, NULL);
    hm_store(m, root[1], 0, NULL);
    hm_generational_collect(gc, GENERATIONAL_FULL);
    live = gc->heap.live_bytes;
    hm_gc_collect(m);
    assert_int_equal(live - gc->heap.live_bytes, 32);
    close_heap();
}

/* Each young collection promotes a pair and another behind it. */
static void what_is_promoted_does_not_prolong_a_cycle(void **state)
{
    int n = 0;

    (void)state;
    open_eager("age=1");
    scan_one_of_two();
    (void)hm_generational_mark_some(gc, SIZE_MAX);
    for (; n < 20 && generational_is_marking(gc); n++) {
        hm_generational_cycle_step(gc, 64 << 10);
        root[1] = hm_new(m, &pair);
        root[2] = hm_new(m, &pair);
        hm_store(m, root[1], 0, root[2]);
        hm_store(m, root[0], 0, root[1]);
        collect_minor();
    }
    assert_true(n < 10);
    close_heap();
}

static void a_collection_on_request_abandons_the_cycle(void **state)
{
    (void)state;
    open_eager(NULL);
    scan_one_of_two();
    root[0] = root[1] = root[3] = NULL;
    hm_gc_collect(m);
    assert_int_equal(gc->cycle.phase, GENERATIONAL_IDLE);
    assert_int_equal(gc->heap.live_bytes, 0);
    assert_int_equal(m->noted_bytes, m->young_bytes);
    close_heap();
}

/* Many arrays of references to the same objects: more edges than the queue
 * holds. */
static void a_queue_that_overflows_in_a_step_loses_nothing(void **state)
{
    (void)state;
    open_eager("compact=0");
    root[0] = hm_new_refs(m, FAN);
    for (size_t i = 0; i < FAN; i++) {
        root[1] = hm_new_refs(m, FAN);
        for (size_t k = 0; i > 0 && k < FAN; k++) {
            hm_store(m, root[1], k, hm_load(m, hm_load(m, root[0], i - 1), k));
        }
        root[2] = hm_new(m, &pair);
        hm_store(m, root[1], i, root[2]);
        hm_store(m, root[0], i, root[1]);
    }
    root[1] = root[2] = NULL;
    gc->queue.capacity = 64;
    hm_generational_collect(gc, GENERATIONAL_FULL);
    begin_cycle();
    while (!gc->queue.has_dropped)
        (void)hm_generational_mark_some(gc, 1);
    finish_cycle();
    assert_int_equal(gc->heap.live_bytes,
                     ((uint64_t)FAN + 1) * (FAN + 1) * 8 + (uint64_t)FAN * 32);
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cycle_runs_in_steps_and_keeps_what_lives),
        cmocka_unit_test(large_objects_alone_keep_cycles_going),
        cmocka_unit_test(without_increments_all_is_marked_in_the_pause),
        cmocka_unit_test(steps_are_slices_in_the_log),
        cmocka_unit_test(a_step_waits_for_what_was_allocated),
        cmocka_unit_test(an_object_stored_into_a_scanned_one_is_marked),
        cmocka_unit_test(an_omitted_marking_barrier_is_caught),
        cmocka_unit_test(what_marking_missed_is_caught_at_its_end),
        cmocka_unit_test(a_store_into_what_is_not_scanned_marks_nothing),
        cmocka_unit_test(what_is_promoted_behind_a_scanned_object_is_marked),
        cmocka_unit_test(what_else_is_promoted_stays_white),
        cmocka_unit_test(a_large_array_born_while_marking_is_not_scanned_again),
        cmocka_unit_test(
            what_dies_while_marking_stays_until_an_exact_collection),
        cmocka_unit_test(what_is_promoted_does_not_prolong_a_cycle),
        cmocka_unit_test(a_collection_on_request_abandons_the_cycle),
        cmocka_unit_test(a_queue_that_overflows_in_a_step_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
