/* SPDX-License-Identifier: MIT */
/* vyukov_relay.c -- threads in a ring, all alive, one at work: each frees what
 * the one before it allocated and allocates as much for the next.  What a
 * sleeping thread's caches keep is blow-up.
 *
 * Source:     D. Vyukov, 2008, as told by B. C. Kuszmaul, "SuperMalloc",
 *             ISMM 2015, footprint experiment.
 * Differs:    smaller by default (100 threads of 5000 blocks; the paper: 200 of
 *             50000); the threads are the workload's own, whatever the number
 *             of mutator threads.
 * Invariants: one batch is live at most, and the block being replaced; every
 *             block is freed by another thread than allocated it, but for a
 *             ring of one.
 * Costs:      a random number for each block; two futex calls for a turn.
 * Threads:    one, and `links` of its own that take turns: a turn's writes
 *             happen before the next one's. */
#include "common/arena.h"
#include "workloads/block.h"
#include "workloads/block_thread.h"

#include <semaphore.h>

enum { RELAY_LINKS, RELAY_BLOCKS, RELAY_MOST_BYTES, RELAY_ROUNDS };

static const struct hm_param relay_params[] = {
    {"links", "threads in the ring", 100, 200, 1, 1000},
    {"blocks", "in a batch", 5000, 50000, 1, 1 << 24},
    {"most_bytes", "largest block; sizes are uniform from 1", 4095, 4095, 1,
     1 << 20},
    {"rounds", "turns of each thread", 2, 2, 1, 1 << 20},
    {0},
};

enum { RELAY_LINKS_MAX = 1000 };

static struct {
    unsigned char **block;
    struct hm_block_run *run; /* of whose turn it is */
    unsigned links;
    int is_over;
    pthread_t thread[RELAY_LINKS_MAX];
    sem_t turn[RELAY_LINKS_MAX], done;
} relay;

/* Frees each block that is there and allocates another. */
static void relay_turn(struct hm_block_run *run)
{
    uint64_t n = run->base.value[RELAY_BLOCKS];
    uint32_t most = (uint32_t)run->base.value[RELAY_MOST_BYTES];

    for (uint64_t i = 0; i < n; i++) {
        if (relay.block[i] != NULL) {
            hm_run_mix(&run->base, relay.block[i][0]);
            hm_block_free(run, relay.block[i]);
            run->frees++;
            run->remote_frees += relay.links > 1;
        }
        relay.block[i] =
            hm_block_alloc(run, 1 + hm_rng_below(&run->base.rng, most));
        relay.block[i][0] = (unsigned char)i;
        HM_BLOCK_KEEP(relay.block[i]);
    }
}

static void relay_wait(sem_t *sem)
{
    while (sem_wait(sem) != 0)
        ; /* a signal */
}

static void *relay_link(void *turn)
{
    for (;;) {
        relay_wait(turn);
        if (relay.is_over)
            return NULL;
        relay_turn(relay.run);
        HM_CHECK(sem_post(&relay.done) == 0);
    }
}

static void relay_setup(struct hm_block_run *run, unsigned threads)
{
    (void)threads;
    relay.links = (unsigned)run->base.value[RELAY_LINKS];
    relay.is_over = 0;
    relay.block =
        hm_arena_alloc(run->base.value[RELAY_BLOCKS] * sizeof(*relay.block));
    HM_CHECK(sem_init(&relay.done, 0, 0) == 0);
    for (unsigned i = 0; i < relay.links; i++) {
        HM_CHECK(sem_init(&relay.turn[i], 0, 0) == 0);
        relay.thread[i] =
            hm_block_thread_start(run, relay_link, &relay.turn[i]);
    }
}

static void relay_run(struct hm_block_run *run)
{
    uint64_t n = run->base.value[RELAY_BLOCKS];
    uint64_t turns = run->base.value[RELAY_ROUNDS] * relay.links;

    relay.run = run;
    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < turns; i++) {
        HM_CHECK(sem_post(&relay.turn[i % relay.links]) == 0);
        relay_wait(&relay.done);
        hm_meter_mark(&run->base.meter, n);
    }
    run->ops = turns * n;
}

static void relay_drop(struct hm_block_run *run)
{
    uint64_t n = run->base.value[RELAY_BLOCKS];

    for (uint64_t i = 0; i < n; i++) {
        if (relay.block[i] == NULL)
            continue;
        hm_block_free(run, relay.block[i]);
        run->frees++;
    }
    relay.is_over = 1;
    for (unsigned i = 0; i < relay.links; i++) {
        HM_CHECK(sem_post(&relay.turn[i]) == 0);
        hm_block_thread_join(relay.thread[i]);
        HM_CHECK(sem_destroy(&relay.turn[i]) == 0);
    }
    HM_CHECK(sem_destroy(&relay.done) == 0);
    hm_arena_release(relay.block, n * sizeof(*relay.block));
}

const struct hm_block_workload hm_block_vyukov_relay = {
    .name = "vyukov_relay",
    .summary = "a ring of threads frees what the one before allocated: blow-up",
    .source = "Vyukov 2008; Kuszmaul, ISMM 2015",
    .operation = "free and malloc",
    .params = relay_params,
    .max_threads = 1,
    .setup = relay_setup,
    .run = relay_run,
    .drop = relay_drop,
};
