/* SPDX-License-Identifier: MIT */
#include "harness/analysis/figures.h"

#include "harness/analysis/summary_label.h"
#include "harness/analysis/table_notes.h"

#include <math.h>
#include <string.h>

const char *hm_figures_of(const struct hm_summary_line *const *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (line[i]->figures[0] != '\0')
            return line[i]->figures;
    }
    return "";
}

const char *hm_figures_next(const char *list, char name[HM_FIGURE_BYTES])
{
    if (*list == '\0')
        return NULL;
    (void)snprintf(name, HM_FIGURE_BYTES, "%.*s", (int)strcspn(list, "="),
                   list);
    list += strcspn(list, ";");
    return list + (*list == ';');
}

void hm_figures_format(char text[HM_HUMAN_BYTES],
                       const struct hm_summary_line *line, const char *name)
{
    double value = hm_summary_param(line->figures, name);
    size_t length = strlen(name);

    if (isnan(value)) {
        strcpy(text, "-");
    } else if (length > 6 && strcmp(name + length - 6, "_bytes") == 0) {
        hm_human_size(text, value);
    } else {
        (void)snprintf(text, HM_HUMAN_BYTES, "%.0f", value);
    }
}

/* Prints `text` behind what is there, on a line of its own if it is too long.
 * Returns the columns used. */
static int figures_put(FILE *out, int used, const char *text)
{
    int length = (int)strlen(text);

    if (used + 2 + length >= HM_TABLE_LINE) {
        (void)fprintf(out, ",\n      %s", text);
        return 6 + length;
    }
    (void)fprintf(out, "%s%s", used > 0 ? ", " : "", text);
    return used + 2 + length;
}

static void figures_print_one(const struct hm_summary_line *const *order,
                              size_t n, const char *name, FILE *out)
{
    char text[HM_FIGURE_BYTES + HM_LABEL_BYTES + HM_HUMAN_BYTES + 8];
    char strategy[HM_LABEL_BYTES], value[HM_HUMAN_BYTES];
    int used = 0;

    for (size_t i = 0; i < n; i++) {
        if (order[i]->figures[0] == '\0' ||
            hm_summary_line_is_arm(order[i], "twin"))
            continue;
        hm_table_label(strategy, order[i]);
        hm_figures_format(value, order[i], name);
        (void)snprintf(text, sizeof text, "%s%s%s%s %s", used > 0 ? "" : "  ",
                       used > 0 ? "" : name, used > 0 ? "" : ": ", strategy,
                       value);
        used = figures_put(out, used, text);
    }
    if (used > 0)
        (void)fputc('\n', out);
}

void hm_figures_print(const struct hm_summary_line *const *order, size_t n,
                      FILE *out)
{
    const char *list = hm_figures_of(order, n);
    char name[HM_FIGURE_BYTES];

    while ((list = hm_figures_next(list, name)) != NULL)
        figures_print_one(order, n, name, out);
}
