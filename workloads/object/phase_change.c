/* SPDX-License-Identifier: MIT */
/* phase_change.c -- small objects that replace each other; then, while every
 * tenth of them lives on, large ones: memory that was divided for one size
 * class has to serve another.
 *
 * Source:     heapmark; programs that load and then serve, and the case that
 *             allocators with a region per size class are worst at.
 * Differs:    the objects alive are limited, where the idea names only how
 *             many are made.
 * Invariants: `bytes` hold the objects of phase 1, at their mean size; 9/10 of
 *             `bytes` those of phase 2, next to the survivors.
 * Costs:      per operation one object of 16 to 64 bytes, then one of 512 to
 *             1024, and one dropped at random.
 * Threads:    one. */
#include "workloads/op_loop.h"
#include "workloads/payload.h"

enum { PHASE_CHANGE_OPS, PHASE_CHANGE_BYTES, PHASE_CHANGE_SURVIVORS };

static const struct hm_param phase_change_params[] = {
    {"ops", "objects made in each phase", 600000, 100000000, 1, UINT32_MAX},
    {"bytes", "bytes of objects alive", 16 << 20, 64 << 20, 1 << 10, 64 << 20},
    {"survivors", "percentage of phase 1 that outlives it", 10, 10, 0, 100},
    {0},
};

/* Each phase has its table; the first one stays. */
enum { ROOT_PHASE_1, ROOT_PHASE_2 };

enum { PHASE_CHANGE_BATCH = 64 };

static const struct {
    uint32_t least_bytes, most_bytes, mean_bytes;
} phase_change_size[] = {{16, 64, 40}, {512, 1024, 768}};

static struct {
    unsigned phase; /* = its root */
    uint32_t slots[2], held[2];
} phase_change;

static void phase_change_replace(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    struct hm_rng *rng = &run->base.rng;
    unsigned phase = phase_change.phase;
    uint32_t least = phase_change_size[phase].least_bytes;
    uint32_t spread = phase_change_size[phase].most_bytes - least + 1;
    uint32_t k = hm_rng_below(rng, phase_change.slots[phase]);
    hm_ref object, old;

    object = hm_payload_new(m, least + hm_rng_below(rng, spread),
                            (uint32_t)i & 0x7FFFFF);
    old = hm_load(m, run->root[phase], k);
    hm_store(m, run->root[phase], k, object);
    if (old == NULL) {
        phase_change.held[phase]++;
        return;
    }
    hm_run_mix(&run->base, hm_payload_tag(old));
    hm_dispose(m, old);
}

static void phase_change_begin(struct hm_object_run *run, unsigned phase,
                               uint64_t bytes)
{
    uint64_t slots = bytes / phase_change_size[phase].mean_bytes;

    phase_change.phase = phase;
    phase_change.slots[phase] = (uint32_t)slots;
    phase_change.held[phase] = 0;
    run->root[phase] = hm_new_refs(run->mutator, slots);
}

/* Every object of phase 1 survives by chance. */
static void phase_change_thin(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_PHASE_1], object;

    for (uint32_t k = 0; k < phase_change.slots[0]; k++) {
        object = hm_load(m, table, k);
        if (object == NULL || hm_rng_next(&run->base.rng) % 100 <
                                  run->base.value[PHASE_CHANGE_SURVIVORS])
            continue;
        hm_run_mix(&run->base, hm_payload_tag(object));
        hm_store(m, table, k, NULL);
        hm_dispose(m, object);
        phase_change.held[0]--;
    }
}

static void phase_change_sum(struct hm_object_run *run, unsigned phase)
{
    uint32_t sum = 0;
    hm_ref object;

    for (uint32_t k = 0; k < phase_change.slots[phase]; k++) {
        object = hm_load(run->mutator, run->root[phase], k);
        if (object != NULL)
            sum += hm_payload_tag(object);
    }
    hm_run_mix(&run->base, sum);
}

static void phase_change_run(struct hm_object_run *run)
{
    uint64_t ops = run->base.value[PHASE_CHANGE_OPS];
    uint64_t bytes = run->base.value[PHASE_CHANGE_BYTES];

    phase_change_begin(run, ROOT_PHASE_1, bytes);
    hm_op_loop(run, ops, PHASE_CHANGE_BATCH, phase_change_replace);
    phase_change_thin(run);
    phase_change_begin(run, ROOT_PHASE_2, bytes / 10 * 9);
    hm_op_loop(run, ops, PHASE_CHANGE_BATCH, phase_change_replace);
    phase_change_sum(run, ROOT_PHASE_1);
    phase_change_sum(run, ROOT_PHASE_2);
    hm_run_count(&run->base, "survivors", phase_change.held[0]);
    hm_run_count(&run->base, "held", phase_change.held[1]);
}

static void phase_change_empty(struct hm_object_run *run, unsigned phase)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[phase], object;

    for (uint32_t k = 0; HM_GC_MANUAL && k < phase_change.slots[phase]; k++) {
        object = hm_load(m, table, k);
        if (object != NULL)
            hm_dispose(m, object);
    }
    hm_dispose(m, table);
    run->root[phase] = NULL;
}

static void phase_change_drop(struct hm_object_run *run)
{
    phase_change_empty(run, ROOT_PHASE_1);
    phase_change_empty(run, ROOT_PHASE_2);
}

const struct hm_object_workload hm_object_phase_change = {
    .name = "phase_change",
    .summary = "small objects, then large ones beside a tenth of the small",
    .source = "heapmark; workloads/README.md",
    .operation = "object",
    .params = phase_change_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = phase_change_run,
    .drop = phase_change_drop,
};
