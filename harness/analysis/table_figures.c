/* SPDX-License-Identifier: MIT */
#include "harness/analysis/table_figures.h"

#include "harness/analysis/summary_label.h"
#include "harness/analysis/table_notes.h"
#include "harness/human.h"

#include <math.h>
#include <string.h>

enum { FIGURES_NAME_BYTES = 64 };

/* Bytes in MiB, else a whole number. */
static void figures_format(char *text, const char *name, double value)
{
    size_t length = strlen(name);

    if (length > 6 && strcmp(name + length - 6, "_bytes") == 0) {
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

static void figures_put_one(const struct hm_summary_line *const *order,
                            size_t n, const char *name, FILE *out)
{
    char text[HM_LABEL_BYTES + HM_HUMAN_BYTES + FIGURES_NAME_BYTES + 8];
    char strategy[HM_LABEL_BYTES], value[HM_HUMAN_BYTES];
    int used = 0;

    for (size_t i = 0; i < n; i++) {
        double number = hm_summary_param(order[i]->figures, name);

        if (isnan(number) || hm_summary_line_is_arm(order[i], "twin"))
            continue;
        hm_table_label(strategy, order[i]);
        figures_format(value, name, number);
        (void)snprintf(text, sizeof text, "%s%s%s%s %s", used > 0 ? "" : "  ",
                       used > 0 ? "" : name, used > 0 ? "" : ": ", strategy,
                       value);
        used = figures_put(out, used, text);
    }
    if (used > 0)
        (void)fputc('\n', out);
}

void hm_table_put_figures(const struct hm_summary_line *const *order, size_t n,
                          FILE *out)
{
    const char *names = "";
    char name[FIGURES_NAME_BYTES];

    for (size_t i = 0; i < n && *names == '\0'; i++)
        names = order[i]->figures; /* all have the same */
    while (*names != '\0') {
        size_t length = strcspn(names, "=");

        if (length < sizeof name) {
            memcpy(name, names, length);
            name[length] = '\0';
            figures_put_one(order, n, name, out);
        }
        names += strcspn(names, ";");
        names += *names == ';';
    }
}
