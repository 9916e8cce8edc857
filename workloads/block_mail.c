/* SPDX-License-Identifier: MIT */
#include "workloads/block_mail.h"

#include "common/clock.h"

#include <sched.h>

enum { MAIL_YIELDS = 64, MAIL_SLEEP_NS = 50000 };

void hm_block_mail_init(struct hm_block_mail *mail, unsigned threads,
                        uint32_t batch)
{
    mail->batch = batch;
    atomic_init(&mail->working, threads);
    for (unsigned t = 0; t < threads; t++)
        hm_block_queue_init(&mail->box[t], HM_BLOCK_MAIL_BATCHES);
}

static void mail_free(struct hm_block_run *run, struct hm_block_batch *batch)
{
    run->remote_frees += batch->n;
    hm_block_free_batch(run, batch);
}

void hm_block_mail_receive(struct hm_block_mail *mail, struct hm_block_run *run)
{
    struct hm_block_batch batch;

    while (hm_block_queue_try_take(&mail->box[run->thread], &batch))
        mail_free(run, &batch);
}

/* For a thread that has no room and no mail: it may not sleep for good, as the
 * other one may be waiting for it by then. */
static void mail_wait(unsigned tries)
{
    if (tries < MAIL_YIELDS) {
        (void)sched_yield();
    } else {
        hm_clock_sleep_until(hm_clock_now_ns() + MAIL_SLEEP_NS);
    }
}

void hm_block_mail_send(struct hm_block_mail *mail, struct hm_block_run *run,
                        struct hm_block_batch *out, unsigned to,
                        unsigned char *block)
{
    out->block[out->n++] = block;
    if (out->n < mail->batch)
        return;
    for (unsigned tries = 0; !hm_block_queue_try_put(&mail->box[to], out);
         tries++) {
        hm_block_mail_receive(mail, run);
        mail_wait(tries);
    }
}

void hm_block_mail_finish(struct hm_block_mail *mail, struct hm_block_run *run)
{
    struct hm_block_queue *box = &mail->box[run->thread];
    struct hm_block_batch batch;

    if (atomic_fetch_sub(&mail->working, 1) == 1) {
        for (unsigned t = 0; t < run->threads; t++)
            hm_block_queue_close(&mail->box[t]); /* nobody sends any more */
    }
    while (hm_block_queue_take(box, &batch))
        mail_free(run, &batch);
}

void hm_block_mail_drop(struct hm_block_mail *mail,
                        const struct hm_block_run *run)
{
    hm_block_queue_destroy(&mail->box[run->thread]);
}
