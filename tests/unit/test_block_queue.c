/* SPDX-License-Identifier: MIT */
#include "workloads/block_queue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SLOTS = 3, BATCHES = 2000, PRODUCERS = 3, CONSUMERS = 2 };

static struct hm_block_queue queue;
static unsigned char memory[HM_BLOCK_BATCH_MAX];

static struct hm_block_batch batch_of(uint32_t n, uint32_t tag)
{
    struct hm_block_batch batch = {.n = n, .tag = tag, .bytes = 10ull * n};

    for (uint32_t i = 0; i < n; i++)
        batch.block[i] = &memory[i];
    return batch;
}

static int open_queue(void **state)
{
    (void)state;
    hm_block_queue_init(&queue, SLOTS);
    return 0;
}

static int close_queue(void **state)
{
    (void)state;
    hm_block_queue_destroy(&queue);
    return 0;
}

static void batches_come_out_whole_and_in_order(void **state)
{
    struct hm_block_batch got;

    (void)state;
    for (uint32_t i = 0; i < 10; i++) { /* around the ring */
        struct hm_block_batch batch = batch_of(HM_BLOCK_BATCH_MAX - i, i);
        struct hm_block_batch next = batch_of(1, 100 + i);

        hm_block_queue_put(&queue, &batch);
        hm_block_queue_put(&queue, &next);
        assert_int_equal(batch.n, 0); /* to be filled again */
        assert_int_equal(batch.bytes, 0);
        assert_true(hm_block_queue_take(&queue, &got));
        assert_int_equal(got.tag, i);
        assert_int_equal(got.n, HM_BLOCK_BATCH_MAX - i);
        assert_ptr_equal(got.block[got.n - 1], &memory[got.n - 1]);
        assert_true(hm_block_queue_take(&queue, &got));
        assert_int_equal(got.tag, 100 + i);
    }
}

static void a_full_queue_takes_no_more_and_an_empty_one_gives_none(void **state)
{
    struct hm_block_batch batch, got;

    (void)state;
    assert_false(hm_block_queue_try_take(&queue, &got));
    for (uint32_t i = 0; i < SLOTS; i++) {
        batch = batch_of(2, i);
        assert_true(hm_block_queue_try_put(&queue, &batch));
    }
    batch = batch_of(2, SLOTS);
    assert_false(hm_block_queue_try_put(&queue, &batch));
    assert_int_equal(batch.n, 2); /* still its own */
    assert_true(hm_block_queue_try_take(&queue, &got));
    assert_int_equal(got.tag, 0);
    assert_true(hm_block_queue_try_put(&queue, &batch));
}

static void the_most_bytes_that_waited_are_known(void **state)
{
    struct hm_block_batch batch = batch_of(5, 0), got;

    (void)state;
    hm_block_queue_put(&queue, &batch);
    batch = batch_of(2, 0);
    hm_block_queue_put(&queue, &batch);
    assert_true(hm_block_queue_take(&queue, &got));
    batch = batch_of(3, 0);
    hm_block_queue_put(&queue, &batch);
    assert_int_equal(queue.bytes, 50);
    assert_int_equal(queue.peak_bytes, 70);
}

static void a_closed_queue_gives_what_is_left_and_then_none(void **state)
{
    struct hm_block_batch batch = batch_of(1, 7), got;

    (void)state;
    hm_block_queue_put(&queue, &batch);
    hm_block_queue_close(&queue);
    assert_true(hm_block_queue_take(&queue, &got));
    assert_int_equal(got.tag, 7);
    assert_false(hm_block_queue_take(&queue, &got));
    assert_false(hm_block_queue_take(&queue, &got));
}

static void *put_many(void *unused)
{
    (void)unused;
    for (uint32_t i = 1; i <= BATCHES; i++) {
        struct hm_block_batch batch = batch_of(1 + i % 3, i);

        hm_block_queue_put(&queue, &batch);
    }
    return NULL;
}

struct taken {
    uint64_t tags, blocks;
    pthread_t thread;
};

static void *take_all(void *argument)
{
    struct taken *taken = argument;
    struct hm_block_batch batch;

    while (hm_block_queue_take(&queue, &batch)) {
        taken->tags += batch.tag;
        taken->blocks += batch.n;
    }
    return NULL;
}

static void threads_lose_and_double_nothing(void **state)
{
    pthread_t producer[PRODUCERS];
    struct taken taken[CONSUMERS] = {{0}};
    uint64_t tags = 0, blocks = 0, expected = 0;

    (void)state;
    for (unsigned i = 0; i < CONSUMERS; i++) {
        assert_int_equal(
            pthread_create(&taken[i].thread, NULL, take_all, &taken[i]), 0);
    }
    for (unsigned i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&producer[i], NULL, put_many, NULL), 0);
    for (unsigned i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(producer[i], NULL), 0);
    hm_block_queue_close(&queue);
    for (unsigned i = 0; i < CONSUMERS; i++) {
        assert_int_equal(pthread_join(taken[i].thread, NULL), 0);
        tags += taken[i].tags;
        blocks += taken[i].blocks;
    }
    for (uint64_t i = 1; i <= BATCHES; i++)
        expected += 1 + i % 3;
    assert_int_equal(tags, PRODUCERS * (uint64_t)BATCHES * (BATCHES + 1) / 2);
    assert_int_equal(blocks, PRODUCERS * expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(batches_come_out_whole_and_in_order,
                                        open_queue, close_queue),
        cmocka_unit_test_setup_teardown(
            a_full_queue_takes_no_more_and_an_empty_one_gives_none, open_queue,
            close_queue),
        cmocka_unit_test_setup_teardown(the_most_bytes_that_waited_are_known,
                                        open_queue, close_queue),
        cmocka_unit_test_setup_teardown(
            a_closed_queue_gives_what_is_left_and_then_none, open_queue,
            close_queue),
        cmocka_unit_test_setup_teardown(threads_lose_and_double_nothing,
                                        open_queue, close_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
