/* SPDX-License-Identifier: MIT */
#include "common/params.h"
#include "harness/campaign/catalog.h"
#include "harness/campaign/suite.h"
#include "harness/program_folder.h"
#include "harness/suggest.h"
#include "harness/verbs.h"

#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints id, state and summary in columns; `wide` is the longest id. */
static void list_line(int wide, const char *id, const char *state,
                      const char *summary)
{
    printf("%-*s  %-9s  %s\n", wide, id, state, summary);
}

static int list_wide(int wide, const char *id)
{
    int bytes = (int)strlen(id);

    return bytes > wide ? bytes : wide;
}

static int list_load(struct hm_pool *pool, struct hm_catalog *catalog)
{
    const char *why;

    if (hm_catalog_load(pool, catalog, hm_program_folder(pool, "cells"),
                        &why) == 0)
        return 0;
    hm_complain("%s", why);
    return HM_EXIT_FAILED;
}

static int list_workloads(struct hm_pool *pool)
{
    struct hm_catalog catalog;
    int wide = 0, status = list_load(pool, &catalog);

    if (status != 0)
        return status;
    for (size_t i = 0; i < catalog.n_workloads; i++)
        wide = list_wide(wide, catalog.workload[i]->id);
    for (size_t i = 0; i < catalog.n_workloads; i++) {
        list_line(wide, catalog.workload[i]->id,
                  hm_kind_name(catalog.workload[i]->kind),
                  catalog.workload[i]->summary);
    }
    return 0;
}

static int list_strategies(struct hm_pool *pool)
{
    struct hm_catalog catalog;
    int wide = 0, status = list_load(pool, &catalog);

    if (status != 0)
        return status;
    hm_catalog_probe(pool, &catalog);
    for (size_t i = 0; i < catalog.n_strategies; i++)
        wide = list_wide(wide, catalog.strategy[i]->id);
    for (size_t i = 0; i < catalog.n_strategies; i++) {
        const struct hm_strategy *strategy = catalog.strategy[i];
        const char *summary = strategy->summary;
        bool bound = strcmp(strategy->class_name, "reference") == 0;

        if (strategy->off != NULL)
            summary = hm_pool_format(pool, "%s: %s", strategy->off, summary);
        summary = hm_pool_format(
            pool, "%-9s  %s", bound ? "bound" : strategy->class_name, summary);
        list_line(wide, strategy->id, strategy->off != NULL ? "off" : "on",
                  summary);
    }
    return 0;
}

/* A row of numbers: of a parameter, or of an option (one default). */
struct list_row {
    const char *id, *value, *range, *meaning;
};

static void list_add_row(struct hm_pool *pool, struct list_row **row, size_t *n,
                         struct list_row next)
{
    *row = hm_pool_grow(pool, *row, *n, sizeof next);
    (*row)[(*n)++] = next;
}

static void list_print_rows(const struct list_row *row, size_t n)
{
    int id = 0, value = 0, range = 0;

    for (size_t i = 0; i < n; i++) {
        id = list_wide(id, row[i].id);
        value = list_wide(value, row[i].value);
        range = list_wide(range, row[i].range);
    }
    for (size_t i = 0; i < n; i++) {
        printf("%-*s  %*s  %-*s  %s\n", id, row[i].id, value, row[i].value,
               range, row[i].range, row[i].meaning);
    }
}

static const char *list_range(struct hm_pool *pool, uint64_t min, uint64_t max)
{
    return hm_pool_format(pool, "%" PRIu64 "..%" PRIu64, min, max);
}

static int list_params(struct hm_pool *pool)
{
    struct hm_catalog catalog;
    struct list_row *row = NULL;
    int status = list_load(pool, &catalog);
    size_t n = 0;

    if (status != 0)
        return status;
    list_add_row(
        pool, &row, &n,
        (struct list_row){"WORKLOAD.PARAMETER",
                          hm_pool_format(pool, "%10s  %10s", "quick", "full"),
                          "range", "meaning"});
    for (size_t i = 0; i < catalog.n_workloads; i++) {
        const struct hm_workload *workload = catalog.workload[i];

        for (size_t k = 0; k < workload->n_params; k++) {
            const struct hm_catalog_param *p = &workload->param[k];

            list_add_row(
                pool, &row, &n,
                (struct list_row){
                    hm_pool_format(pool, "%s.%s", workload->id, p->name),
                    hm_pool_format(pool, "%10" PRIu64 "  %10" PRIu64, p->quick,
                                   p->full),
                    list_range(pool, p->min, p->max), p->meaning});
        }
    }
    list_print_rows(row, n);
    return 0;
}

static const char *list_default(struct hm_pool *pool,
                                const struct hm_catalog_option *option)
{
    size_t length;
    const char *name =
        hm_params_choice(option->meaning, option->value, &length);

    return name != NULL ? hm_pool_copy_n(pool, name, length)
                        : hm_pool_format(pool, "%" PRIu64, option->value);
}

static int list_options(struct hm_pool *pool)
{
    struct hm_catalog catalog;
    struct list_row *row = NULL;
    int status = list_load(pool, &catalog);
    size_t n = 0;

    if (status != 0)
        return status;
    list_add_row(
        pool, &row, &n,
        (struct list_row){"STRATEGY.OPTION", "default", "range", "meaning"});
    for (size_t i = 0; i < catalog.n_strategies; i++) {
        const struct hm_strategy *strategy = catalog.strategy[i];

        for (size_t k = 0; k < strategy->n_options; k++) {
            const struct hm_catalog_option *o = &strategy->option[k];

            list_add_row(
                pool, &row, &n,
                (struct list_row){
                    hm_pool_format(pool, "%s.%s", strategy->id, o->name),
                    list_default(pool, o), list_range(pool, o->min, o->max),
                    o->meaning});
        }
    }
    list_print_rows(row, n);
    return 0;
}

static int list_is_suite(const struct dirent *entry)
{
    return fnmatch("*.ini", entry->d_name, FNM_PERIOD) == 0;
}

static int list_is_chart(const struct dirent *entry)
{
    return fnmatch("*.gp", entry->d_name, FNM_PERIOD) == 0 &&
           strcmp(entry->d_name, "style.gp") != 0;
}

static const char *list_suite_summary(struct hm_pool *pool, const char *path,
                                      bool *good)
{
    struct hm_suite suite;
    const char *why;

    *good = hm_suite_load(pool, &suite, path, &why) == 0;
    return *good ? suite.summary : why;
}

/* A chart says what it shows in its first line: "# name.gp -- summary". */
static const char *list_chart_summary(struct hm_pool *pool, const char *path,
                                      bool *good)
{
    FILE *file = fopen(path, "re");
    char line[256] = "";
    const char *dashes;

    if (file != NULL) {
        while (fgets(line, sizeof line, file) != NULL &&
               strstr(line, " -- ") == NULL)
            continue;
        (void)fclose(file);
    }
    *good = file != NULL;
    line[strcspn(line, "\n")] = '\0';
    dashes = strstr(line, " -- ");
    return hm_pool_copy(pool, dashes != NULL ? dashes + 4 : "");
}

struct list_files {
    const char *part; /* folder */
    int (*is)(const struct dirent *entry);
    const char *(*summary)(struct hm_pool *pool, const char *path, bool *good);
};

static int list_files(struct hm_pool *pool, const struct list_files *kind)
{
    const char *folder = hm_program_folder(pool, kind->part);
    struct dirent **entry;
    int n = scandir(folder, &entry, kind->is, alphasort), wide = 0;

    if (n < 0 && errno == ENOENT)
        return 0;

    if (n < 0) {
        hm_complain("%s: %s", folder, hm_error_text(errno));
        return HM_EXIT_FAILED;
    }
    for (int i = 0; i < n; i++)
        wide = list_wide(wide, entry[i]->d_name);
    for (int i = 0; i < n; i++) {
        const char *path =
            hm_pool_format(pool, "%s/%s", folder, entry[i]->d_name);
        bool good;
        const char *summary = kind->summary(pool, path, &good);

        *strrchr(entry[i]->d_name, '.') = '\0';
        list_line(wide - 3, entry[i]->d_name, good ? "on" : "off", summary);
        free(entry[i]);
    }
    free(entry);
    return 0;
}

static int list_suites(struct hm_pool *pool)
{
    static const struct list_files suites = {"suites", list_is_suite,
                                             list_suite_summary};

    return list_files(pool, &suites);
}

static int list_charts(struct hm_pool *pool)
{
    static const struct list_files charts = {"plot", list_is_chart,
                                             list_chart_summary};

    return list_files(pool, &charts);
}

static const struct {
    const char *word;
    int (*list)(struct hm_pool *pool);
} list_kinds[] = {
    {"workloads", list_workloads}, {"strategies", list_strategies},
    {"suites", list_suites},       {"charts", list_charts},
    {"params", list_params},       {"options", list_options},
};

enum {
    LIST_KINDS = sizeof list_kinds / sizeof list_kinds[0],
    LIST_ALL = LIST_KINDS - 2, /* the last two only when asked for */
};

static int list_kind(struct hm_pool *pool, const char *word)
{
    const char *words[LIST_KINDS], *near;

    for (int i = 0; i < LIST_KINDS; i++) {
        words[i] = list_kinds[i].word;
        if (strcmp(word, words[i]) == 0)
            return list_kinds[i].list(pool);
    }
    near = hm_suggest(word, words, LIST_KINDS);
    hm_complain("cannot list '%s'; %s%s%s", word,
                near != NULL ? "did you mean '"
                             : "it is one of workloads, "
                               "strategies, suites, charts, params, options",
                near != NULL ? near : "", near != NULL ? "'?" : "");
    return HM_EXIT_USAGE;
}

static int list_all(struct hm_pool *pool)
{
    int status = 0;

    for (int i = 0; i < LIST_ALL && status == 0; i++) {
        printf("%s%s:\n", i > 0 ? "\n" : "", list_kinds[i].word);
        status = list_kinds[i].list(pool);
    }
    return status;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is argp's. */
static error_t list_option(int key, char *argument, struct argp_state *state)
{
    const char **word = state->input;

    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (*word != NULL) {
        hm_complain("list takes one kind at a time, not '%s' and '%s'", *word,
                    argument);
        return EINVAL;
    }
    *word = argument;
    return 0;
}

int hm_cmd_list(int argc, char **argv)
{
    static const struct argp parser = {
        .parser = list_option,
        .args_doc = "[workloads|strategies|suites|charts|params|options]",
        .doc = "Prints one line for each: its id, its state, what it is.  For "
               "params: "
               "name, quick and full value, range, meaning; for options: "
               "name, value, range, meaning.",
    };
    struct hm_pool pool = {NULL};
    const char *word = NULL;
    char name[] = "heapmark list", *program = argv[0];
    int status;

    argp_err_exit_status = HM_EXIT_USAGE;
    argv[0] = name;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the driver has one thread. */
    status = argp_parse(&parser, argc, argv, 0, NULL, &word);
    argv[0] = program;
    if (status != 0)
        return HM_EXIT_USAGE;
    status = word != NULL ? list_kind(&pool, word) : list_all(&pool);
    hm_pool_fini(&pool);
    return status;
}
