/* SPDX-License-Identifier: MIT */
#include "harness/campaign/suite.h"

#include "common/params.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <string.h>

enum { SUITE_ID_MAX = 40 };

struct suite_reader {
    struct hm_pool *pool;
    struct hm_suite *suite;
    const char *path;
    FILE *file;
    int line;        /* last one read */
    const char *why; /* of the first error of ours; NULL before */
    int why_line;
};

static bool suite_is_id(const char *text)
{
    size_t bytes = strlen(text);

    if (bytes < 1 || bytes > SUITE_ID_MAX)
        return false;
    for (const char *c = text; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("_-.+", *c) == NULL)
            return false;
    }
    return true;
}

static int suite_read_param(struct suite_reader *reader, const char *workload,
                            const char *name, const char *value)
{
    int error =
        hm_suite_add_param(reader->pool, reader->suite, workload, name, value);

    if (error != 0) {
        reader->why = hm_pool_format(reader->pool,
                                     "%s = '%s' is no whole number, nor up to "
                                     "%d of them",
                                     name, value, HM_SUITE_LIST_MAX);
    }
    return error;
}

static int suite_read_poll(struct suite_reader *reader,
                           struct hm_variant *variant, const char *value)
{
    if (hm_params_number(value, &variant->poll_us) == 0 &&
        variant->poll_us >= 1 && variant->poll_us <= HM_SUITE_POLL_US_MAX)
        return 0;
    reader->why = hm_pool_format(
        reader->pool, "poll_us '%s' is no number of microseconds from 1 to %d",
        value, HM_SUITE_POLL_US_MAX);
    return -EINVAL;
}

static int suite_read_variant(struct suite_reader *reader, const char *id,
                              const char *name, const char *value)
{
    struct hm_pool *pool = reader->pool;
    struct hm_variant *variant = hm_suite_open_variant(pool, reader->suite, id);

    if (strcmp(name, "strategy") == 0) {
        variant->strategy = hm_pool_copy(pool, value);
        return 0;
    }
    if (strcmp(name, "preload") == 0) {
        variant->preload = hm_pool_copy(pool, value);
        return 0;
    }
    if (strcmp(name, "poll_us") == 0)
        return suite_read_poll(reader, variant, value);
    if (strncmp(name, "option.", 7) == 0) {
        hm_words_add(pool, &variant->option,
                     hm_pool_format(pool, "%s=%s", name + 7, value));
        return 0;
    }
    if (strncmp(name, "env.", 4) == 0 && strncmp(name + 4, "LD_", 3) != 0 &&
        name[4] != '\0') {
        hm_words_add(pool, &variant->env,
                     hm_pool_format(pool, "%s=%s", name + 4, value));
        return 0;
    }
    reader->why = hm_pool_format(pool,
                                 "unknown key '%s'; a variant has strategy, "
                                 "preload, poll_us, env.NAME (not LD_*) and "
                                 "option.NAME",
                                 name);
    return -EINVAL;
}

/* A relative path is relative to the suite's folder. */
static const char *suite_beside(struct suite_reader *reader, const char *value)
{
    const char *slash = strrchr(reader->path, '/');

    if (value[0] == '/' || value[0] == '\0' || slash == NULL)
        return value;
    return hm_pool_format(reader->pool, "%.*s/%s", (int)(slash - reader->path),
                          reader->path, value);
}

static int suite_read(struct suite_reader *reader, const char *section,
                      const char *name, const char *value)
{
    if (strcmp(section, "suite") == 0 && strcmp(name, "minheap") == 0)
        value = suite_beside(reader, value);
    if (strcmp(section, "suite") == 0) {
        return hm_suite_set(reader->pool, reader->suite, name, value,
                            &reader->why);
    }
    if (strncmp(section, "workload ", 9) == 0 && suite_is_id(section + 9))
        return suite_read_param(reader, section + 9, name, value);
    if (strncmp(section, "variant ", 8) == 0 && suite_is_id(section + 8))
        return suite_read_variant(reader, section + 8, name, value);
    if (*section == '\0') {
        reader->why = "no section before this line: a suite file begins with "
                      "[suite], see docs/suites.md";
        return -EINVAL;
    }
    reader->why = hm_pool_format(reader->pool,
                                 "section [%s] is none of [suite], "
                                 "[workload ID], [variant ID]",
                                 section);
    return -EINVAL;
}

/* Counts lines, which inih does not tell its handler. */
static char *suite_read_line(char *text, int bytes, void *stream)
{
    struct suite_reader *reader = stream;

    reader->line++;
    return fgets(text, bytes, reader->file);
}

/* inih wants 1 for success and goes on after an error; the first counts. */
static int suite_handle(void *user, const char *section, const char *name,
                        const char *value)
{
    struct suite_reader *reader = user;

    if (reader->why != NULL)
        return 0;
    reader->why_line = reader->line;
    return suite_read(reader, section, name, value) == 0;
}

/* Keys that only make sense together. */
static int suite_check(struct suite_reader *reader)
{
    const struct hm_suite *suite = reader->suite;

    for (size_t i = 0; i < suite->n_variants; i++) {
        if (suite->variant[i].strategy != NULL)
            continue;
        reader->why = hm_pool_format(
            reader->pool, "[variant %s] has no strategy", suite->variant[i].id);
        return -EINVAL;
    }
    if (suite->workloads.n > 0)
        return 0;
    reader->why = "[suite] has no workloads";
    return -EINVAL;
}

static const char *suite_stem(struct hm_pool *pool, const char *path)
{
    const char *name = strrchr(path, '/');
    char *stem = hm_pool_copy(pool, name != NULL ? name + 1 : path);
    size_t bytes = strlen(stem);

    if (bytes > 4 && strcmp(stem + bytes - 4, ".ini") == 0)
        stem[bytes - 4] = '\0';
    return stem;
}

int hm_suite_load(struct hm_pool *pool, struct hm_suite *suite,
                  const char *path, const char **why)
{
    struct suite_reader reader = {.pool = pool, .suite = suite, .path = path};
    int line;

    reader.file = fopen(path, "re");
    if (reader.file == NULL) {
        *why = hm_pool_format(pool, "%s: cannot be opened", path);
        return -errno;
    }
    hm_suite_defaults(suite);
    suite->name = suite_stem(pool, path);
    line = ini_parse_stream(suite_read_line, &reader, suite_handle, &reader);
    if (ferror(reader.file))
        reader.why = "cannot be read";
    (void)fclose(reader.file);
    if (line > 0) {
        *why = hm_pool_format(pool, "%s:%d: %s", path, line,
                              reader.why != NULL && reader.why_line == line
                                  ? reader.why
                                  : "neither a [section] nor NAME = value");
        return -EINVAL;
    }
    if (line != 0 || reader.why != NULL || suite_check(&reader) != 0) {
        *why = hm_pool_format(pool, "%s: %s", path,
                              reader.why != NULL ? reader.why : "unreadable");
        return -EINVAL;
    }
    return 0;
}

/* One word per line: inih's lines are short. */
static void suite_write_list(FILE *out, const char *key,
                             const struct hm_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        fprintf(out, "%s = %s\n", key, words->word[i]);
}

static void suite_write_heap(FILE *out, double heap)
{
    if (heap > 0) {
        fprintf(out, "heap = %.6g\n", heap);
    } else {
        (void)fputs("heap = none\n", out);
    }
}

static void suite_write_variants(const struct hm_suite *suite, FILE *out)
{
    for (size_t i = 0; i < suite->n_variants; i++) {
        const struct hm_variant *variant = &suite->variant[i];

        fprintf(out, "\n[variant %s]\nstrategy = %s\n", variant->id,
                variant->strategy);
        if (variant->preload != NULL)
            fprintf(out, "preload = %s\n", variant->preload);
        if (variant->poll_us > 0)
            fprintf(out, "poll_us = %" PRIu64 "\n", variant->poll_us);
        for (size_t k = 0; k < variant->env.n + variant->option.n; k++) {
            bool env = k < variant->env.n;
            const char *word = env ? variant->env.word[k]
                                   : variant->option.word[k - variant->env.n];
            const char *equals = strchr(word, '=');

            fprintf(out, "%s%.*s = %s\n", env ? "env." : "option.",
                    (int)(equals - word), word, equals + 1);
        }
    }
}

static void suite_write_param(const struct hm_suite_param *param, FILE *out)
{
    fprintf(out, "\n[workload %s]\n", param->workload);
    for (size_t i = 0; i < param->n; i++)
        fprintf(out, "%s = %" PRIu64 "\n", param->name, param->value[i]);
}

void hm_suite_write(const struct hm_suite *suite, FILE *out)
{
    fprintf(out, "[suite]\nname = %s\nsummary = %s\n", suite->name,
            suite->summary);
    suite_write_list(out, "workloads", &suite->workloads);
    suite_write_list(out, "strategies", &suite->strategies);
    suite_write_list(out, "strategies.object", &suite->object_strategies);
    suite_write_list(out, "strategies.block", &suite->block_strategies);
    fprintf(out, "baseline = %s\nsize = %s\n", suite->baseline,
            suite->full ? "full" : "quick");
    for (size_t i = 0; i < suite->n_heaps; i++)
        suite_write_heap(out, suite->heap[i]);
    if (suite->minheap != NULL)
        (void)fputs("minheap = minheap.csv\n", out); /* the copy beside it */
    for (size_t i = 0; i < suite->n_loads; i++) {
        fprintf(out, "%s%u%s", i == 0 ? "load = " : " ", suite->load[i],
                i + 1 == suite->n_loads ? "\n" : "");
    }
    fprintf(out, "threads =");
    for (size_t i = 0; i < suite->n_threads; i++)
        fprintf(out, " %u", suite->threads[i]);
    fprintf(out, "\nseed = %" PRIu32 "\ntimeout_s = %" PRIu64 "\n", suite->seed,
            suite->timeout_s);
    if (suite->memory_cap_bytes > 0)
        fprintf(out, "memory_cap = %" PRIu64 "\n", suite->memory_cap_bytes);
    if (suite->stress_bytes > 0)
        fprintf(out, "stress = %" PRIu64 "\n", suite->stress_bytes);
    if (suite->poll_us > 0)
        fprintf(out, "poll_us = %" PRIu64 "\n", suite->poll_us);
    if (suite->verify)
        fprintf(out, "verify = yes\n");
    for (size_t i = 0; i < HM_EXTRAS_END; i++) {
        if (suite->extra[i])
            fprintf(out, "%s = yes\n", hm_extra_words[i]);
    }
    if (suite->ci > 0)
        fprintf(out, "ci = %.6g%%\n", suite->ci * 100);
    fprintf(out, "blocks = %u\nmax_blocks = %u\n", suite->blocks,
            suite->max_blocks);
    for (size_t i = 0; i < suite->n_params; i++)
        suite_write_param(&suite->param[i], out);
    suite_write_variants(suite, out);
}
