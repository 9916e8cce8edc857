/* SPDX-License-Identifier: MIT */
/* The remembered set, alone and against a plain table of flags. */
#include "collectors/substrate/slot_set.h"
#include "collectors/substrate/workers.h"
#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    SLOTS = 4 * HM_SLOT_CHUNK_WORDS,
    BYTES = SLOTS * 8,
};

struct fixture {
    struct hm_range range;
    struct hm_budget budget;
    struct hm_slot_set set;
    hm_ref *slot;
};

static struct fixture f;

static int set_up(void **state)
{
    (void)state;
    f = (struct fixture){0};
    assert_true(hm_range_open(&f.range, BYTES));
    assert_true(hm_range_extend(&f.range, BYTES));
    assert_true(hm_slot_set_open(&f.set, &f.range, &f.budget));
    assert_true(hm_slot_set_cover(&f.set, BYTES));
    f.slot = (hm_ref *)(void *)f.range.start;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hm_slot_set_close(&f.set);
    hm_range_close(&f.range);
    return 0;
}

static void assert_sound(size_t count)
{
    const char *wrong = hm_slot_set_check(&f.set);

    if (wrong != NULL)
        fail_msg("%s", wrong);
    assert_int_equal(hm_slot_set_count(&f.set), count);
}

struct visit {
    size_t n;
    unsigned char seen[SLOTS];
    unsigned char keep[SLOTS];
};

static struct visit visit;

static int visit_one(void *arg, hm_ref *slot)
{
    struct visit *v = arg;
    size_t i = (size_t)(slot - f.slot);

    assert_true(i < SLOTS);
    v->n++;
    v->seen[i]++;
    return v->keep[i];
}

static void what_is_added_is_visited_once(void **state)
{
    static const size_t at[] = {0, 1, 63, 64, 4095, 4096, SLOTS - 1};

    enum { N = sizeof(at) / sizeof(at[0]) };

    (void)state;
    visit = (struct visit){0};
    for (size_t i = 0; i < N; i++) {
        hm_slot_set_add(&f.set, f.slot + at[i]);
        hm_slot_set_add(&f.set, f.slot + at[i]);
        assert_true(hm_slot_set_has(&f.set, f.slot + at[i]));
    }
    assert_false(hm_slot_set_has(&f.set, f.slot + 2));
    assert_sound(N);
    visit.keep[63] = visit.keep[SLOTS - 1] = 1;
    hm_slot_set_each(&f.set, visit_one, &visit);
    assert_int_equal(visit.n, N);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(visit.seen[at[i]], 1);
    assert_sound(2);
    assert_true(hm_slot_set_has(&f.set, f.slot + 63));
    assert_false(hm_slot_set_has(&f.set, f.slot + 64));
}

static unsigned char flag[SLOTS]; /* what the set should hold */

static void change_some(struct hm_rng *rng)
{
    size_t at = hm_rng_below(rng, SLOTS), n = hm_rng_below(rng, 300);

    for (int i = 0; i < 50; i++) {
        size_t s = hm_rng_below(rng, SLOTS);

        hm_slot_set_add(&f.set, f.slot + s);
        flag[s] = 1;
    }
    n = n < SLOTS - at ? n : SLOTS - at;
    hm_slot_set_remove(&f.set, f.slot + at, n);
    memset(flag + at, 0, n);
}

static void keep_some_of_a_chunk(struct hm_rng *rng)
{
    uint64_t bits[HM_SLOT_CHUNK_WORDS / 64];
    uint32_t c = hm_rng_below(rng, SLOTS / HM_SLOT_CHUNK_WORDS);
    unsigned char *its = flag + (size_t)c * HM_SLOT_CHUNK_WORDS;

    for (int i = 0; i < HM_SLOT_CHUNK_WORDS / 64; i++)
        bits[i] = (uint64_t)hm_rng_below(rng, UINT32_MAX) << 16;
    hm_slot_set_keep(&f.set, c, bits);
    for (size_t i = 0; i < HM_SLOT_CHUNK_WORDS; i++) {
        if (!(bits[i / 64] >> i % 64 & 1))
            its[i] = 0;
    }
}

static void visit_and_keep_half(struct hm_rng *rng)
{
    visit = (struct visit){0};
    for (size_t i = 0; i < SLOTS; i++)
        visit.keep[i] = hm_rng_below(rng, 2) == 0;
    hm_slot_set_each(&f.set, visit_one, &visit);
    assert_memory_equal(visit.seen, flag, SLOTS);
    for (size_t i = 0; i < SLOTS; i++)
        flag[i] &= visit.keep[i];
}

static void a_set_agrees_with_a_table_of_flags(void **state)
{
    struct hm_rng rng;

    (void)state;
    hm_rng_seed(&rng, 3);
    for (int step = 0; step < 300; step++) {
        size_t count = 0;

        change_some(&rng);
        if (step % 10 == 0)
            keep_some_of_a_chunk(&rng);
        if (step % 25 == 0)
            visit_and_keep_half(&rng);
        for (size_t i = 0; i < SLOTS; i++)
            count += flag[i];
        assert_sound(count);
    }
}

static void a_cover_is_charged_and_given_back(void **state)
{
    size_t full = f.budget.held_bytes;

    (void)state;
    assert_true(full >= BYTES / 64);
    hm_slot_set_add(&f.set, f.slot);
    hm_slot_set_add(&f.set, f.slot + SLOTS - 1);
    hm_slot_set_remove(&f.set, f.slot + SLOTS - 1, 1);
    hm_slot_set_trim(&f.set, BYTES / 4);
    assert_int_equal(f.budget.held_bytes, full / 4);
    assert_sound(1);
    f.budget.limit_bytes = full - 1;
    assert_false(hm_slot_set_cover(&f.set, BYTES));
    assert_int_equal(f.budget.held_bytes, full / 4);
    f.budget.limit_bytes = full;
    assert_true(hm_slot_set_cover(&f.set, BYTES));
    assert_false(hm_slot_set_has(&f.set, f.slot + SLOTS - 1));
    assert_sound(1);
}

static void damage_is_noticed(void **state)
{
    (void)state;
    hm_slot_set_add(&f.set, f.slot + 5000);
    assert_null(hm_slot_set_check(&f.set));
    f.set.bits[0] = 1;
    assert_non_null(hm_slot_set_check(&f.set));
    f.set.bits[0] = 0;
    f.set.listed = HM_SLOT_CHUNK_NONE;
    assert_non_null(hm_slot_set_check(&f.set));
}

#define SLOT_SET_TEST(name) \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- by several threads ---- */

enum { SHARED_THREADS = 3 };

static struct hm_workers helpers;
static uint32_t unclaimed;
static atomic_uint claims[SLOTS / HM_SLOT_CHUNK_WORDS];

/* Keeps odd slots; for every sixth one, adds the one 5001 slots on. */
static int visit_and_add(void *arg, hm_ref *slot)
{
    size_t i = (size_t)(slot - f.slot);

    (void)arg;
    if (i % 6 == 0)
        hm_slot_set_add_shared(&f.set, &f.slot[(i + 5001) % SLOTS]);
    return (int)(i % 2);
}

static void claim_chunks(void *arg, unsigned worker)
{
    uint32_t c;

    (void)arg;
    (void)worker;
    while ((c = hm_slot_set_claim(&f.set, &unclaimed)) != HM_SLOT_CHUNK_NONE) {
        atomic_fetch_add(&claims[c], 1);
        hm_slot_set_each_of(&f.set, c, visit_and_add, NULL);
    }
}

/* Kept are odd slots, and all that is added is odd. */
static void threads_that_visit_and_add_lose_nothing(void **state)
{
    (void)state;
    hm_workers_open(&helpers, SHARED_THREADS);
    for (size_t i = 0; i < SLOTS; i += 3)
        hm_slot_set_add(&f.set, &f.slot[i]);
    for (int round = 0; round < 20; round++) {
        memset(claims, 0, sizeof(claims));
        for (size_t i = 0; i < SLOTS; i += 6)
            hm_slot_set_add(&f.set, &f.slot[i]);
        unclaimed = hm_slot_set_detach(&f.set);
        hm_workers_run(&helpers, claim_chunks, NULL);
        for (size_t c = 0; c < SLOTS / HM_SLOT_CHUNK_WORDS; c++)
            assert_int_equal(atomic_load(&claims[c]), 1);
        for (size_t i = 0; i < SLOTS; i++) {
            int is_kept = i % 6 == 3 || (i + SLOTS - 5001) % SLOTS % 6 == 0;

            assert_int_equal(hm_slot_set_has(&f.set, &f.slot[i]), is_kept);
        }
        assert_null(hm_slot_set_check(&f.set));
    }
    hm_workers_close(&helpers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SLOT_SET_TEST(what_is_added_is_visited_once),
        SLOT_SET_TEST(a_set_agrees_with_a_table_of_flags),
        SLOT_SET_TEST(a_cover_is_charged_and_given_back),
        SLOT_SET_TEST(damage_is_noticed),
        SLOT_SET_TEST(threads_that_visit_and_add_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
