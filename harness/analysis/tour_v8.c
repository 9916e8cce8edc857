/* SPDX-License-Identifier: MIT */
#include "harness/analysis/tour_chapters.h"

#include <math.h>

/* A ratio of two single runs between these says nothing. */
#define V8_LESS 0.8
#define V8_MORE 1.25

static struct hm_tour_cell v8_cell(const char *strategy)
{
    return (struct hm_tour_cell){"requests", strategy, NULL};
}

static double v8_of(struct hm_tour *tour, const char *strategy,
                    const char *column)
{
    struct hm_tour_cell cell = v8_cell(strategy);

    return hm_tour_median(tour->rows, &cell, column);
}

static double v8_memory(struct hm_tour *tour, const char *strategy)
{
    return v8_of(tour, strategy, "rss_peak_bytes") -
           v8_of(tour, strategy, "rss_base_bytes");
}

static const struct {
    const char *label, *strategy;
} v8_bars[] = {
    {"malloc and free (glibc)", "glibc"},
    {"generational collector in C", "generational"},
    {"V8", "node"},
    {"V8, with an event loop", "node_loop"},
};

/* `column` NULL: memory. */
static void v8_chart(struct hm_tour *tour, const char *title,
                     const char *column)
{
    struct hm_tour_bars bars = {.title = title,
                                .unit = column != NULL ? "ns" : "bytes"};

    for (size_t i = 0; i < sizeof v8_bars / sizeof v8_bars[0]; i++) {
        struct hm_tour_cell cell = v8_cell(v8_bars[i].strategy);

        hm_tour_bar(tour, &bars, v8_bars[i].label, &cell,
                    column != NULL ? hm_tour_median(tour->rows, &cell, column)
                                   : v8_memory(tour, v8_bars[i].strategy));
    }
    hm_tour_print_bars(tour, &bars);
}

/* What a collector did to the latencies of malloc and free. */
static void v8_say_latency(struct hm_tour *tour, const char *name,
                           const char *strategy)
{
    double median = v8_of(tour, strategy, "lat_p50_ns") /
                    v8_of(tour, "glibc", "lat_p50_ns");
    double slow = v8_of(tour, strategy, "lat_p999_ns") /
                  v8_of(tour, "glibc", "lat_p999_ns");

    hm_tour_say(tour, median + slow,
                "%s's median request takes %s times as long as that of malloc "
                "and free, its slowest of a thousand %s times as long.",
                name, hm_tour_number(tour, median), hm_tour_number(tour, slow));
}

static void v8_say_pauses(struct hm_tour *tour, const char *name,
                          const char *strategy)
{
    double total = v8_of(tour, strategy, "pause_total_ns");
    double wall = v8_of(tour, strategy, "wall_ns");
    double longest = v8_of(tour, strategy, "pause_max_ns");

    hm_tour_say(tour, total + wall + longest,
                "%s stopped the program %.0f times, for %.0f %% of its time "
                "and %s at the longest.",
                name, v8_of(tour, strategy, "pauses"), 100 * total / wall,
                hm_tour_time(tour, longest));
}

/* What the event loop changes, as a ratio. */
static double v8_loop(struct hm_tour *tour, const char *column)
{
    return v8_of(tour, "node_loop", column) / v8_of(tour, "node", column);
}

static void v8_say_loop(struct hm_tour *tour)
{
    double closed = v8_loop(tour, "lat_p999_ns");

    hm_tour_say(tour, closed,
                "When the event loop turns between requests, the slowest of a "
                "thousand takes %s times what it takes without:",
                hm_tour_number(tour, closed));
    hm_tour_say(tour, closed,
                closed < V8_LESS
                    ? "V8 collects in the turns, and here the next request is "
                      "not there before one ends, so that what falls between "
                      "two requests delays nobody."
                : closed > V8_MORE
                    ? "here the turns did not help V8 to collect earlier."
                    : "that is no clear difference.");
}

/* The same as if requests came on their own: turns delay those, too. */
static void v8_say_metered(struct hm_tour *tour)
{
    double metered = v8_loop(tour, "metered_p999_ns");

    hm_tour_say(tour, metered,
                "Had the requests come on their own, evenly, those that came "
                "in a turn would have waited for its end: seen so (metered), "
                "it takes %s times what it takes without (%s and %s):",
                hm_tour_number(tour, metered),
                hm_tour_time(tour, v8_of(tour, "node_loop", "metered_p999_ns")),
                hm_tour_time(tour, v8_of(tour, "node", "metered_p999_ns")));
    hm_tour_say(tour, metered,
                metered < V8_LESS   ? "the turns help them, too."
                : metered > V8_MORE ? "the turns cost them more."
                                    : "the turns hardly help them.");
}

static void v8_say_memory(struct hm_tour *tour)
{
    double needed = v8_of(tour, "glibc", "live_peak_bytes");
    double node = v8_memory(tour, "node");

    hm_tour_say(tour, needed + node,
                "The program needs %s at most; V8 grew by %s, malloc and free "
                "by %s.",
                hm_tour_size(tour, needed), hm_tour_size(tour, node),
                hm_tour_size(tour, v8_memory(tour, "glibc")));
}

static void v8_tell(struct hm_tour *tour)
{
    v8_chart(tour, "The median request (lower is better)", "lat_p50_ns");
    v8_chart(tour, "The slowest of a thousand requests (lower is better)",
             "lat_p999_ns");
    v8_chart(tour,
             "The same, had they come on their own, evenly (lower is better)",
             "metered_p999_ns");
    v8_chart(tour, "Memory that the process grew by (lower is better)", NULL);
    if (isnan(v8_of(tour, "node", "wall_ns"))) {
        v8_say_latency(tour, "The generational collector", "generational");
        v8_say_pauses(tour, "It", "generational");
        return;
    }
    v8_say_latency(tour, "V8", "node");
    v8_say_pauses(tour, "V8", "node");
    hm_tour_end_paragraph(tour);
    v8_say_loop(tour);
    v8_say_metered(tour);
    hm_tour_end_paragraph(tour);
    v8_say_memory(tour);
}

const struct hm_tour_chapter hm_tour_v8 = {
    .id = "v8",
    .question = "What does V8 do?",
    .before =
        "V8 puts new objects into a small young generation, by moving a "
        "pointer. When that is full, it copies what is still reachable; "
        "what survives twice moves on to the old generation. That one is "
        "marked now and then, in part while the program runs, and swept. "
        "Both happen when room is short, in the midst of a request if need "
        "be. Here a server answers requests: each builds a tree of some 270 "
        "small objects, and the last one of each session is kept.",
    .tell = v8_tell,
};
