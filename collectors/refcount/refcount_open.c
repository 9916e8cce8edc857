/* SPDX-License-Identifier: MIT */
/* Opening and closing, full collections, and how the table grows. */
#include "collectors/refcount/refcount_heap.h"

static struct hm_gc refcount_gc;

__attribute__((noinline)) void hm_refcount_note_slow(struct hm_mutator *m,
                                                     uint64_t *header)
{
    struct hm_gc *gc = m->gc;
    struct hm_refcount_table *table = &m->zero;
    struct hm_range *range = &gc->zero_range;
    size_t n = (size_t)(table->end - table->start);
    size_t max = gc->param[REFCOUNT_TABLE];
    size_t bytes = n * sizeof(header) + REFCOUNT_TABLE_BYTES;

    if (n >= max || bytes > range->bytes ||
        !hm_budget_take(&gc->heap.budget, REFCOUNT_TABLE_BYTES)) {
        table->has_dropped = 1;
        m->poll_at = table->start;
        return;
    }
    HM_CHECK(hm_range_extend(range, bytes));
    n = bytes / sizeof(header) < max ? bytes / sizeof(header) : max;
    table->end = table->start + n;
    *table->top++ = header;
}

static void refcount_open_class(struct hm_gc *gc, unsigned c)
{
    unsigned cell = hm_size_class_words(c), cells = HM_BLOCK_WORDS / cell;

    gc->class[c] = (struct refcount_class){
        .block = HM_BLOCK_NONE,
        .partial = HM_BLOCK_NONE,
        .cell = cell,
        .end = cells * cell,
        .list_at = cells - (cells < 8 ? 1 : cells / 8),
    };
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &refcount_gc;
    struct hm_mutator *m = &gc->mutator;
    size_t reach = hm_range_reach(config->heap_bytes);

    if (!hm_heap_open(&gc->heap, config, sizeof(*gc), why) ||
        !hm_blocks_open(&gc->blocks, reach, &gc->heap.budget, config->verify) ||
        !hm_range_open(&gc->zero_range, reach) ||
        !hm_refcount_cycles_open(gc)) {
        hm_gc_close(gc);
        return NULL;
    }
    m->zero.start = m->zero.top = m->zero.end = (void *)gc->zero_range.start;
    for (unsigned c = 0; c < HM_SIZE_CLASSES; c++)
        refcount_open_class(gc, c);
    m->gc = gc;
    m->poll_at = m->zero.start + REFCOUNT_RUNS;
    for (int i = 0; i < REFCOUNT_OWN; i++)
        gc->param[i] = (size_t)config->param[i];
    gc->due_bytes = config->stress_bytes != 0 ? config->stress_bytes
                                              : gc->param[REFCOUNT_INTERVAL];
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    hm_refcount_cycles_close();
    hm_range_close(&gc->zero_range);
    hm_blocks_close(&gc->blocks);
    hm_heap_close(&gc->heap);
    *gc = (struct hm_gc){0};
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    return hm_heap_attach(&gc->heap, &gc->mutator.thread) ? &gc->mutator : NULL;
}

void hm_gc_detach(struct hm_mutator *m)
{
    hm_heap_detach(&m->gc->heap, &m->thread);
}

void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n)
{
    hm_roots_add(&gc->heap.roots, slot, n);
}

void hm_gc_collect(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;
    uint64_t start_ns;

    if (gc->heap.config.verify)
        hm_refcount_demand(gc);
    start_ns = hm_clock_now_ns();
    hm_refcount_settle(gc);
    hm_refcount_cycles_find(gc);
    hm_refcount_settle(gc);
    hm_refcount_give_back(gc);
    gc->heap.collections++;
    hm_pause_log_add(gc->heap.config.log, HM_PAUSE_full, start_ns,
                     hm_clock_now_ns());
    if (gc->heap.config.verify)
        hm_refcount_demand(gc);
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    hm_heap_stats(&gc->heap, stats);
}

const char *hm_gc_check(struct hm_gc *gc)
{
    uint64_t bytes;

    return hm_refcount_check(gc, &bytes);
}
