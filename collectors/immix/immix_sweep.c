/* SPDX-License-Identifier: MIT */
/* A collection around the marking: which blocks it empties, what the marks say
 * about lines and blocks. */
#include "collectors/immix/immix_heap.h"

enum {
    IMMIX_MAX_HOLES = IMMIX_LINES / 2,
    IMMIX_CROWDED = IMMIX_LINES / 4 * 3, /* live lines: not worth the copies */
};

/* The 4 lines of 64 mark bits: bit i is set when any of bits 16i..16i+15 is. */
static uint64_t immix_lines_of(uint64_t marks)
{
    const uint64_t low = 0x7FFF7FFF7FFF7FFF;
    uint64_t any = (((marks & low) + low) | marks) & ~low;

    return (any >> 15) * 0x1000200040008 >> 48 & 15;
}

/* Lines in which an object starts. */
static void immix_starts(const uint64_t *bits, uint64_t *line)
{
    for (unsigned i = 0; i < IMMIX_LINE_SETS; i++) {
        uint64_t set = 0;

        for (unsigned j = 0; j < 16; j++) {
            uint64_t marks = bits[i * 16 + j];

            if (marks != 0)
                set |= immix_lines_of(marks) << j * 4;
        }
        line[i] = set;
    }
}

static void immix_measure(struct immix_block *info)
{
    uint64_t before = 1;
    int live = 0, holes = 0;
    unsigned longest = 0, end = 0;

    for (unsigned i = 0; i < IMMIX_LINE_SETS; i++) {
        uint64_t line = info->line[i];

        live += __builtin_popcountll(line);
        holes += __builtin_popcountll(~line & (line << 1 | before));
        before = line >> 63;
    }
    for (int h = 0; h < holes; h++) {
        unsigned first = immix_next_free(info, end);

        end = immix_next_live(info, first);
        if (end - first > longest)
            longest = end - first;
    }
    info->live = (uint16_t)live;
    info->holes = (uint16_t)holes;
    info->longest = (uint16_t)longest;
    info->is_swept = 1;
}

/* Small objects may reach into the next line, unknown to the marks. */
static void immix_make_lines(struct hm_gc *gc, uint32_t b)
{
    struct immix_block *info = &gc->info[b];
    uint64_t start[IMMIX_LINE_SETS], before = 0;

    immix_starts(hm_block_bits(&gc->blocks, b), start);
    for (unsigned i = 0; i < IMMIX_LINE_SETS; i++) {
        info->line[i] |= start[i] | start[i] << 1 | before;
        before = start[i] >> 63;
    }
    immix_measure(info);
}

static void immix_free_block(struct hm_gc *gc, uint32_t b)
{
    hm_blocks_give(&gc->blocks, b);
    if (gc->blocks.block[b].state == HM_BLOCK_FREE)
        gc->free_blocks++;
}

void hm_immix_sweep(struct hm_gc *gc)
{
    for (uint32_t b = gc->blocks.frontier; b-- > 0;) {
        struct hm_block *block = &gc->blocks.block[b];

        if (block->state != HM_BLOCK_USED)
            continue;
        block->class = IMMIX_PLAIN;
        immix_make_lines(gc, b);
        if (gc->info[b].live == 0) {
            immix_free_block(gc, b);
        } else if (gc->info[b].live < IMMIX_LINES) {
            block->next = gc->recyclable;
            gc->recyclable = b;
        }
    }
}

/* Whether emptying a block would pay; what allocation has added since the last
 * collection is not known and not counted. */
static int immix_is_fragmented(const struct hm_gc *gc, uint32_t b,
                               int is_thorough)
{
    const struct immix_block *info = &gc->info[b];

    if (gc->blocks.block[b].state != HM_BLOCK_USED || !info->is_swept)
        return 0;
    if (is_thorough)
        return info->holes > 0;
    return info->holes > 1 && info->live <= IMMIX_CROWDED;
}

/* Lines that may be copied. */
static size_t immix_capacity(const struct hm_gc *gc, int is_thorough)
{
    size_t room = hm_immix_room_blocks(gc);
    size_t share = gc->blocks.n_used * gc->headroom_permille / 1000 + 1;

    if (!is_thorough && room > share)
        room = share;
    if (room > gc->blocks.n_used)
        room = gc->blocks.n_used;
    return room * IMMIX_LINES;
}

/* Makes the blocks with the most holes sources, as far as `capacity` lines
 * reach. */
static uint32_t immix_choose_most_holes(struct hm_gc *gc, int is_thorough,
                                        size_t capacity)
{
    size_t lines[IMMIX_MAX_HOLES + 1] = {0};
    unsigned fewest = IMMIX_MAX_HOLES;
    uint32_t n = 0;

    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        if (immix_is_fragmented(gc, b, is_thorough))
            lines[gc->info[b].holes] += gc->info[b].live;
    }
    for (; fewest > 0 && lines[fewest] <= capacity; fewest--)
        capacity -= lines[fewest];
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        unsigned holes = gc->info[b].holes;

        if (!immix_is_fragmented(gc, b, is_thorough) || holes < fewest)
            continue;
        if (holes == fewest) {
            if (gc->info[b].live > capacity)
                continue;
            capacity -= gc->info[b].live;
        }
        gc->blocks.block[b].class = IMMIX_SOURCE;
        n++;
    }
    return n;
}

static uint32_t immix_choose_all(struct hm_gc *gc)
{
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        if (gc->blocks.block[b].state == HM_BLOCK_USED)
            gc->blocks.block[b].class = IMMIX_SOURCE;
    }
    return gc->blocks.n_used;
}

uint32_t hm_immix_choose(struct hm_gc *gc, int is_thorough)
{
    switch (gc->evacuate) {
    case IMMIX_NEVER:
        return 0;
    case IMMIX_FRAGMENTED:
        break;
    case IMMIX_ALWAYS:
        return immix_choose_all(gc);
    }
    return immix_choose_most_holes(gc, is_thorough,
                                   immix_capacity(gc, is_thorough));
}

static void immix_forget_lines(struct hm_gc *gc)
{
    for (uint32_t b = 0; b < gc->blocks.frontier; b++)
        memset(gc->info[b].line, 0, sizeof(gc->info[b].line));
}

void hm_immix_poison(struct hm_gc *gc)
{
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        const struct immix_block *info = &gc->info[b];
        uint64_t *start = hm_block_start(&gc->blocks, b);
        unsigned first = immix_next_free(info, 0), end;

        if (gc->blocks.block[b].state != HM_BLOCK_USED)
            continue;
        for (; first < IMMIX_LINES; first = immix_next_free(info, end)) {
            end = immix_next_live(info, first);
            hm_poison_fill(start + first * IMMIX_LINE_WORDS,
                           (size_t)(end - first) * IMMIX_LINE_WORDS);
        }
    }
}

static void immix_verify(struct hm_gc *gc, int is_after)
{
    uint64_t bytes = 0;
    const char *wrong = hm_immix_check(gc, &bytes);

    hm_heap_demand(&gc->heap, wrong, is_after ? bytes : gc->heap.live_bytes);
}

void hm_immix_collect(struct hm_gc *gc, int is_thorough)
{
    uint64_t start_ns;
    int is_evacuating;

    if (gc->heap.config.verify)
        immix_verify(gc, 0);
    start_ns = hm_clock_now_ns();
    hm_immix_reset(gc);
    is_evacuating = hm_immix_choose(gc, is_thorough) > 0;
    immix_forget_lines(gc);
    hm_immix_mark(gc, is_evacuating);
    hm_large_sweep(&gc->heap.large);
    hm_immix_sweep(gc);
    hm_heap_collected(&gc->heap, HM_PAUSE_full, start_ns, gc->marked_bytes);
    if (gc->heap.config.verify) {
        hm_immix_poison(gc);
        immix_verify(gc, 1);
    }
}
