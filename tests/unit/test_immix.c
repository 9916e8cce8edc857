/* SPDX-License-Identifier: MIT */
/* Lines, holes and evacuation, seen from inside; what the suite of all
 * collectors asks is not repeated. */
#include "collectors/immix/immix.h"

#include "collectors/immix/immix_heap.h"
#include "collectors/mutator.h"
#include "common/rng.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROOTS = 8, SHARED = 1500 };

#define MIB   ((size_t)1 << 20)
#define LINES ((uint64_t)IMMIX_LINES)

/* Sizes with their header. */
static const struct hm_layout one_line = {1, 112, "line"};
static const struct hm_layout node = {1, 8, "node"};
static const struct hm_layout medium = {1, 1008, "medium"};

struct options {
    size_t heap_bytes, stress_bytes;
    int verify;
    uint64_t evacuate, headroom;
};

static struct {
    struct hm_gc *gc;
    struct hm_mutator *m;
    hm_ref root[ROOTS];
    struct hm_pause_log log;
    jmp_buf exhausted;
    int may_exhaust;
} heap;

static void note_exhausted(size_t bytes)
{
    if (!heap.may_exhaust)
        fail_msg("no room for %zu bytes", bytes);
    longjmp(heap.exhausted, 1);
}

static void open_heap(struct options o)
{
    uint64_t param[HM_PARAMS_MAX];
    const struct hm_gc_config config = {.heap_bytes = o.heap_bytes,
                                        .stress_bytes = o.stress_bytes,
                                        .verify = o.verify,
                                        .param = param,
                                        .log = &heap.log,
                                        .exhausted = note_exhausted};
    const char *why = NULL;

    hm_params_defaults(hm_collector_this.params, 0, param);
    param[IMMIX_EVACUATE] = o.evacuate;
    param[IMMIX_HEADROOM] = o.headroom;
    memset(&heap, 0, sizeof(heap));
    heap.gc = hm_gc_open(&config, &why);
    if (heap.gc == NULL)
        fail_msg("%s", why);
    heap.m = hm_gc_attach(heap.gc);
    hm_gc_add_roots(heap.gc, heap.root, ROOTS);
}

static void check_heap(void)
{
    const char *wrong = hm_gc_check(heap.gc);

    if (wrong != NULL)
        fail_msg("%s", wrong);
}

static void collect(void)
{
    hm_gc_collect(heap.m);
    check_heap();
}

static void close_heap(void)
{
    check_heap();
    hm_gc_detach(heap.m);
    hm_gc_close(heap.gc);
}

/* Puts a new node with `value` before the list in a root. */
static void push(int root, uint64_t value, const struct hm_layout *type)
{
    hm_ref o = hm_new(heap.m, type);

    hm_init(heap.m, o, 0, heap.root[root]);
    memcpy(hm_raw(o, 1), &value, sizeof(value));
    heap.root[root] = o;
}

/* The list must hold `first`, first - step, ... down to below `step`. */
static void assert_list(int root, uint64_t first, uint64_t step)
{
    hm_ref o = heap.root[root];

    for (uint64_t v = first; o != NULL; v -= step) {
        uint64_t value;

        memcpy(&value, hm_raw(o, 1), sizeof(value));
        assert_int_equal(value, v);
        o = hm_load(heap.m, o, 0);
        if (v < step) {
            assert_null(o);
            return;
        }
    }
    fail_msg("the list ends too early");
}

/* 0 ... n-1 pushed, every `keep`-th to root 0, the others forgotten. */
static void scatter(uint64_t n, uint64_t keep, const struct hm_layout *type)
{
    for (uint64_t i = 0; i < n; i++)
        push(i % keep == 0 ? 0 : 1, i, type);
    heap.root[1] = NULL;
}

static unsigned block_of(hm_ref o)
{
    return (unsigned)(immix_word(heap.gc, hm_header_of(o)) / HM_BLOCK_WORDS);
}

static unsigned line_of(hm_ref o)
{
    return (unsigned)(immix_word(heap.gc, hm_header_of(o)) % HM_BLOCK_WORDS /
                      IMMIX_LINE_WORDS);
}

static void a_small_object_holds_its_line_and_the_next(void **state)
{
    const struct immix_block *info;

    (void)state;
    open_heap((struct options){.evacuate = IMMIX_NEVER});
    scatter(IMMIX_LINES, 4, &one_line);
    collect();
    info = &heap.gc->info[block_of(heap.root[0])];
    for (unsigned l = 0; l < IMMIX_LINES; l += 4)
        assert_int_equal(info->line[l / 64] >> l % 64 & 15, 3);
    assert_int_equal(info->live, IMMIX_LINES / 2);
    assert_int_equal(info->longest, 2);
    close_heap();
}

static void a_medium_object_holds_the_lines_it_covers(void **state)
{
    const struct immix_block *info;
    hm_ref o;

    (void)state;
    open_heap((struct options){.evacuate = IMMIX_NEVER});
    heap.root[0] = o = hm_new(heap.m, &medium); /* 128 words: 8 lines */
    assert_int_equal(line_of(o), 0);
    collect();
    info = &heap.gc->info[block_of(o)];
    assert_int_equal(info->line[0], 0xFF);
    assert_int_equal(info->live, 8);
    assert_int_equal(info->longest, IMMIX_LINES - 8);
    close_heap();
}

static void holes_are_filled_before_a_block_is_taken(void **state)
{
    const struct immix_block *info;
    uint32_t n_used;

    (void)state;
    open_heap((struct options){.evacuate = IMMIX_NEVER});
    scatter(8 * LINES, 4, &one_line);
    collect();
    n_used = heap.gc->blocks.n_used;
    for (int i = 0; i < 4 * IMMIX_LINES; i++) {
        hm_ref o = hm_new(heap.m, &one_line);

        info = &heap.gc->info[block_of(o)];
        assert_int_equal(info->line[line_of(o) / 64] >> line_of(o) % 64 & 1, 0);
    }
    assert_int_equal(heap.gc->blocks.n_used, n_used);
    hm_new(heap.m, &one_line);
    assert_int_equal(heap.gc->blocks.n_used, n_used + 1);
    assert_list(0, 8 * LINES - 4, 4);
    close_heap();
}

static void a_medium_object_leaves_small_holes_to_small_ones(void **state)
{
    hm_ref o, small;

    (void)state;
    open_heap((struct options){.evacuate = IMMIX_NEVER});
    scatter(8 * LINES, 4, &one_line);
    collect();
    heap.root[2] = small = hm_new(heap.m, &node);
    heap.root[3] = o = hm_new(heap.m, &medium);
    assert_int_not_equal(block_of(small), block_of(o));
    o = hm_new(heap.m, &node);
    assert_ptr_equal(o, (char *)small + (size_t)3 * HM_WORD_BYTES);
    close_heap();
}

/* No empty block is left, but a block with a wide hole. */
static void a_medium_object_takes_a_hole_at_need(void **state)
{
    uint64_t n = 0;

    (void)state;
    open_heap((struct options){.heap_bytes = MIB, .evacuate = IMMIX_NEVER});
    for (; hm_immix_room_blocks(heap.gc) > 0 ||
           heap.m->main.hole.limit - heap.m->main.hole.free >= 16;
         n++)
        push(0, n, &one_line);
    for (uint64_t i = 0; i < 100; i++)
        heap.root[0] = hm_load(heap.m, heap.root[0], 0);
    hm_immix_collect(heap.gc, 0);
    assert_int_equal(hm_immix_room_blocks(heap.gc), 0);
    heap.root[1] = hm_new(heap.m, &medium);
    assert_int_equal(heap.gc->heap.collections, 1);
    assert_list(0, n - 101, 1);
    close_heap();
}

/* Fills 3 MiB with nodes of which few stay, all over; then wants 1 MiB. */
static void want_room_among_scattered_nodes(uint64_t evacuate)
{
    open_heap((struct options){
        .heap_bytes = 4 * MIB, .evacuate = evacuate, .headroom = 25});
    scatter(100000, 16, &node);
    collect();
    heap.may_exhaust = 1;
    heap.root[2] = NULL;
    if (setjmp(heap.exhausted) == 0)
        heap.root[2] = hm_new_raw(heap.m, 3 * MIB);
    assert_list(0, 100000 - 16, 16);
}

static void evacuation_makes_room_where_marking_alone_cannot(void **state)
{
    (void)state;
    want_room_among_scattered_nodes(IMMIX_NEVER);
    assert_null(heap.root[2]);
    close_heap();
    want_room_among_scattered_nodes(IMMIX_FRAGMENTED);
    assert_non_null(heap.root[2]);
    assert_true(heap.gc->heap.moved_bytes > 0);
    close_heap();
}

static void a_full_heap_is_copied_as_far_as_there_is_room(void **state)
{
    (void)state;
    open_heap((struct options){.heap_bytes = MIB,
                               .verify = 1,
                               .evacuate = IMMIX_ALWAYS,
                               .headroom = 100});
    for (uint64_t i = 0; i < 28000; i++)
        push(0, i, &node);
    collect();
    assert_true(heap.gc->heap.moved_bytes > 0);
    assert_true(heap.gc->heap.moved_bytes <
                heap.gc->heap.collections * heap.gc->heap.live_bytes);
    assert_list(0, 27999, 1);
    close_heap();
}

/* Objects of one to fifty words that share each other, most of the heap: the
 * room for copies ends at a larger one and would do for smaller ones still. */
static void what_is_shared_is_copied_once_or_not_at_all(void **state)
{
    struct hm_rng rng;
    struct hm_layout type = {2, 0, "shared"};

    (void)state;
    hm_rng_seed(&rng, 1);
    open_heap((struct options){
        .heap_bytes = MIB, .verify = 1, .evacuate = IMMIX_ALWAYS});
    heap.root[0] = hm_new_refs(heap.m, SHARED);
    for (uint32_t i = 0; i < 24000; i++) {
        uint32_t at = hm_rng_below(&rng, SHARED);
        hm_ref o;

        type.raw_bytes = hm_rng_below(&rng, 48 * HM_WORD_BYTES);
        o = hm_new(heap.m, &type);
        for (size_t r = 0; r < 2; r++) {
            hm_init(heap.m, o, r,
                    hm_load(heap.m, heap.root[0], (at + 1 + r) % SHARED));
        }
        hm_store(heap.m, heap.root[0], at, o);
        if (i % 4 != 1) /* or chains would hold everything */
            hm_store(heap.m, o, 0, NULL);
        if (i % 4 != 2)
            hm_store(heap.m, o, 1, NULL);
    }
    assert_true(heap.gc->heap.collections > 3);
    close_heap();
}

static void stress_collects_at_every_allocation(void **state)
{
    (void)state;
    open_heap((struct options){
        .stress_bytes = 1, .verify = 1, .evacuate = IMMIX_ALWAYS});
    for (uint64_t i = 0; i < 100; i++)
        push(0, i, i % 10 == 0 ? &medium : &node);
    assert_int_equal(heap.gc->heap.collections, 99);
    assert_list(0, 99, 1);
    close_heap();
}

static void the_mutator_leaves_the_headroom_alone(void **state)
{
    (void)state;
    open_heap((struct options){
        .heap_bytes = 8 * MIB, .evacuate = IMMIX_FRAGMENTED, .headroom = 100});
    while (heap.gc->heap.collections == 0) {
        assert_true(hm_immix_room_blocks(heap.gc) >= 8 * MIB / 10 / 32768);
        hm_new(heap.m, &node);
    }
    close_heap();
}

/* Runs `child` in a process of its own, which must abort. */
static void assert_aborts(void (*child)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        (void)!freopen("/dev/null", "w", stderr);
        child();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void keep_a_reference_in_no_root(void)
{
    hm_ref lost;

    open_heap((struct options){.verify = 1, .evacuate = IMMIX_FRAGMENTED});
    push(0, 1, &node);
    lost = hm_new(heap.m, &node);
    for (int i = 0; i < 100; i++)
        push(0, 2, &node);
    hm_gc_collect(heap.m);
    heap.root[1] = lost;
    hm_gc_collect(heap.m);
}

static void write_to_a_freed_object(void)
{
    uint64_t *stale;

    open_heap((struct options){.verify = 1, .evacuate = IMMIX_NEVER});
    scatter(IMMIX_LINES, 8, &one_line);
    stale = hm_raw(hm_load(heap.m, heap.root[0], 0), 1);
    stale += (size_t)4 * IMMIX_LINE_WORDS;
    hm_gc_collect(heap.m);
    *stale = 1;
    for (int i = 0; i < IMMIX_LINES; i++)
        hm_new(heap.m, &one_line);
}

static void read_an_evacuated_object(void)
{
    volatile uint64_t *stale;

    open_heap((struct options){.verify = 1, .evacuate = IMMIX_ALWAYS});
    push(0, 1, &node);
    stale = hm_raw(heap.root[0], 1);
    hm_gc_collect(heap.m);
    signal(SIGSEGV, SIG_DFL);
    if (fork() == 0)
        _exit((int)*stale);
    int status;
    wait(&status);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
        abort();
}

static void verify_catches_what_programs_do_wrong(void **state)
{
    (void)state;
    assert_aborts(keep_a_reference_in_no_root);
    assert_aborts(write_to_a_freed_object);
    assert_aborts(read_an_evacuated_object);
}

/* Objects of many references to objects of many references: the queue cannot
 * hold them. */
static void mark_what_the_queue_drops(uint64_t evacuate)
{
    uint64_t bytes = 0;

    open_heap((struct options){.verify = 1, .evacuate = evacuate});
    heap.gc->queue.capacity = 0;
    heap.root[0] = hm_new_refs(heap.m, 900);
    for (size_t i = 0; i < 900; i++) {
        hm_ref wide = hm_new_refs(heap.m, 60);

        hm_store(heap.m, heap.root[0], i, wide);
        for (size_t j = 0; j < 60; j++) {
            hm_ref o = hm_new(heap.m, &node);

            hm_store(heap.m, hm_load(heap.m, heap.root[0], i), j, o);
        }
    }
    for (uint64_t i = 0; i < 100000; i++)
        push(1, i, &node);
    collect();
    assert_true(heap.gc->queue.has_dropped == 0);
    bytes = 901 * 8 + 900 * (61 * 8 + 60 * 24) + 100000 * 24;
    assert_int_equal(heap.gc->heap.live_bytes, bytes);
    assert_list(1, 99999, 1);
    close_heap();
}

static void what_the_queue_drops_is_found_again(void **state)
{
    (void)state;
    mark_what_the_queue_drops(IMMIX_NEVER);
    mark_what_the_queue_drops(IMMIX_ALWAYS);
}

static void a_deep_list_survives(void **state)
{
    (void)state;
    open_heap((struct options){.evacuate = IMMIX_ALWAYS});
    for (uint64_t i = 0; i < 3000000; i++)
        push(0, i, &node);
    collect();
    assert_list(0, 2999999, 1);
    close_heap();
}

_Noreturn static void fill_for_ever(uint32_t seed)
{
    struct hm_rng rng;
    struct hm_layout type = {1, 8, "random"};

    hm_rng_seed(&rng, seed);
    for (uint64_t i = 0;; i++) {
        type.raw_bytes = 8 + hm_rng_below(&rng, 20) * hm_rng_below(&rng, 9);
        if (hm_rng_below(&rng, 100) == 0)
            type.raw_bytes = hm_rng_below(&rng, 20000) + 8;
        push(hm_rng_below(&rng, 4) == 0 ? 0 : 1, i, &type);
        if (hm_rng_below(&rng, 50) == 0)
            heap.root[1] = NULL;
    }
}

/* Random sizes until nothing more fits: that must come to an end, leave the
 * heap sound, and pass when the data is dropped. */
static void fill_until_exhausted(size_t heap_bytes, uint64_t evacuate,
                                 uint32_t seed)
{
    open_heap((struct options){
        .heap_bytes = heap_bytes, .evacuate = evacuate, .headroom = 25});
    heap.may_exhaust = 1;
    if (setjmp(heap.exhausted) == 0)
        fill_for_ever(seed);
    check_heap();
    assert_true(heap.gc->heap.budget.peak_bytes <=
                heap.gc->heap.budget.limit_bytes);
    heap.root[0] = heap.root[1] = NULL;
    heap.may_exhaust = 0;
    collect();
    assert_int_equal(heap.gc->heap.live_bytes, 0);
    hm_new_raw(heap.m, heap.gc->heap.budget.limit_bytes / 8);
    close_heap();
}

static void tiny_heaps_end_in_exhaustion(void **state)
{
    (void)state;
    for (uint64_t evacuate = IMMIX_NEVER; evacuate <= IMMIX_ALWAYS;
         evacuate++) {
        for (uint32_t seed = 1; seed <= 4; seed++) {
            fill_until_exhausted(256 << 10, evacuate, seed);
            fill_until_exhausted(1000000, evacuate, seed);
            fill_until_exhausted(4 * MIB, evacuate, seed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_object_holds_its_line_and_the_next),
        cmocka_unit_test(a_medium_object_holds_the_lines_it_covers),
        cmocka_unit_test(holes_are_filled_before_a_block_is_taken),
        cmocka_unit_test(a_medium_object_leaves_small_holes_to_small_ones),
        cmocka_unit_test(a_medium_object_takes_a_hole_at_need),
        cmocka_unit_test(evacuation_makes_room_where_marking_alone_cannot),
        cmocka_unit_test(a_full_heap_is_copied_as_far_as_there_is_room),
        cmocka_unit_test(what_is_shared_is_copied_once_or_not_at_all),
        cmocka_unit_test(stress_collects_at_every_allocation),
        cmocka_unit_test(the_mutator_leaves_the_headroom_alone),
        cmocka_unit_test(verify_catches_what_programs_do_wrong),
        cmocka_unit_test(what_the_queue_drops_is_found_again),
        cmocka_unit_test(a_deep_list_survives),
        cmocka_unit_test(tiny_heaps_end_in_exhaustion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
