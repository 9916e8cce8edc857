/* SPDX-License-Identifier: MIT */
#include "harness/program_folder.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool program_is_folder(const char *path)
{
    return access(path, R_OK | X_OK) == 0;
}

const char *hm_program_folder(struct hm_pool *pool, const char *part)
{
    char self[PATH_MAX];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
    bool cells = strcmp(part, "cells") == 0;
    const char *installed, *beside;

    if (bytes < 0)
        return ".";
    self[bytes] = '\0';
    *strrchr(self, '/') = '\0';
    beside = cells ? hm_pool_copy(pool, self)
                   : hm_pool_format(pool, "%s/%s", self, part);
    installed =
        cells ? hm_pool_format(pool, "%s/../libexec/heapmark", self)
              : hm_pool_format(pool, "%s/../share/heapmark/%s", self, part);
    if (cells)
        return program_is_folder(installed) ? installed : beside;
    return program_is_folder(beside) ? beside : installed;
}

const char *hm_program_in_path(struct hm_pool *pool, const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the driver has one thread. */
    const char *path = getenv("PATH");
    struct hm_words folders = {NULL, 0};
    char *rest = hm_pool_copy(pool, path != NULL ? path : ""), *folder;

    while ((folder = strsep(&rest, ":")) != NULL) {
        if (*folder == '/')
            hm_words_add(pool, &folders, folder);
    }
    for (size_t i = 0; i < folders.n; i++) {
        path = hm_pool_format(pool, "%s/%s", folders.word[i], name);
        if (access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}
