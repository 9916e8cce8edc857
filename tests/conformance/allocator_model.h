/* SPDX-License-Identifier: MIT */
/* allocator_model.h -- an allocator driven by a sequence of operations while a
 * model remembers what every block must hold.
 *
 * After each operation the heap is checked; blocks are filled over all their
 * usable bytes, so two that overlap spoil each other's contents.  A failure
 * prints the allocator, the operation and the reason, and aborts. */
#ifndef HM_TESTS_ALLOCATOR_MODEL_H
#define HM_TESTS_ALLOCATOR_MODEL_H

#include "allocators/allocator.h"

#include <stdint.h>

enum { HM_MODEL_SLOTS = 256 };

struct hm_model_block {
    unsigned char *start; /* NULL: empty */
    size_t usable_bytes;
    unsigned char fill;
};

struct hm_model {
    const struct hm_allocator *allocator;
    struct hm_heap *heap;
    uint64_t step;    /* operations so far */
    uint64_t refused; /* how many of them the heap could not satisfy */
    size_t live_bytes;
    struct hm_model_block block[HM_MODEL_SLOTS];
};

/* A heap of `limit_bytes`, no blocks. */
void hm_model_init(struct hm_model *model, const struct hm_allocator *allocator,
                   size_t limit_bytes);

/* Verifies and releases every block, then destroys the heap. */
void hm_model_fini(struct hm_model *model);

/* Fills an empty slot.  1, or 0 when the allocator refused. */
int hm_model_alloc(struct hm_model *model, unsigned slot, size_t bytes,
                   size_t align);

/* Verifies the block of a full slot and releases it. */
void hm_model_release(struct hm_model *model, unsigned slot);

/* As realloc does it: in place where the allocator can, else by moving.  1, or
 * 0 when it was refused and the block is as it was. */
int hm_model_resize(struct hm_model *model, unsigned slot, size_t bytes);

/* Ends the program when the heap or any block is not as it must be. */
void hm_model_verify(const struct hm_model *model);

/* Reads `size` bytes as operations, six each, on a heap whose limit the first
 * byte chooses; for the corpus and for the fuzzer. */
void hm_model_replay(const struct hm_allocator *allocator,
                     const unsigned char *bytes, size_t size);

#endif /* HM_TESTS_ALLOCATOR_MODEL_H */
