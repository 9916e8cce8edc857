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
 * Invariants: start <= next <= limit <= end; what is at or above `next` was
 *             never written and is zero.
 * Costs:      an addition and a comparison; one mprotect per 16 MiB.
 * Threads:    one mutator. */
#include "collectors/collector.h"

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

static struct hm_gc {
    struct hm_mutator mutator;
    unsigned char *start, *end; /* the reservation */
    size_t prefault_bytes;
    void (*exhausted)(size_t bytes);
    int attached;
} nogc_gc;

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
    gc->mutator = (struct hm_mutator){gc->start, gc->start};
    return 0;
}

/* Makes `bytes` from the limit on usable, in whole steps while they fit. */
static int nogc_commit(struct hm_gc *gc, size_t bytes)
{
    struct hm_mutator *m = &gc->mutator;
    size_t left = (size_t)(gc->end - m->limit);
    size_t step = bytes > left ? 0 : nogc_round(bytes, NOGC_STEP_BYTES);

    if (bytes > left)
        return -1;
    if (step > left)
        step = left;
    if (mprotect(m->limit, step, PROT_READ | PROT_WRITE) != 0)
        return -1;
    m->limit += step;
    return 0;
}

void hm_nogc_extend(struct hm_mutator *m, size_t bytes)
{
    size_t room = (size_t)(m->limit - m->next);

    if (nogc_commit(&nogc_gc, bytes - room) != 0)
        nogc_gc.exhausted(bytes);
}

static int nogc_prefault(struct hm_gc *gc, size_t bytes)
{
    if (bytes == 0)
        return 0;
    if (nogc_commit(gc, bytes) != 0)
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
    if (gc->attached)
        return NULL;
    gc->attached = 1;
    return &gc->mutator;
}

void hm_gc_detach(struct hm_mutator *m)
{
    (void)m;
    nogc_gc.attached = 0;
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

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    size_t used =
        nogc_round((size_t)(gc->mutator.next - gc->start), NOGC_PAGE_BYTES);
    size_t held = used > gc->prefault_bytes ? used : gc->prefault_bytes;

    *stats = (struct hm_gc_stats){.heap_bytes = held, .heap_peak_bytes = held};
}

/* The last page in use is the one place where a stray write past `next` is
 * cheap to see. */
const char *hm_gc_check(struct hm_gc *gc)
{
    const struct hm_mutator *m = &gc->mutator;

    if (m->next < gc->start || m->next > m->limit || m->limit > gc->end)
        return "start <= next <= limit <= end is broken";
    for (const unsigned char *p = m->next; p < m->limit; p++) {
        if ((uintptr_t)p % NOGC_PAGE_BYTES == 0)
            break;
        if (*p != 0)
            return "memory above next was written to";
    }
    return NULL;
}
