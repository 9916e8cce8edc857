/* SPDX-License-Identifier: MIT */
/* fleet.c -- a service in its steady state, from how often it asks for each
 * size and how many of each are alive: what the one and the other say of
 * lifetimes is Little's law, lifetime = live / rate.
 *
 * Source:     the model of Google's fleetbench, its tcmalloc benchmark; J. D.
 *             C. Little, "A proof for the queuing formula L = lambda W",
 *             Operations Research 9(3), 1961.
 * Differs:    five small synthetic profiles of our own; weights are whole
 *             numbers, so that every machine draws the same events; a share of
 *             the victims may be freed by the next thread, and the profile may
 *             change from phase to phase.
 * Invariants: events are drawn beforehand: a birth of a size in proportion to
 *             its rate, a death in proportion to live / lifetime, of a random
 *             block of that size.  What is missing or too much at the end of a
 *             phase is then born or dies, so that each replay begins and ends
 *             with the same number of each size.  The first byte of a block is
 *             what was written there.
 * Costs:      4 bytes outside the heap for an event, read in order, and 8 for a
 *             block.
 * Threads:    up to FLEET_THREADS_MAX, with events and blocks of their own.
 *             Remote frees need two. */
#include "common/arena.h"
#include "common/check.h"
#include "workloads/block_mail.h"

enum {
    FLEET_PROFILE,
    FLEET_HEAP,
    FLEET_EVENTS,
    FLEET_REPLAYS,
    FLEET_PHASES,
    FLEET_REMOTE,
};

enum {
    FLEET_PROFILES = 5,
    FLEET_ROWS = 16,
    FLEET_THREADS_MAX = HM_BLOCK_MAIL_THREADS_MAX
};

static const struct hm_param fleet_params[] = {
    {"profile",
     "rpc|index|cache|storage|stream: what the service does, in the first "
     "phase",
     0, 0, 0, FLEET_PROFILES - 1},
    {"heap", "live bytes of each thread", 32 << 20, 64 << 20, 1 << 16,
     UINT64_C(1) << 32},
    {"events", "drawn, births and deaths", 200000, 1000000, 1, 1 << 26},
    {"replays", "of these events", 10, 100, 1, 1 << 20},
    {"phases", "that share the events, each of the next profile", 1, 1, 1,
     1000},
    {"remote", "victims for another thread to free, in thousand", 0, 0, 0,
     1000},
    {0},
};

/* Relative; only the ratio of live to rate means something between rows. */
struct fleet_row {
    uint32_t bytes, rate, live;
};

static const struct fleet_row fleet_profile[FLEET_PROFILES][FLEET_ROWS] = {
    /* rpc: small, mostly short-lived, with a tail of buffers */
    {{16, 120, 200},
     {32, 220, 300},
     {48, 180, 200},
     {64, 130, 120},
     {96, 100, 80},
     {144, 80, 50},
     {240, 60, 40},
     {400, 40, 30},
     {700, 25, 20},
     {1100, 15, 15},
     {2100, 8, 8},
     {4200, 6, 4},
     {16500, 2, 2}},
    /* index: what lives is small, what comes and goes is larger */
    {{24, 80, 900},
     {40, 90, 1200},
     {56, 60, 700},
     {88, 40, 350},
     {120, 30, 200},
     {200, 40, 120},
     {360, 60, 60},
     {640, 50, 80},
     {1200, 30, 40},
     {2400, 15, 20},
     {5000, 6, 8}},
    /* cache: everything lives long */
    {{40, 300, 320},
     {72, 250, 280},
     {104, 160, 200},
     {168, 120, 160},
     {264, 100, 140},
     {424, 80, 120},
     {680, 60, 90},
     {1096, 40, 70},
     {1800, 25, 45},
     {3000, 12, 25},
     {6000, 5, 12},
     {12000, 2, 5}},
    /* storage: long-lived buffers, short-lived records of them */
    {{32, 300, 20},
     {64, 260, 20},
     {128, 160, 16},
     {256, 90, 12},
     {512, 60, 10},
     {1024, 40, 10},
     {4096, 60, 60},
     {8192, 20, 30},
     {16384, 10, 16},
     {65536, 4, 4}},
    /* stream: strings and the buffers they are cut from, all short-lived */
    {{24, 200, 40},
     {48, 240, 40},
     {100, 260, 50},
     {180, 220, 40},
     {330, 160, 30},
     {600, 110, 24},
     {1100, 80, 20},
     {2000, 50, 16},
     {4096, 36, 24},
     {8192, 16, 12},
     {32768, 4, 6}},
};

enum {
    FLEET_SIZES = FLEET_PROFILES * FLEET_ROWS, /* number = profile, row */
    FLEET_VICTIM_BITS = 24,
    FLEET_SIZE_BITS = 7,
    FLEET_BIRTH = (1 << FLEET_VICTIM_BITS) - 1,
    FLEET_WEIGHT_BITS = 32, /* of the fraction of a weight */
    FLEET_SAMPLE = 64,
    FLEET_BATCH = 16,
};

/* `victim` counts among those of its size; FLEET_BIRTH is none. */
struct fleet_event {
    uint32_t victim : FLEET_VICTIM_BITS;
    uint32_t size : FLEET_SIZE_BITS;
    uint32_t is_remote : 1;
};

_Static_assert(FLEET_SIZES < 1 << FLEET_SIZE_BITS, "a size has no number");

struct fleet_thread {
    _Alignas(128) struct fleet_event *event;
    uint64_t events_room, first_events, events; /* the first fill the heap */
    unsigned char **block;                      /* dense for each size */
    uint64_t blocks_room;
    uint64_t at[FLEET_SIZES]; /* where those of a size begin */
    uint32_t live[FLEET_SIZES];
    unsigned char serial;
    struct hm_block_batch out;
};

static struct fleet_thread fleet[FLEET_THREADS_MAX];
static struct hm_block_mail fleet_mail;

/* --- before the clock: drawing events -------------------------------------*/

struct fleet_draw {
    struct fleet_thread *thread;
    struct hm_rng rng;
    uint32_t remote; /* in thousand */
    uint32_t peak[FLEET_SIZES];
};

static const struct fleet_row *fleet_row(unsigned size)
{
    return &fleet_profile[size / FLEET_ROWS][size % FLEET_ROWS];
}

static uint64_t fleet_below(struct hm_rng *rng, uint64_t n)
{
    uint64_t high = hm_rng_next(rng);

    return (high << 32 | hm_rng_next(rng)) % n; /* n is far below 2^64 */
}

/* How many of each size of a profile are alive; at least one. */
static uint64_t fleet_fill_counts(unsigned profile, uint64_t heap_bytes,
                                  uint32_t count[FLEET_SIZES])
{
    const struct fleet_row *row = fleet_profile[profile];
    uint64_t bytes = 0, n = 0;

    for (unsigned i = 0; i < FLEET_SIZES; i++)
        count[i] = 0;
    for (unsigned i = 0; i < FLEET_ROWS; i++)
        bytes += (uint64_t)row[i].bytes * row[i].live;
    for (unsigned i = 0; i < FLEET_ROWS && row[i].bytes > 0; i++) {
        uint64_t live = row[i].live * heap_bytes / bytes;

        count[profile * FLEET_ROWS + i] = live > 0 ? (uint32_t)live : 1;
        n += live + 1;
    }
    return n;
}

static void fleet_add(struct fleet_draw *draw, unsigned size, uint32_t victim,
                      uint32_t is_remote)
{
    struct fleet_event *event = &draw->thread->event[draw->thread->events++];

    event->victim = victim & FLEET_BIRTH;
    event->size = size & ((1u << FLEET_SIZE_BITS) - 1);
    event->is_remote = is_remote & 1u;
}

static void fleet_add_birth(struct fleet_draw *draw, unsigned size)
{
    uint32_t live = ++draw->thread->live[size];

    HM_CHECK(live < FLEET_BIRTH);
    if (live > draw->peak[size])
        draw->peak[size] = live;
    fleet_add(draw, size, FLEET_BIRTH, 0);
}

static void fleet_add_death(struct fleet_draw *draw, unsigned size)
{
    uint64_t victim = fleet_below(&draw->rng, draw->thread->live[size]--);

    fleet_add(draw, size, (uint32_t)victim,
              hm_rng_below(&draw->rng, 1000) < draw->remote);
}

/* The index whose part of the weights holds `x`, which is below their sum. */
static unsigned fleet_pick(const uint64_t *weight, uint64_t x)
{
    unsigned i = 0;

    while (x >= weight[i])
        x -= weight[i++];
    return i;
}

/* One event of a profile; `death_rate` is 1 / lifetime of each row. */
static void fleet_draw_event(struct fleet_draw *draw, unsigned profile,
                             const uint64_t birth[FLEET_ROWS],
                             const uint64_t death_rate[FLEET_ROWS])
{
    const uint32_t *live = &draw->thread->live[(size_t)profile * FLEET_ROWS];
    uint64_t weight[2 * FLEET_ROWS], sum = 0;
    unsigned picked;

    for (unsigned i = 0; i < FLEET_ROWS; i++) {
        weight[i] = birth[i];
        weight[FLEET_ROWS + i] = live[i] * death_rate[i];
        sum += weight[i] + weight[FLEET_ROWS + i];
    }
    picked = fleet_pick(weight, fleet_below(&draw->rng, sum));
    if (picked < FLEET_ROWS) {
        fleet_add_birth(draw, profile * FLEET_ROWS + picked);
    } else {
        fleet_add_death(draw, profile * FLEET_ROWS + picked - FLEET_ROWS);
    }
}

static void fleet_draw_phase(struct fleet_draw *draw, unsigned profile,
                             const uint32_t count[FLEET_SIZES], uint64_t events)
{
    uint64_t birth[FLEET_ROWS], death_rate[FLEET_ROWS];

    for (unsigned i = 0; i < FLEET_ROWS; i++) {
        uint32_t live = count[profile * FLEET_ROWS + i];

        birth[i] = (uint64_t)fleet_profile[profile][i].rate
                   << FLEET_WEIGHT_BITS;
        death_rate[i] = live > 0 ? birth[i] / live : 0;
    }
    for (uint64_t i = 0; i < events; i++)
        fleet_draw_event(draw, profile, birth, death_rate);
}

/* Births and deaths, in random order, until there are `count` of each. */
static void fleet_draw_change(struct fleet_draw *draw,
                              const uint32_t count[FLEET_SIZES])
{
    uint64_t weight[FLEET_SIZES], left = 0;

    for (unsigned i = 0; i < FLEET_SIZES; i++) {
        uint32_t live = draw->thread->live[i];

        weight[i] = live < count[i] ? count[i] - live : live - count[i];
        left += weight[i];
    }
    for (; left > 0; left--) {
        unsigned size = fleet_pick(weight, fleet_below(&draw->rng, left));

        weight[size]--;
        if (draw->thread->live[size] < count[size]) {
            fleet_add_birth(draw, size);
        } else {
            fleet_add_death(draw, size);
        }
    }
}

static unsigned fleet_profile_of(const uint64_t *value, uint64_t phase)
{
    return (unsigned)((value[FLEET_PROFILE] + phase) % FLEET_PROFILES);
}

/* The most events there can be: each event may need a repair, and between
 * phases all that lives may go and as much come. */
static uint64_t fleet_events_room(const uint64_t *value)
{
    uint32_t count[FLEET_SIZES];
    uint64_t most = 0;

    for (unsigned p = 0; p < FLEET_PROFILES; p++) {
        uint64_t n = fleet_fill_counts(p, value[FLEET_HEAP], count);

        most = n > most ? n : most;
    }
    return 2 * value[FLEET_EVENTS] + (2 * value[FLEET_PHASES] + 1) * most;
}

static void fleet_draw_all(struct fleet_draw *draw, const uint64_t *value)
{
    uint32_t count[FLEET_SIZES];
    uint64_t phases = value[FLEET_PHASES];

    (void)fleet_fill_counts(fleet_profile_of(value, 0), value[FLEET_HEAP],
                            count);
    fleet_draw_change(draw, count);
    draw->thread->first_events = draw->thread->events;
    for (uint64_t i = 0; i < phases; i++) {
        fleet_draw_phase(draw, fleet_profile_of(value, i), count,
                         value[FLEET_EVENTS] / phases);
        (void)fleet_fill_counts(fleet_profile_of(value, (i + 1) % phases),
                                value[FLEET_HEAP], count);
        fleet_draw_change(draw, count);
    }
}

static void fleet_place_blocks(struct fleet_thread *f,
                               const uint32_t peak[FLEET_SIZES])
{
    f->blocks_room = 0;
    for (unsigned i = 0; i < FLEET_SIZES; i++) {
        f->at[i] = f->blocks_room;
        f->blocks_room += peak[i];
        f->live[i] = 0; /* for the run */
    }
    f->block = hm_arena_alloc(f->blocks_room * sizeof(*f->block));
}

static void fleet_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;

    for (unsigned t = 0; t < threads; t++) {
        struct fleet_draw draw = {.thread = &fleet[t],
                                  .remote = (uint32_t)value[FLEET_REMOTE]};
        struct fleet_thread *f = &fleet[t];

        *f = (struct fleet_thread){.events_room = fleet_events_room(value)};
        f->event = hm_arena_reserve(f->events_room * sizeof(*f->event));
        hm_rng_seed(&draw.rng, hm_rng_next(&run->base.rng));
        fleet_draw_all(&draw, value);
        fleet_place_blocks(f, draw.peak);
    }
    hm_block_mail_init(&fleet_mail, threads, FLEET_BATCH);
}

/* --- the run: replaying them ----------------------------------------------*/

static void fleet_die(struct hm_block_run *run, struct fleet_thread *f,
                      const struct fleet_event *event)
{
    unsigned char **blocks = &f->block[f->at[event->size]];
    unsigned char *block = blocks[event->victim];

    blocks[event->victim] = blocks[--f->live[event->size]];
    hm_run_mix(&run->base, block[0]);
    if (!event->is_remote || run->threads == 1) {
        hm_block_free(run, block);
        run->frees++;
        return;
    }
    hm_block_mail_send(&fleet_mail, run, &f->out,
                       (run->thread + 1) % run->threads, block);
}

static void fleet_replay_one(struct hm_block_run *run, struct fleet_thread *f,
                             const struct fleet_event *event)
{
    uint32_t bytes = fleet_row(event->size)->bytes;
    unsigned char *block;

    if (event->victim != FLEET_BIRTH) {
        fleet_die(run, f, event);
        return;
    }
    block = hm_block_alloc(run, bytes);
    hm_block_touch(block, bytes, f->serial++);
    f->block[f->at[event->size] + f->live[event->size]++] = block;
}

static void fleet_replay(struct hm_block_run *run, struct fleet_thread *f,
                         uint64_t from, uint64_t to)
{
    while (from < to) {
        uint64_t n = to - from < FLEET_SAMPLE ? to - from : FLEET_SAMPLE;

        for (uint64_t i = 0; i < n; i++)
            fleet_replay_one(run, f, &f->event[from + i]);
        if (run->base.value[FLEET_REMOTE] > 0)
            hm_block_mail_receive(&fleet_mail, run);
        hm_meter_mark(&run->base.meter, n);
        run->ops += n;
        from += n;
    }
}

static void fleet_run(struct hm_block_run *run)
{
    struct fleet_thread *f = &fleet[run->thread];

    hm_meter_start(&run->base.meter);
    fleet_replay(run, f, 0, f->first_events);
    for (uint64_t i = 0; i < run->base.value[FLEET_REPLAYS]; i++)
        fleet_replay(run, f, f->first_events, f->events);
    hm_block_mail_finish(&fleet_mail, run);
}

static void fleet_drop(struct hm_block_run *run)
{
    struct fleet_thread *f = &fleet[run->thread];

    hm_block_free_batch(run, &f->out);
    for (unsigned i = 0; i < FLEET_SIZES; i++) {
        for (uint32_t k = 0; k < f->live[i]; k++)
            hm_block_free(run, f->block[f->at[i] + k]);
        run->frees += f->live[i];
    }
    hm_block_mail_drop(&fleet_mail, run);
    hm_arena_release(f->event, f->events_room * sizeof(*f->event));
    hm_arena_release(f->block, f->blocks_room * sizeof(*f->block));
}

const struct hm_block_workload hm_block_fleet = {
    .name = "fleet",
    .summary = "a service in its steady state: rates and lifetimes per size",
    .source = "the model of fleetbench; Little 1961",
    .operation = "malloc or free",
    .params = fleet_params,
    .max_threads = FLEET_THREADS_MAX,
    .setup = fleet_setup,
    .run = fleet_run,
    .drop = fleet_drop,
};
