/* SPDX-License-Identifier: MIT */
/* pareto_slots.c -- slots that are emptied and filled, a few of them most of
 * the time: everything is written and read, so that mallocs differ little.  A
 * large difference says that something is wrong with the measurement.
 *
 * Source:     S. Ignatchenko, D. Ivanushkin et al. (ITHare, OLogN), alloc-test.
 * Differs:    slots are outside the heap; seeds differ between threads; the
 *             bands are in millionths, by integers; the first blocks count.
 * Invariants: a thread frees only what it allocated; a block holds the byte it
 *             was filled with.
 * Costs:      two to four random numbers and all bytes of a block, written
 *             once and read once.
 * Threads:    any number up to PARETO_THREADS_MAX, nothing shared; the slots
 *             are divided among them. */
#include "common/arena.h"
#include "workloads/block.h"

#include <string.h>

enum { PARETO_OPS, PARETO_SLOTS, PARETO_EXPONENT };

static const struct hm_param pareto_params[] = {
    {"ops", "slots visited, per thread", 6000000, 100000000, 1,
     UINT64_C(1) << 40},
    {"slots", "of all threads together, half of them full at first", 1 << 18,
     1 << 18, 256, 1 << 21},
    {"exponent", "the largest block has 2 to this power bytes", 10, 10, 3, 20},
    {0},
};

enum {
    PARETO_THREADS_MAX = 256,
    PARETO_BANDS = 7,
    PARETO_MILLION = 1000000,
    PARETO_BATCH = 128,
};

/* 0.8 and 0.2, six times over: how often a band is visited, in millionths; the
 * shares of the slots are the same numbers from the last to the first. */
static const uint32_t pareto_share[PARETO_BANDS] = {
    262144, 393216, 245760, 81920, 15360, 1536, 64};

struct pareto_slot {
    unsigned char *block;
    uint64_t bytes;
};

static struct pareto_thread {
    struct pareto_slot *slot;
    uint32_t slots;
    uint32_t first[PARETO_BANDS + 1]; /* slot of each band, and the end */
} pareto_thread[PARETO_THREADS_MAX];

static void pareto_open(struct pareto_thread *thread, uint64_t slots)
{
    uint64_t millionths = 0;

    thread->slots = (uint32_t)(slots > 0 ? slots : 1);
    for (unsigned band = 0; band < PARETO_BANDS; band++) {
        thread->first[band] =
            (uint32_t)(thread->slots * millionths / PARETO_MILLION);
        millionths += pareto_share[PARETO_BANDS - 1 - band];
    }
    thread->first[PARETO_BANDS] = thread->slots;
    thread->slot = hm_arena_alloc(thread->slots * sizeof(*thread->slot));
}

static void pareto_setup(struct hm_block_run *run, unsigned threads)
{
    for (unsigned t = 0; t < threads; t++) {
        pareto_open(&pareto_thread[t], run->base.value[PARETO_SLOTS] / threads);
    }
}

/* A band with few slots may have none: then it is the first of the next. */
static uint32_t pareto_pick(struct hm_rng *rng,
                            const struct pareto_thread *thread)
{
    uint32_t left = hm_rng_below(rng, PARETO_MILLION);
    unsigned band = 0;
    uint32_t width;

    while (left >= pareto_share[band])
        left -= pareto_share[band++];
    width = thread->first[band + 1] - thread->first[band];
    return thread->first[band] + hm_rng_below(rng, width > 0 ? width : 1);
}

/* Up to 8 bytes half of the time, up to 16 a quarter, ... */
static uint64_t pareto_bytes(struct hm_rng *rng, uint64_t exponent)
{
    uint32_t kinds = UINT32_C(1) << (exponent - 3);
    uint32_t r = (hm_rng_next(rng) & (kinds - 1)) + 1;
    uint32_t least = UINT32_C(4) << __builtin_ctz(r);

    return least + 1 + hm_rng_below(rng, least);
}

static void pareto_fill(struct hm_block_run *run, struct pareto_slot *slot)
{
    slot->bytes =
        pareto_bytes(&run->base.rng, run->base.value[PARETO_EXPONENT]);
    slot->block = hm_block_alloc(run, slot->bytes);
    memset(slot->block, (int)(slot->bytes & 0xFF), slot->bytes);
    HM_BLOCK_KEEP(slot->block);
}

static uint64_t pareto_read(const struct pareto_slot *slot)
{
    uint64_t sum = 0, word, at = 0;

    for (; at + sizeof(word) <= slot->bytes; at += sizeof(word)) {
        memcpy(&word, slot->block + at, sizeof(word));
        sum += word;
    }
    for (; at < slot->bytes; at++)
        sum += slot->block[at];
    return sum;
}

static void pareto_empty(struct hm_block_run *run, struct pareto_slot *slot)
{
    hm_run_mix(&run->base, (uint32_t)pareto_read(slot));
    hm_block_free(run, slot->block);
    slot->block = NULL;
    run->frees++;
}

static void pareto_visit(struct hm_block_run *run, struct pareto_slot *slot)
{
    if (slot->block != NULL) {
        pareto_empty(run, slot);
    } else {
        pareto_fill(run, slot);
    }
}

static void pareto_fill_half(struct hm_block_run *run,
                             struct pareto_thread *thread)
{
    for (uint32_t k = 0; k < thread->slots; k++) {
        if (hm_rng_next(&run->base.rng) >> 31)
            pareto_fill(run, &thread->slot[k]);
    }
}

static void pareto_run(struct hm_block_run *run)
{
    struct pareto_thread *thread = &pareto_thread[run->thread];
    uint64_t ops = run->base.value[PARETO_OPS];

    pareto_fill_half(run, thread);
    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < ops; i++) {
        pareto_visit(run, &thread->slot[pareto_pick(&run->base.rng, thread)]);
        if (i % PARETO_BATCH == PARETO_BATCH - 1)
            hm_meter_mark(&run->base.meter, PARETO_BATCH);
    }
    hm_meter_mark(&run->base.meter, ops % PARETO_BATCH);
    run->ops = ops;
}

static void pareto_drop(struct hm_block_run *run)
{
    struct pareto_thread *thread = &pareto_thread[run->thread];

    for (uint32_t k = 0; k < thread->slots; k++) {
        if (thread->slot[k].block != NULL)
            pareto_empty(run, &thread->slot[k]);
    }
    hm_arena_release(thread->slot, thread->slots * sizeof(*thread->slot));
}

const struct hm_block_workload hm_block_pareto_slots = {
    .name = "pareto_slots",
    .summary = "visits few slots often, reads and writes all: a control",
    .source = "Ignatchenko et al., alloc-test",
    .operation = "malloc or free",
    .params = pareto_params,
    .max_threads = PARETO_THREADS_MAX,
    .setup = pareto_setup,
    .run = pareto_run,
    .drop = pareto_drop,
};
