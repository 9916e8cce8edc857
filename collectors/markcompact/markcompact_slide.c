/* SPDX-License-Identifier: MIT */
/* markcompact_slide.c -- a collection: mark every word that lives, add the
 * marks up, then update and slide the objects in one pass. */
#include "collectors/markcompact/markcompact_heap.h"

#include "collectors/substrate/bits.h"

/* Where objects go: below `fixed` they stay. */
struct markcompact_map {
    uint64_t *base;
    const uint64_t *bits;
    const uint32_t *offset; /* first word that lives of each chunk goes there */
    size_t fixed, words;
};

static inline size_t markcompact_target(const struct markcompact_map *map,
                                        size_t word)
{
    uint64_t below = ((uint64_t)1 << word % MARKCOMPACT_CHUNK_WORDS) - 1;
    size_t chunk = word / MARKCOMPACT_CHUNK_WORDS;

    HM_ASSERT(hm_bits_get(map->bits, word));
    return map->offset[chunk] + hm_bits_count(map->bits[chunk] & below);
}

/* The header of a zero-sized object may be the last word of the space, and its
 * reference already beyond; hence indices of headers. */
static inline void markcompact_update(const struct markcompact_map *map,
                                      hm_ref *slot)
{
    size_t word;

    if (*slot == NULL)
        return;
    word = ((uintptr_t)*slot - (uintptr_t)map->base) / HM_WORD_BYTES - 1;
    if (word < map->fixed || word >= map->words)
        return;
    *slot = (hm_ref)(map->base + markcompact_target(map, word) + 1);
}

static void markcompact_update_root(void *map, hm_ref *slot)
{
    markcompact_update(map, slot);
}

/* Fills the table of offsets; returns the number of words that live. */
static size_t markcompact_add_up(const struct markcompact_map *map,
                                 uint32_t *offset)
{
    size_t chunks =
        (map->words + MARKCOMPACT_CHUNK_WORDS - 1) / MARKCOMPACT_CHUNK_WORDS;
    size_t sum = 0;

    for (size_t i = 0; i < chunks; i++) {
        offset[i] = (uint32_t)sum;
        sum += hm_bits_count(map->bits[i]);
    }
    return sum;
}

/* The first word that is not marked: nothing below it moves. */
static size_t markcompact_first_gap(const struct markcompact_map *map)
{
    size_t i = 0, word;

    while (i < map->words / 64 && map->bits[i] == ~(uint64_t)0)
        i++;
    word = i * 64;
    while (word < map->words && hm_bits_get(map->bits, word))
        word++;
    return word;
}

/* Updates the objects from `word` on up to the first gap; returns that. */
static size_t markcompact_update_run(const struct markcompact_map *map,
                                     size_t word)
{
    while (word < map->words && hm_bits_get(map->bits, word)) {
        uint64_t header = map->base[word];
        hm_ref *slot = (hm_ref *)(void *)(map->base + word + 1);
        size_t n = hm_header_refs(header);

        HM_ASSERT(hm_header_is_sound(header));
        for (size_t i = 0; i < n; i++)
            markcompact_update(map, &slot[i]);
        word += hm_header_words(header);
    }
    return word;
}

/* Updates all marked objects and slides them, as many at a time as lie side by
 * side.  Returns the words that moved. */
static size_t markcompact_slide(const struct markcompact_map *map)
{
    size_t word = hm_bits_next(map->bits, 0, map->words), to = 0, moved = 0;

    while (word < map->words) {
        size_t end = markcompact_update_run(map, word), n = end - word;

        HM_ASSERT(to <= word);
        if (to != word) {
            memmove(map->base + to, map->base + word, n * HM_WORD_BYTES);
            moved += n;
        }
        to += n;
        word = hm_bits_next(map->bits, end, map->words);
    }
    return moved;
}

static void markcompact_update_large(const struct hm_large *large,
                                     const struct markcompact_map *map)
{
    for (struct hm_large_object *o = large->all; o != NULL; o = o->next) {
        hm_ref *slot = hm_slots_of(hm_large_ref(o));
        size_t n = hm_header_refs(o->header);

        for (size_t i = 0; i < n; i++)
            markcompact_update(map, &slot[i]);
    }
}

static void markcompact_mark(struct hm_gc *gc, size_t words)
{
    struct hm_marker *marker = &gc->marker;

    memset(gc->bits.start, 0, (words + 63) / 64 * sizeof(uint64_t));
    marker->base = (void *)gc->space.start;
    marker->bits = (void *)gc->bits.start;
    marker->words = words;
    marker->marks_whole = 1;
    marker->large = &gc->heap.large;
    hm_marker_run(marker, &gc->heap.roots);
    hm_marker_weak(marker, &gc->heap.weak);
    hm_large_sweep(&gc->heap.large);
}

static void markcompact_compact(struct hm_gc *gc, size_t words)
{
    uint32_t *offset = (void *)gc->offsets.start;
    struct markcompact_map map = {.base = (void *)gc->space.start,
                                  .bits = (void *)gc->bits.start,
                                  .offset = offset,
                                  .words = words};
    size_t live = markcompact_add_up(&map, offset);

    HM_ASSERT(live == gc->marker.marked_words);
    map.fixed = markcompact_first_gap(&map);
    hm_roots_each(&gc->heap.roots, markcompact_update_root, &map);
    hm_weak_each(&gc->heap.weak, markcompact_update_root, &map, 0);
    markcompact_update_large(&gc->heap.large, &map);
    gc->heap.moved_bytes += markcompact_slide(&map) * HM_WORD_BYTES;
    gc->top = map.base + live;
}

static void markcompact_verify(struct hm_gc *gc, int is_after)
{
    uint64_t bytes = 0;
    const char *wrong = hm_markcompact_check(gc, &bytes);

    hm_heap_demand(&gc->heap, wrong, is_after ? bytes : gc->heap.live_bytes);
}

static void markcompact_close_windows(struct hm_gc *gc)
{
    struct hm_thread *thread = gc->heap.roots.threads;

    for (; thread != NULL; thread = thread->next)
        hm_bump_close(&((struct hm_mutator *)thread)->bump, &gc->top);
}

void hm_markcompact_collect(struct hm_gc *gc)
{
    uint64_t start_ns = hm_heap_stop(&gc->heap);
    size_t words;

    /* windows included, as when it was decided to collect */
    gc->heap.since_bytes = markcompact_since_bytes(gc);
    markcompact_close_windows(gc);
    words = markcompact_used_bytes(gc) / HM_WORD_BYTES;
    if (gc->heap.config.verify)
        markcompact_verify(gc, 0);
    markcompact_mark(gc, words);
    markcompact_compact(gc, words);
    gc->since_used_bytes = markcompact_used_bytes(gc);
    hm_heap_collected(&gc->heap, HM_PAUSE_compact, start_ns,
                      gc->since_used_bytes);
    if (gc->heap.config.verify) {
        hm_poison_fill(gc->top, (gc->touched_bytes - gc->since_used_bytes) /
                                    HM_WORD_BYTES);
        markcompact_verify(gc, 1);
    }
    hm_safepoint_resume(&gc->heap.safepoint);
}

const char *hm_markcompact_check(struct hm_gc *gc, uint64_t *bytes)
{
    struct hm_verify_space space = {.start = (void *)gc->space.start,
                                    .large = &gc->heap.large};
    struct hm_verify verify = {.roots = &gc->heap.roots,
                               .weak = &gc->heap.weak,
                               .is_object = hm_verify_space_has,
                               .heap = &space};
    const char *wrong;

    markcompact_close_windows(gc); /* they are gaps */
    space.words = markcompact_used_bytes(gc) / HM_WORD_BYTES;
    wrong = hm_verify_space_open(&space);
    if (wrong == NULL)
        wrong = hm_large_check(&gc->heap.large);
    if (wrong == NULL)
        wrong = hm_verify_trace(&verify);
    hm_verify_space_close(&space);
    if (markcompact_used_bytes(gc) > gc->touched_bytes)
        wrong = "markcompact: an allocation window is outside the space";
    *bytes = verify.reachable_bytes;
    return wrong;
}
