/* SPDX-License-Identifier: MIT */
/* file_lines.h -- what file_stream.c and file_whole.c share, compiled into
 * each: a line of the input file becomes a record, and an index holds for
 * each tag a count, a sum and the latest record. */
#ifndef HM_WORKLOADS_FILE_LINES_H
#define HM_WORKLOADS_FILE_LINES_H

#include "workloads/input_file.h"
#include "workloads/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LINES_BYTES, FILE_LINES_PARAMS }; /* one, and the workload's own */

#define FILE_LINES_BYTES_PARAM                                                \
    {                                                                         \
        "bytes", "size of the input file, bytes (the next whole 1000 lines)", \
            32 << 20, 256 << 20, 1, UINT64_C(1) << 36                         \
    }

enum { FILE_LINES_BUCKETS = 8192 };

enum { RECORD_NAME, RECORD_TAG, RECORD_REFS };

struct file_lines_record { /* the raw half */
    uint32_t id, amount;
};

static const struct hm_layout file_lines_record_layout = {
    RECORD_REFS, sizeof(struct file_lines_record), "record"};

enum { GROUP_TAG, GROUP_LAST, GROUP_CHAIN, GROUP_REFS };

struct file_lines_group { /* the raw half */
    uint32_t lines, sum;
};

static const struct hm_layout file_lines_group_layout = {
    GROUP_REFS, sizeof(struct file_lines_group), "group"};

enum { FILE_LINES_INDEX, FILE_LINES_ROOTS }; /* a root; the workload's own */

static struct {
    struct hm_input_file file;
    uint32_t tags;
    uint64_t lines;
} file_lines;

/* Where the fields of one line are in its text. */
struct file_lines_line {
    size_t name, name_bytes, tag, tag_bytes;
    uint32_t id, amount;
};

static struct file_lines_record *file_lines_record_raw(hm_ref record)
{
    return hm_raw(record, RECORD_REFS);
}

static struct file_lines_group *file_lines_group_raw(hm_ref group)
{
    return hm_raw(group, GROUP_REFS);
}

/* The comma at or after text[at], before text[end]. */
static size_t file_lines_comma(const char *text, size_t at, size_t end)
{
    const char *comma = memchr(text + at, ',', end - at);

    if (comma == NULL) {
        hm_input_file_fail(&file_lines.file, "a line has too few fields",
                           EINVAL);
    }
    return (size_t)(comma - text);
}

static uint32_t file_lines_number(const char *text, size_t at, size_t end)
{
    uint32_t number = 0;

    for (; at < end; at++)
        number = number * 10 + (uint32_t)(text[at] - '0');
    return number;
}

static struct file_lines_line file_lines_parse(const char *text, size_t at,
                                               size_t end)
{
    size_t comma1 = file_lines_comma(text, at, end);
    size_t comma2 = file_lines_comma(text, comma1 + 1, end);
    size_t comma3 = file_lines_comma(text, comma2 + 1, end);

    return (struct file_lines_line){
        .name = comma1 + 1,
        .name_bytes = comma2 - comma1 - 1,
        .tag = comma2 + 1,
        .tag_bytes = comma3 - comma2 - 1,
        .id = file_lines_number(text, at, comma1),
        .amount = file_lines_number(text, comma3 + 1, end),
    };
}

/* A string of its own with `bytes` characters of `text`, from `at` on. */
static hm_ref file_lines_copy(struct hm_mutator *m, hm_ref text, size_t at,
                              size_t bytes)
{
    hm_ref copy;
    char *raw;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, text);
    copy = hm_new_raw(m, bytes + 1);
    raw = hm_raw(copy, 0);
    memcpy(raw, (const char *)hm_raw(HM_GET(f, 0), 0) + at, bytes);
    raw[bytes] = '\0';
    HM_LEAVE(m, f);
    return copy;
}

static hm_ref file_lines_new_record(struct hm_mutator *m, hm_ref text,
                                    const struct file_lines_line *line)
{
    enum { TEXT, RECORD, SLOTS };

    hm_ref record, string;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, TEXT, text);
    record = hm_new(m, &file_lines_record_layout);
    *file_lines_record_raw(record) =
        (struct file_lines_record){line->id, line->amount};
    HM_SET(m, f, RECORD, record);
    string = file_lines_copy(m, HM_GET(f, TEXT), line->name, line->name_bytes);
    hm_store(m, HM_GET(f, RECORD), RECORD_NAME, string);
    string = file_lines_copy(m, HM_GET(f, TEXT), line->tag, line->tag_bytes);
    hm_store(m, HM_GET(f, RECORD), RECORD_TAG, string);
    HM_RETURN(m, f, RECORD);
}

static void file_lines_dispose_record(struct hm_mutator *m, hm_ref record)
{
    hm_dispose(m, hm_load(m, record, RECORD_NAME));
    hm_dispose(m, hm_load(m, record, RECORD_TAG));
    hm_dispose(m, record);
}

/* FNV-1a of the string's characters. */
static uint32_t file_lines_bucket(hm_ref string)
{
    const unsigned char *at = hm_raw(string, 0);
    uint32_t hash = 2166136261u;

    for (; *at != '\0'; at++)
        hash = (hash ^ *at) * 16777619u;
    return hash & (FILE_LINES_BUCKETS - 1);
}

static hm_ref file_lines_find(const struct hm_object_run *run, hm_ref tag,
                              uint32_t bucket)
{
    struct hm_mutator *m = run->mutator;
    hm_ref group = hm_load(m, run->root[FILE_LINES_INDEX], bucket);

    while (group != NULL &&
           strcmp(hm_raw(hm_load(m, group, GROUP_TAG), 0), hm_raw(tag, 0)) != 0)
        group = hm_load(m, group, GROUP_CHAIN);
    return group;
}

/* A group of its own, with a copy of `tag`, at the head of its chain. */
static hm_ref file_lines_new_group(struct hm_object_run *run, hm_ref tag,
                                   uint32_t bucket)
{
    enum { TAG, GROUP, SLOTS };

    struct hm_mutator *m = run->mutator;
    hm_ref group, copy;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, TAG, tag);
    group = hm_new(m, &file_lines_group_layout);
    *file_lines_group_raw(group) = (struct file_lines_group){0};
    HM_SET(m, f, GROUP, group);
    tag = HM_GET(f, TAG);
    copy = file_lines_copy(m, tag, 0, strlen(hm_raw(tag, 0)));
    group = HM_GET(f, GROUP);
    hm_store(m, group, GROUP_TAG, copy);
    hm_store(m, group, GROUP_CHAIN,
             hm_load(m, run->root[FILE_LINES_INDEX], bucket));
    hm_store(m, run->root[FILE_LINES_INDEX], bucket, group);
    file_lines.tags++;
    HM_RETURN(m, f, GROUP);
}

/* Counts `record` in its group, of which it becomes the latest one; returns
 * the one that was, or NULL.  A GC point. */
static hm_ref file_lines_index(struct hm_object_run *run, hm_ref record)
{
    struct hm_mutator *m = run->mutator;
    hm_ref tag = hm_load(m, record, RECORD_TAG), group, latest;
    uint32_t bucket = file_lines_bucket(tag);
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, record);
    group = file_lines_find(run, tag, bucket);
    if (group == NULL)
        group = file_lines_new_group(run, tag, bucket);
    record = HM_GET(f, 0);
    HM_LEAVE(m, f);
    file_lines_group_raw(group)->lines++;
    file_lines_group_raw(group)->sum += file_lines_record_raw(record)->amount;
    latest = hm_load(m, group, GROUP_LAST);
    hm_store(m, group, GROUP_LAST, record);
    return latest;
}

static void file_lines_setup(struct hm_object_run *run, const char *workload)
{
    file_lines.tags = 0;
    file_lines.lines = 0;
    hm_input_file_open(&file_lines.file, workload, run->base.input_dir,
                       run->base.value[FILE_LINES_BYTES]);
}

static void file_lines_open(struct hm_object_run *run)
{
    run->root[FILE_LINES_INDEX] = hm_new_refs(run->mutator, FILE_LINES_BUCKETS);
}

static void file_lines_finish(struct hm_run *base)
{
    hm_run_mix(base, file_lines.tags);
    hm_run_count(base, "lines", file_lines.lines);
    hm_run_count(base, "tags", file_lines.tags);
}

/* The groups, and their latest records where they own them. */
static void file_lines_dispose_chain(struct hm_mutator *m, hm_ref group,
                                     int with_records)
{
    hm_ref next;

    for (; group != NULL; group = next) {
        next = hm_load(m, group, GROUP_CHAIN);
        if (with_records)
            file_lines_dispose_record(m, hm_load(m, group, GROUP_LAST));
        hm_dispose(m, hm_load(m, group, GROUP_TAG));
        hm_dispose(m, group);
    }
}

static void file_lines_drop(struct hm_object_run *run, int with_records)
{
    struct hm_mutator *m = run->mutator;
    hm_ref index = run->root[FILE_LINES_INDEX];

    for (uint32_t k = 0; HM_GC_MANUAL && k < FILE_LINES_BUCKETS; k++)
        file_lines_dispose_chain(m, hm_load(m, index, k), with_records);
    hm_dispose(m, index);
    run->root[FILE_LINES_INDEX] = NULL;
    hm_input_file_close(&file_lines.file);
}

#endif /* HM_WORKLOADS_FILE_LINES_H */
