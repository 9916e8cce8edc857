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

#include <dlfcn.h>
#include <stdint.h>

enum { GC_ALL = 31, GC_KINDS = 32 }; /* kinds are bits of GC_ALL */

typedef void gc_called_fn(void *isolate, int kind, int flags, void *data);

union gc_function {
    void *address;
    void *(*current)(void);
    void (*add)(void *isolate, gc_called_fn *called, void *data, int kinds);
};

static struct {
    double *log;
    size_t most; /* entries */
    uint64_t start_ns[GC_KINDS];
} gc_watch;

static void gc_begins(void *isolate, int kind, int flags, void *data)
{
    (void)isolate;
    (void)flags;
    (void)data;
    gc_watch.start_ns[kind & GC_ALL] = hm_clock_now_ns();
}

static void gc_ended(void *isolate, int kind, int flags, void *data)
{
    size_t n = (size_t)gc_watch.log[0];
    uint64_t start_ns = gc_watch.start_ns[kind & GC_ALL];
    double *entry = gc_watch.log + 1 + n * HM_NODE_GC_FIELDS;

    (void)isolate;
    (void)flags;
    (void)data;
    if (n == gc_watch.most)
        return;
    entry[HM_NODE_GC_START_NS] = (double)start_ns;
    entry[HM_NODE_GC_NS] = (double)(hm_clock_now_ns() - start_ns);
    entry[HM_NODE_GC_KIND] = kind;
    gc_watch.log[0] = (double)(n + 1);
}

static union gc_function gc_find(const char *name)
{
    return (union gc_function){.address = dlsym(RTLD_DEFAULT, name)};
}

int hm_cell_node_gc_watch(double *log, size_t n)
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
    gc_watch.log = log;
    gc_watch.most = (n - 1) / HM_NODE_GC_FIELDS;
    isolate = current.current();
    begins.add(isolate, gc_begins, NULL, GC_ALL);
    ended.add(isolate, gc_ended, NULL, GC_ALL);
    return 0;
}
