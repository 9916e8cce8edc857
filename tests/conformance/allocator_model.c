/* SPDX-License-Identifier: MIT */
#include "tests/conformance/allocator_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn static void model_fail(const struct hm_model *model, const char *why)
{
    fprintf(stderr, "%s: after operation %" PRIu64 ": %s\n",
            model->allocator->name, model->step, why);
    abort();
}

static void model_check(const struct hm_model *model)
{
    const char *broken = model->allocator->check(model->heap);

    if (broken != NULL)
        model_fail(model, broken);
}

/* The first `n` bytes of a block hold its fill, which depends on the place. */
static void model_expect(const struct hm_model *model,
                         const struct hm_model_block *block, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (block->start[i] != (unsigned char)(block->fill + i))
            model_fail(model, "a block lost its contents");
    }
}

static void model_fill(struct hm_model *model, struct hm_model_block *block)
{
    block->fill = (unsigned char)(model->step * 37);
    for (size_t i = 0; i < block->usable_bytes; i++)
        block->start[i] = (unsigned char)(block->fill + i);
}

static void model_accept(struct hm_model *model, struct hm_model_block *block,
                         size_t bytes, size_t align)
{
    const struct hm_allocator *a = model->allocator;

    if (((uintptr_t)block->start & (align - 1)) != 0)
        model_fail(model, "a block is not aligned");
    block->usable_bytes = a->usable(model->heap, block->start);
    if (block->usable_bytes < bytes)
        model_fail(model, "usable is less than what was asked for");
    model->live_bytes += block->usable_bytes;
}

void hm_model_init(struct hm_model *model, const struct hm_allocator *allocator,
                   size_t limit_bytes)
{
    memset(model, 0, sizeof(*model));
    model->allocator = allocator;
    model->heap = allocator->create(limit_bytes);
    if (model->heap == NULL)
        model_fail(model, "create failed");
    model_check(model);
}

void hm_model_fini(struct hm_model *model)
{
    for (unsigned i = 0; i < HM_MODEL_SLOTS; i++) {
        if (model->block[i].start != NULL)
            hm_model_release(model, i);
    }
    model->allocator->destroy(model->heap);
}

int hm_model_alloc(struct hm_model *model, unsigned slot, size_t bytes,
                   size_t align)
{
    const struct hm_allocator *a = model->allocator;
    struct hm_model_block *block = &model->block[slot];

    model->step++;
    block->start = a->alloc(model->heap, bytes, align);
    model_check(model);
    if (block->start == NULL) {
        model->refused++;
        return 0;
    }
    model_accept(model, block, bytes, align);
    if ((a->caps & HM_ALLOC_ZEROED) != 0) {
        for (size_t i = 0; i < block->usable_bytes; i++) {
            if (block->start[i] != 0)
                model_fail(model, "a block is not zeroed");
        }
    }
    model_fill(model, block);
    return 1;
}

void hm_model_release(struct hm_model *model, unsigned slot)
{
    struct hm_model_block *block = &model->block[slot];

    model->step++;
    if (model->allocator->usable(model->heap, block->start) !=
        block->usable_bytes)
        model_fail(model, "usable changed by itself");
    model_expect(model, block, block->usable_bytes);
    model->allocator->release(model->heap, block->start);
    model->live_bytes -= block->usable_bytes;
    block->start = NULL;
    model_check(model);
}

static int model_move(struct hm_model *model, struct hm_model_block *block,
                      size_t bytes)
{
    const struct hm_allocator *a = model->allocator;
    size_t had = block->usable_bytes, kept = had < bytes ? had : bytes;
    struct hm_model_block moved = *block;

    moved.start = a->alloc(model->heap, bytes, HM_ALLOC_ALIGN);
    model_check(model);
    if (moved.start == NULL)
        return 0;
    memcpy(moved.start, block->start, kept);
    a->release(model->heap, block->start);
    *block = moved;
    return 1;
}

int hm_model_resize(struct hm_model *model, unsigned slot, size_t bytes)
{
    const struct hm_allocator *a = model->allocator;
    struct hm_model_block *block = &model->block[slot];
    size_t had = block->usable_bytes;

    model->step++;
    if (a->resize == NULL || !a->resize(model->heap, block->start, bytes)) {
        if (a->usable(model->heap, block->start) != had)
            model_fail(model, "a refused resize changed the block");
        if (!model_move(model, block, bytes)) {
            model->refused++;
            return 0;
        }
    }
    model_check(model);
    model->live_bytes -= had;
    model_accept(model, block, bytes, HM_ALLOC_ALIGN);
    model_expect(model, block, had < bytes ? had : bytes);
    model_fill(model, block);
    return 1;
}

void hm_model_verify(const struct hm_model *model)
{
    model_check(model);
    for (unsigned i = 0; i < HM_MODEL_SLOTS; i++) {
        if (model->block[i].start != NULL)
            model_expect(model, &model->block[i], model->block[i].usable_bytes);
    }
}

/* --- Operations from bytes --- */

/* 1 .. 2^16 bytes, small ones as likely as large ones. */
static size_t model_size_from(const unsigned char *op)
{
    unsigned bits = op[3] % 16;
    size_t low = (size_t)op[4] << 8 | op[5];

    return ((size_t)1 << bits) + low % ((size_t)1 << bits);
}

static void model_step_from(struct hm_model *model, const unsigned char *op)
{
    unsigned slot = op[1];
    size_t bytes = model_size_from(op);

    if (model->block[slot].start == NULL) {
        (void)hm_model_alloc(model, slot, bytes,
                             (size_t)HM_ALLOC_ALIGN << op[2] % 9);
    } else if (op[0] % 4 == 0) {
        (void)hm_model_resize(model, slot, bytes);
    } else {
        hm_model_release(model, slot);
    }
}

void hm_model_replay(const struct hm_allocator *allocator,
                     const unsigned char *bytes, size_t size)
{
    static struct hm_model model;
    size_t at = 1;

    if (size == 0)
        return;
    hm_model_init(&model, allocator, (size_t)1 << (16 + bytes[0] % 8));
    for (; at + 6 <= size; at += 6)
        model_step_from(&model, bytes + at);
    hm_model_verify(&model);
    hm_model_fini(&model);
}
