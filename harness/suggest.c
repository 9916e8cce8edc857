/* SPDX-License-Identifier: MIT */
#include "harness/suggest.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUGGEST_MAX = 63 };

void hm_complain(const char *format, ...)
{
    va_list arguments;

    (void)fflush(stdout);
    (void)fputs("heapmark: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

const char *hm_error_text(int error)
{
    const char *text = strerrordesc_np(abs(error));

    return text != NULL ? text : "unknown error";
}

static unsigned suggest_min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of the usual table. */
unsigned hm_suggest_distance(const char *a, const char *b)
{
    unsigned rows[3][SUGGEST_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2], *spare;
    size_t n = strlen(a), m = strlen(b);

    if (n > SUGGEST_MAX || m > SUGGEST_MAX)
        return UINT_MAX;
    for (unsigned j = 0; j <= m; j++)
        above[j] = j;
    for (unsigned i = 1; i <= n; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = suggest_min(row[j], suggest_min(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = suggest_min(row[j], before[j - 2] + 1);
        }
        spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[m];
}

const char *hm_suggest(const char *word, const char *const *candidate, size_t n)
{
    size_t length = strlen(word);
    unsigned limit = (unsigned)(length + 2) / 3;
    const char *best = NULL;

    for (size_t i = 0; i < n; i++) {
        unsigned far = hm_suggest_distance(word, candidate[i]);

        if (length >= 2 && strncmp(word, candidate[i], length) == 0)
            far = suggest_min(far, 1);
        if (far <= limit && (best == NULL || far < limit)) {
            best = candidate[i];
            limit = far;
        }
    }
    return best;
}
