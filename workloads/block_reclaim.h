/* SPDX-License-Identifier: MIT */
/* block_reclaim.h -- threads of the workload's own that allocate, and the one
 * that runs it, which does nothing but free what they hand over. */
#ifndef HM_WORKLOADS_BLOCK_RECLAIM_H
#define HM_WORKLOADS_BLOCK_RECLAIM_H

#include "workloads/block_queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { HM_BLOCK_PRODUCERS_MAX = 64 };

struct hm_block_producer {
    _Alignas(128) struct hm_block_run *run; /* for requests only */
    struct hm_block_reclaim *reclaim;
    unsigned number; /* from 0 */
    struct hm_rng rng;
    struct hm_block_batch batch; /* to be handed over next */
    pthread_t thread;
};

struct hm_block_reclaim {
    unsigned producers;
    uint32_t batch; /* blocks that are handed over at a time */
    void (*produce)(struct hm_block_producer *producer);
    struct hm_block_queue queue;
    atomic_uint working; /* producers that have not ended */
    struct hm_block_producer producer[HM_BLOCK_PRODUCERS_MAX];
};

/* Before the clock: each producer gets a seed of its own. */
void hm_block_reclaim_init(struct hm_block_reclaim *reclaim,
                           struct hm_block_run *run, uint32_t batches);

/* Runs `produce` in each producer and frees until all have ended and nothing
 * is left; adds the first byte of each block to the checksum. */
void hm_block_reclaim_run(struct hm_block_reclaim *reclaim,
                          struct hm_block_run *run);

/* By a producer: `block` will be freed. */
void hm_block_reclaim_give(struct hm_block_producer *producer,
                           unsigned char *block, size_t bytes);

#endif /* HM_WORKLOADS_BLOCK_RECLAIM_H */
