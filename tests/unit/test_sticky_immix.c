/* SPDX-License-Identifier: MIT */
/* Young collections, seen from inside; what the suite of all collectors asks
 * is not repeated. */
#include "sticky_immix_fixture.h"

static void a_young_collection_frees_the_young_alone(void **state)
{
    size_t old;

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    build_list(0, 100);
    build_list(1, 100);
    hm_gc_collect(heap.m);
    old = found_bytes();
    heap.root[1] = NULL; /* old garbage stays */
    build_list(2, 1000);
    build_list(2, 10); /* the first one is young garbage */
    collect_young();
    assert_int_equal(found_bytes(), old + old / 20);
    check_list(0, 100);
    check_list(2, 10);
    hm_gc_collect(heap.m);
    assert_int_equal(found_bytes(), old / 2 + old / 20);
    close_heap();
}

static void what_survives_once_is_old(void **state)
{
    size_t old;

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    build_list(0, 50);
    collect_young();
    old = found_bytes();
    heap.root[0] = NULL;
    collect_young();
    assert_int_equal(found_bytes(), old);
    hm_gc_collect(heap.m);
    assert_int_equal(found_bytes(), 0);
    close_heap();
}

static void an_old_object_keeps_what_was_stored_into_it(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    heap.root[0] = new_node(1);
    hm_gc_collect(heap.m);
    hm_store(heap.m, heap.root[0], 1, new_node(2));
    collect_young();
    assert_int_equal(*value_of(hm_load(heap.m, heap.root[0], 1)), 2);
    hm_store(heap.m, heap.root[0], 1, new_node(3)); /* logged anew */
    collect_young();
    assert_int_equal(*value_of(hm_load(heap.m, heap.root[0], 1)), 3);
    close_heap();
}

static void an_object_is_logged_once_between_collections(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB});
    heap.root[0] = new_node(1);
    hm_store(heap.m, heap.root[0], 0, NULL); /* young: never */
    assert_int_equal(heap.gc->young.logged, 0);
    hm_gc_collect(heap.m);
    for (int i = 0; i < 10; i++)
        hm_store(heap.m, heap.root[0], (size_t)i % 2, NULL);
    assert_int_equal(heap.gc->young.logged, 1);
    collect_young();
    assert_int_equal(heap.gc->young.logged, 0);
    hm_store(heap.m, heap.root[0], 0, NULL);
    assert_int_equal(heap.gc->young.logged, 1);
    close_heap();
}

static void a_store_without_barrier_is_found(void **state)
{
    hm_ref young;

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    heap.root[0] = new_node(1);
    heap.root[1] = hm_new_refs(heap.m, 5000); /* a large one */
    hm_gc_collect(heap.m);
    young = heap.root[2] = new_node(2);
    for (unsigned r = 0; r < 2; r++) {
        hm_init(heap.m, heap.root[r], 1, young);
        assert_non_null(hm_gc_check(heap.gc));
        hm_init(heap.m, heap.root[r], 1, NULL);
        check_heap();
    }
    close_heap();
}

static void a_log_that_lacks_an_object_is_found(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    heap.root[0] = new_node(1);
    hm_gc_collect(heap.m);
    hm_store(heap.m, heap.root[0], 0, NULL);
    heap.gc->young.logged = 0;
    assert_non_null(hm_gc_check(heap.gc));
    heap.gc->young.logged = 1;
    close_heap();
}

/* Every 50th node of 10 000 lives: in place they would hold on to all blocks.
 */
static void scatter(void)
{
    build_list(0, 0);
    for (uint64_t i = 0; i < 10000; i++) {
        hm_ref o = new_node(i / 50);

        if (i % 50 != 0)
            continue;
        hm_init(heap.m, o, 0, heap.root[0]);
        heap.root[0] = o;
    }
}

static void survivors_may_be_moved_together(void **state)
{
    (void)state;
    open_heap((struct options){
        .heap_bytes = 8 * MIB, .verify = 1, .set = "evacuate=always"});
    scatter();
    assert_true(heap.gc->blocks.n_used > 8);
    collect_young();
    assert_int_equal(heap.gc->blocks.n_used, 1);
    assert_int_equal(heap.gc->heap.moved_bytes, 200 * 4 * HM_WORD_BYTES);
    check_list(0, 200);
    close_heap();
}

static void survivors_stay_in_place(void **state)
{
    hm_ref first;

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    scatter();
    first = heap.root[0];
    collect_young();
    assert_ptr_equal(heap.root[0], first);
    assert_true(heap.gc->blocks.n_used > 8);
    check_list(0, 200);
    close_heap();
}

static void old_objects_do_not_move_in_young_collections(void **state)
{
    hm_ref old;

    (void)state;
    open_heap((struct options){
        .heap_bytes = 8 * MIB, .verify = 1, .set = "evacuate=always"});
    build_list(0, 1000);
    collect_young();
    old = heap.root[0];
    build_list(1, 1000);
    collect_young();
    assert_ptr_equal(heap.root[0], old);
    check_list(0, 1000);
    check_list(1, 1000);
    close_heap();
}

static void a_full_log_makes_a_full_collection_due(void **state)
{
    size_t n;

    (void)state;
    open_heap((struct options){.heap_bytes = 4 * MIB, .verify = 1});
    n = heap.gc->young.log_capacity + 10;
    heap.root[0] = hm_new_refs(heap.m, n);
    for (size_t i = 0; i < n; i++)
        hm_store(heap.m, heap.root[0], i, new_node(i));
    hm_gc_collect(heap.m);
    for (size_t i = 0; i < n; i++)
        hm_store(heap.m, hm_load(heap.m, heap.root[0], i), 0, new_node(i + 1));
    assert_int_equal(heap.gc->young.logged, heap.gc->young.log_capacity);
    assert_false(hm_immix_collect_young(heap.gc));
    check_heap();
    hm_gc_collect(heap.m);
    for (size_t i = 0; i < n; i++) {
        hm_ref o = hm_load(heap.m, heap.root[0], i);

        assert_int_equal(*value_of(hm_load(heap.m, o, 0)), i + 1);
    }
    assert_true(hm_immix_collect_young(heap.gc));
    close_heap();
}

/* Young garbage alone never needs a full collection; old garbage does. */
static void full_collections_come_when_young_ones_leave_little(void **state)
{
    unsigned in_a_row;

    (void)state;
    open_heap((struct options){.heap_bytes = 4 * MIB});
    build_list(0, 1000);
    for (int i = 0; i < 2000000; i++)
        (void)new_node(0);
    in_a_row = heap.gc->young.in_a_row;
    assert_true(in_a_row > 10);
    assert_int_equal(heap.gc->heap.collections, in_a_row);
    for (int i = 0; i < 100; i++) {
        build_list(1, 30000); /* a quarter of the heap */
        check_list(1, 30000);
    }
    assert_true(heap.gc->heap.collections > heap.gc->young.in_a_row);
    check_list(0, 1000);
    close_heap();
}

static void without_a_limit_the_growth_of_the_old_counts(void **state)
{
    (void)state;
    open_heap((struct options){.set = "nursery=1M"});
    for (uint64_t n = 1; heap.gc->young.in_a_row < 10; n++)
        build_list(0, 100);
    for (unsigned r = 0; r < ROOTS; r++)
        build_list(r, 200000); /* 51 MB in all: more than 16 MiB are old */
    assert_true(heap.gc->heap.collections > 40);
    assert_true(heap.gc->heap.live_bytes > 0); /* of a full one */
    for (unsigned r = 0; r < ROOTS; r++)
        check_list(r, 200000);
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_young_collection_frees_the_young_alone),
        cmocka_unit_test(what_survives_once_is_old),
        cmocka_unit_test(an_old_object_keeps_what_was_stored_into_it),
        cmocka_unit_test(an_object_is_logged_once_between_collections),
        cmocka_unit_test(a_store_without_barrier_is_found),
        cmocka_unit_test(a_log_that_lacks_an_object_is_found),
        cmocka_unit_test(survivors_may_be_moved_together),
        cmocka_unit_test(survivors_stay_in_place),
        cmocka_unit_test(old_objects_do_not_move_in_young_collections),
        cmocka_unit_test(a_full_log_makes_a_full_collection_due),
        cmocka_unit_test(full_collections_come_when_young_ones_leave_little),
        cmocka_unit_test(without_a_limit_the_growth_of_the_old_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
