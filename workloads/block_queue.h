/* SPDX-License-Identifier: MIT */
/* block_queue.h -- hands blocks from thread to thread, in batches: a bounded
 * queue under a lock.  Its memory is outside the heap.
 *
 * Threads: any number on both sides.  Whoever waits sleeps.
 * Cost:    a lock and a copy of the batch's pointers on each side. */
#ifndef HM_WORKLOADS_BLOCK_QUEUE_H
#define HM_WORKLOADS_BLOCK_QUEUE_H

#include "workloads/block.h"

#include <pthread.h>
#include <stdint.h>

enum { HM_BLOCK_BATCH_MAX = 100 };

struct hm_block_batch {
    uint32_t n;     /* blocks */
    uint32_t tag;   /* the workload's own */
    uint64_t bytes; /* of the blocks together, where the workload says so */
    unsigned char *block[HM_BLOCK_BATCH_MAX];
};

struct hm_block_queue {
    pthread_mutex_t lock;
    pthread_cond_t has_batch, has_room;
    struct hm_block_batch *slot; /* a ring */
    uint32_t slots, first, n;
    int is_closed;
    uint64_t bytes, peak_bytes; /* of the batches that wait */
};

/* An empty queue of `slots` >= 1 batches. */
void hm_block_queue_init(struct hm_block_queue *queue, uint32_t slots);

/* Nobody waits any more; batches that are left are forgotten. */
void hm_block_queue_destroy(struct hm_block_queue *queue);

/* Copies `batch` in and empties it; waits while the queue is full. */
void hm_block_queue_put(struct hm_block_queue *queue,
                        struct hm_block_batch *batch);

/* The same; returns 0, and changes nothing, where it would wait. */
int hm_block_queue_try_put(struct hm_block_queue *queue,
                           struct hm_block_batch *batch);

/* Waits for a batch, the oldest one; 0 when the queue is closed and empty. */
int hm_block_queue_take(struct hm_block_queue *queue,
                        struct hm_block_batch *batch);

/* The same; returns 0 where it would wait. */
int hm_block_queue_try_take(struct hm_block_queue *queue,
                            struct hm_block_batch *batch);

/* No batch will be put any more. */
void hm_block_queue_close(struct hm_block_queue *queue);

/* Frees the blocks of a batch, which `run` counts, and empties it. */
static inline void hm_block_free_batch(struct hm_block_run *run,
                                       struct hm_block_batch *batch)
{
    for (uint32_t i = 0; i < batch->n; i++)
        hm_block_free(run, batch->block[i]);
    run->frees += batch->n;
    batch->n = 0;
    batch->bytes = 0;
}

#endif /* HM_WORKLOADS_BLOCK_QUEUE_H */
