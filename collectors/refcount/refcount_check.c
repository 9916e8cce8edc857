/* SPDX-License-Identifier: MIT */
/* Every count recomputed from the fields of all objects, and the tables,
 * lists and bits compared with the objects.  Tests and verify mode only. */
#include "collectors/refcount/refcount_heap.h"
#include "common/arena.h"

/* The walk in progress; one heap per process. */
static struct {
    uint32_t *cell, *page; /* references found, by word and by page */
    uint64_t live_bytes, in_table;
    hm_ref *start; /* what cycles are found from; NULL: only counted */
    size_t n_starts;
    const char *wrong;
} refcount_walk;

static void refcount_wrong(const char *wrong)
{
    if (refcount_walk.wrong == NULL)
        refcount_walk.wrong = wrong;
}

static int refcount_is_cell(const struct hm_gc *gc, const uint64_t *header)
{
    size_t word = refcount_word(gc, header);
    const struct hm_block *block = &gc->blocks.block[word / HM_BLOCK_WORDS];
    struct hm_refcount_hole hole = gc->mutator.hole[block->class];
    unsigned cell = gc->class[block->class].cell;

    return block->state == HM_BLOCK_USED && word % HM_BLOCK_WORDS % cell == 0 &&
           hm_bits_get(gc->blocks.bits, word) &&
           (header < hole.free || header >= hole.limit);
}

/* Whether `o`, any bit pattern, is an object that lives. */
static int refcount_is_object(const void *arg, hm_ref o)
{
    const struct hm_gc *gc = arg;
    const uint64_t *header = hm_header_of(o);
    size_t word = refcount_word(gc, header);
    int is_large = word / HM_BLOCK_WORDS >= gc->blocks.frontier;

    if ((uintptr_t)o % HM_WORD_BYTES != 0)
        return 0;
    if (is_large ? !hm_large_is_object(&gc->heap.large, o)
                 : !refcount_is_cell(gc, header))
        return 0;
    return (*header & HM_REFCOUNT_LIVE) &&
           is_large == ((*header & HM_REFCOUNT_LARGE) != 0);
}

static uint32_t *refcount_found(const struct hm_gc *gc, const uint64_t *header)
{
    const struct hm_extents *extents = &gc->heap.large.extents;
    size_t word = refcount_word(gc, header);

    if (word / HM_BLOCK_WORDS < gc->blocks.frontier)
        return &refcount_walk.cell[word];
    return &refcount_walk
                .page[(size_t)((const char *)header - extents->range.start) /
                      HM_PAGE_BYTES];
}

/* Counts the references from one object. */
static void refcount_recount(struct hm_gc *gc, uint64_t *header)
{
    size_t n = hm_refcount_refs(header);

    if (header == gc->current)
        n = gc->left;
    for (size_t i = 0; i < n; i++) {
        hm_ref o = hm_slots_of((hm_ref)(header + 1))[i];

        if (o == NULL)
            continue;
        if (refcount_is_object(gc, o)) {
            ++*refcount_found(gc, hm_header_of(o));
        } else {
            refcount_wrong("refcount: a reference to what does not live");
        }
    }
}

static void refcount_compare_live(struct hm_gc *gc, uint64_t *header)
{
    uint64_t h = *header;

    refcount_walk.live_bytes += refcount_words(header) * HM_WORD_BYTES;
    refcount_walk.in_table += (h & HM_REFCOUNT_TABLE) != 0;
    if (h / HM_REFCOUNT_ONE != *refcount_found(gc, header))
        refcount_wrong("refcount: a count is not the number of references");
    if (h < HM_REFCOUNT_ONE && (h & HM_REFCOUNT_TABLE) == 0)
        refcount_wrong("refcount: a count is 0, and nothing will find out");
    if (h & (HM_REFCOUNT_ROOTED | HM_REFCOUNT_GRAY | HM_REFCOUNT_BLACK))
        refcount_wrong("refcount: a pause left a flag behind");
}

static void refcount_compare(struct hm_gc *gc, uint64_t *header)
{
    uint64_t h = *header;

    if (h & HM_REFCOUNT_LIVE) {
        refcount_compare_live(gc, header);
    } else if ((h & HM_REFCOUNT_DYING) == 0) {
        refcount_wrong("refcount: a cell in use holds no object");
    } else if (*refcount_found(gc, header) != 0) {
        refcount_wrong("refcount: something refers to a dying object");
    }
}

/* Objects of runs, which are in the table without an entry. */
static void refcount_check_runs(struct hm_gc *gc, struct refcount_run run)
{
    for (uint64_t *p = run.start; p < run.limit; p += run.cell) {
        refcount_walk.live_bytes -= refcount_words(p) * HM_WORD_BYTES;
        refcount_walk.in_table--;
        if ((*p & HM_REFCOUNT_TABLE) == 0)
            refcount_wrong("refcount: a new object is not marked as one");
    }
    (void)gc;
}

static void refcount_check_entries(const struct hm_refcount_table *table)
{
    size_t n = (size_t)(table->top - table->start);

    for (uint64_t **entry = table->start; entry < table->top; entry++) {
        if ((**entry & HM_REFCOUNT_TABLE) == 0)
            refcount_wrong("refcount: an entry without its flag");
    }
    if (!table->has_dropped && refcount_walk.in_table != n)
        refcount_wrong("refcount: a flag without its entry");
}

static void refcount_check_tables(struct hm_gc *gc)
{
    for (unsigned i = 0; i < gc->n_runs; i++)
        refcount_check_runs(gc, gc->run[i]);
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++) {
        struct refcount_run run = {gc->class[c].scanned,
                                   gc->mutator.hole[c].free, gc->class[c].cell};

        refcount_check_runs(gc, run);
    }
    refcount_check_entries(&gc->mutator.zero);
    if (refcount_walk.live_bytes != gc->object_bytes)
        refcount_wrong("refcount: live bytes are counted wrongly");
}

/* Under verify whatever is free is poisoned. */
static void refcount_check_free(const struct hm_gc *gc, uint32_t b)
{
    const uint64_t *start = hm_block_start(&gc->blocks, b);
    unsigned cell = gc->class[gc->blocks.block[b].class].cell;

    for (unsigned w = 0; w + cell <= HM_BLOCK_WORDS; w += cell) {
        if (!hm_bits_get(hm_block_bits(&gc->blocks, b), w) &&
            !hm_poison_is_intact(start + w, cell))
            refcount_wrong("refcount: a free cell was written to");
    }
}

static void refcount_check_blocks(const struct hm_gc *gc)
{
    const struct hm_block *block = gc->blocks.block;

    for (uint32_t b = 0; b < gc->blocks.frontier; b++) {
        if (block[b].state == HM_BLOCK_USED &&
            hm_blocks_count_marks(&gc->blocks, b) != block[b].marked)
            refcount_wrong("refcount: cells in use are counted wrongly");
        if (block[b].state == HM_BLOCK_USED && gc->heap.config.verify)
            refcount_check_free(gc, b);
    }
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++) {
        uint32_t before = gc->class[c].partial;

        for (uint32_t b = before; b != HM_BLOCK_NONE; b = block[b].next) {
            if (block[b].state != HM_BLOCK_USED || block[b].class != c ||
                block[b].prev != before || b == gc->class[c].block)
                refcount_wrong("refcount: a block is in the wrong list");
            before = b;
        }
    }
}

/* The counts of all objects, against their fields.  Returns their bytes. */
static uint64_t refcount_check_objects(struct hm_gc *gc)
{
    uint64_t live_bytes;
    size_t cell_bytes = (size_t)gc->blocks.frontier * HM_BLOCK_WORDS *
                            sizeof(*refcount_walk.cell) +
                        1;
    size_t page_bytes =
        (size_t)gc->heap.large.extents.frontier * sizeof(*refcount_walk.page) +
        1;

    refcount_walk.cell = hm_arena_reserve(cell_bytes);
    refcount_walk.page = hm_arena_reserve(page_bytes);
    hm_refcount_each(gc, refcount_recount);
    if (refcount_walk.wrong == NULL)
        hm_refcount_each(gc, refcount_compare);
    live_bytes = refcount_walk.live_bytes;
    refcount_check_tables(gc);
    hm_arena_release(refcount_walk.page, page_bytes);
    hm_arena_release(refcount_walk.cell, cell_bytes);
    return live_bytes;
}

static void refcount_add_start(hm_ref o)
{
    if (refcount_walk.start != NULL)
        refcount_walk.start[refcount_walk.n_starts] = o;
    refcount_walk.n_starts++;
}

/* An object from which a dead cycle can be found, or the fields of a dying one.
 */
static void refcount_find_starts(struct hm_gc *gc, uint64_t *header)
{
    hm_ref o = (hm_ref)(header + 1);
    size_t n = header == gc->current ? gc->left : hm_refcount_refs(header);

    if ((*header & HM_REFCOUNT_LIVE) == 0) {
        for (size_t i = 0; i < n; i++)
            refcount_add_start(hm_slots_of(o)[i]);
    } else if (*header & (HM_REFCOUNT_TABLE | HM_REFCOUNT_PURPLE)) {
        refcount_add_start(o);
    }
}

/* Every object must be reached from one of those: else the cycle that it is in
 * would stay when it is dead.  `live_bytes`: of all objects. */
static void refcount_check_starts(struct hm_gc *gc, struct hm_verify verify,
                                  uint64_t live_bytes)
{
    struct hm_roots roots = {0};
    size_t bytes;

    refcount_walk.start = NULL;
    refcount_walk.n_starts = 0;
    hm_refcount_each(gc, refcount_find_starts);
    bytes = (refcount_walk.n_starts + 1) * sizeof(hm_ref);
    refcount_walk.start = hm_arena_reserve(bytes);
    refcount_walk.n_starts = 0;
    hm_refcount_each(gc, refcount_find_starts);
    hm_roots_add(&roots, refcount_walk.start, refcount_walk.n_starts);
    verify.roots = &roots;
    refcount_walk.wrong = hm_verify_trace(&verify);
    if (refcount_walk.wrong == NULL && verify.reachable_bytes != live_bytes)
        refcount_wrong("refcount: a cycle that nothing would find");
    hm_arena_release(refcount_walk.start, bytes);
}

static uint64_t refcount_common_header(hm_ref o)
{
    uint64_t *header = hm_header_of(o);

    return hm_header_make(refcount_words(header), hm_refcount_refs(header));
}

const char *hm_refcount_check(struct hm_gc *gc, uint64_t *bytes)
{
    struct hm_verify verify = {.roots = &gc->heap.roots,
                               .is_object = refcount_is_object,
                               .header = refcount_common_header,
                               .heap = gc};
    uint64_t live_bytes = 0;

    memset(&refcount_walk, 0, sizeof(refcount_walk));
    refcount_walk.wrong = hm_blocks_check(&gc->blocks);
    if (refcount_walk.wrong == NULL)
        refcount_walk.wrong = hm_extents_check(&gc->heap.large.extents);
    if (refcount_walk.wrong == NULL)
        refcount_check_blocks(gc);
    if (refcount_walk.wrong == NULL)
        live_bytes = refcount_check_objects(gc);
    if (refcount_walk.wrong == NULL)
        refcount_walk.wrong = hm_verify_trace(&verify);
    if (refcount_walk.wrong == NULL && HM_REFCOUNT_CYCLES)
        refcount_check_starts(gc, verify, live_bytes);
    *bytes = verify.reachable_bytes;
    return refcount_walk.wrong;
}

void hm_refcount_demand(struct hm_gc *gc)
{
    uint64_t bytes;
    const char *wrong = hm_refcount_check(gc, &bytes);

    if (wrong != NULL)
        hm_check_failed(__FILE__, __LINE__, wrong);
}
