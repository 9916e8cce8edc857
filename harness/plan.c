/* SPDX-License-Identifier: MIT */
#include "harness/plan.h"

#include "common/rng.h"
#include "harness/csv.h"

#include <inttypes.h>
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

static void plan_write_cell(const struct hm_plan *plan, size_t index, FILE *out)
{
    const struct hm_plan_cell *cell = &plan->cell[index];
    const struct hm_subject *subject = &plan->subject[cell->subject];

    fprintf(out, "%zu,%s,%s,%s,%" PRIu32 ",%s,%s,%s,%s,%u,", index,
            subject->workload->id, hm_kind_name(subject->workload->kind),
            subject->params, plan->suite->seed, cell->id,
            cell->strategy->class_name, cell->strategy->version,
            hm_arm_name(cell->arm), subject->threads);
    if (cell->heap_multiple > 0)
        fprintf(out, "%.6g", cell->heap_multiple);
    fputc(',', out);
    hm_csv_put(out, cell->unsupported != NULL ? cell->unsupported : "");
    fputc('\n', out);
}

void hm_plan_write(const struct hm_plan *plan, FILE *out)
{
    (void)fputs(
        "cell,workload,kind,params,seed,strategy,class,version,arm,threads,"
        "heap_multiple,unsupported\n",
        out);
    for (size_t i = 0; i < plan->n_cells; i++)
        plan_write_cell(plan, i, out);
}

const char *hm_plan_cell_name(struct hm_pool *pool, const struct hm_plan *plan,
                              size_t cell)
{
    const struct hm_plan_cell *of = &plan->cell[cell];
    const struct hm_subject *subject = &plan->subject[of->subject];
    const char *name =
        hm_pool_format(pool, "%s x %s", subject->workload->id, of->id);

    if (of->heap_multiple > 0)
        name = hm_pool_format(pool, "%s heap %.6g", name, of->heap_multiple);
    if (subject->threads > 1)
        name = hm_pool_format(pool, "%s threads %u", name, subject->threads);
    return name;
}
