/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/large.h"

/* Address space per byte of limit: what fragmentation of runs may cost. */
enum { LARGE_REACH = 4 };

int hm_large_open(struct hm_large *large, struct hm_budget *budget,
                  int is_guarded)
{
    size_t reach = hm_range_reach(budget->limit_bytes) * LARGE_REACH;

    *large = (struct hm_large){0};
    return hm_extents_open(&large->extents, reach, budget, is_guarded);
}

void hm_large_close(struct hm_large *large)
{
    hm_extents_close(&large->extents);
}

hm_ref hm_large_new(struct hm_large *large, size_t words, size_t n_refs)
{
    size_t pages = hm_large_cost_bytes(words) / HM_PAGE_BYTES;
    struct hm_large_object *object;
    int is_zero;
    uint32_t first;

    HM_ASSERT(hm_object_is_possible(words, n_refs));
    first = hm_extents_take(&large->extents, pages, &is_zero);
    if (first == HM_EXTENT_NONE)
        return NULL;
    object = hm_extents_address(&large->extents, first);
    *object = (struct hm_large_object){.next = large->all, .pages = pages};
    object->header = hm_header_make(words, n_refs);
    large->all = object;
    large->object_bytes += words * HM_WORD_BYTES;
    if (is_zero) /* also null, without touching the pages */
        return hm_large_ref(object);
    return hm_object_init(&object->header, words, n_refs);
}

size_t hm_large_scan(struct hm_large *large, size_t max, hm_ref **slot)
{
    struct hm_large_object *object;

    while ((object = large->grey) != NULL) {
        size_t left = hm_header_refs(object->header) - object->scanned;
        size_t n = left < max ? left : max;

        HM_ASSERT(object->is_marked);
        *slot = hm_slots_of(hm_large_ref(object)) + object->scanned;
        object->scanned += n;
        if (n == left)
            large->grey = object->grey;
        if (n > 0)
            return n;
    }
    return 0;
}

void hm_large_requeue(struct hm_large *large)
{
    HM_ASSERT(large->grey == NULL);
    for (struct hm_large_object *o = large->all; o != NULL; o = o->next) {
        if (o->is_marked) {
            o->scanned = 0;
            o->grey = large->grey;
            large->grey = o;
        }
    }
}

static void large_free(struct hm_large *large, struct hm_large_object *object)
{
    size_t offset = (size_t)((char *)object - large->extents.range.start);

    HM_ASSERT(offset % HM_PAGE_BYTES == 0);
    hm_extents_give(&large->extents, (uint32_t)(offset / HM_PAGE_BYTES));
}

void hm_large_sweep_begin(struct hm_large *large)
{
    HM_ASSERT(large->grey == NULL && large->unswept == NULL);
    large->unswept = large->all;
    large->all = NULL;
    large->marked_bytes = 0;
}

int hm_large_sweep_some(struct hm_large *large, size_t max)
{
    struct hm_large_object *object;

    while (max-- > 0 && (object = large->unswept) != NULL) {
        large->unswept = object->next;
        if (object->is_marked) {
            object->is_marked = (uint64_t)large->keeps_marks;
            object->next = large->all;
            large->all = object;
        } else {
            large->object_bytes -=
                hm_header_words(object->header) * HM_WORD_BYTES;
            large_free(large, object);
        }
    }
    return large->unswept != NULL;
}

void hm_large_sweep(struct hm_large *large)
{
    hm_large_sweep_begin(large);
    (void)hm_large_sweep_some(large, SIZE_MAX);
}

void hm_large_unmark(struct hm_large *large)
{
    for (struct hm_large_object *o = large->all; o != NULL; o = o->next)
        o->is_marked = 0;
}

/* The mark in the header belongs to an owner that keeps marks. */
static uint64_t large_header(const struct hm_large *large,
                             const struct hm_large_object *o)
{
    return large->keeps_marks ? o->header & ~(uint64_t)HM_HEADER_MARK
                              : o->header;
}

/* Adds up a list.  NULL, or what is wrong with it. */
static const char *large_check_list(const struct hm_large *large,
                                    const struct hm_large_object *o,
                                    size_t *bytes, size_t *pages)
{
    for (; o != NULL; o = o->next) {
        size_t words = hm_header_words(o->header);

        if (!hm_extents_is_start(&large->extents, o))
            return "large: a listed object is not in use";
        if (!hm_header_is_sound(large_header(large, o)) ||
            words <= HM_LARGE_WORDS ||
            o->pages * HM_PAGE_BYTES != hm_large_cost_bytes(words))
            return "large: a header is damaged";
        *bytes += words * HM_WORD_BYTES;
        *pages += o->pages;
    }
    return NULL;
}

const char *hm_large_check(const struct hm_large *large)
{
    size_t pages = 0, bytes = 0;
    int may_be_marked = large->is_marking || large->keeps_marks;
    const char *wrong = large_check_list(large, large->all, &bytes, &pages);

    if (wrong == NULL)
        wrong = large_check_list(large, large->unswept, &bytes, &pages);
    if (wrong != NULL)
        return wrong;
    if (large->grey != NULL && !large->is_marking)
        return "large: an object still waits to be scanned";
    for (const struct hm_large_object *o = large->all; o != NULL; o = o->next) {
        if (o->is_marked && !may_be_marked)
            return "large: an object is marked outside a collection";
    }
    if (bytes != large->object_bytes || pages != large->extents.used_pages)
        return "large: sizes are counted wrongly";
    return hm_extents_check(&large->extents);
}
