/* SPDX-License-Identifier: MIT */
/* block_mail.h -- mutator threads that free each other's blocks: a bounded box
 * for each, and nobody leaves before all are done, so that every block that was
 * sent is freed by who got it, whatever the speed of a thread. */
#ifndef HM_WORKLOADS_BLOCK_MAIL_H
#define HM_WORKLOADS_BLOCK_MAIL_H

#include "workloads/block_queue.h"

#include <stdatomic.h>

enum { HM_BLOCK_MAIL_THREADS_MAX = 64, HM_BLOCK_MAIL_BATCHES = 16 };

/* `batch` blocks are sent at a time, HM_BLOCK_MAIL_BATCHES of these wait for a
 * thread at most. */
struct hm_block_mail {
    uint32_t batch;
    atomic_uint working;
    struct hm_block_queue box[HM_BLOCK_MAIL_THREADS_MAX];
};

/* Before the clock. */
void hm_block_mail_init(struct hm_block_mail *mail, unsigned threads,
                        uint32_t batch);

/* Adds a block to those for thread `to`, in `out`; sends them when there are
 * enough.  While the box is full, the thread empties its own. */
void hm_block_mail_send(struct hm_block_mail *mail, struct hm_block_run *run,
                        struct hm_block_batch *out, unsigned to,
                        unsigned char *block);

/* Frees what has been sent to the calling thread, and counts it as remote. */
void hm_block_mail_receive(struct hm_block_mail *mail,
                           struct hm_block_run *run);

/* The last of the run: receives until no thread can send any more. */
void hm_block_mail_finish(struct hm_block_mail *mail, struct hm_block_run *run);

/* By each thread in its drop. */
void hm_block_mail_drop(struct hm_block_mail *mail,
                        const struct hm_block_run *run);

#endif /* HM_WORKLOADS_BLOCK_MAIL_H */
