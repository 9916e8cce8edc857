/* SPDX-License-Identifier: MIT */
/* line_sharing.c -- threads allocate small objects in turns; how many of the
 * cache lines then hold live objects of two threads or more is what false
 * sharing is made of, seen without counters and on any number of cores.
 *
 * Source:     the placement behind E. D. Berger et al., "Hoard", ASPLOS 2000,
 *             active-false and passive-false.
 * Differs:    addresses are compared instead of times.  passive: the first
 *             thread has allocated as many objects before, in order, and each
 *             thread frees one of its share just before it allocates one.
 * Invariants: one thread is at work at a time, so that what is placed where
 *             depends on the malloc alone; the objects of a round are freed by
 *             their owners at its end.
 * Costs:      two futex calls for an object: the time is that of the switches.
 * Threads:    one, and `workers` of its own that take turns.
 *
 * Figures: the lines of 64 bytes with live objects in the first round, those of
 * them that are shared, and the shares in thousand of these and of pairs of
 * lines; the same shares over all rounds, with what earlier ones left behind.
 */
#include "common/arena.h"
#include "workloads/block.h"
#include "workloads/block_thread.h"

#include <semaphore.h>

enum {
    SHARING_MODE,
    SHARING_WORKERS,
    SHARING_OBJECTS,
    SHARING_BYTES,
    SHARING_ROUNDS,
};

static const struct hm_param sharing_params[] = {
    {"mode",
     "active|passive: each frees an object of the first thread's before it "
     "allocates",
     0, 0, 0, 1},
    {"workers", "threads that take turns", 4, 4, 2, 32},
    {"objects", "held by each", 64, 64, 1, 256},
    {"bytes", "size of an object", 16, 16, 1, 128},
    {"rounds", "of allocating and freeing them all", 50, 500, 1, 1 << 20},
    {0},
};

enum {
    SHARING_WORKERS_MAX = 32,
    SHARING_LINE_BITS = 6,
    SHARING_PAIR_BITS = 7,
    SHARING_LINES_OF_OBJECT = 3, /* of 128 bytes, wherever they begin */
};

enum sharing_turn { SHARING_ALLOC, SHARING_FREE, SHARING_END };

struct sharing_line {
    uintptr_t number;
    uint32_t owners; /* a bit each */
};

struct sharing_count {
    uint64_t lines, shared;
};

static struct {
    struct hm_block_run *run;
    unsigned workers;
    uint64_t n; /* objects of all */
    unsigned char **object, **handed;
    struct sharing_line *line;
    enum sharing_turn turn;
    uint64_t object_now; /* number of the object to be allocated */
    sem_t go[SHARING_WORKERS_MAX], done;
    pthread_t thread[SHARING_WORKERS_MAX];
    struct sharing_count lines, pairs;
} sharing;

/* Object k belongs to worker k % workers. */
static void sharing_alloc(struct hm_block_run *run, uint64_t k)
{
    if (run->base.value[SHARING_MODE] != 0) {
        hm_block_free(run, sharing.handed[k]);
        run->frees++;
        run->remote_frees++;
    }
    sharing.object[k] = hm_block_alloc(run, run->base.value[SHARING_BYTES]);
    sharing.object[k][0] = (unsigned char)k;
}

static void sharing_free(struct hm_block_run *run, unsigned worker)
{
    for (uint64_t k = worker; k < sharing.n; k += sharing.workers) {
        hm_run_mix(&run->base, sharing.object[k][0]);
        hm_block_free(run, sharing.object[k]);
        run->frees++;
    }
}

static void sharing_wait(sem_t *sem)
{
    while (sem_wait(sem) != 0)
        ; /* a signal */
}

static void *sharing_worker(void *go)
{
    unsigned worker = (unsigned)((sem_t *)go - sharing.go);

    for (;;) {
        sharing_wait(go);
        if (sharing.turn == SHARING_END)
            return NULL;
        if (sharing.turn == SHARING_ALLOC) {
            sharing_alloc(sharing.run, sharing.object_now);
        } else {
            sharing_free(sharing.run, worker);
        }
        HM_CHECK(sem_post(&sharing.done) == 0);
    }
}

static void sharing_give_turn(unsigned worker, enum sharing_turn turn)
{
    sharing.turn = turn;
    HM_CHECK(sem_post(&sharing.go[worker]) == 0);
    sharing_wait(&sharing.done);
}

/* The entry of that line; a new one with no owner behind the `n` there are. */
static struct sharing_line *sharing_line_of(uintptr_t number, uint64_t *n)
{
    for (uint64_t i = 0; i < *n; i++) {
        if (sharing.line[i].number == number)
            return &sharing.line[i];
    }
    sharing.line[*n] = (struct sharing_line){number, 0};
    return &sharing.line[(*n)++];
}

/* Adds the lines of 2^bits bytes under all live objects. */
static void sharing_add(struct sharing_count *count, unsigned bits)
{
    uint64_t bytes = sharing.run->base.value[SHARING_BYTES], n = 0;

    for (uint64_t k = 0; k < sharing.n; k++) {
        uintptr_t first = (uintptr_t)sharing.object[k] >> bits;
        uintptr_t last = ((uintptr_t)sharing.object[k] + bytes - 1) >> bits;

        for (uintptr_t line = first; line <= last; line++)
            sharing_line_of(line, &n)->owners |= 1u << k % sharing.workers;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint32_t owners = sharing.line[i].owners;

        count->shared += (owners & (owners - 1)) != 0;
    }
    count->lines += n;
}

static void sharing_round(struct hm_block_run *run)
{
    if (run->base.value[SHARING_MODE] != 0) {
        for (uint64_t k = 0; k < sharing.n; k++) {
            sharing.handed[k] =
                hm_block_alloc(run, run->base.value[SHARING_BYTES]);
            HM_BLOCK_KEEP(sharing.handed[k]);
        }
    }
    for (uint64_t k = 0; k < sharing.n; k++) {
        sharing.object_now = k;
        sharing_give_turn((unsigned)(k % sharing.workers), SHARING_ALLOC);
    }
    sharing_add(&sharing.lines, SHARING_LINE_BITS);
    sharing_add(&sharing.pairs, SHARING_PAIR_BITS);
    for (unsigned w = 0; w < sharing.workers; w++)
        sharing_give_turn(w, SHARING_FREE);
    hm_meter_mark(&run->base.meter, sharing.n);
}

static void sharing_tell(struct hm_run *run, const char *lines,
                         const char *pairs)
{
    hm_run_figure(run, lines,
                  sharing.lines.shared * 1000 / sharing.lines.lines);
    hm_run_figure(run, pairs,
                  sharing.pairs.shared * 1000 / sharing.pairs.lines);
}

static void sharing_setup(struct hm_block_run *run, unsigned threads)
{
    (void)threads;
    sharing.run = run;
    sharing.workers = (unsigned)run->base.value[SHARING_WORKERS];
    sharing.n = sharing.workers * run->base.value[SHARING_OBJECTS];
    sharing.lines = sharing.pairs = (struct sharing_count){0, 0};
    sharing.object = hm_arena_alloc(sharing.n * sizeof(*sharing.object));
    sharing.handed = hm_arena_alloc(sharing.n * sizeof(*sharing.handed));
    sharing.line = hm_arena_alloc(sharing.n * SHARING_LINES_OF_OBJECT *
                                  sizeof(*sharing.line));
    HM_CHECK(sem_init(&sharing.done, 0, 0) == 0);
    for (unsigned w = 0; w < sharing.workers; w++) {
        HM_CHECK(sem_init(&sharing.go[w], 0, 0) == 0);
        sharing.thread[w] =
            hm_block_thread_start(run, sharing_worker, &sharing.go[w]);
    }
}

static void sharing_run(struct hm_block_run *run)
{
    uint64_t rounds = run->base.value[SHARING_ROUNDS];

    hm_meter_start(&run->base.meter);
    sharing_round(run);
    hm_run_figure(&run->base, "lines", sharing.lines.lines);
    hm_run_figure(&run->base, "shared_lines", sharing.lines.shared);
    sharing_tell(&run->base, "shared_lines_permille", "shared_pairs_permille");
    for (uint64_t i = 1; i < rounds; i++)
        sharing_round(run);
    sharing_tell(&run->base, "all_shared_lines_permille",
                 "all_shared_pairs_permille");
    run->ops = rounds * sharing.n;
}

static void sharing_drop(struct hm_block_run *run)
{
    (void)run; /* nothing is held */
    sharing.turn = SHARING_END;
    for (unsigned w = 0; w < sharing.workers; w++) {
        HM_CHECK(sem_post(&sharing.go[w]) == 0);
        hm_block_thread_join(sharing.thread[w]);
        HM_CHECK(sem_destroy(&sharing.go[w]) == 0);
    }
    HM_CHECK(sem_destroy(&sharing.done) == 0);
    hm_arena_release(sharing.object, sharing.n * sizeof(*sharing.object));
    hm_arena_release(sharing.handed, sharing.n * sizeof(*sharing.handed));
    hm_arena_release(sharing.line, sharing.n * SHARING_LINES_OF_OBJECT *
                                       sizeof(*sharing.line));
}

const struct hm_block_workload hm_block_line_sharing = {
    .name = "line_sharing",
    .summary = "threads allocate in turns: how many cache lines they share",
    .source = "the placement behind Berger et al., Hoard, ASPLOS 2000",
    .operation = "object",
    .params = sharing_params,
    .max_threads = 1,
    .setup = sharing_setup,
    .run = sharing_run,
    .drop = sharing_drop,
};
