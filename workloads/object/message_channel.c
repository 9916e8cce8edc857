/* SPDX-License-Identifier: MIT */
/* message_channel.c -- a window of the latest messages: each push stores a new
 * one and drops the oldest.  Everything lives equally long, so that nothing
 * dies young, and what counts is the worst push.
 *
 * Source:     J. Fisher, "Low latency, large working set, and GHC's garbage
 *             collector", 2016; S. Dolan's gc-latency-experiment.
 * Differs:    a sample is 16 pushes: a pause of a millisecond shows as one, and
 *             the clock does not.  The oldest message is read before it goes.
 * Invariants: every byte of message i is i & 255; after the first `window`
 *             pushes there are `window` messages.
 * Costs:      one object of `bytes` per push, written in full; with structure
 *             1 or 2 another small one.
 * Threads:    one. */
#include "workloads/op_loop.h"

enum {
    MESSAGE_CHANNEL_WINDOW,
    MESSAGE_CHANNEL_PUSHES,
    MESSAGE_CHANNEL_BYTES,
    MESSAGE_CHANNEL_STRUCTURE,
};

static const struct hm_param message_channel_params[] = {
    {"window", "messages held", 200000, 200000, 1, 1 << 26},
    {"pushes", "messages pushed", 1000000, 10000000, 1, UINT32_MAX},
    {"bytes", "size of a message, bytes", 1024, 1024, 1, 1 << 24},
    {"structure", "0: array; 1: hash map by number; 2: linked queue", 0, 0, 0,
     2},
    {0},
};

enum { IN_ARRAY, IN_MAP, IN_QUEUE };

/* An entry of the map or of the queue. */
enum { ENTRY_MESSAGE, ENTRY_NEXT, ENTRY_REFS };

struct message_channel_entry { /* the raw half */
    uint64_t number;
};

static const struct hm_layout message_channel_entry_layout = {
    ENTRY_REFS, sizeof(struct message_channel_entry), "entry"};

enum { ROOT_TABLE, ROOT_OLDEST, ROOT_LATEST }; /* the table, or the queue */

enum { MESSAGE_CHANNEL_BATCH = 16 };

/* Places of the table: `window`, or for the map a power of two. */
static uint64_t message_channel_places;

static hm_ref message_channel_message(struct hm_object_run *run, uint64_t i)
{
    size_t bytes = run->base.value[MESSAGE_CHANNEL_BYTES];
    hm_ref message = hm_new_raw(run->mutator, bytes);

    memset(hm_raw(message, 0), (int)(i & 255), bytes);
    return message;
}

/* Reads and drops the oldest message. */
static void message_channel_read(struct hm_object_run *run, hm_ref message)
{
    const unsigned char *byte = hm_raw(message, 0);
    size_t last = run->base.value[MESSAGE_CHANNEL_BYTES] - 1;

    hm_run_mix(&run->base, (uint32_t)byte[0] << 8 | byte[last]);
    hm_dispose(run->mutator, message);
}

static void message_channel_push_array(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref message = message_channel_message(run, i);
    hm_ref table = run->root[ROOT_TABLE];
    uint64_t place = i % run->base.value[MESSAGE_CHANNEL_WINDOW];
    hm_ref oldest = hm_load(m, table, place);

    hm_store(m, table, place, message);
    if (oldest != NULL)
        message_channel_read(run, oldest);
}

/* An entry that holds message i; where its next one is, is not said yet. */
static hm_ref message_channel_entry(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref entry;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, message_channel_message(run, i));
    entry = hm_new(m, &message_channel_entry_layout);
    *(struct message_channel_entry *)hm_raw(entry, ENTRY_REFS) =
        (struct message_channel_entry){i};
    hm_init(m, entry, ENTRY_MESSAGE, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return entry;
}

static uint64_t message_channel_number(hm_ref entry)
{
    return ((const struct message_channel_entry *)hm_raw(entry, ENTRY_REFS))
        ->number;
}

static void message_channel_end_entry(struct hm_object_run *run, hm_ref entry)
{
    message_channel_read(run, hm_load(run->mutator, entry, ENTRY_MESSAGE));
    hm_dispose(run->mutator, entry);
}

static uint64_t message_channel_place(uint64_t number)
{
    return hm_fin((uint32_t)number) & (message_channel_places - 1);
}

/* Takes the entry of `number`, which is in the map, out of its chain. */
static hm_ref message_channel_unchain(struct hm_object_run *run,
                                      uint64_t number)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_TABLE], before = NULL, rest;
    uint64_t place = message_channel_place(number);
    hm_ref entry = hm_load(m, table, place);

    while (message_channel_number(entry) != number) {
        before = entry;
        entry = hm_load(m, entry, ENTRY_NEXT);
    }
    rest = hm_load(m, entry, ENTRY_NEXT);
    if (before == NULL) {
        hm_store(m, table, place, rest);
    } else {
        hm_store(m, before, ENTRY_NEXT, rest);
    }
    return entry;
}

static void message_channel_push_map(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref entry = message_channel_entry(run, i);
    hm_ref table = run->root[ROOT_TABLE];
    uint64_t place = message_channel_place(i);
    uint64_t window = run->base.value[MESSAGE_CHANNEL_WINDOW];

    hm_init(m, entry, ENTRY_NEXT, hm_load(m, table, place));
    hm_store(m, table, place, entry);
    if (i >= window) {
        message_channel_end_entry(run,
                                  message_channel_unchain(run, i - window));
    }
}

static void message_channel_pop_queue(struct hm_object_run *run)
{
    hm_ref oldest = run->root[ROOT_OLDEST];

    run->root[ROOT_OLDEST] = hm_load(run->mutator, oldest, ENTRY_NEXT);
    message_channel_end_entry(run, oldest);
}

static void message_channel_push_queue(struct hm_object_run *run, uint64_t i)
{
    struct hm_mutator *m = run->mutator;
    hm_ref entry = message_channel_entry(run, i);

    if (run->root[ROOT_OLDEST] == NULL) {
        run->root[ROOT_OLDEST] = entry;
    } else {
        hm_store(m, run->root[ROOT_LATEST], ENTRY_NEXT, entry);
    }
    run->root[ROOT_LATEST] = entry;
    if (i >= run->base.value[MESSAGE_CHANNEL_WINDOW])
        message_channel_pop_queue(run);
}

static void message_channel_run(struct hm_object_run *run)
{
    static void (*const push[])(struct hm_object_run * run, uint64_t i) = {
        message_channel_push_array, message_channel_push_map,
        message_channel_push_queue};
    uint64_t pushes = run->base.value[MESSAGE_CHANNEL_PUSHES];
    uint64_t window = run->base.value[MESSAGE_CHANNEL_WINDOW];
    uint64_t structure = run->base.value[MESSAGE_CHANNEL_STRUCTURE];

    message_channel_places = window;
    if (structure == IN_MAP) {
        for (message_channel_places = 1; message_channel_places < window;)
            message_channel_places *= 2;
    }
    if (structure != IN_QUEUE) {
        run->root[ROOT_TABLE] =
            hm_new_refs(run->mutator, message_channel_places);
    }
    hm_op_loop(run, pushes, MESSAGE_CHANNEL_BATCH, push[structure]);
    hm_run_count(&run->base, "held", pushes < window ? pushes : window);
}

static void message_channel_dispose_chain(struct hm_mutator *m, hm_ref entry)
{
    hm_ref next;

    for (; entry != NULL; entry = next) {
        next = hm_load(m, entry, ENTRY_NEXT);
        hm_dispose(m, hm_load(m, entry, ENTRY_MESSAGE));
        hm_dispose(m, entry);
    }
}

static void message_channel_dispose_table(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref table = run->root[ROOT_TABLE], at;

    for (uint64_t k = 0; k < message_channel_places; k++) {
        at = hm_load(m, table, k);
        if (run->base.value[MESSAGE_CHANNEL_STRUCTURE] == IN_MAP) {
            message_channel_dispose_chain(m, at);
        } else if (at != NULL) {
            hm_dispose(m, at);
        }
    }
    hm_dispose(m, table);
}

static void message_channel_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL) {
        message_channel_dispose_chain(run->mutator, run->root[ROOT_OLDEST]);
        if (run->root[ROOT_TABLE] != NULL)
            message_channel_dispose_table(run);
    }
    run->root[ROOT_TABLE] = NULL;
    run->root[ROOT_OLDEST] = NULL;
    run->root[ROOT_LATEST] = NULL;
}

const struct hm_object_workload hm_object_message_channel = {
    .name = "message_channel",
    .summary = "a sliding window of messages: the time of the worst push",
    .source = "J. Fisher 2016; S. Dolan, gc-latency-experiment",
    .operation = "push",
    .params = message_channel_params,
    .leak = HM_LEAK_NOT_ONE,
    .run = message_channel_run,
    .drop = message_channel_drop,
};
