/* SPDX-License-Identifier: MIT */
#include "harness/csv.h"

#include "common/check.h"
#include "harness/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CSV_BUFFER_BYTES = 1 << 20 };

static int csv_fail(struct hm_csv *csv, int error, const char *what)
{
    (void)snprintf(csv->error, sizeof csv->error, "%s:%lu: %s", csv->path,
                   csv->line, what);
    return error;
}

static int csv_fail_system(struct hm_csv *csv, int error)
{
    (void)snprintf(csv->error, sizeof csv->error, "%s: %s", csv->path,
                   hm_error_text(error));
    return -error;
}

/* Reads more behind what is buffered.  Returns 0 or a negative errno. */
static int csv_fill(struct hm_csv *csv)
{
    ssize_t got;

    if (csv->begin > 0) {
        memmove(csv->buffer, csv->buffer + csv->begin, csv->end - csv->begin);
        csv->end -= csv->begin;
        csv->begin = 0;
    }
    HM_CHECK(csv->capacity > 0);
    if (csv->end == csv->capacity) {
        char *larger = realloc(csv->buffer, csv->capacity * 2);

        if (larger == NULL)
            return csv_fail_system(csv, ENOMEM);
        csv->buffer = larger;
        csv->capacity *= 2;
    }
    do {
        got = read(csv->fd, csv->buffer + csv->end, csv->capacity - csv->end);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return csv_fail_system(csv, errno);
    csv->at_end = got == 0;
    csv->end += (size_t)got;
    return 0;
}

/* First line end outside quotes in [from, end), or NULL.  Counts the line
 * ends that it passes. */
static char *csv_record_end(char *from, const char *end, unsigned long *lines)
{
    int quoted = 0;

    while (from < end) {
        char *stop = memchr(from, '\n', (size_t)(end - from));

        if (stop == NULL)
            return NULL;
        for (const char *q = from;
             (q = memchr(q, '"', (size_t)(stop - q))) != NULL; q++)
            quoted = !quoted;
        ++*lines;
        if (!quoted)
            return stop;
        from = stop + 1;
    }
    return NULL;
}

static int csv_add_field(struct hm_csv *csv, size_t n, char *text)
{
    if (n == csv->field_capacity) {
        size_t capacity = n == 0 ? 64 : n * 2;
        char **larger = realloc(csv->field, capacity * sizeof *larger);

        if (larger == NULL)
            return csv_fail_system(csv, ENOMEM);
        csv->field = larger;
        csv->field_capacity = capacity;
    }
    csv->field[n] = text;
    return 0;
}

/* Removes the quotes of the field that starts at `open`, in place; ends it.
 * Returns the character behind the closing quote, NULL if there is none. */
static char *csv_unquote(char *open, const char *end)
{
    char *to = open;

    for (char *from = open + 1; from < end; from++) {
        if (*from == '"') {
            if (from + 1 == end || from[1] != '"') {
                *to = '\0';
                return from + 1;
            }
            from++;
        }
        *to++ = *from;
    }
    return NULL;
}

/* Splits [at, end) into csv->field.  Returns the number of fields, or a
 * negative errno. */
static long csv_split(struct hm_csv *csv, char *at, char *end)
{
    size_t n = 0;

    for (;;) {
        char *next = at;
        char *start = at;
        int error;

        if (at < end && *at == '"') {
            next = csv_unquote(at, end);
            if (next == NULL || (next < end && *next != ','))
                return csv_fail(csv, -EILSEQ, "text after a closing quote");
        } else {
            next = memchr(at, ',', (size_t)(end - at));
            if (next == NULL)
                next = end;
        }
        error = csv_add_field(csv, n++, start);
        if (error != 0)
            return error;
        if (next == end) {
            *end = '\0';
            return (long)n;
        }
        *next = '\0';
        at = next + 1;
    }
}

/* Number of fields of the next record, 0 at the end, or a negative errno. */
static long csv_record(struct hm_csv *csv)
{
    char *stop;
    char *start;
    unsigned long lines;

    csv->line = csv->next_line;
    for (;;) {
        int error;

        lines = 0;
        start = csv->buffer + csv->begin;
        stop = csv_record_end(start, csv->buffer + csv->end, &lines);
        if (stop != NULL)
            break;
        if (csv->at_end) {
            csv->torn = csv->end > csv->begin;
            return 0;
        }
        error = csv_fill(csv);
        if (error != 0)
            return error;
    }
    csv->next_line += lines;
    csv->begin = (size_t)(stop + 1 - csv->buffer);
    if (stop > start && stop[-1] == '\r')
        stop--;
    return csv_split(csv, start, stop);
}

/* Keeps the header's names: the record's buffer is used again. */
static int csv_keep_header(struct hm_csv *csv, size_t n)
{
    size_t bytes = 0;
    char *to;

    for (size_t i = 0; i < n; i++)
        bytes += strlen(csv->field[i]) + 1;
    csv->header = malloc(bytes);
    csv->name = malloc(n * sizeof *csv->name);
    if (csv->header == NULL || csv->name == NULL)
        return csv_fail_system(csv, ENOMEM);
    to = csv->header;
    for (size_t i = 0; i < n; i++) {
        csv->name[i] = to;
        to = stpcpy(to, csv->field[i]) + 1;
    }
    csv->n = n;
    return 0;
}

static int csv_read_header(struct hm_csv *csv)
{
    long n = csv_record(csv);

    if (n < 0)
        return (int)n;
    if (n == 0)
        return csv_fail(csv, -EILSEQ, "no header");
    return csv_keep_header(csv, (size_t)n);
}

int hm_csv_open(struct hm_csv *csv, const char *path)
{
    int error;

    memset(csv, 0, sizeof *csv);
    csv->path = path;
    csv->next_line = 1;
    csv->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (csv->fd < 0)
        return csv_fail_system(csv, errno);
    csv->capacity = CSV_BUFFER_BYTES;
    csv->buffer = malloc(csv->capacity);
    error = csv->buffer != NULL ? csv_read_header(csv)
                                : csv_fail_system(csv, ENOMEM);
    if (error != 0)
        hm_csv_close(csv);
    return error;
}

int hm_csv_next(struct hm_csv *csv)
{
    long n = csv_record(csv);

    if (n <= 0)
        return (int)n;
    if ((size_t)n != csv->n) {
        (void)snprintf(csv->error, sizeof csv->error,
                       "%s:%lu: %ld fields, but the header has %zu", csv->path,
                       csv->line, n, csv->n);
        return -EILSEQ;
    }
    return 1;
}

void hm_csv_close(struct hm_csv *csv)
{
    (void)close(csv->fd);
    free(csv->buffer);
    free(csv->header);
    free(csv->name);
    free(csv->field);
    csv->fd = -1;
    csv->buffer = NULL;
    csv->header = NULL;
    csv->name = NULL;
    csv->field = NULL;
}

int hm_csv_column(const struct hm_csv *csv, const char *name)
{
    for (size_t i = 0; i < csv->n; i++) {
        if (strcmp(csv->name[i], name) == 0)
            return (int)i;
    }
    return -1;
}

int hm_csv_columns(struct hm_csv *csv, const char *const *name, size_t n,
                   int *index)
{
    for (size_t i = 0; i < n; i++) {
        index[i] = hm_csv_column(csv, name[i]);
        if (index[i] < 0) {
            (void)snprintf(csv->error, sizeof csv->error,
                           "%s: no column %s in the header", csv->path,
                           name[i]);
            return -ENOENT;
        }
    }
    return 0;
}

int hm_csv_number(const char *text, double *value)
{
    const char *at = text;
    unsigned long long whole = 0;
    char *end;

    if (*text == '\0') {
        *value = NAN;
        return 0;
    }
    /* 15 digits are exact in a double: no need for strtod. */
    while (*at >= '0' && *at <= '9' && at - text < 15)
        whole = whole * 10 + (unsigned)(*at++ - '0');
    if (*at == '\0') {
        *value = (double)whole;
        return 0;
    }
    *value = strtod(text, &end);
    return *end == '\0' && end != text && isfinite(*value) ? 0 : -EINVAL;
}

void hm_csv_put(FILE *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        (void)fputs(text, out);
        return;
    }
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}
