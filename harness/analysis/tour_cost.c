/* SPDX-License-Identifier: MIT */
#include "harness/analysis/tour_chapters.h"

#include "harness/analysis/summary_rows.h"

#include <math.h>

/* Up to this ratio to what is needed nothing has to be explained. */
#define COST_LITTLE 1.05

static struct hm_tour_cell cost_cell(const char *workload, const char *strategy)
{
    return (struct hm_tour_cell){workload, strategy, NULL};
}

static double cost_of(struct hm_tour *tour, const char *workload,
                      const char *strategy, const char *column)
{
    struct hm_tour_cell cell = cost_cell(workload, strategy);

    return hm_tour_median(tour->rows, &cell, column);
}

/* What the process had at most, less what it had before the work. */
static double cost_grown(struct hm_tour *tour, const char *workload,
                         const char *strategy)
{
    return cost_of(tour, workload, strategy, "rss_peak_bytes") -
           cost_of(tour, workload, strategy, "rss_base_bytes");
}

static double cost_needed(struct hm_tour *tour, const char *workload)
{
    return cost_of(tour, workload, "glibc", "live_peak_bytes");
}

/* A parameter of the workload, from its first row. */
static double cost_param(struct hm_tour *tour, const char *workload,
                         const char *name)
{
    struct hm_tour_cell cell = cost_cell(workload, "glibc");

    for (size_t i = 0; i < tour->rows->n; i++) {
        if (hm_tour_is_of(tour->rows, i, &cell)) {
            return hm_summary_param(hm_tour_field(tour->rows, i, "params"),
                                    name);
        }
    }
    return NAN;
}

static void cost_chart(struct hm_tour *tour)
{
    static const struct {
        const char *workload, *label;
    } work[] = {
        {"cache", "cache"},
        {"connections", "connections"},
        {"large_objects", "large objects"},
        {"file_whole", "file, read at once"},
        {"file_stream", "file, in chunks"},
    };
    struct hm_tour_bars bars = {
        .title = "Memory: needed at most, and what the process grew by",
        .unit = "bytes"};

    for (size_t i = 0; i < sizeof work / sizeof work[0]; i++) {
        struct hm_tour_cell glibc = cost_cell(work[i].workload, "glibc");
        struct hm_tour_cell node = cost_cell(work[i].workload, "node");

        hm_tour_bar(tour, &bars, work[i].label, &glibc,
                    cost_needed(tour, work[i].workload));
        hm_tour_bar(tour, &bars, "   glibc", &glibc,
                    cost_grown(tour, work[i].workload, "glibc"));
        hm_tour_bar(tour, &bars, "   V8", &node,
                    cost_grown(tour, work[i].workload, "node"));
    }
    hm_tour_print_bars(tour, &bars);
}

static const char *cost_cause(double ratio, const char *cause)
{
    return ratio > COST_LITTLE ? cause : "";
}

static void cost_say_cache(struct hm_tour *tour)
{
    double need = cost_needed(tour, "cache");
    double glibc = cost_grown(tour, "cache", "glibc");
    double node = cost_grown(tour, "cache", "node");
    double kept = cost_of(tour, "cache", "node", "rss_drained_bytes") -
                  cost_of(tour, "cache", "node", "rss_base_bytes");

    hm_tour_say(tour, need + glibc,
                "A cache: for each byte that its entries need glibc's process "
                "grew by %s bytes%s.",
                hm_tour_number(tour, glibc / need),
                cost_cause(glibc / need, ": blocks have headers, and can leave "
                                         "holes between them"));
    hm_tour_say(tour, need + node, "V8's grew by %s bytes%s.",
                hm_tour_number(tour, node / need),
                cost_cause(node / need,
                           ": objects have headers, too, and values that were "
                           "replaced can stay until a collection"));
    hm_tour_say(tour, node + kept,
                "With the cache dropped and collected, it kept %s of %s.",
                hm_tour_size(tour, kept), hm_tour_size(tour, node));
}

static void cost_say_connection(struct hm_tour *tour)
{
    double open = cost_param(tour, "connections", "connections");
    double node = cost_grown(tour, "connections", "node") / open;

    hm_tour_say(
        tour, cost_grown(tour, "connections", "glibc") + open,
        "An open connection: its read buffer, its last request and "
        "what waits to be sent are %s; under glibc it costs %s",
        hm_tour_size(tour, cost_needed(tour, "connections") / open),
        hm_tour_size(tour, cost_grown(tour, "connections", "glibc") / open));
    hm_tour_say(tour, node, "and under V8 %s", hm_tour_size(tour, node));
    hm_tour_say(tour, open, "while %.0f are open.", open);
}

static void cost_say_large(struct hm_tour *tour)
{
    double faults = cost_of(tour, "large_objects", "glibc", "minflt");
    double slow = cost_of(tour, "large_objects", "glibc", "lat_p90_ns");
    double median = cost_of(tour, "large_objects", "glibc", "lat_p50_ns");

    hm_tour_say(tour, faults + slow + median,
                "A large object: fresh memory comes from the system when it is "
                "first written, by a page fault; under glibc there were %.0f. "
                "Half of the buffers took less than %s, one in ten more than "
                "%s.",
                faults, hm_tour_time(tour, median), hm_tour_time(tour, slow));
}

static void cost_say_file(struct hm_tour *tour)
{
    double bytes = cost_param(tour, "file_whole", "bytes");
    double whole = cost_grown(tour, "file_whole", "glibc");
    double chunks = cost_grown(tour, "file_stream", "glibc");
    double node_whole = cost_grown(tour, "file_whole", "node");
    double node_chunks = cost_grown(tour, "file_stream", "node");

    hm_tour_say(tour, bytes + whole + chunks,
                "A file of %s takes %s under glibc if it is read at once and "
                "kept as records, %s if it is read in chunks.",
                hm_tour_size(tour, bytes), hm_tour_size(tour, whole),
                hm_tour_size(tour, chunks));
    hm_tour_say(tour, node_whole + node_chunks,
                "Under V8 that is %s, or %s with the chunks and lines that "
                "wait to be collected.",
                hm_tour_size(tour, node_whole),
                hm_tour_size(tour, node_chunks));
}

static void cost_tell(struct hm_tour *tour)
{
    cost_chart(tour);
    cost_say_cache(tour);
    hm_tour_end_paragraph(tour);
    cost_say_connection(tour);
    hm_tour_end_paragraph(tour);
    cost_say_large(tour);
    hm_tour_end_paragraph(tour);
    cost_say_file(tour);
}

const struct hm_tour_chapter hm_tour_cost = {
    .id = "cost",
    .question =
        "Why do caches, connections, large objects and files cost that much?",
    .before =
        "What a program needs is what it asked for and still uses. What it "
        "costs is what the system gave to its process: also headers, holes, "
        "garbage that nobody collected yet, and memory that is kept for "
        "later.",
    .tell = cost_tell,
};
