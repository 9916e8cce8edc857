/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_geomean.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct geomean {
    const struct hm_summary_campaign *campaign;
    const struct hm_summary_result *result;
    const struct hm_summary_cell **member; /* the cells of the group */
    size_t n_members;
    double *sum;     /* of log ratios, by block */
    uint32_t *count; /* cells that are in it, by block */
    double *value;   /* one cell's log ratios, then the blocks' means */
    uint32_t *block;
    size_t blocks;
};

int hm_summary_same_group(const struct hm_summary_cell *a,
                          const struct hm_summary_cell *b)
{
    static const enum hm_summary_key keys[] = {
        HM_SUMMARY_KEY_strategy, HM_SUMMARY_KEY_arm,
        HM_SUMMARY_KEY_heap_multiple, HM_SUMMARY_KEY_threads};

    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        if (strcmp(a->key[keys[k]], b->key[keys[k]]) != 0)
            return 0;
    }
    return 1;
}

int hm_summary_is_group_head(const struct hm_summary_campaign *campaign,
                             const struct hm_summary_cell *cell)
{
    const struct hm_summary_cell *other = campaign->cell;

    while (!hm_summary_same_group(other, cell))
        other++;
    return other == cell;
}

static void geomean_collect(struct geomean *g,
                            const struct hm_summary_cell *like,
                            const unsigned char *use)
{
    const struct hm_summary_cell *cell = g->campaign->cell;

    for (size_t c = 0; c < g->campaign->n_cells; c++) {
        const struct hm_summary_cell *base = cell[c].baseline;

        if (base == NULL || cell[c].is_leak || cell[c].is_open ||
            !hm_summary_same_group(&cell[c], like) ||
            !hm_summary_is_complete(&cell[c]) || !hm_summary_is_complete(base))
            continue;
        if (use == NULL || use[base - cell])
            g->member[g->n_members++] = &cell[c];
    }
}

/* The number behind the last block of any member, the room that it takes. */
static size_t geomean_blocks(const struct hm_summary_campaign *campaign)
{
    size_t blocks = 1;

    for (size_t c = 0; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];

        if (cell->n_ok > 0 && cell->ok[cell->n_ok - 1].block >= blocks)
            blocks = cell->ok[cell->n_ok - 1].block + (size_t)1;
    }
    return blocks;
}

static void geomean_add(struct geomean *g, const struct hm_summary_cell *cell,
                        enum hm_summary_metric metric,
                        struct hm_summary_mean *mean)
{
    size_t number = (size_t)(cell - g->campaign->cell);
    const struct hm_interval *own =
        &g->result[number * HM_SUMMARY_METRICS_END + metric].log_ratio;
    size_t n =
        hm_summary_pair(cell, cell->baseline, metric, g->value, g->block);

    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        g->sum[g->block[i]] += g->value[i];
        g->count[g->block[i]]++;
    }
    mean->workloads++;
    mean->least = fmin(mean->least, exp(own->estimate));
    mean->most = fmax(mean->most, exp(own->estimate));
}

static int geomean_metric(struct geomean *g, enum hm_summary_metric metric,
                          double noise, struct hm_summary_mean *mean)
{
    size_t n = 0;
    int error;

    *mean = (struct hm_summary_mean){.least = INFINITY, .most = -INFINITY};
    memset(g->sum, 0, g->blocks * sizeof *g->sum);
    memset(g->count, 0, g->blocks * sizeof *g->count);
    for (size_t i = 0; i < g->n_members; i++)
        geomean_add(g, g->member[i], metric, mean);
    for (size_t b = 0; b < g->blocks && mean->workloads > 0; b++) {
        if (g->count[b] == mean->workloads)
            g->value[n++] = g->sum[b] / (double)mean->workloads;
    }
    if (n == 0)
        return 0;
    error = hm_summary_interval(g->value, n, &mean->log_ratio);
    mean->verdict = hm_stats_verdict(&mean->log_ratio, noise);
    return error;
}

int hm_summary_geomean(const struct hm_summary_campaign *campaign,
                       const struct hm_summary_result *result,
                       const struct hm_summary_cell *like,
                       const unsigned char *use, const double *noise,
                       struct hm_summary_mean *mean)
{
    struct geomean g = {.campaign = campaign,
                        .result = result,
                        .blocks = geomean_blocks(campaign)};
    int error = -ENOMEM;

    g.member = malloc(campaign->n_cells * sizeof(void *));
    g.sum = malloc(g.blocks * sizeof *g.sum);
    g.count = malloc(g.blocks * sizeof *g.count);
    g.value = malloc(g.blocks * sizeof *g.value);
    g.block = malloc(g.blocks * sizeof *g.block);
    if (g.member != NULL && g.sum != NULL && g.count != NULL &&
        g.value != NULL && g.block != NULL) {
        geomean_collect(&g, like, use);
        error = 0;
        for (int m = 0; m < HM_SUMMARY_METRICS_END && error == 0; m++) {
            error = geomean_metric(&g, (enum hm_summary_metric)m,
                                   noise != NULL ? noise[m] : 0, &mean[m]);
        }
    }
    free(g.member);
    free(g.sum);
    free(g.count);
    free(g.value);
    free(g.block);
    return error;
}
