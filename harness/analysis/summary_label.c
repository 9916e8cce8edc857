/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_label.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* "load=30" at the end of the parameters of an open loop; "" otherwise. */
static const char *label_load(const char *params)
{
    const char *last = strrchr(params, ';');

    last = last != NULL ? last + 1 : params;
    return strncmp(last, "load=", 5) == 0 ? last : params + strlen(params);
}

/* Bytes of the other parameters. */
static size_t label_own(const char *params)
{
    size_t bytes = (size_t)(label_load(params) - params);

    return bytes > 0 && params[bytes - 1] == ';' ? bytes - 1 : bytes;
}

static int label_same(const char *a, const char *b)
{
    return label_own(a) == label_own(b) && memcmp(a, b, label_own(a)) == 0;
}

/* Two cells of the campaign with the same `name` differ in `value`?  Cells
 * come in the order of the plan, so those of a workload are neighbours: it is
 * enough to look at pairs of a few distinct names. */
static int label_differ(const struct hm_summary_campaign *campaign,
                        enum hm_summary_key name, enum hm_summary_key value)
{
    enum { NAMES = 256 };
    const struct hm_summary_cell *first[NAMES];
    size_t n = 0;

    for (size_t c = 0; c < campaign->n_cells; c++) {
        const struct hm_summary_cell *cell = &campaign->cell[c];
        size_t i = 0;

        while (i < n && strcmp(first[i]->key[name], cell->key[name]) != 0)
            i++;
        if (i < n && !label_same(first[i]->key[value], cell->key[value]))
            return 1;
        if (i == n && n < NAMES)
            first[n++] = cell;
    }
    return 0;
}

void hm_summary_labels_init(struct hm_summary_labels *labels,
                            const struct hm_summary_campaign *campaign)
{
    labels->many_params =
        label_differ(campaign, HM_SUMMARY_KEY_workload, HM_SUMMARY_KEY_params);
    labels->many_threads =
        label_differ(campaign, HM_SUMMARY_KEY_workload, HM_SUMMARY_KEY_threads);
    labels->many_heaps = label_differ(campaign, HM_SUMMARY_KEY_strategy,
                                      HM_SUMMARY_KEY_heap_multiple);
}

/* Names end up in gnuplot's lists of words and in file names. */
static void label_clean(char *label)
{
    for (; *label != '\0'; label++) {
        if (!isalnum((unsigned char)*label) &&
            strchr("_.#+@/=;-", *label) == NULL)
            *label = '_';
    }
}

void hm_label_workload(char *label, const char *workload, const char *params,
                       int all_params, const char *threads)
{
    const char *load = label_load(params);
    size_t own = all_params ? label_own(params) : 0;

    (void)snprintf(label, HM_LABEL_BYTES, "%.50s%s%.*s%s%.12s%s%.10s", workload,
                   own > 0 ? "/" : "", own < 50 ? (int)own : 50, params,
                   load[0] != '\0' ? "/" : "", load,
                   threads[0] != '\0' ? "/t" : "", threads);
    label_clean(label);
}

void hm_label_strategy(char *label, const char *strategy,
                       const char *heap_multiple)
{
    (void)snprintf(label, HM_LABEL_BYTES, "%.80s%s%.10s%s", strategy,
                   heap_multiple[0] != '\0' ? "@" : "", heap_multiple,
                   heap_multiple[0] != '\0' ? "x" : "");
    label_clean(label);
}

void hm_summary_workload_label(const struct hm_summary_labels *labels,
                               const struct hm_summary_cell *cell, char *label)
{
    hm_label_workload(label, cell->key[HM_SUMMARY_KEY_workload],
                      cell->key[HM_SUMMARY_KEY_params], labels->many_params,
                      labels->many_threads ? cell->key[HM_SUMMARY_KEY_threads]
                                           : "");
}

void hm_summary_strategy_label(const struct hm_summary_labels *labels,
                               const struct hm_summary_cell *cell, char *label)
{
    hm_label_strategy(
        label, cell->key[HM_SUMMARY_KEY_strategy],
        labels->many_heaps ? cell->key[HM_SUMMARY_KEY_heap_multiple] : "");
}
