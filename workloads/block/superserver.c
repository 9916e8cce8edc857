/* SPDX-License-Identifier: MIT */
/* superserver.c -- a server within a budget: small objects are many and die
 * early, large ones are few and live long, and another thread frees them.
 *
 * Source:     B. C. Kuszmaul, "SuperMalloc", ISMM 2015, server simulation.
 * Differs:    fixed work; an object's lifetime is the power of two below its
 *             size, in allocations, so that of a size the oldest dies first;
 *             the thread that allocated it keeps it until then and hands it
 *             over in batches, each to a random other thread, where the
 *             original gives it away at once: what a thread requests depends
 *             on its seed alone.
 * Invariants: a thread's objects are within its share of the budget, by
 *             freeing the one that is due next; no object is larger than half
 *             of a share.  What is on its way to the other thread comes on top.
 *             The first byte of an object is what was written there.
 * Costs:      a random number and a look at the heads of some twenty lists
 *             beside each pair; 24 bytes outside the heap for each object.
 * Threads:    up to SERVER_THREADS_MAX; a single one frees its own.
 *
 * The slowest request is the slowest sample, of SERVER_SAMPLE objects. */
#include "common/arena.h"
#include "workloads/block_mail.h"

enum { SERVER_OPS, SERVER_BUDGET, SERVER_TOP };

static const struct hm_param server_params[] = {
    {"ops", "objects, per thread", 600000, 10000000, 1, UINT64_C(1) << 31},
    {"budget", "most bytes of all objects", 64 << 20, 256 << 20, 1 << 16,
     UINT64_C(1) << 36},
    {"top", "sizes are below 2^(top + 1)", 20, 22, 4, 24},
    {0},
};

enum {
    SERVER_THREADS_MAX = HM_BLOCK_MAIL_THREADS_MAX,
    SERVER_LEAST = 4, /* sizes begin at 2^4 */
    SERVER_CLASSES = 32,
    SERVER_SAMPLE = 32,
    SERVER_BATCH = 16, /* blocks that go to the same thread */
    SERVER_NONE = 0,
};

/* Number 0 is none. */
struct server_object {
    unsigned char *block;
    uint32_t bytes, born, next; /* next: that is younger; or free */
};

struct server_thread {
    _Alignas(128) struct server_object *object;
    uint64_t n_objects; /* there is room for */
    uint32_t used, spare;
    uint32_t oldest[SERVER_CLASSES], youngest[SERVER_CLASSES];
    uint64_t due[SERVER_CLASSES]; /* of the oldest */
    uint64_t share_bytes, used_bytes, now;
    unsigned top, other; /* whom the next batch goes to */
    struct hm_block_batch out;
};

static struct server_thread server[SERVER_THREADS_MAX];
static struct hm_block_mail server_mail;

static void server_open(struct server_thread *s, uint64_t share_bytes,
                        unsigned top)
{
    *s = (struct server_thread){.share_bytes = share_bytes, .top = top};
    while (s->top > SERVER_LEAST && share_bytes >> (s->top + 2) == 0)
        s->top--;
    for (unsigned k = 0; k < SERVER_CLASSES; k++)
        s->due[k] = UINT64_MAX;
    s->n_objects = (share_bytes >> SERVER_LEAST) + 2;
    s->object = hm_arena_reserve(s->n_objects * sizeof(*s->object));
}

static void server_setup(struct hm_block_run *run, unsigned threads)
{
    const uint64_t *value = run->base.value;

    for (unsigned t = 0; t < threads; t++) {
        server_open(&server[t], value[SERVER_BUDGET] / threads,
                    (unsigned)value[SERVER_TOP]);
    }
    hm_block_mail_init(&server_mail, threads, SERVER_BATCH);
}

/* One that is spare, else the next that was never used. */
static uint32_t server_number(struct server_thread *s)
{
    uint32_t number = s->spare;

    if (number == SERVER_NONE)
        return ++s->used;
    s->spare = s->object[number].next;
    return number;
}

/* The due time of a class is that of its oldest. */
static void server_set_due(struct server_thread *s, unsigned class)
{
    uint32_t oldest = s->oldest[class];

    s->due[class] = oldest == SERVER_NONE
                        ? UINT64_MAX
                        : s->object[oldest].born + (UINT64_C(1) << class);
}

static void server_append(struct server_thread *s, unsigned class,
                          unsigned char *block, uint32_t bytes)
{
    uint32_t number = server_number(s);
    struct server_object *object = &s->object[number];

    object->block = block;
    object->bytes = bytes;
    object->born = (uint32_t)s->now;
    object->next = SERVER_NONE;
    if (s->oldest[class] == SERVER_NONE) {
        s->oldest[class] = number;
        server_set_due(s, class);
    } else {
        s->object[s->youngest[class]].next = number;
    }
    s->youngest[class] = number;
    s->used_bytes += bytes;
}

/* Takes the oldest of a class out and returns its block. */
static unsigned char *server_remove(struct server_thread *s, unsigned class)
{
    uint32_t number = s->oldest[class];
    struct server_object *object = &s->object[number];

    s->oldest[class] = object->next;
    server_set_due(s, class);
    s->used_bytes -= object->bytes;
    object->next = s->spare;
    s->spare = number;
    return object->block;
}

static unsigned server_next_due(const struct server_thread *s)
{
    unsigned next = SERVER_LEAST;

    for (unsigned k = SERVER_LEAST + 1; k <= s->top; k++) {
        if (s->due[k] < s->due[next])
            next = k;
    }
    return next;
}

/* A random thread but this one. */
static unsigned server_another(struct hm_block_run *run)
{
    unsigned ahead = 1 + hm_rng_below(&run->base.rng, run->threads - 1);

    return (run->thread + ahead) % run->threads;
}

static void server_evict(struct hm_block_run *run, struct server_thread *s)
{
    unsigned char *block = server_remove(s, server_next_due(s));

    hm_run_mix(&run->base, block[0]);
    if (run->threads == 1) {
        hm_block_free(run, block);
        run->frees++;
        return;
    }
    if (s->out.n == 0)
        s->other = server_another(run);
    hm_block_mail_send(&server_mail, run, &s->out, s->other, block);
}

static void server_one(struct hm_block_run *run, struct server_thread *s)
{
    unsigned heads = SERVER_LEAST + /* of a coin, until it is tails */
                     (unsigned)__builtin_ctz(hm_rng_next(&run->base.rng) |
                                             1u << (s->top - SERVER_LEAST));
    uint32_t least = 1u << heads;
    uint32_t bytes = least + (hm_rng_next(&run->base.rng) & (least - 1));
    unsigned char *block;

    while (s->used_bytes + bytes > s->share_bytes)
        server_evict(run, s);
    block = hm_block_alloc(run, bytes);
    hm_block_touch(block, bytes, (unsigned char)s->now);
    server_append(s, heads, block, bytes);
    s->now++;
}

static void server_run(struct hm_block_run *run)
{
    struct server_thread *s = &server[run->thread];
    uint64_t ops = run->base.value[SERVER_OPS];

    hm_meter_start(&run->base.meter);
    for (uint64_t done = 0; done < ops;) {
        uint64_t n = ops - done < SERVER_SAMPLE ? ops - done : SERVER_SAMPLE;

        for (uint64_t i = 0; i < n; i++)
            server_one(run, s);
        hm_block_mail_receive(&server_mail, run);
        hm_meter_mark(&run->base.meter, n);
        done += n;
    }
    hm_block_mail_finish(&server_mail, run);
    run->ops = ops;
}

static void server_drop(struct hm_block_run *run)
{
    struct server_thread *s = &server[run->thread];

    hm_block_free_batch(run, &s->out);
    for (unsigned k = SERVER_LEAST; k <= s->top; k++) {
        while (s->oldest[k] != SERVER_NONE) {
            hm_block_free(run, server_remove(s, k));
            run->frees++;
        }
    }
    hm_block_mail_drop(&server_mail, run);
    hm_arena_release(s->object, s->n_objects * sizeof(*s->object));
}

const struct hm_block_workload hm_block_superserver = {
    .name = "superserver",
    .summary = "sizes of every scale, the larger the longer they live",
    .source = "Kuszmaul, ISMM 2015",
    .operation = "object",
    .params = server_params,
    .max_threads = SERVER_THREADS_MAX,
    .setup = server_setup,
    .run = server_run,
    .drop = server_drop,
};
