/* SPDX-License-Identifier: MIT */
/* file_stream.c -- reads a file in chunks, makes a record of each line, and
 * keeps per tag a count, a sum and the latest record.
 *
 * Source:     log and CSV imports: buffers, short copies of parts of them, an
 *             index that outlives both.
 * Differs:    the file is generated once, from its own seed, and warmed before
 *             the clock starts, so that no disk is measured.
 * Invariants: the file ends with a newline; a string ends with a NUL; no
 *             pointer into a chunk is kept over an allocation.
 * Costs:      three allocations per line, two or three per chunk of 64 KiB,
 *             and a read(2) inside the clock window.
 * Threads:    one. */
#include "workloads/input_file.h"
#include "workloads/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_STREAM_BYTES, FILE_STREAM_PASSES };

static const struct hm_param file_stream_params[] = {
    {"bytes", "size of the input file, bytes (the next whole 1000 lines)",
     32 << 20, 256 << 20, 1, UINT64_C(1) << 36},
    {"passes", "times the file is read", 4, 8, 1, 1 << 20},
    {0},
};

enum { RECORD_NAME, RECORD_TAG, RECORD_REFS };

struct file_stream_record { /* the raw half */
    uint32_t id, amount;
};

static const struct hm_layout file_stream_record_layout = {
    RECORD_REFS, sizeof(struct file_stream_record), "record"};

enum { GROUP_TAG, GROUP_LAST, GROUP_CHAIN, GROUP_REFS };

struct file_stream_group { /* the raw half */
    uint32_t lines, sum;
};

static const struct hm_layout file_stream_group_layout = {
    GROUP_REFS, sizeof(struct file_stream_group), "group"};

enum { ROOT_INDEX };

enum { FILE_STREAM_CHUNK_BYTES = 64 << 10, FILE_STREAM_BUCKETS = 8192 };

/* Where the fields of one line are in its chunk. */
struct file_stream_line {
    size_t name, name_bytes, tag, tag_bytes;
    uint32_t id, amount;
};

static struct {
    struct hm_input_file file;
    uint32_t tags;
    uint64_t lines;
} file_stream;

static struct file_stream_record *file_stream_record_raw(hm_ref record)
{
    return hm_raw(record, RECORD_REFS);
}

static struct file_stream_group *file_stream_group_raw(hm_ref group)
{
    return hm_raw(group, GROUP_REFS);
}

/* The comma at or after text[at], before text[end]. */
static size_t file_stream_comma(const char *text, size_t at, size_t end)
{
    const char *comma = memchr(text + at, ',', end - at);

    if (comma == NULL) {
        hm_input_file_fail(&file_stream.file, "a line has too few fields",
                           EINVAL);
    }
    return (size_t)(comma - text);
}

static uint32_t file_stream_number(const char *text, size_t at, size_t end)
{
    uint32_t number = 0;

    for (; at < end; at++)
        number = number * 10 + (uint32_t)(text[at] - '0');
    return number;
}

static struct file_stream_line file_stream_parse(const char *text, size_t at,
                                                 size_t end)
{
    size_t comma1 = file_stream_comma(text, at, end);
    size_t comma2 = file_stream_comma(text, comma1 + 1, end);
    size_t comma3 = file_stream_comma(text, comma2 + 1, end);

    return (struct file_stream_line){
        .name = comma1 + 1,
        .name_bytes = comma2 - comma1 - 1,
        .tag = comma2 + 1,
        .tag_bytes = comma3 - comma2 - 1,
        .id = file_stream_number(text, at, comma1),
        .amount = file_stream_number(text, comma3 + 1, end),
    };
}

/* A string of its own with `bytes` characters of `text`, from `at` on. */
static hm_ref file_stream_copy(struct hm_mutator *m, hm_ref text, size_t at,
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

static hm_ref file_stream_new_record(struct hm_mutator *m, hm_ref chunk,
                                     const struct file_stream_line *line)
{
    enum { CHUNK, RECORD, SLOTS };

    hm_ref record, string;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, CHUNK, chunk);
    record = hm_new(m, &file_stream_record_layout);
    *file_stream_record_raw(record) =
        (struct file_stream_record){line->id, line->amount};
    HM_SET(m, f, RECORD, record);
    string =
        file_stream_copy(m, HM_GET(f, CHUNK), line->name, line->name_bytes);
    hm_store(m, HM_GET(f, RECORD), RECORD_NAME, string);
    string = file_stream_copy(m, HM_GET(f, CHUNK), line->tag, line->tag_bytes);
    hm_store(m, HM_GET(f, RECORD), RECORD_TAG, string);
    HM_RETURN(m, f, RECORD);
}

static void file_stream_dispose_record(struct hm_mutator *m, hm_ref record)
{
    hm_dispose(m, hm_load(m, record, RECORD_NAME));
    hm_dispose(m, hm_load(m, record, RECORD_TAG));
    hm_dispose(m, record);
}

/* FNV-1a of the string's characters. */
static uint32_t file_stream_bucket(hm_ref string)
{
    const unsigned char *at = hm_raw(string, 0);
    uint32_t hash = 2166136261u;

    for (; *at != '\0'; at++)
        hash = (hash ^ *at) * 16777619u;
    return hash & (FILE_STREAM_BUCKETS - 1);
}

static hm_ref file_stream_find(const struct hm_object_run *run, hm_ref tag,
                               uint32_t bucket)
{
    struct hm_mutator *m = run->mutator;
    hm_ref group = hm_load(m, run->root[ROOT_INDEX], bucket);

    while (group != NULL &&
           strcmp(hm_raw(hm_load(m, group, GROUP_TAG), 0), hm_raw(tag, 0)) != 0)
        group = hm_load(m, group, GROUP_CHAIN);
    return group;
}

/* A group of its own, with a copy of `tag`, at the head of its chain. */
static hm_ref file_stream_new_group(struct hm_object_run *run, hm_ref tag,
                                    uint32_t bucket)
{
    enum { TAG, GROUP, SLOTS };

    struct hm_mutator *m = run->mutator;
    hm_ref group, copy;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, TAG, tag);
    group = hm_new(m, &file_stream_group_layout);
    *file_stream_group_raw(group) = (struct file_stream_group){0};
    HM_SET(m, f, GROUP, group);
    tag = HM_GET(f, TAG);
    copy = file_stream_copy(m, tag, 0, strlen(hm_raw(tag, 0)));
    group = HM_GET(f, GROUP);
    hm_store(m, group, GROUP_TAG, copy);
    hm_store(m, group, GROUP_CHAIN, hm_load(m, run->root[ROOT_INDEX], bucket));
    hm_store(m, run->root[ROOT_INDEX], bucket, group);
    file_stream.tags++;
    HM_RETURN(m, f, GROUP);
}

/* Counts `record` in its group, where it replaces the latest one. */
static void file_stream_index(struct hm_object_run *run, hm_ref record)
{
    struct hm_mutator *m = run->mutator;
    hm_ref tag = hm_load(m, record, RECORD_TAG), group;
    uint32_t bucket = file_stream_bucket(tag);
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, record);
    group = file_stream_find(run, tag, bucket);
    if (group == NULL)
        group = file_stream_new_group(run, tag, bucket);
    record = HM_GET(f, 0);
    HM_LEAVE(m, f);
    file_stream_group_raw(group)->lines++;
    file_stream_group_raw(group)->sum += file_stream_record_raw(record)->amount;
    if (HM_GC_MANUAL && hm_load(m, group, GROUP_LAST) != NULL)
        file_stream_dispose_record(m, hm_load(m, group, GROUP_LAST));
    hm_store(m, group, GROUP_LAST, record);
}

/* Makes records of the whole lines of `chunk`.  Returns where its last,
 * partial line begins and adds to *lines. */
static size_t file_stream_lines(struct hm_object_run *run, hm_ref chunk,
                                size_t bytes, uint64_t *lines)
{
    struct hm_mutator *m = run->mutator;
    const char *text, *newline;
    struct file_stream_line line;
    size_t at = 0;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, chunk);
    for (;; ++*lines) {
        text = hm_raw(HM_GET(f, 0), 0);
        newline = memchr(text + at, '\n', bytes - at);
        if (newline == NULL)
            break;
        line = file_stream_parse(text, at, (size_t)(newline - text));
        at = (size_t)(newline - text) + 1;
        file_stream_index(run, file_stream_new_record(m, HM_GET(f, 0), &line));
        hm_run_mix(&run->base, line.id ^ line.amount);
    }
    HM_LEAVE(m, f);
    return at;
}

/* Replaces `chunk` by one that starts with `carry`; both are given up. */
static hm_ref file_stream_join(struct hm_mutator *m, hm_ref carry,
                               size_t carry_bytes, hm_ref chunk,
                               size_t chunk_bytes)
{
    enum { CARRY, CHUNK, SLOTS };

    hm_ref joined;
    char *raw;
    HM_FRAME(m, f, SLOTS);

    HM_SET(m, f, CARRY, carry);
    HM_SET(m, f, CHUNK, chunk);
    joined = hm_new_raw(m, carry_bytes + chunk_bytes);
    raw = hm_raw(joined, 0);
    memcpy(raw, hm_raw(HM_GET(f, CARRY), 0), carry_bytes);
    memcpy(raw + carry_bytes, hm_raw(HM_GET(f, CHUNK), 0), chunk_bytes);
    hm_dispose(m, HM_GET(f, CARRY));
    hm_dispose(m, HM_GET(f, CHUNK));
    HM_LEAVE(m, f);
    return joined;
}

/* One pass over the file, from its start to its end. */
static void file_stream_pass(struct hm_object_run *run)
{
    enum { CHUNK, CARRY, SLOTS };

    struct hm_mutator *m = run->mutator;
    struct hm_meter *meter = &run->base.meter;
    size_t bytes, carry_bytes = 0, used;
    uint64_t lines;
    HM_FRAME(m, f, SLOTS);

    hm_meter_start(meter);
    for (;;) {
        HM_SET(m, f, CHUNK, hm_new_raw(m, FILE_STREAM_CHUNK_BYTES));
        bytes =
            hm_input_file_read(&file_stream.file, hm_raw(HM_GET(f, CHUNK), 0),
                               FILE_STREAM_CHUNK_BYTES);
        if (bytes == 0)
            break;
        if (HM_GET(f, CARRY) != NULL) {
            HM_SET(m, f, CHUNK,
                   file_stream_join(m, HM_GET(f, CARRY), carry_bytes,
                                    HM_GET(f, CHUNK), bytes));
            HM_SET(m, f, CARRY, NULL);
            bytes += carry_bytes;
        }
        lines = 0;
        used = file_stream_lines(run, HM_GET(f, CHUNK), bytes, &lines);
        carry_bytes = bytes - used;
        if (carry_bytes > 0) {
            HM_SET(m, f, CARRY,
                   file_stream_copy(m, HM_GET(f, CHUNK), used, carry_bytes));
        }
        hm_dispose(m, HM_GET(f, CHUNK));
        hm_meter_mark(meter, lines);
        file_stream.lines += lines;
    }
    if (HM_GET(f, CARRY) != NULL) {
        hm_input_file_fail(&file_stream.file, "the last line has no end",
                           EINVAL);
    }
    hm_dispose(m, HM_GET(f, CHUNK));
    HM_LEAVE(m, f);
}

static void file_stream_setup(struct hm_object_run *run)
{
    file_stream.tags = 0;
    file_stream.lines = 0;
    hm_input_file_open(&file_stream.file, "file_stream", run->base.input_dir,
                       run->base.value[FILE_STREAM_BYTES]);
}

static void file_stream_run(struct hm_object_run *run)
{
    uint64_t passes = run->base.value[FILE_STREAM_PASSES];

    run->root[ROOT_INDEX] = hm_new_refs(run->mutator, FILE_STREAM_BUCKETS);
    for (uint64_t pass = 0; pass < passes; pass++) {
        hm_input_file_rewind(&file_stream.file);
        file_stream_pass(run);
    }
    hm_run_mix(&run->base, file_stream.tags);
    hm_run_count(&run->base, "lines", file_stream.lines);
    hm_run_count(&run->base, "tags", file_stream.tags);
}

static void file_stream_dispose_chain(struct hm_mutator *m, hm_ref group)
{
    hm_ref next;

    for (; group != NULL; group = next) {
        next = hm_load(m, group, GROUP_CHAIN);
        file_stream_dispose_record(m, hm_load(m, group, GROUP_LAST));
        hm_dispose(m, hm_load(m, group, GROUP_TAG));
        hm_dispose(m, group);
    }
}

static void file_stream_dispose_index(struct hm_mutator *m, hm_ref index)
{
    for (uint32_t k = 0; k < FILE_STREAM_BUCKETS; k++)
        file_stream_dispose_chain(m, hm_load(m, index, k));
    hm_dispose(m, index);
}

static void file_stream_drop(struct hm_object_run *run)
{
    if (HM_GC_MANUAL)
        file_stream_dispose_index(run->mutator, run->root[ROOT_INDEX]);
    run->root[ROOT_INDEX] = NULL;
    hm_input_file_close(&file_stream.file);
}

const struct hm_object_workload hm_object_file_stream = {
    .name = "file_stream",
    .summary = "reads a file in chunks, parses lines, indexes by tag",
    .source = "heapmark; workloads/README.md",
    .operation = "line",
    .params = file_stream_params,
    .leak = HM_LEAK_NOT_ONE,
    .setup = file_stream_setup,
    .run = file_stream_run,
    .drop = file_stream_drop,
};
