/* SPDX-License-Identifier: MIT */
/* tour_text.c -- paragraphs, numbers and bars of the tour: plain ASCII, 78
 * columns, the same on a terminal and in a pipe. */
#include "harness/analysis/tour.h"

#include "harness/human.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { TEXT_MARGIN = 2, TEXT_LABEL = 28, TEXT_VALUE = 9 };

void hm_tour_say(struct hm_tour *tour, double known, const char *format, ...)
{
    char sentence[1024];
    va_list arguments;

    if (isnan(known))
        return;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    tour->paragraph =
        hm_pool_format(tour->pool, "%s%s%s", tour->paragraph,
                       *tour->paragraph != '\0' ? " " : "", sentence);
}

/* How much of the text fits into a line: up to a blank, or one long word. */
static size_t text_line_bytes(const char *text)
{
    size_t room = HM_TOUR_COLUMNS - TEXT_MARGIN, bytes = strlen(text);

    if (bytes <= room)
        return bytes;
    bytes = room;
    while (bytes > 0 && text[bytes] != ' ')
        bytes--;
    return bytes > 0 ? bytes : strcspn(text, " ");
}

void hm_tour_end_paragraph(struct hm_tour *tour)
{
    const char *text = tour->paragraph;

    if (*text == '\0')
        return;
    while (*text != '\0') {
        size_t bytes = text_line_bytes(text);

        fprintf(tour->out, "%*s%.*s\n", TEXT_MARGIN, "", (int)bytes, text);
        text += bytes;
        text += strspn(text, " ");
    }
    fputc('\n', tour->out);
    tour->paragraph = "";
}

static const char *text_value(struct hm_tour *tour, double value,
                              const char *unit)
{
    char text[HM_HUMAN_BYTES];

    hm_human_value(text, value, unit);
    return hm_pool_copy(tour->pool, text);
}

const char *hm_tour_time(struct hm_tour *tour, double ns)
{
    return text_value(tour, ns, "ns");
}

const char *hm_tour_size(struct hm_tour *tour, double bytes)
{
    return text_value(tour, bytes, "bytes");
}

const char *hm_tour_number(struct hm_tour *tour, double number)
{
    return text_value(tour, number, "ratio");
}

const char *hm_tour_list(struct hm_tour *tour, const struct hm_words *words)
{
    const char *list = "";

    for (size_t i = 0; i < words->n; i++) {
        const char *before = i == 0 ? "" : i + 1 < words->n ? ", " : " and ";

        list =
            hm_pool_format(tour->pool, "%s%s%s", list, before, words->word[i]);
    }
    return list;
}

void hm_tour_bar(struct hm_tour *tour, struct hm_tour_bars *bars,
                 const char *label, const struct hm_tour_cell *cell,
                 double value)
{
    const struct hm_tour_rows *rows = tour->rows;
    size_t failed = hm_tour_failed(rows, cell);
    const char *why = "not measured";

    if (bars->n == HM_TOUR_BARS)
        return;
    if (isnan(value) && failed < rows->n) {
        if (hm_tour_is_off(rows, failed))
            return;
        why = hm_tour_field(rows, failed, "status");
    }
    bars->bar[bars->n].label = label;
    bars->bar[bars->n].value = value;
    bars->bar[bars->n++].why = why;
}

/* What is too short for a mark, but not nothing, is a dot. */
static void text_bar(FILE *out, int marks, bool any)
{
    if (marks < 1)
        (void)fputs(any ? "." : "", out);
    for (int k = 0; k < marks; k++)
        fputc('#', out);
    fputc('\n', out);
}

void hm_tour_print_bars(struct hm_tour *tour, const struct hm_tour_bars *bars)
{
    int room = HM_TOUR_COLUMNS - TEXT_MARGIN - TEXT_LABEL - TEXT_VALUE - 2;
    double most = 0;

    for (size_t i = 0; i < bars->n; i++)
        most = fmax(most, bars->bar[i].value); /* NaN is ignored */
    fprintf(tour->out, "%*s%s\n", TEXT_MARGIN, "", bars->title);
    for (size_t i = 0; i < bars->n; i++) {
        double value = bars->bar[i].value;

        fprintf(tour->out, "%*s%-*.*s ", TEXT_MARGIN, "", TEXT_LABEL,
                TEXT_LABEL, bars->bar[i].label);
        if (isnan(value)) {
            fprintf(tour->out, "%*s %.*s\n", TEXT_VALUE, "-", room,
                    bars->bar[i].why);
            continue;
        }
        fprintf(tour->out, "%*s ", TEXT_VALUE,
                text_value(tour, value, bars->unit));
        text_bar(tour->out, most > 0 ? (int)lround(room * value / most) : 0,
                 value > 0);
    }
    fputc('\n', tour->out);
}
