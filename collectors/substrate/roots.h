/* SPDX-License-Identifier: MIT */
/* roots.h -- where a precise collector starts: global slots and the frames of
 * every attached mutator. */
#ifndef HM_COLLECTORS_SUBSTRATE_ROOTS_H
#define HM_COLLECTORS_SUBSTRATE_ROOTS_H

#include "collectors/reference.h"
#include "common/check.h"

enum { HM_ROOT_RANGES = 4 };

struct hm_roots {
    struct {
        hm_ref *slot;
        size_t n;
    } range[HM_ROOT_RANGES];

    unsigned n_ranges;
    struct hm_thread *threads; /* attached */
};

static inline void hm_roots_add(struct hm_roots *roots, hm_ref *slot, size_t n)
{
    HM_CHECK(roots->n_ranges < HM_ROOT_RANGES);
    roots->range[roots->n_ranges].slot = slot;
    roots->range[roots->n_ranges++].n = n;
}

static inline void hm_roots_attach(struct hm_roots *roots,
                                   struct hm_thread *thread)
{
    thread->frames = NULL;
    thread->next = roots->threads;
    roots->threads = thread;
}

/* `thread` is attached and has no frame registered. */
static inline void hm_roots_detach(struct hm_roots *roots,
                                   struct hm_thread *thread)
{
    struct hm_thread **link = &roots->threads;

    HM_CHECK(thread->frames == NULL);
    while (*link != NULL && *link != thread)
        link = &(*link)->next;
    HM_CHECK(*link == thread);
    *link = thread->next;
}

/* The slots follow the head in the struct that HM_FRAME declares. */
static inline hm_ref *hm_frame_slots(struct hm_frame *frame)
{
    return (hm_ref *)(frame + 1);
}

static inline void hm_frames_each(struct hm_frame *frames,
                                  void (*visit)(void *arg, hm_ref *slot),
                                  void *arg)
{
    for (struct hm_frame *f = frames; f != NULL; f = f->prev) {
        HM_ASSERT(f->prev != f);
        for (size_t i = 0; i < f->n; i++)
            visit(arg, &hm_frame_slots(f)[i]);
    }
}

/* Calls visit(arg, slot) for every root slot, null ones too; inlined. */
static inline void hm_roots_each(const struct hm_roots *roots,
                                 void (*visit)(void *arg, hm_ref *slot),
                                 void *arg)
{
    for (unsigned r = 0; r < roots->n_ranges; r++) {
        for (size_t i = 0; i < roots->range[r].n; i++)
            visit(arg, &roots->range[r].slot[i]);
    }
    for (struct hm_thread *t = roots->threads; t != NULL; t = t->next)
        hm_frames_each(t->frames, visit, arg);
}

#endif /* HM_COLLECTORS_SUBSTRATE_ROOTS_H */
