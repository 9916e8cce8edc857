/* SPDX-License-Identifier: MIT */
#include "harness/analysis/tour_chapters.h"

#include <math.h>

static struct hm_tour_cell stack_cell(const char *strategy, const char *variant)
{
    return (struct hm_tour_cell){"stack_heap", strategy, variant};
}

static double stack_call_ns(struct hm_tour *tour,
                            const struct hm_tour_cell *cell)
{
    return hm_tour_median(tour->rows, cell, "wall_ns") /
           hm_tour_median(tour->rows, cell, "ops");
}

static double stack_ns(struct hm_tour *tour, const char *strategy,
                       const char *variant)
{
    struct hm_tour_cell cell = stack_cell(strategy, variant);

    return stack_call_ns(tour, &cell);
}

static void stack_chart(struct hm_tour *tour)
{
    static const struct {
        const char *label, *strategy, *variant;
    } bar[] = {
        {"C: local variables", "glibc", "variant=0"},
        {"C: a struct on the stack", "glibc", "variant=1"},
        {"C: alloca, on the stack", "glibc", "variant=2"},
        {"C: a frame from an arena", "arena", "variant=3"},
        {"C: ... from a collector", "generational", "variant=3"},
        {"C: ... from malloc", "glibc", "variant=3"},
        {"C: every value from malloc", "glibc", "variant=4"},
        {"V8: local variables", "node", "variant=0"},
        {"V8: a local object", "node", "variant=1"},
        {"V8: an object passed on", "node", "variant=3"},
        {"V8: an object per value", "node", "variant=4"},
    };
    struct hm_tour_bars bars = {.title = "Time per call (lower is better)",
                                .unit = "ns"};

    for (size_t i = 0; i < sizeof bar / sizeof bar[0]; i++) {
        struct hm_tour_cell cell = stack_cell(bar[i].strategy, bar[i].variant);

        hm_tour_bar(tour, &bars, bar[i].label, &cell,
                    stack_call_ns(tour, &cell));
    }
    hm_tour_print_bars(tour, &bars);
}

static void stack_say_c(struct hm_tour *tour)
{
    double in_registers = stack_ns(tour, "glibc", "variant=0");
    double on_stack = stack_ns(tour, "glibc", "variant=1");
    double by_malloc = stack_ns(tour, "glibc", "variant=3");
    double in_arena = stack_ns(tour, "arena", "variant=3");
    double collected = stack_ns(tour, "generational", "variant=3");

    hm_tour_say(tour, in_registers,
                "In C, local variables can stay in registers, and the compiler "
                "may join several calls: here one takes %s.",
                hm_tour_time(tour, in_registers));
    hm_tour_say(tour, on_stack + by_malloc,
                "With its frame from malloc a call takes %s: %s times the %s "
                "of the same struct on the stack.",
                hm_tour_time(tour, by_malloc),
                hm_tour_number(tour, by_malloc / on_stack),
                hm_tour_time(tour, on_stack));
    hm_tour_say(tour, in_arena + collected,
                "From an arena, which frees all frames at once, it takes %s, "
                "and from a collector, which allocates by moving a pointer, "
                "%s.",
                hm_tour_time(tour, in_arena), hm_tour_time(tour, collected));
}

/* What collections, of the calls that keep their object and of those that pass
 * it on, tell of whether the former make one. */
static const char *stack_made(double few, double many)
{
    if (few == 0 && many == 0) {
        return "nothing was collected, so nothing can be told of what was "
               "made.";
    }
    if (few < many / 4) {
        return "once the function is optimised, an object that nobody else "
               "sees is not made at all.";
    }
    return "here the optimiser still makes the object that nobody else sees.";
}

static void stack_say_v8(struct hm_tour *tour)
{
    struct hm_tour_cell stays = stack_cell("node", "variant=1");
    struct hm_tour_cell escapes = stack_cell("node", "variant=3");
    double few = hm_tour_median(tour->rows, &stays, "collections");
    double many = hm_tour_median(tour->rows, &escapes, "collections");
    double ratio = stack_call_ns(tour, &escapes) / stack_call_ns(tour, &stays);

    hm_tour_say(tour, few + many + ratio,
                "Under V8 a call that passes its object on takes %s times as "
                "long as one that keeps it to itself. Collections: %.0f where "
                "it is passed on, %.0f where it is not;",
                hm_tour_number(tour, ratio), many, few);
    hm_tour_say(tour, few + many, "%s", stack_made(few, many));
    hm_tour_say(tour, ratio, "V8's times include compiling the function.");
}

static void stack_tell(struct hm_tour *tour)
{
    stack_chart(tour);
    stack_say_c(tour);
    hm_tour_end_paragraph(tour);
    stack_say_v8(tour);
}

const struct hm_tour_chapter hm_tour_stack = {
    .id = "stack",
    .question = "What is on the stack, and what is on the heap?",
    .before =
        "A call's local variables live in registers or in its frame on the "
        "stack. When the call returns, the frame is gone, at no cost. What "
        "may be needed longer lives on the heap: something has to find room "
        "for it, and later find out that nobody needs it any more. In "
        "JavaScript every object, array and closure is on the heap, unless "
        "the optimiser proves that it stays inside its function. Here one "
        "recursive function computes one number, each time with its values "
        "in another place.",
    .tell = stack_tell,
};
