/* SPDX-License-Identifier: MIT */
/* Young collections: large objects, of which slots are remembered, and weak
 * references, of which the young are looked at. */
#include "sticky_immix_fixture.h"

static void large_objects_have_generations_too(void **state)
{
    size_t pages;

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    heap.root[0] = hm_new_refs(heap.m, 5000);
    heap.root[1] = hm_new_raw(heap.m, 100000);
    hm_gc_collect(heap.m);
    heap.root[1] = NULL; /* old garbage */
    pages = heap.gc->heap.large.extents.used_pages;
    (void)hm_new_raw(heap.m, 50000);
    heap.root[2] = hm_new_refs(heap.m, 2000);
    hm_store(heap.m, heap.root[2], 7, new_node(7));
    hm_store(heap.m, heap.root[0], 4999, new_node(8));
    collect_young();
    assert_int_equal(*value_of(hm_load(heap.m, heap.root[2], 7)), 7);
    assert_int_equal(*value_of(hm_load(heap.m, heap.root[0], 4999)), 8);
    assert_int_equal(heap.gc->heap.large.extents.used_pages,
                     pages + hm_large_cost_bytes(2001) / HM_PAGE_BYTES);
    hm_gc_collect(heap.m);
    assert_true(heap.gc->heap.large.extents.used_pages < pages);
    close_heap();
}

static size_t slots_remembered(void)
{
    return hm_slot_set_count(&heap.gc->young.slots);
}

static void of_a_large_object_slots_are_remembered(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    heap.root[0] = hm_new_refs(heap.m, 50000);
    hm_store(heap.m, heap.root[0], 1, NULL); /* young: never */
    assert_int_equal(slots_remembered(), 0);
    hm_gc_collect(heap.m);
    for (size_t i = 0; i < 50000; i += 10000) {
        for (uint64_t n = 0; n < 3; n++)
            hm_store(heap.m, heap.root[0], i, new_node(i + n));
    }
    assert_int_equal(heap.gc->young.logged, 0);
    assert_int_equal(slots_remembered(), 5);
    collect_young();
    assert_int_equal(slots_remembered(), 0);
    for (size_t i = 0; i < 50000; i += 10000)
        assert_int_equal(*value_of(hm_load(heap.m, heap.root[0], i)), i + 2);
    hm_store(heap.m, heap.root[0], 7, new_node(7)); /* once more */
    collect_young();
    assert_int_equal(*value_of(hm_load(heap.m, heap.root[0], 7)), 7);
    close_heap();
}

static void slots_of_a_dead_large_object_are_forgotten(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    heap.root[0] = hm_new_refs(heap.m, 50000);
    hm_gc_collect(heap.m);
    hm_store(heap.m, heap.root[0], 49999, new_node(1));
    heap.root[0] = NULL;
    hm_gc_collect(heap.m);
    assert_int_equal(slots_remembered(), 0);
    assert_int_equal(heap.gc->young.slots.n_chunks, 0);
    heap.root[0] = hm_new_raw(heap.m, 400000); /* in its place */
    memset(hm_raw(heap.root[0], 0), 0xFF, 400000);
    collect_young();
    close_heap();
}

static void a_slot_that_is_not_remembered_is_found(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    heap.root[0] = hm_new_refs(heap.m, 50000);
    hm_gc_collect(heap.m);
    hm_store(heap.m, heap.root[0], 4321, new_node(1));
    check_heap();
    hm_slot_set_remove(&heap.gc->young.slots, &((hm_ref *)heap.root[0])[4321],
                       1);
    assert_non_null(hm_gc_check(heap.gc));
    hm_store(heap.m, heap.root[0], 4321, NULL);
    close_heap();
}

/* No room to describe slots: the log takes the object whole. */
static void without_room_for_slots_a_large_object_is_logged(void **state)
{
    struct hm_budget *budget;
    size_t limit;

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    heap.root[0] = hm_new_refs(heap.m, 50000);
    hm_gc_collect(heap.m);
    heap.root[1] = new_node(1);
    budget = &heap.gc->heap.budget;
    limit = budget->limit_bytes;
    budget->limit_bytes = budget->held_bytes;
    hm_store(heap.m, heap.root[0], 5, heap.root[1]);
    budget->limit_bytes = limit;
    heap.root[1] = NULL;
    assert_int_equal(slots_remembered(), 0);
    assert_int_equal(heap.gc->young.logged, 1);
    collect_young();
    assert_int_equal(*value_of(hm_load(heap.m, heap.root[0], 5)), 1);
    close_heap();
}

/* Entries of which all is old are behind those that a collection looks at. */
static void old_weak_references_are_not_looked_at_again(void **state)
{
    const struct hm_weak_list *list;

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    list = &heap.gc->heap.weak.list[HM_WEAK_REFERENCE];
    heap.root[0] = new_node(1);
    heap.root[1] = hm_weak_new(heap.m, heap.root[0]);
    collect_young();
    assert_int_equal(list->n_old, 1);
    heap.root[2] = new_node(2);
    heap.root[3] = hm_weak_new(heap.m, heap.root[2]);
    heap.root[0] = heap.root[2] = NULL; /* one is old by now */
    collect_young();
    assert_int_equal(list->n, 1);
    assert_non_null(hm_weak_get(heap.m, heap.root[1]));
    assert_null(hm_weak_get(heap.m, heap.root[3]));
    hm_gc_collect(heap.m);
    assert_int_equal(list->n, 0);
    assert_null(hm_weak_get(heap.m, heap.root[1]));
    close_heap();
}

static void live_bytes_are_known_after_a_young_collection(void **state)
{
    struct hm_gc_stats stats;

    (void)state;
    open_heap((struct options){.heap_bytes = 8 * MIB, .verify = 1});
    build_list(0, 100);
    collect_young();
    hm_gc_stats_get(heap.gc, &stats);
    assert_int_equal(stats.live_bytes, 100 * 4 * HM_WORD_BYTES);
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_objects_have_generations_too),
        cmocka_unit_test(of_a_large_object_slots_are_remembered),
        cmocka_unit_test(slots_of_a_dead_large_object_are_forgotten),
        cmocka_unit_test(a_slot_that_is_not_remembered_is_found),
        cmocka_unit_test(without_room_for_slots_a_large_object_is_logged),
        cmocka_unit_test(old_weak_references_are_not_looked_at_again),
        cmocka_unit_test(live_bytes_are_known_after_a_young_collection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
