/* SPDX-License-Identifier: MIT */
/* incremental_pace.c -- when marking begins and how fast it goes, so that it
 * ends before the heap is full and takes about a third of the time. */
#include "collectors/incremental/incremental_heap.h"

/* Until a marking has been measured: 3 ns for a unit of work, and one for each
 * eight bytes. */
static const double pace_first_rate = 0.3;
static const double pace_first_work = 0.125;

static const double pace_least_margin = 2, pace_most_margin = 8;

/* Marking takes part of the room that a collection leaves: from 1/16 of it, as
 * estimates can be wrong, to half, or the heap would be marked all the time. */
enum { PACE_LEAST_PART = 16, PACE_MOST_PART = 2, PACE_STRIDES = 32 };

enum { PACE_LEAST_STRIDE = 1 << 12, PACE_MOST_STRIDE = 1 << 16 };

enum { PACE_LEAST_WORK = 512 };

void hm_incremental_pace_open(struct hm_gc *gc)
{
    gc->ended_ns = hm_clock_now_ns();
    gc->pace = (struct incremental_pace){.mark_rate = pace_first_rate,
                                         .margin = pace_least_margin};
    gc->pace.free_bytes = hm_incremental_free_bytes(gc);
    gc->stride_bytes = gc->pace.free_bytes / PACE_STRIDES;
    if (gc->stride_bytes < PACE_LEAST_STRIDE)
        gc->stride_bytes = PACE_LEAST_STRIDE;
    if (gc->stride_bytes > PACE_MOST_STRIDE)
        gc->stride_bytes = PACE_MOST_STRIDE;
    if (gc->heap.config.param[INCREMENTAL_SLICE_WORK] != 0)
        gc->stride_bytes = 0;
}

size_t hm_incremental_free_bytes(const struct hm_gc *gc)
{
    const struct hm_budget *budget = &gc->heap.budget;
    const struct hm_extents *extents = &gc->heap.large.extents;
    size_t due = hm_pacer_left(&gc->heap.pacer, gc->heap.since_bytes), room;

    if (budget->limit_bytes == 0)
        return due;
    room = budget->limit_bytes - budget->held_bytes +
           (extents->backed_pages - extents->used_pages) * HM_PAGE_BYTES +
           hm_segregated_free_bytes(&gc->space);
    return room < due ? room : due;
}

static double pace_work(const struct hm_gc *gc)
{
    if (gc->pace.work == 0)
        return (double)gc->heap.since_bytes * pace_first_work;
    return (double)gc->pace.work * 1.125;
}

int hm_incremental_is_due(struct hm_gc *gc)
{
    struct incremental_pace *pace = &gc->pace;
    size_t free_bytes = hm_incremental_free_bytes(gc);
    uint64_t ns = hm_clock_now_ns() - gc->ended_ns;
    double rate = (double)gc->heap.since_bytes / (double)(ns + 1);
    double need;

    if (free_bytes > pace->free_bytes / PACE_MOST_PART)
        return 0;
    if (free_bytes <= pace->free_bytes / PACE_LEAST_PART)
        return 1;
    if (pace->alloc_rate > 0)
        rate = (rate + pace->alloc_rate) / 2;
    need = pace_work(gc) * rate / pace->mark_rate * pace->margin;
    return (double)free_bytes <= need;
}

int hm_incremental_is_overdue(const struct hm_gc *gc)
{
    size_t due = gc->heap.pacer.allowance_bytes;

    return due != SIZE_MAX && gc->stride_bytes != 0 &&
           gc->heap.since_bytes > due + due / 8;
}

uint64_t hm_incremental_goal(const struct hm_gc *gc)
{
    uint64_t single = gc->heap.config.param[INCREMENTAL_SLICE_WORK];
    double all = pace_work(gc), left = all - (double)gc->snapshot.work;
    double room = (double)hm_incremental_free_bytes(gc) * 0.75 + 1, goal;

    if (single != 0)
        return single;
    if (left < all / 16)
        left = all / 16;
    goal = left * (double)gc->step_bytes / room;
    if (goal < PACE_LEAST_WORK)
        return PACE_LEAST_WORK;
    return goal < UINT32_MAX ? (uint64_t)goal : UINT32_MAX;
}

void hm_incremental_pace_marked(struct hm_gc *gc, int is_late)
{
    struct incremental_pace *pace = &gc->pace;
    size_t free_bytes = hm_incremental_free_bytes(gc);
    double alloc = (double)gc->heap.since_bytes /
                   (double)(gc->begin_ns - gc->ended_ns + 1);
    double mark = (double)gc->snapshot.work / (double)(gc->marking_ns + 1);

    pace->alloc_rate =
        pace->alloc_rate > 0 ? (pace->alloc_rate + alloc) / 2 : alloc;
    pace->mark_rate = pace->work > 0 ? (pace->mark_rate + mark) / 2 : mark;
    pace->work = gc->snapshot.work;
    if (is_late) {
        pace->margin *= 1.5;
    } else if (free_bytes > pace->free_bytes / PACE_LEAST_PART) {
        pace->margin *= 0.95;
    }
    if (pace->margin < pace_least_margin)
        pace->margin = pace_least_margin;
    if (pace->margin > pace_most_margin)
        pace->margin = pace_most_margin;
}
