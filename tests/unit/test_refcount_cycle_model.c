/* SPDX-License-Identifier: MIT */
/* Trial deletion in tiny slices beside a random program, against a model of
 * its heap. */
#include "refcount_cycle_fixture.h"

#include "common/rng.h"

enum { MODEL = 4096, STEPS = 6000 };

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_and_a_random_program_never_lose_an_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
