/* SPDX-License-Identifier: MIT */
#include "harness/analysis/tour_chapters.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *workload, *meaning;
} leaks_of[] = {
    {"leak_none", "nothing is kept: the control"},
    {"leak_cache", "a Map that is never emptied"},
    {"leak_listener", "on() per request, never off()"},
    {"leak_closure", "closures share a big variable"},
    {"leak_timer", "timers that are never cleared"},
    {"leak_thread", "left behind by ended threads"},
    {"leak_view", "16 bytes of each 1 MiB Buffer"},
    {"leak_lost", "the last pointer overwritten"},
    {"leak_connection", "an error path forgets one"},
    {"leak_chain", "only a list's head is freed"},
    {"leak_cycle", "pairs that refer to each other"},
    {"leak_false", "numbers equal to addresses"},
    {"leak_window", "a queue and one such number"},
};

static const struct {
    const char *strategy, *heading, *name;
} leaks_under[] = {
    {"glibc", "malloc", "malloc and free"},
    {"refcount", "counts", "reference counting"},
    {"marksweep", "marks", "a precise mark-sweep collector"},
    {"bdwgc", "libgc", "libgc, which guesses what is a reference"},
    {"node", "V8", "V8"},
};

enum {
    LEAKS = sizeof leaks_of / sizeof leaks_of[0],
    LEAKS_STRATEGIES = sizeof leaks_under / sizeof leaks_under[0],
    LEAKS_MIB = 1048576,
};

static struct hm_tour_cell leaks_cell(size_t leak, size_t under)
{
    return (struct hm_tour_cell){leaks_of[leak].workload,
                                 leaks_under[under].strategy, NULL};
}

/* A word of leak.h; NULL: not measured, or not to its end. */
static const char *leaks_verdict(struct hm_tour *tour, size_t leak,
                                 size_t under)
{
    struct hm_tour_cell cell = leaks_cell(leak, under);

    for (size_t i = 0; i < tour->rows->n; i++) {
        const char *verdict = hm_tour_field(tour->rows, i, "leak_verdict");

        if (hm_tour_is_of(tour->rows, i, &cell) && *verdict != '\0' &&
            strcmp(hm_tour_field(tour->rows, i, "status"), "ok") == 0)
            return verdict;
    }
    return NULL;
}

static void leaks_put_cell(struct hm_tour *tour, size_t leak, size_t under)
{
    struct hm_tour_cell cell = leaks_cell(leak, under);
    const char *verdict = leaks_verdict(tour, leak, under);
    double grown = hm_tour_median(tour->rows, &cell, "rss_end_bytes") -
                   hm_tour_median(tour->rows, &cell, "rss_base_bytes");

    if (verdict == NULL) {
        fprintf(tour->out, " %6s", "-");
    } else if (strcmp(verdict, "none") == 0) {
        fprintf(tour->out, " %6s", "flat");
    } else if (strcmp(verdict, "fragmentation") == 0) {
        fprintf(tour->out, " %6s", "holes");
    } else {
        fprintf(tour->out, " %+6.0f", grown / LEAKS_MIB);
    }
}

/* Less the "leak_" that they all begin with. */
static const char *leaks_name(size_t leak)
{
    return leaks_of[leak].workload + strlen("leak_");
}

static bool leaks_is_here(struct hm_tour *tour, size_t under)
{
    for (size_t i = 0; i < LEAKS; i++) {
        if (leaks_verdict(tour, i, under) != NULL)
            return true;
    }
    return false;
}

static void leaks_table(struct hm_tour *tour)
{
    fprintf(tour->out,
            "  Growth in MiB, or flat: no leak; holes: fragmentation; -: not "
            "measured\n"
            "  (counts: reference counting; marks: mark-sweep; libgc: guesses "
            "references)\n"
            "  leak_...%-33s",
            "");
    for (size_t s = 0; s < LEAKS_STRATEGIES; s++) {
        if (leaks_is_here(tour, s))
            fprintf(tour->out, " %6s", leaks_under[s].heading);
    }
    fputc('\n', tour->out);
    for (size_t i = 0; i < LEAKS; i++) {
        fprintf(tour->out, "  %-10s %-30s", leaks_name(i), leaks_of[i].meaning);
        for (size_t s = 0; s < LEAKS_STRATEGIES; s++) {
            if (leaks_is_here(tour, s))
                leaks_put_cell(tour, i, s);
        }
        fputc('\n', tour->out);
    }
    fputc('\n', tour->out);
}

/* Neither a leak nor its cure. */
static bool leaks_is_unclear(const char *verdict)
{
    return verdict == NULL || strcmp(verdict, "fragmentation") == 0 ||
           strcmp(verdict, "settling") == 0;
}

/* Bit s: strategy s. */
struct leaks_sets {
    unsigned leaks, cured, unclear;
};

static struct leaks_sets leaks_sets(struct hm_tour *tour, size_t leak)
{
    struct leaks_sets sets = {0, 0, 0};

    for (size_t s = 0; s < LEAKS_STRATEGIES; s++) {
        const char *verdict = leaks_verdict(tour, leak, s);

        if (leaks_is_unclear(verdict)) {
            sets.unclear |= leaks_is_here(tour, s) ? 1U << s : 0;
        } else if (strcmp(verdict, "none") == 0) {
            sets.cured |= 1U << s;
        } else {
            sets.leaks |= 1U << s;
        }
    }
    return sets;
}

static const char *leaks_list(struct hm_tour *tour, unsigned set)
{
    struct hm_words words = {NULL, 0};

    for (size_t s = 0; s < LEAKS_STRATEGIES; s++) {
        if ((set & 1U << s) != 0)
            hm_words_add(tour->pool, &words, leaks_under[s].name);
    }
    return hm_tour_list(tour, &words);
}

/* The leak's name, and of whom its sentence says nothing. */
static void leaks_add(struct hm_tour *tour, struct hm_words *words, size_t leak,
                      unsigned unclear)
{
    const char *name = leaks_name(leak);

    if (unclear != 0) {
        name = hm_pool_format(tour->pool, "%s (unclear under %s)", name,
                              leaks_list(tour, unclear));
    }
    hm_words_add(tour->pool, words, name);
}

static void leaks_say_everywhere(struct hm_tour *tour)
{
    struct hm_words words = {NULL, 0};

    for (size_t i = 0; i < LEAKS; i++) {
        struct leaks_sets sets = leaks_sets(tour, i);

        /* Under two at least: what one has, others may cure. */
        if ((sets.leaks & (sets.leaks - 1)) != 0 && sets.cured == 0)
            leaks_add(tour, &words, i, sets.unclear);
    }
    if (words.n == 0)
        return;
    hm_tour_say(tour, 0,
                "No strategy cures %s: the program can still reach what it "
                "will never use again, and only its author can know.",
                hm_tour_list(tour, &words));
    hm_tour_end_paragraph(tour);
}

/* The leaks that are there under just these strategies, and cured by others. */
static void leaks_say_set(struct hm_tour *tour, unsigned set)
{
    struct hm_words leaks = {NULL, 0};

    for (size_t i = 0; i < LEAKS; i++) {
        struct leaks_sets sets = leaks_sets(tour, i);

        if (sets.leaks == set && sets.cured != 0)
            leaks_add(tour, &leaks, i, sets.unclear);
    }
    if (leaks.n == 0)
        return;
    hm_tour_say(tour, 0, "Leaks only under %s: %s.", leaks_list(tour, set),
                hm_tour_list(tour, &leaks));
}

static void leaks_tell(struct hm_tour *tour)
{
    size_t runs = 0, unexpected = 0;

    leaks_table(tour);
    leaks_say_everywhere(tour);
    for (unsigned set = 1; set < 1U << LEAKS_STRATEGIES; set++)
        leaks_say_set(tour, set);
    hm_tour_end_paragraph(tour);
    for (size_t i = 0; i < tour->rows->n; i++) {
        const char *verdict = hm_tour_field(tour->rows, i, "leak_verdict");

        runs += *verdict != '\0';
        unexpected +=
            *verdict != '\0' &&
            strcmp(verdict, hm_tour_field(tour->rows, i, "leak_expected")) != 0;
    }
    hm_tour_say(tour, 0,
                "In %zu of %zu runs memory did what theory says of that "
                "pattern under that strategy.",
                runs - unexpected, runs);
}

const struct hm_tour_chapter hm_tour_leaks = {
    .id = "leaks",
    .question = "What does each leak look like, and which strategies cure it?",
    .before =
        "A leak is memory that grows with the work done. Some of it the "
        "program can still reach, but will never use again. The rest is "
        "unreachable: nobody freed it, or nobody notices that it is garbage. "
        "Each of these patterns handles payloads one after another; without "
        "a leak, one at a time would be needed. Collectors have three times "
        "the memory that the program needs.",
    .tell = leaks_tell,
};
