/* SPDX-License-Identifier: MIT */
/* ring.h -- the core of ring_churn and ring_churn_foreign: a ring of slots is
 * filled from its first to its last; then all blocks are freed but those in a
 * window, which moves on each time: those below it in the order in which they
 * were allocated, those above it in the reverse.
 *
 * Sizes come in a fixed cycle of runs: K sizes, each about half as large again
 * as the one before, of which the first is asked for K times in a row, the
 * second K - 1 times, and the largest once. */
#ifndef HM_WORKLOADS_RING_H
#define HM_WORKLOADS_RING_H

#include "common/arena.h"
#include "workloads/block.h"

#include <stdint.h>

enum {
    HM_RING_SIZES_MAX = 48,
    HM_RING_SLOTS_MIN = 5, /* so that the window has one at least */
    HM_RING_SLOTS_MAX = 1 << 21,
    HM_RING_BYTES_MAX = 1 << 20,
    HM_RING_BATCH = 256, /* blocks per sample */
};

struct hm_ring {
    unsigned char **slot; /* those of the window keep their blocks */
    uint64_t slots, at;
    uint64_t window, kept; /* [window, window + kept) */
    uint32_t bytes[HM_RING_SIZES_MAX];
    uint32_t sizes, size, left; /* left: of the run of this size */
};

/* min_bytes, half as much again and 1 more, ..., max_bytes. */
static inline void hm_ring_fill_sizes(struct hm_ring *ring, uint64_t min_bytes,
                                      uint64_t max_bytes)
{
    ring->sizes = 0;
    for (uint64_t bytes = min_bytes; bytes < max_bytes; bytes += bytes / 2 + 1)
        ring->bytes[ring->sizes++] = (uint32_t)bytes;
    ring->bytes[ring->sizes++] =
        (uint32_t)(max_bytes > min_bytes ? max_bytes : min_bytes);
}

/* 5 <= slots <= HM_RING_SLOTS_MAX; sizes from 1 to HM_RING_BYTES_MAX. */
static inline void hm_ring_open(struct hm_ring *ring, uint64_t slots,
                                uint64_t min_bytes, uint64_t max_bytes)
{
    *ring = (struct hm_ring){.slots = slots, .kept = slots / 5};
    ring->window = slots; /* none until the ring was full once */
    ring->slot = hm_arena_alloc(slots * sizeof(*ring->slot));
    hm_ring_fill_sizes(ring, min_bytes, max_bytes);
    ring->left = ring->sizes;
}

static inline uint32_t hm_ring_next_bytes(struct hm_ring *ring)
{
    if (ring->left == 0) {
        ring->size = ring->size + 1 < ring->sizes ? ring->size + 1 : 0;
        ring->left = ring->sizes - ring->size;
    }
    ring->left--;
    return ring->bytes[ring->size];
}

static inline void hm_ring_free(struct hm_block_run *run, unsigned char **slot)
{
    if (*slot == NULL)
        return;
    hm_run_mix(&run->base, (*slot)[0]);
    hm_block_free(run, *slot);
    *slot = NULL;
    run->frees++;
}

/* Moves the window by half its width, so that a block may outlive two rounds;
 * at first to where the thread's seed says. */
static inline void hm_ring_move_window(struct hm_block_run *run,
                                       struct hm_ring *ring)
{
    uint64_t places = ring->slots - ring->kept + 1;

    if (ring->window == ring->slots) {
        ring->window = hm_rng_below(&run->base.rng, (uint32_t)places);
    } else {
        ring->window = (ring->window + ring->kept / 2 + 1) % places;
    }
}

static inline void hm_ring_turn(struct hm_block_run *run, struct hm_ring *ring)
{
    hm_ring_move_window(run, ring);
    for (uint64_t k = 0; k < ring->window; k++)
        hm_ring_free(run, &ring->slot[k]);
    for (uint64_t k = ring->slots; k-- > ring->window + ring->kept;)
        hm_ring_free(run, &ring->slot[k]);
    ring->at = 0;
}

/* The next empty slot: beyond the window, or of a new round. */
static inline uint64_t hm_ring_place(struct hm_block_run *run,
                                     struct hm_ring *ring)
{
    while (ring->at == ring->window || ring->at == ring->slots) {
        if (ring->at == ring->slots) {
            hm_ring_turn(run, ring);
        } else {
            ring->at += ring->kept;
        }
    }
    return ring->at++;
}

static inline void hm_ring_step(struct hm_block_run *run, struct hm_ring *ring)
{
    uint64_t k = hm_ring_place(run, ring);
    uint32_t bytes = hm_ring_next_bytes(ring);
    unsigned char *block = hm_block_alloc(run, bytes);

    block[0] = (unsigned char)k;
    block[bytes - 1] = (unsigned char)k;
    HM_BLOCK_KEEP(block);
    ring->slot[k] = block;
}

/* Allocates n blocks, in samples. */
static inline void hm_ring_steps(struct hm_block_run *run, struct hm_ring *ring,
                                 uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        hm_ring_step(run, ring);
        if (i % HM_RING_BATCH == HM_RING_BATCH - 1)
            hm_meter_mark(&run->base.meter, HM_RING_BATCH);
    }
    if (n % HM_RING_BATCH > 0)
        hm_meter_mark(&run->base.meter, n % HM_RING_BATCH);
}

static inline void hm_ring_drop(struct hm_block_run *run, struct hm_ring *ring)
{
    for (uint64_t k = 0; k < ring->slots; k++)
        hm_ring_free(run, &ring->slot[k]);
    hm_arena_release(ring->slot, ring->slots * sizeof(*ring->slot));
}

#endif /* HM_WORKLOADS_RING_H */
