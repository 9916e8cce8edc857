/* SPDX-License-Identifier: MIT */
/* census.c -- the ledger's cold half.
 *
 * Source:     accounting definitions of "needed" bytes, docs/measurement.md.
 * Differs:    besides the live bytes, keeps a second peak with 8 bytes per
 *             object, the header every tracing collector here has, so that a
 *             heap multiple means the same to all of them.
 * Invariants: live = requested - disposed - lost, to the byte; an object is
 *             disposed or lost at most once.
 * Costs:      a 16-byte prefix, a lock and a few additions per operation; its
 *             times are never reported.
 * Threads:    any number, one ledger under a lock: the counts are exact and the
 *             peaks are those of this interleaving. */
#include "collectors/collector.h"

static const struct hm_param census_params[] = {{0}};

const struct hm_collector hm_collector_this = {
    .name = "census",
    .summary = "counts what the program needs; not a strategy",
    .source = "docs/measurement.md",
    .class = HM_CLASS_REFERENCE,
    .has_heap_limit = 0,
    .params = census_params,
};

static struct hm_gc {
    struct hm_mutator mutator;
} census_gc;

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    (void)why;
    census_gc.mutator = (struct hm_mutator){.lock = PTHREAD_MUTEX_INITIALIZER,
                                            .exhausted = config->exhausted};
    return &census_gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    (void)gc;
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    return &gc->mutator;
}

void hm_gc_detach(struct hm_mutator *m)
{
    (void)m;
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
    *stats = (struct hm_gc_stats){
        .heap_bytes = gc->mutator.heap_bytes,
        .heap_peak_bytes = gc->mutator.heap_1x_bytes,
        .live_bytes = gc->mutator.live_bytes,
    };
}

const char *hm_gc_check(struct hm_gc *gc)
{
    const struct hm_mutator *m = &gc->mutator;
    uint64_t dead = m->free_count + m->lost_count;

    if (dead > m->alloc_count)
        return "more objects died than were born";
    if (m->alloc_count == dead && m->heap_bytes != 0)
        return "no object is live, but bytes are";
    if (m->heap_bytes - m->live_bytes !=
        HM_CENSUS_HEADER_BYTES * (m->alloc_count - dead))
        return "the two ledgers do not agree";
    return NULL;
}
