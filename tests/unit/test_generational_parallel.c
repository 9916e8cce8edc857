/* SPDX-License-Identifier: MIT */
/* Young collections by several threads: whatever the shape and whoever copies,
 * each object is copied once, nothing is lost, and there is always room. */
#include "common/rng.h"
#include "generational_fixture.h"

enum {
    THREADS_MAX = 4,
    NODES = 20000,
    OLD_NODES = 3000,
    STAR = 5000,
    ROUNDS = 12,
};

static const char *const threads[] = {"gc_threads=2", "gc_threads=3",
                                      "gc_threads=4"};

enum { TEAMS = sizeof(threads) / sizeof(threads[0]) };

/* All workers take part in any collection. */
static void open_team(size_t heap_bytes, const char *n_threads,
                      const char *option)
{
    const char *const options[] = {n_threads, "incremental=0", option, NULL};

    open_heap(heap_bytes, options);
    gc->team.alone_objects = 0;
}

static hm_ref new_marked(uint64_t mark)
{
    hm_ref o = hm_new(m, &pair);

    memcpy(hm_raw(o, 2), &mark, sizeof(mark));
    return o;
}

static uint64_t mark_of(hm_ref o)
{
    uint64_t mark;

    memcpy(&mark, hm_raw(o, 2), sizeof(mark));
    return mark;
}

/* A list in root `r` of n pairs marked n - 1 down to 0. */
static void grow_marked(int r, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        hm_ref o = new_marked(i);

        hm_init(m, o, 0, root[r]);
        root[r] = o;
    }
}

static void expect_marked(int r, uint64_t n)
{
    hm_ref o = root[r];

    while (n-- > 0) {
        assert_non_null(o);
        assert_int_equal(mark_of(o), n);
        o = hm_load(m, o, 0);
    }
    assert_null(o);
}

static void one_thread_needs_no_team(void **state)
{
    (void)state;
    assert_int_equal(hm_generational_team_bytes(1), 0);
    open_heap(64 * MIB, NULL);
    assert_null(gc->team.worker);
    collect_young();
    close_heap();
}

static void a_team_is_charged(void **state)
{
    size_t alone;

    (void)state;
    open_heap(64 * MIB, NULL);
    alone = gc->heap.budget.held_bytes;
    close_heap();
    open_team(64 * MIB, "gc_threads=4", NULL);
    assert_int_equal(gc->heap.budget.held_bytes - alone,
                     hm_generational_team_bytes(4));
    assert_true(hm_generational_team_bytes(4) > 3 * HM_WORKER_STACK_BYTES);
    close_heap();
}

static void a_short_collection_wakes_nobody(void **state)
{
    static const char *const options[] = {"gc_threads=2", "incremental=0",
                                          NULL};

    (void)state;
    open_heap_as(64 * MIB, 0, options);
    make_old();
    store_young(7);
    collect_minor();
    collect_minor();
    assert_int_equal(stored_mark(), 7);
    assert_int_equal(gc->team.workers.running, 0);
    grow_marked(1, NODES);
    collect_minor();
    assert_int_equal(gc->team.workers.running, 2);
    expect_marked(1, NODES);
    close_heap();
}

static void the_second_survival_promotes(void **state)
{
    hm_ref first;

    (void)state;
    open_team(64 * MIB, "gc_threads=2", NULL);
    first = root[0] = hm_new(m, &pair);
    collect_young();
    assert_true(is_young(root[0]));
    assert_ptr_not_equal(root[0], first);
    collect_young();
    assert_false(is_young(root[0]));
    close_heap();
}

static void a_list_survives_any_number_of_threads(void **state)
{
    (void)state;
    for (int t = 0; t < TEAMS; t++) {
        open_team(64 * MIB, threads[t], NULL);
        for (int i = 0; i < ROUNDS; i++) {
            root[0] = NULL;
            grow_marked(0, NODES);
            collect_minor();
            expect_marked(0, NODES);
        }
        close_heap();
    }
}

/* All nodes hang in a large array, and refer to any other. */
static void grow_graph(struct hm_rng *rng)
{
    root[0] = hm_new_refs(m, NODES);
    for (uint32_t i = 0; i < NODES; i++)
        hm_init(m, root[0], i, new_marked(i));
    for (uint32_t i = 0; i < NODES; i++) {
        for (size_t field = 0; field < 2; field++) {
            hm_store(m, hm_load(m, root[0], i), field,
                     hm_load(m, root[0], hm_rng_below(rng, NODES)));
        }
    }
}

/* Each node is where the array says, and nowhere else. */
static void expect_graph(struct hm_rng *rng)
{
    for (uint32_t i = 0; i < NODES; i++) {
        hm_ref o = hm_load(m, root[0], i);

        assert_int_equal(mark_of(o), i);
        for (size_t field = 0; field < 2; field++) {
            assert_ptr_equal(hm_load(m, o, field),
                             hm_load(m, root[0], hm_rng_below(rng, NODES)));
        }
    }
}

static void shared_objects_are_copied_once(void **state)
{
    (void)state;
    for (int t = 0; t < TEAMS; t++) {
        open_team(64 * MIB, threads[t], NULL);
        for (uint32_t seed = 1; seed <= 4; seed++) {
            struct hm_rng rng, same;

            hm_rng_seed(&rng, seed);
            same = rng;
            grow_graph(&rng);
            collect_minor();
            expect_graph(&same);
        }
        close_heap();
    }
}

/* More wait at once than stack and deque can hold: one chunk of the array has
 * 4096 slots. */
static void what_overflows_the_deque_is_not_lost(void **state)
{
    (void)state;
    open_team(64 * MIB, "gc_threads=2", NULL);
    root[0] = hm_new_refs(m, STAR);
    for (uint64_t i = 0; i < STAR; i++) {
        hm_ref child;

        root[1] = new_marked(i);
        child = new_marked(STAR + i);
        hm_store(m, root[1], 0, child);
        hm_store(m, root[0], i, root[1]);
    }
    root[1] = NULL;
    for (int round = 0; round < 3; round++) {
        collect_minor();
        for (uint64_t i = 0; i < STAR; i++) {
            hm_ref o = hm_load(m, root[0], i);

            assert_int_equal(mark_of(o), i);
            assert_int_equal(mark_of(hm_load(m, o, 0)), STAR + i);
        }
    }
    assert_int_equal(hm_slot_set_count(&gc->large_slots), 0);
    close_heap();
}

/* Every old node of a list gets a young object. */
static void store_young_everywhere(uint64_t mark)
{
    for (root[1] = root[0]; root[1] != NULL; root[1] = hm_load(m, root[1], 0)) {
        hm_ref o = new_marked(mark++);

        hm_store(m, root[1], 1, o);
    }
}

static void remembered_slots_stay_until_both_are_old(void **state)
{
    (void)state;
    for (int t = 0; t < TEAMS; t++) {
        open_team(64 * MIB, threads[t], NULL);
        grow_list(OLD_NODES);
        promote_all();
        store_young_everywhere(1000);
        assert_int_equal(hm_slot_set_count(&gc->old.slots), OLD_NODES);
        gc->nursery.aging_words = SIZE_MAX; /* as many as there may be */
        collect_minor();
        assert_in_range(hm_slot_set_count(&gc->old.slots), 1, OLD_NODES);
        collect_minor();
        assert_int_equal(hm_slot_set_count(&gc->old.slots), 0);
        root[1] = root[0];
        for (uint64_t i = 0; i < OLD_NODES; i++) {
            assert_int_equal(mark_of(hm_load(m, root[1], 1)), 1000 + i);
            root[1] = hm_load(m, root[1], 0);
        }
        close_heap();
    }
}

/* The must-fail test of all the others. */
static void an_omitted_barrier_is_caught(void **state)
{
    const char *wrong;

    (void)state;
    open_team(64 * MIB, "gc_threads=2", NULL);
    make_old();
    hm_slots_of(root[0])[1] = hm_new(m, &pair);
    wrong = hm_gc_check(gc);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "not remembered"));
    hm_slots_of(root[0])[1] = NULL;
    close_heap();
}

/* What promoted objects refer to is remembered by the workers: a slot that is
 * taken out of the set after a collection must be missed. */
static void a_slot_that_a_worker_remembered_is_missed_without_it(void **state)
{
    const char *wrong;

    (void)state;
    open_team(64 * MIB, "gc_threads=2", NULL);
    root[0] = hm_new(m, &pair);
    collect_minor();
    root[1] = hm_new(m, &pair);
    hm_store(m, root[0], 1, root[1]);
    root[1] = NULL;
    collect_minor();
    assert_false(is_young(root[0]));
    assert_true(is_young(hm_load(m, root[0], 1)));
    assert_int_equal(hm_slot_set_count(&gc->old.slots), 1);
    hm_slot_set_remove(&gc->old.slots, root[0], 2);
    wrong = hm_gc_check(gc);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, "not remembered"));
    hm_slots_of(root[0])[1] = NULL;
    close_heap();
}

/* From here on the old space takes nothing but what it already has. */
static size_t freeze_budget(void)
{
    size_t limit = gc->heap.budget.limit_bytes;

    gc->heap.budget.limit_bytes = gc->heap.budget.held_bytes;
    return limit;
}

static void promotion_that_fails_half_way_leaves_the_rest_young(void **state)
{
    (void)state;
    for (int t = 0; t < TEAMS; t++) {
        size_t limit;

        open_team(64 * MIB, threads[t], "nursery_min=1M");
        root[2] = hm_new(m, &pair);
        promote_all(); /* a cell is in use, so some fit */
        limit = freeze_budget();
        grow_marked(0, NODES / 2);
        grow_marked(1, NODES / 2);
        hm_generational_minor(gc);
        expect_sound();
        hm_generational_minor(gc);
        assert_true(gc->has_failed_promotion);
        assert_true(is_young(root[0]) || is_young(root[1]));
        expect_sound();
        expect_marked(0, NODES / 2);
        expect_marked(1, NODES / 2);
        gc->heap.budget.limit_bytes = limit;
        promote_all();
        assert_false(gc->has_failed_promotion);
        assert_false(is_young(root[0]) || is_young(root[1]));
        expect_marked(0, NODES / 2);
        expect_marked(1, NODES / 2);
        close_heap();
    }
}

/* Objects of all sizes, without references, so that windows leave gaps; as many
 * as the mutator gets into the nursery. */
static uint64_t fill_nursery(struct hm_rng *rng, hm_ref *live, uint64_t most)
{
    uint64_t n = 0;

    for (; n < most; n++) {
        size_t bytes = 8 + 8 * (size_t)hm_rng_below(rng, 60);
        uint64_t minor = gc->minor_collections;
        hm_ref o;

        if (gc->mutator.free + bytes / 8 + 1 > gc->mutator.limit && n > 0)
            break;
        o = hm_new_raw(m, bytes);
        assert_true(n == 0 || gc->minor_collections == minor);
        memcpy(hm_raw(o, 0), &n, sizeof(n));
        hm_store(m, *live, n, o);
    }
    return n;
}

static void a_full_nursery_survives_whole_where_nothing_can_be_promoted(
    void **state)
{
    static const char *const nursery[] = {"nursery_max=4K", "nursery_max=8K",
                                          "nursery_max=256K"};
    struct hm_rng rng;

    (void)state;
    hm_rng_seed(&rng, 7);
    for (int i = 0; i < 3 * TEAMS; i++) {
        uint64_t n;

        open_team(64 * MIB, threads[i % TEAMS], nursery[i / TEAMS]);
        root[0] = hm_new_refs(m, STAR);
        collect_minor();
        (void)freeze_budget();
        n = fill_nursery(&rng, &root[0], STAR);
        assert_true(n > 3);
        for (int round = 0; round < ROUNDS; round++) {
            hm_generational_minor(gc);
            assert_true(generational_young_bytes(gc) <=
                        gc->nursery.capacity_bytes);
            expect_sound();
        }
        for (uint64_t k = 0; k < n; k++)
            assert_memory_equal(hm_raw(hm_load(m, root[0], k), 0), &k, 8);
        close_heap();
    }
}

static void gaps_are_no_survivors(void **state)
{
    uint64_t moved;

    (void)state;
    open_team(64 * MIB, "gc_threads=4", NULL);
    root[0] = hm_new(m, &pair);
    moved = gc->heap.moved_bytes;
    collect_minor();
    assert_int_equal(gc->heap.moved_bytes - moved, 4 * HM_WORD_BYTES);
    assert_true(generational_young_bytes(gc) > (size_t)4 * HM_WORD_BYTES);
    close_heap();
}

/* During marking all remembered slots stay until what they lead to is shaded.
 */
static void marking_in_steps_and_workers_get_along(void **state)
{
    static const char *const options[] = {"gc_threads=3", "compact=2", NULL};

    (void)state;
    open_heap(64 * MIB, options);
    gc->team.alone_objects = 0;
    gc->cycle.is_enabled = 0;
    for (int round = 0; round < 4; round++) {
        root[0] = NULL;
        grow_list(OLD_NODES);
        promote_all();
        begin_cycle();
        store_young_everywhere(5);
        collect_minor();
        (void)hm_generational_mark_some(gc, 100);
        grow_marked(2, 1000);
        if (generational_is_marking(gc)) /* a step may have ended it */
            finish_cycle();
        gc->cycle.is_enabled = 0;
        expect_marked(2, 1000);
        root[2] = NULL;
    }
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_needs_no_team),
        cmocka_unit_test(a_team_is_charged),
        cmocka_unit_test(a_short_collection_wakes_nobody),
        cmocka_unit_test(the_second_survival_promotes),
        cmocka_unit_test(a_list_survives_any_number_of_threads),
        cmocka_unit_test(shared_objects_are_copied_once),
        cmocka_unit_test(what_overflows_the_deque_is_not_lost),
        cmocka_unit_test(remembered_slots_stay_until_both_are_old),
        cmocka_unit_test(an_omitted_barrier_is_caught),
        cmocka_unit_test(a_slot_that_a_worker_remembered_is_missed_without_it),
        cmocka_unit_test(promotion_that_fails_half_way_leaves_the_rest_young),
        cmocka_unit_test(
            a_full_nursery_survives_whole_where_nothing_can_be_promoted),
        cmocka_unit_test(gaps_are_no_survivors),
        cmocka_unit_test(marking_in_steps_and_workers_get_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
