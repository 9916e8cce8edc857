/* SPDX-License-Identifier: MIT */
/* The block workloads whose threads take turns, die, or free each other's
 * blocks: what reaches malloc, what a checksum depends on, who frees what. */
#include "workloads/block.h"
#include "workloads/ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

extern const struct hm_block_workload hm_block_cross_lists;
extern const struct hm_block_workload hm_block_pareto_slots;
extern const struct hm_block_workload hm_block_phases;
extern const struct hm_block_workload hm_block_ring_churn;
extern const struct hm_block_workload hm_block_ring_churn_foreign;
extern const struct hm_block_workload hm_block_thread_turnover;

enum { THREADS_MAX = 4, OCTAVES = 64 };

/* Every request, as malloc sees it. */
static struct {
    _Atomic uint64_t requests, frees, live_bytes;
    _Atomic uint64_t before_first_free;  /* requests */
    _Atomic uint64_t first_freed;        /* frees of those */
    _Atomic uint64_t in_octave[OCTAVES]; /* sizes in (2^k, 2^(k+1)] */
    uint64_t damage_at; /* that request changes the youngest living block */
    int damages_last_byte;
    struct prefix *last; /* NULL: freed; kept for damage_at only */
} seen;

/* Before each block; keeps its alignment. */
struct prefix {
    uint64_t serial, bytes;
};

/* The linker's names for a wrapped function (--wrap).
 * NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
void *__real_malloc(size_t bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void __wrap_free(void *block);

/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

static void damage_last(struct prefix *now)
{
    if (seen.damage_at == 0)
        return;
    if (seen.last != NULL && now->serial >= seen.damage_at) {
        unsigned char *block = (unsigned char *)(seen.last + 1);

        block[seen.damages_last_byte ? seen.last->bytes - 1 : 0] ^= 4;
        seen.damage_at = 0;
        return;
    }
    seen.last = now;
}

void *__wrap_malloc(size_t bytes)
{
    struct prefix *p = __real_malloc(sizeof(*p) + bytes);

    if (p == NULL)
        abort();
    *p = (struct prefix){atomic_fetch_add(&seen.requests, 1), bytes};
    if (seen.frees == 0)
        seen.before_first_free = p->serial + 1;
    if (bytes > 1)
        seen.in_octave[63 - __builtin_clzll(bytes - 1)]++;
    seen.live_bytes += bytes;
    damage_last(p);
    return p + 1;
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    return memset(__wrap_malloc(n * bytes), 0, n * bytes);
}

void __wrap_free(void *block)
{
    struct prefix *p = (struct prefix *)block - 1;

    if (block == NULL)
        return;
    if (seen.damage_at > 0 && seen.last == p)
        seen.last = NULL;
    seen.first_freed += p->serial < seen.before_first_free;
    seen.live_bytes -= p->bytes;
    seen.frees++;
    __real_free(p);
}

/* A run as the cell makes it. */
static struct {
    const struct hm_block_workload *workload;
    struct hm_block_run run[THREADS_MAX];
    struct hm_hist latency[THREADS_MAX];
    pthread_barrier_t together;
} cell;

/* What the cell would report, and what malloc saw. */
struct outcome {
    uint32_t checksum;
    uint64_t ops, marked_ops, frees, remote_frees;
    uint64_t run_frees, run_bytes, first_freed; /* before the drop */
};

static void fail_exhausted(size_t bytes)
{
    fail_msg("no room for %zu bytes", bytes);
}

static void set_params(struct hm_run *run, const struct hm_param *table,
                       const char *params)
{
    char words[128], *rest = words;

    hm_params_defaults(table, 0, run->value);
    assert_true(strlen(params) < sizeof(words));
    (void)strcpy(words, params);
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;)
        assert_int_equal(hm_params_set(table, word, run->value), 0);
}

static void open_runs(const struct hm_block_workload *workload,
                      const char *params, unsigned threads, uint32_t seed)
{
    static struct hm_progress progress;
    static struct hm_meter_watch never = {.at_ops = UINT64_MAX};

    cell.workload = workload;
    for (unsigned t = 0; t < threads; t++) {
        struct hm_block_run *run = &cell.run[t];

        *run = (struct hm_block_run){
            .thread = t, .threads = threads, .exhausted = fail_exhausted};
        hm_hist_init(&cell.latency[t]);
        set_params(&run->base, workload->params, params);
        run->base.meter = (struct hm_meter){.progress = &progress,
                                            .latency = &cell.latency[t],
                                            .watch = &never};
        hm_rng_seed(&run->base.rng, seed + t);
    }
    assert_int_equal(pthread_barrier_init(&cell.together, NULL, threads), 0);
}

/* One thread; the first one looks around between run and drop. */
static void play_thread(struct hm_block_run *run, struct outcome *outcome)
{
    cell.workload->run(run);
    (void)pthread_barrier_wait(&cell.together);
    if (outcome != NULL) {
        outcome->run_frees = seen.frees;
        outcome->run_bytes = seen.live_bytes;
        outcome->first_freed = seen.first_freed;
    }
    (void)pthread_barrier_wait(&cell.together);
    cell.workload->drop(run);
}

static void *play_other(void *run)
{
    play_thread(run, NULL);
    return NULL;
}

static void forget_seen(void)
{
    seen.requests = seen.frees = seen.live_bytes = 0;
    seen.before_first_free = seen.first_freed = 0;
    for (unsigned k = 0; k < OCTAVES; k++)
        seen.in_octave[k] = 0;
    seen.last = NULL;
}

static struct outcome play(const struct hm_block_workload *workload,
                           const char *params, unsigned threads, uint32_t seed)
{
    struct outcome outcome = {0};
    pthread_t id[THREADS_MAX];

    forget_seen();
    open_runs(workload, params, threads, seed);
    workload->setup(&cell.run[0], threads);
    for (unsigned t = 1; t < threads; t++) {
        assert_int_equal(pthread_create(&id[t], NULL, play_other, &cell.run[t]),
                         0);
    }
    play_thread(&cell.run[0], &outcome);
    for (unsigned t = 1; t < threads; t++)
        assert_int_equal(pthread_join(id[t], NULL), 0);
    for (unsigned t = 0; t < threads; t++) {
        outcome.checksum += cell.run[t].base.checksum;
        outcome.ops += cell.run[t].ops;
        outcome.marked_ops += cell.run[t].base.meter.ops;
        outcome.frees += cell.run[t].frees;
        outcome.remote_frees += cell.run[t].remote_frees;
    }
    assert_int_equal(pthread_barrier_destroy(&cell.together), 0);
    return outcome;
}

/* Small sizes; the checksum of two threads with the seeds 100 and 101: a change
 * of it is a change of the workload, and needs a reason and a line in the
 * change log. */
static const struct {
    const struct hm_block_workload *workload;
    const char *params;
    uint32_t checksum;
    int checks_last_byte; /* else the first */
} small[] = {
    {&hm_block_cross_lists, "loops=20 slots=100", 0x8029F194, 0},
    {&hm_block_pareto_slots, "ops=10000 slots=2048", 0x940D509E, 0},
    {&hm_block_phases, "scale=1 iterations=4", 0xD29691F1, 1},
    {&hm_block_ring_churn, "ops=6000 slots=300", 0x7392AFD4, 0},
    {&hm_block_ring_churn_foreign, "bursts=6 ops=500 foreign=133 slots=300",
     0x717D45A0, 0},
    {&hm_block_thread_turnover, "rounds=20 slots=20 lives=4", 0x721EB6AC, 1},
};

enum { N_SMALL = sizeof(small) / sizeof(small[0]) };

static void test_every_request_is_counted_and_freed_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SMALL; i++) {
        for (unsigned threads = 1; threads <= 3; threads++) {
            struct outcome outcome =
                play(small[i].workload, small[i].params, threads, 7);

            assert_true(seen.requests > 0);
            assert_int_equal(seen.frees, seen.requests);
            assert_int_equal(seen.live_bytes, 0);
            assert_int_equal(outcome.frees, seen.requests);
            assert_int_equal(outcome.marked_ops, outcome.ops);
            if (small[i].workload != &hm_block_pareto_slots)
                assert_int_equal(outcome.ops, seen.requests);
        }
    }
}

static void test_a_visit_of_pareto_slots_is_one_request(void **state)
{
    struct outcome outcome =
        play(&hm_block_pareto_slots, "ops=20000 slots=4096", 1, 7);

    (void)state;
    assert_int_equal(outcome.ops, 20000);
    /* But for those before the first of them that freed a block. */
    assert_in_range(seen.requests - seen.before_first_free + outcome.run_frees,
                    20000 - 20, 20000);
}

static void test_checksums_do_not_depend_on_who_comes_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SMALL; i++) {
        uint32_t by_threads[THREADS_MAX + 1] = {0};

        for (unsigned threads = 1; threads <= THREADS_MAX; threads++) {
            by_threads[threads] =
                play(small[i].workload, small[i].params, threads, 7).checksum;
            for (int again = 0; again < 3; again++) {
                assert_int_equal(
                    play(small[i].workload, small[i].params, threads, 7)
                        .checksum,
                    by_threads[threads]);
            }
            assert_int_not_equal(by_threads[threads], by_threads[threads - 1]);
            assert_int_not_equal(
                play(small[i].workload, small[i].params, threads, 700).checksum,
                by_threads[threads]);
        }
    }
}

static void test_checksums_are_the_committed_ones(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SMALL; i++) {
        uint32_t checksum =
            play(small[i].workload, small[i].params, 2, 100).checksum;

        if (checksum != small[i].checksum) {
            fail_msg("%s: %08x instead of %08x", small[i].workload->name,
                     checksum, small[i].checksum);
        }
    }
}

/* One thread at a time, so that nothing else looks at the block meanwhile. */
static void test_a_damaged_block_is_noticed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_SMALL; i++) {
        const char *params = small[i].params;
        uint32_t sound;

        if (small[i].workload == &hm_block_ring_churn_foreign)
            continue; /* its rings are those of ring_churn */
        if (small[i].workload == &hm_block_thread_turnover)
            params = "rounds=30 slots=20 lives=1";
        sound = play(small[i].workload, params, 1, 7).checksum;
        seen.damage_at = seen.requests / 2;
        seen.damages_last_byte = small[i].checks_last_byte;
        assert_int_not_equal(play(small[i].workload, params, 1, 7).checksum,
                             sound);
        assert_int_equal(seen.damage_at, 0); /* done */
    }
}

/* Ring of 20 slots and a window of 4: the first block of the second round frees
 * 16 of the first, in the order that their bytes, the slots, tell. */
static void test_a_turn_frees_in_order_below_the_window_and_back_above(
    void **state)
{
    struct hm_block_run *run = &cell.run[0];
    struct hm_ring ring;
    uint32_t expected = 0;

    (void)state;
    open_runs(&hm_block_ring_churn, "", 1, 7);
    hm_ring_open(&ring, 20, 1, 100);
    hm_ring_steps(run, &ring, 20);
    assert_int_equal(run->frees, 0);
    hm_ring_steps(run, &ring, 1);
    assert_int_equal(run->frees, 16);
    for (uint32_t k = 0; k < ring.window; k++)
        expected = hm_mix(expected, k);
    for (uint32_t k = 20; k-- > ring.window + 4;)
        expected = hm_mix(expected, k);
    assert_int_equal(run->base.checksum, expected);
    for (uint64_t k = ring.window; k < ring.window + 4; k++)
        assert_non_null(ring.slot[k]);
    hm_ring_drop(run, &ring);
    assert_int_equal(run->frees, 21);
}

/* After each round all but the window is free, wherever the window has got to,
 * at both ends too. */
static void test_the_window_gets_everywhere(void **state)
{
    struct hm_block_run *run = &cell.run[0];
    int has_been_first = 0, has_been_last = 0;
    struct hm_ring ring;

    (void)state;
    open_runs(&hm_block_ring_churn, "", 1, 7);
    hm_ring_open(&ring, 12, 1, 100);
    hm_ring_steps(run, &ring, 12);
    for (uint64_t turns = 1; turns <= 100; turns++) {
        uint64_t held = 0;

        hm_ring_steps(run, &ring, 1);
        for (uint64_t k = 0; k < 12; k++)
            held += ring.slot[k] != NULL;
        assert_int_equal(held, 2 + 1);
        assert_int_equal(run->frees, turns * 10);
        has_been_first |= ring.window == 0;
        has_been_last |= ring.window == 10;
        hm_ring_steps(run, &ring, 9);
    }
    assert_true(has_been_first && has_been_last);
    hm_ring_drop(run, &ring);
}

static void test_the_smaller_a_size_the_more_blocks_have_it(void **state)
{
    struct hm_ring ring;
    uint32_t bytes = 0;

    (void)state;
    hm_ring_open(&ring, 5, 1, 1000);
    assert_int_equal(ring.bytes[0], 1);
    assert_int_equal(ring.bytes[ring.sizes - 1], 1000);
    for (int cycle = 0; cycle < 2; cycle++) {
        for (uint32_t size = 0; size < ring.sizes; size++) {
            for (uint32_t n = ring.sizes - size; n > 0; n--)
                assert_int_equal(hm_ring_next_bytes(&ring), ring.bytes[size]);
            assert_true(ring.bytes[size] > bytes || size == 0);
            bytes = ring.bytes[size];
        }
    }
    hm_arena_release(ring.slot, 5 * sizeof(*ring.slot));
    hm_ring_open(&ring, 5, 64, 8); /* the wrong way round: one size */
    assert_int_equal(hm_ring_next_bytes(&ring), 64);
    assert_int_equal(hm_ring_next_bytes(&ring), 64);
    hm_arena_release(ring.slot, 5 * sizeof(*ring.slot));
    hm_ring_open(&ring, 5, 1, HM_RING_BYTES_MAX);
    assert_true(ring.sizes <= HM_RING_SIZES_MAX);
    hm_arena_release(ring.slot, 5 * sizeof(*ring.slot));
}

/* Each thread frees its share of every producer's blocks, and none of its
 * ring's is remote. */
static void test_foreign_blocks_are_the_remote_frees(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct outcome outcome =
            play(&hm_block_ring_churn_foreign,
                 "bursts=10 ops=1000 foreign=300 slots=500", threads, 7);

        assert_int_equal(outcome.remote_frees, threads * 10 * 300);
        assert_int_equal(outcome.ops, threads * 10 * (1000 + 300));
        for (unsigned t = 0; t < threads; t++)
            assert_int_equal(cell.run[t].remote_frees, 10 * 300);
        outcome = play(&hm_block_ring_churn, "ops=20000 slots=500", threads, 7);
        assert_int_equal(outcome.remote_frees, 0);
    }
}

/* Every block is left to a successor; as many stay as slots were hit. */
static void test_no_thread_of_thread_turnover_frees_its_own(void **state)
{
    struct outcome outcome;

    (void)state;
    outcome = play(&hm_block_thread_turnover,
                   "rounds=20 lives=5 slots=1 words=3", 2, 7);
    assert_int_equal(outcome.ops, 2 * 20 * 5);
    assert_int_equal(outcome.remote_frees, 2 * 20 * 5 - 1);
    assert_int_equal(outcome.run_bytes, 3 * 8);
    outcome = play(&hm_block_thread_turnover,
                   "rounds=100 lives=5 slots=20 words=16", 1, 7);
    assert_int_equal(outcome.run_bytes, 20 * 16 * 8);
    assert_int_equal(outcome.run_frees, 100 * 5 - 20);
    assert_int_equal(outcome.remote_frees, 100 * 5 - 20);
}

static void test_blocks_of_phases_outlive_their_threads(void **state)
{
    struct outcome outcome =
        play(&hm_block_phases, "scale=2 iterations=1", 1, 7);
    uint64_t first;

    (void)state;
    assert_int_equal(outcome.ops, 200 + 100);
    assert_true(outcome.run_bytes > 0);
    first = outcome.remote_frees; /* the main thread's half of the table */
    assert_in_range(first, 1, 100);
    outcome = play(&hm_block_phases, "scale=2 iterations=10", 1, 7);
    assert_int_equal(outcome.ops, 3000);
    assert_in_range(outcome.remote_frees, 10 * first, outcome.run_frees);
    outcome = play(&hm_block_phases, "scale=2 iterations=2", 3, 7);
    assert_int_equal(cell.run[1].ops, 2 * cell.run[0].ops);
    assert_int_equal(cell.run[2].ops, 3 * cell.run[0].ops);
}

/* With a list in every loop half of the blocks are in lists. */
static void test_lists_cross_to_the_next_thread(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct outcome outcome =
            play(&hm_block_cross_lists, "loops=100 slots=97 ops=10 every=1",
                 threads, 7);

        assert_int_equal(outcome.run_bytes, 0); /* nothing is left to drop */
        assert_int_equal(outcome.remote_frees,
                         threads > 1 ? outcome.ops / 2 : 0);
    }
}

/* 0.91 of the slots have not been visited after as many visits as slots;
 * of equally likely ones 0.37 (1/e). */
static void test_few_slots_get_most_visits(void **state)
{
    struct outcome outcome =
        play(&hm_block_pareto_slots, "ops=65536 slots=65536", 1, 7);
    uint64_t filled = seen.before_first_free;

    (void)state;
    assert_in_range(filled, 65536 * 49 / 100, 65536 * 51 / 100);
    assert_in_range(filled - outcome.first_freed, filled * 90 / 100,
                    filled * 93 / 100);
}

/* Half of the blocks have 5 to 8 bytes, a quarter 9 to 16, ..., and the rest up
 * to 1024. */
static void test_the_double_size_is_half_as_frequent(void **state)
{
    (void)state;
    (void)play(&hm_block_pareto_slots, "ops=200000 slots=16384", 1, 7);
    for (unsigned k = 2; k <= 9; k++) {
        uint64_t expected = seen.requests >> (k < 9 ? k - 1 : 7);

        assert_in_range(seen.in_octave[k], expected * 9 / 10,
                        expected * 11 / 10);
    }
    assert_int_equal(seen.in_octave[1] + seen.in_octave[10], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_request_is_counted_and_freed_once),
        cmocka_unit_test(test_a_visit_of_pareto_slots_is_one_request),
        cmocka_unit_test(test_checksums_do_not_depend_on_who_comes_first),
        cmocka_unit_test(test_checksums_are_the_committed_ones),
        cmocka_unit_test(test_a_damaged_block_is_noticed),
        cmocka_unit_test(
            test_a_turn_frees_in_order_below_the_window_and_back_above),
        cmocka_unit_test(test_the_window_gets_everywhere),
        cmocka_unit_test(test_the_smaller_a_size_the_more_blocks_have_it),
        cmocka_unit_test(test_foreign_blocks_are_the_remote_frees),
        cmocka_unit_test(test_no_thread_of_thread_turnover_frees_its_own),
        cmocka_unit_test(test_blocks_of_phases_outlive_their_threads),
        cmocka_unit_test(test_lists_cross_to_the_next_thread),
        cmocka_unit_test(test_few_slots_get_most_visits),
        cmocka_unit_test(test_the_double_size_is_half_as_frequent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
