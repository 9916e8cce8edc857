/* SPDX-License-Identifier: MIT */
/* Trial deletion in slices, seen from inside; what the suite of all collectors
 * asks is not repeated. */
#include "refcount_cycle_fixture.h"

#include <errno.h>

static void a_ring_that_fits_into_a_slice_is_freed_in_one(void **state)
{
    (void)state;
    open_heap(1000, 0, 1);
    build_ring(0, 100);
    heap.root[0] = NULL;
    finish_round();
    assert_int_equal(heap.gc->object_bytes, 0);
    close_sound_heap();
}

static void a_ring_wider_than_a_slice_is_freed_by_wider_trials(void **state)
{
    (void)state;
    open_heap(64, 4, 1);
    build_ring(0, 200); /* 800 units: 64 * 2^4 are enough, 64 * 2^3 not */
    heap.root[0] = NULL;
    for (unsigned level = 1; level <= 4; level++) {
        assert_int_not_equal(heap.gc->object_bytes, 0);
        assert_int_equal(hm_refcount_cycle.next_level, level);
        finish_round();
    }
    assert_int_equal(heap.gc->object_bytes, 0);
    assert_int_equal(hm_refcount_cycle.next_level, 1);
    close_sound_heap();
}

static void a_ring_wider_than_any_trial_waits_for_the_whole_one(void **state)
{
    (void)state;
    open_heap(64, 2, 1);
    build_ring(0, 200);
    heap.root[0] = NULL;
    for (int i = 0; i < 10; i++)
        finish_round();
    assert_true(hm_refcount_cycle.has_late);
    assert_int_not_equal(heap.gc->object_bytes, 0);
    hm_gc_collect(heap.m);
    assert_false(hm_refcount_cycle.has_late);
    assert_int_equal(heap.gc->object_bytes, 0);
    close_sound_heap();
}

/* Each slice frees what it can see; the mutator works in between. */
static void many_rings_go_over_several_slices(void **state)
{
    unsigned slices = 0;

    (void)state;
    open_heap(128, 0, 1);
    for (int i = 0; i < 100; i++)
        build_ring(0, 10);
    do {
        step();
        build_ring(1, 10);
        slices++;
    } while (hm_refcount_cycle.round.is_open);
    assert_in_range(slices, 10, 1000);
    heap.root[0] = heap.root[1] = NULL;
    finish_round();
    finish_round();
    assert_int_equal(heap.gc->object_bytes, 0);
    close_sound_heap();
}

static void an_object_that_refers_to_itself_from_birth_is_freed(void **state)
{
    (void)state;
    open_heap(64, 0, 1);
    heap.root[0] = hm_new(heap.m, &node);
    hm_init(heap.m, heap.root[0], 0, heap.root[0]);
    finish_round();
    assert_int_not_equal(heap.gc->object_bytes, 0);
    heap.root[0] = NULL;
    finish_round();
    assert_int_equal(heap.gc->object_bytes, 0);
    close_sound_heap();
}

static void what_a_cut_trial_leaves_alone_lives_on(void **state)
{
    (void)state;
    open_heap(64, 0, 1);
    build_ring(0, 200);
    build_ring(1, 4);
    hm_store(heap.m, heap.root[1], 2, heap.root[0]); /* reaches too much */
    heap.root[1] = NULL;
    finish_round();
    assert_true(hm_refcount_cycle.has_late);
    assert_int_equal(heap.gc->object_bytes, 200 * 5 * HM_WORD_BYTES);
    assert_int_not_equal(count_flagged(HM_REFCOUNT_LATE), 0);
    close_sound_heap();
}

/* Built from below by hm_init, or dropped leaves: nothing to look at. */
static void what_cannot_be_in_a_cycle_is_no_suspect(void **state)
{
    (void)state;
    open_heap(1000, 0, 1);
    for (int i = 0; i < 100; i++) {
        hm_ref o = hm_new(heap.m, &node);

        hm_init(heap.m, o, 0, heap.root[0]);
        heap.root[0] = o;
    }
    hm_refcount_poll(heap.m);
    assert_int_equal(count_flagged(HM_REFCOUNT_PURPLE), 0);
    heap.root[1] = hm_new_raw(heap.m, 16);
    hm_store(heap.m, heap.root[0], 1, heap.root[1]);
    hm_store(heap.m, heap.root[0], 2, heap.root[1]);
    hm_store(heap.m, heap.root[0], 1, NULL);
    finish_round();
    assert_int_equal(count_flagged(HM_REFCOUNT_PURPLE), 0);
    close_sound_heap();
}

/* Nodes that all are suspect and all reach all of them: were each to go its
 * whole way in vain, that would be 1000 times the width of a trial. */
static void suspects_that_hang_together_share_a_trial(void **state)
{
    size_t work = 0;

    (void)state;
    open_heap(256, 0, 0);
    build_ring(0, 1000);
    do {
        step();
        work += hm_refcount_cycle.round.work;
    } while (hm_refcount_cycle.round.is_open);
    assert_in_range(work, 4000, 4 * 4000 + 2000);
    assert_in_range(count_flagged(HM_REFCOUNT_LATE), 990, 1000);
    close_sound_heap();
}

static void clear_flag(struct hm_gc *gc, uint64_t *header)
{
    (void)gc;
    *header &= ~(uint64_t)HM_REFCOUNT_PURPLE;
}

static void an_omitted_suspect_is_a_leak_that_the_check_sees(void **state)
{
    uint64_t reached;

    (void)state;
    open_heap(1000, 4, 0);
    build_ring(0, 10);
    hm_refcount_poll(heap.m);
    hm_store(heap.m, heap.root[0], 2, NULL);
    assert_null(hm_gc_check(heap.gc));
    hm_refcount_each(heap.gc, clear_flag);
    assert_string_equal(hm_gc_check(heap.gc),
                        "refcount: a cycle that nothing would find");
    heap.root[0] = NULL;
    hm_gc_collect(heap.m);
    (void)hm_refcount_check(heap.gc, &reached);
    assert_int_equal(reached, 0);
    assert_int_not_equal(heap.gc->object_bytes, 0);
    close_heap();
}

static void an_omitted_increment_is_caught(void **state)
{
    (void)state;
    open_heap(1000, 4, 0);
    build_ring(0, 10);
    heap.root[1] = hm_new(heap.m, &node);
    *(hm_ref *)hm_raw(heap.root[1], 2) = heap.root[0]; /* its field 2 */
    assert_string_equal(hm_gc_check(heap.gc),
                        "refcount: a count is not the number of references");
    close_heap();
}

static void the_options_have_ranges(void **state)
{
    const struct hm_param *table = hm_collector_this.params;
    uint64_t value[HM_PARAMS_MAX];

    (void)state;
    hm_params_defaults(table, 0, value);
    assert_int_equal(hm_params_set(table, "cycle_slice_work=1", value),
                     -ERANGE);
    assert_int_equal(hm_params_set(table, "cycle_slice_work=2M", value),
                     -ERANGE);
    assert_int_equal(hm_params_set(table, "cycle_slice_work=2", value), 0);
    assert_int_equal(hm_params_set(table, "cycle_widen=21", value), -ERANGE);
    assert_int_equal(hm_params_set(table, "cycle_widen=0", value), 0);
    assert_int_equal(value[REFCOUNT_CYCLE_WORK], 2);
    assert_int_equal(value[REFCOUNT_CYCLE_WIDEN], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_that_fits_into_a_slice_is_freed_in_one),
        cmocka_unit_test(a_ring_wider_than_a_slice_is_freed_by_wider_trials),
        cmocka_unit_test(a_ring_wider_than_any_trial_waits_for_the_whole_one),
        cmocka_unit_test(many_rings_go_over_several_slices),
        cmocka_unit_test(an_object_that_refers_to_itself_from_birth_is_freed),
        cmocka_unit_test(what_a_cut_trial_leaves_alone_lives_on),
        cmocka_unit_test(what_cannot_be_in_a_cycle_is_no_suspect),
        cmocka_unit_test(suspects_that_hang_together_share_a_trial),
        cmocka_unit_test(an_omitted_suspect_is_a_leak_that_the_check_sees),
        cmocka_unit_test(an_omitted_increment_is_caught),
        cmocka_unit_test(the_options_have_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
