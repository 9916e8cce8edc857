/* SPDX-License-Identifier: MIT */
/* The heap verifier: parses both generations, follows every reference from the
 * roots, and looks for old slots that nobody remembers. */
#include "collectors/generational/generational_heap.h"
#include "common/arena.h"

/* Where objects start: a bit for each word of the old blocks, then of the
 * nursery. */
struct check_map {
    struct hm_gc *gc;
    uint64_t *bits;
    size_t bytes, old_words;
};

static size_t check_young_word(const struct check_map *map,
                               const uint64_t *header)
{
    return map->old_words +
           (size_t)(header - generational_space((struct hm_gc *)map->gc));
}

static void check_set(struct check_map *map, size_t word)
{
    map->bits[word / 64] |= (uint64_t)1 << word % 64;
}

static int check_is_object(const void *arg, hm_ref o)
{
    const struct check_map *map = arg;
    const struct hm_gc *gc = map->gc;
    const uint64_t *header = hm_header_of(o);
    size_t word;

    if (hm_generational_is_young(&gc->mutator, o)) {
        if (header < generational_space(gc) || header >= gc->mutator.free)
            return 0;
        word = check_young_word(map, header);
    } else {
        word = generational_word(gc, header);
        if (word >= map->old_words)
            return hm_large_is_object(&gc->heap.large, o);
    }
    return hm_bits_get(map->bits, word);
}

/* The old objects and remembered slots, against each other. */
static const char *check_old_object(const struct hm_gc *gc,
                                    const struct hm_slot_set *slots,
                                    uint64_t *header)
{
    hm_ref *slot = (hm_ref *)(void *)(header + 1);

    for (size_t i = 0; i < hm_header_refs(*header); i++) {
        if (hm_generational_is_young(&gc->mutator, slot[i]) &&
            !hm_slot_set_has(slots, &slot[i])) {
            return "generational: an old object holds a young reference that "
                   "is not remembered";
        }
    }
    return NULL;
}

static const char *check_young(struct check_map *map)
{
    uint64_t *h = generational_space(map->gc);
    const uint64_t *end = map->gc->mutator.free;

    for (; h < end; h += hm_header_words(*h)) {
        if (!hm_header_is_sound(*h) ||
            hm_header_words(*h) > (size_t)(end - h) ||
            hm_header_words(*h) > HM_LARGE_WORDS)
            return "generational: the header of a young object is damaged";
        check_set(map, check_young_word(map, h));
    }
    return NULL;
}

/* Words [from, to) of a block hold objects, and gaps if it is swept. */
static const char *check_words(struct check_map *map, uint32_t b, unsigned from,
                               unsigned to)
{
    struct hm_gc *gc = map->gc;
    uint64_t *start = hm_block_start(&gc->old.blocks, b);
    int may_gap = gc->old.blocks.block[b].class == GENERATIONAL_SWEPT;
    const char *wrong = NULL;

    while (from < to && wrong == NULL) {
        uint64_t header = start[from];
        size_t words = hm_header_words(header);

        if (words == 0 || words > to - from)
            return "generational: an old object is longer than its place";
        if (!may_gap || !generational_is_gap(header)) {
            if (!hm_header_is_sound(header))
                return "generational: the header of an old object is damaged";
            check_set(map, (size_t)b * HM_BLOCK_WORDS + from);
            wrong = check_old_object(gc, &gc->old.slots, start + from);
        }
        from += (unsigned)words;
    }
    return wrong;
}

/* A block that is not swept has objects where runs of marks are. */
static const char *check_marked(struct check_map *map, uint32_t b)
{
    const uint64_t *bits = hm_block_bits(&map->gc->old.blocks, b);
    unsigned from = generational_next_mark(bits, 0), to;
    const char *wrong = NULL;

    while (from < HM_BLOCK_WORDS && wrong == NULL) {
        to = from + 1;
        while (to < HM_BLOCK_WORDS && (bits[to / 64] >> to % 64 & 1))
            to++;
        wrong = check_words(map, b, from, to);
        from = generational_next_mark(bits, to);
    }
    return wrong;
}

static const char *check_old(struct check_map *map)
{
    const struct hm_blocks *blocks = &map->gc->old.blocks;
    const char *wrong = NULL;

    for (uint32_t b = 0; b < blocks->frontier && wrong == NULL; b++) {
        if (blocks->block[b].state != HM_BLOCK_USED)
            continue;
        wrong = blocks->block[b].class == GENERATIONAL_SWEPT
                    ? check_words(map, b, 0, HM_BLOCK_WORDS)
                    : check_marked(map, b);
    }
    return wrong;
}

static const char *check_large(const struct hm_gc *gc)
{
    const char *wrong = hm_large_check(&gc->heap.large);

    for (struct hm_large_object *o = gc->heap.large.all;
         o != NULL && wrong == NULL; o = o->next)
        wrong = check_old_object(gc, &gc->large_slots, &o->header);
    return wrong;
}

/* Free cells lie in swept blocks and say so themselves. */
static const char *check_lists(const struct hm_gc *gc)
{
    const struct hm_blocks *blocks = &gc->old.blocks;

    for (unsigned c = 0; c < GENERATIONAL_LISTS; c++) {
        const uint64_t *cell = gc->old.list[c];

        if ((cell != NULL) != (gc->old.list_mask >> c & 1))
            return "generational: the mask of the free lists is wrong";
        for (; cell != NULL; cell = generational_link(cell + 1)) {
            size_t b = generational_word(gc, cell) / HM_BLOCK_WORDS;

            if (b >= blocks->frontier ||
                blocks->block[b].state != HM_BLOCK_USED ||
                blocks->block[b].class != GENERATIONAL_SWEPT ||
                !generational_is_gap(*cell) || hm_header_words(*cell) < 2)
                return "generational: a free list holds what is not free";
        }
    }
    return NULL;
}

static int check_remembered(void *arg, hm_ref *slot)
{
    struct check_map *map = arg;

    if (*slot != NULL && !check_is_object(map, *slot))
        map->bytes = 0;
    return 1;
}

/* A young collection writes to what is remembered: none may be stale. */
static const char *check_slots(struct check_map *map)
{
    struct hm_gc *gc = map->gc;
    const char *wrong = hm_slot_set_check(&gc->old.slots);
    size_t bytes = map->bytes;

    if (wrong == NULL)
        wrong = hm_slot_set_check(&gc->large_slots);
    if (wrong != NULL)
        return wrong;
    hm_slot_set_each(&gc->old.slots, check_remembered, map);
    hm_slot_set_each(&gc->large_slots, check_remembered, map);
    if (map->bytes != bytes)
        wrong = "generational: a remembered slot does not hold a reference";
    map->bytes = bytes;
    return wrong;
}

static const char *check_nursery(const struct hm_gc *gc)
{
    const struct generational_nursery *nursery = &gc->nursery;
    const uint64_t *start = generational_space(gc);
    const uint64_t *end = start + nursery->capacity_bytes / HM_WORD_BYTES;

    if (gc->mutator.free > gc->mutator.limit || gc->mutator.limit > end ||
        nursery->opened > gc->mutator.free || nursery->age_mark < start ||
        nursery->age_mark > gc->mutator.free ||
        nursery->capacity_bytes > nursery->max_bytes)
        return "generational: the nursery's pointers are out of order";
    return NULL;
}

static const char *check_all(struct check_map *map, struct hm_verify *verify)
{
    struct hm_gc *gc = map->gc;
    const char *wrong = check_nursery(gc);

    if (wrong == NULL)
        wrong = hm_blocks_check(&gc->old.blocks);
    if (wrong == NULL)
        wrong = check_lists(gc);
    if (wrong == NULL)
        wrong = check_young(map);
    if (wrong == NULL)
        wrong = check_old(map);
    if (wrong == NULL)
        wrong = check_large(gc);
    if (wrong == NULL)
        wrong = check_slots(map);
    if (wrong == NULL)
        wrong = hm_generational_check_marking(gc);
    return wrong != NULL ? wrong : hm_verify_trace(verify);
}

const char *hm_generational_check(struct hm_gc *gc, uint64_t *bytes)
{
    struct check_map map = {.gc = gc};
    struct hm_verify verify = {.roots = &gc->heap.roots,
                               .weak = &gc->heap.weak,
                               .is_object = check_is_object,
                               .heap = &map};
    const char *wrong;

    hm_generational_old_seal(gc);
    map.old_words = (size_t)gc->old.blocks.frontier * HM_BLOCK_WORDS;
    map.bytes = (map.old_words + generational_young_bytes(gc) / 8) / 8 + 8;
    map.bits = hm_arena_reserve(map.bytes);
    wrong = check_all(&map, &verify);
    hm_arena_release(map.bits, map.bytes);
    *bytes = verify.reachable_bytes;
    return wrong;
}
