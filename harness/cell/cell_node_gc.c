/* SPDX-License-Identifier: MIT */
/* cell_node_gc.c -- perf_hooks has the same callbacks, but keeps an entry of
 * 750 bytes for each collection in the heap that it tells of, and a program
 * that never turns the event loop gets them all when it is over.  In 8 MiB
 * those of 2000 collections filled the heap.
 *
 * V8 has no interface in C for it.  The functions are found by the names that
 * the C++ ABI gives them, and take what C can pass: pointers and ints. */
#include "harness/cell/cell_node_gc.h"

#include "common/clock.h"
#include "common/pause_log.h"
#include "harness/cell/cell_pauses.h"

#include <dlfcn.h>
#include <inttypes.h>

/* v8::GCType, bits of GC_ALL; what is not named is a full collection. */
enum {
    GC_SCAVENGE = 1,
    GC_MINOR_MARK_COMPACT = 2,
    GC_INCREMENTAL = 8,
    GC_WEAK_CALLBACKS = 16,
    GC_ALL = 31,
    GC_KINDS = 32
};

typedef void gc_called_fn(void *isolate, int kind, int flags, void *data);

union gc_function {
    void *address;
    void *(*current)(void);
    void (*add)(void *isolate, gc_called_fn *called, void *data, int kinds);
};

/* In no heap: V8 calls until the process ends, also while the record is
 * written. */
static struct {
    bool counts;
    uint64_t collections;
    uint64_t start_ns[GC_KINDS];
    struct hm_pause_log log;
} gc_watch;

static enum hm_pause_kind gc_pause_kind(int kind)
{
    switch (kind) {
    case GC_SCAVENGE:
    case GC_MINOR_MARK_COMPACT:
        return HM_PAUSE_minor;
    case GC_INCREMENTAL:
    case GC_WEAK_CALLBACKS:
        return HM_PAUSE_increment;
    default:
        return HM_PAUSE_full;
    }
}

static void gc_begins(void *isolate, int kind, int flags, void *data)
{
    (void)isolate;
    (void)flags;
    (void)data;
    gc_watch.start_ns[kind & GC_ALL] = hm_clock_now_ns();
}

static void gc_ended(void *isolate, int kind, int flags, void *data)
{
    enum hm_pause_kind pause_kind = gc_pause_kind(kind);

    (void)isolate;
    (void)flags;
    (void)data;
    if (!gc_watch.counts)
        return;
    gc_watch.collections += pause_kind != HM_PAUSE_increment;
    hm_pause_log_add(&gc_watch.log, pause_kind,
                     gc_watch.start_ns[kind & GC_ALL], hm_clock_now_ns());
}

static union gc_function gc_find(const char *name)
{
    return (union gc_function){.address = dlsym(RTLD_DEFAULT, name)};
}

int hm_cell_node_gc_watch(void)
{
    union gc_function current = gc_find("_ZN2v87Isolate10GetCurrentEv");
    union gc_function begins =
        gc_find("_ZN2v87Isolate21AddGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_"
                "15GCCallbackFlagsEPvES4_S2_");
    union gc_function ended =
        gc_find("_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_"
                "15GCCallbackFlagsEPvES4_S2_");
    void *isolate;

    if (current.address == NULL || begins.address == NULL ||
        ended.address == NULL)
        return -1;
    hm_pause_log_init(&gc_watch.log);
    isolate = current.current();
    begins.add(isolate, gc_begins, NULL, GC_ALL);
    ended.add(isolate, gc_ended, NULL, GC_ALL);
    return 0;
}

void hm_cell_node_gc_count(bool counts)
{
    gc_watch.counts = counts;
}

int hm_cell_node_gc_write(int fd)
{
    static struct hm_cell_writer out;
    const struct hm_pause_log *log = &gc_watch.log;

    hm_cell_writer_init(&out, fd);
    hm_cell_write(&out, "collections\t%" PRIu64 "\n", gc_watch.collections);
    hm_cell_write_pauses(&out, &log->lengths, log->total_ns, log->entry,
                         log->n_listed);
    return hm_cell_writer_end(&out);
}
