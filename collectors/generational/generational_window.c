/* SPDX-License-Identifier: MIT */
/* Room for the copies of a young collection's threads: windows of the nursery
 * and cells of the old space.  generational_parallel.c has the reasons. */
#include "collectors/generational/generational_worker.h"

/* Of a window: what is larger does not begin one. */
enum { WINDOW_PART = 4 };

void hm_generational_window_retire(struct generational_worker *w)
{
    size_t rest = (size_t)(w->limit - w->free);
    size_t spared = w->window_words - rest + w->unspared_words;

    if (rest > 0)
        *w->free = hm_header_make(rest, 0);
    w->gap_words += rest;
    w->free = w->limit;
    w->window_words = w->unspared_words = 0;
    atomic_fetch_add(&w->team->spare_words, (ptrdiff_t)spared);
}

/* The next `words` of to-space, which has them. */
static uint64_t *window_take(struct generational_worker *w, size_t words)
{
    size_t used = atomic_fetch_add(&w->team->used_words, words);

    HM_ASSERT((used + words) * HM_WORD_BYTES <= w->gc->nursery.capacity_bytes);
    return w->team->minor->free + used;
}

/* Begins another window.  0: what it left could be missing later. */
static int window_open(struct generational_worker *w)
{
    ptrdiff_t words = (ptrdiff_t)w->team->window_words;
    _Atomic(ptrdiff_t) *spare = &w->team->spare_words;

    hm_generational_window_retire(w);
    if (atomic_load(spare) < words)
        return 0;
    if (atomic_fetch_sub(spare, words) < words) {
        atomic_fetch_add(spare, words);
        return 0;
    }
    w->free = window_take(w, (size_t)words);
    w->limit = w->free + words;
    w->window_words = (size_t)words;
    return 1;
}

__attribute__((noinline)) uint64_t *hm_generational_window_slow(
    struct generational_worker *w, size_t words, int is_last)
{
    const struct generational_team *team = w->team;
    uint64_t *to;

    if (!is_last && atomic_load(&team->used_words) >= team->crowded_words)
        return NULL;
    if (words > team->window_words / WINDOW_PART || !window_open(w))
        return window_take(w, words);
    to = w->free;
    w->free += words;
    return to;
}

__attribute__((noinline)) uint64_t *hm_generational_cell_slow(
    struct generational_worker *w, size_t words)
{
    struct generational_team *team = w->team;
    struct generational_old *old = &w->gc->old;
    uint64_t *to = NULL;

    if (words >= w->refused_words)
        return NULL;
    pthread_mutex_lock(&team->old_lock);
    if (words < team->minor->refused_words) {
        old->free = w->old_free;
        old->limit = w->old_limit;
        to = hm_generational_old_slow(w->gc, words);
        w->old_free = old->free;
        w->old_limit = old->limit;
        if (to == NULL) {
            team->minor->refused_words = words;
            w->gc->has_failed_promotion = 1;
        }
    }
    w->refused_words = team->minor->refused_words;
    pthread_mutex_unlock(&team->old_lock);
    return to;
}
