/* SPDX-License-Identifier: MIT */
/* A trial of bounded width.  Its objects are those reached first from one
 * suspect, breadth first; the references among them are discounted, and what
 * then has none, and is not reached from one that has, is garbage.  That holds
 * for any set of objects, so what does not fit is simply left outside: it may
 * keep garbage, never free what lives.
 *
 * Leaves stay outside too: their count tells when they are garbage.
 *
 * So that suspects that hang together do not each go through the same objects
 * in vain, those in a trial that was not wide enough wait for a round of the
 * other kind, and no trial of this round enters them again. */
#include "collectors/refcount_cycle/refcount_cycle_heap.h"

/* The objects, those that were suspect by address + 1, and behind them room
 * for as many that are to be followed because they live. */
struct cycle_trial {
    uintptr_t *object;
    size_t n;
    uint64_t **alive;
    size_t work, width;
    int is_cut;
    uint64_t waiting; /* flags of suspects that this round does not enter */
};

enum { CYCLE_SUSPECT = HM_REFCOUNT_PURPLE | HM_REFCOUNT_LATE };

static inline uint64_t *cycle_object(const struct cycle_trial *trial, size_t i)
{
    uint64_t *header;
    uintptr_t address = trial->object[i] & ~(uintptr_t)1;

    memcpy(&header, &address, sizeof(header));
    return header;
}

static inline int cycle_was_suspect(const struct cycle_trial *trial, size_t i)
{
    return (trial->object[i] & 1) != 0;
}

/* Whether an object that is not in the trial has a place there. */
static inline int cycle_fits(struct cycle_trial *trial, uint64_t *header)
{
    if ((*header & CYCLE_SUSPECT) == trial->waiting ||
        hm_refcount_refs(header) >= trial->width - trial->work) {
        trial->is_cut = 1;
        return 0;
    }
    return 1;
}

static inline void cycle_enter(struct cycle_trial *trial, uint64_t *header)
{
    uint64_t h = *header;

    HM_ASSERT((h & HM_REFCOUNT_LIVE) && (h & HM_REFCOUNT_ANY_REFS));
    HM_ASSERT((h & (HM_REFCOUNT_GRAY | HM_REFCOUNT_BLACK)) == 0);
    trial->work += hm_refcount_refs(header) + 1;
    trial->object[trial->n++] =
        (uintptr_t)header | ((h & HM_REFCOUNT_PURPLE) != 0);
    *header = (h & ~(uint64_t)CYCLE_SUSPECT) | HM_REFCOUNT_GRAY;
}

/* Takes back the references from an object to those in the trial. */
static void cycle_gray(struct cycle_trial *trial, uint64_t *header)
{
    size_t n = hm_refcount_refs(header);

    for (size_t i = 0; i < n; i++) {
        hm_ref o = hm_slots_of((hm_ref)(header + 1))[i];
        uint64_t *child;

        if (o == NULL)
            continue;
        child = hm_header_of(o);
        if ((*child & HM_REFCOUNT_GRAY) == 0) {
            if ((*child & HM_REFCOUNT_ANY_REFS) == 0 ||
                !cycle_fits(trial, child))
                continue;
            cycle_enter(trial, child);
        }
        HM_ASSERT(*child >= HM_REFCOUNT_ONE);
        *child -= HM_REFCOUNT_ONE;
    }
}

static inline void cycle_blacken(uint64_t *header)
{
    HM_ASSERT(*header & HM_REFCOUNT_GRAY);
    *header ^= HM_REFCOUNT_GRAY | HM_REFCOUNT_BLACK;
}

/* Gives the references from one that lives to those in the trial back; they
 * live too. */
static size_t cycle_give(struct cycle_trial *trial, uint64_t *header, size_t n)
{
    size_t n_refs = hm_refcount_refs(header);

    for (size_t i = 0; i < n_refs; i++) {
        hm_ref o = hm_slots_of((hm_ref)(header + 1))[i];
        uint64_t *child;

        if (o == NULL)
            continue;
        child = hm_header_of(o);
        if ((*child & (HM_REFCOUNT_GRAY | HM_REFCOUNT_BLACK)) == 0)
            continue;
        *child += HM_REFCOUNT_ONE;
        if (*child & HM_REFCOUNT_GRAY) {
            cycle_blacken(child);
            trial->alive[n++] = child;
        }
    }
    return n;
}

/* One that something outside refers to lives.  What only a root keeps stays
 * suspect: that the root goes, nobody will tell. */
static void cycle_scan(struct cycle_trial *trial)
{
    for (size_t i = 0; i < trial->n; i++) {
        uint64_t *header = cycle_object(trial, i), h = *header;
        size_t n = 0;

        if ((h & HM_REFCOUNT_GRAY) == 0 ||
            (h < HM_REFCOUNT_ONE &&
             (h & (HM_REFCOUNT_ROOTED | HM_REFCOUNT_TABLE)) == 0))
            continue;
        if (h < HM_REFCOUNT_ONE)
            *header |= HM_REFCOUNT_PURPLE;
        cycle_blacken(header);
        trial->alive[n++] = header;
        while (n > 0) {
            header = trial->alive[--n];
            n = cycle_give(trial, header, n);
        }
    }
}

/* Counts down what garbage refers to outside of it. */
static void cycle_discount(struct hm_gc *gc, uint64_t *header)
{
    size_t n = hm_refcount_refs(header);

    for (size_t i = 0; i < n; i++) {
        hm_ref o = hm_slots_of((hm_ref)(header + 1))[i];

        if (o == NULL || (*hm_header_of(o) & HM_REFCOUNT_GRAY))
            continue;
        if (*hm_header_of(o) & HM_REFCOUNT_BLACK)
            *hm_header_of(o) += HM_REFCOUNT_ONE; /* was taken back */
        hm_refcount_discount(gc, o);
    }
}

/* Frees the garbage. */
static void cycle_free(struct hm_gc *gc, struct cycle_trial *trial)
{
    for (size_t i = 0; i < trial->n; i++) {
        if (*cycle_object(trial, i) & HM_REFCOUNT_GRAY)
            cycle_discount(gc, cycle_object(trial, i));
    }
    for (size_t i = 0; i < trial->n; i++) {
        uint64_t *header = cycle_object(trial, i);

        if (*header & HM_REFCOUNT_BLACK)
            continue;
        HM_ASSERT(*header < HM_REFCOUNT_ONE && (*header & HM_REFCOUNT_GRAY));
        gc->object_bytes -= refcount_words(header) * HM_WORD_BYTES;
        hm_refcount_release(gc, header);
        trial->object[i] = 0;
    }
}

/* Takes the colour from what lives.  If the trial was cut, it said nothing of
 * its suspects. */
static void cycle_leave(struct cycle_trial *trial)
{
    uint64_t again = trial->waiting;

    for (size_t i = 0; i < trial->n; i++) {
        uint64_t *header = cycle_object(trial, i);

        if (header == NULL)
            continue;
        *header &= ~(uint64_t)HM_REFCOUNT_BLACK;
        if (trial->is_cut && cycle_was_suspect(trial, i))
            *header = (*header & ~(uint64_t)CYCLE_SUSPECT) | again;
    }
}

void hm_refcount_cycle_try(struct hm_gc *gc, uint64_t *header, size_t width)
{
    struct refcount_cycle *cycle = &hm_refcount_cycle;
    struct cycle_trial trial = {
        .object = (uintptr_t *)cycle->queue.stack,
        .alive = cycle->queue.stack + cycle->widest / 2,
        .width = width,
        .waiting = cycle->round.level == 0 ? CYCLE_SUSPECT : HM_REFCOUNT_PURPLE,
    };
    uint64_t before = gc->object_bytes;

    HM_ASSERT(width <= cycle->widest);
    if (hm_refcount_refs(header) >= width) {
        trial.is_cut = 1;
        *header ^= HM_REFCOUNT_LATE;
    } else {
        cycle_enter(&trial, header);
        for (size_t i = 0; i < trial.n; i++)
            cycle_gray(&trial, cycle_object(&trial, i));
        cycle_scan(&trial);
        cycle_free(gc, &trial);
        cycle_leave(&trial);
    }
    cycle->round.work += trial.work;
    cycle->round.cut += trial.is_cut != 0;
    cycle->round.freed_bytes += before - gc->object_bytes;
}
