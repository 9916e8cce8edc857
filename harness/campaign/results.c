/* SPDX-License-Identifier: MIT */
#include "harness/campaign/results.h"

#include "common/check.h"
#include "harness/csv.h"
#include "harness/suggest.h"
#include "harness/version.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

const char *const hm_column_names[HM_COLUMNS_END] = {
#define RESULTS_NAME(name, type, unit, meaning) #name,
    HM_RUN_COLUMNS(RESULTS_NAME)
#undef RESULTS_NAME
};

const char *const hm_side_names[HM_SIDES_END] = {"samples.csv", "pauses.csv",
                                                 "hist.csv", "leaks.csv"};

static const char *const results_side_headers[HM_SIDES_END] = {
    "run_id,t_ns,phase,rss_bytes,live_bytes\n",
    "run_id,start_ns,duration_ns,kind\n",
    "run_id,low_ns,high_ns,count,operation\n",
    ("run_id,checkpoint,ops,needed_bytes,reachable_bytes,live_bytes,used_bytes,"
     "rss_bytes\n"),
};

void hm_row_init(struct hm_row *row)
{
    for (int i = 0; i < HM_COLUMNS_END; i++)
        row->value[i] = "";
    row->used = 0;
}

/* Rows are lines: a text keeps no line end. */
void hm_row_set(struct hm_row *row, enum hm_column column, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = row->text + row->used;

    HM_CHECK(row->used + bytes <= sizeof row->text);
    memcpy(copy, text, bytes);
    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ')
            *c = ' ';
    }
    row->used += bytes;
    row->value[column] = copy;
}

void hm_row_set_uint(struct hm_row *row, enum hm_column column, uint64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    hm_row_set(row, column, text);
}

void hm_row_set_real(struct hm_row *row, enum hm_column column, double value)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.6g", value);
    hm_row_set(row, column, text);
}

static int results_fail(struct hm_results *results, const char *file, int error,
                        const char *hint)
{
    (void)snprintf(results->error, sizeof results->error, "%s/%s: %s%s",
                   results->folder, file, hm_error_text(error), hint);
    return -abs(error);
}

static int results_open(struct hm_results *results, const char *file, int flags,
                        FILE **stream)
{
    char path[PATH_MAX];
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", results->folder, file);
    fd = open(path, O_RDWR | O_CLOEXEC | flags, 0666);
    *stream = fd >= 0 ? fdopen(fd, "r+") : NULL;
    if (*stream == NULL)
        return results_fail(results, file, errno, "");
    return 0;
}

static int results_lock(struct hm_results *results)
{
    if (flock(fileno(results->runs), LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return results_fail(results, "runs.csv", errno, "");
    (void)snprintf(results->error, sizeof results->error,
                   "%s: another heapmark is working on it; wait for its end",
                   results->folder);
    return -EWOULDBLOCK;
}

static void results_write_header(FILE *runs)
{
    for (int i = 0; i < HM_COLUMNS_END; i++)
        fprintf(runs, "%s%s", i > 0 ? "," : "", hm_column_names[i]);
    fputc('\n', runs);
}

/* The side files first: a folder with a runs.csv is complete. */
int hm_results_create(struct hm_results *results, const char *folder)
{
    int error = 0;

    *results = (struct hm_results){.folder = folder};
    for (int i = 0; error == 0 && i < HM_SIDES_END; i++) {
        error = results_open(results, hm_side_names[i], O_CREAT | O_TRUNC,
                             &results->side[i]);
        if (error == 0 &&
            (fputs(results_side_headers[i], results->side[i]) < 0 ||
             fflush(results->side[i]) != 0))
            error = results_fail(results, hm_side_names[i], errno, "");
    }
    if (error == 0)
        error = results_open(results, "runs.csv", O_CREAT, &results->runs);
    if (error == 0)
        error = results_lock(results);
    if (error != 0)
        return error;
    results_write_header(results->runs);
    if (fflush(results->runs) != 0)
        return results_fail(results, "runs.csv", errno, "");
    return 0;
}

/* Cuts the file off at `offset` and goes there. */
static int results_cut(struct hm_results *results, FILE *stream,
                       const char *file, long offset)
{
    if (fseek(stream, offset, SEEK_SET) != 0 || fflush(stream) != 0 ||
        ftruncate(fileno(stream), offset) != 0)
        return results_fail(results, file, errno, "");
    return 0;
}

/* Length of the rows of runs.csv that are whole; counts them. */
static long results_whole(struct hm_results *results)
{
    char *line = NULL;
    size_t room = 0;
    long whole = 0;
    ssize_t bytes;

    results->next_run = 0;
    while ((bytes = getline(&line, &room, results->runs)) > 0 &&
           line[bytes - 1] == '\n') {
        if (whole > 0)
            results->next_run++;
        whole += bytes;
    }
    free(line);
    return whole;
}

/* A header that was cut off itself is written anew. */
static int results_check_header(struct hm_results *results)
{
    char *line = NULL, *expected = NULL;
    size_t room = 0, expected_bytes = 0;
    FILE *memory = open_memstream(&expected, &expected_bytes);
    ssize_t bytes;
    bool same;

    HM_CHECK(memory != NULL);
    results_write_header(memory);
    HM_CHECK(fclose(memory) == 0);
    bytes = getline(&line, &room, results->runs);
    same = bytes > 0 && strcmp(line, expected) == 0;
    rewind(results->runs);
    if (bytes <= 0 || strchr(line, '\n') == NULL) {
        (void)fputs(expected, results->runs);
        rewind(results->runs);
        same = true;
    }
    free(line);
    free(expected);
    if (same)
        return 0;
    (void)snprintf(results->error, sizeof results->error,
                   "%s/runs.csv: its columns are not those of this version; "
                   "start a new campaign",
                   results->folder);
    return -EILSEQ;
}

/* Cuts off the rows of runs that were never committed; they are the last. */
static int results_cut_side(struct hm_results *results, enum hm_side side)
{
    FILE *stream = results->side[side];
    char *line = NULL;
    size_t room = 0;
    long whole = 0;
    ssize_t bytes;

    while ((bytes = getline(&line, &room, stream)) > 0 &&
           line[bytes - 1] == '\n') {
        if (whole > 0 && strtoull(line, NULL, 10) >= results->next_run)
            break;
        whole += bytes;
    }
    free(line);
    if (whole == 0) {
        rewind(stream);
        (void)fputs(results_side_headers[side], stream);
        whole = (long)strlen(results_side_headers[side]);
    }
    return results_cut(results, stream, hm_side_names[side], whole);
}

int hm_results_resume(struct hm_results *results, const char *folder)
{
    int error;

    *results = (struct hm_results){.folder = folder};
    error = results_open(results, "runs.csv", 0, &results->runs);
    if (error == 0)
        error = results_lock(results);
    if (error == 0)
        error = results_check_header(results);
    if (error == 0) {
        error = results_cut(results, results->runs, "runs.csv",
                            results_whole(results));
    }
    for (int i = 0; error == 0 && i < HM_SIDES_END; i++) {
        error =
            results_open(results, hm_side_names[i], O_CREAT, &results->side[i]);
        if (error == 0)
            error = results_cut_side(results, (enum hm_side)i);
    }
    return error;
}

int hm_results_commit(struct hm_results *results, struct hm_row *row)
{
    static const char hint[] = "; make room, then continue with --resume";

    for (int i = 0; i < HM_SIDES_END; i++) {
        if (fflush(results->side[i]) != 0)
            return results_fail(results, hm_side_names[i], errno, hint);
    }
    hm_row_set_uint(row, HM_COLUMN_schema, HM_SCHEMA_VERSION);
    hm_row_set_uint(row, HM_COLUMN_run_id, results->next_run);
    for (int i = 0; i < HM_COLUMNS_END; i++) {
        if (i > 0)
            fputc(',', results->runs);
        hm_csv_put(results->runs, row->value[i]);
    }
    fputc('\n', results->runs);
    if (fflush(results->runs) != 0)
        return results_fail(results, "runs.csv", errno, hint);
    results->next_run++;
    return 0;
}

int hm_results_close(struct hm_results *results)
{
    int error = 0;

    if (results->runs != NULL && fclose(results->runs) != 0)
        error = -errno;
    for (int i = 0; i < HM_SIDES_END; i++) {
        if (results->side[i] != NULL && fclose(results->side[i]) != 0)
            error = -errno;
    }
    *results = (struct hm_results){.folder = results->folder};
    return error;
}
