/* SPDX-License-Identifier: MIT */
/* blocks.h -- blocks of 32 KiB out of one range, each with 4096 mark bits in a
 * side bitmap, one for each word.  A second bitmap, for a collector that marks
 * while the first one still says what is free, is optional.
 *
 * Blocks and bits are charged to the budget.  A free block stays backed until
 * hm_blocks_release; it may serve another purpose next. */
#ifndef HM_COLLECTORS_SUBSTRATE_BLOCKS_H
#define HM_COLLECTORS_SUBSTRATE_BLOCKS_H

#include "collectors/substrate/bits.h"
#include "collectors/substrate/budget.h"
#include "collectors/substrate/range.h"

#include <stdint.h>

enum {
    HM_BLOCK_BYTES = 32 << 10,
    HM_BLOCK_WORDS = HM_BLOCK_BYTES / 8,
    HM_BLOCK_MARK_WORDS = HM_BLOCK_WORDS / 64,
};

#define HM_BLOCK_NONE UINT32_MAX

struct hm_block {
    uint32_t next;   /* in whatever list holds the block */
    uint32_t prev;   /* the owner's, where its lists need it */
    uint16_t marked; /* number of mark bits at the last count */
    uint8_t class;   /* the owner's */
    uint8_t state;   /* enum hm_block_state */
};

enum hm_block_state {
    HM_BLOCK_RELEASED, /* free and not backed */
    HM_BLOCK_FREE,
    HM_BLOCK_USED,
};

struct hm_blocks {
    struct hm_range range, bits_range, next_range, table_range;
    struct hm_budget *budget;
    uint64_t *bits;
    uint64_t *next_bits; /* of the second bitmap, or NULL */
    struct hm_block *block;
    uint32_t frontier;       /* blocks from here on were never used */
    uint32_t free, released; /* lists */
    uint32_t n_used, n_free, n_released;
    int is_guarded; /* free blocks are inaccessible */
};

/* A space that asks for huge pages (hm_range_prefer_huge), unless guarded.
 * Returns 1; 0 when the system refuses the address space. */
int hm_blocks_open(struct hm_blocks *blocks, size_t reach_bytes,
                   struct hm_budget *budget, int is_guarded);
void hm_blocks_close(struct hm_blocks *blocks);

/* Adds a second bitmap, before the first block is taken.  Returns as open. */
int hm_blocks_add_bitmap(struct hm_blocks *blocks);

/* The two bitmaps change places. */
void hm_blocks_swap_bitmaps(struct hm_blocks *blocks);

/* A block with its mark bits clear, or HM_BLOCK_NONE.  The second bitmap is the
 * owner's to clear before a block is given back. */
uint32_t hm_blocks_take(struct hm_blocks *blocks, unsigned class);

void hm_blocks_give(struct hm_blocks *blocks, uint32_t b);

/* Returns the memory of all free blocks to the system. */
void hm_blocks_release(struct hm_blocks *blocks);

/* The same for at most `most` of them, as long as more than `keep` are free. */
void hm_blocks_release_above(struct hm_blocks *blocks, size_t keep,
                             size_t most);

/* Number of blocks that are backed by memory, used or free. */
size_t hm_blocks_backed(const struct hm_blocks *blocks);

void hm_blocks_clear_marks(struct hm_blocks *blocks);

/* Number of mark bits of block b. */
unsigned hm_blocks_count_marks(const struct hm_blocks *blocks, uint32_t b);

/* NULL, or what is wrong with the lists and counts. */
const char *hm_blocks_check(const struct hm_blocks *blocks);

static inline uint64_t *hm_block_start(const struct hm_blocks *blocks,
                                       uint32_t b)
{
    return (uint64_t *)(void *)blocks->range.start + (size_t)b * HM_BLOCK_WORDS;
}

static inline uint64_t *hm_block_bits(const struct hm_blocks *blocks,
                                      uint32_t b)
{
    return blocks->bits + (size_t)b * HM_BLOCK_MARK_WORDS;
}

static inline uint64_t *hm_block_next_bits(const struct hm_blocks *blocks,
                                           uint32_t b)
{
    return blocks->next_bits + (size_t)b * HM_BLOCK_MARK_WORDS;
}

#endif /* HM_COLLECTORS_SUBSTRATE_BLOCKS_H */
