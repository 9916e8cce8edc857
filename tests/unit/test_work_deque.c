/* SPDX-License-Identifier: MIT */
/* The deque alone, then an owner and thieves at once: each item must come out
 * exactly once. */
#include "collectors/substrate/work_deque.h"
#include "collectors/substrate/workers.h"
#include "common/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { CAPACITY = 8, BATCH = 5, ITEMS = 40000, THREADS_MAX = 4 };

static struct hm_work_slot slot[CAPACITY];
static struct hm_work_deque deque;
static char byte[ITEMS + 1]; /* item i is its address; 0 stands for none */

static int push(size_t i)
{
    return hm_work_deque_push(&deque, &byte[i]);
}

static size_t number_of(void *item)
{
    return item == NULL ? 0 : (size_t)((char *)item - byte);
}

static size_t steal(void)
{
    return number_of(hm_work_deque_steal(&deque));
}

/* A new deque whose indices begin at `start`. */
static void open_at(size_t start)
{
    hm_work_deque_open(&deque, slot, CAPACITY);
    atomic_store(&deque.top, start);
    atomic_store(&deque.bottom, start);
    deque.seen_top = start;
}

static void push_numbers(size_t first, size_t last)
{
    for (size_t i = first; i <= last; i++)
        assert_int_equal(push(i), 1);
}

static void a_full_deque_refuses_and_keeps_what_it_has(void **state)
{
    (void)state;
    open_at(0);
    push_numbers(1, CAPACITY);
    assert_int_equal(push(99), 0);
    assert_int_equal(hm_work_deque_count(&deque), CAPACITY);
    for (size_t i = 1; i <= CAPACITY; i++)
        assert_int_equal(steal(), i);
    assert_int_equal(steal(), 0);
    push_numbers(1, CAPACITY);
}

static void the_owner_takes_the_newest_half_the_thief_the_oldest(void **state)
{
    void *item[BATCH];

    (void)state;
    open_at(0);
    push_numbers(1, 7);
    assert_int_equal(steal(), 1);
    assert_int_equal(hm_work_deque_take(&deque, item, BATCH), 3);
    assert_int_equal(number_of(item[0]), 5);
    assert_int_equal(number_of(item[2]), 7);
    assert_int_equal(hm_work_deque_take(&deque, item, 1), 1);
    assert_int_equal(number_of(item[0]), 4);
    assert_int_equal(steal(), 2);
    assert_int_equal(hm_work_deque_take(&deque, item, BATCH), 1);
    assert_int_equal(number_of(item[0]), 3);
    assert_int_equal(hm_work_deque_take(&deque, item, BATCH), 0);
    assert_int_equal(hm_work_deque_count(&deque), 0);
}

static void an_item_that_a_thief_may_have_seen_is_not_withdrawn(void **state)
{
    (void)state;
    open_at(0);
    push_numbers(1, 3);
    assert_int_equal(hm_work_deque_withdraw(&deque, 3, 3), 0);
    assert_int_equal(hm_work_deque_count(&deque), 3);
    assert_int_equal(hm_work_deque_withdraw(&deque, 3, 2), 1);
    assert_int_equal(hm_work_deque_count(&deque), 1);
}

/* Random pushes, takes and steals by one thread, against counts. */
static void indices_wrap_around(void **state)
{
    void *item[BATCH];
    size_t next = 1, sum_in = 0, sum_out = 0, one;
    struct hm_rng rng;

    (void)state;
    hm_rng_seed(&rng, 5);
    open_at(SIZE_MAX - 100);
    for (int i = 0; i < 10000; i++) {
        uint32_t what = hm_rng_below(&rng, 4);

        if (what < 2 && push(next)) {
            sum_in += next++;
        } else if (what == 2) {
            one = steal();
            sum_out += one;
        } else if (what == 3) {
            size_t n = hm_work_deque_take(&deque, item, BATCH);

            for (size_t k = 0; k < n; k++)
                sum_out += number_of(item[k]);
        }
        assert_in_range(hm_work_deque_count(&deque), 0, CAPACITY);
    }
    while ((one = steal()) != 0)
        sum_out += one;
    assert_true(next > 1000);
    assert_int_equal(sum_in, sum_out);
}

static atomic_uchar seen[ITEMS + 1];
static atomic_uint n_out;

static void see(size_t item)
{
    atomic_fetch_add(&seen[item], 1);
    atomic_fetch_add(&n_out, 1);
}

static void own(void)
{
    void *item[BATCH];
    struct hm_rng rng;

    hm_rng_seed(&rng, 11);
    for (size_t next = 1; next <= ITEMS;) {
        size_t n = 0;

        for (uint32_t k = hm_rng_below(&rng, CAPACITY); k > 0; k--) {
            if (next <= ITEMS && push(next))
                next++;
        }
        if (hm_rng_below(&rng, 3) > 0)
            n = hm_work_deque_take(&deque, item, 1 + hm_rng_below(&rng, BATCH));
        for (size_t k = 0; k < n; k++)
            see(number_of(item[k]));
    }
}

static void own_or_steal(void *arg, unsigned worker)
{
    unsigned step = 0;

    (void)arg;
    if (worker == 0)
        own();
    while (atomic_load(&n_out) < ITEMS) {
        size_t item = steal();

        if (item == 0) {
            hm_workers_relax(&step);
        } else {
            step = 0;
            see(item);
        }
    }
}

static void each_item_comes_out_once(void **state)
{
    struct hm_workers workers;

    (void)state;
    for (unsigned n = 2; n <= THREADS_MAX; n++) {
        memset(seen, 0, sizeof(seen));
        atomic_store(&n_out, 0);
        open_at(SIZE_MAX - ITEMS / 2);
        hm_workers_open(&workers, n);
        hm_workers_run(&workers, own_or_steal, NULL);
        hm_workers_close(&workers);
        assert_int_equal(n_out, ITEMS);
        assert_int_equal(hm_work_deque_count(&deque), 0);
        for (int i = 1; i <= ITEMS; i++)
            assert_int_equal(seen[i], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_deque_refuses_and_keeps_what_it_has),
        cmocka_unit_test(the_owner_takes_the_newest_half_the_thief_the_oldest),
        cmocka_unit_test(an_item_that_a_thief_may_have_seen_is_not_withdrawn),
        cmocka_unit_test(indices_wrap_around),
        cmocka_unit_test(each_item_comes_out_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
