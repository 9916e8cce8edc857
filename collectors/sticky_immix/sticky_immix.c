/* SPDX-License-Identifier: MIT */
/* sticky_immix.c -- immix with generations by sticky mark bits: what the last
 * collection marked is old and stays marked; a young collection marks, and
 * frees, only among what was allocated since.
 *
 * Source:     A. Demers et al., POPL 1990 (sticky mark bits); S. M. Blackburn
 *             and K. S. McKinley, PLDI 2008 (with immix); R. Jones, A. Hosking,
 *             E. Moss, The Garbage Collection Handbook, 11.8 (the barrier).
 * Differs:    shares all of immix.  A bit in the header says that an object is
 *             old and not yet remembered, so the barrier is one load and one
 *             branch on the line that the store touches anyway.  Of a large
 *             object it remembers slots, each store anew, as card tables do:
 *             an array is not scanned for one element.  The young
 *             are marked in place: copying them out of the blocks that were
 *             empty before, which evacuate=always does, paused 1.2 to 7 times
 *             as long where it was tried.  Blocks without young objects are
 *             not swept.
 * Invariants: those of immix; outside a collection the header bit is set in
 *             each marked object that is not in the log, and in no other; an
 *             object with the bit refers to marked objects only, but for slots
 *             that are remembered, and unless a full collection is due because
 *             the log was full; see hm_gc_check().
 * Costs:      a young collection takes time for the young that live, the
 *             references of remembered objects, the roots, and the blocks that
 *             were allocated into.  The log takes as much as the mark queue,
 *             the slots 1/62 of large objects that were written to; where the
 *             limit has no room for them the object goes to the log.  Weak
 *             entries are looked at while they are young.
 *             Old garbage, and what it refers to, waits for a full collection.
 * Threads:    one mutator: a store changes header bits and the one log, and two
 *             would have to agree who remembers an object. */
#include "collectors/sticky_immix/sticky_immix.h"

#include "collectors/immix/immix_heap.h"

enum sticky_immix_param {
    STICKY_IMMIX_NURSERY = IMMIX_PARAMS,
    STICKY_IMMIX_YIELD
};

static const struct hm_param sticky_immix_params[] = {
    IMMIX_ROWS,
    [STICKY_IMMIX_NURSERY] = {"nursery",
                              "most allocation between collections, in bytes",
                              (uint64_t)1 << 40, (uint64_t)1 << 40, 64 << 10,
                              (uint64_t)1 << 40},
    [STICKY_IMMIX_YIELD] = {"yield",
                            "room that a young collection must leave, in "
                            "thousandths of the limit, or the next is full",
                            150, 150, 0, 1000},
    {0},
};

const struct hm_collector hm_collector_this = {
    .name = "sticky_immix",
    .summary = "immix with generations: mark bits stay, old objects are logged",
    .source = "Demers et al., POPL 1990; Blackburn and McKinley, PLDI 2008",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = sticky_immix_params,
};

enum { STICKY_IMMIX_STRESS = 8 }; /* young collections to a full one, then */

/* 0: there is no room for the slot. */
static int young_note_slot(struct hm_gc *gc, hm_ref *slot)
{
    struct hm_slot_set *slots = &gc->young.slots;
    size_t word = hm_slot_set_word(slots, slot);

    if (!hm_slot_set_cover(slots, (word + 1) * sizeof(hm_ref)))
        return 0;
    hm_slot_set_add(slots, slot);
    return 1;
}

void hm_immix_remember(struct hm_mutator *m, hm_ref o, size_t i)
{
    struct immix_young *young = &m->gc->young;
    uint64_t *header = hm_header_of(o);

    if (hm_header_words(*header) > HM_LARGE_WORDS &&
        young_note_slot(m->gc, &hm_slots_of(o)[i]))
        return;
    if (young->logged == young->log_capacity) {
        young->is_full_due = 1; /* finds what is not in the log */
        return;
    }
    *header &= ~(uint64_t)HM_HEADER_MARK;
    young->log[young->logged++] = header;
}

int hm_immix_young_open(struct hm_gc *gc, size_t log_bytes)
{
    struct immix_young *young = &gc->young;

    if (!hm_range_open(&young->log_range, log_bytes) ||
        !hm_range_extend(&young->log_range, log_bytes) ||
        !hm_slot_set_open(&young->slots, &gc->heap.large.extents.range,
                          &gc->heap.budget))
        return 0;
    young->log = (void *)young->log_range.start;
    young->log_capacity = log_bytes / sizeof(*young->log);
    young->nursery_bytes = gc->heap.config.param[STICKY_IMMIX_NURSERY];
    young->yield_permille = gc->heap.config.param[STICKY_IMMIX_YIELD];
    gc->heap.large.keeps_marks = 1;
    return 1;
}

void hm_immix_young_close(struct hm_gc *gc)
{
    hm_slot_set_close(&gc->young.slots);
    hm_range_close(&gc->young.log_range);
}

static int young_forget_slot(void *arg, hm_ref *slot)
{
    (void)arg;
    (void)slot;
    return 0;
}

void hm_immix_young_forget(struct hm_gc *gc)
{
    gc->young.logged = 0;
    hm_slot_set_each(&gc->young.slots, young_forget_slot, NULL);
    hm_slot_set_trim(&gc->young.slots, 0);
    hm_large_unmark(&gc->heap.large);
    for (uint32_t b = 0; b < gc->blocks.frontier; b++)
        memset(gc->info[b].next, 0, sizeof(gc->info[b].next));
}

/* Until the next collection, young or full. */
static void young_allow(struct hm_gc *gc)
{
    struct hm_pacer *pacer = &gc->heap.pacer;
    struct immix_young *young = &gc->young;
    uint64_t left = young->full_bytes > gc->found_bytes
                        ? young->full_bytes - gc->found_bytes
                        : 0;

    if (left == 0)
        young->is_full_due = 1;
    if (pacer->stress_bytes == 0) {
        pacer->allowance_bytes =
            left < young->nursery_bytes ? left : young->nursery_bytes;
    }
}

void hm_immix_young_restart(struct hm_gc *gc)
{
    size_t allowance = gc->heap.pacer.allowance_bytes;
    int is_free = gc->heap.pacer.stress_bytes != 0 || allowance == SIZE_MAX;

    gc->young.is_full_due = 0;
    gc->young.in_a_row = 0;
    gc->young.full_bytes = is_free ? UINT64_MAX : gc->found_bytes + allowance;
    young_allow(gc);
}

/* Makes sources of the blocks that hold young objects only.  Returns their
 * number. */
static uint32_t young_choose(struct hm_gc *gc)
{
    uint32_t n = 0;

    if (gc->evacuate != IMMIX_ALWAYS)
        return 0;
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        if (gc->blocks.block[b].state != HM_BLOCK_USED || gc->info[b].is_swept)
            continue;
        gc->blocks.block[b].class = IMMIX_SOURCE;
        n++;
    }
    return n;
}

/* Whether too little can be allocated before the next collection. */
static int young_leaves_little(const struct hm_gc *gc)
{
    size_t limit = gc->heap.budget.limit_bytes, room;

    if (limit == 0)
        return 0;
    room = hm_immix_room_blocks(gc) * HM_BLOCK_BYTES;
    for (uint32_t b = gc->recyclable; b != HM_BLOCK_NONE;
         b = gc->blocks.block[b].next)
        room += (size_t)gc->info[b].open * IMMIX_LINE_WORDS * HM_WORD_BYTES;
    return room < limit / 1000 * gc->young.yield_permille;
}

/* The end of a young collection that began at `start_ns`. */
static void young_account(struct hm_gc *gc, uint64_t start_ns)
{
    struct hm_heap *heap = &gc->heap;
    struct immix_young *young = &gc->young;
    uint64_t found = gc->marked_bytes + heap->large.object_bytes;
    uint64_t survived = found - gc->found_bytes;

    HM_ASSERT(found >= gc->found_bytes);
    heap->survived_bytes += survived;
    heap->since_bytes = 0;
    heap->live_bytes = found;
    heap->collections++;
    gc->found_bytes = found;
    young->in_a_row++;
    if (young_leaves_little(gc) || (heap->pacer.stress_bytes != 0 &&
                                    young->in_a_row == STICKY_IMMIX_STRESS))
        young->is_full_due = 1;
    young_allow(gc);
    hm_pause_log_add(heap->config.log, HM_PAUSE_minor, start_ns,
                     hm_clock_now_ns());
}

int hm_immix_collect_young(struct hm_gc *gc)
{
    uint64_t start_ns;
    int is_evacuating;

    if (gc->young.is_full_due)
        return 0;
    if (gc->heap.config.verify)
        hm_immix_verify(gc, 0);
    start_ns = hm_clock_now_ns();
    hm_immix_close_holes(gc);
    gc->young.is_running = 1;
    is_evacuating = young_choose(gc) > 0;
    hm_immix_mark(gc, is_evacuating);
    hm_large_sweep(&gc->heap.large);
    hm_immix_sweep(gc);
    gc->young.is_running = 0;
    young_account(gc, start_ns);
    if (gc->heap.config.verify) {
        hm_immix_poison(gc);
        hm_immix_verify(gc, 0);
    }
    return 1;
}

struct young_check {
    const struct hm_gc *gc;
    size_t unlogged; /* old objects without the bit */
    const char *wrong;
};

static int young_has_slot(const struct hm_slot_set *slots, const hm_ref *slot)
{
    size_t word = hm_slot_set_word(slots, slot);

    return word / HM_SLOT_CHUNK_WORDS < slots->n_chunks &&
           hm_slot_set_has(slots, slot);
}

/* One marked object. */
static void young_check_object(struct young_check *check,
                               const uint64_t *header)
{
    const struct hm_slot_set *slots = &check->gc->young.slots;
    int is_large = hm_header_words(*header) > HM_LARGE_WORDS;
    const hm_ref *slot = (const hm_ref *)(const void *)(header + 1);
    size_t n = hm_header_refs(*header);

    if ((*header & HM_HEADER_MARK) == 0) {
        check->unlogged++;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_large && young_has_slot(slots, &slot[i]))
            continue;
        if (slot[i] != NULL &&
            !immix_is_marked(check->gc, hm_header_of(slot[i]))) {
            check->wrong = "sticky_immix: an old object that is not "
                           "remembered refers to a young one";
        }
    }
}

static void young_check_blocks(struct young_check *check)
{
    const struct hm_blocks *blocks = &check->gc->blocks;

    for (uint32_t b = 0; b < blocks->frontier; b++) {
        const uint64_t *bits = hm_block_bits(blocks, b);
        size_t word = HM_BLOCK_WORDS;

        if (blocks->block[b].state == HM_BLOCK_USED)
            word = hm_bits_next(bits, 0, HM_BLOCK_WORDS);
        while (word < HM_BLOCK_WORDS) {
            young_check_object(check, hm_block_start(blocks, b) + word);
            word = hm_bits_next(bits, word + 1, HM_BLOCK_WORDS);
        }
    }
}

const char *hm_immix_young_check(const struct hm_gc *gc)
{
    const struct immix_young *young = &gc->young;
    struct young_check check = {.gc = gc};

    if (young->is_full_due && young->logged == young->log_capacity)
        return NULL;
    young_check_blocks(&check);
    for (struct hm_large_object *o = gc->heap.large.all; o != NULL;
         o = o->next) {
        if (o->is_marked)
            young_check_object(&check, &o->header);
    }
    for (size_t i = 0; i < young->logged; i++) {
        if (!immix_is_marked(gc, young->log[i]) ||
            (*young->log[i] & HM_HEADER_MARK) != 0)
            check.wrong = "sticky_immix: what is remembered is not old";
    }
    if (check.wrong == NULL)
        check.wrong = hm_slot_set_check(&young->slots);
    if (check.wrong == NULL && check.unlogged != young->logged)
        check.wrong = "sticky_immix: the log does not hold what was written to";
    return check.wrong;
}
