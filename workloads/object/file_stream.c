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
#include "workloads/file_lines.h"

enum { FILE_STREAM_PASSES = FILE_LINES_PARAMS };

static const struct hm_param file_stream_params[] = {
    FILE_LINES_BYTES_PARAM,
    {"passes", "times the file is read", 4, 8, 1, 1 << 20},
    {0},
};

enum { FILE_STREAM_CHUNK_BYTES = 64 << 10 };

/* A record of the line; the one that it replaces in its group goes. */
static void file_stream_line(struct hm_object_run *run, hm_ref chunk,
                             const struct file_lines_line *line)
{
    struct hm_mutator *m = run->mutator;
    hm_ref record = file_lines_new_record(m, chunk, line);
    hm_ref replaced = file_lines_index(run, record);

    if (HM_GC_MANUAL && replaced != NULL)
        file_lines_dispose_record(m, replaced);
    hm_run_mix(&run->base, line->id ^ line->amount);
}

/* Makes records of the whole lines of `chunk`.  Returns where its last,
 * partial line begins and adds to *lines. */
static size_t file_stream_lines(struct hm_object_run *run, hm_ref chunk,
                                size_t bytes, uint64_t *lines)
{
    struct hm_mutator *m = run->mutator;
    const char *text, *newline;
    struct file_lines_line line;
    size_t at = 0;
    HM_FRAME(m, f, 1);

    HM_SET(m, f, 0, chunk);
    for (;; ++*lines) {
        text = hm_raw(HM_GET(f, 0), 0);
        newline = memchr(text + at, '\n', bytes - at);
        if (newline == NULL)
            break;
        line = file_lines_parse(text, at, (size_t)(newline - text));
        at = (size_t)(newline - text) + 1;
        file_stream_line(run, HM_GET(f, 0), &line);
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
            hm_input_file_read(&file_lines.file, hm_raw(HM_GET(f, CHUNK), 0),
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
                   file_lines_copy(m, HM_GET(f, CHUNK), used, carry_bytes));
        }
        hm_dispose(m, HM_GET(f, CHUNK));
        hm_meter_mark(meter, lines);
        file_lines.lines += lines;
    }
    if (HM_GET(f, CARRY) != NULL) {
        hm_input_file_fail(&file_lines.file, "the last line has no end",
                           EINVAL);
    }
    hm_dispose(m, HM_GET(f, CHUNK));
    HM_LEAVE(m, f);
}

static void file_stream_setup(struct hm_object_run *run)
{
    file_lines_setup(run, "file_stream");
}

static void file_stream_run(struct hm_object_run *run)
{
    uint64_t passes = run->base.value[FILE_STREAM_PASSES];

    file_lines_open(run);
    for (uint64_t pass = 0; pass < passes; pass++) {
        hm_input_file_rewind(&file_lines.file);
        file_stream_pass(run);
    }
    file_lines_finish(&run->base);
}

static void file_stream_drop(struct hm_object_run *run)
{
    file_lines_drop(run, 1);
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
