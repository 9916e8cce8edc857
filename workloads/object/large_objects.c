/* SPDX-License-Identifier: MIT */
/* large_objects.c -- buffers of 256 KiB to 64 MiB that replace an older one,
 * grow by doubling, or live for a moment.
 *
 * Source:     the buffers of an upload or image service.
 * Differs:    each size class has half the probability of the one below, so
 *             that all carry the same bytes; only one byte per 4 KiB page is
 *             written, to measure the memory's way and not memset.
 * Invariants: a slot's buffer starts with the byte that was written to it.
 * Costs:      one or several page faults or reused mappings per 4 KiB.
 * Threads:    one. */
#include "workloads/object.h"

enum { LARGE_OBJECTS_STEPS, LARGE_OBJECTS_SLOTS, LARGE_OBJECTS_GROWTH };

static const struct hm_param large_objects_params[] = {
    {"steps", "buffers asked for", 1000, 60000, 1, UINT64_C(1) << 40},
    {"slots", "buffers that may stay alive", 32, 64, 1, 1 << 16},
    {"growth", "0 realloc where the strategy has one, 1 copy", 0, 0, 0, 1},
    {0},
};

enum { ROOT_SLOTS };

enum {
    LARGE_OBJECTS_MIN_BYTES = 256 << 10,
    LARGE_OBJECTS_TOP_CLASS = 8, /* 64 MiB */
    LARGE_OBJECTS_TOUCH_BYTES = 4096,
};

/* Writes `byte` at the start of each 4 KiB of [from, to). */
static void large_objects_touch(hm_ref buffer, size_t from, size_t to,
                                unsigned char byte)
{
    unsigned char *raw = hm_raw(buffer, 0);

    for (size_t at = from; at < to; at += LARGE_OBJECTS_TOUCH_BYTES)
        raw[at] = byte;
}

static unsigned char large_objects_first(hm_ref buffer)
{
    return *(const unsigned char *)hm_raw(buffer, 0);
}

static hm_ref large_objects_new(struct hm_mutator *m, size_t bytes,
                                unsigned char byte)
{
    hm_ref buffer = hm_new_raw(m, bytes);

    large_objects_touch(buffer, 0, bytes, byte);
    return buffer;
}

/* The old buffer goes before the new one comes. */
static void large_objects_replace(struct hm_object_run *run, size_t bytes,
                                  unsigned char byte)
{
    struct hm_mutator *m = run->mutator;
    uint32_t n_slots = (uint32_t)run->base.value[LARGE_OBJECTS_SLOTS];
    uint32_t k = hm_rng_below(&run->base.rng, n_slots);
    hm_ref buffer = hm_load(m, run->root[ROOT_SLOTS], k);

    hm_store(m, run->root[ROOT_SLOTS], k, NULL);
    if (buffer != NULL)
        hm_dispose(m, buffer);
    buffer = large_objects_new(m, bytes, byte);
    hm_store(m, run->root[ROOT_SLOTS], k, buffer);
    hm_run_mix(&run->base, (uint32_t)bytes ^ k);
}

static void large_objects_grow(struct hm_object_run *run, size_t bytes)
{
    struct hm_mutator *m = run->mutator;
    size_t now = LARGE_OBJECTS_MIN_BYTES;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, large_objects_new(m, now, 1));
    for (; now < bytes; now *= 2) {
        if (run->base.value[LARGE_OBJECTS_GROWTH] == 0) {
            HM_GROW_RAW(m, f, 0, now, now * 2);
        } else {
            HM_COPY_RAW(m, f, 0, now, now * 2);
        }
        large_objects_touch(HM_GET(f, 0), now, now * 2, 1);
    }
    hm_run_mix(&run->base, large_objects_first(HM_GET(f, 0)));
    hm_dispose(m, HM_GET(f, 0));
    HM_LEAVE(m, f);
}

/* A buffer for the moment, and a look at one that stays. */
static void large_objects_use(struct hm_object_run *run, size_t bytes,
                              unsigned char byte)
{
    struct hm_mutator *m = run->mutator;
    uint32_t n_slots = (uint32_t)run->base.value[LARGE_OBJECTS_SLOTS];
    hm_ref buffer = large_objects_new(m, bytes, byte);
    hm_ref kept;

    hm_run_mix(&run->base, large_objects_first(buffer));
    kept = hm_load(m, run->root[ROOT_SLOTS],
                   hm_rng_below(&run->base.rng, n_slots));
    if (kept != NULL)
        hm_run_mix(&run->base, large_objects_first(kept));
    hm_dispose(m, buffer);
}

static void large_objects_step(struct hm_object_run *run, uint64_t i)
{
    uint32_t draw = hm_rng_next(&run->base.rng);
    unsigned size_class =
        (unsigned)__builtin_ctz(draw | 1u << LARGE_OBJECTS_TOP_CLASS);
    size_t bytes = (size_t)LARGE_OBJECTS_MIN_BYTES << size_class;
    uint32_t kind = hm_rng_below(&run->base.rng, 4);

    if (kind == 0) {
        large_objects_replace(run, bytes, i & 127);
    } else if (kind == 1) {
        large_objects_grow(run, bytes);
    } else {
        large_objects_use(run, bytes, i & 127);
    }
}

static void large_objects_run(struct hm_object_run *run)
{
    uint64_t steps = run->base.value[LARGE_OBJECTS_STEPS];

    run->root[ROOT_SLOTS] =
        hm_new_refs(run->mutator, run->base.value[LARGE_OBJECTS_SLOTS]);
    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < steps; i++) {
        large_objects_step(run, i);
        hm_meter_mark(&run->base.meter, 1);
    }
}

static void large_objects_dispose_all(const struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref slots = run->root[ROOT_SLOTS], buffer;

    for (uint64_t k = 0; k < run->base.value[LARGE_OBJECTS_SLOTS]; k++) {
        buffer = hm_load(m, slots, k);
        if (buffer != NULL)
            hm_dispose(m, buffer);
    }
    hm_dispose(m, slots);
}

static void large_objects_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        large_objects_dispose_all(run);
    run->root[ROOT_SLOTS] = NULL;
}

const struct hm_object_workload hm_object_large_objects = {
    .name = "large_objects",
    .summary = "buffers of 256 KiB to 64 MiB: replaced, grown, temporary",
    .source = "heapmark; workloads/README.md",
    .operation = "buffer",
    .params = large_objects_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = large_objects_run,
    .drop = large_objects_drop,
};
