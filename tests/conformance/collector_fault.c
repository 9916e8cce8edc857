/* SPDX-License-Identifier: MIT */
/* collector_fault.c -- what verify must catch: programs that break the
 * contract, and damage done to the heap behind the collector's back.
 *
 * The table below is the one list of them.  Each row is a program that runs in
 * a child process, says when all is ready for the fault, commits it, goes on
 * for a while, and has to be dead by the end; the rows of the other table keep
 * the contract and have to survive.  Not for collectors without verify: nogc
 * frees nothing, and what libgc knows is its own. */
#include "collector_fault.h"

#include "collectors/substrate/verify.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Where a fault can be committed. */
enum {
    ANYWHERE = 0,
    MOVES = 1,   /* every object that survives, in its first collection */
    BARRIER = 2, /* stores tell the collector something that it needs */
    COUNTS = 4,  /* ... as counts of references */
    SLICED = 8,  /* BARRIER when the program marks alone, with slice_work: a
                  * marker beside it has to be at the right place */
};

static const struct {
    const char *collector;
    unsigned traits;
} fault_collectors[] = {
    {"concurrent", SLICED},
    {"generational", MOVES | BARRIER},
    {"immix", ANYWHERE},
    {"incremental", BARRIER},
    {"markcompact", MOVES},
    {"marksweep", ANYWHERE},
    {"refcount", BARRIER | COUNTS},
    {"refcount_cycle", BARRIER | COUNTS},
    {"semispace", MOVES},
    {"sticky_immix", BARRIER},
};

static const struct hm_layout fault_pair = {2, 16, "pair"};
static hm_ref fault_hidden; /* a reference that the program forgot to root */

static hm_ref fault_new(void)
{
    struct hm_layout type = {2, fault->raw_bytes, "faulty"};

    if (type.raw_bytes == 0)
        return hm_new(heap.m, &fault_pair);
    return hm_new(heap.m, &type);
}

static uint64_t *fault_header(hm_ref o)
{
    return (uint64_t *)(void *)o - 1;
}

static hm_ref *fault_slots(hm_ref o)
{
    return (hm_ref *)(void *)o;
}

/* ---- programs ---- */

/* A live object, a dead one after it, and a collection. */
static void fault_hide(void)
{
    heap.root[0] = fault_new();
    fault_hidden = fault_new();
    hm_gc_collect(heap.m);
    *fault_is_ready = 1;
}

static void fault_two(void)
{
    heap.root[0] = fault_new();
    heap.root[1] = fault_new();
    *fault_is_ready = 1;
}

static void fault_nothing(void)
{
    fault_hide();
    fault_hidden = NULL;
}

static void fault_store_unrooted(void)
{
    fault_hide();
    hm_store(heap.m, heap.root[0], 0, fault_hidden);
}

static void fault_root_unrooted(void)
{
    fault_hide();
    heap.root[1] = fault_hidden;
}

/* As many objects as take the place of the dead one. */
static void fault_reuse(void)
{
    for (int i = 0; i < 2000; i++)
        (void)fault_new();
}

static void fault_write_dead_field(void)
{
    fault_hide();
    fault_slots(fault_hidden)[1] = NULL;
    fault_reuse();
}

static void fault_write_dead_byte(void)
{
    size_t raw = fault->raw_bytes == 0 ? 16 : fault->raw_bytes;

    fault_hide();
    ((volatile char *)hm_raw(fault_hidden, 2))[raw - 1] ^= 1;
    fault_reuse();
}

/* Ends it, as the others, only if the dead object is unreadable or poison. */
static void fault_read_dead(void)
{
    size_t raw = fault->raw_bytes == 0 ? 16 : fault->raw_bytes;

    fault_hide();
    if (hm_poison_is_intact(hm_raw(fault_hidden, 2), raw / 8))
        abort();
}

/* Two mebibytes of objects, more than any block, and all of them dead. */
static void fault_read_freed_block(void)
{
    for (int i = 0; i < 50000; i++) {
        hm_ref o = fault_new();

        hm_init(heap.m, o, 0, heap.root[0]);
        heap.root[0] = o;
        if (i == 25000)
            fault_hidden = o;
    }
    heap.root[0] = NULL;
    hm_gc_collect(heap.m);
    hm_gc_collect(heap.m);
    *fault_is_ready = 1;
    (void)*(volatile uint64_t *)hm_raw(fault_hidden, 2);
}

/* The other object goes, so one that slides has where to go. */
static hm_ref fault_move(void)
{
    hm_ref stale;

    (void)fault_new();
    heap.root[0] = fault_new();
    stale = heap.root[0];
    hm_gc_collect(heap.m);
    *fault_is_ready = heap.root[0] != stale;
    return stale;
}

static void fault_root_moved(void)
{
    heap.root[1] = fault_move();
}

static void fault_read_moved(void)
{
    heap.root[1] = hm_load(heap.m, fault_move(), 0);
}

static void fault_zero_header(void)
{
    fault_two();
    *fault_header(heap.root[0]) = 0;
}

static void fault_fill_header(void)
{
    fault_two();
    *fault_header(heap.root[0]) = UINT64_MAX;
}

static void fault_exchange_header(void)
{
    static const struct hm_layout other = {7, 72, "other"};

    fault_two();
    heap.root[2] = hm_new(heap.m, &other);
    *fault_header(heap.root[0]) = *fault_header(heap.root[2]);
}

static void fault_write_beyond(void)
{
    fault_two();
    memset(hm_raw(heap.root[0], 2), 0xFF, 16 + 8); /* 8 too many */
}

static void fault_refer(size_t offset)
{
    fault_two();
    fault_hidden = (hm_ref)((char *)heap.root[0] + offset);
    fault_slots(heap.root[1])[1] = fault_hidden;
}

static void fault_refer_inside(void)
{
    fault_refer(8);
}

static void fault_refer_unaligned(void)
{
    fault_refer(1);
}

static void fault_refer_outside(void)
{
    static uint64_t no_object[4];

    fault_two();
    fault_slots(heap.root[1])[1] = (hm_ref)(void *)&no_object[1];
}

/* A field changed behind the collector's back: a count is never raised, or
 * never lowered. */
static void fault_store_uncounted(void)
{
    fault_two();
    fault_slots(heap.root[0])[0] = heap.root[1];
}

static void fault_clear_uncounted(void)
{
    fault_two();
    hm_store(heap.m, heap.root[0], 0, heap.root[1]);
    fault_slots(heap.root[0])[0] = NULL;
}

static void fault_raise_count(void)
{
    fault_two();
#ifdef HM_REFCOUNT_ONE
    *fault_header(heap.root[0]) += HM_REFCOUNT_ONE;
#endif
}

static void fault_set(hm_ref o, uint32_t i, hm_ref v, int has_barrier)
{
    if (has_barrier) {
        hm_store(heap.m, o, i, v);
    } else {
        fault_slots(o)[i] = v;
    }
}

/* A table of objects of all ages: each step takes one out and puts it, and a
 * new one, somewhere else. */
static void fault_shuffle(int has_barrier)
{
    enum { N = 10000, STEPS = 60000 };

    struct hm_rng rng;

    hm_rng_seed(&rng, 11);
    heap.root[0] = hm_new_refs(heap.m, N);
    for (uint32_t i = 0; i < N; i++)
        hm_store(heap.m, heap.root[0], i, hm_new(heap.m, &fault_pair));
    *fault_is_ready = 1;
    for (int step = 0; step < STEPS; step++) {
        uint32_t from = hm_rng_below(&rng, N);

        heap.root[1] = hm_load(heap.m, heap.root[0], from);
        fault_set(heap.root[0], from, NULL, has_barrier);
        heap.root[2] = hm_new(heap.m, &fault_pair);
        (void)hm_new_raw(heap.m, 200);
        fault_set(heap.root[2], 0, heap.root[1], has_barrier);
        if (step % 4 == 0) /* or the chains grow without end */
            fault_set(heap.root[2], 0, NULL, has_barrier);
        fault_set(heap.root[0], hm_rng_below(&rng, N), heap.root[2],
                  has_barrier);
        if (step % 64 == 0) /* rarely, or marking would end in polls alone */
            hm_poll(heap.m);
    }
}

static void fault_shuffle_properly(void)
{
    fault_shuffle(1);
}

static void fault_omit_barrier(void)
{
    fault_shuffle(0);
}

/* ---- the list ---- */

static const struct fault fault_none[] = {
    {"a_program_that_keeps_the_contract_survives", fault_nothing, 0, 0, 0},
    {"and_so_does_one_with_large_objects", fault_nothing, 0, 30000, 0},
    {"and_one_that_changes_its_graph", fault_shuffle_properly, 0, 0, 0},
};

static const struct fault fault_list[] = {
    {"omitted_root_then_stored", fault_store_unrooted, ANYWHERE, 0, 0},
    {"omitted_root_then_rooted", fault_root_unrooted, ANYWHERE, 0, 0},
    {"omitted_root_of_large", fault_root_unrooted, ANYWHERE, 30000, 0},
    {"omitted_barrier", fault_omit_barrier, BARRIER, 0, 0},
    {"stale_root_of_moved", fault_root_moved, MOVES, 0, 0},
    {"stale_read_of_moved", fault_read_moved, MOVES, 0, 0},
    {"dead_is_poison", fault_read_dead, ANYWHERE, 0, 0},
    {"dead_is_poison_medium", fault_read_dead, ANYWHERE, 600, 0},
    {"dead_is_poison_page", fault_read_dead, ANYWHERE, 5000, 0},
    {"dead_is_poison_large", fault_read_dead, ANYWHERE, 30000, 0},
    {"freed_block_is_inaccessible", fault_read_freed_block, ANYWHERE, 0,
     SIGSEGV},
    {"write_to_dead_field", fault_write_dead_field, ANYWHERE, 0, 0},
    {"write_to_dead_field_medium", fault_write_dead_field, ANYWHERE, 600, 0},
    {"write_to_dead_byte", fault_write_dead_byte, ANYWHERE, 0, 0},
    {"write_to_dead_byte_medium", fault_write_dead_byte, ANYWHERE, 600, 0},
    {"write_to_dead_byte_page", fault_write_dead_byte, ANYWHERE, 5000, 0},
    {"write_to_dead_byte_large", fault_write_dead_byte, ANYWHERE, 30000, 0},
    {"header_zeroed", fault_zero_header, ANYWHERE, 0, 0},
    {"header_zeroed_large", fault_zero_header, ANYWHERE, 30000, 0},
    {"header_filled", fault_fill_header, ANYWHERE, 0, 0},
    {"header_of_another", fault_exchange_header, ANYWHERE, 0, 0},
    {"header_of_another_large", fault_exchange_header, ANYWHERE, 30000, 0},
    {"header_overrun", fault_write_beyond, ANYWHERE, 0, 0},
    {"reference_into_an_object", fault_refer_inside, ANYWHERE, 0, 0},
    {"reference_into_a_large_one", fault_refer_inside, ANYWHERE, 30000, 0},
    {"reference_not_aligned", fault_refer_unaligned, ANYWHERE, 0, 0},
    {"reference_out_of_the_heap", fault_refer_outside, ANYWHERE, 0, 0},
    {"count_not_raised", fault_store_uncounted, COUNTS, 0, 0},
    {"count_not_lowered", fault_clear_uncounted, COUNTS, 0, 0},
    {"count_raised", fault_raise_count, COUNTS, 0, 0},
};

enum { FAULTS = sizeof(fault_list) / sizeof(fault_list[0]) };

static int fault_is_sliced(void)
{
    const struct hm_param *params = hm_collector_this.params;

    for (size_t i = 0; i < hm_params_count(params); i++) {
        if (strcmp(params[i].name, "slice_work") == 0)
            return heap_param[i] != 0;
    }
    return 0;
}

static unsigned fault_traits(void)
{
    size_t n = sizeof(fault_collectors) / sizeof(fault_collectors[0]);

    for (size_t i = 0; i < n; i++) {
        unsigned traits = fault_collectors[i].traits;

        if (strcmp(fault_collectors[i].collector, hm_collector_this.name) != 0)
            continue;
        return (traits & SLICED) != 0 && fault_is_sliced() ? BARRIER : traits;
    }
    return ANYWHERE;
}

int collector_fault_tests(void)
{
    enum { NONE = sizeof(fault_none) / sizeof(fault_none[0]) };

    struct CMUnitTest tests[NONE + FAULTS];
    unsigned traits = fault_traits();
    size_t n = 0;

    if (!heap_is_precise()) /* nothing is verified there */
        return 0;
    for (size_t i = 0; i < NONE; i++) {
        tests[n++] =
            (struct CMUnitTest){.name = fault_none[i].name,
                                .test_func = fault_survives,
                                .initial_state = (void *)&fault_none[i]};
    }
    for (size_t i = 0; i < FAULTS; i++) {
        if ((fault_list[i].where & ~traits) != 0)
            continue;
        tests[n++] =
            (struct CMUnitTest){.name = fault_list[i].name,
                                .test_func = fault_is_caught,
                                .initial_state = (void *)&fault_list[i]};
    }
    return heap_run_group("fault", tests, n);
}
