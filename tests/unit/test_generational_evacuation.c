/* SPDX-License-Identifier: MIT */
/* Sparse old blocks of the generational collector are emptied; memory goes
 * back; what else its old space is told. */
#include "generational_fixture.h"

/* Every n-th of many old pairs in the array in root 0 stays. */
static void make_sparse(size_t n)
{
    root[0] = hm_new_refs(m, LIST);
    for (size_t i = 0; i < LIST; i++) {
        hm_ref o = hm_new(m, &pair);

        memcpy(hm_raw(o, 2), &i, sizeof(i));
        hm_store(m, root[0], i, o);
    }
    promote_all();
    for (size_t i = 0; i < LIST; i++) {
        if (i % n != 0)
            hm_store(m, root[0], i, NULL);
    }
}

static void expect_sparse_intact(size_t n)
{
    for (size_t i = 0, value; i < LIST; i += n) {
        memcpy(&value, hm_raw(hm_load(m, root[0], i), 2), sizeof(value));
        assert_int_equal(value, i);
    }
    expect_sound();
}

static void a_collection_on_request_empties_sparse_blocks(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    make_sparse(10);
    hm_gc_collect(m);
    assert_true(gc->old.blocks.n_used <=
                (size_t)LIST / 10 * 32 / HM_BLOCK_BYTES + 3);
    expect_sparse_intact(10);
    close_heap();
}

static void without_compaction_sparse_blocks_stay(void **state)
{
    static const char *const options[] = {"compact=0", NULL};

    (void)state;
    open_heap(64 * MIB, options);
    make_sparse(10);
    hm_gc_collect(m);
    assert_true(gc->old.blocks.n_used >= (size_t)LIST * 32 / HM_BLOCK_BYTES);
    expect_sparse_intact(10);
    close_heap();
}

/* The first collection finds the blocks sparse, the second empties them. */
static void a_full_collection_empties_blocks_found_sparse(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    make_sparse(10);
    hm_generational_collect(gc, GENERATIONAL_FULL);
    assert_true(gc->old.blocks.n_used >= (size_t)LIST * 32 / HM_BLOCK_BYTES);
    hm_generational_collect(gc, GENERATIONAL_FULL);
    assert_true(gc->old.blocks.n_used <=
                (size_t)LIST / 10 * 32 / HM_BLOCK_BYTES + 3);
    assert_int_equal(hm_slot_set_count(&gc->evacuation.large_slots), 0);
    expect_sparse_intact(10);
    close_heap();
}

static void a_cycle_empties_blocks_found_sparse(void **state)
{
    (void)state;
    open_eager(NULL);
    make_sparse(10);
    hm_generational_collect(gc, GENERATIONAL_FULL);
    begin_cycle();
    assert_true(gc->evacuation.is_recording);
    (void)hm_generational_mark_some(gc, LIST / 2);
    store_young(1); /* the array's: shaded when it is promoted */
    hm_store(m, root[0], 0, hm_load(m, root[0], 10));
    expect_sound();
    finish_cycle();
    assert_true(gc->old.blocks.n_used <=
                (size_t)LIST / 10 * 32 / HM_BLOCK_BYTES + 3);
    root[1] = hm_load(m, root[0], 0);
    assert_ptr_equal(root[1], hm_load(m, root[0], 10));
    expect_sound();
    close_heap();
}

/* `with_barrier` 0: a store that hides its slot from the evacuation. */
static const char *store_into_candidate(int with_barrier)
{
    root[1] = hm_new(m, &pair);
    make_sparse(10);
    hm_generational_collect(gc, GENERATIONAL_FULL);
    begin_cycle();
    (void)hm_generational_mark_some(gc, SIZE_MAX);
    assert_true(is_black(root[1]));
    assert_true(
        generational_is_candidate(gc, hm_header_of(hm_load(m, root[0], 20))));
    hm_slots_of(root[1])[0] = hm_load(m, root[0], 20);
    if (with_barrier)
        hm_store(m, root[1], 0, hm_load(m, root[0], 20));
    return hm_gc_check(gc);
}

static void a_store_of_what_is_to_move_is_recorded(void **state)
{
    (void)state;
    open_eager(NULL);
    assert_null(store_into_candidate(1));
    finish_cycle();
    assert_ptr_equal(hm_load(m, root[1], 0), hm_load(m, root[0], 20));
    close_heap();
}

static void an_omitted_record_is_caught(void **state)
{
    const char *wrong;

    (void)state;
    open_eager(NULL);
    wrong = store_into_candidate(0);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "not recorded"));
    hm_slots_of(root[1])[0] = NULL;
    finish_cycle();
    close_heap();
}

static void young_slots_move_with_their_objects(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    make_sparse(10);
    root[1] = root[0];
    root[0] = hm_load(m, root[1], 50);
    store_young(99);
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 1);
    hm_generational_mark(gc, 1);
    generational_sweep_all(gc);
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 1);
    assert_true(is_young(hm_load(m, root[0], 0)));
    expect_sound();
    promote_all();
    assert_int_equal(stored_mark(), 99);
    close_heap();
}

/* No block can be had and no gap is known: all stays as it was. */
static void without_room_nothing_moves(void **state)
{
    hm_ref before;
    size_t limit;

    (void)state;
    open_heap(64 * MIB, NULL);
    make_sparse(2);
    hm_generational_collect(gc, GENERATIONAL_FULL);
    before = hm_load(m, root[0], 2);
    hm_blocks_release(&gc->old.blocks);
    limit = gc->heap.budget.limit_bytes;
    gc->heap.budget.limit_bytes = gc->heap.budget.held_bytes;
    gc->evacuation.policy = 2;
    hm_generational_collect(gc, GENERATIONAL_FULL);
    assert_ptr_equal(hm_load(m, root[0], 2), before);
    gc->heap.budget.limit_bytes = limit;
    expect_sparse_intact(2);
    close_heap();
}

static void the_first_survival_promotes_where_it_is_asked_to(void **state)
{
    static const char *const options[] = {"age=1", NULL};

    (void)state;
    open_heap(64 * MIB, options);
    root[0] = hm_new(m, &pair);
    collect_young();
    assert_false(is_young(root[0]));
    close_heap();
}

static void a_growth_policy_limits_the_old_space_below_the_heap(void **state)
{
    static const char *const options[] = {"growth=factor", "factor=150",
                                          "least=4K", NULL};

    (void)state;
    open_heap(64 * MIB, options);
    grow_list((size_t)LIST * 3); /* 5.5 MiB */
    hm_gc_collect(m);
    assert_true(gc->old.limit_bytes < 14 * MIB);
    assert_true(gc->old.limit_bytes > 8 * MIB);
    close_heap();
}

static void memory_above_the_limit_of_the_old_space_goes_back(void **state)
{
    static const char *const options[] = {"least=1M", "initial_old=64M", NULL};

    (void)state;
    open_heap_as(0, 0, options);
    grow_list(1500000); /* 46 MiB */
    root[0] = NULL;
    hm_generational_collect(gc, GENERATIONAL_FULL);
    for (int i = 0; i < 100; i++)
        collect_minor();
    assert_true(hm_blocks_backed(&gc->old.blocks) * HM_BLOCK_BYTES <=
                gc->old.limit_bytes + HM_BLOCK_BYTES);
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_collection_on_request_empties_sparse_blocks),
        cmocka_unit_test(without_compaction_sparse_blocks_stay),
        cmocka_unit_test(a_full_collection_empties_blocks_found_sparse),
        cmocka_unit_test(a_cycle_empties_blocks_found_sparse),
        cmocka_unit_test(a_store_of_what_is_to_move_is_recorded),
        cmocka_unit_test(an_omitted_record_is_caught),
        cmocka_unit_test(young_slots_move_with_their_objects),
        cmocka_unit_test(without_room_nothing_moves),
        cmocka_unit_test(the_first_survival_promotes_where_it_is_asked_to),
        cmocka_unit_test(a_growth_policy_limits_the_old_space_below_the_heap),
        cmocka_unit_test(memory_above_the_limit_of_the_old_space_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
