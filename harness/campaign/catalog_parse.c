/* SPDX-License-Identifier: MIT */
#include "harness/campaign/catalog.h"

#include "common/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CATALOG_FIELDS = 8 };

struct catalog_reader {
    struct hm_pool *pool;
    struct hm_catalog *catalog;
    struct hm_program *program;
    char *field[CATALOG_FIELDS + 1];
    size_t n;
};

static int catalog_number(const char *text, uint64_t *number)
{
    return hm_params_number(text, number);
}

static int catalog_read_strategy(struct catalog_reader *reader)
{
    struct hm_catalog *catalog = reader->catalog;
    struct hm_strategy *strategy;
    char **field = reader->field;

    if (hm_catalog_strategy(catalog, field[1]) != NULL)
        return -EEXIST;
    strategy = hm_pool_alloc(reader->pool, sizeof *strategy);
    strategy->id = strategy->cell_id = field[1];
    strategy->class_name = field[2];
    strategy->preload = field[3];
    strategy->package = field[4];
    strategy->tracing = strcmp(field[5], "limit") == 0;
    strategy->heap_limit =
        strategy->tracing || strcmp(field[5], "counting") == 0;
    strategy->summary = field[6];
    strategy->program = reader->program;
    strategy->malloc_path = strategy->version = strategy->package_version = "";
    strategy->misses = "";
    catalog->strategy =
        hm_pool_grow(reader->pool, catalog->strategy, catalog->n_strategies,
                     sizeof(struct hm_strategy *));
    catalog->strategy[catalog->n_strategies++] = strategy;
    return 0;
}

/* Several cells have the same workloads; the first one describes them. */
static int catalog_read_workload(struct catalog_reader *reader)
{
    struct hm_catalog *catalog = reader->catalog;
    struct hm_workload *workload;
    char **field = reader->field;
    uint64_t threads;

    hm_words_add(reader->pool, &reader->program->workloads, field[1]);
    if (hm_catalog_workload(catalog, field[1]) != NULL)
        return 0;
    if (catalog_number(field[5], &threads) != 0 || threads < 1 ||
        threads > 1024)
        return -EINVAL;
    workload = hm_pool_alloc(reader->pool, sizeof *workload);
    workload->id = field[1];
    workload->kind =
        strcmp(field[2], "block") == 0 ? HM_KIND_BLOCK : HM_KIND_OBJECT;
    workload->operation = field[3];
    workload->leak = field[4];
    workload->max_threads = (unsigned)threads;
    workload->summary = field[6];
    workload->source = field[7];
    catalog->workload =
        hm_pool_grow(reader->pool, catalog->workload, catalog->n_workloads,
                     sizeof(struct hm_workload *));
    catalog->workload[catalog->n_workloads++] = workload;
    return 0;
}

/* The one that a line is about; NULL: none of that id. */
static struct hm_workload *catalog_workload(const struct catalog_reader *reader)
{
    const struct hm_catalog *catalog = reader->catalog;

    for (size_t i = 0; i < catalog->n_workloads; i++) {
        if (strcmp(catalog->workload[i]->id, reader->field[1]) == 0)
            return catalog->workload[i];
    }
    return NULL;
}

static int catalog_read_arrivals(struct catalog_reader *reader)
{
    struct hm_workload *workload = catalog_workload(reader);

    if (workload == NULL)
        return -EINVAL;
    workload->has_arrivals = true;
    return 0;
}

static int catalog_read_param(struct catalog_reader *reader)
{
    struct hm_catalog_param param = {.name = reader->field[2],
                                     .meaning = reader->field[7]};
    struct hm_workload *workload = catalog_workload(reader);

    if (workload == NULL || catalog_number(reader->field[3], &param.quick) ||
        catalog_number(reader->field[4], &param.full) ||
        catalog_number(reader->field[5], &param.min) ||
        catalog_number(reader->field[6], &param.max))
        return -EINVAL;
    if (hm_catalog_param(workload, param.name) != NULL)
        return 0;
    workload->param = hm_pool_grow(reader->pool, workload->param,
                                   workload->n_params, sizeof param);
    workload->param[workload->n_params++] = param;
    return 0;
}

/* The one that a line is about; NULL: none of that id. */
static struct hm_strategy *catalog_strategy(const struct catalog_reader *reader)
{
    const struct hm_catalog *catalog = reader->catalog;

    for (size_t i = 0; i < catalog->n_strategies; i++) {
        if (strcmp(catalog->strategy[i]->id, reader->field[1]) == 0)
            return catalog->strategy[i];
    }
    return NULL;
}

static int catalog_read_misses(struct catalog_reader *reader)
{
    struct hm_strategy *strategy = catalog_strategy(reader);

    if (strategy == NULL)
        return -EINVAL;
    strategy->misses = reader->field[2];
    return 0;
}

static int catalog_read_option(struct catalog_reader *reader)
{
    struct hm_catalog_option option = {.name = reader->field[2],
                                       .meaning = reader->field[6]};
    struct hm_strategy *strategy = catalog_strategy(reader);

    if (catalog_number(reader->field[3], &option.value) ||
        catalog_number(reader->field[4], &option.min) ||
        catalog_number(reader->field[5], &option.max))
        return -EINVAL;
    if (strategy == NULL)
        return -EINVAL;
    strategy->option = hm_pool_grow(reader->pool, strategy->option,
                                    strategy->n_options, sizeof option);
    strategy->option[strategy->n_options++] = option;
    return 0;
}

static int catalog_read_census(struct catalog_reader *reader)
{
    reader->program->census = true;
    reader->catalog->census = reader->program;
    return 0;
}

/* Splits `line` at its tabs, in place. */
static void catalog_split(struct catalog_reader *reader, char *line)
{
    reader->n = 0;
    while (reader->n <= CATALOG_FIELDS && line != NULL)
        reader->field[reader->n++] = strsep(&line, "\t");
}

static int catalog_read_line(struct catalog_reader *reader)
{
    static const struct {
        const char *word;
        size_t fields;
        int (*read)(struct catalog_reader *reader);
    } line[] = {
        {"strategy", 7, catalog_read_strategy},
        {"misses", 3, catalog_read_misses},
        {"workload", 8, catalog_read_workload},
        {"arrivals", 2, catalog_read_arrivals},
        {"param", 8, catalog_read_param},
        {"option", 7, catalog_read_option},
        {"census", 1, catalog_read_census},
    };

    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
        if (strcmp(reader->field[0], line[i].word) == 0)
            return reader->n == line[i].fields ? line[i].read(reader) : -EINVAL;
    }
    return -EINVAL;
}

int hm_catalog_parse(struct hm_pool *pool, struct hm_catalog *catalog,
                     struct hm_program *program, const char *text,
                     const char **why)
{
    struct catalog_reader reader = {pool, catalog, program, {NULL}, 0};
    char *rest = hm_pool_copy(pool, text), *line;
    unsigned number = 0;

    while ((line = strsep(&rest, "\n")) != NULL) {
        int error;

        number++;
        if (*line == '\0')
            continue;
        catalog_split(&reader, line);
        error = catalog_read_line(&reader);
        if (error == 0)
            continue;
        *why = hm_pool_format(pool, "%s list: line %u ('%s ...') %s",
                              program->path, number, reader.field[0],
                              error == -EEXIST
                                  ? "names a strategy that another cell has"
                                  : "is not as docs/protocol.md says");
        return -EPROTO;
    }
    catalog->program = hm_pool_grow(pool, catalog->program, catalog->n_programs,
                                    sizeof(struct hm_program *));
    catalog->program[catalog->n_programs++] = program;
    return 0;
}
