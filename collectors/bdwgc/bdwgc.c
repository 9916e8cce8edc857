/* SPDX-License-Identifier: MIT */
/* bdwgc.c -- Boehm, Demers and Weiser's collector, libgc, as a strategy.
 *
 * Source:     H.-J. Boehm and M. Weiser, SP&E 18(9), 1988; libgc's gc.h and
 *             gc_inline.h.
 * Differs:    the program's data segments are not roots, only stack, registers
 *             and hm_gc_add_roots; pointers into objects count on the stack
 *             only.  With a limit the heap is expanded to it at once, as the
 *             other collectors use all of theirs: libgc alone would rather
 *             collect than grow.  Its tables are outside the limit that libgc
 *             obeys, 8.5 % of it on heaps of 12 to 96 MB; so it is given
 *             12/13 of heap_bytes.  Large objects are not allocated with
 *             IGNORE_OFF_PAGE: a loop may keep no pointer to their first page
 *             in a register.
 * Invariants: the mutator's free lists are empty while libgc marks, so that
 *             what they held is reclaimed with the rest; see hm_gc_check().
 * Costs:      those of libgc: 4 KiB blocks of one size, lazy sweep, no extra
 *             marker threads in a single-threaded program.
 * Threads:    one mutator; libgc's signals are not used. */
#include "collectors/collector.h"
#include "collectors/substrate/pacer.h"
#include "common/clock.h"

#include <gc/gc.h>
#include <gc/gc_inline.h>

enum { BDWGC_EXPAND, BDWGC_DIVISOR };

enum { BDWGC_PAGE_BYTES = 4096 };

static const struct hm_param bdwgc_params[] = {
    {"expand", "with a limit: 1 takes all of it at once, 0 grows into it", 1, 1,
     0, 1},
    {"free_space_divisor", "libgc's trade of space (1) for time (more)", 3, 3,
     1, 64},
    {0},
};

const struct hm_collector hm_collector_this = {
    .name = "bdwgc",
    .summary = "Boehm-Demers-Weiser, conservative mark-sweep (libgc)",
    .source = "Boehm and Weiser, SP&E 18(9), 1988",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .params = bdwgc_params,
};

struct hm_gc {
    struct hm_mutator mutator;
    int is_attached;
    struct hm_gc_config config;
    struct hm_pacer pacer;
    size_t since_bytes; /* under stress: since the last collection */
    int is_asked;       /* the collection, by hm_gc_collect */
    int is_hopeless;    /* the last collections brought next to nothing */
    uint64_t start_ns, collections, live_bytes, peak_bytes;
};

static struct hm_gc bdwgc_gc;

static void bdwgc_note_peak(struct hm_gc *gc)
{
    if (GC_get_heap_size() > gc->peak_bytes)
        gc->peak_bytes = GC_get_heap_size();
}

static void bdwgc_begin(struct hm_gc *gc)
{
    gc->start_ns = hm_clock_now_ns();
    for (int i = 0; i < HM_BDWGC_LISTS; i++) {
        gc->mutator.scanned[i] = NULL;
        gc->mutator.pointer_free[i] = NULL;
    }
    if (!gc->is_asked && !hm_pacer_judge(&gc->pacer, GC_get_bytes_since_gc()))
        gc->is_hopeless = 1;
}

/* The only mutator stands still from START to END; there is no shorter pause
 * inside.  Called with libgc's lock held. */
static void bdwgc_event(GC_EventType event)
{
    struct hm_gc *gc = &bdwgc_gc;

    if (event == GC_EVENT_START)
        bdwgc_begin(gc);
    if (event != GC_EVENT_END)
        return;
    gc->collections++;
    gc->since_bytes = 0;
    gc->live_bytes = GC_get_heap_size() - GC_get_free_bytes();
    bdwgc_note_peak(gc);
    hm_pause_log_add(gc->config.log, HM_PAUSE_full, gc->start_ns,
                     hm_clock_now_ns());
}

/* Exhaustion shows as NULL where the memory was asked for. */
static void *bdwgc_out_of_memory(size_t bytes)
{
    (void)bytes;
    return NULL;
}

/* Once per process: setting the mode of interior pointers again would make
 * libgc forget that references point to the start of objects. */
static void bdwgc_init(void)
{
    if (GC_is_init_called())
        return;
    GC_set_all_interior_pointers(0);
    GC_set_no_dls(1);
    GC_INIT();
    GC_clear_roots();
    GC_set_warn_proc(GC_ignore_warn_proc);
    GC_set_oom_fn(bdwgc_out_of_memory);
    GC_set_on_collection_event(bdwgc_event);
}

static int bdwgc_limit(const struct hm_gc_config *config, const char **why)
{
    size_t have = GC_get_heap_size() + GC_get_unmapped_bytes();
    size_t limit = config->heap_bytes / 13 / BDWGC_PAGE_BYTES *
                   (size_t)BDWGC_PAGE_BYTES * 12;

    GC_set_max_heap_size(limit);
    if (config->heap_bytes == 0)
        return 1;
    *why = "heap_bytes is below what libgc starts with (256K)";
    if (limit < have || limit == 0)
        return 0;
    *why = "the system refuses libgc the memory for the heap";
    return !config->param[BDWGC_EXPAND] || limit == have ||
           GC_expand_hp(limit - have);
}

struct hm_gc *hm_gc_open(const struct hm_gc_config *config, const char **why)
{
    struct hm_gc *gc = &bdwgc_gc;

    bdwgc_init();
    *gc = (struct hm_gc){.config = *config};
    gc->mutator.gc = gc;
    hm_pacer_open(&gc->pacer, config->heap_bytes, config->stress_bytes);
    GC_set_free_space_divisor(config->param[BDWGC_DIVISOR]);
    if (!bdwgc_limit(config, why))
        return NULL;
    bdwgc_note_peak(gc);
    return gc;
}

/* libgc has no end; a heap opened next goes on with the same one. */
void hm_gc_close(struct hm_gc *gc)
{
    GC_clear_roots();
    for (int i = 0; i < HM_BDWGC_LISTS; i++)
        gc->mutator.scanned[i] = gc->mutator.pointer_free[i] = NULL;
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    if (gc->is_attached)
        return NULL;
    gc->is_attached = 1;
    return &gc->mutator;
}

void hm_gc_detach(struct hm_mutator *m)
{
    HM_CHECK(m->gc->is_attached);
    m->gc->is_attached = 0;
}

void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n)
{
    (void)gc;
    GC_add_roots(slot, slot + n);
}

void hm_gc_collect(struct hm_mutator *m)
{
    m->gc->is_asked = 1;
    GC_gcollect_and_unmap();
    m->gc->is_asked = 0;
}

/* One list's worth.  libgc sweeps here what its last collection left, or
 * carves up new memory, and does not tell which; so none of it is logged. */
static void *bdwgc_refill(size_t bytes, int kind)
{
    void *objects = NULL;

    GC_generic_malloc_many(bytes, kind, &objects);
    return objects;
}

static void *bdwgc_take(struct hm_gc *gc, size_t bytes, size_t n_refs,
                        void **list)
{
    int kind = n_refs > 0 ? GC_I_NORMAL : GC_I_PTRFREE;
    size_t rounded = (bytes + HM_BDWGC_GRANULE_BYTES - 1) /
                     HM_BDWGC_GRANULE_BYTES * HM_BDWGC_GRANULE_BYTES;
    void *objects;

    if (list == NULL || gc->config.stress_bytes != 0)
        return n_refs > 0 ? GC_MALLOC(bytes) : GC_MALLOC_ATOMIC(bytes);
    objects =
        bdwgc_refill(rounded > 0 ? rounded : HM_BDWGC_GRANULE_BYTES, kind);
    if (objects != NULL) {
        memcpy(list, objects, sizeof(*list));
        memset(objects, 0, sizeof(*list)); /* the rest is zero already */
    }
    return objects;
}

__attribute__((noinline)) hm_ref hm_bdwgc_new_slow(struct hm_mutator *m,
                                                   size_t bytes, size_t n_refs,
                                                   void **list)
{
    struct hm_gc *gc = m->gc;
    void *object = NULL;

    if (gc->config.stress_bytes != 0 &&
        hm_pacer_left(&gc->pacer, gc->since_bytes) == 0)
        GC_gcollect();
    if (bytes <= SIZE_MAX / 2 && !gc->is_hopeless)
        object = bdwgc_take(gc, bytes, n_refs, list);
    if (object == NULL) {
        gc->is_hopeless = 0;
        gc->config.exhausted(bytes);
        hm_check_failed(__FILE__, __LINE__, "exhausted() does not return");
    }
    gc->since_bytes += bytes + 1;
    return object;
}

void hm_gc_stats_get(const struct hm_gc *gc, struct hm_gc_stats *stats)
{
    *stats = (struct hm_gc_stats){
        .collections = gc->collections,
        .heap_bytes = GC_get_heap_size() - GC_get_unmapped_bytes(),
        .heap_peak_bytes = gc->peak_bytes > GC_get_heap_size()
                               ? gc->peak_bytes
                               : GC_get_heap_size(),
        .live_bytes = gc->live_bytes,
    };
}

static int bdwgc_is_list(void *object)
{
    for (; object != NULL; memcpy(&object, object, sizeof(object))) {
        if (GC_base(object) != object)
            return 0;
    }
    return 1;
}

const char *hm_gc_check(struct hm_gc *gc)
{
    for (int i = 0; i < HM_BDWGC_LISTS; i++) {
        if (!bdwgc_is_list(gc->mutator.scanned[i]) ||
            !bdwgc_is_list(gc->mutator.pointer_free[i]))
            return "bdwgc: a free list holds what is not an object";
    }
    return NULL;
}
