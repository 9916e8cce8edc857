/* SPDX-License-Identifier: MIT */
#include "harness/campaign/suite.h"

#include "common/params.h"
#include "harness/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void hm_suite_defaults(struct hm_suite *suite)
{
    *suite = (struct hm_suite){
        .name = "none",
        .summary = "",
        .baseline = "glibc",
        .threads = {1},
        .n_threads = 1,
        .blocks = 3,
        .max_blocks = HM_SUITE_CI_MAX_BLOCKS,
        .seed = 12345,
        .timeout_s = 60,
    };
}

const struct hm_variant *hm_suite_variant(const struct hm_suite *suite,
                                          const char *id)
{
    for (size_t i = 0; i < suite->n_variants; i++) {
        if (strcmp(suite->variant[i].id, id) == 0)
            return &suite->variant[i];
    }
    return NULL;
}

struct hm_variant *hm_suite_open_variant(struct hm_pool *pool,
                                         struct hm_suite *suite, const char *id)
{
    for (size_t i = 0; i < suite->n_variants; i++) {
        if (strcmp(suite->variant[i].id, id) == 0)
            return &suite->variant[i];
    }
    suite->variant = hm_pool_grow(pool, suite->variant, suite->n_variants,
                                  sizeof *suite->variant);
    suite->variant[suite->n_variants] =
        (struct hm_variant){.id = hm_pool_copy(pool, id)};
    return &suite->variant[suite->n_variants++];
}

/* Added, without values, if there is none. */
static struct hm_suite_param *suite_open_param(struct hm_pool *pool,
                                               struct hm_suite *suite,
                                               const char *workload,
                                               const char *name)
{
    for (size_t i = 0; i < suite->n_params; i++) {
        struct hm_suite_param *param = &suite->param[i];

        if (strcmp(param->workload, workload) == 0 &&
            strcmp(param->name, name) == 0)
            return param;
    }
    suite->param =
        hm_pool_grow(pool, suite->param, suite->n_params, sizeof *suite->param);
    suite->param[suite->n_params] = (struct hm_suite_param){
        hm_pool_copy(pool, workload), hm_pool_copy(pool, name), {0}, 0};
    return &suite->param[suite->n_params++];
}

static int suite_add_value(struct hm_suite_param *param, uint64_t value)
{
    for (size_t i = 0; i < param->n; i++) {
        if (param->value[i] == value)
            return 0;
    }
    if (param->n == HM_SUITE_LIST_MAX)
        return -EINVAL;
    param->value[param->n++] = value;
    return 0;
}

int hm_suite_add_param(struct hm_pool *pool, struct hm_suite *suite,
                       const char *workload, const char *name,
                       const char *values)
{
    struct hm_suite_param *param =
        suite_open_param(pool, suite, workload, name);
    struct hm_words words = {NULL, 0};
    int error;

    hm_words_split(pool, &words, values);
    error = words.n > 0 ? 0 : -EINVAL;
    for (size_t i = 0; error == 0 && i < words.n; i++) {
        uint64_t value;

        error = hm_params_number(words.word[i], &value) != 0
                    ? -EINVAL
                    : suite_add_value(param, value);
    }
    return error;
}

int hm_suite_set_param(struct hm_pool *pool, struct hm_suite *suite,
                       const char *workload, const char *name,
                       const char *values)
{
    suite_open_param(pool, suite, workload, name)->n = 0;
    return hm_suite_add_param(pool, suite, workload, name, values);
}

/* A whole number in [min, max]. */
static int suite_number(const char *text, uint64_t min, uint64_t max,
                        uint64_t *number)
{
    if (hm_params_number(text, number) != 0)
        return -EINVAL;
    return *number >= min && *number <= max ? 0 : -ERANGE;
}

/* A finite number in [min, max], with nothing behind it but `unit`. */
static int suite_real(const char *text, const char *unit, double min,
                      double max, double *number)
{
    char *end;

    *number = strtod(text, &end);
    if (end == text || (*end != '\0' && strcmp(end, unit) != 0))
        return -EINVAL;
    return *number >= min && *number <= max ? 0 : -ERANGE;
}

static int suite_set_heap(struct hm_pool *pool, struct hm_suite *suite,
                          const char *value, const char **why)
{
    struct hm_words words = {NULL, 0};

    hm_words_split(pool, &words, value);
    for (size_t i = 0; i < words.n; i++) {
        double heap = 0;

        if (strcmp(words.word[i], "none") != 0 &&
            suite_real(words.word[i], "x", 1, 1000, &heap) != 0) {
            *why = hm_pool_format(pool,
                                  "heap '%s' is no multiple of the needed "
                                  "bytes from 1 to 1000, and not none",
                                  words.word[i]);
            return -EINVAL;
        }
        if (suite->n_heaps == HM_SUITE_LIST_MAX) {
            *why = "heap has more than 16 values";
            return -EINVAL;
        }
        suite->heap[suite->n_heaps++] = heap;
    }
    return 0;
}

struct suite_list {
    unsigned *number; /* room for HM_SUITE_LIST_MAX */
    size_t *n;
    unsigned max;
};

/* A list of 1 to HM_SUITE_LIST_MAX numbers from 1 to its `max`. */
static int suite_set_numbers(struct hm_pool *pool, struct suite_list list,
                             const char *key, const char *value,
                             const char **why)
{
    struct hm_words words = {NULL, 0};

    hm_words_split(pool, &words, value);
    if (words.n < 1 || words.n > HM_SUITE_LIST_MAX) {
        *why = hm_pool_format(pool, "%s needs 1 to 16 numbers", key);
        return -EINVAL;
    }
    for (size_t i = 0; i < words.n; i++) {
        uint64_t one;

        if (suite_number(words.word[i], 1, list.max, &one) != 0) {
            *why = hm_pool_format(pool, "%s '%s' is no number from 1 to %u",
                                  key, words.word[i], list.max);
            return -EINVAL;
        }
        list.number[i] = (unsigned)one;
    }
    *list.n = words.n;
    return 0;
}

static int suite_set_ci(struct hm_pool *pool, struct hm_suite *suite,
                        const char *value, const char **why)
{
    double percent;

    if (suite_real(value, "%", 0.1, 50, &percent) != 0) {
        *why = hm_pool_format(
            pool, "ci '%s' is no half-width from 0.1%% to 50%%", value);
        return -EINVAL;
    }
    suite->ci = percent / 100;
    if (suite->blocks < HM_SUITE_CI_BLOCKS)
        suite->blocks = HM_SUITE_CI_BLOCKS;
    return 0;
}

static int suite_set_size(struct hm_pool *pool, struct hm_suite *suite,
                          const char *value, const char **why)
{
    suite->full = strcmp(value, "full") == 0;
    if (suite->full || strcmp(value, "quick") == 0)
        return 0;
    *why = hm_pool_format(pool, "size '%s' is neither quick nor full", value);
    return -EINVAL;
}

static int suite_set_flag(struct hm_pool *pool, bool *flag, const char *key,
                          const char *value, const char **why)
{
    *flag = strcmp(value, "yes") == 0;
    if (*flag || strcmp(value, "no") == 0)
        return 0;
    *why = hm_pool_format(pool, "%s '%s' is neither yes nor no", key, value);
    return -EINVAL;
}

const char *const hm_extra_words[HM_EXTRAS_END] = {
    [HM_EXTRA_ICOUNT] = "icount",
    [HM_EXTRA_SYSCALLS] = "syscalls",
    [HM_EXTRA_OPERATIONS] = "operations",
};

struct suite_number_key {
    const char *key;
    uint64_t min, max;
    const char *range; /* in words; NULL: the numbers say it */
};

static const struct suite_number_key suite_number_keys[] = {
    {"blocks", 1, 10000, NULL},
    {"max_blocks", 1, 10000, NULL},
    {"seed", 0, UINT32_MAX, NULL},
    {"timeout_s", 1, 86400, "number of seconds from 1 to 86400"},
    {"memory_cap", 1 << 20, UINT64_C(1) << 50,
     "size from 1M to 1024T (K, M, G or T may follow)"},
    {"stress", 1, UINT64_C(1) << 50,
     "number of bytes from 1 to 1024T (K, M, G or T may follow)"},
    {"poll_us", 0, HM_SUITE_POLL_US_MAX,
     "number of microseconds from 0 to 1000000"},
};

static void suite_store(struct hm_suite *suite, const char *key,
                        uint64_t number)
{
    if (strcmp(key, "blocks") == 0) {
        suite->blocks = (unsigned)number;
    } else if (strcmp(key, "max_blocks") == 0) {
        suite->max_blocks = (unsigned)number;
    } else if (strcmp(key, "seed") == 0) {
        suite->seed = (uint32_t)number;
    } else if (strcmp(key, "timeout_s") == 0) {
        suite->timeout_s = number;
    } else if (strcmp(key, "stress") == 0) {
        suite->stress_bytes = number;
    } else if (strcmp(key, "poll_us") == 0) {
        suite->poll_us = number;
    } else {
        suite->memory_cap_bytes = number;
    }
}

static int suite_set_number(struct hm_pool *pool, struct hm_suite *suite,
                            const struct suite_number_key *key,
                            const char *value, const char **why)
{
    uint64_t number;

    if (suite_number(value, key->min, key->max, &number) != 0) {
        const char *range = key->range;

        if (range == NULL) {
            range = hm_pool_format(pool, "number from %llu to %llu",
                                   (unsigned long long)key->min,
                                   (unsigned long long)key->max);
        }
        *why = hm_pool_format(pool, "%s '%s' is no %s", key->key, value, range);
        return -EINVAL;
    }
    suite_store(suite, key->key, number);
    return 0;
}

static int suite_unknown_key(struct hm_pool *pool, const char *key,
                             const char **why)
{
    static const char *const keys[] = {
        "summary",  "workloads",  "strategies", "strategies.object",
        "baseline", "size",       "heap",       "strategies.block",
        "threads",  "blocks",     "max_blocks", "ci",
        "seed",     "timeout_s",  "memory_cap", "name",
        "minheap",  "stress",     "verify",     "icount",
        "syscalls", "operations", "load",       "poll_us"};
    const char *near = hm_suggest(key, keys, sizeof keys / sizeof keys[0]);

    *why = hm_pool_format(pool, "unknown key '%s'%s%s%s", key,
                          near != NULL ? " (did you mean '" : "",
                          near != NULL ? near : "", near != NULL ? "'?)" : "");
    return -ENOENT;
}

static struct hm_words *suite_list(struct hm_suite *suite, const char *key)
{
    if (strcmp(key, "workloads") == 0)
        return &suite->workloads;
    if (strcmp(key, "strategies") == 0)
        return &suite->strategies;
    if (strcmp(key, "strategies.object") == 0)
        return &suite->object_strategies;
    if (strcmp(key, "strategies.block") == 0)
        return &suite->block_strategies;
    return NULL;
}

int hm_suite_set(struct hm_pool *pool, struct hm_suite *suite, const char *key,
                 const char *value, const char **why)
{
    struct hm_words *list = suite_list(suite, key);

    if (list != NULL) {
        hm_words_split(pool, list, value);
        return 0;
    }
    if (strcmp(key, "summary") == 0) {
        suite->summary = hm_pool_copy(pool, value);
        return 0;
    }
    if (strcmp(key, "name") == 0) {
        suite->name = hm_pool_copy(pool, value);
        return 0;
    }
    if (strcmp(key, "baseline") == 0) {
        suite->baseline = hm_pool_copy(pool, value);
        return 0;
    }
    if (strcmp(key, "minheap") == 0) {
        suite->minheap = hm_pool_copy(pool, value);
        return 0;
    }
    if (strcmp(key, "size") == 0)
        return suite_set_size(pool, suite, value, why);
    if (strcmp(key, "verify") == 0)
        return suite_set_flag(pool, &suite->verify, key, value, why);
    for (size_t i = 0; i < HM_EXTRAS_END; i++) {
        if (strcmp(key, hm_extra_words[i]) == 0)
            return suite_set_flag(pool, &suite->extra[i], key, value, why);
    }
    if (strcmp(key, "heap") == 0)
        return suite_set_heap(pool, suite, value, why);
    if (strcmp(key, "threads") == 0) {
        return suite_set_numbers(
            pool, (struct suite_list){suite->threads, &suite->n_threads, 1024},
            key, value, why);
    }
    if (strcmp(key, "load") == 0) {
        return suite_set_numbers(
            pool, (struct suite_list){suite->load, &suite->n_loads, 100000},
            key, value, why);
    }
    if (strcmp(key, "ci") == 0)
        return suite_set_ci(pool, suite, value, why);
    for (size_t i = 0;
         i < sizeof suite_number_keys / sizeof suite_number_keys[0]; i++) {
        if (strcmp(key, suite_number_keys[i].key) == 0) {
            return suite_set_number(pool, suite, &suite_number_keys[i], value,
                                    why);
        }
    }
    return suite_unknown_key(pool, key, why);
}
