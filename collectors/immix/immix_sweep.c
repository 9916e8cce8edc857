/* SPDX-License-Identifier: MIT */
/* immix_sweep.c -- a collection around the marking: which blocks it empties,
 * what the marks say about lines and blocks. */
#include "collectors/immix/immix_heap.h"

enum {
    IMMIX_CROWDED = HM_BLOCK_WORDS / 8 * 7, /* not worth the copies */
    IMMIX_BUCKET_WORDS = 64,
    IMMIX_BUCKETS = IMMIX_CROWDED / IMMIX_BUCKET_WORDS + 1,
};

/* The 4 lines of 64 mark bits: bit i is set when any of bits 16i..16i+15 is. */
static uint64_t immix_lines_of(uint64_t marks)
{
    const uint64_t low = 0x7FFF7FFF7FFF7FFF;
    uint64_t any = (((marks & low) + low) | marks) & ~low;

    return (any >> 15) * 0x1000200040008 >> 48 & 15;
}

/* Lines in which an object starts; returns the number of objects. */
static unsigned immix_starts(const uint64_t *bits, uint64_t *line)
{
    unsigned n = 0;

    for (unsigned i = 0; i < IMMIX_LINE_SETS; i++) {
        uint64_t set = 0;

        for (unsigned j = 0; j < 16; j++) {
            uint64_t marks = bits[i * 16 + j];

            if (marks == 0)
                continue;
            set |= immix_lines_of(marks) << j * 4;
            n += hm_bits_count(marks);
        }
        line[i] = set;
    }
    return n;
}

static void immix_measure(struct immix_block *info)
{
    size_t longest = 0, first = immix_next_free(info, 0), end;
    unsigned live = 0;

    for (unsigned i = 0; i < IMMIX_LINE_SETS; i++)
        live += hm_bits_count(info->line[i]);
    for (; first < IMMIX_LINES; first = immix_next_free(info, end)) {
        end = immix_next_live(info, first);
        if (end - first > longest)
            longest = end - first;
    }
    info->live = (uint16_t)live;
    info->longest = (uint16_t)longest;
    info->open = (uint16_t)(IMMIX_LINES - live);
    info->is_swept = 1;
    info->is_begun = 0;
}

/* Small objects may reach into the next line, unknown to the marks. */
static void immix_make_lines(struct hm_gc *gc, uint32_t b)
{
    struct immix_block *info = &gc->info[b];
    uint64_t start[IMMIX_LINE_SETS], before = 0;

    info->marks = (uint16_t)immix_starts(hm_block_bits(&gc->blocks, b), start);
    gc->marks += info->marks;
    info->medium = 0;
    for (unsigned i = 0; i < IMMIX_LINE_SETS; i++) {
        info->line[i] = info->next[i] | start[i] | start[i] << 1 | before;
        info->medium += (uint16_t)hm_bits_count(info->next[i]);
        if (!HM_IMMIX_STICKY) /* the marks stay, and so do the lines */
            info->next[i] = 0;
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

/* Whether the marks of a block cannot have changed. */
static int immix_is_as_before(const struct hm_gc *gc, uint32_t b)
{
    return HM_IMMIX_STICKY && gc->young.is_running && gc->info[b].is_swept &&
           !gc->info[b].is_begun;
}

void hm_immix_sweep(struct hm_gc *gc)
{
    gc->marks = 0;
    gc->recyclable = HM_BLOCK_NONE;
    for (uint32_t b = gc->blocks.frontier; b-- > 0;) {
        struct hm_block *block = &gc->blocks.block[b];

        if (block->state != HM_BLOCK_USED)
            continue;
        block->class = IMMIX_PLAIN;
        if (immix_is_as_before(gc, b)) {
            gc->marks += gc->info[b].marks;
        } else {
            immix_make_lines(gc, b);
        }
        if (gc->info[b].live == 0) {
            immix_free_block(gc, b);
        } else if (gc->info[b].live < IMMIX_LINES) {
            block->next = gc->recyclable;
            gc->recyclable = b;
        }
    }
}

/* Words that the objects of a block take, if all without lines of their own
 * are of average size.  What allocation has added since the last collection is
 * not known and not counted. */
static size_t immix_words_in(const struct hm_gc *gc, uint32_t b)
{
    const struct immix_block *info = &gc->info[b];
    size_t in_lines = (size_t)info->live * IMMIX_LINE_WORDS;
    size_t small_words = (gc->marked_bytes - gc->medium_bytes) / HM_WORD_BYTES;
    size_t words = (size_t)info->medium * IMMIX_LINE_WORDS +
                   small_words * info->marks / (gc->marks + 1);

    return words < in_lines ? words : in_lines;
}

/* Whether emptying a block would pay. */
static int immix_is_candidate(const struct hm_gc *gc, uint32_t b)
{
    return gc->blocks.block[b].state == HM_BLOCK_USED && gc->info[b].is_swept &&
           immix_words_in(gc, b) <= IMMIX_CROWDED;
}

/* Blocks that may be filled with copies. */
static size_t immix_capacity_blocks(const struct hm_gc *gc, int is_thorough)
{
    size_t room = hm_immix_room_blocks(gc), n_used = gc->blocks.n_used;
    size_t share = n_used * gc->headroom_permille / 1000 + 1;

    if (!is_thorough && room > share)
        return share;
    return room < n_used ? room : n_used;
}

/* Free words in which copies would go, were the block no source. */
static size_t immix_open_words(const struct hm_gc *gc, uint32_t b)
{
    return (size_t)gc->info[b].open * IMMIX_LINE_WORDS;
}

/* What a source costs: copies, and the holes that would have taken copies. */
static size_t immix_cost_words(const struct hm_gc *gc, uint32_t b)
{
    return immix_words_in(gc, b) + immix_open_words(gc, b);
}

/* Makes the emptiest blocks sources, as long as their objects fit into free
 * blocks and the holes of the others. */
static uint32_t immix_choose_emptiest(struct hm_gc *gc, int is_thorough)
{
    size_t cost[IMMIX_BUCKETS] = {0};
    size_t room = immix_capacity_blocks(gc, is_thorough) * HM_BLOCK_WORDS;
    size_t last = 0;
    uint32_t n = 0;

    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        if (gc->blocks.block[b].state == HM_BLOCK_USED)
            room += immix_open_words(gc, b);
        if (immix_is_candidate(gc, b)) {
            cost[immix_words_in(gc, b) / IMMIX_BUCKET_WORDS] +=
                immix_cost_words(gc, b);
        }
    }
    for (; last < IMMIX_BUCKETS && cost[last] <= room; last++)
        room -= cost[last];
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        size_t bucket = immix_words_in(gc, b) / IMMIX_BUCKET_WORDS;
        size_t words = immix_cost_words(gc, b);

        if (!immix_is_candidate(gc, b) || bucket > last ||
            (bucket == last && words > room))
            continue;
        if (bucket == last)
            room -= words;
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
    return immix_choose_emptiest(gc, is_thorough);
}

void hm_immix_poison(struct hm_gc *gc)
{
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        const uint64_t *bits = hm_block_bits(&gc->blocks, b);
        uint64_t *start = hm_block_start(&gc->blocks, b);

        if (gc->blocks.block[b].state != HM_BLOCK_USED)
            continue;
        for (size_t word = 0, next; word < HM_BLOCK_WORDS;) {
            next = hm_bits_next(bits, word, HM_BLOCK_WORDS);
            hm_poison_fill(start + word, next - word);
            word = next;
            if (word < HM_BLOCK_WORDS)
                word += hm_header_words(start[word]);
        }
    }
}

void hm_immix_verify(struct hm_gc *gc, int is_after_full)
{
    uint64_t bytes = 0;
    const char *wrong = hm_immix_check(gc, &bytes);

    hm_heap_demand(&gc->heap, wrong,
                   is_after_full ? bytes : gc->heap.live_bytes);
}

void hm_immix_collect(struct hm_gc *gc, int is_thorough)
{
    uint64_t start_ns = hm_heap_stop(&gc->heap);
    int is_evacuating;

    if (gc->heap.config.verify)
        hm_immix_verify(gc, 0);
    hm_immix_close_holes(gc);
    if (HM_IMMIX_STICKY)
        hm_immix_young_forget(gc);
    is_evacuating = hm_immix_choose(gc, is_thorough) > 0;
    hm_immix_mark(gc, is_evacuating);
    hm_large_sweep(&gc->heap.large);
    hm_immix_sweep(gc);
    hm_heap_collected(&gc->heap, HM_PAUSE_full, start_ns, gc->marked_bytes);
    gc->found_bytes = gc->heap.live_bytes;
    if (HM_IMMIX_STICKY)
        hm_immix_young_restart(gc);
    if (gc->heap.config.verify) {
        hm_immix_poison(gc);
        hm_immix_verify(gc, 1);
    }
    hm_safepoint_resume(&gc->heap.safepoint);
}
