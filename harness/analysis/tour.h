/* SPDX-License-Identifier: MIT */
/* tour.h -- `heapmark tour`: chapters, each a question, a small campaign that
 * answers it, and what its rows say, in sentences and one or two charts of
 * text.
 *
 * A chapter is a file tour_<id>.c, a suite `tour_<id>` and a line in tour.c.
 * Every number comes from the rows.  A sentence about what was not measured is
 * not said, and none takes for granted which way a comparison went: "1.3 times"
 * may become "0.8 times". */
#ifndef HM_HARNESS_ANALYSIS_TOUR_H
#define HM_HARNESS_ANALYSIS_TOUR_H

#include "harness/analysis/tour_rows.h"

#include <stdio.h>

enum {
    HM_TOUR_COLUMNS = 78,
    HM_TOUR_BARS = 24, /* in a chart, at most */
};

struct hm_tour {
    struct hm_pool *pool;
    FILE *out;
    const struct hm_tour_rows *rows;
    const char *paragraph;   /* said, and not yet printed; "" for nothing */
    struct hm_words missing; /* reasons that were told already */
};

struct hm_tour_chapter {
    const char *id, *question;
    const char *before;                 /* what one needs to know */
    void (*tell)(struct hm_tour *tour); /* what was found */
};

/* In the tour's order, ended by a NULL id. */
extern const struct hm_tour_chapter *const hm_tour_chapters[];

/* A chapter in front of its measurement, and after it. */
void hm_tour_open(struct hm_tour *tour, const struct hm_tour_chapter *chapter,
                  size_t number, size_t chapters);
void hm_tour_close(struct hm_tour *tour, const struct hm_tour_chapter *chapter,
                   const struct hm_tour_rows *rows);

/* Adds a sentence to the paragraph; nothing if one of its numbers, which its
 * writer passes in `known` (the sum will do), is NaN. */
void hm_tour_say(struct hm_tour *tour, double known, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints the paragraph. */
void hm_tour_end_paragraph(struct hm_tour *tour);

/* Numbers as words of the tour's pool: "604 ms", "56.0 MiB", "2.61". */
const char *hm_tour_time(struct hm_tour *tour, double ns);
const char *hm_tour_size(struct hm_tour *tour, double bytes);
const char *hm_tour_number(struct hm_tour *tour, double number);

/* "cache, requests and churn". */
const char *hm_tour_list(struct hm_tour *tour, const struct hm_words *words);

/* A chart of bars of one unit: "ns", "bytes" or "ratio". */
struct hm_tour_bars {
    const char *title, *unit;

    struct {
        const char *label;
        double value;
        const char *why; /* of no value; NULL: it is left out */
    } bar[HM_TOUR_BARS];

    size_t n;
};

/* Adds the bar of a cell: `value`, or why there is none.  A cell whose strategy
 * is not on this machine has no bar. */
void hm_tour_bar(struct hm_tour *tour, struct hm_tour_bars *bars,
                 const char *label, const struct hm_tour_cell *cell,
                 double value);
void hm_tour_print_bars(struct hm_tour *tour, const struct hm_tour_bars *bars);

#endif /* HM_HARNESS_ANALYSIS_TOUR_H */
