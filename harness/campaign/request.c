/* SPDX-License-Identifier: MIT */
#include "harness/campaign/request.h"

#include "harness/program_folder.h"
#include "harness/suggest.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* inih reads lines of at most 198 bytes. */
enum { REQUEST_PATH_MAX = 170 };

static int request_is_suite(const struct dirent *entry)
{
    return fnmatch("*.ini", entry->d_name, FNM_PERIOD) == 0;
}

/* " (did you mean 'x'?)" among the suites that there are. */
static const char *request_hint(struct hm_pool *pool, const char *folder,
                                const char *word)
{
    const char *candidate[64], *near;
    struct dirent **entry;
    int n = scandir(folder, &entry, request_is_suite, alphasort), used = 0;

    for (int i = 0; i < n; i++) {
        *strrchr(entry[i]->d_name, '.') = '\0';
        if (used < 64)
            candidate[used++] = hm_pool_copy(pool, entry[i]->d_name);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    near = hm_suggest(word, candidate, (size_t)used);
    return near == NULL ? ""
                        : hm_pool_format(pool, " (did you mean '%s'?)", near);
}

static int request_load(struct hm_pool *pool, const char *word,
                        struct hm_suite *suite, const char **why)
{
    size_t bytes = strlen(word);
    const char *folder = hm_program_folder(pool, "suites");
    const char *path = hm_pool_format(pool, "%s/%s.ini", folder, word);

    if (strchr(word, '/') != NULL ||
        (bytes > 4 && strcmp(word + bytes - 4, ".ini") == 0))
        return hm_suite_load(pool, suite, word, why);
    if (access(path, R_OK) == 0)
        return hm_suite_load(pool, suite, path, why);
    *why =
        hm_pool_format(pool, "unknown suite '%s'%s; see `heapmark list suites`",
                       word, request_hint(pool, folder, word));
    return -ENOENT;
}

struct request_option {
    const char *name, *key, *value; /* as typed, in a suite, its argument */
    bool list;
    bool changes; /* the suite is another one than its summary says */
};

/* An option that is a key of suites: messages name the option. */
static int request_set(struct hm_pool *pool, struct hm_suite *suite,
                       const struct request_option *option, const char **why)
{
    size_t key_bytes = strlen(option->key);
    const char *cause;
    int error;

    if (option->value == NULL)
        return 0;
    if (option->list &&
        option->value[strspn(option->value, ", \t\r\n")] == '\0') {
        *why = hm_pool_format(pool, "%s '%s' is an empty list", option->name,
                              option->value);
        return -EINVAL;
    }
    if (option->changes)
        suite->summary = "";
    error = hm_suite_set(pool, suite, option->key, option->value, &cause);
    if (error == 0)
        return 0;
    if (strncmp(cause, option->key, key_bytes) == 0) {
        cause = hm_pool_format(pool, "%s%s", option->name, cause + key_bytes);
    }
    *why = cause;
    return error;
}

static void request_clear(const struct hm_request *request,
                          struct hm_suite *suite)
{
    const struct hm_words none = {NULL, 0};

    if (request->workload != NULL)
        suite->workloads = none;
    if (request->strategy != NULL) {
        suite->strategies = suite->object_strategies = suite->block_strategies =
            none;
    }
    if (request->heap != NULL)
        suite->n_heaps = 0;
    if (request->blocks != NULL)
        suite->ci = 0;
}

/* The last dot in front of the `=`, for an id may hold some; NULL: none. */
static const char *request_dot(const char *word)
{
    const char *dot = NULL;

    for (const char *c = word; *c != '\0' && *c != '='; c++)
        dot = *c == '.' ? c : dot;
    return dot;
}

/* STRATEGY.NAME=VALUE, for a variant or for a strategy. */
static int request_option(struct hm_pool *pool, struct hm_suite *suite,
                          const char *word, const char **why)
{
    const char *equals = strchr(word, '='), *dot = request_dot(word);
    struct hm_variant *variant;
    const char *id, *pair;

    if (equals == NULL || dot == NULL || dot == word || dot + 1 == equals ||
        equals[1] == '\0') {
        *why = hm_pool_format(pool, "--option '%s' is not STRATEGY.NAME=VALUE",
                              word);
        return -EINVAL;
    }
    id = hm_pool_copy_n(pool, word, (size_t)(dot - word));
    pair = hm_pool_copy(pool, dot + 1);
    variant = hm_suite_open_variant(pool, suite, id);
    if (variant->strategy == NULL)
        variant->strategy = id;
    for (size_t i = 0; i < variant->option.n; i++) {
        if (strncmp(variant->option.word[i], pair, (size_t)(equals - dot)) ==
            0) {
            variant->option.word[i] = hm_pool_copy(pool, pair);
            return 0;
        }
    }
    hm_words_add(pool, &variant->option, pair);
    return 0;
}

int hm_request_suite(struct hm_pool *pool, const struct hm_request *request,
                     struct hm_suite *suite, const char **why)
{
    const struct request_option option[] = {
        {"--workload", "workloads", request->workload, true, true},
        {"--strategy", "strategies", request->strategy, true, true},
        {"--heap", "heap", request->heap, true, true},
        {"--load", "load", request->load, true, true},
        {"--poll", "poll_us", request->poll, false, true},
        {"--threads", "threads", request->threads, true, true},
        {"--size", "size", request->size, false, true},
        {"--seed", "seed", request->seed, false, false},
        {"--timeout", "timeout_s", request->timeout, false, false},
        {"--memory-cap", "memory_cap", request->memory_cap, false, false},
        {"--baseline", "baseline", request->baseline, false, true},
        {"--blocks", "blocks", request->blocks, false, true},
        {"--ci", "ci", request->ci, false, true},
        {"--stress", "stress", request->stress, false, true},
        {"--verify", "verify", request->verify, false, true},
        {"--minheap", "minheap", request->minheap, false, false},
    };
    int error;

    if (request->resume != NULL &&
        access(hm_pool_format(pool, "%s/suite.ini", request->resume), F_OK) !=
            0) {
        *why = hm_pool_format(pool,
                              "%s holds no campaign (no suite.ini); give a "
                              "folder that heapmark run made",
                              request->resume);
        return -ENOENT;
    }
    if (request->suite == NULL && request->resume != NULL) {
        error = hm_suite_load(
            pool, suite, hm_pool_format(pool, "%s/suite.ini", request->resume),
            why);
    } else {
        error = request_load(pool,
                             request->suite != NULL ? request->suite : "quick",
                             suite, why);
    }
    if (error != 0)
        return error;
    request_clear(request, suite);
    for (size_t i = 0; error == 0 && i < sizeof option / sizeof option[0]; i++)
        error = request_set(pool, suite, &option[i], why);
    for (size_t i = 0; error == 0 && i < HM_EXTRAS_END; i++) {
        const struct request_option extra = {
            hm_pool_format(pool, "--%s", hm_extra_words[i]), hm_extra_words[i],
            request->extra[i], false, false};

        error = request_set(pool, suite, &extra, why);
    }
    for (size_t i = 0; error == 0 && i < request->options.n; i++)
        error = request_option(pool, suite, request->options.word[i], why);
    if (request->params.n + request->options.n > 0)
        suite->summary = "";
    return error;
}

static int request_library(struct hm_pool *pool, struct hm_catalog *catalog,
                           char **word, const char **why)
{
    struct hm_strategy *strategy;
    char real[PATH_MAX];
    const char *cause;
    int error;

    if (realpath(*word, real) != NULL) {
        for (size_t i = 0; i < catalog->n_strategies; i++) {
            if (strcmp(catalog->strategy[i]->malloc_path, real) == 0) {
                *word = hm_pool_copy(pool, catalog->strategy[i]->id);
                return 0;
            }
        }
        if (strlen(real) > REQUEST_PATH_MAX) {
            *why = hm_pool_format(pool,
                                  "library %s: its path is longer than %d "
                                  "bytes; link to it from a shorter one",
                                  *word, REQUEST_PATH_MAX);
            return -ENAMETOOLONG;
        }
    }
    error = hm_catalog_add_library(pool, catalog, *word, &strategy, &cause);
    if (error != 0) {
        *why = hm_pool_format(pool, "library %s: %s", *word, cause);
        return error;
    }
    *word = hm_pool_copy(pool, strategy->malloc_path);
    return 0;
}

static int request_libraries(struct hm_pool *pool, struct hm_catalog *catalog,
                             struct hm_words *words, const char **why)
{
    for (size_t i = 0; i < words->n; i++) {
        int error = strchr(words->word[i], '/') == NULL
                        ? 0
                        : request_library(pool, catalog, &words->word[i], why);

        if (error != 0)
            return error;
    }
    return 0;
}

static bool request_selects(const struct hm_suite *suite,
                            const struct hm_workload *workload)
{
    for (size_t i = 0; i < suite->workloads.n; i++) {
        if (hm_workload_is(workload, suite->workloads.word[i]))
            return true;
    }
    return false;
}

/* NAME=VALUE for every workload of the suite that has a NAME. */
static int request_param(struct hm_pool *pool, const struct hm_catalog *catalog,
                         struct hm_suite *suite, const char *word,
                         const char **why)
{
    const char *equals = strchr(word, '=');
    const char *name = equals != NULL
                           ? hm_pool_copy_n(pool, word, (size_t)(equals - word))
                           : word;
    size_t found = 0;
    int error = equals == NULL ? -EINVAL : 0;

    for (size_t i = 0; error == 0 && i < catalog->n_workloads; i++) {
        const struct hm_workload *workload = catalog->workload[i];

        if (!request_selects(suite, workload) ||
            hm_catalog_param(workload, name) == NULL)
            continue;
        error = hm_suite_set_param(pool, suite, workload->id, name, equals + 1);
        found++;
    }
    if (error != 0) {
        *why = hm_pool_format(
            pool, "--param '%s' is not NAME=VALUE with a whole number", word);
        return error;
    }
    if (found > 0)
        return 0;
    *why = hm_pool_format(
        pool, "--param %s: no selected workload has a parameter '%s'", word,
        name);
    return -EINVAL;
}

int hm_request_resolve(struct hm_pool *pool, const struct hm_request *request,
                       struct hm_catalog *catalog, struct hm_suite *suite,
                       const char **why)
{
    int error = request_libraries(pool, catalog, &suite->strategies, why);

    if (error == 0) {
        error =
            request_libraries(pool, catalog, &suite->object_strategies, why);
    }
    if (error == 0)
        error = request_libraries(pool, catalog, &suite->block_strategies, why);
    for (size_t i = 0; error == 0 && i < request->params.n; i++) {
        error =
            request_param(pool, catalog, suite, request->params.word[i], why);
    }
    return error;
}

static int request_check_option(struct hm_pool *pool,
                                const struct hm_plan *plan, const char *word,
                                const char **why)
{
    const char *id =
        hm_pool_copy_n(pool, word, (size_t)(request_dot(word) - word));

    for (size_t i = 0; i < plan->n_cells; i++) {
        if (strcmp(plan->cell[i].id, id) == 0)
            return 0;
    }
    *why = hm_pool_format(pool,
                          "--option %s: nothing is measured under %s (it is "
                          "not selected, or cannot be here); name it in "
                          "--strategy or leave the option out",
                          word, id);
    return -EINVAL;
}

static int request_check_torture(struct hm_pool *pool,
                                 const struct hm_request *request,
                                 const struct hm_plan *plan, const char **why)
{
    if (request->stress == NULL && request->verify == NULL)
        return 0;
    for (size_t i = 0; i < plan->n_cells; i++) {
        if (hm_strategy_collects(plan->cell[i].strategy))
            return 0;
    }
    *why = hm_pool_format(pool,
                          "%s: no collector is selected, and nothing else "
                          "collects; name one in --strategy",
                          request->stress != NULL ? "--stress" : "--verify");
    return -EINVAL;
}

static int request_check_arrivals(struct hm_pool *pool, const char *option,
                                  const char *value, const struct hm_plan *plan,
                                  const char **why)
{
    if (value == NULL)
        return 0;
    for (size_t i = 0; i < plan->n_subjects; i++) {
        if (plan->subject[i].workload->has_arrivals)
            return 0;
    }
    *why = hm_pool_format(pool,
                          "%s %s: none of these workloads has operations "
                          "that arrive; name cache, connections or requests in "
                          "--workload",
                          option, value);
    return -EINVAL;
}

int hm_request_check(struct hm_pool *pool, const struct hm_request *request,
                     const struct hm_plan *plan, const char **why)
{
    int error = request_check_torture(pool, request, plan, why);

    if (error == 0) {
        error =
            request_check_arrivals(pool, "--load", request->load, plan, why);
    }
    if (error == 0) {
        error =
            request_check_arrivals(pool, "--poll", request->poll, plan, why);
    }
    for (size_t i = 0; error == 0 && i < request->options.n; i++) {
        error = request_check_option(pool, plan, request->options.word[i], why);
    }
    return error;
}
