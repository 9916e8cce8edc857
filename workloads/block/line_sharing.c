/* SPDX-License-Identifier: MIT */
/* line_sharing.c -- threads allocate small objects in turns; how many of the
 * cache lines then hold live objects of two threads or more is what false
 * sharing is made of, seen without counters and on any number of cores.
 *
 * Source:     the placement behind E. D. Berger et al., "Hoard", ASPLOS 2000,
 *             active-false and passive-false.
 * Differs:    addresses are compared instead of times.  An active round is as
 *             said; in a passive one the first thread has allocated as many
 *             objects before, and each thread frees one of its share of them
 *             just before it allocates one.
 * Invariants: one thread is at work at a time, so that what is placed where
 *             depends on the malloc alone; the objects of a round are freed by
 *             their owners at its end.
 * Costs:      two futex calls for an object: the time is that of the switches.
 * Threads:    one, and `workers` of its own that take turns.
 *
 * Figures, in percent: the share of the lines of 64 bytes with live objects
 * that holds those of two threads, in the first active and the first passive
 * round, the same of pairs of lines, and of lines in all later rounds, which
 * get what the earlier ones left behind. */
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
    {"mode", "both|active|passive: the rounds, in turn", 0, 0, 0, 2},
    {"workers", "threads that take turns", 4, 4, 2, 32},
    {"objects", "held by each", 64, 64, 1, 256},
    {"bytes", "size of an object", 16, 16, 1, 128},
    {"rounds", "of each mode", 100, 1000, 1, 1 << 20},
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

enum sharing_mode { SHARING_BOTH, SHARING_ACTIVE, SHARING_PASSIVE };

struct sharing_count {
    uint64_t lines, shared;
};

/* The names of what is counted. */
static const struct sharing_names {
    const char *lines, *pairs, *later;
} sharing_names[] = {
    [SHARING_ACTIVE] = {"active_percent", "active_pairs_percent",
                        "active_later_percent"},
    [SHARING_PASSIVE] = {"passive_percent", "passive_pairs_percent",
                         "passive_later_percent"},
};

static struct {
    struct hm_block_run *run;
    unsigned workers;
    uint64_t n; /* objects of all */
    unsigned char **object, **handed;
    struct sharing_line *line;
    enum sharing_turn turn;
    uint64_t object_now; /* number of the object to be allocated */
    enum sharing_mode mode;
    struct sharing_count later[SHARING_PASSIVE + 1];
    sem_t go[SHARING_WORKERS_MAX], done;
    pthread_t thread[SHARING_WORKERS_MAX];
} sharing;

/* Object k belongs to worker k % workers. */
static void sharing_alloc(struct hm_block_run *run, uint64_t k)
{
    if (sharing.mode == SHARING_PASSIVE) {
        hm_run_mix(&run->base, sharing.handed[k][0]);
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

/* Until all objects are live. */
static void sharing_fill(struct hm_block_run *run)
{
    if (sharing.mode == SHARING_PASSIVE) {
        for (uint64_t k = 0; k < sharing.n; k++) {
            sharing.handed[k] =
                hm_block_alloc(run, run->base.value[SHARING_BYTES]);
            sharing.handed[k][0] = (unsigned char)~k;
        }
    }
    for (uint64_t k = 0; k < sharing.n; k++) {
        sharing.object_now = k;
        sharing_give_turn((unsigned)(k % sharing.workers), SHARING_ALLOC);
    }
}

static void sharing_tell(struct hm_run *run, const char *name,
                         const struct sharing_count *count)
{
    if (count->lines > 0)
        hm_run_figure(run, name, count->shared * 100 / count->lines);
}

static void sharing_round(struct hm_block_run *run, uint64_t round)
{
    const struct sharing_names *names = &sharing_names[sharing.mode];
    struct sharing_count lines = {0, 0}, pairs = {0, 0};

    sharing_fill(run);
    if (round == 0) {
        sharing_add(&lines, SHARING_LINE_BITS);
        sharing_add(&pairs, SHARING_PAIR_BITS);
        sharing_tell(&run->base, names->lines, &lines);
        sharing_tell(&run->base, names->pairs, &pairs);
    } else {
        sharing_add(&sharing.later[sharing.mode], SHARING_LINE_BITS);
    }
    for (unsigned w = 0; w < sharing.workers; w++)
        sharing_give_turn(w, SHARING_FREE);
    hm_meter_mark(&run->base.meter, sharing.n);
    run->ops += sharing.n;
}

static void sharing_setup(struct hm_block_run *run, unsigned threads)
{
    (void)threads;
    sharing.run = run;
    sharing.workers = (unsigned)run->base.value[SHARING_WORKERS];
    sharing.n = sharing.workers * run->base.value[SHARING_OBJECTS];
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
    const uint64_t *value = run->base.value;

    hm_meter_start(&run->base.meter);
    for (uint64_t i = 0; i < value[SHARING_ROUNDS]; i++) {
        for (unsigned mode = SHARING_ACTIVE; mode <= SHARING_PASSIVE; mode++) {
            if (value[SHARING_MODE] != SHARING_BOTH &&
                value[SHARING_MODE] != mode)
                continue;
            sharing.mode = (enum sharing_mode)mode;
            sharing_round(run, i);
        }
    }
    for (unsigned mode = SHARING_ACTIVE; mode <= SHARING_PASSIVE; mode++) {
        sharing_tell(&run->base, sharing_names[mode].later,
                     &sharing.later[mode]);
    }
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
