/* SPDX-License-Identifier: MIT */
/* immix_alloc.c -- blocks, the holes in them, and who bumps through which. */
#include "collectors/immix/immix_heap.h"

enum { IMMIX_BLOCK_COST_BYTES = HM_BLOCK_BYTES + 1024 }; /* side tables too */

static const struct immix_cursor immix_nowhere = {.block = HM_BLOCK_NONE,
                                                  .line = IMMIX_LINES};

void hm_immix_leave_holes(struct hm_mutator *m)
{
    m->main = m->overflow = immix_nowhere;
    m->overflow.is_overflow = 1;
}

void hm_immix_close_holes(struct hm_gc *gc)
{
    struct hm_thread *thread = gc->heap.roots.threads;

    for (; thread != NULL; thread = thread->next)
        hm_immix_leave_holes((struct hm_mutator *)thread);
    gc->copy = immix_nowhere;
}

size_t hm_immix_room_blocks(const struct hm_gc *gc)
{
    const struct hm_budget *budget = &gc->heap.budget;
    const struct hm_extents *extents = &gc->heap.large.extents;
    size_t kept_pages = extents->backed_pages - extents->used_pages;

    if (budget->limit_bytes == 0)
        return SIZE_MAX;
    return gc->free_blocks + (budget->limit_bytes - budget->held_bytes +
                              kept_pages * HM_PAGE_BYTES) /
                                 IMMIX_BLOCK_COST_BYTES;
}

/* Room in the table for a block that was never used.  0: no budget. */
static int immix_extend_info(struct hm_gc *gc)
{
    size_t bytes = hm_round_up(((size_t)gc->blocks.frontier + 1) *
                                   sizeof(struct immix_block),
                               HM_PAGE_BYTES);

    if (gc->blocks.free != HM_BLOCK_NONE ||
        gc->blocks.released != HM_BLOCK_NONE || bytes <= gc->info_bytes)
        return 1;
    if (!hm_range_extend(&gc->info_range, bytes) ||
        !hm_budget_take(&gc->heap.budget, bytes - gc->info_bytes))
        return 0;
    gc->info_bytes = bytes;
    return 1;
}

/* An empty block, unless no more than `reserve_blocks` would be left, or
 * HM_BLOCK_NONE. */
static uint32_t immix_take_block(struct hm_gc *gc, size_t reserve_blocks)
{
    uint32_t b = HM_BLOCK_NONE;

    if (hm_immix_room_blocks(gc) <= reserve_blocks && reserve_blocks > 0)
        return b;
    for (int is_retry = 0; is_retry < 2 && b == HM_BLOCK_NONE; is_retry++) {
        if (is_retry)
            hm_extents_release(&gc->heap.large.extents);
        if (immix_extend_info(gc))
            b = hm_blocks_take(&gc->blocks, IMMIX_PLAIN);
    }
    if (b == HM_BLOCK_NONE)
        return b;
    if (gc->free_blocks > 0)
        gc->free_blocks--;
    gc->info[b] = (struct immix_block){.longest = IMMIX_LINES};
    if (gc->heap.config.verify)
        hm_poison_fill(hm_block_start(&gc->blocks, b), HM_BLOCK_WORDS);
    return b;
}

/* Makes at least `words` of the cursor's hole usable, or as many as may be
 * allocated before the next collection is due.  0: the hole is too short. */
static int immix_widen(struct hm_gc *gc, struct immix_cursor *cursor,
                       size_t words)
{
    size_t left =
        hm_pacer_left(&gc->heap.pacer, gc->heap.since_bytes) / HM_WORD_BYTES;
    size_t usable = (size_t)(cursor->hole.limit - cursor->hole.free);
    size_t room = (size_t)(cursor->end - cursor->hole.free);
    size_t more = room - usable;

    if (room < words)
        return 0;
    if (more > left)
        more = left;
    if (usable + more < words)
        more = words - usable;
    if (gc->heap.config.verify &&
        !hm_poison_is_intact(cursor->hole.limit, more))
        hm_check_failed(__FILE__, __LINE__, "a free line was written to");
    cursor->hole.limit += more;
    gc->heap.since_bytes += more * HM_WORD_BYTES;
    return 1;
}

/* Goes on to a hole of at least `words` in the cursor's block.  0: none. */
static int immix_next_hole(const struct hm_gc *gc, struct immix_cursor *cursor,
                           size_t words)
{
    uint64_t *start;

    if (cursor->block == HM_BLOCK_NONE)
        return 0;
    start = hm_block_start(&gc->blocks, cursor->block);
    while (cursor->line < IMMIX_LINES) {
        const struct immix_block *info = &gc->info[cursor->block];
        size_t first = immix_next_free(info, cursor->line);
        size_t end = immix_next_live(info, first);

        cursor->line = end;
        if ((end - first) * IMMIX_LINE_WORDS < words)
            continue;
        cursor->hole.free = cursor->hole.limit =
            start + first * IMMIX_LINE_WORDS;
        cursor->end = start + end * IMMIX_LINE_WORDS;
        return 1;
    }
    return 0;
}

/* Takes the first block with a hole of at least `words` out of the list, but
 * no source: those have to become empty. */
static uint32_t immix_pop_recyclable(struct hm_gc *gc, size_t words)
{
    uint32_t *link = &gc->recyclable, b;

    while ((b = *link) != HM_BLOCK_NONE) {
        if ((size_t)gc->info[b].longest * IMMIX_LINE_WORDS >= words &&
            gc->blocks.block[b].class == IMMIX_PLAIN) {
            gc->info[b].open = 0;
            gc->info[b].is_begun = 1;
            *link = gc->blocks.block[b].next;
            return b;
        }
        link = &gc->blocks.block[b].next;
    }
    return b;
}

static int immix_begin(struct immix_cursor *cursor, uint32_t b)
{
    if (b == HM_BLOCK_NONE)
        return 0;
    cursor->block = b;
    cursor->line = 0;
    return 1;
}

/* Copies and small objects fill recyclable blocks before empty ones, medium
 * ones start with an empty one: few holes would take them.  0: there is no
 * block. */
static int immix_next_block(struct hm_gc *gc, struct immix_cursor *cursor,
                            size_t words, size_t reserve_blocks)
{
    if (!cursor->is_overflow) {
        return immix_begin(cursor, immix_pop_recyclable(gc, words)) ||
               immix_begin(cursor, immix_take_block(gc, reserve_blocks));
    }
    return immix_begin(cursor, immix_take_block(gc, reserve_blocks)) ||
           immix_begin(cursor, immix_pop_recyclable(gc, words));
}

int hm_immix_advance(struct hm_gc *gc, struct immix_cursor *cursor,
                     size_t words, size_t reserve_blocks)
{
    return immix_next_hole(gc, cursor, words) ||
           (immix_next_block(gc, cursor, words, reserve_blocks) &&
            immix_next_hole(gc, cursor, words));
}

uint64_t *hm_immix_find(struct hm_mutator *m, size_t words,
                        size_t reserve_blocks)
{
    struct hm_gc *gc = m->gc;
    struct immix_cursor *cursor = &m->main;
    uint64_t *start;

    if (hm_pacer_left(&gc->heap.pacer, gc->heap.since_bytes) == 0)
        return NULL;
    if (words > IMMIX_LINE_WORDS && !immix_widen(gc, cursor, words))
        cursor = &m->overflow;
    while (!immix_widen(gc, cursor, words)) {
        if (!hm_immix_advance(gc, cursor, words, reserve_blocks))
            return NULL;
    }
    start = cursor->hole.free;
    cursor->hole.free += words;
    return start;
}
