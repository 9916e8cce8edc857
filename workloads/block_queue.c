/* SPDX-License-Identifier: MIT */
#include "workloads/block_queue.h"

#include "common/arena.h"
#include "common/check.h"

#include <string.h>

void hm_block_queue_init(struct hm_block_queue *queue, uint32_t slots)
{
    *queue = (struct hm_block_queue){.slots = slots};
    queue->slot = hm_arena_alloc(slots * sizeof(*queue->slot));
    HM_CHECK(pthread_mutex_init(&queue->lock, NULL) == 0);
    HM_CHECK(pthread_cond_init(&queue->has_batch, NULL) == 0);
    HM_CHECK(pthread_cond_init(&queue->has_room, NULL) == 0);
}

void hm_block_queue_destroy(struct hm_block_queue *queue)
{
    HM_CHECK(pthread_cond_destroy(&queue->has_room) == 0);
    HM_CHECK(pthread_cond_destroy(&queue->has_batch) == 0);
    HM_CHECK(pthread_mutex_destroy(&queue->lock) == 0);
    hm_arena_release(queue->slot, queue->slots * sizeof(*queue->slot));
}

static void queue_copy(struct hm_block_batch *to,
                       const struct hm_block_batch *from)
{
    to->n = from->n;
    to->tag = from->tag;
    to->bytes = from->bytes;
    memcpy(to->block, from->block, from->n * sizeof(from->block[0]));
}

/* Both with the lock held and room for it, or a batch. */
static void queue_add(struct hm_block_queue *queue,
                      struct hm_block_batch *batch)
{
    queue_copy(&queue->slot[(queue->first + queue->n) % queue->slots], batch);
    queue->n++;
    queue->bytes += batch->bytes;
    if (queue->bytes > queue->peak_bytes)
        queue->peak_bytes = queue->bytes;
    batch->n = 0;
    batch->bytes = 0;
    (void)pthread_cond_signal(&queue->has_batch);
}

static void queue_remove(struct hm_block_queue *queue,
                         struct hm_block_batch *batch)
{
    queue_copy(batch, &queue->slot[queue->first]);
    queue->first = (queue->first + 1) % queue->slots;
    queue->n--;
    queue->bytes -= batch->bytes;
    (void)pthread_cond_signal(&queue->has_room);
}

void hm_block_queue_put(struct hm_block_queue *queue,
                        struct hm_block_batch *batch)
{
    (void)pthread_mutex_lock(&queue->lock);
    while (queue->n == queue->slots)
        (void)pthread_cond_wait(&queue->has_room, &queue->lock);
    queue_add(queue, batch);
    (void)pthread_mutex_unlock(&queue->lock);
}

int hm_block_queue_try_put(struct hm_block_queue *queue,
                           struct hm_block_batch *batch)
{
    int has_room;

    (void)pthread_mutex_lock(&queue->lock);
    has_room = queue->n < queue->slots;
    if (has_room)
        queue_add(queue, batch);
    (void)pthread_mutex_unlock(&queue->lock);
    return has_room;
}

int hm_block_queue_take(struct hm_block_queue *queue,
                        struct hm_block_batch *batch)
{
    int has_batch;

    (void)pthread_mutex_lock(&queue->lock);
    while (queue->n == 0 && !queue->is_closed)
        (void)pthread_cond_wait(&queue->has_batch, &queue->lock);
    has_batch = queue->n > 0;
    if (has_batch)
        queue_remove(queue, batch);
    (void)pthread_mutex_unlock(&queue->lock);
    return has_batch;
}

int hm_block_queue_try_take(struct hm_block_queue *queue,
                            struct hm_block_batch *batch)
{
    int has_batch;

    (void)pthread_mutex_lock(&queue->lock);
    has_batch = queue->n > 0;
    if (has_batch)
        queue_remove(queue, batch);
    (void)pthread_mutex_unlock(&queue->lock);
    return has_batch;
}

void hm_block_queue_close(struct hm_block_queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    queue->is_closed = 1;
    (void)pthread_cond_broadcast(&queue->has_batch);
    (void)pthread_mutex_unlock(&queue->lock);
}
