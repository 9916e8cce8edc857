/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_load.h"

#include "harness/analysis/summary_rows.h"
#include "harness/csv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of runs.csv that are read, besides the keys and the metrics. */
enum load_column {
    LOAD_RUN_ID = HM_SUMMARY_KEYS_END,
    LOAD_BLOCK,
    LOAD_CELL,
    LOAD_STATUS,
    LOAD_REASON,
    LOAD_LIVE_PEAK,
    LOAD_METRICS,
    LOAD_COLUMNS = LOAD_METRICS + HM_SUMMARY_rss_over_live,
    /* an older table has not got the rest */
    LOAD_LEAK_EXPECTED = LOAD_METRICS + HM_SUMMARY_METRICS_END,
    LOAD_MUTATOR_CPU,
    LOAD_OPS,
    LOAD_COLLECTIONS,
    LOAD_FIGURES,
    LOAD_RSS_BASE,
    LOAD_LEAK_VERDICT,
    LOAD_LEAK_SLOPE,
    LOAD_ALLOC_BYTES,
    LOAD_CLOCK_COST,
    LOAD_ALL
};

#define LOAD_NAME(column)       #column,
#define LOAD_METRIC(name, unit) #name,
static const char *const load_names[] = {
    HM_SUMMARY_KEYS(LOAD_NAME) "run_id",
    "block",
    "cell",
    "status",
    "reason",
    "live_peak_bytes",
    HM_SUMMARY_METRICS(LOAD_METRIC) "leak_expected",
    "mutator_cpu_ns",
    "ops",
    "collections",
    "figures",
    "rss_base_bytes",
    "leak_verdict",
    "leak_slope_bytes_per_op",
    "alloc_bytes",
    "clock_cost_ns"};

static const char *const load_statuses[] = {HM_SUMMARY_STATUSES(LOAD_NAME)};
#undef LOAD_NAME

static const char *const load_metrics[] = {HM_SUMMARY_METRICS(LOAD_METRIC)};
#undef LOAD_METRIC

#define LOAD_UNIT(name, unit) unit,
static const char *const load_units[] = {HM_SUMMARY_METRICS(LOAD_UNIT)};
#undef LOAD_UNIT

struct load {
    struct hm_summary_campaign *campaign;
    struct hm_csv csv;
    int column[LOAD_ALL]; /* -1: there is none */
};

const char *hm_summary_metric_name(enum hm_summary_metric metric)
{
    return load_metrics[metric];
}

const char *hm_summary_metric_unit(enum hm_summary_metric metric)
{
    return load_units[metric];
}

const char *hm_summary_status_name(enum hm_summary_status status)
{
    return load_statuses[status];
}

void hm_summary_leak_add(struct hm_summary_leak *leak, const char *verdict,
                         const char *expected)
{
    int wrong = expected[0] != '\0' && strcmp(verdict, expected) != 0;

    leak->wrong += (uint32_t)wrong;
    if (!wrong && leak->verdict[0] != '\0')
        return;
    (void)snprintf(leak->verdict, sizeof leak->verdict, "%s", verdict);
    (void)snprintf(leak->expected, sizeof leak->expected, "%s", expected);
}

int hm_summary_is_leak(const char *workload)
{
    return strncmp(workload, "leak_", 5) == 0;
}

int hm_summary_is_open(const char *params)
{
    return hm_summary_param(params, "load") > 0;
}

long hm_summary_shown_cell(const struct hm_summary_campaign *campaign,
                           double run_id)
{
    const struct hm_summary_cell *cell;
    uint32_t number;

    if (!(run_id >= 0 && run_id < (double)campaign->n_run_ids))
        return -1;
    number = campaign->cell_of_run[(size_t)run_id];
    if (number == UINT32_MAX)
        return -1;
    cell = &campaign->cell[number];
    return cell->arm == HM_SUMMARY_ARM_TWIN || cell->n_ok == 0 ||
                   cell->ok[cell->shown].run_id != (uint32_t)run_id
               ? -1
               : (long)number;
}

enum hm_summary_status hm_summary_worst_status(
    const struct hm_summary_cell *cell)
{
    enum hm_summary_status worst = HM_SUMMARY_STATUS_ok;
    uint32_t most = 0;

    for (int s = HM_SUMMARY_STATUS_ok + 1; s < HM_SUMMARY_STATUSES_END; s++) {
        if (cell->status[s] > most) {
            most = cell->status[s];
            worst = (enum hm_summary_status)s;
        }
    }
    return worst;
}

static const char *load_text(const struct load *load, int column)
{
    return load->column[column] >= 0 ? load->csv.field[load->column[column]]
                                     : "";
}

static int load_fail(struct load *load, int column, const char *what)
{
    (void)snprintf(load->campaign->error, sizeof load->campaign->error,
                   "%s:%lu: %s '%.40s' %s", load->csv.path, load->csv.line,
                   load_names[column], load_text(load, column), what);
    return -EINVAL;
}

static int load_number(struct load *load, int column, double *value)
{
    if (hm_csv_number(load_text(load, column), value) != 0)
        return load_fail(load, column, "is not a number");
    return 0;
}

static int load_index(struct load *load, int column, uint32_t *value)
{
    enum { LIMIT = 1 << 26 }; /* a table of this many entries is harmless */

    double number;
    int error = load_number(load, column, &number);

    if (error != 0)
        return error;
    if (!(number >= 0 && number < LIMIT))
        return load_fail(load, column, "is not a number from 0 to 2^26");
    *value = (uint32_t)number;
    return 0;
}

static void load_keys(const struct load *load, const char **key)
{
    for (int k = 0; k < HM_SUMMARY_KEYS_END; k++)
        key[k] = load_text(load, k);
}

/* FNV-1a over all keys, their ends included. */
static size_t load_hash(const char *const *key)
{
    uint64_t h = 14695981039346656037u;

    for (int k = 0; k < HM_SUMMARY_KEYS_END; k++) {
        const char *text = key[k];

        do {
            h = (h ^ (unsigned char)*text) * 1099511628211u;
        } while (*text++ != '\0');
    }
    return (size_t)(h ^ (h >> 29));
}

static int load_is_cell(const struct hm_summary_cell *cell,
                        const char *const *key)
{
    for (int k = 0; k < HM_SUMMARY_KEYS_END; k++) {
        if (strcmp(key[k], cell->key[k]) != 0)
            return 0;
    }
    return 1;
}

static int load_new_cell(struct load *load)
{
    struct hm_summary_campaign *campaign = load->campaign;
    struct hm_summary_cell *cell;

    if (campaign->n_cells == campaign->capacity) {
        size_t capacity = campaign->capacity == 0 ? 64 : campaign->capacity * 2;

        cell = realloc(campaign->cell, capacity * sizeof *cell);
        if (cell == NULL)
            return -ENOMEM;
        campaign->cell = cell;
        campaign->capacity = capacity;
    }
    cell = &campaign->cell[campaign->n_cells++];
    memset(cell, 0, sizeof *cell);
    for (int k = 0; k < HM_SUMMARY_KEYS_END; k++) {
        cell->key[k] = strdup(load_text(load, k));
        if (cell->key[k] == NULL)
            return -ENOMEM;
    }
    if (strcmp(cell->key[HM_SUMMARY_KEY_arm], "baseline") == 0) {
        cell->arm = HM_SUMMARY_ARM_BASELINE;
    } else if (strcmp(cell->key[HM_SUMMARY_KEY_arm], "twin") == 0) {
        cell->arm = HM_SUMMARY_ARM_TWIN;
    }
    cell->is_leak = hm_summary_is_leak(cell->key[HM_SUMMARY_KEY_workload]);
    cell->is_open = hm_summary_is_open(cell->key[HM_SUMMARY_KEY_params]);
    return load_index(load, LOAD_CELL, &cell->plan_row);
}

/* Makes room in the hash table, which is at most half full. */
static int load_grow_slots(struct hm_summary_campaign *campaign)
{
    size_t n = campaign->n_slots == 0 ? 1024 : campaign->n_slots * 4;
    uint32_t *slot = malloc(n * sizeof *slot);

    if (slot == NULL)
        return -ENOMEM;
    memset(slot, 0xFF, n * sizeof *slot);
    for (size_t c = 0; c < campaign->n_cells; c++) {
        const char *const *key = (const char *const *)campaign->cell[c].key;
        size_t i = load_hash(key) & (n - 1);

        while (slot[i] != UINT32_MAX)
            i = (i + 1) & (n - 1);
        slot[i] = (uint32_t)c;
    }
    free(campaign->slot);
    campaign->slot = slot;
    campaign->n_slots = n;
    return 0;
}

/* The number of the record's cell, added if new; or a negative errno. */
static long load_find_cell(struct load *load)
{
    struct hm_summary_campaign *campaign = load->campaign;
    const char *key[HM_SUMMARY_KEYS_END];
    size_t mask;
    size_t i;
    int error;

    if (campaign->n_cells * 2 >= campaign->n_slots) {
        error = load_grow_slots(campaign);
        if (error != 0)
            return error;
    }
    mask = campaign->n_slots - 1;
    load_keys(load, key);
    for (i = load_hash(key) & mask; campaign->slot[i] != UINT32_MAX;
         i = (i + 1) & mask) {
        if (load_is_cell(&campaign->cell[campaign->slot[i]], key))
            return campaign->slot[i];
    }
    error = load_new_cell(load);
    if (error != 0)
        return error;
    campaign->slot[i] = (uint32_t)(campaign->n_cells - 1);
    return campaign->slot[i];
}

static int load_note_run(struct hm_summary_campaign *campaign, uint32_t run_id,
                         uint32_t cell)
{
    if (run_id >= campaign->n_run_ids) {
        size_t n = campaign->n_run_ids == 0 ? 1024 : campaign->n_run_ids;
        uint32_t *larger;

        while (n <= run_id)
            n *= 2;
        larger = realloc(campaign->cell_of_run, n * sizeof *larger);
        if (larger == NULL)
            return -ENOMEM;
        memset(larger + campaign->n_run_ids, 0xFF,
               (n - campaign->n_run_ids) * sizeof *larger);
        campaign->cell_of_run = larger;
        campaign->n_run_ids = n;
    }
    campaign->cell_of_run[run_id] = cell;
    return 0;
}

static struct hm_summary_run *load_new_run(struct hm_summary_cell *cell)
{
    if (cell->n_ok == cell->capacity) {
        size_t capacity = cell->capacity == 0 ? 10 : cell->capacity * 3 / 2;
        struct hm_summary_run *larger =
            realloc(cell->ok, capacity * sizeof *larger);

        if (larger == NULL)
            return NULL;
        cell->ok = larger;
        cell->capacity = capacity;
    }
    return &cell->ok[cell->n_ok++];
}

static int load_values(struct load *load, struct hm_summary_run *run)
{
    double live_bytes;
    int error = load_number(load, LOAD_LIVE_PEAK, &live_bytes);

    for (int m = 0; m < HM_SUMMARY_rss_over_live && error == 0; m++)
        error = load_number(load, LOAD_METRICS + m, &run->value[m]);
    run->value[HM_SUMMARY_rss_over_live] =
        live_bytes > 0 ? run->value[HM_SUMMARY_rss_peak_bytes] / live_bytes
                       : NAN;
    if (error == 0) {
        error = load_number(load, LOAD_METRICS + HM_SUMMARY_instructions_per_op,
                            &run->value[HM_SUMMARY_instructions_per_op]);
    }
    if (error == 0)
        error = load_number(load, LOAD_MUTATOR_CPU, &run->mutator_cpu_ns);
    if (error == 0)
        error = load_number(load, LOAD_OPS, &run->ops);
    if (error == 0)
        error = load_number(load, LOAD_COLLECTIONS, &run->collections);
    if (error == 0)
        error = load_number(load, LOAD_RSS_BASE, &run->rss_base_bytes);
    if (error == 0)
        error = load_number(load, LOAD_LEAK_SLOPE, &run->leak_slope);
    if (error == 0)
        error = load_number(load, LOAD_ALLOC_BYTES, &run->alloc_bytes);
    if (error == 0)
        error = load_number(load, LOAD_CLOCK_COST, &run->clock_cost_ns);
    if (error == 0 && load_text(load, LOAD_FIGURES)[0] != '\0') {
        run->figures = strdup(load_text(load, LOAD_FIGURES));
        error = run->figures == NULL ? -ENOMEM : 0;
    }
    return error;
}

static int load_status(struct load *load)
{
    for (int s = 0; s < HM_SUMMARY_STATUSES_END; s++) {
        if (strcmp(load_text(load, LOAD_STATUS), load_statuses[s]) == 0)
            return s;
    }
    return load_fail(load, LOAD_STATUS, "is no status");
}

static void load_leak(const struct load *load, struct hm_summary_cell *cell)
{
    const char *expected = load_text(load, LOAD_LEAK_EXPECTED);

    if (expected[0] == '\0')
        return;
    cell->is_leak = 1;
    hm_summary_leak_add(&cell->leak, load_text(load, LOAD_LEAK_VERDICT),
                        expected);
}

static int load_run(struct load *load)
{
    long number = load_find_cell(load);
    int status = load_status(load);
    struct hm_summary_cell *cell;
    struct hm_summary_run *run;
    struct hm_summary_run scratch;
    int error;

    if (number < 0 || status < 0)
        return number < 0 ? (int)number : status;
    cell = &load->campaign->cell[number];
    error = load_index(load, LOAD_RUN_ID, &scratch.run_id);
    if (error == 0)
        error = load_index(load, LOAD_BLOCK, &scratch.block);
    if (error == 0)
        error = load_note_run(load->campaign, scratch.run_id, (uint32_t)number);
    if (error != 0)
        return error;
    cell->runs++;
    cell->status[status]++;
    if (status != HM_SUMMARY_STATUS_ok) {
        if (cell->reason == NULL)
            cell->reason = strdup(load_text(load, LOAD_REASON));
        return 0;
    }
    load_leak(load, cell);
    run = load_new_run(cell);
    if (run == NULL)
        return -ENOMEM;
    *run = scratch;
    run->figures = NULL;
    return load_values(load, run);
}

static int load_records(struct load *load)
{
    int more = 0;
    int error;

    error = hm_csv_columns(&load->csv, load_names, LOAD_COLUMNS, load->column);
    for (int c = LOAD_COLUMNS; c < LOAD_ALL; c++)
        load->column[c] = hm_csv_column(&load->csv, load_names[c]);
    while (error == 0) {
        more = hm_csv_next(&load->csv);
        if (more <= 0)
            break;
        error = load_run(load);
    }
    if (error == 0 && more < 0)
        error = more;
    if (error != 0 && load->campaign->error[0] == '\0') {
        (void)snprintf(load->campaign->error, sizeof load->campaign->error,
                       "%s", load->csv.error);
    }
    if (error == 0 && load->campaign->n_cells == 0) {
        (void)snprintf(load->campaign->error, sizeof load->campaign->error,
                       "%s: no runs yet", load->csv.path);
        error = -ENODATA;
    }
    return error;
}

int hm_summary_load(struct hm_summary_campaign *campaign, const char *folder)
{
    struct load load = {.campaign = campaign};
    char path[4096];
    int error;

    memset(campaign, 0, sizeof *campaign);
    (void)snprintf(path, sizeof path, "%s/runs.csv", folder);
    error = hm_csv_open(&load.csv, path);
    if (error != 0) {
        (void)snprintf(campaign->error, sizeof campaign->error, "%s",
                       load.csv.error);
        return error;
    }
    error = load_records(&load);
    hm_csv_close(&load.csv);
    if (error == 0)
        error = hm_summary_order(campaign, path);
    if (error == -ENOMEM) {
        (void)snprintf(campaign->error, sizeof campaign->error,
                       "%.99s: out of memory", path);
    }
    return error;
}

void hm_summary_unload(struct hm_summary_campaign *campaign)
{
    for (size_t c = 0; c < campaign->n_cells; c++) {
        struct hm_summary_cell *cell = &campaign->cell[c];

        for (int k = 0; k < HM_SUMMARY_KEYS_END; k++)
            free(cell->key[k]);
        free(cell->reason);
        for (size_t i = 0; i < cell->n_ok; i++)
            free(cell->ok[i].figures);
        free(cell->ok);
    }
    free(campaign->cell);
    free(campaign->cell_of_run);
    free(campaign->slot);
    memset(campaign, 0, sizeof *campaign);
}
