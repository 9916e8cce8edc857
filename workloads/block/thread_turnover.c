/* SPDX-License-Identifier: MIT */
/* thread_turnover.c -- threads that live for one request: each callocs a block,
 * puts it into a random slot, frees what was there and ends.  What a malloc
 * keeps for a thread it must give back, or resident memory grows.
 *
 * Source:     mleak of mimalloc-bench.
 * Differs:    a mutator draws the slots for its threads, so that which slots
 *             are hit does not depend on who comes first; slots are outside
 *             the heap; a block's words are compared before it is freed.
 * Invariants: a block is all zero when a thread gets it; no thread frees its
 *             own, so every free of the run is remote, and as many blocks are
 *             left as slots were hit.
 * Costs:      the start and the end of a thread for each block.
 * Threads:    up to TURNOVER_THREADS_MAX mutators on the same slots, each with
 *             `threads` of its own at a time. */
#include "common/arena.h"
#include "workloads/block.h"
#include "workloads/block_thread.h"

#include <stdatomic.h>

enum { TURNOVER_ROUNDS, TURNOVER_LIVES, TURNOVER_SLOTS, TURNOVER_WORDS };

static const struct hm_param turnover_params[] = {
    {"rounds", "of threads", 500, 5000, 1, 1 << 28},
    {"lives", "threads in a round", 10, 10, 1, 100},
    {"slots", "blocks held, of all threads together", 1000, 1000, 1, 1 << 20},
    {"words", "of 8 bytes, size of a block", 16, 16, 1, 1 << 16},
    {0},
};

enum { TURNOVER_THREADS_MAX = 16, TURNOVER_LIVES_MAX = 100 };

static uint64_t *_Atomic *turnover_slot;

/* What a thread is given and, after its death, has found. */
struct turnover_life {
    struct hm_block_run *run;
    pthread_t id;
    uint32_t slot, number;
    uint64_t dirt;   /* what was not zero */
    uint64_t damage; /* what was not as the predecessor wrote it */
    uint64_t frees;  /* at most one */
};

static uint64_t *turnover_alloc(struct turnover_life *life)
{
    uint64_t words = life->run->base.value[TURNOVER_WORDS];
    uint64_t *block = hm_block_alloc_zeroed(life->run, words * sizeof(*block));

    for (uint64_t i = 0; i < words; i++) {
        life->dirt |= block[i];
        block[i] = life->number + i;
    }
    HM_BLOCK_KEEP(block);
    return block;
}

static uint64_t turnover_free(struct hm_block_run *run, uint64_t *block)
{
    uint64_t words = run->base.value[TURNOVER_WORDS], damage = 0;

    for (uint64_t i = 1; i < words; i++)
        damage |= block[i] ^ (block[0] + i);
    hm_block_free(run, block);
    return damage;
}

static void *turnover_live(void *argument)
{
    struct turnover_life *life = argument;
    uint64_t *block = turnover_alloc(life);

    block = atomic_exchange_explicit(&turnover_slot[life->slot], block,
                                     memory_order_acq_rel);
    if (block != NULL) {
        life->damage = turnover_free(life->run, block);
        life->frees = 1;
    }
    return NULL;
}

static void turnover_setup(struct hm_block_run *run, unsigned threads)
{
    (void)threads;
    turnover_slot = hm_arena_alloc(run->base.value[TURNOVER_SLOTS] *
                                   sizeof(*turnover_slot));
}

static void turnover_bury(struct hm_block_run *run,
                          const struct turnover_life *life)
{
    hm_block_thread_join(life->id);
    hm_run_mix(&run->base, life->slot);
    hm_run_mix(&run->base, life->dirt != 0 || life->damage != 0);
    run->frees += life->frees;
    run->remote_frees += life->frees;
}

static void turnover_round(struct hm_block_run *run)
{
    struct turnover_life life[TURNOVER_LIVES_MAX];
    uint32_t lives = (uint32_t)run->base.value[TURNOVER_LIVES];
    uint32_t n_slots = (uint32_t)run->base.value[TURNOVER_SLOTS];

    for (uint32_t i = 0; i < lives; i++) {
        life[i] = (struct turnover_life){
            .run = run,
            .slot = hm_rng_below(&run->base.rng, n_slots),
            .number = (uint32_t)run->ops++,
        };
        life[i].id = hm_block_thread_start(run, turnover_live, &life[i]);
    }
    for (uint32_t i = 0; i < lives; i++)
        turnover_bury(run, &life[i]);
}

static void turnover_run(struct hm_block_run *run)
{
    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < run->base.value[TURNOVER_ROUNDS]; i++) {
        turnover_round(run);
        hm_meter_mark(&run->base.meter, run->base.value[TURNOVER_LIVES]);
    }
}

/* The first mutator empties the slots; remote or not, it is after the run. */
static void turnover_drop(struct hm_block_run *run)
{
    uint64_t n_slots = run->base.value[TURNOVER_SLOTS], damage = 0;

    if (run->thread != 0)
        return;
    for (uint64_t k = 0; k < n_slots; k++) {
        uint64_t *block = atomic_exchange(&turnover_slot[k], NULL);

        if (block != NULL) {
            damage |= turnover_free(run, block);
            run->frees++;
        }
    }
    hm_run_mix(&run->base, damage != 0);
    hm_arena_release((void *)turnover_slot, n_slots * sizeof(*turnover_slot));
}

const struct hm_block_workload hm_block_thread_turnover = {
    .name = "thread_turnover",
    .summary = "threads that live for one block, left to their successors",
    .source = "mimalloc-bench, mleak",
    .operation = "thread",
    .params = turnover_params,
    .max_threads = TURNOVER_THREADS_MAX,
    .setup = turnover_setup,
    .run = turnover_run,
    .drop = turnover_drop,
};
