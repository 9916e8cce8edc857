/* SPDX-License-Identifier: MIT */
#include "harness/analysis/report_html.h"

#include "harness/csv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void hm_html_put(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        case '\'':
            (void)fputs("&#39;", out);
            break;
        default:
            (void)fputc(*text, out);
        }
    }
}

void hm_html_format(FILE *out, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    for (const char *at = format; *at != '\0'; at++) {
        if (*at != '%') {
            (void)fputc(*at, out);
        } else if (at[1] == 's') {
            hm_html_put(out, va_arg(arguments, const char *));
            at++;
        } else if (strncmp(at, "%zu", 3) == 0) {
            (void)fprintf(out, "%zu", va_arg(arguments, size_t));
            at += 2;
        } else if (at[1] == 'd') {
            (void)fprintf(out, "%d", va_arg(arguments, int));
            at++;
        } else if (at[1] == '%') {
            (void)fputc('%', out);
            at++;
        } else { /* an argument of unknown size: none behind it can be read */
            (void)fputs(at, out);
            break;
        }
    }
    va_end(arguments);
}

static void html_row(FILE *out, char *const *field, size_t n, const char *cell)
{
    (void)fputs("<tr>", out);
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(out, "<%s>", cell);
        hm_html_put(out, strcmp(field[i], "NaN") == 0 ? "–" : field[i]);
        (void)fprintf(out, "</%.2s>", cell);
    }
    (void)fputs("</tr>\n", out);
}

int hm_html_csv(FILE *out, const char *folder, const char *name,
                const char *column, const char *only, size_t most)
{
    char path[4096];
    struct hm_csv csv;
    size_t rows = 0;
    int error, at;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    error = hm_csv_open(&csv, path);
    if (error != 0)
        return error;
    at = *only != '\0' ? hm_csv_column(&csv, column) : -1;
    (void)fputs("<div class=\"wide\"><table><thead>", out);
    html_row(out, csv.name, csv.n, "th scope=\"col\"");
    (void)fputs("</thead><tbody>\n", out);
    while ((error = hm_csv_next(&csv)) > 0) {
        if (at >= 0 && strcmp(csv.field[at], only) != 0)
            continue;
        if (rows++ < most)
            html_row(out, csv.field, csv.n, "td");
    }
    (void)fputs("</tbody></table></div>\n", out);
    if (rows > most) {
        hm_html_format(out,
                       "<p>The first %zu of %zu rows; all are in %s.</p>\n",
                       most, rows, name);
    }
    hm_csv_close(&csv);
    return error;
}

/* The file as a text, to be freed; NULL with errno. */
static char *html_read(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t bytes = 0;

    if (file == NULL)
        return NULL;
    if (getdelim(&text, &bytes, '\0', file) < 0) {
        free(text);
        text = NULL;
        errno = EILSEQ;
    }
    (void)fclose(file);
    return text;
}

/* Copies [from, end), putting `id` before every id and every reference. */
static void html_put_prefixed(FILE *out, const char *from, const char *end,
                              const char *id)
{
    static const char *const marks[] = {" id=\"", " id='", "href='#",
                                        "href=\"#", "url(#"};

    while (from < end) {
        size_t length = 0;

        for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++) {
            if (strncmp(from, marks[m], strlen(marks[m])) == 0)
                length = strlen(marks[m]);
        }
        if (length == 0) {
            (void)fputc(*from++, out);
            continue;
        }
        (void)fwrite(from, 1, length, out);
        (void)fprintf(out, "%s-", id);
        from += length;
    }
}

/* The third number of a viewBox: "0 0 WIDTH HEIGHT". */
static long html_width(const char *box)
{
    char *at = NULL;

    (void)strtol(box, &at, 10);
    (void)strtol(at, &at, 10);
    return strtol(at, &at, 10);
}

int hm_html_svg(FILE *out, const char *path, const char *id, const char *title,
                const char *description)
{
    char *text = html_read(path);
    const char *box;
    const char *body;

    if (text == NULL)
        return -errno;
    box = strstr(text, "viewBox=\"");
    body = strstr(text, "</desc>");
    if (box == NULL || body == NULL || strstr(body, "</svg>") == NULL) {
        free(text);
        return -EILSEQ;
    }
    box += strlen("viewBox=\"");
    (void)fprintf(out,
                  "<svg role=\"img\" aria-labelledby=\"%s-t %s-d\" "
                  "viewBox=\"%.*s\" style=\"--w:%ldpx\">",
                  id, id, (int)strcspn(box, "\""), box, html_width(box));
    (void)fprintf(out, "\n<title id=\"%s-t\">", id);
    hm_html_put(out, title);
    (void)fprintf(out, "</title>\n<desc id=\"%s-d\">", id);
    hm_html_put(out, description);
    (void)fputs("</desc>\n", out);
    body += strlen("</desc>");
    html_put_prefixed(out, body, body + strlen(body), id);
    free(text);
    return 0;
}
