/* SPDX-License-Identifier: MIT */
#include "harness/campaign/record.h"

#include "common/arena.h"
#include "common/params.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_FIELDS_MAX = 6 };

struct hm_record *hm_record_create(void)
{
    struct hm_record *record = hm_arena_reserve(sizeof *record);

    hm_record_reset(record);
    return record;
}

void hm_record_destroy(struct hm_record *record)
{
    hm_arena_release(record, sizeof *record);
}

void hm_record_reset(struct hm_record *record)
{
    memset(record, 0, offsetof(struct hm_record, counter));
    record->line = 0;
    record->used = record->live_seen = 0;
    record->live_stride = 1;
}

static void record_fail(struct hm_record *record, const char *what)
{
    if (record->error[0] == '\0') {
        (void)snprintf(record->error, sizeof record->error,
                       "record line %lu ('%.40s') %s", record->line + 1,
                       record->text, what);
    }
}

static bool record_numbers(char **field, size_t n, uint64_t *number)
{
    for (size_t i = 0; i < n; i++) {
        if (hm_params_number(field[i], &number[i]) != 0)
            return false;
    }
    return true;
}

static void record_copy(char *to, size_t bytes, const char *from)
{
    (void)snprintf(to, bytes, "%s", from);
}

static bool record_status(struct hm_record *record, char **field, size_t n)
{
    record_copy(record->status, sizeof record->status, field[0]);
    record_copy(record->reason, sizeof record->reason, n > 1 ? field[1] : "");
    return n <= 2;
}

static bool record_malloc(struct hm_record *record, char **field, size_t n)
{
    record_copy(record->malloc_path, sizeof record->malloc_path, field[0]);
    return n == 1;
}

static bool record_checksum(struct hm_record *record, char **field, size_t n)
{
    record_copy(record->checksum, sizeof record->checksum, field[0]);
    return n == 1 && strlen(field[0]) == 8 &&
           strspn(field[0], "0123456789abcdef") == 8;
}

static bool record_result(struct hm_record_counter *result, size_t *n_results,
                          char **field, size_t n)
{
    if (n != 2 || *n_results == HM_RECORD_COUNTERS_MAX ||
        !record_numbers(field + 1, 1, &result[*n_results].value))
        return false;
    record_copy(result[*n_results].name, sizeof result->name, field[0]);
    (*n_results)++;
    return true;
}

static bool record_counter(struct hm_record *record, char **field, size_t n)
{
    return record_result(record->counter, &record->n_counters, field, n);
}

static bool record_figure(struct hm_record *record, char **field, size_t n)
{
    return record_result(record->figure, &record->n_figures, field, n);
}

static bool record_window(struct hm_record *record, char **field, size_t n)
{
    uint64_t number[2];

    if (n != 2 || !record_numbers(field, 2, number) || number[1] < number[0])
        return false;
    record->has_window = true;
    record->window_start_ns = number[0];
    record->window_end_ns = number[1];
    return true;
}

/* Appends a bucket to the n that there are, ascending. */
static bool record_append(struct hm_record_bucket *first, size_t *n_buckets,
                          const char *kind, char **field, size_t n)
{
    struct hm_record_bucket *bucket = &first[*n_buckets];
    uint64_t number[3];

    if (n != 3 || *n_buckets == HM_HIST_BUCKETS ||
        !record_numbers(field, 3, number) || number[1] < number[0])
        return false;
    if (*n_buckets > 0 && number[0] <= bucket[-1].high_ns)
        return false;
    *bucket = (struct hm_record_bucket){number[0], number[1], number[2], ""};
    record_copy(bucket->kind, sizeof bucket->kind, kind);
    (*n_buckets)++;
    return true;
}

static bool record_bucket(struct hm_record *record, char **field, size_t n)
{
    return record_append(record->bucket, &record->n_buckets, "", field, n);
}

static bool record_metered(struct hm_record *record, char **field, size_t n)
{
    return record_append(record->metered, &record->n_metered, "metered", field,
                         n);
}

static bool record_operation(struct hm_record *record, char **field, size_t n)
{
    struct hm_record_bucket *bucket = &record->operation[record->n_operations];
    uint64_t number[3];

    if (n != 4 || record->n_operations == HM_RECORD_OPERATIONS_MAX ||
        strlen(field[0]) >= sizeof bucket->kind ||
        !record_numbers(field + 1, 3, number) || number[1] < number[0])
        return false;
    *bucket = (struct hm_record_bucket){number[0], number[1], number[2], ""};
    record_copy(bucket->kind, sizeof bucket->kind, field[0]);
    record->n_operations++;
    return true;
}

static bool record_pause(struct hm_record *record, char **field, size_t n)
{
    struct hm_record_pause *pause = &record->pause[record->n_pauses];
    uint64_t number[2];

    if (n != 3 || !record_numbers(field, 2, number))
        return false;
    if (record->n_pauses == HM_PAUSE_LOG_ENTRIES)
        return true;
    pause->start_ns = number[0];
    pause->duration_ns = number[1];
    record_copy(pause->kind, sizeof pause->kind, field[2]);
    record->n_pauses++;
    return true;
}

/* A number, or "-" for what is not known. */
static bool record_known(char **field, uint64_t *number)
{
    *number = UINT64_MAX;
    return strcmp(field[0], "-") == 0 || record_numbers(field, 1, number);
}

static bool record_checkpoint(struct hm_record *record, char **field, size_t n)
{
    struct hm_record_checkpoint *at =
        &record->checkpoint[record->n_checkpoints];

    if (n != 5 || record->n_checkpoints == HM_RECORD_CHECKPOINTS_MAX)
        return false;
    record->n_checkpoints++;
    return record_numbers(field, 1, &at->number) &&
           record_numbers(field + 1, 1, &at->ops) &&
           record_known(field + 2, &at->rss_bytes) &&
           record_known(field + 3, &at->live_bytes) &&
           record_known(field + 4, &at->used_bytes);
}

/* Keeps every stride-th point; a full table drops every second one. */
static bool record_live(struct hm_record *record, char **field, size_t n)
{
    uint64_t number[2];

    if (n != 2 || !record_numbers(field, 2, number))
        return false;
    if (record->live_seen++ % record->live_stride != 0)
        return true;
    if (record->n_live == HM_RECORD_LIVE_MAX) {
        for (size_t i = 0; i < HM_RECORD_LIVE_MAX / 2; i++)
            record->live[i] = record->live[2 * i];
        record->n_live /= 2;
        record->live_stride *= 2;
    }
    record->live[record->n_live++] =
        (struct hm_record_live){number[0], number[1]};
    return true;
}

static const struct {
    const char *name;
    bool (*read)(struct hm_record *record, char **field, size_t n);
} record_lines[] = {
    {"status", record_status},     {"malloc", record_malloc},
    {"checksum", record_checksum}, {"counter", record_counter},
    {"figure", record_figure},     {"window", record_window},
    {"hist", record_bucket},       {"metered", record_metered},
    {"pause", record_pause},       {"checkpoint", record_checkpoint},
    {"live", record_live},         {"operation", record_operation},
};

static const char *const record_names[] = {
#define RECORD_NAME(name) #name,
    HM_RECORD_NUMBERS(RECORD_NAME)
#undef RECORD_NAME
};

static void record_value(struct hm_record *record, const char *name,
                         char **field, size_t n)
{
    for (size_t i = 0; i < sizeof record_lines / sizeof record_lines[0]; i++) {
        if (strcmp(name, record_lines[i].name) != 0)
            continue;
        if (!record_lines[i].read(record, field, n))
            record_fail(record, "has other values than docs/protocol.md says");
        return;
    }
    for (size_t i = 0; i < HM_RECORD_NUMBERS_END; i++) {
        if (strcmp(name, record_names[i]) != 0)
            continue;
        record->has[i] = n == 1 && record_numbers(field, 1, &record->number[i]);
        if (!record->has[i])
            record_fail(record, "should be one number");
        return;
    }
}

static bool record_is_name(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) &&
            *c != '_')
            return false;
    }
    return *text != '\0';
}

static void record_line(struct hm_record *record)
{
    char copy[HM_RECORD_LINE_MAX], *rest = copy;
    char *field[RECORD_FIELDS_MAX + 1];
    size_t n = 0;

    record->text[record->used] = '\0';
    if (strcmp(record->text, "end") == 0) {
        record->ended = true;
        return;
    }
    memcpy(copy, record->text, record->used + 1);
    while (rest != NULL && n <= RECORD_FIELDS_MAX)
        field[n++] = strsep(&rest, "\t");
    if (n < 2 || !record_is_name(field[0]) ||
        strlen(record->text) != record->used) {
        record_fail(record, "is no name, TAB, value");
    } else {
        record_value(record, field[0], field + 1, n - 1);
    }
}

void hm_record_feed(struct hm_record *record, const char *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (data[i] == '\n') {
            record_line(record);
            record->line++;
            record->used = 0;
        } else if (record->used < HM_RECORD_LINE_MAX - 1) {
            record->text[record->used++] = data[i];
        } else {
            record->text[HM_RECORD_LINE_MAX - 1] = '\0';
            record_fail(record, "is longer than 4 KiB");
        }
    }
}

bool hm_record_finish(struct hm_record *record)
{
    if (record->error[0] != '\0')
        return false;
    if (!record->ended) {
        (void)snprintf(record->error, sizeof record->error,
                       "its record stops before the line `end`");
    } else if (record->status[0] == '\0') {
        (void)snprintf(record->error, sizeof record->error,
                       "its record has no status");
    }
    return record->error[0] == '\0';
}

static uint64_t record_rank(uint64_t n, double q)
{
    uint64_t rank = (uint64_t)ceil(q * (double)n);

    return rank > 0 ? rank : 1;
}

uint64_t hm_record_quantile_ns(const struct hm_record_bucket *bucket, size_t n,
                               uint64_t max_ns, double q)
{
    uint64_t samples = 0, seen = 0;

    for (size_t i = 0; i < n; i++)
        samples += bucket[i].count;
    for (size_t i = 0; i < n; i++) {
        seen += bucket[i].count;
        if (seen >= record_rank(samples, q))
            return bucket[i].high_ns < max_ns ? bucket[i].high_ns : max_ns;
    }
    return 0;
}
