/* SPDX-License-Identifier: MIT */
/* bdwgc_heap.c -- the binding of libgc; bdwgc.c says how it is used. */
#include "collectors/bdwgc/bdwgc_heap.h"
#include "collectors/substrate/pacer.h"
#include "common/clock.h"

#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gc/gc.h>
#include <gc/gc_inline.h>
#include <stdatomic.h>

enum { BDWGC_PAGE_BYTES = 4096 };

/* What an event writes is under libgc's lock. */
struct hm_gc {
    struct hm_mutator first;
    struct hm_mutator others; /* of all others: without lists it has no state */
    struct hm_safepoint safepoint;
    int first_is_taken;
    unsigned attached; /* mutators */
    struct hm_gc_config config;
    struct hm_pacer pacer;
    size_t brought_bytes; /* allocated since the collection before this one */
    atomic_size_t since_bytes; /* under stress: since the last collection */
    atomic_int asking;         /* for a collection, by hm_gc_collect */
    int is_last_resort;        /* the collection, when there is no room */
    atomic_int is_hopeless; /* the last collections brought next to nothing */
    int has_stopped;        /* the world, within the call of libgc at hand */
    uint64_t start_ns, collections, live_bytes, peak_bytes;
};

static struct hm_gc bdwgc_gc;
static _Thread_local int bdwgc_is_registered; /* with libgc, by us */

#ifdef HM_BDWGC_INCREMENTAL
enum { BDWGC_IS_INCREMENTAL = 1 };

/* START and END are fired only for what was asked for. */
static const GC_EventType bdwgc_first_event = GC_EVENT_MARK_START;
static const GC_EventType bdwgc_last_event = GC_EVENT_RECLAIM_END;

/* Of the pages written to, libgc learns by faults (mprotect): what it is told
 * by programs that cannot tell it themselves. */
static void bdwgc_make_incremental(const struct hm_gc_config *config)
{
    GC_set_manual_vdb_allowed(0);
    GC_set_time_limit(config->param[BDWGC_TIME_LIMIT]);
    GC_enable_incremental();
}
#else
enum { BDWGC_IS_INCREMENTAL = 0 };

static const GC_EventType bdwgc_first_event = GC_EVENT_START;
static const GC_EventType bdwgc_last_event = GC_EVENT_END;

static void bdwgc_make_incremental(const struct hm_gc_config *config)
{
    (void)config;
}
#endif

static void bdwgc_note_peak(struct hm_gc *gc)
{
    if (GC_get_heap_size() > gc->peak_bytes)
        gc->peak_bytes = GC_get_heap_size();
}

/* What they hold is reclaimed by the next collection. */
static void bdwgc_drop_lists(struct hm_gc *gc)
{
    for (int i = 0; i < HM_BDWGC_LISTS; i++) {
        gc->first.scanned[i] = NULL;
        gc->first.pointer_free[i] = NULL;
    }
}

static void bdwgc_begin(struct hm_gc *gc)
{
    gc->start_ns = hm_clock_now_ns();
    bdwgc_drop_lists(gc);
    gc->brought_bytes = GC_get_bytes_since_gc();
}

/* Whether the collection says how full the heap is.  The incremental mode
 * collects early and often, and in part. */
static int bdwgc_is_judged(const struct hm_gc *gc)
{
    if (!BDWGC_IS_INCREMENTAL)
        return gc->asking == 0;
    return gc->is_last_resort && GC_get_free_bytes() < GC_get_heap_size() / 64;
}

/* A lone mutator stands still from the first event to the last; others, for
 * the marking only.  Called with libgc's lock held. */
static void bdwgc_event(GC_EventType event)
{
    struct hm_gc *gc = &bdwgc_gc;

    if (event == bdwgc_first_event)
        bdwgc_begin(gc);
    if (event != bdwgc_last_event)
        return;
    if (bdwgc_is_judged(gc) && !hm_pacer_judge(&gc->pacer, gc->brought_bytes))
        gc->is_hopeless = 1;
    gc->collections++;
    gc->has_stopped = 1;
    gc->since_bytes = 0;
    gc->live_bytes = GC_get_heap_size() - GC_get_free_bytes();
    bdwgc_note_peak(gc);
    if (!BDWGC_IS_INCREMENTAL) {
        hm_pause_log_add(gc->config.log, HM_PAUSE_full, gc->start_ns,
                         hm_clock_now_ns());
    }
}

/* Increments fire no event, so the whole call of libgc is what held the
 * mutator up: a collection when one ended within, else a slice. */
static void bdwgc_log_call(struct hm_gc *gc, uint64_t start_ns)
{
    if (!BDWGC_IS_INCREMENTAL)
        return;
    hm_pause_log_add(gc->config.log,
                     gc->has_stopped ? HM_PAUSE_full : HM_PAUSE_increment,
                     start_ns, hm_clock_now_ns());
    gc->has_stopped = 0;
}

static uint64_t bdwgc_call_start(void)
{
    return BDWGC_IS_INCREMENTAL ? hm_clock_now_ns() : 0;
}

/* Exhaustion shows as NULL where the memory was asked for. */
static void *bdwgc_out_of_memory(size_t bytes)
{
    (void)bytes;
    return NULL;
}

/* Once per process: setting the mode of interior pointers again would make
 * libgc forget that references point to the start of objects. */
static void bdwgc_init(const struct hm_gc_config *config)
{
    unsigned markers = (unsigned)config->param[BDWGC_MARKERS];

    if (GC_is_init_called())
        return;
    GC_set_all_interior_pointers(0);
    GC_set_no_dls(1);
    GC_set_finalize_on_demand(1); /* by hm_next_dead */
    GC_set_warn_proc(GC_ignore_warn_proc);
    GC_set_markers_count(markers);
    bdwgc_make_incremental(config); /* before there is a heap */
    GC_INIT();
    if (markers > 1)
        GC_start_mark_threads();
    GC_clear_roots();
    GC_set_oom_fn(bdwgc_out_of_memory);
    GC_set_on_collection_event(bdwgc_event);
}

/* What libgc was told and does not do. */
static const char *bdwgc_refusal(const struct hm_gc_config *config)
{
    if (config->param[BDWGC_MARKERS] > 1 && !GC_get_parallel())
        return "libgc starts no marker threads here";
    if (BDWGC_IS_INCREMENTAL && !GC_is_incremental_mode())
        return "libgc has no incremental mode here";
    return NULL;
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

    bdwgc_init(config);
    *gc = (struct hm_gc){.config = *config};
    gc->first.gc = gc->others.gc = gc;
    gc->first.thread.safepoint = gc->others.thread.safepoint = &gc->safepoint;
    hm_pacer_open(&gc->pacer, config->heap_bytes, config->stress_bytes);
    GC_set_free_space_divisor(config->param[BDWGC_DIVISOR]);
    if (!bdwgc_limit(config, why))
        return NULL;
    if (bdwgc_refusal(config) != NULL) {
        *why = bdwgc_refusal(config);
        return NULL;
    }
    bdwgc_note_peak(gc);
    hm_safepoint_open(&gc->safepoint);
    return gc;
}

/* libgc has no end; a heap opened next goes on with the same one. */
void hm_gc_close(struct hm_gc *gc)
{
    GC_clear_roots();
    bdwgc_drop_lists(gc);
    hm_safepoint_close(&gc->safepoint);
}

/* libgc knows the thread that opened the heap; others only if told. */
static int bdwgc_register_thread(void)
{
    struct GC_stack_base base;

    if (GC_thread_is_registered())
        return 1;
    GC_allow_register_threads();
    bdwgc_is_registered = GC_get_stack_base(&base) == GC_SUCCESS &&
                          GC_register_my_thread(&base) == GC_SUCCESS;
    return bdwgc_is_registered;
}

/* Alone in the slow path.  NULL: libgc does not take the thread. */
static struct hm_mutator *bdwgc_join(struct hm_gc *gc)
{
    struct hm_mutator *m = gc->first_is_taken ? &gc->others : &gc->first;

    if (!bdwgc_register_thread())
        return NULL;
    gc->first_is_taken = 1;
    if (gc->attached++ > 0)
        bdwgc_drop_lists(gc); /* their mutator is stopped between two pops */
    return m;
}

struct hm_mutator *hm_gc_attach(struct hm_gc *gc)
{
    struct hm_mutator *m;

    if (!HM_GC_THREADS && gc->first_is_taken)
        return NULL;
    hm_safepoint_join(&gc->safepoint);
    m = bdwgc_join(gc);
    hm_safepoint_joined(&gc->safepoint, gc->attached > 1);
    if (m == NULL) {
        hm_safepoint_enter(&gc->safepoint);
        hm_safepoint_quit(&gc->safepoint);
    }
    return m;
}

void hm_gc_detach(struct hm_mutator *m)
{
    struct hm_gc *gc = m->gc;

    hm_safepoint_enter(&gc->safepoint);
    HM_CHECK(gc->attached > 0);
    gc->attached--;
    if (m == &gc->first)
        gc->first_is_taken = 0;
    hm_safepoint_quit(&gc->safepoint);
    if (bdwgc_is_registered)
        HM_CHECK(GC_unregister_my_thread() == GC_SUCCESS);
    bdwgc_is_registered = 0;
}

void hm_gc_add_roots(struct hm_gc *gc, hm_ref *slot, size_t n)
{
    (void)gc;
    GC_add_roots(slot, slot + n);
}

void hm_gc_collect(struct hm_mutator *m)
{
    uint64_t start_ns = bdwgc_call_start();

    m->gc->asking++;
    GC_gcollect_and_unmap();
    m->gc->asking--;
    bdwgc_log_call(m->gc, start_ns);
}

/* Nothing to log where no collection was under way or is now. */
void hm_bdwgc_turn(struct hm_mutator *m)
{
    uint64_t start_ns = bdwgc_call_start();

    if (GC_collect_a_little() || m->gc->has_stopped)
        bdwgc_log_call(m->gc, start_ns);
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

    if (list == NULL || gc->config.stress_bytes != 0 || gc->safepoint.is_shared)
        return n_refs > 0 ? GC_MALLOC(bytes) : GC_MALLOC_ATOMIC(bytes);
    objects =
        bdwgc_refill(rounded > 0 ? rounded : HM_BDWGC_GRANULE_BYTES, kind);
    if (objects != NULL) {
        memcpy(list, objects, sizeof(*list));
        memset(objects, 0, sizeof(*list)); /* the rest is zero already */
    }
    return objects;
}

/* Without its increments done libgc rather fails than collects. */
static void *bdwgc_take_hard(struct hm_gc *gc, size_t bytes, size_t n_refs,
                             void **list)
{
    void *object = bdwgc_take(gc, bytes, n_refs, list);

    if (BDWGC_IS_INCREMENTAL && object == NULL) {
        gc->is_last_resort = 1;
        GC_gcollect();
        gc->is_last_resort = 0;
        object = bdwgc_take(gc, bytes, n_refs, list);
    }
    return object;
}

_Noreturn void hm_bdwgc_exhausted(struct hm_mutator *m, size_t bytes)
{
    m->gc->is_hopeless = 0;
    m->gc->config.exhausted(bytes);
    hm_check_failed(__FILE__, __LINE__, "exhausted() does not return");
}

__attribute__((noinline)) hm_ref hm_bdwgc_new_slow(struct hm_mutator *m,
                                                   size_t bytes, size_t n_refs,
                                                   void **list)
{
    struct hm_gc *gc = m->gc;
    uint64_t start_ns = bdwgc_call_start();
    void *object = NULL;

    if (HM_GC_THREADS) /* where the second one waits for the first */
        hm_safepoint_poll(&gc->safepoint);
    if (gc->config.stress_bytes != 0 &&
        hm_pacer_left(&gc->pacer, gc->since_bytes) == 0)
        GC_gcollect();
    if (bytes <= SIZE_MAX / 2 && !gc->is_hopeless)
        object = bdwgc_take_hard(gc, bytes, n_refs, list);
    bdwgc_log_call(gc, start_ns);
    if (object == NULL)
        hm_bdwgc_exhausted(m, bytes);
    if (gc->config.stress_bytes != 0)
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
        if (!bdwgc_is_list(gc->first.scanned[i]) ||
            !bdwgc_is_list(gc->first.pointer_free[i]))
            return "bdwgc: a free list holds what is not an object";
    }
    return NULL;
}
