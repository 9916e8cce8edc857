/* SPDX-License-Identifier: MIT */
/* immix_check.c -- the invariants of immix.c, checked from scratch. */
#include "collectors/immix/immix_heap.h"
#include "common/arena.h"

/* Where objects start in the blocks: a bit for each word.  Free lines hold
 * readable leftovers unless they are poisoned, which verify mode does. */
struct immix_map {
    const struct hm_gc *gc;
    uint64_t *bits;
    size_t bytes;
};

/* Whether a header that fits the rest of its block stands at `word`. */
static int immix_fits(const uint64_t *header, size_t word)
{
    return hm_header_is_sound(immix_header(header)) &&
           hm_header_words(*header) <= HM_LARGE_WORDS &&
           word + hm_header_words(*header) <= HM_BLOCK_WORDS;
}

static int immix_is_object(const void *arg, hm_ref o)
{
    const struct immix_map *map = arg;
    const struct hm_gc *gc = map->gc;
    const uint64_t *header = hm_header_of(o);
    size_t word = immix_word(gc, header);
    size_t b = word / HM_BLOCK_WORDS, inside = word % HM_BLOCK_WORDS;

    if (b >= gc->blocks.frontier)
        return hm_large_is_object(&gc->heap.large, o);
    if (gc->blocks.block[b].state != HM_BLOCK_USED)
        return 0;
    if (hm_bits_get(map->bits, word))
        return 1;
    return !gc->heap.config.verify && immix_fits(header, inside) &&
           !hm_bits_get(gc->info[b].line, inside / IMMIX_LINE_WORDS);
}

static const char *immix_check_mark(const struct hm_gc *gc, uint32_t b,
                                    size_t word)
{
    const uint64_t *header = hm_block_start(&gc->blocks, b) + word;
    size_t last;

    if (!immix_fits(header, word))
        return "immix: a mark is not on an object";
    last = (word + hm_header_words(*header) - 1) / IMMIX_LINE_WORDS;
    for (size_t l = word / IMMIX_LINE_WORDS; l <= last; l++) {
        if (!hm_bits_get(gc->info[b].line, l))
            return "immix: a line of a marked object is free";
    }
    return NULL;
}

/* Objects fill [start, end) from its start; what follows is poison. */
static const char *immix_map_hole(const struct immix_map *map,
                                  const uint64_t *start, const uint64_t *end)
{
    while (start < end && *start != HM_POISON) {
        size_t word = immix_word(map->gc, start);

        if (!hm_header_is_sound(*start) ||
            hm_header_words(*start) > (size_t)(end - start))
            return "immix: a new object is damaged";
        hm_bits_set(map->bits, word);
        start += hm_header_words(*start);
    }
    if (!hm_poison_is_intact(start, (size_t)(end - start)))
        return "immix: a free line was written to";
    return NULL;
}

/* Verify mode: what is not free and not marked is poison. */
static const char *immix_check_gap(const struct hm_gc *gc, uint32_t b,
                                   size_t word, size_t end)
{
    const uint64_t *start = hm_block_start(&gc->blocks, b);

    for (size_t step; word < end; word += step) {
        step = IMMIX_LINE_WORDS - word % IMMIX_LINE_WORDS;
        if (step > end - word)
            step = end - word;
        if (hm_bits_get(gc->info[b].line, word / IMMIX_LINE_WORDS) &&
            !hm_poison_is_intact(start + word, step))
            return "immix: a dead object was written to";
    }
    return NULL;
}

/* All marked objects of a block, and what lies between them. */
static const char *immix_check_marks(const struct hm_gc *gc, uint32_t b)
{
    const uint64_t *bits = hm_block_bits(&gc->blocks, b);
    const char *wrong = NULL;
    size_t word = 0, next;

    while (word < HM_BLOCK_WORDS && wrong == NULL) {
        next = hm_bits_next(bits, word, HM_BLOCK_WORDS);
        if (gc->heap.config.verify)
            wrong = immix_check_gap(gc, b, word, next);
        if (next < HM_BLOCK_WORDS && wrong == NULL) {
            wrong = immix_check_mark(gc, b, next);
            next += hm_header_words(hm_block_start(&gc->blocks, b)[next]);
        }
        word = next;
    }
    return wrong;
}

static const char *immix_map_block(const struct immix_map *map, uint32_t b)
{
    const struct hm_gc *gc = map->gc;
    const struct immix_block *info = &gc->info[b];
    const uint64_t *bits = hm_block_bits(&gc->blocks, b);
    const uint64_t *start = hm_block_start(&gc->blocks, b);
    size_t first = immix_next_free(info, 0), end;
    const char *wrong = immix_check_marks(gc, b);

    memcpy(map->bits + (size_t)b * HM_BLOCK_MARK_WORDS, bits,
           HM_BLOCK_MARK_WORDS * sizeof(*bits));
    if (!gc->heap.config.verify)
        return wrong;
    for (; first < IMMIX_LINES && wrong == NULL;
         first = immix_next_free(info, end)) {
        end = immix_next_live(info, first);
        wrong = immix_map_hole(map, start + first * IMMIX_LINE_WORDS,
                               start + end * IMMIX_LINE_WORDS);
    }
    return wrong;
}

/* Blocks of the list are in use, have holes and are in it once. */
static const char *immix_check_recyclable(const struct hm_gc *gc)
{
    uint32_t n = 0;

    for (uint32_t b = gc->recyclable; b != HM_BLOCK_NONE;
         b = gc->blocks.block[b].next) {
        if (gc->blocks.block[b].state != HM_BLOCK_USED ||
            !gc->info[b].is_swept || gc->info[b].longest == 0 ||
            n++ > gc->blocks.n_used)
            return "immix: a block does not belong into the list";
    }
    return NULL;
}

static const char *immix_check_blocks(const struct immix_map *map)
{
    const struct hm_gc *gc = map->gc;
    uint32_t n_free = 0;
    const char *wrong = NULL;

    for (uint32_t b = 0; b < gc->blocks.frontier && wrong == NULL; b++) {
        n_free += gc->blocks.block[b].state == HM_BLOCK_FREE;
        if (gc->blocks.block[b].state != HM_BLOCK_USED)
            continue;
        if (gc->blocks.block[b].class != IMMIX_PLAIN)
            return "immix: a block is a source outside a collection";
        wrong = immix_map_block(map, b);
    }
    if (wrong == NULL && n_free != gc->free_blocks)
        wrong = "immix: free blocks are counted wrongly";
    return wrong;
}

static uint64_t immix_header_of(hm_ref o)
{
    return immix_header(hm_header_of(o));
}

const char *hm_immix_check(struct hm_gc *gc, uint64_t *bytes)
{
    struct immix_map map = {.gc = gc};
    struct hm_verify verify = {.roots = &gc->heap.roots,
                               .weak = &gc->heap.weak,
                               .is_object = immix_is_object,
                               .header = immix_header_of,
                               .heap = &map};
    const char *wrong = hm_blocks_check(&gc->blocks);

    if (wrong == NULL)
        wrong = hm_large_check(&gc->heap.large);
    if (wrong == NULL)
        wrong = immix_check_recyclable(gc);
    map.bytes = ((size_t)gc->blocks.frontier + 1) * HM_BLOCK_MARK_WORDS * 8;
    map.bits = hm_arena_reserve(map.bytes);
    if (wrong == NULL)
        wrong = immix_check_blocks(&map);
    if (wrong == NULL)
        wrong = hm_verify_trace(&verify);
    if (HM_IMMIX_STICKY && wrong == NULL)
        wrong = hm_immix_young_check(gc);
    hm_arena_release(map.bits, map.bytes);
    *bytes = verify.reachable_bytes;
    return wrong;
}
