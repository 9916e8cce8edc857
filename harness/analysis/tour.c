/* SPDX-License-Identifier: MIT */
/* tour.c -- the chapters in their order, and what begins and ends each. */
#include "harness/analysis/tour.h"

#include "harness/analysis/tour_chapters.h"

#include <math.h>
#include <string.h>

const struct hm_tour_chapter *const hm_tour_chapters[] = {
    &hm_tour_stack, &hm_tour_allocation, &hm_tour_garbage,
    &hm_tour_cost,  &hm_tour_leaks,      &hm_tour_v8,
    NULL,
};

void hm_tour_open(struct hm_tour *tour, const struct hm_tour_chapter *chapter,
                  size_t number, size_t chapters)
{
    fprintf(tour->out, "\n%zu/%zu  %s\n\n", number, chapters,
            chapter->question);
    hm_tour_say(tour, 0, "%s", chapter->before);
    hm_tour_end_paragraph(tour);
    (void)fflush(tour->out);
}

/* What a row that has no result says, for the reader; NULL: nothing new. */
static const char *tour_missing(struct hm_tour *tour, size_t row)
{
    const struct hm_tour_rows *rows = tour->rows;
    const char *status = hm_tour_field(rows, row, "status");
    const char *why = hm_tour_field(rows, row, "reason");

    if (strcmp(status, "ok") == 0)
        return NULL;
    if (strcmp(status, "unsupported") != 0)
        why = hm_pool_format(tour->pool, "%s: %s", status, why);
    if (!hm_tour_is_off(rows, row)) {
        why = hm_pool_format(tour->pool, "%s under %s (%s)",
                             hm_tour_field(rows, row, "workload"),
                             hm_tour_field(rows, row, "strategy"), why);
    }
    if (hm_words_has(&tour->missing, why))
        return NULL;
    hm_words_add(tour->pool, &tour->missing, why);
    return why;
}

void hm_tour_close(struct hm_tour *tour, const struct hm_tour_chapter *chapter,
                   const struct hm_tour_rows *rows)
{
    tour->rows = rows;
    for (size_t i = 0; i < rows->n; i++) {
        const char *why = tour_missing(tour, i);

        if (why != NULL)
            hm_tour_say(tour, 0, "Not measured: %s.", why);
    }
    hm_tour_end_paragraph(tour);
    chapter->tell(tour);
    hm_tour_end_paragraph(tour);
    (void)fflush(tour->out);
}
