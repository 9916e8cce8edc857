/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/extents.h"
#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS = 64, REACH_BYTES = 64 << 20, STEPS = 20000 };

static struct hm_budget budget;
static struct hm_extents extents;

static struct {
    size_t pages;
    uint32_t first;
    unsigned char mark;
} run[RUNS]; /* pages == 0: none */

static void open_with(size_t limit_bytes, int is_guarded)
{
    budget = (struct hm_budget){.limit_bytes = limit_bytes};
    memset(run, 0, sizeof(run));
    assert_int_equal(
        hm_extents_open(&extents, REACH_BYTES, &budget, is_guarded), 1);
}

/* The first and last byte of each run still are its own. */
static void check_contents(unsigned i)
{
    const unsigned char *start = hm_extents_address(&extents, run[i].first);

    assert_int_equal(start[0], run[i].mark);
    assert_int_equal(start[run[i].pages * HM_PAGE_BYTES - 1], run[i].mark);
    assert_true(hm_extents_is_start(&extents, start));
    assert_false(hm_extents_is_start(&extents, start + 1));
}

static void take(unsigned i, size_t pages, unsigned char mark)
{
    int is_zero = 0;
    uint32_t first = hm_extents_take(&extents, pages, &is_zero);
    unsigned char *start;

    if (first == HM_EXTENT_NONE)
        return;
    start = hm_extents_address(&extents, first);
    if (is_zero)
        assert_int_equal(start[0] | start[pages * HM_PAGE_BYTES - 1], 0);
    start[0] = start[pages * HM_PAGE_BYTES - 1] = mark;
    run[i].first = first;
    run[i].pages = pages;
    run[i].mark = mark;
}

static void random_runs(size_t limit_bytes, int is_guarded)
{
    struct hm_rng rng;

    hm_rng_seed(&rng, 1);
    open_with(limit_bytes, is_guarded);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = hm_rng_below(&rng, RUNS);

        if (run[i].pages != 0) {
            check_contents(i);
            hm_extents_give(&extents, run[i].first);
            run[i].pages = 0;
        } else {
            take(i, 1 + hm_rng_below(&rng, 1 + step % 60),
                 (unsigned char)(1 + step % 255));
        }
        if (step % 1000 == 0)
            hm_extents_release(&extents);
        if (step % 64 == 0)
            assert_null(hm_extents_check(&extents));
        assert_true(limit_bytes == 0 || budget.held_bytes <= limit_bytes);
    }
    hm_extents_close(&extents);
}

static void runs_keep_their_bytes_and_never_overlap(void **state)
{
    (void)state;
    random_runs(0, 0);
}

static void runs_keep_within_a_budget(void **state)
{
    (void)state;
    random_runs((size_t)4 << 20, 0);
}

static void runs_work_while_free_ones_are_inaccessible(void **state)
{
    (void)state;
    random_runs(0, 1);
}

static void neighbours_join_when_freed_in_any_order(void **state)
{
    static const unsigned order[] = {1, 3, 0, 2, 5, 4};

    (void)state;
    open_with(0, 0);
    for (unsigned i = 0; i < 6; i++)
        take(i, 2 + i, 1);
    for (unsigned i = 0; i < 6; i++)
        hm_extents_give(&extents, run[order[i]].first);
    assert_null(hm_extents_check(&extents));
    assert_int_equal(extents.page[0].pages, 2 + 3 + 4 + 5 + 6 + 7);
    take(0, 27, 1);
    assert_int_equal(run[0].first, 0); /* all of it again */
    hm_extents_close(&extents);
}

static void a_refusal_changes_nothing(void **state)
{
    struct hm_budget before;
    int is_zero;

    (void)state;
    open_with((size_t)1 << 20, 0);
    take(0, 100, 1);
    before = budget;
    assert_int_equal(hm_extents_take(&extents, 1000, &is_zero), HM_EXTENT_NONE);
    assert_int_equal(budget.held_bytes, before.held_bytes);
    assert_null(hm_extents_check(&extents));
    check_contents(0);
    hm_extents_close(&extents);
}

static void released_pages_leave_the_budget_and_read_as_zero(void **state)
{
    int is_zero = 0;
    size_t held;

    (void)state;
    open_with(0, 0);
    take(0, 50, 9);
    hm_extents_give(&extents, run[0].first);
    held = budget.held_bytes;
    hm_extents_release(&extents);
    assert_int_equal(held - budget.held_bytes, 50 * HM_PAGE_BYTES);
    assert_int_equal(hm_extents_take(&extents, 50, &is_zero), run[0].first);
    assert_int_equal(is_zero, 1);
    assert_int_equal(
        *(unsigned char *)hm_extents_address(&extents, run[0].first), 0);
    hm_extents_close(&extents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_keep_their_bytes_and_never_overlap),
        cmocka_unit_test(runs_keep_within_a_budget),
        cmocka_unit_test(runs_work_while_free_ones_are_inaccessible),
        cmocka_unit_test(neighbours_join_when_freed_in_any_order),
        cmocka_unit_test(a_refusal_changes_nothing),
        cmocka_unit_test(released_pages_leave_the_budget_and_read_as_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
