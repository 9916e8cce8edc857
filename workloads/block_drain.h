/* SPDX-License-Identifier: MIT */
/* block_drain.h -- what the workloads share that ask whether memory comes back:
 * a heap is filled with small blocks of random sizes and freed in random order,
 * and the resident set is looked at while the program waits.
 *
 * One operation is a malloc or a free.  Every thread does all of it with blocks
 * of its own; the first one looks, outside of the clock window, when all are
 * done, and what it finds are figures. */
#ifndef HM_WORKLOADS_BLOCK_DRAIN_H
#define HM_WORKLOADS_BLOCK_DRAIN_H

#include "common/arena.h"
#include "common/check.h"
#include "common/os.h"
#include "workloads/block.h"
#include "workloads/watch_rss.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

/* Parameters of each; those of a workload's own follow. */
enum {
    HM_DRAIN_BYTES,
    HM_DRAIN_MIN_BYTES,
    HM_DRAIN_MAX_BYTES,
    HM_DRAIN_OWN,
};

#define HM_DRAIN_PARAMS(quick_bytes, full_bytes)                               \
    {"bytes", "filled per thread, about", quick_bytes, full_bytes,             \
     1 << 12, UINT64_C(1) << 40},                                              \
        {"min_bytes", "smallest block", 8, 8, 4, 1 << 20},                     \
    {                                                                          \
        "max_bytes", "largest block, sizes are uniform (not below min_bytes)", \
            1024, 1024, 4, 1 << 20                                             \
    }

enum {
    HM_DRAIN_THREADS_MAX = 64,
    HM_DRAIN_BATCH = 64, /* operations per sample */
    HM_DRAIN_LATER_OPS = 1000,
};

static struct {
    struct hm_drain_part {
        unsigned char **block; /* dense; outside the heap */
        uint64_t n, most;
    } part[HM_DRAIN_THREADS_MAX];

    pthread_barrier_t meet;
} hm_drain;

static inline uint32_t hm_drain_size(struct hm_block_run *run)
{
    uint64_t min_bytes = run->base.value[HM_DRAIN_MIN_BYTES];
    uint64_t max_bytes = run->base.value[HM_DRAIN_MAX_BYTES];
    uint64_t span = max_bytes > min_bytes ? max_bytes - min_bytes : 0;

    return (uint32_t)min_bytes +
           hm_rng_below(&run->base.rng, (uint32_t)span + 1);
}

/* As many blocks as have the bytes asked for, at the mean of their sizes.  The
 * table of them is resident before the program's own size is read. */
static inline void hm_drain_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;
    uint64_t max_bytes = value[HM_DRAIN_MAX_BYTES] > value[HM_DRAIN_MIN_BYTES]
                             ? value[HM_DRAIN_MAX_BYTES]
                             : value[HM_DRAIN_MIN_BYTES];
    uint64_t most =
        2 * value[HM_DRAIN_BYTES] / (value[HM_DRAIN_MIN_BYTES] + max_bytes) + 1;

    for (unsigned t = 0; t < threads; t++) {
        hm_drain.part[t].n = 0;
        hm_drain.part[t].most = most;
        hm_drain.part[t].block =
            hm_arena_alloc(most * sizeof(*hm_drain.part[t].block));
        memset(hm_drain.part[t].block, 0,
               most * sizeof(*hm_drain.part[t].block));
    }
    HM_CHECK(pthread_barrier_init(&hm_drain.meet, NULL, threads) == 0);
}

/* All threads wait for each other. */
static inline void hm_drain_meet(const struct hm_block_run *run)
{
    if (run->threads > 1)
        (void)pthread_barrier_wait(&hm_drain.meet);
}

/* A block that begins with `number`; every page of it is touched. */
static inline unsigned char *hm_drain_block(struct hm_block_run *run,
                                            uint32_t number)
{
    uint32_t bytes = hm_drain_size(run);
    unsigned char *block = hm_block_alloc(run, bytes);

    hm_block_touch(block, bytes, 1);
    *(uint32_t *)(void *)block = number;
    return block;
}

static inline void hm_drain_count(struct hm_block_run *run)
{
    if (++run->ops % HM_DRAIN_BATCH == 0)
        hm_meter_mark(&run->base.meter, HM_DRAIN_BATCH);
}

static inline void hm_drain_fill(struct hm_block_run *run)
{
    struct hm_drain_part *part = &hm_drain.part[run->thread];

    while (part->n < part->most) {
        part->block[part->n] = hm_drain_block(run, (uint32_t)part->n);
        part->n++;
        hm_drain_count(run);
    }
}

static inline void hm_drain_free_one(struct hm_block_run *run,
                                     struct hm_drain_part *part, uint64_t k)
{
    unsigned char *block = part->block[k];

    hm_run_mix(&run->base, *(uint32_t *)(void *)block);
    hm_block_free(run, block);
    run->frees++;
    part->block[k] = part->block[--part->n];
}

/* In random order, until `left` are left, which are any. */
static inline void hm_drain_free(struct hm_block_run *run, uint64_t left)
{
    struct hm_drain_part *part = &hm_drain.part[run->thread];

    while (part->n > left) {
        uint64_t draw = hm_rng_next(&run->base.rng);

        hm_drain_free_one(run, part, draw * part->n >> 32);
        hm_drain_count(run);
    }
}

/* The samples that are still open. */
static inline void hm_drain_end(struct hm_block_run *run)
{
    if (run->ops % HM_DRAIN_BATCH != 0)
        hm_meter_mark(&run->base.meter, run->ops % HM_DRAIN_BATCH);
}

/* Blocks that come and go at once: a malloc that gives memory back when it is
 * called, and not by a thread of its own, does so now. */
static inline void hm_drain_work(struct hm_block_run *run)
{
    for (unsigned i = 0; i < HM_DRAIN_LATER_OPS; i++)
        hm_block_free(run, hm_drain_block(run, i));
}

/* The resident set while the program rests, then after a few requests more.  No
 * number is drawn afterwards, so it may be skipped. */
static inline void hm_drain_watch(struct hm_block_run *run, uint64_t watch_ms)
{
    hm_watch_rss(&run->base, watch_ms, NULL, NULL);
    hm_drain_work(run);
    hm_run_figure(&run->base, "rss_1000ops_bytes", hm_os_rss_held_bytes());
}

/* Frees what is left: all of it by the first thread, once it has looked.  The
 * tables stay: resident at every look, so that none shows them leave. */
static inline void hm_drain_close(struct hm_block_run *run)
{
    if (run->thread != 0)
        return;
    for (unsigned t = 0; t < run->threads; t++) {
        struct hm_drain_part *part = &hm_drain.part[t];

        while (part->n > 0)
            hm_drain_free_one(run, part, part->n - 1);
    }
    HM_CHECK(pthread_barrier_destroy(&hm_drain.meet) == 0);
}

#endif /* HM_WORKLOADS_BLOCK_DRAIN_H */
