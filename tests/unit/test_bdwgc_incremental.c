/* SPDX-License-Identifier: MIT */
/* What a turn is for libgc's incremental mode, and where it is logged. */
#include "collectors/collector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { NODES = 200000, TURNS = 20000 };

static const struct hm_layout node = {1, 24, "node"};

static struct hm_pause_log log_of_heap;
static hm_ref root;

static void note_exhausted(size_t bytes)
{
    fail_msg("no room for %zu bytes", bytes);
}

static struct hm_mutator *open_heap(void)
{
    static uint64_t param[HM_PARAMS_MAX];
    const struct hm_gc_config config = {
        .param = param, .log = &log_of_heap, .exhausted = note_exhausted};
    const char *why = "no reason given";
    struct hm_gc *gc;

    hm_params_defaults(hm_collector_this.params, 0, param);
    gc = hm_gc_open(&config, &why);
    if (gc == NULL)
        fail_msg("the heap does not open: %s", why);
    hm_gc_add_roots(gc, &root, 1);
    return hm_gc_attach(gc);
}

static void add_nodes(struct hm_mutator *m, int n)
{
    for (int i = 0; i < n; i++) {
        hm_ref o = hm_new(m, &node);

        hm_init(m, o, 0, root);
        root = o;
    }
}

static uint64_t collections(struct hm_mutator *m)
{
    struct hm_gc_stats stats;

    hm_gc_stats_get(m->gc, &stats);
    return stats.collections;
}

/* Turns until a collection has ended in one, at most TURNS. */
static int collects_in_turns(struct hm_mutator *m)
{
    uint64_t before = collections(m);

    for (int i = 0; i < TURNS && collections(m) == before; i++)
        hm_poll(m);
    return collections(m) > before;
}

static size_t count_nodes(struct hm_mutator *m)
{
    size_t n = 0;

    for (hm_ref o = root; o != NULL; o = hm_load(m, o, 0))
        n++;
    return n;
}

/* Some of the first allocations leave a collection due or under way. */
static void a_turn_does_a_piece_of_a_collection_and_is_logged(void **state)
{
    struct hm_mutator *m = open_heap();
    struct hm_gc *gc = m->gc;
    uint64_t total_ns = 0;
    int added = 0, has_collected = 0;

    (void)state;
    while (!has_collected && added < NODES) {
        add_nodes(m, NODES / 100);
        added += NODES / 100;
        total_ns = log_of_heap.total_ns;
        has_collected = collects_in_turns(m);
    }
    assert_true(has_collected);
    assert_true(log_of_heap.total_ns > total_ns);
    assert_true(log_of_heap.n_listed > 0);
    assert_int_equal(log_of_heap.entry[log_of_heap.n_listed - 1].kind,
                     HM_PAUSE_full);
    assert_int_equal(count_nodes(m), added);
    assert_null(hm_gc_check(gc));
    hm_gc_detach(m);
    hm_gc_close(gc);
}

/* Right after a collection none is due. */
static void a_turn_with_nothing_to_do_is_no_pause(void **state)
{
    struct hm_mutator *m = open_heap();
    struct hm_gc *gc = m->gc;
    uint64_t total_ns;

    (void)state;
    root = NULL;
    add_nodes(m, NODES / 100);
    hm_gc_collect(m);
    total_ns = log_of_heap.total_ns;
    for (int i = 0; i < 100; i++)
        hm_poll(m);
    assert_int_equal(log_of_heap.total_ns, total_ns);
    hm_gc_detach(m);
    hm_gc_close(gc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_does_a_piece_of_a_collection_and_is_logged),
        cmocka_unit_test(a_turn_with_nothing_to_do_is_no_pause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
