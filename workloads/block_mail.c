/* SPDX-License-Identifier: MIT */
#include "workloads/block_mail.h"

#include <sched.h>

void hm_block_mail_init(struct hm_block_mail *mail, unsigned threads,
                        uint32_t batch)
{
    mail->batch = batch;
    atomic_init(&mail->working, threads);
    for (unsigned t = 0; t < threads; t++)
        hm_block_queue_init(&mail->box[t], HM_BLOCK_MAIL_BATCHES);
}

void hm_block_mail_receive(struct hm_block_mail *mail, struct hm_block_run *run)
{
    struct hm_block_batch batch;

    while (hm_block_queue_try_take(&mail->box[run->thread], &batch)) {
        run->remote_frees += batch.n;
        hm_block_free_batch(run, &batch);
    }
}

void hm_block_mail_send(struct hm_block_mail *mail, struct hm_block_run *run,
                        struct hm_block_batch *out, unsigned to,
                        unsigned char *block)
{
    out->block[out->n++] = block;
    if (out->n < mail->batch)
        return;
    while (!hm_block_queue_try_put(&mail->box[to], out)) {
        hm_block_mail_receive(mail, run); /* who waits for us goes on */
        (void)sched_yield();
    }
}

void hm_block_mail_finish(struct hm_block_mail *mail, struct hm_block_run *run)
{
    (void)atomic_fetch_sub(&mail->working, 1);
    while (atomic_load(&mail->working) > 0) {
        hm_block_mail_receive(mail, run);
        (void)sched_yield();
    }
    hm_block_mail_receive(mail, run);
}

void hm_block_mail_drop(struct hm_block_mail *mail,
                        const struct hm_block_run *run)
{
    hm_block_queue_destroy(&mail->box[run->thread]);
}
