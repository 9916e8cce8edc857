/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary_facts.h"

#include "harness/csv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of runs.csv, besides the keys; tables of tests lack some. */
enum facts_column {
    FACTS_NOISY = HM_SUMMARY_KEYS_END,
    FACTS_VERDICT,
    FACTS_EXPECTED,
    FACTS_LIMIT,
    FACTS_BASE,
    FACTS_BLOCK,
    FACTS_FIGURES,
    FACTS_COLUMNS
};

#define FACTS_NAME(column) #column,
static const char *const facts_names[FACTS_COLUMNS] = {
    HM_SUMMARY_KEYS(FACTS_NAME) "noisy",
    "leak_verdict",
    "leak_expected",
    "heap_limit_bytes",
    "heap_base_bytes",
    "block",
    "figures"};
#undef FACTS_NAME

struct facts {
    struct hm_summary_rows *rows;
    struct hm_csv csv;
    int column[FACTS_COLUMNS];
};

/* "" for a column that the table does not have. */
static const char *facts_text(const struct facts *facts, int column)
{
    int index = facts->column[column];

    return index < 0 ? "" : facts->csv.field[index];
}

static int facts_is_of(const struct facts *facts,
                       const struct hm_summary_line *line)
{
    for (int k = 0; k < HM_SUMMARY_KEYS_END; k++) {
        if (strcmp(line->key[k], facts_text(facts, k)) != 0)
            return 0;
    }
    return 1;
}

/* Whether the limit is a page and more above what the multiple makes. */
static int facts_is_floored(const struct facts *facts)
{
    double limit_bytes, base_bytes, multiple;

    return hm_csv_number(facts_text(facts, FACTS_LIMIT), &limit_bytes) == 0 &&
           hm_csv_number(facts_text(facts, FACTS_BASE), &base_bytes) == 0 &&
           hm_csv_number(facts_text(facts, HM_SUMMARY_KEY_heap_multiple),
                         &multiple) == 0 &&
           limit_bytes > multiple * base_bytes + 4096;
}

/* Those of the first block stand for all. */
static int facts_has_figures(const struct facts *facts)
{
    return strcmp(facts_text(facts, FACTS_BLOCK), "0") == 0 &&
           facts_text(facts, FACTS_FIGURES)[0] != '\0';
}

static void facts_add_to_line(const struct facts *facts,
                              struct hm_summary_line *line)
{
    if (facts_text(facts, FACTS_VERDICT)[0] != '\0') {
        hm_summary_leak_add(&line->leak, facts_text(facts, FACTS_VERDICT),
                            facts_text(facts, FACTS_EXPECTED));
    }
    if (facts_has_figures(facts)) {
        (void)snprintf(line->figures, sizeof line->figures, "%s",
                       facts_text(facts, FACTS_FIGURES));
    }
}

static void facts_add_run(struct facts *facts)
{
    struct hm_summary_rows *rows = facts->rows;

    rows->facts.runs++;
    rows->facts.noisy += strcmp(facts_text(facts, FACTS_NOISY), "1") == 0;
    rows->facts.floored += (size_t)facts_is_floored(facts);
    if (facts_text(facts, FACTS_VERDICT)[0] == '\0' &&
        !facts_has_figures(facts))
        return;
    for (size_t i = 0; i < rows->n; i++) {
        if (facts_is_of(facts, &rows->line[i])) {
            facts_add_to_line(facts, &rows->line[i]);
            return;
        }
    }
}

static void facts_add_plan(struct facts *facts)
{
    facts->rows->facts.planned++;
}

static void facts_add_meta(struct facts *facts)
{
    if (facts->csv.n == 2 && strcmp(facts->csv.field[0], "blocks_least") == 0) {
        facts->rows->facts.blocks_least =
            strtoul(facts->csv.field[1], NULL, 10);
    }
}

/* Calls add() for every record of a file, if there is one. */
static int facts_read_file(struct facts *facts, const char *folder,
                           const char *name, void (*add)(struct facts *))
{
    char path[4096];
    int error;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    error = hm_csv_open(&facts->csv, path);
    if (error == -ENOENT)
        return 0;
    if (error == 0) {
        for (int c = 0; c < FACTS_COLUMNS; c++)
            facts->column[c] = hm_csv_column(&facts->csv, facts_names[c]);
        while ((error = hm_csv_next(&facts->csv)) > 0)
            add(facts);
        hm_csv_close(&facts->csv);
    }
    if (error != 0) {
        (void)snprintf(facts->rows->error, sizeof facts->rows->error, "%s",
                       facts->csv.error);
    }
    return error;
}

int hm_summary_facts_read(struct hm_summary_rows *rows, const char *folder)
{
    struct facts facts = {.rows = rows};
    int error = facts_read_file(&facts, folder, "runs.csv", facts_add_run);

    if (error == 0)
        error = facts_read_file(&facts, folder, "plan.csv", facts_add_plan);
    if (error == 0)
        error = facts_read_file(&facts, folder, "meta.csv", facts_add_meta);
    rows->facts.planned *= rows->facts.blocks_least;
    return error;
}

int hm_summary_is_partial(const struct hm_summary_rows *rows)
{
    return rows->facts.runs < rows->facts.planned;
}

int hm_summary_is_noisy(const struct hm_summary_rows *rows)
{
    return rows->facts.noisy * 10 > rows->facts.runs;
}

void hm_summary_leak_text(char *text, const struct hm_summary_line *line)
{
    (void)snprintf(text, HM_LEAK_BYTES, "%s%s",
                   line->leak.verdict[0] != '\0' ? line->leak.verdict : "-",
                   line->leak.wrong > 0 ? "!" : "");
}

size_t hm_summary_leaks(const struct hm_summary_rows *rows, size_t *wrong)
{
    size_t n = 0;

    *wrong = 0;
    for (size_t i = 0; i < rows->n; i++) {
        if (hm_summary_line_is_arm(&rows->line[i], "twin"))
            continue; /* once more the same */
        n += rows->line[i].leak.verdict[0] != '\0';
        *wrong += rows->line[i].leak.wrong > 0;
    }
    return n;
}

int hm_summary_has_leaks(const struct hm_summary_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        if (hm_summary_line_is_leak(&rows->line[i]))
            return 1;
    }
    return 0;
}

int hm_summary_is_counted(const struct hm_summary_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        if (rows->line[i].metric[HM_SUMMARY_instructions_per_op].n > 0)
            return 1;
    }
    return 0;
}

int hm_summary_has_means(const struct hm_summary_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct hm_summary_line *line = &rows->line[i];

        if (hm_summary_line_is_mean(line) &&
            hm_summary_param(line->key[HM_SUMMARY_KEY_params], "workloads") > 1)
            return 1;
    }
    return 0;
}
