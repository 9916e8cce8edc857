/* SPDX-License-Identifier: MIT */
#include "harness/campaign/plan.h"

#include "common/rng.h"
#include "harness/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *hm_arm_name(enum hm_arm arm)
{
    static const char *const name[] = {"baseline", "twin", "test"};

    return name[arm];
}

/* A generator of its own for every block and run: a resumed campaign needs no
 * history. */
static void plan_seed(struct hm_rng *rng, uint32_t seed, const char *use,
                      uint64_t number)
{
    uint32_t mixed = hm_mix(0, seed);

    while (*use != '\0')
        mixed = hm_mix(mixed, (unsigned char)*use++);
    mixed = hm_mix(mixed, (uint32_t)number);
    hm_rng_seed(rng, hm_fin(hm_mix(mixed, (uint32_t)(number >> 32))));
}

void hm_plan_order(const struct hm_plan *plan, unsigned block, size_t *order)
{
    struct hm_rng rng;

    plan_seed(&rng, plan->suite->seed, "order", block);
    for (size_t i = 0; i < plan->n_cells; i++)
        order[i] = i;
    for (size_t i = plan->n_cells; i > 1; i--) {
        size_t other = hm_rng_below(&rng, (uint32_t)i);
        size_t moved = order[i - 1];

        order[i - 1] = order[other];
        order[other] = moved;
    }
}

unsigned hm_plan_padding_bytes(const struct hm_plan *plan, uint64_t run_id)
{
    struct hm_rng rng;

    plan_seed(&rng, plan->suite->seed, "padding", run_id);
    return hm_rng_below(&rng, 4096);
}

uint64_t hm_plan_poll_us(const struct hm_plan *plan,
                         const struct hm_plan_cell *cell)
{
    if (!plan->subject[cell->subject].workload->has_arrivals)
        return 0;
    return cell->variant != NULL && cell->variant->poll_us > 0
               ? cell->variant->poll_us
               : plan->suite->poll_us;
}

/* What else the cell is given:
 * "preload=ID;poll_us=N;option.NAME=VALUE;env.NAME=VALUE;...". */
static const char *plan_settings(struct hm_pool *pool,
                                 const struct hm_plan *plan,
                                 const struct hm_plan_cell *cell)
{
    const struct hm_suite *suite = plan->suite;
    const struct hm_variant *variant = cell->variant;
    uint64_t poll_us = hm_plan_poll_us(plan, cell);
    const char *text = "";

    if (cell->strategy->preloaded != NULL) {
        text =
            hm_pool_format(pool, "preload=%s;", cell->strategy->preloaded->id);
    }
    if (poll_us > 0)
        text = hm_pool_format(pool, "%spoll_us=%" PRIu64 ";", text, poll_us);
    for (size_t i = 0; variant != NULL && i < variant->option.n; i++) {
        text =
            hm_pool_format(pool, "%soption.%s;", text, variant->option.word[i]);
    }
    for (size_t i = 0; variant != NULL && i < variant->env.n; i++)
        text = hm_pool_format(pool, "%senv.%s;", text, variant->env.word[i]);
    for (size_t i = 0; i < HM_EXTRAS_END; i++) {
        if (suite->extra[i])
            text = hm_pool_format(pool, "%s%s=yes;", text, hm_extra_words[i]);
    }
    if (!hm_strategy_collects(cell->strategy))
        return text;
    if (suite->stress_bytes > 0) {
        text = hm_pool_format(pool, "%sstress=%" PRIu64 ";", text,
                              suite->stress_bytes);
    }
    if (suite->verify)
        text = hm_pool_format(pool, "%sverify=yes;", text);
    return text;
}

static void plan_write_cell(const struct hm_plan *plan, size_t index, FILE *out)
{
    const struct hm_plan_cell *cell = &plan->cell[index];
    const struct hm_subject *subject = &plan->subject[cell->subject];
    struct hm_pool pool = {NULL};

    fprintf(out, "%zu,%s,%s,%s,%" PRIu32 ",%s,%s,%s,%s,%u,", index,
            subject->workload->id, hm_kind_name(subject->workload->kind),
            subject->params, plan->suite->seed, cell->id,
            cell->strategy->class_name, cell->strategy->version,
            hm_arm_name(cell->arm), subject->threads);
    if (cell->heap_multiple > 0)
        fprintf(out, "%.6g", cell->heap_multiple);
    fputc(',', out);
    hm_csv_put(out, cell->unsupported != NULL ? cell->unsupported : "");
    fputc(',', out);
    if (cell->heap_multiple > 0 && subject->minheap_bytes > 0)
        fprintf(out, "%" PRIu64, subject->minheap_bytes);
    fputc(',', out);
    hm_csv_put(out, plan_settings(&pool, plan, cell));
    fputc('\n', out);
    hm_pool_fini(&pool);
}

void hm_plan_write(const struct hm_plan *plan, FILE *out)
{
    (void)fputs(
        "cell,workload,kind,params,seed,strategy,class,version,arm,threads,"
        "heap_multiple,unsupported,minheap_bytes,settings\n",
        out);
    for (size_t i = 0; i < plan->n_cells; i++)
        plan_write_cell(plan, i, out);
}

const char *hm_plan_cell_name(struct hm_pool *pool, const struct hm_plan *plan,
                              size_t cell)
{
    const struct hm_plan_cell *of = &plan->cell[cell];
    const struct hm_subject *subject = &plan->subject[of->subject];
    const char *name = hm_pool_format(pool, "%s%s x %s", subject->workload->id,
                                      subject->varied, of->id);

    if (of->heap_multiple > 0)
        name = hm_pool_format(pool, "%s heap %.6g", name, of->heap_multiple);
    if (subject->threads > 1)
        name = hm_pool_format(pool, "%s threads %u", name, subject->threads);
    return name;
}

int hm_plan_check(const struct hm_plan *plan, const char *folder)
{
    struct hm_pool pool = {NULL};
    FILE *old = fopen(hm_pool_format(&pool, "%s/plan.csv", folder), "re");
    char *text = NULL, *line = NULL;
    size_t bytes = 0, room = 0, at = 0;
    FILE *memory = open_memstream(&text, &bytes);
    int error = old != NULL && memory != NULL ? 0 : -errno;
    ssize_t got;

    hm_pool_fini(&pool);
    if (memory != NULL) {
        hm_plan_write(plan, memory);
        if (fclose(memory) != 0)
            error = -ENOMEM;
    }
    while (error == 0 && (got = getline(&line, &room, old)) > 0) {
        if (at + (size_t)got > bytes ||
            memcmp(text + at, line, (size_t)got) != 0)
            error = -EEXIST;
        at += (size_t)got;
    }
    if (error == 0 && at != bytes)
        error = -EEXIST;
    free(line);
    free(text);
    if (old != NULL)
        (void)fclose(old);
    return error;
}
