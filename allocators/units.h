/* SPDX-License-Identifier: MIT */
/* units.h -- runs of units of 16 KiB, or of HM_UNIT_LOG2 of the includer's, out
 * of one region: where allocators that carve blocks of one size out of larger
 * pieces get these.
 *
 * Runs are described in a side table with boundary tags at both ends, so that a
 * free run is never touched.  Freed runs stay backed by memory ("dirty") and
 * are reused first; when more than 4 MiB and more than a quarter of what is in
 * use is free and dirty, most of it goes back to the system ("clean").  While
 * half of what went back within a second was needed again, 16 MiB are kept and
 * the rest goes lazily: the system takes it when it is short of memory, and
 * until then it is as good as dirty.
 *
 * Source:     D. E. Knuth, The Art of Computer Programming 1, 2.5, boundary
 *             tags; bins by size as in D. Lea's malloc; dirty and clean runs
 *             as in J. Evans' jemalloc.
 * Differs:    what goes back is decided by how much is in use, not after a
 *             time: a program that frees all and then sleeps has given its
 *             memory back, lazily if it needed it all the time before.  Up to
 * 128 KiB are backed by one call, not by a fault for each page. Invariants:
 * runs lie end to end from 0 to the frontier; no two free runs touch that are
 * both dirty or both not; each is in the bin of its size among the dirty or the
 * clean ones; counts agree. Costs:      O(1) but for a bin's search, at most 16
 * runs, and for system calls: a give makes 16 at most, where memory is full a
 * take makes one for each free run, and so does the first give after memory
 *             went back lazily.  24 bytes for each unit.
 * Threads:    none; the owner's lock.  `owner` of a unit in use may be read at
 *             any time. */
#ifndef HM_ALLOCATORS_UNITS_H
#define HM_ALLOCATORS_UNITS_H

#include "allocators/region.h"
#include "common/check.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#ifndef HM_UNIT_LOG2
#define HM_UNIT_LOG2 14
#endif

enum {
    HM_UNIT_BYTES = 1 << HM_UNIT_LOG2,
    HM_UNIT_BINS = 64,
    HM_UNITS_AHEAD = (128 << 10) / HM_UNIT_BYTES, /* backed at a time */
    /* Longer runs are left to faults. */
    HM_UNITS_BACKED_MOST = (128 << 10) / HM_UNIT_BYTES,
    HM_UNITS_KEPT = (4 << 20) / HM_UNIT_BYTES,       /* dirty, always kept */
    HM_UNITS_KEPT_LAZY = (16 << 20) / HM_UNIT_BYTES, /* ... at such times */
    HM_UNITS_SOON_NS = 1000000000,
    HM_UNITS_PURGES = 16, /* runs, at most, by a call */
    HM_UNITS_TRIES = 16,
    HM_UNITS_MOST = 1 << 30,
};

#define HM_UNIT_NONE UINT32_MAX

enum hm_unit_state {
    HM_UNIT_USED,
    HM_UNIT_DIRTY,
    HM_UNIT_LAZY, /* went back lazily, or part of it: may still be backed */
    HM_UNIT_CLEAN,
};

struct hm_unit {
    uint32_t units : 30; /* first of a run: its length; else 0 */
    uint32_t state : 2;  /* of the run, in its first: enum hm_unit_state */
    uint32_t first;      /* last of a run: its first */
    uint32_t next, prev; /* first of a free run: neighbours in the bin */
};

struct hm_unit_bins {
    uint64_t map;
    uint32_t list[HM_UNIT_BINS];
};

struct hm_units {
    struct hm_region space, table, owners;
    struct hm_unit *unit;
    void *_Atomic *owner;      /* of the run that a unit starts */
    void *_Atomic *owner_zero; /* of the unit at address 0, if it had one */
    size_t end;                /* most units */
    _Atomic uint32_t frontier;
    size_t used_units, dirty_units;    /* dirty: free ones */
    size_t purged_units, needed_units; /* in the second from `since_ns` on */
    uint64_t since_ns;
    int is_lazy;                      /* how memory goes back at present */
    struct hm_unit_bins dirty, clean; /* clean: the lazy ones, too */
};

/* `space` begins at a multiple of HM_UNIT_BYTES; the table is elsewhere.
 * 0, or -1 and errno: EINVAL (not one unit), ENOMEM. */
static int hm_units_init(struct hm_units *u, size_t limit_bytes)
{
    size_t each = HM_UNIT_BYTES + sizeof(struct hm_unit) + sizeof(void *);
    size_t end = limit_bytes / each;

    if (end == 0 || end >= HM_UNITS_MOST) {
        errno = end == 0 ? EINVAL : ENOMEM;
        return -1;
    }
    memset(u, 0, sizeof(*u));
    memset(u->dirty.list, -1, sizeof(u->dirty.list));
    memset(u->clean.list, -1, sizeof(u->clean.list));
    if (hm_region_init_aligned(&u->space, end * HM_UNIT_BYTES, HM_UNIT_BYTES) !=
        0)
        return -1;
    if (hm_region_init(&u->table, end * sizeof(struct hm_unit) +
                                      u->space.page_bytes) != 0) {
        hm_region_fini(&u->space);
        return -1;
    }
    if (hm_region_init(&u->owners,
                       end * sizeof(void *) + u->space.page_bytes) != 0) {
        hm_region_fini(&u->table);
        hm_region_fini(&u->space);
        return -1;
    }
    u->end = end;
    u->unit = (struct hm_unit *)(void *)u->table.base;
    u->owner = (void *_Atomic *)(void *)u->owners.base;
    u->owner_zero = u->owner - (uintptr_t)u->space.base / HM_UNIT_BYTES;
    return 0;
}

static void hm_units_fini(struct hm_units *u)
{
    hm_region_fini(&u->owners);
    hm_region_fini(&u->table);
    hm_region_fini(&u->space);
}

static inline unsigned char *hm_units_address(const struct hm_units *u,
                                              uint32_t at)
{
    return u->space.base + (size_t)at * HM_UNIT_BYTES;
}

static inline uint32_t hm_units_index(const struct hm_units *u, const void *p)
{
    return (uint32_t)((size_t)((const unsigned char *)p - u->space.base) /
                      HM_UNIT_BYTES);
}

/* Who reads it was given the address of a block there, in order. */
static inline void hm_units_set_owner(struct hm_units *u, size_t at,
                                      void *owner)
{
    atomic_store_explicit(&u->owner[at], owner, memory_order_relaxed);
}

/* The owner of the unit that holds `p`: as owner[hm_units_index(u, p)], less
 * one instruction. */
static inline void *hm_units_owner(const struct hm_units *u, const void *p)
{
    return u->owner_zero[(uintptr_t)p / HM_UNIT_BYTES];
}

static inline uint64_t hm_units_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- Bins -----------------------------------------------------------------*/

/* 1 to 32 units each, then four to a doubling; the last has no end. */
static unsigned hm_units_bin(size_t n)
{
    unsigned log2, bin;

    if (n <= 32)
        return (unsigned)n - 1;
    log2 = 63 - (unsigned)__builtin_clzll(n);
    bin = 32 + (log2 - 5) * 4 + (unsigned)(n >> (log2 - 2) & 3);
    return bin < HM_UNIT_BINS ? bin : HM_UNIT_BINS - 1;
}

static struct hm_unit_bins *hm_units_bins(struct hm_units *u, uint32_t first)
{
    return u->unit[first].state == HM_UNIT_DIRTY ? &u->dirty : &u->clean;
}

static void hm_units_link(struct hm_units *u, uint32_t first)
{
    struct hm_unit_bins *bins = hm_units_bins(u, first);
    unsigned bin = hm_units_bin(u->unit[first].units);
    uint32_t head = bins->list[bin];

    u->unit[first].prev = HM_UNIT_NONE;
    u->unit[first].next = head;
    if (head != HM_UNIT_NONE)
        u->unit[head].prev = first;
    bins->list[bin] = first;
    bins->map |= UINT64_C(1) << bin;
    if (u->unit[first].state == HM_UNIT_DIRTY)
        u->dirty_units += u->unit[first].units;
}

static void hm_units_unlink(struct hm_units *u, uint32_t first)
{
    struct hm_unit_bins *bins = hm_units_bins(u, first);
    struct hm_unit *run = &u->unit[first];
    unsigned bin = hm_units_bin(run->units);

    HM_ASSERT(run->state != HM_UNIT_USED && run->units > 0);
    if (run->state == HM_UNIT_DIRTY)
        u->dirty_units -= run->units;
    if (run->next != HM_UNIT_NONE)
        u->unit[run->next].prev = run->prev;
    if (run->prev != HM_UNIT_NONE) {
        u->unit[run->prev].next = run->next;
        return;
    }
    bins->list[bin] = run->next;
    if (run->next == HM_UNIT_NONE)
        bins->map &= ~(UINT64_C(1) << bin);
}

static int hm_units_is_free(const struct hm_units *u, uint32_t first)
{
    return u->unit[first].state != HM_UNIT_USED;
}

static void hm_units_tag(struct hm_units *u, uint32_t first, size_t n,
                         enum hm_unit_state state)
{
    u->unit[first].units = (uint32_t)n & (HM_UNITS_MOST - 1);
    u->unit[first].state = (uint32_t)state & 3;
    u->unit[first + n - 1].first = first;
}

/* A run of at least `n` units, still in its bin, or HM_UNIT_NONE. */
static uint32_t hm_units_find(const struct hm_units *u,
                              const struct hm_unit_bins *bins, size_t n)
{
    unsigned bin = hm_units_bin(n);
    uint32_t first = bins->list[bin];
    uint64_t higher;

    for (int i = 0; first != HM_UNIT_NONE; i++) {
        if (u->unit[first].units >= n)
            return first;
        if (i == HM_UNITS_TRIES && bin + 1 < HM_UNIT_BINS)
            break;
        first = u->unit[first].next;
    }
    higher = bin + 1 < HM_UNIT_BINS ? bins->map >> (bin + 1) : 0;
    if (higher == 0)
        return HM_UNIT_NONE;
    return bins->list[bin + 1 + (unsigned)__builtin_ctzll(higher)];
}

/* --- clean and dirty
 * --------------------------------------------------------*/

/* Joins the free run at `at`, if it is one and is dirty as `state` is, to that
 * which `*n` and `*state` describe. */
static int hm_units_join(struct hm_units *u, uint32_t at, size_t *n,
                         enum hm_unit_state *state)
{
    struct hm_unit *run = &u->unit[at];

    if (run->state == HM_UNIT_USED ||
        (run->state == HM_UNIT_DIRTY) != (*state == HM_UNIT_DIRTY))
        return 0;
    hm_units_unlink(u, at);
    *n += run->units;
    if (run->state == HM_UNIT_LAZY)
        *state = HM_UNIT_LAZY;
    run->units = 0;
    return 1;
}

/* A run in no bin becomes free, and one with its neighbours of its kind. */
static void hm_units_settle(struct hm_units *u, uint32_t first, size_t n,
                            enum hm_unit_state state)
{
    uint32_t next = first + (uint32_t)n, low;

    if (next < u->frontier)
        (void)hm_units_join(u, next, &n, &state);
    low = first > 0 ? u->unit[first - 1].first : 0;
    if (first > 0 && hm_units_join(u, low, &n, &state)) {
        u->unit[first].units = 0;
        first = low;
    }
    hm_units_tag(u, first, n, state);
    hm_units_link(u, first);
}

/* The last `n` units of a dirty run become clean, or lazy; 0 when the system
 * refuses. */
static int hm_units_purge_run(struct hm_units *u, uint32_t first, size_t n)
{
    size_t left = u->unit[first].units - n;
    uint32_t at = first + (uint32_t)left;

    if (madvise(hm_units_address(u, at), n * HM_UNIT_BYTES,
                u->is_lazy ? MADV_FREE : MADV_DONTNEED) != 0)
        return 0;
    hm_units_unlink(u, first);
    if (left > 0) {
        hm_units_tag(u, first, left, HM_UNIT_DIRTY);
        hm_units_link(u, first);
    }
    hm_units_settle(u, at, n, u->is_lazy ? HM_UNIT_LAZY : HM_UNIT_CLEAN);
    u->purged_units += n;
    return 1;
}

/* Gives of the longest dirty runs back, so many of them at most, until `keep`
 * units are left. */
static void hm_units_purge(struct hm_units *u, size_t keep, size_t runs)
{
    int error = errno; /* free(3) keeps it */

    for (; u->dirty_units > keep && runs > 0; runs--) {
        unsigned bin = 63 - (unsigned)__builtin_clzll(u->dirty.map);
        uint32_t first = u->dirty.list[bin];
        size_t n = u->unit[first].units, most = u->dirty_units - keep;

        if (!hm_units_purge_run(u, first, n < most ? n : most))
            break;
    }
    errno = error;
}

/* What went back is dirty again, and one with what touches it: where the system
 * does not take memory, for it is locked, it has backed all of it. */
static void hm_units_recall(struct hm_units *u)
{
    while (u->clean.map != 0) {
        uint32_t first = u->clean.list[__builtin_ctzll(u->clean.map)];
        size_t n = u->unit[first].units;

        hm_units_unlink(u, first);
        hm_units_settle(u, first, n, HM_UNIT_DIRTY);
    }
}

/* --- take -----------------------------------------------------------------*/

/* Units without memory, in one call; a hint, see MADV_POPULATE_WRITE. */
static void hm_units_populate(struct hm_units *u, uint32_t first, size_t n)
{
    if (n <= HM_UNITS_BACKED_MOST) {
        (void)madvise(hm_units_address(u, first), n * HM_UNIT_BYTES,
                      MADV_POPULATE_WRITE);
    }
}

/* Units that were in `state` are needed. */
static void hm_units_back(struct hm_units *u, uint32_t first, size_t n,
                          enum hm_unit_state state)
{
    if (state == HM_UNIT_DIRTY)
        return;
    if (u->purged_units > 0 &&
        hm_units_now_ns() - u->since_ns <= HM_UNITS_SOON_NS)
        u->needed_units += n;
    if (state == HM_UNIT_CLEAN)
        hm_units_populate(u, first, n);
}

/* The run of `length` units at `first`, in no bin, becomes one of `n` in use
 * and one in `state` of what is left. */
static void hm_units_cut(struct hm_units *u, uint32_t first, size_t n,
                         size_t length, enum hm_unit_state state)
{
    hm_units_tag(u, first, n, HM_UNIT_USED);
    if (length > n) {
        hm_units_tag(u, first + (uint32_t)n, length - n, state);
        hm_units_link(u, first + (uint32_t)n);
    }
}

/* Where a run of `n` units that passes the frontier would begin: at a free run
 * that ends there, or at the frontier. */
static uint32_t hm_units_last(const struct hm_units *u, size_t n)
{
    uint32_t frontier = u->frontier, low;

    if (frontier == 0)
        return 0;
    low = u->unit[frontier - 1].first;
    return hm_units_is_free(u, low) && u->unit[low].units < n ? low : frontier;
}

/* The frontier passes the end of `n` units from `first` on; what it passes is
 * backed and in no run.  By how much it moved, or 0: there is no memory. */
static size_t hm_units_advance(struct hm_units *u, uint32_t first, size_t n)
{
    uint32_t frontier = u->frontier, end;
    size_t more = n - (frontier - first);
    size_t ahead = more < HM_UNITS_AHEAD ? HM_UNITS_AHEAD : more;

    if (ahead > u->end - frontier)
        ahead = more;
    if (more > u->end - frontier)
        return 0;
    end = frontier + (uint32_t)ahead;
    if (!hm_region_reach(&u->table, (unsigned char *)(u->unit + end)) ||
        !hm_region_reach(&u->owners, (unsigned char *)(u->owner + end)) ||
        !hm_region_touch(&u->space, hm_units_address(u, end)))
        return 0;
    hm_units_populate(u, frontier, ahead);
    u->frontier = end;
    return ahead;
}

/* A run of `n` units of which the last were never used, in no bin. */
static uint32_t hm_units_extend(struct hm_units *u, size_t n)
{
    uint32_t first = hm_units_last(u, n);
    size_t below = u->frontier - first, above = hm_units_advance(u, first, n);

    if (above == 0)
        return HM_UNIT_NONE;
    if (below > 0) {
        hm_units_unlink(u, first);
        hm_units_back(u, first, below, u->unit[first].state);
    }
    hm_units_cut(u, first, n, below + above, HM_UNIT_DIRTY);
    return first;
}

/* A run of `n` units that were freed, in no bin, or HM_UNIT_NONE. */
static uint32_t hm_units_reuse(struct hm_units *u, size_t n)
{
    uint32_t first = hm_units_find(u, &u->dirty, n);
    enum hm_unit_state state;

    if (first == HM_UNIT_NONE)
        first = hm_units_find(u, &u->clean, n);
    if (first == HM_UNIT_NONE)
        return first;
    state = u->unit[first].state;
    hm_units_unlink(u, first);
    hm_units_cut(u, first, n, u->unit[first].units, state);
    hm_units_back(u, first, n, state);
    return first;
}

static uint32_t hm_units_find_or_extend(struct hm_units *u, size_t n)
{
    uint32_t first = hm_units_reuse(u, n);

    return first != HM_UNIT_NONE ? first : hm_units_extend(u, n);
}

/* First unit of a run of `n` >= 1 for `owner`, or HM_UNIT_NONE. */
static uint32_t hm_units_take(struct hm_units *u, size_t n, void *owner)
{
    uint32_t first = hm_units_find_or_extend(u, n);

    if (first == HM_UNIT_NONE && u->dirty_units > 0) {
        hm_units_purge(u, 0, SIZE_MAX); /* what touches is one run then */
        if (u->dirty_units > 0)
            hm_units_recall(u);
        first = hm_units_find_or_extend(u, n);
    }
    if (first == HM_UNIT_NONE)
        return first;
    u->used_units += n;
    hm_units_set_owner(u, first, owner);
    return first;
}

/* The end of the free runs from `at` on, not further than it takes to reach
 * `end`. */
static uint32_t hm_units_free_to(const struct hm_units *u, uint32_t at,
                                 size_t end)
{
    while (at < end && at < u->frontier && hm_units_is_free(u, at))
        at += u->unit[at].units;
    return at;
}

/* Makes the run at `first` one of `n` > its length without moving it: 1, or 0
 * when what lies above is in use. */
static int hm_units_grow(struct hm_units *u, uint32_t first, size_t n)
{
    size_t had = u->unit[first].units, length, above = 0;
    uint32_t at = first + (uint32_t)had;
    uint32_t end = hm_units_free_to(u, at, first + n);
    enum hm_unit_state state = HM_UNIT_DIRTY;

    if (end < first + n) {
        above = end == u->frontier ? hm_units_advance(u, first, n) : 0;
        if (above == 0)
            return 0;
    }
    for (; at < end; at += (uint32_t)length) {
        size_t need = first + n - at;

        state = u->unit[at].state;
        length = u->unit[at].units;
        hm_units_unlink(u, at);
        u->unit[at].units = 0;
        hm_units_back(u, at, length < need ? length : need, state);
    }
    hm_units_cut(u, first, n, end - first + above,
                 above > 0 ? HM_UNIT_DIRTY : state);
    u->used_units += n - had;
    return 1;
}

/* --- give -----------------------------------------------------------------*/

/* What went back lazily, and is still free, goes at once. */
static void hm_units_leave_lazy(struct hm_units *u)
{
    for (uint32_t at = 0; at < u->frontier; at += u->unit[at].units) {
        struct hm_unit *run = &u->unit[at];

        if (run->state == HM_UNIT_LAZY &&
            madvise(hm_units_address(u, at), (size_t)run->units * HM_UNIT_BYTES,
                    MADV_DONTNEED) == 0)
            run->state = HM_UNIT_CLEAN; /* in the same bin */
    }
    u->is_lazy = 0;
}

/* Memory goes back lazily from when half of what went back within a second was
 * needed in that second.  At the first purge after it, that second tells
 * whether it goes on, unless it is long ago. */
static void hm_units_learn(struct hm_units *u)
{
    uint64_t now_ns = hm_units_now_ns(), passed_ns = now_ns - u->since_ns;
    int is_needed =
        u->purged_units > 0 && u->needed_units >= u->purged_units / 2;

    if (passed_ns <= HM_UNITS_SOON_NS) {
        u->is_lazy |= is_needed;
        return;
    }
    if (u->is_lazy &&
        (!is_needed || passed_ns > 2 * (uint64_t)HM_UNITS_SOON_NS))
        hm_units_leave_lazy(u);
    u->since_ns = now_ns;
    u->purged_units = u->needed_units = 0;
}

/* So many dirty ones are too many. */
static size_t hm_units_most(const struct hm_units *u)
{
    size_t share = u->used_units / 4;
    size_t least = u->is_lazy ? HM_UNITS_KEPT_LAZY : HM_UNITS_KEPT;

    return share > least ? share : least;
}

/* Frees the run that starts at `first`. */
static void hm_units_give(struct hm_units *u, uint32_t first)
{
    size_t n = u->unit[first].units;

    HM_ASSERT(n > 0 && !hm_units_is_free(u, first));
    u->used_units -= n;
    hm_units_set_owner(u, first, NULL);
    hm_units_settle(u, first, n, HM_UNIT_DIRTY);
    if (u->dirty_units > hm_units_most(u)) {
        hm_units_learn(u);
        if (u->dirty_units > hm_units_most(u))
            hm_units_purge(u, hm_units_most(u) / 2, HM_UNITS_PURGES);
    }
}

/* The first `n` units of the run at `first`, in use, are one run, the rest
 * another. */
static inline void hm_units_split(struct hm_units *u, uint32_t first, size_t n)
{
    size_t had = u->unit[first].units;

    HM_ASSERT(n > 0 && n < had);
    hm_units_tag(u, first, n, HM_UNIT_USED);
    hm_units_tag(u, first + (uint32_t)n, had - n, HM_UNIT_USED);
}

/* Frees all but the first `n` units of the run. */
static inline void hm_units_shrink(struct hm_units *u, uint32_t first, size_t n)
{
    if (u->unit[first].units > n) {
        hm_units_split(u, first, n);
        hm_units_give(u, first + (uint32_t)n);
    }
}

#include "allocators/units_check.h"

#endif /* HM_ALLOCATORS_UNITS_H */
