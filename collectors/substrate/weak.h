/* SPDX-License-Identifier: MIT */
/* weak.h -- weak references, ephemerons and watched objects of a heap.
 *
 * A weak reference and an ephemeron are pointer-free objects whose raw words
 * hold what the marking must not see: the target; key and value.  The table
 * lists them, and the objects that are watched.  A collection, once it has
 * marked or copied what the roots reach, calls hm_weak_process(): ephemerons
 * first, to their fix-point, then dead targets are cleared and the tokens of
 * dead watched objects queued.
 *
 * What is referred to never changes after it was registered, so no barrier is
 * needed: entries of which all is old stay so, and a young collection looks at
 * the others only, which lie behind them.
 *
 * A collector that marks a snapshot while the program runs sets `on_get`: a
 * target that is read may have to be shaded.
 *
 * Source: B. Hayes, OOPSLA 1997 (ephemerons); an index by key makes the
 *         fix-point linear, as in V8's collector.
 * Costs:  nothing without entries.  8 bytes for a weak reference, 24 for a
 *         watched object and 28 to 32 for an ephemeron, charged in pages; a
 *         collection visits each entry once, an ephemeron at most four times.
 */
#ifndef HM_COLLECTORS_SUBSTRATE_WEAK_H
#define HM_COLLECTORS_SUBSTRATE_WEAK_H

#include "collectors/reference.h"
#include "collectors/substrate/budget.h"
#include "collectors/substrate/range.h"

#include <pthread.h>
#include <stdint.h>

/* A growing array; its pages are charged as they are used. */
struct hm_weak_list {
    struct hm_range range;
    size_t entry_bytes;
    size_t n;     /* entries */
    size_t n_old; /* the first of them need no look in a young collection */
    size_t charged_bytes;
};

enum hm_weak_kind {
    HM_WEAK_REFERENCE,
    HM_WEAK_EPHEMERON,
    HM_WEAK_WATCH,
    HM_WEAK_KINDS,
};

struct hm_weak_reference {
    hm_ref holder;
};

/* While a collection waits for key or holder, `waits_for` is that and `next`
 * another entry in the same list, as index + 1. */
struct hm_weak_ephemeron {
    hm_ref holder, waits_for;
    uint32_t next, reserved;
};

struct hm_weak_watch {
    hm_ref object;
    uint64_t token;
};

/* What a collection lends the table. */
struct hm_weak_pass {
    void *arg;
    /* Where `o`, not NULL, is now; NULL when it has not been reached. */
    hm_ref (*resolve)(void *arg, hm_ref o);
    /* Reaches what *slot refers to, as a root would, and updates it. */
    void (*mark)(void *arg, hm_ref *slot);
    /* Follows everything that mark() has reached.  Both of them, and only
     * they, call hm_weak_note() for each object when it is first reached. */
    void (*drain)(void *arg);
    /* Whether `o` is subject to young collections.  NULL: none there are. */
    int (*is_young)(void *arg, hm_ref o);
    int is_minor; /* old objects count as reached */
};

struct hm_weak {
    struct hm_budget *budget;
    size_t reach_bytes; /* of address space for each list */
    pthread_mutex_t lock;
    struct hm_weak_list list[HM_WEAK_KINDS];
    struct hm_weak_list index; /* uint32_t: entry + 1, by what it waits for */
    struct hm_weak_list dead;  /* uint64_t: tokens to deliver */
    unsigned index_shift;      /* of the hash; while a collection waits */
    uint32_t ready;            /* entries whose turn has come, index + 1 */
    uint64_t visits;           /* result of the last pass: of ephemerons */
    /* Called with each target that hm_weak_get or an ephemeron gives out;
     * NULL: nothing to do. */
    void (*on_get)(struct hm_mutator *m, hm_ref target);
};

/* Takes nothing before the first entry. */
void hm_weak_open(struct hm_weak *weak, struct hm_budget *budget);
void hm_weak_close(struct hm_weak *weak);

/* Bytes that another entry would take from the budget, mostly 0. */
size_t hm_weak_cost_bytes(struct hm_weak *weak, enum hm_weak_kind kind);

/* Registers a weak reference, an ephemeron or (with `token`) an object to be
 * watched.  Returns 1; 0 when budget or system refuse.  Any thread; no
 * collection may run. */
int hm_weak_add(struct hm_weak *weak, enum hm_weak_kind kind, hm_ref o,
                uint64_t token);

/* Takes a dead object's token.  0: there is none.  Any thread. */
int hm_weak_take_dead(struct hm_weak *weak, uint64_t *token);

/* After everything else that lives has been reached. */
void hm_weak_process(struct hm_weak *weak, const struct hm_weak_pass *pass);

/* During the `mark` and `drain` of a pass: `o` is reached; its address before
 * it moves. */
void hm_weak_note(struct hm_weak *weak, hm_ref o);

/* Visits all that refers to an object: to update what has been processed.
 * `is_moved`: objects are where `visit` leads; else still where the table says.
 */
void hm_weak_each(struct hm_weak *weak, void (*visit)(void *arg, hm_ref *slot),
                  void *arg, int is_moved);

/* Pages held, charged to the budget. */
size_t hm_weak_held_bytes(const struct hm_weak *weak);

static inline int hm_weak_is_empty(const struct hm_weak *weak)
{
    return weak->list[HM_WEAK_REFERENCE].n == 0 &&
           weak->list[HM_WEAK_EPHEMERON].n == 0 &&
           weak->list[HM_WEAK_WATCH].n == 0;
}

/* The raw words: a target, or key and value. */
enum { HM_WEAK_TARGET = 0, HM_WEAK_KEY = 0, HM_WEAK_VALUE = 1 };

static inline hm_ref *hm_weak_words(hm_ref holder)
{
    return (hm_ref *)holder;
}

static inline struct hm_weak_ephemeron *hm_weak_ephemerons(
    const struct hm_weak *weak)
{
    return (void *)weak->list[HM_WEAK_EPHEMERON].range.start;
}

static inline struct hm_weak_reference *hm_weak_references(
    const struct hm_weak *weak)
{
    return (void *)weak->list[HM_WEAK_REFERENCE].range.start;
}

static inline struct hm_weak_watch *hm_weak_watches(const struct hm_weak *weak)
{
    return (void *)weak->list[HM_WEAK_WATCH].range.start;
}

#endif /* HM_COLLECTORS_SUBSTRATE_WEAK_H */
