/* SPDX-License-Identifier: MIT */
#include "harness/campaign/catalog.h"

#include "harness/capture.h"
#include "harness/suggest.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool hm_strategy_collects(const struct hm_strategy *strategy)
{
    return strcmp(strategy->class_name, "collector") == 0;
}

const char *hm_kind_name(enum hm_kind kind)
{
    return kind == HM_KIND_OBJECT ? "object" : "block";
}

bool hm_workload_is(const struct hm_workload *workload, const char *word)
{
    const char *kind = hm_kind_name(workload->kind);
    size_t bytes = strlen(kind);

    return strcmp(word, workload->id) == 0 || strcmp(word, "*") == 0 ||
           (strncmp(word, kind, bytes) == 0 && strcmp(word + bytes, ".*") == 0);
}

const struct hm_workload *hm_catalog_workload(const struct hm_catalog *catalog,
                                              const char *id)
{
    for (size_t i = 0; i < catalog->n_workloads; i++) {
        if (strcmp(catalog->workload[i]->id, id) == 0)
            return catalog->workload[i];
    }
    return NULL;
}

const struct hm_strategy *hm_catalog_strategy(const struct hm_catalog *catalog,
                                              const char *id)
{
    for (size_t i = 0; i < catalog->n_strategies; i++) {
        if (strcmp(catalog->strategy[i]->id, id) == 0)
            return catalog->strategy[i];
    }
    return NULL;
}

const struct hm_catalog_param *hm_catalog_param(
    const struct hm_workload *workload, const char *name)
{
    for (size_t i = 0; i < workload->n_params; i++) {
        if (strcmp(workload->param[i].name, name) == 0)
            return &workload->param[i];
    }
    return NULL;
}

const struct hm_catalog_option *hm_catalog_option(
    const struct hm_strategy *strategy, const char *name)
{
    for (size_t i = 0; i < strategy->n_options; i++) {
        if (strcmp(strategy->option[i].name, name) == 0)
            return &strategy->option[i];
    }
    return NULL;
}

static const char *catalog_hint(struct hm_pool *pool, const char *word,
                                const char *const *candidate, size_t n)
{
    const char *near = hm_suggest(word, candidate, n);

    if (near == NULL)
        return "";
    return hm_pool_format(pool, " (did you mean '%s'?)", near);
}

const char *hm_catalog_hint_workload(struct hm_pool *pool,
                                     const struct hm_catalog *catalog,
                                     const char *word)
{
    const char **id =
        hm_pool_alloc(pool, (catalog->n_workloads + 1) * sizeof *id);

    for (size_t i = 0; i < catalog->n_workloads; i++)
        id[i] = catalog->workload[i]->id;
    return catalog_hint(pool, word, id, catalog->n_workloads);
}

const char *hm_catalog_hint_strategy(struct hm_pool *pool,
                                     const struct hm_catalog *catalog,
                                     const char *word)
{
    const char **id =
        hm_pool_alloc(pool, (catalog->n_strategies + 1) * sizeof *id);

    for (size_t i = 0; i < catalog->n_strategies; i++)
        id[i] = catalog->strategy[i]->id;
    return catalog_hint(pool, word, id, catalog->n_strategies);
}

const char *hm_catalog_public_path(const struct hm_strategy *strategy,
                                   const char *path)
{
    const char *slash = strrchr(path, '/');

    if (strategy->preloaded != NULL)
        strategy = strategy->preloaded;
    if (slash == NULL || strcmp(strategy->package, "heapmark") != 0)
        return path;
    return slash + 1;
}

static int catalog_is_cell(const struct dirent *entry)
{
    return fnmatch("heapmark-cell-*", entry->d_name, 0) == 0 &&
           strchr(entry->d_name, '.') == NULL;
}

static int catalog_load_cell(struct hm_pool *pool, struct hm_catalog *catalog,
                             const char *path, const char **why)
{
    struct hm_program *program = hm_pool_alloc(pool, sizeof *program);
    const char *argv[] = {path, "list", NULL};
    char *text = NULL;
    int status = hm_capture(pool, argv, hm_clean_environment(pool, NULL), false,
                            HM_CAPTURE_SECONDS, &text);

    if (status != 0) {
        *why = hm_pool_format(pool, "%s list: %s", path,
                              status < 0 ? hm_error_text(status)
                                         : "it does not exit with 0");
        return status < 0 ? status : -EPROTO;
    }
    program->path = path;
    return hm_catalog_parse(pool, catalog, program, text, why);
}

static int catalog_compare(const void *a, const void *b)
{
    const struct hm_workload *const *left = a, *const *right = b;

    return strcmp((*left)->id, (*right)->id);
}

/* The yardstick of every malloc comes first in lists. */
static void catalog_glibc_first(struct hm_catalog *catalog)
{
    for (size_t i = 1; i < catalog->n_strategies; i++) {
        struct hm_strategy *strategy = catalog->strategy[i];

        if (strcmp(strategy->id, "glibc") != 0)
            continue;
        memmove(catalog->strategy + 1, catalog->strategy,
                i * sizeof(struct hm_strategy *));
        catalog->strategy[0] = strategy;
    }
}

int hm_catalog_load(struct hm_pool *pool, struct hm_catalog *catalog,
                    const char *folder, const char **why)
{
    struct dirent **entry;
    int n = scandir(folder, &entry, catalog_is_cell, alphasort);
    int error = n > 0 ? 0 : n < 0 ? -errno : -ENOENT;

    memset(catalog, 0, sizeof *catalog);
    catalog->folder = folder;
    *why = hm_pool_format(pool, "no heapmark-cell-* programs in %s; build them",
                          folder);
    for (int i = 0; i < n; i++) {
        if (error == 0) {
            error = catalog_load_cell(
                pool, catalog,
                hm_pool_format(pool, "%s/%s", folder, entry[i]->d_name), why);
        }
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    if (error != 0)
        return error;
    qsort(catalog->workload, catalog->n_workloads, sizeof(struct hm_workload *),
          catalog_compare);
    catalog_glibc_first(catalog);
    return 0;
}
