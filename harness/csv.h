/* SPDX-License-Identifier: MIT */
/* csv.h -- streaming reader and writer of RFC 4180 text with a header.
 *
 * Memory:  one buffer of 1 MiB, or of the longest record if that is longer.
 * Accepts: LF and CRLF, quoted fields with commas, quotes and line ends.
 * Refuses: a quote that is never closed, a record with another number of
 *          fields than the header.  A last record without its line end is a
 *          write that was cut off: it is not returned, and `torn` is set.
 * Threads: one reader per thread. */
#ifndef HM_HARNESS_CSV_H
#define HM_HARNESS_CSV_H

#include <stddef.h>
#include <stdio.h>

struct hm_csv {
    char **field; /* of the current record; valid until the next call */
    char **name;  /* of the header; valid until hm_csv_close */
    size_t n;     /* fields per record */
    int torn;     /* the file ends within a record */
    char error[256];

    /* The rest is the reader's own. */
    const char *path;
    int fd;
    int at_end;
    unsigned long line, next_line;
    char *buffer, *header;
    size_t capacity, begin, end, field_capacity;
};

/* Opens `path` (kept, not copied) and reads the header.
 * Returns 0; else a negative errno, and csv->error says what and where.
 * -ENOENT when there is no such file, -EILSEQ when it is not such a table.
 * After an error there is nothing to close. */
int hm_csv_open(struct hm_csv *csv, const char *path);

/* Reads the next record.  Returns 1, 0 at the end, or a negative errno with
 * csv->error set. */
int hm_csv_next(struct hm_csv *csv);

void hm_csv_close(struct hm_csv *csv);

/* Index of the column `name`, or -1. */
int hm_csv_column(const struct hm_csv *csv, const char *name);

/* *index[i] = column of name[i], for all i < n.  Returns 0, or -ENOENT with
 * csv->error naming the first that is missing. */
int hm_csv_columns(struct hm_csv *csv, const char *const *name, size_t n,
                   int *index);

/* A decimal number; NaN for the empty text.  Returns 0, or -EINVAL. */
int hm_csv_number(const char *text, double *value);

/* Writes `text` as a field, quoted if it must be. */
void hm_csv_put(FILE *out, const char *text);

#endif /* HM_HARNESS_CSV_H */
