/* SPDX-License-Identifier: MIT */
/* incremental_cycle.c -- a collection: its phases, in steps or at once. */
#include "collectors/incremental/incremental_heap.h"

enum {
    CYCLE_QUANTUM = 1024,   /* work between two looks at the clock */
    CYCLE_SORT_BLOCKS = 64, /* per step; less than 20 us */
    CYCLE_SORT_LARGE = 64,
};

static void cycle_root(void *snapshot, hm_ref *slot)
{
    if (*slot != NULL)
        hm_snapshot_grey(snapshot, *slot);
}

/* Takes the snapshot. */
static void cycle_begin(struct hm_gc *gc)
{
    HM_ASSERT(gc->phase == INCREMENTAL_IDLE);
    gc->begin_ns = hm_clock_now_ns();
    gc->marking_ns = 0;
    gc->black_large_bytes = 0;
    hm_segregated_begin(&gc->space, &gc->mutator.holes);
    hm_snapshot_begin(&gc->snapshot, &gc->space);
    hm_roots_each(&gc->heap.roots, cycle_root, &gc->snapshot);
    gc->mutator.is_marking = 1;
    gc->phase = INCREMENTAL_MARKING;
}

static void cycle_end_weak(struct hm_gc *gc)
{
    uint64_t start_ns = hm_clock_now_ns();

    hm_snapshot_weak(&gc->snapshot, &gc->heap.weak);
    gc->marking_ns += hm_clock_now_ns() - start_ns;
}

static void cycle_end_verify(struct hm_gc *gc)
{
    const char *wrong = hm_incremental_check_marked(gc);

    if (wrong != NULL)
        hm_check_failed(__FILE__, __LINE__, wrong);
}

/* Everything is marked but for what ephemerons keep, and this thread owns the
 * marking. */
static void cycle_end(struct hm_gc *gc, int is_late)
{
    uint64_t end_ns, live_bytes;

    cycle_end_weak(gc);
    if (gc->heap.config.verify)
        cycle_end_verify(gc);
    gc->mutator.is_marking = 0;
    hm_segregated_turn(&gc->space, &gc->mutator.holes);
    live_bytes =
        (gc->snapshot.marked_words + gc->space.black_words) * HM_WORD_BYTES +
        gc->heap.large.marked_bytes + gc->black_large_bytes;
    hm_large_sweep_begin(&gc->heap.large);
    hm_incremental_pace_marked(gc, is_late);
    end_ns = hm_clock_now_ns();
    hm_heap_counted(&gc->heap, end_ns - gc->marking_ns, end_ns, live_bytes);
    gc->ended_ns = end_ns;
    gc->phase = INCREMENTAL_SORTING;
    if (gc->heap.config.verify)
        hm_segregated_poison(&gc->space);
}

static void cycle_sort(struct hm_gc *gc, uint32_t max_blocks, size_t max_large)
{
    int blocks = hm_segregated_sort_some(&gc->space, max_blocks);
    int large = hm_large_sweep_some(&gc->heap.large, max_large);

    if (blocks || large)
        return;
    gc->phase = INCREMENTAL_IDLE;
    gc->pace.free_bytes = hm_incremental_free_bytes(gc);
}

int hm_incremental_slice(struct hm_gc *gc, uint64_t work)
{
    uint64_t slice_ns = gc->heap.config.param[INCREMENTAL_SLICE_US] * 1000;
    uint64_t start_ns = hm_clock_now_ns(), now_ns;
    uint64_t until = gc->snapshot.work + work;
    int is_left;

    do {
        uint64_t left = until - gc->snapshot.work;

        is_left = hm_snapshot_step(&gc->snapshot,
                                   left < CYCLE_QUANTUM ? left : CYCLE_QUANTUM);
        now_ns = hm_clock_now_ns();
    } while (is_left && gc->snapshot.work < until &&
             now_ns - start_ns < slice_ns);
    gc->marking_ns += now_ns - start_ns;
    return is_left;
}

void hm_incremental_step(struct hm_gc *gc, uint64_t work)
{
    int is_single = gc->heap.config.param[INCREMENTAL_SLICE_WORK] != 0;
    enum hm_pause_kind kind = HM_PAUSE_increment;
    uint64_t start_ns = hm_clock_now_ns();

    if (gc->phase == INCREMENTAL_MARKING && hm_incremental_is_overdue(gc)) {
        hm_incremental_complete(gc);
        return;
    }
    if (gc->phase == INCREMENTAL_SORTING) {
        kind = HM_PAUSE_sweep;
        cycle_sort(gc, is_single ? 1 : CYCLE_SORT_BLOCKS,
                   is_single ? 1 : CYCLE_SORT_LARGE);
    } else if (gc->phase == INCREMENTAL_MARKING) {
        if (!hm_incremental_marker_step(gc, work))
            cycle_end(gc, 0);
    } else if (is_single || hm_incremental_is_due(gc)) {
        cycle_begin(gc);
        gc->marking_ns += hm_clock_now_ns() - start_ns;
        hm_incremental_marker_start(gc);
    }
    gc->step_bytes = 0;
    hm_pause_log_add(gc->heap.config.log, kind, start_ns, hm_clock_now_ns());
}

/* Marks what is left in one go. */
static void cycle_finish(struct hm_gc *gc, int is_late)
{
    uint64_t start_ns = hm_clock_now_ns();

    hm_incremental_marker_stop(gc);
    while (hm_snapshot_step(&gc->snapshot, UINT32_MAX)) {
    }
    gc->marking_ns += hm_clock_now_ns() - start_ns;
    cycle_end(gc, is_late);
}

void hm_incremental_complete(struct hm_gc *gc)
{
    uint64_t start_ns = hm_clock_now_ns();
    int is_marking = gc->phase == INCREMENTAL_MARKING;

    if (is_marking)
        cycle_finish(gc, 1);
    if (gc->phase == INCREMENTAL_SORTING)
        cycle_sort(gc, UINT32_MAX, SIZE_MAX);
    HM_ASSERT(gc->phase == INCREMENTAL_IDLE);
    gc->step_bytes = 0;
    hm_pause_log_add(gc->heap.config.log,
                     is_marking ? HM_PAUSE_full : HM_PAUSE_sweep, start_ns,
                     hm_clock_now_ns());
}

static void cycle_verify(struct hm_gc *gc, int is_after)
{
    uint64_t bytes = 0;
    const char *wrong = hm_incremental_check(gc, &bytes);

    hm_heap_demand(&gc->heap, wrong, is_after ? bytes : gc->heap.live_bytes);
}

void hm_incremental_full(struct hm_gc *gc)
{
    uint64_t start_ns;

    if (gc->phase != INCREMENTAL_IDLE)
        hm_incremental_complete(gc);
    if (gc->heap.config.verify)
        cycle_verify(gc, 0);
    start_ns = hm_clock_now_ns();
    cycle_begin(gc);
    cycle_finish(gc, 0);
    cycle_sort(gc, UINT32_MAX, SIZE_MAX);
    gc->step_bytes = 0;
    hm_pause_log_add(gc->heap.config.log, HM_PAUSE_full, start_ns,
                     hm_clock_now_ns());
    if (gc->heap.config.verify)
        cycle_verify(gc, 1);
}
