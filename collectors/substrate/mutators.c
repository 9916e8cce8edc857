/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/mutators.h"

#include "common/arena.h"

static size_t mutators_cost_bytes(const struct hm_mutators *mutators)
{
    return hm_round_up(mutators->bytes, HM_PAGE_BYTES);
}

/* Inside the slow path.  NULL: the budget has no room. */
static struct hm_thread *mutators_new(struct hm_mutators *mutators,
                                      struct hm_heap *heap)
{
    if (!mutators->first_is_taken) {
        mutators->first_is_taken = 1;
        return mutators->first;
    }
    if (!mutators->make_room(mutators_cost_bytes(mutators)) ||
        !hm_budget_take(&heap->budget, mutators_cost_bytes(mutators)))
        return NULL;
    mutators->n_more++;
    return hm_arena_reserve(mutators->bytes);
}

struct hm_thread *hm_mutators_attach(struct hm_mutators *mutators,
                                     struct hm_heap *heap)
{
    struct hm_thread *thread;
    int is_second;

    hm_safepoint_join(&heap->safepoint);
    thread = mutators_new(mutators, heap);
    if (thread == NULL) {
        hm_safepoint_joined(&heap->safepoint, 0);
        hm_safepoint_enter(&heap->safepoint);
        hm_safepoint_quit(&heap->safepoint);
        return NULL;
    }
    is_second = heap->roots.threads != NULL && !heap->safepoint.is_shared;
    hm_roots_attach(&heap->roots, thread);
    thread->safepoint = &heap->safepoint;
    hm_safepoint_joined(&heap->safepoint, is_second);
    return thread;
}

void hm_mutators_detach(struct hm_mutators *mutators, struct hm_heap *heap,
                        struct hm_thread *thread)
{
    hm_roots_detach(&heap->roots, thread);
    if (thread == mutators->first) {
        mutators->first_is_taken = 0;
    } else {
        hm_budget_give(&heap->budget, mutators_cost_bytes(mutators));
        mutators->n_more--;
        hm_arena_release(thread, mutators->bytes);
    }
    hm_safepoint_quit(&heap->safepoint);
}
