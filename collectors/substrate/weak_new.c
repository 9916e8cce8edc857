/* SPDX-License-Identifier: MIT */
/* weak_new.c -- the functions of weak_api.h over the table in struct hm_heap;
 * compiled with each collector that has one. */
#include "collectors/substrate/heap.h"

/* Registers, after a collection if there is no room: then `o` may move.  Under
 * the heap's lock, where nobody else takes what the budget was found to have.
 */
static hm_ref weak_register(struct hm_mutator *m, enum hm_weak_kind kind,
                            hm_ref o, uint64_t token)
{
    struct hm_heap *heap = hm_gc_heap(m);

    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, o);
    for (int tries = 0;; tries++) {
        size_t bytes;

        hm_safepoint_enter(&heap->safepoint);
        bytes = hm_weak_cost_bytes(&heap->weak, kind);
        if ((bytes == 0 || hm_gc_spare(m, bytes)) &&
            hm_weak_add(&heap->weak, kind, HM_GET(f, 0), token))
            break;
        if (tries == 1)
            hm_heap_exhausted(heap, bytes);
        hm_safepoint_leave(&heap->safepoint);
        hm_gc_collect(m);
    }
    hm_safepoint_leave(&heap->safepoint);
    HM_RETURN(m, f, 0);
}

hm_ref hm_weak_new(struct hm_mutator *m, hm_ref target)
{
    hm_ref holder;

    HM_FRAME(m, f, 2);

    HM_ASSERT(target != NULL);
    HM_SET(m, f, 0, target);
    holder = hm_new_raw(m, HM_WEAK_BYTES);
    HM_SET(m, f, 1, holder);
    hm_weak_words(holder)[HM_WEAK_TARGET] = NULL;
    holder = weak_register(m, HM_WEAK_REFERENCE, holder, 0);
    hm_weak_words(holder)[HM_WEAK_TARGET] = HM_GET(f, 0);
    HM_LEAVE(m, f);
    return holder;
}

hm_ref hm_weak_get(struct hm_mutator *m, hm_ref holder)
{
    hm_ref target = hm_weak_words(holder)[HM_WEAK_TARGET];
    const struct hm_weak *weak = &hm_gc_heap(m)->weak;

    if (weak->on_get != NULL && target != NULL)
        weak->on_get(m, target);
    return target;
}

hm_ref hm_ephemeron_new(struct hm_mutator *m, hm_ref key, hm_ref value)
{
    hm_ref holder;

    HM_FRAME(m, f, 2);

    HM_ASSERT(key != NULL);
    HM_SET(m, f, 0, key);
    HM_SET(m, f, 1, value);
    holder = hm_new_raw(m, HM_EPHEMERON_BYTES);
    holder = weak_register(m, HM_WEAK_EPHEMERON, holder, 0);
    hm_weak_words(holder)[HM_WEAK_KEY] = HM_GET(f, 0);
    hm_weak_words(holder)[HM_WEAK_VALUE] = HM_GET(f, 1);
    HM_LEAVE(m, f);
    return holder;
}

hm_ref hm_ephemeron_key(struct hm_mutator *m, hm_ref holder)
{
    return hm_weak_get(m, holder);
}

hm_ref hm_ephemeron_value(struct hm_mutator *m, hm_ref holder)
{
    hm_ref value = hm_weak_words(holder)[HM_WEAK_VALUE];
    const struct hm_weak *weak = &hm_gc_heap(m)->weak;

    if (weak->on_get != NULL && value != NULL)
        weak->on_get(m, value);
    return value;
}

void hm_watch(struct hm_mutator *m, hm_ref o, uint64_t token)
{
    HM_ASSERT(o != NULL);
    (void)weak_register(m, HM_WEAK_WATCH, o, token);
}

int hm_next_dead(struct hm_mutator *m, uint64_t *token)
{
    return hm_weak_take_dead(&hm_gc_heap(m)->weak, token);
}
