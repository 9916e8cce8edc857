/* SPDX-License-Identifier: MIT */
/* The table of weak objects over a heap that is only pretended: what is
 * reached, moves or is young is decided by the test. */
#include "collectors/substrate/weak.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FAKES = 200000 };

/* An object: the two words of a holder, one ordinary reference. */
struct fake {
    hm_ref word[2];
    struct fake *to; /* strong */
    struct fake *copy;
    int is_reached, is_young;
};

static struct fake *fake;
static struct fake **fake_stack;
static size_t fake_depth, fake_marks, fake_resolves;
static struct hm_budget budget;
static struct hm_weak weak;

static hm_ref fake_ref(struct fake *o)
{
    return (hm_ref)(void *)o;
}

static struct fake *fake_of(hm_ref o)
{
    return (struct fake *)(void *)o;
}

static hm_ref fake_resolve(void *arg, hm_ref o)
{
    const struct fake *f = fake_of(o);

    (void)arg;
    fake_resolves++;
    if (!f->is_reached)
        return NULL;
    return f->copy != NULL ? fake_ref(f->copy) : o;
}

static void fake_reach(struct fake *o)
{
    if (o == NULL || o->is_reached)
        return;
    o->is_reached = 1;
    fake_marks++;
    hm_weak_note(&weak, fake_ref(o));
    fake_stack[fake_depth++] = o;
}

static void fake_mark(void *arg, hm_ref *slot)
{
    (void)arg;
    if (*slot == NULL)
        return;
    fake_reach(fake_of(*slot));
    if (fake_of(*slot)->copy != NULL)
        *slot = fake_ref(fake_of(*slot)->copy);
}

static void fake_drain(void *arg)
{
    (void)arg;
    while (fake_depth > 0)
        fake_reach(fake_stack[--fake_depth]->to);
}

static int fake_is_young(void *arg, hm_ref o)
{
    (void)arg;
    return fake_of(o)->is_young;
}

static void fake_process(int is_minor)
{
    struct hm_weak_pass pass = {.resolve = fake_resolve,
                                .mark = fake_mark,
                                .drain = fake_drain,
                                .is_young = fake_is_young,
                                .is_minor = is_minor};

    fake_drain(NULL);
    fake_marks = fake_resolves = 0;
    hm_weak_process(&weak, &pass);
}

static int fake_setup(void **state)
{
    (void)state;
    budget = (struct hm_budget){0};
    fake = calloc(FAKES, sizeof(*fake));
    fake_stack = malloc(FAKES * sizeof(struct fake *));
    fake_depth = 0;
    hm_weak_open(&weak, &budget);
    return fake == NULL || fake_stack == NULL;
}

static int fake_teardown(void **state)
{
    (void)state;
    hm_weak_close(&weak);
    free(fake);
    free(fake_stack);
    return 0;
}

static void fake_reference(size_t holder, size_t target)
{
    fake[holder].word[0] = fake_ref(&fake[target]);
    assert_int_equal(
        hm_weak_add(&weak, HM_WEAK_REFERENCE, fake_ref(&fake[holder]), 0), 1);
}

static void fake_ephemeron(size_t holder, size_t key, size_t value)
{
    fake[holder].word[0] = fake_ref(&fake[key]);
    fake[holder].word[1] = fake_ref(&fake[value]);
    assert_int_equal(
        hm_weak_add(&weak, HM_WEAK_EPHEMERON, fake_ref(&fake[holder]), 0), 1);
}

static void an_empty_table_takes_nothing_and_does_nothing(void **state)
{
    (void)state;
    fake_process(0);
    assert_int_equal(budget.held_bytes, 0);
    assert_int_equal(fake_resolves, 0);
}

static void a_dead_target_is_cleared_and_a_live_one_kept(void **state)
{
    (void)state;
    fake_reference(0, 2);
    fake_reference(1, 3);
    fake_reach(&fake[0]);
    fake_reach(&fake[1]);
    fake_reach(&fake[3]);
    fake_process(0);
    assert_null(fake[0].word[0]);
    assert_ptr_equal(fake[1].word[0], &fake[3]);
    assert_int_equal(weak.list[HM_WEAK_REFERENCE].n, 1);
}

static void the_entry_of_a_dead_holder_goes_and_nothing_is_written(void **state)
{
    (void)state;
    fake_reference(0, 1);
    fake_reach(&fake[1]);
    fake_process(0);
    assert_ptr_equal(fake[0].word[0], &fake[1]);
    assert_true(hm_weak_is_empty(&weak));
}

static void what_moves_is_followed(void **state)
{
    (void)state;
    fake_reference(0, 1);
    fake_ephemeron(2, 1, 3);
    for (size_t i = 0; i < 4; i++) {
        fake[i].copy = &fake[10 + i];
        fake[10 + i].word[0] = fake[i].word[0];
        fake[10 + i].word[1] = fake[i].word[1];
    }
    for (size_t i = 0; i < 3; i++)
        fake_reach(&fake[i]);
    fake_process(0);
    assert_ptr_equal(fake[10].word[0], &fake[11]);
    assert_ptr_equal(fake[12].word[0], &fake[11]);
    assert_ptr_equal(fake[12].word[1], &fake[13]);
    assert_ptr_equal(hm_weak_references(&weak)[0].holder, &fake[10]);
    assert_ptr_equal(hm_weak_ephemerons(&weak)[0].holder, &fake[12]);
}

static void a_value_lives_by_its_key_and_its_ephemeron(void **state)
{
    (void)state;
    fake_ephemeron(0, 1, 2); /* both live */
    fake_ephemeron(3, 4, 5); /* no key */
    fake_ephemeron(6, 7, 8); /* no ephemeron */
    fake_reach(&fake[0]);
    fake_reach(&fake[1]);
    fake_reach(&fake[3]);
    fake_reach(&fake[7]);
    fake_process(0);
    assert_true(fake[2].is_reached);
    assert_ptr_equal(fake[0].word[1], &fake[2]);
    assert_false(fake[5].is_reached);
    assert_null(fake[3].word[0]);
    assert_null(fake[3].word[1]);
    assert_false(fake[8].is_reached);
    assert_int_equal(weak.list[HM_WEAK_EPHEMERON].n, 1);
}

static void an_ephemeron_reached_through_a_value_counts(void **state)
{
    (void)state;
    fake_ephemeron(3, 4, 5); /* 3 is held by the value 2 */
    fake_ephemeron(0, 1, 2);
    fake[2].to = &fake[3];
    fake[5].to = &fake[6];
    fake_reach(&fake[0]);
    fake_reach(&fake[1]);
    fake_reach(&fake[4]);
    fake_process(0);
    assert_true(fake[5].is_reached);
    assert_true(fake[6].is_reached);
}

static void a_key_held_by_its_own_value_only_is_dead(void **state)
{
    (void)state;
    fake_ephemeron(0, 1, 2);
    fake[2].to = &fake[1];
    fake_reach(&fake[0]);
    fake_process(0);
    assert_false(fake[1].is_reached);
    assert_null(fake[0].word[1]);
}

/* Holder i, key n + i, value 2n + i, which holds key i + 1. */
static void fake_chain(size_t n, int is_reversed)
{
    for (size_t j = 0; j < n; j++) {
        size_t i = is_reversed ? n - 1 - j : j;

        fake_ephemeron(i, n + i, 2 * n + i);
        if (i + 1 < n)
            fake[2 * n + i].to = &fake[n + i + 1];
        fake_reach(&fake[i]);
    }
}

static void check_chain(size_t n, int is_reversed)
{
    fake_chain(n, is_reversed);
    fake_reach(&fake[n]);
    fake_process(0);
    assert_int_equal(weak.list[HM_WEAK_EPHEMERON].n, n);
    assert_int_equal(fake_marks, 2 * n - 1);
    assert_true(weak.visits <= 2 * n);
    assert_true(fake_resolves <= 6 * n);
    for (size_t i = 0; i < 3 * n; i++)
        fake[i].is_reached = i < n;
    fake_process(0);
    assert_int_equal(fake_marks, 0);
    assert_int_equal(weak.visits, n);
    assert_true(hm_weak_is_empty(&weak));
}

static void a_chain_costs_linear_work_in_either_order(void **state)
{
    (void)state;
    check_chain(60000, 1);
    fake_teardown(NULL);
    fake_setup(NULL);
    check_chain(60000, 0);
}

static void many_ephemerons_of_one_key_become_ready_at_once(void **state)
{
    enum { N = 50000 };

    (void)state;
    for (size_t i = 0; i < N; i++) {
        fake_ephemeron(i, N, N + 2 + i);
        fake_reach(&fake[i]);
    }
    fake_ephemeron(2 * N + 2, N + 1, 2 * N + 3);
    fake[2 * N + 3].to = &fake[N];
    fake_reach(&fake[2 * N + 2]);
    fake_reach(&fake[N + 1]);
    fake_process(0);
    assert_int_equal(fake_marks, N + 2);
    assert_true(weak.visits <= 2 * N + 1);
}

static void a_dead_token_is_delivered_once(void **state)
{
    uint64_t token = 0;

    (void)state;
    assert_int_equal(hm_weak_add(&weak, HM_WEAK_WATCH, fake_ref(&fake[0]), 7),
                     1);
    assert_int_equal(hm_weak_add(&weak, HM_WEAK_WATCH, fake_ref(&fake[1]), 8),
                     1);
    assert_int_equal(hm_weak_add(&weak, HM_WEAK_WATCH, fake_ref(&fake[1]), 9),
                     1);
    fake_reach(&fake[1]);
    assert_int_equal(hm_weak_take_dead(&weak, &token), 0);
    fake_process(0);
    fake_process(0);
    assert_int_equal(hm_weak_take_dead(&weak, &token), 1);
    assert_int_equal(token, 7);
    assert_int_equal(hm_weak_take_dead(&weak, &token), 0);
    fake[1].is_reached = 0;
    fake_process(0);
    assert_int_equal(hm_weak_take_dead(&weak, &token), 1);
    assert_int_equal(hm_weak_take_dead(&weak, &token), 1);
    assert_int_equal(hm_weak_take_dead(&weak, &token), 0);
}

static void a_young_collection_looks_only_at_what_has_a_young_part(void **state)
{
    enum { N = 20000 };

    (void)state;
    for (size_t i = 0; i < N; i++) {
        fake_reference(2 * i, 2 * i + 1);
        fake[2 * i].is_reached = fake[2 * i + 1].is_reached = 1;
        fake[2 * i].is_young = i % 100 == 0;      /* some holders ... */
        fake[2 * i + 1].is_young = i % 100 == 50; /* ... and targets */
    }
    fake_process(1);
    assert_int_equal(weak.list[HM_WEAK_REFERENCE].n, N);
    assert_int_equal(weak.list[HM_WEAK_REFERENCE].n_old, N - N / 50);
    fake_process(1);
    assert_int_equal(fake_resolves, 2 * N / 50);
    fake[1].is_reached = 0; /* the target of a young holder */
    fake_process(1);
    assert_null(fake[0].word[0]);
    fake_process(0); /* a full one looks at all */
    assert_int_equal(fake_resolves, 2 * (N - 1));
}

static void an_old_ephemeron_of_an_old_key_keeps_its_young_value(void **state)
{
    (void)state;
    fake_ephemeron(0, 1, 2);
    fake[0].is_reached = fake[1].is_reached = 1;
    fake[2].is_young = 1;
    fake_process(1);
    assert_true(fake[2].is_reached);
    assert_int_equal(weak.list[HM_WEAK_EPHEMERON].n_old, 0);
    fake[2].is_young = 0;
    fake_process(1);
    assert_int_equal(weak.list[HM_WEAK_EPHEMERON].n_old, 1);
}

static void memory_is_charged_and_given_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < 60000; i++) {
        fake_ephemeron(i, i, i);
        fake_reference(60000 + i, i);
        assert_int_equal(
            hm_weak_add(&weak, HM_WEAK_WATCH, fake_ref(&fake[i]), i), 1);
    }
    assert_true(budget.held_bytes >= (size_t)60000 * (28 + 8 + 24));
    assert_int_equal(budget.held_bytes, hm_weak_held_bytes(&weak));
    fake_process(0);
    assert_int_equal(budget.held_bytes,
                     hm_round_up(60000 * sizeof(uint64_t), HM_PAGE_BYTES));
    for (uint64_t token; hm_weak_take_dead(&weak, &token);)
        continue;
    fake_process(0);
    assert_int_equal(budget.held_bytes, 0);
}

static void what_the_budget_refuses_changes_nothing(void **state)
{
    size_t n = 0;

    (void)state;
    budget.limit_bytes = (size_t)4 * HM_PAGE_BYTES;
    while (hm_weak_cost_bytes(&weak, HM_WEAK_WATCH) <=
           budget.limit_bytes - budget.held_bytes) {
        assert_int_equal(
            hm_weak_add(&weak, HM_WEAK_WATCH, fake_ref(&fake[n]), n), 1);
        n++;
    }
    assert_int_equal(hm_weak_add(&weak, HM_WEAK_WATCH, fake_ref(&fake[n]), n),
                     0);
    assert_int_equal(weak.list[HM_WEAK_WATCH].n, n);
    assert_true(budget.held_bytes <= budget.limit_bytes);
    fake_process(0);
    assert_int_equal(weak.dead.n, n); /* there was room for every token */
}

static void fake_count(void *arg, hm_ref *slot)
{
    assert_non_null(*slot);
    ++*(size_t *)arg;
}

static void every_slot_is_visited(void **state)
{
    size_t n = 0;

    (void)state;
    fake_reference(0, 1);
    fake_ephemeron(2, 3, 4);
    assert_int_equal(hm_weak_add(&weak, HM_WEAK_WATCH, fake_ref(&fake[5]), 1),
                     1);
    hm_weak_each(&weak, fake_count, &n, 0);
    assert_int_equal(n, 2 + 3 + 1);
}

#define WEAK_TEST(test) \
    cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEAK_TEST(an_empty_table_takes_nothing_and_does_nothing),
        WEAK_TEST(a_dead_target_is_cleared_and_a_live_one_kept),
        WEAK_TEST(the_entry_of_a_dead_holder_goes_and_nothing_is_written),
        WEAK_TEST(what_moves_is_followed),
        WEAK_TEST(a_value_lives_by_its_key_and_its_ephemeron),
        WEAK_TEST(an_ephemeron_reached_through_a_value_counts),
        WEAK_TEST(a_key_held_by_its_own_value_only_is_dead),
        WEAK_TEST(a_chain_costs_linear_work_in_either_order),
        WEAK_TEST(many_ephemerons_of_one_key_become_ready_at_once),
        WEAK_TEST(a_dead_token_is_delivered_once),
        WEAK_TEST(a_young_collection_looks_only_at_what_has_a_young_part),
        WEAK_TEST(an_old_ephemeron_of_an_old_key_keeps_its_young_value),
        WEAK_TEST(memory_is_charged_and_given_back),
        WEAK_TEST(what_the_budget_refuses_changes_nothing),
        WEAK_TEST(every_slot_is_visited),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
