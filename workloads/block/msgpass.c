/* SPDX-License-Identifier: MIT */
/* msgpass.c -- producers send batches of small messages to consumers, which
 * free them, some by way of proxies, which only pass them on.
 *
 * Source:     snmalloc, test msgpass.
 * Differs:    fixed work; queues are bounded, outside the heap and under a lock
 *             instead of lists through the messages; who gets a batch follows
 *             from a number that it carries, so that every run has the same
 *             routes.
 * Invariants: at most `outstanding` messages wait, and one batch in the hands
 *             of each thread; every message is freed once, by a consumer.
 * Costs:      three random numbers for a batch of 1 to 16, a store and a load
 *             for a message, a lock for each hop.
 * Threads:    one, which is the first producer, and the rest of its own. */
#include "workloads/block_queue.h"
#include "workloads/block_thread.h"

enum {
    MSGPASS_PRODUCERS,
    MSGPASS_CONSUMERS,
    MSGPASS_PROXIES,
    MSGPASS_BATCHES,
    MSGPASS_OUTSTANDING,
};

enum {
    MSGPASS_MEMBERS_MAX = 16, /* of each kind */
    MSGPASS_MESSAGES = 16,    /* at most, of a batch */
    MSGPASS_SAMPLE = 8,       /* batches */
};

static const struct hm_param msgpass_params[] = {
    {"producers", "threads that allocate", 3, 3, 1, MSGPASS_MEMBERS_MAX},
    {"consumers", "threads that free", 3, 3, 1, MSGPASS_MEMBERS_MAX},
    {"proxies", "threads that pass on", 2, 2, 0, MSGPASS_MEMBERS_MAX},
    {"batches", "of each producer", 60000, 1 << 20, 1, UINT64_C(1) << 40},
    {"outstanding", "messages that wait at most", 4096, 4096, 1, 1 << 20},
    {0},
};

static const uint32_t msgpass_bytes[] = {48, 64, 96, 128};

/* Counts in a run of its own. */
struct msgpass_member {
    _Alignas(128) struct hm_block_run run;
    unsigned queue;
    pthread_t thread;
};

static struct {
    unsigned producers, consumers, queues;
    struct hm_block_queue queue[2 * MSGPASS_MEMBERS_MAX]; /* proxies' last */
    struct msgpass_member producer[MSGPASS_MEMBERS_MAX];  /* [0] is not used */
    struct msgpass_member receiver[2 * MSGPASS_MEMBERS_MAX];
} msgpass;

static void msgpass_send(struct hm_block_run *run)
{
    struct hm_rng *rng = &run->base.rng;
    uint32_t n = 1 + hm_rng_below(rng, MSGPASS_MESSAGES);
    uint32_t bytes = msgpass_bytes[hm_rng_below(rng, 4)];
    struct hm_block_batch batch = {.tag = hm_rng_next(rng)};

    while (batch.n < n) {
        unsigned char *message = hm_block_alloc(run, bytes);

        hm_block_touch(message, bytes, (unsigned char)(batch.tag + batch.n));
        batch.block[batch.n++] = message;
    }
    run->ops += n;
    hm_block_queue_put(&msgpass.queue[batch.tag % msgpass.queues], &batch);
}

static void *msgpass_produce(void *member)
{
    struct hm_block_run *run = &((struct msgpass_member *)member)->run;

    for (uint64_t i = 0; i < run->base.value[MSGPASS_BATCHES]; i++)
        msgpass_send(run);
    return NULL;
}

/* The first producer's part, which is the time axis. */
static void msgpass_produce_first(struct hm_block_run *run)
{
    uint64_t marked = 0;

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < run->base.value[MSGPASS_BATCHES]; i++) {
        msgpass_send(run);
        if (i % MSGPASS_SAMPLE == MSGPASS_SAMPLE - 1) {
            hm_meter_mark(&run->base.meter, run->ops - marked);
            marked = run->ops;
        }
    }
    hm_meter_mark(&run->base.meter, run->ops - marked);
}

static void *msgpass_consume(void *argument)
{
    struct msgpass_member *member = argument;
    struct hm_block_batch batch;

    while (hm_block_queue_take(&msgpass.queue[member->queue], &batch)) {
        for (uint32_t i = 0; i < batch.n; i++)
            member->run.base.checksum += batch.block[i][0]; /* in any order */
        hm_block_free_batch(&member->run, &batch);
    }
    return NULL;
}

/* To a consumer or to a proxy before this one: nothing goes in circles. */
static void *msgpass_pass_on(void *argument)
{
    unsigned queue = ((struct msgpass_member *)argument)->queue;
    struct hm_block_batch batch;

    while (hm_block_queue_take(&msgpass.queue[queue], &batch)) {
        batch.tag = hm_fin(batch.tag);
        hm_block_queue_put(&msgpass.queue[batch.tag % queue], &batch);
    }
    return NULL;
}

static void msgpass_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;
    uint64_t slots;

    (void)threads;
    msgpass.producers = (unsigned)value[MSGPASS_PRODUCERS];
    msgpass.consumers = (unsigned)value[MSGPASS_CONSUMERS];
    msgpass.queues = msgpass.consumers + (unsigned)value[MSGPASS_PROXIES];
    slots = value[MSGPASS_OUTSTANDING] / MSGPASS_MESSAGES / msgpass.queues;
    for (unsigned q = 0; q < msgpass.queues; q++) {
        hm_block_queue_init(&msgpass.queue[q], slots > 0 ? (uint32_t)slots : 1);
    }
}

static void msgpass_start(struct hm_block_run *run,
                          struct msgpass_member *member,
                          void *(*body)(void *member))
{
    member->run = *run;
    hm_rng_seed(&member->run.base.rng, hm_rng_next(&run->base.rng));
    member->thread = hm_block_thread_start(run, body, member);
}

static void msgpass_join(struct hm_block_run *run,
                         struct msgpass_member *member)
{
    hm_block_thread_join(member->thread);
    run->ops += member->run.ops;
    run->frees += member->run.frees;
    run->remote_frees += member->run.frees;
    run->base.checksum += member->run.base.checksum;
}

static void msgpass_run(struct hm_block_run *run)
{
    for (unsigned q = 0; q < msgpass.queues; q++) {
        msgpass.receiver[q].queue = q;
        msgpass_start(run, &msgpass.receiver[q],
                      q < msgpass.consumers ? msgpass_consume
                                            : msgpass_pass_on);
    }
    for (unsigned p = 1; p < msgpass.producers; p++)
        msgpass_start(run, &msgpass.producer[p], msgpass_produce);
    msgpass_produce_first(run);
    for (unsigned p = 1; p < msgpass.producers; p++)
        msgpass_join(run, &msgpass.producer[p]);
    for (unsigned q = msgpass.queues; q-- > 0;) {
        hm_block_queue_close(&msgpass.queue[q]); /* who fills it has ended */
        msgpass_join(run, &msgpass.receiver[q]);
    }
}

static void msgpass_drop(struct hm_block_run *run)
{
    (void)run; /* nothing is held */
    for (unsigned q = 0; q < msgpass.queues; q++)
        hm_block_queue_destroy(&msgpass.queue[q]);
}

const struct hm_block_workload hm_block_msgpass = {
    .name = "msgpass",
    .summary = "small messages from producers to consumers, some by proxies",
    .source = "snmalloc, test msgpass",
    .operation = "message",
    .params = msgpass_params,
    .max_threads = 1,
    .setup = msgpass_setup,
    .run = msgpass_run,
    .drop = msgpass_drop,
};
