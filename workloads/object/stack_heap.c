/* SPDX-License-Identifier: MIT */
/* stack_heap.c -- one recursion, its frames on the stack or on the heap: what
 * a local variable, a local struct, alloca, a frame that is an object, or a
 * value that is an object costs.
 *
 * Source:     A. Appel, "Garbage collection can be faster than stack
 *             allocation", IPL 25(4), 1987: frames as objects; boxed values as
 *             in languages without unboxed integers.
 * Differs:    the call tree is complete and binary, F(d, x) = (F(d-1, x+1) xor
 *             F(d-1, 3x)) + c with c = (x+1) xor 3x, and F(0, x) = c.  An array
 *             of variable length is the same instructions as alloca.  Whether
 *             heap frames are malloc's, a region's or a collector's is the
 *             strategy's business.
 * Invariants: every variant computes the same number; a frame is alive while
 *             its call is.
 * Costs:      2^(d+1) calls; an object for each call in `frames`, about five in
 *             `boxed`.  In `deep` each subtree of depth 12 is computed below a
 *             chain of `levels` calls more, each with a frame and a root of
 *             its own.
 * Threads:    one. */
#include "workloads/object.h"

#include <alloca.h>

enum { STACK_HEAP_DEPTH, STACK_HEAP_VARIANT, STACK_HEAP_LEVELS };

enum { IN_LOCALS, IN_STRUCT, IN_ALLOCA, IN_FRAMES, IN_BOXES, IN_DEEP };

static const struct hm_param stack_heap_params[] = {
    {"depth", "of the call tree", 24, 29, 0, 40},
    {"variant",
     "0 locals, 1 struct, 2 alloca, 3 heap frames, 4 boxed values, 5 deep",
     IN_FRAMES, IN_FRAMES, IN_LOCALS, IN_DEEP},
    {"levels", "calls above each subtree (variant 5)", 10000, 10000, 1, 20000},
    {0},
};

enum { FRAME_PARENT, FRAME_REFS };

struct stack_heap_frame { /* the raw half; on the stack all of it */
    uint32_t x, a, b, c, e;
};

static const struct hm_layout stack_heap_frame_layout = {
    FRAME_REFS, sizeof(struct stack_heap_frame), "frame"};

enum { STACK_HEAP_X = 7, STACK_HEAP_SUBTREE = 12, STACK_HEAP_ALLOCA = 64 };

/* The frame is somewhere, and not in registers. */
#define STACK_HEAP_KEEP(frame) __asm__ volatile("" : : "r"(frame) : "memory")

static uint32_t stack_heap_locals(uint32_t depth, uint32_t x)
{
    uint32_t a = x + 1, b = x * 3, c = a ^ b;

    if (depth == 0)
        return c;
    return (stack_heap_locals(depth - 1, a) ^ stack_heap_locals(depth - 1, b)) +
           c;
}

static void stack_heap_fill(struct stack_heap_frame *frame, uint32_t depth,
                            uint32_t x)
{
    frame->x = x;
    frame->a = x + 1;
    frame->b = x * 3;
    frame->c = frame->a ^ frame->b;
    frame->e = frame->c + depth;
}

static uint32_t stack_heap_struct(uint32_t depth, uint32_t x)
{
    struct stack_heap_frame frame;
    uint32_t left;

    stack_heap_fill(&frame, depth, x);
    STACK_HEAP_KEEP(&frame);
    if (depth == 0)
        return frame.e;
    left = stack_heap_struct(depth - 1, frame.a);
    return (left ^ stack_heap_struct(depth - 1, frame.b)) + frame.c;
}

static uint32_t stack_heap_alloca(uint32_t depth, uint32_t x)
{
    struct stack_heap_frame *frame = alloca(STACK_HEAP_ALLOCA);
    uint32_t left;

    stack_heap_fill(frame, depth, x);
    STACK_HEAP_KEEP(frame);
    if (depth == 0)
        return frame->e;
    left = stack_heap_alloca(depth - 1, frame->a);
    return (left ^ stack_heap_alloca(depth - 1, frame->b)) + frame->c;
}

static struct stack_heap_frame *stack_heap_raw(hm_ref frame)
{
    return hm_raw(frame, FRAME_REFS);
}

/* `*slot`, a slot of the shadow stack, holds the caller's frame and then the
 * new one.  A GC point. */
static inline void stack_heap_enter(struct hm_mutator *m, hm_ref *slot,
                                    uint32_t depth, uint32_t x)
{
    hm_ref frame = hm_new(m, &stack_heap_frame_layout);

    hm_init(m, frame, FRAME_PARENT, *slot);
    stack_heap_fill(stack_heap_raw(frame), depth, x);
    *slot = frame;
}

static uint32_t stack_heap_frames(struct hm_object_run *run, uint32_t depth,
                                  hm_ref parent, uint32_t x)
{
    struct hm_mutator *m = run->mutator;
    uint32_t value, right;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, parent);
    stack_heap_enter(m, &HM_GET(f, 0), depth, x);
    if (depth == 0) {
        value = stack_heap_raw(HM_GET(f, 0))->e;
    } else {
        value = stack_heap_frames(run, depth - 1, HM_GET(f, 0),
                                  stack_heap_raw(HM_GET(f, 0))->a);
        right = stack_heap_frames(run, depth - 1, HM_GET(f, 0),
                                  stack_heap_raw(HM_GET(f, 0))->b);
        value = (value ^ right) + stack_heap_raw(HM_GET(f, 0))->c;
    }
    hm_dispose(m, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return value;
}

/* `levels` calls, each with a frame, and the subtree below them. */
static uint32_t stack_heap_deep(struct hm_object_run *run, uint64_t levels,
                                hm_ref parent, uint32_t depth, uint32_t x)
{
    struct hm_mutator *m = run->mutator;
    uint32_t value;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, parent);
    stack_heap_enter(m, &HM_GET(f, 0), depth, x);
    value = levels == 1
                ? stack_heap_frames(run, depth, HM_GET(f, 0), x)
                : stack_heap_deep(run, levels - 1, HM_GET(f, 0), depth, x);
    hm_dispose(m, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return value;
}

static hm_ref stack_heap_box(struct hm_mutator *m, uint32_t value)
{
    hm_ref box = hm_new_raw(m, sizeof(value));

    *(uint32_t *)hm_raw(box, 0) = value;
    return box;
}

static uint32_t stack_heap_unbox(hm_ref box)
{
    return *(const uint32_t *)hm_raw(box, 0);
}

/* Every value is a box; `x` stays the caller's. */
static hm_ref stack_heap_boxed(struct hm_mutator *m, uint32_t depth, hm_ref x)
{
    enum { X, A, B, C, E, LEFT, RIGHT, SLOTS };

    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, X, x);
    HM_SET(m, f, A, stack_heap_box(m, stack_heap_unbox(HM_GET(f, X)) + 1));
    HM_SET(m, f, B, stack_heap_box(m, stack_heap_unbox(HM_GET(f, X)) * 3));
    HM_SET(m, f, C,
           stack_heap_box(m, stack_heap_unbox(HM_GET(f, A)) ^
                                 stack_heap_unbox(HM_GET(f, B))));
    HM_SET(m, f, E, stack_heap_box(m, stack_heap_unbox(HM_GET(f, C)) + depth));
    if (depth > 0) {
        HM_SET(m, f, LEFT, stack_heap_boxed(m, depth - 1, HM_GET(f, A)));
        HM_SET(m, f, RIGHT, stack_heap_boxed(m, depth - 1, HM_GET(f, B)));
        hm_dispose(m, HM_GET(f, E));
        HM_SET(m, f, E,
               stack_heap_box(m, (stack_heap_unbox(HM_GET(f, LEFT)) ^
                                  stack_heap_unbox(HM_GET(f, RIGHT))) +
                                     stack_heap_unbox(HM_GET(f, C))));
        hm_dispose(m, HM_GET(f, LEFT));
        hm_dispose(m, HM_GET(f, RIGHT));
    }
    hm_dispose(m, HM_GET(f, A));
    hm_dispose(m, HM_GET(f, B));
    hm_dispose(m, HM_GET(f, C));
    HM_RETURN(m, f, E);
}

static uint32_t stack_heap_boxes(struct hm_mutator *m, uint32_t depth,
                                 uint32_t x)
{
    hm_ref result;
    uint32_t value;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, stack_heap_box(m, x));
    result = stack_heap_boxed(m, depth, HM_GET(f, 0));
    value = stack_heap_unbox(result);
    hm_dispose(m, result);
    hm_dispose(m, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return value;
}

static uint32_t stack_heap_variant(struct hm_object_run *run, uint32_t depth,
                                   uint32_t x)
{
    switch (run->base.value[STACK_HEAP_VARIANT]) {
    case IN_LOCALS:
        return stack_heap_locals(depth, x);
    case IN_STRUCT:
        return stack_heap_struct(depth, x);
    case IN_ALLOCA:
        return stack_heap_alloca(depth, x);
    case IN_FRAMES:
        return stack_heap_frames(run, depth, NULL, x);
    case IN_BOXES:
        return stack_heap_boxes(run->mutator, depth, x);
    default: /* IN_DEEP */
        return stack_heap_deep(run, run->base.value[STACK_HEAP_LEVELS], NULL,
                               depth, x);
    }
}

/* A sample: a subtree, the calls above it that are `deep`, and the one of the
 * tree above that is not counted elsewhere. */
static uint32_t stack_heap_subtree(struct hm_object_run *run, uint32_t depth,
                                   uint32_t x)
{
    uint64_t calls = UINT64_C(2) << depth;
    uint32_t value;

    if (run->base.value[STACK_HEAP_VARIANT] == IN_DEEP)
        calls += run->base.value[STACK_HEAP_LEVELS];
    hm_region_enter(run->mutator);
    value = stack_heap_variant(run, depth, x);
    hm_region_leave(run->mutator);
    hm_meter_mark(&run->base.meter, calls);
    return value;
}

/* The tree above the subtrees: locals, whatever the variant is. */
static uint32_t stack_heap_top(struct hm_object_run *run, uint32_t depth,
                               uint32_t x)
{
    uint32_t a = x + 1, b = x * 3, left;

    if (depth <= STACK_HEAP_SUBTREE)
        return stack_heap_subtree(run, depth, x);
    left = stack_heap_top(run, depth - 1, a);
    return (left ^ stack_heap_top(run, depth - 1, b)) + (a ^ b);
}

/* The number is the whole checksum. */
static void stack_heap_run(struct hm_object_run *run)
{
    uint32_t depth = (uint32_t)run->base.value[STACK_HEAP_DEPTH];

    hm_meter_start(&run->base.meter);
    run->base.checksum = stack_heap_top(run, depth, STACK_HEAP_X);
}

static void stack_heap_drop(struct hm_object_run *run)
{
    (void)run;
}

const struct hm_object_workload hm_object_stack_heap = {
    .name = "stack_heap",
    .summary = "one recursion, its frames on the stack or on the heap",
    .source = "frames as objects: A. Appel, IPL 25(4), 1987",
    .operation = "call",
    .params = stack_heap_params,
    .leak = HM_LEAK_NOT_ONE,
    .has_regions = 1,
    .run = stack_heap_run,
    .drop = stack_heap_drop,
};
