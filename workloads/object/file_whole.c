/* SPDX-License-Identifier: MIT */
/* file_whole.c -- reads a whole file into one buffer and keeps a record of
 * each line in a growing array: one live set that only grows.
 *
 * Source:     imports that load everything before they look at anything.
 * Differs:    the file and its lines are those of file_stream; the array grows
 *             by doubling from 16, through a new one and a copy.
 * Invariants: the array holds all records so far, in the order of the lines;
 *             the buffer, the array and the index stay to the end.
 * Costs:      three allocations per line, each of which survives; a read(2) of
 *             the file inside the clock window.
 * Threads:    one. */
#include "workloads/file_lines.h"
#include "workloads/grow_refs.h"

static const struct hm_param file_whole_params[] = {
    FILE_LINES_BYTES_PARAM,
    {0},
};

enum { ROOT_TEXT = FILE_LINES_ROOTS, ROOT_RECORDS };

enum { FILE_WHOLE_FIRST_CAPACITY = 16, FILE_WHOLE_BATCH = 16 };

static uint64_t file_whole_capacity;

/* Puts the record of the next line at the end of the array. */
static void file_whole_keep(struct hm_object_run *run, hm_ref record)
{
    struct hm_mutator *m = run->mutator;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, record);
    if (file_lines.lines == file_whole_capacity) {
        hm_grow_refs(run, ROOT_RECORDS, file_whole_capacity);
        file_whole_capacity *= 2;
    }
    hm_store(m, run->root[ROOT_RECORDS], file_lines.lines++, HM_GET(f, 0));
    HM_LEAVE(m, f);
}

/* A record of the line that begins at byte `at`.  Returns where the next one
 * begins. */
static size_t file_whole_line(struct hm_object_run *run, size_t at)
{
    struct hm_mutator *m = run->mutator;
    uint64_t number = file_lines.lines;
    hm_ref text = run->root[ROOT_TEXT];
    const char *raw = hm_raw(text, 0);
    const char *newline = memchr(raw + at, '\n', file_lines.file.bytes - at);
    struct file_lines_line line;
    size_t end;

    if (newline == NULL) {
        hm_input_file_fail(&file_lines.file, "the last line has no end",
                           EINVAL);
    }
    end = (size_t)(newline - raw);
    line = file_lines_parse(raw, at, end);
    file_whole_keep(run, file_lines_new_record(m, text, &line));
    (void)file_lines_index(run, hm_load(m, run->root[ROOT_RECORDS], number));
    hm_run_mix(&run->base, line.id ^ line.amount);
    return end + 1;
}

static void file_whole_read(struct hm_object_run *run)
{
    uint64_t bytes = file_lines.file.bytes, done = 0;
    char *raw;
    size_t n;

    run->root[ROOT_TEXT] = hm_new_raw(run->mutator, bytes);
    raw = hm_raw(run->root[ROOT_TEXT], 0);
    for (; done < bytes; done += n) {
        n = hm_input_file_read(&file_lines.file, raw + done, bytes - done);
        if (n == 0)
            hm_input_file_fail(&file_lines.file, "the file is cut", EINVAL);
    }
}

static void file_whole_setup(struct hm_object_run *run)
{
    file_lines_setup(run, "file_whole");
}

static void file_whole_run(struct hm_object_run *run)
{
    struct hm_meter *meter = &run->base.meter;
    uint64_t marked = 0;
    size_t at = 0;

    file_lines_open(run);
    file_whole_capacity = FILE_WHOLE_FIRST_CAPACITY;
    run->root[ROOT_RECORDS] = hm_new_refs(run->mutator, file_whole_capacity);
    hm_meter_start(meter);
    file_whole_read(run);
    while (at < file_lines.file.bytes) {
        at = file_whole_line(run, at);
        if (file_lines.lines - marked == FILE_WHOLE_BATCH ||
            at == file_lines.file.bytes) {
            hm_meter_mark(meter, file_lines.lines - marked);
            marked = file_lines.lines;
        }
    }
    hm_run_mix(&run->base, (uint32_t)file_lines.lines);
    file_lines_finish(&run->base);
}

static void file_whole_drop(struct hm_object_run *run)
{
    struct hm_mutator *m = run->mutator;
    hm_ref records = run->root[ROOT_RECORDS];

    for (uint64_t k = 0; HM_GC_MANUAL && k < file_lines.lines; k++)
        file_lines_dispose_record(m, hm_load(m, records, k));
    hm_dispose(m, records);
    hm_dispose(m, run->root[ROOT_TEXT]);
    run->root[ROOT_RECORDS] = NULL;
    run->root[ROOT_TEXT] = NULL;
    file_lines_drop(run, 0);
}

const struct hm_object_workload hm_object_file_whole = {
    .name = "file_whole",
    .summary = "reads a whole file, keeps a record of each line",
    .source = "heapmark; workloads/README.md",
    .operation = "line",
    .params = file_whole_params,
    .leak = HM_LEAK_NOT_ONE,
    .setup = file_whole_setup,
    .run = file_whole_run,
    .drop = file_whole_drop,
};
