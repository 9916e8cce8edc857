/* SPDX-License-Identifier: MIT */
/* What is particular to generations: ageing, promotion, the remembered set and
 * the size of the nursery. */
#include "generational_fixture.h"

#include <sys/mman.h>

static void the_second_survival_promotes(void **state)
{
    hm_ref first;

    (void)state;
    open_heap(64 * MIB, NULL);
    first = root[0] = hm_new(m, &pair);
    assert_true(is_young(root[0]));
    collect_young();
    assert_true(is_young(root[0]));
    assert_ptr_not_equal(root[0], first);
    collect_young();
    assert_false(is_young(root[0]));
    first = root[0];
    collect_young();
    assert_ptr_equal(root[0], first);
    close_heap();
}

static const char *const ageing_all[] = {"ageing=all", "nursery_min=1048576",
                                         "nursery_max=1048576", NULL};

/* Pairs of the list in root 0 that are young. */
static size_t young_in_list(void)
{
    size_t n = 0;

    for (hm_ref o = root[0]; o != NULL; o = hm_load(m, o, 0))
        n += (size_t)is_young(o);
    return n;
}

static void by_itself_no_more_than_a_quarter_of_the_nursery_ages(void **state)
{
    (void)state;
    open_heap(64 * MIB, ageing_all + 1);
    grow_list(20000);
    collect_young();
    assert_in_range(young_in_list(), 1, MIB / 4 / ((size_t)4 * HM_WORD_BYTES));
    close_heap();
}

static void told_so_all_that_has_survived_once_ages(void **state)
{
    (void)state;
    open_heap(64 * MIB, ageing_all);
    grow_list(20000);
    collect_young();
    assert_int_equal(young_in_list(), 20000);
    collect_young();
    assert_int_equal(young_in_list(), 0);
    close_heap();
}

static void survivors_that_fill_the_nursery_take_no_full_collection(
    void **state)
{
    (void)state;
    open_heap(64 * MIB, ageing_all);
    grow_list(LIST); /* nearly two nurseries */
    assert_int_equal(gc->heap.collections, 0);
    assert_in_range(gc->minor_collections, 2, 8);
    expect_sound();
    close_heap();
}

static void a_remembered_slot_keeps_its_object_until_both_are_old(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    make_old();
    store_young(77);
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 1);
    collect_young();
    assert_true(is_young(hm_load(m, root[0], 0)));
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 1);
    collect_young();
    assert_false(is_young(hm_load(m, root[0], 0)));
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 0);
    assert_int_equal(stored_mark(), 77);
    close_heap();
}

static void an_overwritten_slot_is_forgotten(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    make_old();
    store_young(1);
    hm_store(m, root[0], 0, NULL);
    expect_sound();
    collect_young();
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 0);
    close_heap();
}

static void stores_between_young_or_old_objects_are_not_remembered(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    make_old();
    hm_store(m, root[0], 0, root[0]);
    hm_store(m, root[0], 1, NULL);
    root[1] = hm_new(m, &pair);
    hm_store(m, root[1], 0, root[0]);
    hm_store(m, root[1], 1, root[1]);
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 0);
    close_heap();
}

static void an_omitted_barrier_is_caught(void **state)
{
    const char *wrong;

    (void)state;
    open_heap(64 * MIB, NULL);
    make_old();
    hm_slots_of(root[0])[1] = hm_new(m, &pair);
    wrong = hm_gc_check(gc);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "not remembered"));
    hm_slots_of(root[0])[1] = NULL;
    expect_sound();
    close_heap();
}

static void a_large_array_is_old_and_its_first_stores_are_remembered(
    void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    root[1] = hm_new(m, &pair);
    root[0] = hm_new_refs(m, LARGE_REFS);
    assert_false(is_young(root[0]));
    hm_init(m, root[0], 0, root[1]);
    hm_init(m, root[0], LARGE_REFS - 1, root[1]);
    root[1] = NULL;
    assert_int_equal(hm_slot_set_count(&gc->large_slots), 2);
    collect_young();
    collect_young();
    assert_ptr_equal(hm_load(m, root[0], 0),
                     hm_load(m, root[0], LARGE_REFS - 1));
    assert_int_equal(hm_slot_set_count(&gc->large_slots), 0);
    close_heap();
}

static void slots_of_the_dead_are_forgotten_with_them(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    make_old();
    store_young(1);
    root[1] = hm_new_refs(m, LARGE_REFS);
    hm_store(m, root[1], 7, hm_load(m, root[0], 0));
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 1);
    assert_int_equal(hm_slot_set_count(&gc->large_slots), 1);
    root[0] = root[1] = NULL;
    hm_gc_collect(m);
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 0);
    assert_int_equal(hm_slot_set_count(&gc->large_slots), 0);
    assert_int_equal(gc->heap.live_bytes, 0);
    close_heap();
}

static void garbage_that_refers_to_itself_across_generations_dies(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    make_old();
    store_young(1);
    root[1] = hm_load(m, root[0], 0);
    hm_store(m, root[1], 0, root[0]);
    root[0] = root[1] = NULL;
    hm_gc_collect(m);
    assert_int_equal(gc->heap.live_bytes, 0);
    expect_sound();
    close_heap();
}

static void survivors_make_the_nursery_grow_to_its_bound(void **state)
{
    static const char *const options[] = {"nursery_min=64K", "nursery_max=256K",
                                          NULL};

    (void)state;
    open_heap(64 * MIB, options);
    assert_int_equal(gc->nursery.capacity_bytes, 64 << 10);
    for (int i = 0; i < 1000; i++)
        collect_young();
    assert_int_equal(gc->nursery.capacity_bytes, 64 << 10);
    grow_list(100000);
    assert_int_equal(gc->nursery.capacity_bytes, 256 << 10);
    hm_gc_collect(m);
    assert_true(gc->nursery.capacity_bytes < 256 << 10);
    close_heap();
}

static void a_nursery_that_survives_is_still_half_empty(void **state)
{
    static const char *const options[] = {"nursery_min=64K", "nursery_max=64K",
                                          NULL};

    (void)state;
    open_heap(64 * MIB, options);
    for (int i = 0; i < 50; i++) {
        uint64_t minor = gc->minor_collections;

        while (gc->minor_collections == minor)
            grow_list(1);
        assert_true(generational_young_bytes(gc) < 33 << 10);
    }
    assert_int_equal(gc->heap.collections, 0);
    close_heap();
}

static void a_poll_collects_a_nursery_that_is_nearly_full(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    (void)hm_new_raw(m, 0);
    hm_poll(m);
    assert_int_equal(gc->minor_collections, 0);
    while (generational_young_bytes(gc) < gc->nursery.capacity_bytes / 10 * 9)
        (void)hm_new_raw(m, 1000);
    assert_int_equal(gc->minor_collections, 0);
    hm_poll(m);
    assert_int_equal(gc->minor_collections, 1);
    hm_poll(m);
    assert_int_equal(gc->minor_collections, 1);
    close_heap();
}

static void young_collections_are_pauses_of_their_own_kind(void **state)
{
    (void)state;
    open_heap(64 * MIB, NULL);
    collect_young();
    hm_gc_collect(m);
    assert_int_equal(log_of_heap.n_listed, 2);
    assert_int_equal(log_of_heap.entry[0].kind, HM_PAUSE_minor);
    assert_int_equal(log_of_heap.entry[1].kind, HM_PAUSE_full);
    assert_string_equal(hm_pause_kind_name(HM_PAUSE_minor), "minor");
    close_heap();
}

static void without_a_limit_the_old_space_grows_by_its_percentage(void **state)
{
    static const char *const options[] = {"factor=400", "initial_old=16M",
                                          "nursery_max=1M", NULL};
    size_t size;

    (void)state;
    open_heap(0, options);
    grow_list(300000); /* 9.2 MiB */
    hm_gc_collect(m);
    size = generational_old_bytes(gc);
    assert_true(gc->old.limit_bytes >= size / 100 * 400);
    assert_true(gc->old.limit_bytes <= size * 4 + 2 * MIB);
    close_heap();
}

static size_t capacity_for(size_t heap_bytes, const char *min, const char *max)
{
    const char *const options[] = {min, max, NULL};
    size_t bytes;

    open_heap(heap_bytes, options);
    bytes = gc->nursery.max_bytes;
    assert_true(gc->nursery.capacity_bytes <= bytes);
    close_heap();
    return bytes;
}

static void the_nursery_follows_the_limit_unless_told(void **state)
{
    static const char any[] = "nursery_min=0", most[] = "nursery_max=0";

    (void)state;
    assert_int_equal(capacity_for(0, any, most), 16 * MIB);
    assert_int_equal(capacity_for(64 * MIB, any, most), MIB);
    assert_int_equal(capacity_for(16 * MIB, any, most), MIB / 2);
    assert_int_equal(capacity_for(1024 * MIB, any, most), 8 * MIB);
    assert_int_equal(capacity_for(4 * MIB, any, most), MIB / 8);
    assert_int_equal(capacity_for(64 * MIB, any, "nursery_max=2M"), 2 * MIB);
    assert_int_equal(capacity_for(64 * MIB, "nursery_min=4M", most), 4 * MIB);
    assert_int_equal(capacity_for(64 * MIB, any, "nursery_max=4K"), 4096);
    assert_int_equal(capacity_for(64 * MIB, any, "nursery_max=1G"), 8 * MIB);
}

static void contradictory_bounds_are_refused(void **state)
{
    static const char *const options[] = {"nursery_min=2M", "nursery_max=1M",
                                          NULL};
    static const char *const tiny[] = {"nursery_max=4095", NULL};

    (void)state;
    why = NULL;
    assert_null(try_open(64 * MIB, 0, tiny));
    assert_non_null(strstr(why, "at least 4096"));
    assert_null(try_open(64 * MIB, 0, options));
    assert_non_null(strstr(why, "nursery_max is below nursery_min"));
    open_heap(64 * MIB, NULL); /* the refusal left nothing open */
    close_heap();
}

/* Pages of the current space that are in memory. */
static size_t nursery_pages_backed(void)
{
    unsigned char page[MIB / HM_PAGE_BYTES];
    size_t n = 0;

    assert_int_equal(gc->nursery.capacity_bytes, MIB);
    assert_int_equal(mincore(generational_space(gc), MIB, page), 0);
    for (size_t i = 0; i < MIB / HM_PAGE_BYTES; i++)
        n += page[i] & 1;
    return n;
}

/* What is touched when the heap opens, no clock of a workload sees. */
static void the_nursery_is_backed_by_the_first_allocation(void **state)
{
    static const char *const options[] = {"nursery_min=1048576", NULL};

    (void)state;
    open_heap_as(16 * MIB, 0, options);
    assert_int_equal(nursery_pages_backed(), 0);
    (void)hm_new(m, &pair);
    assert_int_equal(nursery_pages_backed(), MIB / HM_PAGE_BYTES);
    close_heap();
}

static void touched_memory_is_charged_free_and_given_back(void **state)
{
    static const char *const options[] = {"pretouch=1", NULL};
    const struct hm_blocks *blocks;

    (void)state;
    assert_null(try_open(0, 0, options));
    assert_non_null(strstr(why, "pretouch"));
    open_heap_as(16 * MIB, 0, options); /* verify discards what is free */
    blocks = &gc->old.blocks;
    assert_int_equal(blocks->n_used, 0);
    assert_in_range(hm_blocks_backed(blocks) * HM_BLOCK_BYTES, 10 * MIB,
                    12 * MIB);
    assert_true(gc->heap.budget.held_bytes > 11 * MIB);
    grow_list(LIST);
    assert_true(gc->old.bytes > 0);
    root[1] = hm_new_raw(m, 8 * MIB); /* where the blocks were */
    assert_true(gc->heap.budget.held_bytes <= 16 * MIB);
    hm_gc_collect(m);
    expect_sound();
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_survival_promotes),
        cmocka_unit_test(by_itself_no_more_than_a_quarter_of_the_nursery_ages),
        cmocka_unit_test(told_so_all_that_has_survived_once_ages),
        cmocka_unit_test(
            survivors_that_fill_the_nursery_take_no_full_collection),
        cmocka_unit_test(the_nursery_is_backed_by_the_first_allocation),
        cmocka_unit_test(touched_memory_is_charged_free_and_given_back),
        cmocka_unit_test(a_remembered_slot_keeps_its_object_until_both_are_old),
        cmocka_unit_test(an_overwritten_slot_is_forgotten),
        cmocka_unit_test(
            stores_between_young_or_old_objects_are_not_remembered),
        cmocka_unit_test(an_omitted_barrier_is_caught),
        cmocka_unit_test(
            a_large_array_is_old_and_its_first_stores_are_remembered),
        cmocka_unit_test(slots_of_the_dead_are_forgotten_with_them),
        cmocka_unit_test(garbage_that_refers_to_itself_across_generations_dies),
        cmocka_unit_test(survivors_make_the_nursery_grow_to_its_bound),
        cmocka_unit_test(a_nursery_that_survives_is_still_half_empty),
        cmocka_unit_test(a_poll_collects_a_nursery_that_is_nearly_full),
        cmocka_unit_test(young_collections_are_pauses_of_their_own_kind),
        cmocka_unit_test(without_a_limit_the_old_space_grows_by_its_percentage),
        cmocka_unit_test(the_nursery_follows_the_limit_unless_told),
        cmocka_unit_test(contradictory_bounds_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
