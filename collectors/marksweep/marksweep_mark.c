/* SPDX-License-Identifier: MIT */
/* marksweep_mark.c -- a collection, and the checks around it. */
#include "collectors/marksweep/marksweep_heap.h"

static void marksweep_verify(struct hm_gc *gc, int is_after)
{
    uint64_t bytes = 0;
    const char *wrong = hm_marksweep_check(gc, &bytes);

    hm_heap_demand(&gc->heap, wrong, is_after ? bytes : gc->heap.live_bytes);
}

static void marksweep_close_holes(struct hm_gc *gc)
{
    struct hm_thread *thread = gc->heap.roots.threads;

    for (; thread != NULL; thread = thread->next)
        hm_holes_close(&((struct hm_mutator *)thread)->holes);
}

void hm_marksweep_collect(struct hm_gc *gc)
{
    uint64_t start_ns = hm_heap_stop(&gc->heap);

    if (gc->heap.config.verify)
        marksweep_verify(gc, 0);
    marksweep_close_holes(gc);
    hm_segregated_reset(&gc->space);
    hm_segregated_mark(&gc->space, &gc->marker);
    hm_marker_weak(&gc->marker, &gc->heap.weak);
    hm_large_sweep(&gc->heap.large);
    hm_segregated_sort(&gc->space);
    hm_heap_collected(&gc->heap, HM_PAUSE_full, start_ns,
                      gc->marker.marked_words * HM_WORD_BYTES);
    if (gc->heap.config.verify) {
        hm_segregated_poison(&gc->space);
        marksweep_verify(gc, 1);
    }
    hm_safepoint_resume(&gc->heap.safepoint);
}

const char *hm_marksweep_check(struct hm_gc *gc, uint64_t *bytes)
{
    struct hm_verify verify = {.roots = &gc->heap.roots,
                               .weak = &gc->heap.weak,
                               .is_object = hm_segregated_is_object,
                               .heap = &gc->space};
    const char *wrong = hm_segregated_check(&gc->space);

    if (wrong == NULL)
        wrong = hm_verify_trace(&verify);
    *bytes = verify.reachable_bytes;
    return wrong;
}
