/* SPDX-License-Identifier: MIT */
/* cell_node.c -- the runs of heapmark-cell-node: this program checks a request
 * as every cell does, and then becomes Node.js, which does the same work in
 * JavaScript and writes the record (collectors/node).
 *
 * V8 takes its limits and its mode from the command line only, and the driver
 * watches the process that it started, so neither a script nor a parent of
 * Node's would do.  Of the workloads in C only the tables are used here. */
#include "collectors/collector.h"
#include "common/os.h"
#include "harness/cell/cell_run.h"
#include "workloads/object.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    NODE_NURSERY_MIN,
    NODE_NURSERY_MAX,
    NODE_OLD_SPACE,
    NODE_GC_GLOBAL,
    NODE_BUFFERS,
};

/* The bounds of the nursery are those of `generational`, by name and unit. */
static const struct hm_param node_params[] = {
    {"nursery_min", "bytes of a semispace at first; 0 = V8's 1M", 0, 0, 0,
     UINT64_C(1) << 30},
    {"nursery_max", "bytes it may grow to; 0 = V8's 16M, or by the limit", 0, 0,
     0, UINT64_C(1) << 30},
    {"old_space", "most MiB of the old one; 0: V8's choice, or by the limit", 0,
     0, 0, 1 << 20},
    {"gc_global", "off|on: every collection is a full one", 0, 0, 0, 1},
    {"buffers", "off|on: payloads are Buffers, outside of V8's heap", 0, 0, 0,
     1},
    {0},
};

/* Under another name (CMakeLists.txt): the workloads' own collector is linked
 * as well. */
const struct hm_collector hm_collector_this = {
    .name = "node",
    .summary = "V8 as Node.js has it",
    .source = "Node.js",
    .class = HM_CLASS_COLLECTOR,
    .has_heap_limit = 1,
    .has_no_tracing = 1, /* it does, but Buffers lie outside of its limit */
    .params = node_params,
};

enum {
    NODE_OWN_MIB = 4,      /* what V8's heap holds before a program is loaded */
    NODE_YOUNG_SHARE = 4,  /* young generation: at most one part in so many */
    NODE_YOUNG_HALVES = 3, /* its limit, in semi-spaces */
    NODE_SEMI_MAX_MIB = 16,
    /* Of node_loop.  V8 scavenges in a turn when the young generation is four
     * fifths full; the last fifth of a small one is allocated in about this. */
    NODE_TURN_US = 200,
    NODE_STACK_KIB = 3900, /* as deep as C, within the usual 8 MiB */
    NODE_WORDS = 2 * HM_PARAMS_MAX + 24,
};

/* The command line of Node.js. */
static struct {
    char *word[NODE_WORDS + 1];
    unsigned n;
    char text[4 * PATH_MAX];
    size_t used;
} node_line;

__attribute__((format(printf, 1, 2))) static void node_add(const char *format,
                                                           ...)
{
    char *at = node_line.text + node_line.used;
    size_t room = sizeof(node_line.text) - node_line.used;
    va_list list;
    int n;

    va_start(list, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): just above */
    n = vsnprintf(at, room, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= room || node_line.n == NODE_WORDS)
        return;
    node_line.word[node_line.n++] = at;
    node_line.used += (size_t)n + 1;
}

/* Becomes Node.js; returns 1, after a complaint, when there is none. */
static int node_become(void)
{
    (void)execvp(node_line.word[0], node_line.word);
    hm_cell_complain("cannot run node: %s; install nodejs",
                     strerrordesc_np(errno));
    return 1;
}

int hm_cell_runtime(void)
{
    node_add("node");
    node_add("-p");
    node_add("`${process.version} (V8 ${process.versions.v8})`");
    return node_become();
}

/* V8 counts in MiB, and takes the next power of two. */
static uint64_t node_mib(uint64_t bytes)
{
    uint64_t mib = bytes > 0;

    while (mib << 20 < bytes)
        mib *= 2;
    return mib;
}

static uint64_t node_semi_mib(uint64_t heap_mib)
{
    uint64_t semi_mib = 1;

    while (semi_mib < NODE_SEMI_MAX_MIB &&
           2 * semi_mib * NODE_YOUNG_HALVES * NODE_YOUNG_SHARE <= heap_mib)
        semi_mib *= 2;
    return semi_mib;
}

/* The limit is what the program may have: both generations, but not what V8
 * holds for itself.  Options go before it. */
static void node_add_limits(const struct hm_cell_args *args)
{
    uint64_t heap_mib = args->heap_bytes >> 20;
    uint64_t first_mib = node_mib(args->option[NODE_NURSERY_MIN]);
    uint64_t semi_mib = node_mib(args->option[NODE_NURSERY_MAX]);
    uint64_t old_mib = args->option[NODE_OLD_SPACE];

    if (args->heap_bytes > 0 && semi_mib == 0)
        semi_mib = node_semi_mib(heap_mib);
    if (args->heap_bytes > 0 && old_mib == 0) {
        uint64_t young_mib = NODE_YOUNG_HALVES * semi_mib;

        old_mib =
            NODE_OWN_MIB + (heap_mib > young_mib ? heap_mib - young_mib : 1);
    }
    if (first_mib > 0)
        node_add("--min-semi-space-size=%" PRIu64, first_mib);
    if (semi_mib > 0)
        node_add("--max-semi-space-size=%" PRIu64, semi_mib);
    if (old_mib > 0)
        node_add("--max-old-space-size=%" PRIu64, old_mib);
}

static void node_add_flags(const struct hm_cell_args *args,
                           const char *strategy)
{
    node_add("--expose-gc");
    node_add("--stack-size=%d", NODE_STACK_KIB);
    if (strcmp(strategy, "node_1gc") == 0)
        node_add("--single-threaded-gc");
    if (args->option[NODE_GC_GLOBAL])
        node_add("--gc-global");
    node_add_limits(args);
}

/* The script lies beside this program. */
static void node_add_script(void)
{
    static char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    path[n > 0 ? n : 0] = '\0';
    slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
    node_add("%s/node/cell.mjs", path);
}

static void node_add_table(const char *group, const struct hm_param *table,
                           const uint64_t *value)
{
    for (size_t i = 0; table[i].name != NULL; i++)
        node_add("%s.%s=%" PRIu64, group, table[i].name, value[i]);
}

static uint64_t node_poll_us(const struct hm_cell_args *args,
                             const char *strategy)
{
    if (args->poll_us > 0)
        return args->poll_us;
    return strcmp(strategy, "node_loop") == 0 ? NODE_TURN_US : 0;
}

static void node_add_request(const struct hm_cell_args *args,
                             const char *strategy)
{
    node_add("%s", args->object->name);
    node_add("strategy=%s", strategy);
    node_add("seed=%" PRIu32, args->seed);
    node_add("rate_per_s=%" PRIu64, args->rate_per_s);
    node_add("poll_us=%" PRIu64, node_poll_us(args, strategy));
    node_add("arrivals=%d", args->object->has_arrivals);
    node_add("leak=%d", args->object->leak != HM_LEAK_NOT_ONE);
    if (args->malloc_path != NULL)
        node_add("malloc=%s", args->malloc_path);
    node_add("input_dir=%s", args->input_dir);
    node_add("record_fd=%d", args->record_fd);
    node_add("progress_fd=%d", args->progress_fd);
    node_add_table("param", args->object->params, args->value);
    node_add_table("option", node_params, args->option);
}

int hm_cell_run_object(const struct hm_cell_args *args)
{
    const char *strategy = args->strategy != NULL ? args->strategy : "node";
    int refused = hm_cell_run_prepare(args);

    if (refused < 0)
        return HM_CELL_EXIT_USAGE;
    if (!refused && args->threads > 1) {
        hm_cell_run_refuse(HM_CELL_UNSUPPORTED,
                           args->object->max_threads <= 1
                               ? "the workload runs in one thread"
                               : "the strategy takes one mutator");
        refused = 1;
    }
    if (refused)
        return hm_cell_run_finish();
    if (args->rate_per_s > 0)
        hm_os_sleep_exactly();
    node_add("node");
    node_add_flags(args, strategy);
    node_add_script();
    node_add_request(args, strategy);
    return node_become();
}
