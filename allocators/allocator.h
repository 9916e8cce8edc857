/* SPDX-License-Identifier: MIT */
/* allocator.h -- the contract of an allocator of our own.
 *
 * Each is one constant table in one file.  Tests call it through the table;
 * measurements call it through malloc_shim.c as a preloadable malloc, so that
 * it enters by the same door as a packaged library.  Since it may *be* the
 * malloc, nothing here may call malloc, stdio or anything that could. */
#ifndef HM_ALLOCATORS_ALLOCATOR_H
#define HM_ALLOCATORS_ALLOCATOR_H

#include <stddef.h>

struct hm_heap; /* opaque: each allocator completes it in its own file */

enum { HM_ALLOC_ALIGN = 16 }; /* what malloc promises on this machine */

struct hm_allocator {
    const char *name;    /* = file name = CSV value: [a-z0-9_]+ */
    const char *summary; /* one line for `heapmark list` */
    const char *source;  /* paper, book or manual page it follows */
    unsigned caps;       /* HM_ALLOC_* */

    /* Required.  A heap that may take up to `limit_bytes` from the system;
     * NULL and errno (EINVAL: too small for its own tables) on failure. */
    struct hm_heap *(*create)(size_t limit_bytes);
    /* Required.  Gives everything back to the system, live blocks too. */
    void (*destroy)(struct hm_heap *heap);

    /* Required.  `bytes` >= 1; `align` a power of two >= HM_ALLOC_ALIGN.
     * NULL when the heap is full; contents undefined. */
    void *(*alloc)(struct hm_heap *heap, size_t bytes, size_t align);

    /* Required.  `block` came from alloc and was not released since. */
    void (*release)(struct hm_heap *heap, void *block);

    /* Required.  Bytes that may be used from `block` on, >= those asked for;
     * stable until release or resize.  O(1). */
    size_t (*usable)(const struct hm_heap *heap, const void *block);

    /* Optional.  Makes `block` hold `bytes` without moving it: 1 when done, 0
     * when it must move (nothing changed). */
    int (*resize)(struct hm_heap *heap, void *block, size_t bytes);

    /* Required.  Walks the heap: NULL when every invariant named in the
     * file's head holds, else the name of the broken one.  Tests call it
     * after every step, measurements never. */
    const char *(*check)(const struct hm_heap *heap);

    /* Optional, for HM_ALLOC_THREADED: around fork(), which must find no other
     * thread in the midst of a step; thaw is called in the parent and in the
     * child, whose only thread is the caller. */
    void (*freeze)(struct hm_heap *heap);
    void (*thaw)(struct hm_heap *heap, int is_child);
};

enum {
    HM_ALLOC_THREADED = 1u << 0, /* hooks may be called at the same time; alloc
                                    takes 0 bytes for 1 and sets errno when it
                                    refuses, release keeps it: malloc and free
                                    are these hooks */
    HM_ALLOC_NO_REUSE = 1u << 1, /* released memory is not used again */
    HM_ALLOC_ZEROED = 1u << 2,   /* alloc's blocks read as zeros: the shim's
                                    calloc need not clear them */
};

/* NULL-ended, by name; only the tests link it. */
extern const struct hm_allocator *const hm_allocators[];

#endif /* HM_ALLOCATORS_ALLOCATOR_H */
