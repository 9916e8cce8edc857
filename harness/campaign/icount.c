/* SPDX-License-Identifier: MIT */
#include "harness/campaign/icount.h"

#include "common/params.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *icount_file(struct hm_pool *pool, const char *folder)
{
    return hm_pool_format(pool, "%s/callgrind.out", folder);
}

const char *const *hm_icount_argv(struct hm_pool *pool, const char *valgrind,
                                  const char *folder, const char *const *argv)
{
    const char *const front[] = {
        valgrind,
        "--quiet",
        "--tool=callgrind",
        hm_pool_format(pool, "--callgrind-out-file=%s",
                       icount_file(pool, folder)),
        "--zero-before=hm_window_begin",
        "--dump-before=hm_window_end",
    };

    enum { FRONT = sizeof front / sizeof front[0] };

    size_t n = 0;
    const char **all;

    while (argv[n] != NULL)
        n++;
    all = hm_pool_alloc(pool, (FRONT + n + 1) * sizeof *all);
    memcpy(all, front, sizeof front);
    memcpy(all + FRONT, argv, (n + 1) * sizeof *all);
    return all;
}

/* The line "totals: N", the last of a dump. */
static int icount_read(FILE *dump, uint64_t *instructions)
{
    static const char key[] = "totals: ";
    char *line = NULL;
    size_t size = 0;
    int error = -EILSEQ;

    while (error != 0 && getline(&line, &size, dump) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, key, sizeof key - 1) == 0 &&
            hm_params_number(line + sizeof key - 1, instructions) == 0)
            error = 0;
    }
    free(line);
    return error;
}

/* The dump at the window's end is the first of two: the second, of what came
 * after it, is written when the process ends. */
int hm_icount_take(struct hm_pool *pool, const char *folder,
                   uint64_t *instructions)
{
    const char *last = icount_file(pool, folder);
    const char *first = hm_pool_format(pool, "%s.1", last);
    FILE *dump = fopen(first, "re");
    int error = -errno;

    if (dump != NULL) {
        error = icount_read(dump, instructions);
        (void)fclose(dump);
    }
    (void)unlink(first);
    (void)unlink(last);
    return error;
}
