/* SPDX-License-Identifier: MIT */
#include "workloads/block_mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 3, BLOCKS = 20000, BATCH = 7 };

static struct hm_block_mail mail;

struct member {
    struct hm_block_run run;
    struct hm_block_batch out;
    unsigned to; /* whom all its blocks go to */
    pthread_t thread;
};

static void *send_all(void *argument)
{
    struct member *member = argument;

    for (unsigned i = 0; i < BLOCKS; i++) {
        hm_block_mail_send(&mail, &member->run, &member->out, member->to,
                           hm_block_alloc(&member->run, 8));
    }
    hm_block_mail_finish(&mail, &member->run);
    return NULL;
}

/* Runs them all; what is left in their hands is freed here. */
static void exchange(struct member member[THREADS], const unsigned to[THREADS])
{
    memset(member, 0, THREADS * sizeof(*member));
    hm_block_mail_init(&mail, THREADS, BATCH);
    for (unsigned t = 0; t < THREADS; t++) {
        member[t].run.thread = t;
        member[t].run.threads = THREADS;
        member[t].to = to[t];
        assert_int_equal(
            pthread_create(&member[t].thread, NULL, send_all, &member[t]), 0);
    }
    for (unsigned t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(member[t].thread, NULL), 0);
    for (unsigned t = 0; t < THREADS; t++) {
        assert_int_equal(member[t].out.n, BLOCKS % BATCH);
        hm_block_free_batch(&member[t].run, &member[t].out);
        hm_block_mail_drop(&mail, &member[t].run);
    }
}

enum { SENT = BLOCKS / BATCH * BATCH };

/* Each has a full box now and then while it waits for another's. */
static void a_ring_of_threads_frees_all_that_was_sent(void **state)
{
    struct member member[THREADS];

    (void)state;
    exchange(member, (const unsigned[]){1, 2, 0});
    for (unsigned t = 0; t < THREADS; t++) {
        assert_int_equal(member[t].run.remote_frees, SENT);
        assert_int_equal(member[t].run.frees, BLOCKS);
    }
}

/* The one may be done long before the others: it stays. */
static void one_thread_frees_for_all(void **state)
{
    struct member member[THREADS];

    (void)state;
    exchange(member, (const unsigned[]){1, 0, 0});
    assert_int_equal(member[0].run.remote_frees, 2 * SENT);
    assert_int_equal(member[1].run.remote_frees, SENT);
    assert_int_equal(member[2].run.remote_frees, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_of_threads_frees_all_that_was_sent),
        cmocka_unit_test(one_thread_frees_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
