/* SPDX-License-Identifier: MIT */
#include "harness/analysis/chart.h"

#include "harness/capture.h"
#include "harness/csv.h"
#include "harness/program_folder.h"
#include "harness/replace_file.h"
#include "harness/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* gnuplot ends well after many an error; a chart is never this small. */
enum { CHART_LEAST_BYTES = 1024 };

/* More workloads or strategies (each heap size is one) no chart can show.  The
 * charts with lines take one heap size of many by themselves. */
enum { CHART_MOST_WORKLOADS = 80, CHART_MOST_STRATEGIES = 72 };

/* A timeline with a panel for each strategy takes 2 s on an idle machine. */
enum { CHART_SECONDS = 300 };

struct chart {
    struct hm_pool *pool;
    const char *folder;  /* of the campaign */
    const char *scripts; /* folder of the .gp files */
    bool png, named;     /* named: this one chart was asked for */
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
                      HM_CAPTURE_SECONDS, &text) == 0;
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
                   true, CHART_SECONDS, &text);

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
    if (error == 0 && chart->png) {
        error = chart_render(chart, what->id, data,
                             chart_path(chart, what, part, "png"));
    }
    return error;
}

static void chart_put_row(FILE *out, char *const *field, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            (void)fputc(',', out);
        hm_csv_put(out, field[i]);
    }
    (void)fputc('\n', out);
}

/* Copies the rows of `from` whose `column` is one of `words` to `to`. */
static int chart_filter(const char *from, const char *column,
                        const struct hm_words *words, const char *to)
{
    FILE *out = fopen(to, "we");
    struct hm_csv csv;
    int error;
    int more = 0;

    if (out == NULL) {
        error = -errno;
        hm_complain("%s: %s", to, hm_error_text(error));
        return error;
    }
    error = hm_csv_open(&csv, from);
    if (error == 0) {
        int index = hm_csv_column(&csv, column);

        chart_put_row(out, csv.name, csv.n);
        while ((more = hm_csv_next(&csv)) > 0) {
            if (hm_words_has(words, csv.field[index]))
                chart_put_row(out, csv.field, csv.n);
        }
        error = more;
        hm_csv_close(&csv);
    }
    if (fclose(out) != 0 && error == 0)
        error = -errno;
    if (error != 0)
        hm_complain("%s: %s", to, hm_error_text(error));
    return error;
}

/* The first `most` values of a column in their order; *more becomes true when
 * there are others.  Returns the number of rows, or a negative errno. */
static long chart_values(const struct chart *chart, const char *path,
                         const char *column, size_t most,
                         struct hm_words *words, bool *more)
{
    struct hm_csv csv;
    int error = hm_csv_open(&csv, path);
    int index;
    long rows = 0;

    *more = false;
    if (error != 0) {
        hm_complain("%s; run `heapmark summary %s` first", csv.error,
                    chart->folder);
        return error;
    }
    index = hm_csv_column(&csv, column);
    while ((error = hm_csv_next(&csv)) > 0) {
        rows++;
        if (index < 0 || hm_words_has(words, csv.field[index]))
            continue;
        *more = words->n == most;
        if (*more)
            break;
        hm_words_add(chart->pool, words, csv.field[index]);
    }
    if (error < 0)
        hm_complain("%s", csv.error);
    hm_csv_close(&csv);
    return error < 0 ? error : rows;
}

/* A file beside the charts for the time of drawing. */
static const char *chart_scratch(const struct chart *chart, const char *what)
{
    return hm_pool_format(chart->pool, "%s/charts/.%ld.%s.csv", chart->folder,
                          (long)getpid(), what);
}

/* Keeps what fits a chart: *data becomes a copy with fewer rows when there are
 * too many values of `column`.  Returns the number of rows looked at, or a
 * negative errno. */
static long chart_limit(const struct chart *chart, const struct hm_chart *what,
                        const char *column, size_t most, const char **data)
{
    struct hm_words words = {NULL, 0};
    bool more;
    long rows = chart_values(chart, *data, column, most, &words, &more);
    const char *copy = chart_scratch(chart, column);
    int error;

    if (rows < 0 || !more)
        return rows;
    hm_complain("chart %s: shows the first %zu values of %s only", what->id,
                most, column);
    error = chart_filter(*data, column, &words, copy);
    *data = copy;
    return error != 0 ? error : rows;
}

static int chart_draw_split(const struct chart *chart,
                            const struct hm_chart *what, const char *data)
{
    const char *own = chart_scratch(chart, "part");
    struct hm_words parts = {NULL, 0};
    bool more;
    long rows = chart_values(chart, data, what->split, CHART_MOST_WORKLOADS,
                             &parts, &more);
    int error = rows < 0 ? (int)rows : 0;

    for (size_t i = 0; i < parts.n && error == 0; i++) {
        struct hm_words part = {&parts.word[i], 1};

        error = chart_filter(data, what->split, &part, own);
        if (error == 0)
            error = chart_draw_part(chart, what, parts.word[i], own);
    }
    (void)unlink(own);
    return error;
}

static int chart_draw(const struct chart *chart, const struct hm_chart *what)
{
    const char *data =
        hm_pool_format(chart->pool, "%s/%s", chart->folder, what->data);
    long rows =
        chart_limit(chart, what, "workload", CHART_MOST_WORKLOADS, &data);

    if (rows > 0) {
        rows =
            chart_limit(chart, what, "strategy", CHART_MOST_STRATEGIES, &data);
    }
    if (rows == 0 && chart->named) {
        hm_complain("chart %s: nothing to draw: %s has no rows", what->id,
                    what->data);
    }
    if (rows > 0) {
        rows = what->split[0] == '\0' ? chart_draw_part(chart, what, "", data)
                                      : chart_draw_split(chart, what, data);
    }
    (void)unlink(chart_scratch(chart, "workload"));
    (void)unlink(chart_scratch(chart, "strategy"));
    return rows < 0 ? (int)rows : 0;
}

int hm_chart_draw(struct hm_pool *pool, const char *folder,
                  const struct hm_chart *only, bool png,
                  struct hm_chart_files *files)
{
    struct chart chart = {.pool = pool,
                          .folder = folder,
                          .png = png,
                          .named = only != NULL,
                          .files = files};
    const char *charts = hm_pool_format(pool, "%s/charts", folder);
    int error = 0;

    *files = (struct hm_chart_files){NULL, 0};
    if (!hm_chart_has_gnuplot(pool)) {
        hm_complain("charts need gnuplot: apt-get install gnuplot-nox");
        return -ENOENT;
    }
    chart.scripts = hm_program_folder(pool, "plot");
    if (mkdir(charts, 0777) != 0 && errno != EEXIST) {
        error = -errno;
        hm_complain("%s: %s", charts, hm_error_text(error));
    }
    if (error != 0)
        return error;
    for (const struct hm_chart *c = hm_charts; c->id != NULL; c++) {
        int failed = only == NULL || only == c ? chart_draw(&chart, c) : 0;

        error = error != 0 ? error : failed; /* the others are worth having */
    }
    return error;
}
