/* SPDX-License-Identifier: MIT */
/* manual_heap.c -- the cold half of those who leave memory to malloc. */
#include "collectors/collector.h"

/* The heap is the process's; what is kept here is static so that opening it
 * takes nothing from the malloc under test. */
static struct hm_gc {
    void (*exhausted)(size_t bytes);
} manual_gc;

static _Thread_local struct hm_mutator manual_mutator;

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    (void)why;
    manual_gc.exhausted = config->exhausted;
    return &manual_gc;
}

void hm_gc_close(struct hm_gc *gc)
{
    (void)gc;
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    manual_mutator.exhausted = gc->exhausted;
    return &manual_mutator;
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

/* Nothing to collect.  Deliberately no malloc_trim: an allocator is measured
 * with the policy it ships. */
void hm_gc_collect(struct hm_mutator *m)
{
    (void)m;
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    (void)gc;
    *stats = (struct hm_gc_stats){0};
}

const char *hm_gc_check(struct hm_gc *gc)
{
    (void)gc;
    return NULL;
}
