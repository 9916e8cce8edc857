/* SPDX-License-Identifier: MIT */
/* generational_fixture.h -- one heap of the generational collector, verified
 * around each collection, for the tests of its parts. */
#ifndef HM_TESTS_GENERATIONAL_FIXTURE_H
#define HM_TESTS_GENERATIONAL_FIXTURE_H

#include "collectors/collector.h"
#include "collectors/generational/generational_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

enum { ROOTS = 4, LARGE_REFS = 5000, LIST = 60000 };

static const struct hm_layout pair = {2, 8, "pair"};

static struct hm_pause_log log_of_heap;
static hm_ref root[ROOTS];
static struct hm_gc *gc;
static struct hm_mutator *m;
static const char *why;

static inline void fail_exhausted(size_t bytes)
{
    fail_msg("the heap is exhausted: %zu bytes refused", bytes);
}

/* `options`: words of parameters, or NULL. */
static inline struct hm_gc *try_open(size_t heap_bytes, int verify,
                                     const char *const *options)
{
    uint64_t param[HM_PARAMS_MAX];
    const struct hm_gc_config config = {.heap_bytes = heap_bytes,
                                        .verify = verify,
                                        .param = param,
                                        .log = &log_of_heap,
                                        .exhausted = fail_exhausted};

    hm_params_defaults(hm_collector_this.params, 0, param);
    for (; options != NULL && *options != NULL; options++) {
        assert_int_equal(
            hm_params_set(hm_collector_this.params, *options, param), 0);
    }
    hm_pause_log_init(&log_of_heap);
    return hm_gc_open(&config, &why);
}

static inline void open_heap_as(size_t heap_bytes, int verify,
                                const char *const *options)
{
    memset(root, 0, sizeof(root));
    gc = try_open(heap_bytes, verify, options);
    if (gc == NULL)
        fail_msg("the heap does not open: %s", why);
    m = hm_gc_attach(gc);
    hm_gc_add_roots(gc, root, ROOTS);
}

static inline void open_heap(size_t heap_bytes, const char *const *options)
{
    open_heap_as(heap_bytes, 1, options);
}

static inline void close_heap(void)
{
    hm_gc_detach(m);
    hm_gc_close(gc);
}

/* A young collection and nothing else. */
static inline void collect_young(void)
{
    uint64_t full = gc->heap.collections, minor = gc->minor_collections;

    while (gc->minor_collections == minor)
        (void)hm_new_raw(m, 1000);
    assert_int_equal(gc->heap.collections, full);
}

static inline int is_young(hm_ref o)
{
    return hm_generational_is_young(m, o);
}

/* An object of the old space in root 0. */
static inline void make_old(void)
{
    root[0] = hm_new(m, &pair);
    collect_young();
    collect_young();
    assert_false(is_young(root[0]));
}

static inline void expect_sound(void)
{
    const char *wrong = hm_gc_check(gc);

    if (wrong != NULL)
        fail_msg("%s", wrong);
}

/* A list of n pairs in root 0. */
static inline void grow_list(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hm_ref o = hm_new(m, &pair);

        hm_init(m, o, 0, root[0]);
        root[0] = o;
    }
}

/* Field 0 of the old object holds a young one that holds `mark`. */
static inline void store_young(uint64_t mark)
{
    hm_ref o = hm_new(m, &pair);

    memcpy(hm_raw(o, 2), &mark, sizeof(mark));
    hm_store(m, root[0], 0, o);
}

static inline uint64_t stored_mark(void)
{
    uint64_t mark;

    memcpy(&mark, hm_raw(hm_load(m, root[0], 0), 2), sizeof(mark));
    return mark;
}

/* A heap in which a cycle starts when begin_cycle is called, not before. */
static inline void open_eager(const char *option)
{
    const char *const options[] = {option, NULL};

    open_heap(64 * MIB, option == NULL ? NULL : options);
    gc->cycle.is_enabled = 0;
}

static inline void collect_minor(void)
{
    hm_generational_collect(gc, GENERATIONAL_MINOR);
}

static inline void promote_all(void)
{
    collect_minor();
    collect_minor();
}

static inline void begin_cycle(void)
{
    gc->cycle.is_enabled = 1;
    gc->heap.config.stress_bytes = SIZE_MAX / 2; /* always due */
    while (gc->cycle.phase != GENERATIONAL_MARKING) {
        generational_sweep_all(gc);
        collect_minor();
    }
    gc->heap.config.stress_bytes = 0;
}

static inline void finish_cycle(void)
{
    uint64_t full = gc->heap.collections;

    while (!hm_generational_is_marked(gc))
        (void)hm_generational_mark_some(gc, 1);
    while (gc->heap.collections == full) {
        collect_minor();
        (void)hm_generational_mark_some(gc, SIZE_MAX);
    }
    assert_int_equal(gc->cycle.phase, GENERATIONAL_IDLE);
}

static inline int is_black(hm_ref o)
{
    return hm_bits_get(gc->old.blocks.bits,
                       generational_word(gc, hm_header_of(o)));
}

#endif /* HM_TESTS_GENERATIONAL_FIXTURE_H */
