/* SPDX-License-Identifier: MIT */
/* incremental_fixture.h -- one heap of a collector that marks a snapshot, for
 * the tests of incremental and concurrent. */
#ifndef HM_TESTS_INCREMENTAL_FIXTURE_H
#define HM_TESTS_INCREMENTAL_FIXTURE_H

#include "collectors/mutator.h"

#include "collectors/incremental/incremental_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ROOTS = 4 };

#define MIB ((size_t)1 << 20)

static const struct hm_layout node = {2, 8, "node"};

struct options {
    size_t heap_bytes;
    int verify;
    uint64_t slice_us, slice_work; /* 0 = the default */
};

static struct {
    struct hm_gc *gc;
    struct hm_mutator *m;
    hm_ref root[ROOTS];
    struct hm_pause_log log;
    jmp_buf exhausted; /* where exhaustion jumps to, if it `catches` */
    int catches;
} heap;

static inline void note_exhausted(size_t bytes)
{
    if (heap.catches)
        longjmp(heap.exhausted, 1);
    fail_msg("no room for %zu bytes", bytes);
}

static inline void open_heap(struct options o)
{
    static uint64_t param[HM_PARAMS_MAX]; /* outlives the heap */
    const struct hm_gc_config config = {.heap_bytes = o.heap_bytes,
                                        .verify = o.verify,
                                        .param = param,
                                        .log = &heap.log,
                                        .exhausted = note_exhausted};
    const char *why = NULL;

    hm_params_defaults(hm_collector_this.params, 0, param);
    if (o.slice_us != 0)
        param[INCREMENTAL_SLICE_US] = o.slice_us;
    param[INCREMENTAL_SLICE_WORK] = o.slice_work;
    memset(&heap, 0, sizeof(heap));
    heap.gc = hm_gc_open(&config, &why);
    if (heap.gc == NULL)
        fail_msg("%s", why);
    heap.m = hm_gc_attach(heap.gc);
    hm_gc_add_roots(heap.gc, heap.root, ROOTS);
}

static inline void close_heap(void)
{
    const char *wrong = hm_gc_check(heap.gc);

    if (wrong != NULL)
        fail_msg("%s", wrong);
    hm_gc_detach(heap.m);
    hm_gc_close(heap.gc);
}

static inline unsigned count(enum hm_pause_kind kind)
{
    unsigned n = 0;

    for (uint64_t i = 0; i < heap.log.n_listed; i++)
        n += heap.log.entry[i].kind == kind;
    return n;
}

/* A list of n nodes in root 0. */
static inline void build_list(int n)
{
    for (int i = 0; i < n; i++) {
        hm_ref o = hm_new(heap.m, &node);

        hm_init(heap.m, o, 0, heap.root[0]);
        heap.root[0] = o;
    }
}

/* Allocates until a collection is in this phase. */
static inline void reach(enum incremental_phase phase)
{
    for (int i = 0; heap.gc->phase != phase; i++) {
        assert_true(i < 1000000);
        (void)hm_new(heap.m, &node);
    }
}

#endif /* HM_TESTS_INCREMENTAL_FIXTURE_H */
