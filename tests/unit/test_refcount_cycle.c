/* SPDX-License-Identifier: MIT */
/* Trial deletion in slices, seen from inside; what the suite of all collectors
 * asks is not repeated. */
#include "collectors/refcount_cycle/refcount_cycle.h"

#include "collectors/mutator.h"
#include "collectors/refcount_cycle/refcount_cycle_heap.h"
#include "common/rng.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOTS = 8, REFS = 3, MODEL = 4096, STEPS = 12000 };

#define MIB ((size_t)1 << 20)

static const struct hm_layout node = {REFS, 8, "node"};

static struct {
    struct hm_gc *gc;
    struct hm_mutator *m;
    hm_ref root[ROOTS];
    struct hm_pause_log log;
    size_t flagged; /* result of count_flagged */
    uint64_t flags;
} heap;

static void note_exhausted(size_t bytes)
{
    fail_msg("no room for %zu bytes", bytes);
}

static void open_heap(uint64_t slice_work, uint64_t widen, int verify)
{
    static uint64_t param[HM_PARAMS_MAX]; /* outlives the heap */
    const struct hm_gc_config config = {.heap_bytes = 16 * MIB,
                                        .verify = verify,
                                        .param = param,
                                        .log = &heap.log,
                                        .exhausted = note_exhausted};
    const char *why = NULL;

    hm_params_defaults(hm_collector_this.params, 0, param);
    param[REFCOUNT_INTERVAL] = 1024;
    param[REFCOUNT_CYCLE_WORK] = slice_work;
    param[REFCOUNT_CYCLE_WIDEN] = widen;
    memset(&heap, 0, sizeof(heap));
    heap.gc = hm_gc_open(&config, &why);
    if (heap.gc == NULL)
        fail_msg("%s", why);
    heap.m = hm_gc_attach(heap.gc);
    hm_gc_add_roots(heap.gc, heap.root, ROOTS);
}

static void close_heap(void)
{
    hm_gc_detach(heap.m);
    hm_gc_close(heap.gc);
}

static void close_sound_heap(void)
{
    const char *wrong = hm_gc_check(heap.gc);

    if (wrong != NULL)
        fail_msg("%s", wrong);
    close_heap();
}

/* One pause, in which a round goes on or begins.  Its work is bounded. */
static void step(void)
{
    const struct refcount_cycle_round *round = &hm_refcount_cycle.round;
    size_t work = heap.gc->heap.config.param[REFCOUNT_CYCLE_WORK];
    unsigned level = round->is_open ? round->level : 0;

    hm_refcount_cycle.due_bytes = 0;
    hm_refcount_poll(heap.m);
    assert_in_range(round->work, 0, work + (work << level));
}

/* Steps to the end of a round, and of the wider one that may follow. */
static void finish_round(void)
{
    do {
        step();
    } while (hm_refcount_cycle.round.is_open);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): a visitor's type */
static void count_flag(struct hm_gc *gc, uint64_t *header)
{
    (void)gc;
    heap.flagged +=
        (*header & HM_REFCOUNT_LIVE) && (*header & heap.flags) == heap.flags;
}

static size_t count_flagged(uint64_t flags)
{
    heap.flags = flags;
    heap.flagged = 0;
    hm_refcount_each(heap.gc, count_flag);
    return heap.flagged;
}

/* A ring of n nodes in root `r`, linked in both directions. */
static void build_ring(unsigned r, unsigned n)
{
    HM_FRAME(heap.m, f, 1);

    heap.root[r] = hm_new(heap.m, &node);
    HM_SET(heap.m, f, 0, heap.root[r]);
    for (unsigned i = 1; i < n; i++) {
        hm_ref o = hm_new(heap.m, &node);

        hm_init(heap.m, o, 0, HM_GET(f, 0));
        hm_store(heap.m, HM_GET(f, 0), 1, o);
        HM_SET(heap.m, f, 0, o);
    }
    hm_store(heap.m, HM_GET(f, 0), 1, heap.root[r]);
    hm_store(heap.m, heap.root[r], 0, HM_GET(f, 0));
    HM_LEAVE(heap.m, f);
}

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

/* A random program on a model of its heap: an object is its number; 0: none. */
static struct {
    struct hm_rng rng;
    unsigned n;
    unsigned root[ROOTS];
    unsigned field[MODEL][REFS];
    hm_ref seen[MODEL];
} model;

static void model_new(unsigned slot)
{
    uint64_t id = model.n++;

    heap.root[slot] = hm_new(heap.m, &node);
    memcpy(hm_raw(heap.root[slot], REFS), &id, sizeof(id));
    model.root[slot] = (unsigned)id;
    memset(model.field[id], 0, sizeof(model.field[id]));
}

/* Moves, drops, links or follows a reference, or makes an object. */
static void model_step(void)
{
    unsigned a = hm_rng_below(&model.rng, ROOTS);
    unsigned b = hm_rng_below(&model.rng, ROOTS);
    unsigned i = hm_rng_below(&model.rng, REFS);
    unsigned what = hm_rng_below(&model.rng, 16);

    if (what < 4 && model.n < MODEL) {
        model_new(a);
    } else if (what < 9 && model.root[a] != 0) {
        hm_store(heap.m, heap.root[a], i, heap.root[b]);
        model.field[model.root[a]][i] = model.root[b];
    } else if (what < 14 && model.root[a] != 0) {
        heap.root[b] = hm_load(heap.m, heap.root[a], i);
        model.root[b] = model.field[model.root[a]][i];
    } else if (what == 15) {
        heap.root[a] = NULL;
        model.root[a] = 0;
    }
}

/* Returns the number of objects that the model reaches from `id`, which must
 * be `o`, and not seen before. */
static size_t model_compare(unsigned id, hm_ref o)
{
    uint64_t found;
    size_t n = 1;

    if (id == 0) {
        assert_null(o);
        return 0;
    }
    assert_non_null(o);
    if (model.seen[id] != NULL) {
        assert_ptr_equal(model.seen[id], o);
        return 0;
    }
    model.seen[id] = o;
    memcpy(&found, hm_raw(o, REFS), sizeof(found));
    assert_int_equal(found, id);
    for (size_t i = 0; i < REFS; i++)
        n += model_compare(model.field[id][i], hm_load(heap.m, o, i));
    return n;
}

static size_t model_compare_all(void)
{
    size_t n = 0;

    memset(model.seen, 0, sizeof(model.seen));
    for (size_t i = 0; i < ROOTS; i++)
        n += model_compare(model.root[i], heap.root[i]);
    return n;
}

/* Live objects stay, and slices alone find in the end all that is dead. */
static void run_model(uint32_t seed, uint64_t slice_work)
{
    size_t n;

    open_heap(slice_work, 20, 1);
    memset(&model, 0, sizeof(model));
    model.n = 1;
    hm_rng_seed(&model.rng, seed);
    for (unsigned i = 0; i < STEPS; i++) {
        model_step();
        if (i % 16 == 0)
            step(); /* counts are checked before and after */
        if (i % 512 == 0)
            (void)model_compare_all();
    }
    for (int i = 0; i < 40; i++)
        finish_round();
    n = model_compare_all();
    assert_int_equal(heap.gc->object_bytes, n * 5 * HM_WORD_BYTES);
    close_sound_heap();
}

static void slices_and_a_random_program_never_lose_an_object(void **state)
{
    static const uint64_t work[] = {4, 5, 9, 30, 200};

    (void)state;
    for (uint32_t seed = 1; seed <= 5; seed++)
        run_model(seed, work[seed % 5]);
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
        cmocka_unit_test(slices_and_a_random_program_never_lose_an_object),
        cmocka_unit_test(an_omitted_suspect_is_a_leak_that_the_check_sees),
        cmocka_unit_test(an_omitted_increment_is_caught),
        cmocka_unit_test(the_options_have_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
