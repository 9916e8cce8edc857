/* SPDX-License-Identifier: MIT */
/* nogc.c -- never collects: prices the program itself and bounds the charts.
 *
 * Source:     bump allocation; the never-free baseline of Z. Cai et al.,
 *             "Distilling the Real Cost of Production Garbage Collectors",
 *             ISPASS 2022.
 * Differs:    address space is reserved once and made usable in steps, so that
 *             a limit on data (RLIMIT_DATA) counts what is used.  Not free of
 *             cost: a first touch is a page fault per 4 KiB (0.4 to 2 us), and
 *             locality is the worst possible.  `prefault` moves the faults
 *             before the clock; compare both.
 * Invariants: a mutator has a window, start <= next <= limit <= end; what is at
 *             or above `next` in it was never written and is zero.  Windows do
 *             not overlap; what one leaves behind is never used.
 * Costs:      an addition and a comparison; one mprotect per 16 MiB.
 * Threads:    up to 64 mutators; one that stands alone has all the space in one
 *             window, which several extend in turn, under a lock. */
#include "collectors/collector.h"

#include <pthread.h>
#include <sys/mman.h>

enum { NOGC_PREFAULT_MIB };

static const struct hm_param nogc_params[] = {
    {"prefault", "MiB touched before the clock starts", 0, 0, 0, 1 << 20},
    {0},
};

const struct hm_collector hm_collector_this = {
    .name = "nogc",
    .summary = "bump allocation, never frees: the price of the program itself",
    .source = "Cai et al., ISPASS 2022, never-free baseline",
    .class = HM_CLASS_REFERENCE,
    .has_heap_limit = 0, /* obeyed, but a multiple of live bytes is no use */
    .params = nogc_params,
};

#define NOGC_PAGE_BYTES    ((size_t)1 << 12)
#define NOGC_STEP_BYTES    ((size_t)1 << 24)
#define NOGC_RESERVE_BYTES ((size_t)1 << 38)
#define NOGC_RESERVE_LEAST ((size_t)1 << 30)

enum { NOGC_MUTATORS = 64 };

static struct hm_gc {
    struct hm_mutator mutator[NOGC_MUTATORS]; /* keep their windows */
    unsigned char attached[NOGC_MUTATORS];
    unsigned char *start, *end; /* the reservation */
    unsigned char *usable;      /* the end of what is so, and of all windows */
    size_t left_bytes;          /* never used behind windows given up */
    size_t prefault_bytes;
    void (*exhausted)(size_t bytes);
} nogc_gc;

static pthread_mutex_t nogc_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t nogc_round(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

static unsigned char *nogc_map(size_t bytes)
{
    void *start = mmap(NULL, bytes, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return start == MAP_FAILED ? NULL : start;
}

/* Exactly the limit, or without one as much as the system lets us have. */
static int nogc_reserve(struct hm_gc *gc, size_t heap_bytes)
{
    size_t bytes = heap_bytes == 0 ? NOGC_RESERVE_BYTES : heap_bytes;

    gc->start = nogc_map(bytes);
    while (gc->start == NULL && heap_bytes == 0 && bytes > NOGC_RESERVE_LEAST) {
        bytes /= 2;
        gc->start = nogc_map(bytes);
    }
    if (gc->start == NULL)
        return -1;
    gc->end = gc->start + bytes;
    gc->usable = gc->start;
    for (int i = 0; i < NOGC_MUTATORS; i++)
        gc->mutator[i] = (struct hm_mutator){gc->start, gc->start};
    return 0;
}

/* Makes `bytes` more usable, in whole steps while they fit. */
static int nogc_commit(struct hm_gc *gc, size_t bytes)
{
    size_t left = (size_t)(gc->end - gc->usable);
    size_t step = bytes > left ? 0 : nogc_round(bytes, NOGC_STEP_BYTES);

    if (bytes > left)
        return -1;
    if (step > left)
        step = left;
    if (mprotect(gc->usable, step, PROT_READ | PROT_WRITE) != 0)
        return -1;
    gc->usable += step;
    return 0;
}

/* Room for `bytes` in the window of `m`; a new one when another mutator's is
 * in the way. */
static int nogc_widen(struct hm_gc *gc, struct hm_mutator *m, size_t bytes)
{
    size_t room = (size_t)(m->limit - m->next);

    if (m->limit != gc->usable) {
        gc->left_bytes += room / NOGC_PAGE_BYTES * NOGC_PAGE_BYTES;
        m->next = m->limit = gc->usable;
        room = 0;
    }
    if (nogc_commit(gc, bytes - room) != 0)
        return -1;
    m->limit = gc->usable;
    return 0;
}

void hm_nogc_extend(struct hm_mutator *m, size_t bytes)
{
    int refused;

    HM_CHECK(pthread_mutex_lock(&nogc_lock) == 0);
    refused = nogc_widen(&nogc_gc, m, bytes);
    HM_CHECK(pthread_mutex_unlock(&nogc_lock) == 0);
    if (refused)
        nogc_gc.exhausted(bytes);
}

static int nogc_prefault(struct hm_gc *gc, size_t bytes)
{
    if (bytes == 0)
        return 0;
    if (nogc_widen(gc, &gc->mutator[0], bytes) != 0)
        return -1;
    for (size_t at = 0; at < bytes; at += NOGC_PAGE_BYTES)
        ((volatile unsigned char *)gc->start)[at] = 0;
    gc->prefault_bytes = bytes;
    return 0;
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &nogc_gc;
    size_t heap_bytes = config->heap_bytes / NOGC_PAGE_BYTES * NOGC_PAGE_BYTES;

    *gc = (struct hm_gc){.exhausted = config->exhausted};
    if (config->heap_bytes != 0 && heap_bytes == 0) {
        *why = "the heap limit is below one page of 4096 bytes";
        return NULL;
    }
    if (nogc_reserve(gc, heap_bytes) != 0) {
        *why = "the system refuses the address space";
        return NULL;
    }
    if (nogc_prefault(gc, config->param[NOGC_PREFAULT_MIB] << 20) != 0) {
        *why = "no room for the memory to touch beforehand (prefault)";
        hm_gc_close(gc);
        return NULL;
    }
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    (void)munmap(gc->start, (size_t)(gc->end - gc->start));
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    int i = 0;

    HM_CHECK(pthread_mutex_lock(&nogc_lock) == 0);
    while (i < NOGC_MUTATORS && gc->attached[i])
        i++;
    if (i < NOGC_MUTATORS)
        gc->attached[i] = 1;
    HM_CHECK(pthread_mutex_unlock(&nogc_lock) == 0);
    return i < NOGC_MUTATORS ? &gc->mutator[i] : NULL;
}

void hm_gc_detach(struct hm_mutator *m)
{
    HM_CHECK(pthread_mutex_lock(&nogc_lock) == 0);
    nogc_gc.attached[m - nogc_gc.mutator] = 0;
    HM_CHECK(pthread_mutex_unlock(&nogc_lock) == 0);
}

void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n)
{
    (void)gc;
    (void)slot;
    (void)n;
}

void hm_gc_collect(struct hm_mutator *m)
{
    (void)m;
}

/* Exact while no mutator allocates. */
void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    size_t used = (size_t)(gc->usable - gc->start) - gc->left_bytes, held;

    for (int i = 0; i < NOGC_MUTATORS; i++) {
        const struct hm_mutator *m = &gc->mutator[i];

        used -=
            (size_t)(m->limit - m->next) / NOGC_PAGE_BYTES * NOGC_PAGE_BYTES;
    }
    held = used > gc->prefault_bytes ? used : gc->prefault_bytes;
    *stats = (struct hm_gc_stats){
        .heap_bytes = held,
        .heap_peak_bytes = held,
        .live_bytes = used, /* nothing that was allocated ever dies */
    };
}

/* The last page in use is the one place where a stray write past `next` is
 * cheap to see. */
static const char *nogc_check_window(const struct hm_gc *gc,
                                     const struct hm_mutator *m)
{
    if (m->next < gc->start || m->next > m->limit || m->limit > gc->usable ||
        gc->usable > gc->end)
        return "start <= next <= limit <= end is broken";
    for (const unsigned char *p = m->next; p < m->limit; p++) {
        if ((uintptr_t)p % NOGC_PAGE_BYTES == 0)
            break;
        if (*p != 0)
            return "memory above next was written to";
    }
    return NULL;
}

const char *hm_gc_check(struct hm_gc *gc)
{
    const char *wrong = NULL;

    for (int i = 0; i < NOGC_MUTATORS && wrong == NULL; i++)
        wrong = nogc_check_window(gc, &gc->mutator[i]);
    return wrong;
}
