/* SPDX-License-Identifier: MIT */
/* mutator.h -- what an object workload sees of whatever manages its memory.
 *
 * Every object workload is compiled once per collector, with
 * -DHM_COLLECTOR_HEADER="collectors/<id>/<id>.h", so that allocation, stores,
 * loads and roots are inlined (out of line they cost +28 % of a pure mutator,
 * +45 % with a barrier).  The contract is that of the strictest collector;
 * the moving ones enforce it when built for debugging.
 *
 *  R1 A reference that is not in a frame slot, a global root or a field of a
 *     live object is dead after the next GC point: hm_new*, HM_GROW_RAW,
 *     hm_poll, hm_block_leave, and any call that may reach one.  Reload it with
 *     HM_GET afterwards.
 *  R2 Every reference stored into an object goes through hm_store or, between
 *     its hm_new and the next GC point only, hm_init.  Raw bytes are written
 *     directly.  Never hash or order by address.
 *  R3 A fresh object is rooted or stored before the next GC point; a callee
 *     roots its own parameters.
 *  R4 hm_dispose(o) is called exactly once for an object that no live
 *     reference reaches, where a C programmer would call free.  Work that only
 *     finds what to free is guarded by `if (HM_GC_MANUAL)`.
 *  R5 Allocation never returns NULL: exhaustion ends the run as `oom`.
 *  R6 What is allocated between hm_region_enter and hm_region_leave is dead
 *     at the leave: nothing older refers to it, hm_dispose need not be called.
 *     Regions nest.  Only under HM_GC_REGIONS do they mean anything; a walk
 *     that only frees what a region holds is guarded by
 *     `if (HM_GC_MANUAL && !HM_GC_REGIONS)`.
 *
 * An object is n_refs references followed by raw bytes.  hm_new and
 * hm_new_refs null the references; raw bytes are undefined until written.
 *
 * Two traps: never nest an allocation in hm_store(m, HM_GET(f, 0), i,
 * hm_new(...)) -- the parent may be read before it moves; and a frame starts
 * with a real struct hm_frame, since a cast from an unrelated struct lets the
 * compiler assume that the collector cannot change the slots. */
#ifndef HM_COLLECTORS_MUTATOR_H
#define HM_COLLECTORS_MUTATOR_H

#include "collectors/reference.h"

#include <string.h>

#ifndef HM_COLLECTOR_HEADER /* only the self-containment check has none */
#define HM_COLLECTOR_HEADER "collectors/manual/manual.h"
#endif
#include HM_COLLECTOR_HEADER

/* What the collector's header must define, as 0 or 1:
 *   HM_GC_MANUAL    hm_dispose releases; the others ignore it
 *   HM_GC_PRECISE   frames are registered, slots are exactly the roots
 *   HM_GC_MOVING    objects may move at a GC point
 *   HM_GC_THREADS   several mutators may run at once
 * and, if so, as 1:
 *   HM_GC_ACYCLIC   garbage in cycles is never found
 *   HM_GC_CONSERVATIVE  a number that looks like a reference is one
 *   HM_GC_REGIONS   hm_region_enter(m) and hm_region_leave(m) are its own (R6)
 *   HM_GC_SAFEPOINTS  mutators are stopped for collections
 * and HM_GC_WEAK as 1 (weak references and watched objects) or 2 (ephemerons
 * too), where there are the functions of weak_api.h;
 * and as static inline functions:
 *   hm_ref hm_new(m, const struct hm_layout *)   references nulled
 *   hm_ref hm_new_refs(m, n)                     n >= 1 references, nulled
 *   hm_ref hm_new_raw(m, bytes)                  pointer-free, undefined
 *   hm_ref hm_load(m, o, i)                      i < n_refs
 *   void hm_store(m, o, i, v)                    barrier included
 *   void hm_init(m, o, i, v)                     initialising store (R2)
 *   void *hm_raw(o, n_refs)                      the raw bytes, until the next
 *                                                GC point
 *   void hm_dispose(m, o)                        o not NULL (R4)
 *   void hm_poll(m)                              safepoint
 *   struct hm_frame **hm_frames(m)               only where HM_GC_PRECISE */

/* NOLINTBEGIN(bugprone-macro-parentheses): `f` is a name to declare */
#if HM_GC_PRECISE
/* Declares frame `f` with `count` NULL slots and registers it; HM_LEAVE or
 * HM_RETURN must end it on every path. */
#define HM_FRAME(m, f, count)              \
    struct {                               \
        struct hm_frame head;              \
        hm_ref slot[count];                \
    } f = {{*hm_frames(m), (count)}, {0}}; \
    *hm_frames(m) = &(f).head
#define HM_LEAVE(m, f) ((void)(*hm_frames(m) = (f).head.prev))
#else /* plain locals; the compiler keeps them in registers */
#define HM_FRAME(m, f, count) \
    struct {                  \
        hm_ref slot[count];   \
    } f = {{0}}
#define HM_LEAVE(m, f) ((void)(m), (void)(f))
#endif

/* NOLINTEND(bugprone-macro-parentheses) */
#define HM_GET(f, i)       ((f).slot[i])
#define HM_SET(m, f, i, v) ((void)(m), (void)((f).slot[i] = (v)))

/* Returns slot i from the function and ends the frame. */
#define HM_RETURN(m, f, i)            \
    do {                              \
        hm_ref result_ = (f).slot[i]; \
        HM_LEAVE(m, f);               \
        return result_;               \
    } while (0)

#ifndef HM_GC_REGIONS
#define HM_GC_REGIONS 0

static inline void hm_region_enter(struct hm_mutator *m)
{
    (void)m;
}

static inline void hm_region_leave(struct hm_mutator *m)
{
    (void)m;
}
#endif

/* Around what may keep this thread waiting for another one or for the system:
 * a mutator that is blocked touches no object, and collections go on without
 * it.  Leaving is a GC point. */
static inline void hm_block_enter(struct hm_mutator *m)
{
#ifdef HM_GC_SAFEPOINTS
    hm_safepoint_block(m->thread.safepoint);
#else
    (void)m;
#endif
}

static inline void hm_block_leave(struct hm_mutator *m)
{
#ifdef HM_GC_SAFEPOINTS
    hm_safepoint_unblock(m->thread.safepoint);
#else
    (void)m;
#endif
}

/* A full collection now, finished when it returns, lazy work included; memory
 * that the strategy can give back to the system is given back.  Nothing where
 * nothing is ever collected.  A GC point. */
void hm_gc_collect(struct hm_mutator *m);

static inline void hm_collect(struct hm_mutator *m)
{
    hm_gc_collect(m);
}

#ifndef HM_CENSUS
/* The program forgets `o` without releasing it: a leak under manual memory,
 * garbage for a collector.  Only the census counts it. */
static inline void hm_lose(struct hm_mutator *m, hm_ref o)
{
    (void)m;
    (void)o;
}
#endif

/* Replaces the pointer-free object in `*slot` (a frame slot or root) by a new
 * one of new_bytes that starts with the same old_bytes.  A GC point. */
static inline void hm_copy_raw(struct hm_mutator *m, hm_ref *slot,
                               size_t old_bytes, size_t new_bytes)
{
    hm_ref bigger = hm_new_raw(m, new_bytes);

    memcpy(hm_raw(bigger, 0), hm_raw(*slot, 0),
           old_bytes < new_bytes ? old_bytes : new_bytes);
    hm_dispose(m, *slot);
    *slot = bigger;
}

/* The same, by realloc where the strategy has one. */
static inline void hm_grow_raw(struct hm_mutator *m, hm_ref *slot,
                               size_t old_bytes, size_t new_bytes)
{
#ifdef HM_GC_RESIZE_RAW
    *slot = hm_resize_raw(m, *slot, old_bytes, new_bytes);
#else
    hm_copy_raw(m, slot, old_bytes, new_bytes);
#endif
}

#define HM_COPY_RAW(m, f, i, old_bytes, new_bytes) \
    hm_copy_raw(m, &(f).slot[i], old_bytes, new_bytes)
#define HM_GROW_RAW(m, f, i, old_bytes, new_bytes) \
    hm_grow_raw(m, &(f).slot[i], old_bytes, new_bytes)

#include "collectors/weak_api.h"

#endif /* HM_COLLECTORS_MUTATOR_H */
