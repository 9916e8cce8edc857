/* SPDX-License-Identifier: MIT */
/* leak_view.c -- a large buffer comes in, and a view of 16 of its bytes stays:
 * the view keeps the whole buffer.
 *
 * Source:     substrings and typed arrays that share memory with what they are
 *             a part of: V8's sliced strings and ArrayBuffers, Java's substring
 *             before 7u6, Go's slices.
 * Differs:    a view is an object with a reference to the buffer, an offset and
 *             a length, as such languages make it.  The twin copies the bytes.
 * Invariants: the list holds the views of all steps, the latest first.
 * Costs:      one buffer per step, written in full, and a view; in the twin a
 *             copy of 16 bytes.
 * Threads:    one. */
#include "workloads/leak.h"

static const struct hm_param leak_view_params[] = {
    HM_LEAK_PARAMS(150, 1500, 1 << 20), {0}};

enum { VIEW_TEXT, VIEW_NEXT, VIEW_REFS };

struct leak_view_view { /* the raw half */
    uint32_t offset, bytes;
};

static const struct hm_layout leak_view_layout = {
    VIEW_REFS, sizeof(struct leak_view_view), "view"};

enum { ROOT_VIEWS };

enum { LEAK_VIEW_BYTES = 16, LEAK_VIEW_BATCH = 1 };

static uint32_t leak_view_bytes(const struct hm_object_run *run)
{
    uint64_t bytes = run->base.value[HM_LEAK_BYTES];

    return (uint32_t)(bytes < LEAK_VIEW_BYTES ? bytes : LEAK_VIEW_BYTES);
}

/* The bytes that count, in an object of their own; the buffer goes. */
static hm_ref leak_view_copy(struct hm_object_run *run, hm_ref buffer)
{
    struct hm_mutator *m = run->mutator;
    uint32_t bytes = leak_view_bytes(run);
    hm_ref copy;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, buffer);
    copy = hm_new_raw(m, bytes);
    memcpy(hm_raw(copy, 0), hm_raw(HM_GET(f, 0), 0), bytes);
    hm_dispose(m, HM_GET(f, 0));
    HM_LEAVE(m, f);
    return copy;
}

/* A view of the start of `text`, at the head of the list. */
static void leak_view_keep(struct hm_object_run *run, hm_ref text)
{
    struct hm_mutator *m = run->mutator;
    hm_ref view;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, text);
    view = hm_new(m, &leak_view_layout);
    *(struct leak_view_view *)hm_raw(view, VIEW_REFS) =
        (struct leak_view_view){0, leak_view_bytes(run)};
    hm_init(m, view, VIEW_TEXT, HM_GET(f, 0));
    hm_init(m, view, VIEW_NEXT, run->root[ROOT_VIEWS]);
    run->root[ROOT_VIEWS] = view;
    HM_LEAVE(m, f);
}

static void leak_view_step(struct hm_object_run *run, uint64_t i)
{
    hm_ref text = hm_leak_payload(run, i);

    if (hm_leak_is_twin(run))
        text = leak_view_copy(run, text);
    leak_view_keep(run, text);
    hm_leak_read(run, hm_load(run->mutator, run->root[ROOT_VIEWS], VIEW_TEXT));
}

static void leak_view_run(struct hm_object_run *run)
{
    hm_op_loop(run, run->base.value[HM_LEAK_STEPS], LEAK_VIEW_BATCH,
               leak_view_step);
}

static void leak_view_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref view = run->root[ROOT_VIEWS], next;

    for (; HM_GC_MANUAL && view != NULL; view = next) {
        next = hm_load(m, view, VIEW_NEXT);
        hm_dispose(m, hm_load(m, view, VIEW_TEXT));
        hm_dispose(m, view);
    }
    run->root[ROOT_VIEWS] = NULL;
}

const struct hm_object_workload hm_object_leak_view = {
    .name = "leak_view",
    .summary = "keeps 16 bytes of each buffer and so all of it",
    .source = "heapmark; workloads/README.md",
    .operation = "step",
    .params = leak_view_params,
    .leak = HM_LEAK_LOGICAL,
    .run = leak_view_run,
    .drop = leak_view_drop,
};
