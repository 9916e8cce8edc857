/* SPDX-License-Identifier: MIT */
/* weak_api.h -- the last part of mutator.h, which includes it: weak references,
 * ephemerons and watched objects.
 *
 * HM_GC_WEAK says what a strategy has: 0 nothing, 1 weak references and watched
 * objects, 2 ephemerons too.  What lies above its level must not be called.
 * Where the program frees by hand (HM_GC_MANUAL) weak references and ephemerons
 * are plain ones that the program itself clears when it disposes of the target
 * or key, and no object is found dead: `if (HM_GC_MANUAL)` guards that.
 * Elsewhere hm_weak_clear does nothing.
 *
 * A holder is an object without references: what it refers to, fixed at its
 * birth, is not kept alive by it.  A target, key or watched object is not
 * passed to hm_dispose where HM_GC_WEAK is not 0. */
#ifndef HM_COLLECTORS_WEAK_API_H
#define HM_COLLECTORS_WEAK_API_H

#include "collectors/mutator.h"

#ifndef HM_GC_WEAK
#define HM_GC_WEAK 0
#endif

enum { HM_WEAK_BYTES = 8, HM_EPHEMERON_BYTES = 16 }; /* raw, of a holder */

#if HM_GC_WEAK
/* A holder that refers to `target`, not NULL.  A GC point. */
hm_ref hm_weak_new(struct hm_mutator *m, hm_ref target);

/* The target; NULL after a collection has found it otherwise unreachable. */
hm_ref hm_weak_get(struct hm_mutator *m, hm_ref holder);

/* A holder that keeps `value` alive while it and `key`, not NULL, are.  A GC
 * point. */
hm_ref hm_ephemeron_new(struct hm_mutator *m, hm_ref key, hm_ref value);

/* NULL, both of them, after a collection has found the key dead. */
hm_ref hm_ephemeron_key(struct hm_mutator *m, hm_ref holder);
hm_ref hm_ephemeron_value(struct hm_mutator *m, hm_ref holder);

/* Once a collection has found `o` dead, hm_next_dead gives `token` out.  Each
 * call counts, also for the same object.  A GC point. */
void hm_watch(struct hm_mutator *m, hm_ref o, uint64_t token);

/* The token of a dead object, each once, in any order.  0: there is none. */
int hm_next_dead(struct hm_mutator *m, uint64_t *token);

static inline void hm_weak_clear(struct hm_mutator *m, hm_ref holder)
{
    (void)m;
    (void)holder;
}

#else
#include "common/check.h"

static inline hm_ref hm_weak_new_plain(struct hm_mutator *m, hm_ref a, hm_ref b,
                                       size_t bytes)
{
    hm_ref holder;

    HM_CHECK(HM_GC_MANUAL); /* a workload must ask for what it needs */
    holder = hm_new_raw(m, bytes);
    memcpy(hm_raw(holder, 0), &a, sizeof(hm_ref));
    if (bytes == HM_EPHEMERON_BYTES)
        memcpy((hm_ref *)hm_raw(holder, 0) + 1, &b, sizeof(hm_ref));
    return holder;
}

static inline hm_ref hm_weak_word(hm_ref holder, size_t i)
{
    hm_ref o;

    memcpy(&o, (hm_ref *)hm_raw(holder, 0) + i, sizeof(hm_ref));
    return o;
}

static inline hm_ref hm_weak_new(struct hm_mutator *m, hm_ref target)
{
    return hm_weak_new_plain(m, target, NULL, HM_WEAK_BYTES);
}

static inline hm_ref hm_weak_get(struct hm_mutator *m, hm_ref holder)
{
    (void)m;
    return hm_weak_word(holder, 0);
}

static inline hm_ref hm_ephemeron_new(struct hm_mutator *m, hm_ref key,
                                      hm_ref value)
{
    return hm_weak_new_plain(m, key, value, HM_EPHEMERON_BYTES);
}

static inline hm_ref hm_ephemeron_key(struct hm_mutator *m, hm_ref holder)
{
    (void)m;
    return hm_weak_word(holder, 0);
}

static inline hm_ref hm_ephemeron_value(struct hm_mutator *m, hm_ref holder)
{
    (void)m;
    return hm_weak_word(holder, 0) == NULL ? NULL : hm_weak_word(holder, 1);
}

static inline void hm_watch(struct hm_mutator *m, hm_ref o, uint64_t token)
{
    (void)m;
    (void)o;
    (void)token;
}

static inline int hm_next_dead(struct hm_mutator *m, uint64_t *token)
{
    (void)m;
    *token = 0; /* none; defined all the same */
    return 0;
}

/* The target or key is about to be disposed of. */
static inline void hm_weak_clear(struct hm_mutator *m, hm_ref holder)
{
    (void)m;
    memset(hm_raw(holder, 0), 0, sizeof(hm_ref));
}
#endif

#endif /* HM_COLLECTORS_WEAK_API_H */
