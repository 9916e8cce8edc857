/* SPDX-License-Identifier: MIT */
/* allocator.c NAME -- what every allocator of our own promises, through its
 * table. */
#include "allocators/allocator.h"

#include "common/rng.h"
#include "tests/conformance/allocator_model.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct hm_allocator *subject;

static int can_reuse(void)
{
    return (subject->caps & HM_ALLOC_NO_REUSE) == 0;
}

static struct hm_heap *new_heap(size_t limit_bytes)
{
    struct hm_heap *heap = subject->create(limit_bytes);

    assert_non_null(heap);
    assert_null(subject->check(heap));
    return heap;
}

static void *must_alloc(struct hm_heap *heap, size_t bytes, size_t align)
{
    void *block = subject->alloc(heap, bytes, align);

    assert_non_null(block);
    assert_true(subject->usable(heap, block) >= bytes);
    return block;
}

/* --- The table --- */

static void table_is_complete_and_well_named(void **state)
{
    const unsigned known =
        HM_ALLOC_THREADED | HM_ALLOC_NO_REUSE | HM_ALLOC_ZEROED;

    (void)state;
    assert_int_equal(strspn(subject->name, "abcdefghijklmnopqrstuvwxyz"
                                           "0123456789_"),
                     strlen(subject->name));
    assert_true(strlen(subject->summary) > 0);
    assert_null(strpbrk(subject->summary, "\t\n"));
    assert_true(strlen(subject->source) > 0);
    assert_int_equal(subject->caps & ~known, 0);
    assert_non_null(subject->create);
    assert_non_null(subject->destroy);
    assert_non_null(subject->alloc);
    assert_non_null(subject->release);
    assert_non_null(subject->usable);
    assert_non_null(subject->check);
}

static void create_refuses_a_limit_below_its_own_tables(void **state)
{
    (void)state;
    errno = 0;
    assert_null(subject->create(1));
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_null(subject->create(SIZE_MAX / 2));
    assert_int_equal(errno, ENOMEM);
}

static void destroy_unmaps_live_blocks_too(void **state)
{
    struct hm_heap *heap = new_heap((size_t)1 << 20);
    char *block = must_alloc(heap, 100000, 4096);
    unsigned char resident[1];

    (void)state;
    assert_int_equal(mincore(block, 4096, resident), 0);
    subject->destroy(heap);
    assert_int_equal(mincore(block, 4096, resident), -1);
    assert_int_equal(errno, ENOMEM);
}

/* --- Random traces --- */

struct trace {
    uint32_t seed;
    size_t limit_bytes, largest_bytes;
    unsigned align_doublings, steps;
};

/* Log-uniform in [1, largest]. */
static size_t random_size(struct hm_rng *rng, size_t largest)
{
    unsigned doublings = 0;
    size_t bytes;

    while ((largest >> doublings) > 1)
        doublings++;
    bytes = (size_t)1 << hm_rng_below(rng, doublings + 1);
    bytes += hm_rng_next(rng) % bytes;
    return bytes > largest ? largest : bytes;
}

static void random_step(struct hm_model *model, struct hm_rng *rng,
                        const struct trace *trace)
{
    unsigned slot = hm_rng_below(rng, HM_MODEL_SLOTS);
    size_t bytes = random_size(rng, trace->largest_bytes);
    size_t align = (size_t)HM_ALLOC_ALIGN
                   << hm_rng_below(rng, trace->align_doublings + 1);

    if (model->block[slot].start == NULL) {
        (void)hm_model_alloc(model, slot, bytes, align);
    } else if (hm_rng_below(rng, 4) == 0) {
        (void)hm_model_resize(model, slot, bytes);
    } else {
        hm_model_release(model, slot);
    }
}

/* Returns how many requests the heap refused. */
static uint64_t run_trace(const struct trace *trace)
{
    static struct hm_model model;
    struct hm_rng rng;

    hm_rng_seed(&rng, trace->seed);
    hm_model_init(&model, subject, trace->limit_bytes);
    for (unsigned i = 0; i < trace->steps; i++) {
        random_step(&model, &rng, trace);
        assert_true(model.live_bytes <= trace->limit_bytes);
        if (i % 64 == 0)
            hm_model_verify(&model);
    }
    hm_model_verify(&model);
    hm_model_fini(&model);
    return model.refused;
}

static void small_blocks_keep_their_contents(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 4; seed++) {
        assert_int_equal(
            run_trace(&(struct trace){seed, (size_t)64 << 20, 512, 0, 8000}),
            0);
    }
}

static void large_and_aligned_blocks_keep_their_contents(void **state)
{
    (void)state;
    for (uint32_t seed = 11; seed <= 14; seed++) {
        assert_int_equal(run_trace(&(struct trace){seed, (size_t)512 << 20,
                                                   100000, 12, 3000}),
                         0);
    }
}

static void a_full_heap_refuses_and_stays_whole(void **state)
{
    (void)state;
    for (uint32_t seed = 21; seed <= 24; seed++) {
        assert_true(run_trace(&(struct trace){seed, (size_t)128 << 10, 8192, 4,
                                              6000}) > 0);
    }
}

/* --- Limits --- */

static void impossible_sizes_are_refused(void **state)
{
    static const size_t sizes[] = {
        SIZE_MAX,        SIZE_MAX - 1,     SIZE_MAX - 7,
        SIZE_MAX - 15,   SIZE_MAX - 16,    SIZE_MAX - 31,
        SIZE_MAX / 2,    SIZE_MAX / 2 + 1, ((size_t)1 << 20) + 1,
        (size_t)1 << 20,
    };
    struct hm_heap *heap = new_heap((size_t)1 << 20);
    unsigned char *kept = must_alloc(heap, 100, HM_ALLOC_ALIGN);

    (void)state;
    memset(kept, 0x5A, 100);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t align = HM_ALLOC_ALIGN; align <= 65536; align *= 4096) {
            assert_null(subject->alloc(heap, sizes[i], align));
            assert_null(subject->check(heap));
            if (subject->resize != NULL)
                assert_int_equal(subject->resize(heap, kept, sizes[i]), 0);
            assert_null(subject->check(heap));
        }
    }
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(kept[i], 0x5A);
    assert_non_null(subject->alloc(heap, 1000, HM_ALLOC_ALIGN));
    subject->destroy(heap);
}

static void impossible_alignments_are_refused(void **state)
{
    struct hm_heap *heap = new_heap((size_t)1 << 20);

    (void)state;
    for (unsigned shift = 48; shift < 64; shift++) {
        assert_null(subject->alloc(heap, 1, (size_t)1 << shift));
        assert_null(subject->check(heap));
    }
    assert_non_null(subject->alloc(heap, 1, HM_ALLOC_ALIGN));
    subject->destroy(heap);
}

/* Takes blocks until the heap refuses; how many. */
static size_t fill_heap(struct hm_heap *heap, size_t bytes, void **block,
                        size_t room)
{
    size_t n = 0;

    while (n < room &&
           (block[n] = subject->alloc(heap, bytes, HM_ALLOC_ALIGN)) != NULL)
        memset(block[n++], 0xA5, bytes);
    return n;
}

static void shuffle(void **block, size_t n, uint32_t seed)
{
    struct hm_rng rng;

    hm_rng_seed(&rng, seed);
    while (n > 1) {
        size_t i = hm_rng_below(&rng, (uint32_t)n--);
        void *t = block[i];

        block[i] = block[n];
        block[n] = t;
    }
}

/* Filled, emptied in another order, filled again; `round` chooses a size. */
static void what_was_released_can_be_used_again(void **state)
{
    enum { ROOM = 70000 };

    static void *block[ROOM];
    struct hm_heap *heap = new_heap((size_t)1 << 20);
    size_t first = 0;

    (void)state;
    for (uint32_t round = 0; round < 4; round++) {
        size_t n = fill_heap(heap, 100, block, ROOM);

        assert_null(subject->check(heap));
        if (round == 0)
            first = n;
        assert_true(n > 0 && n < ROOM);
        assert_int_equal(n, can_reuse() || round == 0 ? first : 0);
        if (!can_reuse())
            break;
        shuffle(block, n, round);
        for (size_t i = 0; i < n; i++)
            subject->release(heap, block[i]);
        assert_null(subject->check(heap));
    }
    subject->destroy(heap);
}

static void one_release_makes_room_for_one_block(void **state)
{
    static void *block[70000];
    struct hm_heap *heap = new_heap((size_t)1 << 18);
    size_t n = fill_heap(heap, 200, block, 70000);

    (void)state;
    for (size_t i = 0; i < n; i += 7) {
        subject->release(heap, block[i]);
        block[i] = subject->alloc(heap, 200, HM_ALLOC_ALIGN);
        assert_int_equal(block[i] != NULL, can_reuse());
        assert_null(subject->check(heap));
        assert_null(subject->alloc(heap, 200, HM_ALLOC_ALIGN));
    }
    subject->destroy(heap);
}

/* --- Neighbours --- */

static int is_filled(const unsigned char *block, int value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (block[i] != value)
            return 0;
    }
    return 1;
}

static void every_small_size_is_separate_from_the_next(void **state)
{
    enum { N = 2000 };

    static unsigned char *block[N];
    struct hm_heap *heap = new_heap((size_t)64 << 20);

    (void)state;
    for (size_t i = 0; i < N; i++) {
        block[i] = must_alloc(heap, i + 1, HM_ALLOC_ALIGN);
        memset(block[i], (int)(i % 251), subject->usable(heap, block[i]));
    }
    assert_null(subject->check(heap));
    for (size_t i = 0; i < N; i++) {
        assert_true(is_filled(block[i], (int)(i % 251),
                              subject->usable(heap, block[i])));
    }
    subject->destroy(heap);
}

static void two_heaps_do_not_know_each_other(void **state)
{
    struct hm_heap *one = new_heap((size_t)1 << 20);
    struct hm_heap *two = new_heap((size_t)1 << 20);
    unsigned char *in_one = must_alloc(one, 5000, HM_ALLOC_ALIGN);
    unsigned char *in_two = must_alloc(two, 5000, HM_ALLOC_ALIGN);

    (void)state;
    memset(in_one, 1, 5000);
    memset(in_two, 2, 5000);
    subject->destroy(one);
    assert_null(subject->check(two));
    assert_int_equal(in_two[4999], 2);
    subject->destroy(two);
}

/* --- Misuse, seen by debug builds --- */

static void release_twice(struct hm_heap *heap)
{
    void *block = subject->alloc(heap, 100, HM_ALLOC_ALIGN);

    (void)subject->alloc(heap, 100, HM_ALLOC_ALIGN); /* not the last one */
    subject->release(heap, block);
    subject->release(heap, block);
}

static void release_from_outside(struct hm_heap *heap)
{
    static _Alignas(HM_ALLOC_ALIGN) unsigned char foreign[256];

    subject->release(heap, foreign + 128);
}

static void release_the_middle(struct hm_heap *heap)
{
    unsigned char *block = subject->alloc(heap, 1000, HM_ALLOC_ALIGN);

    memset(block, 0, 1000);
    subject->release(heap, block + 8);
}

static void must_abort(void (*misuse)(struct hm_heap *))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        if (freopen("/dev/null", "w", stderr) != NULL)
            misuse(subject->create((size_t)1 << 20));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void misuse_aborts_in_a_debug_build(void **state)
{
    (void)state;
#ifdef NDEBUG
    skip();
#endif
    must_abort(release_twice);
    must_abort(release_from_outside);
    must_abort(release_the_middle);
}

static const struct hm_allocator *find(const char *name)
{
    for (size_t i = 0; hm_allocators[i] != NULL; i++) {
        if (strcmp(hm_allocators[i]->name, name) == 0)
            return hm_allocators[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_complete_and_well_named),
        cmocka_unit_test(create_refuses_a_limit_below_its_own_tables),
        cmocka_unit_test(destroy_unmaps_live_blocks_too),
        cmocka_unit_test(small_blocks_keep_their_contents),
        cmocka_unit_test(large_and_aligned_blocks_keep_their_contents),
        cmocka_unit_test(a_full_heap_refuses_and_stays_whole),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(impossible_alignments_are_refused),
        cmocka_unit_test(what_was_released_can_be_used_again),
        cmocka_unit_test(one_release_makes_room_for_one_block),
        cmocka_unit_test(every_small_size_is_separate_from_the_next),
        cmocka_unit_test(two_heaps_do_not_know_each_other),
        cmocka_unit_test(misuse_aborts_in_a_debug_build),
    };

    subject = argc == 2 ? find(argv[1]) : NULL;
    if (subject == NULL) {
        fprintf(stderr, "usage: %s ALLOCATOR\n", argv[0]);
        return 2;
    }
    return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}
