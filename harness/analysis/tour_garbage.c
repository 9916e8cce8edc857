/* SPDX-License-Identifier: MIT */
#include "harness/analysis/tour_chapters.h"

#include <math.h>

static struct hm_tour_cell garbage_cell(const char *strategy)
{
    return (struct hm_tour_cell){"cycles", strategy, NULL};
}

static double garbage_of(struct hm_tour *tour, const char *strategy,
                         const char *column)
{
    struct hm_tour_cell cell = garbage_cell(strategy);

    return hm_tour_median(tour->rows, &cell, column);
}

static double garbage_grown(struct hm_tour *tour, const char *strategy)
{
    return garbage_of(tour, strategy, "rss_end_bytes") -
           garbage_of(tour, strategy, "rss_base_bytes");
}

static void garbage_chart(struct hm_tour *tour)
{
    static const struct {
        const char *label, *strategy;
    } bar[] = {
        {"freed by hand (glibc)", "glibc"},
        {"reference counting", "refcount"},
        {"... that looks for cycles", "refcount_cycle"},
        {"mark-sweep collector", "marksweep"},
        {"generational collector", "generational"},
        {"V8", "node"},
        {"never freed", "nogc"},
    };
    struct hm_tour_bars bars = {
        .title = "Memory that the process grew by (lower is better)",
        .unit = "bytes"};

    for (size_t i = 0; i < sizeof bar / sizeof bar[0]; i++) {
        struct hm_tour_cell cell = garbage_cell(bar[i].strategy);

        hm_tour_bar(tour, &bars, bar[i].label, &cell,
                    garbage_grown(tour, bar[i].strategy));
    }
    hm_tour_print_bars(tour, &bars);
}

/* From which percentage of what was made on the process kept all of it. */
enum { GARBAGE_ALL_PERCENT = 95 };

static const char *garbage_kept(struct hm_tour *tour, double made, double kept)
{
    double percent = 100 * kept / made;
    const char *more = "";

    if (percent >= 200 - GARBAGE_ALL_PERCENT) {
        more = hm_pool_format(tour->pool, ", and %s of its own besides",
                              hm_tour_size(tour, kept - made));
    }
    if (percent >= GARBAGE_ALL_PERCENT) {
        return hm_pool_format(
            tour->pool,
            "kept all of it%s: in a dropped ring every count is still 1, and "
            "never becomes 0",
            more);
    }
    if (percent > 50)
        return hm_pool_format(tour->pool, "kept %.0f %% of it", percent);
    return "let go of most of it";
}

/* A count that never becomes 0 keeps all that was ever made. */
static void garbage_say_counting(struct hm_tour *tour)
{
    double made = garbage_of(tour, "glibc", "alloc_bytes");
    double needed = garbage_of(tour, "glibc", "live_peak_bytes");
    double kept = garbage_grown(tour, "refcount");

    hm_tour_say(tour, made + needed,
                "The program made %s of objects and never needed more than "
                "%s at a time.",
                hm_tour_size(tour, made), hm_tour_size(tour, needed));
    hm_tour_say(tour, kept / made, "Reference counting %s.",
                garbage_kept(tour, made, kept));
}

static void garbage_say_v8(struct hm_tour *tour)
{
    double needed = garbage_of(tour, "node", "live_peak_bytes");
    double grown = garbage_grown(tour, "node");
    double times = garbage_of(tour, "node", "collections");
    double base = garbage_of(tour, "node", "rss_base_bytes");
    double peak = garbage_of(tour, "node", "rss_peak_bytes");
    double after = garbage_of(tour, "node", "rss_drained_bytes");

    hm_tour_say(tour, grown + times + needed,
                "V8 collected %.0f times and grew by %s. It does not notice "
                "when an object becomes garbage; it looks when the room for "
                "new objects is full, and until then garbage takes memory.",
                times, hm_tour_size(tour, grown));
    hm_tour_say(tour, peak + after,
                "At its peak its process had %s (%s before the work began); "
                "when everything had been dropped and collected, %s:",
                hm_tour_size(tour, peak), hm_tour_size(tour, base),
                hm_tour_size(tour, after));
    hm_tour_say(tour, peak + after,
                after - base > (peak - base) / 2
                    ? "freed memory is first of all the process's to use "
                      "again, and goes back to the system late or never."
                    : "most of what it grew by went back to the system.");
}

static void garbage_tell(struct hm_tour *tour)
{
    garbage_chart(tour);
    garbage_say_counting(tour);
    hm_tour_end_paragraph(tour);
    garbage_say_v8(tour);
}

const struct hm_tour_chapter hm_tour_garbage = {
    .id = "garbage",
    .question = "What is unreachable, and when does its memory come back?",
    .before =
        "An object is garbage when the program cannot reach it any more: no "
        "path of references leads to it from a variable or a global. That "
        "is not the same as \"nothing refers to it\". Here rings of 100 "
        "objects are made and dropped whole, and in a ring every object has "
        "a neighbour that refers to it.",
    .tell = garbage_tell,
};
