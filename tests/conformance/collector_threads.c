/* SPDX-License-Identifier: MIT */
/* collector_threads.c -- several mutators at once: each keeps a random graph of
 * its own that it can check, hands objects to the others, blocks, comes and
 * goes, and runs out of memory. */
#include "collector_heap.h"

#include "collectors/substrate/pacer.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>

enum { THREADS = 4, SLOTS = 64, STEPS = 4000, STAMP_REFS = 2 };

/* The raw half of an object: who made it, and in which step. */
struct stamp {
    uint32_t thread, step, sum, unused;
};

static const struct hm_layout stamp_layout = {STAMP_REFS, sizeof(struct stamp),
                                              "stamp"};

struct mutator {
    pthread_t id;
    uint32_t thread, steps;
    struct hm_rng rng;
    uint32_t expected[SLOTS]; /* step of the object in each slot; 0: none */
    const char *wrong;
};

static struct mutator mutators[THREADS];
static pthread_mutex_t exchange = PTHREAD_MUTEX_INITIALIZER;

/* None for who never collects and gives each thread megabytes. */
static size_t limit(size_t mib)
{
    return hm_collector_this.class == HM_CLASS_REFERENCE ? 0 : mib * MIB;
}

static hm_ref stamp_new(struct hm_mutator *m, const struct mutator *self,
                        uint32_t step)
{
    hm_ref o = hm_new(m, &stamp_layout);

    *(struct stamp *)hm_raw(o, STAMP_REFS) =
        (struct stamp){self->thread, step, hm_fin(self->thread ^ step), 0};
    return o;
}

static int stamp_is_sound(hm_ref o)
{
    const struct stamp *stamp = hm_raw(o, STAMP_REFS);

    return stamp->sum == hm_fin(stamp->thread ^ stamp->step);
}

/* Replaces a slot by an object that leads to what was there and in another. */
static void mutator_replace(struct hm_mutator *m, struct mutator *self,
                            hm_ref *table, uint32_t step)
{
    uint32_t i = hm_rng_below(&self->rng, SLOTS);
    uint32_t j = hm_rng_below(&self->rng, SLOTS);
    hm_ref o = stamp_new(m, self, step), other;

    if (hm_rng_below(&self->rng, 8) != 0) { /* else the chain ends */
        hm_init(m, o, 0, hm_load(m, *table, i));
        other = hm_load(m, *table, j);
        hm_init(m, o, 1, other);
    }
    hm_store(m, *table, i, o);
    self->expected[i] = step;
}

/* The object in a slot is the one put there, and so are those behind it. */
static const char *mutator_check(struct hm_mutator *m, struct mutator *self,
                                 hm_ref table)
{
    uint32_t i = hm_rng_below(&self->rng, SLOTS), depth = 0;
    hm_ref o = hm_load(m, table, i);

    if (self->expected[i] == 0)
        return o == NULL ? NULL : "a slot is not empty";
    if (((struct stamp *)hm_raw(o, STAMP_REFS))->step != self->expected[i])
        return "a slot holds another object";
    for (; o != NULL && depth < 32; depth++) {
        if (!stamp_is_sound(o))
            return "an object is damaged";
        o = hm_load(m, o, hm_rng_below(&self->rng, STAMP_REFS));
    }
    return NULL;
}

/* Swaps an object of ours for one that any thread left in a global root. */
static const char *mutator_exchange(struct hm_mutator *m, struct mutator *self,
                                    hm_ref *table)
{
    uint32_t i = hm_rng_below(&self->rng, SLOTS);
    uint32_t r = hm_rng_below(&self->rng, HEAP_ROOTS);
    const char *wrong = NULL;
    hm_ref theirs;

    while (pthread_mutex_trylock(&exchange) != 0)
        hm_poll(m);
    theirs = heap.root[r];
    heap.root[r] = hm_load(m, *table, i);
    if (theirs != NULL && !stamp_is_sound(theirs))
        wrong = "an exchanged object is damaged";
    hm_store(m, *table, i, theirs);
    self->expected[i] =
        theirs == NULL ? 0 : ((struct stamp *)hm_raw(theirs, STAMP_REFS))->step;
    (void)pthread_mutex_unlock(&exchange);
    return wrong;
}

static const char *mutator_step(struct hm_mutator *m, struct mutator *self,
                                hm_ref *table, uint32_t step)
{
    uint32_t kind = hm_rng_below(&self->rng, 100);

    if (kind < 70) {
        mutator_replace(m, self, table, step);
    } else if (kind < 90) {
        return mutator_check(m, self, *table);
    } else if (kind < 95) {
        return mutator_exchange(m, self, table);
    } else if (kind < 98) {
        (void)hm_new_raw(m, hm_rng_below(&self->rng, 20000));
    }
    hm_poll(m);
    return NULL;
}

static void mutator_run(struct hm_mutator *m, struct mutator *self)
{
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, hm_new_refs(m, SLOTS));
    for (uint32_t s = 1; s <= self->steps && self->wrong == NULL; s++)
        self->wrong = mutator_step(m, self, &HM_GET(f, 0), s);
    HM_LEAVE(m, f);
}

static void *mutator_main(void *arg)
{
    struct mutator *self = arg;
    struct hm_mutator *m = hm_gc_attach(heap.gc);

    if (m == NULL) {
        self->wrong = "no mutator for this thread";
        return NULL;
    }
    mutator_run(m, self);
    if (self->thread == 1)
        hm_gc_collect(m);
    hm_gc_detach(m);
    return NULL;
}

static void mutators_start(void *(*main)(void *), uint32_t steps)
{
    memset(mutators, 0, sizeof(mutators));
    for (uint32_t t = 0; t < THREADS; t++) {
        mutators[t].thread = t + 1;
        mutators[t].steps = steps;
        hm_rng_seed(&mutators[t].rng, 12345 ^ hm_fin(t));
        assert_int_equal(
            pthread_create(&mutators[t].id, NULL, main, &mutators[t]), 0);
    }
}

/* The calling mutator waits for them, blocked. */
static void mutators_join(void)
{
    hm_block_enter(heap.m);
    for (uint32_t t = 0; t < THREADS; t++)
        (void)pthread_join(mutators[t].id, NULL);
    hm_block_leave(heap.m);
    for (uint32_t t = 0; t < THREADS; t++) {
        if (mutators[t].wrong != NULL)
            fail_msg("thread %u: %s", t, mutators[t].wrong);
    }
}

static void run_together(struct heap_options options, uint32_t steps)
{
    heap_open(options);
    mutators_start(mutator_main, steps);
    mutators_join();
    heap_collect();
    heap_close();
}

static void threads_keep_their_objects(void **state)
{
    (void)state;
    run_together((struct heap_options){.heap_bytes = limit(24)}, 20 * STEPS);
}

static void threads_keep_their_objects_without_a_limit(void **state)
{
    (void)state;
    run_together((struct heap_options){0}, 20 * STEPS);
}

static void threads_keep_their_objects_when_verified(void **state)
{
    (void)state;
    run_together((struct heap_options){.heap_bytes = limit(64),
                                       .stress_bytes = 20000,
                                       .verify = 1},
                 STEPS / 4);
}

/* Two mutators add to a list by turns, each blocked while the other does, so
 * the one that does not collect has part of a window left. */
static void list_by_turns(struct hm_mutator *m[2], size_t bytes)
{
    const struct mutator self = {.thread = 1};

    for (size_t i = 0; i < bytes / 40; i++) {
        hm_ref o;

        hm_block_leave(m[i % 2]);
        o = stamp_new(m[i % 2], &self, 1);
        hm_init(m[i % 2], o, 0, heap.root[0]);
        heap.root[0] = o;
        hm_block_enter(m[i % 2]);
    }
}

/* All lives: under a careful policy of growth no collection frees a thing. */
static void a_collection_asked_for_is_no_exhaustion_with_windows_open(
    void **state)
{
    static const char *const careful[] = {"growth=factor", "factor=101",
                                          "least=4K"};
    uint64_t param[HM_PARAMS_MAX];
    struct hm_mutator *m[2];

    (void)state;
    memcpy(param, heap_param, sizeof(param));
    for (int i = 0; i < 3; i++) {
        if (hm_params_set(hm_collector_this.params, careful[i], heap_param) !=
            0)
            skip(); /* libgc has a policy of its own */
    }
    heap_open((struct heap_options){.heap_bytes = 16 * MIB});
    hm_block_enter(heap.m);
    m[0] = heap.m;
    m[1] = hm_gc_attach(heap.gc);
    hm_block_enter(m[1]);
    list_by_turns(m, 6 * MIB);
    hm_block_leave(m[1]);
    hm_gc_detach(m[1]);
    hm_block_leave(heap.m);
    assert_true(heap_stats().collections > HM_PACER_STRIKES);
    heap_close();
    memcpy(heap_param, param, sizeof(param));
}

static void *come_and_go_main(void *arg)
{
    struct mutator *self = arg;

    self->steps /= 20;
    for (int i = 0; i < 20 && self->wrong == NULL; i++) {
        memset(self->expected, 0, sizeof(self->expected));
        (void)mutator_main(self);
    }
    return NULL;
}

static void *visit_main(void *arg)
{
    struct mutator *self = arg;
    struct hm_mutator *m = hm_gc_attach(heap.gc);

    if (m == NULL) {
        self->wrong = "no mutator for a thread while there is garbage";
        return NULL;
    }
    (void)stamp_new(m, self, 1);
    hm_gc_detach(m);
    return NULL;
}

/* The heap is full of garbage, more or less, when each of them comes. */
static void a_thread_that_comes_has_garbage_collected_to_be_let_in(void **state)
{
    (void)state;
    heap_open((struct heap_options){.heap_bytes = limit(1)});
    for (int i = 0; i < 300; i++) {
        struct mutator visitor = {.thread = 1};

        for (int k = 0; k < 8; k++)
            (void)hm_new_raw(heap.m, 1000);
        assert_int_equal(
            pthread_create(&visitor.id, NULL, visit_main, &visitor), 0);
        hm_block_enter(heap.m);
        (void)pthread_join(visitor.id, NULL);
        hm_block_leave(heap.m);
        if (visitor.wrong != NULL)
            fail_msg("visitor %d: %s", i, visitor.wrong);
    }
    heap_close();
}

static void threads_come_and_go_during_collections(void **state)
{
    (void)state;
    heap_open(
        (struct heap_options){.heap_bytes = limit(24), .stress_bytes = 100000});
    mutators_start(come_and_go_main, STEPS);
    mutators_join();
    heap_close();
}

static sem_t blocked_is_in, blocked_may_go;

static void *blocked_main(void *arg)
{
    struct mutator *self = arg;
    struct hm_mutator *m = hm_gc_attach(heap.gc);
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, stamp_new(m, self, 7));
    (void)sem_post(&blocked_is_in);
    hm_block_enter(m);
    (void)sem_wait(&blocked_may_go);
    hm_block_leave(m);
    if (!stamp_is_sound(HM_GET(f, 0)))
        self->wrong = "what a blocked thread held is damaged";
    HM_LEAVE(m, f);
    hm_gc_detach(m);
    return NULL;
}

static void a_blocked_thread_delays_no_collection_and_keeps_its_roots(
    void **state)
{
    (void)state;
    heap_open((struct heap_options){.heap_bytes = limit(24)});
    (void)sem_init(&blocked_is_in, 0, 0);
    (void)sem_init(&blocked_may_go, 0, 0);
    mutators_start(blocked_main, 0);
    hm_block_enter(heap.m);
    for (int t = 0; t < THREADS; t++)
        (void)sem_wait(&blocked_is_in);
    hm_block_leave(heap.m);
    for (int i = 0; i < 10; i++)
        heap_collect();
    for (int t = 0; t < THREADS; t++)
        (void)sem_post(&blocked_may_go);
    mutators_join();
    heap_close();
}

/* Adds to a list until there is no room, and says so by `steps`. */
static void *exhaust_main(void *arg)
{
    struct mutator *self = arg;
    struct hm_mutator *m = hm_gc_attach(heap.gc);
    struct hm_frame **frames = HEAP_FRAMES(m), *outer = NULL;
    jmp_buf out;
    HM_FRAME(m, f, 1);

    if (frames != NULL)
        outer = (*frames)->prev;
    heap_thread_exit = &out;
    if (setjmp(out) == 0) {
        for (;;) {
            hm_ref o = hm_new(m, &stamp_layout);

            hm_init(m, o, 0, HM_GET(f, 0));
            HM_SET(m, f, 0, o);
        }
    }
    heap_thread_exit = NULL;
    self->steps = 1;
    if (frames != NULL)
        *frames = outer;
    hm_gc_detach(m);
    return NULL;
}

static void threads_that_fill_the_heap_all_hear_of_it(void **state)
{
    (void)state;
    heap_open((struct heap_options){.heap_bytes = 8 * MIB});
    mutators_start(exhaust_main, 0);
    mutators_join();
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(mutators[t].steps, 1);
    if (heap_is_precise())
        heap_collect();
    heap_close();
}

#if HM_GC_WEAK
/* A watched object with a weak reference to it, kept until the slot is used
 * again. */
static void weak_replace(struct hm_mutator *m, struct mutator *self,
                         hm_ref *table, uint32_t step)
{
    HM_FRAME(m, f, 1);
    hm_ref holder;

    HM_SET(m, f, 0, stamp_new(m, self, step));
    hm_watch(m, HM_GET(f, 0), step);
    holder = hm_weak_new(m, HM_GET(f, 0));
    hm_store(m, *table, step % SLOTS, holder);
    if (step % 2 == 0) /* else the object dies */
        hm_store(m, *table, SLOTS + step % SLOTS, HM_GET(f, 0));
    HM_LEAVE(m, f);
}

static const char *weak_check(struct hm_mutator *m, hm_ref table, uint32_t i)
{
    hm_ref holder = hm_load(m, table, i), o;

    if (holder == NULL)
        return NULL;
    o = hm_weak_get(m, holder);
    if (o == NULL && hm_load(m, table, SLOTS + i) != NULL)
        return "the weak reference to a live object is cleared";
    return o == NULL || stamp_is_sound(o) ? NULL : "a target is damaged";
}

/* Counts in expected[0] the tokens it was given. */
static void *weak_main(void *arg)
{
    struct mutator *self = arg;
    struct hm_mutator *m = hm_gc_attach(heap.gc);
    uint64_t token;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, hm_new_refs(m, (size_t)2 * SLOTS));
    for (uint32_t s = 1; s <= self->steps && self->wrong == NULL; s++) {
        weak_replace(m, self, &HM_GET(f, 0), s);
        self->wrong = weak_check(m, HM_GET(f, 0), s * 7 % SLOTS);
        self->expected[0] += (uint32_t)hm_next_dead(m, &token);
        hm_poll(m);
    }
    HM_LEAVE(m, f);
    hm_gc_detach(m);
    return NULL;
}

/* The limit makes room for the table a matter of collections. */
static void threads_have_weak_references_and_watch_objects(void **state)
{
    uint32_t given = 0;
    uint64_t token;

    (void)state;
    heap_open((struct heap_options){.heap_bytes = 3 * MIB});
    mutators_start(weak_main, STEPS);
    mutators_join();
    heap_collect();
    for (int t = 0; t < THREADS; t++)
        given += mutators[t].expected[0];
    while (hm_next_dead(heap.m, &token))
        given++;
    assert_true(given <= THREADS * STEPS);
    if (heap_is_precise())
        assert_int_equal(given, THREADS * STEPS);
    heap_close();
}
#endif

int collector_threads_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_keep_their_objects),
        cmocka_unit_test(threads_keep_their_objects_without_a_limit),
        cmocka_unit_test(threads_keep_their_objects_when_verified),
        cmocka_unit_test(
            a_thread_that_comes_has_garbage_collected_to_be_let_in),
        cmocka_unit_test(
            a_collection_asked_for_is_no_exhaustion_with_windows_open),
        cmocka_unit_test(threads_come_and_go_during_collections),
        cmocka_unit_test(
            a_blocked_thread_delays_no_collection_and_keeps_its_roots),
        cmocka_unit_test(threads_that_fill_the_heap_all_hear_of_it),
#if HM_GC_WEAK
        cmocka_unit_test(threads_have_weak_references_and_watch_objects),
#endif
    };

    return HM_GC_THREADS ? HEAP_RUN_GROUP("threads", tests) : 0;
}
