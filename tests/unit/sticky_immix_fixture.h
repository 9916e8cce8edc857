/* SPDX-License-Identifier: MIT */
/* sticky_immix_fixture.h -- a heap with a few roots, and lists in it, for the
 * tests of young collections. */
#ifndef HM_TESTS_UNIT_STICKY_IMMIX_FIXTURE_H
#define HM_TESTS_UNIT_STICKY_IMMIX_FIXTURE_H

#include "collectors/sticky_immix/sticky_immix.h"

#include "collectors/immix/immix_heap.h"
#include "collectors/mutator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOTS = 8 };

#define MIB ((size_t)1 << 20)

static const struct hm_layout node = {2, 8, "node"};

static struct {
    struct hm_gc *gc;
    struct hm_mutator *m;
    hm_ref root[ROOTS];
    struct hm_pause_log log;
} heap;

static inline void note_exhausted(size_t bytes)
{
    fail_msg("no room for %zu bytes", bytes);
    abort();
}

struct options {
    size_t heap_bytes;
    int verify;
    const char *set; /* a parameter, NULL: none */
};

static inline void open_heap(struct options o)
{
    uint64_t param[HM_PARAMS_MAX];
    const struct hm_gc_config config = {.heap_bytes = o.heap_bytes,
                                        .verify = o.verify,
                                        .param = param,
                                        .log = &heap.log,
                                        .exhausted = note_exhausted};
    const char *why = NULL;

    hm_params_defaults(hm_collector_this.params, 0, param);
    if (o.set != NULL) {
        assert_int_equal(hm_params_set(hm_collector_this.params, o.set, param),
                         0);
    }
    memset(&heap, 0, sizeof(heap));
    heap.gc = hm_gc_open(&config, &why);
    if (heap.gc == NULL)
        fail_msg("%s", why);
    heap.m = hm_gc_attach(heap.gc);
    hm_gc_add_roots(heap.gc, heap.root, ROOTS);
}

static inline void check_heap(void)
{
    const char *wrong = hm_gc_check(heap.gc);

    if (wrong != NULL)
        fail_msg("%s", wrong);
}

static inline void close_heap(void)
{
    check_heap();
    hm_gc_detach(heap.m);
    hm_gc_close(heap.gc);
}

static inline void collect_young(void)
{
    check_heap();
    assert_true(hm_immix_collect_young(heap.gc));
    check_heap();
}

static inline uint64_t *value_of(hm_ref o)
{
    return hm_raw(o, node.n_refs);
}

static inline hm_ref new_node(uint64_t value)
{
    hm_ref o = hm_new(heap.m, &node);

    *value_of(o) = value;
    return o;
}

/* A list of n nodes at root r, values n - 1 to 0. */
static inline void build_list(unsigned r, uint64_t n)
{
    heap.root[r] = NULL;
    for (uint64_t i = 0; i < n; i++) {
        hm_ref o = new_node(i);

        hm_init(heap.m, o, 0, heap.root[r]);
        heap.root[r] = o;
    }
}

static inline void check_list(unsigned r, uint64_t n)
{
    hm_ref o = heap.root[r];

    for (; n-- > 0; o = hm_load(heap.m, o, 0)) {
        assert_non_null(o);
        assert_int_equal(*value_of(o), n);
    }
    assert_null(o);
}

static inline size_t found_bytes(void)
{
    return heap.gc->found_bytes;
}

#endif /* HM_TESTS_UNIT_STICKY_IMMIX_FIXTURE_H */
