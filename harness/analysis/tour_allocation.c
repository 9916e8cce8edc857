/* SPDX-License-Identifier: MIT */
#include "harness/analysis/tour_chapters.h"

#include <math.h>

static struct hm_tour_cell allocation_cell(const char *strategy)
{
    return (struct hm_tour_cell){"binary_trees", strategy, NULL};
}

static double allocation_of(struct hm_tour *tour, const char *strategy,
                            const char *column)
{
    struct hm_tour_cell cell = allocation_cell(strategy);

    return hm_tour_median(tour->rows, &cell, column);
}

static double allocation_ns(struct hm_tour *tour, const char *strategy)
{
    return allocation_of(tour, strategy, "wall_ns") /
           allocation_of(tour, strategy, "alloc_count");
}

/* How much of the time the program stood still for collections. */
static double allocation_stopped(struct hm_tour *tour, const char *strategy)
{
    return 100 * allocation_of(tour, strategy, "pause_total_ns") /
           allocation_of(tour, strategy, "wall_ns");
}

static void allocation_say_extremes(struct hm_tour *tour,
                                    const struct hm_tour_bars *bars)
{
    size_t least = 0, most = 0;

    for (size_t i = 1; i < bars->n; i++) {
        double value = bars->bar[i].value;

        if (isnan(bars->bar[least].value) || value < bars->bar[least].value)
            least = i;
        if (isnan(bars->bar[most].value) || value > bars->bar[most].value)
            most = i;
    }
    if (bars->n < 2 || least == most)
        return;
    hm_tour_say(
        tour, bars->bar[least].value + bars->bar[most].value,
        "Cheapest here: %s, %s per object; dearest: %s, %s.",
        bars->bar[least].label, hm_tour_time(tour, bars->bar[least].value),
        bars->bar[most].label, hm_tour_time(tour, bars->bar[most].value));
}

static void allocation_say_bump(struct hm_tour *tour)
{
    double faults = allocation_of(tour, "nogc", "minflt");
    double reused = allocation_of(tour, "glibc", "minflt");

    hm_tour_say(tour, faults + reused,
                "Never freeing has its price, too (%s): memory that is not "
                "used again must come from the system, here in %.0f page "
                "faults; glibc's malloc, which uses it again, had %.0f.",
                hm_tour_time(tour, allocation_ns(tour, "nogc")), faults,
                reused);
}

static void allocation_say_pauses(struct hm_tour *tour)
{
    double stopped = allocation_stopped(tour, "generational");
    double v8 = allocation_stopped(tour, "node");

    hm_tour_say(tour, stopped,
                "The generational collector stopped the program for %.0f %% of "
                "the time.",
                stopped);
    hm_tour_say(
        tour, v8,
        "V8 stopped the program for %.0f %% of its time, in which it also "
        "compiled it.",
        v8);
}

static void allocation_tell(struct hm_tour *tour)
{
    static const struct {
        const char *label, *strategy;
    } bar[] = {
        {"malloc of glibc", "glibc"},
        {"malloc of jemalloc", "jemalloc"},
        {"malloc of mimalloc", "mimalloc"},
        {"an arena", "arena"},
        {"reference counting", "refcount"},
        {"mark-sweep collector", "marksweep"},
        {"generational collector", "generational"},
        {"V8", "node"},
        {"never freed", "nogc"},
    };
    struct hm_tour_bars bars = {
        .title = "Time per object, from making it to getting rid of it "
                 "(lower is better)",
        .unit = "ns"};

    for (size_t i = 0; i < sizeof bar / sizeof bar[0]; i++) {
        struct hm_tour_cell cell = allocation_cell(bar[i].strategy);

        hm_tour_bar(tour, &bars, bar[i].label, &cell,
                    allocation_ns(tour, bar[i].strategy));
    }
    hm_tour_print_bars(tour, &bars);
    allocation_say_extremes(tour, &bars);
    allocation_say_bump(tour);
    allocation_say_pauses(tour);
}

const struct hm_tour_chapter hm_tour_allocation = {
    .id = "allocation",
    .question = "What does an allocation cost?",
    .before =
        "malloc looks for a free block, and free puts it back, one by one. "
        "An arena frees everything at once. A collector, V8's too, often "
        "just moves a pointer forward, and pays later, when it looks for "
        "what is still needed. Reference counting pays whenever a reference "
        "is made or dropped. All of them build and drop the same binary "
        "trees here.",
    .tell = allocation_tell,
};
