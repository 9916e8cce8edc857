/* SPDX-License-Identifier: MIT */
#include "workloads/block_reclaim.h"

#include "workloads/block_thread.h"

void hm_block_reclaim_init(struct hm_block_reclaim *reclaim,
                           struct hm_block_run *run, uint32_t batches)
{
    hm_block_queue_init(&reclaim->queue, batches);
    atomic_init(&reclaim->working, reclaim->producers);
    for (unsigned i = 0; i < reclaim->producers; i++) {
        struct hm_block_producer *producer = &reclaim->producer[i];

        *producer = (struct hm_block_producer){
            .run = run, .reclaim = reclaim, .number = i};
        hm_rng_seed(&producer->rng, hm_rng_next(&run->base.rng));
    }
}

/* The last one to end closes the queue. */
static void *reclaim_produce(void *argument)
{
    struct hm_block_producer *producer = argument;
    struct hm_block_reclaim *reclaim = producer->reclaim;

    reclaim->produce(producer);
    if (producer->batch.n > 0)
        hm_block_queue_put(&reclaim->queue, &producer->batch);
    if (atomic_fetch_sub(&reclaim->working, 1) == 1)
        hm_block_queue_close(&reclaim->queue);
    return NULL;
}

void hm_block_reclaim_give(struct hm_block_producer *producer,
                           unsigned char *block, size_t bytes)
{
    struct hm_block_batch *batch = &producer->batch;

    batch->block[batch->n++] = block;
    batch->bytes += bytes;
    if (batch->n == producer->reclaim->batch)
        hm_block_queue_put(&producer->reclaim->queue, batch);
}

static void reclaim_free(struct hm_block_run *run, struct hm_block_batch *batch)
{
    uint32_t n = batch->n;

    for (uint32_t i = 0; i < n; i++)
        run->base.checksum += batch->block[i][0]; /* in any order */
    hm_block_free_batch(run, batch);
    run->remote_frees += n;
    run->ops += n;
    hm_meter_mark(&run->base.meter, n);
}

void hm_block_reclaim_run(struct hm_block_reclaim *reclaim,
                          struct hm_block_run *run)
{
    struct hm_block_batch batch;

    hm_meter_start(&run->base.meter);
    for (unsigned i = 0; i < reclaim->producers; i++) {
        struct hm_block_producer *producer = &reclaim->producer[i];

        producer->thread =
            hm_block_thread_start(run, reclaim_produce, producer);
    }
    while (hm_block_queue_take(&reclaim->queue, &batch))
        reclaim_free(run, &batch);
    for (unsigned i = 0; i < reclaim->producers; i++)
        hm_block_thread_join(reclaim->producer[i].thread);
    hm_block_queue_destroy(&reclaim->queue);
}
