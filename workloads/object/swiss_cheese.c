/* SPDX-License-Identifier: MIT */
/* swiss_cheese.c -- objects of one size, holes punched among them, then
 * objects of twice the size, which fit none of the holes: how much memory is
 * held per byte that is used.
 *
 * Source:     the fragmentation test of many allocators, after J. Robson,
 *             JACM 1971.
 * Differs:    no address is looked at, so that moving strategies take part and
 *             the bound of the paper is not reached.
 * Invariants: sizes 16, 32, ... 1024; at most `bytes` of them are alive, and
 *             exactly `bytes` when a round begins to make holes; a round
 *             begins with nothing.
 * Costs:      bytes / size objects of each size and half as many as were
 *             dropped of the next; tables of 8 bytes per object.
 * Threads:    one. */
#include "workloads/object.h"
#include "workloads/payload.h"

enum { SWISS_CHEESE_BYTES, SWISS_CHEESE_DROP };

static const struct hm_param swiss_cheese_params[] = {
    {"bytes", "live bytes of objects in each round", 32 << 20, 256 << 20, 1024,
     UINT64_C(1) << 36},
    {"drop", "percentage dropped at random; 0: every second one", 0, 0, 0, 100},
    {0},
};

enum { ROOT_SMALL, ROOT_LARGE }; /* tables */

enum {
    SWISS_CHEESE_LEAST_BYTES = 16,
    SWISS_CHEESE_MOST_BYTES = 1024,
    SWISS_CHEESE_BATCH = 128, /* objects per sample */
};

static uint64_t swiss_cheese_objects, swiss_cheese_dropped;

static uint32_t swiss_cheese_read(struct hm_mutator *m, hm_ref table,
                                  uint64_t k)
{
    hm_ref object = hm_load(m, table, k);

    return object == NULL ? 0 : hm_payload_tag(object);
}

/* Fills a fresh table at `root` with `n` objects. */
static void swiss_cheese_fill(struct hm_object_run *run, unsigned root,
                              uint64_t n, size_t bytes)
{
    struct hm_mutator *m = run->mutator;
    hm_ref object;

    run->root[root] = hm_new_refs(m, n + 1); /* n may be 0 */
    hm_meter_start(&run->base.meter);
    for (uint64_t k = 0; k < n; k++) {
        object = hm_payload_new(m, bytes, (uint32_t)k & 0x7FFFFF);
        hm_store(m, run->root[root], k, object);
        if (k % SWISS_CHEESE_BATCH == SWISS_CHEESE_BATCH - 1)
            hm_meter_mark(&run->base.meter, SWISS_CHEESE_BATCH);
    }
    if (n % SWISS_CHEESE_BATCH != 0)
        hm_meter_mark(&run->base.meter, n % SWISS_CHEESE_BATCH);
    swiss_cheese_objects += n;
}

static int swiss_cheese_goes(struct hm_object_run *run, uint64_t k)
{
    uint64_t percent = run->base.value[SWISS_CHEESE_DROP];

    if (percent == 0)
        return k % 2 == 1;
    return hm_rng_next(&run->base.rng) % 100 < percent;
}

/* Makes the holes; returns how many. */
static uint64_t swiss_cheese_punch(struct hm_object_run *run, uint64_t n)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_SMALL], object;
    uint64_t holes = 0;

    for (uint64_t k = 0; k < n; k++) {
        if (!swiss_cheese_goes(run, k))
            continue;
        object = hm_load(m, table, k);
        hm_run_mix(&run->base, hm_payload_tag(object));
        hm_store(m, table, k, NULL);
        hm_dispose(m, object);
        holes++;
    }
    swiss_cheese_dropped += holes;
    return holes;
}

/* Reads and drops a table and what is in it. */
static void swiss_cheese_empty(struct hm_object_run *run, unsigned root,
                               uint64_t n)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[root], object;
    uint32_t sum = 0;

    for (uint64_t k = 0; k < n; k++)
        sum += swiss_cheese_read(m, table, k);
    hm_run_mix(&run->base, sum);
    run->root[root] = NULL;
    for (uint64_t k = 0; HM_GC_MANUAL && k < n; k++) {
        object = hm_load(m, table, k);
        if (object != NULL)
            hm_dispose(m, object);
    }
    hm_dispose(m, table);
}

static void swiss_cheese_round(struct hm_object_run *run, size_t bytes)
{
    uint64_t small = run->base.value[SWISS_CHEESE_BYTES] / bytes, large;

    swiss_cheese_fill(run, ROOT_SMALL, small, bytes);
    large = swiss_cheese_punch(run, small) / 2;
    swiss_cheese_fill(run, ROOT_LARGE, large, 2 * bytes);
    swiss_cheese_empty(run, ROOT_SMALL, small);
    swiss_cheese_empty(run, ROOT_LARGE, large);
}

static void swiss_cheese_run(struct hm_object_run *run)
{
    size_t bytes = SWISS_CHEESE_LEAST_BYTES;

    swiss_cheese_objects = 0;
    swiss_cheese_dropped = 0;
    for (; bytes <= SWISS_CHEESE_MOST_BYTES; bytes *= 2)
        swiss_cheese_round(run, bytes);
    hm_run_count(&run->base, "objects", swiss_cheese_objects);
    hm_run_count(&run->base, "holes", swiss_cheese_dropped);
}

/* Each round ends with nothing. */
static void swiss_cheese_drop(struct hm_object_run *run)
{
    (void)run;
}

const struct hm_object_workload hm_object_swiss_cheese = {
    .name = "swiss_cheese",
    .summary = "holes that what comes next does not fit: memory per live byte",
    .source = "after J. Robson, JACM 1971",
    .operation = "object",
    .params = swiss_cheese_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = swiss_cheese_run,
    .drop = swiss_cheese_drop,
};
