/* SPDX-License-Identifier: MIT */
/* arena.c -- what a C programmer does with phases: everything between
 * hm_region_enter and hm_region_leave is bumped from one stretch of memory and
 * dies at once; what lives longer comes from malloc and is freed by hand.
 *
 * Source:     D. R. Hanson, "Fast allocation and deallocation of memory based
 *             on object lifetimes", SP&E 20(1), 1990; E. D. Berger,
 *             B. G. Zorn and K. S. McKinley, OOPSLA 2002 (regions).
 * Differs:    regions nest like calls, so that one range per thread serves
 *             them all as a stack; it never shrinks.  Nothing is emulated: a
 *             workload without regions does not run here.
 * Invariants: start[0] <= start[1] <= ... <= next <= limit; limit = next
 *             outside of any region; no reference leads into a region that was
 *             left.  With `verify` the last is checked at each leave, from
 *             roots and from all that malloc holds, and a region that was left
 *             is never used again: touching it faults.
 * Costs:      an addition and a comparison; at the leave a few stores,
 *             whatever the region holds.  No limit: what was touched stays.
 * Threads:    one mutator and one range each; malloc's own rule outside.  The
 *             check from roots and malloc needs to be the only thread. */
#include "collectors/collector.h"
#include "collectors/substrate/budget.h"
#include "collectors/substrate/roots.h"

#include <pthread.h>
#include <string.h>

static const struct hm_param arena_params[] = {{0}};

const struct hm_collector hm_collector_this = {
    .name = "arena",
    .summary = "regions where the program has phases, else malloc and free",
    .source = "Hanson, SP&E 20(1), 1990",
    .class = HM_CLASS_ALLOCATOR,
    .has_heap_limit = 0,
    .params = arena_params,
};

/* Under verify, before each object that malloc holds; 32 bytes. */
struct arena_prefix {
    struct arena_prefix *prev, *next;
    size_t n_refs, bytes;
};

static struct hm_gc {
    void (*exhausted)(size_t bytes);
    int verify;
    unsigned mutators;
    struct hm_roots roots;
    pthread_mutex_t lock;     /* of the list */
    struct arena_prefix list; /* circular; its head is no object */
} arena_gc = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local struct hm_mutator arena_mutator;

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &arena_gc;

    (void)why;
    gc->exhausted = config->exhausted;
    gc->verify = config->verify;
    gc->roots = (struct hm_roots){0};
    gc->list.prev = gc->list.next = &gc->list;
    return gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    HM_CHECK(gc->mutators == 0);
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    struct hm_mutator *m = &arena_mutator;

    if (m->range.start != NULL)
        return NULL;
    *m = (struct hm_mutator){.verify = gc->verify, .gc = gc};
    if (!hm_range_open(&m->range, hm_range_reach(0)))
        return NULL;
    m->next = m->limit = m->range.start;
    __atomic_fetch_add(&gc->mutators, 1, __ATOMIC_RELAXED);
    return m;
}

void hm_gc_detach(struct hm_mutator *m)
{
    HM_CHECK(m->depth == 0);
    hm_range_close(&m->range);
    __atomic_fetch_sub(&m->gc->mutators, 1, __ATOMIC_RELAXED);
}

void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n)
{
    hm_roots_add(&gc->roots, slot, n);
}

void hm_gc_collect(struct hm_mutator *m)
{
    (void)m;
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    (void)gc;
    *stats = (struct hm_gc_stats){0};
}

static void *arena_listed(struct hm_gc *gc, size_t bytes, size_t n_refs)
{
    struct arena_prefix *p = NULL;

    if (bytes <= SIZE_MAX / 2)
        p = calloc(1, sizeof(*p) + bytes);
    if (p == NULL)
        return NULL;
    HM_CHECK(pthread_mutex_lock(&gc->lock) == 0);
    *p = (struct arena_prefix){&gc->list, gc->list.next, n_refs, bytes};
    p->prev->next = p->next->prev = p;
    HM_CHECK(pthread_mutex_unlock(&gc->lock) == 0);
    return p + 1;
}

static hm_ref arena_malloc(struct hm_mutator *m, size_t bytes, size_t n_refs)
{
    void *o;

    if (m->verify) {
        o = arena_listed(m->gc, bytes, n_refs);
    } else if (n_refs > 0 && bytes == n_refs * sizeof(hm_ref)) {
        o = calloc(n_refs, sizeof(hm_ref));
    } else {
        o = malloc(bytes);
        for (size_t i = 0; o != NULL && i < n_refs; i++)
            ((hm_ref *)o)[i] = NULL;
    }
    return o;
}

static hm_ref arena_bump(struct hm_mutator *m, size_t bytes, size_t n_refs)
{
    size_t used = (size_t)(m->next - m->range.start);

    if (bytes > m->range.bytes - used ||
        !hm_range_extend(&m->range, used + bytes))
        return NULL;
    m->limit = m->range.start + m->range.usable_bytes;
    return hm_arena_new(m, bytes, n_refs);
}

__attribute__((noinline)) hm_ref hm_arena_new_slow(struct hm_mutator *m,
                                                   size_t bytes, size_t n_refs)
{
    hm_ref o = m->depth > 0 ? arena_bump(m, bytes, n_refs)
                            : arena_malloc(m, bytes, n_refs);

    if (o == NULL) {
        m->gc->exhausted(bytes);
        hm_check_failed(__FILE__, __LINE__, "exhausted() does not return");
    }
    return o;
}

/* What malloc holds stays there, also inside a region. */
hm_ref hm_arena_resize(struct hm_mutator *m, hm_ref o, size_t old_bytes,
                       size_t new_bytes)
{
    int in_region = hm_range_has(&m->range, o);
    hm_ref bigger;

    if (in_region) {
        bigger = hm_arena_new(m, new_bytes, 0);
    } else if (m->verify) {
        bigger = arena_malloc(m, new_bytes, 0);
    } else {
        bigger = realloc(o, new_bytes);
    }
    if (bigger == NULL) {
        m->gc->exhausted(new_bytes);
        hm_check_failed(__FILE__, __LINE__, "exhausted() does not return");
    }
    if (in_region || m->verify) {
        memcpy(bigger, o, old_bytes < new_bytes ? old_bytes : new_bytes);
        hm_dispose(m, o);
    }
    return bigger;
}

/* From a page of its own: that can be taken away alone. */
void hm_arena_enter_checked(struct hm_mutator *m)
{
    size_t used =
        hm_round_up((size_t)(m->next - m->range.start), HM_PAGE_BYTES);

    if (!hm_range_extend(&m->range, used)) {
        m->gc->exhausted(HM_PAGE_BYTES);
        hm_check_failed(__FILE__, __LINE__, "exhausted() does not return");
    }
    m->next = m->range.start + used;
}

/* Whether `o` lies in the region that is about to be left. */
static int arena_is_dying(const struct hm_mutator *m, hm_ref o)
{
    const char *start = m->start[m->depth - 1];

    return (uintptr_t)o - (uintptr_t)start < (uintptr_t)(m->next - start);
}

static void arena_check_references(const struct hm_mutator *m)
{
    const struct hm_gc *gc = m->gc;
    const struct arena_prefix *p = gc->list.next;

    for (unsigned r = 0; r < gc->roots.n_ranges; r++) {
        for (size_t i = 0; i < gc->roots.range[r].n; i++)
            HM_CHECK(!arena_is_dying(m, gc->roots.range[r].slot[i]));
    }
    for (; p != &gc->list; p = p->next) {
        for (size_t i = 0; i < p->n_refs; i++)
            HM_CHECK(!arena_is_dying(m, ((const hm_ref *)(p + 1))[i]));
    }
}

/* What is left here is locked for good; the next region starts above it. */
void hm_arena_leave_checked(struct hm_mutator *m)
{
    size_t start = (size_t)(m->start[m->depth - 1] - m->range.start);
    size_t bytes =
        hm_round_up((size_t)(m->next - m->range.start) - start, HM_PAGE_BYTES);

    if (__atomic_load_n(&m->gc->mutators, __ATOMIC_RELAXED) == 1)
        arena_check_references(m);
    hm_range_unlock(&m->range, start, bytes); /* regions left within it */
    hm_range_discard(&m->range, start, bytes);
    hm_range_lock(&m->range, start, bytes);
    m->start[m->depth - 1] += bytes;
}

void hm_arena_dispose_checked(struct hm_mutator *m, hm_ref o)
{
    struct arena_prefix *p = (struct arena_prefix *)(void *)o - 1;

    if (hm_range_has(&m->range, o)) {
        HM_CHECK(m->depth > 0 && (char *)o >= m->start[0]);
        HM_CHECK((char *)o < m->next);
        (void)*(volatile char *)(void *)o; /* faults in a region left */
        return;
    }
    HM_CHECK(pthread_mutex_lock(&m->gc->lock) == 0);
    p->prev->next = p->next;
    p->next->prev = p->prev;
    HM_CHECK(pthread_mutex_unlock(&m->gc->lock) == 0);
    free(p);
}

/* Of the calling thread, and of what malloc holds. */
const char *hm_gc_check(struct hm_gc *gc)
{
    const struct hm_mutator *m = &arena_mutator;
    const char *at = m->range.start;

    for (unsigned k = 0; k < m->depth; at = m->start[k++]) {
        if (m->start[k] < at)
            return "arena: regions that are no stack";
    }
    if (m->next < at || m->next > m->limit ||
        (size_t)(m->limit - m->range.start) > m->range.usable_bytes)
        return "arena: start <= next <= limit <= usable is broken";
    if (m->depth == 0 && m->next != m->limit)
        return "arena: room outside of any region";
    for (const struct arena_prefix *p = gc->list.next; p != &gc->list;
         p = p->next) {
        if (p->next->prev != p || p->n_refs * sizeof(hm_ref) > p->bytes)
            return "arena: a broken prefix: something wrote before its object";
    }
    return NULL;
}
