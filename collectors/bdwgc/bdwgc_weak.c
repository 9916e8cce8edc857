/* SPDX-License-Identifier: MIT */
/* bdwgc_weak.c -- weak references by libgc's disappearing links, watched
 * objects by its finalizers, run on demand.
 *
 * A finalizer only moves the object's tokens to a list.  Until it has run,
 * libgc keeps the object and what it refers to, though no weak reference leads
 * there any more: the memory of watched objects is reclaimed one collection
 * after the tokens are taken.  There are no ephemerons in libgc. */
#include "collectors/collector.h"

#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gc/gc.h>
#include <pthread.h>

/* Neither scanned nor collected: `next` is no reference to a heap object. */
struct bdwgc_token {
    struct bdwgc_token *next;
    uint64_t token;
};

static struct bdwgc_token *bdwgc_dead;
static pthread_mutex_t bdwgc_dead_lock = PTHREAD_MUTEX_INITIALIZER;

hm_ref hm_weak_new(struct hm_mutator *m, hm_ref target)
{
    hm_ref holder = hm_new_raw(m, HM_WEAK_BYTES);
    GC_hidden_pointer *word = hm_raw(holder, 0);

    *word = GC_HIDE_POINTER(target);
    if (GC_general_register_disappearing_link((void **)(void *)word, target) ==
        GC_NO_MEMORY)
        hm_bdwgc_exhausted(m, HM_WEAK_BYTES);
    GC_reachable_here(target);
    return holder;
}

static void *bdwgc_reveal(void *holder)
{
    GC_hidden_pointer word = *(GC_hidden_pointer *)hm_raw(holder, 0);

    return word == 0 ? NULL : GC_REVEAL_POINTER(word);
}

/* Another mutator's collection must not come while the target is in hiding. */
hm_ref hm_weak_get(struct hm_mutator *m, hm_ref holder)
{
    return m->thread.safepoint->is_shared
               ? GC_call_with_alloc_lock(bdwgc_reveal, holder)
               : bdwgc_reveal(holder);
}

/* All tokens of the object, newest first. */
static void bdwgc_found_dead(void *object, void *tokens)
{
    struct bdwgc_token *token = tokens, *next;

    (void)object;
    for (; token != NULL; token = next) {
        next = token->next;
        token->next = bdwgc_dead;
        bdwgc_dead = token;
    }
}

/* An object has one finalizer: the tokens before this one follow it. */
void hm_watch(struct hm_mutator *m, hm_ref o, uint64_t token)
{
    struct bdwgc_token *entry =
        GC_MALLOC_ATOMIC_UNCOLLECTABLE(sizeof(struct bdwgc_token));
    GC_finalization_proc before = NULL;
    void *tokens = NULL;

    if (entry == NULL)
        hm_bdwgc_exhausted(m, sizeof(*entry));
    entry->next = NULL;
    entry->token = token;
    GC_register_finalizer_no_order(o, bdwgc_found_dead, entry, &before,
                                   &tokens);
    entry->next = before == NULL ? NULL : tokens;
    GC_reachable_here(o);
}

/* The lock is never held where memory is allocated. */
static struct bdwgc_token *bdwgc_take_dead(void)
{
    struct bdwgc_token *entry;

    HM_CHECK(pthread_mutex_lock(&bdwgc_dead_lock) == 0);
    if (bdwgc_dead == NULL && GC_should_invoke_finalizers())
        (void)GC_invoke_finalizers();
    entry = bdwgc_dead;
    if (entry != NULL)
        bdwgc_dead = entry->next;
    HM_CHECK(pthread_mutex_unlock(&bdwgc_dead_lock) == 0);
    return entry;
}

int hm_next_dead(struct hm_mutator *m, uint64_t *token)
{
    struct bdwgc_token *entry = bdwgc_take_dead();

    (void)m;
    if (entry == NULL)
        return 0;
    *token = entry->token;
    GC_FREE(entry);
    return 1;
}

/* Above the level of this strategy. */
hm_ref hm_ephemeron_new(struct hm_mutator *m, hm_ref key, hm_ref value)
{
    (void)m;
    (void)key;
    (void)value;
    hm_check_failed(__FILE__, __LINE__, "libgc has no ephemerons");
}

hm_ref hm_ephemeron_key(struct hm_mutator *m, hm_ref holder)
{
    return hm_ephemeron_new(m, holder, NULL);
}

hm_ref hm_ephemeron_value(struct hm_mutator *m, hm_ref holder)
{
    return hm_ephemeron_new(m, holder, NULL);
}
