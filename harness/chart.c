/* SPDX-License-Identifier: MIT */
#include "harness/chart.h"

#include "harness/capture.h"
#include "harness/catalog.h"
#include "harness/csv.h"
#include "harness/replace_file.h"
#include "harness/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* gnuplot ends well after many an error; a chart is never this small. */
enum { CHART_LEAST_BYTES = 1024 };

struct chart {
    struct hm_pool *pool;
    const char *folder;  /* of the campaign */
    const char *scripts; /* folder of the .gp files */
    bool png;
    struct hm_chart_files *files;
};

const struct hm_chart *hm_chart_find(const char *id)
{
    for (const struct hm_chart *chart = hm_charts; chart->id != NULL; chart++) {
        if (strcmp(chart->id, id) == 0)
            return chart;
    }
    return NULL;
}

bool hm_chart_has_gnuplot(struct hm_pool *pool)
{
    static const char *const argv[] = {"gnuplot", "--version", NULL};
    char *text = NULL;

    return hm_capture(pool, argv, hm_clean_environment(pool, NULL), false,
                      &text) == 0;
}

/* The first line of what gnuplot said that says something. */
static const char *chart_complaint(const char *text)
{
    while (*text == '\n' || *text == ' ' || *text == '\t')
        text++;
    return *text == '\0' ? "it drew nothing" : text;
}

static int chart_failed(const char *id, const char *text)
{
    const char *line = chart_complaint(text);

    hm_complain("chart %s: gnuplot: %.*s", id, (int)strcspn(line, "\n"), line);
    return -EIO;
}

/* Draws `data` into `path`, whose name it gets only when it is whole. */
static int chart_render(const struct chart *chart, const char *id,
                        const char *data, const char *path)
{
    static const char *const locale[] = {"LC_ALL=C.UTF-8", NULL};
    const char *ending = strrchr(path, '.');
    const char *script =
        hm_pool_format(chart->pool, "%s/%s.gp", chart->scripts, id);
    const char *partial = hm_pool_format(chart->pool, "%s/charts/.%ld%s",
                                         chart->folder, (long)getpid(), ending);
    const char *argv[] = {"gnuplot", "-c", script, data, partial, NULL};
    char *text = NULL;
    struct stat drawn;
    int status =
        hm_capture(chart->pool, argv, hm_clean_environment(chart->pool, locale),
                   true, &text);

    if (status < 0) {
        hm_complain("chart %s: gnuplot: %s", id, hm_error_text(status));
    } else if (status > 0 || stat(partial, &drawn) != 0 ||
               drawn.st_size < CHART_LEAST_BYTES) {
        status = chart_failed(id, text);
    } else if (rename(partial, path) != 0) {
        status = -errno;
        hm_complain("chart %s: %s: %s", id, path, hm_error_text(status));
    }
    if (status != 0)
        (void)unlink(partial);
    return status;
}

static void chart_add_file(const struct chart *chart,
                           const struct hm_chart *what, const char *part,
                           const char *path)
{
    struct hm_chart_files *files = chart->files;

    files->file =
        hm_pool_grow(chart->pool, files->file, files->n, sizeof *files->file);
    files->file[files->n++] = (struct hm_chart_file){what, part, path};
}

/* A file name cannot hold the slash of "cache/t2". */
static const char *chart_path(const struct chart *chart,
                              const struct hm_chart *what, const char *part,
                              const char *ending)
{
    char *name = hm_pool_format(chart->pool, "%s%s%s", what->id,
                                part[0] != '\0' ? "-" : "", part);

    for (char *at = name; (at = strchr(at, '/')) != NULL;)
        *at = '_';
    return hm_pool_format(chart->pool, "%s/charts/%s.%s", chart->folder, name,
                          ending);
}

static int chart_draw_part(const struct chart *chart,
                           const struct hm_chart *what, const char *part,
                           const char *data)
{
    const char *svg = chart_path(chart, what, part, "svg");
    int error = chart_render(chart, what->id, data, svg);

    if (error == 0)
        chart_add_file(chart, what, part, svg);
    if (error == 0 && chart->png)
        error = chart_render(chart, what->id, data,
                             chart_path(chart, what, part, "png"));
    return error;
}

/* Copies the rows of `csv` whose column has the value `part`. */
static int chart_copy_part(struct hm_csv *csv, int column, const char *part,
                           FILE *out)
{
    int more;

    for (size_t i = 0; i < csv->n; i++)
        (void)fprintf(out, "%s%s", i > 0 ? "," : "", csv->name[i]);
    (void)fputc('\n', out);
    while ((more = hm_csv_next(csv)) > 0) {
        if (strcmp(csv->field[column], part) != 0)
            continue;
        for (size_t i = 0; i < csv->n; i++) {
            if (i > 0)
                (void)fputc(',', out);
            hm_csv_put(out, csv->field[i]);
        }
        (void)fputc('\n', out);
    }
    return more;
}

static int chart_draw_split(const struct chart *chart,
                            const struct hm_chart *what, const char *data,
                            const char *part)
{
    const char *own = hm_pool_format(chart->pool, "%s/charts/.%ld.csv",
                                     chart->folder, (long)getpid());
    FILE *out = fopen(own, "we");
    struct hm_csv csv;
    int error = out == NULL ? -errno : hm_csv_open(&csv, data);

    if (error == 0) {
        error =
            chart_copy_part(&csv, hm_csv_column(&csv, what->split), part, out);
        hm_csv_close(&csv);
    }
    if (out != NULL && fclose(out) != 0 && error == 0)
        error = -errno;
    if (error == 0)
        error = chart_draw_part(chart, what, part, own);
    else
        hm_complain("chart %s: %s: %s", what->id, own, hm_error_text(error));
    (void)unlink(own);
    return error;
}

/* Reads what there is to draw: the values of the split column (or nothing)
 * into `parts`; *rows becomes 0 when the file has none. */
static int chart_survey(const struct chart *chart, const struct hm_chart *what,
                        const char *data, struct hm_words *parts, int *rows)
{
    struct hm_csv csv;
    int error = hm_csv_open(&csv, data);
    int column;

    *rows = 0;
    if (error != 0) {
        hm_complain("chart %s: %s; run `heapmark summary %s` first", what->id,
                    csv.error, chart->folder);
        return error;
    }
    column = hm_csv_column(&csv, what->split);
    while ((error = hm_csv_next(&csv)) > 0) {
        *rows = 1;
        if (column < 0)
            break;
        if (!hm_words_has(parts, csv.field[column]))
            hm_words_add(chart->pool, parts, csv.field[column]);
    }
    if (error < 0)
        hm_complain("chart %s: %s", what->id, csv.error);
    hm_csv_close(&csv);
    return error < 0 ? error : 0;
}

static int chart_draw(const struct chart *chart, const struct hm_chart *what)
{
    const char *data =
        hm_pool_format(chart->pool, "%s/%s", chart->folder, what->data);
    struct hm_words parts = {NULL, 0};
    int rows;
    int error = chart_survey(chart, what, data, &parts, &rows);

    if (error != 0)
        return error;
    if (!rows) {
        hm_complain("chart %s: nothing to draw: %s has no rows", what->id,
                    what->data);
        return 0;
    }
    if (what->split[0] == '\0')
        return chart_draw_part(chart, what, "", data);
    for (size_t i = 0; i < parts.n && error == 0; i++)
        error = chart_draw_split(chart, what, data, parts.word[i]);
    return error;
}

int hm_chart_draw(struct hm_pool *pool, const char *folder,
                  const struct hm_chart *only, bool png,
                  struct hm_chart_files *files)
{
    struct chart chart = {
        .pool = pool, .folder = folder, .png = png, .files = files};
    const char *charts = hm_pool_format(pool, "%s/charts", folder);
    int error = 0;

    *files = (struct hm_chart_files){NULL, 0};
    if (!hm_chart_has_gnuplot(pool)) {
        hm_complain("charts need gnuplot: apt-get install gnuplot-nox");
        return -ENOENT;
    }
    chart.scripts = hm_catalog_folder(pool, "plot");
    if (mkdir(charts, 0777) != 0 && errno != EEXIST) {
        error = -errno;
        hm_complain("%s: %s", charts, hm_error_text(error));
    }
    for (const struct hm_chart *c = hm_charts; c->id != NULL && error == 0;
         c++) {
        if (only == NULL || only == c)
            error = chart_draw(&chart, c);
    }
    return error;
}
