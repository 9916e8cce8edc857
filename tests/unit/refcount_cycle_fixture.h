/* SPDX-License-Identifier: MIT */
/* refcount_cycle_fixture.h -- a heap whose rounds the test drives, and rings in
 * it, for the tests of trial deletion. */
#ifndef HM_TESTS_UNIT_REFCOUNT_CYCLE_FIXTURE_H
#define HM_TESTS_UNIT_REFCOUNT_CYCLE_FIXTURE_H

#include "collectors/refcount_cycle/refcount_cycle.h"

#include "collectors/mutator.h"
#include "collectors/refcount_cycle/refcount_cycle_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOTS = 8, REFS = 3 };

#define MIB ((size_t)1 << 20)

static const struct hm_layout node = {REFS, 8, "node"};

static struct {
    struct hm_gc *gc;
    struct hm_mutator *m;
    hm_ref root[ROOTS];
    struct hm_pause_log log;
    size_t flagged; /* result of count_flagged */
    uint64_t flags;
} heap;

static inline void note_exhausted(size_t bytes)
{
    fail_msg("no room for %zu bytes", bytes);
}

static inline void open_heap(uint64_t slice_work, uint64_t widen, int verify)
{
    static uint64_t param[HM_PARAMS_MAX]; /* outlives the heap */
    const struct hm_gc_config config = {.heap_bytes = 16 * MIB,
                                        .verify = verify,
                                        .param = param,
                                        .log = &heap.log,
                                        .exhausted = note_exhausted};
    const char *why = NULL;

    hm_params_defaults(hm_collector_this.params, 0, param);
    param[REFCOUNT_INTERVAL] = 1024;
    param[REFCOUNT_CYCLE_WORK] = slice_work;
    param[REFCOUNT_CYCLE_WIDEN] = widen;
    memset(&heap, 0, sizeof(heap));
    heap.gc = hm_gc_open(&config, &why);
    if (heap.gc == NULL)
        fail_msg("%s", why);
    heap.m = hm_gc_attach(heap.gc);
    hm_gc_add_roots(heap.gc, heap.root, ROOTS);
}

static inline void close_heap(void)
{
    hm_gc_detach(heap.m);
    hm_gc_close(heap.gc);
}

static inline void close_sound_heap(void)
{
    const char *wrong = hm_gc_check(heap.gc);

    if (wrong != NULL)
        fail_msg("%s", wrong);
    close_heap();
}

/* One pause, in which a round goes on or begins.  Its work is bounded. */
static inline void step(void)
{
    const struct refcount_cycle_round *round = &hm_refcount_cycle.round;
    size_t work = heap.gc->heap.config.param[REFCOUNT_CYCLE_WORK];
    unsigned level = round->is_open ? round->level : 0;

    hm_refcount_cycle.due_bytes = 0;
    hm_refcount_poll(heap.m);
    assert_in_range(round->work, 0, work + (work << level));
}

/* Steps to the end of a round, and of the wider one that may follow. */
static inline void finish_round(void)
{
    do {
        step();
    } while (hm_refcount_cycle.round.is_open);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): a visitor's type */
static inline void count_flag(struct hm_gc *gc, uint64_t *header)
{
    (void)gc;
    heap.flagged +=
        (*header & HM_REFCOUNT_LIVE) && (*header & heap.flags) == heap.flags;
}

static inline size_t count_flagged(uint64_t flags)
{
    heap.flags = flags;
    heap.flagged = 0;
    hm_refcount_each(heap.gc, count_flag);
    return heap.flagged;
}

/* A ring of n nodes in root `r`, linked in both directions. */
static inline void build_ring(unsigned r, unsigned n)
{
    HM_FRAME(heap.m, f, 1);

    heap.root[r] = hm_new(heap.m, &node);
    HM_SET(heap.m, f, 0, heap.root[r]);
    for (unsigned i = 1; i < n; i++) {
        hm_ref o = hm_new(heap.m, &node);

        hm_init(heap.m, o, 0, HM_GET(f, 0));
        hm_store(heap.m, HM_GET(f, 0), 1, o);
        HM_SET(heap.m, f, 0, o);
    }
    hm_store(heap.m, HM_GET(f, 0), 1, heap.root[r]);
    hm_store(heap.m, heap.root[r], 0, HM_GET(f, 0));
    HM_LEAVE(heap.m, f);
}

#endif /* HM_TESTS_UNIT_REFCOUNT_CYCLE_FIXTURE_H */
