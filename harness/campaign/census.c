/* SPDX-License-Identifier: MIT */
#include "harness/campaign/census.h"

#include "harness/capture.h"
#include "harness/csv.h"
#include "harness/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* The parameter of a workload that has a twin, and what makes it the twin. */
static const char census_leaks[] = "param.twin=0";
static const char census_does_not[] = "param.twin=1";

static const char *const *census_argv(struct hm_pool *pool,
                                      const struct hm_census_request *request,
                                      const struct hm_subject *subject,
                                      bool twin)
{
    struct hm_words argv = {NULL, 0};

    hm_words_add(pool, &argv, request->program->path);
    hm_words_add(pool, &argv, "run");
    hm_words_add(pool, &argv, subject->workload->id);
    for (size_t i = 0; i < subject->arguments.n; i++) {
        const char *word = subject->arguments.word[i];

        if (twin && strcmp(word, census_leaks) == 0)
            word = census_does_not;
        hm_words_add(pool, &argv, word);
    }
    hm_words_add(
        pool, &argv,
        hm_pool_format(pool, "seed=%" PRIu32, request->plan->suite->seed));
    hm_words_add(pool, &argv,
                 request->plan->suite->full ? "size=full" : "size=quick");
    hm_words_add(pool, &argv,
                 hm_pool_format(pool, "threads=%u", subject->threads));
    hm_words_add(pool, &argv,
                 hm_pool_format(pool, "input_dir=%s", request->input_dir));
    hm_words_add(pool, &argv,
                 hm_pool_format(pool, "record_fd=%d", HM_LAUNCH_RECORD_FD));
    argv.word = hm_pool_grow(pool, argv.word, argv.n, sizeof *argv.word);
    argv.word[argv.n] = NULL;
    return (const char *const *)argv.word;
}

static uint64_t census_number(const struct hm_record *record,
                              enum hm_record_number which)
{
    return record->has[which] ? record->number[which] : 0;
}

static void census_take(struct hm_pool *pool, struct hm_census *census,
                        const struct hm_record *record)
{
    size_t live_bytes = record->n_live * sizeof *census->live;

    memcpy(census->checksum, record->checksum, sizeof census->checksum);
    census->ops = census_number(record, HM_RECORD_ops);
    census->live_peak_bytes = census_number(record, HM_RECORD_live_peak_bytes);
    census->live_end_bytes = census_number(record, HM_RECORD_live_end_bytes);
    census->heap_1x_bytes = census_number(record, HM_RECORD_heap_1x_bytes);
    census->alloc_count = census_number(record, HM_RECORD_alloc_count);
    census->alloc_bytes = census_number(record, HM_RECORD_alloc_bytes);
    census->free_count = census_number(record, HM_RECORD_free_count);
    census->lost_count = census_number(record, HM_RECORD_lost_count);
    census->lost_bytes = census_number(record, HM_RECORD_lost_bytes);
    census->n_counters = record->n_counters;
    memcpy(census->counter, record->counter, sizeof census->counter);
    census->n_live = record->n_live;
    census->live = hm_pool_alloc(pool, live_bytes + 1);
    memcpy(census->live, record->live, live_bytes);
    census->n_checkpoints = record->n_checkpoints;
    memcpy(census->checkpoint, record->checkpoint, sizeof census->checkpoint);
}

static const char *census_failure(struct hm_pool *pool,
                                  const struct hm_launched *launched,
                                  struct hm_record *record)
{
    switch (launched->end) {
    case HM_END_TIMEOUT:
        return "it did not end in time";
    case HM_END_OOM:
        return "it needs more than the memory cap";
    case HM_END_INTERRUPTED:
        return "interrupted";
    case HM_END_SIGNAL:
        return hm_pool_format(pool, "it died by SIG%s",
                              sigabbrev_np(launched->code));
    case HM_END_EXIT:
        break;
    }
    if (launched->code != 0) {
        return hm_pool_format(pool, "exit status %d: %s", launched->code,
                              launched->complaint);
    }
    if (!hm_record_finish(record))
        return hm_pool_copy(pool, record->error);
    if (strcmp(record->status, "ok") != 0)
        return hm_pool_format(pool, "%s %s", record->status, record->reason);
    if (!record->has[HM_RECORD_live_peak_bytes])
        return "its record has no live_peak_bytes";
    if (!record->has[HM_RECORD_heap_1x_bytes])
        return "its record has no heap_1x_bytes";
    return NULL;
}

static void census_launch(struct hm_pool *pool,
                          const struct hm_census_request *request,
                          const struct hm_subject *of, bool twin,
                          struct hm_census *census)
{
    struct hm_launch *launch = request->launch;
    struct hm_launched launched;
    int error;

    *census = (struct hm_census){.failed = NULL};
    launch->argv = census_argv(pool, request, of, twin);
    launch->env = hm_clean_environment(pool, NULL);
    launch->rss_cap_bytes = 0; /* its ledger needs more than any strategy */
    error = hm_launch_run(launch, &launched);
    census->failed = error != 0
                         ? hm_error_text(error)
                         : census_failure(pool, &launched, launch->record);
    if (census->failed == NULL)
        census_take(pool, census, launch->record);
}

void hm_census_run(struct hm_pool *pool,
                   const struct hm_census_request *request, size_t subject,
                   struct hm_census *census)
{
    const struct hm_subject *of = &request->plan->subject[subject];
    const struct hm_program *program = request->program;
    struct hm_census *twin;

    *census = (struct hm_census){.failed = NULL};
    if (program == NULL ||
        !hm_words_has(&program->workloads, of->workload->id)) {
        census->failed = "no census cell has this workload";
        return;
    }
    census_launch(pool, request, of, false, census);
    if (census->failed != NULL || !hm_words_has(&of->arguments, census_leaks))
        return;
    twin = hm_pool_alloc(pool, sizeof *twin);
    census_launch(pool, request, of, true, twin);
    if (twin->failed != NULL)
        census->failed = hm_pool_format(pool, "its twin: %s", twin->failed);
    census->twin = twin;
}

uint64_t hm_census_live_bytes(const struct hm_census *census, uint64_t ops)
{
    size_t low = 0, high = census->n_live;
    const struct hm_record_live *a, *b;
    double share;

    while (low < high) { /* the first point behind `ops` */
        size_t middle = low + (high - low) / 2;

        if (census->live[middle].ops > ops) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if (census->n_live == 0)
        return 0;
    if (low == 0 || low == census->n_live)
        return census->live[low == 0 ? 0 : low - 1].bytes;
    a = &census->live[low - 1];
    b = &census->live[low];
    share = (double)(ops - a->ops) / (double)(b->ops - a->ops);
    return (uint64_t)((double)a->bytes * (1 - share) +
                      (double)b->bytes * share);
}

static const struct hm_record_counter *census_counter(
    const struct hm_record *record, const char *name)
{
    for (size_t i = 0; i < record->n_counters; i++) {
        if (strcmp(record->counter[i].name, name) == 0)
            return &record->counter[i];
    }
    return NULL;
}

const char *hm_census_differs(struct hm_pool *pool,
                              const struct hm_census *census,
                              const struct hm_record *record, bool reference)
{
    bool missing = record->checksum[0] == '\0';

    if (census->failed != NULL)
        return NULL;
    if (!(missing && reference) &&
        strcmp(census->checksum, record->checksum) != 0) {
        return hm_pool_format(pool, "checksum %s, the census has %s",
                              missing ? "missing" : record->checksum,
                              census->checksum);
    }
    if (record->has[HM_RECORD_ops] &&
        record->number[HM_RECORD_ops] != census->ops) {
        return hm_pool_format(pool,
                              "%" PRIu64 " operations, the census has %" PRIu64,
                              record->number[HM_RECORD_ops], census->ops);
    }
    for (size_t i = 0; i < census->n_counters; i++) {
        const struct hm_record_counter *expected = &census->counter[i];
        const struct hm_record_counter *found =
            census_counter(record, expected->name);

        if (found == NULL && reference)
            continue;
        if (found == NULL || found->value != expected->value) {
            return hm_pool_format(
                pool, "counter %s is %" PRIu64 ", the census has %" PRIu64,
                expected->name, found != NULL ? found->value : 0,
                expected->value);
        }
    }
    return NULL;
}

void hm_census_write_header(FILE *census_csv, FILE *live_csv)
{
    (void)fputs(
        "census,workload,params,seed,threads,status,checksum,ops,"
        "live_peak_bytes,live_end_bytes,alloc_count,alloc_bytes,free_count,"
        "lost_count,lost_bytes,counters,heap_1x_bytes\n",
        census_csv);
    (void)fputs("workload,params,threads,ops,live_bytes\n", live_csv);
}

void hm_census_write(const struct hm_plan *plan, size_t subject,
                     const struct hm_census *census, FILE *census_csv,
                     FILE *live_csv)
{
    const struct hm_subject *of = &plan->subject[subject];

    fprintf(census_csv, "%zu,%s,%s,%" PRIu32 ",%u,", subject, of->workload->id,
            of->params, plan->suite->seed, of->threads);
    if (census->failed != NULL) {
        hm_csv_put(census_csv, census->failed);
        (void)fputs(",,,,,,,,,,,\n", census_csv);
        return;
    }
    fprintf(census_csv,
            "ok,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
            ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",",
            census->checksum, census->ops, census->live_peak_bytes,
            census->live_end_bytes, census->alloc_count, census->alloc_bytes,
            census->free_count, census->lost_count, census->lost_bytes);
    for (size_t i = 0; i < census->n_counters; i++) {
        fprintf(census_csv, "%s%s=%" PRIu64, i > 0 ? ";" : "",
                census->counter[i].name, census->counter[i].value);
    }
    fprintf(census_csv, ",%" PRIu64 "\n", census->heap_1x_bytes);
    for (size_t i = 0; i < census->n_live; i++) {
        fprintf(live_csv, "%s,%s,%u,%" PRIu64 ",%" PRIu64 "\n",
                of->workload->id, of->params, of->threads, census->live[i].ops,
                census->live[i].bytes);
    }
}
