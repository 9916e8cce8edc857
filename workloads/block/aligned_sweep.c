/* SPDX-License-Identifier: MIT */
/* aligned_sweep.c -- aligned blocks: every alignment from that of a pointer to
 * 64 KiB with every size: what does an alignment cost in time and in memory?
 *
 * Source:     a sweep, as in the C library's own benchmarks of malloc.
 * Differs:    posix_memalign; alignments and sizes are powers of two, each with
 *             each, so that most sizes are no multiple of the alignment.
 * Invariants: a block lies where it was asked to: the counter `misaligned` is
 *             0, as it is not with mimalloc 2.0.9 (its issue 700: alignments
 *             of 256 to 1024 bytes), whose runs end as bad_checksum; `blocks`
 *             are live at most.
 * Costs:      a store for each page.
 * Threads:    one. */
#include "workloads/block.h"

enum {
    ALIGNED_ROUNDS,
    ALIGNED_BLOCKS,
    ALIGNED_MOST_ALIGN_BYTES,
    ALIGNED_MOST_BYTES,
};

static const struct hm_param aligned_params[] = {
    {"rounds", "sweeps over alignments and sizes", 8, 80, 1, 1 << 24},
    {"blocks", "of each alignment and size, held together", 64, 64, 1, 1024},
    {"most_align_bytes", "largest alignment", 1 << 16, 1 << 16, 8, 1 << 24},
    {"most_bytes", "largest size", 1 << 16, 1 << 16, 8, 1 << 30},
    {0},
};

enum {
    ALIGNED_BLOCKS_MAX = 1024,
    ALIGNED_LEAST_BYTES = sizeof(void *), /* alignment and size */
};

static unsigned char *aligned_held[ALIGNED_BLOCKS_MAX];
static uint64_t aligned_misaligned;

static unsigned char *aligned_block(struct hm_block_run *run, size_t align,
                                    size_t bytes)
{
    unsigned char *block = hm_block_alloc_aligned(run, align, bytes);

    aligned_misaligned += (uintptr_t)block % align != 0;
    hm_block_touch(block, bytes, (unsigned char)run->ops);
    run->ops++;
    return block;
}

static void aligned_pair(struct hm_block_run *run, size_t align, size_t bytes)
{
    uint64_t n = run->base.value[ALIGNED_BLOCKS];

    for (uint64_t k = 0; k < n; k++)
        aligned_held[k] = aligned_block(run, align, bytes);
    for (uint64_t k = 0; k < n; k++) {
        HM_BLOCK_KEEP(aligned_held[k]);
        hm_run_mix(&run->base, aligned_held[k][0]);
        hm_block_free(run, aligned_held[k]);
    }
    run->frees += n;
    hm_meter_mark(&run->base.meter, n);
}

static void aligned_sweep(struct hm_block_run *run)
{
    const uint64_t *value = run->base.value;

    for (size_t align = ALIGNED_LEAST_BYTES;
         align <= value[ALIGNED_MOST_ALIGN_BYTES]; align *= 2) {
        for (size_t bytes = ALIGNED_LEAST_BYTES;
             bytes <= value[ALIGNED_MOST_BYTES]; bytes *= 2)
            aligned_pair(run, align, bytes);
    }
}

static void aligned_run(struct hm_block_run *run)
{
    uint64_t rounds = run->base.value[ALIGNED_ROUNDS];

    aligned_misaligned = 0;
    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < rounds; i++)
        aligned_sweep(run);
    hm_run_count(&run->base, "misaligned", aligned_misaligned);
}

static void aligned_drop(struct hm_block_run *run)
{
    (void)run; /* nothing is held */
}

const struct hm_block_workload hm_block_aligned_sweep = {
    .name = "aligned_sweep",
    .summary = "every alignment up to 64 KiB with every size up to 64 KiB",
    .source = "a sweep over alignments and sizes",
    .operation = "posix_memalign and free",
    .params = aligned_params,
    .max_threads = 1,
    .run = aligned_run,
    .drop = aligned_drop,
};
