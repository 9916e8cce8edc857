/* SPDX-License-Identifier: MIT */
#include "harness/campaign/plan.h"

#include "common/params.h"
#include "harness/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct plan_arm {
    const char *id;
    const struct hm_strategy *strategy;
    const struct hm_variant *variant;
    bool named; /* by its id, not by `*` */
};

struct plan_builder {
    struct hm_pool *pool;
    const struct hm_catalog *catalog;
    const struct hm_suite *suite;
    struct hm_plan *plan;
    struct plan_arm baseline;
    struct plan_arm *arm; /* of the workload at hand, without the baseline */
    size_t n_arms;
    bool workload_named;
    const char *why;
};

/* A strategy by id or by the path of its library. */
static int plan_find_strategy(struct plan_builder *builder, const char *base,
                              struct plan_arm *arm)
{
    const struct hm_catalog *catalog = builder->catalog;

    arm->strategy = hm_catalog_strategy(catalog, base);
    for (size_t i = 0; *base == '/' && i < catalog->n_strategies; i++) {
        if (strcmp(catalog->strategy[i]->malloc_path, base) == 0)
            arm->strategy = catalog->strategy[i];
    }
    if (arm->strategy != NULL)
        return 0;
    builder->why = hm_pool_format(
        builder->pool,
        "unknown strategy '%s'%s; see `heapmark list strategies`", base,
        hm_catalog_hint_strategy(builder->pool, catalog, base));
    return -EINVAL;
}

/* A runtime with another malloc under it: the strategy as a copy with the
 * library, and the place where malloc must come from, of the other one.  A
 * malloc cannot have that, it would be the other one. */
static int plan_preload(struct plan_builder *builder,
                        const struct hm_variant *variant, struct plan_arm *arm)
{
    const struct hm_strategy *base = arm->strategy;
    struct hm_strategy *loaded = hm_pool_alloc(builder->pool, sizeof *loaded);
    int error = plan_find_strategy(builder, variant->preload, arm);
    const struct hm_strategy *library = arm->strategy;

    if (error != 0)
        return error;
    if (!hm_strategy_collects(base) || *library->preload == '\0') {
        builder->why = hm_pool_format(
            builder->pool,
            "variant %s: %s; `preload` puts a malloc under a collector",
            variant->id,
            hm_strategy_collects(base)
                ? hm_pool_format(builder->pool, "%s is no malloc to preload",
                                 library->id)
                : hm_pool_format(builder->pool, "%s is a malloc itself",
                                 base->id));
        return -EINVAL;
    }
    *loaded = *base;
    loaded->preloaded = library;
    loaded->preload = library->preload;
    loaded->malloc_path = library->malloc_path;
    loaded->version = hm_pool_format(builder->pool, "%s; %s %s", base->version,
                                     library->id, library->version);
    if (base->off == NULL && library->off != NULL) {
        loaded->off = hm_pool_format(builder->pool, "%s is off: %s",
                                     library->id, library->off);
    }
    arm->strategy = loaded;
    return 0;
}

/* The same, or a variant by its id. */
static int plan_find_arm(struct plan_builder *builder, const char *word,
                         struct plan_arm *arm)
{
    int error;

    *arm = (struct plan_arm){.id = word, .named = true};
    arm->variant = hm_suite_variant(builder->suite, word);
    error = plan_find_strategy(
        builder, arm->variant != NULL ? arm->variant->strategy : word, arm);
    if (error == 0 && arm->variant == NULL)
        arm->id = arm->strategy->id;
    if (error == 0 && arm->variant != NULL && arm->variant->preload != NULL)
        error = plan_preload(builder, arm->variant, arm);
    return error;
}

static bool plan_has_arm(const struct plan_builder *builder, const char *id)
{
    if (strcmp(builder->baseline.id, id) == 0)
        return true;
    for (size_t i = 0; i < builder->n_arms; i++) {
        if (strcmp(builder->arm[i].id, id) == 0)
            return true;
    }
    return false;
}

static void plan_add_arm(struct plan_builder *builder, struct plan_arm arm)
{
    if (plan_has_arm(builder, arm.id))
        return;
    builder->arm =
        hm_pool_grow(builder->pool, builder->arm, builder->n_arms, sizeof arm);
    builder->arm[builder->n_arms++] = arm;
}

static int plan_add_arms(struct plan_builder *builder,
                         const struct hm_words *words)
{
    const struct hm_catalog *catalog = builder->catalog;

    for (size_t i = 0; i < words->n; i++) {
        struct plan_arm arm;
        int error;

        if (strcmp(words->word[i], "*") == 0) {
            for (size_t k = 0; k < catalog->n_strategies; k++) {
                error = plan_find_arm(builder, catalog->strategy[k]->id, &arm);
                if (error != 0)
                    return error;
                arm.named = false;
                plan_add_arm(builder, arm);
            }
            continue;
        }
        error = plan_find_arm(builder, words->word[i], &arm);
        if (error != 0)
            return error;
        plan_add_arm(builder, arm);
    }
    return 0;
}

/* What an option takes: its names, or its range. */
static const char *plan_option_range(struct hm_pool *pool,
                                     const struct hm_catalog_option *option)
{
    size_t first = strcspn(option->meaning, "|: ");

    if (option->meaning[first] == '|') {
        return hm_pool_format(pool, "none of %.*s",
                              (int)strcspn(option->meaning, ": "),
                              option->meaning);
    }
    return hm_pool_format(pool,
                          "no number from %" PRIu64 " to %" PRIu64
                          " (K, M, G or T may follow)",
                          option->min, option->max);
}

/* NAME=VALUE: the strategy has the option, and the value is in its range. */
static int plan_check_option(struct plan_builder *builder,
                             const struct hm_variant *variant,
                             const struct hm_strategy *strategy,
                             const char *word)
{
    struct hm_pool *pool = builder->pool;
    const char *text = word + strcspn(word, "=") + 1, *names = "";
    char *name = hm_pool_copy_n(pool, word, strcspn(word, "="));
    const struct hm_catalog_option *option = hm_catalog_option(strategy, name);
    uint64_t value;

    if (option != NULL) {
        if (hm_params_value(option->meaning, text, &value) == 0 &&
            value >= option->min && value <= option->max)
            return 0;
        builder->why =
            hm_pool_format(pool, "%s: option %s '%s' is %s", variant->id, name,
                           text, plan_option_range(pool, option));
        return -EINVAL;
    }
    for (size_t i = 0; i < strategy->n_options; i++)
        names = hm_pool_format(pool, "%s %s", names, strategy->option[i].name);
    builder->why = hm_pool_format(
        pool, "%s: strategy %s has no option '%s'; it has%s%s", variant->id,
        strategy->id, name, *names != '\0' ? ":" : " none", names);
    return -EINVAL;
}

static int plan_check_variant(struct plan_builder *builder,
                              const struct hm_variant *variant)
{
    struct plan_arm arm;
    int error;

    if (strcmp(variant->id, variant->strategy) != 0 &&
        hm_catalog_strategy(builder->catalog, variant->id) != NULL) {
        builder->why = hm_pool_format(
            builder->pool, "variant %s: another strategy has that id",
            variant->id);
        return -EINVAL;
    }
    error = plan_find_strategy(builder, variant->strategy, &arm);
    for (size_t i = 0; error == 0 && i < variant->option.n; i++) {
        error = plan_check_option(builder, variant, arm.strategy,
                                  variant->option.word[i]);
    }
    if (error == 0 && variant->preload != NULL)
        error = plan_preload(builder, variant, &arm);
    return error;
}

static int plan_check_param(struct plan_builder *builder,
                            const struct hm_suite_param *given)
{
    const struct hm_workload *workload =
        hm_catalog_workload(builder->catalog, given->workload);
    const struct hm_catalog_param *param;
    const char *names = "";
    size_t at = 0; /* of the value that is looked at */

    if (workload == NULL) {
        builder->why = hm_pool_format(
            builder->pool, "parameter %s of unknown workload '%s'%s",
            given->name, given->workload,
            hm_catalog_hint_workload(builder->pool, builder->catalog,
                                     given->workload));
        return -EINVAL;
    }
    param = hm_catalog_param(workload, given->name);
    while (param != NULL && at < given->n && given->value[at] >= param->min &&
           given->value[at] <= param->max)
        at++;
    if (param != NULL && at == given->n)
        return 0;
    for (size_t i = 0; i < workload->n_params; i++) {
        names = hm_pool_format(builder->pool, "%s %s", names,
                               workload->param[i].name);
    }
    builder->why =
        param == NULL
            ? hm_pool_format(builder->pool,
                             "workload %s has no parameter '%s'; it has:%s",
                             workload->id, given->name, names)
            : hm_pool_format(builder->pool,
                             "workload %s: %s is %" PRIu64 ", not from %" PRIu64
                             " to %" PRIu64,
                             workload->id, given->name, given->value[at],
                             param->min, param->max);
    return -EINVAL;
}

/* What the suite says of a parameter; NULL: nothing. */
static const struct hm_suite_param *plan_given(
    const struct hm_suite *suite, const struct hm_workload *workload,
    const struct hm_catalog_param *param)
{
    for (size_t i = 0; i < suite->n_params; i++) {
        if (strcmp(suite->param[i].workload, workload->id) == 0 &&
            strcmp(suite->param[i].name, param->name) == 0)
            return &suite->param[i];
    }
    return NULL;
}

/* How many combinations of values the parameters of a workload have. */
static size_t plan_points(const struct hm_suite *suite,
                          const struct hm_workload *workload)
{
    size_t points = 1;

    for (size_t i = 0; i < workload->n_params; i++) {
        const struct hm_suite_param *given =
            plan_given(suite, workload, &workload->param[i]);

        points *= given != NULL ? given->n : 1;
    }
    return points;
}

static void plan_add_param(struct plan_builder *builder,
                           struct hm_subject *subject,
                           const struct hm_catalog_param *param, uint64_t value)
{
    struct hm_pool *pool = builder->pool;
    const char *pair = hm_pool_format(pool, "%s=%" PRIu64, param->name, value);

    if (strcmp(subject->leak, "-") != 0 && value != 0 &&
        strcmp(param->name, "twin") == 0)
        subject->leak = "none";
    subject->params = hm_pool_format(pool, "%s%s%s", subject->params,
                                     *subject->params != '\0' ? ";" : "", pair);
    hm_words_add(pool, &subject->arguments,
                 hm_pool_format(pool, "param.%s", pair));
}

/* The combination of that number: its digits, in bases that are the numbers of
 * values, choose them. */
static size_t plan_add_subject(struct plan_builder *builder,
                               const struct hm_workload *workload,
                               unsigned threads, size_t point)
{
    struct hm_plan *plan = builder->plan;
    struct hm_subject subject = {.workload = workload,
                                 .leak = workload->leak,
                                 .params = "",
                                 .varied = "",
                                 .threads = threads};

    for (size_t i = 0; i < workload->n_params; i++) {
        const struct hm_catalog_param *param = &workload->param[i];
        const struct hm_suite_param *given =
            plan_given(builder->suite, workload, param);
        uint64_t value = builder->suite->full ? param->full : param->quick;

        if (given != NULL)
            value = given->value[point % given->n];
        if (given != NULL && given->n > 1) {
            point /= given->n;
            subject.varied = hm_pool_format(builder->pool, "%s %s=%" PRIu64,
                                            subject.varied, param->name, value);
        }
        plan_add_param(builder, &subject, param, value);
    }
    subject.closed = plan->n_subjects;
    plan->subject = hm_pool_grow(builder->pool, plan->subject, plan->n_subjects,
                                 sizeof subject);
    plan->subject[plan->n_subjects] = subject;
    return plan->n_subjects++;
}

/* The same work in an open loop. */
static size_t plan_add_open(struct plan_builder *builder, size_t closed,
                            unsigned load_percent)
{
    struct hm_plan *plan = builder->plan;
    struct hm_subject subject = plan->subject[closed];

    subject.load_percent = load_percent;
    subject.params =
        hm_pool_format(builder->pool, "%s%sload=%u", subject.params,
                       *subject.params != '\0' ? ";" : "", load_percent);
    subject.varied = hm_pool_format(builder->pool, "%s load=%u", subject.varied,
                                    load_percent);
    plan->subject = hm_pool_grow(builder->pool, plan->subject, plan->n_subjects,
                                 sizeof subject);
    plan->subject[plan->n_subjects] = subject;
    return plan->n_subjects++;
}

static bool plan_has_kind(const struct plan_builder *builder,
                          const struct hm_program *program, enum hm_kind kind)
{
    for (size_t i = 0; i < program->workloads.n; i++) {
        if (hm_catalog_workload(builder->catalog, program->workloads.word[i])
                ->kind == kind)
            return true;
    }
    return false;
}

/* Why a program lacks a workload. */
static const char *plan_lacks(struct plan_builder *builder,
                              const struct hm_strategy *strategy,
                              const struct hm_workload *workload)
{
    if (plan_has_kind(builder, strategy->program, workload->kind)) {
        return hm_pool_format(builder->pool, "the cell of %s does not have %s",
                              strategy->id, workload->id);
    }
    return hm_pool_format(builder->pool, "%s cannot run %s workloads",
                          strategy->id, hm_kind_name(workload->kind));
}

/* Why a strategy cannot run a subject; NULL when it can. */
static const char *plan_obstacle(struct plan_builder *builder,
                                 const struct hm_subject *subject,
                                 const struct plan_arm *arm)
{
    const struct hm_workload *workload = subject->workload;

    if (!hm_words_has(&arm->strategy->program->workloads, workload->id))
        return plan_lacks(builder, arm->strategy, workload);
    if (subject->threads > workload->max_threads) {
        return hm_pool_format(builder->pool, "%s runs on at most %u thread%s",
                              workload->id, workload->max_threads,
                              workload->max_threads > 1 ? "s" : "");
    }
    if (arm->strategy->off != NULL) {
        return hm_pool_format(builder->pool, "%s is off: %s", arm->strategy->id,
                              arm->strategy->off);
    }
    return NULL;
}

static void plan_add_cells(struct plan_builder *builder, size_t subject,
                           const struct plan_arm *arm, enum hm_arm role)
{
    const struct hm_suite *suite = builder->suite;
    struct hm_plan *plan = builder->plan;
    const char *obstacle = plan_obstacle(builder, &plan->subject[subject], arm);
    bool leaks =
        strcmp(plan->subject[subject].leak, arm->strategy->misses) == 0;
    bool limited = arm->strategy->heap_limit && suite->n_heaps > 0 && !leaks;

    if (obstacle != NULL && !(arm->named && builder->workload_named))
        return;
    for (size_t i = 0; i < (limited ? suite->n_heaps : 1); i++) {
        plan->cell = hm_pool_grow(builder->pool, plan->cell, plan->n_cells,
                                  sizeof *plan->cell);
        plan->cell[plan->n_cells++] = (struct hm_plan_cell){
            .subject = subject,
            .id = arm->id,
            .strategy = arm->strategy,
            .variant = arm->variant,
            .arm = role,
            .heap_multiple = limited ? suite->heap[i] : 0,
            .unsupported = obstacle,
        };
    }
}

static void plan_add_arms_of(struct plan_builder *builder, size_t subject)
{
    plan_add_cells(builder, subject, &builder->baseline, HM_ARM_BASELINE);
    plan_add_cells(builder, subject, &builder->baseline, HM_ARM_TWIN);
    for (size_t i = 0; i < builder->n_arms; i++)
        plan_add_cells(builder, subject, &builder->arm[i], HM_ARM_TEST);
}

static int plan_add_workload(struct plan_builder *builder,
                             const struct hm_workload *workload)
{
    const struct hm_suite *suite = builder->suite;
    size_t points = plan_points(suite, workload);
    int error;

    builder->n_arms = 0;
    builder->arm = NULL;
    error = plan_add_arms(builder, &suite->strategies);
    if (error == 0) {
        error = plan_add_arms(builder, workload->kind == HM_KIND_BLOCK
                                           ? &suite->block_strategies
                                           : &suite->object_strategies);
    }
    for (size_t k = 0; error == 0 && k < points * suite->n_threads; k++) {
        size_t closed = plan_add_subject(builder, workload,
                                         suite->threads[k % suite->n_threads],
                                         k / suite->n_threads);

        plan_add_arms_of(builder, closed);
        for (size_t i = 0; workload->has_arrivals && i < suite->n_loads; i++) {
            plan_add_arms_of(builder,
                             plan_add_open(builder, closed, suite->load[i]));
        }
    }
    return error;
}

static bool plan_has_workload(const struct hm_plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->n_subjects; i++) {
        if (strcmp(plan->subject[i].workload->id, id) == 0)
            return true;
    }
    return false;
}

static int plan_add_workloads(struct plan_builder *builder, const char *word)
{
    const struct hm_catalog *catalog = builder->catalog;
    bool any = false;

    builder->workload_named = strchr(word, '*') == NULL;
    for (size_t i = 0; i < catalog->n_workloads; i++) {
        const struct hm_workload *next = catalog->workload[i];
        int error = 0;

        if (!hm_workload_is(next, word))
            continue;
        any = true;
        if (!plan_has_workload(builder->plan, next->id))
            error = plan_add_workload(builder, next);
        if (error != 0)
            return error;
    }
    if (any)
        return 0;
    builder->why = hm_pool_format(
        builder->pool, "unknown workload '%s'%s; see `heapmark list workloads`",
        word, hm_catalog_hint_workload(builder->pool, catalog, word));
    return -EINVAL;
}

static int plan_check(struct plan_builder *builder)
{
    const struct hm_suite *suite = builder->suite;
    int error = plan_find_arm(builder, suite->baseline, &builder->baseline);

    for (size_t i = 0; error == 0 && i < suite->n_variants; i++)
        error = plan_check_variant(builder, &suite->variant[i]);
    for (size_t i = 0; error == 0 && i < suite->n_params; i++)
        error = plan_check_param(builder, &suite->param[i]);
    if (error != 0 || builder->baseline.strategy->off == NULL)
        return error;
    builder->why =
        hm_pool_format(builder->pool, "the baseline %s is off: %s",
                       builder->baseline.id, builder->baseline.strategy->off);
    return -EINVAL;
}

int hm_plan_build(struct hm_pool *pool, const struct hm_catalog *catalog,
                  const struct hm_suite *suite, struct hm_plan *plan,
                  const char **why)
{
    struct plan_builder builder = {
        .pool = pool, .catalog = catalog, .suite = suite, .plan = plan};
    size_t runnable = 0;
    int error;

    *plan = (struct hm_plan){.suite = suite};
    error = plan_check(&builder);
    for (size_t i = 0; error == 0 && i < suite->workloads.n; i++)
        error = plan_add_workloads(&builder, suite->workloads.word[i]);
    for (size_t i = 0; i < plan->n_cells; i++)
        runnable += plan->cell[i].unsupported == NULL;
    if (error == 0 && runnable == 0) {
        builder.why = "nothing of it can run here";
        if (plan->n_cells > 0) {
            builder.why = hm_pool_format(pool, "nothing of it can run here: %s",
                                         plan->cell[0].unsupported);
        }
        error = -EINVAL;
    }
    *why = builder.why;
    return error;
}
