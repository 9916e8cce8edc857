/* SPDX-License-Identifier: MIT */
/* refcount_cycle.c -- deferred reference counting as in refcount/, with
 * trial deletion of dead cycles, in slices.
 *
 * Source:     D. F. Bacon and V. T. Rajan, ECOOP 2001, section 3; counting and
 *             cascades as in refcount/refcount.c.
 * Differs:    roots are not counted, so what they refer to is kept as if it
 *             had one reference more.  Suspects are flagged, not buffered: a
 *             round walks the bits of the heap, a dead suspect needs no purge.
 *             The paper deletes on trial all that all suspects refer to, in
 *             one pause; here a slice does so for one suspect after another,
 *             each trial cut off at `cycle_slice_work` (refcount_cycle_trial.c
 *             says why that is safe).  Suspects that a cut trial could not
 *             clear are late: the next round takes them with trials twice as
 *             wide, `cycle_widen` times at most.  When room is short, and when
 *             the heap doubles with suspects that stay late, everything is
 *             done in one pause, as in the paper.
 *             A new object is no suspect for being new, nor is one that leaves
 *             the table: hm_init only refers to what is older, so a cycle that
 *             goes through an object without a count was closed by a store,
 *             which marks that object.  Leaves take no part.
 * Invariants: those of refcount; between pauses nothing is gray or black, and
 *             every object can be reached from a suspect, from the table or
 *             from something dying.  Proof: take a strong component that no
 *             other refers to.  It is one object with count 0, hence in the
 *             table, or it holds a suspect: removing a reference into it makes
 *             one; adding one merges components, the first of which had one or
 *             was the object that the store marks; a trial that clears the
 *             suspects of one that lives finds a root into it, and marks that.
 * Costs:      stores as in refcount, and two instructions.  A round begins
 *             when the counted bytes have grown by half of the room there is
 *             (without limit: of what lives, of 16 MiB at least), by 3/4 of it
 *             if the last round freed less than a quarter of the growth; it
 *             follows each reference of what suspects reach about twice.  A
 *             slice is one pause of at most twice `cycle_slice_work`
 *             references and objects, times 2^n in a round n times wider.
 *             A dead cycle with more references than that, and all dead when
 *             room is short, wait for the long pause.  Weak references there
 *             are none, for the reason that refcount.c gives.
 * Threads:    one mutator: counts and tables are plain words.  Atomic counts,
 *             or a log for each thread, would make another collector of it. */
#include "collectors/refcount_cycle/refcount_cycle_heap.h"

static const struct hm_param refcount_cycle_params[] = {
    REFCOUNT_ROWS,
    [REFCOUNT_CYCLE_WORK] = {"cycle_slice_work",
                             "references followed in a trial, and in a pause "
                             "that looks for cycles",
                             4096, 4096, 2, 1 << 20},
    [REFCOUNT_CYCLE_WIDEN] = {"cycle_widen",
                              "times that this doubles for larger cycles", 4, 4,
                              0, 20},
    {0},
};

const struct hm_collector hm_collector_this = {
    .name = "refcount_cycle",
    .summary = "deferred counting, sliced cascades, sliced trial deletion",
    .source = "Bacon and Rajan, ECOOP 2001",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .has_no_tracing = 1,
    .params = refcount_cycle_params,
};

enum {
    REFCOUNT_CYCLE_STRESS = 8, /* pauses to one for everything, then */
    REFCOUNT_CYCLE_HURRY = 8,  /* times as many pauses when room is short */
};

struct refcount_cycle hm_refcount_cycle;

/* Decides when the next round begins. */
static void refcount_cycle_allow(struct hm_gc *gc, int is_fruitful)
{
    struct refcount_cycle *cycle = &hm_refcount_cycle;
    uint64_t live = gc->object_bytes, limit = gc->heap.budget.limit_bytes;
    uint64_t room = live > HM_PACER_MIN_BYTES ? live : HM_PACER_MIN_BYTES;

    if (limit != 0) {
        limit -= limit / 8; /* tables, and cells that no object fits */
        room = limit > live ? limit - live : 0;
        if (room < limit / HM_PACER_YIELD)
            room = limit / HM_PACER_YIELD;
    }
    cycle->base_bytes = live;
    cycle->end_bytes = live + room;
    cycle->due_bytes = live + (is_fruitful ? room / 2 : room / 4 * 3);
}

int hm_refcount_cycles_open(struct hm_gc *gc)
{
    size_t bytes = hm_mark_queue_bytes(gc->heap.config.heap_bytes);

    hm_refcount_cycle =
        (struct refcount_cycle){.widest = bytes / sizeof(uint64_t *),
                                .next_level = 1,
                                .whole_bytes = HM_PACER_MIN_BYTES};
    refcount_cycle_allow(gc, 1);
    return hm_budget_take(&gc->heap.budget,
                          bytes + sizeof(hm_refcount_cycle)) &&
           hm_mark_queue_open(&hm_refcount_cycle.queue, bytes);
}

void hm_refcount_cycles_close(void)
{
    hm_mark_queue_close(&hm_refcount_cycle.queue);
}

static void refcount_cycle_begin(struct hm_gc *gc, unsigned level)
{
    hm_refcount_cycle.round = (struct refcount_cycle_round){
        .is_open = 1, .level = level, .begin_bytes = gc->object_bytes};
}

static size_t refcount_cycle_width(const struct hm_gc *gc)
{
    size_t work = gc->heap.config.param[REFCOUNT_CYCLE_WORK];
    size_t width = work << hm_refcount_cycle.round.level;
    size_t widest = hm_refcount_cycle.widest;

    return width < widest ? width : widest;
}

/* The round is over.  What it could not clear is for one that is wider, at
 * once if this one freed little. */
static void refcount_cycle_end(struct hm_gc *gc)
{
    struct refcount_cycle *cycle = &hm_refcount_cycle;
    struct refcount_cycle_round *round = &cycle->round;
    uint64_t grown = round->begin_bytes > cycle->base_bytes
                         ? round->begin_bytes - cycle->base_bytes
                         : 0;
    int is_fruitful = round->freed_bytes > grown / 4;

    round->is_open = 0;
    if (round->cut > 0 || round->level > 0)
        cycle->has_late = round->cut > 0;
    if (round->level > 0) {
        cycle->next_level = round->cut > 0 ? round->level + 1 : 1;
    } else if (cycle->has_late && !is_fruitful &&
               cycle->next_level <=
                   gc->heap.config.param[REFCOUNT_CYCLE_WIDEN]) {
        refcount_cycle_begin(gc, cycle->next_level);
        return;
    }
    refcount_cycle_allow(gc, is_fruitful);
}

static void refcount_cycle_visit(struct hm_gc *gc, uint64_t *header)
{
    struct refcount_cycle_round *round = &hm_refcount_cycle.round;
    uint64_t h = *header;

    round->work++;
    if ((h & HM_REFCOUNT_LIVE) == 0 || (h & HM_REFCOUNT_PURPLE) == 0 ||
        ((h & HM_REFCOUNT_LATE) != 0) != (round->level > 0))
        return;
    if (h < HM_REFCOUNT_ONE || (h & HM_REFCOUNT_ANY_REFS) == 0) {
        *header = h & ~(uint64_t)(HM_REFCOUNT_PURPLE | HM_REFCOUNT_LATE);
        return;
    }
    hm_refcount_cycle_try(gc, header, refcount_cycle_width(gc));
}

/* Visits the rest of the round's block, or as much as the step allows. */
static void refcount_cycle_visit_block(struct hm_gc *gc, size_t work)
{
    struct refcount_cycle_round *round = &hm_refcount_cycle.round;
    uint64_t *start = hm_block_start(&gc->blocks, round->block);
    const uint64_t *bits = hm_block_bits(&gc->blocks, round->block);
    unsigned class = gc->blocks.block[round->block].class;
    struct hm_refcount_hole hole = {NULL, NULL};

    if (gc->class[class].block == round->block)
        hole = gc->mutator.hole[class];
    while (round->work < work) {
        uint64_t *header;

        round->word = hm_bits_next(bits, round->word, HM_BLOCK_WORDS);
        if (round->word == HM_BLOCK_WORDS) {
            round->word = 0;
            round->block++;
            return;
        }
        header = start + round->word++;
        if (header < hole.free || header >= hole.limit)
            refcount_cycle_visit(gc, header);
    }
}

/* Visits the next large object; 0: there is none. */
static int refcount_cycle_visit_large(struct hm_gc *gc)
{
    const struct hm_extents *extents = &gc->heap.large.extents;
    uint32_t *at = &hm_refcount_cycle.round.page, p = *at;

    if (p < extents->frontier && extents->page[p].pages == 0)
        p = 0; /* is inside a run by now: once more */
    if (p >= extents->frontier)
        return 0;
    *at = p + extents->page[p].pages;
    hm_refcount_cycle.round.work++;
    if (!extents->page[p].is_free) {
        struct hm_refcount_large *large = hm_extents_address(extents, p);

        refcount_cycle_visit(gc, &large->header);
    }
    return 1;
}

static void refcount_cycle_slice(struct hm_gc *gc)
{
    struct refcount_cycle_round *round = &hm_refcount_cycle.round;
    size_t work = gc->heap.config.param[REFCOUNT_CYCLE_WORK];

    round->work = 0;
    while (round->work < work && round->block < gc->blocks.frontier) {
        if (gc->blocks.block[round->block].state == HM_BLOCK_USED) {
            refcount_cycle_visit_block(gc, work);
        } else {
            round->word = 0;
            round->block++;
            round->work++;
        }
    }
    while (round->work < work) {
        if (!refcount_cycle_visit_large(gc)) {
            refcount_cycle_end(gc);
            return;
        }
    }
}

void hm_refcount_cycles_step(struct hm_gc *gc)
{
    struct refcount_cycle *cycle = &hm_refcount_cycle;
    int is_stressed = gc->heap.config.stress_bytes != 0;
    uint64_t start_ns;

    cycle->pauses++;
    if (!cycle->round.is_open) {
        if (gc->object_bytes < cycle->due_bytes && !is_stressed)
            return;
        refcount_cycle_begin(gc, 0);
    }
    start_ns = hm_clock_now_ns();
    refcount_cycle_slice(gc);
    hm_pause_log_add(gc->heap.config.log, HM_PAUSE_cycles, start_ns,
                     hm_clock_now_ns());
}

/* The rest of a round should be over when the room is used up.  What it has to
 * visit is about the words of all objects behind it. */
size_t hm_refcount_cycles_hurry(const struct hm_gc *gc, size_t due_bytes)
{
    const struct refcount_cycle *cycle = &hm_refcount_cycle;
    uint64_t work = gc->heap.config.param[REFCOUNT_CYCLE_WORK];
    uint64_t rest, left, least = due_bytes / REFCOUNT_CYCLE_HURRY;

    if (!cycle->round.is_open)
        return due_bytes;
    rest = gc->object_bytes / HM_WORD_BYTES *
           (gc->blocks.frontier - cycle->round.block) / gc->blocks.frontier;
    left = cycle->end_bytes > gc->object_bytes
               ? (cycle->end_bytes - gc->object_bytes) / (rest / work + 1)
               : 0;
    if (left < least)
        left = least;
    return left < due_bytes ? left : due_bytes;
}

int hm_refcount_cycles_is_due(const struct hm_gc *gc)
{
    const struct refcount_cycle *cycle = &hm_refcount_cycle;

    if (gc->heap.config.stress_bytes != 0)
        return cycle->pauses % REFCOUNT_CYCLE_STRESS == 0;
    return cycle->has_late && gc->heap.budget.limit_bytes == 0 &&
           gc->object_bytes >= cycle->whole_bytes;
}

void hm_refcount_cycles_find(struct hm_gc *gc)
{
    struct refcount_cycle *cycle = &hm_refcount_cycle;
    uint64_t before = gc->object_bytes;

    hm_refcount_cycle_whole(gc);
    gc->heap.live_bytes = gc->object_bytes;
    cycle->round.is_open = 0;
    cycle->has_late = 0;
    cycle->next_level = 1;
    cycle->whole_bytes =
        2 * gc->object_bytes > HM_PACER_MIN_BYTES + gc->object_bytes
            ? 2 * gc->object_bytes
            : HM_PACER_MIN_BYTES + gc->object_bytes;
    refcount_cycle_allow(gc, before - gc->object_bytes >= before / 4);
}
