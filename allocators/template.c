/* SPDX-License-Identifier: MIT */
/* template.c -- powers of two: the small, whole allocator to copy from.
 *
 * To make your own: copy this file to allocators/<name>.c, replace `template`
 * by <name> throughout, and add `hm_add_allocator(<name>)` to CMakeLists.txt
 * beside it.  The head's five words below are asked for by a test.
 *
 * Source:     C. Kingsley's allocator of 4.2BSD, as told by P. R. Wilson et
 *             al., "Dynamic storage allocation: a survey", IWMM 1995, 3.6.
 * Differs:    one class for each power of two up to the limit; aligned blocks
 *             are cut out of larger ones.
 * Invariants: blocks of 2^class bytes lie end to end from `first` to `next`;
 *             each free one is in the list of its class, once.
 * Costs:      alloc and release O(1); up to half of each block is waste, and
 *             memory of one class is never used for another.
 * Threads:    none; the shim holds a lock. */
#include "allocators/allocator.h"

#include "allocators/region.h"
#include "common/check.h"

enum { TEMPLATE_CLASS_LEAST = 5, TEMPLATE_CLASSES = 48 };

/* In front of every block.  `offset` is for aligned blocks: the last word
 * before any payload tells how far behind it its header begins. */
struct template_header {
    uint32_t class_bits;
    uint32_t is_used;
    uint64_t offset;
};

/* In the payload of a free block. */
struct template_free {
    struct template_free *next;
};

struct hm_heap {
    struct hm_region region; /* begins with this struct */
    unsigned char *first, *next;
    struct template_free *list[TEMPLATE_CLASSES];
};

static struct template_header *template_header(const void *payload)
{
    const unsigned char *at = payload;
    const uint64_t *offset = (const void *)(at - sizeof(*offset));

    return (struct template_header *)(void *)(at - *offset);
}

static size_t template_class_bytes(unsigned class_bits)
{
    return (size_t)1 << class_bits;
}

static struct hm_heap *template_create(size_t limit_bytes)
{
    struct hm_region region;
    struct hm_heap *heap;

    if (hm_region_init(&region, limit_bytes) != 0)
        return NULL;
    heap = (struct hm_heap *)(void *)region.base; /* zeroed: lists are empty */
    heap->region = region;
    heap->first = region.base + sizeof(*heap);
    heap->first += hm_region_gap(heap->first, HM_ALLOC_ALIGN);
    heap->next = heap->first;
    return heap;
}

static void template_destroy(struct hm_heap *heap)
{
    struct hm_region region = heap->region;

    hm_region_fini(&region);
}

/* The header of a free block of the class; NULL when the heap is full. */
static struct template_header *template_take(struct hm_heap *heap,
                                             unsigned class_bits)
{
    struct template_free *head = heap->list[class_bits];
    unsigned char *block = heap->next;
    size_t bytes = template_class_bytes(class_bits);

    if (head != NULL) {
        heap->list[class_bits] = head->next;
        return template_header(head);
    }
    if (bytes > (size_t)(heap->region.end - block) ||
        !hm_region_reach(&heap->region, block + bytes))
        return NULL;
    heap->next = block + bytes;
    return (struct template_header *)(void *)block;
}

static void *template_alloc(struct hm_heap *heap, size_t bytes, size_t align)
{
    size_t slack = align - HM_ALLOC_ALIGN, need;
    unsigned class_bits = TEMPLATE_CLASS_LEAST;
    struct template_header *header;
    unsigned char *payload;

    HM_ASSERT(bytes > 0);
    HM_ASSERT(align >= HM_ALLOC_ALIGN && (align & (align - 1)) == 0);
    if (bytes > (size_t)1 << 46 || slack > (size_t)1 << 46)
        return NULL;
    need = bytes + slack + sizeof(*header);
    while (template_class_bytes(class_bits) < need)
        class_bits++;
    header = template_take(heap, class_bits);
    if (header == NULL)
        return NULL;
    header->class_bits = class_bits;
    header->is_used = 1;
    payload = (unsigned char *)(header + 1);
    payload += hm_region_gap(payload, align);
    ((uint64_t *)(void *)payload)[-1] =
        (uint64_t)(payload - (unsigned char *)header);
    return payload;
}

#ifndef NDEBUG
static int template_is_used_block(const struct hm_heap *heap,
                                  const void *payload)
{
    const unsigned char *at = payload;
    uint64_t offset;

    if (at <= heap->first || at >= heap->next ||
        hm_region_gap(at, HM_ALLOC_ALIGN) != 0)
        return 0;
    offset = ((const uint64_t *)payload)[-1];
    return offset >= sizeof(struct template_header) &&
           offset <= (uint64_t)(at - heap->first) &&
           template_header(payload)->is_used == 1;
}
#endif

static void template_release(struct hm_heap *heap, void *payload)
{
    struct template_header *header;
    struct template_free *node;

    HM_ASSERT(template_is_used_block(heap, payload));
    header = template_header(payload);
    header->is_used = 0;
    header->offset = sizeof(*header); /* an aligned block is plain again */
    node = (struct template_free *)(void *)(header + 1);
    node->next = heap->list[header->class_bits];
    heap->list[header->class_bits] = node;
}

static size_t template_usable(const struct hm_heap *heap, const void *payload)
{
    const struct template_header *header = template_header(payload);

    (void)heap;
    return template_class_bytes(header->class_bits) -
           (size_t)((const unsigned char *)payload -
                    (const unsigned char *)header);
}

/* How many free blocks the lists hold, or -1 when one holds what it must not.
 */
static long template_count_listed(const struct hm_heap *heap)
{
    long listed = 0;

    for (unsigned i = 0; i < TEMPLATE_CLASSES; i++) {
        size_t room = (size_t)(heap->next - heap->first);
        const struct template_free *node = heap->list[i];

        for (; node != NULL; node = node->next) {
            const struct template_header *header = template_header(node);

            if (header->class_bits != i || header->is_used ||
                room < template_class_bytes(i))
                return -1; /* the last: there cannot be so many, it is a ring */
            room -= template_class_bytes(i);
            listed++;
        }
    }
    return listed;
}

static const char *template_check(const struct hm_heap *heap)
{
    const unsigned char *at = heap->first;
    long free_blocks = 0;

    if (heap->next > heap->region.open)
        return "next is within the opened part of the region";
    while (at < heap->next) {
        const struct template_header *header = (const void *)at;

        if (header->class_bits < TEMPLATE_CLASS_LEAST ||
            header->class_bits >= TEMPLATE_CLASSES ||
            template_class_bytes(header->class_bits) >
                (size_t)(heap->next - at))
            return "blocks lie end to end from first to next";
        free_blocks += header->is_used == 0;
        at += template_class_bytes(header->class_bits);
    }
    if (template_count_listed(heap) != free_blocks)
        return "each free block is in the list of its class, once";
    return NULL;
}

extern const struct hm_allocator hm_allocator_template;
const struct hm_allocator hm_allocator_template = {
    .name = "template",
    .summary = "powers of two, a free list for each",
    .source = "Kingsley, 4.2BSD",
    .create = template_create,
    .destroy = template_destroy,
    .alloc = template_alloc,
    .release = template_release,
    .usable = template_usable,
    .check = template_check,
};
