/* SPDX-License-Identifier: MIT */
/* Workers that share work: each item is done once, the work ends when all of it
 * is, and not before. */
#include "collectors/substrate/work_team.h"
#include "collectors/substrate/workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* An item is a node of a complete binary tree, numbered from 1. */
enum { THREADS_MAX = 4, NODES = 1 << 15, CAPACITY = 1024, MOST = 8 };

struct worker {
    struct hm_work_deque deque;
    struct hm_work_slot slot[CAPACITY];
};

static struct hm_workers workers;
static struct hm_work_team team;
static struct worker worker[THREADS_MAX];
static char node[NODES]; /* an item is its address */
static atomic_uchar done[NODES];

static void open_team(unsigned n)
{
    memset(done, 0, sizeof(done));
    for (unsigned i = 0; i < n; i++) {
        hm_work_deque_open(&worker[i].deque, worker[i].slot, CAPACITY);
    }
    hm_workers_open(&workers, n);
    hm_work_team_begin(&team, &worker[0].deque, sizeof(worker[0]),
                       hm_workers_start(&workers));
    assert_int_equal(team.n, n);
}

static void do_node(struct worker *w, unsigned i)
{
    atomic_fetch_add(&done[i], 1);
    for (unsigned child = 2 * i; child <= 2 * i + 1 && child < NODES; child++)
        assert_true(hm_work_deque_push(&w->deque, &node[child]));
}

static void work(void *arg, unsigned self)
{
    struct worker *w = &worker[self];
    void *item[MOST];
    size_t n;

    (void)arg;
    do {
        while ((n = hm_work_deque_take(&w->deque, item, MOST)) > 0) {
            for (size_t i = 0; i < n; i++)
                do_node(w, (unsigned)((char *)item[i] - node));
        }
        n = hm_work_team_find(&team, self, item, MOST);
        for (size_t i = 0; i < n; i++)
            do_node(w, (unsigned)((char *)item[i] - node));
    } while (n > 0);
}

static void each_item_is_done_once(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= THREADS_MAX; n++) {
        open_team(n);
        assert_true(hm_work_deque_push(&worker[0].deque, &node[1]));
        hm_workers_run(&workers, work, NULL);
        for (unsigned i = 1; i < NODES; i++)
            assert_int_equal(atomic_load(&done[i]), 1);
        assert_int_equal(atomic_load(&team.idle), n);
        hm_workers_close(&workers);
    }
}

static void without_work_all_end(void **state)
{
    (void)state;
    open_team(THREADS_MAX);
    hm_workers_run(&workers, work, NULL);
    assert_int_equal(atomic_load(&team.idle), THREADS_MAX);
    hm_workers_close(&workers);
}

static void half_of_what_a_worker_has_is_stolen_at_most(void **state)
{
    void *item[MOST];

    (void)state;
    open_team(2);
    for (unsigned i = 0; i < 6; i++)
        assert_true(hm_work_deque_push(&worker[1].deque, &node[i]));
    assert_int_equal(hm_work_team_find(&team, 0, item, MOST), 4);
    assert_ptr_equal(item[0], &node[0]); /* the oldest first */
    assert_ptr_equal(item[3], &node[3]);
    assert_int_equal(hm_work_team_find(&team, 0, item, 1), 1);
    assert_int_equal(hm_work_deque_count(&worker[1].deque), 1);
    hm_workers_close(&workers);
}

static void work_is_wanted_from_who_alone_has_some(void **state)
{
    (void)state;
    open_team(2);
    assert_false(hm_work_team_is_wanting(&team, &worker[0].deque));
    atomic_store(&team.idle, 1);
    assert_true(hm_work_team_is_wanting(&team, &worker[0].deque));
    assert_true(hm_work_deque_push(&worker[0].deque, &node[1]));
    assert_false(hm_work_team_is_wanting(&team, &worker[0].deque));
    hm_workers_close(&workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_done_once),
        cmocka_unit_test(without_work_all_end),
        cmocka_unit_test(half_of_what_a_worker_has_is_stolen_at_most),
        cmocka_unit_test(work_is_wanted_from_who_alone_has_some),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
