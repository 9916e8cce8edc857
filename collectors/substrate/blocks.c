/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/blocks.h"

#include <string.h>

enum {
    BLOCKS_BITS_BYTES = HM_BLOCK_MARK_WORDS * 8,
    BLOCKS_BACKED = 8, /* at a time: 256 KiB, the most beyond the budget */
};

int hm_blocks_open(struct hm_blocks *blocks, size_t reach_bytes,
                   struct hm_budget *budget, int is_guarded)
{
    size_t n = reach_bytes / HM_BLOCK_BYTES + 1;

    HM_CHECK(n < HM_BLOCK_NONE);
    *blocks = (struct hm_blocks){.budget = budget,
                                 .is_guarded = is_guarded,
                                 .free = HM_BLOCK_NONE,
                                 .released = HM_BLOCK_NONE};
    if (!hm_range_open(&blocks->range, n * HM_BLOCK_BYTES) ||
        !hm_range_open(&blocks->bits_range, n * BLOCKS_BITS_BYTES) ||
        !hm_range_open(&blocks->table_range, n * sizeof(struct hm_block))) {
        hm_blocks_close(blocks);
        return 0;
    }
    blocks->bits = (void *)blocks->bits_range.start;
    blocks->block = (void *)blocks->table_range.start;
    if (!is_guarded) /* guarded blocks lose and get access one by one */
        hm_range_prefer_huge(&blocks->range, budget->limit_bytes);
    return 1;
}

int hm_blocks_add_bitmap(struct hm_blocks *blocks)
{
    HM_ASSERT(blocks->frontier == 0 && blocks->next_bits == NULL);
    if (!hm_range_open(&blocks->next_range, blocks->bits_range.bytes))
        return 0;
    blocks->next_bits = (void *)blocks->next_range.start;
    return 1;
}

void hm_blocks_swap_bitmaps(struct hm_blocks *blocks)
{
    struct hm_range range = blocks->bits_range;

    HM_ASSERT(blocks->next_bits != NULL);
    blocks->bits_range = blocks->next_range;
    blocks->next_range = range;
    blocks->bits = (void *)blocks->bits_range.start;
    blocks->next_bits = (void *)blocks->next_range.start;
}

void hm_blocks_close(struct hm_blocks *blocks)
{
    hm_range_close(&blocks->table_range);
    hm_range_close(&blocks->next_range);
    hm_range_close(&blocks->bits_range);
    hm_range_close(&blocks->range);
}

static uint32_t blocks_pop(struct hm_blocks *blocks, uint32_t *list)
{
    uint32_t b = *list;

    if (b != HM_BLOCK_NONE)
        *list = blocks->block[b].next;
    return b;
}

static void blocks_push(struct hm_blocks *blocks, uint32_t *list, uint32_t b,
                        enum hm_block_state state)
{
    blocks->block[b].next = *list;
    blocks->block[b].state = (uint8_t)state;
    *list = b;
}

/* Blocks ahead of the frontier, as many as the budget has room for, so that a
 * heap at its limit backs nothing that it will not use. */
static void blocks_back(struct hm_blocks *blocks)
{
    size_t first = blocks->frontier, n = BLOCKS_BACKED;

    if (first % BLOCKS_BACKED != 0 || blocks->is_guarded)
        return;
    while (n > 1 && !hm_budget_has(blocks->budget, n * HM_BLOCK_BYTES))
        n /= 2;
    if (hm_range_extend(&blocks->range, (first + n) * HM_BLOCK_BYTES)) {
        hm_range_back(&blocks->range, first * HM_BLOCK_BYTES,
                      n * HM_BLOCK_BYTES);
    }
}

/* A block that was never used, with its side tables. */
static uint32_t blocks_extend(struct hm_blocks *blocks)
{
    size_t n = (size_t)blocks->frontier + 1;
    size_t n_bitmaps = blocks->next_bits != NULL ? 2 : 1;

    if (n_bitmaps == 2 &&
        !hm_range_extend(&blocks->next_range, n * BLOCKS_BITS_BYTES))
        return HM_BLOCK_NONE;
    if (!hm_range_extend(&blocks->table_range, n * sizeof(struct hm_block)) ||
        !hm_range_extend(&blocks->bits_range, n * BLOCKS_BITS_BYTES) ||
        !hm_range_extend(&blocks->range, n * HM_BLOCK_BYTES) ||
        !hm_budget_take(blocks->budget, HM_BLOCK_BYTES +
                                            n_bitmaps * BLOCKS_BITS_BYTES +
                                            sizeof(struct hm_block)))
        return HM_BLOCK_NONE;
    blocks_back(blocks);
    return blocks->frontier++;
}

static uint32_t blocks_find(struct hm_blocks *blocks)
{
    uint32_t b = blocks_pop(blocks, &blocks->free);

    if (b != HM_BLOCK_NONE) {
        blocks->n_free--;
        return b;
    }
    if (blocks->released == HM_BLOCK_NONE)
        return blocks_extend(blocks);
    if (!hm_budget_take(blocks->budget, HM_BLOCK_BYTES))
        return HM_BLOCK_NONE;
    blocks->n_released--;
    b = blocks_pop(blocks, &blocks->released);
    if (!blocks->is_guarded) {
        hm_range_back(&blocks->range, (size_t)b * HM_BLOCK_BYTES,
                      HM_BLOCK_BYTES);
    }
    return b;
}

uint32_t hm_blocks_take(struct hm_blocks *blocks, unsigned class)
{
    uint32_t b = blocks_find(blocks);

    if (b == HM_BLOCK_NONE)
        return b;
    HM_ASSERT(b < blocks->frontier && blocks->block[b].state != HM_BLOCK_USED);
    if (blocks->is_guarded) {
        hm_range_unlock(&blocks->range, (size_t)b * HM_BLOCK_BYTES,
                        HM_BLOCK_BYTES);
    }
    memset(hm_block_bits(blocks, b), 0, BLOCKS_BITS_BYTES);
    blocks->block[b] = (struct hm_block){.next = HM_BLOCK_NONE,
                                         .class = (uint8_t) class,
                                         .state = HM_BLOCK_USED};
    blocks->n_used++;
    return b;
}

static void blocks_discard(struct hm_blocks *blocks, uint32_t b)
{
    hm_range_discard(&blocks->range, (size_t)b * HM_BLOCK_BYTES,
                     HM_BLOCK_BYTES);
    hm_budget_give(blocks->budget, HM_BLOCK_BYTES);
    blocks_push(blocks, &blocks->released, b, HM_BLOCK_RELEASED);
    blocks->n_released++;
}

void hm_blocks_give(struct hm_blocks *blocks, uint32_t b)
{
    HM_ASSERT(blocks->block[b].state == HM_BLOCK_USED && blocks->n_used > 0);
    blocks->n_used--;
    if (blocks->is_guarded) {
        blocks_discard(blocks, b);
        hm_range_lock(&blocks->range, (size_t)b * HM_BLOCK_BYTES,
                      HM_BLOCK_BYTES);
    } else {
        blocks_push(blocks, &blocks->free, b, HM_BLOCK_FREE);
        blocks->n_free++;
    }
}

void hm_blocks_release(struct hm_blocks *blocks)
{
    uint32_t b;

    while ((b = blocks_pop(blocks, &blocks->free)) != HM_BLOCK_NONE)
        blocks_discard(blocks, b);
    blocks->n_free = 0;
}

size_t hm_blocks_backed(const struct hm_blocks *blocks)
{
    return blocks->frontier - blocks->n_released;
}

void hm_blocks_release_above(struct hm_blocks *blocks, size_t keep, size_t most)
{
    size_t n = hm_blocks_backed(blocks) - blocks->n_used;

    for (; n > keep && most > 0; n--, most--)
        blocks_discard(blocks, blocks_pop(blocks, &blocks->free));
}

void hm_blocks_clear_marks(struct hm_blocks *blocks)
{
    memset(blocks->bits, 0, (size_t)blocks->frontier * BLOCKS_BITS_BYTES);
}

unsigned hm_blocks_count_marks(const struct hm_blocks *blocks, uint32_t b)
{
    const uint64_t *bits = hm_block_bits(blocks, b);
    unsigned n = 0;

    for (int i = 0; i < HM_BLOCK_MARK_WORDS; i++) {
        if (bits[i] != 0)
            n += hm_bits_count(bits[i]);
    }
    return n;
}

/* Length of a list whose blocks must all be in `state`; UINT32_MAX if not. */
static uint32_t blocks_list_length(const struct hm_blocks *blocks, uint32_t b,
                                   enum hm_block_state state)
{
    uint32_t n = 0;

    for (; b != HM_BLOCK_NONE; b = blocks->block[b].next) {
        if (b >= blocks->frontier || blocks->block[b].state != state ||
            n++ > blocks->frontier)
            return UINT32_MAX;
    }
    return n;
}

const char *hm_blocks_check(const struct hm_blocks *blocks)
{
    uint32_t n_free = blocks_list_length(blocks, blocks->free, HM_BLOCK_FREE);
    uint32_t n_released =
        blocks_list_length(blocks, blocks->released, HM_BLOCK_RELEASED);

    if (n_free != blocks->n_free || n_released == UINT32_MAX)
        return "blocks: a list holds a block that does not belong there";
    if ((uint64_t)n_free + n_released + blocks->n_used != blocks->frontier ||
        n_released != blocks->n_released)
        return "blocks: a block is in no list or in two";
    return NULL;
}
