/* SPDX-License-Identifier: MIT */
/* Reconciliation: what new objects and table entries have become; and the
 * dying, a slice at a time. */
#include "collectors/refcount/refcount_heap.h"

/* The header of a dying object: the next one above its number of references
 * and flags. */
enum { REFCOUNT_LINK_SHIFT = HM_REFCOUNT_WORDS_SHIFT - 3 };

static inline uint64_t *refcount_link(uint64_t h)
{
    uint64_t *next;

    h = h >> HM_REFCOUNT_WORDS_SHIFT << 3;
    memcpy(&next, &h, sizeof(next));
    return next;
}

static void refcount_release_large(struct hm_gc *gc, uint64_t *header)
{
    struct hm_extents *extents = &gc->heap.large.extents;
    char *start = (char *)hm_refcount_large_of(header);

    hm_extents_give(extents, (uint32_t)((size_t)(start - extents->range.start) /
                                        HM_PAGE_BYTES));
}

static inline void refcount_release_cell(struct hm_gc *gc, uint64_t *header)
{
    size_t word = refcount_word(gc, header);
    uint32_t b = (uint32_t)(word / HM_BLOCK_WORDS);
    struct hm_block *block = &gc->blocks.block[b];
    const struct refcount_class *class = &gc->class[block->class];

    HM_ASSERT(hm_bits_get(gc->blocks.bits, word) && block->marked > 0);
    if (HM_UNLIKELY(gc->heap.config.verify))
        hm_poison_fill(header, class->cell);
    gc->blocks.bits[word / 64] &= ~((uint64_t)1 << word % 64);
    block->marked--;
    if (block->marked == class->list_at || block->marked == 0)
        hm_refcount_settle_block(gc, b);
}

void hm_refcount_release(struct hm_gc *gc, uint64_t *header)
{
    if (*header & HM_REFCOUNT_LARGE) {
        refcount_release_large(gc, header);
    } else {
        refcount_release_cell(gc, header);
    }
}

/* Nothing refers to the object any more; h is its header. */
static inline void refcount_die(struct hm_gc *gc, uint64_t *header, uint64_t h)
{
    HM_ASSERT(h < HM_REFCOUNT_ONE && (h & HM_REFCOUNT_ROOTED) == 0);
    gc->object_bytes -= refcount_words(header) * HM_WORD_BYTES;
    if ((h & HM_REFCOUNT_ANY_REFS) == 0) {
        refcount_release_cell(gc, header);
        return;
    }
    *header = (uint64_t)(uintptr_t)gc->dying << REFCOUNT_LINK_SHIFT |
              (h & HM_REFCOUNT_ANY_REFS) | HM_REFCOUNT_DYING;
    gc->dying = header;
}

/* A field of a dying object referred to `o`. */
static inline void refcount_discount_field(struct hm_gc *gc, hm_ref o)
{
    uint64_t *header = hm_header_of(o), h = *header;

    HM_ASSERT(h >= HM_REFCOUNT_ONE && (h & HM_REFCOUNT_LIVE));
    h -= HM_REFCOUNT_ONE;
    if (h < HM_REFCOUNT_ONE &&
        (h & (HM_REFCOUNT_TABLE | HM_REFCOUNT_ROOTED)) == 0) {
        refcount_die(gc, header, h);
        return;
    }
    if (h >= HM_REFCOUNT_ONE) {
        *header = HM_REFCOUNT_SUSPECTED(h);
        return;
    }
    *header = h | HM_REFCOUNT_TABLE;
    if ((h & HM_REFCOUNT_TABLE) == 0)
        hm_refcount_note(&gc->mutator, header);
}

void hm_refcount_discount(struct hm_gc *gc, hm_ref o)
{
    refcount_discount_field(gc, o);
}

/* Discounts and frees up to `units`; roots must be flagged. */
static void refcount_slice(struct hm_gc *gc, size_t units)
{
    while (units > 0) {
        uint64_t *header = gc->current;
        size_t left = gc->left;

        if (header == NULL) {
            header = gc->dying;
            if (header == NULL)
                return;
            gc->dying = refcount_link(*header);
            left = hm_refcount_refs(header);
        }
        units--;
        while (left > 0 && units > 0) {
            hm_ref o = hm_slots_of((hm_ref)(header + 1))[--left];

            units--;
            if (o != NULL)
                refcount_discount_field(gc, o);
        }
        gc->current = left > 0 ? header : NULL;
        gc->left = left;
        if (left == 0)
            hm_refcount_release(gc, header);
    }
}

/* An object of the table, or a new one: it has a count, or a root, or dies.
 * Returns whether it stays in the table. */
static inline int refcount_judge(struct hm_gc *gc, uint64_t *header)
{
    uint64_t h = *header;

    HM_ASSERT((h & HM_REFCOUNT_TABLE) && (h & HM_REFCOUNT_LIVE));
    if (h >= HM_REFCOUNT_ONE) {
        *header = h & ~(uint64_t)HM_REFCOUNT_TABLE;
    } else if (h & HM_REFCOUNT_ROOTED) {
        return 1;
    } else {
        refcount_die(gc, header, h);
    }
    return 0;
}

static void refcount_scan_run(struct hm_gc *gc, struct refcount_run run)
{
    for (uint64_t *p = run.start; p < run.limit; p += run.cell) {
        gc->object_bytes += refcount_words(p) * HM_WORD_BYTES;
        if (refcount_judge(gc, p))
            hm_refcount_note(&gc->mutator, p);
    }
}

static void refcount_scan_new(struct hm_gc *gc)
{
    for (unsigned i = 0; i < gc->n_runs; i++)
        refcount_scan_run(gc, gc->run[i]);
    gc->n_runs = 0;
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++) {
        struct refcount_class *class = &gc->class[c];
        uint64_t *end = gc->mutator.hole[c].free;

        if (class->scanned != end) {
            refcount_scan_run(
                gc, (struct refcount_run){class->scanned, end, class->cell});
        }
        class->scanned = end;
    }
}

static void refcount_find_dropped(struct hm_gc *gc, uint64_t *header)
{
    if ((*header & HM_REFCOUNT_LIVE) && (*header & HM_REFCOUNT_TABLE) &&
        refcount_judge(gc, header))
        hm_refcount_note(&gc->mutator, header);
}

/* Looks at up to `max` entries from the top.  Those that stay are exchanged
 * with entries below, which are looked at in their turn. */
static void refcount_scan_table(struct hm_gc *gc, size_t max)
{
    struct hm_refcount_table *table = &gc->mutator.zero;

    if (table->has_dropped) {
        table->has_dropped = 0;
        table->top = table->start;
        gc->kept = 0;
        gc->has_unseen = 0;
        hm_refcount_each(gc, refcount_find_dropped);
        return;
    }
    while (table->top > table->start + gc->kept && max-- > 0) {
        uint64_t *header = *--table->top;

        if (refcount_judge(gc, header)) {
            uint64_t **keep = &table->start[gc->kept++];

            *table->top++ = *keep;
            *keep = header;
        }
    }
    gc->has_unseen = table->top > table->start + gc->kept;
    if (!gc->has_unseen)
        gc->kept = 0;
}

static void refcount_each_cell(struct hm_gc *gc, uint32_t b,
                               void (*visit)(struct hm_gc *, uint64_t *))
{
    uint64_t *start = hm_block_start(&gc->blocks, b);
    const uint64_t *bits = hm_block_bits(&gc->blocks, b);
    struct hm_refcount_hole hole = {NULL, NULL};
    unsigned class = gc->blocks.block[b].class;
    size_t word = hm_bits_next(bits, 0, HM_BLOCK_WORDS);

    if (gc->class[class].block == b)
        hole = gc->mutator.hole[class];
    while (word < HM_BLOCK_WORDS) {
        uint64_t *header = start + word;

        if (header < hole.free || header >= hole.limit)
            visit(gc, header);
        word = hm_bits_next(bits, word + 1, HM_BLOCK_WORDS);
    }
}

static void refcount_each_large(struct hm_gc *gc,
                                void (*visit)(struct hm_gc *, uint64_t *))
{
    const struct hm_extents *extents = &gc->heap.large.extents;
    uint32_t next;

    for (uint32_t p = 0; p < extents->frontier; p = next) {
        struct hm_refcount_large *large = hm_extents_address(extents, p);

        next = p + extents->page[p].pages;
        if (extents->page[p].is_free)
            continue;
        if (next < extents->frontier && extents->page[next].is_free)
            next += extents->page[next].pages; /* may be joined with this */
        visit(gc, &large->header);
    }
}

void hm_refcount_each(struct hm_gc *gc,
                      void (*visit)(struct hm_gc *gc, uint64_t *header))
{
    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        if (gc->blocks.block[b].state == HM_BLOCK_USED)
            refcount_each_cell(gc, b, visit);
    }
    refcount_each_large(gc, visit);
}

struct refcount_flagging {
    size_t slots;
    int on;
};

static void refcount_flag_root(void *arg, hm_ref *slot)
{
    struct refcount_flagging *flagging = arg;

    flagging->slots++;
    if (*slot == NULL)
        return;
    HM_ASSERT(*hm_header_of(*slot) & HM_REFCOUNT_LIVE);
    if (flagging->on) {
        *hm_header_of(*slot) |= HM_REFCOUNT_ROOTED;
    } else {
        *hm_header_of(*slot) &= ~(uint64_t)HM_REFCOUNT_ROOTED;
    }
}

size_t hm_refcount_flag_roots(struct hm_gc *gc, int on)
{
    struct refcount_flagging flagging = {.on = on};

    hm_roots_each(&gc->heap.roots, refcount_flag_root, &flagging);
    return flagging.slots;
}

/* After a pause that looked at `slots` roots. */
static void refcount_set_due(struct hm_gc *gc, size_t slots)
{
    const struct hm_gc_config *config = &gc->heap.config;
    size_t due = gc->param[REFCOUNT_INTERVAL];

    due = hm_refcount_cycles_hurry(gc, due);
    if (due < slots * sizeof(hm_ref))
        due = slots * sizeof(hm_ref);
    gc->due_bytes = config->stress_bytes != 0 ? config->stress_bytes : due;
    gc->heap.since_bytes = 0;
    gc->heap.live_bytes = gc->object_bytes;
    gc->mutator.poll_at = gc->mutator.zero.has_dropped
                              ? gc->mutator.zero.start
                              : gc->mutator.zero.top + REFCOUNT_RUNS;
}

void hm_refcount_reconcile(struct hm_gc *gc)
{
    struct hm_pause_log *log = gc->heap.config.log;
    size_t units = gc->param[REFCOUNT_SLICE];
    uint64_t start_ns, end_ns;
    size_t slots;

    if (gc->heap.config.verify)
        hm_refcount_demand(gc);
    start_ns = hm_clock_now_ns();
    slots = hm_refcount_flag_roots(gc, 1);
    refcount_scan_new(gc);
    refcount_scan_table(gc, units + slots);
    end_ns = hm_clock_now_ns();
    hm_pause_log_add(log, HM_PAUSE_reconcile, start_ns, end_ns);
    if (gc->dying != NULL || gc->current != NULL) {
        refcount_slice(gc, units);
        hm_pause_log_add(log, HM_PAUSE_cascade, end_ns, hm_clock_now_ns());
    }
    hm_refcount_cycles_step(gc);
    (void)hm_refcount_flag_roots(gc, 0);
    refcount_set_due(gc, slots);
    gc->heap.collections++;
    if (gc->heap.config.verify)
        hm_refcount_demand(gc);
}

int hm_refcount_has_pending(const struct hm_gc *gc)
{
    return gc->dying != NULL || gc->current != NULL || gc->has_unseen;
}

void hm_refcount_settle(struct hm_gc *gc)
{
    size_t slots = hm_refcount_flag_roots(gc, 1);

    refcount_scan_new(gc);
    do {
        refcount_scan_table(gc, SIZE_MAX);
        refcount_slice(gc, SIZE_MAX);
    } while (hm_refcount_has_pending(gc));
    (void)hm_refcount_flag_roots(gc, 0);
    refcount_set_due(gc, slots);
}
